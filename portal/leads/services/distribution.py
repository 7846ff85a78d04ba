"""Distributing leads: each to the partner whose turn it is, among those that may have it at that moment.

One transaction is one batch. Its locks, always in this order: routes by id, partners by id, leads. The route's row
serialises its turns; the partners' rows hold still the gate and the count of open offers, which routes share. A process
that dies takes its whole batch with it, and the next one finds the leads as they were.

1. Lock the routes; lock every partner that has, or may have, a qualification; assess again those that are in doubt.
2. Claim leads, skipping those that somebody else has.
3. For each, ask :func:`portal.leads.routing.choose`, in memory.
4. Write offers, decisions, credits, statuses in bulk; tell it once.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.db.models import Count, Max

from certification.models import Qualification
from certification.services.qualifications import review_qualification
from portal.leads.facts import leads_held, leads_offered
from portal.leads.models import (
    Decision,
    HeldReason,
    Lead,
    LeadStatus,
    Offer,
    Roster,
    Route,
    RouteCredit,
    RouteWeight,
)
from portal.leads.routing import COMPETED, Candidate, Choice, Verdict, choose, first_stop
from portal.partners.models import PRESENT, Partner

#: Leads claimed in one transaction.
BATCH = 100

#: Why a lead is held, by how far the partner that came furthest got: the first letter present decides.
HELD_BECAUSE: tuple[tuple[Verdict, HeldReason], ...] = (
    (Verdict.OPEN_CAP, HeldReason.AT_CAPACITY),
    (Verdict.ALREADY_OFFERED, HeldReason.ALL_OFFERED),
    (Verdict.PRODUCT, HeldReason.NO_PARTNER_HERE),
    (Verdict.TERRITORY, HeldReason.NO_PARTNER_HERE),
)


@dataclass(frozen=True, slots=True)
class Distributed:
    """How many leads were offered and held."""

    offered: int = 0
    held: int = 0

    def __add__(self, other: "Distributed") -> "Distributed":
        return Distributed(self.offered + other.offered, self.held + other.held)


@dataclass(slots=True)
class Floor:
    """What all routes of a batch share about partners, as it stands under the locks."""

    partners: Mapping[int, Partner]
    agreed: frozenset[int]
    qualified: frozenset[tuple[int, int]]  # (programme id, partner id)
    regions: Mapping[int, frozenset[int]]
    products: Mapping[int, frozenset[int]]
    open_offers: Counter[int]


@dataclass(slots=True)
class Desk:
    """One locked route with its candidates and credits, while a batch is settled at it."""

    route: Route
    floor: Floor
    weights: Mapping[int, int]  # by partner id, in the order of the roster
    credits: dict[int, int]
    before: dict[int, int]
    tick: int  # turns taken so far
    candidates: dict[tuple[int | None, int | None], tuple[Candidate, ...]] = field(default_factory=dict)

    def standing(self, partner_id: int) -> bool:
        """Whether the partner is through the gate of this route."""
        return (
            self.floor.partners[partner_id].is_active
            and partner_id in self.floor.agreed
            and (self.route.programme_id, partner_id) in self.floor.qualified
        )

    def room(self, partner_id: int) -> int:
        """How many more offers the partner may have here; none where it is not through the gate."""
        if partner_id not in self.weights or not self.standing(partner_id):
            return 0
        return max(self.route.open_cap - self.floor.open_offers[partner_id], 0)

    def candidates_for(self, lead: Lead) -> tuple[Candidate, ...]:
        """Every partner with its first own condition that fails for this lead's region and product."""
        key = lead.region_id, lead.product_id
        if key not in self.candidates:
            floor = self.floor
            self.candidates[key] = tuple(
                Candidate(
                    partner_id,
                    weight,
                    first_stop(
                        active=floor.partners[partner_id].is_active,
                        agreed=partner_id in floor.agreed,
                        qualified=(self.route.programme_id, partner_id) in floor.qualified,
                        in_territory=lead.region_id in floor.regions.get(partner_id, ()),
                        sells_product=lead.product_id in floor.products.get(partner_id, ()),
                    ),
                )
                for partner_id, weight in self.weights.items()
            )
        return self.candidates[key]

    def choose(self, lead: Lead, *, offered: Collection[int]) -> Choice:
        return choose(
            self.candidates_for(lead),
            self.credits,
            offered=frozenset(offered),
            open_offers=self.floor.open_offers,
            open_cap=self.route.open_cap,
        )


