"""Finding a page by its address, and knowing whether anything on the site has changed."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.apps import apps
from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import get_language
from wagtail.models import ModelLogEntry, Page, PageLogEntry, Site

from portal.content.models import BasePage
from portal.core.prepared import Asked, Question, ask

#: How many changes may be committed while an earlier one still is not.
LOOK_BACK = 16

#: Seconds that the type of the page at an address is remembered; a page that has moved or changed is looked up anew.
KEPT = 3600


def find_page(request: HttpRequest, path: str) -> BasePage | None:
    """The live page at ``path`` below the active language's root: in one query where its type is remembered, else two.

    Wagtail's own routing fetches every page on the way, twice. Pages here have no routes of their own, so the address
    alone names the page. What is remembered is only which table to ask: whether the page is live, and at this address,
    is the database's answer each time. None where there is none, or where the page is of a foreign type: Wagtail then
    routes as it always does.
    """
    root = _find_root(request)
    if root is None:
        return None
    address = f"{root.root_path}{path}"
    key = f"content:page:{sha256(address.encode()).hexdigest()[:32]}"
    label, page_id = cache.get(key) or ("", 0)
    if label:
        known = apps.get_model(label).objects.live().filter(pk=page_id, url_path=address).first()
        if known is not None:
            return known
    found = Page.objects.live().filter(url_path=address)
    slug = path.rstrip("/").rpartition("/")[2]
    # The column url_path has no index, slug has.
    page = (found.filter(slug=slug) if slug else found).first()
    specific = page.specific if page else None
    if not isinstance(specific, BasePage):
        return None
    cache.set(key, (specific._meta.label, specific.pk), KEPT)
    return specific


def find_root_paths() -> dict[str, str]:
    """Where the tree of each language begins, by the language's code; empty where there are several sites."""
    roots = Site.get_site_root_paths()
    return {root.language_code: root.root_path for root in roots} if len({root.site_id for root in roots}) == 1 else {}


def _find_root(request: HttpRequest) -> Any | None:
    """Where the tree of the active language begins; without a query, as there is one site."""
    roots = Site.get_site_root_paths()
    if len({root.site_id for root in roots}) > 1:
        site = Site.find_for_request(request)
        roots = [root for root in roots if site and root.site_id == site.pk]
    language = get_language()
    return next((root for root in roots if root.language_code == language), None)


def find_address(page: Page, holder: Any = None) -> str:
    """The page's address within the portal, in its own language; without a query, as there is one site.

    Args:
        holder: the request, or any object that keeps the site's roots while many addresses are asked for.
    """
    parts = page.get_url_parts(request=holder)
    return parts[2] if parts and parts[2] else ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The pages above a page, from below the home page down to its parent; and the live translations of both."""

    above: list[Page]
    translations: list[Page]
    above_elsewhere: list[Page]

    def find_alternates(self, holder: Any) -> dict[str, str]:
        """The addresses of the page in the other languages, by language code."""
        return {page.locale.language_code: find_address(page, holder) for page in self.translations}


def find_surroundings(page: Page, *related: str) -> Surroundings:
    """What stands above and beside a page, in one query.

    Args:
        related: further relations to fetch with each of these pages.
    """
    paths = [page.path[:end] for end in range(3 * page.steplen, len(page.path), page.steplen)]
    keys = Page.objects.filter(path__in=paths).values("translation_key")
    wanted = Q(path__in=paths) | (
        (Q(translation_key=page.translation_key) | Q(translation_key__in=keys)) & Q(live=True) & ~Q(pk=page.pk)
    )
    found = Page.objects.filter(wanted).select_related("locale", *related).order_by("path")
    above: list[Page] = []
    translations: list[Page] = []
    elsewhere: list[Page] = []
    for other in found:
        if other.path in paths:
            above.append(other)
        else:
            (translations if other.translation_key == page.translation_key else elsewhere).append(other)
    return Surroundings(above, translations, elsewhere)


def _find_last(model: Any) -> Any:
    return lambda: model.objects.order_by("-pk").values_list("pk")[:LOOK_BACK]


LAST_LOGGED = (Question(_find_last(PageLogEntry)), Question(_find_last(ModelLogEntry)))


def ask_content_version() -> list[Asked]:
    """What :func:`name_content_version` wants answered."""
    return [question() for question in LAST_LOGGED]


def name_content_version(*last_logged: list[tuple[Any, ...]]) -> str:
    numbers = ["-".join(str(number) for (number,) in rows) for rows in last_logged]
    return sha256("|".join(numbers).encode()).hexdigest()[:16]


def find_content_version() -> str:
    """Changes whenever a page, picture, document or other kept row is published, moved or edited; one query.

    It names the last rows of Wagtail's two logs: what is cached under them cannot outlive a change that the logs know
    of, whichever process made it. The last of each alone would not do: of two changes at once, the one that was begun
    first may be committed last, and its row then appears below the last.
    """
    return name_content_version(*ask(*ask_content_version()))
