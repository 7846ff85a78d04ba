"""The moments of an attempt and of a credential. Pure: aware datetimes in, aware datetimes out."""

from calendar import monthrange
from datetime import datetime, timedelta

#: An answer that arrives this long after the deadline still counts: it was given in time and travelled slowly.
GRACE = timedelta(seconds=60)
#: From this long before its end a credential may be renewed, and is shown as expiring.
RENEWAL_WINDOW = timedelta(days=60)


def deadline_after(started_at: datetime, *, minutes: int) -> datetime:
    """When the inputs lock."""
    return started_at + timedelta(minutes=minutes)


def due_after(deadline_at: datetime) -> datetime:
    """When the attempt is submitted as it is; until then (inclusive) answers count."""
    return deadline_at + GRACE


def months_after(moment: datetime, months: int) -> datetime:
    """The same day and time ``months`` later, or that month's last day where it has no such day (31 Jan -> 28 Feb)."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def retake_from(submitted_at: datetime, *, hours: int) -> datetime:
    """From when a failed exam may be sat again."""
    return submitted_at + timedelta(hours=hours)


def renewable_from(expires_at: datetime) -> datetime:
    """From when a held credential may be renewed."""
    return expires_at - RENEWAL_WINDOW


def is_expiring(expires_at: datetime, now: datetime) -> bool:
    """Whether a credential still holds but is close to its end."""
    return renewable_from(expires_at) <= now < expires_at
