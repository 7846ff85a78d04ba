"""Core: what every app stands on. It knows none of them; at start it imports each app's contributions."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "portal.core"
    label = "core"
    verbose_name = _("Core")

    def ready(self) -> None:
        # Facts must be known before anyone announces or receives one.
        autodiscover_modules("facts")
        autodiscover_modules("tasks")
        autodiscover_modules("receivers")
