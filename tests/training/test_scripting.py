"""Whether a call script leads somewhere, and how its map is laid out."""

import random
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from training.scripting import CARD_WIDTH, Fault, Finding, Step, Way, check_script, lay_out, wrap

DEMO = sorted((Path(settings.BASE_DIR) / "portal" / "home" / "demo" / "scripts").glob("*.toml"))


def step(name: str, *targets: str, outcome: str = "", is_end: bool = False) -> Step:
    """A step whose answers are “to x”; one without targets ends the call well unless said otherwise."""
    ending = not targets and not outcome
    return Step(
        name,
        name.title(),
        tuple((f"to {target}", target) for target in targets),
        outcome="won" if ending else outcome,
        is_end=ending or bool(outcome) or is_end,
    )


def faults(*steps: Step) -> list[tuple[Fault, tuple[int, ...]]]:
    return [(finding.fault, finding.steps) for finding in check_script(steps)]


class TestASoundScript:
    def test_that_ends_on_every_way_is_accepted(self):
        assert check_script([step("a", "b", "c"), step("b", "c"), step("c")]) == []

    def test_may_loop_back_while_there_is_a_way_out(self):
        assert check_script([step("a", "b"), step("b", "a", "b", "c"), step("c")]) == []

    def test_may_be_a_single_ending(self):
        assert check_script([step("a")]) == []

    def test_without_steps_is_for_the_form_to_refuse(self):
        assert check_script([]) == []

    @pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
    def test_is_each_script_of_the_demo(self, path):
        assert check_script(read_demo(path)) == []


class TestABrokenScript:
    def test_a_dangling_branch_is_found_with_its_step_its_answer_and_the_name_meant(self):
        found = check_script([step("opening", "price-asked", "price-askd"), step("price-asked")])
        assert found == [Finding(Fault.DANGLING, (0,), 1, "price-askd", "price-asked")]

    def test_a_name_like_no_other_gets_no_suggestion(self):
        assert check_script([step("a", "zzz", "b"), step("b")])[0].suggestion == ""

    def test_a_step_that_nothing_leads_to_is_found(self):
        assert faults(step("a", "b"), step("b"), step("c", "b")) == [(Fault.UNREACHED, (2,))]

    def test_a_ring_without_a_way_out_is_named_and_what_leads_into_it_is_not(self):
        steps = [step("a", "b", "e"), step("b", "c"), step("c", "d"), step("d", "c"), step("e")]
        assert faults(*steps) == [(Fault.ENDLESS, (2, 3))]

    def test_two_rings_are_two_findings(self):
        steps = [step("a", "b", "c", "d"), step("b", "b"), step("c", "c"), step("d")]
        assert faults(*steps) == [(Fault.ENDLESS, (1,)), (Fault.ENDLESS, (2,))]

    def test_a_script_without_any_ending_is_one_finding(self):
        assert faults(step("a", "b"), step("b", "a")) == [(Fault.NO_ENDING, ())]

    def test_two_steps_of_one_name_are_one_finding(self):
        assert faults(step("a", "b"), step("b"), step("b")) == [(Fault.TWICE, (2, 1))]

    def test_an_ending_has_no_branches(self):
        assert faults(step("a", "b", outcome="won"), step("b")) == [(Fault.BOTH, (0,))]
        assert faults(step("a", "b", is_end=True), step("b")) == [(Fault.BOTH, (0,))]

    def test_an_ending_says_how_the_call_ends(self):
        assert faults(step("a", "b"), Step("b", is_end=True)) == [(Fault.UNDECIDED, (1,))]

    def test_a_branch_left_open_may_lead_anywhere_so_nothing_else_is_concluded(self):
        assert faults(step("a", "", "b"), step("b", "a"), step("c")) == []

    def test_a_branch_that_leads_astray_is_the_only_finding_on_its_way(self):
        assert faults(step("a", "b"), step("b", "lost")) == [(Fault.DANGLING, (1,))]


names = st.integers(0, 11).map(lambda number: f"s{number}")


