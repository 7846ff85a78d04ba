"""The industries that case studies are listed by."""

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.admin.viewsets.model import ModelViewSet

from portal.core.viewsets import NamedRowDeleteView
from training.models import Industry


class IndustryViewSet(ModelViewSet):
    model = Industry
    name = "industries"
    icon = "tag"
    menu_label = _("Industries")
    menu_order = 220
    add_to_settings_menu = True
    copy_view_enabled = False
    delete_view_class = NamedRowDeleteView
    list_display = ["name", "slug", "order"]
    search_fields = ["slug"]
    search_backend_name = None
    ordering = ["order", "slug"]
    panels = [
        FieldPanel("name"),
        FieldRowPanel([FieldPanel("slug"), FieldPanel("order")]),
    ]
