"""Calendars that others wrote, beside ours: what independent readers find in theirs they find in ours.

The readers: ``icalendar``, ``recurring-ical-events`` and ``vobject``, which share no code with one another, and the grammar
of RFC 5545 line by line.
"""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
import vobject
from hypothesis import example, given, settings
from hypothesis import strategies as st

from training.calendars import (
    CANCEL,
    REQUEST,
    Attendee,
    Entry,
    Organizer,
    clean,
    clean_parameter,
    fold,
    place,
    write_calendar,
)
from training.recurring import Plan, list_occurrences

SAMPLES = Path(__file__).parent / "samples"
RECURRING = {"berlin": 77, "new-york": 21, "lord-howe": 39, "moscow": 42}
VENDOR = Organizer("The vendor", "portal@vendor.example")
READER = Attendee('Anna "A." Petrova; Ltd', "anna@partner.example")
CHANGED = datetime(2027, 1, 1, 12, 0, tzinfo=UTC)
YEARS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONES = ("Europe/Moscow", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")

Moments = set[tuple[datetime, datetime]]


def read_sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.ics").read_bytes()


def in_utc(*moments: datetime) -> tuple[datetime, ...]:
    assert all(moment.tzinfo is not None for moment in moments), "a floating time"
    return tuple(moment.astimezone(UTC) for moment in moments)


def find_by_recurring(content: bytes) -> Moments:
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(content)).between(*YEARS)
    return {in_utc(event.start, event.end) for event in found}


def find_by_vobject(content: bytes) -> Moments:
    # It remembers the zones that it has read: of two that bear one name it would take the first.
    vars(vobject.icalendar)["__tzidMap"].clear()
    vobject.icalendar.registerTzid("UTC", UTC)
    calendar = vobject.readOne(content.decode())
    events = calendar.contents.get("vevent", [])
    return {in_utc(event.dtstart.value, event.dtend.value) for event in events}


def entry(number: int, starts_at: datetime, ends_at: datetime, zone: str, **fields) -> Entry:
    values = {
        "uid": f"{number}@guildhall", "sequence": 0, "starts_at": starts_at, "ends_at": ends_at, "zone": zone,
        "changed_at": CHANGED, "summary": f"Session {number}",
    }  # fmt: skip
    return Entry(**{**values, **fields})


def write(*entries: Entry, **options) -> bytes:
    return write_calendar(entries, **{"name": "Webinars", "organizer": VENDOR, **options})


def publish_as(sample: str) -> list[Entry]:
    """The season that the sample describes, published here by its rule: exceptions cancelled, moved dates moved."""
    series, *moved = icalendar.Calendar.from_ical(read_sample(sample)).walk("VEVENT")
    zone = series["dtstart"].params["TZID"]
    minutes = int((series.end - series.start).total_seconds()) // 60
    plan = Plan(series["rrule"].to_ical().decode(), series.start.date(), series.start.time(), zone, minutes)
    occurrences = list_occurrences(plan, today=date(2027, 1, 1))
    left_out = {moment.dt.astimezone(UTC) for moment in series["exdate"].dts}
    places = {event["recurrence-id"].dt.astimezone(UTC): event for event in moved}
    entries = []
    for number, one in enumerate(occurrences):
        if one.starts_at in places:
            event = places[one.starts_at]
            entries.append(entry(number, *in_utc(event.start, event.end), zone, sequence=1))
        elif one.starts_at not in left_out:
            entries.append(entry(number, one.starts_at, one.ends_at, zone))
    assert left_out | set(places) <= {one.starts_at for one in occurrences}
    return entries


