from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.allowances import Allowance, Allowed, Source, merge
from tests.certification.strategies import NOW, moments


def own(**fields):
    return Allowance(Source.PERSON, **fields)


def group(**fields):
    return Allowance(Source.GROUP, **fields)


YESTERDAY, TOMORROW = NOW - timedelta(days=1), NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("allowances", "allowed"),
    [
        ([], Allowed()),
        ([group(factor_percent=125), group(factor_percent=150)], Allowed(150)),
        ([own(factor_percent=125), group(factor_percent=150)], Allowed(125)),
        ([own(factor_percent=125), own(factor_percent=150)], Allowed(150)),
        ([own(factor_percent=125), group(break_minutes=10, extra_attempts=1)], Allowed(125, 1, 10)),
        ([own(factor_percent=100), group(factor_percent=150)], Allowed(100)),
        ([own(expires_at=NOW, factor_percent=125), group(factor_percent=110)], Allowed(110)),
        ([own(expires_at=TOMORROW, factor_percent=125)], Allowed(125)),
        ([own(valid_from=TOMORROW, factor_percent=125)], Allowed()),
        ([own(valid_from=NOW, factor_percent=125)], Allowed(125)),
        ([own(expires_at=TOMORROW, revoked_at=YESTERDAY, factor_percent=125)], Allowed()),
    ],
)
def test_what_accommodations_come_to(allowances, allowed):
    assert merge(allowances, NOW) == allowed


@pytest.mark.parametrize(
    ("allowed", "accommodated"),
    [(Allowed(), False), (Allowed(101), True), (Allowed(break_minutes=5), True), (Allowed(extra_attempts=1), False)],
)
def test_more_attempts_alone_do_not_make_a_sitting_longer(allowed, accommodated):
    assert allowed.accommodated == accommodated


@pytest.mark.parametrize("fields", [{"factor_percent": 99}, {"extra_attempts": -1}, {"break_minutes": -1}])
def test_an_accommodation_never_takes_anything_away(fields):
    with pytest.raises(ValueError, match="does not"):
        own(**fields)


allowances = st.builds(
    Allowance,
    source=st.sampled_from(Source),
    factor_percent=st.none() | st.integers(100, 300),
    extra_attempts=st.none() | st.integers(0, 3),
    break_minutes=st.none() | st.integers(0, 30),
    valid_from=st.none() | moments,
    expires_at=st.none() | moments,
    revoked_at=st.none() | moments,
)


@given(st.lists(allowances, max_size=6), moments, st.randoms())
def test_neither_their_order_nor_those_that_do_not_count_matter(some, now, random):
    counting = [one for one in some if one.counts(now)]
    assert merge(random.sample(some, len(some)), now) == merge(counting, now)


@given(st.lists(allowances, max_size=6), allowances, moments)
def test_one_more_of_the_same_source_takes_nothing_away(some, more, now):
    same = [one for one in some if one.source == more.source]
    before, after = merge(same, now), merge([*same, more], now)
    assert before.factor_percent <= after.factor_percent
    assert before.extra_attempts <= after.extra_attempts
    assert before.break_minutes <= after.break_minutes


@given(st.lists(allowances, max_size=6), st.lists(allowances, max_size=3), moments)
def test_what_a_group_has_changes_nothing_that_was_decided_for_the_person(some, groups, now):
    decided = [*some, own(factor_percent=120, extra_attempts=0, break_minutes=0)]
    of_groups = [one for one in groups if one.source == Source.GROUP]
    assert merge([*decided, *of_groups], now) == merge(decided, now)
