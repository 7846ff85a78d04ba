"""``manage.py distribute_leads [--route SLUG]``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.utils import timezone

from portal.leads.models import HeldReason, Lead, Offer, Route
from portal.leads.services.distribution import distribute


class Command(BaseCommand):
    help = (
        "Give every new lead to the partner whose turn it is; or hold it with the reason why nobody can take it, or let it "
        "go on to another route."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--route", metavar="SLUG", help="this route only; all of them otherwise")

    def handle(self, *_args: Any, route: str | None, **_options: Any) -> None:
        routes = Route.objects.filter(slug=route) if route else Route.objects.order_by("order", "pk")
        if route and not routes:
            known = ", ".join(Route.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no route “{route}”. Routes: {known}.")
        for one in routes:
            done = distribute(one, now=timezone.now(), clock=timezone.now)
            self.stdout.write(f"{one.slug}: {done.offered} offered, {done.held} held, {done.rerouted} went on")
        open_offers = Offer.objects.open().count()
        self.stdout.write(f"  {open_offers} open offers in all, which partners have still to answer")
        held = Lead.objects.held().order_by().values_list("held_reason").annotate(Count("pk"))
        for reason, count in sorted(held):
            self.stdout.write(f"  {count} held in all: {reason} ({HeldReason(reason).label})")
