"""When an answer is weak, and when a spell of weakness begins."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.faring import ENOUGH, WINDOW, Faring, begins_spell, judge

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)

#: Ratings in the order given: minutes since the one before, and whether the answer worked.
HISTORIES = st.lists(st.tuples(st.integers(0, 60 * 24 * 60), st.booleans()), max_size=30).map(
    lambda steps: [
        (NOW + timedelta(minutes=sum(minutes for minutes, _worked in steps[: index + 1])), worked)
        for index, (_minutes, worked) in enumerate(steps)
    ]
)


def rated(pattern: str) -> list[tuple[datetime, bool]]:
    """One rating an hour: "+" worked, "-" did not."""
    return [(NOW + timedelta(hours=hour), sign == "+") for hour, sign in enumerate(pattern)]


@pytest.mark.parametrize(
    ("faring", "weak"),
    [
        (Faring(), False),
        (Faring(4, 0), False),
        (Faring(5, 0), True),
        (Faring(5, 2), True),
        (Faring(6, 3), False),
        (Faring(5, 3), False),
    ],
)
def test_an_answer_is_weak_when_it_worked_in_fewer_than_half_of_five_calls_or_more(faring, weak):
    assert faring.is_weak is weak


@given(st.integers(0, 50), st.integers(0, 50))
def test_one_more_success_never_makes_an_answer_weak_and_one_more_failure_never_mends_it(worked, failed):
    before = Faring(worked + failed, worked)
    if before.is_known:
        assert not (Faring(before.rated + 1, worked + 1).is_weak and not before.is_weak)
        assert not (before.is_weak and not Faring(before.rated + 1, worked).is_weak)


@given(HISTORIES, st.integers(0, 200))
def test_only_the_last_ninety_days_count_and_nothing_that_is_still_to_come(history, days):
    moment = NOW + timedelta(days=days)
    within = [worked for rated_at, worked in history if moment - WINDOW < rated_at <= moment]
    assert judge(history, now=moment) == Faring(len(within), sum(within))


def test_the_share_is_exact_and_unknown_before_the_first_call():
    assert Faring(3, 1).share == Fraction(1, 3)
    assert Faring().share is None


@pytest.mark.parametrize("pattern", ["", "-", "----", "+++--", "-----+-", "------"])
def test_no_spell_begins_while_little_is_known_nor_within_one(pattern):
    assert not begins_spell(rated(pattern))


@pytest.mark.parametrize("pattern", ["-----", "++---", "---+++-"])
def test_a_spell_begins_with_the_rating_that_tips_the_balance(pattern):
    assert begins_spell(rated(pattern))


@given(HISTORIES)
def test_between_two_beginnings_of_a_spell_there_is_a_rating_at_which_the_answer_was_not_weak(history):
    weak = [judge(history[: end + 1], now=history[end][0]).is_weak for end in range(len(history))]
    begun = [begins_spell(history[: end + 1]) for end in range(len(history))]
    assert begun == [now and not before for before, now in zip([False, *weak], weak, strict=False)]


@given(HISTORIES.filter(len))
def test_two_windows_of_ratings_are_enough_to_tell(history):
    before = history[-2][0] if len(history) > 1 else history[-1][0]
    assert begins_spell(history) == begins_spell([item for item in history if item[0] > before - WINDOW])


def test_a_card_that_nobody_rated_for_long_may_become_weak_again():
    old = rated("-" * ENOUGH)
    later = [(NOW + 3 * WINDOW + timedelta(hours=hour), False) for hour in range(ENOUGH)]
    assert begins_spell([*old, *later])
    assert not begins_spell([*old, *later[:-1]])
