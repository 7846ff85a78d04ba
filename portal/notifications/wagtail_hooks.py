"""The bell, and the way to the choice of channels."""

from django.db.models import IntegerField
from django.http import HttpRequest
from django.utils.translation import gettext as _
from wagtail import hooks

from portal.core.prepared import Question
from portal.core.shell import NavItem, StatusItem, locate
from portal.notifications.models import Notification

UNREAD = Question(
    lambda user: Notification.objects.for_user(user).unread().values("pk"), counted=True, user=IntegerField()
)


@hooks.register("portal_status")
def bell(request: HttpRequest) -> StatusItem | None:
    """How much is unread: asked on every page, answered by a partial index."""
    if not request.user.is_authenticated:
        return None
    return StatusItem("notifications/_bell.html", {"unread": UNREAD(user=request.user.pk)}, order=50, plain=True)


@hooks.register("portal_account")
def account_link(request: HttpRequest) -> NavItem | None:
    if not request.user.is_authenticated:
        return None
    url = locate("notifications:preferences")
    return NavItem(_("What we write to you about"), url, icon="mail", order=15, active=request.path == url)
