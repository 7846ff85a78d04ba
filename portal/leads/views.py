"""The pages of people who work leads for a partner. Another partner's offers and leads do not exist here."""

from datetime import datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from certification.models import Programme, Qualification
from portal.core.errors import NotAllowed, Refusal
from portal.core.forms import add_refusal
from portal.core.money import format_money
from portal.core.times import describe_moment
from portal.leads.access import may_change_terms, may_work_leads
from portal.leads.coarsening import AT_LEAST
from portal.leads.fairness import PACE
from portal.leads.forms import AssignForm, DeclineForm, LoseForm, NoteForm, PauseForm, StepForm, TermsForm, WinForm
from portal.leads.labels import describe_hindrance
from portal.leads.models import (
    FINISHED,
    DeclineReason,
    Lead,
    LeadStatus,
    LostReason,
    Offer,
    OfferState,
    PartnerTerms,
    Route,
    RoutePolicy,
    Stage,
)
from portal.leads.reports import (
    describe_about,
    describe_balance,
    describe_decline,
    describe_history,
    describe_need,
    describe_place,
    describe_place_in_turn,
    describe_week,
    draw_credit,
    group_digits,
    is_urgent,
    masked_message,
)
from portal.leads.routing import Verdict
from portal.leads.services import offers as offer_services
from portal.leads.services import outcomes, working
from portal.leads.services import terms as term_services
from portal.leads.services.missed import TOLD, list_missed_leads
from portal.leads.services.turns import expect_next_turn, list_turns
from portal.leads.services.working import list_workers
from portal.partners.access import member_required
from portal.partners.middleware import MemberRequest
from portal.partners.models import Membership, Partner

PER_PAGE = 20
ROWS_PER_PAGE = 40


works_leads = member_required(
    may=may_work_leads,
    refusal=gettext_lazy("Your job role does not include working leads."),
    remedy=gettext_lazy("The owner of your organisation can give you a role that does, such as seller."),
)


def _member(request: MemberRequest) -> Membership:
    """The membership that ``works_leads`` let in."""
    if request.membership is None:
        raise NotAllowed(_("You are not a member of a partner."))
    return request.membership


@require_GET
@works_leads
def offers(request: MemberRequest) -> HttpResponse:
    """What is to be answered, what is in work, and what became of the rest."""
    partner, now = _member(request).partner, timezone.now()
    show = request.GET.get("show", "answer")
    counts = _count_offers(partner, now=now)
    rows = Offer.objects.for_partner(partner).select_related(
        "lead__product", "lead__region", "lead__contact", "lead__assignee__user", "closed_by"
    )
    match show:
        case "work":
            rows = rows.filter(state=OfferState.ACCEPTED, lead__status=LeadStatus.ACCEPTED).order_by(
                "-closed_at", "-pk"
            )
        case "finished":
            rows = rows.filter(state=OfferState.ACCEPTED, lead__status__in=FINISHED)
            rows = rows.order_by("-lead__finished_at", "-pk")
        case "past":
            rows = rows.filter(Q(state__in=PAST) | Q(state=OfferState.OPEN, due_at__lte=now)).order_by("-due_at", "-pk")
        case _:
            show = "answer"
            rows = rows.filter(state=OfferState.OPEN, due_at__gt=now).order_by("due_at", "pk")
    paginator = Paginator(rows, PER_PAGE)
    paginator.count = counts[show]  # counted for the tabs already
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "show": show,
        "page": page,
        "cards": [_card(offer, now=now) for offer in page],
        "tabs": _tabs(counts, active=show),
        "now": now,
    }
    return render(request, "leads/offers.html", context)


#: Offers that did not become the partner's lead.
PAST = (OfferState.DECLINED, OfferState.EXPIRED, OfferState.WITHDRAWN)


def _count_offers(partner: Partner, *, now: datetime) -> dict[str, int]:
    return Offer.objects.for_partner(partner).aggregate(
        answer=Count("pk", filter=Q(state=OfferState.OPEN, due_at__gt=now)),
        work=Count("pk", filter=Q(state=OfferState.ACCEPTED, lead__status=LeadStatus.ACCEPTED)),
        finished=Count("pk", filter=Q(state=OfferState.ACCEPTED, lead__status__in=FINISHED)),
        past=Count("pk", filter=Q(state__in=PAST) | Q(state=OfferState.OPEN, due_at__lte=now)),
    )


