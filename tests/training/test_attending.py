"""Minutes are merged, clipped and weighed; the same whatever order the joins stand in."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from training.attending import Stay, count_overlaps, judge_presence, merge_stays, needed_minutes, reaches

BEGIN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
END = BEGIN + timedelta(hours=1)


def at(minute: float) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def stay(joined: float, left: float, at_most: float | None = None) -> Stay:
    return Stay(at(joined), at(left), None if at_most is None else timedelta(minutes=at_most))


def merged(*stays: Stay) -> float:
    return merge_stays(stays, starts_at=BEGIN, ends_at=END) / timedelta(minutes=1)


@st.composite
def stays(draw) -> Stay:
    joined = draw(st.integers(-90, 90))
    length = draw(st.integers(0, 120))
    return stay(joined, joined + length, draw(st.none() | st.integers(0, length)))


def test_rejoins_add_up_and_the_gap_does_not_count():
    assert merged(stay(0, 20), stay(25, 60)) == 55


def test_a_second_device_counts_once():
    assert merged(stay(0, 40), stay(10, 50), stay(20, 30)) == 50


def test_what_lies_outside_of_the_session_does_not_count():
    assert merged(stay(-10, 20)) == 20
    assert merged(stay(50, 200)) == 10
    assert merged(stay(-30, -5), stay(60, 90)) == 0


def test_of_a_summary_only_its_length_counts_and_never_more_than_its_span():
    assert merged(stay(0, 60, 35)) == 35
    assert merged(stay(-30, 10, 35)) == 10


def test_two_summaries_that_overlap_do_not_count_twice():
    assert merged(stay(0, 60, 30), stay(0, 60, 40)) == 40
    assert merged(stay(0, 30, 20), stay(30, 60, 20)) == 40


@given(st.lists(stays(), max_size=8), st.randoms())
def test_order_never_matters_and_no_minute_counts_twice(joins, chance):
    mixed = list(joins)
    chance.shuffle(mixed)
    assert merged(*joins) == merged(*mixed)
    assert 0 <= merged(*joins) <= 60


@given(st.lists(stays().filter(lambda one: one.at_most is None), max_size=8))
def test_it_is_as_many_minutes_as_a_clock_would_count(joins):
    counted = sum(any(one.joined_at <= at(minute) < one.left_at for one in joins) for minute in range(60))
    assert merged(*joins) == counted


@given(st.lists(stays(), max_size=6), stays())
def test_a_further_join_never_takes_plain_minutes_away(joins, another):
    plain = [one for one in joins if one.at_most is None]
    assert merged(*plain, another) >= merged(*plain)


def test_the_rule_is_counted_in_seconds_and_told_in_whole_minutes():
    def judge(seconds: int):
        joined = Stay(BEGIN, BEGIN + timedelta(seconds=seconds))
        return judge_presence([joined], starts_at=BEGIN, ends_at=END, from_percent=60)

    assert (judge(36 * 60).attended, judge(36 * 60).minutes) == (True, 36)
    # One who reads that 36 minutes are needed does not read 36 and “not attended”.
    assert (judge(36 * 60 - 1).attended, judge(36 * 60 - 1).minutes) == (False, 35)
    assert needed_minutes(END - BEGIN, 60) == 36


@given(st.integers(1, 600), st.integers(1, 100))
def test_as_many_minutes_as_the_rule_tells_are_enough_and_one_less_is_not(minutes, percent):
    whole = timedelta(minutes=minutes)
    needed = needed_minutes(whole, percent)
    assert reaches(timedelta(minutes=needed), whole, percent)
    assert not reaches(timedelta(minutes=needed - 1), whole, percent)


def test_overlaps_are_counted_and_touching_is_none():
    assert count_overlaps([stay(0, 20), stay(20, 40)]) == 0
    assert count_overlaps([stay(0, 40), stay(10, 15), stay(20, 30)]) == 2