class TestARuleWithExceptionsAndMovedDates:
    @pytest.mark.parametrize(("name", "dates"), RECURRING.items())
    def test_published_here_it_is_the_same_dates_to_every_reader(self, name, dates):
        theirs = find_by_recurring(read_sample(f"recurring-{name}"))
        ours = write(*publish_as(f"recurring-{name}"))
        assert len(theirs) == dates
        assert find_by_recurring(ours) == theirs
        assert find_by_vobject(ours) == theirs

    @pytest.mark.parametrize("name", RECURRING)
    def test_their_description_of_the_zone_and_ours_say_the_same(self, name):
        """Ours with their VTIMEZONE, and theirs with ours, under a name that no reader knows by itself."""
        sample, ours = read_sample(f"recurring-{name}"), write(*publish_as(f"recurring-{name}"))
        expected = find_by_recurring(sample)
        for number, (taken, given_to, reader) in enumerate(
            [(sample, ours, find_by_recurring), (ours, sample, find_by_recurring), (sample, ours, find_by_vobject)]
        ):
            mixed = exchange_zone(taken, given_to, f"Nowhere/{name}-{number}")
            assert reader(mixed) == expected


def exchange_zone(taken: bytes, given_to: bytes, name: str) -> bytes:
    pattern = re.compile(rb"BEGIN:VTIMEZONE\r\n.*END:VTIMEZONE\r\n", re.DOTALL)
    zone = pattern.search(taken)[0]
    known = re.search(rb"\r\nTZID:(.*?)\r\n", zone)[1]
    return pattern.sub(lambda _found: zone, given_to).replace(known, name.encode())


# --- Across both changes of a clock ----------------------------------------------------------------------------------

moments = st.datetimes(datetime(2026, 2, 1), datetime(2028, 12, 1)).map(  # noqa: DTZ001 -- aware below
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
#: Around the hours in which these clocks are changed.
CHANGES = [
    datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC),
    datetime(2027, 3, 14, 7, tzinfo=UTC), datetime(2027, 11, 7, 6, tzinfo=UTC),
    datetime(2027, 4, 3, 15, tzinfo=UTC), datetime(2027, 10, 2, 15, 30, tzinfo=UTC),
]  # fmt: skip
near_changes = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-180, 180)
)


@settings(deadline=None)  # three readers on a busy machine
@given(
    st.lists(st.tuples(moments | near_changes, st.integers(5, 600), st.sampled_from(ZONES)), max_size=12),
)
def test_every_reader_finds_every_moment_in_every_zone(rows):
    entries = [
        entry(number, starts_at, starts_at + timedelta(minutes=minutes), zone)
        for number, (starts_at, minutes, zone) in enumerate(rows)
    ]
    expected = {(one.starts_at, one.ends_at) for one in entries}
    content = write(*entries)
    check_grammar(content)
    assert find_by_recurring(content) == expected
    assert find_by_vobject(content) == expected


# --- Line by line ----------------------------------------------------------------------------------------------------

LINE = re.compile(r'([A-Z0-9-]+)((?:;[A-Z0-9-]+=(?:"[^"]*"|[^";:,]*))*):(.*)', re.DOTALL)
IN_UTC = re.compile(r"\d{8}T\d{6}Z")
LOCAL = re.compile(r"\d{8}T\d{6}")
ONCE = {"UID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY", "STATUS", "TRANSP", "ORGANIZER"}


def unfold(content: bytes) -> list[str]:
    assert content.endswith(b"\r\n")
    whole = content.replace(b"\r\n ", b"").replace(b"\r\n\t", b"")
    return whole.decode().removesuffix("\r\n").split("\r\n")


def check_grammar(content: bytes) -> None:
    """RFC 5545, line by line: short lines, known forms, and every local time of a zone that is described."""
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character is torn
    open_parts: list[str] = []
    zones: set[str] = set()
    seen: list[str] = []
    for line in unfold(content):
        name, parameters, value = LINE.fullmatch(line).groups()
        if name == "BEGIN":
            open_parts.append(value)
            seen = []
        elif name == "END":
            assert open_parts.pop() == value
            if value == "VEVENT":
                assert {one for one in seen if one in ONCE} == ONCE
                assert len([one for one in seen if one in ONCE]) == len(ONCE)
        seen.append(name)
        if name == "TZID":
            zones.add(value)
        if open_parts[-1:] == ["VEVENT"] and name in {"DTSTART", "DTEND"}:
            zone = re.search("TZID=([^;:]+)", parameters)
            if zone is None:
                assert IN_UTC.fullmatch(value), "a floating time"
            else:
                assert LOCAL.fullmatch(value)
                assert zone[1] in zones, "a zone that is not described before it is used"
        if name in {"DTSTAMP", "LAST-MODIFIED"}:
            assert IN_UTC.fullmatch(value)
    assert open_parts == []


