"""What the vendor settles for all leads, whatever their route."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.contrib.settings.models import BaseGenericSetting


class LeadRules(BaseGenericSetting):
    """What holds for all leads."""

    reply_to = models.EmailField(
        _("customers answer to"),
        blank=True,
        help_text=_(
            "Where a customer's reply goes when the portal asks how it was. Empty: to the portal's own address."
        ),
    )

    class Meta:
        verbose_name = pgettext_lazy("settings", "Leads")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
