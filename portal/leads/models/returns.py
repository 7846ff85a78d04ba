"""Leads that went back because nothing was done about them, as their policy says."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.leads.models.leads import Lead
from portal.leads.models.offers import Offer
from portal.leads.models.routes import RoutePolicy
from portal.partners.models import Membership, Partner


class LeadReturn(models.Model):
    """That a partner lost a lead by the policy, with what it had done. Rows are only added; nobody decided it, and the
    turn stays spent."""

    offer = models.OneToOneField(Offer, on_delete=models.PROTECT, related_name="returned", verbose_name=_("offer"))
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="returns", verbose_name=_("lead"))
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", verbose_name=_("partner"))
    assignee = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("worked by")
    )
    policy = models.ForeignKey(RoutePolicy, on_delete=models.PROTECT, related_name="+", verbose_name=_("policy"))
    days = models.PositiveSmallIntegerField(_("days of the policy"))
    accepted_at = models.DateTimeField(_("accepted"))
    first_contact_at = models.DateTimeField(_("first contact"), null=True)
    returned_at = models.DateTimeField(_("returned"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("return of a lead")
        verbose_name_plural = _("returns of leads")
        ordering = ["-returned_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(days__gte=1), name="leads_leadreturn_days"),
            models.CheckConstraint(condition=Q(returned_at__gt=F("accepted_at")), name="leads_leadreturn_after"),
        ]
        indexes = [
            # The fairness report: the latest.
            models.Index(fields=["-returned_at"], name="leads_leadreturn_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}, {self.partner_id}"
