"""What a partner reads of an offer that staff withdrew, and who of it is told: what happened, and never why."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from portal.leads.case_notices import TAKEN_BACK, tell_of_overrides
from portal.leads.models import Offer, Override
from portal.leads.notices import tell_about_offers
from portal.leads.services.disputes import find_contested_offer
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer
from portal.leads.services.outcomes import close_lead
from portal.leads.services.overrides import assign_lead, exclude_partner, pull_back
from portal.leads.services.returns import warn_and_return
from portal.leads.services.withdrawals import Why, find_withdrawal, list_withdrawn
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market
from tests.factories.partners import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
WHY = "Their cousin asked"


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def market(now):
    """Two partners, the first with an owner, a head and a seller; idle leads go back after six days."""
    market = make_market(now, partners=2, return_after_days=6)
    market.head = MembershipFactory(partner=market.partners[0], roles=["head"])
    market.seller = MembershipFactory(partner=market.partners[0], roles=["seller"])
    return market


@pytest.fixture
def manager():
    return UserFactory(staff=True)


def offered(market, now) -> Offer:
    market.add_leads(1)
    distribute(market.route, now=now)
    offer = Offer.objects.open().get()
    assert offer.partner == market.partners[0]
    return offer


def pulled_back(market, manager, now) -> Offer:
    offer = offered(market, now)
    accept_offer(offer, by=market.seller.user, now=now)
    pull_back(offer.lead, reason=WHY, by=manager, now=now + MINUTE)
    return fresh(offer)


def excluded(market, manager, now) -> Offer:
    offer = offered(market, now)
    exclude_partner(offer.lead, partner=offer.partner, reason=WHY, by=manager, now=now + MINUTE)
    return fresh(offer)


def given(market, manager, now) -> Offer:
    offer = offered(market, now)
    assign_lead(offer.lead, partner=market.partners[1], reason=WHY, by=manager, now=now + MINUTE)
    return fresh(offer)


def closed(market, manager, now) -> Offer:
    offer = offered(market, now)
    close_lead(offer.lead, note="A test", by=manager, now=now + MINUTE)
    return fresh(offer)


def returned(market, _manager, now) -> Offer:
    offer = offered(market, now)
    accept_offer(offer, by=market.seller.user, now=now)
    warn_and_return(now=now + 4 * DAY)
    warn_and_return(now=now + 6 * DAY)
    return fresh(offer)


def fresh(offer) -> Offer:
    return Offer.objects.select_related("lead", "partner", "closed_by").get(pk=offer.pk)


WAYS = [(pulled_back, Why.PULLED_BACK), (excluded, Why.EXCLUDED), (given, Why.GIVEN), (closed, Why.CLOSED),
        (returned, Why.RETURNED)]  # fmt: skip


class TestWhyItWasWithdrawn:
    @pytest.mark.parametrize(("act", "why"), WAYS)
    def test_is_what_happened(self, market, manager, now, act, why):
        offer = act(market, manager, now)
        found = find_withdrawal(offer)
        assert found.why == why
        assert found.by == (None if why is Why.RETURNED else manager)
        worked = why in (Why.PULLED_BACK, Why.RETURNED)
        assert found.assignee_id == (market.seller.pk if worked else None)
        contested = find_contested_offer(offer)
        assert (contested.decided_at, contested.decided_by) == (found.at, found.by)

    def test_stays_what_it_was_when_the_partner_is_kept_from_it_afterwards(self, market, manager, now):
        offer = pulled_back(market, manager, now)
        exclude_partner(offer.lead, partner=offer.partner, reason=WHY, by=manager, now=now + DAY)
        other = find_withdrawal(fresh(offer))
        assert (other.why, other.at) == (Why.PULLED_BACK, now + MINUTE)
        assert list_withdrawn(Override.objects.last()) == []

    def test_is_nothing_of_an_offer_that_stands(self, market, now):
        assert find_withdrawal(offered(market, now)) is None


class TestThePage:
    @pytest.mark.parametrize(
        ("act", "says"),
        [
            (pulled_back, "The vendor took this lead back on"),
            (excluded, "that this lead is not for your organisation"),
            (given, "The vendor gave this lead to another partner by hand"),
            (closed, "The lead was closed"),
            (returned, "The lead went back on"),
        ],
    )
    def test_says_it_and_not_why(self, client, market, manager, now, act, says):
        offer = act(market, manager, now)
        client.force_login(market.head.user)
        page = client.get(reverse("leads:offer", args=[offer.public_id])).content.decode()
        assert says in page
        assert ("The lead was closed" in page) == (act is closed)
        assert WHY not in page
        assert market.partners[1].name not in page
        assert offer.lead.company not in page
        assert reverse("leads:contest_offer", args=[offer.public_id]) in page

    def test_lets_whoever_worked_it_contest_it(self, client, market, manager, now):
        offer = pulled_back(market, manager, now)
        url = reverse("leads:contest_offer", args=[offer.public_id])
        client.force_login(market.seller.user)
        assert url in client.get(reverse("leads:offer", args=[offer.public_id])).content.decode()
        client.force_login(MembershipFactory(partner=market.partners[0], roles=["seller"]).user)
        assert url not in client.get(reverse("leads:offer", args=[offer.public_id])).content.decode()

    def test_is_none_for_another_partner(self, client, market, manager, now):
        offer = pulled_back(market, manager, now)
        client.force_login(market.person(1))
        assert client.get(reverse("leads:offer", args=[offer.public_id])).status_code == 404


class TestTheNotice:
    def told(self) -> dict[int, Notification]:
        return {notice.user_id: notice for notice in Notification.objects.filter(type=TAKEN_BACK.name)}

    def test_reaches_whoever_worked_a_lead_and_the_heads_once(self, market, manager, now):
        offer = pulled_back(market, manager, now)
        ids = [Override.objects.get().pk]
        assert [tell_of_overrides(ids, now=now), tell_of_overrides(ids, now=now)] == [3, 0]
        assert set(self.told()) == {market.seller.user_id, market.head.user_id, market.members[0].user_id}
        assert {notice.url for notice in self.told().values()} == {reverse("leads:offer", args=[offer.public_id])}

    @pytest.mark.parametrize("act", [excluded, given])
    def test_reaches_the_heads_where_nobody_had_been_told_of_an_open_offer(self, market, manager, now, act):
        act(market, manager, now)
        ids = [Override.objects.get().pk]
        tell_of_overrides(ids, now=now)
        assert set(self.told()) == {market.head.user_id, market.members[0].user_id}

    def test_of_an_open_offer_goes_to_who_was_told_of_it(self, market, manager, now):
        offer = offered(market, now)
        tell_about_offers([offer.pk], now=now)
        exclude_partner(offer.lead, partner=offer.partner, reason=WHY, by=manager, now=now)
        tell_of_overrides([Override.objects.get().pk], now=now)
        ours = {market.seller.user_id, market.head.user_id, market.members[0].user_id}
        assert set(self.told()) == ours
        assert {user for user, notice in self.told().items() if notice.context["may_contest"]} == ours - {
            market.seller.user_id
        }

    def test_is_not_sent_of_what_the_partner_never_saw(self, market, manager, now):
        (lead,) = market.add_leads(1)
        exclude_partner(lead, partner=market.partners[0], reason=WHY, by=manager, now=now)
        assert tell_of_overrides([Override.objects.get().pk], now=now) == 0

    def test_follows_from_the_fact(self, market, manager, now, django_capture_on_commit_callbacks, facts):
        offer = offered(market, now)
        accept_offer(offer, by=market.seller.user, now=now)
        with django_capture_on_commit_callbacks(execute=True):
            pull_back(offer.lead, reason=WHY, by=manager, now=now)
        override = Override.objects.get()
        assert facts("leads_overridden") == [{"lead_ids": [offer.lead_id], "override_ids": [override.pk]}]
        assert set(self.told()) == {market.seller.user_id, market.head.user_id, market.members[0].user_id}

    @pytest.mark.parametrize("language", ["en", "ru"])
    @pytest.mark.parametrize("act", [pulled_back, excluded, given])
    def test_names_neither_customer_nor_reason_nor_another_partner(self, market, manager, now, act, language):
        offer = act(market, manager, now)
        tell_of_overrides([Override.objects.get().pk], now=now)
        for notice in self.told().values():
            with translation.override(language):
                wording = word(notice, person=notice.user)
            text = f"{wording.subject} {wording.paragraphs}"
            assert not any(
                words in text
                for words in (WHY, offer.lead.company, offer.lead.contact.name, market.partners[1].name, "<")
            )
            if language == "en":
                assert "channel manager" in text
                assert "contest the decision" in text
