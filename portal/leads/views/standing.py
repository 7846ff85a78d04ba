"""How a partner stands and works: its turns, what went past it, its hours and caps."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from certification.models import Programme
from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.leads.access import may_change_terms, may_contest
from portal.leads.coarsening import AT_LEAST
from portal.leads.fairness import PACE
from portal.leads.forms import PauseForm, TermsForm
from portal.leads.labels import describe_hindrance
from portal.leads.models import PartnerTerms, Route
from portal.leads.reports import (
    describe_about,
    describe_balance,
    describe_history,
    describe_performance,
    describe_performance_bound,
    describe_place_in_turn,
    describe_week,
    draw_credit,
)
from portal.leads.routing import Verdict
from portal.leads.services import terms as term_services
from portal.leads.services.customers import find_satisfaction
from portal.leads.services.disputes import name_missed
from portal.leads.services.missed import TOLD, list_missed_leads
from portal.leads.services.turns import list_turns
from portal.leads.views.common import count_offers, draw_tabs, require_member, works_leads
from portal.partners.access import member_required
from portal.partners.middleware import MemberRequest

ROWS_PER_PAGE = 40


@require_GET
@works_leads
def turns(request: MemberRequest) -> HttpResponse:
    """Where the partner stands in the turns of each route, and when its next is expected."""
    partner, now = require_member(request).partner, timezone.now()
    found = list_turns(partner, now=now)
    # Routes in which it never took part, and cannot for one and the same reason, stand together.
    shut: dict[tuple[Verdict | None, Programme], list[Route]] = {}
    for one in found:
        if one.is_untouched:
            shut.setdefault((one.stop, one.route.programme), []).append(one.route)
    rows = [
        {
            "turns": one,
            "hindrance": describe_hindrance(one.stop) if one.stop else None,
            "about": describe_about(one.next_at, now=now) if one.next_at else "",
            "place": describe_place_in_turn(one),
            "balance": describe_balance(one.balance),
            "total_weight": sum(one.weights),
            "competing": len(one.weights),
            "share": f"{one.share:.0%}".replace("%", "\u00a0%"),
            "history": describe_history(one),
            "curve": draw_credit(one),
            "performance": describe_performance(one),
            "performance_note": describe_performance_bound(one),
        }
        for one in found
        if not one.is_untouched
    ]
    context = {
        "rows": rows,
        "may_change_terms": may_change_terms(request.membership),
        "satisfaction": find_satisfaction(partner) if may_change_terms(request.membership) else None,
        "at_least": AT_LEAST,
        "shut": [
            {"stop": stop, "programme": programme, "routes": routes, "hindrance": describe_hindrance(stop)}
            for (stop, programme), routes in shut.items()
            if stop
        ],
        "days": PACE.days,
        "tabs": draw_tabs(count_offers(partner, now=now), active="turns"),
    }
    return render(request, "leads/turns.html", context)


@require_GET
@works_leads
def missed(request: MemberRequest) -> HttpResponse:
    """What went past the partner in its own regions, and what would have let it compete."""
    partner, now = require_member(request).partner, timezone.now()
    found = list_missed_leads(partner, now=now)
    standing = list_turns(partner, now=now)
    expected = min((one.next_at for one in standing if one.next_at), default=None)
    page = Paginator(found.rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "found": found,
        "reasons": [
            {
                "leads": leads,
                "hindrance": describe_hindrance(verdict),
                "next": describe_about(expected, now=now) if expected and verdict == Verdict.NOT_ITS_TURN else "",
            }
            for verdict, leads in found.by_verdict.items()
        ],
        "page": page,
        "rows": [
            {
                "row": row,
                "week": describe_week(row.week),
                "condition": describe_hindrance(row.verdict).condition,
                "group": name_missed(row),
            }
            for row in page
        ],
        "may_contest": may_contest(request.membership, assignee_id=None),
        "at_least": AT_LEAST,
        "days": TOLD.days,
        "takes_part": any(one.takes_part for one in standing),
        "tabs": draw_tabs(count_offers(partner, now=now), active="missed"),
    }
    return render(request, "leads/missed.html", context)


keeps_terms = member_required(
    may=may_change_terms,
    refusal=gettext_lazy("Your job role does not include saying how your organisation works."),
    remedy=gettext_lazy("The owner of your organisation and its heads of team do that."),
)


@require_GET
@never_cache
@keeps_terms
def terms(request: MemberRequest) -> HttpResponse:
    """When the partner works and how much it takes; pausing its leads, and receiving them again."""
    return _render_terms(request, term_services.find_terms(require_member(request).partner))


def _render_terms(
    request: MemberRequest,
    found: PartnerTerms,
    *,
    form: TermsForm | None = None,
    pause_form: PauseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    partner, now = require_member(request).partner, timezone.now()
    holidays = partner.holidays.filter(day__gte=now.date()).values_list("day", flat=True)
    initial = {
        name: getattr(found, name)
        for name in (
            "open_cap",
            "day_cap",
            "languages",
            "assigns",
            "assigns_role",
            "has_hours",
            "workdays",
            "opens_at",
            "closes_at",
        )
    }
    context = {
        "terms": found,
        "is_paused": found.is_paused(now),
        "form": form
        or TermsForm(
            languages=settings.LANGUAGES,
            initial={**initial, "holidays": "\n".join(day.isoformat() for day in holidays)},
        ),
        "pause_form": pause_form or PauseForm(auto_id="pause_%s"),
        "partner": partner,
        "crumbs": [(pgettext("page", "Leads"), reverse("leads:offers"))],
    }
    return render(request, "leads/terms.html", context, status=status)


@require_POST
@keeps_terms
def keep_terms(request: MemberRequest) -> HttpResponse:
    member, now = require_member(request), timezone.now()
    form = TermsForm(request.POST, languages=settings.LANGUAGES)
    if not form.is_valid():
        return _render_terms(request, term_services.find_terms(member.partner), form=form, status=422)
    try:
        term_services.keep_terms(member.partner, **form.cleaned_data, by=member.user, now=now)
    except Refusal as refusal:
        add_refusal(form, refusal)
        return _render_terms(request, term_services.find_terms(member.partner), form=form, status=409)
    messages.success(request, _("Saved. It holds from the next lead on."))
    return redirect("leads:terms")


@require_POST
@keeps_terms
def pause(request: MemberRequest) -> HttpResponse:
    """Take no leads until a day, or until it is ended here."""
    member, now = require_member(request), timezone.now()
    form = PauseForm(request.POST, auto_id="pause_%s")
    if not form.is_valid():
        return _render_terms(request, term_services.find_terms(member.partner), pause_form=form, status=422)
    day = form.cleaned_data["until"]
    until = datetime.combine(day, time(), ZoneInfo(member.partner.time_zone)) if day else None
    try:
        term_services.pause_leads(
            member.partner, until=until, reason=form.cleaned_data["reason"], by=member.user, now=now
        )
    except Refusal as refusal:
        add_refusal(form, refusal)
        return _render_terms(request, term_services.find_terms(member.partner), pause_form=form, status=409)
    messages.success(
        request, _("Paused. No new lead is offered to your organisation; offers that stand may be answered.")
    )
    return redirect("leads:terms")


@require_POST
@keeps_terms
def unpause(request: MemberRequest) -> HttpResponse:
    """End the pause."""
    member = require_member(request)
    try:
        term_services.receive_leads_again(member.partner, by=member.user, now=timezone.now())
    except Refusal as refusal:
        messages.warning(request, str(refusal.message))
    else:
        messages.success(request, _("Your organisation receives leads again, from the turn at which it paused."))
    return redirect("leads:terms")
