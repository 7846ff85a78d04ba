"""What went past a partner: what stopped it, what would change it, and nothing by which a customer could be recognised."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.leads.coarsening import AT_LEAST
from portal.leads.models import Decision, DeclineReason, LeadReroute, Offer
from portal.leads.routing import Verdict
from portal.leads.services.distribution import distribute
from portal.leads.services.holding import wake_due_leads
from portal.leads.services.missed import DELAY, list_missed_leads, told_between
from portal.leads.services.offers import decline_offer
from tests.factories.certification import ExamFactory, ProgrammeFactory
from tests.factories.content import ProductFactory
from tests.factories.leads import Market, OfferFactory, RouteFactory, make_market, put_in_force
from tests.factories.partners import MembershipFactory, PartnerFactory, RegionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def settled(now):
    """Two partners since long, as seen now: Tuesday, 24 November 2026, 9:00 UTC."""
    market = make_market(now - timedelta(days=150), partners=2, open_cap=500)
    market.now = now
    return market


def decide(market, count: int, *, days: float, **options) -> list:
    """So many leads decided that many days ago."""
    moment = market.now - timedelta(days=days)
    leads = market.add_leads(count, received_at=moment - timedelta(hours=1), **options)
    distribute(market.route, now=moment)
    return leads


def told(market, place: int = 0) -> list[tuple]:
    found = list_missed_leads(market.partners[place], now=market.now)
    return [(row.verdict, row.leads, row.week, row.region, row.product) for row in found.rows]


@pytest.mark.embedded
def test_leads_that_were_another_s_turn_are_told_by_week_region_and_product(settled):
    decide(settled, 10, days=11)
    monday = datetime(2026, 11, 9).date()  # noqa: DTZ001 -- a day
    assert told(settled) == [(Verdict.NOT_ITS_TURN, 5, monday, settled.region, settled.product)]
    assert told(settled, 1) == told(settled)


@pytest.mark.embedded
def test_each_condition_that_stopped_it_is_told_apart(settled):
    decide(settled, 10, days=11)
    settled.partners[0].qualifications.all().delete()
    decide(settled, 6, days=11)
    assert {row[:2] for row in told(settled)} == {(Verdict.NOT_ITS_TURN, 5), (Verdict.QUALIFICATION, 6)}
    assert [row[:2] for row in told(settled, 1)] == [(Verdict.NOT_ITS_TURN, 5)]


def test_products_that_are_too_few_are_merged(settled):
    other = ProductFactory()
    settled.route.products.add(other)
    settled.partners[0].products.clear()
    settled.partners[1].products.add(other)
    decide(settled, 3, days=11)
    decide(settled, 2, days=11, product=other)
    assert [(row[0], row[1], row[3], row[4]) for row in told(settled)] == [(Verdict.PRODUCT, 5, settled.region, None)]


def test_fewer_than_five_are_counted_and_not_described(settled):
    decide(settled, 2 * (AT_LEAST - 1), days=11)
    found = list_missed_leads(settled.partners[0], now=settled.now)
    assert (found.rows, found.others) == ((), AT_LEAST - 1)


def test_leads_of_other_regions_and_those_it_was_offered_are_not_among_them(settled):
    elsewhere = RegionFactory()
    settled.partners[1].regions.add(elsewhere)
    decide(settled, 20, days=11, region=elsewhere)
    decide(settled, 20, days=11)
    offered = Offer.objects.filter(partner=settled.partners[0], lead__region=settled.region).count()
    assert sum(row[1] for row in told(settled)) == 20 - offered


def test_a_lead_that_came_back_from_another_counts_once_by_its_last_decision(settled):
    settled.partners[0].qualifications.all().delete()
    settled.add_partner()
    decide(settled, 12, days=11)
    offers = list(Offer.objects.filter(partner=settled.partners[1]))
    member = settled.members[1]
    for offer in offers:
        decline_offer(
            offer, reason=DeclineReason.OTHER, note="", by=member.user, now=settled.now - timedelta(days=10.9)
        )
    distribute(settled.route, now=settled.now - timedelta(days=4))
    found = list_missed_leads(settled.partners[0], now=settled.now)
    assert Decision.objects.count() > 12
    assert sum(row.leads for row in found.rows) + found.others == 12
    assert {row.verdict for row in found.rows} == {Verdict.QUALIFICATION}


def name_next(market, **terms) -> Market:
    """A route with a programme and a partner of its own, to which the market's leads go on at once."""
    programme = ProgrammeFactory(exams=[ExamFactory(questions=0)])
    route = RouteFactory(programme=programme, products=[market.product], **terms)
    onward = Market(market.now - timedelta(days=150), market.region, market.product, programme, route)
    onward.add_partner()
    market.route.fallback, market.route.fallback_hours = route, 24
    market.route.save()
    put_in_force(market.route)
    return onward


