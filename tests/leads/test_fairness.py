"""What may be expected is what the rule then does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.leads.fairness import PACE, bound, entitled, expect_moment, expect_turn, find_widest
from portal.leads.routing import TURN, Candidate, accrue, choose

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

weights_strategy = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def candidates_of(weights: list[int]) -> list[Candidate]:
    return [Candidate(place, weight) for place, weight in enumerate(weights, start=1)]


@pytest.mark.parametrize(("partners", "turns"), [(0, 0), (1, 0), (2, 0.5), (3, 0.75), (11, 0.95)])
def test_the_bound_is_the_published_one(partners, turns):
    assert bound(partners) == turns


@given(weights_strategy, st.integers(0, 60))
def test_the_bound_holds_and_entitled_is_the_share_by_weight(weights, ticks):
    candidates, credits = candidates_of(weights), {}
    served = dict.fromkeys(range(1, len(weights) + 1), 0)
    for _tick in range(ticks):
        choice = choose(candidates, credits)
        choice.settle(credits)
        served[choice.winner] += 1
    rounding = ticks / TURN
    for candidate in candidates:
        credit = credits.get(candidate.partner_id, 0)
        assert abs(credit) / TURN <= bound(len(weights)) + rounding
        share = ticks * candidate.weight / sum(weights)
        assert entitled(served[candidate.partner_id], credit) == pytest.approx(share, abs=1e-6)


@given(weights_strategy, st.lists(st.integers(1, 6), max_size=40))
def test_the_widest_difference_is_the_largest_credit_after_any_turn(weights, picks):
    entries = [(place, weight) for place, weight in enumerate(weights, start=1)]
    winners = [(pick - 1) % len(weights) + 1 for pick in picks]
    credits, largest = dict.fromkeys(range(1, len(weights) + 1), 0), 0
    for winner in winners:
        for partner, units in accrue(tuple(entries)).items():
            credits[partner] += units
        credits[winner] -= TURN
        largest = max(largest, *map(abs, credits.values()))
    assert find_widest(winners, entries) == largest


def test_a_turn_of_somebody_who_did_not_compete_is_wide_of_every_bound():
    assert find_widest([7], [(1, 1), (2, 1)]) == TURN


@given(weights_strategy, st.integers(0, 20), st.integers(1, 6))
def test_the_turn_comes_with_the_lead_that_was_expected(weights, ticks, place):
    candidates, credits = candidates_of(weights), {}
    partner = candidates[place % len(candidates)].partner_id
    for _tick in range(ticks):
        choose(candidates, credits).settle(credits)
    before = dict(credits)
    expected = expect_turn(partner, [candidates], credits)
    assert credits == before
    winners = []
    while partner not in winners:
        choice = choose(candidates, credits)
        choice.settle(credits)
        winners.append(choice.winner)
    assert expected == len(winners)


def test_leads_that_the_partner_cannot_have_come_before_its_own():
    west, east = [Candidate(1, 1)], [Candidate(2, 1)]
    assert expect_turn(1, [east, east, west], {}) == 3


def test_who_competes_for_nothing_that_comes_has_no_turn_to_expect():
    assert expect_turn(1, [[Candidate(2, 1)]], {}) is None
    assert expect_turn(1, [], {}) is None


def test_a_turn_beyond_the_horizon_is_not_expected():
    assert expect_turn(2, [candidates_of([9, 1])], {2: -TURN}, ahead=5) is None


def test_the_day_follows_from_the_pace():
    began = NOW - timedelta(days=200)
    assert expect_moment(3, turns=28, began=began, now=NOW) == NOW + timedelta(days=3)
    assert expect_moment(1, turns=4, began=began, now=NOW) == NOW + timedelta(days=7)


def test_a_young_route_is_measured_from_its_first_turn():
    assert expect_moment(2, turns=10, began=NOW - timedelta(days=10), now=NOW) == NOW + timedelta(days=2)


@pytest.mark.parametrize(
    ("turns", "began"),
    [(3, NOW - PACE), (0, None), (50, NOW - timedelta(days=6))],
    ids=["too few", "none ever", "began lately"],
)
def test_of_too_few_turns_no_day_is_said(turns, began):
    assert expect_moment(1, turns=turns, began=began, now=NOW) is None
