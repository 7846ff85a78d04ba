from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, permutations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from certification.drawing import (
    BankItem,
    Blueprint,
    Paper,
    PaperQuestion,
    PaperSection,
    Quota,
    SectionRule,
    Unfillable,
    compose,
    draw,
    find_shortfalls,
    is_fillable,
    pick,
)
from tests.certification.strategies import blueprints_with_banks, small_blueprints_with_banks

#: Version and option order, as drawn by this release.
PINNED = [(1, "bca"), (3, "cab"), (6, "abc")]

seeds = st.integers(0, 2**63 - 1)


def topic(count, *topics):
    return Quota(count, frozenset(topics))


def section(number, *quotas, fixed=()):
    return SectionRule(number, {}, 50, quotas, fixed)


def items(*numbers, topic=1, **more):
    return [BankItem(number, number, topic, "single", ("a", "b", "c"), **more) for number in numbers]


# --- Everything tried, on small banks: an independent statement of what the best paper is -----------------------------


def fits(quota, item):
    return (
        (not quota.topics or item.topic in quota.topics)
        and quota.tags <= item.tags
        and quota.difficulty in {None, item.difficulty}
    )


def list_places(blueprint):
    """One entry for each single question that is asked: a test for it."""
    for rule in blueprint.sections:
        for question in rule.fixed:
            yield lambda item, question=question: item.question == question
        for quota in rule.quotas:
            for _ in range(quota.count):
                yield lambda item, quota=quota: fits(quota, item)


def can_stand(places, chosen):
    return any(all(place(item) for place, item in zip(places, order, strict=True)) for order in permutations(chosen))


def wishes(item, blueprint, papers):
    cap = blueprint.exposure_cap
    over = cap is not None and item.asked > 0 and Fraction(item.asked + 1, papers + 1) > cap
    return item.under_check, item.seen, over, item.asked


def best_filling(blueprint, bank, papers):
    places = list(list_places(blueprint))
    fillings = [chosen for chosen in combinations(bank, len(places)) if can_stand(places, chosen)]
    return min((sorted(wishes(item, blueprint, papers) for item in chosen) for chosen in fillings), default=None)


@settings(max_examples=400, deadline=None)
@given(small_blueprints_with_banks(), seeds)
def test_of_all_papers_that_can_be_filled_the_most_preferred_is_drawn(made, seed):
    blueprint, bank = made
    best = best_filling(blueprint, bank, papers=6)
    assert (best is not None) == is_fillable(blueprint, bank)
    if best is None:
        with pytest.raises(Unfillable):
            draw(blueprint, bank, seed, papers=6)
        return
    picks = pick(blueprint, bank, seed, papers=6)
    assert sorted(wishes(chosen.item, blueprint, 6) for chosen in picks) == best
    assert all(chosen.over_cap == wishes(chosen.item, blueprint, 6)[2] for chosen in picks)


@settings(deadline=None)
@given(small_blueprints_with_banks(), seeds)
def test_each_section_gets_what_it_asks(made, seed):
    blueprint, bank = made
    assume(is_fillable(blueprint, bank))
    picks = pick(blueprint, bank, seed)
    assert [chosen.section for chosen in picks] == [
        rule.section for rule in blueprint.sections for _ in range(rule.count)
    ]
    assert len({chosen.item.question for chosen in picks}) == len(picks)
    for rule in blueprint.sections:
        chosen = [pick.item for pick in picks if pick.section == rule.section]
        assert tuple(item.question for item in chosen[: len(rule.fixed)]) == rule.fixed
        alone = Blueprint((replace(rule, fixed=()),), 50)
        assert can_stand(list(list_places(alone)), chosen[len(rule.fixed) :])


