"""No lead is told apart from fewer than four others, and none is forgotten or told twice."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal.leads.coarsening import AT_LEAST, Group, coarsen, find_group

MONDAY = date(2026, 11, 2)
WEEKS = [MONDAY + timedelta(weeks=number) for number in range(3)]

#: Leads one by one, so that a group's own leads can be found again.
leads_strategy = st.lists(
    st.tuples(st.sampled_from("qcn"), st.sampled_from(WEEKS), st.integers(1, 3), st.integers(11, 13)), max_size=80
)
growing_strategy = st.sampled_from([None, *WEEKS])


def group(verdict="n", leads=1, week=MONDAY, region=1, product=11) -> Group:
    return Group(verdict, leads, week, region, product)


def count(leads) -> list[Group]:
    return [Group(verdict, number, *rest) for (verdict, *rest), number in Counter(leads).items()]


def fits(lead, told: Group) -> bool:
    verdict, week, region, product = lead
    return (
        verdict == told.verdict
        and told.week in (None, week)
        and told.region in (None, region)
        and told.product in (None, product)
    )


@given(leads_strategy, growing_strategy)
def test_every_group_that_is_told_has_at_least_five_leads(leads, growing):
    assert all(told.leads >= AT_LEAST for told in coarsen(count(leads), growing=growing).groups)


@given(leads_strategy, growing_strategy)
def test_every_lead_is_counted_exactly_once(leads, growing):
    coarse = coarsen(count(leads), growing=growing)
    assert sum(told.leads for told in coarse.groups) + coarse.others == len(leads)
    # Each lead is taken by the finest group that describes it; then every group holds exactly what it says.
    described = {replace(told, leads=0) for told in coarse.groups}
    held = Counter(find_group(described, group(verdict, 1, *rest)) for verdict, *rest in leads)
    assert held.pop(None, 0) == coarse.others
    assert held == Counter({replace(told, leads=0): told.leads for told in coarse.groups})


@given(leads_strategy, growing_strategy)
def test_the_description_is_given_up_in_one_order_products_regions_weeks(leads, growing):
    for told in coarsen(count(leads), growing=growing).groups:
        kept = [told.week is not None, told.region is not None, told.product is not None]
        assert kept == sorted(kept, reverse=True)


@given(leads_strategy, growing_strategy)
def test_a_group_is_merged_only_with_others_that_were_too_few(leads, growing):
    """No group was coarser than it had to be: all leads of a merged one were fewer than five at the finer step."""
    coarse = coarsen(count(leads), growing=growing)
    for told in coarse.groups:
        if told.coarseness == 0 or told.week == growing:
            continue
        finer = {
            0: lambda lead: lead[1:],
            1: lambda lead: lead[1:3],
            2: lambda lead: lead[1:2],
        }[told.coarseness - 1]
        taken = [
            lead
            for lead in leads
            if fits(lead, told)
            and not any(fits(lead, other) and other.coarseness < told.coarseness for other in coarse.groups)
        ]
        assert all(number < AT_LEAST for number in Counter(map(finer, taken)).values() if growing is None)


@given(leads_strategy, st.sampled_from(WEEKS))
def test_a_week_that_still_grows_is_never_told_by_region_or_product(leads, growing):
    for told in coarsen(count(leads), growing=growing).groups:
        if told.week == growing:
            assert (told.region, told.product) == (None, None)


@given(leads_strategy, st.randoms(use_true_random=False))
def test_the_order_in_which_leads_are_found_changes_nothing(leads, random):
    shuffled = list(leads)
    random.shuffle(shuffled)
    one, other = coarsen(count(leads)), coarsen(count(shuffled))
    assert (Counter(one.groups), one.others) == (Counter(other.groups), other.others)


def test_five_alike_are_told_as_they_are():
    assert coarsen([group(leads=5)]).groups == (group(leads=5),)


def test_too_few_of_two_products_stand_together_by_region():
    coarse = coarsen([group(leads=2, product=11), group(leads=3, product=12)])
    assert coarse.groups == (group(leads=5, product=None),)
    assert coarse.others == 0


def test_too_few_in_two_regions_stand_together_by_week():
    coarse = coarsen([group(leads=4, region=1), group(leads=1, region=2)])
    assert coarse.groups == (group(leads=5, region=None, product=None),)


def test_too_few_in_two_weeks_stand_together_by_what_stopped_them():
    coarse = coarsen([group(leads=4, week=WEEKS[0]), group(leads=4, week=WEEKS[1])])
    assert coarse.groups == (Group("n", 8),)


def test_what_is_too_few_to_the_end_is_only_counted():
    coarse = coarsen([group(leads=4), group(verdict="q", leads=4)])
    assert (coarse.groups, coarse.others) == ((), 8)


def test_a_rare_need_beside_a_common_one_is_not_given_away_by_subtraction():
    """Seven of one product are told; two of another are not told as "the rest of the region"."""
    coarse = coarsen([group(leads=7), group(leads=2, product=12)])
    assert (coarse.groups, coarse.others) == ((group(leads=7),), 2)


def test_nothing_comes_of_nothing():
    assert coarsen([]).groups == ()
