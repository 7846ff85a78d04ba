"""Accepting an offer by the link in a letter: one's own, without signing in, once, and through the same gate."""

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.leads.models import DeclineReason, Lead, LeadStatus, Offer, OfferState, Telling
from portal.leads.notices import tell_about_offers
from portal.leads.services.distribution import distribute
from portal.leads.services.links import find_telling, make_token
from portal.leads.services.offers import accept_offer, decline_offer
from portal.leads.services.overrides import pull_back
from portal.notifications.models import Notification
from portal.notifications.services.email import send_due_emails
from portal.partners.services.agreements import withdraw_acceptance
from portal.partners.services.memberships import assign_roles, end_membership
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market
from tests.factories.partners import JobRoleFactory, MembershipFactory

HOUR = timedelta(hours=1)


@pytest.fixture
def office(now, time_machine):
    """A partner of an owner and a seller, who were told of an offer a moment ago."""
    time_machine.move_to(now, tick=False)
    market = make_market(now, partners=1)
    market.seller = MembershipFactory(partner=market.partners[0], roles=["seller"])
    (market.lead,) = market.add_leads(1)
    distribute(market.route, now=now)
    market.offer = Offer.objects.get()
    tell_about_offers([market.offer.pk], now=now)
    return market


def link_of(member) -> str:
    return f"/en/leads/take/{make_token(Telling.objects.get(membership=member).public_id)}/"


def assert_tells_nothing_of_the_customer(page: str, lead: Lead) -> None:
    for word in (lead.company, lead.contact.name, lead.contact.email, lead.contact.phone):
        assert word not in page


@pytest.mark.django_db
@pytest.mark.embedded
class TestTheLetter:
    def test_holds_a_link_for_each_reader_alone_and_the_inbox_holds_none(self, office, client, now):
        send_due_emails(now=now)
        found = {}
        for message in mail.outbox:
            (link,) = re.findall(r"http\S+/leads/take/\S+", message.body)
            found[message.to[0]] = link
            assert_tells_nothing_of_the_customer(message.body, office.lead)
        assert set(found) == {office.person().email, office.seller.user.email}
        assert len(set(found.values())) == 2
        client.force_login(office.person())
        assert "/leads/take/" not in client.get(reverse("notifications:inbox")).content.decode()

    def test_what_is_stored_makes_no_link(self, office):
        token = make_token(Telling.objects.first().public_id)
        signature = token.partition(":")[2]
        assert not any(signature in str(notice.context) for notice in Notification.objects.all())

    def test_the_link_opens_as_it_stands_there(self, office, client, now):
        send_due_emails(now=now)
        (link,) = re.findall(r"http\S+?(/\w\w/leads/take/\S+)", mail.outbox[0].body)
        assert client.get(link).status_code == 200


@pytest.mark.django_db
class TestLooking:
    def test_shows_what_may_be_known_and_one_button_and_changes_nothing(self, office, client):
        answer = client.get(link_of(office.seller))
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "Retail, 40 employees" in page
        assert str(office.seller.user) in page
        assert page.count("<form") == 1
        assert_tells_nothing_of_the_customer(page, office.lead)
        client.head(link_of(office.seller))
        offer = Offer.objects.get()
        assert (offer.state, offer.seen_at, Lead.objects.get().status) == (OfferState.OPEN, None, LeadStatus.OFFERED)

    def test_is_kept_by_nobody_and_told_to_no_other_site(self, office, client):
        answer = client.get(link_of(office.seller))
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"

    def test_is_in_the_reader_s_language_and_zone_whatever_the_address_says(self, office, client):
        office.seller.user.language, office.seller.user.time_zone = "ru", "Asia/Tokyo"
        office.seller.user.save()
        page = client.get(link_of(office.seller)).content.decode()
        assert '<html lang="ru"' in page
        assert "JST" in page

    @pytest.mark.parametrize("made_up", ["x", "x:y", ":"])
    def test_a_link_that_is_nobody_s_says_where_the_offers_are(self, office, client, made_up):
        answer = client.get(f"/en/leads/take/{made_up}/")
        assert answer.status_code == 404
        assert "This link is not valid." in answer.content.decode()
        assert answer["Referrer-Policy"] == "no-referrer"

    def test_no_link_is_made_of_another(self, office):
        one, other = Telling.objects.all()
        signature = make_token(one.public_id).partition(":")[2]
        token = make_token(one.public_id)
        assert find_telling(token) == one
        for made_up in (f"{other.public_id}:{signature}", f"{token}x", token[:-1], "", one.public_id):
            assert find_telling(made_up) is None


