"""The pages of a partner's members, and the page that an invitation's link opens."""

from typing import cast

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from wagtail import hooks

from portal.accounts.models import User
from portal.core.components import ladder
from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.partners import access
from portal.partners.access import member_required
from portal.partners.forms import InvitationForm, JobRolesForm, NewPersonForm
from portal.partners.middleware import SESSION_KEY, ActingRequest, MemberRequest
from portal.partners.models import Acceptance, AgreementVersion, Invitation, Membership, Partner, Tier
from portal.partners.services import agreements, memberships

# --- Where the organisation stands -----------------------------------------------------------------------------------


@require_GET
@member_required
def organisation(request: ActingRequest) -> HttpResponse:
    """The partner as its members see it: status and why, tier, agreement, regions, products."""
    partner, now = request.membership.partner, timezone.now()
    version = AgreementVersion.objects.current(now)
    tiers = list(Tier.objects.all())
    context = {
        "partner": partner,
        "rungs": ladder([str(tier) for tier in tiers], current=tiers.index(partner.tier)),
        "version": version,
        "acceptance": _standing_acceptance(partner, version),
        "regions": partner.regions.all(),
        "products": partner.products.all(),
        "may_see_team": access.may_see_team(request.membership),
    }
    return render(request, "partners/organisation.html", context)


def _standing_acceptance(partner: Partner, version: AgreementVersion | None) -> Acceptance | None:
    standing = Acceptance.objects.for_partner(partner).filter(version=version, withdrawn_at__isnull=True)
    return standing.select_related("accepted_by").first() if version else None


@require_POST
def switch(request: ActingRequest) -> HttpResponse:
    """Act for another of the partners that one works for; the session remembers it."""
    wanted = request.POST.get("membership", "")
    membership = next((held for held in request.memberships if held.public_id == wanted), None)
    if membership is None:
        raise Refusal(_("You are not a member of that organisation (any more)."), code="not_a_member")
    request.session[SESSION_KEY] = membership.public_id
    messages.info(request, _("You now act for %(partner)s.") % {"partner": membership.partner.name})
    # Home, and not back: the page left behind may belong to the other organisation.
    return redirect("/")


# --- The agreement ---------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@member_required
def agreement(request: ActingRequest, number: int | None = None) -> HttpResponse:
    """Read the agreement, the one in effect or a later one; an owner accepts it here in the partner's name."""
    partner, now = request.membership.partner, timezone.now()
    current = AgreementVersion.objects.current(now)
    version = get_object_or_404(AgreementVersion, number=number) if number else current
    if request.method == "POST" and version is not None:
        agreements.accept_agreement(
            partner,
            version=version,
            membership=request.membership,
            language=get_language(),
            by=request.user,
            now=now,
        )
        done = _("The agreement is accepted in the name of %(partner)s.") % {"partner": partner.name}
        messages.success(request, done)
        return redirect(request.path)
    versions = AgreementVersion.objects
    others = versions.filter(number__gte=current.number) if current else versions.none()
    context = {
        "partner": partner,
        "version": version,
        "others": others.exclude(pk=version.pk) if version else others,
        "superseded": bool(version and current and version.number < current.number),
        "is_ahead": bool(version and version.effective_from > now),
        "acceptance": _standing_acceptance(partner, version),
        "may_accept": access.may_accept_agreement(request.membership),
    }
    return render(request, "partners/agreement.html", context)


# --- The team --------------------------------------------------------------------------------------------------------

owner_required = member_required(
    may=access.may_manage_members,
    refusal=gettext_lazy("Only an owner of the organisation manages its members."),
)


@require_GET
@member_required(may=access.may_see_team, refusal=gettext_lazy("The team page is for owners and heads."))
def team(request: ActingRequest) -> HttpResponse:
    """Who works for the partner, as what; and for owners, who is invited."""
    partner = request.membership.partner
    members = Membership.objects.for_partner(partner).filter(ended_at__isnull=True).with_roles().select_related("user")
    manages = access.may_manage_members(request.membership)
    invitations = Invitation.objects.for_partner(partner).pending().prefetch_related("roles") if manages else []
    context = {
        "partner": partner,
        "members": members.order_by("user__last_name", "user__first_name", "pk"),
        "invitations": invitations,
        "manages": manages,
        "now": timezone.now(),
    }
    return render(request, "partners/team.html", context)


