"""What people are told about seats that they gave back, sessions that changed, and corrections of their attendance."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import Recipient, notify
from training.models import Attendance, Correction, Registration, RegistrationState, SessionState
from training.services.calendars import make_invitation
from training.services.registrations import find_published
from training.services.sessions import name_sessions
from training.services.upkeep import list_keepers

REGISTRATION_CANCELLED = NotificationType(
    "training.registration_cancelled",
    label=_("You have given your seat at a webinar back"),
    template="training/notices/registration_cancelled",
    calendar=make_invitation,
)
SESSION_CHANGED = NotificationType(
    "training.session_changed",
    label=_("The topic or the speakers of a webinar that you come to have changed"),
    template="training/notices/session_changed",
    calendar=make_invitation,
)
CORRECTION_ASKED = NotificationType(
    "training.correction_asked",
    label=_("A member says that their attendance is not right"),
    template="training/notices/correction_asked",
)
CORRECTION_CLOSED = NotificationType(
    "training.correction_closed",
    label=_("What came of the correction that you asked for"),
    template="training/notices/correction_closed",
)


def tell_who_gave_back(registration_ids: Collection[int], *, now: datetime) -> int:
    """Confirm to people that they do not come, so that the entry leaves their calendar; returns how many were told.

    Who only waited has no entry, and has seen on the page that they wait no more.
    """
    rows = Registration.objects.filter(
        pk__in=registration_ids, state=RegistrationState.CANCELLED, seated_at__isnull=False
    ).select_related("session")
    names = name_sessions({row.session for row in rows})
    recipients: list[Recipient] = [
        (
            row.user_id,
            {
                "registration": row.public_id,
                "title": names[row.session_id],
                "starts_at": row.session.starts_at.isoformat(),
            },
            reverse("training:session", args=[row.session.public_id]),
        )
        for row in rows
    ]
    moments = {row.public_id: row.cancelled_at for row in rows}

    def name(recipient: Recipient) -> str:
        public_id = recipient[1]["registration"]
        return f"given_back:{public_id}:{moments[public_id]:%Y%m%d%H%M%S}"

    return notify(REGISTRATION_CANCELLED, recipients=recipients, key=name, now=now)


def tell_of_changes(session_ids: Collection[int], *, now: datetime) -> int:
    """Tell those who come that the topic or the speakers are others now, so that the entry in their calendar changes.

    Of several changes the newest words are told; nobody is told of a session that is over or does not take place.
    """
    coming = Registration.objects.filter(
        session__in=session_ids, state=RegistrationState.SEATED, session__state=SessionState.SCHEDULED,
        session__ends_at__gt=now,
    ).select_related("session")  # fmt: skip
    published = find_published({row.session.page_key for row in coming})
    rows = [row for row in coming if row.session.page_key in published]
    names = name_sessions({row.session for row in rows})
    recipients: list[Recipient] = [
        (
            row.user_id,
            {
                "registration": row.public_id,
                "title": names[row.session_id],
                "starts_at": row.session.starts_at.isoformat(),
                "speakers": row.session.speakers,
            },
            reverse("training:session", args=[row.session.public_id]),
        )
        for row in rows
    ]
    sequences = {row.public_id: row.session.sequence for row in rows}

    def name(recipient: Recipient) -> str:
        public_id = recipient[1]["registration"]
        return f"changed:{sequences[public_id]}:{public_id}"

    return notify(SESSION_CHANGED, recipients=recipients, key=name, now=now)


def tell_keepers_of_corrections(correction_ids: Collection[int], *, now: datetime) -> int:
    """Tell those who keep these series that somebody's attendance is to be looked at; returns how many were told."""
    corrections = _list_corrections(correction_ids)
    names = name_sessions({row.session for row in corrections})
    keepers = list_keepers([row.session.page for row in corrections])
    recipients: list[Recipient] = [
        (
            user_id,
            _describe(row, names) | {"words": row.words, "person": str(row.user)},
            reverse("corrections:inspect", args=[row.pk]),
        )
        for row in corrections
        for user_id in keepers.get(row.session.page_id, ())
        if user_id != row.user_id
    ]
    return notify(CORRECTION_ASKED, recipients=recipients, key=_name_correction, now=now)


def tell_who_asked_corrections(correction_ids: Collection[int], *, now: datetime) -> int:
    """Tell each person what came of the correction they asked for; returns how many were told."""
    corrections = [row for row in _list_corrections(correction_ids) if row.closed_at is not None]
    names = name_sessions({row.session for row in corrections})
    counted = {
        (row.session_id, row.user_id): row
        for row in Attendance.objects.filter(session__in={row.session_id for row in corrections})
    }
    recipients: list[Recipient] = []
    for row in corrections:
        attendance = counted.get((row.session_id, row.user_id))
        context = _describe(row, names) | {
            "outcome": row.outcome,
            "answer": row.answer,
            "minutes": attendance.minutes if attendance else 0,
            "attended": bool(attendance and attendance.attended),
        }
        recipients.append((row.user_id, context, reverse("training:attendance")))
    return notify(CORRECTION_CLOSED, recipients=recipients, key=_name_correction, now=now)


def _list_corrections(correction_ids: Collection[int]) -> list[Correction]:
    return list(Correction.objects.filter(pk__in=correction_ids).select_related("session__page__locale", "user"))


def _describe(row: Correction, names: dict[int, dict[str, str]]) -> dict[str, Any]:
    return {
        "title": names[row.session_id],
        "starts_at": row.session.starts_at.isoformat(),
        "about": row.public_id,
    }


def _name_correction(recipient: Recipient) -> str:
    return f"correction:{recipient[1]['about']}"
