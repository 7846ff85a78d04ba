"""An editor's preview of a material: the reader's own page, to a seller of a partner at a tier."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

from portal.partners.models import Tier
from training.access import imagine_seller
from training.blocks import is_complete
from training.models import MaterialPage, PriceListPage
from training.views.pages import DESCRIBE

#: How many of its first item a previewed price list is asked for: only the answer shows the discount of the tier.
ASKED = "10"


def show_preview(page: MaterialPage, request: HttpRequest, tier: Tier | None) -> HttpResponse:
    """The material as it is in the editor, through the templates that readers get; nothing of it is kept.

    A page that is closed to the seller says so at its head and is shown nevertheless: the editor is writing it.
    """
    with translation.override(page.locale.language_code):
        seller = imagine_seller(page, tier, now=timezone.now())
        context: dict[str, Any] = page.get_context(request)
        context |= {
            "preview": seller,
            "shared": mark_safe(render_to_string(page.shared_template, {"page": page})),  # our own template's
            "crumbs": [(above.title, "") for above in page.surroundings.above],
        }
        request.GET = _ask(page)  # type: ignore[assignment]  # as Django's own requests hold it
        describe = DESCRIBE.get(type(page))
        if describe is not None:
            context |= describe(page, request, seller.reader)
        return render(request, page.get_template(request), context)


def _ask(page: MaterialPage) -> QueryDict:
    """What the imagined seller asks of the page."""
    asked = QueryDict(mutable=True)
    if isinstance(page, PriceListPage):
        first = next((block for block in page.rows if block.id and is_complete(block.value)), None)
        if first is not None:
            asked.update({"item": first.id, "quantity": ASKED, "market": first.value["market"] or ""})
    return asked
