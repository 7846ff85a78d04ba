"""Leads drained by the distributor on PostgreSQL, beside bare SQL that writes the same rows in as many transactions.

Eight routes of one programme, 500 partners qualified in it, in four tiers of different weights. Each partner works in one
region; of the size follows how many of them a lead's region has, which is how many compete for it.

``lead-distribution``
    one process, all routes, in batches as ever: gate, choices, decisions, offers, credits, facts; what follows from
    the facts is left to the workers, as in production. ``bytes``: of a decision, with its share of the roster.
``lead-distribution-two``
    two processes at once, with half of the routes each.
``lead-distribution-sql``
    the limit: the rows of the first, known beforehand, written by one statement per table and batch.

Leads per second and the ratio are by the clock, so that the database's own work counts; the CPU is this process's for a
lead; p50 and p95 are of a batch of 100, and so are the queries.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from portal.core.models import Fact
from portal.leads.models import Decision, Lead, LeadStatus, Offer, Roster, RouteCredit
from portal.leads.routing import COMPETED, TURN, accrue
from portal.leads.services.distribution import BATCH, Distributed, distribute
from portal.partners.models import Partner
from tests.bench.frame import Figures
from tests.factories.leads import RouteFactory, SourceFactory, add_partners_in_bulk, make_market
from tests.factories.partners import RegionFactory, TierFactory

PARTNERS = 500
ROUTES = 8
WEIGHTS = {1: 1, 2: 2, 3: 3, 4: 5}
SIZES = [{"leads": leads, "eligible": eligible} for eligible in (50, PARTNERS) for leads in (1_000, 10_000)]
#: Rounds by the number of leads: what takes half a second is disturbed by whatever else the machine does.
ROUNDS = {1_000: 9, 10_000: 3}

ROOT = Path(__file__).resolve().parents[2]
#: What PostgreSQL adds to each row, in bytes.
ROW_HEADER = 28
WRITTEN = (Decision, Offer, RouteCredit, Roster, Fact)


class Office:
    """Routes, partners and leads; everything distributed can be taken back, to be distributed again."""

    def __init__(self, *, leads: int, eligible: int, partners: int, routes: int) -> None:
        self.now = timezone.now()
        self.size = leads
        weights = {TierFactory(rank=rank): weight for rank, weight in WEIGHTS.items()}
        options: dict[str, Any] = {"open_cap": 10_000, "weights": weights}
        market = make_market(self.now, partners=0, **options)
        self.routes = [market.route] + [
            RouteFactory(programme=market.programme, products=[market.product], **options)
            for _number in range(routes - 1)
        ]
        regions = [RegionFactory() for _number in range(partners // eligible)]
        works_in = Partner.regions.through
        with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
            found = add_partners_in_bulk(market, partners)  # each with a member, who need not sign in
        works_in.objects.all().delete()
        works_in.objects.bulk_create(
            works_in(partner_id=partner.pk, region_id=regions[place % len(regions)].pk)
            for place, partner in enumerate(found)
        )
        source = SourceFactory()
        policies = [route.policies.get() for route in self.routes]
        Lead.objects.bulk_create(
            (
                Lead(
                    source=source,
                    external_id=str(number),
                    route=self.routes[number % routes],
                    policy=policies[number % routes],
                    product=market.product,
                    region=regions[number // routes % len(regions)],
                    company=f"Customer {number} Ltd",
                    received_at=self.now,
                    stored_at=self.now,
                )
                for number in range(leads)
            ),
            batch_size=1000,
        )
        self.forget()

    def forget(self) -> None:
        """As if nothing had been distributed, and nothing left behind that slows the next down."""
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in WRITTEN)} CASCADE")
            Lead.objects.exclude(status=LeadStatus.NEW).update(status=LeadStatus.NEW)
            cursor.execute("VACUUM (FULL, ANALYZE) leads_lead")

    def drain(self) -> list[float]:
        """Distribute everything; the seconds that each batch took."""
        times = []
        done = None
        while done != Distributed():
            began = time.perf_counter()
            done = distribute(self.routes, limit=BATCH, now=self.now)
            times.append(time.perf_counter() - began)
        return times

    def assert_drained(self) -> None:
        drained = (
            Lead.objects.filter(status=LeadStatus.OFFERED).count(),
            Offer.objects.count(),
            Decision.objects.count(),
        )
        if set(drained) != {self.size}:
            raise RuntimeError(f"Of {self.size} leads: {drained} offered, offers, decisions")


# --- The limit: the same rows, known beforehand ------------------------------------------------------------------------


@dataclass
class Batch:
    """The rows of one transaction as the database is given them: a text for each table."""

    decisions: str
    offers: str
    credits: str
    lead_ids: list[int]


def read_batches() -> Iterator[Batch]:
    """What the distributor has written, a fact a transaction."""
    credits: dict[int, dict[int, int]] = defaultdict(dict)
    rosters = dict(Roster.objects.values_list("pk", "entries"))
    for fact in Fact.objects.filter(name="leads_offered").order_by("pk"):
        offers = Offer.objects.filter(pk__in=fact.payload["offer_ids"]).order_by("pk")
        decisions = Decision.objects.filter(lead__in=offers.values("lead")).order_by("pk")
        moved: dict[tuple[int, int], int] = {}
        for decision in decisions:
            entries = zip(rosters[decision.roster_id], decision.verdicts, strict=True)
            competed = sorted((entry[0], entry[1]) for entry, letter in entries if letter in COMPETED)
            booked = credits[decision.route_id]
            for partner, units in accrue(tuple(competed)).items():
                booked[partner] = booked.get(partner, 0) + units - TURN * (partner == decision.winner_id)
                moved[decision.route_id, partner] = booked[partner]
        yield Batch(
            _write(decisions.values(*DECISION_COLUMNS)),
            _write(offers.values(*OFFER_COLUMNS)),
            _write({"route_id": route, "partner_id": one, "credit": units} for (route, one), units in moved.items()),
            list(offers.values_list("lead", flat=True)),
        )


def _write(rows: Iterable[dict[str, Any]]) -> str:
    return json.dumps(list(rows), default=datetime.isoformat)


DECISION_COLUMNS = ("lead_id", "route_id", "roster_id", "tick", "made_at", "winner_id", "verdicts", "credits")
OFFER_COLUMNS = ("public_id", "lead_id", "partner_id", "route_id", "tick", "made_at", "due_at")
WRITE_DECISIONS = """
    INSERT INTO leads_decision (lead_id, route_id, roster_id, tick, made_at, winner_id, verdicts, credits)
    SELECT * FROM json_to_recordset(%s) AS row(lead_id bigint, route_id bigint, roster_id bigint, tick bigint,
        made_at timestamptz, winner_id bigint, verdicts text, credits jsonb)
