"""Objection guides and their cards; how a card fared on a call."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.content.services.languages import find_address_here
from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.partners.access import member_required
from training.access import Reader
from training.faring import Faring
from training.forms import RatingForm
from training.models import MaterialPage, ObjectionCardPage, ObjectionGuidePage
from training.services.catalogue import Choice, in_language
from training.services.ratings import find_farings, rate_card
from training.services.searching import search_materials
from training.services.uses import find_deals
from training.views.library import place_pages

#: Seconds that a card goes on showing how it fared after it was rated again.
FARING_KEPT = 300


def describe_guide(page: ObjectionGuidePage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    words = " ".join(request.GET.get("q", "").split())[:200]
    language = get_language() or ""
    guides = [page.path, *(other.path for other in page.surroundings.translations)]
    listed = in_language(ObjectionCardPage.objects.in_courses(guides), language)
    cards = reader.filter_open(listed).select_related("locale").order_by("path")
    if words:
        found = search_materials(reader, words, language=language, choice=Choice(kind="cards")).cards
        cards = [card for card in found if card.path[: -card.steplen] in guides]
    return {"words": words, "cards": place_pages(cards, request)}


def describe_card(page: ObjectionCardPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    return {
        "proof_link": _link_proof(page, request, reader),
        "faring": _keep_faring(page, reader),
        "deals": find_deals([page.translation_key], now=reader.now)[page.translation_key] if reader.reads_all else None,
        # Staff who are members of no partner hold no calls.
        "rating_form": None if reader.reads_all else RatingForm(),
    }


def _keep_faring(page: ObjectionCardPage, reader: Reader) -> Faring:
    """How the card fared lately, asked anew every few minutes."""
    key = f"training:faring:{page.translation_key}"
    faring: Faring | None = cache.get(key)
    if faring is None:
        faring = find_farings([page.translation_key], now=reader.now)[page.translation_key]
        cache.set(key, faring, FARING_KEPT)
    return faring


def _link_proof(page: ObjectionCardPage, request: HttpRequest, reader: Reader) -> tuple[str, str] | None:
    """Title and address of the card's proof, if the reader may read it."""
    if page.proof_page_id is None:
        return None
    proof = reader.filter_open(MaterialPage.objects.filter(pk=page.proof_page_id)).select_related("locale").first()
    if proof is None:
        return None
    address = find_address_here(proof, request)
    return proof.title, f"{address}#{page.proof_anchor}" if page.proof_anchor else address


@require_POST
@member_required
def rate(request: HttpRequest, card_key: UUID) -> HttpResponse:
    """Record how a card's answer fared, thank the seller, and go back to the card.

    A script that asks for JSON is answered in place: the thanks, or a refusal as problem details.
    """
    cards = ObjectionCardPage.objects.live().filter(translation_key=card_key).select_related("locale")
    card = min(cards, key=lambda found: found.locale.language_code != get_language(), default=None)
    if card is None:
        raise Http404(card_key)
    form = RatingForm(request.POST)
    membership = request.membership  # type: ignore[attr-defined]  # the middleware's
    in_place = not request.accepts("text/html")
    try:
        if form.is_valid():
            worked = form.cleaned_data["worked"]
            rate_card(card, membership=membership, worked=worked, words=form.cleaned_data["words"], now=timezone.now())
            thanks = _thank(worked=worked)
            if in_place:
                return JsonResponse({"thanks": thanks})
            messages.success(request, thanks)
            return HttpResponseRedirect(find_address_here(card, request))
    except Refusal as refusal:
        if in_place or refusal.status == 403:
            raise
        add_refusal(form, refusal)
    if in_place:
        problems = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return JsonResponse({"title": problems}, status=422, content_type="application/problem+json")
    context = {"card": card, "form": form, "card_url": find_address_here(card, request)}
    return render(request, "training/rate.html", context, status=422)


def _thank(*, worked: bool) -> str:
    if worked:
        return _("Thank you. It counts for everyone who opens this card.")
    return _("Thank you. Whoever keeps this card sees it, with what the customer said.")
