"""A person's sessions as calendar programs read them: the private feed, the file of one session, and invitations.

What is written for a person is kept under everything that it depends on, so that a program that asks every few minutes
costs a few small queries.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from portal.accounts.models import User
from portal.content.services.pages import find_content_version
from portal.notifications.models import Notification
from portal.notifications.registry import CalendarPart
from portal.partners.models import Membership, in_force_now
from training.access import describe_reader
from training.calendars import CANCEL, PUBLISH, REQUEST, Attendee, Entry, Organizer, write_calendar
from training.models import (
    CalendarFeed,
    EventPage,
    MaterialPage,
    Registration,
    RegistrationState,
    Session,
)

#: What lies further back is in no feed.
BACK = timedelta(days=30)
#: Seconds that a written calendar is kept; it is found again only while nothing that it depends on has changed.
KEPT = 24 * 3600
#: That a feed was read is noted so often and no more.
NOTED = timedelta(hours=1)
#: Goes up when the same rows are written otherwise.
FORM = 2


# --- The private address ---------------------------------------------------------------------------------------------


def give_feed(user: Any, *, now: datetime) -> CalendarFeed:
    """The person's feed; made when they ask for it for the first time."""
    feed, _is_new = CalendarFeed.objects.get_or_create(user=user, defaults={"token": _make_token(), "made_at": now})
    return feed


def renew_feed(user: Any, *, now: datetime) -> CalendarFeed:
    """Give the person's calendar a new address; the old one is gone at once."""
    fields = {"token": _make_token(), "made_at": now, "read_at": None}
    feed, _is_new = CalendarFeed.objects.update_or_create(user=user, defaults=fields)
    return feed


def revoke_feed(user: Any) -> bool:
    """Close the person's calendar to everybody who knows its address; returns whether there was one."""
    return bool(CalendarFeed.objects.filter(user=user).delete()[0])


def find_own_feed(user: Any) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(user=user).first()


def find_feed(token: str) -> CalendarFeed | None:
    """The feed at a private address; None for one that never was, was renewed or revoked, or whose person has left."""
    return CalendarFeed.objects.select_related("user").filter(token=token, user__is_active=True).first()


def note_reading(feed: CalendarFeed, *, now: datetime) -> None:
    """Remember that a program has read the feed; the person sees it, and whether anybody else might."""
    stale = Q(read_at__isnull=True) | Q(read_at__lte=now - NOTED)
    CalendarFeed.objects.filter(stale, pk=feed.pk).update(read_at=now)


def _make_token() -> str:
    return secrets.token_urlsafe(32)


# --- The feed --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One registration, with what the calendar depends on."""

    session_id: int
    page_key: UUID
    membership_id: int
    state: str
    seated_at: datetime | None
    cancelled_at: datetime | None
    stamp: str


@dataclass(frozen=True, slots=True)
class Edition:
    """What a feed says now, named but not written yet."""

    name: str
    user: User
    rows: list[Row]


def find_edition(feed: CalendarFeed, *, now: datetime) -> Edition:
    """Which calendar the feed is now. As many queries for one session as for hundreds."""
    user = feed.user
    rows = _list_rows(user, now=now)
    open_keys = _find_open_pages(rows, user, now=now)
    rows = [row for row in rows if (row.membership_id, row.page_key) in open_keys]
    parts = [
        str(FORM), str(user.pk), user.language, settings.BASE_URL, settings.VENDOR_NAME, settings.DEFAULT_FROM_EMAIL,
        find_content_version(), *(row.stamp for row in rows),
    ]  # fmt: skip
    return Edition(hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40], user, rows)


def _list_rows(user: User, *, now: datetime) -> list[Row]:
    """The person's registrations that ever were seated: also those that they took back, so that the entry goes."""
    found = (
        Registration.objects.filter(user=user, seated_at__isnull=False, session__ends_at__gt=now - BACK)
        .annotate(
            topic_text=Cast("session__topic", TextField()),
            about_text=Cast("session__about", TextField()),
            reason_text=Cast("session__reason", TextField()),
        )
        .order_by("session__starts_at", "session_id")
        .values_list(
            "session_id", "session__page_key", "membership_id", "state", "seated_at", "cancelled_at",
            "session__state", "session__sequence", "session__changed_at", "session__starts_at", "session__ends_at",
            "session__zone", "session__speakers", "topic_text", "about_text", "reason_text",
        )
    )  # fmt: skip
    return [Row(*row[:6], stamp=repr(row)) for row in found]


def _find_open_pages(rows: Collection[Row], user: User, *, now: datetime) -> set[tuple[int, UUID]]:
    """The pages that are open to the person, under each membership by which they registered. Sessions obey their page."""
    wanted = {row.membership_id for row in rows}
    if not wanted:
        return set()
    open_keys = set()
    for membership in Membership.objects.filter(pk__in=wanted).select_related("partner"):  # one, for nearly everybody
        if not in_force_now(membership, now):
            continue
        keys = {row.page_key for row in rows if row.membership_id == membership.pk}
        reader = describe_reader(user, membership, now=now)
        found = reader.filter_few_open(MaterialPage.objects.filter(translation_key__in=keys))
        open_keys |= {(membership.pk, key) for key in found.values_list("translation_key", flat=True)}
    return open_keys


def write_feed(edition: Edition) -> bytes:
    """The calendar as bytes: from the cache where it has been written already."""
    key = f"training:calendar:{edition.name}"
    kept: bytes | None = cache.get(key)
    if kept is None:
        kept = _write_feed(edition)
        cache.set(key, kept, KEPT)
    return kept


