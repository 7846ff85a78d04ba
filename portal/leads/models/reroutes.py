"""Leads that went on to another route, because nobody of their own took them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.leads.models.leads import FINAL, WAITING, HeldReason, Lead
from portal.leads.models.routes import Route, RoutePolicy


class LeadReroute(models.Model):
    """That a lead left a route, by the rules it came under there. Rows are only added. A lead leaves each route once at
    most, and so comes to an end, however routes name each other."""

    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, related_name="reroutes", db_index=False, verbose_name=_("lead")
    )  # begins the constraint's index
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="+", verbose_name=_("left"))
    policy = models.ForeignKey(RoutePolicy, on_delete=models.PROTECT, related_name="+", verbose_name=_("by the rules"))
    to_policy = models.ForeignKey(
        RoutePolicy, on_delete=models.PROTECT, related_name="+", verbose_name=_("came under the rules")
    )
    reason = models.CharField(_("because"), max_length=24, choices=HeldReason.choices)
    rerouted_at = models.DateTimeField(_("went on"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("way of a lead to another route")
        verbose_name_plural = _("ways of leads to other routes")
        ordering = ["rerouted_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["lead", "route"], name="leads_leadreroute_leaves_once"),
            models.CheckConstraint(
                condition=models.Q(reason__in=sorted({*FINAL, *WAITING})), name="leads_leadreroute_nobody_took_it"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}, {self.route_id}"
