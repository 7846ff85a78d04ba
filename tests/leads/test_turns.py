"""A partner's turns: what is read is what was booked, and what is expected happens."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from portal.leads.labels import HINDRANCES, VERDICTS, describe_hindrance
from portal.leads.models import Decision, Offer, Route, RouteCredit
from portal.leads.reports import describe_about, describe_balance, draw_credit
from portal.leads.routing import TURN, Verdict
from portal.leads.services.distribution import distribute
from portal.leads.services.turns import HISTORY, expect_next_turn, list_turns
from portal.partners.services.agreements import withdraw_acceptance
from tests.factories.content import ProductFactory
from tests.factories.leads import RouteFactory, make_market, put_in_force
from tests.factories.partners import MembershipFactory, PartnerFactory, RegionFactory, TierFactory

pytestmark = pytest.mark.django_db


def serve(market, count: int, *, ago: timedelta = timedelta(0), **options) -> None:
    """So many leads, each distributed at its own moment, the last one ``ago``."""
    for number in range(count):
        moment = market.now - ago - timedelta(hours=count - number)
        market.add_leads(1, received_at=moment, **options)
        distribute(market.route, now=moment)


@pytest.fixture
def settled(now):
    """A market that has gone on for a while, as seen now."""
    market = make_market(now - timedelta(days=60), partners=3, open_cap=500)
    market.now = now
    return market


def read(market, place: int = 0):
    (turns,) = list_turns(market.partners[place], now=market.now)
    return turns


@pytest.mark.embedded
def test_turns_served_and_credit_add_up_to_what_the_partner_was_entitled_to(settled):
    serve(settled, 7)
    for place, partner in enumerate(settled.partners):
        turns = read(settled, place)
        assert turns.served == Offer.objects.filter(partner=partner).count()
        assert turns.credit == RouteCredit.objects.get(partner=partner).credit
        assert turns.entitled == pytest.approx(7 / 3)
        assert turns.deviation <= turns.bound == 0.75
        assert (turns.weight, turns.weights, round(turns.share, 4)) == (1, (1, 1, 1), 0.3333)


def test_weights_of_tiers_make_the_share(now):
    tiers = [TierFactory(rank=1), TierFactory(rank=2)]
    market = make_market(now, partners=1, weights={tiers[0]: 1, tiers[1]: 3})
    market.add_partner(rank=2)
    assert [(read(market, place).weight, read(market, place).share) for place in (0, 1)] == [(1, 0.25), (3, 0.75)]


@pytest.mark.parametrize("served", [0, 1, 2, 5])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_expected_lead_is_the_one_that_comes(settled, served, place):
    serve(settled, served)
    expected = read(settled, place).next_lead
    settled.add_leads(expected, received_at=settled.now)
    distribute(settled.route, now=settled.now)
    last = Decision.objects.order_by("-tick").first()
    assert last.winner == settled.partners[place]
    assert not Decision.objects.filter(tick__gt=served, tick__lt=last.tick, winner=settled.partners[place]).exists()


def test_about_when_follows_from_the_leads_of_the_last_weeks(settled):
    serve(settled, 5, ago=timedelta(days=40))
    serve(settled, 14, ago=timedelta(days=2))
    turns = read(settled)
    assert turns.next_at == settled.now + timedelta(days=2) * turns.next_lead


def test_of_a_route_with_too_few_leads_no_day_is_said(settled):
    serve(settled, 3, ago=timedelta(days=9))
    turns = read(settled)
    assert turns.next_lead is not None
    assert turns.next_at is None


def test_leads_of_other_regions_lie_between_as_often_as_lately(settled):
    east = RegionFactory()
    settled.partners[1].regions.set([east])
    settled.partners[2].regions.set([east])
    serve(settled, 3, region=east)
    serve(settled, 1)
    turns = read(settled)
    assert turns.next_lead == 4
    assert turns.weights == (1,)
    assert turns.bound == 0


def test_a_region_from_which_nothing_came_lately_has_no_turn_to_expect(settled):
    serve(settled, 3)
    settled.partners[0].regions.set([RegionFactory()])
    turns = read(settled)
    assert turns.stop is None
    assert turns.next_lead is None


@pytest.mark.embedded
def test_the_history_is_the_credit_before_each_of_the_last_turns_and_now(settled):
    settled.partners[2].regions.set([RegionFactory()])
    serve(settled, 70)
    turns = read(settled, 1)
    assert len(turns.history) == HISTORY + 1
    assert turns.history[-1] == turns.credit
    half = TURN // 2
    for before, after, won in zip(turns.history, turns.history[1:], turns.history_won, strict=False):
        assert after - before == half - (TURN if won else 0)
    curve = draw_credit(turns)
    assert len(curve.line.split()) == HISTORY + 1
    assert len(curve.notches) == sum(turns.history_won) == 30


def test_turns_for_which_it_did_not_compete_are_not_in_the_history(settled):
    serve(settled, 4, region=RegionFactory())
    assert read(settled).history == ()
    assert draw_credit(read(settled)) is None


def test_the_history_holds_when_the_list_of_partners_changes(settled):
    serve(settled, 3)
    settled.add_partner(rank=2)
    settled.add_partner(qualified=False)
    serve(settled, 4)
    turns = read(settled, 1)
    stored = [decision.credits[1] for decision in Decision.objects.order_by("tick")]
    assert list(turns.history[:-1]) == stored


@pytest.mark.parametrize("what", ["qualification", "agreement", "territory", "cap"])
def test_what_keeps_the_partner_from_its_turn_is_said(settled, what):
    partner = settled.partners[0]
    serve(settled, 3)
    match what:
        case "qualification":
            partner.qualifications.all().delete()
        case "agreement":
            withdraw_acceptance(partner.acceptances.get(), by=settled.person(), now=settled.now)
        case "territory":
            partner.regions.clear()
        case "cap":
            Route.objects.update(open_cap=1)
            put_in_force(Route.objects.get())
    turns = read(settled)
    assert (
        turns.stop
        == {
            "qualification": Verdict.QUALIFICATION,
            "agreement": Verdict.AGREEMENT,
            "territory": Verdict.TERRITORY,
            "cap": Verdict.OPEN_CAP,
        }[what]
    )
    assert turns.takes_part == (what == "cap")
    assert (turns.next_lead is None) == (what != "cap")


def test_a_route_without_leads_for_the_partner_is_not_listed(market, now):
    RouteFactory(programme=market.programme, products=[ProductFactory()])
    RouteFactory(programme=market.programme, products=[market.product], regions=[RegionFactory()])
    assert [turns.route for turns in list_turns(market.partners[0], now=now)] == [market.route]
    assert list_turns(PartnerFactory(), now=now) == []


def test_what_declining_costs_is_reckoned_with_the_turn_already_spent(settled):
    serve(settled, 14, ago=timedelta(days=1))
    offer = Offer.objects.order_by("-tick").first()
    found = expect_next_turn(offer, now=settled.now)
    assert found == next(iter(list_turns(offer.partner, now=settled.now)))
    assert found.next_lead > 1


def test_reading_costs_the_same_for_few_and_many_leads_routes_and_partners(settled):
    counts = []
    for size in (4, 40):
        serve(settled, size)
        for _number in range(size // 10):
            settled.add_partner()
            RouteFactory(programme=settled.programme, products=[settled.product])
        with CaptureQueriesContext(connection) as queries:
            list_turns(settled.partners[0], now=settled.now)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= 17


# --- Words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today"), (1, "tomorrow"), (2, "about Thursday"), (6, "about Monday"), (7, "about 1 Dec"),
        (300, "about 20 Sep 2027"),
    ],
)  # fmt: skip
def test_a_day_is_said_as_people_say_it(now, days, words):
    assert describe_about(now + timedelta(days=days), now=now) == words


@pytest.mark.parametrize(
    ("credit", "words"),
    [(0.434, "0.43 turns owed to you"), (-0.5, "0.50 turns in advance"), (0.001, "even"), (0, "even")],
)
def test_a_credit_is_said_in_plain_words(credit, words):
    assert describe_balance(credit) == words


def test_every_verdict_has_words_for_staff_and_whatever_stops_a_partner_has_words_for_it():
    assert set(VERDICTS) == set(Verdict)
    assert set(HINDRANCES) == set(Verdict) - {Verdict.WINNER}
    assert describe_hindrance(Verdict.WINNER).remedy


@pytest.mark.parametrize("hindrance", HINDRANCES.values(), ids=lambda hindrance: str(hindrance.condition))
def test_each_change_begins_on_a_page_that_exists(hindrance):
    assert not hindrance.url or reverse(hindrance.url)
    assert bool(hindrance.url) == bool(hindrance.action)


# --- The page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def lively(db):
    market = make_market(timezone.now() - timedelta(days=60), partners=3, open_cap=500)
    market.now = timezone.now()
    return market


def open_page(client, market, name: str = "turns") -> str:
    client.force_login(market.person())
    with translation.override("en"):
        response = client.get(reverse(f"leads:{name}"))
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_says_place_day_balance_and_bound(client, lively):
    serve(lively, 3, ago=timedelta(days=40))
    serve(lively, 27, ago=timedelta(days=1))
    text = open_page(client, lively)
    turns = read(lively)
    with timezone.override("UTC"):  # the reader's
        assert describe_about(turns.next_at, now=lively.now) in text
    assert describe_balance(turns.balance) in text
    assert "33\u00a0%" in text
    assert "0.75" in text
    assert "3 partners compete" in text
    assert "Of the last 30 turns that you competed for you got 10." in text
    assert "<polyline" in text
    assert "style=" not in text.split("<main")[1]


def test_the_page_is_honest_where_no_day_can_be_said(client, lively):
    serve(lively, 2)
    text = open_page(client, lively)
    assert "On which day cannot be said" in text


def test_a_partner_without_leads_yet_reads_that_all_begin_at_zero(client, lively):
    text = open_page(client, lively)
    assert "Everyone begins at zero" in text
    assert "<polyline" not in text


def test_a_partner_that_is_not_qualified_yet_reads_what_to_do(client, lively):
    lively.partners[0].qualifications.all().delete()
    text = open_page(client, lively)
    assert "No turns at present" in text
    assert lively.programme.title["en"] in text
    assert reverse("certification:standing") in text


def test_a_partner_for_which_no_route_has_leads_reads_why(client, lively):
    client.force_login(MembershipFactory(partner=PartnerFactory(), roles=["owner"]).user)
    assert "No route has leads for you yet" in client.get(reverse("leads:turns")).content.decode()


def test_another_partner_s_name_is_nowhere_on_the_page(client, lively):
    serve(lively, 9)
    text = open_page(client, lively)
    assert not any(partner.name in text for partner in lively.partners[1:])


def test_the_page_costs_the_same_for_few_and_many(client, lively):
    counts = []
    for size in (4, 40):
        serve(lively, size)
        open_page(client, lively)
        with CaptureQueriesContext(connection) as queries:
            open_page(client, lively)
        counts.append(len(queries))
    assert counts[0] == counts[1]
