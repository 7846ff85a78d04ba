"""What choosing needs to know about partners, as it stands at a moment. Reads only; whoever decides holds the locks."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Count, DateTimeField, Q

from certification.models import Qualification
from portal.core.prepared import IdsField, Rows, ask
from portal.leads.hours import WorkingHours, midnight
from portal.leads.models import Offer, PartnerHoliday, PartnerTerms
from portal.leads.policies import PLAIN_WEIGHT, Asked, Policy
from portal.leads.routing import Shortlist, Standing, Verdict, draw_up, first_stop
from portal.leads.services.bulk import Packed
from portal.partners.models import PRESENT, MembershipRole, Partner, PartnerStatus


class Facts(NamedTuple):
    """One partner.

    Attributes:
        languages: in which it works; its own where it says none.
        hours: when it works; None for around the clock.
        open_cap, day_cap: the most that it takes itself; None for as many as the vendor allows.
        covered: the job roles in which it has somebody at present.
    """

    partner_id: int
    active: bool
    agreed: bool
    kind: int
    tier: int
    rank: int
    zone: str
    regions: Set[int]
    products: Set[int]
    languages: Set[str]
    covered: Set[int]
    paused: bool
    paused_until: datetime | None
    hours: WorkingHours | None
    open_cap: int | None
    day_cap: int | None


@dataclass(slots=True)
class Floor:
    """What all routes of a batch share about partners.

    Attributes:
        partners: by id, ascending.
        qualified: (programme id, partner id) of those that are.
        open_offers: by partner, those that it has still to answer, of all routes.
        today: by partner and route, the offers made on the partner's present day.
        counts_days: whether offers of the day are counted at all: only where somebody limits them.
    """

    now: datetime
    partners: Mapping[int, Facts]
    qualified: frozenset[tuple[int, int]]
    open_offers: Counter[int]
    today: Counter[tuple[int, int]]
    today_in_all: Counter[int]
    counts_days: bool
    in_order: list[Facts] = field(init=False)
    #: By region the places in that order of those that work in it.
    residents: Mapping[int | None, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.in_order = list(self.partners.values())
        residents: dict[int | None, list[int]] = defaultdict(list)
        for place, facts in enumerate(self.in_order):
            for region in facts.regions:
                residents[region].append(place)
        self.residents = residents

    def standing(self, facts: Facts, policy: Policy, asked: Asked) -> Standing:
        """How a partner stands to a lead under a policy."""
        return Standing(
            active=facts.active,
            agreed=facts.agreed,
            qualified=(policy.programme, facts.partner_id) in self.qualified,
            kind=not policy.kinds or facts.kind in policy.kinds,
            tier=facts.rank >= policy.least_rank,
            covered=policy.roles <= facts.covered,
            in_territory=asked.region in facts.regions,
            sells_product=asked.product in facts.products,
            speaks=not policy.speaks or not asked.language or asked.language in facts.languages,
            receives=not facts.paused,
            at_work=self.is_at_work(facts, policy),
        )

    def is_at_work(self, facts: Facts, policy: Policy) -> bool:
        return not policy.in_working_hours or facts.hours is None or facts.hours.is_open(self.now)

    def verdicts_away(self, policy: Policy) -> str:
        """One letter for each partner: what stops it from a lead that is not in its territory."""
        nowhere = Asked(0, product=None, region=None)
        return "".join([_letter_of(self.standing(facts, policy, nowhere)) for facts in self.partners.values()])

    def verdicts(self, policy: Policy, asked: Asked, *, away: str) -> str:
        """One letter for each partner: the first of its own conditions that fails for this lead.

        Args:
            away: :meth:`verdicts_away`, which holds for all that do not work in the lead's region.
        """
        letters = list(away)
        for place in self.residents.get(asked.region, ()):
            letters[place] = _letter_of(self.standing(self.in_order[place], policy, asked))
        return "".join(letters)

    def entries(self, policy: Policy, percents: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
        """(partner id, weight) of each partner, by id.

        Args:
            percents: what measured performance makes of a weight, by partner (:mod:`portal.leads.performance`).
        """
        weights = dict(policy.weights)
        if not policy.performance:
            return tuple([(pk, weights.get(facts.tier, PLAIN_WEIGHT)) for pk, facts in self.partners.items()])
        return tuple([(pk, policy.weigh(facts.tier, percents.get(pk))) for pk, facts in self.partners.items()])

    def shortlist(self, policy: Policy, asked: Asked, percents: Mapping[int, int]) -> Shortlist:
        return draw_up(self.entries(policy, percents), self.verdicts(policy, asked, away=self.verdicts_away(policy)))

    def open_cap(self, partner_id: int, policy: Policy) -> int:
        """How many open offers a partner may have: the vendor's cap or its own, whichever is less."""
        facts = self.partners.get(partner_id)
        own = facts.open_cap if facts else None
        return policy.open_cap if own is None else min(own, policy.open_cap)

    def stop_of(self, partner_id: int, policy: Policy, route_id: int) -> Verdict | None:
        """Which cap stops a partner at this moment, if one does."""
        if self.counts_days and self._is_full_today(partner_id, policy, route_id):
            return Verdict.DAY_CAP
        if self.open_offers[partner_id] >= self.open_cap(partner_id, policy):
            return Verdict.OPEN_CAP
        return None

    def _is_full_today(self, partner_id: int, policy: Policy, route_id: int) -> bool:
        facts = self.partners.get(partner_id)
        own = facts.day_cap if facts else None
        return bool(policy.day_cap and self.today[partner_id, route_id] >= policy.day_cap) or (
            own is not None and self.today_in_all[partner_id] >= own
        )

    def caps(self, policy: Policy, route_id: int) -> dict[int, Verdict]:
        """By partner, which cap stops it at this moment."""
        busy = {pk for pk, count in self.open_offers.items() if count} | {
            pk for pk, count in self.today_in_all.items() if count
        }
        found = {partner_id: self.stop_of(partner_id, policy, route_id) for partner_id in busy}
        return {partner_id: stop for partner_id, stop in found.items() if stop is not None}

    def book(self, partner_id: int, route_id: int) -> None:
        """An offer is made."""
        self.open_offers[partner_id] += 1
        if self.counts_days:
            self.today[partner_id, route_id] += 1
            self.today_in_all[partner_id] += 1

    def recheck_at(self, partner_id: int, letter: str) -> datetime | None:
        """When time alone may end what stops a partner; None where it cannot."""
        facts = self.partners[partner_id]
        if letter == Verdict.HOURS and facts.hours is not None:
            return facts.hours.opens_at(self.now)
        if letter == Verdict.PAUSED:
            return facts.paused_until
        if letter == Verdict.DAY_CAP:
            return midnight(self.now, facts.zone, days=1)
        return None

    def due_at(self, partner_id: int, policy: Policy) -> datetime:
        """Until when an offer that is made now is to be answered."""
        hours = self.partners[partner_id].hours
        window = timedelta(hours=policy.window_hours)
        return hours.add(self.now, window) if policy.in_working_hours and hours is not None else self.now + window


