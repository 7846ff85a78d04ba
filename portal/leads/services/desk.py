"""What a channel manager looks after: leads that wait and what would free them, offers that nobody has opened, routes and
territories that too few partners serve, and partners that decline more than others. Read only."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Min, OuterRef, Q

from certification.models import Credential, Programme
from certification.services.qualifications import describe_standing
from portal.content.models import Product
from portal.leads.models import (
    Dispute,
    HeldReason,
    Lead,
    LeadReroute,
    LeadStatus,
    LostReason,
    Offer,
    OfferState,
    Route,
    RoutePolicy,
)
from portal.leads.policies import Asked, Policy
from portal.leads.routing import Verdict, first_stop
from portal.leads.services.customers import Heard, list_contrary
from portal.leads.services.disputes import list_open
from portal.leads.services.floor import Floor, look
from portal.partners.models import Membership, Partner, Region

#: How many kinds of waiting leads are looked at for who could take them, and how many partners for each.
LOOKED_AT = 6
NEAR = 3
#: A route with fewer has hardly a choice.
FEW_PARTNERS = 3
#: From so many answers on, and from such a share of them, declining is unusual.
DECLINES_FROM, DECLINES_SHARE = 5, 0.5
LATELY = timedelta(days=28)
#: A customer who was promised nothing and has not heard from anybody for so long after a partner took the lead is looked
#: after.
FIRST_CONTACT = timedelta(days=1)
SHOWN = 20

#: Held for want of a partner that is allowed to: a partner that qualifies would free them.
FOR_A_PARTNER = (HeldReason.NO_QUALIFIED_PARTNER, HeldReason.NO_PARTNER_HERE)


@dataclass(frozen=True, slots=True)
class Near:
    """A partner for the region and product that is not qualified, and how many exams its people still have to pass."""

    partner: Partner
    exams_short: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Leads that are held for one reason; those for want of a partner by region and product."""

    reason: HeldReason
    leads: int
    oldest: datetime
    region: Region | None = None
    product: Product | None = None
    near: tuple[Near, ...] = ()
    goes_on_at: datetime | None = None  # the first of them goes on to another route, should nobody be free by then


@dataclass(frozen=True, slots=True)
class Served:
    """How many partners may have leads of a route, at whatever hour, and the places of it where none may.

    Attributes:
        paused: how many of them have paused at present.
    """

    route: Route
    partners: int
    paused: int
    uncovered: tuple[tuple[Region, Product], ...]

    @property
    def is_short(self) -> bool:
        return self.partners < FEW_PARTNERS


@dataclass(frozen=True, slots=True)
class Declines:
    partner: Partner
    answers: int
    declined: int


@dataclass(frozen=True, slots=True)
class Doubted:
    """A lead that a partner says was no real request, and whose turns nobody has given back."""

    lead: Lead
    turns: int


@dataclass(frozen=True, slots=True)
class Rerouted:
    """How many leads a route has lately passed on to another, because nobody of its own took them."""

    route: Route
    to: Route
    leads: int


@dataclass(frozen=True, slots=True)
class Desk:
    waiting: tuple[Waiting, ...]
    unseen: tuple[Offer, ...]
    uncalled: tuple[Lead, ...]
    served: tuple[Served, ...]
    declines: tuple[Declines, ...]
    contrary: tuple[Heard, ...]
    rerouted: tuple[Rerouted, ...]
    doubted: tuple[Doubted, ...]
    disputes: tuple[Dispute, ...]


def read_desk(*, now: datetime) -> Desk:
    """Everything, in a number of queries that does not grow with leads, offers or partners."""
    rows = RoutePolicy.objects.in_force(now).select_related("route").order_by("route__order", "route__slug")
    in_force = [(row.route, row.policy) for row in rows]
    # Leads that wait may be under rules that are not in force any more, of another programme.
    older = RoutePolicy.objects.filter(Exists(Lead.objects.held().filter(policy=OuterRef("pk"))))
    floor = look([policy for _route, policy in in_force] + [row.policy for row in older], now=now)
    regions, products = Region.objects.in_bulk(), Product.objects.in_bulk()
    return Desk(
        waiting=tuple(_list_waiting(floor, regions, products, now=now)),
        unseen=tuple(_list_unseen(now=now)),
        uncalled=tuple(_list_uncalled(now=now)),
        served=tuple(_measure_service(route, policy, floor, regions, products) for route, policy in in_force),
        declines=tuple(_list_declines(now=now)),
        contrary=tuple(list_contrary(now=now)),
        rerouted=tuple(_list_rerouted(now=now)),
        doubted=tuple(_list_doubted(now=now)),
        disputes=tuple(list_open()[:SHOWN]),
    )


def _list_waiting(
    floor: Floor, regions: dict[int, Region], products: dict[int, Product], *, now: datetime
) -> list[Waiting]:
    held = Lead.objects.held()
    alike = held.exclude(held_reason__in=FOR_A_PARTNER).order_by().values_list("held_reason")
    found = [
        Waiting(HeldReason(reason), leads, oldest, goes_on_at=goes_on_at)
        for reason, leads, oldest, goes_on_at in alike.annotate(Count("pk"), Min("held_at"), Min("fallback_at"))
    ]
    placed = held.filter(held_reason__in=FOR_A_PARTNER, policy__isnull=False).order_by()
    groups = placed.values_list("held_reason", "region", "product", "policy__programme").annotate(
        leads=Count("pk"), oldest=Min("held_at")
    )
    programmes = Programme.objects.in_bulk()
    for number, (reason, region, product, programme, leads, oldest) in enumerate(groups.order_by("-leads", "oldest")):
        near = _find_near(floor, region, product, programmes[programme], now=now) if number < LOOKED_AT else ()
        found.append(Waiting(HeldReason(reason), leads, oldest, regions[region], products[product], near))
    return sorted(found, key=lambda row: (-row.leads, row.oldest))


