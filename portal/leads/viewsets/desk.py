"""The channel manager's desk, and the fairness report."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import HeaderButton

from portal.leads.access import may_see_leads
from portal.leads.coarsening import AT_LEAST
from portal.leads.labels import HEARINGS, REMEDIES
from portal.leads.services.customers import list_satisfaction
from portal.leads.services.desk import FEW_PARTNERS, read_desk
from portal.leads.services.disputes import count_by_state, list_answered
from portal.leads.services.fairness_report import list_overrides, read_fairness
from portal.leads.services.returns import list_returns


class LeadsPage(WagtailAdminTemplateMixin, TemplateView):
    """A page about all leads, for those who may see them."""

    header_icon = "tasks"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_see_leads(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]  # a template's answer

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *super().get_breadcrumbs_items(),
            {"url": reverse("leads_admin:index"), "label": _("Leads")},
            {"url": "", "label": self.page_title},
        ]


class DeskView(LeadsPage):
    template_name = "leads/admin/desk.html"
    page_title = gettext_lazy("What waits")

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        return [HeaderButton(_("Fairness"), url=reverse("leads_admin:fairness"), icon_name="order")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()
        desk = read_desk(now=now)
        return super().get_context_data(
            desk=desk,
            contrary=[(heard, HEARINGS[heard.hearing]) for heard in desk.contrary],
            waiting=[(row, REMEDIES[row.reason][1]) for row in desk.waiting],
            few=FEW_PARTNERS,
            now=now,
            **kwargs,
        )


class FairnessView(LeadsPage):
    template_name = "leads/admin/fairness.html"
    page_title = gettext_lazy("Fairness")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            routes=read_fairness(),
            overrides=list_overrides(),
            returns=list_returns(),
            disputes=count_by_state(),
            answered=list_answered(),
            satisfaction=list_satisfaction(),
            at_least=AT_LEAST,
            **kwargs,
        )
