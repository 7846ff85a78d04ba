"""Answering an offer: once, by whoever is first, in time, and through the gate."""

from datetime import timedelta
from functools import partial

import pytest

from portal.core.errors import Refusal
from portal.leads.models import DeclineReason, HeldReason, Lead, LeadStatus, LostReason, Offer, OfferState, RouteCredit
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer, decline_offer, expire_due_offers, mark_seen
from portal.leads.services.outcomes import close_lead, lose_lead, win_lead
from portal.partners.services.agreements import withdraw_acceptance
from tests.factories.partners import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(market, now):
    market.add_leads(1)
    distribute(market.route, now=now)
    return Offer.objects.get()


@pytest.fixture
def person(market, offer):
    return market.person(market.partners.index(offer.partner))


@pytest.mark.embedded
def test_an_accepted_lead_belongs_to_the_partner(offer, person, now, facts):
    accept_offer(offer, by=person, now=now)
    offer.refresh_from_db()
    lead = offer.lead
    assert (offer.state, offer.closed_by, offer.closed_at) == (OfferState.ACCEPTED, person, now)
    assert (lead.status, lead.partner, lead.accepted_at) == (LeadStatus.ACCEPTED, offer.partner, now)
    assert Lead.objects.for_partner(offer.partner).get() == lead
    assert facts("offers_accepted") == [{"offer_ids": [offer.pk]}]


def test_the_second_of_two_colleagues_is_told_who_was_first(offer, person, now):
    colleague = MembershipFactory(partner=offer.partner).user
    accept_offer(offer, by=person, now=now)
    with pytest.raises(Refusal, match=person.get_full_name()) as refused:
        accept_offer(offer, by=colleague, now=now)
    assert refused.value.code == "accepted"
    assert Offer.objects.get().closed_by == person


@pytest.mark.parametrize("answer", [accept_offer, partial(decline_offer, reason=DeclineReason.NO_TIME)])
def test_an_offer_out_of_time_is_answered_by_nobody(offer, person, now, answer):
    with pytest.raises(Refusal) as refused:
        answer(offer, by=person, now=offer.due_at)
    assert refused.value.code == "expired"
    assert Offer.objects.get().state == OfferState.OPEN


def test_a_partner_that_lost_its_qualification_since_cannot_accept_until_it_is_mended(offer, person, now):
    acceptance = offer.partner.acceptances.get()
    withdraw_acceptance(acceptance, by=person, now=now)
    with pytest.raises(Refusal) as refused:
        accept_offer(offer, by=person, now=now + timedelta(minutes=1))
    assert refused.value.code == "not_qualified"
    assert Offer.objects.get().state == OfferState.OPEN
    type(acceptance).objects.filter(pk=acceptance.pk).update(withdrawn_at=None)
    accept_offer(offer, by=person, now=now + timedelta(minutes=2))
    assert Offer.objects.get().state == OfferState.ACCEPTED


@pytest.mark.embedded
def test_a_declined_lead_is_new_again_and_goes_to_another_and_the_turn_stays_spent(market, offer, person, now, facts):
    credits = dict(RouteCredit.objects.values_list("partner", "credit"))
    decline_offer(offer, reason=DeclineReason.TOO_SMALL, note="Two seats", by=person, now=now)
    lead = Lead.objects.get()
    assert lead.status == LeadStatus.NEW
    assert dict(RouteCredit.objects.values_list("partner", "credit")) == credits
    assert facts("offers_closed") == [{"offer_ids": [offer.pk]}]
    distribute(market.route, now=now)
    assert Offer.objects.open().get().partner != offer.partner


def test_offers_past_their_window_expire_and_their_leads_are_new(market, now, facts):
    market.add_leads(4)
    distribute(market.route, now=now)
    kept = Offer.objects.first()
    Offer.objects.filter(pk=kept.pk).update(due_at=now + timedelta(hours=25))
    assert expire_due_offers(now=now + timedelta(hours=24)) == 3
    assert Offer.objects.filter(state=OfferState.EXPIRED, closed_by=None).count() == 3
    assert Lead.objects.new().count() == 3
    assert len(facts("offers_closed")) == 1
    assert expire_due_offers(now=now + timedelta(hours=24)) == 0


def test_a_lead_that_everyone_let_run_out_is_held_for_that_reason(market, now):
    market.add_leads(1)
    for day in range(4):
        distribute(market.route, now=now + timedelta(days=day))
        expire_due_offers(now=now + timedelta(days=day + 1))
    distribute(market.route, now=now + timedelta(days=5))
    assert Lead.objects.get().held_reason == HeldReason.ALL_OFFERED


def test_the_first_look_is_noted_and_later_ones_are_not(offer, person, now):
    mark_seen(offer, by=person, now=now)
    offer.refresh_from_db()
    mark_seen(offer, by=MembershipFactory().user, now=now + timedelta(hours=1))
    offer.refresh_from_db()
    assert (offer.seen_at, offer.seen_by) == (now, person)


# --- Outcomes ---------------------------------------------------------------------------------------------------------


def test_a_won_lead_has_a_value_in_minor_units(offer, person, now, facts):
    accept_offer(offer, by=person, now=now)
    lead = win_lead(offer.lead, value=125000, currency="EUR", note="Two years", by=person, now=now)
    lead.refresh_from_db()
    assert (lead.status, lead.value, lead.currency) == (LeadStatus.WON, 125000, "EUR")
    assert facts("leads_won") == [{"lead_ids": [lead.pk]}]


def test_a_lost_lead_has_a_reason(offer, person, now, facts):
    accept_offer(offer, by=person, now=now)
    lead = lose_lead(offer.lead, reason=LostReason.PRICE, by=person, now=now)
    assert (lead.status, lead.lost_reason) == (LeadStatus.LOST, LostReason.PRICE)
    assert facts("leads_lost") == [{"lead_ids": [lead.pk]}]


def test_a_lead_is_finished_once(offer, person, now):
    accept_offer(offer, by=person, now=now)
    win_lead(offer.lead, value=0, currency="EUR", by=person, now=now)
    for finish in (
        lambda: win_lead(offer.lead, value=1, currency="EUR", by=person, now=now),
        lambda: lose_lead(offer.lead, reason=LostReason.PRICE, by=person, now=now),
        lambda: close_lead(offer.lead, note="x", by=person, now=now),
    ):
        with pytest.raises(Refusal):
            finish()


def test_a_lead_that_was_not_accepted_is_not_won(offer, person, now):
    with pytest.raises(Refusal) as refused:
        win_lead(offer.lead, value=1, currency="EUR", by=person, now=now)
    assert refused.value.code == "not_accepted"


@pytest.mark.parametrize(("value", "currency"), [(-1, "EUR"), (1, "XXX")])
def test_a_value_that_is_no_amount_is_refused(offer, person, now, value, currency):
    accept_offer(offer, by=person, now=now)
    with pytest.raises(Refusal):
        win_lead(offer.lead, value=value, currency=currency, by=person, now=now)


def test_closing_a_lead_withdraws_its_open_offer(offer, person, now, facts):
    close_lead(offer.lead, note="A joke", by=person, now=now)
    offer.refresh_from_db()
    assert (offer.state, offer.lead.status) == (OfferState.WITHDRAWN, LeadStatus.CLOSED)
    assert facts("offers_closed") == [{"offer_ids": [offer.pk]}]
    with pytest.raises(Refusal) as refused:
        accept_offer(offer, by=person, now=now)
    assert refused.value.code == "withdrawn"
