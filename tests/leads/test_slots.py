"""A lead offered to several partners at once: a turn of each, the first to accept has it, no slot stays without a reason."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
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
    LeadStatus,
    Offer,
    OfferState,
    RouteCredit,
)
from portal.leads.services.disputes import find_contested_offer
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer, decline_offer, expire_due_offers
from portal.leads.services.outcomes import close_lead
from portal.leads.services.overrides import exclude_partner
from portal.leads.services.replays import replay_decisions
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market, put_in_force
from tests.soak import examples

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]


@pytest.fixture
def market(now):
    """Four partners; each lead goes to two of them at once."""
    return make_market(now, partners=4, slots=2)


def open_slots(lead):
    return sorted(Offer.objects.open().filter(lead=lead).values_list("slot", flat=True))


def test_a_lead_goes_to_as_many_partners_as_there_are_slots_and_uses_a_turn_of_each(market, now, facts):
    [lead] = market.add_leads(1)
    done = distribute(market.route, now=now)
    assert (done.leads, done.offered, done.held) == (1, 1, 0)
    offers = list(lead.offers.order_by("slot"))
    assert [(offer.slot, offer.tick) for offer in offers] == [(1, 1), (2, 2)]
    assert len({offer.partner_id for offer in offers}) == 2
    second = Decision.objects.get(tick=2)
    assert second.verdicts.count("o") == 1  # the one that has the first slot
    assert len(facts("leads_offered")) == 1
    assert RouteCredit.objects.aggregate(total=Sum("credit"))["total"] == 0


def test_turns_stay_even_over_many_leads(market, now):
    market.add_leads(20)
    distribute(market.route, now=now)
    assert [Offer.objects.filter(partner=partner).count() for partner in market.partners] == [10] * 4


def test_who_accepts_first_has_it_and_the_others_are_told_so(market, now, facts, client):
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    first, second = lead.offers.order_by("slot")
    people = {member.partner_id: member.user for member in market.members}
    accept_offer(second, by=people[second.partner_id], now=now)
    first.refresh_from_db()
    assert (first.state, first.closed_at, first.closed_by) == (OfferState.OVERTAKEN, now, None)
    assert facts("offers_closed") == [{"offer_ids": [first.pk]}]
    with pytest.raises(Refusal, match="Another partner accepted this lead first") as refused:
        accept_offer(first, by=people[first.partner_id], now=now)
    assert refused.value.code == "overtaken"
    assert str(second.partner) not in str(refused.value.message)  # whose it is now is nobody else's business
    client.force_login(people[first.partner_id])
    page = client.get(reverse("leads:offer", args=[first.public_id])).content.decode()
    assert "Another partner accepted this lead first" in page
    assert second.partner.name not in page
    assert "Taken by another" in client.get(reverse("leads:offers"), {"show": "past"}).content.decode()


def test_being_too_late_can_be_contested(market, now):
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    first, second = lead.offers.order_by("slot")
    accept_offer(first, by=market.person(), now=now)
    second.refresh_from_db()
    assert find_contested_offer(second).decided_at == now
    assert find_contested_offer(Offer.objects.get(pk=first.pk)) is None


def test_the_offer_says_that_others_have_it_too(market, client):
    market.add_leads(1)
    distribute(market.route, now=timezone.now())
    offer = Offer.objects.filter(partner=market.partners[0]).first() or Offer.objects.first()
    client.force_login(next(member.user for member in market.members if member.partner_id == offer.partner_id))
    page = client.get(reverse("leads:offer", args=[offer.public_id])).content.decode()
    assert "Up to 2 partners are offered it at once" in page


def test_a_slot_that_is_given_back_goes_to_the_next_partner(market, now):
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    first, second = lead.offers.order_by("slot")
    decline_offer(first, reason=DeclineReason.NO_TIME, by=market.person(), now=now)
    lead.refresh_from_db()
    assert lead.status == LeadStatus.NEW  # a slot waits
    distribute(market.route, now=now)
    lead.refresh_from_db()
    assert (lead.status, open_slots(lead)) == (LeadStatus.OFFERED, [1, 2])
    again = Offer.objects.open().get(lead=lead, slot=1)
    assert again.partner_id not in (first.partner_id, second.partner_id)


def test_a_slot_that_nobody_can_take_has_a_decision_that_says_why(now):
    market = make_market(now, partners=2, slots=3)
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    lead.refresh_from_db()
    assert (lead.status, open_slots(lead)) == (LeadStatus.OFFERED, [1, 2])
    left = Decision.objects.get(tick=None)
    assert (left.lead, left.verdicts) == (lead, "oo")
    expire_due_offers(now=now + timedelta(days=2))
    distribute(market.route, now=now + timedelta(days=2))
    lead.refresh_from_db()
    assert (lead.status, lead.held_reason) == (LeadStatus.HELD, HeldReason.ALL_OFFERED)


def test_a_partner_kept_from_a_lead_leaves_its_slot_to_another(market, now):
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    first = lead.offers.get(slot=1)
    exclude_partner(lead, partner=first.partner, reason="Knows them", by=UserFactory(staff=True), now=now)
    distribute(market.route, now=now)
    assert open_slots(lead) == [1, 2]
    assert not Offer.objects.open().filter(partner=first.partner).exists()


def test_a_lead_that_is_closed_leaves_no_offer_open(market, now):
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    close_lead(lead, note="A duplicate", by=UserFactory(staff=True), now=now)
    assert set(lead.offers.values_list("state", flat=True)) == {OfferState.WITHDRAWN}


def test_no_more_partners_than_the_route_says_are_offered_it_in_all(now):
    market = make_market(now, partners=5, slots=2, most_offers=3)
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    for offer in list(lead.offers.all()):
        decline_offer(offer, reason=DeclineReason.NO_TIME, by=market.person(), now=now)
    distribute(market.route, now=now)
    lead.refresh_from_db()
    assert (lead.offers.count(), lead.status, open_slots(lead)) == (3, LeadStatus.OFFERED, [1])


def test_one_slot_holds_one_open_offer(market, now):
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    first, second = lead.offers.order_by("slot")
    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.filter(pk=second.pk).update(slot=first.slot)


def test_its_decisions_are_replayed_to_the_last_unit(market, now):
    market.add_leads(5)
    distribute(market.route, now=now)
    for offer in list(Offer.objects.open()[:4]):
        decline_offer(offer, reason=DeclineReason.NO_TIME, by=market.person(), now=now)
    distribute(market.route, now=now)
    found = replay_decisions(market.route)
    assert (found.disagreement, found.agreed) == (None, Decision.objects.count())


@settings(
    max_examples=min(examples(15), 1000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_happens_each_slot_has_an_offer_or_the_lead_a_reason(now, data):
    """Accepted, declined, run out, distributed again, in any order."""
    with transaction.atomic():
        slots = data.draw(st.integers(1, 3))
        market = make_market(now, partners=data.draw(st.integers(1, 4)), slots=slots)
        market.add_leads(data.draw(st.integers(1, 3)))
        moment = now
        for _step in range(data.draw(st.integers(1, 8))):
            distribute(market.route, now=moment)
            standing = list(Offer.objects.open().filter(route=market.route).order_by("pk"))
            if standing:
                offer = data.draw(st.sampled_from(standing))
                match data.draw(st.sampled_from(["accept", "decline", "expire"])):
                    case "accept":
                        accept_offer(offer, by=market.person(), now=moment)
                    case "decline":
                        decline_offer(offer, reason=DeclineReason.OTHER, by=market.person(), now=moment)
                    case _:
                        moment += timedelta(days=2)
                        expire_due_offers(now=moment)
        distribute(market.route, now=moment)
        for lead in Lead.objects.filter(route=market.route):
            standing = open_slots(lead)
            assert len(standing) == len(set(standing)) <= slots
            if lead.status == LeadStatus.OFFERED:
                assert standing
                assert len(standing) == slots or lead.decisions.filter(tick=None).exists()
            else:
                assert not standing
                assert lead.status in (LeadStatus.ACCEPTED, LeadStatus.HELD)
        assert (RouteCredit.objects.filter(route=market.route).aggregate(total=Sum("credit"))["total"] or 0) == 0
        assert replay_decisions(market.route).disagreement is None
        transaction.set_rollback(True)


def test_more_slots_are_published_like_any_rule(market, now):
    market.route.slots = 3
    market.route.save()
    put_in_force(market.route)
    [lead] = market.add_leads(1)
    distribute(market.route, now=now)
    assert open_slots(lead) == [1, 2, 3]
