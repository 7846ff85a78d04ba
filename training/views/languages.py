"""A page that stands in for a translation that there is not: said on it, with ways on that stay in the reader's language."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from portal.content.models import BasePage
from portal.content.services.languages import find_address_here
from portal.content.services.pages import find_address, find_surroundings
from training.models import MaterialPage
from training.services.languages import name_language


def describe(page: BasePage, request: HttpRequest) -> dict[str, Any]:
    """What the template is told of a page in another language than the active one; nothing of other pages.

    ``foreign``: its language in words; ``content_language``: its code; the pages above it, translated where they are;
    and as translations, for the switch of languages, the page itself too.
    """
    code = page.locale.language_code
    here = get_language()
    if code == here:
        return {}
    around = page.surroundings if isinstance(page, MaterialPage) else find_surroundings(page)
    translated = {
        other.translation_key: other for other in around.above_elsewhere if other.locale.language_code == here
    }
    above = [translated.get(other.translation_key, other) for other in around.above]
    return {
        "foreign": name_language(code),
        "content_language": code if isinstance(page, MaterialPage) else "",
        "alternates": around.find_alternates(request) | {code: find_address(page, request)},
        "crumbs": [(other.title, find_address_here(other, request)) for other in above],
    }
