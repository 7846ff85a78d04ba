"""Credits moved without a lead, and what staff decide in place of the rule: the sum of a route's credits stays zero."""

import pytest
import time_machine
from django.db.models import Sum
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from portal.core.errors import Refusal
from portal.leads.models import (
    Correction,
    Decision,
    DeclineReason,
    Lead,
    LeadStatus,
    Offer,
    OfferState,
    Override,
    RouteCredit,
)
from portal.leads.routing import TURN, settle_residue, undo_turn
from portal.leads.services.corrections import give_turn_back, settle_partner, settle_those_that_left
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer, decline_offer
from portal.leads.services.overrides import assign_lead, exclude_partner, pull_back
from portal.partners.models import PartnerStatus
from tests.factories.accounts import UserFactory
from tests.factories.certification import qualify
from tests.factories.leads import make_market

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

weights = st.lists(st.integers(1, 9), min_size=1, max_size=8).map(lambda found: list(enumerate(found, 1)))


@pytest.fixture
def manager():
    return UserFactory(staff=True)


def credits_of(route) -> dict[int, int]:
    return dict(RouteCredit.objects.filter(route=route).values_list("partner", "credit"))


def total(route) -> int:
    return RouteCredit.objects.filter(route=route).aggregate(total=Sum("credit"))["total"] or 0


class TestTheRule:
    @given(weights, st.data())
    def test_an_undone_turn_sums_to_zero(self, competed, data):
        winner = data.draw(st.sampled_from([partner_id for partner_id, _weight in competed]))
        entries = undo_turn(competed, winner=winner)
        assert sum(entries.values()) == 0
        assert entries[winner] >= 0
        assert all(units <= 0 for partner_id, units in entries.items() if partner_id != winner)

    @given(weights, st.integers(-5 * TURN, 5 * TURN))
    def test_a_residue_is_spread_to_the_last_unit_by_weight(self, others, residue):
        entries = settle_residue(residue, 0, others)
        assert sum(entries.values()) == 0
        assert entries[0] == -residue
        whole = sum(weight for _partner_id, weight in others)
        for partner_id, weight in others:
            assert abs(entries[partner_id] - residue * weight / whole) <= 1 + abs(residue) * 1e-12


class TestATurnGivenBack:
    def test_undoes_the_whole_tick(self, market, manager, now):
        market.add_leads(3)
        distribute(market.route, limit=2, now=now)
        before = credits_of(market.route)
        distribute(market.route, now=now)
        offer = Offer.objects.order_by("-tick").first()
        correction = give_turn_back(offer, reason="Spam", by=manager, now=now)
        after = credits_of(market.route)
        assert {partner.pk: after[partner.pk] for partner in market.partners} == {
            partner.pk: before.get(partner.pk, 0) for partner in market.partners
        }
        assert correction.after_tick == 3
        assert total(market.route) == 0

    def test_once_and_for_a_reason(self, market, manager, now):
        market.add_leads(1)
        distribute(market.route, now=now)
        offer = Offer.objects.get()
        with pytest.raises(Refusal, match="without a reason"):
            give_turn_back(offer, reason=" ", by=manager, now=now)
        give_turn_back(offer, reason="Spam", by=manager, now=now)
        with pytest.raises(Refusal, match="already"):
            give_turn_back(offer, reason="Spam", by=manager, now=now)

    def test_by_staff_on_the_lead_s_page(self, client, manager, market, now):
        (lead,) = market.add_leads(1)
        distribute(market.route, now=now)
        offer = Offer.objects.get()
        client.force_login(manager)
        url = reverse("leads_admin:give_back", args=[lead.pk, offer.pk])
        assert url in client.get(reverse("leads_admin:inspect", args=[lead.pk])).content.decode()
        assert client.post(url, {"reason": "Wrong number"}).status_code == 302
        assert Correction.objects.get().offer == offer
        assert "Wrong number" in client.get(reverse("leads_admin:inspect", args=[lead.pk])).content.decode()


class TestAPartnerThatLeft:
    def test_leaves_its_residue_to_the_others(self, market, now):
        market.add_leads(2)
        distribute(market.route, now=now)
        gone = market.partners[2]  # had no turn yet: it is owed some
        owed = credits_of(market.route)[gone.pk]
        assert owed > 0
        gone.status, gone.status_reason = PartnerStatus.ENDED, "Closed down"
        gone.save()
        (correction,) = settle_those_that_left([gone.pk], now=now)
        after = credits_of(market.route)
        assert after[gone.pk] == 0
        assert total(market.route) == 0
        assert dict(correction.entries)[gone.pk] == -owed
        assert settle_those_that_left([gone.pk], now=now) == []  # told twice

    def test_has_nothing_to_leave_where_it_was_alone(self, now):
        market = make_market(now, partners=1)
        market.add_leads(2)
        distribute(market.route, now=now)
        assert settle_partner(market.partners[0], reason="left", by=None, now=now) == []


