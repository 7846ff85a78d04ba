"""What is promised to a customer, and how the customer's word stands beside the partner's."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.leads.hearing import Hearing, compare, in_whole, promise_until, was_kept
from portal.leads.hours import WorkingHours

FRIDAY = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
WEEK = WorkingHours("UTC", frozenset(range(5)), time(9), time(18))
MOMENTS = st.integers(0, 366 * 24 * 60).map(lambda minutes: FRIDAY + timedelta(minutes=minutes))


class TestThePromise:
    def test_counts_the_hours_round_the_clock(self):
        assert promise_until(FRIDAY, within_hours=4, working=None) == FRIDAY + timedelta(hours=4)

    def test_or_those_in_which_the_partner_works(self):
        assert promise_until(FRIDAY, within_hours=4, working=WEEK) == datetime(2026, 11, 30, 11, 0, tzinfo=UTC)

    def test_is_none_where_the_policy_has_none(self):
        assert promise_until(FRIDAY, within_hours=0, working=WEEK) is None

    @given(MOMENTS, st.integers(1, 200))
    def test_in_working_hours_is_never_earlier_than_round_the_clock(self, moment, hours):
        always = promise_until(moment, within_hours=hours, working=None)
        assert promise_until(moment, within_hours=hours, working=WEEK) >= always


class TestTwoAccounts:
    ANSWERED = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("said_at", "called", "called_on", "expected"),
        [
            (FRIDAY, True, None, Hearing.AGREED),
            (FRIDAY, True, date(2026, 11, 27), Hearing.AGREED),
            (FRIDAY, True, date(2026, 11, 28), Hearing.AGREED),
            (FRIDAY, True, date(2026, 11, 29), Hearing.APART),
            (FRIDAY, False, None, Hearing.PARTNER_ONLY),
            (None, False, None, Hearing.AGREED),
            (None, True, date(2026, 11, 27), Hearing.CUSTOMER_ONLY),
            # A call after the answer is none that the customer could have spoken of.
            (ANSWERED + timedelta(hours=1), False, None, Hearing.AGREED),
        ],
    )
    def test_are_set_side_by_side(self, said_at, called, called_on, expected):
        found = compare(
            said_at=said_at, called=called, called_on=called_on, answered_at=self.ANSWERED, zone="Europe/Berlin"
        )
        assert found is expected
        assert found.is_contrary is (expected is not Hearing.AGREED)

    @pytest.mark.parametrize(
        ("due_at", "called", "called_on", "said_at", "expected"),
        [
            (FRIDAY, True, date(2026, 11, 27), None, True),
            (FRIDAY, True, date(2026, 11, 28), None, False),
            (FRIDAY, True, None, FRIDAY, True),
            (FRIDAY, True, None, FRIDAY + timedelta(minutes=1), False),
            (FRIDAY, True, None, None, None),
            (FRIDAY, False, None, FRIDAY, False),
            (ANSWERED + timedelta(days=1), False, None, None, None),  # there is still time
            (None, False, None, None, None),
        ],
    )
    def test_say_whether_the_promise_was_kept(self, due_at, called, called_on, said_at, expected):
        found = was_kept(
            due_at=due_at, called=called, called_on=called_on, said_at=said_at, answered_at=self.ANSWERED, zone="UTC"
        )
        assert found is expected


@given(st.integers(0, 500), st.integers(1, 20))
def test_what_is_told_together_grows_by_whole_groups(count, at_least):
    told = in_whole(count, at_least)
    assert told % at_least == 0
    assert 0 <= count - told < at_least
