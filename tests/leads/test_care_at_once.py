"""Two at once about customers, idle leads and disputes: on PostgreSQL, with real locks."""

import os
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from portal.core.errors import Refusal
from portal.leads.models import CustomerLetter, Dispute, FormerOutcome, Lead, LeadReturn, Offer, Override
from portal.leads.services.customers import send_due_letters
from portal.leads.services.disputes import (
    answer_dispute,
    find_contested_offer,
    find_contested_outcome,
    open_dispute,
)
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer, expire_due_offers
from portal.leads.services.outcomes import reopen_lead, win_lead
from portal.leads.services.returns import warn_and_return
from tests.at_once import at_once
from tests.factories.accounts import UserFactory
from tests.factories.leads import Market, make_market
from tests.factories.partners import MembershipFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("sqlite" in os.environ.get("GUILDHALL_TEST_ENGINE", ""), reason="locks are PostgreSQL's"),
]

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Facts are not handed on: only what the test calls is done."""
    monkeypatch.setattr("portal.core.services.outbox.wake", None)


def take(market: Market, count: int, now) -> None:
    market.add_leads(count)
    distribute(market.route, now=now)
    for offer in Offer.objects.open():
        accept_offer(offer, by=market.person(), now=now)


def test_two_senders_write_each_letter_once():
    now = timezone.now()
    market = make_market(now, partners=1, first_contact_hours=4, tells_customer=True, open_cap=100)
    take(market, 60, now)
    sent = at_once(*[lambda: send_due_letters(now=now)] * 2)
    assert sum(sent) == len(mail.outbox) == 60
    assert CustomerLetter.objects.filter(state="sent").count() == 60


def test_two_sweepers_take_each_idle_lead_back_once():
    now = timezone.now()
    market = make_market(now, partners=1, return_after_days=3, open_cap=100)
    take(market, 12, now)
    warn_and_return(now=now + 2 * DAY)
    done = at_once(*[lambda: warn_and_return(now=now + 3 * DAY)] * 2)
    assert sum(returned for _warned, returned in done) == LeadReturn.objects.count() == 12
    assert set(Lead.objects.values_list("status", flat=True)) == {"new"}


def test_a_lead_that_somebody_works_on_at_that_moment_is_left_to_them():
    now = timezone.now()
    market = make_market(now, partners=1, return_after_days=3)
    take(market, 1, now)
    warn_and_return(now=now + 2 * DAY)
    with transaction.atomic():
        Lead.objects.select_for_update(of=("self",)).get()
        (done,) = at_once(lambda: warn_and_return(now=now + 3 * DAY))
        assert done == (0, 0)
    assert warn_and_return(now=now + 3 * DAY) == (0, 1)


def test_two_colleagues_open_one_case():
    now = timezone.now()
    market = make_market(now, partners=1)
    head = MembershipFactory(partner=market.partners[0], roles=["head"])
    market.add_leads(1)
    distribute(market.route, now=now)
    expire_due_offers(now=now + DAY)
    offer = Offer.objects.select_related("lead").get()
    acts = [
        lambda member=member: open_dispute(find_contested_offer(offer), text="Why", membership=member, now=now + DAY)
        for member in (market.members[0], head)
    ]
    found = at_once(*acts)
    assert sorted(type(one) for one in found if isinstance(one, Refusal)) == [Refusal]
    assert Dispute.objects.get().evidence.count() == 1


def test_of_two_who_take_one_outcome_back_one_does():
    now = timezone.now()
    market = make_market(now, partners=1)
    take(market, 1, now)
    lead = win_lead(Lead.objects.get(), value=1, currency="EUR", by=market.person(), now=now)
    dispute = open_dispute(
        find_contested_outcome(Offer.objects.select_related("lead").get()),
        text="Why",
        membership=market.members[0],
        now=now,
    )
    staff = [UserFactory(staff=True) for _number in range(2)]
    found = at_once(
        lambda: reopen_lead(lead, reason="Wrong", by=staff[0], now=now),
        lambda: answer_dispute(dispute, upheld=True, takes_outcome_back=True, reason="Wrong", by=staff[1], now=now),
    )
    assert sorted(type(one) for one in found if isinstance(one, Refusal)) == [Refusal]
    assert FormerOutcome.objects.get().override == Override.objects.get()
    assert Lead.objects.get().status == "accepted"
