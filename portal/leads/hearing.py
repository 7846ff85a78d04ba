"""What is promised to a customer, and what the two sides say of the first call. Pure."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.leads.hours import WorkingHours

#: A customer seldom looks at a clock: a day more or less is the same call.
SAME_CALL_DAYS = 1


class Hearing(StrEnum):
    """How the partner's word and the customer's go together."""

    AGREED = "agreed"
    #: The partner says that it called, the customer that nobody did.
    PARTNER_ONLY = "partner"
    #: The customer was called, and the partner has not said so.
    CUSTOMER_ONLY = "customer"
    #: Both speak of a call, of days that are too far apart.
    APART = "apart"

    @property
    def is_contrary(self) -> bool:
        return self is not Hearing.AGREED


def promise_until(accepted_at: datetime, *, within_hours: int, working: WorkingHours | None) -> datetime | None:
    """By when a customer is called first; None where nothing is promised.

    Args:
        within_hours: the promise of the policy; 0 for none.
        working: when the partner works, where the policy counts in its hours.
    """
    if not within_hours:
        return None
    span = timedelta(hours=within_hours)
    return accepted_at + span if working is None else working.add(accepted_at, span)


def compare(
    *, said_at: datetime | None, called: bool, called_on: date | None, answered_at: datetime, zone: str
) -> Hearing:
    """Set the customer's answer against what the partner noted.

    Args:
        said_at: when the partner says that it spoke with the customer first.
        called, called_on: whether somebody called, and on which day, as far as the customer remembers.
        answered_at: a call after the answer is none that it could speak of.
        zone: in which the partner's moment is a day.
    """
    has_said = said_at is not None and said_at <= answered_at
    if not called:
        return Hearing.PARTNER_ONLY if has_said else Hearing.AGREED
    if not has_said or said_at is None:
        return Hearing.CUSTOMER_ONLY
    if called_on is not None and abs((said_at.astimezone(ZoneInfo(zone)).date() - called_on).days) > SAME_CALL_DAYS:
        return Hearing.APART
    return Hearing.AGREED


def was_kept(
    *,
    due_at: datetime | None,
    called: bool,
    called_on: date | None,
    said_at: datetime | None,
    answered_at: datetime,
    zone: str,
) -> bool | None:
    """Whether the promised first contact was kept by the customer's own word; None where that cannot be said.

    A day that the customer names counts whole: a call on the day of the promise kept it. Without a day the partner's
    moment holds, since the customer confirmed the call.
    """
    if due_at is None:
        return None
    if not called:
        return False if answered_at > due_at else None
    if called_on is not None:
        return called_on <= due_at.astimezone(ZoneInfo(zone)).date()
    return said_at <= due_at if said_at is not None and said_at <= answered_at else None


def in_whole(count: int, at_least: int) -> int:
    """How many of ``count`` answers may be told together: whole groups, so that the next one does not show by itself.

    >>> [in_whole(count, 5) for count in (4, 5, 9, 10)]
    [0, 5, 5, 10]
    """
    return count - count % at_least
