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
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Subquery

from certification.models import Qualification, QualificationQuerySet
from certification.services.qualifications import review_qualification
from portal.core.prepared import IdsField, Question, ask
from portal.leads.facts import leads_held, leads_offered
from portal.leads.models import (
    Decision,
    HeldReason,
    Lead,
    LeadStatus,
    Offer,
    OfferState,
    Override,
    OverrideKind,
    Roster,
    Route,
    RouteCredit,
    RoutePolicy,
    RouteStop,
)
from portal.leads.policies import Asked, Policy
from portal.leads.routing import Choice, Shortlist, Verdict, draw_up, first_stop
from portal.leads.services.bulk import Packed, insert, keep_latest
from portal.leads.services.floor import Floor, look
from portal.leads.services.performance import read_percents
from portal.partners.models import Partner

#: Leads claimed in one transaction.
BATCH = 100

#: Why a lead is held, by what stopped partners that it was not offered before: the first letter present decides. What
#: ends soonest comes first; with the second list those that it was offered before have been looked at.
ENDS_BY_ITSELF: tuple[tuple[Verdict, HeldReason], ...] = (
    (Verdict.ENOUGH, HeldReason.OFFERED_ENOUGH),
    (Verdict.OPEN_CAP, HeldReason.AT_CAPACITY),
    (Verdict.HOURS, HeldReason.OUT_OF_HOURS),
    (Verdict.DAY_CAP, HeldReason.DAY_FULL),
    (Verdict.PAUSED, HeldReason.PAUSED),
)
FOR_SOMEBODY_ELSE = "".join(
    (Verdict.KIND, Verdict.TIER, Verdict.COVERAGE, Verdict.TERRITORY, Verdict.PRODUCT, Verdict.LANGUAGE)
)


@dataclass(frozen=True, slots=True)
class Distributed:
    """How many leads were looked at, how many of these were offered (to one partner or several), and how many held."""

    leads: int = 0
    offered: int = 0
    held: int = 0

    def __add__(self, other: "Distributed") -> "Distributed":
        return Distributed(self.leads + other.leads, self.offered + other.offered, self.held + other.held)


class Claimed(NamedTuple):
    """A lead that is locked, with what choosing looks at. One that is new or waits for a partner has all of it."""

    pk: int
    route_id: int
    policy_id: int
    source_id: int
    region_id: int
    product_id: int
    language: str

    @property
    def asked(self) -> Asked:
        return Asked(self.source_id, self.product_id, self.region_id, self.language)


@dataclass(slots=True)
class Desk:
    """One locked route with its credits and the policies that its leads came under, while a batch is settled at it."""

    route_id: int
    floor: Floor
    policies: Mapping[int, Policy]
    credits: dict[int, int]
    before: dict[int, int]
    tick: int  # turns taken so far
    percents: Mapping[int, int]  # by partner, what measured performance makes of its weight
    shortlists: dict[tuple[int, int, int, str], Shortlist] = field(default_factory=dict)
    entries: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)  # by policy
    away: dict[int, str] = field(default_factory=dict)  # by policy, what stops each outside its territory
    full: dict[int, dict[int, Verdict]] = field(default_factory=dict)  # by policy and partner

    def rooms(self, partner_id: int) -> dict[int, int]:
        """By policy, how many more offers the partner may have here; those under which it may have any."""
        facts = self.floor.partners.get(partner_id)
        if facts is None:
            return {}
        found = {}
        for policy_id, policy in self.policies.items():
            # Of its own conditions those that no lead changes: territory, product and language are each lead's.
            anywhere = Asked(0, next(iter(facts.products), 0), next(iter(facts.regions), 0))
            if first_stop(self.floor.standing(facts, policy, anywhere)) is not None:
                continue
            if self.floor.stop_of(partner_id, policy, self.route_id) is not None:
                continue
            found[policy_id] = self.floor.open_cap(partner_id, policy) - self.floor.open_offers[partner_id]
        return found

    def shortlist_for(self, lead: Claimed) -> Shortlist:
        """Every partner with its first own condition that fails for this lead."""
        policy_id, policy = lead.policy_id, self.policies[lead.policy_id]
        key = policy_id, lead.region_id, lead.product_id, lead.language if policy.speaks else ""
        if key not in self.shortlists:
            if policy_id not in self.away:
                self.away[policy_id] = self.floor.verdicts_away(policy)
            verdicts = self.floor.verdicts(policy, lead.asked, away=self.away[policy_id])
            self.shortlists[key] = draw_up(self.entries_of(policy_id), verdicts)
        return self.shortlists[key]

    def entries_of(self, policy_id: int) -> tuple[tuple[int, int], ...]:
        """(partner id, weight) of each partner, by id."""
        if policy_id not in self.entries:
            self.entries[policy_id] = self.floor.entries(self.policies[policy_id], self.percents)
        return self.entries[policy_id]

    def free_slots(self, lead: Claimed, standing: Collection[int]) -> list[int]:
        """The slots of a lead in which no offer stands."""
        return [slot for slot in range(1, self.policies[lead.policy_id].slots + 1) if slot not in standing]

    def caps(self, policy_id: int) -> dict[int, Verdict]:
        if policy_id not in self.full:
            self.full[policy_id] = self.floor.caps(self.policies[policy_id], self.route_id)
        return self.full[policy_id]

    def notice(self, partner_id: int) -> None:
        """After the partner got another offer, here or elsewhere."""
        for policy_id, full in self.full.items():
            stop = self.floor.stop_of(partner_id, self.policies[policy_id], self.route_id)
            if stop is not None:
                full[partner_id] = stop

    def choose(self, lead: Claimed, *, offered: Collection[int], excluded: Collection[int]) -> Choice:
        policy_id = lead.policy_id
        shortlist, most = self.shortlist_for(lead), self.policies[policy_id].most_offers
        if most and len(offered) >= most:
            return shortlist.stop(dict.fromkeys(shortlist.competing, Verdict.ENOUGH)).choose(self.credits)
        stops: Mapping[int, Verdict] = self.caps(policy_id)
        if offered or excluded:
            stops = {
                **dict.fromkeys(excluded, Verdict.CONFLICT),
                **dict.fromkeys(offered, Verdict.ALREADY_OFFERED),
                **stops,
            }
        return shortlist.stop(stops).choose(self.credits)


