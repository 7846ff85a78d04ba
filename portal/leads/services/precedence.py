"""Which route has a lead: routes are asked in one order, and the first whose rules in force take it has it. Read only."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from portal.leads.models import Route, RoutePolicy
from portal.leads.policies import Asked


def list_rules(*, now: datetime) -> list[RoutePolicy]:
    """The rules in force, in the order in which they are asked."""
    return list(RoutePolicy.objects.in_force(now).select_related("route").order_by("route__order", "route__slug"))


def list_rules_before(route: Route, *, now: datetime) -> list[RoutePolicy]:
    """The rules in force that are asked before a route's own, in their order, whether or not it has any yet."""
    # Compared by the database, which sorts: it may not have letters in Python's order.
    before = Q(route__order__lt=route.order) | Q(route__order=route.order, route__slug__lt=route.slug)
    in_force = RoutePolicy.objects.in_force(now).filter(before).exclude(route=route)
    return list(in_force.select_related("route").order_by("route__order", "route__slug"))


def find_taker(rules: Iterable[RoutePolicy], asked: Asked) -> RoutePolicy | None:
    """The first of these rules that take the lead."""
    return next((row for row in rules if row.policy.takes(asked)), None)
