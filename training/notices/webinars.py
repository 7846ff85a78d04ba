"""What members are told about webinars and events.

Nobody is called to what is not published: it leads nowhere. That a session is moved or cancelled they are told in any
case, since it stands in their calendars; then without a link.

Every notice about a registration names it in its context (``registration``), so that a calendar entry can go with it.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import Recipient, notify
from training.models import Registration, RegistrationState, Session, SessionQuestion
from training.recurring import REMINDERS
from training.services.calendars import make_invitation
from training.services.joining import find_join_path
from training.services.registrations import BATCH, find_published, take_reminders
from training.services.sessions import name_sessions

SEAT_GIVEN = NotificationType(
    "training.seat_given",
    label=_("You have a seat at a webinar"),
    template="training/notices/seat_given",
    calendar=make_invitation,
)
ON_WAITING_LIST = NotificationType(
    "training.waiting_list_joined",
    label=_("You are on the waiting list of a webinar"),
    template="training/notices/waiting_list_joined",
)
SESSION_REMINDED = NotificationType(
    "training.session_reminded",
    label=_("A webinar that you come to is about to begin"),
    template="training/notices/session_reminded",
    leads_outside=True,
)
SESSION_MOVED = NotificationType(
    "training.session_moved",
    label=_("A webinar that you come to takes place at another time"),
    template="training/notices/session_moved",
    calendar=make_invitation,
)
SESSION_CANCELLED = NotificationType(
    "training.session_cancelled",
    label=_("A webinar that you wanted to come to is cancelled"),
    template="training/notices/session_cancelled",
    calendar=make_invitation,
)
QUESTION_ANSWERED = NotificationType(
    "training.question_answered",
    label=_("Your question to the speakers has been answered"),
    template="training/notices/question_answered",
)

Row = tuple[Registration, dict[str, Any]]


def tell_seated(registration_ids: Collection[int], *, now: datetime) -> int:
    """Tell people that they have a seat: taken just now, or come free; returns how many were told."""
    rows = _describe(
        Registration.objects.filter(pk__in=registration_ids, state=RegistrationState.SEATED, seated_at__isnull=False)
    )
    recipients = [
        _address(row, context | {"moved_up": row.seated_at != row.registered_at, "link": find_join_path(row)})
        for row, context in rows
    ]
    moments = {row.public_id: row.seated_at for row, _context in rows}
    return notify(
        SEAT_GIVEN,
        recipients=recipients,
        key=lambda recipient: f"seat:{_about(recipient)}:{moments[_about(recipient)]:%Y%m%d%H%M%S}",
        now=now,
    )


def tell_waiting(registration_ids: Collection[int], *, now: datetime) -> int:
    """Tell people that they stand on the waiting list; returns how many were told."""
    rows = _describe(Registration.objects.filter(pk__in=registration_ids, state=RegistrationState.WAITING))
    moments = {row.public_id: row.registered_at for row, _context in rows}
    return notify(
        ON_WAITING_LIST,
        recipients=[_address(row, context) for row, context in rows],
        key=lambda recipient: f"waiting:{_about(recipient)}:{moments[_about(recipient)]:%Y%m%d%H%M%S}",
        now=now,
    )


def tell_moved(session_ids: Collection[int], *, now: datetime) -> int:
    """Tell everyone registered or waiting when their session takes place now; returns how many were told."""
    return _tell_all(SESSION_MOVED, session_ids, lambda session: f"moved:{session.sequence}", now=now)


def tell_cancelled(session_ids: Collection[int], *, now: datetime) -> int:
    """Tell everyone registered or waiting that their session does not take place; returns how many were told."""
    return _tell_all(SESSION_CANCELLED, session_ids, lambda _session: "cancelled", now=now)


def _tell_all(
    kind: NotificationType, session_ids: Collection[int], about: Callable[[Session], str], *, now: datetime
) -> int:
    rows = _describe(Registration.objects.standing().filter(session__in=session_ids), always=True)
    published = find_published({row.session.page_key for row, _context in rows})
    keys = {row.public_id: f"{about(row.session)}:{row.public_id}" for row, _context in rows}
    recipients = [
        _address(row, context | {"reason": row.session.reason}, is_published=row.session.page_key in published)
        for row, context in rows
    ]
    return notify(kind, recipients=recipients, key=lambda recipient: keys[_about(recipient)], now=now)


def remind_people(*, now: datetime) -> int:
    """Send the reminders whose time has come, each with the person's own link to the meeting.

    Each batch is told in the transaction that sets the next reminders, so none is lost and none is sent twice.

    Returns:
        How many notices are new.
    """
    told = 0
    while True:
        with transaction.atomic():
            reminders, looked_at = take_reminders(now=now, limit=BATCH)
            told += _remind({reminder.registration.pk: reminder.ahead for reminder in reminders}, now=now)
        if looked_at < BATCH:
            return told


def _remind(ahead: dict[int, timedelta], *, now: datetime) -> int:
    rows = _describe(Registration.objects.filter(pk__in=ahead))
    recipients: list[Recipient] = []
    keys: dict[str, str] = {}
    for row, context in rows:
        is_last = ahead[row.pk] == REMINDERS[-1]
        keys[row.public_id] = (
            f"reminder:{row.public_id}:{row.session.starts_at:%Y%m%d%H%M}:{'hour' if is_last else 'day'}"
        )
        recipients.append((row.user_id, context | {"soon": is_last}, find_join_path(row)))
    return notify(SESSION_REMINDED, recipients=recipients, key=lambda recipient: keys[_about(recipient)], now=now)


def tell_askers(question_ids: Collection[int], *, now: datetime) -> int:
    """Tell whoever asked what was answered; returns how many were told."""
    found = SessionQuestion.objects.filter(pk__in=question_ids, answered_at__isnull=False).select_related("session")
    published = find_published({question.session.page_key for question in found})
    questions = [question for question in found if question.session.page_key in published]
    names = name_sessions({question.session for question in questions})
    recipients: list[Recipient] = [
        (
            question.user_id,
            {
                "title": names[question.session_id],
                "words": question.words,
                "answer": question.answer,
                "about": question.public_id,
            },
            f"{reverse('training:session', args=[question.session.public_id])}#questions",
        )
        for question in questions
    ]
    return notify(
        QUESTION_ANSWERED,
        recipients=recipients,
        key=lambda recipient: f"question:{recipient[1]['about']}",
        now=now,
    )


def _describe(registrations: Any, *, always: bool = False) -> list[Row]:
    """What a notice about each registration says of its session; three queries at most.

    Args:
        always: also of what is not published.
    """
    rows = list(registrations.select_related("session").order_by("pk"))
    if not always:
        published = find_published({row.session.page_key for row in rows})
        rows = [row for row in rows if row.session.page_key in published]
    names = name_sessions({row.session for row in rows})
    return [
        (
            row,
            {
                "registration": row.public_id,
                "title": names[row.session_id],
                "starts_at": row.session.starts_at.isoformat(),
                "ends_at": row.session.ends_at.isoformat(),
                "speakers": row.session.speakers,
            },
        )
        for row in rows
    ]


def _address(row: Registration, context: dict[str, Any], *, is_published: bool = True) -> Recipient:
    url = reverse("training:session", args=[row.session.public_id]) if is_published else ""
    return row.user_id, context, url


def _about(recipient: Recipient) -> str:
    about: str = recipient[1]["registration"]
    return about
