"""The moments of an attempt and of a credential. Pure: aware datetimes in, aware datetimes out.

Time that stands still is counted as stretches and never added up twice: an outage in the middle of a break is one stretch.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

#: An answer that arrives this long after the deadline still counts: it was given in time and travelled slowly.
GRACE = timedelta(seconds=60)
#: From this long before its end a credential may be renewed, and is shown as expiring.
RENEWAL_WINDOW = timedelta(days=60)
#: However it grows, a wait before another try is no longer than a year.
MOST_WAIT_HOURS = 365 * 24

NOTHING = timedelta()


# --- The clock of an attempt -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clock:
    """Everything that decides when an attempt ends.

    Attributes:
        limit_seconds: the exam's time limit.
        factor_percent: of the limit, for this candidate.
        break_seconds: breaks taken so far.
        given_back_seconds: time that stood still for everyone: halts, and outages of the service.
        window_end: when the exam's window closes.
        window_is_hard: it closes on accommodations too.
        accommodated: whether the candidate has an accommodation of time or breaks.
    """

    started_at: datetime
    limit_seconds: int
    factor_percent: int = 100
    break_seconds: int = 0
    given_back_seconds: int = 0
    window_end: datetime | None = None
    window_is_hard: bool = False
    accommodated: bool = False

    @property
    def deadline(self) -> datetime:
        """When the inputs lock: ``min(start + limit x factor + breaks, window end) + time given back``.

        The window is not looked at for an accommodated candidate, unless it is hard. What is given back moves past every
        window, a hard one included: it was the service that took it, and it can take it in the last minute.
        A fraction of a second that the factor leaves is the candidate's.
        """
        seconds = -(-self.limit_seconds * self.factor_percent // 100) + self.break_seconds
        end = self.started_at + timedelta(seconds=seconds)
        if self.window_end is not None and (self.window_is_hard or not self.accommodated):
            end = min(end, self.window_end)
        return end + timedelta(seconds=self.given_back_seconds)

    @property
    def due(self) -> datetime:
        """When the attempt is submitted as it is; until then (inclusive) answers count."""
        return due_after(self.deadline)


def break_ends_at(since: datetime, *, allowed_seconds: int, taken_seconds: int) -> datetime:
    """When a break that began at ``since`` has used up what is allowed; ``since`` itself where nothing is left."""
    return since + timedelta(seconds=max(0, allowed_seconds - taken_seconds))


def due_after(deadline_at: datetime) -> datetime:
    """When the attempt is submitted as it is; until then (inclusive) answers count."""
    return deadline_at + GRACE


# --- Time that stood still -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``since``, which belongs to it, to ``until``, which does not. Nothing where ``until`` is not later."""

    since: datetime
    until: datetime


def unite(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The moments that are in any of them, as stretches that neither overlap nor touch, the earliest first."""
    united: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda stretch: stretch.since):
        if stretch.until <= stretch.since:
            continue
        if united and stretch.since <= united[-1].until:
            united[-1] = Stretch(united[-1].since, max(united[-1].until, stretch.until))
        else:
            united.append(stretch)
    return tuple(united)


def subtract(stretches: Iterable[Stretch], others: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The moments that are in ``stretches`` and in none of the others."""
    left: list[Stretch] = []
    gaps = unite(others)
    for stretch in unite(stretches):
        since = stretch.since
        for gap in gaps:
            if gap.until <= since or gap.since >= stretch.until:
                continue
            left.append(Stretch(since, gap.since))
            since = gap.until
        left.append(Stretch(since, stretch.until))
    return unite(left)


def length(stretches: Iterable[Stretch]) -> timedelta:
    """How long they are together; what they share counts once."""
    return sum((stretch.until - stretch.since for stretch in unite(stretches)), NOTHING)


def time_lost(
    outage: Stretch,
    *,
    started_at: datetime,
    due_at: datetime,
    submitted_at: datetime | None = None,
    stood_still: Iterable[Stretch] = (),
) -> timedelta:
    """What an outage (or a halt) took from an attempt: what ``Clock.given_back_seconds`` has to grow by.

    An outage that begins before the attempt is due counts to its end, not to the deadline: whoever had ten minutes left
    when the service went has ten minutes when it is back.

    Args:
        due_at: as known when the outage began; with all that was given back until then.
        submitted_at: None while the attempt runs.
        stood_still: breaks, halts and outages that are accounted for already. One that goes on ends with the outage.
    """
    if outage.since >= due_at:
        return NOTHING
    until = outage.until if submitted_at is None else min(outage.until, submitted_at)
    return length(subtract([Stretch(max(outage.since, started_at), until)], stood_still))


def whole_seconds(duration: timedelta) -> int:
    """Whole seconds, rounded up: in the candidate's favour."""
    return -(-duration // timedelta(seconds=1))


# --- Another try -----------------------------------------------------------------------------------------------------


def retake_from(
    submitted_at: datetime, *, hours: int, failures: int = 1, growth_percent: int = 0, most_hours: int | None = None
) -> datetime:
    """From when a failed exam may be sat again.

    Args:
        hours: the wait after the first failure.
        failures: how many there have been, this one included.
        growth_percent: by how much each further wait is longer than the one before: at 100 it doubles.
        most_hours: the longest wait; never more than a year.
    """
    most = MOST_WAIT_HOURS if most_hours is None else min(most_hours, MOST_WAIT_HOURS)
    wait, growth = Fraction(hours), Fraction(100 + growth_percent, 100)
    if growth > 1 and wait:
        for _failure in range(failures - 1):
            if wait >= most:
                break
            wait *= growth
    return submitted_at + timedelta(minutes=int(min(wait, Fraction(most)) * 60))


def attempts_left(used: int, *, allowed: int | None, extra: int = 0) -> int | None:
    """How many more attempts may be begun; None for any number.

    Args:
        used: those that count: since the last pass, the voided left out.
        allowed: how many the exam allows; None for any number.
        extra: how many more were granted.
    """
    return None if allowed is None else max(0, allowed + extra - used)


# --- Credentials -----------------------------------------------------------------------------------------------------


def months_after(moment: datetime, months: int) -> datetime:
    """The same day and time ``months`` later, or that month's last day where it has no such day (31 Jan -> 28 Feb)."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def renewable_from(expires_at: datetime) -> datetime:
    """From when a held credential may be renewed."""
    return expires_at - RENEWAL_WINDOW


def is_expiring(expires_at: datetime, now: datetime) -> bool:
    """Whether a credential still holds but is close to its end."""
    return renewable_from(expires_at) <= now < expires_at
