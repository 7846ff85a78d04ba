from collections import Counter
from datetime import timedelta
from fractions import Fraction
from itertools import product
from math import comb, isclose, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.integrity import (
    Answer,
    Event,
    EventKind,
    Line,
    Norm,
    SpeedFlag,
    name_answer,
    similarity,
    speed_flags,
    summarise,
)
from tests.certification.strategies import NOW

# --- Speed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "norm", "flags"),
    [
        (7, Norm(40, 100), [SpeedFlag(1, 7, 40, 17)]),
        (8, Norm(40, 100), []),  # exactly a fifth
        (0, Norm(40, 100), [SpeedFlag(1, 0, 40, 0)]),
        (1, Norm(40, 29), []),  # too few have answered it
        (1, Norm(0, 100), []),
        (1, None, []),
    ],
)
def test_which_answers_came_far_faster_than_the_norm(seconds, norm, flags):
    assert list(speed_flags({1: seconds}, {} if norm is None else {1: norm})) == flags


@given(
    st.dictionaries(st.integers(1, 9), st.integers(0, 100)),
    st.dictionaries(st.integers(1, 9), st.builds(Norm, st.integers(1, 100), st.integers(0, 60))),
    st.integers(1, 100),
)
def test_the_fastest_in_proportion_come_first_and_nobody_slower_is_flagged(times, norms, percent):
    flags = speed_flags(times, norms, percent=percent)
    assert all(flag.seconds * 100 < flag.median_seconds * percent for flag in flags)
    proportions = [Fraction(flag.seconds) / flag.median_seconds for flag in flags]
    assert proportions == sorted(proportions)
    assert {flag.version for flag in flags} <= times.keys() & norms.keys()


# --- Likeness --------------------------------------------------------------------------------------------------------


def wrong(response):
    return Answer([response], wrong=True)


def right():
    return Answer(["a"], wrong=False)


def counts(**given_answers):
    return {name_answer([response]): count for response, count in given_answers.items()}


def test_right_answers_that_agree_say_nothing():
    answers = {version: right() for version in range(40)}
    found = similarity(answers, answers, {version: counts(b=50, c=50) for version in range(40)})
    assert (found.common, found.both_wrong, found.probability, found.share) == (40, 0, 1, 0)


def test_ten_times_the_same_wrong_answer_of_two_that_are_equally_common():
    answers = {version: wrong("b") for version in range(10)}
    found = similarity(answers, answers, {version: counts(b=50, c=50) for version in range(10)}, pairs=100)
    assert (found.both_wrong, found.identical, found.expected, found.share) == (10, 10, 5, 1)
    assert found.probability == 2**-10
    assert found.among_pairs == 100 * 2**-10


def test_the_only_tempting_wrong_answer_is_given_by_everyone():
    answers = {version: wrong("b") for version in range(10)}
    found = similarity(answers, answers, {version: counts(b=97, c=3) for version in range(10)})
    assert found.probability > 0.5


@pytest.mark.parametrize("known", [{}, {1: {}}])
def test_versions_of_which_nothing_is_known_are_left_out(known):
    assert similarity({1: wrong("b")}, {1: wrong("b")}, known).common == 0


@pytest.mark.parametrize("known", [counts(b=2), counts(c=60)])
def test_a_wrong_answer_that_no_third_person_gave_accuses_nobody(known):
    assert similarity({1: wrong("b")}, {1: wrong("b")}, {1: known}).probability == 1


def test_many_pairs_make_chance_certain():
    answers = {version: wrong("b") for version in range(10)}
    known = {version: counts(b=50, c=50) for version in range(10)}
    assert similarity(answers, answers, known, pairs=124_750).among_pairs == 1


@given(st.integers(1, 12), st.data())
def test_with_equal_chances_it_is_the_binomial_tail(size, data):
    same = data.draw(st.integers(0, size))
    one = {version: wrong("b") for version in range(size)}
    other = {version: wrong("b" if version < same else "c") for version in range(size)}
    found = similarity(one, other, {version: counts(b=30, c=30, d=30) for version in range(size)})
    tail = sum(comb(size, k) * Fraction(1, 3) ** k * Fraction(2, 3) ** (size - k) for k in range(same, size + 1))
    assert isclose(found.probability, float(tail), rel_tol=1e-9)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=7), st.data())
def test_the_probability_is_what_counting_every_outcome_gives(made, data):
    same = data.draw(st.lists(st.booleans(), min_size=len(made), max_size=len(made)))
    one = {version: wrong("b") for version in range(len(made))}
    other = {version: wrong("b" if agrees else "c") for version, agrees in enumerate(same)}
    known = {version: counts(b=b + 1, c=c + 1) for version, (b, c) in enumerate(made)}
    chances = [((b + 1) ** 2 + (c + 1) ** 2) / (b + c + 2) ** 2 for b, c in made]
    expected = sum(
        prod(chance if hit else 1 - chance for chance, hit in zip(chances, outcome, strict=True))
        for outcome in product([True, False], repeat=len(made))
        if sum(outcome) >= sum(same)
    )
    assert isclose(similarity(one, other, known).probability, expected, rel_tol=1e-9)
    assert similarity(one, other, known) == similarity(other, one, known)


def test_two_hundred_questions_take_no_rounding_away():
    answers = {version: wrong("b") for version in range(200)}
    found = similarity(answers, answers, {version: counts(b=50, c=50) for version in range(200)})
    assert isclose(found.probability, 2.0**-200, rel_tol=1e-9)


def test_responses_that_are_the_same_have_one_name():
    assert name_answer({"x": 1, "a": ["я"]}) == name_answer({"a": ["я"], "x": 1}) == '{"a":["я"],"x":1}'


# --- What the browser reported ---------------------------------------------------------------------------------------


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def test_events_are_told_in_one_line_of_each_kind():
    events = [
        Event(EventKind.PASTE, at(9), 120, 4),
        Event(EventKind.FOCUS_LOST, at(7), 30, 3),
        Event(EventKind.FOCUS_LOST, at(2), 90, 3),
        Event(EventKind.FOCUS_LOST, at(5), 1, 8),
        Event(EventKind.ADDRESS_CHANGED, at(6)),
    ]
    assert summarise(events) == (
        Line(EventKind.FOCUS_LOST, 2, 120, 90, at(2), at(7), (3,)),
        Line(EventKind.PASTE, 1, 120, 120, at(9), at(9), (4,)),
        Line(EventKind.ADDRESS_CHANGED, 1, 0, 0, at(6), at(6), ()),
    )


def test_where_nothing_happened_there_is_nothing_to_read():
    assert summarise([]) == ()


events = st.builds(
    Event,
    kind=st.sampled_from(EventKind),
    at=st.integers(0, 60).map(at),
    amount=st.integers(0, 100),
    position=st.none() | st.integers(1, 9),
)


@given(st.lists(events), st.randoms())
def test_lines_count_every_event_once_whatever_their_order(some, random):
    lines = summarise(some, shortest_seconds=0)
    assert {line.kind: line.times for line in lines} == Counter(event.kind for event in some)
    assert sum(line.total for line in lines) == sum(event.amount for event in some)
    assert all(line.first_at <= line.last_at and line.most <= line.total for line in lines)
    assert summarise(random.sample(some, len(some)), shortest_seconds=0) == lines
