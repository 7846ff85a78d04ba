"""Two at once, and one that dies in the middle: on PostgreSQL, with real processes and real locks."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from django.db import connection
from django.db.models import Count, Q, Sum
from django.utils import timezone

from portal.core.errors import Refusal
from portal.leads.models import (
    Decision,
    DeclineReason,
    Lead,
    LeadReroute,
    LeadStatus,
    Offer,
    OfferState,
    RouteCredit,
)
from portal.leads.rows import Submission
from portal.leads.services.distribution import distribute, distribute_waiting_leads
from portal.leads.services.holding import wake_held_leads
from portal.leads.services.intake import receive_leads
from portal.leads.services.offers import accept_offer, decline_offer, expire_due_offers
from portal.leads.services.replays import replay_decisions
from tests.at_once import at_once
from tests.factories.leads import Market, RouteFactory, SourceFactory, make_market
from tests.factories.partners import MembershipFactory
from tests.soak import FACTOR

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("sqlite" in os.environ.get("GUILDHALL_TEST_ENGINE", ""), reason="locks are PostgreSQL's"),
]

ROOT = Path(__file__).resolve().parents[2]


def start_worker(*arguments: str) -> subprocess.Popen[bytes]:
    """A process of its own, on the test's database."""
    settings = connection.settings_dict
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**settings),
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "distribute_leads", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def add_many_leads(market: Market, count: int, prefix: str) -> None:
    source = SourceFactory(slug=prefix)
    receive_leads(
        [
            Submission(
                external_id=f"{prefix}-{number}", company="Firm", product=market.product.slug, region=market.region.slug
            )
            for number in range(count)
        ],
        source=source,
        now=market.now,
    )


@pytest.fixture
def quiet(monkeypatch):
    """Facts are not handed on in this process: only the workers distribute."""
    monkeypatch.setattr("portal.core.services.outbox.wake", None)


def assert_whole(*routes, slots: int = 1) -> None:
    """What must be true of every lead, decision and credit, whoever died."""
    offered = Lead.objects.annotate(open_offers=Count("offers", filter=Q(offers__state=OfferState.OPEN)))
    assert not offered.filter(status=LeadStatus.OFFERED).exclude(open_offers=slots).exists()
    assert not offered.exclude(status=LeadStatus.OFFERED).exclude(open_offers=0).exists()
    assert not Lead.objects.new().exists()
    assert not Lead.objects.held().filter(held_reason="").exists()
    for route in routes:
        assert RouteCredit.objects.filter(route=route).aggregate(total=Sum("credit"))["total"] in (0, None)
        ticks = list(
            Decision.objects.filter(route=route, tick__isnull=False).order_by("tick").values_list("tick", flat=True)
        )
        assert ticks == list(range(1, len(ticks) + 1))
        assert Offer.objects.filter(route=route).count() == len(ticks)


@pytest.mark.usefixtures("quiet")
def test_two_processes_distribute_at_once_and_one_is_killed_in_the_middle():
    market = make_market(timezone.now(), partners=5, open_cap=10_000)
    second = RouteFactory(programme=market.programme, products=[market.product], open_cap=10_000)
    add_many_leads(market, 3000, "many")
    for lead in Lead.objects.filter(pk__in=list(Lead.objects.order_by("pk").values_list("pk", flat=True)[::3])):
        Lead.objects.filter(pk=lead.pk).update(route=second, policy=second.policies.get())
    victim, survivor = start_worker(), start_worker()
    try:
        deadline = time.monotonic() + 60
        while Offer.objects.count() < 200 and time.monotonic() < deadline:
            time.sleep(0.01)
        victim.send_signal(signal.SIGKILL)
        assert victim.wait(timeout=10) == -signal.SIGKILL  # it was still at work
        done = Offer.objects.count()
        assert done < 3000
        _output, errors = survivor.communicate(timeout=120)
        assert survivor.returncode == 0, errors.decode()
    finally:
        for process in (victim, survivor):
            process.kill()
            process.communicate()
    # What the killed one had claimed was free again; the sweeper finds whatever the other had passed by.
    distribute_waiting_leads(now=timezone.now())
    assert_whole(market.route, second)
    assert Lead.objects.filter(status=LeadStatus.OFFERED).count() == 3000


@pytest.mark.skipif(FACTOR == 1, reason="minutes: a part of make soak")
@pytest.mark.usefixtures("quiet")
def test_workers_are_killed_at_random_points_until_everything_is_distributed():
    random = Random(20261130)
    market = make_market(timezone.now(), partners=6, open_cap=10_000, slots=2)
    second = RouteFactory(programme=market.programme, products=[market.product], open_cap=10_000, slots=2)
    add_many_leads(market, 4000, "many")
    # A third route has nobody, and lets its leads go on to the first one.
    third = RouteFactory(products=[market.product], fallback=market.route)
    for place, route in ((1, second), (2, third)):
        some = Lead.objects.filter(pk__in=list(Lead.objects.order_by("pk").values_list("pk", flat=True)[place::3]))
        some.update(route=route, policy=route.policies.get())
    going_on = Lead.objects.filter(route=third).count()
    killed = 0
    while Lead.objects.new().exists():
        workers, before = [start_worker(), start_worker()], Offer.objects.count()
        try:
            while Offer.objects.count() == before and any(worker.poll() is None for worker in workers):
                time.sleep(0.005)
            time.sleep(random.uniform(0, 0.2))
        finally:
            for worker in workers:
                killed += worker.poll() is None
                worker.kill()
                worker.communicate()
    assert killed >= 10
    assert_whole(market.route, second, third, slots=2)
    assert Lead.objects.filter(status=LeadStatus.OFFERED).count() == 4000
    assert LeadReroute.objects.count() == going_on
    for route in (market.route, second, third):
        assert replay_decisions(route).disagreement is None


