"""What leads hang on the shell, and their screens in Wagtail's admin."""

from django.db.models import DateTimeField, IntegerField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import pgettext
from wagtail import hooks
from wagtail.contrib.settings.registry import register_setting
from wagtail.permissions import register_permission_policy

from portal.core.prepared import Question
from portal.core.shell import NavItem, locate
from portal.leads.access import may_work_leads
from portal.leads.models import LeadRules, Offer
from portal.leads.services.absences import forget_absences
from portal.leads.services.working import pass_leads_on
from portal.leads.viewsets import POLICIES, RULES_HANDLER, LeadsViewSetGroup

for model, policy in POLICIES.items():
    register_permission_policy(model, policy, exact_class=True)


WAITING = Question(
    lambda partner, now: Offer.objects.open().for_partner(partner).filter(due_at__gt=now).values("pk"),
    counted=True,
    partner=IntegerField(),
    now=DateTimeField(),
)


hooks.register("partners_member_leaves", pass_leads_on)
hooks.register("partners_member_leaves", forget_absences)

LeadRules.edit_handler = RULES_HANDLER
register_setting(LeadRules, icon="tasks", order=310)


@hooks.register("register_admin_viewset")
def lead_screens() -> LeadsViewSetGroup:
    return LeadsViewSetGroup()


@hooks.register("portal_navigation")
def navigation(request: HttpRequest) -> NavItem | None:
    """Leads, with how many offers wait for an answer."""
    membership = getattr(request, "membership", None)
    if membership is None or not may_work_leads(membership):
        return None
    waiting = WAITING(partner=membership.partner_id, now=timezone.now())
    url = locate("leads:offers")
    return NavItem(pgettext("page", "Leads"), url, "lead", order=20, active=request.path.startswith(url), count=waiting)
