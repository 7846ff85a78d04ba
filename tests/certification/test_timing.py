from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification import timing

#: Hypothesis wants its bounds without a zone.
LAST = datetime(2100, 1, 1)  # noqa: DTZ001


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2027-01-31", 13, "2028-02-29"),
        ("2026-11-24", 12, "2027-11-24"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
    ],
)
def test_a_credential_ends_on_the_same_day_of_a_later_month(start, months, end):
    assert timing.months_after(day(start), months) == day(end)


@given(st.datetimes(timezones=st.just(UTC), max_value=LAST), st.integers(1, 60))
def test_later_starts_never_end_earlier(start, months):
    assert timing.months_after(start, months) <= timing.months_after(start + timedelta(days=1), months)


def test_answers_count_for_sixty_seconds_after_the_deadline():
    deadline = timing.Clock(day("2026-11-24"), 30 * 60).deadline
    assert timing.due_after(deadline) == day("2026-11-24") + timedelta(minutes=31)


def test_a_credential_is_expiring_in_its_last_sixty_days_and_not_after():
    end = day("2027-01-30")
    assert not timing.is_expiring(end, end - timedelta(days=61))
    assert timing.is_expiring(end, end - timedelta(days=60))
    assert not timing.is_expiring(end, end)


# --- The clock -------------------------------------------------------------------------------------------------------

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR = 3600


def at(minutes):
    return START + timedelta(minutes=minutes)


def hour(**more):
    return timing.Clock(START, HOUR, **more)


@pytest.mark.parametrize(
    ("clock", "minutes"),
    [
        (hour(), 60),
        (hour(factor_percent=150), 90),
        (hour(factor_percent=125, break_seconds=600), 85),
        (hour(window_end=at(40)), 40),
        (hour(window_end=at(90)), 60),
        (hour(window_end=at(40), accommodated=True, factor_percent=150), 90),
        (hour(window_end=at(40), accommodated=True, factor_percent=150, window_is_hard=True), 40),
        (hour(window_end=at(70), accommodated=True, break_seconds=900), 75),
        (hour(window_end=at(40), given_back_seconds=300), 45),
        (hour(window_end=at(40), window_is_hard=True, given_back_seconds=300), 45),
    ],
)
def test_when_an_attempt_ends(clock, minutes):
    assert clock.deadline == at(minutes)
    assert clock.due == at(minutes + 1)


def test_a_fraction_of_a_second_is_the_candidates():
    assert timing.Clock(START, 61, factor_percent=150).deadline == START + timedelta(seconds=92)


clocks = st.builds(
    timing.Clock,
    started_at=st.just(START),
    limit_seconds=st.integers(60, 7200),
    factor_percent=st.integers(100, 300),
    break_seconds=st.integers(0, 1800),
    given_back_seconds=st.integers(0, 1800),
    window_end=st.none() | st.integers(1, 200).map(at),
    window_is_hard=st.booleans(),
    accommodated=st.booleans(),
)
seconds = st.timedeltas(timedelta(), timedelta(hours=4))


@given(clocks, st.integers(0, 1800))
def test_what_is_given_back_moves_the_deadline_by_as_much_past_any_window(clock, given_back):
    more = replace(clock, given_back_seconds=clock.given_back_seconds + given_back)
    assert more.deadline - clock.deadline == timedelta(seconds=given_back)


@pytest.mark.parametrize(("taken", "minutes"), [(0, 10), (240, 6), (600, 0), (900, 0)])
def test_a_break_ends_when_what_is_allowed_is_used_up(taken, minutes):
    assert timing.break_ends_at(START, allowed_seconds=600, taken_seconds=taken) == at(minutes)


# --- Time that stood still -------------------------------------------------------------------------------------------

stretches = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


def made(pairs):
    return [timing.Stretch(at(since), at(until)) for since, until in pairs]


def minutes_of(pairs):
    """The same as a set of whole minutes."""
    return {minute for since, until in pairs for minute in range(since, until)}


