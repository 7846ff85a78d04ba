"""Attendance: a provider's file is shown before it is read in, joins find their people, and minutes are counted by rule.

Whatever changes who was there (a file, a person matched by hand, a recording watched, a correction) ends in
:func:`count_attendance`, which reads all joins of those people anew. An attendance once given is not taken back by
another source, and what a person decided is not counted over.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership
from training.access import may_read_attendance
from training.attending import EVENT_PERCENT, Presence, Stay, count_overlaps, judge_presence, needed_minutes, reaches
from training.calendars import find_zone
from training.facts import attendance_read
from training.models import (
    Attendance,
    AttendanceFile,
    AttendanceSource,
    Correction,
    Join,
    Reading,
    Registration,
    RegistrationState,
    Session,
    VideoPage,
    WebinarSeriesPage,
)
from training.rollcalls import (
    Fault,
    Rollcall,
    Row,
    UnreadableFileError,
    digest,
    fold,
    list_spellings,
    read_length,
    read_rollcall,
)
from training.watching import measure_watched

BATCH = 1000
#: Names of those who wait for a person, shown before a file is read in; the rest are counted.
SHOWN = 200

FAULTS = {
    Fault.TOO_LARGE: gettext_lazy("The file is larger than 5 MB: that is not a report of one session."),
    Fault.EMPTY: gettext_lazy("The file is empty."),
    Fault.ENCODING: gettext_lazy("The file is not a text in UTF-8, UTF-16 or Windows-1251."),
    Fault.WORKBOOK: gettext_lazy("This is a workbook, such as Excel’s. Save its sheet as CSV, and choose that file."),
    Fault.NOT_A_TABLE: gettext_lazy("This is not a table: a quotation mark is open, or stands where none may be."),
    Fault.UNKNOWN_PROVIDER: gettext_lazy("It cannot be told which program wrote this file. Choose it."),
    Fault.NO_HEAD: gettext_lazy("There is no line with the names of the columns that such a report has."),
    Fault.NO_JOINS: gettext_lazy("Nobody has joined by this file."),
    Fault.TOO_MANY: gettext_lazy("The file has more than 20,000 joins: that is not a report of one session."),
    Fault.NO_TIMES: gettext_lazy(
        "The file tells only how long each person was there, not when. Export it once more without “Show unique users”."
    ),
    Fault.COLUMN_MISSING: gettext_lazy(
        "Choose the columns: a name or an address, when people came, and when they left."
    ),
    Fault.NOT_AN_ACTION: gettext_lazy("This says neither that somebody joined nor that they left."),
    Fault.NOT_A_TIME: gettext_lazy("This is not a date with a time."),
    Fault.NOT_MINUTES: gettext_lazy("This is not a number of minutes."),
    Fault.TIME_MISSING: gettext_lazy("A time is missing."),
    Fault.NAME_MISSING: gettext_lazy("There is neither a name nor an address."),
    Fault.LEFT_BEFORE: gettext_lazy("The person left before they came."),
    Fault.TOO_LONG: gettext_lazy("The person was there for more than three days."),
    Fault.ZONE_MISSING: gettext_lazy("The file does not say in which time zone its times are. Choose it."),
}


@dataclass(slots=True)
class Person:
    """Someone in a file whom the portal knows."""

    user: User
    membership: Membership | None
    by_email: bool
    rows: list[Row] = field(default_factory=list)
    presence: Presence | None = None
    overlaps: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do, before it does it.

    Attributes:
        unknown: the stays of people whom the portal does not know; they will wait in a list.
        outside: stays of which no moment lies within the session: the zone may be another.
    """

    rollcall: Rollcall
    people: list[Person]
    unknown: list[Row]
    overlaps: int
    outside: int

    @property
    def attended(self) -> int:
        return sum(bool(person.presence and person.presence.attended and person.membership) for person in self.people)

    @property
    def by_email(self) -> int:
        return sum(person.by_email for person in self.people)

    @property
    def by_name(self) -> int:
        return len(self.people) - self.by_email


# --- The rule --------------------------------------------------------------------------------------------------------


def find_rule(session: Session) -> int:
    """From how many percent of the session a person has attended: as its series says; of an event, as all events."""
    found = WebinarSeriesPage.objects.filter(pk=session.page_id).values_list("attended_from_percent", flat=True).first()
    return found or EVENT_PERCENT


# --- Files -----------------------------------------------------------------------------------------------------------


