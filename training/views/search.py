"""Search in what the reader may read."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from training.access import find_reader
from training.services import searching
from training.views.library import keep_facets, place_pages, read_choice


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What the reader may read that has their words; before a word is typed, what they have read lately."""
    reader = find_reader(request)
    language = get_language() or ""
    words = " ".join(request.GET.get("q", "").split())[:200]
    choice = read_choice(request)
    context: dict[str, Any] = {
        "words": words,
        "choice": choice,
        "focus": not words,
        "facets": keep_facets(reader, language),
    }
    if words:
        found = searching.search_materials(reader, words, language=language, choice=choice)
        context |= {
            "found": found,
            "cards": place_pages(found.cards, request),
            "materials": place_pages(found.materials, request),
            "studies": place_pages(found.studies, request),
        }
        if reader.membership is not None and not choice.narrowed:
            searching.record_search(words, language=language, found=found.whole, now=timezone.now())
    else:
        context["recent"] = place_pages(searching.find_recent(reader, language=language), request)
    response = render(request, "training/search.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """A list of what is found while the words are still being typed: a piece of a page."""
    found = searching.suggest(find_reader(request), request.GET.get("q", "")[:200], language=get_language() or "")
    context = {
        "cards": place_pages([found.card] if found.card else [], request),
        "pages": place_pages(found.pages, request),
    }
    response = render(request, "training/_suggestions.html", context)
    response["Cache-Control"] = "private, no-store"
    return response
