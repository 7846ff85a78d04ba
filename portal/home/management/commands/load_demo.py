"""``manage.py load_demo``: the fictional vendor, its partners, library, exams and leads."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.home.services.demo import demo_is_loaded, load_demo


class Command(BaseCommand):
    help = "Load the demo into an empty portal. Refused where partners exist: a demo is never mixed with real data."

    def handle(self, *args: Any, **options: Any) -> None:
        if demo_is_loaded():
            raise CommandError("There are partners already; the demo is only loaded into an empty portal")
        load_demo()
        if options["verbosity"]:
            self.stdout.write("The demo is loaded; `make demo` runs it")
