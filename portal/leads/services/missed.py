"""Why not me: the leads of a partner's regions that it did not get, and what stopped it; told so that no customer shows.

Only week, region, product and letter leave the database, counted; :mod:`portal.leads.coarsening` merges what is rare.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber, TruncWeek

from portal.content.models import Product
from portal.leads.coarsening import Coarsened, Group, coarsen, find_group
from portal.leads.models import Decision, Offer, Roster
from portal.leads.routing import Verdict
from portal.leads.services.verdicts import find_places, letter_at, nearness_of
from portal.partners.models import Partner, Region

#: How far back is told, and how old a decision must be.
TOLD = timedelta(days=90)
DELAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Missed:
    """Leads that one thing stopped the partner from getting. None: several weeks, regions, products."""

    verdict: Verdict
    leads: int
    week: date | None
    region: Region | None
    product: Product | None


@dataclass(frozen=True, slots=True)
class MissedLeads:
    """All of them, the latest week first.

    Attributes:
        others: leads that are too unlike to be described.
        has_territory: whether the partner has a region at all.
    """

    rows: tuple[Missed, ...]
    others: int
    has_territory: bool

    @property
    def by_verdict(self) -> dict[Verdict, int]:
        """How many leads each thing stopped, the most frequent first."""
        counted: dict[Verdict, int] = {}
        for row in self.rows:
            counted[row.verdict] = counted.get(row.verdict, 0) + row.leads
        return dict(sorted(counted.items(), key=lambda item: (-item[1], list(Verdict).index(item[0]))))


def list_missed_leads(partner: Partner, *, now: datetime) -> MissedLeads:
    """What passed the partner by in its own regions: five queries, whatever the number of leads.

    Weeks begin on Monday in UTC, and the page changes once a day, so that nobody reads a moment from it.
    """
    region_ids = _find_territory(partner)
    coarse = _coarsen(find_missed(partner, region_ids=region_ids, now=now), now=now)
    regions = Region.objects.in_bulk({group.region for group in coarse.groups if group.region is not None})
    products = Product.objects.in_bulk({group.product for group in coarse.groups if group.product is not None})
    rows = [
        Missed(
            Verdict(group.verdict),
            group.leads,
            group.week,
            regions[group.region] if group.region is not None else None,
            products[group.product] if group.product is not None else None,
        )
        for group in coarse.groups
    ]
    rows.sort(key=_in_order)
    return MissedLeads(tuple(rows), coarse.others, bool(region_ids))


def list_decisions_behind(partner: Partner, group: Group, *, now: datetime, limit: int) -> list[Decision]:
    """The latest decisions on the leads that the partner is told in a group, and in no finer one, at a moment.

    Args:
        group: without its number of leads.
    """
    region_ids = _find_territory(partner)
    found = find_missed(
        partner, region_ids=region_ids if group.region is None else [*region_ids, group.region], now=now
    )
    # The group itself is among them even if the partner works in other regions since it was told.
    told = {group, *(replace(one, leads=0) for one in _coarsen(found, now=now).groups)}
    alike = found.filter(Q(letter=group.verdict)).annotate(week=TruncWeek("made_at", tzinfo=UTC))
    rows = alike.order_by("-made_at", "-pk").values_list("pk", "week", "lead__region", "lead__product")
    behind = (
        pk
        for pk, week, region, product in rows
        if find_group(told, Group(group.verdict, 0, week.date(), region, product)) == group
    )
    decisions = Decision.objects.filter(pk__in=list(islice(behind, limit)))
    return list(decisions.select_related("lead__product", "lead__region", "route").order_by("-made_at", "-pk"))


def _find_territory(partner: Partner) -> list[int]:
    return list(partner.regions.order_by("pk").values_list("pk", flat=True))


def _coarsen(missed: QuerySet[Decision], *, now: datetime) -> Coarsened:
    _since, until = told_between(now)
    counted = (
        missed.annotate(week=TruncWeek("made_at", tzinfo=UTC))
        .order_by()
        .values_list("letter", "week", "lead__region", "lead__product")
        .annotate(leads=Count("pk"))
    )
    found = [Group(letter, leads, week.date(), region, product) for letter, week, region, product, leads in counted]
    return coarsen(found, growing=week_of(until.date()))


def find_missed(partner: Partner, *, region_ids: Collection[int], now: datetime) -> QuerySet[Decision]:
    """Of each lead of these regions that passed the partner by, one decision, as it is told at a moment: each with the
    partner's ``letter`` in it. It reads the rosters at once, and nothing else.

    Of a lead only its last decision on each route says what stopped the partner there; where it went on to another route
    the one counts in which the partner came nearest to having it. Leads that it was ever offered are not among them, nor
    are decisions from before it took part.
    """
    since, until = told_between(now)
    within = Decision.objects.filter(made_at__gte=since, made_at__lt=until, lead__region__in=region_ids)
    rosters = Roster.objects.filter(Exists(within.filter(roster=OuterRef("pk")))).values_list("pk", "entries")
    letter = letter_at(find_places(rosters, partner_id=partner.pk))
    later = Decision.objects.filter(
        lead=OuterRef("lead"), route=OuterRef("route"), pk__gt=OuterRef("pk"), made_at__lt=until
    )
    offered = Offer.objects.filter(lead=OuterRef("lead"), partner=partner, made_at__lte=now)
    last = within.filter(~Exists(later), ~Exists(offered), lead__product__isnull=False).annotate(letter=letter)
    nearest = Window(RowNumber(), partition_by=F("lead"), order_by=[nearness_of("letter").desc(), F("pk").desc()])
    ranked = last.filter(letter__isnull=False).annotate(place=nearest).filter(place=1).order_by()
    return Decision.objects.filter(pk__in=ranked.values("pk")).annotate(letter=letter)


def told_between(now: datetime) -> tuple[datetime, datetime]:
    """From when until when decisions are told: whole weeks of the last :data:`TOLD`, up to the last midnight that is
    :data:`DELAY` ago."""
    until = datetime.combine((now - DELAY).astimezone(UTC).date(), time.min, tzinfo=UTC)
    first = (now - TOLD).astimezone(UTC).date()
    monday = week_of(first + timedelta(days=6))
    return datetime.combine(monday, time.min, tzinfo=UTC), until


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _in_order(row: Missed) -> tuple[int, str, str, int, int]:
    return (
        -row.week.toordinal() if row.week else 0,
        str(row.region or "\uffff"),
        str(row.product or "\uffff"),
        -row.leads,
        list(Verdict).index(row.verdict),
    )
