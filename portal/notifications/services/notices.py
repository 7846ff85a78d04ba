"""Telling people something, once each."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from portal.accounts.models import User
from portal.notifications.models import Notification, Preference
from portal.notifications.registry import NotificationType

Recipient = tuple[int, dict[str, Any], str]

#: Set by ``portal.notifications.tasks``: services never enqueue by themselves.
wake: Callable[[], None] | None = None


@transaction.atomic
def notify(
    kind: NotificationType,
    *,
    recipients: Iterable[Recipient],
    key: str | Callable[[Recipient], str],
    now: datetime,
) -> int:
    """Tell each person once what ``kind`` says; e-mail goes out after commit to those who want it.

    Four queries whatever the number of people. Telling the same person the same thing again, by ``(kind, key)``,
    changes nothing: receivers may run twice.

    Args:
        kind: what is told.
        recipients: ``(user_id, context, url)``. The context holds the plain JSON values that the templates need: texts
            by language (``{"en": ..., "ru": ...}``) are shown in the reader's, and ISO times under names that end in
            ``_at`` become moments in the reader's zone. ``url`` is a path on this site, or empty.
        key: what it is about, such as ``"offer:4711"``; or a function of the recipient. Unique per person and kind.
        now: when it became true.

    Returns:
        How many notices are new.
    """
    by_key = {(recipient[0], key if isinstance(key, str) else key(recipient)): recipient for recipient in recipients}
    user_ids = {user_id for user_id, _about in by_key}
    present = set(User.objects.active().filter(pk__in=user_ids).values_list("pk", flat=True))
    chosen = {row.user_id: row for row in Preference.objects.filter(type=kind.name, user_id__in=present)}
    told = set(
        Notification.objects.filter(
            type=kind.name, user_id__in=present, key__in={about for _user_id, about in by_key}
        ).values_list("user_id", "key")
    )
    rows = []
    for (user_id, about), (_recipient, context, url) in by_key.items():
        choice = chosen.get(user_id)
        in_inbox = choice.in_inbox if choice else True
        by_email = choice.by_email if choice else kind.by_email
        if user_id in present and (user_id, about) not in told and (in_inbox or by_email):
            rows.append(
                Notification(
                    user_id=user_id,
                    type=kind.name,
                    key=about,
                    context=context,
                    url=url,
                    created_at=now,
                    in_inbox=in_inbox,
                    email_due_at=now if by_email else None,
                )
            )
    # Of two that tell the same at once, the constraint lets one through.
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    if wake is not None and any(row.email_due_at for row in rows):
        # Robust: with the broker away the notices stand, and the sweeper finds them.
        transaction.on_commit(wake, robust=True)
    return len(rows)
