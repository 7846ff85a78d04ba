"""Who may do what in a partner: each permission said once.

Every predicate takes the membership under which the person acts (``request.membership``), or None for a person
without one, and answers without a query when the job roles are loaded.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.core.errors import NotAllowed
from portal.partners.models import PRESENT, Membership

Predicate = Callable[[Membership | None], bool]

WRONG_ROLE = _("Your job role does not include this.")
ASK_OWNER = _("The owner of your organisation can change your job roles.")


def is_member(membership: Membership | None) -> bool:
    return membership is not None and membership.ended_at is None and membership.partner.status in PRESENT


def _holds(membership: Membership | None, permission: str) -> bool:
    return (
        membership is not None
        and is_member(membership)
        and any(getattr(role, permission) for role in membership.job_roles)
    )


def may_manage_members(membership: Membership | None) -> bool:
    """Invite people, give them job roles, end their membership."""
    return _holds(membership, "manages_members")


def may_lead_team(membership: Membership | None) -> bool:
    """See how the team learns and works."""
    return _holds(membership, "leads_team")


def may_work_leads(membership: Membership | None) -> bool:
    """See, accept and work the leads offered to the partner."""
    return _holds(membership, "works_leads")


def may_see_team(membership: Membership | None) -> bool:
    """See who works for the partner."""
    return may_manage_members(membership) or may_lead_team(membership)


def is_owner(membership: Membership | None) -> bool:
    """Acts for the partner: its owner."""
    return may_manage_members(membership)


def may_accept_agreement(membership: Membership | None) -> bool:
    """Accept the agreement in the partner's name."""
    return is_owner(membership)


def member_required(
    view: Callable[..., HttpResponse] | None = None,
    *,
    may: Predicate = is_member,
    refusal: str | Promise = WRONG_ROLE,
    remedy: str | Promise = ASK_OWNER,
) -> Any:
    """Let only members in, and of them only those whom ``may`` admits; the others read why not.

    Staff of the vendor who are members of no partner are told so, rather than shown an empty page.
    """

    def decorate(function: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(function)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            membership = request.membership  # type: ignore[attr-defined]  # the middleware's
            if not is_member(membership):
                raise NotAllowed(
                    _("This page belongs to the members of a partner, and you are not a member of one."),
                    remedy=_("A partner's owner can invite you. The vendor's own people work in the administration."),
                    code="not_a_member",
                )
            if not may(membership):
                raise NotAllowed(refusal, remedy=remedy, code="job_role")
            return function(request, *args, **kwargs)

        return wrapper

    return decorate(view) if view else decorate
