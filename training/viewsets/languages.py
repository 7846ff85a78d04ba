"""What is translated into which language, and what has fallen behind."""

from typing import Any

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin.filters import ContentTypeFilter, WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.reports import ReportView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.models import get_page_content_types

from training.access import may_translate
from training.models import MaterialPage
from training.services.languages import Row, Translated, describe_rows, list_sources, narrow_sources
from training.staleness import State

STATES = {
    State.STALE: pgettext_lazy("translation", "Behind its source"),
    State.MISSING: pgettext_lazy("translation", "Missing"),
    State.DRAFT: pgettext_lazy("translation", "Draft"),
    State.CURRENT: pgettext_lazy("translation", "Up to date"),
    State.SOURCE: pgettext_lazy("translation", "Source"),
}


class LanguagesFilterSet(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        method="leave",
        choices=[(state.value, words) for state, words in STATES.items() if state is not State.SOURCE],
    )
    language = django_filters.ChoiceFilter(label=gettext_lazy("Language"), method="leave", choices=settings.LANGUAGES)
    content_type = ContentTypeFilter(
        label=gettext_lazy("Type"),
        queryset=lambda _request: get_page_content_types(include_base_page_type=False).filter(
            pk__in=MaterialPage.objects.values("content_type")
        ),
    )

    def leave(self, pages: QuerySet[MaterialPage], _name: str, _value: str) -> QuerySet[MaterialPage]:
        """The two are asked together: see ``filter_queryset``."""
        return pages

    def filter_queryset(self, queryset: QuerySet[MaterialPage]) -> QuerySet[MaterialPage]:
        pages = super().filter_queryset(queryset)
        state, language = (self.form.cleaned_data.get(name) or "" for name in ("state", "language"))
        if not state and not language:
            return pages
        return narrow_sources(pages, state=state, language=language)

    class Meta:
        model = MaterialPage
        fields: list[str] = []


class LanguageColumn(Column):
    """How one language of the material stands, with the way to mend it."""

    cell_template_name = "training/admin/language.html"

    def __init__(self, language: str, **kwargs: Any) -> None:
        super().__init__(f"language_{language}", **kwargs)
        self.language = language

    def get_value(self, instance: Any) -> Translated:
        row: Row = instance.row
        return next(one for one in row.languages if one.language == self.language)

    def get_cell_context_data(self, instance: Any, parent_context: Any) -> dict[str, Any]:
        context = super().get_cell_context_data(instance, parent_context)
        one: Translated = context["value"]
        return context | {"label": STATES[one.standing.state], **find_way(instance.row, one)}


def find_way(row: Row, one: Translated) -> dict[str, str]:
    """Where the state is mended, with what to call it."""
    state = one.standing.state
    if state is State.MISSING:
        return {"url": reverse("wagtail_localize:submit_page_translation", args=[row.source.pk]), "act": _("Translate")}
    if state is State.STALE and row.translation_source_id:
        return {
            "url": reverse("wagtail_localize:update_translations", args=[row.translation_source_id]),
            "act": _("Bring the changes over"),
        }
    if state in {State.STALE, State.DRAFT} and one.page_id:
        return {"url": reverse("wagtailadmin_pages:edit", args=[one.page_id]), "act": _("Edit")}
    return {}


class LanguagesView(ReportView):
    """One row for each material, one column for each language."""

    model = MaterialPage
    any_permission_required = ["add", "change", "publish"]
    page_title = gettext_lazy("Languages of materials")
    header_icon = "wagtail-localize-language"
    index_url_name = "material_languages:index"
    index_results_url_name = "material_languages:results"
    filterset_class = LanguagesFilterSet
    verbose_name_plural = gettext_lazy("materials")
    is_searchable = True
    search_backend_name = None
    search_fields = ["title"]
    list_export = ["title", "kind_label", *(f"language_{code}" for code, _name in settings.LANGUAGES)]
    export_headings = {
        "title": gettext_lazy("Material"),
        "kind_label": gettext_lazy("Type"),
        **{f"language_{code}": name for code, name in settings.LANGUAGES},
    }

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn(
                "title", label=_("Material"), get_url=lambda page: reverse("wagtailadmin_pages:edit", args=[page.pk])
            ),
            Column("kind_label", label=_("Type")),
            *(LanguageColumn(code, label=name) for code, name in settings.LANGUAGES),
        ]

    def get_base_queryset(self) -> QuerySet[MaterialPage]:
        return list_sources()

    def decorate_paginated_queryset(self, object_list: Any) -> list[MaterialPage]:
        pages = list(object_list)
        for page, row in zip(pages, describe_rows(pages), strict=True):
            page.row = row
            for one in row.languages:  # for the spreadsheet
                setattr(page, f"language_{one.language}", write_standing(one))
        return pages


def write_standing(one: Translated) -> str:
    """The state in words, with its day."""
    words = str(STATES[one.standing.state])
    since = one.standing.since
    return f"{words}, {date_format(since, 'SHORT_DATE_FORMAT')}" if since else words


class LanguagesMenuItem(MenuItem):
    def is_shown(self, request: Any) -> bool:
        return may_translate(request.user)


class LanguagesViewSet(ViewSet):
    name = "material_languages"
    icon = "wagtail-localize-language"

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", LanguagesView.as_view(), name="index"),
            path("results/", LanguagesView.as_view(results_only=True), name="results"),
        ]


def make_menu_item() -> MenuItem:
    return LanguagesMenuItem(
        LanguagesView.page_title,
        reverse("material_languages:index"),
        name="material-languages",
        icon_name="wagtail-localize-language",
        order=730,
    )