def distribute(
    routes: Route | Iterable[Route],
    *,
    limit: int | None = None,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
) -> Distributed:
    """Give the new leads of routes to partners, route by route, oldest first, in batches of :data:`BATCH`.

    Leads that nobody can take are held with their reason; they wake by :mod:`portal.leads.services.holding`.

    Args:
        limit: how many leads at most; None for all that wait.
        clock: asked for the moment of each further batch, since a gate may close by time alone while a long run goes
            on. Without one every batch is of ``now``.
    """
    route_ids = [routes.pk] if isinstance(routes, Route) else [route.pk for route in routes]
    total, looked_at = Distributed(), 0
    while route_ids and (limit is None or looked_at < limit):
        size = BATCH if limit is None else min(BATCH, limit - looked_at)
        batch, of_routes = _distribute_batch(route_ids, size=size, now=now)
        if not of_routes:
            break
        if batch.leads:
            looked_at += batch.leads
            total += batch
            now = clock() if clock else now
        else:  # stopped just now, or somebody else is at them
            route_ids = [route_id for route_id in route_ids if route_id not in of_routes]
    return total


def distribute_waiting_leads(*, now: datetime, clock: Callable[[], datetime] | None = None) -> Distributed:
    """Distribute every route that has new leads: what a lost wake-up left behind."""
    routes = Route.objects.filter(pk__in=Lead.objects.new().values("route")).order_by("pk")
    return distribute(list(routes), now=now, clock=clock)


@transaction.atomic
def _distribute_batch(route_ids: Sequence[int], *, size: int, now: datetime) -> tuple[Distributed, set[int]]:
    """One batch, and the routes that it is of: no more of them are locked than have the next leads."""
    [following] = ask(_ask_for_routes(size)(routes=route_ids))
    of_routes = {route_id for (route_id,) in following}
    if not of_routes:
        return Distributed(), of_routes
    desks = open_desks(sorted(of_routes), now=now)
    return settle(claim_new(desks, size=size), desks, now=now), of_routes


@lru_cache
def _ask_for_routes(size: int) -> Question:
    return Question(
        lambda routes: (
            Lead.objects.new()
            .filter(route__pk__among=routes)
            .exclude(route__in=RouteStop.objects.open().values("route"))
            .order_by("route_id", "received_at", "pk")
            .values_list("route_id")[:size]
        ),
        routes=IdsField(),
    )


def claim_new(desks: Mapping[int, Desk], *, size: int) -> list[Claimed]:
    """Lock the oldest new leads of the first routes, leaving out those that somebody else has locked, and those that
    have just come under rules that the desks do not know: they are the next batch's."""
    known = [policy_id for desk in desks.values() for policy_id in desk.policies]
    [found] = ask(_ask_for_new(size)(routes=list(desks), policies=known))
    return [Claimed(*row) for row in found]


