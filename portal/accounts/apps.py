"""Accounts: who a person is, how they sign in, and in which language and time zone they read."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from wagtail.users.apps import WagtailUsersAppConfig


class AccountsConfig(AppConfig):
    default = True
    name = "portal.accounts"
    label = "accounts"
    verbose_name = _("Accounts")


class PeopleAdminConfig(WagtailUsersAppConfig):
    """Wagtail's user screens, with our forms. Listed in INSTALLED_APPS instead of ``wagtail.users``."""

    user_viewset = "portal.accounts.viewsets.PersonViewSet"
