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
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import CharField, Count, DateTimeField, OuterRef, QuerySet, Subquery

from certification.models import Qualification, QualificationQuerySet
from certification.services.qualifications import review_qualification
from portal.core.prepared import IdsField, Question, Rows, ask
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
from portal.leads.routing import Choice, Shortlist, Verdict, draw_up, first_stop
from portal.leads.services.bulk import Packed, insert, keep_latest
from portal.partners.models import PRESENT, Partner, PartnerStatus

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


class Claimed(NamedTuple):
    """A lead that is locked, with what choosing looks at. One that is new or waits for a partner has all of it."""

    pk: int
    route_id: int
    region_id: int
    product_id: int


class Considered(NamedTuple):
    """What is looked at of a partner itself."""

    status: str
    tier_id: int

    @property
    def is_active(self) -> bool:
        return self.status == PartnerStatus.ACTIVE


@dataclass(slots=True)
class Floor:
    """What all routes of a batch share about partners, as it stands under the locks."""

    partners: Mapping[int, Considered]  # by id, ascending
    agreed: frozenset[int]
    qualified: frozenset[tuple[int, int]]  # (programme id, partner id)
    regions: Mapping[int, frozenset[int]]
    products: Mapping[int, frozenset[int]]
    residents: Mapping[int, frozenset[int]]  # partner ids by region
    sellers: Mapping[int, frozenset[int]]  # partner ids by product
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
    shortlists: dict[tuple[int, int], Shortlist] = field(default_factory=dict)
    full: set[int] = field(init=False)
    places: dict[int, int] = field(init=False)  # in the roster
    letters_away: list[str] = field(init=False)  # what stops each from a lead that is not in its territory

    def __post_init__(self) -> None:
        self.full = {partner_id for partner_id, count in self.floor.open_offers.items() if count >= self.route.open_cap}
        self.places = {partner_id: place for place, partner_id in enumerate(self.weights)}
        self.letters_away = [self._letter_of(partner_id, False, True) for partner_id in self.weights]

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

    def shortlist_for(self, lead: Claimed) -> Shortlist:
        """Every partner with its first own condition that fails for this lead's region and product."""
        key = lead.region_id, lead.product_id
        if key not in self.shortlists:
            letters = self.letters_away.copy()
            sellers = self.floor.sellers.get(lead.product_id, frozenset())
            for partner_id in self.floor.residents.get(lead.region_id, ()):
                if partner_id in self.places:
                    letters[self.places[partner_id]] = self._letter_of(partner_id, True, partner_id in sellers)
            self.shortlists[key] = draw_up(tuple(self.weights.items()), "".join(letters))
        return self.shortlists[key]

    def _letter_of(self, partner_id: int, in_territory: bool, sells_product: bool) -> str:
        floor = self.floor
        return _own_letter(
            floor.partners[partner_id].status == PartnerStatus.ACTIVE,
            partner_id in floor.agreed,
            (self.route.programme_id, partner_id) in floor.qualified,
            in_territory,
            sells_product,
        )

    def notice_cap(self, partner_id: int) -> None:
        """After the partner got another offer, here or elsewhere."""
        if self.floor.open_offers[partner_id] >= self.route.open_cap:
            self.full.add(partner_id)

    def choose(self, lead: Claimed, *, offered: Collection[int]) -> Choice:
        return self.shortlist_for(lead).stop(offered=frozenset(offered), full=self.full).choose(self.credits)


@lru_cache
def _own_letter(active: bool, agreed: bool, qualified: bool, in_territory: bool, sells_product: bool) -> str:
    stop = first_stop(
        active=active, agreed=agreed, qualified=qualified, in_territory=in_territory, sells_product=sells_product
    )
    return (stop or Verdict.NOT_ITS_TURN).value


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
    if not Lead.objects.new().filter(route=route_id).exists():
        return Distributed()
    desks = open_desks([route_id], now=now)
    return settle(claim_new(desks, size=size), desks, now=now)


def claim_new(desks: Mapping[int, Desk], *, size: int) -> list[Claimed]:
    """Lock the routes' oldest new leads, leaving out those that somebody else has locked."""
    [found] = ask(_ask_for_new(size)(routes=list(desks)))
    return [Claimed(*row) for row in found]


@lru_cache
def _ask_for_new(size: int) -> Question:
    return Packed(
        lambda routes: claim(Lead.objects.new().filter(route__pk__among=routes), size=size), routes=IdsField()
    )


def claim(leads: QuerySet[Lead], *, size: int) -> Any:
    """The oldest of these leads, to be locked: rows of :class:`Claimed`."""
    oldest = leads.order_by("received_at", "pk").select_for_update(skip_locked=True)
    return oldest.values_list("pk", "route_id", "region_id", "product_id")[:size]


# --- Under the locks --------------------------------------------------------------------------------------------------

# Without the key: leads that come in meanwhile refer to the route, and need not wait.
ROUTES = Rows(
    Route,
    lambda routes: Route.objects.filter(pk__among=routes).order_by("pk").select_for_update(no_key=True),
    routes=IdsField(),
)


