"""The library: what is in it, narrowed by the reader's choice."""

from collections.abc import Iterable
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import get_language

from portal.content.services.languages import find_address_here
from portal.content.services.pages import find_content_version, find_surroundings
from training.access import Reader
from training.models import LibraryPage, MaterialPage
from training.services import catalogue
from training.services.languages import name_language

#: Seconds. What is kept is found again only under the same content version; this merely empties the cache.
KEPT = 24 * 3600


def describe(page: LibraryPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    language = get_language() or ""
    choice = read_choice(request)
    listed = catalogue.list_materials(reader, choice, language=language, page=request.GET.get("page"))
    return {
        "choice": choice,
        "facets": keep_facets(reader, language),
        "alternates": find_surroundings(page).find_alternates(request),
        "listed": listed,
        "entries": place_pages(listed, request),
    }


def read_choice(request: HttpRequest) -> catalogue.Choice:
    """What the address says that a list or search is narrowed to."""
    names = ("kind", "product", "role", "language", "tag")
    return catalogue.Choice(**{name: request.GET.get(name, "")[:80] for name in names})


def place_pages(pages: Iterable[MaterialPage], request: HttpRequest) -> list[tuple[Any, str, str]]:
    """Each page with its address here and, where it is in another language than the rest, that language in words."""
    here = get_language()
    return [
        (
            page,
            find_address_here(page, request),
            "" if page.locale.language_code == here else name_language(page.locale.language_code),
        )
        for page in pages
    ]


def keep_facets(reader: Reader, language: str) -> catalogue.Facets:
    """What the reader can narrow by; kept for all to whom the same audiences are open, until anything is published."""
    rights = "all" if reader.reads_all else "-".join(str(number) for number in sorted(reader.audience_ids))
    key = f"training:facets:{language}:{rights}:{find_content_version()}"
    kept: catalogue.Facets | None = cache.get(key)
    if kept is None:
        kept = catalogue.find_facets(reader, language=language)
        cache.set(key, kept, KEPT)
    return kept
