"""``request.membership``: under which membership a person acts. And a second factor for those who must have one."""

from collections.abc import Callable
from functools import cache
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import cached_property

from portal.accounts.access import may_administer
from portal.accounts.models import User
from portal.partners.access import is_owner
from portal.partners.models import Membership
from portal.partners.services.acting import find_memberships

#: The session remembers the public id of the membership that a person in two partners chose.
SESSION_KEY = "membership"

#: What a person without the required second factor may still open: to set one up, to learn why, and to leave.
OPEN_VIEWS = {
    "account_logout",
    "account_reauthenticate",
    "accounts:second_factor",
    "core:set_theme",
    "core:set_language",
}


class MemberRequest(HttpRequest):
    """A request that knows its person's memberships.

    Memberships come with partner, tier, kind and job roles, and are read together with the person. Ended memberships
    and ended partners do not count; a suspended partner's members are still its members. A subclass rather than lazy
    objects, so that ``request.membership is None`` means what it says.
    """

    @cached_property
    def memberships(self) -> list[Membership]:
        """Every membership that the person may act under, oldest first."""
        if not self.user.is_authenticated:
            return []
        return find_memberships(self.user, now=timezone.now())

    @cached_property
    def membership(self) -> Membership | None:
        """The membership that the person acts under: the one chosen last, else the oldest, else None."""
        chosen = self.session.get(SESSION_KEY) if self.memberships else None
        by_id = {membership.public_id: membership for membership in self.memberships}
        return by_id.get(chosen or "") or next(iter(self.memberships), None)


class ActingRequest(MemberRequest):
    """A request that ``member_required`` let through: a signed-in person with a membership. For annotations alone."""

    user: User
    membership: Membership


@cache
def _knowing_members(request_class: type[HttpRequest]) -> type[HttpRequest]:
    return type(f"Member{request_class.__name__}", (MemberRequest, request_class), {})


class MembershipMiddleware:
    """Makes the request a :class:`MemberRequest`, and holds back those who still owe a second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.__class__ = _knowing_members(type(request))  # type: ignore[arg-type]  # a class made at run time
        return self.get_response(request)

    def process_view(self, request: Any, *_view: Any) -> HttpResponse | None:
        """Send those whom ``MFA_REQUIRED_FOR`` names to the page that says why, until they have a second factor.

        No query where nothing is required; one for the person's factors where it is.
        """
        if not settings.MFA_REQUIRED_FOR or not request.user.is_authenticated:
            return None
        name = request.resolver_match.view_name or ""
        if name in OPEN_VIEWS or name.startswith("mfa_") or not owes_second_factor(request):
            return None
        return redirect("accounts:second_factor")


def owes_second_factor(request: Any) -> bool:
    """Whether this person must have a second factor and has none."""
    required = settings.MFA_REQUIRED_FOR
    asked = ("staff" in required and may_administer(request.user)) or (
        "owners" in required and any(is_owner(membership) for membership in request.memberships)
    )
    return (
        asked
        and not Authenticator.objects.filter(user_id=request.user.pk)
        .exclude(type=Authenticator.Type.RECOVERY_CODES)
        .exists()
    )