@settings(max_examples=400, deadline=None)
@given(small_blueprints_with_banks())
def test_a_shortfall_is_a_conflict_and_none_of_its_places_can_be_left_out(made):
    blueprint, bank = made
    shortfalls = find_shortfalls(blueprint, bank)
    assert bool(shortfalls) == (best_filling(blueprint, bank, 0) is None)
    named = [place for short in shortfalls for place in short.places]
    asked = Counter((rule.section, q) for rule in blueprint.sections for q in (*rule.quotas, *rule.fixed))
    assert not Counter((p.section, p.quota or p.question) for p in named) - asked
    for short in shortfalls:
        assert short.wanted == sum(place.count for place in short.places) > short.available
        assert short.available == sum(
            any(fits(p.quota, item) if p.quota else item.question == p.question for p in short.places) for item in bank
        )
        for left_out in range(len(short.places)):
            others = [place for number, place in enumerate(short.places) if number != left_out]
            rules = [
                SectionRule(number, {}, 0, (p.quota,) if p.quota else (), (p.question,) if p.question else ())
                for number, p in enumerate(others)
            ]
            assert not find_shortfalls(Blueprint(tuple(rules), 0), bank)


# --- What a paper is -------------------------------------------------------------------------------------------------


@given(st.one_of(blueprints_with_banks(), small_blueprints_with_banks()), seeds, st.randoms())
def test_the_seed_decides_the_paper_whatever_the_order_of_the_bank(made, seed, random):
    blueprint, bank = made
    assume(is_fillable(blueprint, bank))
    shuffled = random.sample(bank, len(bank))
    assert draw(blueprint, bank, seed) == draw(blueprint, shuffled, seed)


@given(blueprints_with_banks(), seeds)
def test_positions_count_through_and_no_question_comes_twice(made, seed):
    blueprint, bank = made
    paper = draw(blueprint, bank, seed)
    assert len({item.version for item in paper.questions}) == len(paper.questions) == blueprint.count
    assert [item.position for item in paper.questions] == list(range(1, len(paper.questions) + 1))


@given(blueprints_with_banks(), seeds)
def test_options_keep_their_set_and_fixed_ones_their_order(made, seed):
    blueprint, bank = made
    by_version = {item.version: item for item in bank}
    for drawn in draw(blueprint, bank, seed).questions:
        item = by_version[drawn.version]
        assert sorted(drawn.order) == sorted(item.options)
        assert item.shuffled or drawn.order == item.options


@given(st.sets(st.sampled_from("abcdef")), seeds)
def test_none_and_all_of_these_stay_last_in_their_order(pinned, seed):
    (item,) = [item._replace(options=tuple("fedcba"), pinned=frozenset(pinned)) for item in items(1)]
    (drawn,) = draw(Blueprint((section(1, topic(1, 1)),), 50), [item], seed).questions
    assert [option for option in drawn.order if option in pinned] == sorted(pinned, reverse=True)
    assert set(drawn.order[: 6 - len(pinned)]) == set("abcdef") - pinned


@given(seeds)
def test_an_exam_that_does_not_shuffle_asks_in_the_order_of_its_quotas_and_of_the_bank(seed):
    blueprint = Blueprint((section(1, topic(2, 2), topic(3, 1)),), 50, shuffle_questions=False, shuffle_options=False)
    bank = [*items(1, 2, 5), *items(3, 4, topic=2)]
    paper = draw(blueprint, bank, seed)
    assert [item.version for item in paper.questions] == [3, 4, 1, 2, 5]
    assert {item.order for item in paper.questions} == {("a", "b", "c")}


@given(seeds)
def test_a_fixed_paper_is_asked_as_it_is_written(seed):
    blueprint = Blueprint((section(1, fixed=(5, 2, 9)), section(2, fixed=(1,))), 50)
    assert [chosen.item.question for chosen in pick(blueprint, items(*range(1, 10)), seed)] == [5, 2, 9, 1]


@given(seeds)
def test_a_question_that_is_fixed_in_one_section_is_not_drawn_for_another(seed):
    blueprint = Blueprint((section(1, topic(2, 1)), section(2, fixed=(2,))), 50)
    assert [chosen.item.question for chosen in pick(blueprint, items(1, 2, 3), seed)][2:] == [2]


