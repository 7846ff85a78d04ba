"""Publishing the rules of a route, stopping it at once, and letting it go on."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.content.models import Product
from portal.core.errors import Refusal
from portal.core.times import describe_moment
from portal.leads.facts import leads_received, routes_changed, routes_resumed, routes_stopped
from portal.leads.models import (
    FINAL,
    UNHELD,
    WAITING,
    Lead,
    LeadReroute,
    LeadStatus,
    OfferState,
    Route,
    RoutePolicy,
    RouteStop,
)
from portal.leads.policies import Policy


def draft_policy(route: Route) -> Policy:
    """What a route's draft says at present."""

    def ids(name: str) -> frozenset[int]:
        return frozenset(row.pk for row in getattr(route, name).all())

    return Policy(
        programme=route.programme_id,
        products=ids("products"),
        sources=ids("sources"),
        regions=ids("regions"),
        languages=frozenset(route.languages),
        countries=frozenset(route.countries),
        least_score=route.least_score,
        least_employees=route.least_employees,
        most_employees=route.most_employees,
        kinds=ids("kinds"),
        least_rank=route.lowest_tier.rank if route.lowest_tier else 0,
        roles=ids("roles"),
        speaks=route.speaks,
        weights=tuple(sorted((row.tier_id, row.weight) for row in route.weights.all())),
        performance=route.performance,
        window_hours=route.window_hours,
        in_working_hours=route.in_working_hours,
        open_cap=route.open_cap,
        day_cap=route.day_cap,
        most_offers=route.most_offers,
        slots=route.slots,
        fallback=route.fallback_id or 0,
        fallback_hours=route.fallback_hours,
        first_contact_hours=route.first_contact_hours,
        tells_customer=route.tells_customer,
        asks_after_days=route.asks_after_days,
        return_after_days=route.return_after_days,
    )


@transaction.atomic
def publish_policy(
    route: Route, *, effective_from: datetime | None = None, note: str = "", by: User | None, now: datetime
) -> RoutePolicy:
    """Put the route's draft in force. Leads that came before keep the rules that they came under.

    Args:
        effective_from: from when; now if not said.

    Raises:
        Refusal: the moment is past, another policy begins at that moment, the draft says what is in force already, or
            leads that nobody takes could not go where it says (:func:`_check_fallback`).
    """
    moment = effective_from or now
    Route.objects.select_for_update(no_key=True).get(pk=route.pk)
    if moment < now:
        raise Refusal(
            _("Rules cannot be put in force for the past: leads were distributed by others then."),
            remedy=_("Choose a moment that is still to come, or none to put them in force now."),
            code="past",
        )
    others = RoutePolicy.objects.filter(route=route)
    if others.filter(effective_from=moment).exists():
        raise Refusal(
            _("Other rules begin at that very moment."), remedy=_("Choose another moment."), code="same_moment"
        )
    policy = draft_policy(route)
    before = others.filter(effective_from__lt=moment).order_by("-effective_from").first()
    if before is not None and before.policy == policy:
        raise Refusal(
            _("The draft says what is in force already: version %(number)s, from %(moment)s.")
            % {"number": before.number, "moment": describe_moment(before.effective_from)},
            remedy=_("Change the draft first."),
            code="unchanged",
        )
    _check_fallback(route, policy, moment=moment)
    _check_those_that_come(route, policy, moment=moment)
    number = (others.aggregate(last=Max("number"))["last"] or 0) + 1
    published = RoutePolicy.objects.create(
        route=route, number=number, programme_id=policy.programme, rules=policy.to_json(), effective_from=moment,
        published_at=now, published_by=by, note=note.strip(), told_at=now if moment <= now else None,
    )  # fmt: skip
    routes_changed.announce(route_ids=route.pk, by=by)
    return published


@transaction.atomic
def tell_of_rules_in_force(*, now: datetime) -> int:
    """Tell of planned rules whose moment has come, so that what waited for such is looked at again; how many."""
    due = RoutePolicy.objects.filter(told_at__isnull=True, effective_from__lte=now).order_by("pk")
    rows = dict(due.select_for_update(skip_locked=True, of=("self",)).values_list("pk", "route"))
    RoutePolicy.objects.filter(pk__in=rows).update(told_at=now)
    routes_changed.announce(route_ids=sorted(set(rows.values())), by=None)
    return len(rows)


def _check_fallback(route: Route, policy: Policy, *, moment: datetime) -> None:
    """Whether what nobody takes can go on as a draft says, from a moment on.

    Raises:
        Refusal: the next route has no rules then, or does not sell a product of these; or the leads would come back here.
    """
    if not policy.fallback:
        return
    rows = RoutePolicy.objects.in_force(moment).exclude(route=route).select_related("route")
    in_force = {row.route_id: row for row in rows}
    following = in_force.get(policy.fallback)
    if following is None:
        raise Refusal(
            _("Leads that nobody takes cannot go on to “%(route)s”: it has no rules in force then.")
            % {"route": Route.objects.get(pk=policy.fallback)},
            remedy=_("Publish its rules first."),
            code="fallback_without_rules",
        )
    lacking = _name_products(policy.products - following.policy.products)
    if lacking:
        raise Refusal(
            _("Leads that nobody takes cannot go on to “%(route)s”: its rules do not have %(products)s.")
            % {"route": following.route, "products": lacking},
            remedy=_("Add it to the rules of that route, whose exam is on it; or choose another route."),
            code="fallback_lacks_products",
        )
    chain = [following]
    while chain[-1].policy.fallback in in_force and len(chain) <= len(in_force):
        chain.append(in_force[chain[-1].policy.fallback])
    if chain[-1].policy.fallback == route.pk:
        names = [str(route), *(str(row.route) for row in chain), str(route)]
        raise Refusal(
            _("Leads that nobody takes would go round: %(routes)s.") % {"routes": " → ".join(names)},
            remedy=_("Let one of these routes hold them."),
            code="fallback_round",
        )


