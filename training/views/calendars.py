"""Sessions in a calendar program: the private feed, the page of its address, and the file of one session."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.partners.access import member_required
from training.access import check_material, find_reader
from training.models import Session
from training.services.calendars import (
    find_edition,
    find_feed,
    find_own_feed,
    give_feed,
    note_reading,
    renew_feed,
    revoke_feed,
    write_feed,
    write_session,
)
from training.services.registrations import find_live_page

TYPE = "text/calendar; charset=utf-8"


@require_safe
@login_not_required
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """A person's sessions, to whoever knows the private address: calendar programs sign in nowhere."""
    found = find_feed(token)
    if found is None:
        raise Http404
    now = timezone.now()
    note_reading(found, now=now)
    edition = find_edition(found, now=now)
    etag = f'"{edition.name}"'
    answer = get_conditional_response(request, etag=etag)
    if answer is None or answer.status_code != 304:
        answer = HttpResponse(write_feed(edition), content_type=TYPE)
        answer["Content-Disposition"] = 'inline; filename="guildhall.ics"'
    answer["ETag"] = etag
    return _keep_private(answer)


@require_safe
@member_required
def calendar(request: HttpRequest) -> HttpResponse:
    """The address of one's own feed: to copy, to subscribe to, to renew and to close."""
    own = find_own_feed(request.user)
    url = f"{settings.BASE_URL}{reverse('training:feed', args=[own.token])}" if own else ""
    context = {
        "feed": own,
        "url": url,
        "webcal_url": f"webcal://{url.partition('://')[2]}" if url else "",
        "acts": {act: {"do": act} for act in ("open", "renew", "close")},
    }
    answer = _keep_private(render(request, "training/calendar.html", context))
    # A page without any referrer sends its forms from nowhere, and they would be refused as another site's.
    answer["Referrer-Policy"] = "same-origin"
    return answer


@require_POST
@member_required
def change_calendar(request: HttpRequest) -> HttpResponse:
    """Open the feed, give it a new address, or close it."""
    match request.POST.get("do"):
        case "open":
            give_feed(request.user, now=timezone.now())
            messages.success(request, _("Your calendar is open. Copy its address into your calendar program."))
        case "renew":
            renew_feed(request.user, now=timezone.now())
            messages.success(
                request, _("Your calendar has a new address. The old one no longer answers: subscribe to the new one.")
            )
        case "close":
            revoke_feed(request.user)
            messages.success(request, _("Your calendar is closed. Programs that knew its address read nothing more."))
    return HttpResponseRedirect(reverse("training:calendar"))


@require_safe
def session_ics(request: HttpRequest, public_id: str) -> HttpResponse:
    """The file of one session, for the readers of its page."""
    found = get_object_or_404(Session.objects.select_related("page__locale"), public_id=public_id)
    reader = find_reader(request)
    page = find_live_page(found)
    if page is None:
        raise Http404
    check_material(page, reader)
    answer = HttpResponse(write_session(found, language=get_language() or settings.LANGUAGE_CODE), content_type=TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{found.starts_at:%Y-%m-%d}.ics"'
    return _keep_private(answer)


def _keep_private(response: HttpResponse) -> HttpResponse:
    """No shared cache keeps it, no search engine lists it, and the address goes to nobody as a referrer."""
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response
