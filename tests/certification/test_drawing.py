from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.drawing import BankItem, Blueprint, Paper, SectionRule, Unfillable, draw, find_shortfalls
from tests.certification.strategies import blueprints_with_banks

#: Version and option order, as drawn by this release.
PINNED = [(1, "bca"), (3, "cab"), (6, "abc")]

seeds = st.integers(0, 2**63 - 1)


@given(blueprints_with_banks(), seeds, st.randoms())
def test_the_seed_decides_the_paper_whatever_the_order_of_the_bank(made, seed, random):
    blueprint, bank = made
    shuffled = random.sample(bank, len(bank))
    assert draw(blueprint, bank, seed) == draw(blueprint, shuffled, seed)


@given(blueprints_with_banks(), seeds)
def test_each_section_gets_its_count_of_its_topic_and_no_question_comes_twice(made, seed):
    blueprint, bank = made
    paper = draw(blueprint, bank, seed)
    by_version = {item.version: item for item in bank}
    assert Counter(item.section for item in paper.questions) == {
        rule.section: rule.count for rule in blueprint.sections
    }
    topic_of = {rule.section: rule.topic for rule in blueprint.sections}
    assert all(by_version[item.version].topic == topic_of[item.section] for item in paper.questions)
    assert len({item.version for item in paper.questions}) == len(paper.questions)
    assert [item.position for item in paper.questions] == list(range(1, len(paper.questions) + 1))


@given(blueprints_with_banks(), seeds)
def test_options_keep_their_set_and_fixed_ones_their_order(made, seed):
    blueprint, bank = made
    by_version = {item.version: item for item in bank}
    for drawn in draw(blueprint, bank, seed).questions:
        item = by_version[drawn.version]
        assert sorted(drawn.order) == sorted(item.options)
        assert item.shuffled or drawn.order == item.options


@given(blueprints_with_banks(fillable=False), seeds)
def test_a_bank_that_falls_short_raises_with_what_is_missing_and_never_shortens_the_exam(made, seed):
    blueprint, bank = made
    with pytest.raises(Unfillable) as refused:
        draw(blueprint, bank, seed)
    assert refused.value.shortfalls == find_shortfalls(blueprint, bank)
    for shortfall in refused.value.shortfalls:
        assert shortfall.available == sum(item.topic == shortfall.topic for item in bank) < shortfall.wanted


def test_sections_of_one_topic_compete_for_its_questions():
    rules = (SectionRule(1, 7, 2, 50, {}), SectionRule(2, 7, 2, 50, {}))
    bank = [BankItem(number, number, 7, "single", ("a", "b")) for number in range(3)]
    (shortfall,) = find_shortfalls(Blueprint(rules, 50), bank)
    assert (shortfall.wanted, shortfall.available) == (4, 3)


def test_a_blueprint_without_sections_cannot_be_drawn():
    with pytest.raises(Unfillable):
        draw(Blueprint((), 50), [], 1)


@given(blueprints_with_banks(), seeds)
def test_a_paper_survives_storage(made, seed):
    paper = draw(*made, seed)
    assert Paper.from_json(paper.to_json()) == paper


def test_seeds_spread_the_questions_evenly():
    blueprint = Blueprint((SectionRule(1, 1, 5, 50, {}),), 50)
    bank = [BankItem(number, number, 1, "single", ("a", "b", "c")) for number in range(10)]
    papers = [draw(blueprint, bank, seed) for seed in range(2000)]
    exposure = Counter(item.version for paper in papers for item in paper.questions)
    first_option = Counter(paper.questions[0].order[0] for paper in papers)
    assert all(900 < count < 1100 for count in exposure.values())  # 1000 expected, six standard deviations
    assert all(550 < count < 790 for count in first_option.values())


def test_a_drawn_paper_is_the_same_in_every_release():
    """Pins the algorithm: an attempt's seed must explain its paper years later."""
    blueprint = Blueprint((SectionRule(1, 1, 3, 50, {}),), 50)
    bank = [BankItem(number, number, 1, "single", ("a", "b", "c")) for number in range(1, 9)]
    assert [(item.version, "".join(item.order)) for item in draw(blueprint, bank, 20261124).questions] == PINNED