@lru_cache(maxsize=2048)
def _letter_of(standing: Standing) -> str:
    return (first_stop(standing) or Verdict.NOT_ITS_TURN).value


PARTNERS = Packed(
    lambda: (
        Partner.objects.filter(status__in=PRESENT)
        .order_by("pk")
        .values_list("pk", "status", "kind_id", "tier_id", "tier__rank", "time_zone", "language")
    )
)
AGREED = Packed(
    lambda now: Partner.objects.with_current_agreement(now).order_by().values_list("pk"), now=DateTimeField()
)
REGIONS = Packed(lambda: Partner.regions.through.objects.order_by().values_list("partner_id", "region_id"))
PRODUCTS = Packed(lambda: Partner.products.through.objects.order_by().values_list("partner_id", "product_id"))
OPEN_OFFERS = Packed(lambda: Offer.objects.open().order_by().values_list("partner").annotate(Count("pk")))
CURRENT = Packed(
    lambda programmes, now: (
        Qualification.objects.current(now)
        .filter(programme__pk__among=programmes)
        .order_by()
        .values_list("programme_id", "partner_id")
    ),
    programmes=IdsField(),
    now=DateTimeField(),
)
TERMS = Rows(PartnerTerms, lambda: PartnerTerms.objects.order_by())


def look(policies: Collection[Policy], *, now: datetime) -> Floor:
    """Look at every partner that takes part: one query, and one more for each of job roles, holidays and offers of the
    day, where somebody asks for them.

    Args:
        policies: by which it is going to be chosen: what none of them asks is not read.
    """
    programmes = sorted({policy.programme for policy in policies})
    rows, agreed_rows, region_rows, product_rows, open_rows, current, term_rows = ask(
        PARTNERS(),
        AGREED(now=now),
        REGIONS(),
        PRODUCTS(),
        OPEN_OFFERS(),
        CURRENT(programmes=programmes, now=now),
        TERMS(),
    )
    terms = {row.partner_id: row for row in TERMS.read(term_rows)}
    counts_days = any(policy.day_cap for policy in policies) or any(row.day_cap for row in terms.values())
    with_hours = any(policy.in_working_hours for policy in policies)
    covered = find_covered({role for policy in policies for role in policy.roles}, now)
    # A day earlier somewhere on Earth is still today.
    holidays = find_holidays(since=now.date().replace(day=1)) if with_hours else {}
    agreed = {row[0] for row in agreed_rows}
    regions, products = gather(region_rows), gather(product_rows)
    nothing: frozenset[int] = frozenset()
    partners: dict[int, Facts] = {}
    for pk, status, kind, tier, rank, zone, language in rows:
        own = terms.get(pk)
        partners[pk] = Facts(
            partner_id=pk,
            active=status == PartnerStatus.ACTIVE,
            agreed=pk in agreed,
            kind=kind,
            tier=tier,
            rank=rank,
            zone=zone,
            regions=regions.get(pk, nothing),
            products=products.get(pk, nothing),
            languages=frozenset(own.languages) if own and own.languages else frozenset({language}),
            covered=covered.get(pk, nothing),
            paused=own is not None and own.is_paused(now),
            paused_until=own.paused_until if own else None,
            hours=own.hours(zone, holidays.get(pk, frozenset())) if own and with_hours else None,
            open_cap=own.open_cap if own else None,
            day_cap=own.day_cap if own else None,
        )
    today = _count_today(partners, now) if counts_days else Counter()
    in_all: Counter[int] = Counter()
    for (partner_id, _route_id), count in today.items():
        in_all[partner_id] += count
    return Floor(
        now=now,
        partners=partners,
        qualified=frozenset((programme, partner) for programme, partner in current),
        open_offers=Counter(dict(open_rows)),
        today=today,
        today_in_all=in_all,
        counts_days=counts_days,
    )