def _tabs(counts: dict[str, int], *, active: str) -> list[dict[str, Any]]:
    here = reverse("leads:offers")
    labels = {
        "answer": (pgettext("offers", "To answer"), here),
        "work": (pgettext("leads", "In work"), f"{here}?show=work"),
        "finished": (pgettext("leads", "Finished"), f"{here}?show=finished"),
        "past": (pgettext("offers", "Given back"), f"{here}?show=past"),
        "turns": (pgettext("leads", "Turns"), reverse("leads:turns")),
        "missed": (pgettext("leads", "Why not me"), reverse("leads:missed")),
    }
    return [
        {"label": label, "url": url, "active": key == active, "count": counts.get(key)}
        for key, (label, url) in labels.items()
    ]


def _card(offer: Offer, *, now: datetime) -> dict[str, Any]:
    """What a list shows of an offer: no name of the customer until it is the partner's own lead."""
    lead = offer.lead
    taken = offer.state == OfferState.ACCEPTED
    message = lead.contact.message if hasattr(lead, "contact") else ""
    return {
        "offer": offer,
        "lead": lead,
        "title": (lead.company or _("Lead %(number)s") % {"number": lead.external_id})
        if taken
        else describe_need(lead),
        "text": message if taken else masked_message(lead),
        "place": describe_place(lead),
        "url": reverse("leads:lead", args=[lead.public_id])
        if taken
        else reverse("leads:offer", args=[offer.public_id]),
        "urgent": is_urgent(offer, now=now),
        "value": _value(lead),
    }


def _value(lead: Lead) -> str:
    return "" if lead.value is None else format_money(lead.value, lead.currency)


# --- Fairness ---------------------------------------------------------------------------------------------------------


@require_GET
@works_leads
def turns(request: MemberRequest) -> HttpResponse:
    """Where the partner stands in the turns of each route, and when its next is expected."""
    partner, now = _member(request).partner, timezone.now()
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
        }
        for one in found
        if not one.is_untouched
    ]
    context = {
        "rows": rows,
        "may_change_terms": may_change_terms(request.membership),
        "shut": [
            {"stop": stop, "programme": programme, "routes": routes, "hindrance": describe_hindrance(stop)}
            for (stop, programme), routes in shut.items()
            if stop
        ],
        "days": PACE.days,
        "tabs": _tabs(_count_offers(partner, now=now), active="turns"),
    }
    return render(request, "leads/turns.html", context)


@require_GET
@works_leads
def missed(request: MemberRequest) -> HttpResponse:
    """What went past the partner in its own regions, and what would have let it compete."""
    partner, now = _member(request).partner, timezone.now()
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
            {"row": row, "week": describe_week(row.week), "condition": describe_hindrance(row.verdict).condition}
            for row in page
        ],
        "at_least": AT_LEAST,
        "days": TOLD.days,
        "takes_part": any(one.takes_part for one in standing),
        "tabs": _tabs(_count_offers(partner, now=now), active="missed"),
    }
    return render(request, "leads/missed.html", context)


# --- One offer --------------------------------------------------------------------------------------------------------


@require_GET
@never_cache
@works_leads
def offer(request: MemberRequest, public_id: str) -> HttpResponse:
    """An offer: what may be known before accepting, and the two answers."""
    found = _find_offer(request, public_id)
    if found.state == OfferState.ACCEPTED:
        return redirect("leads:lead", found.lead.public_id)
    now = timezone.now()
    if found.is_open:
        offer_services.mark_seen(found, by=_member(request).user, now=now)
    return _render_offer(request, found, DeclineForm(), now=now)


def _find_offer(request: MemberRequest, public_id: str) -> Offer:
    rows = Offer.objects.for_partner(_member(request).partner).select_related(
        "lead__product", "lead__region", "lead__contact", "lead__policy__programme", "closed_by", "partner"
    )
    return get_object_or_404(rows, public_id=public_id)


def _render_offer(
    request: MemberRequest, found: Offer, form: DeclineForm, *, now: datetime, status: int = 200
) -> HttpResponse:
    lead = found.lead
    policy = cast(RoutePolicy, lead.policy)  # it was routed
    expired = found.state == OfferState.EXPIRED or (found.is_open and found.due_at <= now)
    qualified = (
        Qualification.objects.current(now).filter(partner=found.partner_id, programme=policy.programme_id).exists()
    )
    context = {
        "offer": found,
        "lead": lead,
        "need": describe_need(lead),
        "message": masked_message(lead),
        "facts": _facts(lead),
        "open": found.is_open and not expired,
        "expired": expired,
        "urgent": is_urgent(found, now=now),
        "qualified": qualified,
        "programme": policy.programme,
        "form": form,
        "cost": _describe_cost(found, now=now) if found.is_open and not expired else "",
        "crumbs": [(pgettext("page", "Leads"), reverse("leads:offers"))],
        "now": now,
    }
    return render(request, "leads/offer.html", context, status=status)


