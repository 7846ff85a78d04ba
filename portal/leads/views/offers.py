"""Offers: what is to be answered, and the two answers. Another partner's offers do not exist here."""

from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from certification.models import Qualification
from portal.core.errors import Refusal
from portal.leads.forms import DeclineForm
from portal.leads.models import FINISHED, DeclineReason, LeadStatus, Offer, OfferState, RoutePolicy
from portal.leads.reports import describe_decline, describe_need, describe_place, is_urgent, masked_message
from portal.leads.services import offers as offer_services
from portal.leads.services.nudges import list_told
from portal.leads.services.turns import expect_next_turn
from portal.leads.services.withdrawals import find_withdrawal
from portal.leads.views.common import (
    PAST,
    count_offers,
    describe_contest,
    draw_tabs,
    list_facts,
    require_member,
    works_leads,
    write_value,
)
from portal.partners.access import may_lead_team
from portal.partners.middleware import MemberRequest

PER_PAGE = 20


@require_GET
@works_leads
def offers(request: MemberRequest) -> HttpResponse:
    """What is to be answered, what is in work, and what became of the rest."""
    partner, now = require_member(request).partner, timezone.now()
    show = request.GET.get("show", "answer")
    counts = count_offers(partner, now=now)
    rows = Offer.objects.for_partner(partner).select_related(
        "lead__product", "lead__region", "lead__contact", "lead__assignee__user", "closed_by", "returned"
    )
    match show:
        case "work":
            rows = rows.filter(state=OfferState.ACCEPTED, lead__status=LeadStatus.ACCEPTED).order_by(
                "-closed_at", "-pk"
            )
        case "finished":
            rows = rows.filter(state=OfferState.ACCEPTED, lead__status__in=FINISHED)
            rows = rows.order_by("-lead__finished_at", "-pk")
        case "past":
            rows = rows.filter(Q(state__in=PAST) | Q(state=OfferState.OPEN, due_at__lte=now)).order_by("-due_at", "-pk")
        case _:
            show = "answer"
            rows = rows.filter(state=OfferState.OPEN, due_at__gt=now).order_by("due_at", "pk")
    paginator = Paginator(rows, PER_PAGE)
    paginator.count = counts[show]  # counted for the tabs already
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "show": show,
        "page": page,
        "cards": [_card(offer, now=now) for offer in page],
        "tabs": draw_tabs(counts, active=show),
        "leads_team": may_lead_team(request.membership),
        "now": now,
    }
    return render(request, "leads/offers.html", context)


def _card(offer: Offer, *, now: datetime) -> dict[str, Any]:
    """What a list shows of an offer: no name of the customer until it is the partner's own lead."""
    lead = offer.lead
    taken = offer.state == OfferState.ACCEPTED
    message = lead.contact.message if hasattr(lead, "contact") else ""
    return {
        "offer": offer,
        "lead": lead,
        "title": (lead.company or _("Lead %(number)s") % {"number": lead.external_id})
        if taken
        else describe_need(lead),
        "text": message if taken else masked_message(lead),
        "place": describe_place(lead),
        "url": reverse("leads:lead", args=[lead.public_id])
        if taken and lead.status != LeadStatus.CLOSED
        else reverse("leads:offer", args=[offer.public_id]),
        "urgent": is_urgent(offer, now=now),
        "value": write_value(lead),
    }


@require_GET
@never_cache
@works_leads
def offer(request: MemberRequest, public_id: str) -> HttpResponse:
    """An offer: what may be known before accepting, and the two answers."""
    found = _find_offer(request, public_id)
    if found.state == OfferState.ACCEPTED and found.lead.status != LeadStatus.CLOSED:
        return redirect("leads:lead", found.lead.public_id)
    now = timezone.now()
    if found.is_open:
        offer_services.mark_seen(found, by=require_member(request).user, now=now)
    return _render_offer(request, found, DeclineForm(), now=now)


def _find_offer(request: MemberRequest, public_id: str) -> Offer:
    rows = Offer.objects.for_partner(require_member(request).partner).select_related(
        "lead__product", "lead__region", "lead__contact", "lead__policy__programme", "closed_by", "partner"
    )
    return get_object_or_404(rows, public_id=public_id)


def _render_offer(
    request: MemberRequest, found: Offer, form: DeclineForm, *, now: datetime, status: int = 200
) -> HttpResponse:
    lead = found.lead
    policy = cast(RoutePolicy, lead.policy)  # it was routed
    expired = found.state == OfferState.EXPIRED or (found.is_open and found.due_at <= now)
    qualified = (
        Qualification.objects.current(now).filter(partner=found.partner_id, programme=policy.programme_id).exists()
    )
    context = {
        "offer": found,
        "lead": lead,
        "need": describe_need(lead),
        "message": masked_message(lead),
        "facts": list_facts(lead),
        "open": found.is_open and not expired,
        "expired": expired,
        "withdrawal": find_withdrawal(found),
        "urgent": is_urgent(found, now=now),
        "qualified": qualified,
        "programme": policy.programme,
        "slots": policy.policy.slots if found.tick else 1,
        "form": form,
        "told": list_told(found, partner=found.partner),
        "cost": _describe_cost(found, now=now) if found.is_open and not expired else "",
        "crumbs": [(pgettext("page", "Leads"), reverse("leads:offers"))],
        "now": now,
        **describe_contest(request, found, now=now),
    }
    return render(request, "leads/offer.html", context, status=status)


def _describe_cost(found: Offer, *, now: datetime) -> str:
    """What declining costs: nothing, of what staff gave by hand."""
    if found.tick is None:
        return _("This uses no turn: the vendor gave you the lead by hand.")
    return describe_decline(expect_next_turn(found, now=now), now=now)


@require_POST
@works_leads
def accept(request: MemberRequest, public_id: str) -> HttpResponse:
    found = _find_offer(request, public_id)
    try:
        offer_services.accept_offer(found, by=require_member(request).user, now=timezone.now())
    except Refusal as refusal:
        return _say(request, refusal, found)
    messages.success(request, _("The lead is yours. Call soon: whoever answers first is usually chosen."))
    return redirect("leads:lead", found.lead.public_id)


@require_POST
@works_leads
def decline(request: MemberRequest, public_id: str) -> HttpResponse:
    found = _find_offer(request, public_id)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _render_offer(request, found, form, now=timezone.now(), status=422)
    try:
        offer_services.decline_offer(
            found,
            reason=DeclineReason(form.cleaned_data["reason"]),
            note=form.cleaned_data["note"],
            by=require_member(request).user,
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _say(request, refusal, found)
    messages.info(request, _("Declined. The lead goes to another partner; your next turn comes by itself."))
    return redirect("leads:offers")


def _say(request: MemberRequest, refusal: Refusal, found: Offer) -> HttpResponse:
    """Back to the offer, which shows how things are now, with the reason."""
    messages.warning(request, f"{refusal.message} {refusal.remedy}".strip())
    return redirect("leads:offer", found.public_id)
