"""``manage.py replay_decisions [--route SLUG]``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.leads.models import Route
from portal.leads.replaying import Disagreement
from portal.leads.services.replays import replay_decisions


class Command(BaseCommand):
    help = (
        "Make every choice again from its stored verdicts, weights and credits, turn by turn, and compare to the last "
        "unit. Whether a partner was rightly stopped is not asked again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--route", metavar="SLUG", help="this route only; all of them otherwise")

    def handle(self, *_args: Any, route: str | None, **_options: Any) -> None:
        routes = Route.objects.filter(slug=route) if route else Route.objects.order_by("order", "pk")
        if route and not routes:
            known = ", ".join(Route.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no route “{route}”. Routes: {known}.")
        agreed, differing = 0, []
        for one in routes:
            done = replay_decisions(one)
            agreed += done.agreed
            self.stdout.write(f"{one.slug}: {done.agreed} decisions agreed")
            if done.disagreement:
                differing.append(one.slug)
                self.print_disagreement(done.disagreement)
        self.stdout.write(f"{agreed} decisions agreed in all")
        if differing:
            raise CommandError(f"Not all decisions can be replayed: {', '.join(differing)}.")

    def print_disagreement(self, found: Disagreement) -> None:
        turn = "no turn taken" if found.tick is None else f"turn {found.tick}"
        lead = "" if found.lead_id is None else f", lead {found.lead_id}"
        self.stdout.write(f"  the first that does not: {turn}{lead}: {found.part}")
        self.stdout.write(f"    stored:   {found.stored}")
        self.stdout.write(f"    replayed: {found.replayed}")
