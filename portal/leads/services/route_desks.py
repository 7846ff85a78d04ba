"""Routes under lock: what is read once for a batch, and choosing for one lead after the other in memory.

Locks are taken here in the order that everybody keeps: routes by id, partners by id, and only then leads. The route's
row serialises its turns; the partners' rows hold still the gate and the count of open offers, which routes share.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Subquery

from certification.models import Qualification, QualificationQuerySet
from certification.services.qualifications import review_qualification
from portal.core.prepared import IdsField, Question, ask
from portal.leads.models import Decision, Lead, LeadStatus, Route, RouteCredit, RoutePolicy, RouteStop
from portal.leads.policies import Asked, Policy
from portal.leads.routing import Choice, Shortlist, Verdict, draw_up, first_stop
from portal.leads.services.bulk import Packed
from portal.leads.services.floor import Floor, look
from portal.leads.services.performance import read_percents
from portal.partners.models import Partner


class Claimed(NamedTuple):
    """A lead that is locked, with what choosing looks at. One that is new or waits for a partner has all of it."""

    pk: int
    route_id: int
    policy_id: int
    source_id: int
    region_id: int
    product_id: int
    language: str
    held_at: Any  # since when it is held, however the database says that; None where it was not

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

    def choose(self, lead: Claimed, *, offered: Collection[int], times: int, excluded: Collection[int]) -> Choice:
        """The next partner of a lead.

        Args:
            offered: whom it was offered before, on whichever route.
            times: how often on this one.
            excluded: whom staff keep it from.
        """
        policy_id = lead.policy_id
        shortlist, most = self.shortlist_for(lead), self.policies[policy_id].most_offers
        if most and times >= most:
            return shortlist.stop(dict.fromkeys(shortlist.competing, Verdict.ENOUGH)).choose(self.credits)
        stops: Mapping[int, Verdict] = self.caps(policy_id)
        if offered or excluded:
            stops = {
                **dict.fromkeys(excluded, Verdict.CONFLICT),
                **dict.fromkeys(offered, Verdict.ALREADY_OFFERED),
                **stops,
            }
        return shortlist.stop(stops).choose(self.credits)


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
