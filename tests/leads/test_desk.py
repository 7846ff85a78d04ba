"""The channel manager's desk and the fairness report: what waits, what would free it; whether turns went as they should."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.models import ProgrammeExam
from portal.leads.models import (
    Decision,
    HeldReason,
    LostReason,
    Offer,
    OfferState,
    Roster,
    RouteCredit,
    RouteWeight,
    Stage,
)
from portal.leads.services import fairness_report
from portal.leads.services.corrections import give_turn_back
from portal.leads.services.desk import Doubted, read_desk
from portal.leads.services.distribution import distribute
from portal.leads.services.fairness_report import Ended, read_fairness
from portal.leads.services.offers import accept_offer
from portal.leads.services.outcomes import lose_lead
from portal.leads.services.overrides import assign_lead, exclude_partner
from portal.leads.services.returns import warn_and_return
from portal.leads.services.terms import keep_terms, pause_leads
from portal.leads.services.working import plan_step
from tests.factories.accounts import UserFactory
from tests.factories.certification import CredentialFactory, ExamFactory
from tests.factories.leads import make_market, put_in_force
from tests.factories.partners import RegionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class TestTheDesk:
    def test_says_what_waits_since_when_and_who_could_take_it(self, now):
        market = make_market(now, partners=0)
        market.add_partner(qualified=False, name="Nearly Ltd")
        market.add_leads(3)
        distribute(market.route, now=now)
        [row] = read_desk(now=now + HOUR).waiting
        assert (row.reason, row.leads, row.oldest) == (HeldReason.NO_QUALIFIED_PARTNER, 3, now)
        assert (row.region, row.product) == (market.region, market.product)
        [near] = row.near
        assert (near.partner.name, near.exams_short) == ("Nearly Ltd", 1)

    def test_says_which_offers_nobody_opened_in_half_their_time(self, market, now):
        market.add_leads(2)
        distribute(market.route, now=now)
        opened, unseen = Offer.objects.order_by("tick")
        Offer.objects.filter(pk=opened.pk).update(seen_at=now, seen_by=market.person())
        assert read_desk(now=now + 11 * HOUR).unseen == ()
        assert read_desk(now=now + 13 * HOUR).unseen == (unseen,)
        assert read_desk(now=now + 25 * HOUR).unseen == ()  # its time is over

    def test_says_whose_customers_nobody_has_called(self, market, now):
        market.add_leads(1)
        distribute(market.route, now=now)
        offer = Offer.objects.get()
        accept_offer(offer, by=market.person(), now=now)
        assert read_desk(now=now + 23 * HOUR).uncalled == ()
        assert read_desk(now=now + 24 * HOUR).uncalled == (offer.lead,)
        plan_step(offer.lead, stage=Stage.CONTACTED, next_step="", on=None, by=market.person(), now=now + 25 * HOUR)
        assert read_desk(now=now + 26 * HOUR).uncalled == ()

    def test_says_which_routes_and_places_too_few_serve(self, now):
        market = make_market(now, partners=2)
        elsewhere = RegionFactory()
        market.route.regions.set([market.region, elsewhere])
        put_in_force(market.route)
        [row] = read_desk(now=now).served
        assert (row.partners, row.is_short) == (2, True)
        assert row.uncovered == ((elsewhere, market.product),)

    def test_night_and_pause_do_not_make_a_place_uncovered(self, now):
        market = make_market(now, partners=2, in_working_hours=True)
        for place in (0, 1):
            keep_terms(
                market.partners[place], open_cap=None, day_cap=None, languages=[], has_hours=True, workdays=range(7),
                opens_at=time(8), closes_at=time(9), holidays=[], by=market.person(place), now=now,
            )  # fmt: skip
        pause_leads(market.partners[0], by=market.person(0), now=now)
        market.route.regions.set([market.region])
        market.route.save()
        put_in_force(market.route)
        [row] = read_desk(now=now.replace(hour=22)).served
        assert (row.partners, row.paused, row.uncovered) == (2, 1, ())

    def test_names_the_partners_that_lack_least_whoever_came_last(self, now):
        market = make_market(now, partners=0)
        second = ExamFactory(questions=0)
        ProgrammeExam.objects.create(programme=market.programme, exam=second, sort_order=9)
        nearest = market.add_partner(qualified=False, name="Nearly Ltd")
        CredentialFactory(membership=market.members[0], exam=second)
        for number in range(8):
            market.add_partner(qualified=False, name=f"Far {number}")
        market.add_leads(1)
        distribute(market.route, now=now)
        [row] = read_desk(now=timezone.now()).waiting
        assert len(row.near) == 3
        assert (row.near[0].partner, row.near[0].exams_short) == (nearest, 1)

    def test_says_what_partners_hold_to_be_no_real_request_until_the_turn_is_given_back(self, market, now):
        market.add_leads(1)
        distribute(market.route, now=now)
        offer = Offer.objects.get()
        accept_offer(offer, by=market.person(), now=now)
        lose_lead(offer.lead, reason=LostReason.INVALID, by=market.person(), now=now)
        assert read_desk(now=now + HOUR).doubted == (Doubted(offer.lead, 1),)
        give_turn_back(offer, reason="Spam", by=UserFactory(staff=True), now=now)
        assert read_desk(now=now + HOUR).doubted == ()

    def test_says_who_declines_more_than_others(self, market, now):
        market.add_leads(6)
        distribute(market.route, now=now)
        mine = Offer.objects.filter(partner=market.partners[0])
        Offer.objects.update(partner=market.partners[0])
        mine.update(state=OfferState.DECLINED, decline_reason="no_time", closed_at=now)
        [row] = read_desk(now=now + HOUR).declines
        assert (row.partner, row.answers, row.declined) == (market.partners[0], 6, 6)

    def test_costs_the_same_for_few_and_many(self, market, now):
        def count():
            with CaptureQueriesContext(connection) as queries:
                read_desk(now=now + HOUR)
            return len(queries)

        market.add_leads(2, region=RegionFactory())
        distribute(market.route, now=now)
        few = count()
        for _number in range(20):
            market.add_leads(1, region=RegionFactory())
        market.add_leads(30)
        distribute(market.route, now=now)
        assert count() == few

    def test_is_a_page_for_channel_managers(self, client, market, now):
        client.force_login(UserFactory(staff=True))
        market.add_leads(1, region=RegionFactory())
        distribute(market.route, now=now)
        page = client.get(reverse("leads_admin:desk")).content.decode()
        assert "It wakes when a partner for this region and product qualifies." in page
        assert reverse("leads_admin:desk") in client.get(reverse("leads_admin:index")).content.decode()
        client.force_login(UserFactory(is_staff=True))
        assert client.get(reverse("leads_admin:desk")).status_code == 302
        assert client.get(reverse("leads_admin:fairness")).status_code == 302


class TestTheFairnessReport:
    def test_holds_each_partner_against_the_bound_while_nothing_changes(self, market, now):
        market.add_leads(7)
        distribute(market.route, now=now)
        [row] = read_fairness()
        assert (row.turns, row.is_within, row.sums_to_zero) == (7, True, True)
        assert (row.watched.turns, row.watched.bound, row.watched.ended) == (7, 0.75, None)
        assert row.watched.deviation == pytest.approx(2 / 3)
        assert sorted(share.served for share in row.shares) == [2, 2, 3]
        assert sum(share.entitled for share in row.shares) == pytest.approx(7)

    def test_holds_the_first_turns_against_the_bound_until_partners_change(self, client, market, now):
        market.add_leads(7)
        distribute(market.route, now=now)
        pause_leads(market.partners[0], until=now + 9 * HOUR, reason="", by=market.person(), now=now + HOUR)
        market.add_leads(2)
        distribute(market.route, now=now + 2 * HOUR)
        [row] = read_fairness()
        assert (row.turns, row.watched.turns, row.watched.bound, row.is_within) == (9, 7, 0.75, True)
        assert row.watched.deviation == pytest.approx(2 / 3)
        assert (row.watched.ended, row.watched.ended_at) == (Ended.PARTNERS, now + 2 * HOUR)
        client.force_login(UserFactory(staff=True))
        page = " ".join(client.get(reverse("leads_admin:fairness")).content.decode().split())
        assert "Checked for the first 7 turns: the bound is 0.750, the difference was 0.667 at most." in page
        assert "on other partners competed, so no rule can promise a bound" in page

    def test_does_not_mind_partners_that_do_not_compete(self, market, now):
        market.add_leads(2)
        distribute(market.route, now=now)
        away = market.add_partner(qualified=False)
        market.add_leads(2)
        distribute(market.route, now=now)
        pause_leads(away, until=now + DAY, reason="", by=market.person(3), now=now)
        market.add_leads(2)
        distribute(market.route, now=now)
        [row] = read_fairness()
        assert Roster.objects.count() == 2
        assert (row.watched.turns, row.watched.ended) == (6, None)

    def test_says_that_a_weight_changed(self, now):
        market = make_market(now, partners=2)
        market.add_leads(4)
        distribute(market.route, now=now)
        RouteWeight.objects.create(route=market.route, tier=market.partners[0].tier, weight=3)
        put_in_force(market.route)
        market.add_leads(3)
        distribute(market.route, now=now + HOUR)
        [row] = read_fairness()
        assert (row.watched.turns, row.watched.ended) == (4, Ended.WEIGHTS)
        assert row.watched.ended_at == now + HOUR
        assert row.is_within

    def test_cries_out_where_a_turn_was_not_given_by_the_rule(self, market, now):
        market.add_leads(6)
        distribute(market.route, now=now)
        pause_leads(market.partners[0], until=now + DAY, reason="", by=market.person(), now=now)
        market.add_leads(1)
        distribute(market.route, now=now)
        assert read_fairness()[0].is_within
        Decision.objects.filter(tick__lte=3).update(winner=market.partners[1])
        [row] = read_fairness()
        assert row.watched.deviation == pytest.approx(7 / 3)  # after the fifth: four turns, and entitled to 5/3
        assert not row.is_within

    def test_watches_no_more_turns_than_it_may(self, market, now, monkeypatch):
        monkeypatch.setattr(fairness_report, "MOST_WATCHED", 5)
        market.add_leads(5)
        distribute(market.route, now=now)
        assert read_fairness()[0].watched.ended is None
        market.add_leads(3)
        distribute(market.route, now=now)
        [row] = read_fairness()
        assert (row.watched.turns, row.watched.ended, row.is_within) == (5, Ended.LONG, True)

    def test_costs_the_same_for_few_and_many(self, market, now):
        def count():
            with CaptureQueriesContext(connection) as queries:
                read_fairness()
            return len(queries)

        market.add_leads(2)
        distribute(market.route, now=now)
        few = count()
        for place in range(3):
            other = make_market(now, partners=place + 1)
            other.add_leads(6)
            market.add_partner()
            market.add_leads(6)
            distribute([market.route, other.route], now=now)
        assert count() == few

    def test_cries_out_where_the_bound_is_broken_or_the_sum_is_not_zero(self, market, now):
        market.add_leads(3)
        distribute(market.route, now=now)
        if connection.vendor == "postgresql":  # as if the database did not hold the sum
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("ALTER TABLE leads_routecredit DISABLE TRIGGER leads_routecredit_updated")
        RouteCredit.objects.filter(partner=market.partners[0]).update(credit=2**41)
        [row] = read_fairness()
        assert not row.is_within
        assert not row.sums_to_zero

    def test_tells_what_was_given_back_and_by_hand(self, client, market, now):
        staff = UserFactory(staff=True)
        first, second = market.add_leads(2)
        distribute(market.route, now=now)
        offer = Offer.objects.get(lead=first)
        give_turn_back(offer, reason="Spam", by=staff, now=now)
        assign_lead(second, partner=market.partners[2], reason="They know the trade", by=staff, now=now)
        accept_offer(Offer.objects.get(tick=None), by=market.person(2), now=now)
        [row] = read_fairness()
        assert (row.given_back, row.sums_to_zero) == (1, True)
        assert (row.watched.turns, row.watched.ended, row.watched.ended_at) == (2, Ended.CORRECTED, now)
        shares = {share.partner.pk: share for share in row.shares}
        assert (shares[offer.partner_id].served, shares[market.partners[2].pk].by_hand) == (0, 1)
        client.force_login(staff)
        page = client.get(reverse("leads_admin:fairness")).content.decode()
        assert "They know the trade" in page
        assert "1 turn was given back." in page

    def test_costs_the_same_however_much_was_decided_by_hand_and_returned(self, client, market, now):
        staff = UserFactory(staff=True)
        client.force_login(staff)
        market.route.return_after_days = 6
        market.route.save()
        put_in_force(market.route)

        def decide_and_count(leads):
            for lead in market.add_leads(leads):
                exclude_partner(lead, partner=market.partners[0], reason="A rival of theirs", by=staff, now=now)
            distribute(market.route, now=now)
            for offer in Offer.objects.open():
                accept_offer(offer, by=market.person(market.partners.index(offer.partner)), now=now)
            warn_and_return(now=now + 4 * DAY)
            assert warn_and_return(now=now + 6 * DAY)[1] >= leads
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("leads_admin:fairness"))
            return len(queries)

        decide_and_count(1)
        assert decide_and_count(1) == decide_and_count(4)
