"""That the heads of a partner were written to about a week."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.partners.models import Partner


class WeekTold(models.Model):
    """A partner's week that was seen to: its heads were told, or there was nothing to tell."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="weeks_told")
    monday = models.DateField(_("Monday after the week"))
    told_at = models.DateTimeField(_("told"))
    heads = models.PositiveSmallIntegerField(_("heads told"), default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("week told to heads")
        verbose_name_plural = _("weeks told to heads")
        ordering = ["-monday", "partner"]
        # The key of the sweeper: a week is told once, whoever looks.
        constraints = [models.UniqueConstraint(fields=["partner", "monday"], name="leads_weektold_once")]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.monday}"