@lru_cache
def _ask_for_new(size: int) -> Question:
    return Packed(
        lambda routes, policies: claim(
            Lead.objects.new().filter(route__pk__among=routes, policy__pk__among=policies), "route_id", size=size
        ),
        routes=IdsField(),
        policies=IdsField(),
    )


def claim(leads: QuerySet[Lead], *first: str, size: int) -> Any:
    """The oldest of these leads, to be locked: rows of :class:`Claimed`.

    Args:
        first: by what they are ordered before their age.
    """
    oldest = leads.order_by(*first, "received_at", "pk").select_for_update(skip_locked=True)
    return oldest.values_list(*Claimed._fields)[:size]


# --- Under the locks --------------------------------------------------------------------------------------------------

# Without the key: leads that come in meanwhile refer to the route, and need not wait.
ROUTES = Question(
    lambda routes: (
        Route.objects.filter(pk__among=routes).order_by("pk").select_for_update(no_key=True).values_list("pk")
    ),
    routes=IdsField(),
)
STOPPED = Question(
    lambda routes: RouteStop.objects.open().filter(route__pk__among=routes).order_by().values_list("route_id"),
    routes=IdsField(),
)
# Those under which leads wait that nobody has yet; what was published never changes.
POLICIES = Question(
    lambda routes: (
        RoutePolicy.objects.filter(
            Exists(
                Lead.objects.filter(
                    route__pk__among=routes, policy=OuterRef("pk"), status__in=(LeadStatus.NEW, LeadStatus.HELD)
                )
            )
        )
        .order_by("pk")
        .values_list("pk", "route_id", "rules")
    ),
    routes=IdsField(),
)


def _open_here(programmes: Any) -> QualificationQuerySet:
    return Qualification.objects.open().filter(programme__pk__among=programmes).order_by()


