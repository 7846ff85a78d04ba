"""Distributing leads: each to the partner whose turn it is, among those that may have it at that moment.

One transaction is one batch. Its locks, always in this order: routes by id, partners by id, leads. A process that dies
takes its whole batch with it, and the next one finds the leads as they were.

1. Lock the routes; lock every partner that has, or may have, a qualification; assess again those that are in doubt
   (:mod:`portal.leads.services.route_desks`).
2. Claim leads, skipping those that somebody else has.
3. For each, ask :func:`portal.leads.routing.choose`, in memory.
4. Write offers, decisions, credits, statuses in bulk; tell it once.
"""

import hashlib
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Coalesce

from portal.core.prepared import IdsField, Question, ask
from portal.leads.facts import leads_held, leads_offered
from portal.leads.models import (
    UNHELD,
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
    RouteStop,
)
from portal.leads.routing import Choice, Verdict
from portal.leads.services.bulk import Packed, insert, keep_latest
from portal.leads.services.floor import Floor
from portal.leads.services.rerouting import Unplaced, find_ways, reroute
from portal.leads.services.route_desks import Claimed, Desk, open_desks

logger = logging.getLogger(__name__)

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
    """How many leads were looked at, and how many of these were offered (to one partner or several), held, or went on to
    another route."""

    leads: int = 0
    offered: int = 0
    held: int = 0
    rerouted: int = 0

    def __add__(self, other: "Distributed") -> "Distributed":
        return Distributed(
            self.leads + other.leads,
            self.offered + other.offered,
            self.held + other.held,
            self.rerouted + other.rerouted,
        )


