"""A course is due so many days after all that its rule names had become true; reminders come before it and once after."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.circles import find_circle, find_earlier
from training.duedates import Rule, Situation, find_due, find_reminder, first_reminder, next_reminder
from training.stopping import Learner, find_median_days, find_stages

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
SELLER, HEAD, SILVER, GOLD = 1, 2, 10, 11

moments = st.integers(0, 900).map(lambda days: START + days * DAY)
rules = st.builds(
    Rule,
    days=st.integers(1, 730),
    job_role=st.sampled_from([None, SELLER, HEAD]),
    tier=st.sampled_from([None, SILVER]),
    counts_from=st.none() | moments,
)
situations = st.builds(
    Situation,
    joined_at=moments,
    roles=st.dictionaries(st.sampled_from([SELLER, HEAD]), moments),
    tier=st.sampled_from([SILVER, GOLD]),
    tier_since=moments,
)


def describe(**changes) -> Situation:
    values = {"joined_at": START, "roles": {SELLER: START}, "tier": GOLD, "tier_since": START}
    return Situation(**values | changes)


class TestDue:
    def test_sellers_of_gold_partners_within_thirty_days(self):
        rule = Rule(30, SELLER, GOLD)
        assert find_due([rule], describe(), published_at=START) == START + 30 * DAY

    @pytest.mark.parametrize(
        "late",
        [{"joined_at": START + 5 * DAY}, {"roles": {SELLER: START + 5 * DAY}}, {"tier_since": START + 5 * DAY}],
    )
    def test_the_days_are_counted_from_what_became_true_last(self, late):
        assert find_due([Rule(30, SELLER, GOLD)], describe(**late), published_at=START) == START + 35 * DAY

    def test_and_not_before_the_course_was_published(self):
        assert find_due([Rule(30)], describe(), published_at=START + 9 * DAY) == START + 39 * DAY

    def test_what_a_rule_does_not_name_does_not_delay_it(self):
        late = describe(roles={SELLER: START + 5 * DAY}, tier_since=START + 7 * DAY)
        assert find_due([Rule(30)], late, published_at=START) == START + 30 * DAY

    @pytest.mark.parametrize("rule", [Rule(30, HEAD), Rule(30, SELLER, SILVER), Rule(30, HEAD, GOLD)])
    def test_a_rule_for_others_says_nothing(self, rule):
        assert find_due([rule], describe(), published_at=START) is None

    @given(st.lists(rules, max_size=5), situations, moments)
    def test_of_several_rules_the_earliest_counts(self, several, situation, published_at):
        each = [find_due([rule], situation, published_at=published_at) for rule in several]
        dates = [date for date in each if date is not None]
        assert find_due(several, situation, published_at=published_at) == min(dates, default=None)

    @given(st.lists(rules, min_size=1, max_size=5), situations, moments)
    def test_nothing_is_due_before_the_person_joined(self, several, situation, published_at):
        due = find_due(several, situation, published_at=published_at)
        assert due is None or due >= max(situation.joined_at, published_at) + DAY

    def test_a_rule_added_late_leaves_everybody_its_days(self):
        long_ago = describe()
        added = START + 400 * DAY
        assert find_due([Rule(30, SELLER, GOLD, added)], long_ago, published_at=START) == added + 30 * DAY

    def test_and_takes_nothing_from_whoever_comes_after_it(self):
        late = describe(joined_at=START + 50 * DAY)
        assert find_due([Rule(30, counts_from=START + 10 * DAY)], late, published_at=START) == START + 80 * DAY

    @given(st.lists(rules, min_size=1, max_size=5), situations, moments, moments)
    def test_when_every_rule_counts_from_a_day_nobody_is_late_on_it(self, several, situation, published_at, day):
        new = [replace(rule, counts_from=day) for rule in several]
        due = find_due(new, situation, published_at=published_at)
        assert due is None or due >= day + min(rule.days for rule in new) * DAY

    @given(rules, situations, moments)
    def test_its_day_only_ever_gives_more_time(self, rule, situation, published_at):
        without = find_due([replace(rule, counts_from=None)], situation, published_at=published_at)
        due = find_due([rule], situation, published_at=published_at)
        if due is None or without is None:
            assert due is without is None
        else:
            begin = rule.counts_from or START
            assert due == max(without, begin + rule.days * DAY)


class TestReminders:
    def test_seven_days_before_then_one_then_once_when_it_has_passed(self):
        due = START + 30 * DAY
        sent, moment = [], first_reminder(due)
        while moment is not None:
            sent.append((find_reminder(due, now=moment), moment - START))
            moment = next_reminder(due, after=moment)
        assert sent == [(7, 23 * DAY), (1, 29 * DAY), (0, 30 * DAY)]

    def test_of_several_that_were_missed_only_the_last_is_sent(self):
        due = START + 30 * DAY
        assert find_reminder(due, now=due + 5 * DAY) == 0
        assert next_reminder(due, after=due + 5 * DAY) is None

    def test_none_before_the_first(self):
        assert find_reminder(START + 30 * DAY, now=START) is None

    @given(moments, moments)
    def test_the_next_is_always_later_and_there_are_at_most_three(self, due, moment):
        count = 0
        while moment is not None:
            later = next_reminder(due, after=moment)
            assert later is None or later > moment
            moment = later
            count += later is not None
        assert count <= 3


class TestCircles:
    @pytest.mark.parametrize(
        ("requires", "circle"),
        [
            ({"a": ["a"]}, ["a", "a"]),
            ({"a": ["b"], "b": ["a"]}, ["a", "b", "a"]),
            ({"a": ["b"], "b": ["c"], "c": ["a", "b"]}, ["a", "b", "c", "a"]),
            ({"a": ["b", "c"], "c": ["a"]}, ["a", "c", "a"]),
            ({"a": ["b"], "b": ["c"], "c": ["b"]}, []),
            ({"a": ["b", "c"], "b": ["d"], "c": ["d"]}, []),
            ({}, []),
        ],
    )
    def test_the_shortest_way_round_is_named(self, requires, circle):
        assert find_circle(requires, "a") == circle

    @given(st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=4)))
    def test_a_circle_is_found_exactly_where_one_comes_back(self, requires):
        circle = find_circle(requires, 0)
        seen, waiting = set(), list(requires.get(0, []))
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                waiting += requires.get(here, [])
        assert bool(circle) == (0 in seen)
        for here, there in itertools.pairwise(circle):
            assert there in requires[here]

    def test_what_stands_for_what_stood_for_something_stands_for_it_too(self):
        assert find_earlier({"c": ["b"], "b": ["a"], "x": ["c"]}, "c") == {"a", "b", "c"}

    def test_two_that_stand_for_each_other_do_no_harm(self):
        assert find_earlier({"a": ["b"], "b": ["a"]}, "a") == {"a", "b"}


class TestWherePeopleStop:
    def test_each_lesson_tells_who_came_and_who_went_on(self):
        learners = [Learner("abc", True), Learner("ab"), Learner("a"), Learner("a"), Learner("")]
        stages = find_stages("abc", learners)
        assert [(stage.reached, stage.completed, stage.lost) for stage in stages] == [(5, 4, 1), (4, 2, 2), (2, 1, 1)]
        assert [stage.loses_most for stage in stages] == [False, True, False]

    def test_a_lesson_added_since_has_not_lost_those_who_completed_the_course(self):
        stages = find_stages("abc", [Learner("ab", True)] * 3)
        assert [(stage.reached, stage.completed) for stage in stages] == [(3, 3), (3, 3), (0, 0)]
        assert not any(stage.loses_most for stage in stages)

    @given(
        st.integers(0, 6).flatmap(
            lambda count: st.tuples(
                st.just(range(count)),
                st.lists(st.builds(Learner, st.frozensets(st.integers(0, 8)), st.booleans()), max_size=12),
            )
        )
    )
    def test_a_funnel_never_widens_and_nobody_completes_what_they_did_not_come_to(self, case):
        lessons, learners = case
        stages = find_stages(lessons, learners)
        for before, after in itertools.pairwise(stages):
            assert after.reached <= before.reached
        assert all(0 <= stage.completed <= stage.reached <= len(learners) for stage in stages)
        assert sum(stage.loses_most for stage in stages) == (1 if any(stage.lost for stage in stages) else 0)

    @pytest.mark.parametrize(("days", "middle"), [([], None), ([2], 2.0), ([1, 2, 30], 2.0), ([1, 2], 1.5)])
    def test_the_median_is_told_in_days(self, days, middle):
        assert find_median_days([day * 86400 for day in days]) == middle