def _open_here(routes: Any) -> QualificationQuerySet:
    programmes = Route.objects.filter(pk__among=routes).order_by().values("programme")
    return Qualification.objects.open().filter(programme__in=programmes).order_by()


ABLE = Packed(
    lambda routes: (
        Partner.objects.filter(pk__in=_open_here(routes).values("partner"))
        .order_by("pk")
        .select_for_update()
        .values_list("pk")
    ),
    routes=IdsField(),
)
OPEN_HERE = Packed(lambda routes: _open_here(routes).values_list("programme_id", "partner_id"), routes=IdsField())
CURRENT_HERE = Packed(
    lambda routes, now: _open_here(routes).current(now).values_list("programme_id", "partner_id"),
    routes=IdsField(),
    now=DateTimeField(),
)
PARTNERS = Packed(
    lambda: Partner.objects.filter(status__in=PRESENT).order_by("pk").values_list("pk", "status", "tier_id")
)
AGREED = Packed(
    lambda now: Partner.objects.with_current_agreement(now).order_by().values_list("pk"), now=DateTimeField()
)
REGIONS = Packed(lambda: Partner.regions.through.objects.order_by().values_list("partner_id", "region_id"))
PRODUCTS = Packed(lambda: Partner.products.through.objects.order_by().values_list("partner_id", "product_id"))
OPEN_OFFERS = Packed(
    lambda routes: (
        Offer.objects.open()
        .filter(partner__in=_open_here(routes).values("partner"))
        .order_by()
        .values_list("partner")
        .annotate(Count("pk"))
    ),
    routes=IdsField(),
)
WEIGHTS = Packed(
    lambda routes: (
        RouteWeight.objects.filter(route__pk__among=routes).order_by().values_list("route", "tier", "weight")
    ),
    routes=IdsField(),
)
CREDITS = Packed(
    lambda routes: (
        RouteCredit.objects.filter(route__pk__among=routes).order_by().values_list("route", "partner", "credit")
    ),
    routes=IdsField(),
)
# Turns are counted by their decisions: a counter on the route would be overwritten by whoever saves a form.
TICKS = Packed(
    lambda routes: (
        Route.objects.filter(pk__among=routes)
        .order_by()
        .values_list(
            "pk",
            Subquery(
                Decision.objects.filter(route=OuterRef("pk"), tick__isnull=False).order_by("-tick").values("tick")[:1]
            ),
        )
    ),
    routes=IdsField(),
)


def open_desks(route_ids: Iterable[int], *, now: datetime) -> dict[int, Desk]:
    """Lock routes and partners, and load what choosing needs, in a constant number of queries.

    Must be called in a transaction that holds no lock on leads.
    """
    # Each statement sees what was committed before it: the ones that read come after the ones that lock.
    ids = list(route_ids)
    locked, able, open_here, weights, credits, ticks, *about = ask(
        ROUTES(routes=ids),
        ABLE(routes=ids),
        OPEN_HERE(routes=ids),
        WEIGHTS(routes=ids),
        CREDITS(routes=ids),
        TICKS(routes=ids),
        *_ask_about_partners(ids, now=now),
    )
    routes = ROUTES.read(locked)
    floor = _look_at_partners(ids, {row[0] for row in able}, open_here, about, now=now)
    by_tier: dict[int, dict[int, int]] = defaultdict(dict)
    for route_id, tier_id, weight in weights:
        by_tier[route_id][tier_id] = weight
    before: dict[int, dict[int, int]] = defaultdict(dict)
    for route_id, partner_id, credit in credits:
        before[route_id][partner_id] = credit
    ticks_taken = {route_id: tick or 0 for route_id, tick in ticks}
    return {
        route.pk: Desk(
            route=route,
            floor=floor,
            weights={
                partner_id: by_tier[route.pk].get(partner.tier_id, 1) for partner_id, partner in floor.partners.items()
            },
            credits=dict(before[route.pk]),
            before=before[route.pk],
            tick=ticks_taken[route.pk],
        )
        for route in routes
    }


def _ask_about_partners(route_ids: list[int], *, now: datetime) -> list[Any]:
    return [
        CURRENT_HERE(routes=route_ids, now=now),
        PARTNERS(),
        AGREED(now=now),
        REGIONS(),
        PRODUCTS(),
        OPEN_OFFERS(routes=route_ids),
    ]


def _look_at_partners(
    route_ids: list[int], able: set[int], open_here: Sequence[Any], about: Sequence[Any], *, now: datetime
) -> Floor:
    """The gate, exactly. Nobody who could get a lead (``able``) changes any more, nor does the count of its offers."""
    # What is in doubt, being open but not current, is assessed again, now that it cannot change under us.
    doubtful = set(open_here) - set(about[0])
    if doubtful:
        found = Qualification.objects.open().filter(
            programme__in={programme_id for programme_id, _partner_id in doubtful},
            partner__in={partner_id for _programme_id, partner_id in doubtful},
        )
        for qualification in found.select_related("partner", "programme").order_by("partner", "programme"):
            if (qualification.programme_id, qualification.partner_id) in doubtful:
                review_qualification(qualification.partner, programme=qualification.programme, now=now)
        about = ask(*_ask_about_partners(route_ids, now=now))
    current, partners, agreed, regions, products, open_offers = about
    return Floor(
        partners={partner_id: Considered(status, tier_id) for partner_id, status, tier_id in partners},
        agreed=frozenset(row[0] for row in agreed),
        qualified=frozenset((programme_id, partner_id) for programme_id, partner_id in current if partner_id in able),
        regions=_gather(regions),
        products=_gather(products),
        residents=_gather((region_id, partner_id) for partner_id, region_id in regions),
        sellers=_gather((product_id, partner_id) for partner_id, product_id in products),
        open_offers=Counter(dict(open_offers)),
    )


