"""``manage.py setup_roles``: the staff groups and their permissions."""

from typing import Any

from django.core.management.base import BaseCommand

from portal.home.services.roles import set_up_roles


class Command(BaseCommand):
    help = "Create the staff groups Editors, Examiners and Channel managers with their permissions. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        names = ", ".join(group.name for group in set_up_roles())
        self.stdout.write(f"Groups ready: {names}")