def gather(pairs: Iterable[tuple[int, int]]) -> Mapping[int, Set[int]]:
    """By the first of each pair all the second ones."""
    gathered: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs:
        gathered[one].add(other)
    return gathered


def find_covered(roles: set[int], now: datetime) -> Mapping[int, Set[int]]:
    """By partner, of which of these job roles it has somebody at a moment."""
    if not roles:
        return {}
    held = MembershipRole.objects.active(now).filter(role__in=roles, membership__user__is_active=True)
    return gather(held.values_list("membership__partner_id", "role_id"))


def find_holidays(*, since: date) -> dict[int, frozenset[date]]:
    """By partner its holidays from a day on."""
    found: dict[int, set[date]] = defaultdict(set)
    rows = PartnerHoliday.objects.filter(day__gte=since).values_list("partner_id", "day")
    for partner_id, day in rows:
        found[partner_id].add(day)
    return {partner_id: frozenset(days) for partner_id, days in found.items()}


def _count_today(partners: Mapping[int, Facts], now: datetime) -> Counter[tuple[int, int]]:
    """By partner and route, the offers made since midnight in the partner's zone: one query, whatever the zones."""
    begins = {facts.zone: midnight(now, facts.zone) for facts in partners.values()}
    since = Q(pk__in=[])
    for zone, moment in begins.items():
        since |= Q(partner__time_zone=zone, made_at__gte=moment)
    rows = Offer.objects.filter(since).order_by().values_list("partner", "route").annotate(Count("pk"))
    return Counter({(partner_id, route_id): count for partner_id, route_id, count in rows})