def _gather(pairs: Iterable[tuple[int, int]]) -> dict[int, frozenset[int]]:
    gathered: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs:
        gathered[one].add(other)
    return {one: frozenset(others) for one, others in gathered.items()}


EARLIER_OFFERS = Packed(
    lambda leads: Offer.objects.filter(lead__pk__among=leads).order_by().values_list("lead_id", "partner_id"),
    leads=IdsField(),
)


def settle(
    leads: Sequence[Claimed], desks: Mapping[int, Desk], *, now: datetime, hold_the_rest: bool = True
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
    [earlier] = ask(EARLIER_OFFERS(leads=[lead.pk for lead in leads]))
    for lead_id, partner_id in earlier:
        offered_before[lead_id].add(partner_id)

    # In memory: one choice after the other, each seeing the credits and open offers that the earlier ones left.
    rosters: dict[int, int] = {}
    offers: list[Offer] = []
    decisions: list[Decision] = []
    held: dict[HeldReason, list[int]] = defaultdict(list)
    for lead in leads:
        desk = desks[lead.route_id]
        choice = desk.choose(lead, offered=offered_before.get(lead.pk, ()))
        if choice.winner is None and not hold_the_rest:
            continue
        route_id = desk.route.pk
        if route_id not in rosters:
            rosters[route_id] = keep_roster(desk, now=now)
        decision = Decision(
            lead_id=lead.pk,
            route_id=route_id,
            roster_id=rosters[route_id],
            made_at=now,
            verdicts=choice.verdicts,
            credits=choice.before,
        )
        decisions.append(decision)
        if choice.winner is None:
            held[reason_to_hold(choice.verdicts)].append(lead.pk)
            continue
        choice.settle(desk.credits)
        desk.floor.open_offers[choice.winner] += 1
        for other in desks.values():
            other.notice_cap(choice.winner)
        desk.tick += 1
        decision.tick, decision.winner_id = desk.tick, choice.winner
        offers.append(
            Offer(
                lead_id=lead.pk,
                partner_id=choice.winner,
                route_id=route_id,
                tick=desk.tick,
                made_at=now,
                due_at=now + timedelta(hours=desk.route.window_hours),
            )
        )

    # Past every question: write, in bulk.
    insert(decisions)
    offer_ids = insert(offers)
    for route_id in rosters:
        _write_credits(desks[route_id])
    Lead.objects.filter(pk__in=[offer.lead_id for offer in offers]).update(
        status=LeadStatus.OFFERED, held_reason="", held_at=None
    )
    for reason, lead_ids in held.items():
        Lead.objects.filter(pk__in=lead_ids).update(status=LeadStatus.HELD, held_reason=reason, held_at=now)
    leads_offered.announce(offer_ids=offer_ids, by=None)
    leads_held.announce(lead_ids=[lead_id for lead_ids in held.values() for lead_id in lead_ids], by=None)
    return Distributed(len(offers), sum(map(len, held.values())))


def reason_to_hold(verdicts: str) -> HeldReason:
    """Why nobody can take a lead: said of the partners that came furthest."""
    for letter, reason in HELD_BECAUSE:
        if letter in verdicts:
            return reason
    return HeldReason.NO_QUALIFIED_PARTNER


ROSTER = Question(
    lambda route, digest: Roster.objects.filter(route__pk__among=route, digest=digest).values_list("pk"),
    route=IdsField(),
    digest=CharField(),
)


def keep_roster(desk: Desk, *, now: datetime) -> int:
    """The stored list of the desk's candidates and weights, its id; one row serves every decision made with the list."""
    entries = [[partner_id, weight] for partner_id, weight in desk.weights.items()]
    digest = hashlib.sha256(json.dumps(entries).encode()).hexdigest()
    [found] = ask(ROSTER(route=[desk.route.pk], digest=digest))
    if found:
        return int(found[0][0])
    return Roster.objects.create(route=desk.route, digest=digest, entries=entries, made_at=now).pk


def _write_credits(desk: Desk) -> None:
    """Each credit that moved, once per batch."""
    moved = [
        (desk.route.pk, partner_id, credit)
        for partner_id, credit in sorted(desk.credits.items())
        if desk.before.get(partner_id) != credit
    ]
    keep_latest(RouteCredit, moved, unique=("route", "partner"), value="credit")
    desk.before = dict(desk.credits)
