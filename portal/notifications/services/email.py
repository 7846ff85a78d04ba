"""Sending notices by e-mail.

``Notification.email_due_at`` drives everything. A sender claims what is due under lock, which moves the due time past
the lease; sends; and clears the due time. A sender that dies leaves its claim to run out, and the sweeper sends again:
a message may, then, arrive twice, but it never gets lost, and no two senders hold the same notice at once.
"""

import logging
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import get_connection
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.accounts.services.letters import send_letter
from portal.notifications.models import Notification
from portal.notifications.registry import types
from portal.notifications.services.wording import localise_path, word

logger = logging.getLogger(__name__)

#: How long a claim holds: longer than any batch takes to send.
LEASE = timedelta(minutes=10)
#: The waits after a failed try; after the last one the message is given up, and stays in the inbox.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)
BATCH = 50


def send_due_emails(*, now: datetime, limit: int = 500) -> int:
    """Send what is due, at most ``limit`` messages; returns how many were sent."""
    sent = tried = 0
    while tried < limit:
        claim = uuid.uuid4().hex
        batch = claim_due(claim, now=now, limit=min(BATCH, limit - tried))
        if not batch:
            break
        tried += len(batch)
        mail = get_connection()
        for notification in batch:
            try:
                _send(notification, mail, now=now)
            except Exception as error:  # any server may fail in any way: this one comes up again, the next goes on
                logger.warning("The e-mail of notice %s was not sent: %s", notification.pk, type(error).__name__)
                _put_off(notification, error, now=now)
                mail.close()
            else:
                sent += 1
                _settle(notification, email_due_at=None, email_sent_at=now, email_error="")
        mail.close()
    return sent


@transaction.atomic
def claim_due(claim: str, *, now: datetime, limit: int) -> list[Notification]:
    """Take up to ``limit`` due notices for the holder of ``claim``, until the lease runs out."""
    due = Notification.objects.email_due(now).order_by("email_due_at")
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True)
    else:  # SQLite: a writing transaction is alone anyway
        due = due.select_for_update()
    ids = list(due.values_list("pk", flat=True)[:limit])
    Notification.objects.filter(pk__in=ids).update(
        email_due_at=now + LEASE, email_claim=claim, email_tries=F("email_tries") + 1
    )
    return list(Notification.objects.filter(pk__in=ids).select_related("user").order_by("pk"))


def _send(notification: Notification, mail: object, *, now: datetime) -> None:
    person = notification.user
    if not person.is_active:
        return
    with translation.override(person.language), timezone.override(person.zone):
        wording = word(notification, person=person, by_email=True)
        if wording is None:
            return
        path = localise_path(notification.url, person.language)
        make_calendar = types[notification.type].calendar
        send_letter(
            person.email,
            subject=wording.subject,
            paragraphs=wording.paragraphs,
            url=f"{settings.BASE_URL}{path}" if path else "",
            action=_("Open in the portal"),
            footer=_("You can choose in the portal what we write to you about."),
            calendar=make_calendar(notification, now=now) if make_calendar else None,
            mail=mail,
        )


def _put_off(notification: Notification, error: Exception, *, now: datetime) -> None:
    tries = notification.email_tries
    due_at = now + WAITS[tries - 1] if tries <= len(WAITS) else None
    _settle(notification, email_due_at=due_at, email_error=type(error).__name__)


def _settle(notification: Notification, **fields: object) -> None:
    """Write the outcome, unless the lease ran out meanwhile and another sender holds the notice."""
    Notification.objects.filter(pk=notification.pk, email_claim=notification.email_claim).update(
        email_claim="", **fields
    )
