"""Held leads wake when somebody can take them: exactly those, oldest first, and nobody polls."""

from datetime import time, timedelta

import pytest
from django.db import IntegrityError, connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.services.qualifications import review_qualification
from portal.core.errors import Refusal
from portal.leads.models import Decision, DeclineReason, HeldReason, Lead, LeadStatus, Offer, RouteCredit
from portal.leads.services import distribution, holding
from portal.leads.services.distribution import distribute
from portal.leads.services.holding import wake_due_leads, wake_held_leads, wake_leads_of_routes
from portal.leads.services.offers import accept_offer, decline_offer
from portal.leads.services.overrides import assign_lead, exclude_partner
from portal.leads.services.policies import adopt_waiting, publish_policy
from portal.leads.services.terms import keep_terms, pause_leads
from tests.factories.accounts import UserFactory
from tests.factories.certification import qualify
from tests.factories.content import ProductFactory
from tests.factories.leads import RouteFactory, make_market, put_in_force
from tests.factories.partners import RegionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(now):
    """Two partners with two offers each, which is all they may have, and ten held leads."""
    market = make_market(now, partners=2, open_cap=2)
    market.add_leads(14)
    distribute(market.route, now=now)
    assert Lead.objects.held().count() == 10
    return market


def wake(market, *places, now):
    return wake_held_leads(partner_ids=[market.partners[place].pk for place in places], now=now)


@pytest.mark.embedded
def test_one_answer_wakes_exactly_one_lead_the_oldest(full, now):
    oldest = Lead.objects.held().order_by("received_at").first()
    offer = Offer.objects.open().filter(partner=full.partners[0]).first()
    accept_offer(offer, by=full.person(0), now=now)
    assert wake(full, 0, now=now).offered == 1
    oldest.refresh_from_db()
    assert (oldest.status, oldest.held_reason, oldest.held_at) == (LeadStatus.OFFERED, "", None)
    assert oldest.offers.get().partner == full.partners[0]
    assert Lead.objects.held().count() == 9
    assert not Lead.objects.new().exists()


def test_waking_without_room_touches_nothing(full, now):
    before = Decision.objects.count()
    assert wake(full, 0, 1, now=now).offered == 0
    assert Decision.objects.count() == before


def test_room_with_several_partners_is_filled_whole_even_where_they_compete(full, now):
    for place in (0, 1):
        for offer in Offer.objects.open().filter(partner=full.partners[place]):
            accept_offer(offer, by=full.person(place), now=now)
    assert wake(full, 0, 1, now=now).offered == 4
    assert Lead.objects.held().count() == 6
    assert {Offer.objects.open().filter(partner=partner).count() for partner in full.partners} == {2}


def test_leads_that_still_nobody_can_take_are_not_decided_upon_again(full, now):
    before = Decision.objects.count()
    offer = Offer.objects.open().filter(partner=full.partners[0]).first()
    accept_offer(offer, by=full.person(0), now=now)
    wake(full, 0, now=now)
    assert Decision.objects.count() == before + 1


def test_a_declined_lead_is_offered_before_held_ones_and_the_decliner_gets_the_oldest_held(full, now):
    offer = Offer.objects.open().filter(partner=full.partners[0]).first()
    decline_offer(offer, reason=DeclineReason.NO_TIME, by=full.person(0), now=now)
    done = wake(full, 0, now=now)
    # The declined lead finds the other partner full and is held; the decliner's room goes to the oldest held lead.
    offer.lead.refresh_from_db()
    assert (offer.lead.status, offer.lead.held_reason) == (LeadStatus.HELD, HeldReason.AT_CAPACITY)
    assert done.offered == 1
    assert offer.lead.offers.count() == 1


def test_a_partner_that_qualifies_gets_the_leads_that_waited_for_one(now):
    market = make_market(now, partners=0)
    partner = market.add_partner(qualified=False)
    market.add_leads(20)
    distribute(market.route, now=now)
    assert set(Lead.objects.values_list("held_reason", flat=True)) == {HeldReason.NO_QUALIFIED_PARTNER}
    qualify(market.members[0], market.programme, now)
    assert wake(market, 0, now=now).offered == 15
    assert Offer.objects.open().filter(partner=partner).count() == 15
    assert list(Lead.objects.held().order_by("received_at")) == list(Lead.objects.order_by("received_at")[15:])


def test_leads_of_another_region_or_product_sleep_on(now):
    market = make_market(now, partners=0)
    elsewhere, other = RegionFactory(), ProductFactory()
    market.route.products.add(other)
    market.route.save()
    put_in_force(market.route)
    market.add_leads(2, region=elsewhere)
    market.add_leads(2, product=other)
    (here,) = market.add_leads(1)
    distribute(market.route, now=now)
    market.add_partner()
    assert wake(market, 0, now=now).offered == 1
    here.refresh_from_db()
    assert here.status == LeadStatus.OFFERED
    assert Lead.objects.held().count() == 4