def _check_those_that_come(route: Route, policy: Policy, *, moment: datetime) -> None:
    """Whether what nobody takes on other routes can still go on to this one.

    Raises:
        Refusal: their leads are of products that the draft does not have.
    """
    for row in RoutePolicy.objects.in_force(moment).exclude(route=route).select_related("route"):
        if row.policy.fallback == route.pk and not row.policy.products <= policy.products:
            lacking = _name_products(row.policy.products - policy.products)
            raise Refusal(
                _("Leads of “%(route)s” that nobody takes go on here, and the draft does not have %(products)s.")
                % {"route": row.route, "products": lacking},
                remedy=_("Keep the product, or let the leads of that route go on elsewhere first."),
                code="others_go_on_here",
            )


def _name_products(ids: Iterable[int]) -> str:
    return ", ".join(str(product) for product in Product.objects.filter(pk__in=ids))


@transaction.atomic
def withdraw_planned(policy: RoutePolicy, *, now: datetime) -> None:
    """Take back rules that are not in force yet.

    Raises:
        Refusal: they are in force, or were.
    """
    planned = RoutePolicy.objects.select_for_update().get(pk=policy.pk)
    if planned.effective_from <= now:
        raise Refusal(
            _("These rules are in force: leads are distributed by them."),
            remedy=_("Publish others in their place."),
            code="in_force",
        )
    planned.delete()


@transaction.atomic
def stop_route(route: Route, *, reason: str, by: User, now: datetime) -> RouteStop:
    """Distribute nothing more on a route. Offers that stand may still be answered; what comes in waits in its order.

    Raises:
        Refusal: without a reason, or if it is stopped already.
    """
    reason = reason.strip()
    if not reason:
        raise Refusal(_("A route is not stopped without a reason."), remedy=_("Your colleagues read it."))
    # A batch that is under way holds this lock: it is the last one.
    Route.objects.select_for_update(no_key=True).get(pk=route.pk)
    if RouteStop.objects.open().filter(route=route).exists():
        raise Refusal(_("This route is stopped already."), code="stopped_already")
    stop = RouteStop.objects.create(route=route, reason=reason, stopped_at=now, stopped_by=by)
    routes_stopped.announce(route_ids=route.pk, by=by)
    return stop


@transaction.atomic
def resume_route(route: Route, *, by: User, now: datetime) -> RouteStop:
    """Let a route go on with what has waited.

    Raises:
        Refusal: it is not stopped.
    """
    Route.objects.select_for_update(no_key=True).get(pk=route.pk)
    stop = RouteStop.objects.open().filter(route=route).first()
    if stop is None:
        raise Refusal(_("This route is not stopped."), code="not_stopped")
    stop.resumed_at, stop.resumed_by = now, by
    stop.save(update_fields=["resumed_at", "resumed_by"])
    routes_resumed.announce(route_ids=route.pk, by=by)
    return stop


@transaction.atomic
def adopt_waiting(route: Route, *, by: User, now: datetime) -> int:
    """Bring the route's leads that nobody has under the rules in force, those that these rules take; how many.

    Leads keep the rules that they came under; this is how staff let a new rule hold for those that wait. They are looked
    at again at once, by these. One that came from another route is asked for its product alone, as when it came; one of
    which an offer stands keeps the rules of that offer.
    """
    Route.objects.select_for_update(no_key=True).get(pk=route.pk)
    row = RoutePolicy.objects.in_force(now).filter(route=route).first()
    if row is None:
        return 0
    for_want_of_a_partner = Q(status=LeadStatus.NEW) | Q(status=LeadStatus.HELD, held_reason__in={*WAITING, *FINAL})
    waiting = Lead.objects.filter(for_want_of_a_partner, route=route).exclude(policy=row)
    came = set(LeadReroute.objects.filter(to_policy__route=route, lead__in=waiting).values_list("lead", flat=True))
    moved = [
        lead.pk
        for lead in waiting.exclude(offers__state=OfferState.OPEN).select_for_update(of=("self",)).order_by("pk")
        if (lead.product_id in row.policy.products if lead.pk in came else row.policy.takes(lead.asked))
    ]
    # Since when they are held stays; everything else about it is the new rules' to say.
    Lead.objects.filter(pk__in=moved).update(
        policy=row, status=LeadStatus.NEW, **{name: value for name, value in UNHELD.items() if name != "held_at"}
    )
    leads_received.announce(lead_ids=moved, by=by)
    return len(moved)
