"""Waking held leads: when a partner can take leads that nobody could, exactly those are offered, oldest first.

Nothing polls. What can end a hold is told as a fact: an offer was answered or ran out, a partner qualified or changed
what it does, a route changed. Each names partners; a partner's room (its cap less its open offers) says how many leads
it can take; that many leads that fit it are claimed and settled in the same batch as any other, under the same locks.
Leads that still nobody can take are left as they are, untouched.

What time alone ends (a night, a pause, a full day) has a moment, and a sweeper that comes then.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from certification.models import Qualification
from portal.leads.models import Lead, LeadStatus, Offer, Override, OverrideKind, Route, RoutePolicy, RouteStop
from portal.leads.services.distribution import BATCH, Distributed, claim, claim_new, distribute, settle
from portal.leads.services.route_desks import Claimed, Desk, open_desks

#: Partners looked at in one query for leads that fit them.
PARTNERS_AT_ONCE = 25


def wake_held_leads(*, partner_ids: Iterable[int], now: datetime) -> Distributed:
    """Offer the oldest held leads that these partners can take, as many as they have room for.

    New leads of the same routes that nobody has looked at yet go first. Everyone who can take a lead competes for it,
    not only the partners named.
    """
    partner_ids = sorted(set(partner_ids))
    programmes = Qualification.objects.open().filter(partner__in=partner_ids).values("programme")
    routes = sorted(set(RoutePolicy.objects.filter(programme__in=programmes).values_list("route", flat=True)))
    return _wake(routes, partner_ids, now=now)


def wake_leads_of_routes(*, route_ids: Iterable[int], now: datetime) -> Distributed:
    """The same for every partner of these routes: after staff changed what they take or how much they allow."""
    ids = sorted(route_ids)
    programmes = RoutePolicy.objects.filter(route__in=ids).values("programme")
    qualified = Qualification.objects.open().filter(programme__in=programmes)
    return _wake(ids, sorted(set(qualified.values_list("partner", flat=True))), now=now)


def _wake(route_ids: Sequence[int], partner_ids: Sequence[int], *, now: datetime) -> Distributed:
    if (
        not route_ids
        or not Lead.objects.filter(
            Q(route__in=route_ids), Q(status=LeadStatus.NEW) | Q(status=LeadStatus.HELD)
        ).exists()
    ):
        return Distributed()
    total = _take_up_new(route_ids, now=now)
    for start in range(0, len(partner_ids), PARTNERS_AT_ONCE):
        some, waiting = partner_ids[start : start + PARTNERS_AT_ONCE], True
        while waiting:
            woken = _fill_room(route_ids, some, now=now)
            total += woken
            waiting = bool(woken.offered)
    return total


@transaction.atomic
def _take_up_new(route_ids: Sequence[int], *, now: datetime) -> Distributed:
    """New leads that nobody has looked at yet, a batch of them."""
    desks = open_desks(route_ids, now=now)
    return settle(claim_new(desks, size=BATCH), desks, now=now) if desks else Distributed()


@transaction.atomic
def _fill_room(route_ids: Sequence[int], partner_ids: Sequence[int], *, now: datetime) -> Distributed:
    """Offer held leads to these partners, at most a batch of them.

    Each pass offers at least one lead, or there is nothing left that fits.
    """
    desks = open_desks(route_ids, now=now)
    fits, room = Q(), 0
    for partner_id in partner_ids:
        rooms = {policy_id: free for desk in desks.values() for policy_id, free in desk.rooms(partner_id).items()}
        if rooms:
            room += max(rooms.values())
            fits |= _leads_that_fit(partner_id, list(rooms), desks)
    if not room or not fits:
        return Distributed()
    claimed = [Claimed(*row) for row in claim(Lead.objects.waiting().filter(fits), size=min(room, BATCH))]
    return settle(claimed, desks, now=now, hold_the_rest=False)


def _leads_that_fit(partner_id: int, policy_ids: Sequence[int], desks: Mapping[int, Desk]) -> Q:
    """Leads under these policies, for the partner's regions, products and languages, that it neither was offered before
    nor is kept from."""
    facts = next(iter(desks.values())).floor.partners[partner_id]
    policies = {policy_id: policy for desk in desks.values() for policy_id, policy in desk.policies.items()}
    whoever = [policy_id for policy_id in policy_ids if not policies[policy_id].speaks]
    speaking = [policy_id for policy_id in policy_ids if policies[policy_id].speaks]
    return Q(
        Q(policy__in=whoever) | Q(policy__in=speaking, language__in=["", *facts.languages]),
        ~Exists(Offer.objects.filter(lead=OuterRef("pk"), partner=partner_id)),
        ~Exists(Override.objects.filter(lead=OuterRef("pk"), partner=partner_id, kind=OverrideKind.EXCLUDED)),
        region__in=facts.regions,
        product__in=facts.products,
    )


def wake_due_leads(*, now: datetime) -> Distributed:
    """Look again at held leads whose moment has come: a partner opened, a pause ended, a day began."""
    total = Distributed()
    while route_ids := _free_due(now=now):
        total += distribute(Route.objects.filter(pk__in=route_ids), now=now)
    return total


@transaction.atomic
def _free_due(*, now: datetime) -> list[int]:
    """Make leads new whose moment has come, a batch of them; the routes that they are of. Stopped routes wait."""
    due = Lead.objects.held().filter(recheck_at__lte=now).exclude(route__in=RouteStop.objects.open().values("route"))
    rows = dict(
        due.order_by("recheck_at")
        .select_for_update(skip_locked=True, of=("self",))
        .values_list("pk", "route_id")[:BATCH]
    )
    # Since when they are held and when they go on stay as they are: being looked at again is no new beginning.
    Lead.objects.filter(pk__in=rows).update(status=LeadStatus.NEW, held_reason="", recheck_at=None)
    return sorted(set(rows.values()))