def _find_near(floor: Floor, region: int, product: int, programme: Programme, *, now: datetime) -> tuple[Near, ...]:
    """Partners of the place that lack the qualification only, those with the least to pass first."""
    there = [
        facts.partner_id
        for facts in floor.partners.values()
        if facts.active
        and region in facts.regions
        and product in facts.products
        and (programme.pk, facts.partner_id) not in floor.qualified
    ]
    held = Credential.objects.current(now).filter(
        exam__programme_exams__programme=programme,
        membership__in=Membership.objects.active(now),
        membership__partner__in=there,
    )
    counted = dict(held.order_by().values_list("membership__partner").annotate(Count("pk")))
    # Those that have most already are looked at closely: what is lacking is more than a count.
    nearest = sorted(there, key=lambda pk: (-counted.get(pk, 0), pk))[: NEAR * 2]
    near = []
    for partner in Partner.objects.filter(pk__in=nearest):
        standing = describe_standing(partner, programme=programme, now=now)
        near.append(Near(partner, sum(exam.lacking for exam in standing.exams)))
    return tuple(sorted(near, key=lambda one: (one.exams_short, one.partner.name))[:NEAR])


def _list_unseen(*, now: datetime) -> list[Offer]:
    """Open offers that nobody has opened in the first half of their time, the most urgent first."""
    unseen = Offer.objects.open().filter(seen_at__isnull=True, due_at__gt=now).order_by("due_at")
    rows = unseen.select_related("partner", "lead__region", "lead__product")[: SHOWN * 5]
    return [offer for offer in rows if now - offer.made_at > (offer.due_at - offer.made_at) / 2][:SHOWN]


def _list_uncalled(*, now: datetime) -> list[Lead]:
    """Leads whose customer nobody has spoken with although it was promised by now, or, where nothing was promised, a day
    after they were accepted; the longest first."""
    unpromised = Q(contact_due_at__isnull=True, accepted_at__lte=now - FIRST_CONTACT)
    waiting = Lead.objects.filter(
        Q(contact_due_at__lte=now) | unpromised, status=LeadStatus.ACCEPTED, first_contact_at__isnull=True
    )
    return list(waiting.select_related("partner", "assignee__user").order_by("accepted_at")[:SHOWN])


def _measure_service(
    route: Route, policy: Policy, floor: Floor, regions: dict[int, Region], products: dict[int, Product]
) -> Served:
    served: dict[tuple[int, int], int] = defaultdict(int)
    able, paused = set(), set()
    places = [
        (region, product)
        for region in (policy.regions or regions)
        for product in policy.products
        if region in regions and product in products
    ]
    for region, product in places:
        asked = Asked(0, product=product, region=region)
        for facts in floor.partners.values():
            if region not in facts.regions:
                continue
            stop = first_stop(floor.standing(facts, policy, asked))
            if stop in (None, Verdict.HOURS, Verdict.PAUSED):  # a night ends by itself, a pause by a word
                served[region, product] += 1
                able.add(facts.partner_id)
                if stop is Verdict.PAUSED:
                    paused.add(facts.partner_id)
    return Served(
        route=route,
        partners=len(able),
        paused=len(paused),
        uncovered=tuple(
            (regions[region], products[product]) for region, product in places if not served[region, product]
        ),
    )


def _list_doubted(*, now: datetime) -> list[Doubted]:
    """Leads that ended lately as no real request, with turns that are still spent; the longest first."""
    spent = Count("offers", filter=Q(offers__tick__isnull=False, offers__correction__isnull=True))
    leads = Lead.objects.filter(lost_reason=LostReason.INVALID, finished_at__gt=now - LATELY)
    rows = leads.annotate(spent=spent).filter(spent__gt=0).select_related("partner").order_by("finished_at")[:SHOWN]
    return [Doubted(lead, lead.spent) for lead in rows]


def _list_rerouted(*, now: datetime) -> list[Rerouted]:
    rows = LeadReroute.objects.filter(rerouted_at__gt=now - LATELY).order_by()
    counted = rows.values_list("route", "to_policy__route").annotate(leads=Count("pk")).order_by("-leads")[:SHOWN]
    found = list(counted)
    routes = Route.objects.in_bulk({pk for route, to, _leads in found for pk in (route, to)})
    return [Rerouted(routes[route], routes[to], leads) for route, to, leads in found]


def _list_declines(*, now: datetime) -> list[Declines]:
    answers = Offer.objects.filter(closed_at__gt=now - LATELY, state__in=[OfferState.ACCEPTED, OfferState.DECLINED])
    counted = (
        answers.order_by()
        .values_list("partner")
        .annotate(answers=Count("pk"), declined=Count("pk", filter=Q(state=OfferState.DECLINED)))
        .filter(answers__gte=DECLINES_FROM, declined__gte=F("answers") * DECLINES_SHARE)
        .order_by("-declined")[:SHOWN]
    )
    rows = list(counted)
    partners = Partner.objects.in_bulk([partner for partner, _answers, _declined in rows])
    return [Declines(partners[partner], answers, declined) for partner, answers, declined in rows]
