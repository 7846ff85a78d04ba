"""The dates of series and events: added, moved, cancelled, changed; shown to a reader; measured for staff."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from portal.core.errors import NotAllowed, Refusal
from portal.core.localised import LocalisedText
from training.access import Reader, may_run_webinars
from training.facts import sessions_cancelled, sessions_changed, sessions_moved, sessions_published
from training.models import (
    Attendance,
    AttendanceSource,
    EventPage,
    MaterialPage,
    Reading,
    Registration,
    RegistrationState,
    Session,
    SessionQuestion,
    SessionState,
    VideoPage,
    Visit,
    WebinarSeriesPage,
)
from training.recurring import find_clash
from training.services.registrations import fill_seats, lock_session, plan_reminders

#: Characters of a reason, in each language.
MAX_REASON = 300
MAX_SPEAKERS = Session._meta.get_field("speakers").max_length or 0
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=10)

#: What :func:`change_session` takes, and of that what people's calendars have to be told of.
CHANGEABLE = frozenset({"topic", "about", "speakers", "capacity", "meeting_url", "recording"})
TOLD_TO_CALENDARS = frozenset({"topic", "about", "speakers", "meeting_url"})
#: What the page of an event says of its date: its next publishing would take back what was changed here.
SAID_BY_EVENT = frozenset({"capacity", "meeting_url"})
#: What those who come are written about. The meeting link is in no letter: it opens shortly before the start.
TOLD_TO_PEOPLE = TOLD_TO_CALENDARS - {"meeting_url"}


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """One date as it is to be. ``capacity`` None: as many as come."""

    starts_at: datetime
    ends_at: datetime
    zone: str
    topic: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    speakers: str = ""
    capacity: int | None = None
    meeting_url: str = ""


@transaction.atomic
def add_session(page: MaterialPage, *, plan: SessionPlan, by: Any, now: datetime) -> Session:
    """Add one date to a series. An event has one date, that of its page (``services.events``).

    Raises:
        NotAllowed: for someone who does not run webinars.
        Refusal: in the past, at the same time as another of the series, or with a value that cannot be.
    """
    check_running(by)
    check_values({"speakers": plan.speakers, "capacity": plan.capacity, "meeting_url": plan.meeting_url})
    if not issubclass(page.specific_class, WebinarSeriesPage):
        raise Refusal(
            _("Dates are added to a webinar series."),
            remedy=_("An event takes place when its page says."),
            code="page",
        )
    if plan.zone not in available_timezones():
        raise Refusal(_("“%(zone)s” is not a time zone.") % {"zone": plan.zone}, code="zone")
    hold_dates(page.translation_key)
    check_dates(page.translation_key, [(plan.starts_at, plan.ends_at)], zone=plan.zone, now=now)
    return create_session(page, plan=plan, by=by, now=now)


def create_session(page: MaterialPage, *, plan: SessionPlan, by: Any, now: datetime) -> Session:
    """Write one date down and announce it. The caller holds the page's dates, and has checked what is to be checked."""
    session = Session.objects.create(
        page_id=page.pk,
        page_key=page.translation_key,
        topic=LocalisedText(plan.topic),
        about=LocalisedText(plan.about),
        speakers=plan.speakers,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        zone=plan.zone,
        capacity=plan.capacity,
        meeting_url=plan.meeting_url,
        changed_at=now,
    )
    sessions_published.announce(session_ids=[session.pk], by=by)
    return session


@transaction.atomic
def move_session(
    session: Session,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: Mapping[str, str] | None = None,
    by: Any,
    now: datetime,
) -> Session:
    """Move a session to another time. Everyone registered or waiting is told, and reminders are set anew.

    Args:
        reason: by language; each person reads their own.

    Raises:
        NotAllowed: for someone who does not run webinars.
        Refusal: when it has begun or is cancelled; into the past; to the time of another of the series; of an event.
    """
    check_running(by)
    hold_dates(session.page_key)
    held = _hold_ahead(session, now=now)
    _check_is_not_of_event(held)
    if (held.starts_at, held.ends_at) == (starts_at, ends_at):
        raise Refusal(_("It takes place at this very time already."), code="unmoved")
    words = _read_reason(reason or {})
    check_dates(held.page_key, [(starts_at, ends_at)], zone=held.zone, now=now, moving=held)
    held.starts_at, held.ends_at, held.reason = starts_at, ends_at, words
    _count_change(held, now=now)
    held.save(update_fields=["starts_at", "ends_at", "reason", "sequence", "changed_at"])
    plan_reminders(held, now=now)
    sessions_moved.announce(session_ids=[held.pk], by=by)
    return held


