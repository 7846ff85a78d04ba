"""Contesting a decision: who may, what the case holds, who answers, and what comes of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from portal.core.errors import NotAllowed, Refusal
from portal.core.models import Fact
from portal.home.services.roles import CHANNEL_MANAGERS, set_up_roles
from portal.leads.case_notices import tell_of_answers, tell_of_disputes, tell_of_evidence, tell_of_overdue_disputes
from portal.leads.models import (
    Correction,
    DeclineReason,
    Dispute,
    DisputeEvidence,
    DisputeState,
    Lead,
    LeadRules,
    LostReason,
    Offer,
    Remedy,
    RouteCredit,
)
from portal.leads.routing import Verdict
from portal.leads.services.corrections import give_turn_back
from portal.leads.services.desk import read_desk
from portal.leads.services.disputes import (
    CONTESTABLE,
    MOST_EVIDENCE,
    answer_dispute,
    find_contested_missed,
    find_contested_offer,
    find_contested_outcome,
    list_missed_decisions,
    name_missed,
    open_dispute,
    remind_of_overdue,
    say_for_partner,
    say_for_vendor,
    withdraw_dispute,
)
from portal.leads.services.distribution import distribute
from portal.leads.services.missed import list_missed_leads
from portal.leads.services.offers import accept_offer, decline_offer, expire_due_offers
from portal.leads.services.outcomes import close_lead, lose_lead
from portal.leads.services.overrides import exclude_partner, pull_back
from portal.leads.services.replays import replay_decisions
from portal.leads.services.returns import warn_and_return
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.factories.accounts import UserFactory
from tests.factories.content import ProductFactory
from tests.factories.leads import make_market, put_in_force
from tests.factories.partners import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DAY = timedelta(days=1)


@pytest.fixture
def market(now):
    return make_market(now, partners=2, return_after_days=6)


@pytest.fixture
def staff(db):
    set_up_roles()
    people = [UserFactory(), UserFactory()]
    for person in people:
        person.groups.add(Group.objects.get(name=CHANNEL_MANAGERS))
    return people


def offered(market, now) -> Offer:
    market.add_leads(1)
    distribute(market.route, now=now)
    return Offer.objects.open().latest("pk")


def member_of(market, offer):
    return market.members[market.partners.index(offer.partner)]


def expired(market, now) -> Offer:
    offer = offered(market, now)
    expire_due_offers(now=now + DAY)
    return fresh(offer)


def taken(market, now) -> Offer:
    offer = offered(market, now)
    accept_offer(offer, by=member_of(market, offer).user, now=now)
    return fresh(offer)


def fresh(offer) -> Offer:
    return Offer.objects.select_related("lead", "partner").get(pk=offer.pk)


def contest(market, offer, now, *, text="We answered by telephone.") -> Dispute:
    return open_dispute(find_contested_offer(offer), text=text, membership=member_of(market, offer), now=now)


class TestWhatMayBeContested:
    def test_is_an_offer_that_ran_out(self, market, now):
        assert find_contested_offer(offered(market, now)) is None
        dispute = contest(market, expired(market, now), now + DAY)
        assert (dispute.kind, dispute.verdict, dispute.decided_by) == ("offer", Verdict.WINNER, None)
        assert dispute.decision.winner == dispute.partner

    def test_is_not_what_the_partner_declined_itself_or_has_in_work(self, market, now):
        offer = offered(market, now)
        decline_offer(offer, reason=DeclineReason.NO_TIME, by=member_of(market, offer).user, now=now)
        assert find_contested_offer(fresh(offer)) is None
        assert find_contested_offer(taken(market, now)) is None

    def test_is_a_lead_that_staff_took_back_or_kept_from_it(self, market, staff, now):
        offer = taken(market, now)
        pull_back(offer.lead, reason="No", by=staff[0], now=now)
        assert find_contested_offer(fresh(offer)).decided_by == staff[0]
        other = offered(market, now)
        exclude_partner(other.lead, partner=other.partner, reason="No", by=staff[1], now=now)
        assert find_contested_offer(fresh(other)).decided_by == staff[1]

    def test_is_a_lead_that_went_back_by_its_policy(self, market, now):
        offer = taken(market, now)
        warn_and_return(now=now + 4 * DAY)
        warn_and_return(now=now + 6 * DAY)
        found = find_contested_offer(fresh(offer))
        assert (found.decided_by, found.assignee_id, found.decided_at) == (
            None, member_of(market, offer).pk, now + 6 * DAY,
        )  # fmt: skip

    def test_is_a_turn_that_was_undone(self, market, staff, now):
        offer = expired(market, now)
        give_turn_back(offer, reason="Spam", by=staff[0], now=now + DAY)
        assert find_contested_offer(offer).decided_by == staff[0]

    def test_is_the_outcome_of_a_lead_that_it_took(self, market, staff, now):
        lost, closed, open_still = (taken(market, now) for _number in range(3))
        lose_lead(lost.lead, reason=LostReason.PRICE, by=member_of(market, lost).user, now=now)
        close_lead(closed.lead, note="Double", by=staff[0], now=now)
        assert find_contested_outcome(fresh(lost)).decided_by == member_of(market, lost).user
        assert find_contested_outcome(fresh(closed)).decided_by == staff[0]
        assert find_contested_outcome(fresh(open_still)) is None

    def test_is_a_group_of_leads_that_went_past_it_and_never_one_of_them(self, now, staff):
        market = make_market(now - 150 * DAY, partners=2, open_cap=500)
        market.add_leads(10, received_at=now - 12 * DAY)
        distribute(market.route, now=now - 11 * DAY)
        partner, member = market.partners[0], market.members[0]
        (row,) = list_missed_leads(partner, now=now).rows
        found = find_contested_missed(partner, name_missed(row), now=now)
        dispute = open_dispute(found, text="We are always there.", membership=member, now=now)
        assert (dispute.offer, dispute.decision, dispute.missed_leads, dispute.verdict) == (None, None, 5, "n")
        # Staff see the decisions behind it.
        assert len(list_missed_decisions(dispute)) == 5
        assert all(decision.winner != partner for decision in list_missed_decisions(dispute))
        for forged in ("", "missed:n:2026-01-01:1:1", "offer:1"):
            assert find_contested_missed(partner, forged, now=now) is None

    def test_shows_staff_the_group_as_it_was_told_whatever_happens_later(self, now):
        market = make_market(now - 150 * DAY, partners=2, open_cap=500)
        market.add_leads(14, received_at=now - 12 * DAY)
        distribute(market.route, now=now - 11 * DAY)
        partner, member = market.partners[0], market.members[0]
        Offer.objects.update(due_at=now + DAY)

        def pass_back(moment):
            offer = Offer.objects.open().filter(partner=market.partners[1]).first()
            decline_offer(offer, reason=DeclineReason.NO_TIME, by=market.person(1), now=moment)
            distribute(market.route, now=moment)
            assert Offer.objects.filter(lead=offer.lead, partner=partner).exists()

        pass_back(now - 10 * DAY)  # it was offered that one later, and is not told it
        (row,) = list_missed_leads(partner, now=now).rows
        found = find_contested_missed(partner, name_missed(row), now=now)
        dispute = open_dispute(found, text="We are always there.", membership=member, now=now)
        told = list_missed_decisions(dispute)
        assert len(told) == dispute.missed_leads == 6
        pass_back(now + timedelta(hours=1))
        assert list_missed_decisions(dispute) == told

    def test_shows_staff_of_a_coarse_group_what_is_told_in_no_finer_one(self, now):
        market = make_market(now - 150 * DAY, partners=2, open_cap=500)
        rare = [ProductFactory() for _number in range(2)]
        for product in rare:
            market.route.products.add(product)
            for partner in market.partners:
                partner.products.add(product)
        put_in_force(market.route)
        for product, count in zip([market.product, *rare], (10, 6, 6), strict=True):
            market.add_leads(count, received_at=now - 12 * DAY, product=product)
            distribute(market.route, now=now - 11 * DAY)
        partner, member = market.partners[0], market.members[0]
        fine, coarse = sorted(list_missed_leads(partner, now=now).rows, key=lambda row: row.product is None)
        assert (fine.leads, coarse.leads, coarse.product) == (5, 6, None)
        for row, products in ((fine, {market.product}), (coarse, set(rare))):
            found = find_contested_missed(partner, name_missed(row), now=now)
            dispute = open_dispute(found, text="We are always there.", membership=member, now=now)
            decisions = list_missed_decisions(dispute)
            assert len(decisions) == row.leads
            assert {decision.lead.product for decision in decisions} == products


class TestOpening:
    def test_is_for_owner_head_and_whoever_worked_the_lead(self, market, now):
        partner = market.partners[0]
        seller, other = (MembershipFactory(partner=partner, roles=["seller"]) for _number in range(2))
        head = MembershipFactory(partner=partner, roles=["head"])
        offer = offered(market, now)
        while offer.partner != partner:
            offer = offered(market, now)
        accept_offer(offer, by=seller.user, now=now)
        lose_lead(fresh(offer).lead, reason=LostReason.PRICE, by=seller.user, now=now)
        contested = find_contested_outcome(fresh(offer))
        with pytest.raises(NotAllowed):
            open_dispute(contested, text="Why", membership=other, now=now)
        made = open_dispute(contested, text="Why", membership=seller, now=now)
        withdraw_dispute(made, membership=head, now=now)
        assert open_dispute(contested, text="Why", membership=head, now=now).is_open

    def test_is_once_for_a_decision_and_the_answer_is_final(self, market, staff, now):
        offer = expired(market, now)
        dispute = contest(market, offer, now + DAY)
        with pytest.raises(Refusal, match="There is a case"):
            contest(market, offer, now + DAY)
        answer_dispute(dispute, upheld=False, reason="It was in time.", by=staff[0], now=now + DAY)
        with pytest.raises(Refusal, match="There is a case"):
            contest(market, offer, now + DAY)
        dispute.pk, dispute.public_id = None, "another"
        with pytest.raises(IntegrityError), transaction.atomic():
            dispute.save(force_insert=True)

    def test_needs_a_word_and_is_not_for_what_is_long_past(self, market, now):
        offer = expired(market, now)
        with pytest.raises(Refusal, match="Say why"):
            contest(market, offer, now + DAY, text="  ")
        with pytest.raises(Refusal, match="days"):
            contest(market, offer, now + CONTESTABLE + 2 * DAY)

    def test_has_a_deadline_in_the_vendor_s_working_days(self, market, now, settings):
        settings.TIME_ZONE = "UTC"
        LeadRules.objects.update_or_create(pk=1, defaults={"dispute_days": 3, "holidays": ["2026-11-26"]})
        dispute = contest(market, expired(market, now), now + DAY)  # a Wednesday
        assert dispute.due_at == datetime(2026, 12, 1, 23, 59, tzinfo=UTC)  # the end of Tuesday


class TestBothSides:
    def test_add_what_they_know_and_nothing_is_taken_out(self, market, staff, now):
        dispute = contest(market, expired(market, now), now + DAY)
        say_for_vendor(dispute, text="The log says no.", by=staff[0], now=now + DAY)
        say_for_partner(dispute, text="Look at Monday.", membership=dispute.opened_by, now=now + DAY)
        assert list(dispute.evidence.values_list("side", "text")) == [
            ("partner", "We answered by telephone."), ("vendor", "The log says no."), ("partner", "Look at Monday."),
        ]  # fmt: skip

    def test_are_the_partner_and_those_who_answer(self, market, staff, now):
        dispute = contest(market, expired(market, now), now + DAY)
        stranger = next(member for member in market.members if member.partner != dispute.partner)
        with pytest.raises(Dispute.DoesNotExist):
            say_for_partner(dispute, text="Mine", membership=stranger, now=now)
        with pytest.raises(Dispute.DoesNotExist):
            withdraw_dispute(dispute, membership=stranger, now=now)
        with pytest.raises(NotAllowed):
            say_for_vendor(dispute, text="Mine", by=stranger.user, now=now)

    def test_do_not_go_on_for_ever_nor_after_the_end(self, market, staff, now):
        dispute = contest(market, expired(market, now), now + DAY)
        DisputeEvidence.objects.bulk_create(
            DisputeEvidence(dispute=dispute, side="partner", text="x", written_at=now, written_by=staff[0])
            for _number in range(MOST_EVIDENCE)
        )
        with pytest.raises(Refusal, match="as much as it can"):
            say_for_vendor(dispute, text="More", by=staff[0], now=now)
        withdraw_dispute(dispute, membership=dispute.opened_by, now=now + DAY)
        for act in (
            lambda: say_for_vendor(dispute, text="More", by=staff[0], now=now),
            lambda: withdraw_dispute(dispute, membership=dispute.opened_by, now=now),
            lambda: answer_dispute(dispute, upheld=False, reason="No", by=staff[0], now=now),
        ):
            with pytest.raises(Refusal, match="closed"):
                act()


class TestTheAnswer:
    def test_upheld_gives_the_whole_turn_back(self, market, staff, now):
        offer = expired(market, now)
        dispute = contest(market, offer, now + DAY)
        before = RouteCredit.objects.get(partner=offer.partner).credit
        done = answer_dispute(
            dispute, upheld=True, gives_turn_back=True, reason="The mail was late.", by=staff[0], now=now + DAY
        )
        assert (done.state, done.remedy) == (DisputeState.UPHELD, Remedy.TURN)
        assert done.correction == Correction.objects.get(offer=offer)
        assert RouteCredit.objects.get(partner=offer.partner).credit > before
        assert sum(RouteCredit.objects.values_list("credit", flat=True)) == 0
        assert replay_decisions(market.route).disagreement is None

    def test_or_is_recorded_where_there_is_no_turn(self, market, staff, now):
        offer = taken(market, now)
        lose_lead(offer.lead, reason=LostReason.PRICE, by=member_of(market, offer).user, now=now)
        Offer.objects.filter(pk=offer.pk).update(tick=None, override_reason="By hand")
        dispute = open_dispute(
            find_contested_outcome(fresh(offer)), text="Won", membership=member_of(market, offer), now=now
        )
        assert dispute.decision is None
        with pytest.raises(Refusal, match="no turn to give back"):
            answer_dispute(dispute, upheld=True, gives_turn_back=True, reason="Yes", by=staff[0], now=now)
        done = answer_dispute(dispute, upheld=True, reason="It was won.", by=staff[0], now=now)
        assert (done.remedy, done.correction) == (Remedy.ENTRY, None)

    def test_is_not_given_by_whoever_made_the_decision_nor_by_anybody_of_the_partner(self, market, staff, now):
        offer = taken(market, now)
        pull_back(offer.lead, reason="No", by=staff[0], now=now)
        dispute = contest(market, fresh(offer), now)
        with pytest.raises(NotAllowed, match="You made this decision"):
            answer_dispute(dispute, upheld=False, reason="I was right.", by=staff[0], now=now)
        MembershipFactory(partner=dispute.partner, user=staff[1])
        with pytest.raises(NotAllowed, match="belong to the partner"):
            answer_dispute(dispute, upheld=True, reason="Ours", by=staff[1], now=now)
        with pytest.raises(IntegrityError), transaction.atomic():
            Dispute.objects.update(state="rejected", closed_at=now, closed_by=staff[0], answer="I was right.")

    def test_needs_a_reason_and_the_right(self, market, staff, now):
        dispute = contest(market, expired(market, now), now + DAY)
        with pytest.raises(Refusal, match="Say why"):
            answer_dispute(dispute, upheld=False, reason=" ", by=staff[0], now=now)
        with pytest.raises(NotAllowed):
            answer_dispute(dispute, upheld=False, reason="No", by=dispute.opened_by.user, now=now)

    @pytest.mark.parametrize(
        "fields",
        [{"state": "upheld"}, {"state": "rejected", "answer": "No"}, {"answer": "No"}, {"remedy": "turn"},
         {"state": "lost"}],
    )  # fmt: skip
    def test_is_whole_or_none(self, market, now, fields):
        contest(market, expired(market, now), now + DAY)
        with pytest.raises(IntegrityError), transaction.atomic():
            Dispute.objects.update(**fields)


class TestTelling:
    def test_reaches_both_sides_once_and_not_who_decided(self, market, staff, now):
        offer = taken(market, now)
        pull_back(offer.lead, reason="No", by=staff[0], now=now)
        dispute = contest(market, fresh(offer), now)
        assert tell_of_disputes([dispute.pk], now=now) == 1
        assert tell_of_disputes([dispute.pk], now=now) == 0
        evidence = say_for_vendor(dispute, text="Secret words", by=staff[0], now=now)
        assert tell_of_evidence([evidence.pk], now=now) == 1
        answer_dispute(dispute, upheld=False, reason="Secret words", by=staff[1], now=now)
        assert tell_of_answers([dispute.pk], now=now) == 1
        assert set(Notification.objects.values_list("type", "user")) == {
            ("leads.disputed", staff[1].pk),
            ("leads.evidence_given", dispute.opened_by.user_id),
            ("leads.dispute_answered", dispute.opened_by.user_id),
        }
        for language in ("en", "ru"):
            with translation.override(language):
                for notice in Notification.objects.all():
                    text = str(word(notice, person=notice.user))
                    assert offer.lead.company not in text
                    assert "Secret" not in text

    def test_reminds_of_what_nobody_has_answered_once(self, market, staff, now):
        dispute = contest(market, expired(market, now), now + DAY)
        assert remind_of_overdue(now=dispute.due_at - timedelta(minutes=1)) == 0
        assert [remind_of_overdue(now=dispute.due_at), remind_of_overdue(now=dispute.due_at)] == [1, 0]
        (fact,) = Fact.objects.filter(name="disputes_overdue")
        assert tell_of_overdue_disputes(fact.payload["dispute_ids"], now=now) == 2
        assert list(read_desk(now=dispute.due_at).disputes) == [dispute]


class TestThePages:
    def test_lead_from_the_offer_to_the_case_and_its_answer(self, client, market, staff, now):
        offer = expired(market, timezone.now() - DAY)
        client.force_login(member_of(market, offer).user)
        url = reverse("leads:contest_offer", args=[offer.public_id])
        assert url in client.get(reverse("leads:offer", args=[offer.public_id])).content.decode()
        page = client.get(url).content.decode()
        assert offer.lead.company not in page
        assert client.post(url, {"text": ""}).status_code == 422
        answer = client.post(url, {"text": "We <b>called</b>"})
        dispute = Dispute.objects.get()
        assert answer["Location"] == reverse("leads:dispute", args=[dispute.public_id])
        page = client.get(answer["Location"]).content.decode()
        assert "We &lt;b&gt;called&lt;/b&gt;" in page
        assert offer.lead.company not in page
        assert offer.lead.contact.name not in page
        say = reverse("leads:dispute_say", args=[dispute.public_id])
        assert client.post(say, {"text": ""}).status_code == 422
        assert client.post(say, {"text": "On Monday"}).status_code == 302
        assert "Your dispute about it" in client.get(reverse("leads:offer", args=[offer.public_id])).content.decode()
        client.post(reverse("leads:dispute_withdraw", args=[dispute.public_id]))
        assert "Taken back by" in client.get(answer["Location"]).content.decode()
        assert "Withdrawn" in client.get(reverse("leads:disputes")).content.decode()

    def test_of_staff_answer_it(self, client, market, staff, now):
        offer = expired(market, timezone.now() - DAY)
        dispute = contest(market, offer, timezone.now())
        client.force_login(staff[0])
        assert client.get(reverse("lead_disputes:index"), {"state": "open"}).status_code == 200
        case = reverse("lead_disputes:inspect", args=[dispute.pk])
        assert "We answered by telephone." in client.get(case).content.decode()
        client.post(reverse("lead_disputes:say", args=[dispute.pk]), {"text": "Looked at it."})
        answer = client.post(
            reverse("lead_disputes:answer", args=[dispute.pk]), {"verdict": "turn", "reason": "The mail was late."}
        )
        assert answer["Location"] == case
        page = client.get(case).content.decode()
        assert "The mail was late." in page
        assert "Upheld: The turn is given back" in page
        report = client.get(reverse("leads_admin:fairness")).content.decode()
        assert "Upheld: 1." in report
        assert client.get(reverse("leads_admin:desk")).status_code == 200
        client.force_login(dispute.opened_by.user)
        assert "Your turn is given back." in client.get(
            reverse("leads:dispute", args=[dispute.public_id])
        ).content.decode()  # fmt: skip

    def test_of_another_partner_do_not_exist(self, client, market, now):
        offer = expired(market, timezone.now() - DAY)
        dispute = contest(market, offer, timezone.now())
        stranger = next(member for member in market.members if member.partner != dispute.partner)
        client.force_login(stranger.user)
        assert client.get(reverse("leads:dispute", args=[dispute.public_id])).status_code == 404
        assert client.get(reverse("leads:contest_offer", args=[offer.public_id])).status_code == 404
        assert dispute.public_id not in client.get(reverse("leads:disputes")).content.decode()

    def test_of_a_colleague_are_for_those_who_lead(self, client, market, now):
        dispute = contest(market, expired(market, timezone.now() - DAY), timezone.now())
        seller = MembershipFactory(partner=dispute.partner, roles=["seller"])
        client.force_login(seller.user)
        assert client.get(reverse("leads:dispute", args=[dispute.public_id])).status_code == 404

    def test_show_a_closed_lead_and_let_its_end_be_contested(self, client, market, staff, now):
        offer = taken(market, timezone.now())
        close_lead(offer.lead, note="Double", by=staff[0], now=timezone.now())
        client.force_login(member_of(market, offer).user)
        page = client.get(reverse("leads:offer", args=[offer.public_id]))
        assert page.status_code == 200
        url = reverse("leads:contest_outcome", args=[offer.public_id])
        assert url in page.content.decode()
        assert client.post(url, {"text": "It is not double."}).status_code == 302
        assert Lead.objects.get().company not in client.get(
            reverse("leads:dispute", args=[Dispute.objects.get().public_id])
        ).content.decode()  # fmt: skip

    def test_contest_what_went_past(self, client, staff):
        now = timezone.now()
        market = make_market(now - 150 * DAY, partners=2, open_cap=500)
        market.add_leads(10, received_at=now - 12 * DAY)
        distribute(market.route, now=now - 11 * DAY)
        client.force_login(market.person())
        assert "leads/missed/contest/?group=missed%3An" in client.get(reverse("leads:missed")).content.decode()
        (row,) = list_missed_leads(market.partners[0], now=now).rows
        url = f"{reverse('leads:contest_missed')}?group={name_missed(row)}"
        assert client.post(url, {"text": "We were there."}).status_code == 302
        assert client.get(reverse("leads:contest_missed")).status_code == 302
        client.force_login(staff[0])
        page = client.get(reverse("lead_disputes:inspect", args=[Dispute.objects.get().pk])).content.decode()
        assert "The decisions behind it" in page

    def test_the_settings_of_all_leads_are_kept(self, client, staff):
        client.force_login(staff[0])
        url = reverse("wagtailsettings:edit", args=["leads", "leadrules"])
        url = client.get(url).headers.get("Location", url)
        given = {
            "reply_to": "care@vendor.example",
            "dispute_days": "3",
            "workdays": ["0", "5"],
            "holidays": "2026-12-25",
        }
        assert client.post(url, given).status_code == 302
        rules = LeadRules.load()
        assert (rules.dispute_days, rules.workdays, rules.holidays) == (3, [0, 5], ["2026-12-25"])
        page = client.post(url, {**given, "holidays": "soon"}).content.decode()
        assert "is not a day" in page

    def test_listing_costs_the_same_for_few_and_many(self, client, now):
        counts = []
        moment = timezone.now() - DAY
        market = make_market(moment, partners=1)
        client.force_login(market.person())
        for size in (1, 4):
            for _number in range(size):
                contest(market, expired(market, moment), timezone.now())
            client.get(reverse("leads:disputes"))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("leads:disputes"))
            counts.append(len(queries))
        assert counts[0] == counts[1]
