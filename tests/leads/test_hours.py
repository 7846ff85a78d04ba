"""When a partner works: openings, and time counted in open hours, across changes of daylight saving."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.leads.hours import WorkingHours, midnight

WEEK = WorkingHours("Europe/Berlin", frozenset(range(5)), time(9), time(18))
HOUR = timedelta(hours=1)

moments = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 -- as Hypothesis asks
weeks = st.builds(
    lambda zone, days, spread, holidays: WorkingHours(zone, days, *spread, holidays),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.sampled_from([(time(0), time(2, 15)), (time(1, 30), time(13)), (time(9), time(18)), (time(20), time(0))]),
    st.frozensets(st.dates(date(2026, 1, 1), date(2028, 12, 31)), max_size=3),
)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestOpen:
    def test_by_the_clock_on_the_partner_s_wall(self):
        assert WEEK.is_open(at("2026-11-30 08:00"))  # a Monday, nine o'clock in Berlin
        assert not WEEK.is_open(at("2026-11-30 07:59"))
        assert not WEEK.is_open(at("2026-11-30 17:00"))
        assert WEEK.is_open(at("2026-07-06 07:00"))  # in summer an hour earlier

    def test_not_at_the_weekend_and_not_on_a_holiday(self):
        assert not WEEK.is_open(at("2026-11-29 10:00"))
        free = WorkingHours("Europe/Berlin", frozenset(range(5)), time(9), time(18), frozenset({date(2026, 11, 30)}))
        assert not free.is_open(at("2026-11-30 10:00"))

    def test_until_midnight(self):
        late = WorkingHours("UTC", frozenset({0}), time(20), time())
        assert late.is_open(at("2026-11-30 23:59"))
        assert not late.is_open(at("2026-12-01 00:00"))

    def test_hours_that_are_none_are_refused(self):
        with pytest.raises(ValueError, match="some days"):
            WorkingHours("UTC", frozenset(), time(9), time(18))
        with pytest.raises(ValueError, match="after it opens"):
            WorkingHours("UTC", frozenset({0}), time(9), time(9))


class TestTheNextOpening:
    def test_over_the_weekend(self):
        assert WEEK.opens_at(at("2026-11-27 17:30")) == at("2026-11-30 08:00")

    def test_none_where_every_day_is_free(self):
        days = frozenset(date(2026, 11, 27) + timedelta(days=number) for number in range(400))
        assert (
            WorkingHours("UTC", frozenset(range(7)), time(9), time(18), days).opens_at(at("2026-11-27 10:00")) is None
        )

    @given(weeks, moments)
    def test_is_open_and_nothing_before_it_is(self, week, moment):
        opening = week.opens_at(moment)
        assert opening >= moment
        assert week.is_open(opening)
        if opening > moment:
            assert not week.is_open(moment)
            assert not week.is_open(opening - timedelta(seconds=1))


class TestTimeCountedInOpenHours:
    def test_goes_on_the_next_day(self):
        assert WEEK.add(at("2026-11-27 16:00"), 4 * HOUR) == at("2026-11-30 11:00")

    @given(weeks, moments, st.integers(1, 20), st.integers(1, 20))
    def test_adds_up(self, week, moment, first, second):
        assert week.add(week.add(moment, first * HOUR), second * HOUR) == week.add(moment, (first + second) * HOUR)

    @given(weeks, moments, st.integers(1, 30))
    def test_is_never_shorter_than_the_hours_and_ends_while_it_is_open(self, week, moment, hours):
        end = week.add(moment, hours * HOUR)
        assert end - moment >= hours * HOUR
        assert week.is_open(end - timedelta(microseconds=1))

    def test_between_two_moments_is_what_is_open_of_it(self):
        assert WEEK.between(at("2026-11-27 16:30"), at("2026-11-30 08:15")) == timedelta(minutes=45)
        assert WEEK.between(at("2026-11-28 16:30"), at("2026-11-29 08:15")) == timedelta()
        assert WEEK.between(at("2026-11-30 09:00"), at("2026-11-30 08:15")) == timedelta()

    @given(week=weeks, moment=moments, hours=st.integers(0, 30))
    def test_between_is_the_inverse_of_adding(self, week, moment, hours):
        assert week.between(moment, week.add(moment, hours * HOUR)) == hours * HOUR

    @given(week=weeks, moment=moments, first=st.integers(0, 300), second=st.integers(0, 300))
    def test_between_adds_up_and_is_never_longer_than_the_clock(self, week, moment, first, second):
        middle, end = moment + first * HOUR, moment + (first + second) * HOUR
        assert week.between(moment, middle) + week.between(middle, end) == week.between(moment, end)
        assert week.between(moment, end) <= end - moment

    def test_a_calendar_without_an_open_day_still_gives_a_deadline(self):
        days = frozenset(date(2026, 11, 27) + timedelta(days=number) for number in range(400))
        shut = WorkingHours("UTC", frozenset(range(7)), time(9), time(18), days)
        assert shut.add(at("2026-11-27 10:00"), 5 * HOUR) == at("2026-11-27 15:00")


@given(moments, st.sampled_from(["Europe/Berlin", "America/New_York", "UTC"]))
def test_a_day_begins_at_midnight_in_its_zone(moment, zone):
    begins = midnight(moment, zone)
    assert begins <= moment < begins + timedelta(hours=25, minutes=1)
