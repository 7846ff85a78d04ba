"""Measuring how partners work what they are offered, once a month, where a route's rules let it count."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from portal.leads.models import LeadStatus, Offer, OfferState, Route, RoutePerformance, RoutePolicy
from portal.leads.performance import LOOKED_BACK, Record, measure, month_of

#: Offers that the partner could have worked: not those that staff took from it, nor those that another was quicker with.
ITS_OWN = (OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED)


def read_percents(route_ids: Iterable[int]) -> dict[int, dict[int, int]]:
    """By route and partner what was measured last, in percent."""
    percents: dict[int, dict[int, int]] = defaultdict(dict)
    for route_id, partner_id, percent in _latest(route_ids).values_list("route_id", "partner_id", "percent"):
        percents[route_id][partner_id] = percent
    return percents


def read_performance(route_ids: Iterable[int], *, partner_id: int) -> dict[int, RoutePerformance]:
    """By route what was measured last of one partner."""
    return {row.route_id: row for row in _latest(route_ids).filter(partner=partner_id)}


def _latest(route_ids: Iterable[int]) -> QuerySet[RoutePerformance]:
    months = RoutePerformance.objects.filter(route=OuterRef("route")).order_by().values("route")
    latest = months.annotate(last=Max("month")).values("last")
    return RoutePerformance.objects.filter(route__in=list(route_ids), month=Subquery(latest)).order_by()


def measure_performance(*, now: datetime) -> int:
    """Measure the routes that let performance count and have not been measured this month; how many rows are new.

    Safe to repeat and to run at the same time: a route's row is locked meanwhile.
    """
    in_force = RoutePolicy.objects.in_force(now).order_by("route")
    counting = [row.route_id for row in in_force if row.policy.performance]
    return sum(_measure_route(route_id, now=now) for route_id in counting)


@transaction.atomic
def _measure_route(route_id: int, *, now: datetime) -> int:
    Route.objects.select_for_update(no_key=True).get(pk=route_id)
    month = month_of(now)
    if RoutePerformance.objects.filter(route=route_id, month=month).exists():
        return 0
    records = read_records(route_id, until=datetime.combine(month, time(), ZoneInfo("UTC")))
    rows = [
        RoutePerformance(
            route_id=route_id,
            partner_id=partner_id,
            month=month,
            offered=records[partner_id].offered,
            worked=records[partner_id].worked,
            percent=percent,
        )
        for partner_id, percent in sorted(measure(records).items())
    ]
    RoutePerformance.objects.bulk_create(rows)
    return len(rows)


def read_records(route_id: int, *, until: datetime) -> Mapping[int, Record]:
    """By partner what became of a route's offers that ended in the time looked at, without those whose turn was given
    back. A lead that it took and let lie until it went back by the rules counts as one that it had."""
    spoken_with = Q(lead__first_contact_at__isnull=False) | Q(lead__status=LeadStatus.WON)
    worked = Q(state=OfferState.ACCEPTED) & spoken_with | Q(returned__first_contact_at__isnull=False)
    rows = (
        Offer.objects.filter(
            Q(state__in=ITS_OWN) | Q(returned__isnull=False),
            route=route_id, tick__isnull=False, correction__isnull=True,
            closed_at__gte=until - LOOKED_BACK, closed_at__lt=until,
        )
        .order_by()
        .values_list("partner")
        .annotate(offered=Count("pk"), worked=Count("pk", filter=worked))
    )  # fmt: skip
    return {partner_id: Record(offered, worked) for partner_id, offered, worked in rows}