def distribute(
    route: Route, *, limit: int | None = None, now: datetime, clock: Callable[[], datetime] | None = None
) -> Distributed:
    """Give a route's new leads to partners, oldest first, in batches of :data:`BATCH`.

    Leads that nobody can take are held with their reason; they wake by :mod:`portal.leads.services.holding`.

    Args:
        limit: how many leads at most; None for all that wait.
        clock: asked for the moment of each further batch, since a gate may close by time alone while a long run goes
            on. Without one every batch is of ``now``.
    """
    total = Distributed()
    while limit is None or total.offered + total.held < limit:
        size = BATCH if limit is None else min(BATCH, limit - total.offered - total.held)
        batch = _distribute_batch(route.pk, size=size, now=now)
        if batch == Distributed():
            break
        total += batch
        now = clock() if clock else now
    return total


def distribute_waiting_leads(*, now: datetime, clock: Callable[[], datetime] | None = None) -> Distributed:
    """Distribute every route that has new leads: what a lost wake-up left behind."""
    total = Distributed()
    for route in Route.objects.filter(pk__in=Lead.objects.new().values("route")).order_by("pk"):
        total += distribute(route, now=now, clock=clock)
        now = clock() if clock else now
    return total


@transaction.atomic
def _distribute_batch(route_id: int, *, size: int, now: datetime) -> Distributed:
    desks = open_desks([route_id], now=now)
    return settle(claim_new(desks, size=size), desks, now=now)


def claim_new(desks: Mapping[int, Desk], *, size: int) -> list[Lead]:
    """Lock the routes' oldest new leads, leaving out those that somebody else has locked."""
    new = Lead.objects.new().filter(route__in=list(desks)).order_by("received_at", "pk")
    return list(new.select_for_update(skip_locked=True, of=("self",))[:size])


# --- Under the locks --------------------------------------------------------------------------------------------------


def open_desks(route_ids: Iterable[int], *, now: datetime) -> dict[int, Desk]:
    """Lock routes and partners, and load what choosing needs, in a constant number of queries.

    Must be called in a transaction that holds no lock on leads.
    """
    # Without the key: leads that come in meanwhile refer to the route, and need not wait.
    routes = list(Route.objects.filter(pk__in=list(route_ids)).order_by("pk").select_for_update(no_key=True))
    floor = _look_at_partners({route.programme_id for route in routes}, now=now)
    by_tier: dict[int, dict[int, int]] = defaultdict(dict)
    for weight in RouteWeight.objects.filter(route__in=routes):
        by_tier[weight.route_id][weight.tier_id] = weight.weight
    credits: dict[int, dict[int, int]] = defaultdict(dict)
    for row in RouteCredit.objects.filter(route__in=routes):
        credits[row.route_id][row.partner_id] = row.credit
    # Turns are counted by their decisions: a counter on the route would be overwritten by whoever saves a form.
    ticks = dict(
        Decision.objects.filter(route__in=routes, tick__isnull=False)
        .order_by()
        .values_list("route")
        .annotate(Max("tick"))
    )
    return {
        route.pk: Desk(
            route=route,
            floor=floor,
            weights={
                partner_id: by_tier[route.pk].get(partner.tier_id, 1) for partner_id, partner in floor.partners.items()
            },
            credits=dict(credits[route.pk]),
            before=credits[route.pk],
            tick=ticks.get(route.pk, 0),
        )
        for route in routes
    }


def _look_at_partners(programme_ids: set[int], *, now: datetime) -> Floor:
    # 1. Hold still everyone who could get a lead: the gate and the count of open offers cannot change until commit.
    open_here = Qualification.objects.open().filter(programme__in=programme_ids)
    able = list(
        Partner.objects.filter(pk__in=open_here.values("partner"))
        .order_by("pk")
        .select_for_update()
        .values_list("pk", flat=True)
    )
    # 2. What is in doubt is assessed again, now that it cannot change under us.
    doubtful = open_here.doubtful(now).select_related("partner", "programme").order_by("partner", "programme")
    for qualification in doubtful:
        review_qualification(qualification.partner, programme=qualification.programme, now=now)
    # 3. The gate, exactly.
    partners = Partner.objects.filter(status__in=PRESENT).only("pk", "status", "tier_id").order_by("pk")
    regions: dict[int, set[int]] = defaultdict(set)
    for partner_id, region_id in Partner.regions.through.objects.values_list("partner_id", "region_id"):
        regions[partner_id].add(region_id)
    products: dict[int, set[int]] = defaultdict(set)
    for partner_id, product_id in Partner.products.through.objects.values_list("partner_id", "product_id"):
        products[partner_id].add(product_id)
    open_offers = Offer.objects.open().filter(partner__in=able).values_list("partner").annotate(Count("pk"))
    return Floor(
        partners={partner.pk: partner for partner in partners},
        agreed=frozenset(Partner.objects.with_current_agreement(now).values_list("pk", flat=True)),
        qualified=frozenset(
            Qualification.objects.current(now)
            .filter(programme__in=programme_ids, partner__in=able)
            .values_list("programme_id", "partner_id")
        ),
        regions={partner_id: frozenset(ids) for partner_id, ids in regions.items()},
        products={partner_id: frozenset(ids) for partner_id, ids in products.items()},
        open_offers=Counter(dict(open_offers.order_by())),
    )


