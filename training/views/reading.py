"""That a page was opened, told by a picture on it: pages are kept, so their own requests write nothing."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from training.access import check_material, find_reader
from training.models import MaterialPage
from training.services.reading import record_visit
from training.views.pixel import answer_pixel


@require_GET
def seen(request: HttpRequest, material_key: UUID) -> HttpResponse:
    """Record a visit, unless the page has changed since it was shown: what the reader saw was then another text."""
    shown = request.GET.get("revision", "")
    pages = MaterialPage.objects.live().filter(translation_key=material_key).order_by("pk")
    page = min(pages, key=lambda page: str(page.live_revision_id) != shown, default=None)
    if page is None:
        raise Http404(material_key)
    reader = find_reader(request)
    check_material(page, reader)
    if str(page.live_revision_id) == shown:
        record_visit(reader.user, reader.membership, page, reader.now)
    return answer_pixel()
