"""Working days of the vendor."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal.leads.deadlines import end_of_workday

TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WEEK = frozenset(range(5))


def end(moment=TUESDAY, *, count=5, workdays=WEEK, holidays=frozenset(), zone="Europe/Berlin"):
    return end_of_workday(moment, count=count, workdays=workdays, holidays=holidays, zone=zone)


def test_is_the_end_of_that_many_working_days_in_the_vendor_s_zone():
    assert end() == datetime(2026, 12, 1, 22, 59, tzinfo=UTC)  # Tuesday, 1 December, 23:59 in Berlin


def test_days_on_which_nobody_works_do_not_count():
    assert end(holidays={date(2026, 11, 25), date(2026, 11, 30)}) == end() + timedelta(days=2)


def test_a_calendar_without_a_working_day_counts_days_as_they_come():
    assert end(workdays=frozenset()) == datetime(2026, 11, 29, 22, 59, tzinfo=UTC)


@given(
    st.integers(0, 366 * 24 * 60), st.integers(1, 30), st.sets(st.integers(0, 6), min_size=1),
    st.sets(st.dates(date(2026, 11, 1), date(2027, 1, 31)), max_size=20),
)  # fmt: skip
def test_is_later_for_more_days_and_never_on_a_free_one(minutes, count, workdays, holidays):
    moment = TUESDAY + timedelta(minutes=minutes)
    found = end(moment, count=count, workdays=workdays, holidays=holidays, zone="UTC")
    assert found > moment
    assert end(moment, count=count + 1, workdays=workdays, holidays=holidays, zone="UTC") > found
    last = (found - timedelta(hours=1)).date()
    assert last.weekday() in workdays
    assert last not in holidays
