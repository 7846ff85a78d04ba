"""Moving credits without a lead: a turn undone as a whole, the residue of a partner that left. Their sum stays zero."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.leads.facts import credits_corrected
from portal.leads.models import Correction, CorrectionKind, Decision, Offer, Route, RouteCredit
from portal.leads.routing import COMPETED, Verdict, settle_residue, undo_turn
from portal.leads.services.performance import read_percents
from portal.partners.models import PRESENT, Partner, PartnerStatus


@transaction.atomic
def give_turn_back(offer: Offer, *, reason: str, by: User, now: datetime) -> Correction:
    """Undo the whole tick of an offer whose lead proved to be none: spam, a wrong number, a duplicate.

    The winner has its turn back, and what every partner accrued at that tick is taken back from it.

    Raises:
        Refusal: without a reason, or the turn was given back already.
    """
    reason = reason.strip()
    if not reason:
        raise Refusal(_("A turn is not given back without a reason."), remedy=_("It stands in the fairness report."))
    Route.objects.select_for_update(no_key=True).get(pk=offer.route_id)
    if Correction.objects.filter(offer=offer).exists():
        raise Refusal(_("This turn was given back already."), code="given_back")
    decision = Decision.objects.select_related("roster").get(route=offer.route_id, tick=offer.tick)
    competed = [
        (partner_id, weight)
        for (partner_id, weight), letter in zip(decision.roster.entries, decision.verdicts, strict=True)
        if Verdict(letter) in COMPETED
    ]
    return _correct(
        offer.route_id, undo_turn(competed, winner=offer.partner_id), kind=CorrectionKind.UNDONE, offer=offer,
        reason=reason, by=by, now=now,
    )  # fmt: skip


@transaction.atomic
def settle_partner(partner: Partner, *, reason: str, by: User | None, now: datetime) -> list[Correction]:
    """Spread what a partner that left for good is owed, or owes, on each route over the others there, by weight.

    On a route where it is the only one left with credits there is nothing to settle.
    """
    done = []
    mine = RouteCredit.objects.filter(partner=partner).exclude(credit=0).order_by("route")
    for route_id in list(mine.values_list("route", flat=True)):
        route = Route.objects.select_for_update(no_key=True).get(pk=route_id)
        residue = RouteCredit.objects.get(route=route, partner=partner).credit
        tiers = dict(
            RouteCredit.objects.filter(route=route, partner__status__in=PRESENT)
            .exclude(partner=partner)
            .values_list("partner", "partner__tier")
        )
        policy = route.policies.in_force(now).first()
        if not residue or not tiers or policy is None:
            continue
        percents = read_percents([route.pk]).get(route.pk, {})
        weights = [
            (partner_id, policy.policy.weigh(tier, percents.get(partner_id)))
            for partner_id, tier in sorted(tiers.items())
        ]
        entries = settle_residue(residue, partner.pk, weights)
        done.append(
            _correct(route.pk, entries, kind=CorrectionKind.SETTLED, partner=partner, reason=reason, by=by, now=now)
        )
    return done


def settle_those_that_left(partner_ids: Iterable[int], *, now: datetime) -> list[Correction]:
    """Settle those of these partners that ended their partnership. Safe to repeat: what is settled stays settled."""
    left = Partner.objects.filter(pk__in=list(partner_ids), status=PartnerStatus.ENDED).order_by("pk")
    return [correction for partner in left for correction in settle_partner(partner, reason="left", by=None, now=now)]


def _correct(
    route_id: int, entries: Mapping[int, int], *, by: User | None, now: datetime, **what: object
) -> Correction:
    """Write the entries down and book them; the route is locked."""
    last = Decision.objects.filter(route=route_id).aggregate(last=Max("tick"))["last"] or 0
    correction = Correction.objects.create(
        route_id=route_id, entries=[[partner_id, units] for partner_id, units in sorted(entries.items())],
        after_tick=last, made_at=now, made_by=by, **what,
    )  # fmt: skip
    credits = dict(RouteCredit.objects.filter(route=route_id).values_list("partner", "credit"))
    RouteCredit.objects.bulk_create(
        [
            RouteCredit(route_id=route_id, partner_id=partner_id, credit=credits.get(partner_id, 0) + units)
            for partner_id, units in sorted(entries.items())
            if units
        ],
        update_conflicts=True,
        unique_fields=["route", "partner"],
        update_fields=["credit"],
    )
    credits_corrected.announce(correction_ids=correction.pk, by=by)
    return correction