@pytest.mark.django_db
@pytest.mark.embedded
class TestAccepting:
    def test_takes_the_lead_as_that_person_without_signing_in(self, office, client, now, facts):
        link = link_of(office.seller)
        answer = client.post(link)
        assert (answer.status_code, answer.url) == (302, link)
        offer, lead = Offer.objects.get(), Lead.objects.get()
        assert (offer.state, offer.closed_by) == (OfferState.ACCEPTED, office.seller.user)
        assert lead.assignee == office.seller
        assert Telling.objects.get(used_at__isnull=False).membership == office.seller
        assert facts("offers_accepted") == [{"offer_ids": [offer.pk]}]

    def test_afterwards_it_leads_to_the_lead_behind_the_sign_in_and_shows_no_contact(self, office, client):
        link = link_of(office.seller)
        page = client.post(link, follow=True).content.decode()
        assert "The lead is yours" in page
        assert "<form" not in page
        assert_tells_nothing_of_the_customer(page, office.lead)
        url = reverse("leads:lead", args=[office.lead.public_id])
        assert url in page
        assert client.get(url).status_code == 302  # to sign in
        assert client.get(link)["Referrer-Policy"] == "no-referrer"

    def test_is_marked_as_by_link_for_colleagues_and_staff(self, office, client):
        client.post(link_of(office.seller))
        client.force_login(office.person())
        page = client.get(reverse("leads:lead", args=[office.lead.public_id])).content.decode()
        assert "By the link in the letter." in page
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        staff = client.get(reverse("leads_admin:inspect", args=[office.lead.pk])).content.decode()
        assert "by the link in the letter" in staff

    def test_works_once(self, office, client):
        client.post(link_of(office.seller))
        answer = client.post(link_of(office.seller))
        assert "The lead is yours" in answer.content.decode()
        assert Telling.objects.filter(used_at__isnull=False).count() == 1

    def test_a_colleague_is_told_who_was_first(self, office, client):
        client.post(link_of(office.seller))
        page = client.post(link_of(office.members[0])).content.decode()
        assert f"{office.seller.user} accepted this lead" in page
        assert "Open the lead" in page
        assert Telling.objects.filter(used_at__isnull=False).count() == 1

    def test_whoever_is_signed_in_as_another_still_accepts_as_the_reader(self, office, client):
        client.force_login(office.person())
        client.post(link_of(office.seller))
        assert Offer.objects.get().closed_by == office.seller.user

    def test_no_two_links_to_an_offer_can_be_used(self, office, now):
        with pytest.raises(IntegrityError):
            Telling.objects.update(used_at=now)

    def test_needs_the_token_of_the_form(self, office):
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(link_of(office.seller)).status_code == 403
        assert Offer.objects.get().is_open

    def test_is_not_tried_without_end(self, office, client):
        withdraw_acceptance(office.partners[0].acceptances.get(), by=office.person(), now=office.now)
        answers = [client.post(link_of(office.seller)) for _try in range(11)]
        assert [answer.status_code for answer in answers] == [409] * 10 + [429]
        assert "Wait a minute" in answers[-1].content.decode()