@given(seeds)
def test_options_may_be_loaded_for_the_chosen_questions_alone(seed):
    blueprint = Blueprint((section(1, topic(3, 1)),), 50)
    bank = items(*range(9))
    outline = [item._replace(options=(), pinned=frozenset()) for item in bank]
    by_version = {item.version: item for item in bank}
    picks = [replace(chosen, item=by_version[chosen.item.version]) for chosen in pick(blueprint, outline, seed)]
    assert compose(blueprint, picks, seed) == draw(blueprint, bank, seed)


# --- What is preferred -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"under_check": True}, {"seen": 9, "asked": 9}),
        ({"seen": 2}, {"seen": 1, "asked": 9}),
        ({"asked": 5}, {"asked": 4}),
    ],
)
@given(seeds)
def test_what_is_drawn_only_where_nothing_better_is_left(worse, better, seed):
    bank = [*items(1, 2, **worse), *items(3, **better)]
    picks = pick(Blueprint((section(1, topic(2, 1)),), 50, exposure_cap=Fraction(1, 2)), bank, seed, papers=10)
    assert 3 in {chosen.item.question for chosen in picks}


def test_a_question_gives_way_where_another_section_can_ask_nothing_else():
    """The unseen question 1 fits both sections; section 2 has no other, so section 1 asks one that was seen."""
    blueprint = Blueprint((section(1, topic(1, 1, 2)), section(2, topic(1, 1))), 50)
    bank = [*items(1), *items(2, topic=2, seen=3)]
    assert [(chosen.section, chosen.item.question) for chosen in pick(blueprint, bank, 1)] == [(1, 2), (2, 1)]


@pytest.mark.parametrize(
    ("asked", "papers", "cap", "over"),
    [
        (0, 0, Fraction(1, 5), False),  # the first paper of an exam
        (1, 1, Fraction(1, 5), True),
        (1, 9, Fraction(1, 5), False),  # 2 of 10
        (2, 9, Fraction(1, 5), True),  # 3 of 10
        (9, 9, Fraction(1), False),
        (9, 9, None, False),
    ],
)
def test_a_draw_above_the_exposure_cap_is_recorded(asked, papers, cap, over):
    blueprint = Blueprint((section(1, topic(1, 1)),), 50, exposure_cap=cap)
    paper = draw(blueprint, items(1, asked=asked, under_check=True), 1, papers=papers)
    assert [(item.over_cap, item.under_check) for item in paper.questions] == [(over, True)]


def test_a_bank_in_use_spreads_its_exposure():
    """Asking the least exposed first, no question is ever asked twice more than another."""
    blueprint = Blueprint((section(1, topic(3, 1)),), 50)
    asked = Counter(dict.fromkeys(range(8), 0))
    for papers in range(60):
        bank = [item._replace(asked=asked[item.question]) for item in items(*range(8))]
        asked.update(chosen.item.question for chosen in pick(blueprint, bank, papers, papers=papers))
        assert max(asked.values()) - min(asked.values()) <= 1


def test_seeds_spread_the_questions_evenly():
    blueprint = Blueprint((section(1, topic(5, 1)),), 50)
    bank = items(*range(10))
    papers = [draw(blueprint, bank, seed) for seed in range(2000)]
    exposure = Counter(item.version for paper in papers for item in paper.questions)
    first_option = Counter(paper.questions[0].order[0] for paper in papers)
    assert all(900 < count < 1100 for count in exposure.values())  # 1000 expected, six standard deviations
    assert all(550 < count < 790 for count in first_option.values())


def test_a_drawn_paper_is_the_same_in_every_release():
    """Pins the algorithm: an attempt's seed must explain its paper years later."""
    paper = draw(Blueprint((section(1, topic(3, 1)),), 50), items(*range(1, 9)), 20261124)
    assert [(item.version, "".join(item.order)) for item in paper.questions] == PINNED


# --- What cannot be drawn --------------------------------------------------------------------------------------------


@given(blueprints_with_banks(fillable=False), seeds)
def test_a_bank_that_falls_short_raises_with_what_is_missing_and_never_shortens_the_exam(made, seed):
    blueprint, bank = made
    with pytest.raises(Unfillable) as refused:
        draw(blueprint, bank, seed)
    assert refused.value.shortfalls == find_shortfalls(blueprint, bank) != ()


