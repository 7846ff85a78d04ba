"""Accepting an offer by the link in a letter: what may be known before, one button, and afterwards what became of it."""

from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from certification.models import Qualification
from portal.core.errors import Refusal
from portal.leads.models import OfferState, RoutePolicy, Telling
from portal.leads.reports import describe_need, is_urgent, masked_message
from portal.leads.services import links
from portal.leads.views.common import list_facts

#: What the page may tell where it came from. With "no-referrer" a browser would send its form from nowhere at all
#: (``Origin: null``), which the protection against forged forms refuses; from here nothing leads to another site.
OPEN_PAGE, CLOSED_PAGE = "same-origin", "no-referrer"


class TooOften(Refusal):
    """Too many tries from one place."""

    status = 429


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a link. Looking changes nothing; whoever presses the button accepts, once."""
    telling = links.find_telling(token)
    now = timezone.now()
    if telling is None:
        return _dress(_refuse(request, _unknown()), CLOSED_PAGE)
    person = telling.membership.user
    zone = person.zone if isinstance(person.zone, ZoneInfo) else timezone.get_current_timezone()
    language = person.language if person.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    # Whoever follows the link need not have signed in: the reader's language and zone hold, not the address's.
    with override(language), timezone.override(zone):
        try:
            links.check_reader(telling.membership, now=now)
            if request.method == "POST":
                return _accept(request, telling, language, now=now)
        except Refusal as refusal:
            return _dress(_refuse(request, refusal, language=language), CLOSED_PAGE)
        return _show(request, telling, language, now=now)


def _accept(request: HttpRequest, telling: Telling, language: str, *, now: datetime) -> HttpResponse:
    if not ratelimit.consume(request, action="take_lead", key=telling.public_id):
        raise TooOften(_("That was tried too often."), remedy=_("Wait a minute, and try again."), code="too_often")
    try:
        links.accept_by_link(telling, now=now)
    except Refusal as refusal:
        found = links.find_telling(links.make_token(telling.public_id))
        return _show(request, found or telling, language, now=now, refusal=refusal)
    # By its own address again: a page that is loaded twice asks for nothing twice.
    return _dress(HttpResponseRedirect(request.path), CLOSED_PAGE)


def _show(
    request: HttpRequest, telling: Telling, language: str, *, now: datetime, refusal: Refusal | None = None
) -> HttpResponse:
    """The offer as it may be known before accepting, or what became of it."""
    offer = telling.offer
    lead, policy = offer.lead, cast(RoutePolicy, offer.lead.policy)  # it was routed
    over = links.explain_over(telling, now=now)
    qualified = (
        Qualification.objects.current(now).filter(partner=offer.partner_id, programme=policy.programme_id).exists()
    )
    is_taken = offer.state == OfferState.ACCEPTED
    context: dict[str, Any] = {
        "telling": telling,
        "reader": telling.membership.user,
        "partner": offer.partner,
        "offer": offer,
        "lead": lead,
        "need": describe_need(lead),
        "urgent": is_urgent(offer, now=now),
        "qualified": qualified,
        "programme": policy.programme,
        "over": over,
        "refusal": refusal if over is None else None,
        "is_taken": is_taken,
        "is_own": is_taken and offer.closed_by_id == telling.membership.user_id,
        "lead_url": reverse("leads:lead", args=[lead.public_id]) if is_taken else "",
        "offers_url": reverse("leads:offers"),
        "LANGUAGE_CODE": language,
    }
    if over is None:
        context |= {"message": masked_message(lead), "facts": list_facts(lead)}
    status = refusal.status if refusal else 200
    return _dress(render(request, "leads/take.html", context, status=status), CLOSED_PAGE if over else OPEN_PAGE)


def _refuse(request: HttpRequest, refusal: Refusal, *, language: str = "") -> HttpResponse:
    """A page with nothing of the offer on it."""
    context = {"refusal": refusal, "offers_url": reverse("leads:offers")}
    if language:
        context["LANGUAGE_CODE"] = language
    return render(request, "leads/take_void.html", context, status=refusal.status)


def _unknown() -> Refusal:
    refusal = Refusal(
        _("This link is not valid."),
        remedy=_("Perhaps it was cut short. Sign in: every offer that waits for your organisation stands there."),
        code="unknown",
    )
    refusal.status = 404
    return refusal


def _dress(response: HttpResponse, referrer: str) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = referrer
    return response