@pytest.mark.django_db
class TestWhenNothingCanBeAccepted:
    """Each refusal says why and what to do."""

    def ask(self, client, office) -> str:
        link = link_of(office.seller)
        before = list(Offer.objects.values_list("state", "closed_by"))
        answers = [client.get(link), client.post(link)]
        pages = [answer.content.decode() for answer in answers]
        for page in pages:
            assert_tells_nothing_of_the_customer(page, office.lead)
            assert "<form" not in page
        assert list(Offer.objects.values_list("state", "closed_by")) == before
        assert not Telling.objects.filter(used_at__isnull=False).exists()
        return pages[0]

    def test_the_membership_has_ended(self, office, client, now):
        end_membership(office.seller, by=office.person(), now=now)
        page = self.ask(client, office)
        assert "not a member of" in page
        assert "Retail" not in page

    def test_the_job_role_works_no_leads_any_more(self, office, client, now):
        assign_roles(office.seller, roles=[JobRoleFactory(engineer=True)], by=office.person(), now=now)
        page = self.ask(client, office)
        assert "Your job role does not include working leads any more" in page
        assert "Retail" not in page

    def test_the_account_is_closed(self, office, client):
        office.seller.user.is_active = False
        office.seller.user.save()
        assert "this link is void" in self.ask(client, office)

    def test_it_was_declined(self, office, client, now):
        decline_offer(office.offer, reason=DeclineReason.NO_TIME, by=office.person(), now=now)
        page = self.ask(client, office)
        assert f"{office.person()} declined this offer" in page
        assert "Your next turn comes by itself." in page

    def test_a_colleague_accepted_it_in_the_portal(self, office, client, now):
        accept_offer(office.offer, by=office.person(), now=now)
        assert f"{office.person()} accepted this lead" in self.ask(client, office)

    def test_its_time_is_over(self, office, client, time_machine):
        time_machine.move_to(office.offer.due_at)
        assert "The time to answer this offer was over" in self.ask(client, office)

    def test_it_was_withdrawn(self, office, client, now):
        Offer.objects.update(state=OfferState.WITHDRAWN, closed_at=now)
        assert "This offer was withdrawn" in self.ask(client, office)

    def test_the_partner_is_not_qualified_the_offer_stays_and_so_does_the_link(self, office, client, now):
        acceptance = office.partners[0].acceptances.get()
        withdraw_acceptance(acceptance, by=office.person(), now=now)
        page = self.ask(client, office)
        assert "not qualified in" in page
        assert "See what your organisation lacks" in page
        type(acceptance).objects.filter(pk=acceptance.pk).update(withdrawn_at=None)
        client.post(link_of(office.seller))
        assert Offer.objects.get().state == OfferState.ACCEPTED


@pytest.mark.django_db
def test_a_link_that_was_used_says_so_when_the_lead_was_taken_back_since(office, client, now):
    client.post(link_of(office.seller))
    pull_back(Lead.objects.get(), reason="Nobody called", by=UserFactory(staff=True), now=now)
    assert "This offer was withdrawn" in client.get(link_of(office.seller)).content.decode()


@pytest.mark.usefixtures("committed")
def test_of_two_colleagues_at_once_one_wins_and_the_other_is_told_who(monkeypatch):
    monkeypatch.setattr("portal.core.services.outbox.wake", None)
    market = make_market(timezone.now(), partners=1)
    seller = MembershipFactory(partner=market.partners[0], roles=["seller"])
    market.add_leads(1)
    distribute(market.route, now=market.now)
    tell_about_offers([Offer.objects.get().pk], now=market.now)
    links = [link_of(market.members[0]), link_of(seller)]
    gate, pages = threading.Barrier(2), {}

    def press(link: str) -> None:
        gate.wait()
        try:
            pages[link] = Client().post(link, follow=True).content.decode()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[link]) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = Offer.objects.get().closed_by
    assert sum("The lead is yours" in page for page in pages.values()) == 1
    assert sum(f"{winner} accepted this lead" in page for page in pages.values()) == 1
    assert Telling.objects.get(used_at__isnull=False).membership.user == winner
