"""Notifications: the inbox, e-mail, and each person's choice between them."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "portal.notifications"
    label = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        # Every app declares the kinds of notice that it sends; preferences list them all.
        autodiscover_modules("notices")