"""
WRITE_OFFERS = """
    INSERT INTO leads_offer (public_id, lead_id, partner_id, route_id, tick, made_at, due_at, slot, state, decline_reason,
        decline_note, override_reason)
    SELECT *, 1, 'open', '', '', '' FROM json_to_recordset(%s) AS row(public_id text, lead_id bigint, partner_id bigint,
        route_id bigint, tick bigint, made_at timestamptz, due_at timestamptz)
    RETURNING id
"""
WRITE_CREDITS = """
    INSERT INTO leads_routecredit (route_id, partner_id, credit)
    SELECT * FROM json_to_recordset(%s) AS row(route_id bigint, partner_id bigint, credit bigint)
    ON CONFLICT (route_id, partner_id) DO UPDATE SET credit = EXCLUDED.credit
"""
WRITE_LEADS = (
    "UPDATE leads_lead SET status = 'offered', held_reason = '', held_at = NULL, recheck_at = NULL WHERE id = ANY(%s)"
)
WRITE_FACT = """
    INSERT INTO core_fact (name, payload, announced_at, due_at, tries, last_error)
    VALUES ('leads_offered', %s, %s, %s, 0, '')
"""


def write_batch(batch: Batch, *, now: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WRITE_DECISIONS, [batch.decisions])
        cursor.execute(WRITE_OFFERS, [batch.offers])
        offer_ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(WRITE_CREDITS, [batch.credits])
        cursor.execute(WRITE_LEADS, [batch.lead_ids])
        cursor.execute(WRITE_FACT, [json.dumps({"offer_ids": offer_ids}), now, now])


# --- Measuring ---------------------------------------------------------------------------------------------------------


@dataclass
class Measured:
    """What the rounds of one contender took, in seconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    batches: list[float] = field(default_factory=list)
    queries: int = 0

    def play(self, call: Callable[[], list[float]]) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        self.batches += call()
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)

    def describe(self, work: str, size: dict[str, Any], *, leads: int, limit: "Measured") -> Figures:
        times = sorted(self.batches)
        ratios = [spent / allowed for spent, allowed in zip(self.wall, limit.wall, strict=True)]
        return Figures(
            work=work,
            size=size,
            per_second=round(leads / statistics.median(self.wall), 1),
            cpu_ms=round(statistics.median(self.cpu) / leads * 1000, 4),
            p50_ms=round(statistics.median(times) * 1000, 3),
            p95_ms=round(times[int(len(times) * 0.95)] * 1000, 3),
            queries=self.queries,
            limit="lead-distribution-sql",
            ratio=round(statistics.median(ratios), 2),
        )


