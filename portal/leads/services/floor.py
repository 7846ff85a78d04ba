"""What choosing needs to know about partners, as it stands at a moment. Reads only; whoever decides holds the locks."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Q

from certification.models import Qualification
from portal.leads.hours import WorkingHours, midnight
from portal.leads.models import Offer, PartnerHoliday, PartnerTerms
from portal.leads.policies import Asked, Policy
from portal.leads.routing import Candidate, Standing, Verdict, first_stop
from portal.partners.models import PRESENT, MembershipRole, Partner, PartnerStatus


@dataclass(frozen=True, slots=True)
class Facts:
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
    regions: frozenset[int]
    products: frozenset[int]
    languages: frozenset[str]
    covered: frozenset[int]
    paused: bool
    paused_until: datetime | None
    hours: WorkingHours | None
    open_cap: int | None
    day_cap: int | None


@dataclass(slots=True)
class Floor:
    """What all routes of a batch share about partners.

    Attributes:
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
    _candidates: dict[tuple[Policy, int | None, int | None, str], tuple[Candidate, ...]] = field(default_factory=dict)

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
            at_work=not policy.in_working_hours or facts.hours is None or facts.hours.is_open(self.now),
        )

    def candidates(self, policy: Policy, asked: Asked) -> tuple[Candidate, ...]:
        """Every partner with its weight and the first of its own conditions that fails for this lead; by partner id."""
        language = asked.language if policy.speaks else ""
        key = policy, asked.region, asked.product, language
        found = self._candidates.get(key)
        if found is None:
            weights = dict(policy.weights)
            found = self._candidates[key] = tuple(
                Candidate(
                    facts.partner_id,
                    weights.get(facts.tier, 1),
                    first_stop(self.standing(facts, policy, asked)),
                )
                for facts in self.partners.values()
            )
        return found

    def open_cap(self, partner_id: int, policy: Policy) -> int:
        """How many open offers a partner may have: the vendor's cap or its own, whichever is less."""
        own = self.partners[partner_id].open_cap
        return policy.open_cap if own is None else min(own, policy.open_cap)

    def is_full_today(self, partner_id: int, policy: Policy, route_id: int) -> bool:
        """Whether the partner has had as many offers on its present day as it may: of the route, or in all."""
        if not self.counts_days:
            return False
        own = self.partners[partner_id].day_cap
        return bool(policy.day_cap and self.today[partner_id, route_id] >= policy.day_cap) or (
            own is not None and self.today_in_all[partner_id] >= own
        )

    def stops(
        self,
        policy: Policy,
        route_id: int,
        *,
        offered: Collection[int] = (),
        excluded: Collection[int] = (),
    ) -> dict[int, Verdict]:
        """What stops partners from this lead at this moment, beyond their own conditions; the first of each."""
        found: dict[int, Verdict] = dict.fromkeys(excluded, Verdict.CONFLICT)
        found |= dict.fromkeys(offered, Verdict.ALREADY_OFFERED)
        for partner_id, count in self.open_offers.items():
            if partner_id in self.partners and count >= self.open_cap(partner_id, policy):
                found[partner_id] = Verdict.OPEN_CAP
        if self.counts_days:
            for partner_id in self.today_in_all:
                if self.is_full_today(partner_id, policy, route_id):
                    found[partner_id] = Verdict.DAY_CAP
        return found

    def book(self, partner_id: int, route_id: int) -> None:
        """An offer is made."""
        self.open_offers[partner_id] += 1
        self.today[partner_id, route_id] += 1
        self.today_in_all[partner_id] += 1

    def opens_at(self, partner_id: int) -> datetime | None:
        """When the partner works next."""
        hours = self.partners[partner_id].hours
        return self.now if hours is None else hours.opens_at(self.now)


def look(policies: Collection[Policy], *, partner_ids: Iterable[int] | None = None, now: datetime) -> Floor:
    """Look at every partner that takes part, in a constant number of queries.

    Args:
        policies: by which it is going to be chosen: what none of them asks is not read.
        partner_ids: whose open offers and qualifications matter; None for all.
    """
    programmes = {policy.programme for policy in policies}
    some = {} if partner_ids is None else {"partner__in": list(partner_ids)}
    terms = {row.partner_id: row for row in PartnerTerms.objects.all()}
    counts_days = any(policy.day_cap for policy in policies) or any(row.day_cap for row in terms.values())
    with_hours = any(policy.in_working_hours for policy in policies)
    agreed = set(Partner.objects.with_current_agreement(now).values_list("pk", flat=True))
    regions, products = _related("regions"), _related("products")
    covered = _find_covered({role for policy in policies for role in policy.roles}, now)
    holidays = _find_holidays(now) if with_hours else {}
    partners: dict[int, Facts] = {}
    rows = Partner.objects.filter(status__in=PRESENT).order_by("pk")
    for pk, status, kind, tier, rank, zone, language in rows.values_list(
        "pk", "status", "kind_id", "tier_id", "tier__rank", "time_zone", "language"
    ):
        own = terms.get(pk)
        partners[pk] = Facts(
            partner_id=pk,
            active=status == PartnerStatus.ACTIVE,
            agreed=pk in agreed,
            kind=kind,
            tier=tier,
            rank=rank,
            zone=zone,
            regions=regions.get(pk, frozenset()),
            products=products.get(pk, frozenset()),
            languages=frozenset(own.languages) if own and own.languages else frozenset({language}),
            covered=covered.get(pk, frozenset()),
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
    open_offers = Offer.objects.open().filter(**some).order_by().values_list("partner").annotate(Count("pk"))
    qualified = Qualification.objects.current(now).filter(programme__in=programmes, **some)
    return Floor(
        now=now,
        partners=partners,
        qualified=frozenset(qualified.values_list("programme_id", "partner_id")),
        open_offers=Counter(dict(open_offers)),
        today=today,
        today_in_all=in_all,
        counts_days=counts_days,
    )


def _related(name: str) -> dict[int, frozenset[int]]:
    """By partner the ids of what it works in, or sells."""
    through = getattr(Partner, name).through
    found: dict[int, set[int]] = defaultdict(set)
    for partner_id, other in through.objects.values_list("partner_id", f"{name[:-1]}_id"):
        found[partner_id].add(other)
    return {partner_id: frozenset(ids) for partner_id, ids in found.items()}


def _find_covered(roles: set[int], now: datetime) -> dict[int, frozenset[int]]:
    if not roles:
        return {}
    held = MembershipRole.objects.active(now).filter(role__in=roles, membership__user__is_active=True)
    found: dict[int, set[int]] = defaultdict(set)
    for partner_id, role in held.values_list("membership__partner_id", "role_id"):
        found[partner_id].add(role)
    return {partner_id: frozenset(ids) for partner_id, ids in found.items()}


def _find_holidays(now: datetime) -> dict[int, frozenset[date]]:
    found: dict[int, set[date]] = defaultdict(set)
    # A day earlier somewhere on Earth is still today.
    rows = PartnerHoliday.objects.filter(day__gte=now.date().replace(day=1)).values_list("partner_id", "day")
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
