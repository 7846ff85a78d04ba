"""What was searched for in vain, and the words that mean the same."""

from typing import Any
from urllib.parse import urlencode

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.panels import FieldPanel
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.pages.create import CreateView
from wagtail.admin.views.reports import ReportView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet

from portal.core.viewsets import ReadOnlyPermissionPolicy
from training.access import may_add_below
from training.models import ObjectionCardPage, ObjectionGuidePage, SearchedWords, Synonym

#: Registered with Wagtail by ``wagtail_hooks``: searches are counted, and changed by nobody.
POLICIES = {SearchedWords: ReadOnlyPermissionPolicy(SearchedWords)}


class SynonymViewSet(ModelViewSet):
    model = Synonym
    name = "synonyms"
    icon = "resubmit"
    menu_label = gettext_lazy("Synonyms")
    menu_order = 230
    add_to_settings_menu = True
    copy_view_enabled = False
    list_display = ["__str__", "language"]
    list_filter = ["language"]
    search_fields = ["words"]
    search_backend_name = None
    panels = [FieldPanel("language"), FieldPanel("words")]


class InVainFilterSet(WagtailFilterSet):
    language = django_filters.ChoiceFilter(label=gettext_lazy("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = SearchedWords
        fields = ["language"]


class DayColumn(Column):
    cell_template_name = "training/admin/day.html"


class WriteCardColumn(Column):
    """The way to a new card with these words as its title."""

    cell_template_name = "training/admin/write_card.html"


class InVainView(ReportView):
    """Words that nothing answers, most wanted first."""

    model = SearchedWords
    permission_required = "view"
    page_title = gettext_lazy("Searched in vain")
    header_icon = "search"
    index_url_name = "searches:index"
    index_results_url_name = "searches:results"
    filterset_class = InVainFilterSet
    default_ordering = ("-times", "words")
    verbose_name_plural = gettext_lazy("searches")
    is_searchable = True
    search_backend_name = None
    search_fields = ["words"]
    list_export = ["words", "language", "times", "last_at"]
    export_headings = {
        "words": gettext_lazy("Words"),
        "language": gettext_lazy("Language"),
        "times": gettext_lazy("Times"),
        "last_at": gettext_lazy("Last on"),
    }

    @cached_property
    def columns(self) -> list[Column]:
        languages = dict(settings.LANGUAGES)
        return [
            Column("words", label=_("Words"), width="45%"),
            Column("language", label=_("Language"), accessor=lambda row: languages.get(row.language, row.language)),
            Column("times", label=_("Times"), sort_key="times"),
            DayColumn("last_at", label=_("Last on"), sort_key="last_at"),
            WriteCardColumn("write", label=_("Answer it"), accessor="write_url"),
        ]

    def get_base_queryset(self) -> QuerySet[SearchedWords]:
        return SearchedWords.objects.filter(found=0)

    def decorate_paginated_queryset(self, object_list: Any) -> list[SearchedWords]:
        rows = list(object_list)
        guides: dict[str, ObjectionGuidePage] = {}
        for guide in ObjectionGuidePage.objects.filter(live=True).select_related("locale").order_by("path"):
            guides.setdefault(guide.locale.language_code, guide)
        open_guides = {code: guide for code, guide in guides.items() if may_add_below(guide, self.request.user)}
        for row in rows:
            guide = open_guides.get(row.language)
            row.write_url = ""
            if guide is not None:
                title = urlencode({"title": capfirst(row.words)})
                row.write_url = f"{reverse('searches:write_card', args=[guide.pk])}?{title}"
        return rows


class WriteCardView(CreateView):
    """Wagtail's form for a new objection card, with the title filled in; it is sent to Wagtail's own address."""

    def dispatch(self, request: HttpRequest, parent_page_id: int) -> HttpResponseBase:
        kind = ObjectionCardPage._meta
        return super().dispatch(request, kind.app_label, kind.model_name, parent_page_id)

    def get(self, request: HttpRequest) -> HttpResponse:
        self.page.title = request.GET.get("title", "")[:255]
        return super().get(request)


class SearchesViewSet(ViewSet):
    name = "searches"
    icon = "search"

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", InVainView.as_view(), name="index"),
            path("results/", InVainView.as_view(results_only=True), name="results"),
            path("write-card/<int:parent_page_id>/", WriteCardView.as_view(), name="write_card"),
        ]


class InVainMenuItem(MenuItem):
    def is_shown(self, request: Any) -> bool:
        return POLICIES[SearchedWords].user_has_permission(request.user, "view")


def make_menu_item() -> MenuItem:
    return InVainMenuItem(
        InVainView.page_title, reverse("searches:index"), name="searched-in-vain", icon_name="search", order=740
    )
