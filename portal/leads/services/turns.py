"""Where a partner stands in the turns of each route: read from what is stored and true now, without a lock.

Who would compete is asked of the same facts as :mod:`portal.leads.services.distribution` asks under its locks; what is
shown here may therefore be a moment old, and promises nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from portal.leads import fairness
from portal.leads.models import (
    Correction,
    CorrectionKind,
    Decision,
    Offer,
    Roster,
    Route,
    RouteCredit,
    RoutePerformance,
    RoutePolicy,
    RouteStop,
)
from portal.leads.policies import Asked, Policy
from portal.leads.routing import COMPETED, TURN, Candidate, Verdict, first_stop
from portal.leads.services.floor import Floor, look
from portal.leads.services.performance import read_percents, read_performance
from portal.leads.services.verdicts import find_places, letter_at
from portal.partners.models import Partner

#: Turns that a history shows, and how far back in a route they are looked for.
HISTORY = 60
LOOKED_BACK = 300
#: The next leads are taken to be of the regions and products of so many last ones.
MIX = 100

#: What ends by itself, or by an answer.
SOON = (Verdict.OPEN_CAP, Verdict.DAY_CAP, Verdict.HOURS)

#: (region id, product id) of a lead.
Kind = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RouteTurns:
    """A partner's turns in one route. Credits are in units of 2^-40 of a turn.

    Attributes:
        stop: what keeps the partner from competing at present, or None.
        performance: what was measured of the partner and moves its weight; None where it does not count or was not.
        weights: of everyone that would compete with it now, itself included; empty while a gate is closed.
        history: its credit before each of the last turns that it competed for, oldest first, and as it stands now.
        history_won: which of these turns it got.
        next_lead: with which lead from now its turn is expected, 1 for the next; None where that cannot be said.
        next_at: about when; None where that cannot be said.
    """

    route: Route
    stop: Verdict | None
    weight: int
    performance: RoutePerformance | None
    performance_bound: int
    weights: tuple[int, ...]
    served: int
    credit: int
    history: tuple[int, ...]
    history_won: tuple[bool, ...]
    next_lead: int | None
    next_at: datetime | None

    @property
    def balance(self) -> float:
        """In turns: above zero they are owed to the partner, below zero it had them in advance."""
        return self.credit / TURN

    @property
    def entitled(self) -> float:
        return fairness.entitled(self.served, self.credit)

    @property
    def deviation(self) -> float:
        return abs(self.balance)

    @property
    def bound(self) -> float:
        return fairness.bound(len(self.weights))

    @property
    def share(self) -> float:
        """Of the leads that it competes for, from 0 to 1."""
        return self.weight / sum(self.weights) if self.weights else 0.0

    @property
    def takes_part(self) -> bool:
        """Whether it competes, or will by itself: when it has answered its open offers, or its day begins."""
        return self.stop in (None, *SOON)

    @property
    def is_untouched(self) -> bool:
        """Whether it neither takes part nor ever did."""
        return not (self.takes_part or self.served or self.history)


def list_turns(partner: Partner, *, now: datetime) -> list[RouteTurns]:
    """The partner's turns in each route that has leads for it, or had: queries constant in routes, leads and partners."""
    return _read_turns(partner, Route.objects.all(), now=now)


def expect_next_turn(offer: Offer, *, now: datetime) -> RouteTurns | None:
    """Where the partner stands in the route of an offer, whose turn is spent already; None where it left the route."""
    return next(iter(_read_turns(offer.partner, Route.objects.filter(pk=offer.route_id), now=now)), None)


@dataclass(frozen=True, slots=True)
class _Pace:
    """The number of a route's last turn, how many it gave lately, and when it gave the first."""

    last: int
    turns: int
    began: datetime | None


