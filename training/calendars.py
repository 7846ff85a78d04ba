"""iCalendar (RFC 5545): sessions as a calendar that calendar programs read, and as invitations (RFC 5546).

Times are written local to the zone in which a session was planned, with the changes of its clock beside them, so that
a reader's program shows eleven o'clock as eleven o'clock whatever its own tables of zones say.

The frame and the zones are written by ``icalendar``; the entries, of which there are hundreds, line by line: the library
takes 0.4 ms for each. ``tests/training/test_calendars.py`` holds what is written to what the library would write.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import (
    Calendar,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vCalAddress,
    vDatetime,
    vDuration,
    vText,
    vUTCOffset,
)
from icalendar.parser import Contentline, Parameters
from icalendar.prop import vDDDLists

#: RFC 5545, section 3.7.3: what made the calendar.
PRODUCT = "-//Guildhall//Webinars and events//EN"
#: How often a program is asked to look again.
REFRESH = timedelta(hours=1)
#: The seam between changes of a clock is looked for in such steps; no zone changes twice within one.
STEP = timedelta(days=20)
SECOND = timedelta(seconds=1)
#: RFC 5545, section 3.1: octets of a line without its end.
LONGEST_LINE = 75
END = b"END:VCALENDAR\r\n"

PUBLISH = "PUBLISH"
REQUEST = "REQUEST"
CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Organizer:
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attendee:
    """Whom an invitation invites: they have registered already, so nothing is asked of them."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One date.

    Attributes:
        uid: what programs know it by; never changes.
        sequence: rises with each change that programs have to be told of.
        starts_at, ends_at: aware.
        zone: in which it was planned; an IANA name. One that is not known is written in UTC.
        changed_at: aware; when anything of it was changed.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    zone: str
    changed_at: datetime
    summary: str
    description: str = ""
    url: str = ""
    location: str = ""
    is_cancelled: bool = False


def write_calendar(
    entries: Sequence[Entry],
    *,
    name: str,
    organizer: Organizer,
    method: str = "",
    attendee: Attendee | None = None,
    stamp: datetime | None = None,
) -> bytes:
    """The calendar as UTF-8, its lines folded and ended by CRLF.

    Args:
        name: what programs call it.
        method: RFC 5546; empty for a feed.
        stamp: when an invitation was made; of two with one sequence the later holds. None: when each entry changed.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if method:
        calendar.add("method", method)
    else:  # a feed, which is read again and again
        # RFC 7986 says the same as the older words, which more programs know.
        calendar["name"] = calendar["x-wr-calname"] = vText(clean(name))
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar["x-published-ttl"] = vDuration(REFRESH)
    for zone in _write_zones(entries):
        calendar.add_component(zone)
    around = [_write_address("ORGANIZER", organizer.address, CN=organizer.name)]
    if attendee is not None:
        name = attendee.name or attendee.address
        said = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
        around.append(_write_address("ATTENDEE", attendee.address, CN=name, **said))
    events = [_write_event(entry, around, stamp) for entry in entries]
    return b"".join([calendar.to_ical().removesuffix(END), *events, END])


def _write_event(entry: Entry, around: Sequence[str], stamp: datetime | None) -> bytes:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{_escape(entry.uid)}",
        f"SEQUENCE:{entry.sequence:d}",
        f"DTSTAMP:{_write_utc(stamp or entry.changed_at)}",
        f"LAST-MODIFIED:{_write_utc(entry.changed_at)}",
        *_write_span(entry),
        f"SUMMARY:{_escape(entry.summary)}",
        f"DESCRIPTION:{_escape(entry.description)}" if entry.description else "",
        f"LOCATION:{_escape(entry.location)}" if entry.location else "",
        f"URL:{clean_parameter(entry.url)}" if entry.url else "",
        # A date that does not take place takes nobody's time.
        *(("STATUS:CANCELLED", "TRANSP:TRANSPARENT") if entry.is_cancelled else ("STATUS:CONFIRMED", "TRANSP:OPAQUE")),
        *around,
        "END:VEVENT",
    ]
    return b"".join([fold(line) for line in lines if line])


def fold(line: str) -> bytes:
    """The line in UTF-8 with its end, broken so that no part has more than 75 octets and no character is torn.

    RFC 5545, section 3.1: each further part begins with a space, which is not of the text.
    """
    octets = line.encode()
    if len(octets) <= LONGEST_LINE:
        return octets + b"\r\n"
    parts = []
    begin, room = 0, LONGEST_LINE
    while len(octets) - begin > room:
        end = begin + room
        while octets[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        parts.append(octets[begin:end])
        begin, room = end, LONGEST_LINE - 1
    parts.append(octets[begin:])
    return b"\r\n ".join(parts) + b"\r\n"


def _escape(text: str) -> str:
    """RFC 5545, section 3.3.11: what stands in a text as it is, and what behind a backslash."""
    text = clean(text)
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _write_utc(moment: datetime) -> str:
    return f"{_in_utc(moment):%Y%m%dT%H%M%SZ}"


def _write_span(entry: Entry) -> tuple[str, str]:
    """Beginning and end, both local to the zone or both in UTC: of two forms some readers make a wrong length."""
    starts_at, ends_at = place(entry.starts_at, entry.zone), place(entry.ends_at, entry.zone)
    if UTC in (starts_at.tzinfo, ends_at.tzinfo):
        return f"DTSTART:{_write_utc(starts_at)}", f"DTEND:{_write_utc(ends_at)}"
    local = f";TZID={entry.zone}:"
    return f"DTSTART{local}{starts_at:%Y%m%dT%H%M%S}", f"DTEND{local}{ends_at:%Y%m%dT%H%M%S}"


def _write_address(name: str, address: str, **parameters: str) -> str:
    cleaned = {key: clean_parameter(value) for key, value in parameters.items()}
    line = Contentline.from_parts(name, Parameters(cleaned), vCalAddress(f"mailto:{clean_parameter(address)}"))
    return str(line)


#: What no line of a calendar may hold: control characters but tab and line feed, and halves of characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def clean(text: str) -> str:
    """Without the characters that no line of a calendar may hold; line breaks and tabs stay."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def clean_parameter(text: str) -> str:
    """The same for a parameter, which has no way to say a quotation mark or a line break."""
    return " ".join(clean(text).replace('"', "'").split())


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def find_zone(name: str) -> tzinfo:
    """The zone; UTC for one that is not known, so that a calendar never fails for one entry."""
    try:
        return ZoneInfo(name) if name != "UTC" else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def place(moment: datetime, zone: str) -> datetime:
    """The moment as it is written: local to its zone, or in UTC.

    When the clock goes back an hour is there twice, and a local time means the first (RFC 5545, section 3.3.5): what
    lies in the second is written in UTC.
    """
    local = moment.astimezone(find_zone(zone)).replace(microsecond=0)
    return local.astimezone(UTC) if local.fold else local


