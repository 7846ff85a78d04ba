"""The result, the review of a paper, and what a person and an organisation hold."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from certification import access, marks
from certification.models import Attempt, AttemptState
from certification.services import exams as exam_lists
from certification.services import qualifications, reviews, sheets
from certification.services.asking import ask_aftermath
from certification.services.credentials import count_credential_for
from certification.views.frame import crumbs, member_of, own_attempt, person_of
from portal.core.components import thread
from portal.core.errors import Refusal
from portal.partners.access import member_required
from portal.partners.middleware import MemberRequest

#: Later than this a result is read again, not won: its mark is no longer struck.
FRESH = timedelta(minutes=1)


def _is_fresh(request: HttpRequest, found: Attempt, *, now: datetime) -> bool:
    return "new" in request.GET and found.submitted_at is not None and now - found.submitted_at < FRESH


@require_GET
@never_cache
def result(request: MemberRequest, public_id: str) -> HttpResponse:
    """Passed or not, by section, what to study again, and the next step; or what is awaited, and by when."""
    found = own_attempt(request, public_id)
    if found.is_running:
        return redirect("certification:attempt", found.public_id)
    now = timezone.now()
    trail = crumbs((str(found.exam), reverse("certification:exam", args=[found.exam.slug])))
    aftermath = ask_aftermath(found)
    if found.state != AttemptState.GRADED:
        context = {"crumbs": trail, "attempt": found, "given": aftermath.given, "now": now}
        return render(request, "certification/waiting.html", context)
    sections = sheets.read_result(found, membership=request.membership, language=get_language() or "", now=now)
    outlook = exam_lists.look_ahead(request.membership, found, now=now)
    credential = aftermath.credential
    context = {
        "crumbs": trail,
        "attempt": found,
        "given": aftermath.given,
        "sections": sections,
        "has_links": any(section.links for section in sections),
        "review": reviews.describe_review(found, now=now),
        "reports": aftermath.reports,
        "credential": credential,
        "mark": marks.mark_result(found, credential, now=now, won=_is_fresh(request, found, now=now)),
        "obstacle": outlook.obstacle,
        "running": outlook.running,
        "next_exam": outlook.next_exam,
        "points": thread(
            current="exam" if not found.passed else "credential" if outlook.next_exam else "qualification",
            urls={"exam": reverse("certification:exams"), "qualification": reverse("certification:standing")},
        ),
    }
    return render(request, "certification/result.html", context)


@require_GET
@never_cache
def review(request: MemberRequest, public_id: str) -> HttpResponse:
    """The paper question by question, as far as the exam allows it now."""
    found = own_attempt(request, public_id)
    if found.state != AttemptState.GRADED:
        return redirect("certification:result", found.public_id)
    now = timezone.now()
    described = reviews.describe_review(found, now=now)
    if not described.is_open:
        raise Refusal(_("The questions of this attempt are not shown."), remedy=described.remedy, code="review_closed")
    trail = crumbs(
        (str(found.exam), reverse("certification:exam", args=[found.exam.slug])),
        (_("Result"), reverse("certification:result", args=[found.public_id])),
    )
    context = {
        "crumbs": trail,
        "attempt": found,
        "review": described,
        "sections": reviews.read_review(found, membership=request.membership, language=get_language() or "", now=now),
    }
    return render(request, "certification/review.html", context)


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
    return render(request, "certification/credentials.html", {"rows": rows, "crumbs": crumbs()})


@require_POST
def count(request: MemberRequest, public_id: str) -> HttpResponse:
    """Let one of the reader's credentials count for another of their partners."""
    credential = get_object_or_404(access.own_credentials(request.user), public_id=public_id)
    wanted = request.POST.get("membership", "")
    membership = next((one for one in request.memberships if one.public_id == wanted), None)
    if membership is None:
        raise Refusal(_("You are not a member of this organisation any more."), code="membership_ended")
    count_credential_for(credential, membership=membership, by=person_of(request), now=timezone.now())
    messages.success(request, _("From now on it counts for %(partner)s.") % {"partner": membership.partner})
    return redirect("certification:credentials")


@require_GET
@member_required(may=access.may_see_standing)
def standing(request: MemberRequest) -> HttpResponse:
    """Where the organisation stands in each programme, and what it lacks, by whom."""
    now = timezone.now()
    partner = member_of(request).partner
    rows = [
        {
            "found": found,
            "marks": marks.mark_standing(found, now=now),
            "people": marks.mark_people(found, now=now),
            "lacks": marks.list_lacks(found),
        }
        for found in qualifications.list_standings(partner, now=now)
    ]
    return render(request, "certification/standing.html", {"rows": rows, "partner": partner, "crumbs": crumbs()})