def _read_turns(partner: Partner, wanted: QuerySet[Route], *, now: datetime) -> list[RouteTurns]:
    """By the rules in force; a route without any takes part where the partner has credits of it."""
    rows = RoutePolicy.objects.in_force(now).filter(route__in=wanted).select_related("route__programme")
    in_force = {row.route: row.policy for row in rows.order_by("route__order", "route__slug")}
    credits: dict[int, dict[int, int]] = defaultdict(dict)
    for row in RouteCredit.objects.filter(route__in=[route.pk for route in in_force]):
        credits[row.route_id][row.partner_id] = row.credit
    floor = look(list(in_force.values()), now=now)
    mine = {route.pk: _kinds_of(partner.pk, policy, floor) for route, policy in in_force.items()}
    routes = [route for route in in_force if mine[route.pk] or partner.pk in credits[route.pk]]
    paces = _read_paces(routes, now=now)
    mixes = _read_mixes(paces)
    histories = _read_histories(partner, paces)
    stopped = set(RouteStop.objects.open().filter(route__in=routes).values_list("route", flat=True))
    served = _count_served(partner, routes)
    counting = [route.pk for route in routes if in_force[route].performance]
    percents, measured = read_percents(counting), read_performance(counting, partner_id=partner.pk)
    return [
        _stand_in(
            partner,
            route,
            in_force[route],
            floor,
            kinds=mine[route.pk],
            credits=credits[route.pk],
            pace=paces[route.pk],
            mix=mixes[route.pk],
            history=histories[route.pk],
            served=served[route.pk],
            percents=percents.get(route.pk, {}),
            performance=measured.get(route.pk),
            is_stopped=route.pk in stopped,
            now=now,
        )
        for route in routes
    ]


def _count_served(partner: Partner, routes: Sequence[Route]) -> Counter[int]:
    """By route the turns that the partner had, without those that were given back."""
    turns = Decision.objects.filter(route__in=routes, winner=partner, tick__isnull=False)
    served = Counter(dict(turns.order_by().values_list("route").annotate(Count("pk"))))
    undone = Correction.objects.filter(route__in=routes, kind=CorrectionKind.UNDONE, offer__partner=partner)
    served.subtract(dict(undone.order_by().values_list("route").annotate(Count("pk"))))
    return served


def _stand_in(
    partner: Partner,
    route: Route,
    policy: Policy,
    floor: Floor,
    *,
    kinds: Collection[Kind],
    credits: Mapping[int, int],
    pace: _Pace,
    mix: Sequence[Kind],
    history: Sequence[tuple[int, bool]],
    served: int,
    percents: Mapping[int, int],
    performance: RoutePerformance | None,
    is_stopped: bool,
    now: datetime,
) -> RouteTurns:
    facts = floor.partners.get(partner.pk)
    stop: Verdict | None = Verdict.INACTIVE
    if facts is not None:
        some = next(iter(sorted(kinds)), None) or (next(iter(_regions_of(partner.pk, policy, floor)), 0), 0)
        stop = first_stop(floor.standing(facts, policy, Asked(0, product=some[1], region=some[0])))
    rivals: tuple[Candidate, ...] = ()
    next_lead = next_at = None
    if stop is None:
        competing = {kind: _compete(floor, policy, kind, percents) for kind in {*kinds, *mix}}
        rivals = tuple({one.partner_id: one for kind in kinds for one in competing[kind]}.values())
        coming = [competing[kind] for kind in mix or sorted(kinds)]
        if not is_stopped:
            next_lead = fairness.expect_turn(partner.pk, coming, credits)
        if next_lead is not None:
            next_at = fairness.expect_moment(next_lead, turns=pace.turns, began=pace.began, now=now)
        stop = floor.stop_of(partner.pk, policy, route.pk)
    credit = credits.get(partner.pk, 0)
    return RouteTurns(
        route=route,
        stop=stop,
        weight=policy.weigh(partner.tier_id, percents.get(partner.pk)),
        performance=performance,
        performance_bound=policy.performance,
        weights=tuple(one.weight for one in rivals),
        served=served,
        credit=credit,
        history=(*(before for before, _won in history), credit) if history else (),
        history_won=tuple(won for _before, won in history),
        next_lead=next_lead,
        next_at=next_at,
    )