def _write_zones(entries: Iterable[Entry]) -> list[Timezone]:
    """What each zone's clock does in the years of its entries."""
    years: dict[str, tuple[int, int]] = {}
    for entry in entries:
        if find_zone(entry.zone) is UTC:
            continue
        first, last = years.get(entry.zone, (9999, 1))
        years[entry.zone] = min(first, entry.starts_at.year), max(last, entry.ends_at.year)
    return [write_zone(name, first, last) for name, (first, last) in sorted(years.items())]


@lru_cache(maxsize=256)
def write_zone(name: str, first_year: int, last_year: int) -> Timezone:
    """A VTIMEZONE that holds from before the first year until after the last.

    Every change is written as a date and none as a rule: a rule would go on for ever, and laws do not.
    """
    zone = ZoneInfo(name)
    begin = datetime(first_year - 1, 1, 1, tzinfo=UTC)
    written = Timezone()
    written.add("tzid", name)
    start = begin.astimezone(zone)
    written.add_component(_write_observance(start, [start.replace(tzinfo=None)], start.utcoffset() or timedelta()))
    changes: dict[tuple[timedelta, timedelta, str, bool], list[datetime]] = {}
    shown: dict[tuple[timedelta, timedelta, str, bool], datetime] = {}
    for change in find_changes(zone, begin, datetime(last_year + 2, 1, 1, tzinfo=UTC)):
        before = (change - SECOND).astimezone(zone).utcoffset() or timedelta()
        after = change.astimezone(zone)
        key = (before, after.utcoffset() or timedelta(), after.tzname() or "", bool(after.dst()))
        # The onset is said in the time that stood before it.
        changes.setdefault(key, []).append((change + before).replace(tzinfo=None))
        shown.setdefault(key, after)
    for key, onsets in changes.items():
        written.add_component(_write_observance(shown[key], onsets, key[0]))
    return written


def _write_observance(
    after: datetime, onsets: list[datetime], before: timedelta
) -> TimezoneStandard | TimezoneDaylight:
    part = TimezoneDaylight() if after.dst() else TimezoneStandard()
    part.add("tzname", after.tzname() or "")
    part["tzoffsetfrom"] = vUTCOffset(before)
    part["tzoffsetto"] = vUTCOffset(after.utcoffset() or timedelta())
    part["dtstart"] = vDatetime(onsets[0])
    if onsets[1:]:
        # Each on a line of its own: of several on one line some readers keep the first.
        part["rdate"] = [vDDDLists([onset]) for onset in onsets[1:]]
    return part


def find_changes(zone: tzinfo, begin: datetime, end: datetime) -> list[datetime]:
    """The moments, in UTC, at which the zone's clock is put forward or back, or given another name."""
    found = []
    low, low_state = begin, _describe_clock(zone, begin)
    while low < end:
        high = min(low + STEP, end)
        high_state = _describe_clock(zone, high)
        if high_state != low_state:
            found.append(_narrow(zone, low, high))
        low, low_state = high, high_state
    return found


def _describe_clock(zone: tzinfo, moment: datetime) -> tuple[timedelta | None, str | None]:
    local = moment.astimezone(zone)
    return local.utcoffset(), local.tzname()


def _narrow(zone: tzinfo, low: datetime, high: datetime) -> datetime:
    before = _describe_clock(zone, low)
    while high - low > SECOND:
        middle = low + timedelta(seconds=(high - low) // SECOND // 2)
        if _describe_clock(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high