def settle(
    leads: Sequence[Lead], desks: Mapping[int, Desk], *, now: datetime, hold_the_rest: bool = True
) -> Distributed:
    """Choose for each lead in order, and write everything that follows from it.

    Args:
        leads: locked by the caller.
        hold_the_rest: leads that nobody can take are held, with a decision that says why; otherwise they stay as they
            are and nothing is written about them.
    """
    if not leads:
        return Distributed()
    offered_before: dict[int, set[int]] = defaultdict(set)
    for lead_id, partner_id in Offer.objects.filter(lead__in=leads).values_list("lead_id", "partner_id"):
        offered_before[lead_id].add(partner_id)

    # In memory: one choice after the other, each seeing the credits and open offers that the earlier ones left.
    rosters: dict[int, Roster] = {}
    offers: list[Offer] = []
    decisions: list[Decision] = []
    held: dict[HeldReason, list[int]] = defaultdict(list)
    for lead in leads:
        desk = desks[cast(int, lead.route_id)]  # new and held-for-a-partner leads have one, by constraint
        choice = desk.choose(lead, offered=offered_before[lead.pk])
        if choice.winner is None and not hold_the_rest:
            continue
        if desk.route.pk not in rosters:
            rosters[desk.route.pk] = keep_roster(desk, now=now)
        decision = Decision(
            lead=lead,
            route=desk.route,
            roster=rosters[desk.route.pk],
            made_at=now,
            verdicts=choice.verdicts,
            credits=[
                desk.credits.get(partner_id, 0)
                for partner_id, letter in zip(desk.weights, choice.verdicts, strict=True)
                if letter in COMPETED
            ],
        )
        decisions.append(decision)
        if choice.winner is None:
            held[reason_to_hold(choice.verdicts)].append(lead.pk)
            continue
        choice.settle(desk.credits)
        desk.floor.open_offers[choice.winner] += 1
        desk.tick += 1
        decision.tick, decision.winner_id = desk.tick, choice.winner
        offers.append(
            Offer(
                lead=lead,
                partner_id=choice.winner,
                route=desk.route,
                tick=desk.tick,
                made_at=now,
                due_at=now + timedelta(hours=desk.route.window_hours),
            )
        )

    # Past every question: write, in bulk.
    Decision.objects.bulk_create(decisions)
    Offer.objects.bulk_create(offers)
    for route_id in rosters:
        _write_credits(desks[route_id])
    Lead.objects.filter(pk__in=[offer.lead_id for offer in offers]).update(
        status=LeadStatus.OFFERED, held_reason="", held_at=None
    )
    for reason, lead_ids in held.items():
        Lead.objects.filter(pk__in=lead_ids).update(status=LeadStatus.HELD, held_reason=reason, held_at=now)
    leads_offered.announce(offer_ids=[offer.pk for offer in offers], by=None)
    leads_held.announce(lead_ids=[lead_id for lead_ids in held.values() for lead_id in lead_ids], by=None)
    return Distributed(len(offers), sum(map(len, held.values())))


def reason_to_hold(verdicts: str) -> HeldReason:
    """Why nobody can take a lead: said of the partners that came furthest."""
    for letter, reason in HELD_BECAUSE:
        if letter in verdicts:
            return reason
    return HeldReason.NO_QUALIFIED_PARTNER


def keep_roster(desk: Desk, *, now: datetime) -> Roster:
    """The stored list of the desk's candidates and weights; one row serves every decision made with the same list."""
    entries = [[partner_id, weight] for partner_id, weight in desk.weights.items()]
    digest = hashlib.sha256(json.dumps(entries).encode()).hexdigest()
    roster, _created = Roster.objects.get_or_create(
        route=desk.route, digest=digest, defaults={"entries": entries, "made_at": now}
    )
    return roster


def _write_credits(desk: Desk) -> None:
    """Each credit that moved, once per batch."""
    moved = [
        RouteCredit(route=desk.route, partner_id=partner_id, credit=credit)
        for partner_id, credit in sorted(desk.credits.items())
        if desk.before.get(partner_id) != credit
    ]
    if moved:
        RouteCredit.objects.bulk_create(
            moved, update_conflicts=True, unique_fields=["route", "partner"], update_fields=["credit"]
        )
        desk.before = dict(desk.credits)