def test_no_lead_wakes_for_a_partner_that_had_it(market, now):
    (lead,) = market.add_leads(1)
    for place in range(3):
        distribute(market.route, now=now)
        offer = Offer.objects.open().get()
        decline_offer(offer, reason=DeclineReason.OTHER, by=market.person(place), now=now)
    distribute(market.route, now=now)
    lead.refresh_from_db()
    assert lead.held_reason == HeldReason.ALL_OFFERED
    assert wake(market, 0, 1, 2, now=now).offered == 0
    market.add_partner()
    assert wake(market, 3, now=now).offered == 1


def test_room_is_shared_by_all_routes_and_the_oldest_lead_of_any_goes_first(now):
    market = make_market(now, partners=1, open_cap=1)
    second = RouteFactory(programme=market.programme, products=[market.product], open_cap=1)
    market.add_leads(2, received_at=now - timedelta(days=1))
    (older,) = market.add_leads(1, route=second, received_at=now - timedelta(days=5))
    distribute(market.route, now=now)
    distribute(second, now=now)
    accept_offer(Offer.objects.get(), by=market.person(), now=now)
    assert wake(market, 0, now=now).offered == 1
    older.refresh_from_db()
    assert older.status == LeadStatus.OFFERED


def test_a_higher_cap_wakes_what_it_makes_room_for(full, now):
    full.route.open_cap = 4
    full.route.save()
    put_in_force(full.route)
    assert wake_leads_of_routes(route_ids=[full.route.pk], now=now).offered == 4
    assert RouteCredit.objects.aggregate(total=Sum("credit"))["total"] == 0


def test_waking_one_partner_costs_the_same_for_few_and_many_held_leads(now):
    counts = []
    for size in (3, 60):
        market = make_market(now, partners=1, open_cap=1)
        market.add_leads(size)
        distribute(market.route, now=now)
        accept_offer(Offer.objects.open().get(partner=market.partners[0]), by=market.person(), now=now)
        with CaptureQueriesContext(connection) as queries:
            wake(market, 0, now=now)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- By themselves ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_everything_follows_from_facts_without_anyone_calling():
    now = timezone.now()
    market = make_market(now, partners=2, open_cap=1)
    market.add_leads(4)
    distribute(market.route, now=now)
    offer = Offer.objects.open().first()
    place = market.partners.index(offer.partner)
    accept_offer(offer, by=market.person(place), now=now)  # the fact is handed on after commit
    assert Offer.objects.open().count() == 2
    assert Lead.objects.held().count() == 1
    second = Offer.objects.open().exclude(partner=offer.partner).get()
    decline_offer(second, reason=DeclineReason.NO_TIME, by=market.person(1 - place), now=now)
    assert Offer.objects.open().count() == 2
    review_qualification(market.partners[0], programme=market.programme, now=now)
    assert set(Lead.objects.values_list("status", flat=True)) <= {"offered", "accepted", "held"}


class TestLookedAtAgain:
    @pytest.fixture
    def at_night(self, now):
        """A lead that waits for the day of its only partner."""
        market = make_market(now, partners=1, in_working_hours=True)
        keep_terms(
            market.partners[0], open_cap=None, day_cap=None, languages=[], has_hours=True, workdays=range(7),
            opens_at=time(8), closes_at=time(9), holidays=[now.date() + timedelta(days=1)], by=market.person(), now=now,
        )  # fmt: skip
        self.night = now.replace(hour=20)
        [self.lead] = market.add_leads(1)
        distribute(market.route, now=self.night)
        return market

    def test_it_is_as_old_as_it_is(self, at_night, now):
        self.lead.refresh_from_db()
        assert (self.lead.held_reason, self.lead.held_at) == (HeldReason.OUT_OF_HOURS, self.night)
        Lead.objects.filter(pk=self.lead.pk).update(recheck_at=self.night)
        wake_due_leads(now=self.night + timedelta(hours=1))
        self.lead.refresh_from_db()
        assert (self.lead.status, self.lead.held_at) == (LeadStatus.HELD, self.night)

    def test_what_is_decided_again_is_not_written_again(self, at_night, now):
        for hours in (1, 2, 3):
            Lead.objects.filter(pk=self.lead.pk).update(recheck_at=self.night)
            wake_due_leads(now=self.night + timedelta(hours=hours))
        assert Decision.objects.count() == 1
        pause_leads(at_night.partners[0], by=at_night.person(), now=self.night)
        Lead.objects.filter(pk=self.lead.pk).update(recheck_at=self.night)
        wake_due_leads(now=self.night + timedelta(hours=4))
        assert Decision.objects.count() == 2  # another reason is another decision

    def test_once_offered_it_begins_anew(self, at_night, now):
        wake_due_leads(now=self.night + timedelta(days=2, hours=-12))
        self.lead.refresh_from_db()
        assert (self.lead.status, self.lead.held_at) == (LeadStatus.OFFERED, None)


