"""How fresh a material is, and when its owner is asked: pure rules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.freshness import (
    REMINDERS,
    Freshness,
    find_asking,
    find_reminder,
    judge_freshness,
    next_reminder,
    plan_review,
)

START = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
intervals = st.integers(min_value=7, max_value=730)
minutes = st.integers(min_value=0, max_value=800 * 24 * 60)


def due_in(days: float, *, interval: int = 90) -> tuple[datetime, datetime, datetime]:
    """Found true at, due at, and the moment that lies so many days before the day."""
    schedule = plan_review(START, days=interval)
    return START, schedule.due_at, schedule.due_at - timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (90, Freshness.VERIFIED),
        (14.1, Freshness.VERIFIED),
        (14, Freshness.DUE),
        (0.1, Freshness.DUE),
        (0, Freshness.OVERDUE),
        (-400, Freshness.OVERDUE),
    ],
)
def test_a_material_is_due_for_two_weeks_and_then_overdue(days, state):
    verified_at, due_at, now = due_in(days)
    assert judge_freshness(verified_at, due_at, now=now) == state


@pytest.mark.parametrize(("days", "reminder"), [(15, None), (14, 14), (8, 14), (7, 7), (0.5, 7), (0, 0), (-30, 0)])
def test_the_owner_is_reminded_fourteen_and_seven_days_ahead_and_on_the_day(days, reminder):
    verified_at, due_at, now = due_in(days)
    assert find_reminder(verified_at, due_at, now=now) == reminder


def test_of_a_short_interval_the_second_half_is_due_and_the_day_alone_is_told():
    verified_at, due_at, now = due_in(4, interval=7)
    assert judge_freshness(verified_at, due_at, now=now) == Freshness.VERIFIED
    assert judge_freshness(verified_at, due_at, now=due_at - timedelta(days=3)) == Freshness.DUE
    assert find_reminder(verified_at, due_at, now=due_at - timedelta(minutes=1)) is None
    assert find_reminder(verified_at, due_at, now=due_at) == 0


def test_less_than_a_day_is_no_interval():
    with pytest.raises(ValueError, match="every day at most"):
        plan_review(START, days=0)


@given(intervals, minutes)
def test_freshness_only_ever_gets_worse_until_somebody_looks(interval, later):
    order = list(Freshness)
    due_at = plan_review(START, days=interval).due_at
    states = [
        judge_freshness(START, due_at, now=START + timedelta(minutes=moment)) for moment in (0, later, later + 1440)
    ]
    assert [order.index(state) for state in states] == sorted(order.index(state) for state in states)
    assert states[0] == Freshness.VERIFIED


@given(intervals)
def test_nobody_is_asked_in_the_first_half_of_an_interval(interval):
    schedule = plan_review(START, days=interval)
    half = START + timedelta(days=interval) / 2
    assert schedule.ask_from >= half
    assert schedule.remind_at >= half
    assert schedule.ask_from == find_asking(START, schedule.due_at) < schedule.due_at


@given(intervals)
def test_going_from_reminder_to_reminder_meets_each_once_and_ends_with_the_day(interval):
    schedule = plan_review(START, days=interval)
    met, moment = [], schedule.remind_at
    while moment is not None:
        met.append(find_reminder(START, schedule.due_at, now=moment))
        moment = next_reminder(START, schedule.due_at, after=moment)
    assert met == [days for days in REMINDERS if days in met]
    assert met[-1] == 0


@given(intervals, minutes)
def test_a_reminder_is_to_be_sent_exactly_once_something_has_come_due(interval, later):
    schedule = plan_review(START, days=interval)
    now = START + timedelta(minutes=later)
    assert (find_reminder(START, schedule.due_at, now=now) is None) == (now < schedule.remind_at)
