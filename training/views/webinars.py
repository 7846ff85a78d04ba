"""Webinars and events for members: the list, a series, a session; registering, asking, and going to the meeting."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST, require_safe

from portal.content.services.languages import find_address_here
from portal.content.services.pages import find_surroundings
from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.partners.access import is_member, member_required
from training.access import Reader, check_material, find_reader
from training.forms import SessionQuestionForm
from training.models import (
    Registration,
    RegistrationState,
    Session,
    SessionQuestion,
    WebinarIndexPage,
    WebinarSeriesPage,
)
from training.services.joining import (
    OPENS,
    NotOpen,
    find_join_path,
    find_meeting,
    find_registration,
    is_open,
    record_visit,
)
from training.services.questions import ask_question
from training.services.registrations import cancel_registration, register
from training.services.sessions import Shown, list_ahead, list_recorded, show_sessions

#: Questions shown on the page of a session.
QUESTIONS = 100


def describe_index(page: WebinarIndexPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    """What is ahead by day, and what was recorded."""
    return {
        "days": group_by_day(list_ahead(reader, now=reader.now)),
        "recorded": link_recordings(list_recorded(reader, now=reader.now), request),
        "may_register": is_member(reader.membership),
        "alternates": find_surroundings(page).find_alternates(request),
    }


def describe_series(page: WebinarSeriesPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    """Its sessions ahead, the next of them with the reader's seat; and its recordings."""
    own = [page.translation_key]
    ahead = list_ahead(reader, now=reader.now, page_keys=own)
    upcoming = next((shown for shown in ahead if shown.session.is_scheduled), None)
    return {
        "days": group_by_day(ahead),
        "upcoming": describe_seat(upcoming, reader) if upcoming else None,
        "recorded": link_recordings(list_recorded(reader, now=reader.now, page_keys=own), request),
        "may_register": is_member(reader.membership),
        "in_series": True,
    }


def group_by_day(shown: Iterable[Shown]) -> list[tuple[date, list[Shown]]]:
    """Sessions by the day on which they begin in the reader's zone."""
    days: dict[date, list[Shown]] = {}
    for one in shown:
        days.setdefault(timezone.localdate(one.session.starts_at), []).append(one)
    return list(days.items())


def link_recordings(shown: Iterable[Shown], request: HttpRequest) -> list[tuple[Shown, str]]:
    """Sessions with the addresses of their recordings."""
    return [(one, find_address_here(one.session.recording, request)) for one in shown if one.session.recording]


@require_safe
def session(request: HttpRequest, public_id: str) -> HttpResponse:
    """One date: when, what about, who speaks, whether one has a seat; and its questions."""
    reader = find_reader(request)
    return _answer(request, reader, _find_shown(public_id, reader), SessionQuestionForm())


def _answer(request: HttpRequest, reader: Reader, shown: Shown, form: SessionQuestionForm) -> HttpResponse:
    row = shown.session
    questions = SessionQuestion.objects.filter(session=row)
    seen = [question for question in questions if question.answered_at or question.user_id == request.user.pk]
    recordings = list_recorded_of(shown, reader, request)
    context = {
        **describe_seat(shown, reader),
        "page_url": find_address_here(shown.page, request),
        "questions": seen[:QUESTIONS],
        "form": form,
        "recording_url": recordings[0][1] if recordings else "",
    }
    response = render(request, "training/session.html", context)
    response["Cache-Control"] = "private, no-cache"
    return response


def describe_seat(shown: Shown, reader: Reader) -> dict[str, Any]:
    """What a page says about the reader's seat at a session, and lets them do about it."""
    row, registration = shown.session, shown.registration
    return {
        "shown": shown,
        "session": row,
        "join_url": find_join_path(registration) if registration and shown.is_seated else "",
        "is_open": is_open(row, reader.now),
        "opens_at": row.starts_at - OPENS,
        "is_over": row.ends_at <= reader.now,
        "may_register": is_member(reader.membership),
        "place": _find_place(registration) if registration and shown.is_waiting else 0,
    }