@st.composite
def scripts(draw) -> list[Step]:
    """Scripts of every kind: with rings, islands, branches astray, names twice, endings with branches."""
    steps = []
    for number in range(draw(st.integers(1, 10))):
        name = draw(st.just(f"s{number}") | names)
        targets = draw(st.lists(names | st.just(""), max_size=4))
        outcome = (
            draw(st.sampled_from(["", "won", "next", "lost"])) if draw(st.integers(0, 9)) < 1 or not targets else ""
        )
        steps.append(Step(name, f"Title {number}", tuple((f"to {to}", to) for to in targets), outcome, bool(outcome)))
    return steps


@st.composite
def sound_scripts(draw) -> list[Step]:
    """Scripts that the rules accept: each step is led to from an earlier one, and leads on or back as it likes."""
    count = draw(st.integers(1, 12))
    leads_to: list[list[int]] = [[] for _number in range(count)]
    for number in range(1, count):
        leads_to[draw(st.integers(0, number - 1))].append(number)
    for leads in leads_to:
        if leads:
            leads += draw(st.lists(st.integers(0, count - 1), max_size=3))
    return [
        step(f"s{number}", *(f"s{to}" for to in draw(st.permutations(leads)))) for number, leads in enumerate(leads_to)
    ]


class TestProperties:
    @given(sound_scripts(), st.randoms())
    def test_from_wherever_a_walk_through_an_accepted_script_stands_it_can_still_end(
        self, steps, chance: random.Random
    ):
        assert check_script(steps) == []
        by_name = {one.name: one for one in steps}
        here = steps[0]
        for _turn in range(20):
            assert can_end(here, by_name)
            if not here.branches:
                break
            here = by_name[chance.choice(here.branches)[1]]

    @given(scripts())
    def test_what_is_accepted_is_exactly_what_a_slow_reading_accepts(self, steps):
        sound = not any("" in (to for _answer, to in one.branches) for one in steps)
        by_name = {one.name: one for one in reversed(steps)}
        sound &= len(by_name) == len(steps)
        sound &= all(to in by_name for one in steps for _answer, to in one.branches)
        sound &= all(bool(one.branches) != bool(one.outcome) for one in steps)
        if sound:
            reached = reach(steps[0], by_name)
            sound = len(reached) == len(steps) and all(can_end(one, by_name) for one in steps)
            assert (check_script(steps) == []) == sound
        elif not any("" in (to for _answer, to in one.branches) for one in steps):
            assert check_script(steps) != []

    @given(scripts())
    def test_every_finding_names_places_of_the_script(self, steps):
        for finding in check_script(steps):
            assert all(0 <= place < len(steps) for place in finding.steps)
            assert bool(finding.steps) == (finding.fault is not Fault.NO_ENDING)
            if finding.branch is not None:
                assert steps[finding.steps[0]].branches[finding.branch][1] == finding.name

    @given(scripts())
    def test_a_ring_that_is_named_is_walked_as_it_is_named(self, steps):
        for finding in check_script(steps):
            if finding.fault is Fault.ENDLESS:
                ring = [*finding.steps, finding.steps[0]]
                for place, following in pairwise(ring):
                    assert steps[following].name in {to for _answer, to in steps[place].branches}