def preview_file(
    session: Session,
    *,
    content: bytes,
    provider: str = "",
    mapping: Mapping[str, str] | None = None,
    zone: str = "",
    by: Any,
) -> Preview:
    """What reading this file in would do; nothing is written.

    Raises:
        NotAllowed: for someone who may not read attendance in.
        Refusal: naming line and column.
    """
    _check_reader(by)
    _check_session(session)
    _check_new(session, content)
    return _preview(session, _read(session, content=content, provider=provider, mapping=mapping, zone=zone))


@transaction.atomic
def read_file(
    session: Session,
    *,
    name: str,
    content: bytes,
    provider: str = "",
    mapping: Mapping[str, str] | None = None,
    zone: str = "",
    by: Any,
    now: datetime,
) -> AttendanceFile:
    """Read a provider's file in: keep its joins as they are, find their people, and count who has attended.

    1. Check who asks, that the session has begun and took place, and read the whole file.
    2. Lock the session, so that the same file is not read twice at once.
    3. Write the file, its joins, and the attendances; announce it.

    Raises:
        NotAllowed: for someone who may not read attendance in.
        Refusal: with line and column; nothing is saved then.
    """
    # 1
    _check_reader(by)
    _check_session(session)
    if session.starts_at > now:
        raise Refusal(
            _("This session has not begun yet, so nobody can have attended it."),
            remedy=_("Look whether the file is another session’s."),
            code="not_begun",
        )
    rollcall = _read(session, content=content, provider=provider, mapping=mapping, zone=zone)
    # 2
    held = Session.objects.select_for_update().get(pk=session.pk)
    _check_new(held, content)
    # 3
    preview = _preview(held, rollcall)
    file = AttendanceFile.objects.create(
        session=held,
        name=name[:200],
        digest=digest(content),
        provider=rollcall.provider.value,
        mapping=rollcall.columns,
        zone="" if rollcall.names_zone else zone,
        read_at=now,
        read_by=by,
    )
    users = {row.number: person.user for person in preview.people for row in person.rows}
    Join.objects.bulk_create(
        [
            Join(
                file=file,
                number=row.number,
                raw=row.raw,
                name=row.name,
                email=row.email,
                joined_at=row.joined_at,
                left_at=row.left_at,
                user=users.get(row.number),
            )
            for row in rollcall.rows
        ],
        batch_size=BATCH,
    )
    count_attendance(held, user_ids={user.pk for user in users.values()}, now=now)
    attendance_read.announce(file_ids=[file.pk], by=by)
    return file


@transaction.atomic
def forget_file(file: AttendanceFile, *, by: Any, now: datetime) -> None:
    """Take a file back that was read in by mistake, with its joins; the minutes of its people are counted anew.

    Raises:
        NotAllowed: for someone who may not read attendance in.
    """
    _check_reader(by)
    session = Session.objects.select_for_update().get(pk=file.session_id)
    user_ids = set(file.joins.filter(user__isnull=False).values_list("user_id", flat=True))
    file.delete()
    Attendance.objects.filter(session=session, user__in=user_ids, source=AttendanceSource.JOINS).delete()
    count_attendance(session, user_ids=user_ids, now=now)
    _count_replays_again(session, user_ids=user_ids, now=now)


def _check_reader(by: Any) -> None:
    if not may_read_attendance(by):
        raise NotAllowed(_("Attendance is read in by editors."), code="not_an_editor")


def _check_session(session: Session) -> None:
    if not session.is_scheduled:
        raise Refusal(
            _("This session was cancelled, so nobody can have attended it."),
            remedy=_("Look whether the file is another session’s."),
            code="cancelled",
        )


def _check_new(session: Session, content: bytes) -> None:
    same = AttendanceFile.objects.filter(session=session, digest=digest(content)).first()
    if same is not None:
        raise Refusal(
            _("This file has been read in already, as “%(name)s”.") % {"name": same.name},
            remedy=_("Nothing needs to be done: its joins count. To read it otherwise, take it back first."),
            code="read_already",
        )


def _read(session: Session, *, content: bytes, provider: str, mapping: Mapping[str, str] | None, zone: str) -> Rollcall:
    try:
        return read_rollcall(
            content,
            near=session.starts_at.astimezone(find_zone(session.zone)),
            zone=find_zone(zone) if zone else None,
            provider=provider,
            mapping=mapping,
        )
    except UnreadableFileError as error:
        raise Refusal(describe_fault(error), remedy=_("Nothing was read in."), code=error.fault.value) from error


