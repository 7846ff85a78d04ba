"""How well partners worked what a route offered them, month by month."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.leads.models.routes import Route
from portal.leads.performance import MOST
from portal.partners.models import Partner


class RoutePerformance(models.Model):
    """What was measured of a partner on a route for one month (:mod:`portal.leads.performance`). Never changed."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="measured")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(_("month"))  # its first day
    offered = models.PositiveIntegerField(_("offers"))
    worked = models.PositiveIntegerField(_("of them worked"))
    percent = models.PositiveSmallIntegerField(_("in percent of the average"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("performance of a partner")
        verbose_name_plural = _("performance of partners")
        constraints = [
            # Also finds a route's latest month.
            models.UniqueConstraint(fields=["route", "month", "partner"], name="leads_routeperformance_once"),
            models.CheckConstraint(condition=Q(worked__lte=F("offered")), name="leads_routeperformance_part"),
            models.CheckConstraint(condition=Q(percent__lte=MOST), name="leads_routeperformance_percent"),
            models.CheckConstraint(condition=Q(month__day=1), name="leads_routeperformance_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.route_id}, {self.partner_id}, {self.month:%Y-%m}: {self.percent} %"
