"""The markets that prices name."""

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.admin.viewsets.model import ModelViewSet

from portal.core.viewsets import KeptPermissionPolicy
from training.models import Market

#: Registered with Wagtail by ``wagtail_hooks``. Prices name a market by its slug: it is retired, never deleted.
POLICIES = {Market: KeptPermissionPolicy(Market)}


class MarketViewSet(ModelViewSet):
    model = Market
    name = "markets"
    icon = "globe"
    menu_label = _("Markets")
    menu_order = 210
    add_to_settings_menu = True
    permission_policy = POLICIES[Market]
    copy_view_enabled = False
    list_display = ["name", "slug", "countries", "is_retired", "order"]
    search_fields = ["slug", "countries"]
    search_backend_name = None
    ordering = ["order", "slug"]
    panels = [
        FieldPanel("name"),
        FieldPanel("countries"),
        FieldRowPanel([FieldPanel("slug"), FieldPanel("order")]),
        FieldPanel("is_retired"),
    ]
