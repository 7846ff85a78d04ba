"""Trying rules on one lead before they are published. Nothing is written, nothing locked.

It is chosen by the rule that distributes (:class:`portal.leads.routing.Shortlist`), among partners as they are now.
"""

from dataclasses import dataclass
from datetime import datetime

from portal.leads.models import FINAL, Route, RouteCredit
from portal.leads.policies import Asked, Policy
from portal.leads.routing import COMPETED, TURN, Verdict
from portal.leads.services.distribution import reason_to_hold
from portal.leads.services.floor import look
from portal.leads.services.performance import read_percents
from portal.leads.services.precedence import find_taker, list_rules_before
from portal.partners.models import Partner


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
        winners: who would be offered it at once, the first choice first; nobody where nobody could.
        partners: everyone, those that compete first.
        goes_on: where it would go then, since nobody could; None where it would be held.
        goes_on_after: how many hours it would wait first; 0 for at once.
    """

    takes: bool
    elsewhere: Route | None
    winners: tuple[str, ...]
    partners: tuple[TriedPartner, ...]
    goes_on: Route | None = None
    goes_on_after: int = 0


def try_lead(route: Route, policy: Policy, asked: Asked, *, now: datetime) -> Tried:
    """What would become of a lead by these rules, were it to come now."""
    first_taker = find_taker(list_rules_before(route, now=now), asked)
    elsewhere = first_taker.route if first_taker else None
    if not policy.takes(asked):
        return Tried(takes=False, elsewhere=elsewhere, winners=(), partners=())
    floor = look([policy], now=now)
    credits = dict(RouteCredit.objects.filter(route=route).values_list("partner", "credit"))
    percents = read_percents([route.pk]).get(route.pk, {})
    shortlist = floor.shortlist(policy, asked, percents)
    stops = floor.caps(policy, route.pk)
    first = shortlist.stop(stops).choose(credits)
    names = dict(Partner.objects.filter(pk__in=list(floor.partners)).values_list("pk", "name"))
    partners = []
    for (partner_id, weight), letter in zip(shortlist.entries, first.verdicts, strict=True):
        turns = {}
        if letter in COMPETED:
            had = credits.get(partner_id, 0)
            paid = TURN if letter == Verdict.WINNER else 0
            turns = {"before": had / TURN, "after": (had + first.accruals[partner_id] - paid) / TURN}
        partners.append(TriedPartner(names[partner_id], weight, Verdict(letter), **turns))
    order = list(Verdict)
    partners.sort(key=lambda one: (-order.index(one.verdict), one.name))
    winners: list[int] = []
    choice = first
    while choice.winner is not None and len(winners) < policy.slots:
        winners.append(choice.winner)
        choice.settle(credits)
        choice = shortlist.stop({**stops, **dict.fromkeys(winners, Verdict.ALREADY_OFFERED)}).choose(credits)
    goes_on = None if winners else Route.objects.filter(pk=policy.fallback).first()
    at_once = reason_to_hold("".join(first.verdicts)) in FINAL
    return Tried(
        takes=True,
        elsewhere=elsewhere,
        winners=tuple(names[pk] for pk in winners),
        partners=tuple(partners),
        goes_on=goes_on,
        goes_on_after=0 if at_once else policy.fallback_hours,
    )
