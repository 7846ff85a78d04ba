"""Contesting a decision: the form, the partner's cases, and one case. Another partner's do not exist here."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.core.times import describe_moment
from portal.leads.access import may_contest, may_see_own_disputes
from portal.leads.forms import DisputeForm, EvidenceForm
from portal.leads.labels import describe_hindrance
from portal.leads.models import Dispute, DisputeSubject, LeadStatus, Offer
from portal.leads.reports import describe_need, describe_place, describe_week
from portal.leads.routing import Verdict
from portal.leads.services import disputes as services
from portal.leads.services.disputes import Contested
from portal.leads.views.common import require_member
from portal.partners.access import is_owner, may_lead_team, member_required
from portal.partners.middleware import MemberRequest
from portal.partners.models import Membership

PER_PAGE = 20

sees_disputes = member_required(
    may=may_see_own_disputes,
    refusal=gettext_lazy("Your job role does not include contesting decisions about leads."),
    remedy=gettext_lazy("The owner of your organisation, its heads, and whoever worked a lead do that."),
)


# --- Contesting -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sees_disputes
def contest_offer(request: MemberRequest, public_id: str) -> HttpResponse:
    """That an offer ran out, was withdrawn, went back, or lost its turn."""
    offer = _find_offer(request, public_id)
    return _contest(request, services.find_contested_offer(offer), back=reverse("leads:offer", args=[public_id]))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sees_disputes
def contest_outcome(request: MemberRequest, public_id: str) -> HttpResponse:
    """How a lead ended that the partner took."""
    offer = _find_offer(request, public_id)
    back = (
        reverse("leads:offer", args=[public_id])
        if offer.lead.status == LeadStatus.CLOSED
        else reverse("leads:lead", args=[offer.lead.public_id])
    )
    return _contest(request, services.find_contested_outcome(offer), back=back)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sees_disputes
def contest_missed(request: MemberRequest) -> HttpResponse:
    """That leads went past the partner: a group of them, as they are told."""
    subject = request.GET.get("group", "")
    contested = services.find_contested_missed(require_member(request).partner, subject, now=timezone.now())
    return _contest(request, contested, back=reverse("leads:missed"))


def _contest(request: MemberRequest, contested: Contested | None, *, back: str) -> HttpResponse:
    member, now = require_member(request), timezone.now()
    if contested is None:
        messages.info(request, _("There is no decision here that could be contested."))
        return redirect(back)
    standing = services.find_case(member.partner, contested)
    if standing is not None:
        return redirect("leads:dispute", standing.public_id)
    form = DisputeForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = services.open_dispute(contested, text=form.cleaned_data["text"], membership=member, now=now)
            except Refusal as refusal:
                add_refusal(form, refusal)
                status = refusal.status
            else:
                messages.success(
                    request,
                    _("The vendor looks at it again and answers by %(moment)s.")
                    % {"moment": describe_moment(made.due_at)},
                )
                return redirect("leads:dispute", made.public_id)
    context = {
        "form": form,
        "may": may_contest(member, assignee_id=contested.assignee_id),
        "facts": describe_contested(contested.kind, contested.offer, contested.missed),
        "back": back,
        "days": services.CONTESTABLE.days,
        "crumbs": _crumbs(),
    }
    return render(request, "leads/contest.html", context, status=status)


def _find_offer(request: MemberRequest, public_id: str) -> Offer:
    rows = Offer.objects.for_partner(require_member(request).partner).select_related(
        "lead__product", "lead__region", "lead__finished_by", "closed_by", "returned"
    )
    return get_object_or_404(rows, public_id=public_id)


def describe_contested(kind: str, offer: Offer | None, missed: Any, *, outcome: str = "") -> list[tuple[str, Any]]:
    """What is contested, in rows: of an offer the need and not the customer, of leads that went past only their group."""
    if kind == DisputeSubject.MISSED or offer is None:
        return [
            (_("Leads"), missed.leads),
            (_("Week"), describe_week(missed.week)),
            (_("Region"), missed.region or _("several")),
            (_("Product"), missed.product or _("several")),
            (_("What stopped you"), describe_hindrance(Verdict(missed.verdict)).condition),
        ]
    lead = offer.lead
    rows = [
        (_("Lead"), describe_need(lead)),
        (_("Product"), lead.product),
        (_("Place"), describe_place(lead)),
        (_("Offered"), describe_moment(offer.made_at)),
        (_("To be answered by"), describe_moment(offer.due_at)),
    ]
    if kind == DisputeSubject.OUTCOME:
        return [*rows, (_("Outcome"), outcome or lead.get_status_display())]
    returned = getattr(offer, "returned", None)
    if returned is not None:
        return [*rows, (_("What became of it"), _("It went back by its rules on %(day)s") % {
            "day": describe_moment(returned.returned_at, "date")})]  # fmt: skip
    return [*rows, (_("What became of it"), offer.get_state_display())]


# --- Cases ------------------------------------------------------------------------------------------------------------


@require_GET
@sees_disputes
def disputes(request: MemberRequest) -> HttpResponse:
    """The partner's cases: all of them for those who lead it, the others' own."""
    rows = services.list_own(require_member(request), every=_sees_every(require_member(request)))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": [(row, _title(row)) for row in page], "crumbs": _crumbs(), "now": timezone.now()}
    return render(request, "leads/disputes.html", context)


@require_GET
@never_cache
@sees_disputes
def dispute(request: MemberRequest, public_id: str) -> HttpResponse:
    """One case: what is contested, what both sides say, and the answer."""
    return _render_case(request, _find_case(request, public_id))


def _render_case(
    request: MemberRequest, found: Dispute, *, form: EvidenceForm | None = None, status: int = 200
) -> HttpResponse:
    member = require_member(request)
    context = {
        "dispute": found,
        "title": _title(found),
        "facts": describe_case(found),
        "evidence": found.evidence.select_related("written_by"),
        "form": form or EvidenceForm(),
        "may_withdraw": may_contest(member, assignee_id=found.opened_by_id),
        "late": found.is_open and found.due_at <= timezone.now(),
        "crumbs": [*_crumbs(), (pgettext("leads", "Disputes"), reverse("leads:disputes"))],
    }
    return render(request, "leads/dispute.html", context, status=status)


def describe_case(found: Dispute) -> list[tuple[str, Any]]:
    """What is contested, as it was when the case was opened."""
    if found.kind == DisputeSubject.MISSED:
        return [
            (_("Leads"), found.missed_leads),
            (_("Week"), describe_week(found.missed_week)),
            (_("Region"), found.missed_region or _("several")),
            (_("Product"), found.missed_product or _("several")),
            (_("What stopped you"), describe_hindrance(Verdict(found.verdict)).condition),
        ]
    rows = describe_contested(found.kind, found.offer, None, outcome=services.read_outcome(found))
    if found.verdict == Verdict.WINNER:
        rows.append((_("The stored decision"), _("It was your turn, and the lead was offered to you.")))
    elif found.verdict:
        rows.append((_("The stored decision"), describe_hindrance(Verdict(found.verdict)).condition))
    return rows


@require_POST
@sees_disputes
def say(request: MemberRequest, public_id: str) -> HttpResponse:
    """Add what the partner knows."""
    found = _find_case(request, public_id)
    form = EvidenceForm(request.POST)
    if not form.is_valid():
        return _render_case(request, found, form=form, status=422)
    try:
        services.say_for_partner(
            found, text=form.cleaned_data["text"], membership=require_member(request), now=timezone.now()
        )
    except Refusal as refusal:
        add_refusal(form, refusal)
        return _render_case(request, found, form=form, status=refusal.status)
    messages.success(request, _("Added. The vendor is told."))
    return redirect("leads:dispute", found.public_id)


@require_POST
@sees_disputes
def withdraw(request: MemberRequest, public_id: str) -> HttpResponse:
    """Take the case back."""
    found = _find_case(request, public_id)
    try:
        services.withdraw_dispute(found, membership=require_member(request), now=timezone.now())
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        messages.info(request, _("The case is taken back."))
    return redirect("leads:dispute", found.public_id)


def _find_case(request: MemberRequest, public_id: str) -> Dispute:
    member = require_member(request)
    rows = services.list_own(member, every=_sees_every(member)).select_related("closed_by", "offer__returned")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _sees_every(member: Membership) -> bool:
    return is_owner(member) or may_lead_team(member)


def _title(found: Dispute) -> str:
    if found.kind == DisputeSubject.MISSED or found.offer is None:
        return _("Leads that went past you: %(condition)s") % {
            "condition": describe_hindrance(Verdict(found.verdict)).condition
        }
    need = describe_need(found.offer.lead)
    if found.kind == DisputeSubject.OUTCOME:
        return _("Outcome: %(need)s") % {"need": need}
    return _("Offer: %(need)s") % {"need": need}


def _crumbs() -> list[tuple[str, str]]:
    return [(pgettext("page", "Leads"), reverse("leads:offers"))]