ABLE = Packed(
    lambda programmes: (
        Partner.objects.filter(pk__in=_open_here(programmes).values("partner"))
        .order_by("pk")
        .select_for_update()
        .values_list("pk")
    ),
    programmes=IdsField(),
)
OPEN_HERE = Packed(
    lambda programmes: _open_here(programmes).values_list("programme_id", "partner_id"), programmes=IdsField()
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
    """Lock routes and partners, and load what choosing needs, in a constant number of queries. Routes that are stopped
    have no desk.

    Must be called in a transaction that holds no lock on leads.
    """
    # Each statement sees what was committed before it: the ones that read come after the ones that lock.
    ids = list(route_ids)
    locked, stopped, policy_rows = ask(ROUTES(routes=ids), STOPPED(routes=ids), POLICIES(routes=ids))
    policies: dict[int, dict[int, Policy]] = defaultdict(dict)
    for policy_id, route_id, rules in policy_rows:
        policies[route_id][policy_id] = Policy.from_json(rules)
    every = [policy for of_route in policies.values() for policy in of_route.values()]
    programmes = sorted({policy.programme for policy in every})
    able, open_here, credits, ticks = ask(
        ABLE(programmes=programmes), OPEN_HERE(programmes=programmes), CREDITS(routes=ids), TICKS(routes=ids)
    )
    percents = read_percents(ids) if any(policy.performance for policy in every) else {}
    floor = _look_at_partners(every, {row[0] for row in able}, open_here, now=now)
    before: dict[int, dict[int, int]] = defaultdict(dict)
    for route_id, partner_id, credit in credits:
        before[route_id][partner_id] = credit
    ticks_taken = {route_id: tick or 0 for route_id, tick in ticks}
    still = {route_id for (route_id,) in stopped}
    return {
        route_id: Desk(
            route_id=route_id,
            floor=floor,
            policies=policies[route_id],
            credits=dict(before[route_id]),
            before=before[route_id],
            tick=ticks_taken[route_id],
            percents=percents.get(route_id, {}),
        )
        for (route_id,) in locked
        if route_id not in still
    }


def _look_at_partners(
    policies: Collection[Policy], able: set[int], open_here: Sequence[Any], *, now: datetime
) -> Floor:
    """The gate, exactly. Nobody who could get a lead (``able``) changes any more, nor does the count of its offers."""
    floor = look(policies, now=now)
    # What is in doubt, being open but not current, is assessed again, now that it cannot change under us.
    doubtful = {(programme_id, partner_id) for programme_id, partner_id in open_here} - floor.qualified
    if doubtful:
        found = Qualification.objects.open().filter(
            programme__in={programme_id for programme_id, _partner_id in doubtful},
            partner__in={partner_id for _programme_id, partner_id in doubtful},
        )
        for qualification in found.select_related("partner", "programme").order_by("partner", "programme"):
            if (qualification.programme_id, qualification.partner_id) in doubtful:
                review_qualification(qualification.partner, programme=qualification.programme, now=now)
        floor = look(policies, now=now)
    floor.qualified = frozenset(pair for pair in floor.qualified if pair[1] in able)
    return floor


EARLIER_OFFERS = Packed(
    lambda leads: (
        Offer.objects.filter(lead__pk__among=leads).order_by().values_list("lead_id", "partner_id", "slot", "state")
    ),
    leads=IdsField(),
)


EXCLUDED = Packed(
    lambda leads: (
        Override.objects.filter(lead__pk__among=leads, kind=OverrideKind.EXCLUDED)
        .order_by()
        .values_list("lead_id", "partner_id")
    ),
    leads=IdsField(),
)


@dataclass(slots=True)
class Past:
    """What became of a lead before: who was offered it, in which slots offers stand, whom staff keep it from."""

    offered: set[int] = field(default_factory=set)
    standing: set[int] = field(default_factory=set)
    excluded: set[int] = field(default_factory=set)


def _read_pasts(leads: Sequence[Claimed]) -> Mapping[int, Past]:
    ids = [lead.pk for lead in leads]
    offers, excluded = ask(EARLIER_OFFERS(leads=ids), EXCLUDED(leads=ids))
    pasts: dict[int, Past] = defaultdict(Past)
    for lead_id, partner_id, slot, state in offers:
        pasts[lead_id].offered.add(partner_id)
        if state == OfferState.OPEN:
            pasts[lead_id].standing.add(slot)
    for lead_id, partner_id in excluded:
        pasts[lead_id].excluded.add(partner_id)
    return pasts


@dataclass(slots=True)
class Batch:
    """What follows from the choices of a batch, to be written at once.

    Attributes:
        decisions, offers: rows by attribute.
        offered: ids of the leads of which an offer stands now.
        held: ids of those that nobody can take, by reason and by the moment that may end it.
        rosters: by route and policy the list of candidates that its decisions name.
    """

    desks: Mapping[int, Desk]
    now: datetime
    decisions: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    offered: list[int] = field(default_factory=list)
    held: dict[tuple[HeldReason, datetime | None], list[int]] = field(default_factory=lambda: defaultdict(list))
    rosters: dict[tuple[int, int], int] = field(default_factory=dict)

    def decide(self, lead: Claimed, past: Past, *, hold_the_rest: bool) -> None:
        """Choose a partner for each free slot of the lead. Each choice is a turn of its own."""
        desk, before, unfilled = self.desks[lead.route_id], len(self.offers), None
        for slot in desk.free_slots(lead, past.standing):
            choice = desk.choose(lead, offered=past.offered, excluded=past.excluded)
            if choice.winner is None:
                unfilled = choice
                break
            self._offer(lead, choice, choice.winner, slot)
            past.offered.add(choice.winner)
        if unfilled is not None and hold_the_rest:
            self._write_down(lead, unfilled, tick=None)
        if len(self.offers) > before or (past.standing and hold_the_rest):
            self.offered.append(lead.pk)
        elif unfilled is not None and hold_the_rest:
            self._hold(lead, unfilled, past)

    def _offer(self, lead: Claimed, choice: Choice, winner: int, slot: int) -> None:
        desk = self.desks[lead.route_id]
        choice.settle(desk.credits)
        desk.floor.book(winner, lead.route_id)
        for other in self.desks.values():
            other.notice(winner)
        desk.tick += 1
        self._write_down(lead, choice, tick=desk.tick)
        self.offers.append(
            {
                "lead_id": lead.pk,
                "partner_id": winner,
                "route_id": lead.route_id,
                "slot": slot,
                "tick": desk.tick,
                "made_at": self.now,
                "due_at": desk.floor.due_at(winner, desk.policies[lead.policy_id]),
            }
        )

    def _hold(self, lead: Claimed, choice: Choice, past: Past) -> None:
        floor = self.desks[lead.route_id].floor
        letters = zip(floor.partners, choice.verdicts, strict=True)
        free = [(partner_id, letter) for partner_id, letter in letters if partner_id not in past.offered]
        reason = reason_to_hold("".join(letter for _partner_id, letter in free), offered=bool(past.offered))
        self.held[reason, _find_recheck(floor, free)].append(lead.pk)

    def _write_down(self, lead: Claimed, choice: Choice, *, tick: int | None) -> None:
        key = lead.route_id, lead.policy_id
        if key not in self.rosters:
            self.rosters[key] = keep_roster(self.desks[lead.route_id], lead.policy_id, now=self.now)
        self.decisions.append(
            {
                "lead_id": lead.pk,
                "route_id": lead.route_id,
                "roster_id": self.rosters[key],
                "tick": tick,
                "made_at": self.now,
                "winner_id": choice.winner,
                "verdicts": choice.verdicts,
                "credits": choice.before,
            }
        )

    def write(self) -> Distributed:
        """Everything, in bulk, and tell it once."""
        insert(Decision, self.decisions)
        offer_ids = insert(Offer, self.offers)
        for route_id in {route_id for route_id, _policy_id in self.rosters}:
            _write_credits(self.desks[route_id])
        Lead.objects.filter(pk__in=self.offered).update(
            status=LeadStatus.OFFERED, held_reason="", held_at=None, recheck_at=None
        )
        for (reason, recheck_at), lead_ids in self.held.items():
            Lead.objects.filter(pk__in=lead_ids).update(
                status=LeadStatus.HELD, held_reason=reason, held_at=self.now, recheck_at=recheck_at
            )
        held = [lead_id for lead_ids in self.held.values() for lead_id in lead_ids]
        leads_offered.announce(offer_ids=offer_ids, by=None)
        leads_held.announce(lead_ids=held, by=None)
        offered = len({offer["lead_id"] for offer in self.offers})
        return Distributed(len(self.offered) + len(held), offered, len(held))


def settle(
    leads: Sequence[Claimed], desks: Mapping[int, Desk], *, now: datetime, hold_the_rest: bool = True
) -> Distributed:
    """Choose for each lead in order, in memory, and write everything that follows from it.

    Each choice sees the credits and open offers that the earlier ones left.

    Args:
        leads: locked by the caller.
        hold_the_rest: leads that nobody can take are held, with a decision that says why; otherwise they stay as they
            are and nothing is written about them.
    """
    if not leads:
        return Distributed()
    pasts, batch = _read_pasts(leads), Batch(desks, now)
    for lead in leads:
        batch.decide(lead, pasts.get(lead.pk) or Past(), hold_the_rest=hold_the_rest)
    return batch.write()


def _find_recheck(floor: Floor, letters: Iterable[tuple[int, str]]) -> datetime | None:
    """The first moment at which time alone may let somebody take the lead."""
    moments = (floor.recheck_at(partner_id, letter) for partner_id, letter in letters)
    return min((moment for moment in moments if moment is not None), default=None)


def reason_to_hold(verdicts: str, *, offered: bool = False) -> HeldReason:
    """Why nobody can take a lead.

    Args:
        verdicts: of the partners that it was not offered before.
        offered: whether it was offered to any.
    """
    for letter, reason in ENDS_BY_ITSELF:
        if letter in verdicts:
            return reason
    if offered or Verdict.CONFLICT in verdicts:
        return HeldReason.ALL_OFFERED
    if any(letter in verdicts for letter in FOR_SOMEBODY_ELSE):
        return HeldReason.NO_PARTNER_HERE
    return HeldReason.NO_QUALIFIED_PARTNER


ROSTER = Question(
    lambda route, digest: Roster.objects.filter(route__pk__among=route, digest=digest).values_list("pk"),
    route=IdsField(),
    digest=CharField(),
)


def keep_roster(desk: Desk, policy_id: int, *, now: datetime) -> int:
    """The stored list of candidates and weights, its id; one row serves every decision made with the same list."""
    entries = [list(entry) for entry in desk.entries_of(policy_id)]
    digest = hashlib.sha256(json.dumps(entries).encode()).hexdigest()
    [found] = ask(ROSTER(route=[desk.route_id], digest=digest))
    if found:
        return int(found[0][0])
    return Roster.objects.create(route_id=desk.route_id, digest=digest, entries=entries, made_at=now).pk


def _write_credits(desk: Desk) -> None:
    """Each credit that moved, once per batch."""
    moved = [
        (desk.route_id, partner_id, credit)
        for partner_id, credit in sorted(desk.credits.items())
        if desk.before.get(partner_id) != credit
    ]
    keep_latest(RouteCredit, moved, unique=("route", "partner"), value="credit")
    desk.before = dict(desk.credits)
