"""How cards fare on calls, the weakest first, with what customers said; and every rating of one card.

Staff read the words and the partner that heard them. No partner ever reads another's.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import django_filters
from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn, TitleColumn
from wagtail.admin.views.reports import ReportView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.widgets.button import HeaderButton

from portal.core.viewsets import PlainSheetMixin, ReadOnlyPermissionPolicy
from training.faring import AT_LEAST, WINDOW, Faring
from training.models import CardRating, ObjectionCardPage, ObjectionGuidePage
from training.services.ratings import WEAK, find_lines, list_cards_by_success, list_ratings

#: Registered with Wagtail by ``wagtail_hooks``: ratings are written by sellers and changed by nobody.
POLICIES = {CardRating: ReadOnlyPermissionPolicy(CardRating)}

DAYS = WINDOW // timedelta(days=1)


class CardsFilterSet(WagtailFilterSet):
    """What the list is narrowed to; the view itself asks for it, since the ratings that count depend on it."""

    guide = django_filters.ChoiceFilter(label=_("Guide"), method="leave", choices=list)
    language = django_filters.ChoiceFilter(label=_("Language"), method="leave", choices=settings.LANGUAGES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        guides: dict[str, str] = {}
        for key, title in ObjectionGuidePage.objects.order_by("pk").values_list("translation_key", "title"):
            guides.setdefault(str(key), title)
        self.filters["guide"].field.choices = list(guides.items())

    def leave(self, cards: Any, _name: str, _value: Any) -> Any:
        return cards

    class Meta:
        model = ObjectionCardPage
        fields: list[str] = []


class LinesColumn(Column):
    """What customers said, with whether the answer worked and the partner that heard it."""

    cell_template_name = "training/admin/lines.html"


class CardReportView(ReportView):
    """The cards by success."""

    model = CardRating
    permission_required = "view"
    page_title = _("How cards fare")
    header_icon = "openquote"
    index_url_name = "card_ratings:index"
    index_results_url_name = "card_ratings:results"
    filterset_class = CardsFilterSet
    verbose_name_plural = _("objection cards")
    export_headings = {
        "title": _("Objection"),
        "guide_title": _("Guide"),
        "locale.language_code": _("Language"),
        "rated": _("Calls rated"),
        "good": _("Worked"),
        "deals": _("Used in leads"),
        "won": _("Of these won"),
    }
    list_export = ["title", "guide_title", "locale.language_code", "rated", "good", "deals", "won"]

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn("title", label=_("Objection"), get_url=_edit_address),
            Column("guide_title", label=_("Guide")),
            Column("owner", label=_("Kept by"), accessor=lambda card: card.owner or ""),
            StatusTagColumn("standing", label=_("Standing"), primary=lambda card: card.place == WEAK),
            TitleColumn("success", label=_("Worked"), accessor=_write_success, get_url=_ratings_address),
            Column("deals", label=_("Leads"), accessor=_write_deals),
            LinesColumn("lines", label=_("What customers said")),
        ]

    @cached_property
    def chosen(self) -> dict[str, str]:
        return self.filters.form.cleaned_data if self.filters and self.filters.is_valid() else {}

    def get_base_queryset(self) -> Any:
        guide = self.chosen.get("guide")
        return list_cards_by_success(
            now=timezone.now(), language=self.chosen.get("language") or "", guide_key=UUID(guide) if guide else None
        )

    def decorate_paginated_queryset(self, object_list: Any) -> Any:
        cards = list(object_list)
        lines = find_lines(cards, language=self.chosen.get("language") or "")
        for card in cards:
            faring = Faring(card.rated, card.good)
            card.lines = lines[card.translation_key]
            card.standing = (
                gettext("weak") if card.place == WEAK else "" if faring.is_known else gettext("too few calls")
            )
        return cards


def _edit_address(card: ObjectionCardPage) -> str:
    return reverse("wagtailadmin_pages:edit", args=[card.pk])


def _ratings_address(card: Any) -> str | None:
    return reverse("card_ratings:card", args=[card.translation_key]) if card.rated else None


def _write_success(card: Any) -> str:
    if not card.rated:
        return gettext("not rated lately")
    return ngettext("%(good)s of %(rated)s call", "%(good)s of %(rated)s calls", card.rated) % {
        "good": card.good,
        "rated": card.rated,
    }


def _write_deals(card: Any) -> str:
    """ "used in 12 leads, 7 won"; nothing below the number from which it may be told."""
    if card.deals is None:
        return ngettext("fewer than %(least)s", "fewer than %(least)s", AT_LEAST) % {"least": AT_LEAST}
    return ngettext("used in %(deals)s lead, %(won)s won", "used in %(deals)s leads, %(won)s won", card.deals) % {
        "deals": card.deals,
        "won": card.won,
    }


class CardRatingsView(PlainSheetMixin, ReportView):
    """Every rating of one card, in all its languages."""

    model = CardRating
    permission_required = "view"
    page_title = _("Ratings of a card")
    header_icon = "openquote"
    verbose_name_plural = _("ratings of cards")
    columns = [
        DateColumn("rated_at", label=_("When"), width="15%"),
        StatusTagColumn(
            "worked",
            label=_("Answer"),
            accessor=lambda rating: gettext("worked") if rating.worked else gettext("did not work"),
            primary=lambda rating: rating.worked,
        ),
        Column("words", label=_("What the customer said"), width="45%"),
        Column("partner", label=_("Partner"), accessor="membership.partner"),
        Column("language", label=_("Language"), accessor="card.locale.language_name_local"),
    ]
    export_headings = {
        "rated_at": _("When"),
        "worked": _("Worked"),
        "words": _("What the customer said"),
        "membership.partner.name": _("Partner"),
        "card.locale.language_code": _("Language"),
    }
    list_export = ["rated_at", "worked", "words", "membership.partner.name", "card.locale.language_code"]

    @cached_property
    def card(self) -> ObjectionCardPage:
        card = ObjectionCardPage.objects.filter(translation_key=self.kwargs["card_key"]).order_by("-live", "pk").first()
        if card is None:
            raise Http404
        return card

    def get_page_subtitle(self) -> str:
        return self.card.title

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = {"url": reverse("card_ratings:index"), "label": CardReportView.page_title}
        items = super().get_breadcrumbs_items()
        return [*items[:-1], above, items[-1]]

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        return [HeaderButton(gettext("Edit the card"), url=_edit_address(self.card), icon_name="edit")]

    def get_index_url(self) -> str:
        return reverse("card_ratings:card", args=[self.kwargs["card_key"]])

    def get_base_queryset(self) -> Any:
        return list_ratings(self.card.translation_key)


class RatingsMenuItem(MenuItem):
    """Shown to whoever may open the report."""

    def is_shown(self, request: HttpRequest) -> bool:
        return POLICIES[CardRating].user_has_permission(request.user, "view")


class CardRatingsViewSet(ViewSet):
    """The two screens, in the menu of reports."""

    name = "card_ratings"
    icon = "openquote"
    menu_label = _("How cards fare")
    menu_order = 300
    menu_hook = "register_reports_menu_item"

    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        return RatingsMenuItem

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", CardReportView.as_view(model=CardRating), name="index"),
            path("results/", CardReportView.as_view(model=CardRating, results_only=True), name="results"),
            path("<uuid:card_key>/", CardRatingsView.as_view(), name="card"),
        ]