def list_recorded_of(shown: Shown, reader: Reader, request: HttpRequest) -> list[tuple[Shown, str]]:
    """The recording of one session with its address, if the reader may watch it; at most one."""
    if shown.session.recording_id is None:
        return []
    recorded = list_recorded(reader, now=reader.now, page_keys=[shown.session.page_key])
    return link_recordings([one for one in recorded if one.session.pk == shown.session.pk], request)


def _find_place(registration: Registration) -> int:
    """The place on the waiting list, from 1."""
    before = Registration.objects.filter(
        session=registration.session_id,
        state=RegistrationState.WAITING,
        registered_at__lte=registration.registered_at,
    )
    earlier = before.exclude(registered_at=registration.registered_at, pk__gt=registration.pk)
    return earlier.count()


def _find_shown(public_id: str, reader: Reader) -> Shown:
    """The session as the reader sees it.

    Raises:
        Http404: when there is none, or its series is not published.
        NotAllowed: when the series is not open to the reader, with the reason.
    """
    row = get_object_or_404(Session, public_id=public_id)
    shown = show_sessions([row], reader)
    if not shown:
        raise Http404(public_id)
    check_material(shown[0].page, reader)
    return shown[0]


@require_POST
@member_required
def register_for(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a seat, or a place on the waiting list; one tap."""
    row = get_object_or_404(Session, public_id=public_id)
    membership = request.membership  # type: ignore[attr-defined]  # the middleware's
    registration = register(row, membership=membership, by=request.user, now=timezone.now())
    if registration.state == RegistrationState.SEATED:
        messages.success(request, _("You have a seat. You are reminded a day and an hour before."))
    else:
        messages.info(request, _("All seats are taken. You are on the waiting list, and told when one is yours."))
    return HttpResponseRedirect(reverse("training:session", args=[public_id]))


@require_POST
@member_required
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give one's seat, or place on the waiting list, back."""
    mine = Registration.objects.filter(user=request.user.pk).select_related("session")
    registration = get_object_or_404(mine, session__public_id=public_id)
    cancel_registration(registration, by=request.user, now=timezone.now())
    messages.success(request, _("You are no longer registered. You can come back as long as there are seats."))
    return HttpResponseRedirect(reverse("training:session", args=[public_id]))


@require_POST
@member_required
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask the speakers something."""
    reader = find_reader(request)
    shown = _find_shown(public_id, reader)
    form = SessionQuestionForm(request.POST)
    if form.is_valid():
        try:
            ask_question(
                shown.session,
                words=form.cleaned_data["words"],
                membership=request.membership,  # type: ignore[attr-defined]  # the middleware's
                by=request.user,
                now=timezone.now(),
            )
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Your question is with the speakers. You are told when it is answered."))
            return HttpResponseRedirect(f"{reverse('training:session', args=[public_id])}#questions")
    return _answer(request, reader, shown, form)


@require_safe
@login_not_required
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Straight to the meeting, by the person's own link; or why not, and when.

    Nothing of the portal's is opened by it. A messenger that only looks whether the link answers is no visit.
    """
    registration = find_registration(token)
    if registration is None:
        raise Http404
    now = timezone.now()
    person = registration.user
    zone = person.zone if isinstance(person.zone, ZoneInfo) else timezone.get_current_timezone()
    language = person.language if person.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    # Whoever follows the link need not have signed in: the person's language and zone hold, not the address's.
    with override(language), timezone.override(zone):
        try:
            address = find_meeting(registration, now=now)
        except NotOpen as refusal:
            return _dress(_explain(request, registration, refusal, language))
    if request.method == "GET":
        record_visit(registration, now=now)
    return _dress(HttpResponseRedirect(address))


def _explain(request: HttpRequest, registration: Registration, refusal: NotOpen, language: str) -> HttpResponse:
    """Why the meeting is not open, in the language and the zone that are active."""
    reader = Reader(registration.user, None, timezone.now(), frozenset(), reads_all=False)
    shown = show_sessions([registration.session], reader)
    context = {
        "refusal": refusal,
        "shown": shown[0] if shown else None,
        "session": registration.session,
        "page_url": reverse("training:session", args=[registration.session.public_id]),
        "LANGUAGE_CODE": language,
    }
    return render(request, "training/session_join.html", context, status=refusal.status)


def _dress(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