def pass_on(market, onward, count: int, *, days: float) -> None:
    """Leads come that the first route leaves to the next one after a day."""
    decide(market, count, days=days)
    moment = market.now - timedelta(days=days - 1.5)
    wake_due_leads(now=moment)
    distribute([market.route, onward.route], now=moment)
    assert LeadReroute.objects.count() == count


@pytest.mark.embedded
def test_a_lead_that_went_on_says_what_stopped_the_partner_where_it_came_nearest(settled):
    onward = name_next(settled, open_cap=500)
    for partner in settled.partners:
        OfferFactory(lead=settled.add_leads(1, region=RegionFactory())[0], partner=partner)
    settled.route.open_cap = 1
    settled.route.save()
    put_in_force(settled.route)
    pass_on(settled, onward, 6, days=11)
    last = Decision.objects.filter(winner__isnull=False)
    assert {one.route for one in last} == {onward.route}
    assert {row[:2] for row in told(settled)} == {(Verdict.OPEN_CAP, 6)}
    assert list_missed_leads(settled.partners[0], now=settled.now).others == 0
    # Nobody of the next route missed it, nor does anybody of it read of the first one.
    assert told(onward) == []


@pytest.mark.embedded
def test_the_page_changes_once_a_day_whatever_is_decided_meanwhile(settled):
    settled.partners[0].qualifications.all().delete()
    settled.add_partner()
    decide(settled, 12, days=11)
    before = told(settled)
    Offer.objects.update(due_at=settled.now + timedelta(days=1))
    for offer in Offer.objects.filter(partner=settled.partners[1]):
        decline_offer(offer, reason=DeclineReason.OTHER, note="", by=settled.members[1].user, now=settled.now)
    distribute(settled.route, now=settled.now)
    assert Decision.objects.count() > 12
    assert told(settled) == before == [(Verdict.QUALIFICATION, 12, *before[0][2:])]


def test_a_lead_given_back_by_the_partner_itself_was_not_missed(settled):
    decide(settled, 1, days=11)
    offer = Offer.objects.get()
    place = settled.partners.index(offer.partner)
    decline_offer(
        offer,
        reason=DeclineReason.OTHER,
        note="",
        by=settled.members[place].user,
        now=settled.now - timedelta(days=10.5),
    )
    distribute(settled.route, now=settled.now - timedelta(days=9))
    assert list_missed_leads(offer.partner, now=settled.now).others == 0


def test_the_time_told_is_whole_weeks_of_ninety_days_up_to_a_day_ago(now):
    since, until = told_between(now)
    assert since == datetime(2026, 8, 31, tzinfo=UTC)
    assert since.weekday() == 0
    assert until == datetime(2026, 11, 23, tzinfo=UTC)
    assert now - until >= DELAY


