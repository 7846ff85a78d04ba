"""On which days the demo's webinars and its event take place, counted from the day of the load.

Nothing here touches the database.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from training.recurring import WEEKDAYS, tell_in_utc

WEEK = timedelta(weeks=1)
#: Nobody holds a conference between these two (month, day), the last of one year and the first of the next.
HOLIDAYS = ((12, 19), (1, 10))


def find_first_day(now: datetime, *, weekday: str, at: time, zone: str, minutes: int, before: int) -> date:
    """The first day of a weekly season of which so many sessions are over.

    The one after them is the soonest that is not over: it may be going on, or begin today.

    Args:
        weekday: as a rule writes it, "TU".
        at: by the clock of the zone.
    """
    clock = ZoneInfo(zone)
    day = now.astimezone(clock).date()
    day += timedelta(days=(WEEKDAYS.index(weekday) - day.weekday()) % 7)
    if tell_in_utc(day, at, clock) + timedelta(minutes=minutes) <= now:
        day += WEEK
    return day - before * WEEK


def find_event_day(today: date, *, weekday: str, days_ahead: int) -> date:
    """The day of that name which is nearest to so many days ahead, outside the holidays; never before tomorrow."""
    wanted = today + timedelta(days=days_ahead)
    first = today + timedelta(days=1 + (WEEKDAYS.index(weekday) - today.weekday() - 1) % 7)
    days = (first + number * WEEK for number in range(days_ahead // 7 + 8))
    return min((day for day in days if not _is_holiday(day)), key=lambda day: abs(day - wanted))


def _is_holiday(day: date) -> bool:
    begins, ends = HOLIDAYS
    return (day.month, day.day) >= begins or (day.month, day.day) <= ends
