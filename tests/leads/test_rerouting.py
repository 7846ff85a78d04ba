"""Leads that nobody of their route takes: whereto they go on, when, and that this comes to an end."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Q, Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.core.errors import Refusal
from portal.leads.models import (
    Decision,
    DeclineReason,
    HeldReason,
    Lead,
    LeadReroute,
    LeadStatus,
    Offer,
    OfferState,
    RouteCredit,
    RoutePolicy,
)
from portal.leads.services.desk import Rerouted, read_desk
from portal.leads.services.distribution import distribute, distribute_waiting_leads
from portal.leads.services.holding import wake_due_leads, wake_held_leads
from portal.leads.services.intake import complete_lead
from portal.leads.services.offers import accept_offer, decline_offer, expire_due_offers
from portal.leads.services.outcomes import close_lead
from portal.leads.services.overrides import assign_lead
from portal.leads.services.policies import adopt_waiting, publish_policy, resume_route, stop_route, withdraw_planned
from portal.leads.services.replays import replay_decisions
from portal.leads.services.terms import pause_leads
from tests.factories.accounts import UserFactory
from tests.factories.certification import ExamFactory, ProgrammeFactory, qualify
from tests.factories.content import ProductFactory
from tests.factories.leads import Market, RouteFactory, SourceFactory, make_market, put_in_force
from tests.factories.partners import RegionFactory
from tests.soak import examples

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def market_after(market: Market, *, partners: int, **route) -> Market:
    """Another route for the same product and region with a programme and partners of its own, to which the first one's
    leads go on."""
    programme = ProgrammeFactory(exams=[ExamFactory(questions=0)])
    onward = Market(
        now=market.now,
        region=market.region,
        product=market.product,
        programme=programme,
        route=RouteFactory(programme=programme, products=[market.product], **route),
    )
    for _number in range(partners):
        onward.add_partner()
    name_fallback(market.route, onward.route)
    return onward


def name_fallback(route, fallback, *, hours=24):
    route.fallback, route.fallback_hours = fallback, hours
    route.save()
    put_in_force(route)


def decline(offer, market, now):
    place = market.partners.index(offer.partner)
    decline_offer(offer, reason=DeclineReason.NO_TIME, by=market.person(place), now=now)


@pytest.fixture
def manager():
    return UserFactory(staff=True)


class TestGoingOn:
    def test_at_once_where_nobody_may_have_it(self, now):
        first = make_market(now, partners=0)
        second = market_after(first, partners=1, window_hours=5)
        [lead] = first.add_leads(1)
        done = distribute([first.route, second.route], now=now)
        lead.refresh_from_db()
        offer = Offer.objects.get()
        assert (lead.route, lead.policy, lead.status) == (second.route, second.route.policies.get(), LeadStatus.OFFERED)
        assert (offer.partner, offer.route, offer.due_at) == (second.partners[0], second.route, now + 5 * HOUR)
        way = LeadReroute.objects.get()
        assert (way.lead, way.route, way.policy) == (lead, first.route, first.route.policies.get())
        assert (way.to_policy, way.reason, way.rerouted_at) == (lead.policy, HeldReason.NO_QUALIFIED_PARTNER, now)
        assert (done.leads, done.rerouted, done.offered, done.held) == (2, 1, 1, 0)

    def test_what_was_decided_on_the_first_route_is_kept(self, now):
        first = make_market(now, partners=1)
        second = market_after(first, partners=1)
        first.add_leads(1)
        distribute(first.route, now=now)
        decline(Offer.objects.get(), first, now)
        distribute(first.route, now=now)
        distribute(second.route, now=now)
        assert list(Decision.objects.order_by("pk").values_list("route", "tick")) == [
            (first.route.pk, 1), (first.route.pk, None), (second.route.pk, 1)
        ]  # fmt: skip

    def test_after_everybody_declined_or_let_it_run_out(self, now):
        first = make_market(now, partners=2)
        second = market_after(first, partners=1)
        [lead] = first.add_leads(1)
        distribute(first.route, now=now)
        decline(Offer.objects.open().get(), first, now)
        distribute(first.route, now=now)
        lead.refresh_from_db()
        assert lead.route == first.route
        later = now + 2 * DAY
        expire_due_offers(now=later)
        distribute([first.route, second.route], now=later)
        lead.refresh_from_db()
        assert (lead.route, lead.status) == (second.route, LeadStatus.OFFERED)
        assert LeadReroute.objects.get().reason == HeldReason.ALL_OFFERED

    def test_nobody_is_offered_it_twice_on_whichever_route(self, now):
        first = make_market(now, partners=1)
        second = market_after(first, partners=0)
        qualify(first.members[0], second.programme, now)
        [lead] = first.add_leads(1)
        distribute(first.route, now=now)
        decline(Offer.objects.get(), first, now)
        distribute([first.route, second.route], now=now)
        lead.refresh_from_db()
        assert (lead.route, lead.status, lead.held_reason) == (second.route, LeadStatus.HELD, HeldReason.ALL_OFFERED)
        assert Offer.objects.count() == 1

    def test_how_often_it_is_offered_is_counted_on_each_route_anew(self, now):
        first = make_market(now, partners=3, most_offers=1)
        second = market_after(first, partners=2, most_offers=1)
        [lead] = first.add_leads(1)
        for market in (first, second):
            distribute([first.route, second.route], now=now)
            decline(Offer.objects.open().get(), market, now)
        distribute([first.route, second.route], now=now)
        lead.refresh_from_db()
        assert (lead.route, lead.held_reason) == (second.route, HeldReason.OFFERED_ENOUGH)
        assert [offer.route for offer in Offer.objects.order_by("pk")] == [first.route, second.route]

    def test_of_several_slots_it_stays_while_an_offer_stands(self, now):
        first = make_market(now, partners=2, slots=2)
        second = market_after(first, partners=2, slots=2)
        [lead] = first.add_leads(1)
        distribute([first.route, second.route], now=now)
        one, other = Offer.objects.open()
        decline(one, first, now)
        distribute([first.route, second.route], now=now)
        lead.refresh_from_db()
        assert (lead.route, lead.status) == (first.route, LeadStatus.OFFERED)
        decline(other, first, now)
        distribute([first.route, second.route], now=now)
        assert {offer.partner for offer in Offer.objects.open()} == set(second.partners)

    def test_it_keeps_its_age_among_those_of_the_other_route(self, now):
        first = make_market(now, partners=0)
        second = market_after(first, partners=1, open_cap=1)
        [older] = first.add_leads(1, received_at=now - 3 * DAY)
        second.add_leads(1, received_at=now - 2 * DAY)
        distribute(first.route, now=now)
        distribute(second.route, now=now)
        assert Offer.objects.get().lead == older

    def test_it_goes_through_several_routes(self, now):
        first = make_market(now, partners=0)
        second = market_after(first, partners=0)
        third = market_after(second, partners=1)
        [lead] = first.add_leads(1)
        distribute([first.route, second.route, third.route], now=now)
        lead.refresh_from_db()
        assert (lead.route, lead.status) == (third.route, LeadStatus.OFFERED)
        assert [way.route for way in lead.reroutes.all()] == [first.route, second.route]

    def test_whoever_waits_for_it_is_woken_after_commit(self, now, django_capture_on_commit_callbacks):
        first = make_market(now, partners=0)
        market_after(first, partners=1)
        first.add_leads(1)
        with django_capture_on_commit_callbacks(execute=True):
            distribute(first.route, now=now)
        assert Offer.objects.get().lead.status == LeadStatus.OFFERED

    def test_a_lost_wake_up_is_made_good_by_the_sweeper(self, now):
        first = make_market(now, partners=0)
        market_after(first, partners=1)
        first.add_leads(1)
        distribute(first.route, now=now)
        assert not Offer.objects.exists()
        distribute_waiting_leads(now=now)
        assert Offer.objects.count() == 1

    def test_without_a_next_route_it_is_held_as_ever(self, now):
        market = make_market(now, partners=0)
        [lead] = market.add_leads(1)
        distribute(market.route, now=now)
        lead.refresh_from_db()
        assert (lead.status, lead.fallback_at, LeadReroute.objects.count()) == (LeadStatus.HELD, None, 0)


class TestWaitingFirst:
    @pytest.fixture
    def full(self, now):
        """A lead that waits for a partner with as many open offers as it may have."""
        first = make_market(now, partners=1, open_cap=1, window_hours=24 * 30)
        second = market_after(first, partners=1)
        self.answered, self.lead = first.add_leads(2)
        distribute([first.route, second.route], now=now)
        self.lead.refresh_from_db()
        return first, second

    def test_a_partner_that_may_become_free_is_waited_for(self, full, now):
        assert (self.lead.status, self.lead.held_reason) == (LeadStatus.HELD, HeldReason.AT_CAPACITY)
        assert (self.lead.fallback_at, self.lead.recheck_at) == (now + DAY, now + DAY)
        wake_due_leads(now=now + DAY - timedelta(seconds=1))
        self.lead.refresh_from_db()
        assert self.lead.status == LeadStatus.HELD

    def test_when_it_becomes_free_it_has_the_lead(self, full, now):
        first, _second = full
        accept_offer(Offer.objects.open().get(), by=first.person(), now=now + HOUR)
        wake_held_leads(partner_ids=[first.partners[0].pk], now=now + HOUR)
        self.lead.refresh_from_db()
        assert (self.lead.status, self.lead.route, self.lead.fallback_at) == (LeadStatus.OFFERED, first.route, None)

    def test_when_the_hours_are_over_it_goes_on(self, full, now):
        _first, second = full
        wake_due_leads(now=now + DAY)
        distribute(second.route, now=now + DAY)
        self.lead.refresh_from_db()
        assert (self.lead.status, self.lead.route, self.lead.fallback_at) == (LeadStatus.OFFERED, second.route, None)
        assert LeadReroute.objects.get().reason == HeldReason.AT_CAPACITY

    def test_even_then_whoever_became_free_comes_first(self, full, now):
        first, _second = full
        Offer.objects.update(due_at=now + HOUR)
        expire_due_offers(now=now + DAY)
        wake_due_leads(now=now + DAY)
        self.lead.refresh_from_db()
        assert (self.lead.status, self.lead.route) == (LeadStatus.OFFERED, first.route)

    def test_being_looked_at_again_is_no_new_beginning(self, full, now):
        Lead.objects.filter(pk=self.lead.pk).update(recheck_at=now + HOUR)
        wake_due_leads(now=now + 2 * HOUR)
        self.lead.refresh_from_db()
        assert (self.lead.status, self.lead.fallback_at) == (LeadStatus.HELD, now + DAY)

    def test_a_stopped_route_keeps_it_and_resuming_lets_it_go(self, full, manager, now):
        first, second = full
        stop_route(first.route, reason="Check", by=manager, now=now)
        wake_due_leads(now=now + 2 * DAY)
        self.lead.refresh_from_db()
        assert self.lead.route == first.route
        resume_route(first.route, by=manager, now=now + 2 * DAY)
        wake_due_leads(now=now + 2 * DAY)
        self.lead.refresh_from_db()
        assert self.lead.route == second.route

    def test_a_stopped_next_route_has_it_wait_there(self, full, manager, now):
        _first, second = full
        stop_route(second.route, reason="Check", by=manager, now=now)
        wake_due_leads(now=now + DAY)
        distribute(second.route, now=now + DAY)
        self.lead.refresh_from_db()
        assert (self.lead.route, self.lead.status) == (second.route, LeadStatus.NEW)

    @pytest.mark.parametrize("end", ["closed", "by hand"])
    def test_once_it_waits_no_more_it_does_not_go_on(self, full, manager, now, end):
        first, _second = full
        if end == "closed":
            close_lead(self.lead, note="Test", by=manager, now=now)
        else:
            other = first.add_partner()
            assign_lead(self.lead, partner=other, reason="Asked for it", by=manager, now=now)
        wake_due_leads(now=now + 2 * DAY)
        self.lead.refresh_from_db()
        assert (self.lead.route, self.lead.fallback_at, self.lead.recheck_at) == (first.route, None, None)


class TestByWhichRules:
    def test_by_those_of_the_other_route_when_it_came(self, now, manager):
        first = make_market(now, partners=0)
        second = market_after(first, partners=1, window_hours=5)
        [lead] = first.add_leads(1)
        second.route.window_hours = 7
        second.route.save()
        publish_policy(second.route, by=manager, now=now)
        distribute([first.route, second.route], now=now)
        lead.refresh_from_db()
        assert (lead.policy.number, Offer.objects.get().due_at) == (1, now + 5 * HOUR)

    def test_conditions_on_leads_are_the_first_route_s_alone(self, now):
        first = make_market(now, partners=0)
        second = market_after(first, partners=1, languages=["ru"], least_score=50)
        [lead] = first.add_leads(1, language="en")
        distribute([first.route, second.route], now=now)
        lead.refresh_from_db()
        assert (lead.route, lead.status) == (second.route, LeadStatus.OFFERED)

    def test_a_product_that_the_other_s_exam_is_not_on_holds_it(self, now):
        first = make_market(now, partners=0)
        second = market_after(first, partners=1)
        second.route.products.set([ProductFactory()])
        second.route.save()
        put_in_force(second.route)
        [lead] = first.add_leads(1)
        distribute([first.route, second.route], now=now)
        lead.refresh_from_db()
        assert (lead.status, lead.route, lead.fallback_at) == (LeadStatus.HELD, first.route, None)

    def test_those_that_wait_are_brought_under_new_rules_and_go_on_by_them(self, now, manager):
        first = make_market(now, partners=0)
        [lead] = first.add_leads(1)
        distribute(first.route, now=now)
        # Both the next route and the rule that names it are younger than the lead.
        second = market_after(make_market(now, partners=0), partners=1)
        second.route.products.add(first.product)
        second.route.save()
        publish_policy(second.route, by=manager, now=now + HOUR)
        first.route.fallback = second.route
        first.route.save()
        publish_policy(first.route, by=manager, now=now + 2 * HOUR)
        assert adopt_waiting(first.route, by=manager, now=now + 3 * HOUR) == 1
        distribute([first.route, second.route], now=now + 3 * HOUR)
        lead.refresh_from_db()
        assert (lead.route, lead.policy.number) == (second.route, 2)

    def test_one_that_waited_for_room_is_brought_under_the_new_hours_or_under_none(self, now, manager):
        first = make_market(now, partners=1, open_cap=1)
        second = market_after(first, partners=0)
        _offered, lead = first.add_leads(2)
        distribute(first.route, now=now)
        for hours, fallback in ((2, second.route), (5, None)):
            first.route.fallback, first.route.fallback_hours = fallback, hours
            first.route.save()
            publish_policy(first.route, by=manager, now=now + hours * HOUR)
            adopt_waiting(first.route, by=manager, now=now + hours * HOUR)
            distribute(first.route, now=now + hours * HOUR)
            lead.refresh_from_db()
            assert (lead.status, lead.held_at) == (LeadStatus.HELD, now)
            assert lead.fallback_at == (now + hours * HOUR + 2 * HOUR if fallback else None)

    def test_the_next_route_s_new_rules_are_for_those_that_came_to_it_as_well(self, now, manager):
        first = make_market(now, partners=0)
        second = market_after(first, partners=0, languages=["ru"])
        [lead] = first.add_leads(1, language="en")
        distribute([first.route, second.route], now=now)
        second.route.window_hours = 3
        second.route.save()
        publish_policy(second.route, by=manager, now=now + HOUR)
        assert adopt_waiting(second.route, by=manager, now=now + HOUR) == 1
        lead.refresh_from_db()
        assert lead.policy.number == 2

    def test_completed_with_another_region_it_may_come_back_and_stays_there(self, now, manager):
        first = make_market(now, partners=0)
        second = market_after(first, partners=0)
        third = make_market(now, partners=1)
        elsewhere = RegionFactory()
        [lead] = first.add_leads(1)
        third.add_leads(1)
        distribute([first.route, second.route], now=now)
        complete_lead(
            Lead.objects.get(pk=lead.pk), company="Firm", product=lead.product, region=elsewhere, contact={}, by=manager,
            now=now,
        )  # fmt: skip
        lead.refresh_from_db()
        assert lead.route == first.route
        distribute_waiting_leads(now=now)
        lead.refresh_from_db()
        assert (lead.route, lead.status, lead.fallback_at) == (first.route, LeadStatus.HELD, None)
        assert Offer.objects.get().route == third.route

    def test_completing_it_does_not_lead_it_back(self, now, manager):
        first = make_market(now, partners=0)
        second = market_after(first, partners=0)
        [lead] = first.add_leads(1)
        distribute([first.route, second.route], now=now)
        lead.refresh_from_db()
        complete_lead(
            lead, company="Another Ltd", product=lead.product, region=lead.region, contact={}, by=manager, now=now
        )
        lead.refresh_from_db()
        assert (lead.route, lead.policy, lead.status) == (second.route, second.route.policies.get(), LeadStatus.NEW)


class TestPublishing:
    def test_the_next_route_has_to_have_rules(self, market, manager, now):
        market.route.fallback = RouteFactory(published=False, products=[market.product])
        market.route.save()
        with pytest.raises(Refusal) as refused:
            publish_policy(market.route, by=manager, now=now)
        assert refused.value.code == "fallback_without_rules"

    def test_it_has_to_have_every_product(self, market, manager, now):
        market.route.fallback = RouteFactory(products=[ProductFactory()])
        market.route.save()
        with pytest.raises(Refusal) as refused:
            publish_policy(market.route, by=manager, now=now)
        assert refused.value.code == "fallback_lacks_products"
        assert str(market.product) in str(refused.value.message)

    @pytest.mark.parametrize("between", [0, 1, 3])
    def test_leads_must_not_come_back(self, market, manager, now, between):
        last = market.route
        for _number in range(between + 1):
            last = RouteFactory(products=[market.product], fallback=last)
        market.route.fallback = last
        market.route.save()
        with pytest.raises(Refusal) as refused:
            publish_policy(market.route, by=manager, now=now)
        assert refused.value.code == "fallback_round"
        assert str(refused.value.message).count("→") == between + 2

    def test_a_ring_of_others_is_not_this_one_s(self, market, manager, now):
        one, other = RouteFactory(products=[market.product]), RouteFactory(products=[market.product])
        name_fallback(one, other)
        name_fallback(other, one)
        market.route.fallback = one
        market.route.save()
        assert publish_policy(market.route, by=manager, now=now).policy.fallback == one.pk

    def test_a_route_that_others_go_on_to_keeps_their_products(self, now, manager):
        first = make_market(now, partners=0)
        second = market_after(first, partners=0)
        second.route.products.set([ProductFactory()])
        second.route.save()
        with pytest.raises(Refusal) as refused:
            publish_policy(second.route, by=manager, now=now)
        assert refused.value.code == "others_go_on_here"

    def test_the_draft_never_names_itself(self, market):
        market.route.fallback = market.route
        with pytest.raises(IntegrityError), transaction.atomic():
            market.route.save()

    def test_rules_that_are_only_planned_do_not_count(self, market, manager, now):
        following = RouteFactory(published=False, products=[market.product])
        planned = publish_policy(following, effective_from=now + DAY, by=manager, now=now)
        market.route.fallback = following
        market.route.save()
        with pytest.raises(Refusal):
            publish_policy(market.route, by=manager, now=now)
        assert publish_policy(market.route, effective_from=now + DAY, by=manager, now=now)
        # Taken back after all: leads are held then, as by a route without a next one.
        withdraw_planned(planned, now=now)
        [lead] = market.add_leads(1)
        lead.policy = RoutePolicy.objects.get(route=market.route, number=2)
        lead.save()
        for _turn in range(3):
            distribute(market.route, now=now)
            decline(Offer.objects.open().get(), market, now)
        distribute(market.route, now=now)
        lead.refresh_from_db()
        assert (lead.status, lead.held_reason) == (LeadStatus.HELD, HeldReason.ALL_OFFERED)


class TestItEnds:
    def test_routes_that_name_each_other_have_it_once_each(self, now):
        first = make_market(now, partners=0)
        second = market_after(first, partners=0)
        name_fallback(second.route, first.route)
        [lead] = first.add_leads(1)
        distribute([first.route, second.route], now=now)
        lead.refresh_from_db()
        # It does not go where it has been: it is held on the last one.
        assert (lead.route, lead.status, lead.fallback_at) == (second.route, LeadStatus.HELD, None)
        assert [way.route for way in lead.reroutes.all()] == [first.route]
        wake_due_leads(now=now + 30 * DAY)
        assert LeadReroute.objects.count() == 1

    def test_the_database_lets_it_leave_a_route_once(self, now):
        first = make_market(now, partners=0)
        market_after(first, partners=0)
        first.add_leads(1)
        distribute(first.route, now=now)
        way = LeadReroute.objects.get()
        way.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            way.save()

    def test_it_costs_the_same_for_one_lead_and_for_many(self, now):
        first = make_market(now, partners=0)
        market_after(first, partners=0)
        costs = []
        for count in (1, 1, 40):  # the first fills what the process remembers
            first.add_leads(count)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                distribute(first.route, now=now)
            costs.append(len(queries))
        assert costs[1] == costs[2]


class TestWhatStaffSee:
    @pytest.fixture
    def read(self, client, manager):
        client.force_login(manager)
        return lambda name, *args, **query: client.get(reverse(name, args=args), query).content.decode()

    def test_on_the_lead_whence_it_came_and_why(self, now, read):
        first = make_market(now, partners=0)
        second = market_after(first, partners=1)
        [lead] = first.add_leads(1)
        distribute([first.route, second.route], now=now)
        text = read("leads_admin:inspect", lead.pk)
        assert f"From “Route {first.route.slug}” to “Route {second.route.slug}”" in text
        assert "No partner is qualified." in text

    def test_on_one_that_waits_when_it_goes_on(self, now, read):
        first = make_market(now, partners=1, open_cap=1)
        second = market_after(first, partners=1)
        _offered, waiting = first.add_leads(2)
        distribute(first.route, now=now)
        assert f"it goes on to “Route {second.route.slug}”." in read("leads_admin:inspect", waiting.pk)
        desk = read("leads_admin:desk")
        assert "The first goes on to its next route if nobody can take it by" in desk
        assert read_desk(now=now).waiting[0].goes_on_at == now + DAY

    def test_on_the_desk_how_many_went_on(self, now, read):
        first = make_market(now, partners=0)
        second = market_after(first, partners=1)
        first.add_leads(3)
        distribute(first.route, now=now)
        assert read_desk(now=now + HOUR).rerouted == (Rerouted(first.route, second.route, 3),)
        assert read_desk(now=now + 29 * DAY).rerouted == ()
        LeadReroute.objects.update(rerouted_at=timezone.now())  # pages read the clock on the wall
        assert "since nobody took them" in read("leads_admin:desk")

    def test_before_publishing_what_would_become_of_one_lead(self, now, read):
        first = make_market(now, partners=0)
        lead = {"source": SourceFactory().pk, "product": first.product.pk, "region": first.region.pk}
        assert "It would be held until somebody can." in read("lead_routes:try", first.route.pk, **lead)
        second = market_after(first, partners=1)
        assert f"It would go on to “Route {second.route.slug}” at once." in read(
            "lead_routes:try", first.route.pk, **lead
        )
        first.add_partner()
        pause_leads(first.partners[0], until=None, by=first.person(), now=now)
        assert f"and then go on to “Route {second.route.slug}”" in read("lead_routes:try", first.route.pk, **lead)

    def test_that_a_draft_cannot_be_published_as_it_is(self, market, manager, client):
        client.force_login(manager)
        market.route.fallback = RouteFactory(products=[ProductFactory()])
        market.route.save()
        url = reverse("lead_routes:publish", args=[market.route.pk])
        text = client.post(url, {"effective_from": "", "note": ""}).content.decode()
        assert f"its rules do not have {market.product}" in text
        assert "or choose another route" in text

    def test_a_route_is_not_its_own_next_one(self, market, read):
        text = read("lead_routes:edit", market.route.pk)
        other = RouteFactory(products=[market.product])
        offered = read("lead_routes:edit", market.route.pk)
        assert "None: it is held" in text
        assert f">Route {market.route.slug}</option>" not in offered
        assert f">Route {other.slug}</option>" in offered


@settings(
    max_examples=min(examples(12), 600), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_happens_each_lead_is_somewhere_for_a_reason_and_turns_are_settled(now, data):
    with transaction.atomic():
        first = make_market(now, partners=data.draw(st.integers(0, 2)), slots=data.draw(st.integers(1, 2)), open_cap=2)
        second = market_after(first, partners=data.draw(st.integers(0, 2)), open_cap=1)
        third = market_after(second, partners=data.draw(st.integers(0, 1)))
        markets = [first, second, third]
        if data.draw(st.booleans()):
            name_fallback(third.route, first.route)
        first.add_leads(data.draw(st.integers(1, 4)))
        moment, elsewhere, staff = now, RegionFactory(), UserFactory(staff=True)
        for _step in range(data.draw(st.integers(1, 12))):
            offer = Offer.objects.open().filter(due_at__gt=moment).order_by("pk").first()
            held = Lead.objects.held().order_by("pk").first()
            match data.draw(st.sampled_from(["distribute", "decline", "accept", "wait", "complete"])):
                case "complete" if held is not None:
                    region = data.draw(st.sampled_from([first.region, elsewhere]))
                    complete_lead(
                        held, company="Firm", product=held.product, region=region, contact={}, by=staff, now=moment
                    )
                case "decline" if offer is not None:
                    decline(offer, markets[[market.route for market in markets].index(offer.route)], moment)
                case "accept" if offer is not None:
                    accept_offer(offer, by=offer.partner.memberships.get().user, now=moment)
                case "wait":
                    moment += timedelta(hours=data.draw(st.integers(1, 60)))
                    expire_due_offers(now=moment)
                    wake_due_leads(now=moment)
                case _:
                    distribute([market.route for market in markets], now=moment)
        distribute([market.route for market in markets], now=moment)
        for market in markets:
            found = replay_decisions(market.route)
            assert found.disagreement is None
            assert not RouteCredit.objects.filter(route=market.route).aggregate(Sum("credit"))["credit__sum"]
        standing = Count("offers", filter=Q(offers__state=OfferState.OPEN))
        for lead in Lead.objects.annotate(standing=standing):
            assert (lead.status == LeadStatus.OFFERED) == bool(lead.standing)
            assert (lead.status == LeadStatus.HELD) == bool(lead.held_reason)
            assert lead.status != LeadStatus.NEW
            assert lead.policy.route == lead.route
            ways = list(lead.reroutes.values_list("route", flat=True))
            assert len(set(ways)) == len(ways)
        per_partner = Offer.objects.values("lead", "partner").annotate(times=Count("pk"))
        assert all(row["times"] == 1 for row in per_partner)
        transaction.set_rollback(True)
