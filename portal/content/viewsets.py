"""Content's screens in Wagtail's admin."""

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.admin.viewsets.model import ModelViewSet

from portal.content.models import Product


class ProductViewSet(ModelViewSet):
    model = Product
    name = "products"
    icon = "tag"
    menu_label = _("Products")
    menu_order = 210
    add_to_admin_menu = True
    copy_view_enabled = False
    list_display = ["name", "slug", "order"]
    search_fields = ["slug"]
    search_backend_name = None
    ordering = ["order", "slug"]
    panels = [
        FieldPanel("name"),
        FieldPanel("summary"),
        FieldRowPanel([FieldPanel("slug"), FieldPanel("order")]),
    ]
