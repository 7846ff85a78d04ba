"""How fresh a material is, and when its owner is asked to look it through.

A material is *verified* until its next look comes near, *due* from then on, and *overdue* once the day has passed. The
owner is reminded 14 and 7 days ahead and on the day itself. Nobody is asked in the first half of an interval: what is
reviewed every ten days is due for the last five of them, and its owner hears of it on the day alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: How long before its day a material is due.
NOTICE = timedelta(days=14)
#: Days before the day on which the owner is reminded, the earliest first.
REMINDERS = (14, 7, 0)


class Freshness(StrEnum):
    VERIFIED = "verified"
    DUE = "due"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The moments of one interval: due from, overdue from, and the first reminder."""

    ask_from: datetime
    due_at: datetime
    remind_at: datetime


def plan_review(verified_at: datetime, *, days: int) -> Schedule:
    """When a material that was found true at ``verified_at`` is due again, ``days`` being its interval.

    Raises:
        ValueError: for an interval of less than a day.
    """
    if days < 1:
        raise ValueError("A material is reviewed every day at most")
    due_at = verified_at + timedelta(days=days)
    first = next_reminder(verified_at, due_at, after=verified_at)
    return Schedule(find_asking(verified_at, due_at), due_at, due_at if first is None else first)


def find_asking(verified_at: datetime, due_at: datetime) -> datetime:
    """From when on the material is due: 14 days ahead, but not in the first half of its interval."""
    return max(due_at - NOTICE, verified_at + (due_at - verified_at) / 2)


def judge_freshness(verified_at: datetime, due_at: datetime, *, now: datetime) -> Freshness:
    if now >= due_at:
        return Freshness.OVERDUE
    return Freshness.DUE if now >= find_asking(verified_at, due_at) else Freshness.VERIFIED


def find_reminder(verified_at: datetime, due_at: datetime, *, now: datetime) -> int | None:
    """The reminder whose time it is: 14, 7 or 0; None before the first. Of several that were missed, the latest."""
    passed = [days for days, moment in _list_reminders(verified_at, due_at) if moment <= now]
    return passed[-1] if passed else None


def next_reminder(verified_at: datetime, due_at: datetime, *, after: datetime) -> datetime | None:
    """The moment of the first reminder after ``after``; None when the last one has been."""
    return next((moment for _days, moment in _list_reminders(verified_at, due_at) if moment > after), None)


def _list_reminders(verified_at: datetime, due_at: datetime) -> list[tuple[int, datetime]]:
    asking = find_asking(verified_at, due_at)
    moments = [(days, due_at - timedelta(days=days)) for days in REMINDERS]
    return [(days, moment) for days, moment in moments if moment >= asking]
