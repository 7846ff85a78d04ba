"""The objection cards that were used on a lead: ticked, and taken off again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from portal.core.errors import Refusal
from portal.leads.models import Lead, LeadStatus
from portal.leads.services import cards
from portal.leads.views.common import find_own_lead, require_member, works_leads
from portal.partners.middleware import MemberRequest


def describe_cards(request: MemberRequest, lead: Lead) -> dict[str, Any]:
    """What a lead's page shows of cards: those ticked, and those found by the words in the address."""
    ticked = cards.list_cards(lead)
    words = request.GET.get("cards", "").strip()
    found = []
    if words and lead.status == LeadStatus.ACCEPTED:
        keys = {row.card_key for row in ticked}
        hits = cards.find_cards(require_member(request), words, language=get_language() or "en", now=timezone.now())
        found = [(card, card.translation_key in keys) for card in hits]
    return {"ticked": ticked, "card_words": words, "found_cards": found}


@require_POST
@works_leads
def tick(request: MemberRequest, public_id: str) -> HttpResponse:
    """A card was used with this customer."""
    found, member = find_own_lead(request, public_id), require_member(request)
    key = _read_key(request)
    try:
        cards.tick_card(found, card_key=key, language=get_language() or "en", membership=member, now=timezone.now())
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} {refusal.remedy}".strip())
    return _back(found)


@require_POST
@works_leads
def untick(request: MemberRequest, public_id: str) -> HttpResponse:
    """It was not, after all."""
    found = find_own_lead(request, public_id)
    try:
        cards.untick_card(found, card_key=_read_key(request), membership=require_member(request))
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} {refusal.remedy}".strip())
    return _back(found)


def _read_key(request: MemberRequest) -> UUID:
    try:
        return UUID(request.POST.get("card", ""))
    except ValueError as error:
        raise Http404 from error


def _back(lead: Lead) -> HttpResponse:
    return redirect(f"{reverse('leads:lead', args=[lead.public_id])}#cards")
