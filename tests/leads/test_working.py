"""Working a lead: who does, how far it is, notes for colleagues; and what becomes of leads whose seller leaves."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import translation

from portal.core.errors import Refusal
from portal.core.models import Fact
from portal.leads.models import Lead, LeadNote, Offer, PartnerTerms, Stage
from portal.leads.notices import ASSIGNED, NAMED, tell_who_works
from portal.leads.receivers import tell_who_was_given_leads
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer
from portal.leads.services.overrides import pull_back
from portal.leads.services.working import MOST_NOTES, assign_member, list_workers, plan_step, write_note
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from portal.partners.models import JobRole
from portal.partners.services.memberships import end_membership
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market
from tests.factories.partners import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]


@pytest.fixture
def office(now):
    """A market of one partner: its owner, a head of team and two sellers."""
    market = make_market(now, partners=1)
    partner = market.partners[0]
    market.head = MembershipFactory(partner=partner, roles=["head"])
    market.sellers = [MembershipFactory(partner=partner, roles=["seller"]) for _number in range(2)]
    return market


def take(market, by, *, now) -> Lead:
    market.add_leads(1)
    distribute(market.route, now=now)
    offer = Offer.objects.open().get()
    accept_offer(offer, by=by, now=now)
    return Lead.objects.get(pk=offer.lead_id)


class TestWhoWorksIt:
    def test_is_whoever_accepted_it(self, office, now):
        assert take(office, office.sellers[0].user, now=now).assignee == office.sellers[0]

    def test_or_by_the_partner_s_rule_whoever_has_the_fewest(self, office, now):
        PartnerTerms.objects.create(partner=office.partners[0], assigns="least", changed_at=now)
        taken = [take(office, office.sellers[0].user, now=now).assignee for _lead in range(4)]
        assert len(set(taken)) == 4  # one each: owner, head and both sellers
        assert set(taken) == set(list_workers(office.partners[0], now))

    def test_or_whoever_of_one_job_role_has_the_fewest(self, office, now):
        role = JobRole.objects.get(slug="seller")
        PartnerTerms.objects.create(partner=office.partners[0], assigns="role", assigns_role=role, changed_at=now)
        taken = [take(office, office.person(), now=now).assignee for _lead in range(4)]
        assert taken == [*office.sellers, *office.sellers]
        for seller in office.sellers:
            end_membership(seller, by=office.person(), now=now)
        assert take(office, office.person(), now=now).assignee is not None  # better a colleague than nobody

    def test_can_be_a_colleague_but_nobody_else(self, office, now):
        lead = take(office, office.sellers[0].user, now=now)
        assign_member(lead, member=office.sellers[1], by=office.person(), now=now)
        assert Lead.objects.get().assignee == office.sellers[1]
        stranger = MembershipFactory(roles=["seller"])
        with pytest.raises(Refusal, match="does not work leads"):
            assign_member(lead, member=stranger, by=office.person(), now=now)
        gone = office.sellers[0]
        end_membership(gone, by=office.person(), now=now)
        with pytest.raises(Refusal, match="does not work leads"):
            assign_member(lead, member=gone, by=office.person(), now=now)

    def test_passes_to_the_head_in_the_transaction_in_which_a_seller_leaves(self, office, now):
        first, second = (take(office, office.sellers[0].user, now=now) for _lead in range(2))
        other = take(office, office.sellers[1].user, now=now)
        end_membership(office.sellers[0], by=office.person(), now=now)
        found = dict(Lead.objects.values_list("pk", "assignee"))
        assert found == {first.pk: office.head.pk, second.pk: office.head.pk, other.pk: office.sellers[1].pk}

    def test_and_to_an_owner_where_there_is_no_head(self, office, now):
        lead = take(office, office.sellers[0].user, now=now)
        end_membership(office.head, by=office.person(), now=now)
        end_membership(office.sellers[0], by=office.person(), now=now)
        lead.refresh_from_db()
        assert lead.assignee == office.members[0]


class TestBeingTold:
    """Whoever is given leads is told of them, once for each time, and nobody of what they did themselves."""

    @pytest.fixture(autouse=True)
    def _commits(self, django_capture_on_commit_callbacks):
        self.commit = lambda: django_capture_on_commit_callbacks(execute=True)

    def told(self) -> list[Notification]:
        return list(Notification.objects.filter(type=ASSIGNED.name).select_related("user").order_by("pk"))

    def test_by_a_colleague(self, office, now):
        lead = take(office, office.sellers[0].user, now=now)
        with self.commit():
            assign_member(lead, member=office.sellers[1], by=office.sellers[0].user, now=now)
        (notice,) = self.told()
        assert (notice.user, notice.url) == (office.sellers[1].user, reverse("leads:lead", args=[lead.public_id]))
        with self.commit():
            assign_member(lead, member=office.sellers[0], by=office.sellers[0].user, now=now)
        assert self.told() == [notice]  # who takes it knows

    def test_by_the_partner_s_rule(self, office, now):
        PartnerTerms.objects.create(
            partner=office.partners[0], assigns="role", assigns_role=JobRole.objects.get(slug="seller"), changed_at=now
        )
        with self.commit():
            lead = take(office, office.sellers[0].user, now=now)
        assert (lead.assignee, self.told()) == (office.sellers[0], [])
        with self.commit():
            lead = take(office, office.sellers[0].user, now=now)
        assert [notice.user for notice in self.told()] == [lead.assignee.user] == [office.sellers[1].user]

    def test_once_of_all_that_a_colleague_leaves_behind(self, office, now):
        for _lead in range(NAMED + 1):
            take(office, office.sellers[0].user, now=now)
        with self.commit():
            end_membership(office.sellers[0], by=office.person(), now=now)
        (notice,) = self.told()
        assert notice.user == office.head.user
        assert notice.url == f"{reverse('leads:offers')}?show=work"
        (fact,) = Fact.objects.filter(name="leads_assigned")
        tell_who_was_given_leads(fact)
        assert self.told() == [notice]
        wording = word(notice, person=notice.user)
        assert wording.subject == f"{NAMED + 1} leads are yours to work"
        assert "and 1 more." in "".join(wording.paragraphs)

    def test_not_of_what_passed_on_meanwhile_nor_where_nobody_is_left(self, office, now):
        lead = take(office, office.sellers[0].user, now=now)
        with self.commit():
            assign_member(lead, member=office.sellers[1], by=office.person(), now=now)
            assign_member(lead, member=office.head, by=office.person(), now=now)
        assert [notice.user for notice in self.told()] == [office.head.user]
        for member in (*office.sellers, office.members[0], office.head):
            with self.commit():
                end_membership(member, by=UserFactory(staff=True), now=now)
        assert len(self.told()) == 1

    def test_as_facts_from_before_told_nobody(self, office, now):
        lead = take(office, office.sellers[0].user, now=now)
        assert tell_who_works(lead_ids=[lead.pk], about=1, by=None, now=now) == 0

    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_names_no_customer_and_says_until_when_to_call(self, now, language):
        market = make_market(now, partners=2, first_contact_hours=24)
        seller = MembershipFactory(partner=market.partners[0], roles=["seller"])
        lead = take(market, market.person(), now=now)
        with self.commit():
            assign_member(lead, member=seller, by=market.person(), now=now)
        (notice,) = self.told()
        assert notice.user == seller.user
        with translation.override(language):
            wording = word(notice, person=notice.user)
        text = f"{wording.subject} {wording.paragraphs}"
        assert str(now.day + 1) in text
        assert str(lead.product.name.get(language, "")) in text
        assert not any(words in text for words in (lead.company, lead.contact.name, lead.contact.email, "<"))


class TestHowFarItIs:
    def test_the_first_contact_is_noted_once(self, office, now, facts):
        lead = take(office, office.person(), now=now)
        step = {"next_step": "Call again", "on": date(2026, 12, 1), "by": office.person(), "now": now}
        plan_step(lead, stage=Stage.TAKEN, **step)
        assert Lead.objects.get().first_contact_at is None
        plan_step(lead, stage=Stage.CONTACTED, **step)
        plan_step(lead, stage=Stage.PROPOSAL, **step)
        lead.refresh_from_db()
        assert (lead.first_contact_at, lead.next_step, lead.next_step_on) == (now, "Call again", date(2026, 12, 1))
        assert facts("leads_contacted") == [{"lead_ids": [lead.pk]}]
        with pytest.raises(Refusal, match="spoken with already"):
            plan_step(lead, stage=Stage.TAKEN, **step)

    def test_of_a_lead_that_is_not_in_work_nothing_is_planned(self, office, now):
        (lead,) = office.add_leads(1)
        with pytest.raises(Refusal, match="not in work"):
            plan_step(lead, stage=Stage.CONTACTED, next_step="", on=None, by=office.person(), now=now)


class TestNotes:
    def test_are_kept_for_colleagues(self, office, now):
        lead = take(office, office.person(), now=now)
        write_note(lead, text="  She wants a demonstration.  ", by=office.person(), now=now)
        assert LeadNote.objects.get().text == "She wants a demonstration."
        with pytest.raises(Refusal, match="Write something"):
            write_note(lead, text=" ", by=office.person(), now=now)

    def test_are_not_endless(self, office, now):
        lead = take(office, office.person(), now=now)
        LeadNote.objects.bulk_create(
            LeadNote(lead=lead, partner=lead.partner, text="x", written_at=now, written_by=office.person())
            for _number in range(MOST_NOTES)
        )
        with pytest.raises(Refusal, match="as many notes"):
            write_note(lead, text="One more", by=office.person(), now=now)

    def test_are_not_the_next_partner_s_and_what_it_does_begins_anew(self, client, now):
        market = make_market(now, partners=2)
        lead = take(market, market.person(), now=now)
        plan_step(lead, stage=Stage.CONTACTED, next_step="Call", on=None, by=market.person(), now=now)
        write_note(lead, text="He shouts.", by=market.person(), now=now)
        pull_back(lead, reason="Nobody called", by=UserFactory(staff=True), now=now)
        distribute(market.route, now=now)
        accept_offer(Offer.objects.open().get(), by=market.person(1), now=now)
        lead.refresh_from_db()
        assert (lead.stage, lead.first_contact_at, lead.next_step) == (Stage.TAKEN, None, "")
        client.force_login(market.person(1))
        page = client.get(reverse("leads:lead", args=[lead.public_id])).content.decode()
        assert "He shouts." not in page
        assert LeadNote.objects.count() == 1


class TestThePage:
    @pytest.fixture
    def lead(self, client, office, now):
        client.force_login(office.person())
        return take(office, office.person(), now=now)

    def test_gives_it_to_a_colleague(self, client, office, lead):
        url = reverse("leads:assign", args=[lead.public_id])
        assert client.post(url, {"member": office.sellers[1].public_id}, follow=True).status_code == 200
        assert Lead.objects.get().assignee == office.sellers[1]
        page = client.post(url, {"member": "nobody"}, follow=True).content.decode()
        assert "Choose a colleague who works leads." in page

    def test_plans_the_next_step_and_refuses_to_go_back(self, client, lead):
        url = reverse("leads:step", args=[lead.public_id])
        given = {"stage": "contacted", "next_step": "Send the offer", "next_step_on": "2026-12-01"}
        assert client.post(url, given).status_code == 302
        assert "Send the offer" in client.get(reverse("leads:offers") + "?show=work").content.decode()
        answer = client.post(url, {**given, "stage": "taken"})
        assert answer.status_code == 409
        assert "spoken with already" in answer.content.decode()
        assert client.post(url, {**given, "next_step_on": "soon"}).status_code == 422

    def test_takes_notes(self, client, lead):
        url = reverse("leads:note", args=[lead.public_id])
        assert client.post(url, {"text": "<b>Call</b> on Friday"}).status_code == 302
        page = client.get(reverse("leads:lead", args=[lead.public_id])).content.decode()
        assert "&lt;b&gt;Call&lt;/b&gt; on Friday" in page
        assert client.post(url, {"text": ""}).status_code == 422