@require_http_methods(["GET", "POST"])
@owner_required
def invite(request: ActingRequest) -> HttpResponse:
    partner = request.membership.partner
    form = InvitationForm(request.POST or None, initial={"language": partner.language})
    if request.method == "POST" and form.is_valid():
        try:
            invitation = memberships.invite_member(partner, **form.cleaned_data, by=request.user, now=timezone.now())
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("The invitation to %(email)s is on its way.") % {"email": invitation.email})
            return redirect("partners:team")
    return render(request, "partners/invite.html", {"form": form, "partner": partner})


def _invitation_of(request: ActingRequest, public_id: str) -> Invitation:
    return get_object_or_404(Invitation.objects.for_partner(request.membership.partner), public_id=public_id)


def _member_of(request: ActingRequest, public_id: str) -> Membership:
    members = Membership.objects.for_partner(request.membership.partner).with_roles().select_related("user")
    return get_object_or_404(members, public_id=public_id, ended_at__isnull=True)


@require_POST
@owner_required
def resend(request: ActingRequest, public_id: str) -> HttpResponse:
    invitation = memberships.resend_invitation(_invitation_of(request, public_id), by=request.user, now=timezone.now())
    messages.success(request, _("A new link is on its way to %(email)s.") % {"email": invitation.email})
    return redirect("partners:team")


@require_POST
@owner_required
def cancel(request: ActingRequest, public_id: str) -> HttpResponse:
    invitation = memberships.cancel_invitation(_invitation_of(request, public_id), by=request.user, now=timezone.now())
    messages.success(request, _("The invitation to %(email)s is cancelled.") % {"email": invitation.email})
    return redirect("partners:team")


@require_http_methods(["GET", "POST"])
@owner_required
def roles(request: ActingRequest, public_id: str) -> HttpResponse:
    member = _member_of(request, public_id)
    form = JobRolesForm(request.POST or None, initial={"roles": member.job_roles})
    if request.method == "POST" and form.is_valid():
        try:
            memberships.assign_roles(member, **form.cleaned_data, by=request.user, now=timezone.now())
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("The job roles of %(name)s are saved.") % {"name": member.user})
            return redirect("partners:team")
    return render(request, "partners/roles.html", {"form": form, "member": member})


@require_http_methods(["GET", "POST"])
@owner_required
def leave(request: ActingRequest, public_id: str) -> HttpResponse:
    """Say what ending the membership does, and end it."""
    member = _member_of(request, public_id)
    if request.method == "POST":
        memberships.end_membership(member, by=request.user, now=timezone.now())
        messages.success(request, _("%(name)s is no longer a member.") % {"name": member.user})
        return redirect("partners:team")
    # Apps above know what hangs on this person (credentials that count, leads in hand): each adds its sentences.
    effects = [effect for contribute in hooks.get_hooks("partners_leaving_effects") for effect in contribute(member)]
    return render(request, "partners/leave.html", {"member": member, "effects": effects})


# --- Joining ---------------------------------------------------------------------------------------------------------


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation(request: MemberRequest, token: str) -> HttpResponse:
    """The page behind an invitation's link: join as the person one is, or make an account and join."""
    found = memberships.find_invitation(token)
    now = timezone.now()
    if found is None:
        raise Refusal(
            _("This link is not valid."),
            remedy=_("If it was sent again, use the link in the latest letter; else ask for a new invitation."),
            code="invitation_unknown",
        )
    memberships.check_open(found, now=now)
    context = {"invitation": found, "roles": list(found.roles.all()), "state": _joining_state(request, found)}
    if context["state"] == "new":
        initial = {"language": get_language(), "time_zone": found.partner.time_zone}
        form = NewPersonForm(request.POST or None, initial=initial, email=found.email)
        context["form"] = form
        if request.method == "POST" and form.is_valid():
            person = memberships.NewPerson(**form.cleaned_data)
            membership = memberships.accept_invitation(found, by=person, now=now)
            return perform_login(request, membership.user, email_verification="none", redirect_url="/")
    elif request.method == "POST" and context["state"] == "member":
        membership = memberships.accept_invitation(found, by=cast(User, request.user), now=now)
        request.session[SESSION_KEY] = membership.public_id
        messages.success(request, _("You are now a member of %(partner)s.") % {"partner": found.partner.name})
        return redirect("/")
    return render(request, "partners/invitation.html", context)


def _joining_state(request: HttpRequest, invitation: Invitation) -> str:
    """Who stands before the page: the invited person signed in, another one, or a stranger with or without account."""
    if request.user.is_authenticated:
        return "member" if request.user.email == invitation.email else "other"
    return "known" if User.objects.filter(email=invitation.email).exists() else "new"
