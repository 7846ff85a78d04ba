"""The fair rule, held to its theorem and to a second implementation that shares nothing with the first."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.leads.routing import TURN, Candidate, Choice, Standing, Verdict, accrue, choose, first_stop
from tests.soak import examples

weights_strategy = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def candidates_of(weights: list[int], *, first_id: int = 1) -> list[Candidate]:
    return [Candidate(first_id + place, weight) for place, weight in enumerate(weights)]


def run(weights: list[int], ticks: int) -> tuple[dict[int, int], dict[int, int], list[int]]:
    """Serve ``ticks`` leads from zero credits: credits, times served, winners."""
    candidates = candidates_of(weights)
    credits: dict[int, int] = {}
    served = dict.fromkeys((candidate.partner_id for candidate in candidates), 0)
    winners = []
    for _tick in range(ticks):
        choice = choose(candidates, credits)
        choice.settle(credits)
        assert choice.winner is not None
        served[choice.winner] += 1
        winners.append(choice.winner)
    return credits, served, winners


def choose_in_fractions(weights: dict[int, int], credits: dict[int, Fraction]) -> int:
    """The rule as the issue words it, in exact fractions; books the tick into ``credits`` (in turns)."""
    unit = Fraction(1, 2**40)
    total = sum(weights.values())
    exact = {partner: Fraction(weight, total) for partner, weight in weights.items()}
    shares = {partner: (share // unit) * unit for partner, share in exact.items()}
    missing = int((1 - sum(shares.values())) / unit)
    for partner in sorted(exact, key=lambda partner: (shares[partner] - exact[partner], partner))[:missing]:
        shares[partner] += unit
    for partner, share in shares.items():
        credits[partner] = credits.get(partner, Fraction(0)) + share
    theta = Fraction(1, 2 * len(weights) - 2) if len(weights) > 1 else Fraction(0)
    reached = [partner for partner in weights if credits[partner] >= theta]
    if reached:
        winner = min(reached, key=lambda partner: ((1 - theta - credits[partner]) * total / weights[partner], partner))
    else:
        winner = max(weights, key=lambda partner: (credits[partner], -partner))
    credits[winner] -= 1
    return winner


def assert_within_the_bound(weights: list[int], ticks: int) -> None:
    candidates = candidates_of(weights)
    credits: dict[int, int] = {}
    served = dict.fromkeys((candidate.partner_id for candidate in candidates), 0)
    total, count = sum(weights), len(weights)
    bound = 1 - Fraction(1, 2 * count - 2) if count > 1 else Fraction(0)
    for tick in range(1, ticks + 1):
        choice = choose(candidates, credits)
        choice.settle(credits)
        served[choice.winner] += 1
        allowed = bound + Fraction(tick, TURN)
        for candidate in candidates:
            entitled = Fraction(tick * candidate.weight, total)
            assert abs(served[candidate.partner_id] - entitled) <= allowed


@given(weights_strategy, st.integers(1, 60))
def test_credits_sum_to_zero_after_every_tick(weights, ticks):
    candidates = candidates_of(weights)
    credits: dict[int, int] = {}
    for _tick in range(ticks):
        choose(candidates, credits).settle(credits)
        assert sum(credits.values()) == 0


@given(st.dictionaries(st.integers(1, 10**6), st.integers(1, 10**6), min_size=1, max_size=80))
def test_accruals_sum_to_exactly_one_turn_and_are_within_a_unit_of_the_share(weights):
    shares = accrue(tuple(sorted(weights.items())))
    total = sum(weights.values())
    assert sum(shares.values()) == TURN
    assert all(abs(Fraction(shares[key]) - Fraction(weight * TURN, total)) < 1 for key, weight in weights.items())


def test_a_unit_that_does_not_divide_goes_to_the_least_id_among_equal_remainders():
    assert accrue(((7, 1), (8, 1), (9, 1))) == {7: TURN // 3 + 1, 8: TURN // 3, 9: TURN // 3}


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=9))
@example([1, 1, 1, 7, 7, 7])
@example([1, 1])
@example([1, 99])
@example([5])
def test_served_stays_within_tijdemans_bound_of_entitled(weights):
    assert_within_the_bound(weights, ticks=400)


@pytest.mark.parametrize("weights", [[1, 1, 1, 7, 7, 7], [3, 5, 8, 13, 21], [1] * 30, [1, 1000]])
def test_the_bound_holds_over_thousands_of_ticks(weights):
    assert_within_the_bound(weights, ticks=4000)


@settings(max_examples=examples(150), deadline=None)
@given(weights_strategy, st.randoms(use_true_random=False))
def test_winners_equal_those_of_an_independent_implementation_while_partners_come_and_go(weights, random: Random):
    everyone = candidates_of(weights)
    credits: dict[int, int] = {}
    exact: dict[int, Fraction] = {}
    for _tick in range(80):
        present = [candidate for candidate in everyone if random.random() < 0.8] or everyone[:1]
        choice = choose(present, credits)
        choice.settle(credits)
        assert choice.winner == choose_in_fractions({one.partner_id: one.weight for one in present}, exact)
        assert {key: Fraction(units, TURN) for key, units in credits.items()} == exact


@given(weights_strategy, st.dictionaries(st.integers(1, 12), st.integers(-TURN, TURN)), st.randoms())
def test_the_order_in_which_candidates_are_given_changes_nothing(weights, credits, random):
    candidates = candidates_of(weights)
    shuffled = candidates[:]
    random.shuffle(shuffled)
    first, second = choose(candidates, credits), choose(shuffled, credits)
    assert first.winner == second.winner
    assert first.accruals == second.accruals
    by_id = dict(zip((one.partner_id for one in shuffled), second.verdicts, strict=True))
    assert [by_id[one.partner_id] for one in candidates] == list(first.verdicts)


@given(weights_strategy)
def test_the_same_input_gives_the_same_winners(weights):
    assert run(weights, 40) == run(weights, 40)


@given(weights_strategy, st.data())
def test_a_partner_that_is_absent_accrues_nothing_and_pays_nothing(weights, data):
    everyone = candidates_of([*weights, 3])
    absent = data.draw(st.sampled_from(everyone[:-1]))
    stopped = [Candidate(one.partner_id, one.weight, Verdict.TERRITORY) if one == absent else one for one in everyone]
    credits = {absent.partner_id: 12345, everyone[-1].partner_id: -12345}
    choice = choose(stopped, credits)
    choice.settle(credits)
    assert credits[absent.partner_id] == 12345
    assert absent.partner_id not in choice.accruals


def test_the_verdict_is_the_first_condition_that_stopped_a_partner():
    order = [
        ("active", Verdict.INACTIVE),
        ("agreed", Verdict.AGREEMENT),
        ("qualified", Verdict.QUALIFICATION),
        ("kind", Verdict.KIND),
        ("tier", Verdict.TIER),
        ("covered", Verdict.COVERAGE),
        ("in_territory", Verdict.TERRITORY),
        ("sells_product", Verdict.PRODUCT),
        ("speaks", Verdict.LANGUAGE),
        ("receives", Verdict.PAUSED),
        ("at_work", Verdict.HOURS),
    ]
    met = Standing(**{name: True for name, _verdict in order})
    assert first_stop(met) is None
    for place, (_condition, verdict) in enumerate(order):
        failing = met._replace(**{name: False for name, _verdict in order[place:]})
        assert first_stop(failing) is verdict


def test_what_stops_a_partner_from_this_lead_is_named_after_its_own_conditions_and_before_the_turn():
    candidates = [
        Candidate(1, 1, Verdict.AGREEMENT),
        Candidate(2, 1),
        Candidate(3, 1),
        Candidate(4, 1),
        Candidate(5, 1),
    ]
    stops = {1: Verdict.OPEN_CAP, 2: Verdict.ALREADY_OFFERED, 3: Verdict.OPEN_CAP, 77: Verdict.CONFLICT}
    choice = choose(candidates, {5: -10}, stops=stops)
    assert choice == Choice(winner=4, verdicts="aocwn", accruals={4: TURN // 2, 5: TURN // 2})


def test_nobody_wins_and_nobody_accrues_where_everyone_is_stopped():
    credits = {1: 5, 2: -5}
    choice = choose([Candidate(1, 1, Verdict.PRODUCT), Candidate(2, 1)], credits, stops={2: Verdict.OPEN_CAP})
    choice.settle(credits)
    assert choice == Choice(winner=None, verdicts="pc", accruals={})
    assert credits == {1: 5, 2: -5}


def test_without_candidates_there_is_no_winner():
    assert choose([], {}).winner is None


def test_a_newcomer_starts_at_zero_and_is_not_flooded():
    credits, _served, _winners = run([1, 1], 101)
    candidates = candidates_of([1, 1, 1])
    winners = []
    for _tick in range(9):
        choice = choose(candidates, credits)
        choice.settle(credits)
        winners.append(choice.winner)
    assert winners.count(3) == 3


def test_a_partner_alone_gets_every_lead_whatever_it_owes():
    credits = {1: -3 * TURN, 2: 3 * TURN}
    choice = choose([Candidate(1, 4)], credits)
    choice.settle(credits)
    assert choice.winner == 1
    assert credits == {1: -3 * TURN, 2: 3 * TURN}


@pytest.mark.parametrize("weight", [0, -1])
def test_a_weight_that_is_not_positive_is_refused(weight):
    with pytest.raises(ValueError, match="weights are positive"):
        Candidate(1, weight)


def test_a_letter_of_a_verdict_is_never_reused():
    assert len({verdict.value for verdict in Verdict}) == len(Verdict)
    assert all(len(verdict.value) == 1 for verdict in Verdict)
