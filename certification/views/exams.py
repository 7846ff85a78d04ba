"""Which exams there are, what each asks, and the way in."""

import secrets

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from certification import access, marks
from certification.forms import StartForm
from certification.models import Exam
from certification.services import attempts, reviews
from certification.services import exams as exam_lists
from certification.services.asking import find_exam
from certification.views.frame import crumbs, member_of
from portal.partners.access import member_required
from portal.partners.middleware import MemberRequest


@require_GET
@member_required(may=access.may_sit)
def exams(request: MemberRequest) -> HttpResponse:
    """Every exam, with the reader's mark and what to do about it."""
    now = timezone.now()
    rows = [
        {"state": state, "mark": marks.mark_state(state, now=now)}
        for state in exam_lists.list_exams(member_of(request), now=now)
    ]
    return render(request, "certification/exams.html", {"rows": rows})


@require_GET
@never_cache
@member_required(may=access.may_sit)
def exam(request: MemberRequest, slug: str) -> HttpResponse:
    """What the exam asks, its rules, and the way in, or why there is none now and what would open one."""
    now = timezone.now()
    found = _find(slug)
    (state,) = exam_lists.describe_exams(member_of(request), exams=[found], now=now)
    if not (found.is_open or state.running or state.waiting or state.last or state.credential):
        raise Http404
    context = {
        "crumbs": crumbs(),
        "exam": found,
        "state": state,
        "form": StartForm(exam=found, language=get_language() or ""),
        "mark": marks.mark_state(state, now=now),
        "course_url": exam_lists.find_course_address(found, language=get_language() or ""),
        "review": reviews.describe_policy(found),
        "history": access.own_attempts(request.user).filter(exam=found, is_preview=False).defer("paper", "result"),
        "now": now,
    }
    return render(request, "certification/exam.html", context)


def _find(slug: str) -> Exam:
    try:
        return find_exam(slug)
    except Exam.DoesNotExist as error:
        raise Http404 from error


@require_POST
@member_required(may=access.may_sit)
def start(request: MemberRequest, slug: str) -> HttpResponse:
    """Begin a sitting, or go on with the one that is running."""
    found = _find(slug)
    form = StartForm(request.POST, exam=found, language=get_language() or "")
    form.is_valid()  # what is missing or odd the service refuses, in words of its own
    begun = attempts.start_attempt(
        member_of(request),
        exam=found,
        seed=secrets.randbelow(2**63),
        language=form.cleaned_data.get("language") or get_language() or "",
        access_code=form.cleaned_data.get("access_code", ""),
        now=timezone.now(),
    )
    return redirect("certification:attempt", begun.public_id)
