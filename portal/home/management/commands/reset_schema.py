"""``manage.py reset_schema``: empty the database, for ``make demo-reset`` on PostgreSQL."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from portal.settings.environment import read_environment


class Command(BaseCommand):
    help = "Drop everything in the database's public schema. Refused in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        if read_environment().production:
            raise CommandError("This is a production installation: its data is not thrown away by this command")
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has a schema to empty; delete the SQLite file instead")
        name = connection.settings_dict["NAME"]
        if not options["yes"]:
            answer = input(f"Drop every table of {name}? Type the database's name to go on: ")
            if answer != name:
                raise CommandError("Nothing was dropped")
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
