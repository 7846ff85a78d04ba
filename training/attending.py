"""Who has attended: stays merged across rejoins and devices, clipped to the session, and weighed by a published rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Of an event, which says no rule of its own.
EVENT_PERCENT = 60
NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay as a provider wrote it.

    Attributes:
        at_most: where the provider tells only the first join and the last leave, how long the person was there between
            them; None where the stay has no gaps.
    """

    joined_at: datetime
    left_at: datetime
    at_most: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """How long one person was at a session, and whether that counts."""

    time: timedelta
    attended: bool

    @property
    def minutes(self) -> int:
        """Whole ones: rounded up, a person could read the minutes of the rule and not have attended."""
        return int(self.time.total_seconds() // 60)


def merge_stays(stays: Iterable[Stay], *, starts_at: datetime, ends_at: datetime) -> timedelta:
    """The time within the session during which the person was there, by whichever device; no moment counts twice."""
    stays = list(stays)
    spans = _join_spans(
        [(stay.joined_at, stay.left_at) for stay in stays if stay.at_most is None], starts_at=starts_at, ends_at=ends_at
    )
    total = sum((left - joined for joined, left in spans), NOTHING)
    for stay in sorted(stays, key=lambda one: (-(one.at_most or NOTHING), one.joined_at)):
        # Where only the length is known, the person is believed as far as it fits beside what is counted already. Its
        # whole span is taken then: of two that overlap the longer holds, so that no moment can count twice.
        if stay.at_most is None:
            continue
        wider = _join_spans([*spans, (stay.joined_at, stay.left_at)], starts_at=starts_at, ends_at=ends_at)
        free = sum((left - joined for joined, left in wider), NOTHING) - sum(
            (left - joined for joined, left in spans), NOTHING
        )
        total += max(min(free, stay.at_most), NOTHING)
        spans = wider
    return total


def _join_spans(
    spans: Iterable[tuple[datetime, datetime]], *, starts_at: datetime, ends_at: datetime
) -> list[tuple[datetime, datetime]]:
    """The spans within the session, those that touch made one."""
    joined: list[tuple[datetime, datetime]] = []
    for begin, end in sorted((max(begin, starts_at), min(end, ends_at)) for begin, end in spans):
        if end <= begin:
            continue
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def judge_presence(stays: Iterable[Stay], *, starts_at: datetime, ends_at: datetime, from_percent: int) -> Presence:
    """Whether a person has attended: they were there for so many percent of the session, counted in seconds."""
    time = merge_stays(stays, starts_at=starts_at, ends_at=ends_at)
    return Presence(time, reaches(time, ends_at - starts_at, from_percent))


def reaches(time: timedelta, whole: timedelta, percent: int) -> bool:
    return time * 100 >= whole * percent


def count_overlaps(stays: Iterable[Stay]) -> int:
    """How many stays of one person begin while another is going on: a second device, or a report that repeats itself."""
    overlaps = 0
    latest: datetime | None = None
    for stay in sorted(stays, key=lambda one: (one.joined_at, one.left_at)):
        if latest is not None and stay.joined_at < latest:
            overlaps += 1
        latest = stay.left_at if latest is None else max(latest, stay.left_at)
    return overlaps


def needed_minutes(whole: timedelta, percent: int) -> int:
    """From how many minutes on a person has attended, as the rule is told; whole ones, rounded up."""
    return int(-(-whole.total_seconds() * percent // 6000))
