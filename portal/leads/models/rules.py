"""What the vendor settles for all leads, whatever their route."""

from datetime import date
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.contrib.settings.models import BaseGenericSetting

from portal.leads.models.terms import working_week


class LeadRules(BaseGenericSetting):
    """What holds for all leads."""

    reply_to = models.EmailField(
        _("customers answer to"),
        blank=True,
        help_text=_(
            "Where a customer's reply goes when the portal asks how it was. Empty: to the portal's own address."
        ),
    )

    dispute_days = models.PositiveSmallIntegerField(
        _("working days to answer a dispute"), default=5, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    workdays = models.JSONField(_("days we work"), default=working_week)
    holidays = models.JSONField(_("days on which we do not work"), default=list, blank=True)

    edit_handler: Any  # the administration's, set where its screens are made

    class Meta:
        verbose_name = pgettext_lazy("settings", "Leads")

    @property
    def free_days(self) -> frozenset[date]:
        """Days on which the vendor does not work."""
        return frozenset(date.fromisoformat(day) for day in self.holidays)

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