@given(stretches, stretches)
def test_stretches_are_sets_of_moments(some, others):
    assert timing.length(made(some)) == timedelta(minutes=len(minutes_of(some)))
    assert timing.length(timing.subtract(made(some), made(others))) == timedelta(
        minutes=len(minutes_of(some) - minutes_of(others))
    )


@given(stretches)
def test_united_stretches_are_apart_and_in_order(some):
    united = timing.unite(made(some))
    assert all(one.since < one.until for one in united)
    assert all(one.until < other.since for one, other in pairwise(united))


@given(stretches, stretches)
def test_no_moment_is_given_back_twice(outages, breaks):
    """Outages reported one by one, overlapping and in any order, give back what they are together, less the breaks."""
    stood_still = made(breaks)
    given_back = timedelta()
    for outage in made(outages):
        given_back += timing.time_lost(outage, started_at=at(10), due_at=at(99), stood_still=stood_still)
        stood_still.append(outage)
    expected = {minute for minute in minutes_of(outages) - minutes_of(breaks) if minute >= 10}
    assert given_back == timedelta(minutes=len(expected))


@pytest.mark.parametrize(
    ("since", "until", "submitted", "minutes"),
    [
        (10, 15, None, 5),
        (-10, 5, None, 5),  # only what is after the start
        (-10, -5, None, 0),
        (58, 90, None, 32),  # two minutes were left, and are left at the end
        (60, 90, None, 30),  # in the grace: what was given in time may still be on its way
        (61, 90, None, 0),
        (10, 15, 12, 2),
        (10, 15, 8, 0),
    ],
)
def test_what_an_outage_takes_from_an_attempt(since, until, submitted, minutes):
    lost = timing.time_lost(
        timing.Stretch(at(since), at(until)),
        started_at=START,
        due_at=hour().due,
        submitted_at=None if submitted is None else at(submitted),
    )
    assert lost == timedelta(minutes=minutes)


@given(st.integers(0, 59), st.integers(0, 300))
def test_whoever_had_so_much_left_when_the_service_went_has_as_much_when_it_is_back(since, minutes):
    outage = timing.Stretch(at(since), at(since + minutes))
    lost = timing.time_lost(outage, started_at=START, due_at=hour().due)
    after = hour(given_back_seconds=int(lost.total_seconds()))
    assert after.deadline - outage.until == hour().deadline - outage.since


# --- Another try -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "failures", "growth", "most", "wait"),
    [
        (24, 1, 100, None, 24),
        (24, 2, 0, None, 24),
        (24, 2, 100, None, 48),
        (24, 3, 100, None, 96),
        (24, 3, 50, None, 54),
        (24, 3, 100, 72, 72),
        (24, 1, 0, 12, 12),
        (0, 9, 100, None, 0),
        (24, 10**9, 100, None, 365 * 24),
        (1, 10**9, 1, None, 365 * 24),
        (1, 10**9, 0, None, 1),
    ],
)
def test_the_wait_before_another_try(hours, failures, growth, most, wait):
    again = timing.retake_from(START, hours=hours, failures=failures, growth_percent=growth, most_hours=most)
    assert again == START + timedelta(hours=wait)


@given(st.integers(0, 200), st.integers(1, 50), st.integers(0, 300))
def test_no_further_failure_shortens_the_wait(hours, failures, growth):
    sooner, later = (
        timing.retake_from(START, hours=hours, failures=number, growth_percent=growth)
        for number in (failures, failures + 1)
    )
    assert sooner <= later


@pytest.mark.parametrize(
    ("used", "allowed", "extra", "left"), [(0, 2, 0, 2), (2, 2, 0, 0), (2, 2, 1, 1), (5, 2, 1, 0), (9, None, 0, None)]
)
def test_attempts_are_counted_down_to_none(used, allowed, extra, left):
    assert timing.attempts_left(used, allowed=allowed, extra=extra) == left


@pytest.mark.parametrize(("milliseconds", "whole"), [(0, 0), (1, 1), (1000, 1), (1001, 2)])
def test_what_is_given_back_is_rounded_in_the_candidates_favour(milliseconds, whole):
    assert timing.whole_seconds(timedelta(milliseconds=milliseconds)) == whole