def describe_fault(error: UnreadableFileError) -> str:
    """Why a file cannot be read, with the place."""
    words = str(FAULTS[error.fault])
    if error.line and error.column:
        place = _("Line %(line)d, column “%(column)s”") % {"line": error.line, "column": error.column}
    elif error.line:
        place = _("Line %(line)d") % {"line": error.line}
    elif error.column:
        place = _("Column “%(column)s”") % {"column": error.column}
    else:
        return words
    return f"{place}: {words}" + (_(" It reads “%(words)s”.") % {"words": error.words} if error.words else "")


# --- Whose joins they are --------------------------------------------------------------------------------------------


def _preview(session: Session, rollcall: Rollcall) -> Preview:
    people, unknown = _find_people(session, rollcall.rows)
    percent = find_rule(session)
    for person in people:
        stays = [Stay(row.joined_at, row.left_at, row.at_most) for row in person.rows]
        person.overlaps = count_overlaps(stays)
        person.presence = judge_presence(
            stays, starts_at=session.starts_at, ends_at=session.ends_at, from_percent=percent
        )
    outside = sum(row.left_at <= session.starts_at or row.joined_at >= session.ends_at for row in rollcall.rows)
    people.sort(key=lambda person: str(person.user).casefold())
    return Preview(rollcall, people, unknown, sum(person.overlaps for person in people), outside)


def _find_people(session: Session, rows: Iterable[Row]) -> tuple[list[Person], list[Row]]:
    """Whose stays they are: by the e-mail address, else by the exact full name of one person among the registered."""
    rows = list(rows)
    registered = {
        registration.user_id: registration
        for registration in Registration.objects.filter(session=session).select_related("user", "membership")
    }
    addresses = {row.email for row in rows if row.email}
    by_email = {user.email: user for user in User.objects.filter(email__in=addresses)}
    by_name = _index_names(registration.user for registration in registered.values())
    found: dict[int, Person] = {}
    unknown = []
    for row in rows:
        user, is_by_email = by_email.get(row.email), True
        if user is None:
            user, is_by_email = _find_by_name(row.name, by_name), False
        if user is None:
            unknown.append(row)
            continue
        person = found.setdefault(user.pk, Person(user, None, is_by_email))
        person.by_email = person.by_email or is_by_email
        person.rows.append(row)
    memberships = _find_memberships(session, found, registered)
    for user_id, person in found.items():
        person.membership = memberships.get(user_id)
    return list(found.values()), unknown


def _index_names(users: Iterable[User]) -> dict[str, User | None]:
    """The registered by full name; None for a name that several have."""
    index: dict[str, User | None] = {}
    for user in users:
        name = fold(user.get_full_name())
        if name:
            index[name] = None if name in index else user
    return index


def _find_by_name(name: str, index: Mapping[str, User | None]) -> User | None:
    found = {user.pk: user for spelling in list_spellings(name) if (user := index.get(spelling)) is not None}
    return next(iter(found.values())) if len(found) == 1 else None


def _find_memberships(
    session: Session, user_ids: Iterable[int], registered: Mapping[int, Registration]
) -> dict[int, Membership]:
    """Under which membership each was there: as they registered, else the oldest that was in force then.

    The vendor's own people, such as speakers, have none: they are known, and not counted.
    """
    found = {user_id: registered[user_id].membership for user_id in user_ids if user_id in registered}
    missing = [user_id for user_id in user_ids if user_id not in registered]
    in_force = Membership.objects.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=session.starts_at), user__in=missing, started_at__lte=session.ends_at
    )
    for membership in in_force.order_by("-started_at", "-pk"):
        found[membership.user_id] = membership
    return found


# --- Counting --------------------------------------------------------------------------------------------------------


@transaction.atomic
def count_attendance(session: Session, *, user_ids: Collection[int], now: datetime) -> int:
    """Count these people's minutes anew from all their joins; returns how many attendances were written.

    A constant number of queries. Safe to repeat.
    """
    percent = find_rule(session)
    stays: dict[int, list[Stay]] = defaultdict(list)
    joins = Join.objects.filter(file__session=session, user__in=user_ids).values_list(
        "user_id", "joined_at", "left_at", "raw", "file__mapping"
    )
    for user_id, joined_at, left_at, raw, mapping in joins:
        if user_id is not None:
            stays[user_id].append(Stay(joined_at, left_at, _find_limit(raw, mapping, joined_at, left_at)))
    kept = {
        row.user_id: row for row in Attendance.objects.select_for_update().filter(session=session, user__in=user_ids)
    }
    registered = {
        registration.user_id: registration
        for registration in Registration.objects.filter(session=session, user__in=stays).select_related("membership")
    }
    memberships = _find_memberships(session, stays, registered)
    rows = []
    for user_id, mine in stays.items():
        membership = memberships.get(user_id)
        presence = judge_presence(mine, starts_at=session.starts_at, ends_at=session.ends_at, from_percent=percent)
        if membership is not None and _may_count(kept.get(user_id), presence):
            rows.append(
                Attendance(
                    session=session,
                    user_id=user_id,
                    membership=membership,
                    minutes=presence.minutes,
                    attended=presence.attended,
                    source=AttendanceSource.JOINS,
                    from_percent=percent,
                    decided_at=now,
                )
            )
    _write(rows)
    return len(rows)


