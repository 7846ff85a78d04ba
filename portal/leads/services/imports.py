"""Importing files of leads: a dry run that says everything, then the same again for real."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.leads.labels import describe_unreadable
from portal.leads.models import ImportFile, Route, Source
from portal.leads.rows import Problem, Reason, Submission, Table, UnreadableFile, read_submissions, read_table
from portal.leads.services.intake import Planned, find_known, plan_leads, read_columns, receive_leads

#: The largest file taken, in bytes.
MAX_BYTES = 32 * 1024 * 1024
#: How long a file waits for its confirmation.
KEEP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One problem of one row. ``row`` is the number that a spreadsheet shows: the header is row 1."""

    row: int
    field: str
    reason: Reason
    value: str = ""


@dataclass(frozen=True, slots=True)
class RowFate:
    """What becomes of one row: the route it goes to, or why it is held."""

    row: int
    external_id: str
    route: str
    held_reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or what it would do.

    Attributes:
        dry_run: nothing was written.
        rows: rows of the file that hold anything.
        new: what becomes of each row that is (or would be) created, in the order of the file.
        known: rows whose lead the portal has already.
        repeated: rows that repeat an identity of this file.
        problems: every problem, by row; a row may have several.
    """

    source: Source
    dry_run: bool
    encoding: str
    delimiter: str
    rows: int
    new: tuple[RowFate, ...]
    known: int
    repeated: int
    problems: tuple[RowProblem, ...]

    @property
    def routed(self) -> Counter[str]:
        """New leads by the slug of their route."""
        return Counter(fate.route for fate in self.new if not fate.held_reason)

    @property
    def held(self) -> Counter[str]:
        """New leads by the reason they are held for."""
        return Counter(fate.held_reason for fate in self.new if fate.held_reason)

    @property
    def rows_with_problems(self) -> int:
        return len({problem.row for problem in self.problems})


def import_leads(file: IO[bytes] | bytes, *, source: Source, dry_run: bool, by: User | None, now: datetime) -> Report:
    """Read a file of leads and store every row that is not known, whatever is wrong with it.

    Args:
        file: CSV with a header; UTF-8 (with or without its mark), UTF-16 with its mark, or Windows-1251; separated by
            commas, semicolons or tabs.

    Raises:
        Refusal: the file as a whole cannot be read: empty, too large, no identity column, a quotation left open.
    """
    data = file if isinstance(file, bytes) else file.read(MAX_BYTES + 1)
    submissions, table = read_file(data, source=source, now=now)
    plans = plan_leads(submissions, source=source, now=now)
    known = find_known([submission.external_id for submission in submissions], source=source)
    report = _report(plans, known, source=source, dry_run=dry_run, encoding=table.encoding, delimiter=table.delimiter)
    if not dry_run:
        receive_leads(submissions, source=source, now=now, by=by)
    return report


def read_file(data: bytes, *, source: Source, now: datetime) -> tuple[Sequence[Submission], Table]:
    """A file as the source's columns say, row by row. Writes nothing.

    Raises:
        Refusal: as :func:`import_leads`.
    """
    if len(data) > MAX_BYTES:
        raise Refusal(
            _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024 // 1024},
            remedy=_("Split it: the header row goes into each part."),
            code="too_large",
        )
    columns = read_columns(source)
    try:
        table = read_table(data, columns)
    except UnreadableFile as error:
        message, remedy = describe_unreadable(error)
        raise Refusal(message, remedy=remedy, code=error.code) from error
    return read_submissions(table, columns, now=now), table


def _report(
    plans: Sequence[Planned], known: set[str], *, source: Source, dry_run: bool, encoding: str, delimiter: str
) -> Report:
    routes = dict(Route.objects.values_list("pk", "slug"))
    new: list[RowFate] = []
    problems: list[RowProblem] = []
    known_rows = repeated = 0
    for plan in plans:
        submission = plan.submission
        problems += [_row_problem(submission.number, problem) for problem in plan.problems]
        if any(problem.reason == Reason.REPEATED for problem in plan.problems):
            repeated += 1
        elif submission.external_id in known:
            known_rows += 1
        else:
            route = routes[plan.route_id] if plan.route_id else ""
            new.append(RowFate(submission.number, submission.external_id, route, plan.held_reason))
    return Report(
        source=source,
        dry_run=dry_run,
        encoding=encoding,
        delimiter=delimiter,
        rows=len(plans),
        new=tuple(new),
        known=known_rows,
        repeated=repeated,
        problems=tuple(problems),
    )


def _row_problem(number: int, problem: Problem) -> RowProblem:
    return RowProblem(number, str(problem.field), problem.reason, problem.value)


# --- The staff screen: a file between its dry run and the confirmation ------------------------------------------------


def keep_upload(content: bytes, *, name: str, source: Source, by: User, now: datetime) -> ImportFile:
    """Keep an uploaded file for its dry run to be read and confirmed. Files that nobody confirmed in a day go.

    Raises:
        Refusal: the file as a whole cannot be read; nothing is kept of it.
    """
    import_leads(content, source=source, dry_run=True, by=by, now=now)
    with transaction.atomic():
        ImportFile.objects.filter(uploaded_at__lt=now - KEEP).delete()
        return ImportFile.objects.create(
            source=source, name=name[:255], content=content, uploaded_by=by, uploaded_at=now
        )


def describe_upload(file: ImportFile, *, now: datetime) -> Report:
    """The dry run of a kept file, as things stand now."""
    return import_leads(bytes(file.content), source=file.source, dry_run=True, by=None, now=now)


def import_upload(file: ImportFile, *, by: User, now: datetime) -> Report:
    """Import a kept file and remove it. Confirmed twice, the second time finds every lead known."""
    report = import_leads(bytes(file.content), source=file.source, dry_run=False, by=by, now=now)
    drop_upload(file)
    return report


def drop_upload(file: ImportFile) -> None:
    """Remove a kept file whose dry run was not confirmed."""
    ImportFile.objects.filter(pk=file.pk).delete()
