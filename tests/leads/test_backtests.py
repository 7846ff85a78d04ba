"""A draft against leads that came: the same choices as live, at their moments, with partners as they were on the day."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certification.models import Qualification
from portal.core.errors import Refusal
from portal.leads.models import Decision, DeclineReason, Lead, LeadReroute, Offer
from portal.leads.policies import Asked
from portal.leads.rows import Field
from portal.leads.services.backtests import QUARTER, Game, PastLead, Waits, compare_with_file, compare_with_quarter
from portal.leads.services.distribution import distribute
from portal.leads.services.holding import wake_due_leads
from portal.leads.services.offers import decline_offer
from portal.leads.services.policies import draft_policy
from portal.leads.services.terms import keep_terms
from tests.factories.accounts import UserFactory
from tests.factories.certification import ExamFactory, ProgrammeFactory, qualify
from tests.factories.leads import Market, RouteFactory, SourceFactory, make_market, put_in_force
from tests.factories.partners import LONG_AGO

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: A Tuesday, nine o'clock in London.
TUESDAY = datetime(2026, 11, 24, 9, tzinfo=UTC)


def work(market, place, **how):
    given = {
        "open_cap": None, "day_cap": None, "languages": [], "has_hours": True, "workdays": range(5), "opens_at": time(9),
        "closes_at": time(18), "holidays": [], **how,
    }  # fmt: skip
    keep_terms(market.partners[place], by=market.person(place), now=TUESDAY, **given)


def rule(market, **fields):
    for name, value in fields.items():
        setattr(market.route, name, value)
    market.route.save()
    put_in_force(market.route)
    return draft_policy(market.route)


@pytest.fixture(autouse=True)
def long_qualified(monkeypatch):
    """Partners of these markets have been qualified for long."""
    add_partner = Market.add_partner

    def add(market, **options):
        partner = add_partner(market, **options)
        Qualification.objects.filter(partner=partner).update(opened_at=LONG_AGO)
        return partner

    monkeypatch.setattr(Market, "add_partner", add)


def asked(market):
    return Asked(source=0, product=market.product.pk, region=market.region.pk)


def play(market, policy, *moments, now=TUESDAY):
    game = Game(policy, percents={}, now=now)
    game.play([PastLead(moment, asked(market)) for moment in moments])
    return game


def live(market, moments, *onward):
    """Let leads come at these moments, and an hour pass after the other; how long those waited that were offered.

    Args:
        onward: routes to which they may go on.
    """
    clock = moments[0]
    while clock < TUESDAY:
        if clock in moments:
            market.add_leads(1, received_at=clock)
        distribute([market.route, *onward], now=clock)
        wake_due_leads(now=clock)
        distribute(onward, now=clock)
        clock += HOUR
    return sorted(offer.made_at - offer.lead.stored_at for offer in Offer.objects.select_related("lead"))


class TestTheGame:
    def test_chooses_as_live(self, now):
        market = make_market(now, partners=3, open_cap=100)
        leads = market.add_leads(40)
        distribute(market.route, now=now)
        served = [Offer.objects.filter(partner=partner).count() for partner in market.partners]
        game = play(market, draft_policy(market.route), *(lead.stored_at for lead in leads), now=now)
        assert [game.has[partner.pk] for partner in market.partners] == served
        assert game.credits == {row.partner_id: row.credit for row in market.route.credits.all()}
        assert game.waits == [timedelta()] * 40

    def test_waits_until_somebody_opens(self):
        market = make_market(TUESDAY, partners=1)
        work(market, 0)
        policy = rule(market, in_working_hours=True)
        night = TUESDAY.replace(day=20, hour=22)  # a Friday
        game = play(market, policy, night, TUESDAY.replace(day=20, hour=10))
        assert sorted(game.waits) == [timedelta(), TUESDAY.replace(day=23) - night]

    def test_waits_as_live_waits(self):
        market = make_market(TUESDAY, partners=2)
        work(market, 0)
        work(market, 1, opens_at=time(8), closes_at=time(12))
        policy = rule(market, in_working_hours=True, day_cap=1)
        moments = [TUESDAY.replace(day=19, hour=hour) for hour in (7, 10, 11, 13)]
        lived = live(market, moments)
        assert sorted(play(market, policy, *moments).waits) == lived
        assert len(lived) == 4

    def test_waits_until_somebody_qualifies_and_goes_to_nobody_after_it_ended(self):
        market = make_market(TUESDAY, partners=1)
        opened = TUESDAY.replace(day=10, hour=15)
        Qualification.objects.update(opened_at=opened, valid_until=TUESDAY - 2 * DAY)
        early, late = opened - 3 * DAY, TUESDAY - DAY
        game = play(market, draft_policy(market.route), early, late)
        assert game.waits == [datetime.combine(opened.date(), time(), UTC) - early]

    def test_knows_a_qualification_that_was_closed_since(self):
        market = make_market(TUESDAY, partners=1)
        Qualification.objects.update(closed_at=TUESDAY - DAY, closed_reason="unmet")
        game = play(market, draft_policy(market.route), TUESDAY - 5 * DAY)
        assert game.waits == [timedelta()]

    def test_keeps_holidays_that_are_over(self):
        market = make_market(TUESDAY, partners=1)
        work(market, 0, holidays=[date(2026, 11, 20)])
        policy = rule(market, in_working_hours=True)
        friday = TUESDAY.replace(day=20, hour=10)
        assert play(market, policy, friday).waits == [TUESDAY.replace(day=23) - friday]

    def test_goes_on_as_live_goes_on(self):
        market = make_market(TUESDAY, partners=1)
        work(market, 0, opens_at=time(8), closes_at=time(12))
        onward = RouteFactory(products=[market.product])
        policy = rule(market, in_working_hours=True, fallback=onward, fallback_hours=16)
        moments = [TUESDAY.replace(day=19, hour=hour) for hour in (10, 13, 17)]
        lived = live(market, moments)  # the second would have waited for nineteen hours, and went on before
        way = LeadReroute.objects.get()
        assert way.rerouted_at - way.lead.stored_at == 16 * HOUR
        game = play(market, policy, *moments)
        assert (sorted(game.waits), game.went_on) == (lived, 1)
        assert lived == [timedelta(), 15 * HOUR]

    def test_goes_on_at_once_where_nobody_is_qualified(self):
        market = make_market(TUESDAY, partners=0)
        policy = rule(market, fallback=RouteFactory(products=[market.product]))
        game = play(market, policy, TUESDAY.replace(day=19))
        assert (game.went_on, game.waits) == (1, [])

    def test_fills_slots(self, now):
        market = make_market(now, partners=3, slots=2)
        game = play(market, draft_policy(market.route), *[now - DAY] * 3, now=now)
        assert [game.has[partner.pk] for partner in market.partners] == [2, 2, 2]
        assert sum(game.credits.values()) == 0


def test_half_and_nine_of_ten():
    waits = Waits.of([timedelta(minutes=minutes) for minutes in range(1, 12)])
    assert (waits.half, waits.most) == (timedelta(minutes=6), timedelta(minutes=10))
    assert Waits.of([HOUR]) == Waits(HOUR, HOUR)
    assert Waits.of([]) is None


class TestTheQuarter:
    def test_says_who_gains_and_how_long_leads_waited(self, market, now):
        market.add_leads(6)
        distribute(market.route, now=now)
        market.route.slots = 2
        market.route.save()
        found = compare_with_quarter(market.route, draft_policy(market.route), now=now)
        assert (found.leads, found.taken, found.unroutable, found.has_history) == (6, 6, 0, True)
        assert [(gain.had, gain.has) for gain in found.gains] == [(2, 4)] * 3
        assert found.waits == Waits(timedelta(), timedelta())
        assert found.waited.half > timedelta(days=1)

    def test_counts_what_another_rule_leaves_to_nobody(self, market, now):
        market.add_leads(4)
        market.add_leads(2, country_code="NO")
        distribute(market.route, now=now)
        market.route.countries = ["NO"]
        market.route.save()
        found = compare_with_quarter(market.route, draft_policy(market.route), now=now)
        assert (found.leads, found.taken) == (6, 2)
        assert sum(gain.change for gain in found.gains) == -4

    def test_counts_what_goes_on_and_what_had_gone_on(self, now):
        market = make_market(now, partners=0)
        onward = RouteFactory(products=[market.product], order=1)
        draft = rule(market, fallback=onward)
        market.add_leads(3)
        distribute(market.route, now=now)
        compared = compare_with_quarter(market.route, draft, now=now)
        assert (compared.leads, compared.taken, compared.unroutable) == (3, 3, 0)
        assert (compared.goes_on, compared.went_on) == (onward, 3)

    def test_leaves_out_what_a_route_before_takes(self, market, now):
        market.add_leads(3)
        market.add_leads(4, language="de")
        distribute(market.route, now=now)
        # It stands behind the market's route, which has them all; then before one that has some.
        catch_all = RouteFactory(programme=market.programme, products=[market.product], order=2)
        compared = compare_with_quarter(catch_all, draft_policy(catch_all), now=now)
        assert (compared.leads, compared.taken, compared.elsewhere, compared.gains) == (0, 0, 7, ())
        rule(market, languages=["de"])
        compared = compare_with_quarter(catch_all, draft_policy(catch_all), now=now)
        assert (compared.leads, compared.taken, compared.elsewhere) == (3, 3, 4)
        catch_all.order = 0
        catch_all.slug = "a-first-of-its-order"
        catch_all.save()
        compared = compare_with_quarter(catch_all, draft_policy(catch_all), now=now)
        assert (compared.taken, compared.elsewhere) == (7, 0)
        # What the route had in fact is lost by the draft.
        compared = compare_with_quarter(market.route, draft_policy(market.route), now=now)
        assert (compared.leads, compared.taken, compared.elsewhere) == (7, 0, 4)
        assert sum(gain.change for gain in compared.gains) == -7

    def test_takes_what_came_on_from_another_route_as_live(self):
        first = make_market(TUESDAY, partners=1)
        work(first, 0, opens_at=time(8), closes_at=time(12))
        programme = ProgrammeFactory(exams=[ExamFactory(questions=0)])
        # Of its own conditions on leads none is asked but for the product.
        route = RouteFactory(
            programme=programme, products=[first.product], languages=["fi"], in_working_hours=True, order=1
        )
        second = Market(first.now, first.region, first.product, programme, route)
        for place, hours in enumerate((7, 6)):
            second.add_partner()
            work(second, place, opens_at=time(hours), closes_at=time(hours + 4))
        rule(first, in_working_hours=True, fallback=route, fallback_hours=16)
        moments = [TUESDAY.replace(day=19, hour=hour) for hour in (10, 13, 14, 15)]
        live(first, moments, route)
        ways = LeadReroute.objects.all()
        assert {way.rerouted_at - way.lead.stored_at for way in ways} == {16 * HOUR}
        compared = compare_with_quarter(route, draft_policy(route), now=TUESDAY)
        assert (compared.leads, compared.taken, compared.arrived, compared.elsewhere) == (3, 3, 3, 0)
        assert [(gain.had, gain.has) for gain in compared.gains] in ([(1, 1), (2, 2)], [(2, 2), (1, 1)])
        assert compared.waits == compared.waited
        assert compared.waits == Waits.of([timedelta(), timedelta(), HOUR])
        before = compare_with_quarter(first.route, draft_policy(first.route), now=TUESDAY)
        assert [(gain.had, gain.has) for gain in before.gains] == [(1, 1)]
        assert (before.taken, before.went_on) == (4, 3)

    def test_offers_what_came_on_to_nobody_who_was_offered_it_before(self, now):
        first = make_market(now, partners=1)
        programme = ProgrammeFactory(exams=[ExamFactory(questions=0)])
        route = RouteFactory(programme=programme, products=[first.product], languages=["fi"], order=1)
        qualify(first.members[0], programme, now)
        Qualification.objects.update(opened_at=LONG_AGO)
        second = Market(now, first.region, first.product, programme, route)
        second.add_partner()
        rule(first, fallback=route)
        first.add_leads(2)
        distribute(first.route, now=now)
        for offer in Offer.objects.all():
            decline_offer(offer, reason=DeclineReason.NO_TIME, by=first.person(), now=now)
        distribute([first.route, route], now=now)
        compared = compare_with_quarter(route, draft_policy(route), now=now + HOUR)
        assert [(gain.name, gain.had, gain.has) for gain in compared.gains] == [(second.partners[0].name, 2, 2)]
        assert compared.waits == Waits(timedelta(), timedelta())
        # However old they are, when they came on is what counts.
        Lead.objects.update(stored_at=now - QUARTER - DAY)
        assert compare_with_quarter(route, draft_policy(route), now=now + HOUR).taken == 2

    def test_costs_no_more_queries_for_more_leads(self, market, now):
        def count():
            with CaptureQueriesContext(connection) as queries:
                compare_with_quarter(market.route, draft_policy(market.route), now=now)
            return len(queries)

        market.add_leads(2)
        distribute(market.route, now=now)
        few = count()
        market.add_leads(30)
        distribute(market.route, now=now)
        assert count() == few


class TestAFile:
    @pytest.fixture
    def source(self, market):
        columns = {"Id": Field.EXTERNAL_ID, "Day": Field.RECEIVED_ON, "Need": Field.PRODUCT, "Where": Field.REGION,
                   "Name": Field.CONTACT_NAME, "Score": Field.SCORE}  # fmt: skip
        return SourceFactory(columns=columns, products={"CRM": market.product}, regions={"North": market.region})

    def test_goes_through_it_and_keeps_nothing(self, market, source, now):
        rows = [
            f"{number},{(now - number * DAY):%Y-%m-%d},CRM,North,Ann,{number}" for number in range(1, 10)
        ] + ["10,2020-01-01,CRM,North,Ann,", "11,2026-11-01,What,North,Ann,"]  # fmt: skip
        content = "\n".join(["Id,Day,Need,Where,Name,Score", *rows]).encode()
        found = compare_with_file(market.route, draft_policy(market.route), content, source=source, now=now)
        assert (found.taken, found.left_out, found.has_history) == (9, 2, False)
        assert [gain.has for gain in found.gains] == [3, 3, 3]
        market.route.least_score = 7
        market.route.save()
        assert compare_with_file(
            market.route, draft_policy(market.route), content, source=source, now=now
        ).taken == 3  # fmt: skip
        assert not Lead.objects.exists()
        assert not Decision.objects.exists()

    def test_leaves_out_what_a_route_before_takes(self, client, market, source, now):
        behind = RouteFactory(programme=market.programme, products=[market.product], order=1)
        rule(market, least_score=7)
        rows = [f"{number},{now:%Y-%m-%d},CRM,North,Ann,{number}" for number in range(1, 10)]
        content = "\n".join(["Id,Day,Need,Where,Name,Score", *rows]).encode()
        found = compare_with_file(behind, draft_policy(behind), content, source=source, now=now)
        assert (found.taken, found.elsewhere, found.left_out) == (6, 3, 0)
        client.force_login(UserFactory(staff=True))
        file = SimpleUploadedFile("leads.csv", b"Id,Need,Where,Name,Score\n1,CRM,North,Ann,9", "text/csv")
        url = reverse("lead_routes:compare", args=[behind.pk])
        page = client.post(url, {"source": source.slug, "file": file}).content.decode()
        assert "1 lead that the draft would take is left out" in page

    def test_that_cannot_be_read_is_refused(self, market, source, now):
        with pytest.raises(Refusal):
            compare_with_file(market.route, draft_policy(market.route), b"Day\n1", source=source, now=now)

    def test_is_uploaded_on_the_page_of_the_route(self, client, market, source):
        client.force_login(UserFactory(staff=True))
        url = reverse("lead_routes:compare", args=[market.route.pk])
        assert "Against a file" in client.get(url).content.decode()
        file = SimpleUploadedFile("leads.csv", b"Id,Day,Need,Where,Name,Score\n1,,CRM,North,Ann,5", "text/csv")
        page = client.post(url, {"source": source.slug, "file": file}).content.decode()
        assert "The draft takes 1 of them." in page
        assert "Who would have them" in page
        broken = SimpleUploadedFile("leads.csv", b"Day\n1", "text/csv")
        refused = client.post(url, {"source": source.slug, "file": broken}).content.decode()
        assert "Who would have them" not in refused
        assert "No column of the file is the identity of a lead" in refused
