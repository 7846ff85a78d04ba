"""``manage.py import_leads FILE --source SLUG [--dry-run]``."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.core.errors import Refusal
from portal.leads.labels import FIELDS, REASONS
from portal.leads.models import HeldReason, Source
from portal.leads.services.imports import Report, import_leads


class Command(BaseCommand):
    help = (
        "Import leads from a CSV file. Every row is stored; what cannot be routed is held with its field and reason. "
        "Rows are numbered as a spreadsheet shows them: the header is row 1. With --verbosity 2 each new row is listed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, separated by commas, semicolons or tabs")
        parser.add_argument(
            "--source", required=True, metavar="SLUG", help="the source, which says what the columns mean"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be created, and create nothing")

    def handle(self, *_args: Any, file: Path, source: str, dry_run: bool, verbosity: int, **_options: Any) -> None:
        try:
            found = Source.objects.get(slug=source)
        except Source.DoesNotExist:
            known = ", ".join(Source.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no source “{source}”. Sources: {known}.") from None
        try:
            with file.open("rb") as stream:
                report = import_leads(stream, source=found, dry_run=dry_run, by=None, now=timezone.now())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except Refusal as refusal:
            raise CommandError(f"{refusal.message} {refusal.remedy}".strip()) from None
        self.print_report(report, verbosity=verbosity)

    def print_report(self, report: Report, *, verbosity: int) -> None:
        for problem in report.problems:
            field = FIELDS.get(problem.field, problem.field)
            value = f": {problem.value}" if problem.value else ""
            self.stdout.write(f"row {problem.row}: {problem.field} ({field}) {REASONS[problem.reason]}{value}")
        if verbosity > 1:
            for fate in report.new:
                where = f"held: {fate.held_reason}" if fate.held_reason else f"route {fate.route}"
                self.stdout.write(f"row {fate.row}: {fate.external_id!r} {where}")
        would = "would be " if report.dry_run else ""
        self.stdout.write(
            f"{report.rows} rows ({report.encoding}): {len(report.new)} leads {would}created, "
            f"{report.known} known already, {report.repeated} repeated in the file, "
            f"{report.rows_with_problems} rows with a problem."
        )
        for route, count in sorted(report.routed.items()):
            self.stdout.write(f"  {count} to route {route}")
        for reason, count in sorted(report.held.items()):
            self.stdout.write(f"  {count} held: {reason} ({HeldReason(reason).label})")
        if report.dry_run:
            self.stdout.write("Nothing was written: this was a dry run.")