@pytest.mark.usefixtures("quiet")
def test_the_cap_holds_while_two_routes_are_distributed_at_once():
    market = make_market(timezone.now(), partners=4, open_cap=15)
    second = RouteFactory(programme=market.programme, products=[market.product], open_cap=15)
    add_many_leads(market, 120, "first")
    Lead.objects.update(route=second, policy=second.policies.get())
    first = Lead.objects.filter(pk__in=list(Lead.objects.values_list("pk", flat=True)[:60]))
    first.update(route=market.route, policy=market.route.policies.get())
    at_once(
        lambda: distribute(market.route, now=timezone.now()),
        lambda: distribute(second, now=timezone.now()),
    )
    per_partner = Offer.objects.open().order_by().values_list("partner").annotate(Count("pk"))
    assert dict(per_partner) == {partner.pk: 15 for partner in market.partners}
    assert_whole(market.route, second)


@pytest.mark.usefixtures("quiet")
def test_of_two_colleagues_in_the_same_second_one_gets_the_lead_and_the_other_a_name():
    now = timezone.now()
    market = make_market(now, partners=1)
    colleague = MembershipFactory(partner=market.partners[0]).user
    market.add_leads(6)
    distribute(market.route, now=now)
    for offer in Offer.objects.all():
        results = at_once(
            lambda offer=offer: accept_offer(offer, by=market.person(), now=now),
            lambda offer=offer: accept_offer(offer, by=colleague, now=now),
        )
        refusals = [result for result in results if isinstance(result, Refusal)]
        assert len(refusals) == 1, results
        offer.refresh_from_db()
        assert offer.closed_by.get_full_name() in str(refusals[0].message)


@pytest.mark.usefixtures("quiet")
def test_an_offer_is_accepted_or_expires_and_never_both():
    now = timezone.now()
    market = make_market(now, partners=1)
    market.add_leads(8)
    distribute(market.route, now=now)
    for offer in Offer.objects.all():
        accepted, _count = at_once(
            lambda offer=offer: accept_offer(offer, by=market.person(), now=offer.due_at - timedelta(seconds=1)),
            lambda offer=offer: expire_due_offers(now=offer.due_at),
        )
        offer.refresh_from_db()
        offer.lead.refresh_from_db()
        if isinstance(accepted, Refusal):
            assert (offer.state, offer.lead.status) == (OfferState.EXPIRED, LeadStatus.NEW)
        else:
            assert (offer.state, offer.lead.status) == (OfferState.ACCEPTED, LeadStatus.ACCEPTED), accepted
        Offer.objects.open().update(due_at=now + timedelta(days=9))


@pytest.mark.usefixtures("quiet")
def test_two_imports_of_one_file_at_once_store_each_lead_once():
    now = timezone.now()
    market = make_market(now, partners=0)
    source = SourceFactory()
    batch = [
        Submission(external_id=str(number), company="Firm", product=market.product.slug, region=market.region.slug)
        for number in range(300)
    ]
    results = at_once(
        lambda: receive_leads(batch, source=source, now=now), lambda: receive_leads(batch, source=source, now=now)
    )
    assert sorted(len(result) for result in results) == [0, 300]
    assert Lead.objects.count() == 300


@pytest.mark.usefixtures("quiet")
def test_answers_and_waking_from_all_sides_leave_everything_whole():
    now = timezone.now()
    market = make_market(now, partners=3, open_cap=4)
    add_many_leads(market, 60, "sides")
    distribute(market.route, now=now)

    def answer(place: int) -> None:
        partner = market.partners[place]
        for number, offer in enumerate(Offer.objects.open().filter(partner=partner)[:6]):
            if number % 2:
                decline_offer(offer, reason=DeclineReason.NO_TIME, by=market.person(place), now=now)
            else:
                accept_offer(offer, by=market.person(place), now=now)
            wake_held_leads(partner_ids=[partner.pk], now=now)

    results = at_once(
        *[lambda place=place: answer(place) for place in range(3)], lambda: distribute_waiting_leads(now=now)
    )
    assert not [result for result in results if isinstance(result, Exception)], results
    wake_held_leads(partner_ids=[partner.pk for partner in market.partners], now=now)
    distribute_waiting_leads(now=now)
    assert_whole(market.route)
    assert {Offer.objects.open().filter(partner=partner).count() for partner in market.partners} == {4}


@pytest.mark.usefixtures("quiet")
def test_two_processes_let_the_same_leads_go_on_to_another_route_once():
    now = timezone.now()
    market = make_market(now, partners=2, open_cap=100)
    first = RouteFactory(products=[market.product], fallback=market.route)  # nobody is qualified in its programme
    market.add_leads(30, route=first)
    both = [first, market.route]
    at_once(lambda: distribute(both, now=now), lambda: distribute(both, now=now))
    distribute_waiting_leads(now=now)
    assert (
        LeadReroute.objects.count() == Lead.objects.filter(route=market.route, status=LeadStatus.OFFERED).count() == 30
    )
    assert_whole(first, market.route)