@transaction.atomic
def cancel_session(session: Session, *, reason: Mapping[str, str], by: Any, now: datetime) -> Session:
    """Cancel a session. Everyone registered or waiting is told why, and nobody is reminded any more.

    The registrations stay as they were: they say whom it concerned, and whose calendars are to be told.

    Args:
        reason: by language; each person reads their own, and where that is missing another.

    Raises:
        NotAllowed: for someone who does not run webinars.
        Refusal: when it has begun or is cancelled already, or no reason is given.
    """
    check_running(by)
    held = _hold_ahead(session, now=now)
    words = _read_reason(reason)
    if not words:
        raise Refusal(_("Say why it is cancelled: those registered read it."), code="reason_missing")
    held.state, held.reason = SessionState.CANCELLED, words
    _count_change(held, now=now)
    held.save(update_fields=["state", "reason", "sequence", "changed_at"])
    plan_reminders(held, now=now)
    sessions_cancelled.announce(session_ids=[held.pk], by=by)
    return held


@transaction.atomic
def change_session(session: Session, *, changes: Mapping[str, Any], by: Any, now: datetime) -> Session:
    """Change what a session is about, who speaks, its seats, its meeting link, its recording; not its time.

    More seats let the waiting move up.

    Args:
        changes: new values by the names of :data:`CHANGEABLE`; what is not named stays.

    Raises:
        NotAllowed: for someone who does not run webinars.
        Refusal: for fewer seats than are taken, a recording that is none, a value that cannot be, or one that the page
            of an event says.
        ValueError: for a name that is not among them.
    """
    check_running(by)
    if unknown := changes.keys() - CHANGEABLE:
        raise ValueError(f"Not to be changed here: {', '.join(sorted(unknown))}")
    check_values(changes)
    held = lock_session(session)
    capacity = changes.get("capacity", held.capacity)
    if capacity is not None and capacity < held.seats_taken:
        raise Refusal(
            ngettext(
                "%(count)d person is registered, so there cannot be %(seats)d seats.",
                "%(count)d people are registered, so there cannot be %(seats)d seats.",
                held.seats_taken,
            )
            % {"count": held.seats_taken, "seats": capacity},
            remedy=_("Leave at least as many seats as are taken, or ask some to give theirs back first."),
            code="seats_taken",
        )
    changed = {name for name, value in changes.items() if _differs(getattr(held, name), value)}
    if changed & SAID_BY_EVENT:
        _check_is_not_of_event(held)
    for name in changed:
        value = changes[name]
        setattr(held, name, LocalisedText(value) if isinstance(value, Mapping) else value)
    if changed & TOLD_TO_CALENDARS:
        _count_change(held, now=now)
    elif changed:
        held.changed_at = now
    if changed:
        held.save(update_fields=[*changed, "sequence", "changed_at"])
    if changed & TOLD_TO_PEOPLE:
        sessions_changed.announce(session_ids=[held.pk], by=by)
    if "capacity" in changed:
        fill_seats(held, now=now)
    return held


def _check_is_not_of_event(session: Session) -> None:
    if EventPage.objects.filter(translation_key=session.page_key).exists():
        raise Refusal(
            _("Time, seats and meeting link of an event stand on its page."),
            remedy=_("Change them there and publish the page: everyone registered is told."),
            code="event",
        )


def _differs(before: Any, after: Any) -> bool:
    return bool(dict(before) != dict(after) if isinstance(before, Mapping) else before != after)


def _count_change(session: Session, *, now: datetime) -> None:
    session.sequence += 1
    session.changed_at = now


def _hold_ahead(session: Session, *, now: datetime) -> Session:
    held = lock_session(session)
    if not held.is_scheduled:
        raise Refusal(
            _("This session is cancelled."), remedy=_("Add another date to the series instead."), code="cancelled"
        )
    if held.starts_at <= now:
        raise Refusal(_("This session has begun or is over, so its time stays as it was."), code="begun")
    return held


# --- What holds for every date ---------------------------------------------------------------------------------------


def check_running(by: Any) -> None:
    """Let whoever runs webinars pass.

    Raises:
        NotAllowed: for anyone else.
    """
    if not may_run_webinars(by):
        raise NotAllowed(_("Webinars are run by editors and channel managers."), code="not_allowed")


def hold_dates(page_key: UUID) -> None:
    """Hold the dates of a series until the end of the transaction, so that no two are added at once unseen."""
    pages = MaterialPage.objects.filter(translation_key=page_key).order_by("pk")
    list(pages.select_for_update(of=("self",)).values_list("pk", flat=True))


