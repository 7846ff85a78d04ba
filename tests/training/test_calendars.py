# ruff: noqa: DTZ001 -- times by a clock on the wall are what is told here, and a zone is put beside them
"""Calendars as calendar programs read them: two years of weekly sessions in four zones, checked by other libraries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given
from hypothesis import strategies as st

from training.calendars import (
    CANCEL,
    REQUEST,
    Attendee,
    Entry,
    Organizer,
    find_changes,
    place,
    write_calendar,
    write_zone,
)

ZONES = ("Europe/Moscow", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
VENDOR = Organizer("The vendor", "portal@vendor.example")
CHANGED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: Two years: each clock that changes at all changes four times.
WEEKS = 105
NAUGHTY = [
    "Comma, semicolon; backslash \\ and \\n",
    "line\nbreak\r\nand\rreturn",
    "BEGIN:VEVENT\nEND:VCALENDAR",
    "tab\tand bell \x07 and null \x00 and \x85",
    "“Скрипт”: цена — не главное 🙂",
    "很长的标题" * 40,
    "\u202eright to left\u2069",
    '"quoted" and ^caret^',
    ":;,=",
    "",
]


def entry(zone: str, local: datetime, number: int = 0, **fields) -> Entry:
    starts_at = local.replace(tzinfo=ZoneInfo(zone))
    values = {
        "uid": f"{zone}-{number}@guildhall", "sequence": 0, "starts_at": starts_at.astimezone(UTC),
        "ends_at": (starts_at.astimezone(UTC) + timedelta(hours=1)), "zone": zone, "changed_at": CHANGED,
        "summary": f"Session {number}",
    }  # fmt: skip
    return Entry(**{**values, **fields})


def weekly(zone: str, at: tuple[int, int] = (11, 0)) -> list[Entry]:
    first = datetime(2026, 1, 6, *at)
    return [entry(zone, first + timedelta(weeks=week), week) for week in range(WEEKS)]


def write(*entries: Entry, **options) -> bytes:
    return write_calendar(entries, **{"name": "Webinars", "organizer": VENDOR, **options})


def parse(content: bytes) -> icalendar.Calendar:
    return icalendar.Calendar.from_ical(content)


def only_event(content: bytes):
    (event,) = parse(content).walk("VEVENT")
    return event


@pytest.fixture(scope="module")
def two_years() -> icalendar.Calendar:
    return parse(write(*(one for zone in ZONES for one in weekly(zone))))


@pytest.mark.parametrize("zone", ZONES)
def test_local_time_stays_whatever_the_clock_does(two_years, zone):
    mine = [event for event in two_years.walk("VEVENT") if event["uid"].startswith(zone)]
    assert len(mine) == WEEKS
    assert {event.start.strftime("%a %H:%M") for event in mine} == {"Tue 11:00"}
    assert {event["dtstart"].params["TZID"] for event in mine} == {zone}
    offsets = {event.start.utcoffset() for event in mine}
    assert len(offsets) == (1 if zone == "Europe/Moscow" else 2)


@pytest.mark.parametrize("zone", ZONES)
def test_another_reader_finds_every_session_at_its_moment(two_years, zone):
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 2, 1, tzinfo=UTC)
    found = [
        event for event in recurring_ical_events.of(two_years).between(first, last) if event["uid"].startswith(zone)
    ]
    moments = {event["uid"]: event.start.astimezone(UTC) for event in found}
    assert moments == {one.uid: one.starts_at for one in weekly(zone)}


@pytest.mark.parametrize("zone", ZONES)
def test_a_program_that_knows_no_zones_reads_the_same_from_the_timezone_alone(zone):
    """Our VTIMEZONE under a name that nobody knows: whoever reads it has nothing else to go by."""
    # A name for each: the library remembers the zones that it has read.
    content = write(*weekly(zone)).replace(zone.encode(), b"Nowhere/" + zone.partition("/")[2].encode())
    calendar = parse(content)
    moments = {event["uid"].partition("-")[2]: event.start.astimezone(UTC) for event in calendar.walk("VEVENT")}
    assert moments == {one.uid.partition("-")[2]: one.starts_at for one in weekly(zone)}


@pytest.mark.parametrize(
    ("zone", "onset"),
    [
        ("Europe/Berlin", b"DTSTART:20270328T020000"), ("Europe/Berlin", b"DTSTART:20271031T030000"),
        ("America/New_York", b"DTSTART:20270314T020000"), ("America/New_York", b"DTSTART:20271107T020000"),
        ("Australia/Lord_Howe", b"DTSTART:20270404T020000"), ("Australia/Lord_Howe", b"DTSTART:20271003T020000"),
    ],
)  # fmt: skip
def test_each_change_of_a_clock_is_written_in_the_time_that_stood_before_it(zone, onset):
    assert onset in write_zone(zone, 2028, 2028).to_ical()


def test_a_zone_without_changes_has_one_part():
    (part,) = write_zone("Europe/Moscow", 2026, 2028).subcomponents
    assert part.name == "STANDARD"


def test_changes_are_found_to_the_second():
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert find_changes(ZoneInfo("Australia/Lord_Howe"), *year) == [
        datetime(2026, 4, 4, 15, 0, tzinfo=UTC),
        datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    ]
    assert find_changes(ZoneInfo("Europe/Moscow"), *year) == []


def test_the_hour_that_is_there_twice_is_told_apart():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 2:30 in Berlin, still in summer
    second = first + timedelta(hours=1)  # 2:30 once more
    events = [
        only_event(write(entry("Europe/Berlin", datetime(2026, 10, 25), starts_at=moment, ends_at=moment + 2 * HOUR)))
        for moment in (first, second)
    ]
    assert [event.start.astimezone(UTC) for event in events] == [first, second]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2036, 1, 1)), st.sampled_from(ZONES))
def test_any_moment_is_read_back_as_it_was(moment, zone):
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    assert place(moment, zone).astimezone(UTC) == moment
    event = only_event(
        write(entry(zone, datetime(2026, 1, 1), starts_at=moment, ends_at=moment + timedelta(minutes=5)))
    )
    assert event.start.astimezone(UTC) == moment


def test_a_zone_that_is_not_known_is_written_in_utc():
    unknown = replace(entry("UTC", datetime(2026, 1, 6, 11)), zone="Atlantis/Capital")
    assert only_event(write(unknown)).start == datetime(2026, 1, 6, 11, tzinfo=UTC)
    assert b"VTIMEZONE" not in write(unknown)


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_words_are_read_back_and_break_nothing(text):
    content = write(
        entry("Europe/Moscow", datetime(2026, 1, 6, 11), summary=text, description=text, location=text),
        organizer=Organizer(text, "portal@vendor.example"),
        name=text,
    )
    calendar = parse(content)
    (event,) = calendar.walk("VEVENT")
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    wanted = "".join(sign for sign in wanted if sign in "\n\t" or not (ord(sign) < 32 or 127 <= ord(sign) < 160))
    assert str(event["summary"]) == wanted
    assert str(event.get("description", "")) == wanted
    assert len(calendar.walk("VEVENT")) == 1
    assert event["organizer"] == "mailto:portal@vendor.example"


@given(st.text(max_size=300))
def test_lines_are_short_ended_by_crlf_and_hold_no_control_signs(text):
    content = write(entry("Europe/Berlin", datetime(2026, 1, 6, 11), summary=text, description=text * 3))
    assert content.endswith(b"\r\n")
    for line in content.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no sign is cut in two
        assert not any(byte < 32 and byte != 9 for byte in line)
    only_event(content)


def test_a_feed_says_its_name_and_how_often_to_look():
    calendar = parse(write(entry("Europe/Moscow", datetime(2026, 1, 6, 11))))
    assert "METHOD" not in calendar
    assert calendar["x-wr-calname"] == "Webinars"
    assert calendar["refresh-interval"].dt == timedelta(hours=1)
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in write(entry("Europe/Moscow", datetime(2026, 1, 6, 11)))
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in write(entry("Europe/Moscow", datetime(2026, 1, 6, 11)))


def test_an_entry_carries_what_calendars_compare():
    event = only_event(write(entry("Europe/Moscow", datetime(2026, 1, 6, 11), sequence=3, is_cancelled=True)))
    assert (event["uid"], event["sequence"], event["status"]) == ("Europe/Moscow-0@guildhall", 3, "CANCELLED")
    assert event["dtstamp"].dt == event["last-modified"].dt == CHANGED
    assert event["transp"] == "TRANSPARENT"


@pytest.mark.parametrize("method", [REQUEST, CANCEL])
def test_an_invitation_names_the_reader_and_when_it_was_made(method):
    made = CHANGED + timedelta(days=1)
    content = write(
        entry("Europe/Moscow", datetime(2026, 1, 6, 11)),
        method=method, attendee=Attendee('Anna "A." Petrova', "anna@partner.example"), stamp=made,
    )  # fmt: skip
    event = only_event(content)
    assert parse(content)["method"] == method
    assert event["attendee"] == "mailto:anna@partner.example"
    assert event["attendee"].params["PARTSTAT"] == "ACCEPTED"
    assert event["dtstamp"].dt == made


def test_an_empty_calendar_is_a_calendar():
    assert parse(write()).walk("VEVENT") == []