def _write_feed(edition: Edition) -> bytes:
    sessions = Session.objects.in_bulk([row.session_id for row in edition.rows])
    with override(edition.user.language):
        words = find_words(sessions.values(), language=edition.user.language)
        entries = [
            describe_seat(sessions[row.session_id], row, words) for row in edition.rows if row.session_id in sessions
        ]
        return write_calendar(entries, name=name_calendar(), organizer=name_organizer())


# --- One session -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """What calendars say about the series and events of some sessions, in one language, by their key."""

    pages: dict[Any, MaterialPage]
    venues: dict[Any, str]
    language: str
    #: What stands before and after a session's id in the address of its page.
    address: tuple[str, str]

    def find_title(self, session: Session) -> str:
        page = self.pages.get(session.page_key)
        return page.title if page else ""

    def is_published(self, session: Session) -> bool:
        """Whether the session has a page to be looked at, in whichever language."""
        page = self.pages.get(session.page_key)
        return page is not None and page.live


def find_words(sessions: Iterable[Session], *, language: str) -> Words:
    """The pages of the sessions: in a language where they are published, else in another. Two queries however many."""
    keys = {session.page_key for session in sessions}
    pages = MaterialPage.objects.filter(translation_key__in=keys).select_related("locale")
    venues = EventPage.objects.filter(translation_key__in=keys).exclude(venue="").select_related("locale")

    def rank(page: MaterialPage) -> tuple[bool, bool, int]:
        # A translation that nobody may read yet gives no words.
        return page.live, page.locale.language_code == language, -page.pk

    return Words(
        {page.translation_key: page for page in sorted(pages, key=rank)},
        {page.translation_key: page.venue for page in sorted(venues, key=rank)},
        language,
        find_address(),
    )


def find_address() -> tuple[str, str]:
    """The address of every session's page, without its id: it is asked for hundreds of times."""
    before, _id, after = f"{settings.BASE_URL}{reverse('training:session', args=['_'])}".rpartition("_")
    return before, after


class Seat(Protocol):
    """What of a registration a calendar depends on."""

    @property
    def state(self) -> str: ...

    @property
    def seated_at(self) -> datetime | None: ...

    @property
    def cancelled_at(self) -> datetime | None: ...


def describe_seat(session: Session, seat: Seat, words: Words) -> Entry:
    """A session as one person's calendar shows it: one that they do not come to is cancelled for them."""
    comes = seat.state == RegistrationState.SEATED
    moments = [session.changed_at, seat.seated_at, None if comes else seat.cancelled_at]
    return describe_session(
        session,
        words,
        is_cancelled=not (comes and session.is_scheduled),
        changed_at=max(moment for moment in moments if moment is not None),
    )


def describe_session(
    session: Session, words: Words, *, is_cancelled: bool | None = None, changed_at: datetime | None = None
) -> Entry:
    """A session in the words of the active language. The link of the meeting is not among them: it stands on the page,
    for those registered, shortly before the start."""
    title = words.find_title(session)
    topic, reason = (text.in_language(words.language) for text in (session.topic, session.reason))
    url = session.public_id.join(words.address)
    lines = [
        session.about.in_language(words.language),
        _("Speakers: %(names)s") % {"names": session.speakers} if session.speakers else "",
        _("Series: %(title)s") % {"title": title} if topic and topic != title else "",
        _("What has changed: %(reason)s") % {"reason": reason} if reason else "",
        _("The link to join opens on this page shortly before the start:") + f"\n{url}" if session.is_scheduled else "",
    ]
    return Entry(
        uid=session.uid,
        sequence=session.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        zone=session.zone,
        changed_at=changed_at or session.changed_at,
        summary=topic or title,
        description="\n\n".join(line for line in lines if line),
        url=url,
        location=words.venues.get(session.page_key, ""),
        is_cancelled=not session.is_scheduled if is_cancelled is None else is_cancelled,
    )


def name_calendar() -> str:
    return _("%(portal)s: webinars and events") % {"portal": settings.WAGTAIL_SITE_NAME}


def name_organizer() -> Organizer:
    """Who invites: the vendor, by the address that the portal writes from."""
    return Organizer(settings.VENDOR_NAME, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])


def write_session(session: Session, *, language: str) -> bytes:
    """The file of one session, to be put into a calendar by hand."""
    with override(language):
        words = find_words([session], language=language)
        return write_calendar(
            [describe_session(session, words)], name=name_calendar(), organizer=name_organizer(), method=PUBLISH
        )


# --- Invitations -----------------------------------------------------------------------------------------------------


def make_invitation(notification: Notification, *, now: datetime) -> CalendarPart | None:
    """What a notice about a registration puts into the reader's calendar, as things stand when it is sent.

    The notice names the registration. A seat that is held makes a request, and each further notice a newer one; a
    session that was cancelled, and a seat that was given up, take it out again. None for whoever waits: they have never
    been invited; and for a notice that something has overtaken.
    """
    public_id = notification.context.get("registration", "")
    registration = (
        Registration.objects.filter(public_id=public_id, user=notification.user_id)
        .select_related("session", "user")
        .first()
    )
    if registration is None or registration.seated_at is None:
        return None
    session = registration.session
    comes = registration.state == RegistrationState.SEATED and session.is_scheduled
    if comes == (notification.type in CANCELLING):
        return None
    user = registration.user
    words = find_words([session], language=user.language)
    content = write_calendar(
        [describe_seat(session, registration, words)],
        name=name_calendar(),
        organizer=name_organizer(),
        method=REQUEST if comes else CANCEL,
        attendee=Attendee(user.get_full_name(), user.email),
        stamp=now,
    )
    return CalendarPart(content, REQUEST if comes else CANCEL)


#: The kinds of notice that take an entry out of a calendar; all others put it in.
CANCELLING = {"training.session_cancelled", "training.registration_cancelled"}
