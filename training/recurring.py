"""The dates of a recurring webinar: a rule of RFC 5545 read, refused or expanded; and when a date is reminded of.

A rule is the value of an RRULE (RFC 5545, section 3.3.10) of three frequencies. It is expanded in the local time of its
zone, so that eleven o'clock stays eleven o'clock when the clocks change, and only then told in UTC. Of the two hours in
autumn that bear one name the first is meant; an hour that a spring day does not have is told by the clock of before the
change, so half past two is half past three (RFC 5545, section 3.3.5).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import rrulestr

#: As many dates as one season has at most.
MOST_DATES = 200
#: How many years ahead a season reaches at most.
MOST_YEARS = 2
#: Repeating less often than this is no repeating.
MOST_INTERVAL = 366

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY")

_CONTINENTS = (
    "Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/",
)  # fmt: skip
_WEEKDAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,5}")
_UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?")
#: Lists of whole numbers, with the largest; below zero they count from the end.
_LISTS = {"BYMONTHDAY": (31, True), "BYMONTH": (12, False), "BYSETPOS": (366, True)}
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", *_LISTS)

#: The calendar repeats itself after 400 years to the weekday. A rule is expanded in its last round before the year
#: 10000, since ``dateutil`` looks for the next date up to there: a rule that never happens is found out 20 times sooner.
_ROUND = 400


class Fault(StrEnum):
    """What is wrong with a rule. The error names the part of it."""

    UNREADABLE = "unreadable"
    UNKNOWN_PART = "unknown_part"
    TWICE = "twice"
    FREQUENCY = "frequency"
    VALUE = "value"
    TWO_ENDS = "two_ends"
    ENDLESS = "endless"
    NEVER = "never"
    TOO_MANY = "too_many"
    TOO_FAR = "too_far"
    ZONE = "zone"


class RuleError(ValueError):
    """A rule that no season can be published by.

    Args:
        fault: what is wrong.
        part: the name of the part of the rule that it lies in, or the words that could not be read.
    """

    def __init__(self, fault: Fault, part: str = "") -> None:
        super().__init__(f"{fault}: {part}")
        self.fault = fault
        self.part = part


@dataclass(frozen=True, slots=True)
class Plan:
    """When a series takes place: a rule from a first day on, at an hour of a zone, for so many minutes."""

    rule: str
    first_day: date
    at: time
    zone: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date of a plan: the day by the zone's calendar, and the moments in UTC."""

    day: date
    starts_at: datetime
    ends_at: datetime


def find_zone(name: str) -> ZoneInfo:
    """The zone of a name.

    Raises:
        RuleError: for a name that the zone database does not know.
    """
    if name not in available_timezones():
        raise RuleError(Fault.ZONE, name)
    return ZoneInfo(name)


def list_zones() -> list[str]:
    """The names of places to choose a zone from, in order; without the old names that only stand for others."""
    return ["UTC", *sorted(name for name in available_timezones() if name.startswith(_CONTINENTS))]