def _find_limit(
    raw: Mapping[str, str], mapping: Mapping[str, str], joined_at: datetime, left_at: datetime
) -> timedelta | None:
    """How long the person was there, where the line told the first join and the last leave."""
    length = read_length(raw.get(mapping.get("minutes", ""), ""))
    return length if length is not None and length < left_at - joined_at else None


def _may_count(kept: Attendance | None, presence: Presence) -> bool:
    """What a person decided stands; and who has attended by the recording has attended, whatever the joins say."""
    if kept is None or kept.source == AttendanceSource.JOINS:
        return True
    if kept.source == AttendanceSource.CORRECTION:
        return False
    return presence.attended or not kept.attended


def _write(rows: list[Attendance]) -> None:
    Attendance.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["session", "user"],
        update_fields=["membership", "minutes", "attended", "source", "from_percent", "decided_at"],
    )


# --- Who waits for a person ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stranger:
    """Stays under one name and address that are nobody's yet."""

    name: str
    email: str
    joins: int
    minutes: int
    first_id: int


def list_strangers(session: Session) -> list[Stranger]:
    """Whoever was there by the files and is nobody yet: once for each name and address."""
    groups: dict[tuple[str, str], list[Join]] = defaultdict(list)
    waiting = Join.objects.filter(file__session=session, user__isnull=True, set_aside_at__isnull=True)
    for join in waiting.select_related("file").order_by("joined_at", "pk"):
        groups[fold(join.name), join.email].append(join)
    strangers = []
    for joins in groups.values():
        stays = [
            Stay(one.joined_at, one.left_at, _find_limit(one.raw, one.file.mapping, one.joined_at, one.left_at))
            for one in joins
        ]
        presence = judge_presence(stays, starts_at=session.starts_at, ends_at=session.ends_at, from_percent=100)
        strangers.append(Stranger(joins[0].name, joins[0].email, len(joins), presence.minutes, joins[0].pk))
    return strangers


@transaction.atomic
def match_joins(join: Join, *, user: User, by: Any, now: datetime) -> int:
    """Say who it was: all stays of the session under that name and address that are nobody's yet; returns how many.

    Raises:
        NotAllowed: for someone who may not read attendance in.
        Refusal: when somebody has looked at it meanwhile, or the person is none of a partner's.
    """
    _check_reader(by)
    session = Session.objects.select_for_update().get(pk=join.file.session_id)
    waiting = _find_alike(join)
    if not _find_memberships(session, [user.pk], {
        row.user_id: row for row in Registration.objects.filter(session=session, user=user).select_related("membership")
    }):  # fmt: skip
        raise Refusal(
            _("%(person)s was no partner’s member then, so no attendance can be counted.") % {"person": user},
            remedy=_("Set the join aside if it is one of the vendor’s own people."),
            code="not_a_member",
        )
    Join.objects.filter(pk__in=waiting).update(user=user, matched_by=by)
    count_attendance(session, user_ids={user.pk}, now=now)
    return len(waiting)


@transaction.atomic
def set_joins_aside(join: Join, *, by: Any, now: datetime) -> int:
    """Say that it is none of our people, such as a speaker's second screen; returns how many stays are set aside.

    Raises:
        NotAllowed: for someone who may not read attendance in.
        Refusal: when somebody has looked at it meanwhile.
    """
    _check_reader(by)
    Session.objects.select_for_update().get(pk=join.file.session_id)
    waiting = _find_alike(join)
    return Join.objects.filter(pk__in=waiting).update(set_aside_at=now, matched_by=by)


def _find_alike(join: Join) -> list[int]:
    """The stays of the session that wait under the same name and address."""
    waiting = Join.objects.filter(
        file__session=join.file.session_id, email=join.email, user__isnull=True, set_aside_at__isnull=True
    ).values_list("pk", "name")
    found = [pk for pk, name in waiting if fold(name) == fold(join.name)]
    if join.pk not in found:
        raise Refusal(
            _("Somebody has said meanwhile who this was."), remedy=_("Look at the list anew."), code="matched_already"
        )
    return found


