"""What leads hang on the shell, and their screens in Wagtail's admin."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import pgettext
from wagtail import hooks
from wagtail.permissions import register_permission_policy

from portal.core.shell import NavItem
from portal.leads.access import may_work_leads
from portal.leads.models import Offer
from portal.leads.viewsets import POLICIES, LeadsViewSetGroup

for model, policy in POLICIES.items():
    register_permission_policy(model, policy, exact_class=True)


@hooks.register("register_admin_viewset")
def lead_screens() -> LeadsViewSetGroup:
    return LeadsViewSetGroup()


@hooks.register("portal_navigation")
def navigation(request: HttpRequest) -> NavItem | None:
    """Leads, with how many offers wait for an answer; one query."""
    membership = getattr(request, "membership", None)
    if membership is None or not may_work_leads(membership):
        return None
    waiting = Offer.objects.open().for_partner(membership.partner).filter(due_at__gt=timezone.now()).count()
    url = reverse("leads:offers")
    return NavItem(pgettext("page", "Leads"), url, "lead", order=20, active=request.path.startswith(url), count=waiting)
