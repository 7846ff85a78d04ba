"""Partners: organisations, their members and roles, tiers, agreements, entitlements, and who may read what."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    name = "portal.partners"
    label = "partners"
    verbose_name = _("Partners")
