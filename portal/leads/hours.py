"""When a partner works, in its own zone: whether it is open, when it opens next, and a time that is counted in open hours.

All moments are aware; what is reckoned runs on the clock on the wall, so an hour that a clock skips or shows twice at a
change of daylight saving is as long as it is. A partner without hours is always open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: How far ahead an opening is looked for: a partner whose holidays fill all of it is not open again.
HORIZON_DAYS = 370


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """A partner's week.

    Attributes:
        zone: the name of its time zone.
        days: the weekdays it works, Monday being 0.
        opens, closes: from and until when, on the clock of the zone; ``closes`` is later on the same day, midnight
            (``00:00``) being the end of it.
        holidays: days on which it does not.
    """

    zone: str
    days: frozenset[int]
    opens: time
    closes: time
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.days or not self.days <= set(range(7)):
            raise ValueError("Somebody who works, works on some days of the week")
        if self.closes != time() and self.closes <= self.opens:
            raise ValueError("A day closes after it opens")

    def is_open(self, moment: datetime) -> bool:
        opens, closes = self._spread(moment.astimezone(ZoneInfo(self.zone)).date())
        return opens <= moment < closes

    def opens_at(self, moment: datetime) -> datetime | None:
        """The moment itself where it is open, else the next opening; None within :data:`HORIZON_DAYS`."""
        for opens, closes in self._stretches(moment):
            if moment < closes:
                return max(opens, moment)
        return None

    def add(self, moment: datetime, length: timedelta) -> datetime:
        """The moment at which so much open time has passed since ``moment``.

        Where the hours never come to that within the horizon, the rest is counted around the clock: a deadline is a
        moment, whatever the calendar says.
        """
        left = length
        last = moment
        for opens, closes in self._stretches(moment):
            begins = max(opens, moment)
            if begins >= closes:
                continue
            if closes - begins >= left:
                return begins + left
            left -= closes - begins
            last = closes
        return last + left

    def between(self, begins: datetime, ends: datetime) -> timedelta:
        """How much open time lies between two moments, within the horizon; none where they are the other way round."""
        total = timedelta()
        for opens, closes in self._stretches(begins):
            if opens >= ends:
                break
            total += max(min(closes, ends) - max(opens, begins), timedelta())
        return total

    def _stretches(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        first = moment.astimezone(ZoneInfo(self.zone)).date()
        for number in range(HORIZON_DAYS):
            opens, closes = self._spread(first + timedelta(days=number))
            if opens < closes:
                yield opens, closes

    def _spread(self, day: date) -> tuple[datetime, datetime]:
        """From when until when the day is open, in UTC; empty where it is not."""
        zone = ZoneInfo(self.zone)
        opens = datetime.combine(day, self.opens, zone).astimezone(UTC)
        if day.weekday() not in self.days or day in self.holidays:
            return opens, opens
        ends = day + timedelta(days=1) if self.closes == time() else day
        return opens, max(opens, datetime.combine(ends, self.closes, zone).astimezone(UTC))


def midnight(moment: datetime, zone: str, *, days: int = 0) -> datetime:
    """The beginning of the day, in a zone, in which the moment lies, or of one that many days later; in UTC."""
    day = moment.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