def test_rules_that_allow_more_offers_free_those_that_wait_for_them(market, now):
    manager, later = UserFactory(staff=True), now + timedelta(hours=1)
    market.route.most_offers = 1
    market.route.save()
    put_in_force(market.route)
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    offer = Offer.objects.get()
    decline_offer(offer, reason=DeclineReason.NO_TIME, by=offer.partner.memberships.get().user, now=now)
    distribute(market.route, now=now)
    lead.refresh_from_db()
    assert lead.held_reason == HeldReason.OFFERED_ENOUGH
    market.route.most_offers = 5
    market.route.save()
    publish_policy(market.route, by=manager, now=later)
    adopt_waiting(market.route, by=manager, now=later)
    distribute(market.route, now=later)
    lead.refresh_from_db()
    assert lead.status == LeadStatus.OFFERED


def test_what_lacks_somebody_to_call_still_lacks_it_under_new_rules(market, now):
    manager = UserFactory(staff=True)
    [lead] = market.add_leads(1)
    Lead.objects.filter(pk=lead.pk).update(status=LeadStatus.HELD, held_reason=HeldReason.NO_CONTACT, held_at=now)
    market.route.window_hours = 3
    market.route.save()
    publish_policy(market.route, by=manager, now=now)
    assert adopt_waiting(market.route, by=manager, now=now) == 0


class TestWhomStaffKeepFromIt:
    def test_a_partner_that_is_kept_from_it_is_not_waited_for(self, now):
        market = make_market(now, partners=1, open_cap=1)
        _offered, lead = market.add_leads(2)
        distribute(market.route, now=now)
        lead.refresh_from_db()
        assert lead.held_reason == HeldReason.AT_CAPACITY
        exclude_partner(lead, partner=market.partners[0], reason="Conflict", by=UserFactory(staff=True), now=now)
        lead.refresh_from_db()
        assert (lead.status, lead.held_at) == (LeadStatus.NEW, now)  # it is looked at again
        distribute(market.route, now=now)
        lead.refresh_from_db()
        assert (lead.held_reason, lead.held_at) == (HeldReason.ALL_OFFERED, now)

    def test_it_is_not_given_to_it_by_hand(self, market, now):
        staff = UserFactory(staff=True)
        [lead] = market.add_leads(1)
        exclude_partner(lead, partner=market.partners[0], reason="Conflict", by=staff, now=now)
        with pytest.raises(Refusal) as refused:
            assign_lead(lead, partner=market.partners[0], reason="Asked", by=staff, now=now)
        assert refused.value.code == "excluded"

    def test_it_is_not_among_those_that_it_can_be_given_to(self, market, client, now):
        staff = UserFactory(staff=True)
        client.force_login(staff)
        [lead] = market.add_leads(1)
        exclude_partner(lead, partner=market.partners[0], reason="Conflict", by=staff, now=now)
        form = client.get(reverse("leads_admin:assign", args=[lead.pk])).context["form"]
        assert set(form.fields["partner"].queryset) == set(market.partners[1:])


def test_no_more_than_a_batch_is_offered_in_one_transaction(now, monkeypatch):
    monkeypatch.setattr(holding, "BATCH", 3)
    market = make_market(now, partners=0)
    market.add_leads(10)
    distribute(market.route, now=now)
    market.add_partner()
    batches, settle = [], holding.settle

    def note(leads, *rest, **more):
        batches.append(len(leads))
        return settle(leads, *rest, **more)

    monkeypatch.setattr(holding, "settle", note)
    assert wake(market, 0, now=now).offered == 10
    assert max(batches) == 3


def test_what_is_broken_about_one_route_does_not_stop_the_others(market, now, monkeypatch):
    other = make_market(now, partners=1)
    market.add_leads(2)
    other.add_leads(2)
    whole = distribution._distribute_batch

    def break_one(route_ids, **how):
        if market.route.pk in route_ids:
            raise IntegrityError("broken")
        return whole(route_ids, **how)

    monkeypatch.setattr(distribution, "_distribute_batch", break_one)
    assert distribution.distribute_waiting_leads(now=now).offered == 2
    assert set(Offer.objects.values_list("route", flat=True)) == {other.route.pk}
