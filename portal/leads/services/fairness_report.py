"""Whether turns went as they should, route by route: what each partner was served and entitled to, the bound for as long
as it applied, and everything that staff decided besides. Read only."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import CharField, Count, F, Func, Min, Q, Value

from portal.leads import fairness
from portal.leads.models import Correction, CorrectionKind, Decision, Offer, Override, Roster, Route, RouteCredit
from portal.leads.routing import COMPETED, TURN
from portal.partners.models import Partner

#: Of each route so many of its first turns are held against the bound at most.
MOST_WATCHED = 2000


class Ended(StrEnum):
    """Why the bound applies no longer, or is watched no further."""

    PARTNERS = "partners"
    WEIGHTS = "weights"
    CORRECTED = "corrected"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Watched:
    """The first turns of a route, for which the bound applies: from credits of zero, and for as long as the same partners
    competed with the same weights.

    Attributes:
        turns: how many these are.
        bound: what the deviation may be at most, in turns.
        deviation: the largest after any of them, in turns.
        ended: why they are no more than these; None where they are all so far.
        ended_at: when the turn came, or the correction, that is not among them; None where they go on.
    """

    turns: int
    bound: float
    deviation: float
    ended: Ended | None = None
    ended_at: datetime | None = None

    def allows(self, deviation: float) -> bool:
        """Whether a deviation is within the bound and its rounding, a unit a turn."""
        return deviation <= self.bound + self.turns / TURN


@dataclass(frozen=True, slots=True)
class Share:
    """A partner on a route. Turns that were given back are not among those served."""

    partner: Partner
    served: int
    credit: int
    by_hand: int

    @property
    def entitled(self) -> float:
        return fairness.entitled(self.served, self.credit)

    @property
    def deviation(self) -> float:
        return abs(self.credit) / TURN


@dataclass(frozen=True, slots=True)
class RouteFairness:
    """A route.

    Attributes:
        watched: those of its turns that are held against the bound; None where there is none. After them the deviation is
            measured only.
        sums_to_zero: whether its credits do, as they always must.
    """

    route: Route
    turns: int
    shares: tuple[Share, ...]
    watched: Watched | None
    sums_to_zero: bool
    given_back: int
    settled: int

    @property
    def deviation(self) -> float:
        return max((share.deviation for share in self.shares), default=0.0)

    @property
    def is_within(self) -> bool:
        """Within the bound, wherever that applies."""
        if self.watched is None:
            return True
        applies_still = self.watched.ended is None
        return self.watched.allows(self.watched.deviation) and (
            not applies_still or self.watched.allows(self.deviation)
        )


def read_fairness() -> list[RouteFairness]:
    """Every route that gave a turn, in a constant number of queries."""
    taken = Decision.objects.filter(tick__isnull=False).order_by()
    turns = dict(taken.values_list("route").annotate(Count("pk")))
    served = _by_pair(taken.values_list("route", "winner").annotate(Count("pk")))
    undone = Correction.objects.filter(kind=CorrectionKind.UNDONE).order_by()
    served.subtract(_by_pair(undone.values_list("route", "offer__partner").annotate(Count("pk"))))
    by_hand = _by_pair(
        Offer.objects.filter(tick__isnull=True).order_by().values_list("route", "partner").annotate(Count("pk"))
    )
    credits = {
        (route, partner): credit
        for route, partner, credit in RouteCredit.objects.values_list("route", "partner", "credit")
    }
    given_back = dict(undone.values_list("route").annotate(Count("pk")))
    settled = dict(
        Correction.objects.filter(kind=CorrectionKind.SETTLED).order_by().values_list("route").annotate(Count("pk"))
    )
    watched = _watch(turns)
    partners = Partner.objects.in_bulk({partner for _route, partner in {*served, *by_hand, *credits}})
    found = []
    for route in Route.objects.filter(pk__in=turns):
        pairs = sorted(
            {partner for of, partner in {*served, *by_hand, *credits} if of == route.pk},
            key=lambda pk: partners[pk].name,
        )
        shares = tuple(
            Share(partners[pk], served[route.pk, pk], credits[route.pk, pk], by_hand[route.pk, pk]) for pk in pairs
        )
        found.append(
            RouteFairness(
                route=route,
                turns=turns[route.pk],
                shares=shares,
                watched=watched.get(route.pk),
                sums_to_zero=sum(share.credit for share in shares) == 0,
                given_back=given_back.get(route.pk, 0),
                settled=settled.get(route.pk, 0),
            )
        )
    return found


def _by_pair(rows: Iterable[Any]) -> Counter[tuple[int, int]]:
    return Counter({(route, partner): count for route, partner, count in rows})


#: (partner id, weight) of each that competed.
Rivals = frozenset[tuple[int, int]]


class Stretch(NamedTuple):
    """The first turns of a route for which the same partners competed, and what ended them."""

    rivals: Rivals
    turns: int
    ended: Ended | None
    ended_at: datetime | None


def _watch(turns: Mapping[int, int]) -> dict[int, Watched]:
    """Hold the first turns of routes against the bound: four queries, which read no more than these turns.

    Args:
        turns: by route, how many it gave.
    """
    stretches = _find_stretches(turns)
    first = Q(pk__in=[])
    for route_id, stretch in stretches.items():
        first |= Q(route=route_id, tick__lte=stretch.turns)
    rows = Decision.objects.filter(first).order_by("route", "tick").values_list("route", "winner")
    watched = {}
    for route_id, of_route in groupby(rows.iterator(), key=lambda row: row[0]):
        rivals, count, ended, ended_at = stretches[route_id]
        widest = fairness.find_widest((winner for _route, winner in of_route), rivals)
        watched[route_id] = Watched(count, fairness.bound(len(rivals)), widest / TURN, ended, ended_at)
    return watched


def _find_stretches(turns: Mapping[int, int]) -> dict[int, Stretch]:
    """By route its stretch, where it has any."""
    first = Q(pk__in=[])
    for route_id in turns:
        first |= Q(route=route_id, tick__lte=MOST_WATCHED + 1)
    alike = Func(F("verdicts"), Value("w"), Value("n"), function="REPLACE", output_field=CharField())
    rows = Decision.objects.filter(first).annotate(letters=alike).order_by().values_list("route", "roster", "letters")
    groups: dict[int, list[tuple[int, datetime, int, str]]] = defaultdict(list)
    for route_id, roster_id, letters, tick, made_at in rows.annotate(Min("tick"), Min("made_at")):
        groups[route_id].append((tick, made_at, roster_id, letters))
    rosters = dict(
        Roster.objects.filter(pk__in={group[2] for of_route in groups.values() for group in of_route}).values_list(
            "pk", "entries"
        )
    )
    corrections = Correction.objects.order_by().values_list("route").annotate(Min("after_tick"), Min("made_at"))
    corrected = {route_id: (tick, made_at) for route_id, tick, made_at in corrections}
    stretches = {}
    for route_id, of_route in groups.items():
        changes = [
            (tick, made_at, _find_rivals(rosters[roster_id], letters))
            for tick, made_at, roster_id, letters in sorted(of_route)
        ]
        stretch = _end_stretch(changes, turns[route_id], corrected.get(route_id))
        if stretch.turns:
            stretches[route_id] = stretch
    return stretches


def _end_stretch(
    changes: Sequence[tuple[int, datetime, Rivals]], turns: int, corrected: tuple[int, datetime] | None
) -> Stretch:
    """The stretch of one route.

    Args:
        changes: who competed, from which turn on, and when that was; in the order of turns.
        turns: how many the route gave.
        corrected: after which turn its credits were first corrected, and when.
    """
    _tick, _made_at, rivals = changes[0]
    until = ended = ended_at = None
    for tick, made_at, others in changes:
        if others != rivals:
            same_partners = {partner for partner, _weight in others} == {partner for partner, _weight in rivals}
            until, ended, ended_at = tick - 1, Ended.WEIGHTS if same_partners else Ended.PARTNERS, made_at
            break
    if corrected is not None and (until is None or corrected[0] <= until):
        until, ended, ended_at = corrected[0], Ended.CORRECTED, corrected[1]
    if (turns if until is None else until) > MOST_WATCHED:
        until, ended, ended_at = MOST_WATCHED, Ended.LONG, None
    return Stretch(rivals, turns if until is None else until, ended, ended_at)


def _find_rivals(entries: Sequence[Sequence[int]], letters: str) -> Rivals:
    return frozenset(
        (partner_id, weight)
        for (partner_id, weight), letter in zip(entries, letters, strict=True)
        if letter in COMPETED
    )


def list_overrides(limit: int = 50) -> list[Override]:
    """What staff decided in place of the rule, the latest first."""
    rows = Override.objects.select_related("lead", "partner", "made_by").order_by("-made_at", "-pk")
    return list(rows[:limit])