def _describe_cost(found: Offer, *, now: datetime) -> str:
    """What declining costs: nothing, of what staff gave by hand."""
    if found.tick is None:
        return _("This uses no turn: the vendor gave you the lead by hand.")
    return describe_decline(expect_next_turn(found, now=now), now=now)


def _facts(lead: Lead) -> list[tuple[str, Any]]:
    return [
        (label, value)
        for label, value in (
            (_("Product"), lead.product),
            (_("Region"), lead.region),
            (_("Country"), lead.country),
            (_("Sector"), lead.sector),
            (_("Employees"), group_digits(lead.employees) if lead.employees else ""),
        )
        if value
    ]


@require_POST
@works_leads
def accept(request: MemberRequest, public_id: str) -> HttpResponse:
    found = _find_offer(request, public_id)
    try:
        offer_services.accept_offer(found, by=_member(request).user, now=timezone.now())
    except Refusal as refusal:
        return _say(request, refusal, found)
    messages.success(request, _("The lead is yours. Call soon: whoever answers first is usually chosen."))
    return redirect("leads:lead", found.lead.public_id)


@require_POST
@works_leads
def decline(request: MemberRequest, public_id: str) -> HttpResponse:
    found = _find_offer(request, public_id)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _render_offer(request, found, form, now=timezone.now(), status=422)
    try:
        offer_services.decline_offer(
            found,
            reason=DeclineReason(form.cleaned_data["reason"]),
            note=form.cleaned_data["note"],
            by=_member(request).user,
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _say(request, refusal, found)
    messages.info(request, _("Declined. The lead goes to another partner; your next turn comes by itself."))
    return redirect("leads:offers")


def _say(request: MemberRequest, refusal: Refusal, found: Offer) -> HttpResponse:
    """Back to the offer, which shows how things are now, with the reason."""
    messages.warning(request, f"{refusal.message} {refusal.remedy}".strip())
    return redirect("leads:offer", found.public_id)


# --- One lead ---------------------------------------------------------------------------------------------------------


@require_GET
@never_cache
@works_leads
def lead(request: MemberRequest, public_id: str) -> HttpResponse:
    """A lead that the partner took: whom to call, and how it ended."""
    return _render_lead(request, _find_lead(request, public_id))


def _find_lead(request: MemberRequest, public_id: str) -> Lead:
    rows = Lead.objects.for_partner(_member(request).partner).select_related(
        "product", "region", "contact", "finished_by", "assignee__user", "partner"
    )
    return get_object_or_404(rows, public_id=public_id)


def _render_lead(
    request: MemberRequest,
    found: Lead,
    *,
    win_form: WinForm | None = None,
    lose_form: LoseForm | None = None,
    step_form: StepForm | None = None,
    note_form: NoteForm | None = None,
    status: int = 200,
) -> HttpResponse:
    contact = getattr(found, "contact", None)
    taken = Offer.objects.filter(lead=found, state=OfferState.ACCEPTED).select_related("closed_by").first()
    context = {
        "lead": found,
        "contact": contact,
        "title": found.company
        or (contact.name if contact else "")
        or _("Lead %(number)s") % {"number": found.external_id},
        "facts": [*_facts(found), (_("Received"), describe_moment(found.received_at, "date"))],
        "offer": taken,
        "value": _value(found),
        "win_form": win_form or WinForm(initial={"currency": "EUR"}, auto_id="win_%s"),
        "lose_form": lose_form or LoseForm(auto_id="lose_%s"),
        "winning": win_form is not None,
        "losing": lose_form is not None,
        "assign_form": AssignForm(
            workers=list_workers(_member(request).partner, timezone.now()),
            initial={"member": found.assignee.public_id if found.assignee else None},
            auto_id="assign_%s",
        ),
        "step_form": step_form
        or StepForm(
            initial={"stage": found.stage, "next_step": found.next_step, "next_step_on": found.next_step_on},
            auto_id="step_%s",
        ),
        "notes": found.notes.filter(partner=found.partner).select_related("written_by"),
        "note_form": note_form or NoteForm(auto_id="note_%s"),
        "crumbs": [(pgettext("page", "Leads"), reverse("leads:offers"))],
    }
    return render(request, "leads/lead.html", context, status=status)


@require_POST
@works_leads
def assign(request: MemberRequest, public_id: str) -> HttpResponse:
    """Give a lead to a colleague."""
    found, member, now = _find_lead(request, public_id), _member(request), timezone.now()
    form = AssignForm(request.POST, workers=list_workers(member.partner, now))
    if not form.is_valid():
        messages.warning(request, _("Choose a colleague who works leads."))
        return redirect("leads:lead", found.public_id)
    chosen = form.cleaned_data["member"]
    working.assign_member(found, member=chosen, by=member.user, now=now)
    messages.success(request, _("%(person)s works this lead now.") % {"person": chosen.user})
    return redirect("leads:lead", found.public_id)


@require_POST
@works_leads
def step(request: MemberRequest, public_id: str) -> HttpResponse:
    """How far a lead is, and what comes next."""
    found = _find_lead(request, public_id)
    form = StepForm(request.POST, auto_id="step_%s")
    if not form.is_valid():
        return _render_lead(request, found, step_form=form, status=422)
    given = form.cleaned_data
    try:
        working.plan_step(
            found, stage=Stage(given["stage"]), next_step=given["next_step"], on=given["next_step_on"],
            by=_member(request).user, now=timezone.now(),
        )  # fmt: skip
    except Refusal as refusal:
        add_refusal(form, refusal)
        return _render_lead(request, found, step_form=form, status=409)
    messages.success(request, _("Saved."))
    return redirect("leads:lead", found.public_id)


@require_POST
@works_leads
def note(request: MemberRequest, public_id: str) -> HttpResponse:
    """A note for colleagues."""
    found = _find_lead(request, public_id)
    form = NoteForm(request.POST, auto_id="note_%s")
    if not form.is_valid():
        return _render_lead(request, found, note_form=form, status=422)
    working.write_note(found, text=form.cleaned_data["text"], by=_member(request).user, now=timezone.now())
    return redirect("leads:lead", found.public_id)


@require_POST
@works_leads
def win(request: MemberRequest, public_id: str) -> HttpResponse:
    found = _find_lead(request, public_id)
    form = WinForm(request.POST, auto_id="win_%s")
    if not form.is_valid():
        return _render_lead(request, found, win_form=form, status=422)
    outcomes.win_lead(
        found,
        value=form.cleaned_data["value"],
        currency=form.cleaned_data["currency"],
        note=form.cleaned_data["note"],
        by=_member(request).user,
        now=timezone.now(),
    )
    messages.success(request, _("Won. Well done."))
    return redirect("leads:lead", found.public_id)


@require_POST
@works_leads
def lose(request: MemberRequest, public_id: str) -> HttpResponse:
    found = _find_lead(request, public_id)
    form = LoseForm(request.POST, auto_id="lose_%s")
    if not form.is_valid():
        return _render_lead(request, found, lose_form=form, status=422)
    outcomes.lose_lead(
        found,
        reason=LostReason(form.cleaned_data["reason"]),
        note=form.cleaned_data["note"],
        by=_member(request).user,
        now=timezone.now(),
    )
    messages.info(request, _("Noted as lost. The reason helps to send you better leads."))
    return redirect("leads:lead", found.public_id)


# --- How the partner works -------------------------------------------------------------------------------------------

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
    return _render_terms(request, term_services.find_terms(_member(request).partner))


def _render_terms(
    request: MemberRequest,
    found: PartnerTerms,
    *,
    form: TermsForm | None = None,
    pause_form: PauseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    partner, now = _member(request).partner, timezone.now()
    holidays = partner.holidays.filter(day__gte=now.date()).values_list("day", flat=True)
    initial = {
        name: getattr(found, name)
        for name in ("open_cap", "day_cap", "languages", "assigns", "has_hours", "workdays", "opens_at", "closes_at")
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
    member, now = _member(request), timezone.now()
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
    member, now = _member(request), timezone.now()
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
    member = _member(request)
    try:
        term_services.receive_leads_again(member.partner, by=member.user, now=timezone.now())
    except Refusal as refusal:
        messages.warning(request, str(refusal.message))
    else:
        messages.success(request, _("Your organisation receives leads again, from the turn at which it paused."))
    return redirect("leads:terms")
