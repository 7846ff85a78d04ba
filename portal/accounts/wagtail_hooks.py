"""What accounts hang on the shell."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from wagtail import hooks

from portal.accounts.viewsets import AssignRole, DeletePeople, SetActiveState
from portal.core.shell import NavItem, locate

#: After Wagtail's own, which they replace: of two actions of one name the later is kept.
for action in (AssignRole, SetActiveState, DeletePeople):
    hooks.register("register_bulk_action", action, order=10)


@hooks.register("portal_account")
def account_links(request: HttpRequest) -> list[NavItem] | None:
    if not request.user.is_authenticated:
        return None
    preferences, security = locate("accounts:preferences"), locate("mfa_index")
    return [
        NavItem(_("Preferences"), preferences, icon="settings", order=10, active=request.path == preferences),
        NavItem(_("Sign-in and security"), security, icon="lock", order=20, active=request.path == security),
    ]
