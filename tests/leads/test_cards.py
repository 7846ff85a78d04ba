"""The objection cards that a seller used on a lead, and what its outcome says of them."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation

from portal.core.errors import NotAllowed, Refusal
from portal.leads.models import Lead, LeadCard, LostReason, Offer
from portal.leads.services.cards import MOST_CARDS, find_cards, list_cards, tick_card, untick_card
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer
from portal.leads.services.outcomes import lose_lead, win_lead
from portal.leads.services.overrides import pull_back
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market
from tests.factories.partners import AudienceFactory
from tests.factories.training import Tree
from training.models import CardUse

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]


@pytest.fixture
def market(now):
    return make_market(now, partners=2)


@pytest.fixture
def card(db):
    tree = Tree()
    return tree.add_card(tree.add_guide(slug="objections"), "It is too expensive", slug="too-expensive")


def take(market, now) -> Lead:
    market.add_leads(1)
    distribute(market.route, now=now)
    offer = Offer.objects.open().latest("pk")
    accept_offer(offer, by=market.person(market.partners.index(offer.partner)), now=now)
    return Lead.objects.get(pk=offer.lead_id)


def member_of(market, lead):
    return market.members[market.partners.index(lead.partner)]


def tick(market, lead, card, now):
    return tick_card(lead, card_key=card.translation_key, language="en", membership=member_of(market, lead), now=now)


class TestTicking:
    def test_is_once_for_a_card_and_a_lead(self, market, card, now):
        lead = take(market, now)
        first = tick(market, lead, card, now)
        assert tick(market, lead, card, now) == first
        assert list_cards(lead) == [first]
        first.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            first.save(force_insert=True)

    def test_is_taken_off_until_the_outcome(self, market, card, now):
        lead = take(market, now)
        member = member_of(market, lead)
        tick(market, lead, card, now)
        untick_card(lead, card_key=card.translation_key, membership=member)
        untick_card(lead, card_key=card.translation_key, membership=member)
        assert list_cards(lead) == []
        tick(market, lead, card, now)
        win_lead(lead, value=1, currency="EUR", by=member.user, now=now)
        for act in (lambda: untick_card(lead, card_key=card.translation_key, membership=member),
                    lambda: tick(market, lead, card, now)):  # fmt: skip
            with pytest.raises(Refusal, match="outcome has rated"):
                act()

    def test_is_for_cards_that_the_seller_may_read(self, market, card, now):
        lead = take(market, now)
        card.audience = AudienceFactory(entitlement="nobody-has-it")
        card.save()
        with pytest.raises(NotAllowed):
            tick(market, lead, card, now)
        card.unpublish()
        with pytest.raises(Refusal, match="not in the library"):
            tick(market, lead, card, now)

    def test_is_not_endless(self, market, card, now):
        lead = take(market, now)
        LeadCard.objects.bulk_create(
            LeadCard(
                lead=lead, partner=lead.partner, card=card, card_key=uuid4(), ticked_at=now,
                ticked_by=member_of(market, lead).user,
            )
            for _number in range(MOST_CARDS)
        )  # fmt: skip
        with pytest.raises(Refusal, match="At most"):
            tick(market, lead, card, now)

    def test_is_the_own_partner_s(self, market, card, now):
        """Who gets the lead next begins with none, and the outcome rates the next one's alone."""
        lead = take(market, now)
        tick(market, lead, card, now)
        pull_back(lead, reason="Nobody called", by=UserFactory(staff=True), now=now)
        distribute(market.route, now=now)
        offer = Offer.objects.open().get()
        accept_offer(offer, by=market.person(market.partners.index(offer.partner)), now=now)
        lead.refresh_from_db()
        assert list_cards(lead) == []
        win_lead(lead, value=1, currency="EUR", by=member_of(market, lead).user, now=now)
        assert not CardUse.objects.exists()


class TestTheOutcome:
    @pytest.mark.parametrize("won", [True, False])
    def test_rates_them_without_telling_whose_deal_it_was(self, market, card, now, won):
        lead = take(market, now)
        tick(market, lead, card, now)
        person = member_of(market, lead).user
        if won:
            win_lead(lead, value=1, currency="EUR", by=person, now=now)
        else:
            lose_lead(lead, reason=LostReason.PRICE, by=person, now=now)
        use = CardUse.objects.get()
        assert (use.card_key, use.won, use.ended_at) == (card.translation_key, won, now)
        assert lead.public_id not in use.about

    def test_says_nothing_where_it_was_no_request(self, market, card, now):
        lead = take(market, now)
        tick(market, lead, card, now)
        lose_lead(lead, reason=LostReason.INVALID, by=member_of(market, lead).user, now=now)
        assert not CardUse.objects.exists()


class TestThePage:
    def test_finds_ticks_and_takes_off(self, client, market, card, now):
        lead = take(market, timezone.now())
        client.force_login(member_of(market, lead).user)
        url = reverse("leads:lead", args=[lead.public_id])
        assert "We used it" in client.get(url, {"cards": "expensive"}).content.decode()
        assert "No card for" in client.get(url, {"cards": "zebra"}).content.decode()
        given = {"card": str(card.translation_key)}
        answer = client.post(reverse("leads:tick", args=[lead.public_id]), given)
        assert answer["Location"] == f"{url}#cards"
        page = client.get(url).content.decode()
        assert "1 objection card is ticked" in page
        assert "Take off" in page
        client.post(reverse("leads:untick", args=[lead.public_id]), given)
        assert not LeadCard.objects.exists()
        assert client.post(reverse("leads:tick", args=[lead.public_id]), {"card": "x"}).status_code == 404

    def test_finds_only_what_may_be_read(self, market, card, now):
        member = market.members[0]
        with translation.override("en"):
            assert list(find_cards(member, "expensive", language="en", now=now)) == [card]
            card.unpublish()
            assert list(find_cards(member, "expensive", language="en", now=now)) == []
