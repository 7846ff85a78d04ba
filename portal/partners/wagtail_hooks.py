"""What partners hang on the shell, and their screens in Wagtail's admin."""

from datetime import datetime

from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.permissions import register_permission_policy

from portal.accounts import registry
from portal.core.prepared import Asked
from portal.core.shell import NavItem, StatusItem, locate
from portal.partners.access import is_member
from portal.partners.middleware import MemberRequest
from portal.partners.services.acting import ask_memberships
from portal.partners.viewsets import POLICIES, PartnersViewSetGroup

for model, policy in POLICIES.items():
    register_permission_policy(model, policy, exact_class=True)


@hooks.register("register_admin_viewset")
def partner_screens() -> PartnersViewSetGroup:
    return PartnersViewSetGroup()


@hooks.register(registry.HOOK)
def ask_memberships_along(user_id: int, now: datetime) -> tuple[str, list[Asked]]:
    """A person's memberships come with the person."""
    return "memberships", ask_memberships(user_id, now)


@hooks.register("portal_navigation")
def navigation(request: MemberRequest) -> NavItem | None:
    if not is_member(getattr(request, "membership", None)):
        return None
    url = locate("partners:organisation")
    return NavItem(_("Organisation"), url, icon="partner", order=60, active=request.path.startswith(url))


@hooks.register("portal_status")
def status(request: MemberRequest) -> list[StatusItem]:
    """For whom one acts, where there is a choice; and that the partnership is suspended, where it is."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return []
    items = []
    if membership.partner.is_suspended:
        items.append(StatusItem("partners/_suspended.html", order=5))
    others = [other for other in request.memberships if other.pk != membership.pk]
    if others:
        items.append(StatusItem("partners/_switch.html", {"membership": membership, "others": others}, order=10))
    return items