def tell_in_utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks of a zone show a time on a day; see above for the days on which clocks change."""
    return datetime.combine(day, at.replace(fold=0, tzinfo=None)).replace(tzinfo=zone).astimezone(UTC)


def read_rule(rule: str) -> dict[str, str]:
    """The parts of a rule by name, in the order in which they stand, each known and of a form that can be.

    Raises:
        RuleError: naming the part.
    """
    words = "".join(rule.split()).upper().removeprefix("RRULE:").removesuffix(";")
    parts: dict[str, str] = {}
    for word in words.split(";"):
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise RuleError(Fault.UNREADABLE, word)
        if name not in _PARTS:
            raise RuleError(Fault.UNKNOWN_PART, name)
        if name in parts:
            raise RuleError(Fault.TWICE, name)
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise RuleError(Fault.FREQUENCY, parts.get("FREQ", ""))
    for name, value in parts.items():
        if not _is_possible(name, value, parts["FREQ"]):
            raise RuleError(Fault.VALUE, name)
    if "BYSETPOS" in parts and not {"BYDAY", "BYMONTHDAY", "BYMONTH"} & parts.keys():
        raise RuleError(Fault.VALUE, "BYSETPOS")
    if "COUNT" in parts and "UNTIL" in parts:
        raise RuleError(Fault.TWO_ENDS, "COUNT, UNTIL")
    if "COUNT" not in parts and "UNTIL" not in parts:
        raise RuleError(Fault.ENDLESS, "COUNT, UNTIL")
    return parts


def _is_possible(name: str, value: str, frequency: str) -> bool:
    if name == "BYDAY":
        found = [_WEEKDAY.fullmatch(day) for day in value.split(",")]
        # "The second Tuesday" is one of a month.
        return all(found) and (frequency == "MONTHLY" or not any(day[1] for day in found if day))
    if name == "WKST":
        return value in WEEKDAYS
    if name == "UNTIL":
        return _read_until(value) is not None
    if name in ("COUNT", "INTERVAL"):
        return value.isascii() and value.isdigit() and 1 <= int(value) <= (99999 if name == "COUNT" else MOST_INTERVAL)
    if name in _LISTS:
        largest, from_the_end = _LISTS[name]
        if name == "BYMONTHDAY" and frequency == "WEEKLY":  # section 3.3.10: not with weeks
            return False
        numbers = [int(one) if _NUMBER.fullmatch(one) else 0 for one in value.split(",")]
        return all(1 <= (abs(one) if from_the_end else one) <= largest for one in numbers)
    return True


def _read_until(value: str) -> tuple[datetime, bool] | None:
    """The last moment, and whether it is told in UTC. A day alone lasts to its end."""
    found = _UNTIL.fullmatch(value)
    if found is None:
        return None
    try:
        moment = datetime.strptime(found[1] + (found[2] or "235959"), "%Y%m%d%H%M%S")  # noqa: DTZ007 -- local, or UTC
    except ValueError:
        return None
    return moment, found[3] == "Z"


def list_occurrences(plan: Plan, *, today: date) -> list[Occurrence]:
    """The dates of a plan in order; at least one, :data:`MOST_DATES` at most.

    The first day is one of them only where the rule names it.

    Args:
        today: from which it is counted how far ahead the last date may be.

    Raises:
        RuleError: naming what no season can be published by.
    """
    zone = find_zone(plan.zone)
    parts = read_rule(plan.rule)
    count = int(parts["COUNT"]) if "COUNT" in parts else None
    if count is not None and count > MOST_DATES:
        raise RuleError(Fault.TOO_MANY, "COUNT")
    end = "COUNT" if count is not None else "UNTIL"
    horizon = _years_after(today, MOST_YEARS)
    if plan.first_day > horizon:
        raise RuleError(Fault.TOO_FAR, end)
    until, in_utc = _read_until(parts["UNTIL"]) or (None, False) if "UNTIL" in parts else (None, False)
    length = timedelta(minutes=plan.minutes)
    found: list[Occurrence] = []
    for day in _list_days(parts, plan.first_day):
        if until is not None and not in_utc and datetime.combine(day, plan.at) > until:
            break
        if day > horizon:
            if until is not None and until.date() < day:
                break
            raise RuleError(Fault.TOO_FAR, end)
        starts_at = tell_in_utc(day, plan.at, zone)
        if until is not None and in_utc and starts_at > until.replace(tzinfo=UTC):
            break
        if len(found) == MOST_DATES:
            raise RuleError(Fault.TOO_MANY, end)
        found.append(Occurrence(day, starts_at, starts_at + length))
        if len(found) == count:
            break
    if not found:
        raise RuleError(Fault.NEVER, end if until and until.date() < plan.first_day else "")
    return found


def _list_days(parts: dict[str, str], first_day: date) -> Iterator[date]:
    """The days that a rule names from a first day on, without its end."""
    words = ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("COUNT", "UNTIL"))
    shift = (9999 - first_day.year) // _ROUND * _ROUND
    later = datetime.combine(first_day.replace(year=first_day.year + shift), time())
    for moment in rrulestr(words, dtstart=later):
        yield moment.date().replace(year=moment.year - shift)


def _years_after(day: date, years: int) -> date:
    """The same day some years later; of the 29th of February the 1st of March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def write_weekly(weekdays: Collection[str], *, zone: str, count: int | None = None, until: date | None = None) -> str:
    """The rule of every week on some days: so many times, or up to a day of the zone with that day.

    Section 3.3.10 wants the end of what is told with a zone in UTC.

    Raises:
        ValueError: without a weekday, or unless one of the two ends is given.
        RuleError: for an unknown zone.
    """
    days = [day for day in WEEKDAYS if day in weekdays]
    if not days or (count is None) == (until is None):
        raise ValueError("A weekly rule has a weekday and one end")
    end = f"COUNT={count}"
    if until is not None:
        end = f"UNTIL={tell_in_utc(until, time(23, 59, 59), find_zone(zone)):%Y%m%dT%H%M%SZ}"
    return f"FREQ=WEEKLY;BYDAY={','.join(days)};{end}"


def find_clash(
    dates: Collection[tuple[datetime, datetime]], taken: Collection[tuple[datetime, datetime]]
) -> int | None:
    """Which of the dates, in order, first meets another of them or one that is taken; None where all stand apart.

    What ends when another begins does not meet it.
    """
    before = list(taken)
    for place, (begins, ends) in enumerate(dates):
        if any(begins < other_end and other_begin < ends for other_begin, other_end in before):
            return place
        before.append((begins, ends))
    return None


# --- Reminders of one date -------------------------------------------------------------------------------------------

#: How long before its beginning a date is reminded of, the earliest first.
REMINDERS = (timedelta(days=1), timedelta(hours=1))
#: A first reminder that was missed is not sent any more when so little time is left: the second is about to follow.
TOO_LATE = timedelta(hours=3)


def next_reminder(starts_at: datetime, *, after: datetime) -> datetime | None:
    """The first reminder after a moment; None when there is none left."""
    return next((starts_at - ahead for ahead in REMINDERS if starts_at - ahead > after), None)


def find_reminder(starts_at: datetime, *, now: datetime) -> timedelta | None:
    """Which reminder is to be sent now, by how long before the beginning it belongs: the latest whose time has come.

    None where none has come, the date has begun, or the first was missed for so long that the second says it all.
    """
    left = starts_at - now
    come = [ahead for ahead in REMINDERS if left <= ahead]
    if not come or left <= timedelta(0):
        return None
    return None if come[-1] == REMINDERS[0] and left < TOO_LATE else come[-1]
