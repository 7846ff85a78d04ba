"""By when whom: the due dates of courses, kept true by a sweeper, and the reminders of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from portal.partners.models import Membership, TierPeriod, in_force_now
from training.access import describe_reader
from training.duedates import Rule, Situation, find_due, find_reminder, first_reminder, next_reminder
from training.models import CourseDue, CoursePage, DueRule, Enrolment
from training.services.catalogue import in_language
from training.services.lessons import find_asked_audiences, find_open_audiences_of_many

#: Members looked at, and reminders sent, in one transaction.
BATCH = 200
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RuledCourse:
    """A course with rules of due dates, in all its languages together."""

    key: UUID
    course_id: int
    published_at: datetime
    rules: tuple[Rule, ...]
    audience_ids: frozenset[int]


# --- Keeping the rows ------------------------------------------------------------------------------------------------


def review_dues(*, now: datetime, batch: int = BATCH) -> int:
    """Set right by when each course is due for everybody; returns how many rows were written or taken away.

    Members are worked off in batches, each in a transaction of its own with as many queries for many as for few. Run
    twice it changes nothing the second time.
    """
    courses = find_ruled_courses()
    changed = _forget_former(now)
    last = 0
    while True:
        members = list(
            Membership.objects.active(now)
            .filter(pk__gt=last)
            .with_roles()
            .select_related("user", "partner__tier", "partner__kind")
            .order_by("pk")[:batch]
        )
        changed += review_members(members, courses=courses, now=now)
        if len(members) < batch:
            return changed
        last = members[-1].pk


def find_ruled_courses() -> list[RuledCourse]:
    """The live courses that have rules; three queries.

    The rules of all its languages are the course's. Where two languages speak of the same people, the default one
    decides: what the other says of them is a copy that was made when it was translated.
    """
    rules = _find_rules()
    if not rules:
        return []
    pages: dict[UUID, list[CoursePage]] = defaultdict(list)
    for page in CoursePage.objects.live().filter(translation_key__in=rules).select_related("locale").order_by("pk"):
        pages[page.translation_key].append(page)
    asked = find_asked_audiences(rules)
    return [
        RuledCourse(
            key=key,
            course_id=min(found, key=lambda page: page.locale.language_code != settings.LANGUAGE_CODE).pk,
            published_at=min(page.first_published_at or page.latest_revision_created_at or EARLIEST for page in found),
            rules=tuple(rules[key]),
            audience_ids=asked[key],
        )
        for key, found in pages.items()
    ]


def _find_rules() -> dict[UUID, list[Rule]]:
    rules: dict[UUID, list[Rule]] = defaultdict(list)
    said_by: dict[tuple[UUID, int | None, int | None], int] = {}
    # A day begins where the portal stands: one rule gives two people the same date.
    zone = ZoneInfo(settings.TIME_ZONE)
    rows = DueRule.objects.filter(course__live=True).select_related("course__locale").order_by("pk")
    for row in sorted(rows, key=lambda row: row.course.locale.language_code != settings.LANGUAGE_CODE):
        key = row.course.translation_key
        if said_by.setdefault((key, row.job_role_id, row.tier_id), row.course_id) == row.course_id:
            counts_from = datetime.combine(row.counts_from, time(), zone) if row.counts_from else None
            rules[key].append(Rule(row.days, row.job_role_id, row.tier_id, counts_from))
    return rules


#: For a course that a program put there without publishing it: it has always been there.
EARLIEST = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@transaction.atomic
def review_members(members: Sequence[Membership], *, courses: Sequence[RuledCourse], now: datetime) -> int:
    """Set right by when each of these courses is due for each of these members; returns how many rows changed.

    A course that they have completed gets no row, and a row that it has stays as it is. A row goes when no rule is for
    the person any more, or the course is no longer open to them, and it is not done. A date that has moved is reminded
    of anew. Eleven queries at most, and three more where something changes.

    Args:
        members: loaded ``with_roles`` and with their users; they hold now.
    """
    if not members:
        return 0
    wanted = _find_wanted(members, courses, now)
    # Locked, so that a reminder that is being sent from a row is not written over.
    rows = list(CourseDue.objects.select_for_update(of=("self",)).filter(membership__in=[one.pk for one in members]))
    completed = _find_completed([one.user_id for one in members])
    kept = {(row.membership_id, row.course_key): row for row in rows}
    by_id = {member.pk: member for member in members}
    added, moved, gone = [], [], []
    for (membership_id, key), (course, due_at) in wanted.items():
        member, row = by_id[membership_id], kept.get((membership_id, key))
        if (member.user_id, key) in completed:
            continue
        if row is None:
            added.append(
                CourseDue(
                    user_id=member.user_id,
                    membership=member,
                    course_key=key,
                    course_id=course.course_id,
                    due_at=due_at,
                    remind_at=first_reminder(due_at),
                )
            )
        elif row.due_at != due_at or row.course_id != course.course_id:
            if row.due_at != due_at:
                row.remind_at = first_reminder(due_at)
            row.due_at, row.course_id = due_at, course.course_id
            moved.append(row)
    for place, row in kept.items():
        if (row.user_id, row.course_key) in completed:
            if row.remind_at is not None:
                row.remind_at = None
                moved.append(row)
        elif place not in wanted:
            gone.append(row.pk)
    # Of two sweepers that add the same row at once, the constraint lets one through.
    CourseDue.objects.bulk_create(added, ignore_conflicts=True)
    CourseDue.objects.bulk_update(moved, ["due_at", "remind_at", "course"], batch_size=BATCH)
    if gone:
        CourseDue.objects.filter(pk__in=gone).delete()
    return len(added) + len(moved) + len(gone)


def _find_wanted(
    members: Sequence[Membership], courses: Sequence[RuledCourse], now: datetime
) -> dict[tuple[int, UUID], tuple[RuledCourse, datetime]]:
    """What is due for whom by the rules, of the courses that are open to them; by membership and course."""
    if not courses:
        return {}
    audiences = find_open_audiences_of_many(members, now=now)
    since = dict(
        TierPeriod.objects.filter(partner__in={one.partner_id for one in members}, ended_at__isnull=True).values_list(
            "partner_id", "started_at"
        )
    )
    wanted = {}
    for member in members:
        situation = _describe(member, since)
        for course in courses:
            if not course.audience_ids <= audiences[member.pk]:
                continue
            due_at = find_due(course.rules, situation, published_at=course.published_at)
            if due_at is not None:
                wanted[member.pk, course.key] = (course, due_at)
    return wanted


def _describe(member: Membership, since: Mapping[int, datetime]) -> Situation:
    partner = member.partner
    return Situation(
        joined_at=member.started_at,
        roles={held.role_id: held.started_at for held in member.open_held_roles},  # type: ignore[attr-defined]
        tier=partner.tier_id,
        tier_since=since.get(partner.pk, partner.registered_at),
    )


def _find_completed(user_ids: Iterable[Any]) -> set[tuple[Any, UUID]]:
    completed = Enrolment.objects.filter(user__in=set(user_ids), completed_at__isnull=False)
    return set(completed.values_list("user_id", "course_key"))


def _is_completed() -> Exists:
    return Exists(
        Enrolment.objects.filter(user=OuterRef("user"), course_key=OuterRef("course_key"), completed_at__isnull=False)
    )


def _forget_former(now: datetime) -> int:
    """What was due for members who are none any more is due for nobody; what they completed stays."""
    former = CourseDue.objects.exclude(membership__in=Membership.objects.active(now)).exclude(_is_completed())
    return former.delete()[0]


# --- Reminding -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DueReminder:
    """That a person is to be reminded of a course.

    Attributes:
        days: 7 or 1 before the due date; 0 when it has passed.
        pages: the course's live pages by language.
    """

    row: CourseDue
    days: int
    pages: Mapping[str, CoursePage]


@transaction.atomic
def take_due_reminders(*, now: datetime, limit: int = BATCH) -> tuple[list[DueReminder], bool]:
    """Take up to ``limit`` reminders whose time has come, and set each row's next.

    The caller tells the people in the same transaction. Of several that were missed only the latest is left to send;
    none is left for a course that has been completed, a member who has left, or a course that is not published.

    Returns:
        The reminders, and whether more may be waiting.
    """
    rows = list(
        CourseDue.objects.filter(remind_at__lte=now)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("membership__partner", "user")
        .order_by("remind_at", "pk")[:limit]
    )
    completed = _find_completed(row.user_id for row in rows)
    pages = find_pages({row.course_key for row in rows})
    reminders = []
    for row in rows:
        days = find_reminder(row.due_at, now=now)
        row.remind_at = next_reminder(row.due_at, after=now)
        if (row.user_id, row.course_key) in completed:
            row.remind_at = None
        elif days is not None and row.course_key in pages and in_force_now(row.membership, now):
            reminders.append(DueReminder(row, days, pages[row.course_key]))
    CourseDue.objects.bulk_update(rows, ["remind_at"], batch_size=BATCH)
    return reminders, len(rows) == limit


def find_pages(keys: Collection[UUID]) -> dict[UUID, dict[str, CoursePage]]:
    """The live pages of courses by key and language; one query."""
    found: dict[UUID, dict[str, CoursePage]] = defaultdict(dict)
    for page in CoursePage.objects.live().filter(translation_key__in=keys).select_related("locale").order_by("pk"):
        found[page.translation_key].setdefault(page.locale.language_code, page)
    return found


# --- Asking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DueCourse:
    """A course that a person has yet to complete, and by when."""

    course: CoursePage
    due_at: datetime
    is_late: bool
    days_left: int


def list_due(
    membership: Membership, *, now: datetime, language: str = "", audience_ids: frozenset[int] | None = None
) -> list[DueCourse]:
    """What is due for the member and not completed, the soonest first; three queries at most.

    Args:
        language: of the course pages; the person's own unless given.
        audience_ids: what is open to the membership, where the caller knows it already.
    """
    rows = CourseDue.objects.filter(membership=membership).exclude(_is_completed()).order_by("due_at", "pk")
    due = dict(rows.values_list("course_key", "due_at"))
    if not due:
        return []
    if audience_ids is None:
        audience_ids = describe_reader(membership.user, membership, now=now).audience_ids
    pages = in_language(CoursePage.objects.filter(translation_key__in=due), language or membership.user.language)
    found = {page.translation_key: page for page in pages.open_to(audience_ids).select_related("locale")}
    return [
        DueCourse(found[key], due_at, is_late=due_at <= now, days_left=max((due_at - now) // DAY, 0))
        for key, due_at in due.items()
        if key in found
    ]
