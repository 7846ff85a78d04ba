"""The pages of a candidate and of a partner's people."""

import secrets
from datetime import datetime, timedelta
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from certification import access, marks
from certification.forms import read_change
from certification.models import Attempt, Exam
from certification.services import attempts, qualifications, sheets
from certification.services import exams as exam_lists
from certification.services.credentials import count_credential_for
from portal.accounts.models import User
from portal.core.components import thread
from portal.core.errors import Refusal
from portal.partners.access import member_required
from portal.partners.middleware import MemberRequest
from portal.partners.models import Membership


def _crumbs(*more: tuple[str, str]) -> list[tuple[str, str]]:
    return [(_("Exams"), reverse("certification:exams")), *more]


def _member(request: MemberRequest) -> Membership:
    """The membership that ``member_required`` has made sure of."""
    return cast(Membership, request.membership)


def _person(request: HttpRequest) -> User:
    """The person who is signed in: every view here asks for that."""
    return cast(User, request.user)


# --- Exams -----------------------------------------------------------------------------------------------------------


@require_GET
@member_required(may=access.may_sit)
def exams(request: MemberRequest) -> HttpResponse:
    """Every exam, with the reader's mark and what to do about it."""
    now = timezone.now()
    rows = [
        {"state": state, "mark": marks.mark_state(state, now=now)}
        for state in exam_lists.list_exams(_member(request), now=now)
    ]
    return render(request, "certification/exams.html", {"rows": rows})


@require_GET
@never_cache
@member_required(may=access.may_sit)
def exam(request: MemberRequest, slug: str) -> HttpResponse:
    """What the exam asks, its rules, and the way in, or why there is none now and what would open one."""
    now = timezone.now()
    found = get_object_or_404(Exam.objects.select_related("course").prefetch_related("sections"), slug=slug)
    (state,) = exam_lists.describe_exams(_member(request), exams=[found], now=now)
    if not (found.is_open or state.running or state.last or state.credential):
        raise Http404
    context = {
        "crumbs": _crumbs(),
        "exam": found,
        "state": state,
        "mark": marks.mark_state(state, now=now),
        "course_url": exam_lists.find_course_address(found, language=get_language() or ""),
        "history": access.own_attempts(request.user).filter(exam=found).defer("paper", "result"),
        "now": now,
    }
    return render(request, "certification/exam.html", context)


@require_POST
@member_required(may=access.may_sit)
def start(request: MemberRequest, slug: str) -> HttpResponse:
    """Begin a sitting, or go on with the one that is running."""
    found = get_object_or_404(Exam, slug=slug)
    begun = attempts.start_attempt(_member(request), exam=found, seed=secrets.randbelow(2**63), now=timezone.now())
    return redirect("certification:attempt", begun.public_id)


# --- The sitting: it belongs to the person, whatever has become of the membership ------------------------------------


def _own_attempt(request: HttpRequest, public_id: str) -> Attempt:
    return get_object_or_404(access.own_attempts(request.user).select_related("exam"), public_id=public_id)


@require_GET
@never_cache
def attempt(request: HttpRequest, public_id: str) -> HttpResponse:
    """All questions on one page, with what was given so far. After the deadline its inputs are locked."""
    found = _own_attempt(request, public_id)
    if not found.is_running:
        return redirect("certification:result", found.public_id)
    now = timezone.now()
    context = {
        "attempt": found,
        "sheet": sheets.read_sheet(found),
        "open": found.is_open(now),
        "now": now,
        "sign_in_url": reverse("account_login"),
    }
    return render(request, "certification/attempt.html", context)


