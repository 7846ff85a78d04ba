"""The one date of an event: kept as its published page says, so that seats, reminders and calendars follow the page."""

from datetime import datetime
from typing import Any

from django.db import transaction

from training.facts import sessions_moved
from training.models import EventPage, Session
from training.services.registrations import fill_seats, lock_session, plan_reminders
from training.services.sessions import SessionPlan, create_session, hold_dates


@transaction.atomic
def follow_event(page: EventPage, *, by: Any, now: datetime) -> Session:
    """What publishing an event does to its date. Safe to repeat: nothing is told where nothing has changed.

    1. Hold the dates of the event: two languages may be published at once.
    2. The first publishing makes the date.
    3. Another time is told to everyone registered, and reminders are set anew; a changed place or link counts for
       calendars; more seats let the waiting move up.

    A date that was cancelled stays cancelled. Seats are never fewer than are taken: who registered while the editor
    was writing keeps theirs.
    """
    # 1
    hold_dates(page.translation_key)
    known = Session.objects.filter(page_key=page.translation_key).order_by("pk").first()
    # 2
    if known is None:
        plan = SessionPlan(
            page.starts_at, page.ends_at, page.zone, capacity=page.capacity, meeting_url=page.meeting_url
        )
        return create_session(page, plan=plan, by=by, now=now)
    # 3
    held = lock_session(known)
    seats = None if page.capacity is None else max(page.capacity, held.seats_taken)
    moved = (held.starts_at, held.ends_at) != (page.starts_at, page.ends_at)
    changed = (held.zone, held.meeting_url) != (page.zone, page.meeting_url)
    roomier = held.capacity != seats
    if not (moved or changed or roomier):
        return held
    held.starts_at, held.ends_at, held.zone = page.starts_at, page.ends_at, page.zone
    held.meeting_url, held.capacity, held.changed_at = page.meeting_url, seats, now
    if moved or changed:
        held.sequence += 1
    held.save(update_fields=["starts_at", "ends_at", "zone", "meeting_url", "capacity", "sequence", "changed_at"])
    if moved and held.is_scheduled:
        plan_reminders(held, now=now)
        sessions_moved.announce(session_ids=[held.pk], by=by)
    if roomier:
        fill_seats(held, now=now)
    return held
