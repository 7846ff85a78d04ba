"""``manage.py demo``: the whole portal with its demo, with one command."""

import os
import shutil
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from portal.home.management.commands.serve import free_port
from portal.home.services.demo import DEMO_PASSWORD, demo_is_loaded, demo_sign_ins
from portal.settings.environment import read_environment

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "Prepare the database, load the demo if it is not there, and run web, worker and beat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the port to try first (default 8000)")
        parser.add_argument("--reset", action="store_true", help="throw away the data and load the demo anew")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["reset"]:
            self.throw_away()
        port = free_port(HOST, options["port"])
        address = f"http://{HOST}:{port}"
        # Letters written while it loads, and the processes started after, name the address really used.
        os.environ["BASE_URL"] = settings.BASE_URL = address
        try:
            call_command("migrate", interactive=False, verbosity=0)
            if not demo_is_loaded():
                self.stdout.write("Loading the demo: partners, library, exams, leads (about half a minute) ...")
                self.stdout.flush()
                call_command("load_demo", verbosity=0)
        except KeyboardInterrupt:
            raise CommandError("Interrupted before the demo was loaded; the same command begins again") from None
        if port != options["port"]:
            self.stdout.write(f"Port {options['port']} is taken by something else: using {port}")
        self.print_sign_ins(address)
        connection.close()
        arguments = [sys.executable, "manage.py", "serve", "--host", HOST, "--port", str(port)]
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, arguments)  # noqa: S606 -- our own command, in the same process group

    def throw_away(self) -> None:
        env = read_environment()
        if env.production:
            raise CommandError("This is a production installation: its data is not thrown away by this command")
        if env.database_url:
            call_command("reset_schema", yes=True)
        else:
            connection.close()
            for suffix in ("", "-wal", "-shm"):
                (env.guildhall_var / f"guildhall.sqlite3{suffix}").unlink(missing_ok=True)
        for folder in ("queue", "cache", "mail"):
            shutil.rmtree(env.guildhall_var / folder, ignore_errors=True)
        for folder in ("messages", "control"):
            (env.guildhall_var / "queue" / folder).mkdir(parents=True, exist_ok=True)
        for folder in ("images", "original_images", "documents"):
            shutil.rmtree(settings.MEDIA_ROOT / folder, ignore_errors=True)

    def print_sign_ins(self, address: str) -> None:
        self.stdout.write("")
        self.stdout.write(f"Guildhall is starting at {address}/ and says so here once it answers")
        self.stdout.write(f"Everyone's password is {DEMO_PASSWORD}")
        self.stdout.write("")
        rows = demo_sign_ins()
        width = max(len(row.email) for row in rows)
        for row in rows:
            self.stdout.write(f"  {row.email:<{width}}  {row.who}")
        self.stdout.write(f"\nVendor staff work at {address}/admin/\n")
        self.stdout.flush()