class TestTheMap:
    @given(scripts(), st.sets(st.integers(0, 9)))
    def test_no_card_overlaps_another_and_all_lie_within_the_drawing(self, steps, noted):
        layout = lay_out(steps, noted)
        assert [card.place for card in layout.cards] == list(range(len(steps)))
        for card in layout.cards:
            assert 0 <= card.x <= layout.width - CARD_WIDTH
            assert 0 <= card.y <= layout.height - card.height
            for other in layout.cards[: card.place]:
                apart_across = card.x >= other.x + other.width or other.x >= card.x + card.width
                apart_down = card.y >= other.y + other.height or other.y >= card.y + card.height
                assert apart_across or apart_down

    @given(scripts())
    def test_every_branch_is_drawn_once_and_within_its_card(self, steps):
        layout = lay_out(steps)
        for card, one in zip(layout.cards, steps, strict=True):
            assert [answer.branch for answer in card.answers] == list(range(len(one.branches)))
            heights = [answer.y for answer in card.answers]
            assert heights == sorted(set(heights))
            assert all(card.y < y < card.y + card.height for y in heights)
        drawn = [(line.place, line.branch) for line in layout.lines]
        meant = [(card.place, one.branch) for card in layout.cards for one in card.answers if one.way is Way.ON]
        assert sorted(drawn) == sorted(meant)

    @given(scripts())
    def test_a_line_joins_the_foot_of_its_card_and_the_head_of_the_other_a_rank_below(self, steps):
        layout = lay_out(steps)
        ways = {(card.place, one.branch): one for card in layout.cards for one in card.answers}
        for line in layout.lines:
            card, target = layout.cards[line.place], layout.cards[ways[line.place, line.branch].to]
            assert target.rank == card.rank + 1
            assert (line.y1, line.y2) == (card.y + card.height, target.y)
            assert card.x < line.x1 < card.x + card.width
            assert target.x < line.x2 < target.x + target.width

    @given(sound_scripts())
    def test_a_step_with_branches_stands_as_far_down_as_it_is_far_from_the_first(self, steps):
        layout, distances = lay_out(steps), reach(steps[0], {one.name: one for one in steps}, through_endings=False)
        for card, one in zip(layout.cards, steps, strict=True):
            if one.branches:
                assert card.rank == distances[one.name]

    @given(scripts())
    def test_the_same_script_is_drawn_the_same(self, steps):
        assert lay_out(steps) == lay_out(list(steps))

    def test_endings_stand_at_the_foot_by_how_they_end(self):
        steps = [
            step("a", "l", "w", "b"),
            step("l", outcome="lost"),
            step("w"),
            step("b", "w", "n"),
            step("n", outcome="next"),
        ]
        cards = {steps[card.place].name: card for card in lay_out(steps).cards}
        assert cards["w"].y == cards["n"].y == cards["l"].y > cards["b"].y
        assert cards["w"].x < cards["n"].x < cards["l"].x

    def test_a_branch_upwards_is_marked_and_not_drawn_across_the_cards(self):
        layout = lay_out([step("a", "b"), step("b", "a", "b", "c"), step("c")])
        assert [answer.way for answer in layout.cards[1].answers] == [Way.BACK, Way.BACK, Way.ON]
        assert len(layout.lines) == 2

    def test_neighbours_are_ordered_so_that_lines_do_not_cross(self):
        steps = [
            step("a", "x", "y"), step("x", "q"), step("y", "p"), step("p", "end"), step("q", "end"), step("end"),
        ]  # fmt: skip
        cards = lay_out(steps).cards
        assert (cards[1].x < cards[2].x) == (cards[4].x < cards[3].x)

    def test_a_script_of_many_steps_is_laid_out_in_time_that_grows_with_its_size_alone(self):
        chain = [step(f"s{number}", f"s{number + 1}", "s0") for number in range(5000)]
        layout = lay_out([*chain, step("s5000")])
        assert len(layout.cards) == 5001
        islands = [step(f"s{number}", f"s{number}") for number in range(5000)]
        assert len(lay_out(islands).cards) == 5000
        assert (
            len(check_script([step("s0", *(one.name for one in islands[1:]), "end"), *islands[1:], step("end")]))
            == 4999
        )

    @pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
    def test_a_script_of_the_demo_is_at_most_four_cards_wide(self, path):
        assert lay_out(read_demo(path)).width <= 1140

    def test_long_words_are_cut_with_a_sign(self):
        assert wrap("one two three four", 8) == ("one two", "three…")
        assert wrap("", 8) == ("",)


def can_end(begin: Step, by_name: dict[str, Step]) -> bool:
    return any(not by_name[name].branches for name in reach(begin, by_name))


def reach(begin: Step, by_name: dict[str, Step], *, through_endings: bool = True) -> dict[str, int]:
    """Distances by name, the slow way: relax every branch until nothing changes."""
    distances = {begin.name: 0}
    changed = True
    while changed:
        changed = False
        for name in list(distances):
            for _answer, to in by_name[name].branches:
                if not through_endings and not by_name[to].branches:
                    continue
                if distances.get(to, 10**6) > distances[name] + 1:
                    distances[to] = distances[name] + 1
                    changed = True
    return distances


def read_demo(path: Path) -> list[Step]:
    return [
        Step(
            name=one["name"],
            title=one["title"]["ru"],
            branches=tuple((branch["if"]["ru"], branch["to"]) for branch in one.get("branches", [])),
            outcome=one.get("outcome", ""),
            is_end="end" in one or "outcome" in one,
        )
        for one in tomllib.loads(path.read_text())["steps"]
    ]
