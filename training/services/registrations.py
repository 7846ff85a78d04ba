"""Coming to a session: seats that are never one too many, a waiting list that moves up by itself, reminders.

Whoever changes seats holds the lock of the session's row, so that the count of seats taken is always that of the seated,
and the waiting list moves up in its order. The database refuses one seat too many in any case.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import PRESENT, Membership, in_force_now
from training.access import check_material, describe_reader, may_run_webinars
from training.facts import registrations_cancelled, seats_given, waiting_lists_joined
from training.models import MaterialPage, Registration, RegistrationState, Session
from training.recurring import find_reminder, next_reminder

#: Reminders worked off in one transaction.
BATCH = 200


def lock_session(session: Session) -> Session:
    """The session as it stands, held until the end of the transaction."""
    return Session.objects.select_for_update().get(pk=session.pk)


def find_live_page(session: Session) -> MaterialPage | None:
    """The series or event of a session: live, in the active language where there is one; of the base type."""
    pages = MaterialPage.objects.live().filter(translation_key=session.page_key).select_related("locale")
    return min(pages, key=lambda page: page.locale.language_code != get_language(), default=None)


def find_published(page_keys: Collection[UUID]) -> set[UUID]:
    """Of these series and events those that are live in some language. What is not leads nowhere: nobody is called to it."""
    live = MaterialPage.objects.live().filter(translation_key__in=page_keys)
    return set(live.values_list("translation_key", flat=True))


def check_taking_part(session: Session, *, membership: Membership, by: Any, now: datetime) -> None:
    """Let a member pass to whom the session's series or event is open now.

    Raises:
        NotAllowed: when the membership is another's or has ended, or the series is not open to it.
        Refusal: when the series is not published.
    """
    if by.pk != membership.user_id or not in_force_now(membership, now):
        raise NotAllowed(
            _("Webinars are for the members of partners, and you are a member of none now."),
            remedy=_("The owner of a partner organisation can invite you."),
            code="not_a_member",
        )
    page = find_live_page(session)
    if page is None:
        raise Refusal(_("This webinar is not on the portal any more."), code="gone")
    reader = describe_reader(by, membership, now=now)
    closed = page.closed_audience(reader.audience_ids)
    if closed is not None:
        check_material(page, reader)


@transaction.atomic
def register(session: Session, *, membership: Membership, by: Any, now: datetime) -> Registration:
    """Take a seat, or a place at the end of the waiting list. Safe to repeat: who has one keeps it.

    1. Check that the member may take part.
    2. Lock the session, and check that it takes place and is not over.
    3. Stand at the end of the waiting list; who comes back after cancelling is last too.
    4. Let the list move up: where seats are free, it ends with this very person.

    Raises:
        NotAllowed: as :func:`check_taking_part`.
        Refusal: when the session is cancelled or over.
    """
    # 1
    check_taking_part(session, membership=membership, by=by, now=now)
    # 2
    held = lock_session(session)
    if not held.is_scheduled:
        raise Refusal(
            _("This session is cancelled."), remedy=_("The series has other dates."), code="session_cancelled"
        )
    if held.ends_at <= now:
        raise Refusal(
            _("This session is over."), remedy=_("The recording stands on its page when it is ready."), code="over"
        )
    # 3
    waiting = {
        "membership": membership,
        "state": RegistrationState.WAITING,
        "registered_at": now,
        "seated_at": None,
        "cancelled_at": None,
        "remind_at": None,
    }
    registration, created = Registration.objects.get_or_create(session=held, user=by, defaults=waiting)
    if not created:
        if registration.state != RegistrationState.CANCELLED:
            return registration
        for name, value in waiting.items():
            setattr(registration, name, value)
        registration.save(update_fields=list(waiting))
    # 4
    if not any(row.pk == registration.pk for row in _move_up(held, by=by, now=now, admitted=registration.pk)):
        waiting_lists_joined.announce(registration_ids=[registration.pk], by=by)
    session.seats_taken = held.seats_taken
    registration.refresh_from_db(fields=["state", "seated_at", "remind_at"])
    return registration


@transaction.atomic
def cancel_registration(registration: Registration, *, by: Any, now: datetime) -> Registration:
    """Give a seat or a place on the waiting list back; who waits moves up. Safe to repeat.

    Raises:
        NotAllowed: for somebody who is neither the person nor runs webinars.
        Refusal: when the session is over.
    """
    if by.pk != registration.user_id and not may_run_webinars(by):
        raise NotAllowed(_("A seat is given back by whoever has it."), code="not_yours")
    held = lock_session(registration.session)
    row = Registration.objects.select_for_update().get(pk=registration.pk)
    if row.state == RegistrationState.CANCELLED:
        return row
    if held.ends_at <= now:
        raise Refusal(_("This session is over: it stays in your list."), code="over")
    _give_back(held, [row], by=by, now=now)
    return row


@transaction.atomic
def fill_seats(session: Session, *, now: datetime) -> list[Registration]:
    """Move the waiting up as far as there are seats, in their order; returns who has got one.

    The caller holds the session's lock (:func:`lock_session`), and the given row is the locked one.
    """
    return _move_up(session, by=None, now=now)


def _move_up(session: Session, *, by: Any, now: datetime, admitted: int | None = None) -> list[Registration]:
    """As :func:`fill_seats`. Who is a member no more, or to whom the series is closed now, is passed over and keeps the
    place in case that changes; so does everybody while it is not published.

    Args:
        admitted: a registration of which that has been checked just now.
    """
    if not session.is_scheduled or session.ends_at <= now:
        return []
    waiting = (
        Registration.objects.filter(session=session, state=RegistrationState.WAITING)
        .filter(
            Q(membership__ended_at__isnull=True) | Q(membership__ended_at__gt=now),
            membership__partner__status__in=PRESENT,
            user__is_active=True,
        )
        .order_by("registered_at", "pk")
    )
    left = session.seats_left
    rows = list(waiting if left is None else waiting[: max(left, 0)])
    if any(row.pk != admitted for row in rows):
        rows = _keep_open(session, waiting, rows, left, now=now)
    if not rows:
        return []
    remind_at = next_reminder(session.starts_at, after=now)
    # The seats first: the constraint speaks before anybody is told.
    session.seats_taken += len(rows)
    session.save(update_fields=["seats_taken"])
    for row in rows:
        row.state, row.seated_at, row.remind_at = RegistrationState.SEATED, now, remind_at
    Registration.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=RegistrationState.SEATED, seated_at=now, remind_at=remind_at
    )
    seats_given.announce(registration_ids=[row.pk for row in rows], by=by)
    return rows


def _keep_open(
    session: Session, waiting: QuerySet[Registration], first: list[Registration], left: int | None, *, now: datetime
) -> list[Registration]:
    """The first who wait and to whom the series is open, as many as there are seats.

    A series for everybody asks nothing of the people; of one with an audience each is asked, until the seats are given.
    """
    page = find_live_page(session)
    if page is None:
        return []
    if not page.audiences:
        return first
    kept: list[Registration] = []
    for row in waiting.select_related("user", "membership__partner", "membership__user"):
        if left is not None and len(kept) == left:
            break
        reader = describe_reader(row.user, row.membership, now=now)
        if page.closed_audience(reader.audience_ids) is None:
            kept.append(row)
    return kept


def fill_series(page_key: UUID, *, now: datetime) -> int:
    """Move the waiting up at every session ahead, after a series or event was published: it may have come back, or be
    open to more people. Returns how many have got a seat. Safe to repeat.
    """
    waiting = Registration.objects.filter(state=RegistrationState.WAITING).values("session")
    moved = 0
    for session in Session.objects.scheduled().ahead(now).filter(page_key=page_key, pk__in=waiting).order_by("pk"):
        with transaction.atomic():
            moved += len(fill_seats(lock_session(session), now=now))
    return moved


def _give_back(session: Session, rows: Collection[Registration], *, by: Any, now: datetime) -> None:
    """Take registrations of a locked session back, and let the waiting move up."""
    freed = sum(row.state == RegistrationState.SEATED for row in rows)
    for row in rows:
        row.state, row.cancelled_at, row.remind_at = RegistrationState.CANCELLED, now, None
    Registration.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=RegistrationState.CANCELLED, cancelled_at=now, remind_at=None
    )
    if freed:
        session.seats_taken -= freed
        session.save(update_fields=["seats_taken"])
    registrations_cancelled.announce(registration_ids=[row.pk for row in rows], by=by)
    if freed:
        _move_up(session, by=None, now=now)


def release_seats(membership_ids: Collection[int], *, now: datetime) -> int:
    """Give back the seats of people who have left their partner, in sessions that are ahead; returns how many.

    Safe to repeat. One session at a time is locked, so that two releases cannot wait for each other.
    """
    left = Registration.objects.standing().filter(
        membership__in=membership_ids, membership__ended_at__isnull=False, session__ends_at__gt=now
    )
    released = 0
    for session in Session.objects.filter(pk__in=left.values("session")).order_by("pk"):
        with transaction.atomic():
            held = lock_session(session)
            rows = list(left.filter(session=held).select_for_update(of=("self",)))
            if rows:
                _give_back(held, rows, by=None, now=now)
            released += len(rows)
    return released


# --- Reminders -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reminder:
    """That a person is to be reminded, and how long before the beginning it belongs."""

    registration: Registration
    ahead: timedelta


def plan_reminders(session: Session, *, now: datetime) -> None:
    """Set the reminders of a locked session anew, after it was moved; none where it does not take place."""
    remind_at = next_reminder(session.starts_at, after=now) if session.is_scheduled else None
    Registration.objects.filter(session=session, state=RegistrationState.SEATED).update(remind_at=remind_at)


@transaction.atomic
def take_reminders(*, now: datetime, limit: int = BATCH) -> tuple[list[Reminder], int]:
    """Take up to ``limit`` reminders whose time has come, and set each person's next.

    The caller tells the people in the same transaction. Of two that were missed only the later is left to send; who has
    left their partner meanwhile is not reminded.

    Returns:
        The reminders, and how many rows were looked at: as many as the limit when there may be more.
    """
    due = Registration.objects.to_remind(now).order_by("remind_at", "pk")
    rows = list(due.select_for_update(of=("self",), skip_locked=True)[:limit])
    found = Registration.objects.filter(pk__in=[row.pk for row in rows])
    taken = list(found.select_related("session", "user", "membership__partner").order_by("pk"))
    reminders = []
    published = find_published({row.session.page_key for row in taken})
    for row in taken:
        starts_at = row.session.starts_at
        ahead = find_reminder(starts_at, now=now)
        row.remind_at = next_reminder(starts_at, after=now) if row.session.is_scheduled else None
        takes_place = row.session.is_scheduled and row.session.page_key in published
        if ahead is not None and takes_place and in_force_now(row.membership, now):
            reminders.append(Reminder(row, ahead))
    Registration.objects.bulk_update(taken, ["remind_at"], batch_size=BATCH)
    return reminders, len(rows)
