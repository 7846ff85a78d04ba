"""The rules of a route: which leads are its own, and that what is stored is what was published."""

import json

from hypothesis import given
from hypothesis import strategies as st

from portal.leads.policies import Asked, Policy

ids = st.frozensets(st.integers(1, 9), max_size=3)
policies = st.builds(
    Policy,
    programme=st.integers(1, 9),
    products=st.frozensets(st.integers(1, 9), min_size=1, max_size=3),
    sources=ids,
    regions=ids,
    languages=st.frozensets(st.sampled_from(["en", "ru", "de"])),
    countries=st.frozensets(st.sampled_from(["DE", "NO"])),
    least_score=st.integers(0, 100),
    least_employees=st.integers(0, 50),
    most_employees=st.integers(0, 500),
    kinds=ids,
    least_rank=st.integers(0, 4),
    roles=ids,
    speaks=st.booleans(),
    weights=st.dictionaries(st.integers(1, 9), st.integers(1, 9)).map(lambda found: tuple(sorted(found.items()))),
    performance=st.integers(0, 50),
    window_hours=st.integers(1, 99),
    in_working_hours=st.booleans(),
    day_cap=st.integers(0, 9),
    most_offers=st.integers(0, 9),
    slots=st.integers(1, 5),
)
leads = st.builds(
    Asked,
    source=st.integers(1, 9),
    product=st.none() | st.integers(1, 9),
    region=st.none() | st.integers(1, 9),
    language=st.sampled_from(["", "en", "ru", "de"]),
    employees=st.none() | st.integers(0, 600),
    country=st.sampled_from(["", "DE", "NO", "FR"]),
    score=st.none() | st.integers(0, 100),
)


@given(policies)
def test_what_is_stored_is_what_was_published(policy):
    stored = json.loads(json.dumps(policy.to_json()))
    assert Policy.from_json(stored) == policy
    assert policy.to_json() == Policy.from_json(stored).to_json()


def test_a_rule_that_was_not_known_then_has_no_effect():
    assert Policy.from_json({"programme": 1, "products": [2]}) == Policy(programme=1, products=frozenset({2}))


@given(policies, leads)
def test_a_lead_is_the_route_s_where_each_condition_alone_admits_it(policy, lead):
    admitted = [
        lead.product in policy.products,
        not policy.sources or lead.source in policy.sources,
        not policy.regions or lead.region in policy.regions,
        not policy.languages or lead.language in policy.languages,
        not policy.countries or lead.country in policy.countries,
        policy.least_score == 0 or (lead.score is not None and lead.score >= policy.least_score),
        lead.employees is None or lead.employees >= policy.least_employees,
        lead.employees is None or policy.most_employees == 0 or lead.employees <= policy.most_employees,
    ]
    assert policy.takes(lead) == all(admitted)


def test_a_tier_without_a_line_weighs_one():
    policy = Policy(programme=1, products=frozenset({1}), weights=((7, 3),))
    assert [policy.weigh(tier, None) for tier in (7, 8)] == [3, 1]
    assert policy.weigh(7, 200) == 3


@given(st.integers(1, 9), st.integers(1, 50), st.none() | st.integers(0, 1000))
def test_performance_moves_a_weight_within_its_bounds_only(weight, bound, percent):
    policy = Policy(programme=1, products=frozenset({1}), weights=((7, weight),), performance=bound)
    plain = policy.weigh(7, None)
    assert plain == weight * 100
    assert plain * (100 - bound) <= policy.weigh(7, percent) * 100 <= plain * (100 + bound)
    if percent is not None and abs(percent - 100) <= bound:
        assert policy.weigh(7, percent) == weight * percent