def write_all(batches: list[Batch], *, now: datetime) -> list[float]:
    times = []
    for batch in batches:
        began = time.perf_counter()
        write_batch(batch, now=now)
        times.append(time.perf_counter() - began)
    return times


def weigh_decision() -> int:
    """Bytes of a stored decision, mean: its columns, also those that lie beside the row, and its share of the roster."""
    total = 0
    with connection.cursor() as cursor:
        for model in (Decision, Roster):
            stored = " + ".join(
                f"coalesce(pg_column_size({column.column}), 0)" for column in model._meta.concrete_fields
            )
            cursor.execute(f"SELECT coalesce(sum({ROW_HEADER} + {stored}), 0) FROM {model._meta.db_table}")
            total += cursor.fetchone()[0]
    return round(total / Decision.objects.count())


def drain_in_processes(office: Office, *, settings: str, count: int = 2) -> list[float]:
    """The seconds from the word that sets them off until the last has done."""
    database = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": settings,
        "DATABASE_URL": database,
        "GUILDHALL_BENCH_DATABASE": database,
    }
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.lead_worker", *(str(route.pk) for route in office.routes[place::count])],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for place in range(count)
    ]  # fmt: skip
    try:
        for worker in workers:
            assert worker.stdout is not None
            worker.stdout.readline()  # it is ready
        began = time.perf_counter()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        said = [worker.stdout.readline() for worker in workers if worker.stdout]
        took = time.perf_counter() - began
        if said != ["done\n"] * count:
            raise RuntimeError("A process that distributed has failed")
        return [took]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def run(
    size: dict[str, Any],
    *,
    partners: int = PARTNERS,
    routes: int = ROUTES,
    rounds: int = 0,
    settings: str = "tests.bench.settings",
) -> list[Figures]:
    eager, current_app.conf.task_always_eager = current_app.conf.task_always_eager, False
    try:
        rounds = rounds or ROUNDS[size["leads"]]
        return _run(Office(**size, partners=partners, routes=routes), size, rounds=rounds, settings=settings)
    finally:
        current_app.conf.task_always_eager = eager


def _run(office: Office, size: dict[str, Any], *, rounds: int, settings: str) -> list[Figures]:
    one, two, bare = Measured(), Measured(), Measured()
    with CaptureQueriesContext(connection) as queries:
        distribute(office.routes[0], limit=BATCH, now=office.now)
    one.queries = two.queries = len(queries)
    weight = 0
    for _number in range(rounds):
        office.forget()
        one.play(office.drain)
        office.assert_drained()
        weight = weigh_decision()
        batches = list(read_batches())
        rosters = list(Roster.objects.all())

        office.forget()
        Roster.objects.bulk_create(rosters)
        bare.play(lambda batches=batches: write_all(batches, now=office.now))  # type: ignore[misc]  # bound as a default
        office.assert_drained()

        office.forget()
        two.wall += drain_in_processes(office, settings=settings)
        office.assert_drained()
    bare.queries = 7  # with those that begin and end the transaction
    two.batches, two.cpu = two.wall, [0.0]
    return [
        one.describe("lead-distribution", {**size, "bytes": weight}, leads=office.size, limit=bare),
        two.describe("lead-distribution-two", size, leads=office.size, limit=bare),
        bare.describe("lead-distribution-sql", size, leads=office.size, limit=bare),
    ]
