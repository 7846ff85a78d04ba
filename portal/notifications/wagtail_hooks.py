"""The bell, and the way to the choice of channels."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks

from portal.core.shell import NavItem, StatusItem
from portal.notifications.models import Notification


@hooks.register("portal_status")
def bell(request: HttpRequest) -> StatusItem | None:
    """How much is unread: one query on every page, answered by a partial index."""
    if not request.user.is_authenticated:
        return None
    unread = Notification.objects.for_user(request.user.pk).unread().count()
    return StatusItem("notifications/_bell.html", {"unread": unread}, order=50)


@hooks.register("portal_account")
def account_link(request: HttpRequest) -> NavItem | None:
    if not request.user.is_authenticated:
        return None
    url = reverse("notifications:preferences")
    return NavItem(_("What we write to you about"), url, icon="mail", order=15, active=request.path == url)