# --- The recording ---------------------------------------------------------------------------------------------------


def count_replay(user: Any, page: VideoPage, *, watched: int, now: datetime) -> int:
    """Count a member as having attended the sessions of which this is the recording; returns how many are new.

    The rule: the stretches that the person has watched make up so many percent of the video. What was skipped is not
    watched, and what was watched twice counts once. A session that was attended already stays as it is, and so does
    what a person decided.

    Args:
        watched: seconds.
    """
    if not page.seconds:
        return 0
    sessions = list(
        Session.objects.scheduled().filter(recording__translation_key=page.translation_key, ends_at__lte=now)
    )
    return sum(_count_one_replay(session, user, watched=watched, whole=page.seconds, now=now) for session in sessions)


@transaction.atomic
def _count_one_replay(session: Session, user: Any, *, watched: int, whole: int, now: datetime) -> int:
    series = WebinarSeriesPage.objects.filter(pk=session.page_id, replay_counts=True).first()
    if series is None or not reaches(timedelta(seconds=watched), timedelta(seconds=whole), series.replay_from_percent):
        return 0
    kept = Attendance.objects.select_for_update().filter(session=session, user=user).first()
    if kept is not None and (kept.attended or kept.source == AttendanceSource.CORRECTION):
        return 0
    membership = Membership.objects.active(now).filter(user=user).order_by("started_at", "pk").first()
    if membership is None:
        return 0
    replay = Attendance(
        session=session,
        user=user,
        membership=membership,
        minutes=min(watched, whole) // 60,
        attended=True,
        source=AttendanceSource.RECORDING,
        from_percent=series.replay_from_percent,
        decided_at=now,
    )
    _write([replay])
    return 1


def _count_replays_again(session: Session, *, user_ids: Collection[int], now: datetime) -> None:
    """What these people have watched already, where the joins that counted instead are gone."""
    recording = session.recording
    if recording is None or not recording.seconds:
        return
    readings = Reading.objects.filter(user__in=user_ids, material_key=recording.translation_key)
    for reading in readings.select_related("user").prefetch_related("stretches"):
        watched = measure_watched([(row.begins, row.ends) for row in reading.stretches.all()], length=recording.seconds)
        _count_one_replay(session, reading.user, watched=watched, whole=recording.seconds, now=now)


# --- What a person sees ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Past:
    """A session that is over, as one person sees it.

    Attributes:
        attendance: None where nothing is known of the person.
        correction: the last that they asked for.
        needed: from how many minutes on a person has attended.
    """

    session: Session
    attendance: Attendance | None
    correction: Correction | None
    percent: int
    needed: int
    is_read_in: bool

    @property
    def minutes(self) -> int:
        return int((self.session.ends_at - self.session.starts_at).total_seconds() // 60)

    @property
    def may_ask(self) -> bool:
        return self.correction is None or self.correction.closed_at is not None


def list_past(user: Any, *, now: datetime) -> QuerySet[Session]:
    """The sessions that are over for which the person held a seat, or of which something is known of them; latest first."""
    mine = Q(pk__in=Registration.objects.filter(user=user, state=RegistrationState.SEATED).values("session")) | Q(
        pk__in=Attendance.objects.filter(user=user).values("session")
    )
    return Session.objects.over(now).filter(mine).select_related("page__locale")


def describe_past(sessions: Collection[Session], user: Any) -> list[Past]:
    """What is known of the person at each; as many queries for one as for many."""
    attendances = {row.session_id: row for row in Attendance.objects.filter(user=user, session__in=sessions)}
    corrections = {
        row.session_id: row for row in Correction.objects.filter(user=user, session__in=sessions).order_by("asked_at")
    }
    read_in = set(AttendanceFile.objects.filter(session__in=sessions).values_list("session_id", flat=True))
    rules = dict(
        WebinarSeriesPage.objects.filter(pk__in={one.page_id for one in sessions}).values_list(
            "pk", "attended_from_percent"
        )
    )
    past = []
    for session in sessions:
        attendance = attendances.get(session.pk)
        # What was decided by a rule is told with the rule of then.
        counted = attendance is not None and attendance.source == AttendanceSource.JOINS
        percent = attendance.from_percent if attendance and counted else rules.get(session.page_id, EVENT_PERCENT)
        needed = needed_minutes(session.ends_at - session.starts_at, percent)
        past.append(Past(session, attendance, corrections.get(session.pk), percent, needed, session.pk in read_in))
    return past
