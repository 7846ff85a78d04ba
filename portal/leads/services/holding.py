"""Waking held leads: when a partner can take leads that nobody could, exactly those are offered, oldest first.

Nothing polls. What can end a hold is told as a fact: an offer was answered or ran out, a partner qualified or changed
what it does, a route changed. Each names partners; a partner's room (its cap less its open offers) says how many leads
it can take; that many leads that fit it are claimed and settled in the same batch as any other, under the same locks.
Leads that still nobody can take are left as they are, untouched.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from certification.models import Qualification
from portal.leads.models import Lead, LeadStatus, Offer, Route
from portal.leads.services.distribution import BATCH, Claimed, Desk, Distributed, claim, claim_new, open_desks, settle

#: Partners looked at in one query for leads that fit them.
PARTNERS_AT_ONCE = 25


@transaction.atomic
def wake_held_leads(*, partner_ids: Iterable[int], now: datetime) -> Distributed:
    """Offer the oldest held leads that these partners can take, as many as they have room for.

    New leads of the same routes that nobody has looked at yet go first. Everyone who can take a lead competes for it,
    not only the partners named.
    """
    partner_ids = sorted(set(partner_ids))
    programmes = Qualification.objects.open().filter(partner__in=partner_ids).values("programme")
    routes = list(Route.objects.filter(programme__in=programmes).order_by("pk").values_list("pk", flat=True))
    return _wake(routes, partner_ids, now=now)


@transaction.atomic
def wake_leads_of_routes(*, route_ids: Iterable[int], now: datetime) -> Distributed:
    """The same for every partner of these routes: after staff changed what they take or how much they allow."""
    routes = Route.objects.filter(pk__in=list(route_ids))
    qualified = Qualification.objects.open().filter(programme__in=routes.values("programme"))
    partner_ids = sorted(set(qualified.values_list("partner", flat=True)))
    return _wake(sorted(routes.values_list("pk", flat=True)), partner_ids, now=now)


def _wake(route_ids: Sequence[int], partner_ids: Sequence[int], *, now: datetime) -> Distributed:
    if (
        not route_ids
        or not Lead.objects.filter(
            Q(route__in=route_ids), Q(status=LeadStatus.NEW) | Q(status=LeadStatus.HELD)
        ).exists()
    ):
        return Distributed()
    desks = open_desks(route_ids, now=now)
    total = settle(claim_new(desks, size=BATCH), desks, now=now)
    for start in range(0, len(partner_ids), PARTNERS_AT_ONCE):
        total += _fill_room(partner_ids[start : start + PARTNERS_AT_ONCE], desks, now=now)
    return total


def _fill_room(partner_ids: Sequence[int], desks: Mapping[int, Desk], *, now: datetime) -> Distributed:
    """Offer held leads until these partners are full or nothing fits them any more.

    Each pass offers at least one lead, or is the last.
    """
    total = Distributed()
    while True:
        fits = Q()
        room = 0
        for partner_id in partner_ids:
            rooms = [(route_id, free) for route_id, desk in desks.items() if (free := desk.room(partner_id))]
            if not rooms:
                continue
            room += max(free for _route_id, free in rooms)
            fits |= _leads_that_fit(partner_id, [route_id for route_id, _free in rooms], desks)
        if not room or not fits:
            return total
        claimed = [Claimed(*row) for row in claim(Lead.objects.waiting().filter(fits), size=min(room, BATCH))]
        woken = settle(claimed, desks, now=now, hold_the_rest=False)
        if not woken.offered:
            return total
        total += woken


def _leads_that_fit(partner_id: int, route_ids: Sequence[int], desks: Mapping[int, Desk]) -> Q:
    """Leads of these routes, for the partner's regions and products, that it was not offered before."""
    floor = desks[route_ids[0]].floor
    return Q(
        ~Exists(Offer.objects.filter(lead=OuterRef("pk"), partner=partner_id)),
        route__in=route_ids,
        region__in=floor.regions.get(partner_id, ()),
        product__in=floor.products.get(partner_id, ()),
    )
