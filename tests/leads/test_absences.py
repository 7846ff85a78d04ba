"""Being away for a time: what becomes of one's leads and offers, who may say so, and coming back."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from portal.core.errors import NotAllowed, Refusal
from portal.leads.models import Absence, Lead, Offer, OfferWatch, PartnerTerms, Telling
from portal.leads.notices import (
    ASSIGNED,
    AWAY,
    tell_about_offers,
    tell_heirs,
    tell_next_colleagues,
    tell_who_is_entered,
)
from portal.leads.services.absences import begin_due_absences, come_back, go_away, list_absences
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer
from portal.leads.services.working import assign_member, list_workers
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from portal.partners.services.memberships import end_membership
from tests.factories.leads import make_market
from tests.factories.partners import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def office(now):
    """A partner: its owner, a head of team and two sellers."""
    market = make_market(now, partners=1)
    partner = market.partners[0]
    market.owner = market.members[0]
    market.head = MembershipFactory(partner=partner, roles=["head"])
    market.sellers = [MembershipFactory(partner=partner, roles=["seller"]) for _number in range(2)]
    return market


def leave(member, *, now, after=timedelta(), days=7, **how) -> Absence:
    given = {"starts_at": now + after, "ends_at": now + after + days * DAY if days else None, "actor": member, **how}
    return go_away(member, now=now, **given)


def take(market, by, *, now) -> Lead:
    market.add_leads(1)
    distribute(market.route, now=now)
    offer = Offer.objects.open().get()
    accept_offer(offer, by=by.user, now=now)
    return Lead.objects.get(pk=offer.lead_id)


def assignee(lead):
    return Lead.objects.get(pk=lead.pk).assignee


class TestLeadsInWork:
    def test_pass_to_the_head_as_when_somebody_leaves(self, office, now, facts):
        lead, other = take(office, office.sellers[0], now=now), take(office, office.sellers[1], now=now)
        absence = leave(office.sellers[0], now=now)
        assert (assignee(lead), assignee(other)) == (office.head, office.sellers[1])
        assert (absence.passed, absence.passed_to, absence.began_at) == (1, office.head, now)
        assert facts("leads_assigned") == [
            {"lead_ids": [lead.pk], "membership_ids": [office.head.pk], "absence_ids": [absence.pk]}
        ]
        assert facts("absences_begun") == [{"absence_ids": [absence.pk]}]

    def test_or_to_the_deputy(self, office, now):
        lead = take(office, office.sellers[0], now=now)
        leave(office.sellers[0], now=now, deputy=office.sellers[1])
        assert assignee(lead) == office.sellers[1]

    def test_or_stay_where_the_member_wants_it(self, office, now):
        lead = take(office, office.sellers[0], now=now)
        leave(office.sellers[0], now=now, keeps_leads=True)
        assert assignee(lead) == office.sellers[0]

    def test_never_pass_to_somebody_who_is_away_too(self, office, now):
        lead = take(office, office.sellers[0], now=now)
        leave(office.head, now=now)
        leave(office.sellers[0], now=now)
        assert assignee(lead) == office.owner

    def test_stay_where_nobody_else_is_there(self, now):
        market = make_market(now, partners=1)
        lead = take(market, market.members[0], now=now)
        leave(market.members[0], now=now)
        assert assignee(lead) == market.members[0]

    def test_stay_with_whoever_works_them_when_the_member_is_back(self, office, now):
        lead = take(office, office.sellers[0], now=now)
        absence = leave(office.sellers[0], now=now)
        come_back(absence, actor=office.sellers[0], now=now + DAY)
        assert assignee(lead) == office.head

    def test_a_planned_absence_passes_them_on_when_its_day_has_come(self, office, now):
        lead = take(office, office.sellers[0], now=now)
        absence = leave(office.sellers[0], now=now, after=2 * DAY, deputy=office.sellers[1])
        assert begin_due_absences(now=now + DAY) == 0
        assert assignee(lead) == office.sellers[0]
        assert begin_due_absences(now=now + 2 * DAY) == 1
        assert assignee(lead) == office.sellers[1]
        assert begin_due_absences(now=now + 2 * DAY) == 0
        absence.refresh_from_db()
        assert absence.began_at == now + 2 * DAY

    def test_a_deputy_who_cannot_any_more_is_replaced_by_the_head(self, office, now):
        lead = take(office, office.sellers[0], now=now)
        leave(office.sellers[0], now=now, after=2 * DAY, deputy=office.sellers[1])
        end_membership(office.sellers[1], by=office.person(), now=now + DAY)
        assert Absence.objects.get().deputy is None
        begin_due_absences(now=now + 2 * DAY)
        assert assignee(lead) == office.head

    def test_an_absence_that_nobody_came_to_begin_passes_nothing_on_when_it_is_over(self, office, now):
        lead = take(office, office.sellers[0], now=now)
        leave(office.sellers[0], now=now, after=DAY, days=1)
        assert begin_due_absences(now=now + 3 * DAY) == 1
        assert assignee(lead) == office.sellers[0]


class TestWhileAway:
    def test_nobody_gets_a_lead_by_the_partner_s_rule(self, office, now):
        PartnerTerms.objects.create(partner=office.partners[0], assigns="least", changed_at=now)
        for member in (office.owner, office.head):
            leave(member, now=now)
        assert set(list_workers(office.partners[0], now)) == set(office.sellers)
        assert take(office, office.sellers[1], now=now).assignee == office.sellers[0]

    def test_nobody_is_given_one_by_a_colleague(self, office, now):
        lead = take(office, office.owner, now=now)
        leave(office.sellers[0], now=now)
        with pytest.raises(Refusal, match="is away"):
            assign_member(lead, member=office.sellers[0], by=office.person(), now=now)
        assign_member(lead, member=office.sellers[0], by=office.person(), now=now + 7 * DAY)

    def test_who_accepts_all_the_same_works_it(self, office, now):
        leave(office.sellers[0], now=now)
        assert take(office, office.sellers[0], now=now).assignee == office.sellers[0]

    def test_nobody_is_told_of_an_offer(self, office, now):
        leave(office.sellers[0], now=now)
        office.add_leads(1)
        distribute(office.route, now=now)
        tell_about_offers(Offer.objects.values_list("pk", flat=True), now=now)
        told = {telling.membership for telling in Telling.objects.all()}
        assert told == {office.owner, office.head, office.sellers[1]}

    def test_the_offer_that_they_alone_know_of_goes_to_the_next_colleague_at_once(self, office, now):
        PartnerTerms.objects.create(partner=office.partners[0], assigns="least", changed_at=now)
        office.add_leads(1)
        distribute(office.route, now=now)
        tell_about_offers(Offer.objects.values_list("pk", flat=True), now=now)
        first = Telling.objects.get().membership
        for member in (office.owner, office.head, *office.sellers):
            member.user.time_zone = "UTC"
            member.user.save()
        assert OfferWatch.objects.get().due_at == now + 12 * HOUR
        leave(first, now=now + HOUR)
        assert tell_next_colleagues(now=now + HOUR) == 1

    def test_it_ends_by_the_date_alone(self, office, now):
        leave(office.sellers[0], now=now, days=7)
        assert office.sellers[0] not in list_workers(office.partners[0], now + 7 * DAY - HOUR)
        assert office.sellers[0] in list_workers(office.partners[0], now + 7 * DAY)
        assert not list_absences(office.partners[0], now=now + 7 * DAY).exists()

    def test_or_by_hand(self, office, now, facts):
        absence = leave(office.sellers[0], now=now, days=None)
        come_back(absence, actor=office.head, now=now + DAY)
        assert office.sellers[0] in list_workers(office.partners[0], now + DAY)
        assert facts("absences_ended") == [{"absence_ids": [absence.pk]}]
        with pytest.raises(Refusal, match="over already"):
            come_back(absence, actor=office.head, now=now + 2 * DAY)

    def test_a_plan_can_be_taken_back_and_leaves_nothing(self, office, now):
        come_back(leave(office.sellers[0], now=now, after=DAY), actor=office.sellers[0], now=now + HOUR)
        assert not Absence.objects.exists()

    def test_it_ends_with_the_membership(self, office, now):
        absence = leave(office.sellers[0], now=now, days=None)
        end_membership(office.sellers[0], by=office.person(), now=now + DAY)
        absence.refresh_from_db()
        assert absence.ends_at == now + DAY


class TestWhatIsRefused:
    @pytest.mark.parametrize("ends_at", [timedelta(), -DAY, DAY])
    def test_an_end_before_the_beginning(self, office, now, ends_at):
        with pytest.raises(Refusal, match="lies after"):
            go_away(
                office.sellers[0], starts_at=now + DAY, ends_at=now + ends_at, actor=office.sellers[0], now=now
            )  # fmt: skip

    @pytest.mark.parametrize(("after", "days"), [(0, 1), (6, 7), (-3, 30), (3, 1), (0, None)])
    def test_two_at_a_time(self, office, now, after, days):
        leave(office.sellers[0], now=now, after=DAY, days=7)
        with pytest.raises(Refusal, match="away already"):
            leave(office.sellers[0], now=now, after=(1 + after) * DAY, days=days)

    def test_but_one_after_the_other_is_not(self, office, now):
        leave(office.sellers[0], now=now, after=DAY, days=7)
        leave(office.sellers[0], now=now, after=8 * DAY, days=7)
        leave(office.sellers[0], now=now, days=1)
        assert Absence.objects.count() == 3

    def test_one_who_works_no_leads(self, office, now):
        engineer = MembershipFactory(partner=office.partners[0], roles=["engineer"])
        with pytest.raises(Refusal, match="works no leads"):
            leave(engineer, now=now, actor=office.head)

    def test_a_deputy_who_is_the_member_or_a_stranger_or_away_then(self, office, now):
        seller, other = office.sellers
        for deputy, words in (
            (seller, "their own deputy"),
            (MembershipFactory(roles=["seller"]), "does not work leads"),
        ):
            with pytest.raises(Refusal, match=words):
                leave(seller, now=now, deputy=deputy)
        leave(other, now=now, after=3 * DAY)
        with pytest.raises(Refusal, match="away then as well"):
            leave(seller, now=now, deputy=other)
        leave(seller, now=now, days=3, deputy=other)

    def test_to_say_it_of_a_colleague_without_leading_the_team(self, office, now):
        with pytest.raises(NotAllowed):
            leave(office.sellers[0], now=now, actor=office.sellers[1])
        absence = leave(office.sellers[0], now=now, actor=office.head)
        with pytest.raises(NotAllowed):
            come_back(absence, actor=office.sellers[1], now=now)
        stranger = MembershipFactory(roles=["owner"])
        with pytest.raises(NotAllowed):
            come_back(absence, actor=stranger, now=now)


class TestTheDatabase:
    def make(self, office, start, end, **more):
        with transaction.atomic():
            return Absence.objects.create(
                membership=office.sellers[0],
                starts_at=start,
                ends_at=end,
                said_at=start,
                said_by=office.person(),
                **more,
            )

    def test_holds_no_absence_that_ends_before_it_begins(self, office, now):
        with pytest.raises(IntegrityError):
            self.make(office, now, now)

    def test_holds_nobody_as_their_own_deputy(self, office, now):
        with pytest.raises(IntegrityError):
            self.make(office, now, now + DAY, deputy=office.sellers[0])

    def test_holds_no_two_absences_of_one_member_at_a_time(self, office, now):
        if connection.vendor != "postgresql":
            pytest.skip("ranges are PostgreSQL's")
        self.make(office, now, now + DAY)
        self.make(office, now + DAY, None)
        with pytest.raises(IntegrityError):
            self.make(office, now + 5 * DAY, now + 6 * DAY)
        with pytest.raises(IntegrityError):
            self.make(office, now - DAY, now + HOUR)


class TestTheNotices:
    def read(self, member) -> str:
        notice = Notification.objects.get(type=AWAY.name, user=member.user)
        wording = word(notice, person=notice.user)
        return "\n".join([wording.subject, *wording.paragraphs])

    def test_the_heir_is_told_once_when_it_begins(self, office, now):
        take(office, office.sellers[0], now=now)
        absence = leave(office.sellers[0], now=now, after=DAY)
        assert tell_heirs([absence.pk], now=now) == 0
        begin_due_absences(now=now + DAY)
        tell_heirs([absence.pk], now=now + DAY)
        assert tell_heirs([absence.pk], now=now + DAY) == 0
        text = self.read(office.head)
        assert text.startswith(f"{office.sellers[0].user} is away: 1 lead is yours now")
        assert "back on 2 Dec 2026" in text

    def test_the_member_is_told_at_once_where_another_said_so(self, office, now):
        absence = leave(office.sellers[0], now=now, after=DAY, actor=office.owner)
        tell_who_is_entered([absence.pk], now=now)
        text = self.read(office.sellers[0])
        assert "You are entered as away" in text
        assert "from 25 Nov 2026, back on 2 Dec 2026" in text

    def test_and_of_what_they_said_themselves_is_not(self, office, now):
        absence = leave(office.sellers[0], now=now)
        assert tell_who_is_entered([absence.pk], now=now) == 0

    def test_without_a_day_of_coming_back_it_says_so_and_who_has_the_leads(self, office, now):
        take(office, office.sellers[0], now=now)
        absence = leave(office.sellers[0], now=now, days=None, actor=office.head)
        tell_who_is_entered([absence.pk], now=now)
        text = self.read(office.sellers[0])
        assert "until somebody says that you are back" in text
        assert f"1 lead that you had in work is with {office.head.user} now." in text

    def test_follow_from_the_facts(self, office, now, django_capture_on_commit_callbacks):
        take(office, office.sellers[0], now=now)
        with django_capture_on_commit_callbacks(execute=True):
            leave(office.sellers[0], now=now, actor=office.owner)
        assert set(Notification.objects.filter(type=AWAY.name).values_list("user", flat=True)) == {
            office.head.user_id, office.sellers[0].user_id,
        }  # fmt: skip
        assert not Notification.objects.filter(type=ASSIGNED.name).exists()  # one and the same is not told twice


class TestThePage:
    TODAY = datetime(2026, 11, 24, 9, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def _today(self, time_machine):
        time_machine.move_to(self.TODAY)

    def say(self, client, member, **given):
        data = {"member": member.public_id, "away_from": "2026-11-24", "back_on": "2026-12-01", **given}
        return client.post(reverse("leads:say_away"), data)

    def test_a_seller_says_it_of_themselves_alone(self, office, client):
        seller, other = office.sellers
        client.force_login(seller.user)
        page = client.get(reverse("leads:away")).content.decode()
        assert "Everybody is here" in page
        assert "Say that you are away" in page
        assert self.say(client, other).status_code == 422
        assert self.say(client, seller).status_code == 302
        assert Absence.objects.get().membership == seller
        assert "Away now" in client.get(reverse("leads:away")).content.decode()

    def test_days_are_those_of_the_member_s_own_zone(self, office, client):
        seller = office.sellers[0]
        seller.user.time_zone = "Asia/Tokyo"
        seller.user.save()
        client.force_login(office.head.user)
        self.say(client, seller, away_from="2026-11-26")
        absence = Absence.objects.get()
        assert absence.starts_at == datetime(2026, 11, 25, 15, tzinfo=UTC)
        assert absence.ends_at == datetime(2026, 11, 30, 15, tzinfo=UTC)
        assert timezone_day(absence) == date(2026, 11, 26)

    def test_a_refusal_keeps_what_was_typed(self, office, client):
        client.force_login(office.head.user)
        answer = self.say(client, office.sellers[0], back_on="2026-11-24")
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "The day of coming back lies after the first day away." in page
        assert 'value="2026-11-24"' in page

    def test_a_head_ends_it_and_another_partner_s_does_not_exist(self, office, client):
        client.force_login(office.head.user)
        self.say(client, office.sellers[0], deputy=office.sellers[1].public_id, keeps_leads="on")
        url = reverse("leads:back", args=[Absence.objects.get().public_id])
        client.force_login(MembershipFactory(roles=["owner"]).user)
        assert client.post(url).status_code == 404
        client.force_login(office.sellers[1].user)
        assert "You cannot say this" in client.post(url, follow=True).content.decode()
        client.force_login(office.head.user)
        assert "is here: leads come again" in client.post(url, follow=True).content.decode()
        assert not list_absences(office.partners[0], now=self.TODAY + HOUR).exists()


def timezone_day(absence) -> date:
    return absence.starts_at.astimezone(absence.membership.user.zone).date()
