"""Content's screens in Wagtail's admin."""

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.admin.viewsets.model import ModelViewSet

from portal.content.models import Product
from portal.core.viewsets import NamedRowDeleteView


class ProductViewSet(ModelViewSet):
    model = Product
    name = "products"
    icon = "tag"
    menu_label = _("Products")
    menu_order = 210
    add_to_admin_menu = True
    copy_view_enabled = False
    delete_view_class = NamedRowDeleteView
    list_display = ["name", "slug", "order"]
    search_fields = ["slug"]
    search_backend_name = None
    ordering = ["order", "slug"]
    panels = [
        FieldPanel("name"),
        FieldPanel("summary"),
        FieldRowPanel([FieldPanel("slug"), FieldPanel("order")]),
    ]
