"""Taking an outcome back: the lead is in work again with the same partner, and what was said before stays readable."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation

from portal.core.errors import NotAllowed, Refusal
from portal.home.services.roles import CHANNEL_MANAGERS, set_up_roles
from portal.leads.access import CHANNEL_MANAGER_PERMISSIONS
from portal.leads.case_notices import DISPUTE_ANSWERED, REOPENED
from portal.leads.models import (
    Dispute,
    FormerOutcome,
    Lead,
    LeadCard,
    LeadStatus,
    LostReason,
    Offer,
    Override,
    OverrideKind,
    Remedy,
    Stage,
)
from portal.leads.services.disputes import answer_dispute, find_contested_outcome, open_dispute
from portal.leads.services.distribution import distribute
from portal.leads.services.fairness_report import list_overrides
from portal.leads.services.offers import accept_offer
from portal.leads.services.outcomes import close_lead, lose_lead, reopen_lead, win_lead
from portal.leads.services.overrides import pull_back
from portal.leads.services.returns import warn_and_return
from portal.leads.services.working import plan_step
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from portal.partners.services.memberships import end_membership
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market
from tests.factories.partners import MembershipFactory
from tests.factories.training import Tree
from training.models import CardUse

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DAY = timedelta(days=1)
WHY = "The order was for another house"


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def market(now):
    """Two partners, the first with an owner, a head and a seller; idle leads go back after six days."""
    market = make_market(now, partners=2, return_after_days=6, first_contact_hours=24)
    market.head = MembershipFactory(partner=market.partners[0], roles=["head"])
    market.seller = MembershipFactory(partner=market.partners[0], roles=["seller"])
    return market


@pytest.fixture
def manager(db):
    set_up_roles()
    person = UserFactory(is_staff=True)
    person.groups.add(Group.objects.get(name=CHANNEL_MANAGERS))
    return person


def take(market, now) -> Lead:
    market.add_leads(1)
    distribute(market.route, now=now)
    offer = Offer.objects.open().get()
    assert offer.partner == market.partners[0]
    accept_offer(offer, by=market.seller.user, now=now)
    return Lead.objects.get(pk=offer.lead_id)


def won(market, now) -> Lead:
    lead = take(market, now)
    plan_step(lead, stage=Stage.PROPOSAL, next_step="Sign", on=None, by=market.seller.user, now=now)
    return win_lead(lead, value=120_00, currency="EUR", note="Signed", by=market.seller.user, now=now + DAY)


def lost(market, now) -> Lead:
    return lose_lead(take(market, now), reason=LostReason.PRICE, note="Too dear", by=market.seller.user, now=now + DAY)


def contest(market, lead, now) -> Dispute:
    offer = Offer.objects.select_related("lead").get(lead=lead, state="accepted")
    return open_dispute(
        find_contested_outcome(offer), text="We pressed the wrong button", membership=market.head, now=now
    )


class TestTakingItBack:
    def test_puts_a_won_lead_in_work_again_where_it_was(self, market, manager, now, facts):
        lead = won(market, now)
        override = reopen_lead(lead, reason=f" {WHY} ", by=manager, now=now + 2 * DAY)
        lead.refresh_from_db()
        assert (lead.status, lead.partner, lead.assignee) == (LeadStatus.ACCEPTED, market.partners[0], market.seller)
        assert (lead.value, lead.currency, lead.finished_at, lead.finished_by, lead.outcome_note) == (
            None, "", None, None, "",
        )  # fmt: skip
        assert (lead.stage, lead.next_step, lead.first_contact_at) == (Stage.PROPOSAL, "Sign", now)
        assert (lead.warn_at, lead.return_at) == (now + 6 * DAY, now + 8 * DAY)
        assert lead.contact_due_at == now + DAY
        assert (override.kind, override.reason, override.partner, override.made_by) == (
            OverrideKind.REOPENED, WHY, market.partners[0], manager,
        )  # fmt: skip
        former = override.former
        assert (former.status, former.value, former.currency, former.note) == (LeadStatus.WON, 120_00, "EUR", "Signed")
        assert (former.finished_by, former.finished_at) == (market.seller.user, now + DAY)
        assert facts("leads_overridden") == [{"lead_ids": [lead.pk], "override_ids": [override.pk]}]
        assert facts("leads_assigned") == []
        assert list_overrides() == [override]

    def test_and_a_lost_one_which_may_end_otherwise_then(self, market, manager, now):
        lead = lost(market, now)
        reopen_lead(lead, reason=WHY, by=manager, now=now + DAY)
        win_lead(lead, value=1, currency="EUR", by=market.seller.user, now=now + DAY)
        lead.refresh_from_db()
        assert (lead.status, lead.lost_reason, lead.outcome_note) == (LeadStatus.WON, "", "")
        reopen_lead(lead, reason=WHY, by=manager, now=now + DAY)
        assert list(FormerOutcome.objects.values_list("status", "lost_reason", "value")) == [
            ("lost", "price", None), ("won", "", 1),
        ]  # fmt: skip

    def test_lets_it_be_taken_back_and_go_back_as_any_lead_in_work(self, market, manager, now):
        lead = lost(market, now)
        reopen_lead(lead, reason=WHY, by=manager, now=now + DAY)
        assert warn_and_return(now=now + 5 * DAY) == (1, 0)
        pull_back(lead, reason=WHY, by=manager, now=now + 5 * DAY)
        assert Lead.objects.get().status == LeadStatus.NEW

    def test_passes_it_on_where_whoever_worked_it_is_gone(self, market, manager, now, facts):
        lead = won(market, now)
        end_membership(market.seller, by=market.person(), now=now + DAY)
        override = reopen_lead(lead, reason=WHY, by=manager, now=now + 2 * DAY)
        lead.refresh_from_db()
        assert (lead.assignee, override.assignee) == (market.head, market.seller)
        assert facts("leads_assigned")[-1]["membership_ids"] == [market.head.pk]

    def test_takes_the_ratings_of_cards_back_until_the_next_outcome(self, market, manager, now):
        tree = Tree()
        card = tree.add_card(tree.add_guide(slug="objections"), "It is too expensive", slug="too-expensive")
        lead = take(market, now)
        LeadCard.objects.create(
            lead=lead, partner=lead.partner, card=card, card_key=card.translation_key, ticked_at=now,
            ticked_by=market.seller.user,
        )  # fmt: skip
        other = CardUse.objects.create(card=card, card_key=card.translation_key, about="x", won=True, ended_at=now)
        lose_lead(lead, reason=LostReason.PRICE, by=market.seller.user, now=now)
        assert CardUse.objects.count() == 2
        reopen_lead(lead, reason=WHY, by=manager, now=now)
        assert list(CardUse.objects.all()) == [other]
        win_lead(lead, value=1, currency="EUR", by=market.seller.user, now=now)
        assert CardUse.objects.exclude(pk=other.pk).get().won


class TestWhatIsRefused:
    def test_changes_nothing(self, market, manager, now):
        lead = won(market, now)
        with pytest.raises(Refusal, match="without a reason"):
            reopen_lead(lead, reason="  ", by=manager, now=now)
        with pytest.raises(NotAllowed):
            reopen_lead(lead, reason=WHY, by=market.seller.user, now=now)
        market.partners[0].status = "ended"
        market.partners[0].save(update_fields=["status"])
        with pytest.raises(Refusal, match="not a partner any more"):
            reopen_lead(lead, reason=WHY, by=manager, now=now)
        assert not Override.objects.exists()
        assert Lead.objects.get().status == LeadStatus.WON

    def test_is_what_has_no_outcome(self, market, manager, now):
        lead = take(market, now)
        with pytest.raises(Refusal, match="won or lost"):
            reopen_lead(lead, reason=WHY, by=manager, now=now)
        close_lead(lead, note="Double", by=manager, now=now)
        with pytest.raises(Refusal, match="won or lost"):
            reopen_lead(lead, reason=WHY, by=manager, now=now)

    @pytest.mark.parametrize("fields", [{"lost_reason": "price"}, {"value": None}, {"currency": ""}, {"status": "new"}])
    def test_is_an_outcome_that_was_none(self, market, manager, now, fields):
        reopen_lead(won(market, now), reason=WHY, by=manager, now=now)
        with pytest.raises(IntegrityError), transaction.atomic():
            FormerOutcome.objects.update(**fields)


class TestTheScreens:
    def test_of_staff_have_it_beside_what_else_they_decide(self, client, market, manager, now):
        lead = won(market, now)
        client.force_login(manager)
        url, page = (reverse(f"leads_admin:{name}", args=[lead.pk]) for name in ("reopen", "inspect"))
        assert url in client.get(page).content.decode()
        assert client.get(url).status_code == 200
        assert client.post(url, {"reason": ""}).status_code == 200
        assert client.post(url, {"reason": WHY})["Location"] == page
        text = client.get(page).content.decode()
        assert url not in text
        for words in ("Outcome taken back: Won: 120", "(Signed)", WHY):
            assert words in text
        report = client.get(reverse("leads_admin:fairness")).content.decode()
        assert "Outcome taken back" in report
        assert WHY in report
        assert "won or lost" in client.post(url, {"reason": WHY}).content.decode()

    def test_are_closed_to_staff_without_the_right_and_to_members(self, client, market, now):
        lead = won(market, now)
        for person in (UserFactory(is_staff=True), market.seller.user, market.person(1)):
            client.force_login(person)
            assert client.post(reverse("leads_admin:reopen", args=[lead.pk]), {"reason": WHY}).status_code == 302
        assert not Override.objects.exists()
        assert "change_lead" in CHANNEL_MANAGER_PERMISSIONS

    def test_of_the_partner_keep_what_was_said_and_not_why_it_was_taken_back(self, client, market, manager, now):
        lead = won(market, now)
        reopen_lead(lead, reason=WHY, by=manager, now=now)
        page = reverse("leads:lead", args=[lead.public_id])
        client.force_login(market.seller.user)
        text = client.get(page).content.decode()
        for words in ("Won, said", "Signed", "The vendor took this outcome back", "Mark as won"):
            assert words in text
        assert WHY not in text
        client.force_login(market.person(1))
        assert client.get(page).status_code == 404


class TestTelling:
    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_reaches_whoever_works_it_and_the_heads(
        self, market, manager, now, language, django_capture_on_commit_callbacks
    ):
        lead = won(market, now)
        with django_capture_on_commit_callbacks(execute=True):
            reopen_lead(lead, reason=WHY, by=manager, now=now)
        told = Notification.objects.filter(type=REOPENED.name).select_related("user")
        assert {notice.user for notice in told} == {market.seller.user, market.head.user, market.person()}
        for notice in told:
            with translation.override(language):
                text = str(word(notice, person=notice.user))
            assert not any(words in text for words in (WHY, lead.company, lead.contact.name, "Signed"))
            assert notice.url == reverse("leads:lead", args=[lead.public_id])


class TestByADispute:
    def test_the_answer_takes_the_outcome_back(self, market, manager, now, django_capture_on_commit_callbacks):
        lead = lost(market, now)
        dispute = contest(market, lead, now + DAY)
        with django_capture_on_commit_callbacks(execute=True):
            done = answer_dispute(
                dispute, upheld=True, takes_outcome_back=True, reason="Yes.", by=manager, now=now + DAY
            )
        assert (done.remedy, done.override.kind) == (Remedy.REOPEN, OverrideKind.REOPENED)
        assert dispute.public_id in done.override.reason
        assert Lead.objects.get().status == LeadStatus.ACCEPTED
        # Whoever reads the answer is not told the same a second time.
        told = set(
            Notification.objects.filter(type__in=(REOPENED.name, DISPUTE_ANSWERED.name)).values_list("type", "user")
        )
        assert told == {
            (REOPENED.name, market.seller.user_id),
            (DISPUTE_ANSWERED.name, market.head.user_id),
            (DISPUTE_ANSWERED.name, market.members[0].user_id),
        }
        notice = Notification.objects.filter(type=DISPUTE_ANSWERED.name).first()
        assert "the lead is in work again" in str(word(notice, person=notice.user))

    def test_not_of_a_lead_that_has_none_any_more(self, market, manager, now):
        lead = lost(market, now)
        dispute = contest(market, lead, now + DAY)
        reopen_lead(lead, reason=WHY, by=manager, now=now + DAY)
        answer = {"upheld": True, "takes_outcome_back": True, "reason": "Yes.", "by": manager, "now": now + DAY}
        with pytest.raises(Refusal, match="no outcome to take back"):
            answer_dispute(dispute, **answer)
        lead.refresh_from_db()
        win_lead(lead, value=1, currency="EUR", by=market.seller.user, now=now + DAY)
        with pytest.raises(Refusal, match="no outcome to take back"):  # another one than was contested
            answer_dispute(dispute, **answer)
        other = contest(market, lead, now + DAY)
        assert other.subject == f"{dispute.subject}:1"
        assert answer_dispute(other, **answer).remedy == Remedy.REOPEN

    def test_nor_by_an_arbiter_who_may_not_override(self, market, manager, now):
        dispute = contest(market, lost(market, now), now + DAY)
        Group.objects.get(name=CHANNEL_MANAGERS).permissions.remove(
            *Group.objects.get(name=CHANNEL_MANAGERS).permissions.filter(codename="change_lead")
        )
        with pytest.raises(NotAllowed):
            answer_dispute(dispute, upheld=True, takes_outcome_back=True, reason="Yes.", by=manager, now=now + DAY)
        assert Dispute.objects.open().exists()

    def test_the_remedy_and_the_override_go_together(self, market, manager, now):
        contest(market, lost(market, now), now + DAY)
        with pytest.raises(IntegrityError), transaction.atomic():
            Dispute.objects.update(
                state="upheld", remedy="reopen", answer="Yes", closed_at=now, closed_by=manager, override=None
            )

    def test_on_the_screens_of_both_sides(self, client, market, manager, now):
        lead = lost(market, now)
        dispute = contest(market, lead, now)
        client.force_login(manager)
        url = reverse("lead_disputes:answer", args=[dispute.pk])
        assert 'value="reopen"' in client.get(url).content.decode()
        case = reverse("lead_disputes:inspect", args=[dispute.pk])
        assert client.post(url, {"verdict": "reopen", "reason": "You were right."})["Location"] == case
        text = client.get(case).content.decode()
        assert "Upheld: The outcome is taken back" in text
        assert "<dd>Lost</dd>" in text
        client.force_login(market.head.user)
        text = client.get(reverse("leads:dispute", args=[dispute.public_id])).content.decode()
        assert "The outcome is taken back: the lead is among yours in work again." in text
        assert "Lost" in text  # what was contested, as it was

    def test_is_no_answer_where_an_offer_is_contested(self, client, market, manager, now):
        lead = take(market, now)
        pull_back(lead, reason=WHY, by=UserFactory(staff=True), now=now)
        offer = Offer.objects.get(state="withdrawn")
        client.force_login(market.head.user)
        client.post(reverse("leads:contest_offer", args=[offer.public_id]), {"text": "No."})
        client.force_login(manager)
        page = client.get(reverse("lead_disputes:answer", args=[Dispute.objects.get().pk])).content.decode()
        assert 'value="reopen"' not in page
        assert 'value="entry"' in page
