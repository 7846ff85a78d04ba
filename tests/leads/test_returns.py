"""Leads that nobody does anything about go back, after a warning; what is done puts that off."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.leads.case_notices import tell_of_near_returns, tell_of_returns
from portal.leads.models import Lead, LeadReturn, LostReason, Offer, RouteCredit, Stage
from portal.leads.routing import TURN
from portal.leads.services.desk import read_desk
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer
from portal.leads.services.outcomes import lose_lead, win_lead
from portal.leads.services.overrides import pull_back
from portal.leads.services.policies import stop_route
from portal.leads.services.returns import warn_and_return
from portal.leads.services.working import plan_step, write_note
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market
from tests.factories.partners import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DAY = timedelta(days=1)


@pytest.fixture
def market(now):
    """Two partners; an idle lead goes back after six days, the warning comes after four."""
    return make_market(now, partners=2, return_after_days=6, first_contact_hours=24)


def take(market, now) -> Lead:
    market.add_leads(1)
    distribute(market.route, now=now)
    offer = Offer.objects.open().latest("pk")
    accept_offer(offer, by=market.person(market.partners.index(offer.partner)), now=now)
    return Lead.objects.get(pk=offer.lead_id)


def person_of(market, lead):
    return market.person(market.partners.index(lead.partner))


class TestTheWayBack:
    def test_begins_with_the_acceptance_and_is_warned_of(self, market, now, facts):
        lead = take(market, now)
        assert (lead.warn_at, lead.return_at) == (now + 4 * DAY, now + 6 * DAY)
        assert warn_and_return(now=now + 3 * DAY) == (0, 0)
        assert warn_and_return(now=now + 4 * DAY) == (1, 0)
        assert warn_and_return(now=now + 4 * DAY) == (0, 0)
        lead.refresh_from_db()
        assert (lead.warn_at, lead.return_at) == (None, now + 6 * DAY)
        assert facts("leads_warned") == [{"lead_ids": [lead.pk]}]

    def test_ends_in_one_transaction_with_the_lead_on_offer_to_the_next(self, market, now, facts):
        lead = take(market, now)
        first, offer = lead.partner, lead.offers.get()
        write_note(lead, text="He shouts.", by=person_of(market, lead), now=now)
        warn_and_return(now=now + 4 * DAY)
        before = dict(RouteCredit.objects.values_list("partner", "credit"))
        assert warn_and_return(now=now + 6 * DAY) == (0, 1)
        lead.refresh_from_db()
        offer.refresh_from_db()
        assert (lead.status, lead.partner, lead.assignee, lead.return_at, lead.contact_due_at) == (
            "new", None, None, None, None,
        )  # fmt: skip
        assert offer.state == "withdrawn"
        row = LeadReturn.objects.get()
        assert (row.offer, row.partner, row.days, row.returned_at) == (offer, first, 6, now + 6 * DAY)
        assert facts("leads_returned") == [{"return_ids": [row.pk]}]
        assert dict(RouteCredit.objects.values_list("partner", "credit")) == before  # the turn stays spent
        distribute(market.route, now=now + 6 * DAY)
        assert Offer.objects.open().get().partner != first
        assert sum(RouteCredit.objects.values_list("credit", flat=True)) == 0
        assert RouteCredit.objects.get(partner=first).credit < TURN

    def test_is_put_off_by_a_step_and_by_a_note(self, market, now):
        lead = take(market, now)
        person = person_of(market, lead)
        plan_step(lead, stage=Stage.TAKEN, next_step="Call", on=None, by=person, now=now + 3 * DAY)
        lead.refresh_from_db()
        assert lead.return_at == now + 9 * DAY
        warn_and_return(now=now + 7 * DAY)
        write_note(lead, text="No answer.", by=person, now=now + 8 * DAY)
        lead.refresh_from_db()
        assert (lead.warn_at, lead.return_at) == (now + 12 * DAY, now + 14 * DAY)
        assert warn_and_return(now=now + 11 * DAY) == (0, 0)

    def test_is_put_off_by_a_planned_day_once_they_spoke(self, market, now):
        lead = take(market, now)
        plan_step(
            lead,
            stage=Stage.MEETING,
            next_step="Visit",
            on=(now + 20 * DAY).date(),
            by=person_of(market, lead),
            now=now,
        )
        warn_and_return(now=now + 24 * DAY)
        assert not LeadReturn.objects.exists()
        lead.refresh_from_db()
        assert lead.warn_at is not None

    def test_leaves_the_last_third_after_a_warning_that_came_late(self, market, now):
        """The portal was down for a week: nobody loses a lead unwarned."""
        lead = take(market, now)
        assert warn_and_return(now=now + 10 * DAY) == (1, 0)
        lead.refresh_from_db()
        assert lead.return_at == now + 12 * DAY
        assert warn_and_return(now=now + 12 * DAY) == (0, 1)

    def test_is_none_for_a_finished_lead(self, market, now):
        won, lost = take(market, now), take(market, now)
        warn_and_return(now=now + 4 * DAY)
        win_lead(won, value=1, currency="EUR", by=person_of(market, won), now=now + 5 * DAY)
        lose_lead(lost, reason=LostReason.PRICE, by=person_of(market, lost), now=now + 5 * DAY)
        write_note(won, text="Paid.", by=person_of(market, won), now=now + 5 * DAY)
        assert warn_and_return(now=now + 60 * DAY) == (0, 0)
        assert set(Lead.objects.values_list("return_at", flat=True)) == {None}

    def test_is_none_where_the_policy_says_zero(self, now):
        lead = take(make_market(now, partners=1), now)
        assert (lead.warn_at, lead.return_at) == (None, None)
        assert warn_and_return(now=now + 400 * DAY) == (0, 0)

    def test_ends_with_staff_taking_it_back_and_begins_anew_with_the_next(self, market, now):
        lead = take(market, now)
        pull_back(lead, reason="Moved", by=UserFactory(staff=True), now=now)
        assert Lead.objects.get().return_at is None
        distribute(market.route, now=now)
        offer = Offer.objects.open().get()
        accept_offer(offer, by=market.person(market.partners.index(offer.partner)), now=now + DAY / 2)
        assert Lead.objects.get().return_at == now + 6.5 * DAY

    def test_waits_while_the_route_is_stopped(self, market, now):
        take(market, now)
        stop_route(market.route, reason="Stocktaking", by=UserFactory(staff=True), now=now)
        warn_and_return(now=now + 4 * DAY)
        assert warn_and_return(now=now + 9 * DAY) == (0, 0)

    def test_belongs_to_leads_in_work_alone(self, market, now):
        take(market, now)
        with pytest.raises(IntegrityError), transaction.atomic():
            Lead.objects.update(warn_at=now + 7 * DAY)
        (lead,) = market.add_leads(1)
        with pytest.raises(IntegrityError), transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(return_at=now)

    def test_costs_the_same_for_few_and_many(self, now):
        counts = []
        for size in (2, 8):
            market = make_market(now, partners=2, return_after_days=6)
            for _number in range(size):
                take(market, now)
            for moment in (now + 4 * DAY, now + 6 * DAY):
                with CaptureQueriesContext(connection) as queries:
                    warn_and_return(now=moment)
                counts.append(len(queries))
        assert counts[:2] == counts[2:]


class TestBeingTold:
    def test_of_the_end_that_is_near_are_who_works_it_and_the_head(self, market, now):
        lead = take(market, now)
        head = MembershipFactory(partner=lead.partner, roles=["head"])
        MembershipFactory(partner=lead.partner, roles=["seller"])
        warn_and_return(now=now + 4 * DAY)
        tell_of_near_returns([lead.pk], now=now + 4 * DAY)
        told = set(Notification.objects.filter(type="leads.warned").values_list("user_id", flat=True))
        assert told == {person_of(market, lead).pk, head.user_id}
        assert tell_of_near_returns([lead.pk], now=now + 4 * DAY) == 0

    def test_does_not_happen_when_something_was_done_meanwhile(self, market, now):
        lead = take(market, now)
        warn_and_return(now=now + 4 * DAY)
        write_note(lead, text="Called.", by=person_of(market, lead), now=now + 4 * DAY)
        assert tell_of_near_returns([lead.pk], now=now + 4 * DAY) == 0

    def test_says_why_and_names_no_customer(self, market, now):
        lead = take(market, now)
        warn_and_return(now=now + 4 * DAY)
        tell_of_near_returns([lead.pk], now=now + 4 * DAY)
        warn_and_return(now=now + 6 * DAY)
        tell_of_returns(LeadReturn.objects.values_list("pk", flat=True), now=now + 6 * DAY)
        notices = Notification.objects.filter(type__in=["leads.warned", "leads.returned"])
        assert {notice.type for notice in notices} == {"leads.warned", "leads.returned"}
        for notice in notices:
            text = str(word(notice, person=notice.user))
            assert "6 days" in text
            assert lead.company not in text
            assert lead.contact.name not in text


class TestThePages:
    def test_the_former_partner_sees_why_and_keeps_no_contact(self, client, market, now):
        start = timezone.now()
        lead = take(market, start)
        person, offer = person_of(market, lead), lead.offers.get()
        client.force_login(person)
        page = reverse("leads:lead", args=[lead.public_id])
        assert "goes to another partner on" in client.get(page).content.decode()
        warn_and_return(now=start + 4 * DAY)
        assert "This lead goes back on" in client.get(page).content.decode()
        warn_and_return(now=start + 6 * DAY)
        assert client.get(page).status_code == 404
        text = client.get(reverse("leads:offer", args=[offer.public_id])).content.decode()
        assert "The lead went back on" in text
        for part in (lead.company, lead.contact.name, lead.contact.email, lead.contact.phone):
            assert part not in text
        assert "Went back" in client.get(reverse("leads:offers") + "?show=past").content.decode()

    def test_staff_see_it_on_the_lead_and_in_the_fairness_report(self, client, market, now):
        lead = take(market, now)
        warn_and_return(now=now + 4 * DAY)
        warn_and_return(now=now + 6 * DAY)
        client.force_login(UserFactory(staff=True, is_superuser=True))
        for url in (reverse("leads_admin:inspect", args=[lead.pk]), reverse("leads_admin:fairness")):
            assert "Returned by policy" in client.get(url).content.decode()
        assert read_desk(now=now + 6 * DAY).uncalled == ()