def test_sections_of_one_topic_compete_for_its_questions():
    blueprint = Blueprint((section(1, topic(2, 7)), section(2, topic(2, 7))), 50)
    (shortfall,) = find_shortfalls(blueprint, items(1, 2, 3, topic=7))
    assert ([place.section for place in shortfall.places], shortfall.wanted, shortfall.available) == ([1, 2], 4, 3)


def test_a_shortfall_names_no_place_that_is_innocent():
    blueprint = Blueprint((section(1, topic(2, 1, 2)), section(2, Quota(2, tags=frozenset({5})), topic(1, 3))), 50)
    bank = [*items(1, 2), *items(3, tags=frozenset({5})), *items(4, topic=3)]
    (shortfall,) = find_shortfalls(blueprint, bank)
    assert [(place.section, place.quota) for place in shortfall.places] == [(2, Quota(2, tags=frozenset({5})))]
    assert (shortfall.wanted, shortfall.available) == (2, 1)


def test_a_fixed_question_that_the_bank_lacks_is_named():
    (shortfall,) = find_shortfalls(Blueprint((section(1, fixed=(1, 17)),), 50), items(1))
    assert [(place.section, place.question) for place in shortfall.places] == [(1, 17)]
    assert (shortfall.wanted, shortfall.available) == (1, 0)


def test_a_question_cannot_be_fixed_twice():
    (shortfall,) = find_shortfalls(Blueprint((section(1, fixed=(1,)), section(2, fixed=(1,))), 50), items(1, 2))
    assert [place.section for place in shortfall.places] == [1, 2]


@pytest.mark.parametrize("sections", [(), (section(1),), (section(1, topic(1, 1)), section(2))])
def test_a_blueprint_in_which_a_section_asks_nothing_cannot_be_drawn(sections):
    assert not is_fillable(Blueprint(sections, 50), items(1))
    with pytest.raises(Unfillable, match="asks nothing"):
        draw(Blueprint(sections, 50), items(1), 1)


def test_a_question_that_is_in_the_bank_twice_is_an_error():
    with pytest.raises(ValueError, match="twice"):
        draw(Blueprint((section(1, topic(1, 1)),), 50), items(1, 1), 1)


# --- Storage ---------------------------------------------------------------------------------------------------------

papers = st.builds(
    Paper,
    sections=st.just((PaperSection(3, {"en": "Sales", "ru": "Продажи"}, 60),)),
    questions=st.lists(
        st.builds(
            PaperQuestion,
            position=st.just(0),
            section=st.just(3),
            version=st.integers(1, 9),
            type=st.just("single"),
            order=st.lists(st.sampled_from("abc"), unique=True).map(tuple),
            points=st.fractions(min_value=Fraction(1, 4), max_value=5, max_denominator=4),
            over_cap=st.booleans(),
            under_check=st.booleans(),
        ),
        max_size=5,
    ).map(lambda found: tuple(item._replace(position=position) for position, item in enumerate(found, 1))),
    pass_percent=st.integers(0, 100),
    language=st.sampled_from(["", "en", "ru"]),
)


@given(papers)
def test_a_paper_survives_storage(paper):
    assert Paper.from_json(paper.to_json()) == paper


def test_a_paper_of_an_earlier_release_is_read():
    stored = {
        "pass_percent": 70,
        "sections": [{"section": 3, "title": {"en": "Sales"}, "pass_percent": 60}],
        "questions": [{"section": 3, "version": 12, "type": "single", "order": ["b", "a"]}],
    }
    assert Paper.from_json(stored) == Paper(
        (PaperSection(3, {"en": "Sales"}, 60),), (PaperQuestion(1, 3, 12, "single", ("b", "a")),), 70
    )


def test_a_stored_question_takes_no_more_room_than_it_needs():
    paper = draw(Blueprint((section(3, topic(1, 1)),), 50), items(1), 1, language="ru")
    assert paper.to_json() == {
        "pass": 50,
        "language": "ru",
        "sections": [[3, 50, {}]],
        "questions": [[3, 1, "single", ["c", "b", "a"]]],
    }