def _compete(floor: Floor, policy: Policy, kind: Kind, percents: Mapping[int, int]) -> tuple[Candidate, ...]:
    """Who would compete for a lead of the kind, caps aside."""
    asked = Asked(0, product=kind[1], region=kind[0])
    return tuple(
        Candidate(pk, policy.weigh(facts.tier, percents.get(pk)))
        for pk, facts in floor.partners.items()
        if kind[0] in facts.regions and first_stop(floor.standing(facts, policy, asked)) is None
    )


def _regions_of(partner_id: int, policy: Policy, floor: Floor) -> Set[int]:
    """The regions of the route in which the partner works; a route without regions has every region."""
    facts = floor.partners.get(partner_id)
    own = facts.regions if facts else frozenset()
    return own & policy.regions if policy.regions else own


def _kinds_of(partner_id: int, policy: Policy, floor: Floor) -> frozenset[Kind]:
    """The leads of the route that the partner may have by its regions and products."""
    facts = floor.partners.get(partner_id)
    products = policy.products & facts.products if facts else frozenset()
    return frozenset((region, product) for region in _regions_of(partner_id, policy, floor) for product in products)


# --- Reading ----------------------------------------------------------------------------------------------------------


def _read_paces(routes: Sequence[Route], *, now: datetime) -> dict[int, _Pace]:
    """A route's turns are numbered in the order of time: how many there were lately is a difference of two numbers."""
    turns = Decision.objects.filter(route=OuterRef("pk"), tick__isnull=False)
    before = turns.filter(made_at__lt=now - fairness.PACE)
    found = Route.objects.filter(pk__in=[route.pk for route in routes]).annotate(
        last=Subquery(turns.order_by("-tick").values("tick")[:1]),
        before=Subquery(before.order_by("-tick").values("tick")[:1]),
        began=Subquery(turns.order_by("tick").values("made_at")[:1]),
    )
    return {
        pk: _Pace(last=last or 0, turns=(last or 0) - (before or 0), began=began)
        for pk, last, before, began in found.order_by().values_list("pk", "last", "before", "began")
    }


def _latest_turns(paces: Mapping[int, _Pace], count: int) -> QuerySet[Decision]:
    """The last ``count`` turns of each route."""
    latest = Q(pk__in=[])
    for route_id, pace in paces.items():
        if pace.last:
            latest |= Q(route=route_id, tick__gt=pace.last - count)
    return Decision.objects.filter(latest)


def _read_mixes(paces: Mapping[int, _Pace]) -> dict[int, list[Kind]]:
    """Of each route the regions and products of its last leads, in the order in which they came."""
    mixes: dict[int, list[Kind]] = defaultdict(list)
    rows = _latest_turns(paces, MIX).filter(lead__region__isnull=False, lead__product__isnull=False)
    for route_id, region_id, product_id in rows.order_by("route", "tick").values_list(
        "route_id", "lead__region_id", "lead__product_id"
    ):
        mixes[route_id].append((region_id, product_id))
    return mixes


def _read_histories(partner: Partner, paces: Mapping[int, _Pace]) -> dict[int, list[tuple[int, bool]]]:
    """Of each route the partner's credit before its last turns, and whether it got them, oldest first."""
    latest = _latest_turns(paces, LOOKED_BACK)
    rosters = Roster.objects.filter(pk__in=latest.order_by().values("roster")).values_list("pk", "entries")
    places = find_places(rosters, partner_id=partner.pk)
    place_in = {roster_id: place for place, ids in places.items() for roster_id in ids}
    competed = (
        latest.annotate(letter=letter_at(places))
        .filter(letter__in=[str(letter) for letter in COMPETED])
        .annotate(age=Window(RowNumber(), partition_by=F("route"), order_by=F("tick").desc()))
        .filter(age__lte=HISTORY)
    )
    histories: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for route_id, roster_id, winner_id, verdicts, credits in competed.order_by("route", "tick").values_list(
        "route_id", "roster_id", "winner_id", "verdicts", "credits"
    ):
        before_it = verdicts[: place_in[roster_id] - 1]
        ordinal = sum(letter in COMPETED for letter in before_it)
        histories[route_id].append((credits[ordinal], winner_id == partner.pk))
    return histories
