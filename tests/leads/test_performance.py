"""Performance that moves weights: measured by the month, within published bounds, and shown with what it is made of."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from portal.leads.models import LeadReturn, Offer, OfferState, Roster, RoutePerformance
from portal.leads.performance import LEAST_OFFERS, MOST, Record, measure
from portal.leads.services.corrections import give_turn_back
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer, expire_due_offers
from portal.leads.services.performance import measure_performance, read_percents
from portal.leads.services.replays import replay_decisions
from portal.leads.services.working import plan_step
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market, put_in_force

DAY = timedelta(days=1)
DECEMBER = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)

records = st.dictionaries(
    st.integers(1, 20),
    st.integers(1, 60).flatmap(lambda offered: st.builds(Record, st.just(offered), st.integers(0, offered))),
    max_size=6,
)


class TestTheMeasure:
    @given(records)
    def test_is_the_partner_s_share_beside_that_of_all_rounded_half_up(self, found):
        offered, worked = (sum(column) for column in zip(*found.values(), strict=True)) if found else (0, 0)
        measured = measure(found)
        if not worked:
            assert measured == {}
            return
        assert set(measured) == {partner for partner, record in found.items() if record.offered >= LEAST_OFFERS}
        for partner, percent in measured.items():
            exact = Fraction(found[partner].worked * offered * 100, found[partner].offered * worked)
            assert percent == min(int(exact + Fraction(1, 2)), MOST)

    def test_says_nothing_of_a_newcomer_and_nothing_where_nobody_works(self):
        assert measure({1: Record(LEAST_OFFERS - 1, 0), 2: Record(20, 20)}) == {2: 145}
        assert measure({1: Record(50, 0)}) == {}


@pytest.fixture
def market():
    """Two partners with ten ended offers each: the first spoke with ten customers, the second with five."""
    november = datetime(2026, 11, 2, 9, tzinfo=UTC)
    market = make_market(november, partners=2, open_cap=100, performance=20)
    market.add_leads(20)
    distribute(market.route, now=november)
    for number, offer in enumerate(Offer.objects.order_by("tick")):
        by = market.person(market.partners.index(offer.partner))
        if offer.partner == market.partners[0] or number < 10:
            accept_offer(offer, by=by, now=november)
            plan_step(offer.lead, stage="contacted", next_step="", on=None, by=by, now=november)
    expire_due_offers(now=november + 2 * DAY)
    return market


@pytest.mark.django_db
@pytest.mark.embedded
class TestByTheMonth:
    def test_is_measured_once_a_month_and_stays_as_it_was_measured(self, market):
        assert measure_performance(now=DECEMBER) == 2
        rows = RoutePerformance.objects.order_by("partner")
        assert [(row.month, row.offered, row.worked, row.percent) for row in rows] == [
            (date(2026, 12, 1), 10, 10, 133),
            (date(2026, 12, 1), 10, 5, 67),
        ]
        assert measure_performance(now=DECEMBER + 20 * DAY) == 0
        assert measure_performance(now=DECEMBER + 31 * DAY) == 2

    def test_moves_the_turns_within_the_bounds_from_then_on(self, market):
        market.add_leads(10)
        distribute(market.route, now=DECEMBER - DAY)
        assert [weight for _partner, weight in Roster.objects.get().entries] == [100, 100]
        measure_performance(now=DECEMBER)
        market.add_leads(50)
        distribute(market.route, now=DECEMBER)
        assert [weight for _partner, weight in Roster.objects.order_by("-pk")[0].entries] == [120, 80]
        served = [Offer.objects.filter(partner=partner, made_at=DECEMBER).count() for partner in market.partners]
        assert served == [30, 20]
        assert replay_decisions(market.route).disagreement is None

    def test_is_no_matter_where_the_rules_do_not_let_it_count(self, market):
        market.route.performance = 0
        market.route.save()
        put_in_force(market.route)
        assert measure_performance(now=DECEMBER) == 0

    def test_counts_neither_what_was_no_lead_nor_what_was_taken_away(self, market):
        mine = Offer.objects.filter(partner=market.partners[1])
        invalid, taken = mine.filter(state=OfferState.EXPIRED)[:2]
        give_turn_back(invalid, reason="Spam", by=UserFactory(staff=True), now=DECEMBER - DAY)
        Offer.objects.filter(pk=taken.pk).update(state=OfferState.WITHDRAWN)
        measure_performance(now=DECEMBER)
        assert not RoutePerformance.objects.filter(partner=market.partners[1]).exists()  # eight are too few

    def test_a_lead_that_was_taken_and_let_lie_counts_against_whoever_took_it(self, market):
        mine = Offer.objects.filter(partner=market.partners[0], state=OfferState.ACCEPTED).order_by("pk")
        for offer, spoken in zip(mine[:2], (None, DECEMBER - 20 * DAY), strict=True):
            LeadReturn.objects.create(
                offer=offer, lead=offer.lead, partner=offer.partner, policy=offer.lead.policy, days=7,
                accepted_at=offer.closed_at, first_contact_at=spoken, returned_at=DECEMBER - 5 * DAY,
            )  # fmt: skip
            Offer.objects.filter(pk=offer.pk).update(state=OfferState.WITHDRAWN)
        measure_performance(now=DECEMBER)
        row = RoutePerformance.objects.get(partner=market.partners[0])
        assert (row.offered, row.worked) == (10, 9)

    def test_holds_until_the_next_is_measured(self, market):
        measure_performance(now=DECEMBER)
        Offer.objects.update(closed_at=DECEMBER - 200 * DAY)
        measure_performance(now=DECEMBER + 31 * DAY)  # nothing to say of January
        assert read_percents([market.route.pk]) == {
            market.route.pk: {market.partners[0].pk: 133, market.partners[1].pk: 67}
        }

    def test_is_on_the_page_of_turns_with_its_figures_and_its_bound(self, client, market):
        measure_performance(now=DECEMBER)
        client.force_login(market.person(1))
        page = client.get(reverse("leads:turns")).content.decode()
        assert "5 of 10 offers worked, 67% of the average" in page
        assert "It moves your weight by 20% at most." in page
        assert "weight 80 of 200 in all" in page
        assert "133" not in page  # the other's

    def test_a_part_is_never_more_than_the_whole(self, market):
        measure_performance(now=DECEMBER)
        with pytest.raises(IntegrityError), transaction.atomic():
            RoutePerformance.objects.update(worked=11)

    def test_costs_one_query_of_a_batch_and_none_where_it_does_not_count(self, market):
        market.add_leads(2)
        with CaptureQueriesContext(connection) as counting:
            distribute(market.route, now=DECEMBER)
        market.route.performance = 0
        market.route.save()
        put_in_force(market.route)
        market.add_leads(2)
        with CaptureQueriesContext(connection) as plain:
            distribute(market.route, now=DECEMBER)
        assert sum("routeperformance" in query["sql"] for query in counting) == 1
        assert sum("routeperformance" in query["sql"] for query in plain) == 0
