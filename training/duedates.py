"""By when a course is due for a person, and when they are reminded of it.

A rule names a job role, a tier, both or neither, and a number of days. It is for a person who has what it names. The
days are counted from the moment at which all of it had become true: the person had joined, held the role, their partner
was at the tier, and the course was there to be taken. A rule that says from when it counts is counted from then at the
earliest: one that is added late leaves everybody its days.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Days before the due date on which a person is reminded, the earliest first; at 0 they are told that it has passed.
REMINDERS = (7, 1, 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """Within so many days, for people in a job role, of partners at a tier; None: any.

    Attributes:
        counts_from: nobody's days begin before it; None where they may, however long ago that was.
    """

    days: int
    job_role: int | None = None
    tier: int | None = None
    counts_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What is true of a member now, and since when.

    Attributes:
        joined_at: when the membership began.
        roles: the job roles held now, each with the moment since which it has been held.
        tier: the tier that the partner is at now.
        tier_since: since when.
    """

    joined_at: datetime
    roles: Mapping[int, datetime]
    tier: int | None
    tier_since: datetime


def find_due(rules: Iterable[Rule], situation: Situation, *, published_at: datetime) -> datetime | None:
    """By when the course is due: the earliest over the rules that are for the person; None where none is."""
    dates = [
        _find_start(rule, situation, published_at) + timedelta(days=rule.days)
        for rule in rules
        if _is_for(rule, situation)
    ]
    return min(dates, default=None)


def _is_for(rule: Rule, situation: Situation) -> bool:
    return (rule.job_role is None or rule.job_role in situation.roles) and (
        rule.tier is None or rule.tier == situation.tier
    )


def _find_start(rule: Rule, situation: Situation, published_at: datetime) -> datetime:
    moments = [situation.joined_at, published_at]
    if rule.job_role is not None:
        moments.append(situation.roles[rule.job_role])
    if rule.tier is not None:
        moments.append(situation.tier_since)
    if rule.counts_from is not None:
        moments.append(rule.counts_from)
    return max(moments)


def first_reminder(due_at: datetime) -> datetime:
    """When a person is first reminded. It may have passed already: then they are told as soon as that is seen."""
    return due_at - timedelta(days=REMINDERS[0])


def next_reminder(due_at: datetime, *, after: datetime) -> datetime | None:
    """The first reminder later than a moment; None after the last."""
    return next((moment for moment in _list_moments(due_at) if moment > after), None)


def find_reminder(due_at: datetime, *, now: datetime) -> int | None:
    """Which reminder is to be sent now: of those whose time has come, the last, as its days before the due date.

    None before the first. Of several that were missed only the last is still true.
    """
    come = [days for days, moment in zip(REMINDERS, _list_moments(due_at), strict=True) if moment <= now]
    return come[-1] if come else None


def _list_moments(due_at: datetime) -> list[datetime]:
    return [due_at - timedelta(days=days) for days in REMINDERS]
