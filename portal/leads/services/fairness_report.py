"""Whether turns went as they should, route by route: what each partner was served and entitled to, the bound where it
applies, and everything that staff decided besides. Read only."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, F, Func, Value

from portal.leads import fairness
from portal.leads.models import Correction, CorrectionKind, Decision, Offer, Override, Route, RouteCredit
from portal.leads.routing import COMPETED, TURN
from portal.partners.models import Partner


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
        bound: what the deviation may be at most, where the bound applies: the same partners with the same weights have
            competed for every turn so far, from credits of zero. None where they changed: then it is measured only.
        sums_to_zero: whether its credits do, as they always must.
    """

    route: Route
    turns: int
    shares: tuple[Share, ...]
    bound: float | None
    sums_to_zero: bool
    given_back: int
    settled: int

    @property
    def deviation(self) -> float:
        return max((share.deviation for share in self.shares), default=0.0)

    @property
    def is_within(self) -> bool:
        """Within the bound and its rounding, a unit a turn."""
        return self.bound is None or self.deviation <= self.bound + self.turns / TURN


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
    stretches = _find_stretches()
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
        applies = route.pk in stretches and not given_back.get(route.pk) and not settled.get(route.pk)
        found.append(
            RouteFairness(
                route=route,
                turns=turns[route.pk],
                shares=shares,
                bound=fairness.bound(stretches[route.pk]) if applies else None,
                sums_to_zero=sum(share.credit for share in shares) == 0,
                given_back=given_back.get(route.pk, 0),
                settled=settled.get(route.pk, 0),
            )
        )
    return found


def _by_pair(rows: Iterable[Any]) -> Counter[tuple[int, int]]:
    return Counter({(route, partner): count for route, partner, count in rows})


def _find_stretches() -> Mapping[int, int]:
    """Routes on which the same partners with the same weights competed for every turn, and how many they are."""
    alike = Func(F("verdicts"), Value("w"), Value("n"), function="REPLACE", output_field=CharField())
    rows = Decision.objects.filter(tick__isnull=False).annotate(competed=alike).order_by()
    seen: dict[int, set[tuple[int, str]]] = {}
    for route, roster, letters in rows.values_list("route", "roster", "competed").distinct():
        seen.setdefault(route, set()).add((roster, letters))
    return {
        route: sum(letter in COMPETED for letter in next(iter(found))[1])
        for route, found in seen.items()
        if len(found) == 1
    }


def list_overrides(limit: int = 50) -> list[Override]:
    """What staff decided in place of the rule, the latest first."""
    rows = Override.objects.select_related("lead__route", "partner", "made_by").order_by("-made_at", "-pk")
    return list(rows[:limit])
