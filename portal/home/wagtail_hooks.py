"""Home's entry in the navigation, and what vendor staff see first in the administration."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from wagtail import hooks

from portal.accounts.access import may_administer
from portal.core.shell import NavItem, locate
from portal.home.panels import ExamDeskPanel, StaffDeskPanel
from portal.partners.middleware import MemberRequest


@hooks.register("portal_navigation")
def navigation(request: HttpRequest) -> NavItem | None:
    if not request.user.is_authenticated:
        return None
    url = locate("home:dashboard")
    return NavItem(pgettext("page", "Home"), url, "home", order=10, active=request.path == url)


@hooks.register("portal_account")
def administration(request: MemberRequest) -> NavItem | None:
    """The vendor's people go over to their own work from the account menu. Members of partners are not asked: that
    would be two queries on each of their pages."""
    if getattr(request, "membership", None) is not None or not may_administer(request.user):
        return None
    return NavItem(_("Administration"), locate("wagtailadmin_home"), "external", order=90)


@hooks.register("construct_homepage_panels")
def add_staff_desk(request: HttpRequest, panels: list[Any]) -> None:
    panels += [StaffDeskPanel(request), ExamDeskPanel(request)]
