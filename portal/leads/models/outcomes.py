"""What was said of the end of a lead before staff put it in work again."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.core.amounts import to_major
from portal.leads.models.leads import LeadStatus, LostReason
from portal.leads.models.offers import Override


class FormerOutcome(models.Model):
    """An outcome that was taken back, as it stood. Rows are only added; the override says who took it back, and why."""

    override = models.OneToOneField(Override, on_delete=models.PROTECT, related_name="former")
    status = models.CharField(_("outcome"), max_length=10, choices=LeadStatus.choices)
    value = models.BigIntegerField(_("value in minor units"), null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    lost_reason = models.CharField(_("lost because"), max_length=12, choices=LostReason.choices, blank=True)
    note = models.CharField(_("note on the outcome"), max_length=500, blank=True)
    finished_at = models.DateTimeField(_("finished"))
    finished_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("outcome that was taken back")
        verbose_name_plural = _("outcomes that were taken back")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=LeadStatus.WON, value__isnull=False, value__gte=0, lost_reason="") & ~Q(currency="")
                | Q(status=LeadStatus.LOST, value__isnull=True, currency="") & ~Q(lost_reason=""),
                name="leads_formeroutcome_won_or_lost",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.override_id}: {self.status}"

    @property
    def amount(self) -> object:
        """The value of a deal that was won, in major units."""
        return to_major(self.value, self.currency) if self.value is not None else None
