"""The partner's pages: what may be seen before and after accepting, who may answer, and nobody else's leads."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.leads.models import DeclineReason, Lead, LeadStatus, Offer, OfferState
from portal.leads.reports import describe_about
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer, decline_offer
from portal.partners.services.agreements import withdraw_acceptance
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market
from tests.factories.partners import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(db):
    return make_market(timezone.now(), partners=2)


@pytest.fixture
def old_market(db):
    """A market of two partners that has gone on for sixty days."""
    market = make_market(timezone.now() - timedelta(days=60), partners=2, open_cap=500)
    market.now = timezone.now()
    return market


@pytest.fixture
def offer(market):
    market.add_leads(1)
    distribute(market.route, now=market.now)
    return Offer.objects.select_related("lead__contact").get()


@pytest.fixture
def member(market, offer):
    return market.members[market.partners.index(offer.partner)]


@pytest.fixture
def phone(client, member):
    client.force_login(member.user)
    return client


def address(name: str, thing=None) -> str:
    return reverse(f"leads:{name}", args=[thing.public_id] if thing else [])


def page(client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_an_open_offer_shows_the_need_and_hides_who_it_is(phone, offer, member):
    for url in (address("offers"), address("offer", offer)):
        text = page(phone, url)
        assert "Norway" in text
        assert "We need help." in text
        for hidden in (offer.lead.company, offer.lead.contact.name, "buyer@customer.example", "+4721550102"):
            assert hidden not in text
    offer.refresh_from_db()
    assert offer.seen_by == member.user


def test_the_page_says_that_declining_uses_the_turn_and_when_the_next_is_expected(phone, offer):
    text = page(phone, address("offer", offer))
    assert "This uses your turn; your next is expected after 1 other lead." in text
    assert text.index("This uses your turn") < text.index("Decline and use the turn")


def test_of_a_route_that_goes_on_for_weeks_the_day_of_the_next_turn_is_said(client, old_market):
    market = old_market
    for days in range(30, 0, -1):
        market.add_leads(1)
        distribute(market.route, now=market.now - timedelta(days=days))
    market.add_leads(1)
    distribute(market.route, now=market.now)
    offer = Offer.objects.order_by("-tick").first()
    client.force_login(market.members[market.partners.index(offer.partner)].user)
    with timezone.override("UTC"):  # the reader's
        day = describe_about(timezone.now() + timedelta(days=2), now=timezone.now())
    assert f"This uses your turn; your next is expected {day}." in page(client, address("offer", offer))


def test_after_accepting_the_contact_is_there_and_the_lead_is_won(phone, offer):
    response = phone.post(address("accept", offer), follow=True)
    assert response.redirect_chain[-1][0] == address("lead", offer.lead)
    text = response.content.decode()
    assert offer.lead.contact.name in text
    assert "tel:+4721550102" in text
    assert page(phone, f"{address('offers')}?show=work").count(offer.lead.company.replace("&", "&amp;")) >= 1
    phone.post(address("win", offer.lead), {"amount": "1250.50", "currency": "EUR", "note": "Two years"})
    lead = Lead.objects.get()
    assert (lead.status, lead.value) == (LeadStatus.WON, 125050)
    assert "EUR" in page(phone, f"{address('offers')}?show=finished")
    assert "1,250.50" in page(phone, address("lead", lead))


def test_a_lead_is_lost_for_a_reason(phone, offer):
    phone.post(address("accept", offer))
    assert phone.post(address("lose", offer.lead), {}).status_code == 422
    phone.post(address("lose", offer.lead), {"reason": "price", "note": "Too dear"})
    assert Lead.objects.get().lost_reason == "price"
    assert "Too dear" in page(phone, address("lead", offer.lead))


@pytest.mark.parametrize("amount", ["", "-1", "many", "99999999999999"])
def test_a_value_that_is_no_amount_comes_back_with_what_was_typed(phone, offer, amount):
    phone.post(address("accept", offer))
    response = phone.post(address("win", offer.lead), {"amount": amount, "currency": "EUR", "note": "Kept"})
    assert response.status_code == 422
    assert "Kept" in response.content.decode()
    assert Lead.objects.get().status == LeadStatus.ACCEPTED


def test_an_offer_is_declined_only_with_a_reason(phone, offer):
    response = phone.post(address("decline", offer), {"note": "No hands"})
    assert response.status_code == 422
    assert "No hands" in response.content.decode()
    phone.post(address("decline", offer), {"reason": "no_time", "note": "No hands"})
    offer.refresh_from_db()
    assert (offer.state, offer.decline_reason, offer.decline_note) == (OfferState.DECLINED, "no_time", "No hands")
    assert "went on to another partner" in page(phone, address("offer", offer))
    assert "declined" in page(phone, f"{address('offers')}?show=past").lower()


def test_the_second_colleague_reads_who_accepted(client, offer, member):
    accept_offer(offer, by=member.user, now=timezone.now())
    client.force_login(MembershipFactory(partner=offer.partner).user)
    response = client.post(address("accept", offer), follow=True)
    text = response.content.decode()
    assert member.user.get_full_name() in text
    assert response.redirect_chain[-1][0] == address("lead", offer.lead)


def test_an_expired_offer_says_what_happens_next(phone, offer):
    Offer.objects.filter(pk=offer.pk).update(
        made_at=timezone.now() - timedelta(days=2), due_at=timezone.now() - timedelta(days=1)
    )
    text = page(phone, address("offer", offer))
    assert "goes to another partner" in text
    assert address("accept", offer) not in text
    phone.post(address("accept", offer))
    assert Lead.objects.get().status == LeadStatus.OFFERED


def test_a_partner_whose_gate_closed_reads_why_and_cannot_accept(phone, offer, member):
    withdraw_acceptance(offer.partner.acceptances.get(), by=member.user, now=timezone.now())
    text = page(phone, address("offer", offer))
    assert "not qualified" in text
    assert reverse("certification:standing") in text
    phone.post(address("accept", offer))
    assert Offer.objects.get().state == OfferState.OPEN


@pytest.mark.parametrize("show", ["", "answer", "work", "finished", "past", "nonsense"])
def test_every_empty_list_says_what_would_fill_it(client, market, show):
    client.force_login(market.person())
    assert "empty" in page(client, f"{address('offers')}?show={show}&page=nonsense")


# --- Who may not ------------------------------------------------------------------------------------------------------


def every_address(offer) -> list[tuple[str, str]]:
    return [
        ("get", address("offer", offer)),
        ("post", address("accept", offer)),
        ("post", address("decline", offer)),
        ("get", address("lead", offer.lead)),
        ("post", address("win", offer.lead)),
        ("post", address("lose", offer.lead)),
    ]


@pytest.mark.parametrize("accepted", [False, True])
def test_another_partner_finds_nothing_at_any_address(client, market, offer, member, accepted):
    if accepted:
        accept_offer(offer, by=member.user, now=timezone.now())
    stranger = next(other for other in market.members if other.partner_id != offer.partner_id)
    client.force_login(stranger.user)
    for method, url in every_address(offer):
        assert getattr(client, method)(url).status_code == 404, url
    listing = page(client, address("offers"))
    assert offer.public_id not in listing
    assert Offer.objects.get().state == (OfferState.ACCEPTED if accepted else OfferState.OPEN)


def test_a_lead_given_back_is_not_the_partner_s_any_more(phone, offer, member):
    decline_offer(offer, reason=DeclineReason.NO_TIME, by=member.user, now=timezone.now())
    assert phone.get(address("lead", offer.lead)).status_code == 404


@pytest.mark.parametrize("roles", [["engineer"], []])
def test_a_colleague_whose_job_is_another_reads_why_not(client, offer, roles):
    client.force_login(MembershipFactory(partner=offer.partner, roles=roles).user)
    for method, url in [("get", address("offers")), *every_address(offer)]:
        assert getattr(client, method)(url).status_code == 403, url
    assert Offer.objects.get().state == OfferState.OPEN


def test_staff_without_a_membership_and_strangers_are_kept_out(client, offer):
    for method, url in [("get", address("offers")), *every_address(offer)]:
        assert getattr(client, method)(url).status_code == 302, url
    client.force_login(UserFactory(staff=True))
    assert client.get(address("offer", offer)).status_code == 403


def test_answers_are_given_by_post_alone(phone, offer):
    for name, thing in (("accept", offer), ("decline", offer), ("win", offer.lead), ("lose", offer.lead)):
        assert phone.get(address(name, thing)).status_code == 405


# --- Cost -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", ["answer", "work"])
def test_the_list_costs_the_same_for_few_and_many(client, market, show):
    client.force_login(market.person())
    counts = []
    for size in (4, 20):
        market.add_leads(size)
        distribute(market.route, now=market.now)
        if show == "work":
            for offer in Offer.objects.open().filter(partner=market.partners[0]):
                accept_offer(offer, by=market.person(), now=market.now)
        page(client, f"{address('offers')}?show={show}")
        with CaptureQueriesContext(connection) as queries:
            page(client, f"{address('offers')}?show={show}")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= 12
