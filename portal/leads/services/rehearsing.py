"""Trying rules before they are published: one lead, and the leads of the last quarter. Nothing is written, nothing locked.

Both choose by the rule that distributes (:class:`portal.leads.routing.Shortlist`), and look at partners as they are today.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal.leads.models import Lead, Offer, Route, RouteCredit, RoutePolicy
from portal.leads.policies import Asked, Policy
from portal.leads.routing import COMPETED, TURN, Shortlist, Verdict
from portal.leads.services.floor import Floor, look
from portal.partners.models import Partner

#: How far back rules are compared.
QUARTER = timedelta(days=92)
#: More leads than this are not gone through in one look.
MOST_LEADS = 20_000


@dataclass(frozen=True, slots=True)
class TriedPartner:
    """A partner that was looked at, with the first condition that stops it; its turns before and after."""

    name: str
    weight: int
    verdict: Verdict
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of one lead.

    Attributes:
        takes: whether the rules take it at all.
        elsewhere: the route that would have it before this one, by the rules in force; None where this one has it.
        winner: who would be offered it; empty where nobody could.
        partners: everyone, those that compete first.
    """

    takes: bool
    elsewhere: Route | None
    winner: str
    partners: tuple[TriedPartner, ...]


def try_lead(route: Route, policy: Policy, asked: Asked, *, now: datetime) -> Tried:
    """What would become of a lead by these rules, were it to come now."""
    in_force = RoutePolicy.objects.in_force(now).exclude(route=route).select_related("route")
    before = [row for row in in_force if (row.route.order, row.route.slug) < (route.order, route.slug)]
    before.sort(key=lambda row: (row.route.order, row.route.slug))
    elsewhere = next((row.route for row in before if row.policy.takes(asked)), None)
    if not policy.takes(asked):
        return Tried(takes=False, elsewhere=elsewhere, winner="", partners=())
    floor = look([policy], now=now)
    credits = dict(RouteCredit.objects.filter(route=route).values_list("partner", "credit"))
    shortlist = floor.shortlist(policy, asked)
    choice = shortlist.stop(floor.caps(policy, route.pk)).choose(credits)
    names = dict(Partner.objects.filter(pk__in=list(floor.partners)).values_list("pk", "name"))
    partners = []
    for (partner_id, weight), letter in zip(shortlist.entries, choice.verdicts, strict=True):
        turns = {}
        if letter in COMPETED:
            had = credits.get(partner_id, 0)
            paid = TURN if letter == Verdict.WINNER else 0
            turns = {"before": had / TURN, "after": (had + choice.accruals[partner_id] - paid) / TURN}
        partners.append(TriedPartner(names[partner_id], weight, Verdict(letter), **turns))
    order = list(Verdict)
    partners.sort(key=lambda one: (-order.index(one.verdict), one.name))
    winner = names[choice.winner] if choice.winner else ""
    return Tried(takes=True, elsewhere=elsewhere, winner=winner, partners=tuple(partners))


@dataclass(frozen=True, slots=True)
class Gain:
    """A partner's leads in fact and by the draft."""

    name: str
    had: int
    has: int

    @property
    def change(self) -> int:
        return self.has - self.had


@dataclass(frozen=True, slots=True)
class Compared:
    """The draft against what happened.

    Attributes:
        leads: of the last quarter that either took.
        taken: how many of them the draft takes.
        unroutable: how many of these nobody could have had by it.
        gains: by partner, those that gain most first.
        deviation: the largest difference between turns served and entitled by the draft, in turns.
        cut: whether only the latest leads were looked at.
    """

    since: datetime
    leads: int
    taken: int
    unroutable: int
    gains: tuple[Gain, ...]
    deviation: float
    cut: bool

    @property
    def widest(self) -> int:
        """The most leads that a partner has on either side: the scale of the picture."""
        return max((max(gain.had, gain.has) for gain in self.gains), default=0) or 1


def compare_policies(route: Route, policy: Policy, *, now: datetime) -> Compared:
    """Distribute the leads of the last quarter by the draft, from credits of zero, as if each was accepted at once.

    Partners are looked at as they are today: of most of what a rule asks no history is kept. Hours, pauses and open
    offers are left out for the same reason.
    """
    since = now - QUARTER
    rows = Lead.objects.filter(stored_at__gte=since, product__isnull=False, region__isnull=False)
    found = list(
        rows.order_by("-stored_at", "-pk").values_list(
            "pk", "source_id", "product_id", "region_id", "language", "employees", "route_id"
        )[: MOST_LEADS + 1]
    )
    cut, found = len(found) > MOST_LEADS, found[:MOST_LEADS][::-1]
    # In fact: the first partner that each was offered to by this route.
    first: dict[int, int] = {}
    offers = Offer.objects.filter(route=route, lead__stored_at__gte=since).order_by("-tick")
    for lead_id, partner_id in offers.values_list("lead_id", "partner_id"):
        first[lead_id] = partner_id
    floor = _leave_out_the_moment(look([policy], now=now))
    credits: dict[int, int] = {}
    shortlists: dict[tuple[int, int, str], Shortlist] = {}
    had: Counter[int] = Counter()
    has: Counter[int] = Counter()
    leads = taken = unroutable = 0
    widest = 0
    for pk, source, product, region, language, employees, route_id in found:
        asked = Asked(source, product, region, language, employees)
        takes = policy.takes(asked)
        if not takes and route_id != route.pk:
            continue
        leads += 1
        if pk in first:
            had[first[pk]] += 1
        if not takes:
            continue
        taken += 1
        key = region, product, language
        if key not in shortlists:
            shortlists[key] = floor.shortlist(policy, asked)
        choice = shortlists[key].choose(credits)
        if choice.winner is None:
            unroutable += 1
            continue
        choice.settle(credits)
        has[choice.winner] += 1
        widest = max(widest, *(abs(credits[partner_id]) for partner_id in choice.accruals))
    names = dict(Partner.objects.filter(pk__in=[*had, *has]).values_list("pk", "name"))
    gains = [Gain(names[pk], had[pk], has[pk]) for pk in names]
    gains.sort(key=lambda gain: (-gain.change, gain.name))
    return Compared(since, leads, taken, unroutable, tuple(gains), widest / TURN, cut)


def _leave_out_the_moment(floor: Floor) -> Floor:
    """Without what is true of this moment only: pauses and hours."""
    return replace(
        floor, partners={pk: facts._replace(paused=False, hours=None) for pk, facts in floor.partners.items()}
    )