def is_torn(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


class TestFoldedLines:
    def test_what_others_fold_as_we_never_do_is_the_same_text_as_we_do_it(self):
        content = read_sample("folded")
        assert any(is_torn(line) for line in content.split(b"\r\n"))  # a reader that decodes line by line loses it
        again = b"".join(fold(line) for line in unfold(content))
        assert not any(is_torn(line) for line in again.split(b"\r\n"))
        (event,) = icalendar.Calendar.from_ical(again).walk("VEVENT")
        other = vobject.readOne(again.decode()).vevent
        assert event["summary"] == other.summary.value == "This is a long description that exists on a long line."
        assert event["description"] == other.description.value == "Цена — не главное: 很长 🙂"

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=400))
    def test_unfolded_it_is_the_line_that_it_was(self, text):
        folded = fold(f"X:{text}")
        assert folded.endswith(b"\r\n")
        parts = folded.removesuffix(b"\r\n").split(b"\r\n")
        assert all(len(part) <= 75 for part in parts)
        assert all(part.decode().startswith(" ") for part in parts[1:])
        assert "".join(part.decode()[1:] if place else part.decode() for place, part in enumerate(parts)) == f"X:{text}"

    @pytest.mark.parametrize("sign", ["x", "я", "很", "🙂"])
    @pytest.mark.parametrize("before", range(4))
    def test_no_character_is_torn_wherever_the_line_ends(self, sign, before):
        for part in fold("X:" + "-" * before + sign * 200).split(b"\r\n"):
            part.decode()
            assert len(part) <= 75


# --- As the library would write it -----------------------------------------------------------------------------------


def write_by_library(one: Entry) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", one.uid)
    event.add("sequence", one.sequence)
    for name in ("dtstamp", "last-modified"):
        event.add(name, one.changed_at)
    span = [place(one.starts_at, one.zone), place(one.ends_at, one.zone)]
    if UTC in [moment.tzinfo for moment in span]:  # an hour that the clock shows twice: both ends are said in UTC
        span = [moment.astimezone(UTC) for moment in span]
    for name, moment in zip(("dtstart", "dtend"), span, strict=True):
        event.add(name, moment)
    for name in ("summary", "description", "location"):
        if getattr(one, name) or name == "summary":
            event.add(name, clean(getattr(one, name)))
    event.add("status", "CANCELLED" if one.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if one.is_cancelled else "OPAQUE")
    owner = icalendar.vCalAddress(f"mailto:{VENDOR.address}")
    owner.params["CN"] = VENDOR.name
    event["organizer"] = owner
    attendee = icalendar.vCalAddress(f"mailto:{READER.address}")
    for name, value in (("CN", READER.name), ("ROLE", "REQ-PARTICIPANT"), ("PARTSTAT", "ACCEPTED"), ("RSVP", "FALSE")):
        attendee.params[name] = clean_parameter(value)
    event.add("attendee", attendee, encode=False)
    return event


texts = st.text(max_size=200) | st.text('\\;,:"\n\r^ nN', max_size=30)


