"""A lead that the partner took: whom to call, who does, how far it is, how it ended."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.core.times import describe_moment
from portal.leads.forms import AssignForm, LoseForm, NoteForm, StepForm, WinForm
from portal.leads.models import FormerOutcome, Lead, LostReason, Offer, OfferState, Stage
from portal.leads.services import outcomes, working
from portal.leads.services.customers import find_heard, was_told
from portal.leads.services.links import find_taken_by_link
from portal.leads.services.working import list_workers
from portal.leads.views.cards import describe_cards
from portal.leads.views.common import describe_contest, list_facts, require_member, works_leads, write_value
from portal.partners.middleware import MemberRequest


@require_GET
@never_cache
@works_leads
def lead(request: MemberRequest, public_id: str) -> HttpResponse:
    """A lead that the partner took: whom to call, and how it ended."""
    return _render_lead(request, _find_lead(request, public_id))


def _find_lead(request: MemberRequest, public_id: str) -> Lead:
    rows = Lead.objects.for_partner(require_member(request).partner).select_related(
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
    taken = (
        Offer.objects.filter(lead=found, state=OfferState.ACCEPTED)
        .select_related("closed_by", "lead__finished_by")
        .first()
    )
    context = {
        "lead": found,
        "contact": contact,
        "title": found.company
        or (contact.name if contact else "")
        or _("Lead %(number)s") % {"number": found.external_id},
        "facts": [*list_facts(found), (_("Received"), describe_moment(found.received_at, "date"))],
        "offer": taken,
        "by_link": bool(taken and find_taken_by_link([taken.pk])),
        "heard": find_heard(found, found.partner) if found.partner else None,
        "told": was_told(taken),
        **describe_cards(request, found),
        **(describe_contest(request, taken, now=timezone.now()) if taken else {}),
        "value": write_value(found),
        "formers": _list_former(found),
        "win_form": win_form or WinForm(initial={"currency": "EUR"}, auto_id="win_%s"),
        "lose_form": lose_form or LoseForm(auto_id="lose_%s"),
        "winning": win_form is not None,
        "losing": lose_form is not None,
        "assign_form": AssignForm(
            workers=list_workers(require_member(request).partner, timezone.now()),
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


def _list_former(found: Lead) -> list[dict[str, Any]]:
    """Outcomes of the partner that staff took back, with what was said."""
    rows = FormerOutcome.objects.filter(override__lead=found, override__partner=found.partner)
    return [
        {
            "outcome": row,
            "text": ". ".join(filter(None, (write_value(row), row.get_lost_reason_display(), row.note))),
        }
        for row in rows.select_related("override", "finished_by")
    ]


@require_POST
@works_leads
def assign(request: MemberRequest, public_id: str) -> HttpResponse:
    """Give a lead to a colleague."""
    found, member, now = _find_lead(request, public_id), require_member(request), timezone.now()
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
            by=require_member(request).user, now=timezone.now(),
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
    working.write_note(found, text=form.cleaned_data["text"], by=require_member(request).user, now=timezone.now())
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
        by=require_member(request).user,
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
        by=require_member(request).user,
        now=timezone.now(),
    )
    messages.info(request, _("Noted as lost. The reason helps to send you better leads."))
    return redirect("leads:lead", found.public_id)
