"""Telling people about offers: one notice for a batch, without the customer's name."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from portal.leads.models import Offer
from portal.leads.notices import tell_about_offers
from portal.leads.services.distribution import distribute
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.factories.partners import MembershipFactory

pytestmark = pytest.mark.django_db


def offer_ids() -> list[int]:
    return list(Offer.objects.values_list("pk", flat=True))


def test_everyone_who_works_leads_hears_of_a_batch_once_and_nobody_else(market, now):
    seller = MembershipFactory(partner=market.partners[0], roles=["seller"])
    MembershipFactory(partner=market.partners[0], roles=["engineer"])
    MembershipFactory(partner=market.partners[0], roles=["seller"], ended_at=now)
    market.add_leads(6)
    distribute(market.route, now=now)
    assert tell_about_offers(offer_ids(), now=now) == 4
    assert set(Notification.objects.values_list("user_id", flat=True)) == {
        seller.user_id, *(member.user_id for member in market.members),
    }  # fmt: skip
    assert tell_about_offers(offer_ids(), now=now) == 0


def test_the_same_batch_is_told_once_even_when_an_offer_was_answered_meanwhile(market, now):
    market.add_leads(6)
    distribute(market.route, now=now)
    tell_about_offers(offer_ids(), now=now)
    Offer.objects.filter(pk=offer_ids()[0]).update(state="expired", closed_at=now)
    assert tell_about_offers(offer_ids(), now=now) == 0


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("leads", [3, 21])
def test_the_wording_tells_the_need_and_not_the_customer(market, now, language, leads):
    made = market.add_leads(leads)
    distribute(market.route, now=now)
    tell_about_offers(offer_ids(), now=now)
    notice = Notification.objects.first()
    with translation.override(language):
        wording = word(notice, person=notice.user)
    text = f"{wording.subject} {wording.paragraphs}"
    assert "Norway" in text
    assert "<" not in text
    assert not any(lead.company in text or lead.contact.name in text for lead in made)


def test_telling_costs_the_same_for_few_and_many(market, now):
    counts = []
    for size in (3, 30):
        market.add_leads(size)
        distribute(market.route, now=now)
        with CaptureQueriesContext(connection) as queries:
            tell_about_offers(offer_ids(), now=now)
        counts.append(len(queries))
    assert counts[0] == counts[1]