def distribute(
    routes: Route | Iterable[Route],
    *,
    limit: int | None = None,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
) -> Distributed:
    """Give the new leads of routes to partners, route by route, oldest first, in batches of :data:`BATCH`.

    Leads that nobody can take are held with their reason, and wake by :mod:`portal.leads.services.holding`; or they go on
    to another route by :mod:`portal.leads.services.rerouting`.

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
    """Distribute every route that has new leads: what a lost wake-up left behind.

    Where something is broken about the leads of one route, the others are served all the same.
    """
    routes = list(Route.objects.filter(pk__in=Lead.objects.new().values("route")).order_by("pk"))
    try:
        return distribute(routes, now=now, clock=clock)
    except DatabaseError:
        logger.exception("Leads could not be distributed; each route is tried by itself")
    total = Distributed()
    for route in routes:
        try:
            total += distribute(route, now=now, clock=clock)
        except DatabaseError:
            logger.exception("The leads of route %s could not be distributed", route.slug)
    return total


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


EARLIER_OFFERS = Packed(
    lambda leads: (
        Offer.objects.filter(lead__pk__among=leads)
        .order_by()
        .values_list("lead_id", "partner_id", "route_id", "slot", "state")
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
    """What became of a lead before: who was offered it, how often on which route, in which slots offers stand, whom staff
    keep it from."""

    offered: set[int] = field(default_factory=set)
    times: Counter[int] = field(default_factory=Counter)
    standing: set[int] = field(default_factory=set)
    excluded: set[int] = field(default_factory=set)


def _read_pasts(leads: Sequence[Claimed]) -> Mapping[int, Past]:
    ids = [lead.pk for lead in leads]
    offers, excluded = ask(EARLIER_OFFERS(leads=ids), EXCLUDED(leads=ids))
    pasts: dict[int, Past] = defaultdict(Past)
    for lead_id, partner_id, route_id, slot, state in offers:
        pasts[lead_id].offered.add(partner_id)
        pasts[lead_id].times[route_id] += 1
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
        unplaced: those that nobody can take.
        waited: ids of those of them that were held before, and have been looked at again.
        rosters: by route and policy the list of candidates that its decisions name.
    """

    desks: Mapping[int, Desk]
    now: datetime
    decisions: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    offered: list[int] = field(default_factory=list)
    unplaced: list[Unplaced] = field(default_factory=list)
    waited: list[int] = field(default_factory=list)
    rosters: dict[tuple[int, int], int] = field(default_factory=dict)

    def decide(self, lead: Claimed, past: Past, *, hold_the_rest: bool) -> None:
        """Choose a partner for each free slot of the lead. Each choice is a turn of its own."""
        desk, before, unfilled = self.desks[lead.route_id], len(self.offers), None
        for slot in desk.free_slots(lead, past.standing):
            choice = desk.choose(lead, offered=past.offered, times=past.times[lead.route_id], excluded=past.excluded)
            if choice.winner is None:
                unfilled = choice
                break
            self._offer(lead, choice, choice.winner, slot)
            past.offered.add(choice.winner)
            past.times[lead.route_id] += 1
        if unfilled is not None and hold_the_rest:
            self._write_down(lead, unfilled, tick=None)
        if len(self.offers) > before or (past.standing and hold_the_rest):
            self.offered.append(lead.pk)
        elif unfilled is not None and hold_the_rest:
            self._leave(lead, unfilled, past)

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

    def _leave(self, lead: Claimed, choice: Choice, past: Past) -> None:
        floor = self.desks[lead.route_id].floor
        letters = zip(floor.partners, choice.verdicts, strict=True)
        barred = past.offered | past.excluded
        free = [(partner_id, letter) for partner_id, letter in letters if partner_id not in barred]
        reason = reason_to_hold("".join(letter for _partner_id, letter in free), offered=bool(barred))
        recheck_at = _find_recheck(floor, free)
        if lead.held_at is not None:
            self.waited.append(lead.pk)
        self.unplaced.append(Unplaced(lead.pk, lead.route_id, lead.policy_id, lead.product_id, reason, recheck_at))

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
        insert(Decision, self._leave_out_repeated())
        offer_ids = insert(Offer, self.offers)
        for route_id in {route_id for route_id, _policy_id in self.rosters}:
            _write_credits(self.desks[route_id])
        Lead.objects.filter(pk__in=self.offered).update(status=LeadStatus.OFFERED, **UNHELD)
        held, rerouted = self._write_unplaced()
        leads_offered.announce(offer_ids=offer_ids, by=None)
        leads_held.announce(lead_ids=held, by=None)
        offered = len({offer["lead_id"] for offer in self.offers})
        return Distributed(len(self.offered) + len(held) + len(rerouted), offered, len(held), len(rerouted))

    def _leave_out_repeated(self) -> list[dict[str, Any]]:
        """The decisions, without those that say again of a waiting lead what its last one says: a lead that is looked at
        each morning is not written down each morning."""
        if not self.waited:
            return self.decisions
        last: dict[int, tuple[int, str]] = {}
        rows = Decision.objects.filter(lead__in=self.waited).order_by("pk")
        for lead_id, roster_id, verdicts in rows.values_list("lead_id", "roster_id", "verdicts"):
            last[lead_id] = roster_id, verdicts
        return [row for row in self.decisions if last.get(row["lead_id"]) != (row["roster_id"], row["verdicts"])]

    def _write_unplaced(self) -> tuple[list[int], list[int]]:
        """Hold the leads that nobody can take, or let them go on; the ids of either."""
        policies = {pk: policy for desk in self.desks.values() for pk, policy in desk.policies.items()}
        ways = find_ways(self.unplaced, policies, now=self.now)
        rerouted = reroute(self.unplaced, ways, now=self.now)
        stay = [lead for lead in self.unplaced if lead.lead_id not in set(rerouted)]
        alike: dict[tuple[HeldReason, datetime | None, datetime | None], list[int]] = defaultdict(list)
        for lead in stay:
            goes_at = ways[lead.lead_id].goes_at if lead.lead_id in ways else None
            moments = [moment for moment in (lead.recheck_at, goes_at) if moment is not None]
            alike[lead.reason, min(moments, default=None), goes_at].append(lead.lead_id)
        for (reason, recheck_at, fallback_at), lead_ids in alike.items():
            Lead.objects.filter(pk__in=lead_ids).update(
                status=LeadStatus.HELD,
                held_reason=reason,
                held_at=Coalesce("held_at", Value(self.now)),
                recheck_at=recheck_at,
                fallback_at=fallback_at,
            )
        return [lead.lead_id for lead in stay], rerouted


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
        verdicts: of the partners that it was not offered before, nor is kept from.
        offered: whether there are others.
    """
    for letter, reason in ENDS_BY_ITSELF:
        if letter in verdicts:
            return reason
    if offered:
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