def check_dates(
    page_key: UUID,
    dates: list[tuple[datetime, datetime]],
    *,
    zone: str,
    now: datetime,
    moving: Session | None = None,
) -> None:
    """Let dates pass that are ahead, and at which nothing else of the series takes place. The caller holds its dates.

    Args:
        zone: in which the refusal names a date.
        moving: the session that is moved there: it does not stand in its own way.

    Raises:
        Refusal: naming the first date that cannot be.
    """
    for starts_at, ends_at in dates:
        if not SHORTEST <= ends_at - starts_at <= LONGEST:
            raise Refusal(_("A session ends at least five minutes after it begins."), code="length")
        if starts_at <= now:
            raise Refusal(
                _("%(date)s is past.") % {"date": name_date(starts_at, zone)},
                remedy=_("Choose a time that is still ahead."),
                code="past",
            )
    first, last = min(begin for begin, _end in dates), max(end for _begin, end in dates)
    others = Session.objects.scheduled().filter(page_key=page_key, starts_at__lt=last, ends_at__gt=first)
    if moving is not None:
        others = others.exclude(pk=moving.pk)
    place = find_clash(dates, list(others.values_list("starts_at", "ends_at")))
    if place is not None:
        raise Refusal(
            _("On %(date)s another session of this series takes place at the same time.")
            % {"date": name_date(dates[place][0], zone)},
            remedy=_("Choose another time, or leave this day out."),
            code="clash",
        )


def check_values(values: Mapping[str, Any]) -> None:
    """Let values of a session pass that can be kept.

    Raises:
        Refusal: naming the first that cannot.
    """
    capacity = values.get("capacity")
    if capacity is not None and capacity < 1:
        raise Refusal(_("There must be at least one seat."), remedy=_("Empty: as many as come."), code="capacity")
    if len(values.get("speakers", "")) > MAX_SPEAKERS:
        raise Refusal(
            _("The names of the speakers have at most %(limit)d characters.") % {"limit": MAX_SPEAKERS}, code="speakers"
        )
    if address := values.get("meeting_url", ""):
        try:
            URLValidator(schemes=["https", "http"])(address)
        except ValidationError as error:
            raise Refusal(
                _("“%(address)s” is no address of a meeting.") % {"address": address[:80]},
                remedy=_("It begins with https://"),
                code="meeting_url",
            ) from error
    recording = values.get("recording")
    if recording is not None and not isinstance(recording, VideoPage):
        raise Refusal(_("The recording is a video of the library."), code="recording")


def _read_reason(reason: Mapping[str, str]) -> LocalisedText:
    """The languages in which something is said."""
    words = LocalisedText({language: text.strip() for language, text in reason.items() if text.strip()})
    if any(len(text) > MAX_REASON for text in words.values()):
        raise Refusal(_("The reason has at most %(limit)d characters.") % {"limit": MAX_REASON}, code="too_long")
    return words


def name_date(moment: datetime, zone: str) -> str:
    """A moment by the clock of a zone that is not the reader's own, with the zone in full."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{date_format(local, 'j M Y, H:i')} ({zone.replace('_', ' ')})"


# --- Shown to a reader -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A session as one reader sees it.

    Attributes:
        page: its series or event, of the base type, in the active language where there is one.
        title: the session's topic, or else the name of its series.
        registration: the reader's own, whatever its state.
    """

    session: Session
    page: MaterialPage
    title: str
    registration: Registration | None

    @property
    def series_title(self) -> str:
        """The name of the series where the title is a topic of its own; else empty."""
        return self.page.title if self.page.title != self.title else ""

    @property
    def is_seated(self) -> bool:
        return self.registration is not None and self.registration.state == RegistrationState.SEATED

    @property
    def is_waiting(self) -> bool:
        return self.registration is not None and self.registration.state == RegistrationState.WAITING


def list_open(reader: Reader, *, page_keys: Collection[UUID] | None = None) -> QuerySet[Session]:
    """The sessions of series and events that the reader may read, of some or all; in no order."""
    pages = MaterialPage.objects.filter(Q(webinarseriespage__isnull=False) | Q(eventpage__isnull=False))
    if page_keys is not None:
        pages = pages.filter(translation_key__in=page_keys)
    return Session.objects.filter(page_key__in=reader.filter_open(pages).values("translation_key"))


def show_sessions(sessions: Iterable[Session], reader: Reader) -> list[Shown]:
    """Sessions with their names and the reader's own registrations; two queries however many."""
    rows = list(sessions)
    if not rows:
        return []
    pages = find_pages({row.page_key for row in rows})
    own = Registration.objects.filter(session__in=[row.pk for row in rows], user=reader.user.pk)
    mine = {row.session_id: row for row in own} if reader.user.pk else {}
    return [
        Shown(row, page, str(row.topic) or page.title, mine.get(row.pk))
        for row in rows
        if (page := pages.get(row.page_key)) is not None
    ]


