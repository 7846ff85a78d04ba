"""Without a signal: pages kept at hand, the copies that a phone saves of them, and the worker that saves them."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST, require_safe

from portal.content.services.pages import find_address
from portal.core.errors import NotAllowed, Refusal
from portal.partners.access import member_required
from training.access import check_material, find_reader
from training.services.leaflets import inline_pictures
from training.services.pins import HOLDS, Pin, list_pins, name_version, pin_material, unpin_material
from training.views.pages import DESCRIBE
from training.views.sharing import find_material


@require_POST
@member_required
def pin(request: HttpRequest, material_key: UUID) -> HttpResponse:
    """Keep a page at hand, or no longer; then back to it."""
    page = find_material(material_key)
    if request.POST.get("keep") == "no":
        unpin_material(page, by=request.user)  # type: ignore[arg-type]  # signed in: member_required
    else:
        membership = request.membership  # type: ignore[attr-defined]  # the middleware's
        pin_material(page, membership=membership, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    if request.POST.get("next") == "pins":
        return HttpResponseRedirect(reverse("training:pins"))
    return HttpResponseRedirect(find_address(page, request))


@require_safe
@member_required
def pins(request: HttpRequest) -> HttpResponse:
    """What the reader keeps at hand."""
    kept = [(pin, find_address(pin.page, request)) for pin in list_pins(find_reader(request))]
    return _keep_from_others(render(request, "training/offline/pins.html", {"pins": kept}))


@require_safe
@member_required
def saved(request: HttpRequest, material_key: UUID) -> HttpResponse:
    """The copy of a page that a phone keeps: whole in itself, stamped, and open for a day."""
    page = find_material(material_key)
    reader = find_reader(request)
    check_material(page, reader)
    if not (page.can_be_saved and page.may_be_saved):
        raise NotAllowed(_("This page is not saved for reading without a signal."), code="not_saved")
    context = page.get_context(request) | {"frame": "training/offline/frame.html", "saved_at": reader.now}
    describe = DESCRIBE.get(type(page))
    if describe is not None:
        context |= describe(page, request, reader)
    # A copy sends nothing: what is asked of the reader waits for the live page.
    context |= {"gone_at": reader.now + HOLDS, "live_url": find_address(page, request), "rating_form": None}
    markup = render_to_string(page.get_template(request), context, request)
    response = _stamp(HttpResponse(inline_pictures(markup)), reader.now)
    response["X-Version"] = name_version(page)
    return response


@require_safe
@login_not_required
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone may keep for this reader now; it deletes everything else. 401 for nobody: then it deletes all."""
    try:
        reader = find_reader(request) if request.user.is_authenticated else None
    except Refusal:
        reader = None
    if reader is None or reader.membership is None:
        return _keep_from_others(JsonResponse({"pins": []}, status=401))
    answer = {
        # Another person on the same phone finds nothing of this one.
        "owner": salted_hmac("training.offline", str(request.user.pk)).hexdigest()[:16],
        "pins": [_describe_pin(pin, request) for pin in list_pins(reader)],
        "unsaved": reverse("training:unsaved"),
    }
    return _keep_from_others(JsonResponse(answer))


def _describe_pin(pin: Pin, request: HttpRequest) -> dict[str, Any]:
    with override(pin.page.locale.language_code):
        copy = reverse("training:saved", args=[pin.page.translation_key])
    return {"page": find_address(pin.page, request), "copy": copy, "version": pin.version}


@require_safe
@login_not_required
def unsaved(request: HttpRequest) -> HttpResponse:
    """What a phone shows without a signal for a page that it does not keep; the same for everybody."""
    return render(request, "training/offline/unsaved.html")


@require_safe
@login_not_required
def worker(_request: HttpRequest) -> HttpResponse:
    """The service worker. It stands at the root of the site, since it may answer only for what is below it."""
    path = finders.find("training/worker.js")
    response = HttpResponse(Path(str(path)).read_bytes(), content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    return response


def _stamp(response: HttpResponse, now: datetime) -> HttpResponse:
    response["X-Gone-At"] = str(int((now + HOLDS).timestamp() * 1000))
    return _keep_from_others(response)


def _keep_from_others(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    return response