class TestOverrides:
    def test_a_partner_is_kept_from_a_lead(self, market, manager, now):
        (lead,) = market.add_leads(1)
        exclude_partner(lead, partner=market.partners[0], reason="It is their own subsidiary", by=manager, now=now)
        distribute(market.route, now=now)
        assert Decision.objects.get().verdicts == "xwn"
        with pytest.raises(Refusal, match="already"):
            exclude_partner(lead, partner=market.partners[0], reason="Again", by=manager, now=now)

    def test_an_open_offer_to_it_is_withdrawn_and_the_lead_goes_on(self, market, manager, now):
        (lead,) = market.add_leads(1)
        distribute(market.route, now=now)
        first = Offer.objects.get()
        exclude_partner(lead, partner=first.partner, reason="The customer asked", by=manager, now=now)
        first.refresh_from_db()
        assert first.state == OfferState.WITHDRAWN
        distribute(market.route, now=now)
        assert Offer.objects.open().get().partner != first.partner

    def test_a_lead_given_by_hand_uses_nobody_s_turn(self, market, manager, now):
        (lead,) = market.add_leads(1)
        distribute(market.route, now=now)
        before = credits_of(market.route)
        offer = assign_lead(lead, partner=market.partners[2], reason="They know the trade", by=manager, now=now)
        assert (offer.tick, offer.state) == (None, OfferState.OPEN)
        assert credits_of(market.route) == before
        assert Offer.objects.exclude(pk=offer.pk).get().state == OfferState.WITHDRAWN
        accept_offer(offer, by=market.person(2), now=now)
        assert Lead.objects.get().partner == market.partners[2]

    def test_what_cannot_be_given_by_hand_is_refused(self, market, manager, now):
        (lead,) = market.add_leads(1)
        distribute(market.route, now=now)
        offer = Offer.objects.get()
        with pytest.raises(Refusal, match="offered this lead before"):
            assign_lead(lead, partner=offer.partner, reason="Again", by=manager, now=now)
        accept_offer(offer, by=market.person(), now=now)
        with pytest.raises(Refusal, match="cannot be given by hand"):
            assign_lead(lead, partner=market.partners[1], reason="Better", by=manager, now=now)
        with pytest.raises(Refusal, match="without a reason"):
            assign_lead(lead, partner=market.partners[1], reason="", by=manager, now=now)

    def test_a_lead_taken_back_goes_to_the_next_and_never_to_that_one_again(self, market, manager, now):
        (lead,) = market.add_leads(1)
        distribute(market.route, now=now)
        offer = Offer.objects.get()
        accept_offer(offer, by=market.person(), now=now)
        pull_back(lead, reason="Nobody called for a week", by=manager, now=now)
        lead.refresh_from_db()
        assert (lead.status, lead.partner, lead.accepted_at) == (LeadStatus.NEW, None, None)
        distribute(market.route, now=now)
        assert Offer.objects.open().get().partner != offer.partner
        assert Override.objects.get().kind == "pulled_back"

    def test_by_staff_on_the_lead_s_page(self, client, manager, market, now):
        (lead,) = market.add_leads(1)
        client.force_login(manager)
        for name in ("exclude", "assign"):
            url = reverse(f"leads_admin:{name}", args=[lead.pk])
            assert client.get(url).status_code == 200
            given = {"partner": market.partners[0 if name == "exclude" else 1].pk, "reason": "A reason"}
            assert client.post(url, given).status_code == 302
        accept_offer(Offer.objects.open().get(), by=market.person(1), now=now)
        assert client.post(reverse("leads_admin:pull_back", args=[lead.pk]), {"reason": "Late"}).status_code == 302
        page = client.get(reverse("leads_admin:inspect", args=[lead.pk])).content.decode()
        assert "Kept from a partner" in page
        assert "Taken back" in page

    def test_staff_without_the_right_decide_nothing(self, client, market):
        (lead,) = market.add_leads(1)
        client.force_login(UserFactory(is_staff=True))
        for name in ("exclude", "assign", "pull_back"):
            assert client.post(reverse(f"leads_admin:{name}", args=[lead.pk]), {"reason": "x"}).status_code == 302
        assert not Override.objects.exists()


def test_the_gate_holds_by_hand_too(client, market, manager, now):
    (lead,) = market.add_leads(1)
    for place in range(3):
        distribute(market.route, now=now)
        decline_offer(Offer.objects.open().get(), reason=DeclineReason.OTHER, by=market.person(place), now=now)
    other = market.add_partner(qualified=False)
    with pytest.raises(Refusal, match="not qualified"):
        assign_lead(lead, partner=other, reason="Somebody has to", by=manager, now=now)
    qualify(market.members[3], market.programme, now)
    offer = assign_lead(lead, partner=other, reason="Somebody has to", by=manager, now=now)
    client.force_login(market.person(3))
    with time_machine.travel(now):
        page = client.get(reverse("leads:offer", args=[offer.public_id])).content.decode()
    assert "This uses no turn" in page
    accept_offer(offer, by=market.person(3), now=now)
    assert Lead.objects.get().partner == other
