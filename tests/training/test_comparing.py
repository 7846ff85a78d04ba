"""How cases are set in order and beside each other: what is not told is never first, and sums keep to their currency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.comparing import MONEY, Figure, Figures, find_best, share_currency, sort_cases

NUMBERS = st.none() | st.integers(0, 10**6)
CASES = st.lists(
    st.builds(
        lambda days, hours, people, earned, currency: (days, hours, people, earned, currency if earned else ""),
        NUMBERS, NUMBERS, NUMBERS, st.none() | st.integers(1, 10**9), st.sampled_from(["EUR", "RUB", "USD"]),
    ),
    max_size=12,
).map(lambda rows: [Figures(str(index), *row) for index, row in enumerate(rows)])  # fmt: skip


@pytest.mark.parametrize(
    ("earned", "hours", "hourly"),
    [(246240, 34, 7242), (100, 3, 33), (101, 2, 51), (None, 4, None), (100, 0, None), (100, None, None)],
)
def test_what_an_hour_earned_is_rounded_half_up_and_unknown_without_effort(earned, hours, hourly):
    assert Figures("a", hours=hours, earned=earned, currency="EUR").hourly == hourly


@given(CASES, st.sampled_from(Figure), st.booleans())
def test_sorting_keeps_every_case_and_puts_those_that_do_not_tell_last(cases, figure, descending):
    groups = sort_cases(cases, figure, descending=descending)
    flat = [case for group in groups for case in group.cases]
    assert sorted(case.key for case in flat) == sorted(case.key for case in cases)
    silent = [case.tell(figure) is None for case in flat]
    assert silent == sorted(silent)
    for group in groups:
        told = [case.tell(figure) for case in group.cases if case.tell(figure) is not None]
        assert told == sorted(told, reverse=descending)


@given(CASES, st.sampled_from(sorted(MONEY)), st.booleans())
def test_sums_of_two_currencies_never_stand_in_one_group(cases, figure, descending):
    for group in sort_cases(cases, figure, descending=descending):
        assert {case.currency for case in group.cases if case.tell(figure) is not None} <= {group.currency}


@given(CASES, st.sampled_from(Figure))
def test_the_best_is_told_and_nothing_that_can_be_compared_is_better(cases, figure):
    best = find_best(cases, figure)
    values = {case.key: case.tell(figure) for case in cases if case.tell(figure) is not None}
    assert best <= values.keys()
    if best and figure in {Figure.DAYS, Figure.HOURS}:
        assert {values[key] for key in best} == {min(values.values())}
    elif best:
        assert {values[key] for key in best} == {max(values.values())}
    if figure in MONEY and not share_currency(cases):
        assert best == frozenset()


def test_nothing_is_best_among_equals_or_alone_or_by_the_size_of_the_customer():
    same = [Figures("a", days=5, people=2), Figures("b", days=5, people=9)]
    assert find_best(same, Figure.DAYS) == frozenset()
    assert find_best(same[:1], Figure.DAYS) == frozenset()
    assert find_best(same, Figure.PEOPLE) == frozenset()


def test_the_most_frequent_currency_comes_first():
    cases = [Figures("a", earned=1, currency="RUB"), *(Figures(key, earned=2, currency="EUR") for key in "bc")]
    assert [group.currency for group in sort_cases(cases, Figure.EARNED)] == ["EUR", "RUB"]
