from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.reviewing import (
    AFTER_CLOSE,
    AT_ONCE,
    NEVER,
    Fault,
    Policy,
    Problem,
    Rule,
    What,
    When,
    may_precede,
    may_review,
    opens_at,
    problems,
)
from tests.certification.strategies import NOW, moments

DAY = timedelta(days=1)


def later(hours):
    return Rule(When.LATER, hours)


rules = st.one_of(st.sampled_from([AT_ONCE, AFTER_CLOSE, NEVER]), st.integers(1, 400).map(later))
policies = st.dictionaries(st.sampled_from(What), rules).map(Policy)


def test_unless_it_is_said_otherwise_marks_per_section_and_where_to_study_are_shown_at_once():
    shown = {
        what for what in What if may_review(Policy(), what, graded_at=NOW, closes_at=NOW - DAY, now=NOW + 400 * DAY)
    }
    assert shown == {What.STUDY, What.SECTIONS}
    assert opens_at(Policy(), What.STUDY, graded_at=NOW, closes_at=None) == NOW
    assert problems(Policy(), has_window=False) == ()


@pytest.mark.parametrize(
    ("rule", "closes_at", "opens"),
    [
        (AT_ONCE, None, NOW),
        (later(24), None, NOW + DAY),
        (AFTER_CLOSE, NOW + 2 * DAY, NOW + 2 * DAY),
        (AFTER_CLOSE, NOW - DAY, NOW),  # graded after the end: not before it is graded
        (AFTER_CLOSE, None, None),
        (NEVER, NOW, None),
    ],
)
def test_when_a_part_opens(rule, closes_at, opens):
    assert opens_at(Policy({What.KEY: rule}), What.KEY, graded_at=NOW, closes_at=closes_at) == opens


@given(policies, st.sampled_from(What), st.none() | moments)
def test_nothing_is_shown_before_it_is_graded(policy, what, closes_at):
    assert opens_at(policy, what, graded_at=None, closes_at=closes_at) is None
    assert not may_review(policy, what, graded_at=None, closes_at=closes_at, now=NOW)
    moment = opens_at(policy, what, graded_at=NOW, closes_at=closes_at)
    assert moment is None or moment >= NOW


@given(policies, st.sampled_from(What), moments, st.none() | moments, moments)
def test_a_part_is_shown_from_the_moment_that_is_told(policy, what, graded_at, closes_at, now):
    opens = opens_at(policy, what, graded_at=graded_at, closes_at=closes_at)
    shown = may_review(policy, what, graded_at=graded_at, closes_at=closes_at, now=now)
    assert shown == (opens is not None and now >= opens)


@given(rules, rules, st.integers(0, 900))
def test_what_may_come_first_is_what_does_for_some_attempt(one, other, hours):
    """The rule against trying: an attempt graded now, whose exam closes in so many hours."""
    policy = Policy({What.KEY: one, What.ANSWERS: other})
    moment = {"graded_at": NOW, "closes_at": NOW + timedelta(hours=hours)}
    first, second = (opens_at(policy, what, **moment) for what in (What.KEY, What.ANSWERS))
    if first is not None and (second is None or first < second):
        assert may_precede(one, other)
    if may_precede(one, other):
        closings = [NOW, NOW + timedelta(hours=1000)]
        pairs = [
            [opens_at(policy, what, graded_at=NOW, closes_at=closes_at) for what in (What.KEY, What.ANSWERS)]
            for closes_at in closings
        ]
        assert any(key is not None and (answers is None or key < answers) for key, answers in pairs)


@pytest.mark.parametrize(
    ("shown", "has_window", "expected"),
    [
        ({What.KEY: AT_ONCE}, True, [Problem(Fault.BEFORE, What.KEY, What.CORRECTNESS)]),
        (
            {What.ANSWERS: later(24), What.CORRECTNESS: AT_ONCE},
            True,
            [Problem(Fault.BEFORE, What.CORRECTNESS, What.ANSWERS)],
        ),
        ({What.ANSWERS: AT_ONCE, What.CORRECTNESS: later(24), What.KEY: later(24)}, True, []),
        ({What.ANSWERS: AFTER_CLOSE}, False, [Problem(Fault.NO_CLOSE, What.ANSWERS)]),
        ({What.STUDY: later(0)}, True, [Problem(Fault.NO_HOURS, What.STUDY)]),
        ({What.STUDY: later(9000)}, True, [Problem(Fault.NO_HOURS, What.STUDY)]),
        (dict.fromkeys(What, AFTER_CLOSE), True, []),
        (dict.fromkeys(What, NEVER), False, []),
    ],
)
def test_what_makes_no_sense_is_named(shown, has_window, expected):
    assert list(problems(Policy(shown), has_window=has_window)) == expected


@given(policies, moments, moments, moments)
def test_under_a_policy_without_problems_nobody_sees_the_key_without_the_own_answers(policy, graded_at, closes_at, now):
    if problems(policy, has_window=True):
        return
    moment = {"graded_at": graded_at, "closes_at": closes_at, "now": now}
    if may_review(policy, What.KEY, **moment) or may_review(policy, What.FEEDBACK, **moment):
        assert may_review(policy, What.CORRECTNESS, **moment)
        assert may_review(policy, What.ANSWERS, **moment)


@given(policies)
def test_a_policy_survives_storage(policy):
    read = Policy.from_json(policy.to_json())
    assert [read.rule(what) for what in What] == [policy.rule(what) for what in What]
    assert read.to_json() == policy.to_json()


def test_a_stored_policy_names_what_is_shown():
    policy = Policy({What.KEY: later(48), What.STUDY: AT_ONCE, What.MARKS: NEVER})
    assert policy.to_json() == {"study": "at_once", "key": "later:48"}


@pytest.mark.parametrize(
    "stored",
    [
        {"keys": "at_once"},
        {"key": "soon"},
        {"key": "later"},
        {"key": "later:x"},
        {"key": "later:-1"},
        {"key": "never:1"},
    ],
)
def test_what_is_no_policy_is_refused(stored):
    with pytest.raises(ValueError, match=r"not a (valid|moment)"):
        Policy.from_json(stored)
