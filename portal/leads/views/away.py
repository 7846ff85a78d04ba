"""Who of a partner is away: saying so, and coming back."""

from datetime import date, datetime, time

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.leads.access import may_change_terms, may_say_away, may_see_absences
from portal.leads.forms import AwayForm
from portal.leads.models import Absence
from portal.leads.services import absences
from portal.leads.services.working import list_able
from portal.leads.views.common import require_member
from portal.partners.access import member_required
from portal.partners.middleware import MemberRequest
from portal.partners.models import Membership, MembershipQuerySet

sees_absences = member_required(
    may=may_see_absences,
    refusal=gettext_lazy("Your job role does not include working leads."),
    remedy=gettext_lazy("The owner of your organisation can give you a role that does, such as seller."),
)


@require_GET
@never_cache
@sees_absences
def away(request: MemberRequest) -> HttpResponse:
    """Who is away and until when; and saying that somebody will be."""
    return _render(request)


@require_POST
@sees_absences
def say(request: MemberRequest) -> HttpResponse:
    """Say that somebody is away: the days are those of that person's own zone."""
    actor, now = require_member(request), timezone.now()
    form = _make_form(request, now=now, data=True)
    if not form.is_valid():
        return _render(request, form=form, status=422)
    given = form.cleaned_data
    member: Membership = given["member"]
    try:
        absence = absences.go_away(
            member,
            starts_at=_begin_of(given["away_from"], member, now=now),
            ends_at=_midnight(given["back_on"], member) if given["back_on"] else None,
            deputy=given["deputy"],
            keeps_leads=given["keeps_leads"],
            actor=actor,
            now=now,
        )
    except Refusal as refusal:
        add_refusal(form, refusal)
        return _render(request, form=form, status=409)
    if absence.passed_to is not None:
        messages.success(request, _("Saved. Their leads are with %(person)s now.") % {"person": absence.passed_to.user})
    else:
        messages.success(request, _("Saved. No lead is given to them while they are away."))
    return redirect("leads:away")


@require_POST
@sees_absences
def back(request: MemberRequest, public_id: str) -> HttpResponse:
    """Somebody is back, or does not go."""
    actor = require_member(request)
    rows = Absence.objects.for_partner(actor.partner).select_related("membership__user", "membership__partner")
    found = get_object_or_404(rows, public_id=public_id)
    try:
        absences.come_back(found, actor=actor, now=timezone.now())
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        messages.success(request, _("%(person)s is here: leads come again.") % {"person": found.membership.user})
    return redirect("leads:away")


def _render(request: MemberRequest, *, form: AwayForm | None = None, status: int = 200) -> HttpResponse:
    actor, now = require_member(request), timezone.now()
    found = list(absences.list_absences(actor.partner, now=now))
    form = form or _make_form(request, now=now)
    context = {
        "rows": [
            {"absence": one, "now": one.is_in_force(now), "may_end": may_say_away(actor, one.membership)}
            for one in found
        ],
        "form": form if form.fields["member"].queryset.exists() else None,  # type: ignore[attr-defined]  # a choice
        "for_others": may_change_terms(actor),
        "crumbs": [(pgettext("page", "Leads"), reverse("leads:offers"))],
    }
    return render(request, "leads/away.html", context, status=status)


def _make_form(request: MemberRequest, *, now: datetime, data: bool = False) -> AwayForm:
    actor = require_member(request)
    able = list_able(now).for_partner(actor.partner).select_related("user")
    able = able.order_by("user__first_name", "user__last_name", "pk")
    members: MembershipQuerySet = able if may_change_terms(actor) else able.filter(pk=actor.pk)
    initial = {"member": actor.public_id, "away_from": timezone.localdate(now, actor.user.zone)}
    return AwayForm(request.POST if data else None, able=able, members=members, initial=initial, auto_id="away_%s")


def _begin_of(day: date, member: Membership, *, now: datetime) -> datetime:
    """The first moment of the day where the member is; of today, or of a day that is over, this moment."""
    return max(_midnight(day, member), now)


def _midnight(day: date, member: Membership) -> datetime:
    return datetime.combine(day, time(), member.user.zone)
