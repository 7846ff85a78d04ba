"""The head's page of how the team learns."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.content.services.languages import find_address_here
from portal.core.errors import NotAllowed, Refusal
from portal.partners.access import may_lead_team, member_required
from portal.partners.models import Membership
from training.services.team import describe_team, nudge_person


@require_safe
@member_required(may=may_lead_team)
def team(request: HttpRequest) -> HttpResponse:
    """Who of the team is where in which course, and who is late."""
    head = request.membership  # type: ignore[attr-defined]  # the middleware's
    described = describe_team(head, now=timezone.now(), language=get_language() or "")
    chosen = request.GET.get("show", "")
    rows: list[dict[str, Any]] = [
        {
            "learner": learner,
            "is_self": learner.membership.user_id == request.user.pk,
            "places": [(place, find_address_here(place.course, request)) for place in learner.places],
        }
        for learner in described.learners
        if chosen != "late" or learner.late
    ]
    response = render(request, "training/team.html", {"team": described, "rows": rows, "only_late": chosen == "late"})
    response["Cache-Control"] = "private, no-cache"
    return response


@require_POST
@member_required(may=may_lead_team)
def nudge(request: HttpRequest, public_id: str, course_key: UUID) -> HttpResponse:
    """Remind one of the team of a course, and go back to the team."""
    head = request.membership  # type: ignore[attr-defined]  # the middleware's
    now = timezone.now()
    people = Membership.objects.active(now).for_partner(head.partner).select_related("user", "partner")
    person = get_object_or_404(people, public_id=public_id)
    try:
        nudge_person(head, person=person, course_key=course_key, by=request.user, now=now)
    except NotAllowed:
        raise
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        messages.success(request, _("%(name)s has been reminded.") % {"name": person.user})
    return HttpResponseRedirect(f"{reverse('training:team')}#{person.public_id}")
