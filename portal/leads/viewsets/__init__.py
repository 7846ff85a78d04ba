"""Channel managers' screens in Wagtail's admin."""

from django.utils.translation import gettext_lazy
from wagtail.admin.viewsets.model import ModelViewSetGroup

from portal.leads.viewsets.disputes import RULES_HANDLER, DisputeViewSet
from portal.leads.viewsets.leads import POLICIES, LeadViewSet, SourceViewSet
from portal.leads.viewsets.routes import RouteViewSet

__all__ = ["POLICIES", "RULES_HANDLER", "LeadsViewSetGroup"]


class LeadsViewSetGroup(ModelViewSetGroup):
    menu_label = gettext_lazy("Leads")
    menu_icon = "tasks"
    menu_order = 230
    items = (LeadViewSet, DisputeViewSet, RouteViewSet, SourceViewSet)