def list_ahead(
    reader: Reader, *, now: datetime, page_keys: Collection[UUID] | None = None, limit: int = 100
) -> list[Shown]:
    """What is ahead for the reader, soonest first; cancelled ones too. Three queries."""
    return show_sessions(list_open(reader, page_keys=page_keys).ahead(now)[:limit], reader)  # type: ignore[attr-defined]


def list_recorded(
    reader: Reader, *, now: datetime, page_keys: Collection[UUID] | None = None, limit: int = 30
) -> list[Shown]:
    """Sessions that are over and whose recording the reader may watch, latest first. Three queries."""
    open_videos = reader.filter_open(MaterialPage.objects.filter(videopage__isnull=False))
    over = list_open(reader, page_keys=page_keys).over(now)  # type: ignore[attr-defined]
    recorded = over.filter(recording__in=open_videos.values("pk")).select_related("recording__locale")
    return show_sessions(recorded[:limit], reader)


def find_pages(page_keys: Collection[UUID]) -> dict[UUID, MaterialPage]:
    """The live series and events of these keys, each in the active language where there is one. One query."""
    pages = MaterialPage.objects.live().filter(translation_key__in=page_keys).select_related("locale").order_by("pk")
    found: dict[UUID, MaterialPage] = {}
    for page in pages:
        if page.translation_key not in found or page.locale.language_code == get_language():
            found[page.translation_key] = page
    return found


def name_sessions(sessions: Iterable[Session]) -> dict[int, dict[str, str]]:
    """What each session is called, in every language that its topic or its series has, by its id. One query.

    A series that is live in some language has no name in those in which it is not.
    """
    rows = list(sessions)
    titles: dict[UUID, dict[str, str]] = {}
    shown: set[UUID] = set()
    pages = MaterialPage.objects.filter(translation_key__in={row.page_key for row in rows})
    for key, code, title, live in pages.order_by("-live").values_list(
        "translation_key", "locale__language_code", "title", "live"
    ):
        if live or key not in shown:
            titles.setdefault(key, {})[code] = title
        if live:
            shown.add(key)
    return {row.pk: {code: text for code, text in row.topic.items() if text} or titles[row.page_key] for row in rows}


# --- Measured for staff ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figures:
    """How many people: registered, waited, came by their link, attended, opened the recording; and questions asked."""

    registered: int = 0
    waiting: int = 0
    visited: int = 0
    attended: int = 0
    replayed: int = 0
    asked: int = 0
    answered: int = 0


def measure_sessions(sessions: Collection[Session]) -> dict[int, Figures]:
    """The figures of each session, by its id; five queries however many. The sessions come with their recordings."""
    ids = [row.pk for row in sessions]
    registrations = (
        Registration.objects.filter(session__in=ids)
        .order_by()
        .values("session")
        .annotate(
            seated=Count("pk", filter=Q(state=RegistrationState.SEATED)),
            queued=Count("pk", filter=Q(state=RegistrationState.WAITING)),
        )
    )
    counted = {row["session"]: (row["seated"], row["queued"]) for row in registrations}
    visits = Visit.objects.filter(registration__session__in=ids).order_by().values_list("registration__session")
    visited = dict(visits.annotate(people=Count("registration", distinct=True)))
    attended = dict(
        Attendance.objects.filter(session__in=ids, attended=True)
        .exclude(source=AttendanceSource.RECORDING)
        .order_by()
        .values_list("session")
        .annotate(people=Count("pk"))
    )
    keys = {row.recording.translation_key for row in sessions if row.recording}
    opened = Reading.objects.filter(material_key__in=keys, last_read_at__isnull=False).order_by()
    replayed = dict(opened.values_list("material_key").annotate(people=Count("user", distinct=True)))
    questions = (
        SessionQuestion.objects.filter(session__in=ids)
        .order_by()
        .values("session")
        .annotate(asked=Count("pk"), answered=Count("pk", filter=Q(answered_at__isnull=False)))
    )
    asked = {row["session"]: (row["asked"], row["answered"]) for row in questions}
    return {
        row.pk: Figures(
            *counted.get(row.pk, (0, 0)),
            visited.get(row.pk, 0),
            attended.get(row.pk, 0),
            replayed.get(row.recording.translation_key, 0) if row.recording else 0,
            *asked.get(row.pk, (0, 0)),
        )
        for row in sessions
    }