@pytest.mark.parametrize(("days", "leads"), [(0.5, 0), (1.0, 0), (1.5, 6), (80, 6), (91, 0)])
def test_what_is_younger_than_a_day_or_older_than_ninety_is_not_told(settled, days, leads):
    settled.partners[0].qualifications.all().delete()
    decide(settled, 6, days=days)
    assert sum(row[1] for row in told(settled)) == leads


def test_the_running_week_is_told_for_all_regions_and_products_together(settled):
    settled.now += timedelta(days=3)  # Friday
    settled.partners[0].qualifications.all().delete()
    decide(settled, 6, days=2)
    assert [row[:2] + row[3:] for row in told(settled)] == [(Verdict.QUALIFICATION, 6, None, None)]
    settled.now += timedelta(days=5)
    assert [row[3:] for row in told(settled)] == [(settled.region, settled.product)]


def test_decisions_from_before_the_partner_took_part_are_not_told(settled):
    decide(settled, 12, days=20)
    newcomer = settled.add_partner()
    found = list_missed_leads(newcomer, now=settled.now)
    assert (found.rows, found.others) == ((), 0)


def test_reading_costs_the_same_for_few_and_many_leads(settled):
    counts = []
    for size, days in ((12, 11), (120, 18)):
        decide(settled, size, days=days)
        settled.add_partner()
        decide(settled, size, days=days - 1)
        with CaptureQueriesContext(connection) as queries:
            list_missed_leads(settled.partners[0], now=settled.now)
        counts.append(len(queries))
    assert counts == [5, 5]


# --- The page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def lively(db):
    market = make_market(timezone.now() - timedelta(days=150), partners=2, open_cap=500)
    market.now = timezone.now()
    return market


def open_page(client, member) -> str:
    client.force_login(member.user)
    response = client.get(reverse("leads:missed"))
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_says_what_stopped_it_and_when_the_next_turn_comes(client, lively):
    decide(lively, 12, days=11)
    text = open_page(client, lively.members[0])
    assert "It was another partner" in text
    assert "your next turn is expected" in text
    assert lively.region.name["en"] in text
    assert reverse("leads:turns") in text


def test_the_page_names_the_page_where_the_change_begins(client, lively):
    lively.partners[0].qualifications.all().delete()
    decide(lively, 6, days=11)
    text = open_page(client, lively.members[0])
    assert "Not qualified in the programme" in text
    assert reverse("certification:standing") in text


def test_nothing_of_a_lead_but_week_region_and_product_is_on_the_page(client, lively):
    leads = decide(lively, 14, days=11, sector="beekeeping", employees=4711, country="Liechtenstein")
    text = open_page(client, lively.members[0])
    for lead in leads:
        for hidden in (lead.company, lead.external_id, lead.public_id, lead.contact.name, lead.contact.message):
            assert hidden not in text
    for hidden in ("beekeeping", "4711", "4,711", "Liechtenstein", "buyer@customer.example", "55501"):
        assert hidden not in text
    assert lively.partners[1].name not in text


def test_others_are_one_line(client, lively):
    decide(lively, 4, days=11)
    assert "Besides 2 other leads" in open_page(client, lively.members[0])


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("placeless", "You have no region yet"),
        ("qualified", "Nothing went past you"),
        ("not", "still lacks to take part"),
    ],
)
def test_an_empty_page_says_why_and_what_next(client, lively, who, words):
    match who:
        case "placeless":
            member = MembershipFactory(partner=PartnerFactory(), roles=["owner"])
        case "qualified":
            member = lively.members[0]
        case _:
            lively.partners[0].qualifications.all().delete()
            member = lively.members[0]
    assert words in open_page(client, member)


def test_the_page_costs_the_same_for_few_and_many(client, lively):
    counts = []
    for size, days in ((12, 11), (60, 18)):
        decide(lively, size, days=days)
        open_page(client, lively.members[0])
        with CaptureQueriesContext(connection) as queries:
            open_page(client, lively.members[0])
        counts.append(len(queries))
    assert counts[0] == counts[1]
