"""What the pages of people who work leads share."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from portal.core.errors import NotAllowed
from portal.core.money import format_money
from portal.leads.access import may_contest, may_work_leads
from portal.leads.models import FINISHED, FormerOutcome, Lead, LeadStatus, Offer, OfferState
from portal.leads.reports import group_digits
from portal.leads.services.disputes import (
    find_case,
    find_contested_offer,
    find_contested_outcome,
    may_be_contested,
)
from portal.partners.access import member_required
from portal.partners.middleware import MemberRequest
from portal.partners.models import Membership, Partner

works_leads = member_required(
    may=may_work_leads,
    refusal=gettext_lazy("Your job role does not include working leads."),
    remedy=gettext_lazy("The owner of your organisation can give you a role that does, such as seller."),
)


def require_member(request: MemberRequest) -> Membership:
    """The membership that ``works_leads`` let in."""
    if request.membership is None:
        raise NotAllowed(_("You are not a member of a partner."))
    return request.membership


def find_own_lead(request: MemberRequest, public_id: str) -> Lead:
    """A lead that the member's partner took. Another partner's do not exist here.

    Raises:
        Http404: there is none.
    """
    return get_object_or_404(Lead.objects.for_partner(require_member(request).partner), public_id=public_id)


def describe_contest(request: MemberRequest, offer: Offer, *, now: datetime) -> dict[str, Any]:
    """The way to contest what became of an offer or of its lead, where there is one; or the case that stands."""
    if offer.is_open:
        return {}
    outcome = offer.state == OfferState.ACCEPTED
    contested = find_contested_outcome(offer) if outcome else find_contested_offer(offer)
    member = require_member(request)
    if contested is None:
        return {}
    name = "leads:contest_outcome" if outcome else "leads:contest_offer"
    may = may_be_contested(contested, member, now=now)
    dispute = find_case(member.partner, contested)
    shown = dispute is not None and may_contest(member, assignee_id=dispute.opened_by_id)
    return {
        "contest": reverse(name, args=[offer.public_id]) if may else "",
        "dispute": dispute if shown else None,
    }


#: Offers that did not become the partner's lead.
PAST = (OfferState.DECLINED, OfferState.EXPIRED, OfferState.WITHDRAWN, OfferState.OVERTAKEN)


def count_offers(partner: Partner, *, now: datetime) -> dict[str, int]:
    return Offer.objects.for_partner(partner).aggregate(
        answer=Count("pk", filter=Q(state=OfferState.OPEN, due_at__gt=now)),
        work=Count("pk", filter=Q(state=OfferState.ACCEPTED, lead__status=LeadStatus.ACCEPTED)),
        finished=Count("pk", filter=Q(state=OfferState.ACCEPTED, lead__status__in=FINISHED)),
        past=Count("pk", filter=Q(state__in=PAST) | Q(state=OfferState.OPEN, due_at__lte=now)),
    )


def draw_tabs(counts: dict[str, int], *, active: str) -> list[dict[str, Any]]:
    here = reverse("leads:offers")
    labels = {
        "answer": (pgettext("offers", "To answer"), here),
        "work": (pgettext("leads", "In work"), f"{here}?show=work"),
        "finished": (pgettext("leads", "Finished"), f"{here}?show=finished"),
        "past": (pgettext("offers", "Given back"), f"{here}?show=past"),
        "turns": (pgettext("leads", "Turns"), reverse("leads:turns")),
        "missed": (pgettext("leads", "Why not me"), reverse("leads:missed")),
    }
    return [
        {"label": label, "url": url, "active": key == active, "count": counts.get(key)}
        for key, (label, url) in labels.items()
    ]


def write_value(lead: Lead | FormerOutcome) -> str:
    return "" if lead.value is None else format_money(lead.value, lead.currency)


def list_facts(lead: Lead) -> list[tuple[str, Any]]:
    return [
        (label, value)
        for label, value in (
            (_("Product"), lead.product),
            (_("Region"), lead.region),
            (_("Country"), lead.country),
            (_("Sector"), lead.sector),
            (_("Employees"), group_digits(lead.employees) if lead.employees else ""),
        )
        if value
    ]
