"""A person's attendance of past sessions with the rule, and asking for a correction."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.partners.access import member_required
from training.forms import CorrectionForm
from training.services.attendance import describe_past, list_past
from training.services.calendars import find_words
from training.services.corrections import ask_correction

PER_PAGE = 20


@require_safe
@member_required
def attendance(request: HttpRequest) -> HttpResponse:
    """One's own past sessions, latest first: minutes, whether that counts, and by which rule."""
    listed = Paginator(list_past(request.user, now=timezone.now()), PER_PAGE).get_page(request.GET.get("page"))
    sessions = list(listed)
    language = get_language() or ""
    words = find_words(sessions, language=language)
    rows = [
        {
            "past": past,
            "title": str(past.session.topic) or words.find_title(past.session),
            "is_published": words.is_published(past.session),
        }
        for past in describe_past(sessions, request.user)
    ]
    return render(request, "training/attendance.html", {"page": listed, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def correct(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say that one's attendance of a session is not right. A session that one had no part in does not exist here."""
    now = timezone.now()
    session = get_object_or_404(list_past(request.user, now=now), public_id=public_id)
    form = CorrectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            ask_correction(
                session,
                words=form.cleaned_data["words"],
                membership=request.membership,  # type: ignore[attr-defined]  # the middleware's
                by=request.user,
                now=now,
            )
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Thank you. It is looked into, and you are told what came of it."))
            return HttpResponseRedirect(reverse("training:attendance"))
    (past,) = describe_past([session], request.user)
    title = str(session.topic) or find_words([session], language=get_language() or "").find_title(session)
    context = {
        "past": past,
        "session": session,
        "title": title,
        "form": form,
        "back_url": reverse("training:attendance"),
    }
    return render(request, "training/correction.html", context)
