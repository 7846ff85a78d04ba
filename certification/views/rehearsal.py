"""The rehearsal: three questions that count for nothing, saved as in an exam, and forgotten with the session."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from certification import access
from certification.forms import read_change
from certification.question_types import BadResponse, get_type
from certification.rehearsing import QUESTIONS
from certification.services import sheets
from portal.core.errors import Refusal
from portal.partners.access import member_required

#: What the session remembers: the last change's number, and the responses by position.
SESSION_KEY = "rehearsal"


@require_GET
@never_cache
@member_required(may=access.may_sit)
def rehearsal(request: HttpRequest) -> HttpResponse:
    """Three questions, with what was given to them so far."""
    kept = request.session.get(SESSION_KEY, {"seq": 0, "given": {}})
    context = {
        "questions": sheets.lay_out(QUESTIONS, {int(key): value for key, value in kept["given"].items()}),
        "seq": kept["seq"],
        "total": len(QUESTIONS),
        "answered": len(kept["given"]),
        "now": timezone.now(),
        "sign_in_url": reverse("account_login"),
    }
    return render(request, "certification/rehearsal.html", context)


@require_POST
@member_required(may=access.may_sit)
def save(request: HttpRequest) -> HttpResponse:
    """Keep what was given, and say so, as the exam's page is told."""
    change = read_change(request.POST)
    kept: dict[str, Any] = request.session.get(SESSION_KEY, {"seq": 0, "given": {}})
    language = get_language() or settings.LANGUAGE_CODE
    for position, given in change.answers.items():
        if not 1 <= position <= len(QUESTIONS):
            continue
        kind_name, content = QUESTIONS[position - 1]
        kind = get_type(kind_name)
        try:
            response = kind.read(kind.options(content), given, language=language)
        except BadResponse as error:
            raise Refusal(_("What arrived is not an answer to this page."), remedy=_("Load the page again.")) from error
        kept["given"].pop(str(position), None)
        if kind.is_answered(response):
            kept["given"][str(position)] = response
    kept["seq"] = max(kept["seq"], change.client_seq)
    request.session[SESSION_KEY] = kept
    if not request.accepts("text/html"):
        return JsonResponse({"saved": change.client_seq})
    messages.success(request, _("Your answers have arrived: saving works."))
    return redirect("certification:rehearsal")
