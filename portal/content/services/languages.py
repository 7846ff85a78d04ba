"""What stands in for a page that is not translated: the same page in another language, at the address asked for."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from wagtail.models import Page, Site

from portal.content.models import BasePage
from portal.content.services.pages import find_address


def find_address_here(page: Page, holder: Any = None) -> str:
    """The page's address within the language that is active: its own, or where it stands in for a translation.

    Args:
        holder: as of :func:`~portal.content.services.pages.find_address`.
    """
    address = find_address(page, holder)
    own, here = f"/{page.locale.language_code}/", f"/{get_language()}/"
    return f"{here}{address.removeprefix(own)}" if own != here and address.startswith(own) else address


def find_page_elsewhere(request: HttpRequest, path: str) -> BasePage | None:
    """A live page at ``path`` below the root of another language, the site's own before others; three queries at most.

    Where that page has a live translation into the active language, the translation: it stands at another address.
    """
    here = get_language()
    site = Site.find_for_request(request)
    roots = {
        root.language_code: root.root_path
        for root in Site.get_site_root_paths()
        if site and root.site_id == site.pk and root.language_code != here
    }
    slug = path.rstrip("/").rpartition("/")[2]
    if not slug:
        return None
    # The column url_path has no index, slug has.
    standing = Page.objects.live().filter(slug=slug, url_path__in=[f"{root}{path}" for root in roots.values()])
    found = sorted(
        standing.select_related("locale"), key=lambda page: page.locale.language_code != settings.LANGUAGE_CODE
    )
    if not found:
        return None
    translation = Page.objects.live().filter(translation_key=found[0].translation_key, locale__language_code=here)
    specific = (translation.select_related("locale").first() or found[0]).specific
    return specific if isinstance(specific, BasePage) else None
