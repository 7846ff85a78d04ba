"""What a person has read."""

from datetime import datetime

from portal.accounts.models import User
from portal.notifications.models import Notification


def mark_read(notification: Notification, *, by: User, now: datetime) -> Notification:
    """Note that the person it was for has opened it; the first time counts.

    Raises:
        Notification.DoesNotExist: it was told to somebody else.
    """
    if notification.user_id != by.pk:
        raise Notification.DoesNotExist
    if notification.read_at is None:
        Notification.objects.filter(pk=notification.pk, read_at__isnull=True).update(read_at=now)
        notification.read_at = now
    return notification


def mark_all_read(user: User, *, now: datetime) -> int:
    """Note that the person has seen everything told up to now; returns how many were unread."""
    return Notification.objects.for_user(user.pk).unread().filter(created_at__lte=now).update(read_at=now)
