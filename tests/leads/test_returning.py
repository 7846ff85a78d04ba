"""When an idle lead goes back, as a rule."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal.leads.returning import AHEAD, Term, put_off, wind

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MOMENTS = st.integers(0, 366 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
PLANNED = st.none() | st.dates(date(2026, 1, 1), date(9999, 12, 31))


def test_it_is_the_policy_s_days_after_what_was_done_last_and_the_warning_at_two_thirds():
    assert wind(days=6, touched_at=NOON) == Term(NOON + timedelta(days=4), NOON + timedelta(days=6))


def test_it_never_goes_back_where_the_policy_says_nothing():
    assert wind(days=0, touched_at=NOON) is None


def test_a_planned_day_puts_it_off_once_the_customer_was_spoken_with():
    day = date(2026, 12, 1)
    term = wind(days=6, touched_at=NOON, contacted=True, step_on=day, zone="Europe/Berlin")
    assert term.return_at == datetime(2026, 12, 1, 23, 0, tzinfo=UTC) + timedelta(days=6)
    assert wind(days=6, touched_at=NOON, contacted=False, step_on=day) == wind(days=6, touched_at=NOON)


def test_a_lead_cannot_be_parked_for_ever():
    term = wind(days=6, touched_at=NOON, contacted=True, step_on=date(9999, 12, 31))
    assert term.return_at == NOON + AHEAD + timedelta(days=6)


@given(st.integers(1, 365), MOMENTS, st.booleans(), PLANNED)
def test_it_is_never_sooner_than_the_days_and_the_warning_comes_before(days, moment, contacted, step_on):
    term = wind(days=days, touched_at=moment, contacted=contacted, step_on=step_on, zone="Asia/Vladivostok")
    assert moment + timedelta(days=days) <= term.return_at <= moment + timedelta(days=days) + AHEAD
    assert moment < term.warn_at < term.return_at
    assert term.return_at - term.warn_at == timedelta(days=days) / 3


@given(st.integers(1, 365), MOMENTS, MOMENTS)
def test_after_a_warning_there_is_always_the_last_third(days, moment, warned_at):
    term = wind(days=days, touched_at=moment)
    later = put_off(term, warned_at=warned_at)
    assert later >= term.return_at
    assert later - warned_at >= timedelta(days=days) / 3 or warned_at < term.warn_at
