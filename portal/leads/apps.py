"""Leads: taken in, distributed by a fair rule, offered, worked, won or lost."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeadsConfig(AppConfig):
    name = "portal.leads"
    label = "leads"
    verbose_name = _("Leads")