@settings(deadline=None)
@given(texts, texts, texts, moments | near_changes, st.sampled_from(ZONES), st.booleans(), st.integers(0, 10**9))
@example("", "", "", datetime(2027, 11, 7, 6, tzinfo=UTC), "America/New_York", False, 0)
@example("", "", "", datetime(2027, 11, 7, 5, tzinfo=UTC), "America/New_York", False, 0)
def test_it_is_what_the_library_would_write(summary, description, location, starts_at, zone, is_cancelled, sequence):
    one = entry(
        1, starts_at, starts_at + HOUR, zone, summary=summary, description=description,
        location=location, is_cancelled=is_cancelled, sequence=sequence,
    )  # fmt: skip
    content = write(one, method=REQUEST, attendee=READER)
    check_grammar(content)
    (mine,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    theirs = icalendar.Event.from_ical(write_by_library(one).to_ical())
    assert set(mine.content_lines()) == set(theirs.content_lines())


# --- Invitations, by the tables of RFC 5546 --------------------------------------------------------------------------


def check_request(event: icalendar.Event) -> None:
    """RFC 5546, section 3.2.2: what a request has once, and what it has at all."""
    for name in ("dtstamp", "dtstart", "organizer", "summary", "uid"):
        assert not isinstance(event[name], list)
    assert event["attendee"]
    assert int(event.get("sequence", 0)) >= 0
    assert event.get("status", "CONFIRMED") in ("TENTATIVE", "CONFIRMED")


def check_cancel(event: icalendar.Event) -> None:
    """RFC 5546, section 3.2.5."""
    for name in ("dtstamp", "organizer", "sequence", "uid"):
        assert not isinstance(event[name], list)
    assert event["attendee"]
    assert event.get("status", "CANCELLED") == "CANCELLED"


CHECKS = {"REQUEST": check_request, "CANCEL": check_cancel}


def follow(contents: list[bytes]) -> list[tuple[str, str]]:
    """What a calendar that takes these invitations one after the other holds of each entry after each (section 2.1.5)."""
    held: dict[str, tuple[int, datetime]] = {}
    found = []
    for content in contents:
        calendar = icalendar.Calendar.from_ical(content)
        (event,) = calendar.walk("VEVENT")
        CHECKS[calendar["method"]](event)
        order = int(event.get("sequence", 0)), event["dtstamp"].dt
        if event["uid"] not in held or order >= held[event["uid"]]:
            held[event["uid"]] = order
            found.append((str(event["uid"]), str(event["status"])))
    return found


def test_a_request_its_update_and_its_cancellation_are_taken_like_those_of_others():
    theirs = follow([read_sample(f"itip-{name}") for name in ("request", "update", "cancel")])
    start = datetime(2027, 7, 1, 18, tzinfo=UTC)
    steps = [(REQUEST, 0), (REQUEST, 1), (CANCEL, 2)]
    ours = follow(
        [
            write(
                entry(7, start, start + HOUR, "Europe/Berlin", sequence=sequence, is_cancelled=method == CANCEL),
                method=method, attendee=READER, stamp=CHANGED + timedelta(minutes=sequence),
            )
            for method, sequence in steps
        ]
    )  # fmt: skip
    assert [status for _uid, status in ours] == [status for _uid, status in theirs]
    assert [status for _uid, status in ours] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert len({uid for uid, _status in ours}) == 1


def test_one_that_comes_late_by_the_post_changes_nothing():
    request, update, cancel = (read_sample(f"itip-{name}") for name in ("request", "update", "cancel"))
    assert [status for _uid, status in follow([update, cancel, request])] == ["CONFIRMED", "CANCELLED"]


@pytest.mark.parametrize("zone", ZONES)
def test_in_the_hour_that_is_there_twice_both_are_told_apart_by_every_reader(zone):
    day = datetime(2027, 1, 1, tzinfo=UTC)
    found = []
    while day.year == 2027:
        local = day.astimezone(ZoneInfo(zone))
        if local.fold:
            found.append(day)
        day += timedelta(minutes=15)
    for moment in found:
        content = write(entry(1, moment, moment + timedelta(minutes=30), zone))
        assert find_by_recurring(content) == find_by_vobject(content) == {(moment, moment + timedelta(minutes=30))}
    assert bool(found) == (zone != "Europe/Moscow")
