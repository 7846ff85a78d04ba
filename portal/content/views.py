"""Files, behind their one door; and pages, found in few queries."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from wagtail import hooks
from wagtail.url_routing import RouteResult
from wagtail.views import serve as serve_by_wagtail

from portal.content.access import may_read_file
from portal.content.models import Document, Image
from portal.content.services.files import answer_file, find_asset
from portal.content.services.languages import find_page_elsewhere
from portal.content.services.pages import find_address, find_page
from portal.core.errors import NotAllowed


@require_safe
def file(request: HttpRequest, path: str) -> HttpResponseBase:
    """A picture, one of its sizes, or a document, to those who may read a page that uses it.

    Raises:
        Http404: when no row owns the file.
        NotAllowed: when no page that the reader may read uses it.
    """
    asset = find_asset(path)
    if asset is None:
        raise Http404(path)
    check_reader(asset, request)
    if path == asset.file.name:
        return answer_file(request, asset.file)
    return answer_file(request, asset.renditions.get(file=path).file)


def check_reader(asset: Image | Document, request: HttpRequest) -> None:
    """Let the request pass only if its reader may read the picture or document.

    Raises:
        NotAllowed: with the reason.
    """
    if not may_read_file(asset, request.user, getattr(request, "membership", None), timezone.now()):
        raise NotAllowed(
            _("This file belongs to a material that is not open to you."),
            remedy=_("Open the material itself: its page says for whom it is."),
            code="file",
        )


def page(request: HttpRequest, path: str) -> HttpResponse:
    """A page of the site, as an app above has kept it; else Wagtail's own view, told in two queries what it would look
    for in two per level.

    Functions on the hook ``portal_kept_page`` are given the request and the path, and answer a response or None.
    """
    for answer in hooks.get_hooks("portal_kept_page"):
        kept: HttpResponse | None = answer(request, path)
        if kept is not None:
            return kept
    found = find_page(request, path)
    if found is None:
        found = find_page_elsewhere(request, path)
        if found is not None and found.locale.language_code == get_language():
            return redirect(find_address(found, request))
    if found is not None:
        request._wagtail_route_for_request = RouteResult(found)  # type: ignore[attr-defined]  # where Wagtail keeps it
    return serve_by_wagtail(request, path)