@require_POST
def save(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take one answer from the exam-sheet, or the whole page from a browser without JavaScript."""
    change = read_change(request.POST)
    try:
        saved = attempts.save_answers(
            public_id,
            answers=change.answers,
            client_seq=change.client_seq,
            whole_page=change.whole_page,
            by=_person(request),
            now=timezone.now(),
        )
    except Attempt.DoesNotExist as error:
        raise Http404 from error
    if not request.accepts("text/html"):
        return _answer_sheet(saved)
    if not saved.counted:
        messages.warning(request, _("The time is over. These answers came too late to count."))
    elif saved.conflict:
        messages.warning(
            request, _("This exam is open on another page too. This is how your answers stand now: look them through.")
        )
    if request.POST.get("then") == "finish":
        return redirect("certification:submit", public_id)
    if saved.counted and not saved.conflict:
        messages.success(request, _("Your answers are saved."))
    return redirect("certification:attempt", public_id)


def _answer_sheet(saved: attempts.Saved) -> JsonResponse:
    """200: saved. 409: saved, but another page has answered too. 410: too late; kept as evidence, not counted."""
    if not saved.counted:
        return JsonResponse({"closed": saved.seq}, status=410)
    if saved.conflict:
        return JsonResponse({"stale": saved.seq, "saved": saved.seq}, status=409)
    return JsonResponse({"saved": saved.seq, "deadline": saved.deadline_at.isoformat()})


@require_http_methods(["GET", "POST"])
@never_cache
def submit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask once more, naming what is unanswered; then submit for good."""
    found = _own_attempt(request, public_id)
    if request.method == "POST":
        change = read_change(request.POST) if "shown" in request.POST else None
        graded = attempts.submit_attempt(
            found,
            answers=change.answers if change else None,
            client_seq=change.client_seq if change else 0,
            by=_person(request),
            now=timezone.now(),
        )
        new = "?new=1" if graded.passed and found.is_running else ""
        return redirect(reverse("certification:result", args=[public_id]) + new)
    if not found.is_running:
        return redirect("certification:result", found.public_id)
    now = timezone.now()
    context = {"attempt": found, "sheet": sheets.read_sheet(found), "open": found.is_open(now), "now": now}
    return render(request, "certification/submit.html", context)


#: Later than this a result is read again, not won: its mark is no longer struck.
FRESH = timedelta(minutes=1)


def _is_fresh(request: HttpRequest, found: Attempt, *, now: datetime) -> bool:
    return "new" in request.GET and found.submitted_at is not None and now - found.submitted_at < FRESH


@require_GET
@never_cache
def result(request: MemberRequest, public_id: str) -> HttpResponse:
    """Passed or not, by section, what to study again, and the next step."""
    found = _own_attempt(request, public_id)
    if found.is_running:
        return redirect("certification:attempt", found.public_id)
    now = timezone.now()
    sections = sheets.read_result(found, membership=request.membership, language=get_language() or "", now=now)
    states = exam_lists.list_exams(request.membership, now=now) if request.membership else []
    state = next((one for one in states if one.exam.pk == found.exam_id), None)
    credential = access.own_credentials(request.user).filter(attempt=found).first()
    next_exam = exam_lists.find_next_exam(found.exam, states, now=now) if found.passed else None
    context = {
        "crumbs": _crumbs((str(found.exam), reverse("certification:exam", args=[found.exam.slug]))),
        "attempt": found,
        "sections": sections,
        "has_links": any(section.links for section in sections),
        "credential": credential,
        "mark": marks.mark_result(found, credential, now=now, won=_is_fresh(request, found, now=now)),
        "obstacle": state.obstacle if state else None,
        "running": state.running if state else None,
        "next_exam": next_exam,
        "points": thread(
            current="exam" if not found.passed else "credential" if next_exam else "qualification",
            urls={"exam": reverse("certification:exams"), "qualification": reverse("certification:standing")},
        ),
    }
    return render(request, "certification/result.html", context)


# --- Credentials and standing ----------------------------------------------------------------------------------------


@require_GET
def credentials(request: MemberRequest) -> HttpResponse:
    """What the reader holds and held, and for which partner each counts."""
    now = timezone.now()
    held = access.own_credentials(request.user).select_related("exam", "attempt", "membership__partner")
    rows = [
        {
            "credential": credential,
            "mark": marks.mark_exam(credential.exam, credential, now=now),
            "state": credential.state_at(now),
            "choices": [one for one in request.memberships if one.pk != credential.membership_id],
        }
        for credential in held.defer("attempt__paper", "attempt__result")
    ]
    return render(request, "certification/credentials.html", {"rows": rows, "crumbs": _crumbs()})


@require_POST
def count(request: MemberRequest, public_id: str) -> HttpResponse:
    """Let one of the reader's credentials count for another of their partners."""
    credential = get_object_or_404(access.own_credentials(request.user), public_id=public_id)
    wanted = request.POST.get("membership", "")
    membership = next((one for one in request.memberships if one.public_id == wanted), None)
    if membership is None:
        raise Refusal(_("You are not a member of this organisation any more."), code="membership_ended")
    count_credential_for(credential, membership=membership, by=_person(request), now=timezone.now())
    messages.success(request, _("From now on it counts for %(partner)s.") % {"partner": membership.partner})
    return redirect("certification:credentials")


@require_GET
@member_required(may=access.may_see_standing)
def standing(request: MemberRequest) -> HttpResponse:
    """Where the organisation stands in each programme, and what it lacks, by whom."""
    now = timezone.now()
    partner = _member(request).partner
    rows = [
        {
            "found": found,
            "marks": marks.mark_standing(found, now=now),
            "people": marks.mark_people(found, now=now),
            "lacks": marks.list_lacks(found),
        }
        for found in qualifications.list_standings(partner, now=now)
    ]
    return render(request, "certification/standing.html", {"rows": rows, "partner": partner, "crumbs": _crumbs()})
