"""Send me that: making a page for a customer, showing it to whoever has the link, and what became of it."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.content.services.pages import find_address, find_content_version
from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.partners.access import member_required
from training.access import check_material, find_reader
from training.forms import ShareForm
from training.models import MaterialPage, Share
from training.services.leaflets import list_parts
from training.services.papers import write_pdf
from training.services.sharing import (
    NoLongerShared,
    Shared,
    find_shared,
    list_shares,
    record_opening,
    share_material,
    withdraw_share,
)
from training.views.pixel import answer_pixel

#: Seconds that a written PDF is kept; it is found again only while nothing on the site has changed.
KEPT = 3600


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def share(request: HttpRequest, material_key: UUID) -> HttpResponse:
    """Choose what of a material goes to a customer, and make the page."""
    page = find_material(material_key)
    check_material(page, find_reader(request))
    parts = list_parts(page, today=timezone.localdate())
    wanted = request.GET.getlist("block") or [part.block_id for part in parts]
    form = ShareForm(request.POST or None, parts=parts, initial={"blocks": wanted})
    if request.method == "POST" and form.is_valid():
        try:
            made = share_material(
                page,
                membership=request.membership,  # type: ignore[attr-defined]  # the middleware's
                blocks=form.cleaned_data["blocks"],
                days=form.cleaned_data["days"],
                note=form.cleaned_data["note"],
                by=request.user,  # type: ignore[arg-type]  # signed in: member_required
                now=timezone.now(),
            )
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            return HttpResponseRedirect(f"{reverse('training:shares')}?made={made.public_id}")
    context = {"page": page, "parts": parts, "form": form, "back_url": find_address(page, request)}
    return render(request, "training/sharing/share.html", context)


@require_safe
@member_required
def shares(request: HttpRequest) -> HttpResponse:
    """What the member has sent, and whether it was opened."""
    now = timezone.now()
    sent = list_shares(request.membership)  # type: ignore[attr-defined]  # the middleware's
    rows = [
        {
            "share": item,
            "url": _find_link(item),
            "is_open": item.withdrawn_at is None and item.expires_at > now,
            "is_new": item.public_id == request.GET.get("made"),
        }
        for item in sent
    ]
    return render(request, "training/sharing/shares.html", {"rows": rows})


@require_POST
@member_required
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Close a page before its end."""
    mine = Share.objects.filter(membership__user=request.user.pk)
    withdraw_share(get_object_or_404(mine, public_id=public_id), by=request.user, now=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The page is closed. Whoever opens the link reads that it is no longer open."))
    return HttpResponseRedirect(reverse("training:shares"))


@require_safe
@login_not_required
def shared(request: HttpRequest, public_id: str) -> HttpResponse:
    """The page itself, to whoever has the link."""
    try:
        found = find_shared(public_id, now=timezone.now())
    except NoLongerShared as refusal:
        return _dress(render(request, "training/sharing/closed.html", {"refusal": refusal}, status=refusal.status))
    with override(found.language):
        return _dress(render(request, "training/sharing/shared.html", _describe(found)))


@require_safe
@login_not_required
def shared_pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """The same on paper."""
    now = timezone.now()
    try:
        found = find_shared(public_id, now=now)
    except NoLongerShared as refusal:
        return _dress(render(request, "training/sharing/closed.html", {"refusal": refusal}, status=refusal.status))
    key = f"training:shared:{public_id}:{timezone.localdate(now)}:{find_content_version()}"
    content = cache.get(key)
    if content is None:
        with override(found.language):
            content = write_pdf(render_to_string("training/sharing/paper.html", _describe(found)))
        cache.set(key, content, KEPT)
    if request.method == "GET":
        record_opening(found.share, by_user_id=request.user.pk, as_pdf=True, now=now)
    response = HttpResponse(content, content_type="application/pdf")
    name = slugify(found.leaflet.title, allow_unicode=True) or "page"
    disposition = content_disposition_header(False, f"{name}.pdf")
    if disposition:
        response["Content-Disposition"] = disposition
    return _dress(response)


@require_safe
@login_not_required
def shared_seen(request: HttpRequest, public_id: str) -> HttpResponse:
    """What a shown page asks for: somebody has it before their eyes."""
    try:
        found = find_shared(public_id, now=timezone.now())
    except NoLongerShared as refusal:
        raise Http404(public_id) from refusal
    if request.method == "GET":
        record_opening(found.share, by_user_id=request.user.pk, as_pdf=False, now=timezone.now())
    return _dress(answer_pixel())


def find_material(material_key: UUID) -> MaterialPage:
    """The live material by its key, in the active language where there is one, as its own type.

    Raises:
        Http404: when there is none in any language.
    """
    pages = MaterialPage.objects.live().filter(translation_key=material_key).select_related("locale")
    page = min(pages, key=lambda found: found.locale.language_code != get_language(), default=None)
    if page is None:
        raise Http404(material_key)
    return page.specific


def _find_link(item: Share) -> str:
    with override(item.page.locale.language_code):
        return settings.BASE_URL + reverse("training:shared", args=[item.public_id])


def _describe(found: Shared) -> dict[str, Any]:
    return {
        "shared": found,
        "leaflet": found.leaflet,
        "partner": found.partner,
        "vendor_name": settings.VENDOR_NAME,
        "LANGUAGE_CODE": found.language,
    }


def _dress(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
