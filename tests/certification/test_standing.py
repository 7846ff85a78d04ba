from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from certification.standing import Holding, Requirement, assess
from tests.certification.strategies import NOW, requirements_with_holdings

DAY = timedelta(days=1)


def oracle(requirement, holdings, now):
    """The rule as the glossary says it, by brute force."""
    people = {holding.person for holding in holdings}
    complete = [
        person
        for person in people
        if all(
            any(
                h.person == person and h.exam == exam and not h.withdrawn and h.since <= now < h.until for h in holdings
            )
            for exam in requirement.exams
        )
    ]
    return len(complete) >= requirement.people


@given(requirements_with_holdings())
def test_the_requirement_is_met_when_enough_people_hold_every_exam(made):
    requirement, holdings = made
    assert assess(requirement, holdings, NOW).met == oracle(requirement, holdings, NOW)


@given(requirements_with_holdings())
def test_it_stays_met_until_the_moment_named_and_not_at_it(made):
    requirement, holdings = made
    holdings = [h for h in holdings if h.since <= NOW]  # by expiries alone: nothing begins later
    standing = assess(requirement, holdings, NOW)
    if not standing.met:
        assert standing.valid_until is None
        return
    ends = {h.until for h in holdings if h.until > NOW}
    assert standing.valid_until in ends
    for moment in ends:
        just_before = moment - timedelta(microseconds=1)
        assert oracle(requirement, holdings, just_before) == (just_before < standing.valid_until)
        assert oracle(requirement, holdings, moment) == (moment < standing.valid_until)


@given(requirements_with_holdings(), st.randoms())
def test_the_order_of_the_credentials_does_not_matter(made, random):
    requirement, holdings = made
    assert assess(requirement, holdings, NOW) == assess(requirement, random.sample(holdings, len(holdings)), NOW)


@given(requirements_with_holdings())
def test_what_is_said_to_be_lacking_would_complete_it(made):
    requirement, holdings = made
    standing = assess(requirement, holdings, NOW)
    gained = [
        Holding(person.person, exam, NOW, NOW + DAY) for person in standing.nearest for exam in person.missing
    ] + [
        Holding(100 + number, exam, NOW, NOW + DAY)
        for number in range(standing.newcomers)
        for exam in requirement.exams
    ]
    assert oracle(requirement, holdings + gained, NOW)
    assert bool(gained) == (not standing.met)
    for exam in standing.exams:
        assert exam.lacking == max(0, requirement.people - len(exam.holders))


@given(requirements_with_holdings())
def test_taking_any_credential_away_never_helps(made):
    requirement, holdings = made
    before = assess(requirement, holdings, NOW)
    for index, holding in enumerate(holdings):
        without = [*holdings[:index], replace(holding, withdrawn=True), *holdings[index + 1 :]]
        after = assess(requirement, without, NOW)
        assert after.met <= before.met
        if after.met:
            assert after.valid_until <= before.valid_until


@given(requirements_with_holdings())
def test_an_inactive_partner_or_an_old_agreement_meets_nothing_but_keeps_its_people(made):
    requirement, holdings = made
    usual = assess(requirement, holdings, NOW)
    for closed in ({"partner_active": False}, {"agreement_current": False}):
        standing = assess(requirement, holdings, NOW, **closed)
        assert not standing.met
        assert standing.valid_until is None
        assert standing.people_met == usual.met


def test_two_people_with_one_exam_each_are_not_one_person_with_both():
    holdings = [Holding(1, 10, NOW, NOW + DAY), Holding(2, 20, NOW, NOW + DAY)]
    standing = assess(Requirement((10, 20), 1), holdings, NOW)
    assert not standing.met
    assert [exam.lacking for exam in standing.exams] == [0, 0]
    assert len(standing.nearest) == 1


def test_a_renewal_counts_instead_of_what_it_renews():
    holdings = [Holding(1, 10, NOW - DAY, NOW + DAY), Holding(1, 10, NOW, NOW + 9 * DAY)]
    assert assess(Requirement((10,), 1), holdings, NOW).valid_until == NOW + 9 * DAY


def test_without_a_rule_for_the_tier_or_without_exams_nobody_qualifies():
    holdings = [Holding(1, 10, NOW, NOW + DAY)]
    assert not assess(Requirement((10,), None), holdings, NOW).met
    assert not assess(Requirement((), 1), holdings, NOW).met
