"""The week of a team, for whoever leads it: who lets customers wait, how soon they call, what they win."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.leads.access import may_work_leads
from portal.leads.reports import describe_about
from portal.leads.services.digests import find_zone, read_week
from portal.leads.views.common import require_member
from portal.leads.weeks import PROMISED, WEEK, last_monday
from portal.partners.access import may_lead_team, member_required
from portal.partners.middleware import MemberRequest


@require_GET
@never_cache
@member_required(
    may=may_lead_team,
    refusal=gettext_lazy("The week of a team is for whoever leads it."),
    remedy=gettext_lazy("The owner of your organisation can give you a role that does, such as head of sales."),
)
def week(request: MemberRequest) -> HttpResponse:
    """A whole week, the last one unless another is asked for by its Monday after; and what waits now."""
    partner, now = require_member(request).partner, timezone.now()
    latest = last_monday(now, find_zone(partner.time_zone))
    asked = _read_monday(request.GET.get("of", ""))
    if asked is not None and (asked.weekday() or asked > latest):
        return redirect("leads:week")
    monday = asked or latest
    reading = read_week(partner, monday=monday, now=now)
    rows = [(line, reading.people.get(line.member or 0)) for line in reading.week.lines]
    here = reverse("leads:week")
    context = {
        "reading": reading,
        "week": reading.week,
        "first_day": monday - WEEK,
        "last_day": monday - WEEK / 7,
        "rows": [(line, person) for line, person in rows if line.in_work or line.won],
        "idle": [person.user for line, person in rows if person and not (line.in_work or line.won)],
        "promised": PROMISED,
        "next": describe_about(reading.next_at, now=now) if reading.next_at else "",
        "earlier_url": f"{here}?of={(monday - WEEK).isoformat()}",
        "later_url": f"{here}?of={(monday + WEEK).isoformat()}" if monday < latest else "",
        "may_work_leads": may_work_leads(request.membership),
        "crumbs": [(pgettext("page", "Leads"), reverse("leads:offers"))],
    }
    return render(request, "leads/week.html", context)


def _read_monday(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
