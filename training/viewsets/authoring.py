"""The first page of the administration for those who write: a new material of each type in one click, and their drafts."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.template.context import Context
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from wagtail.admin.ui.components import Component
from wagtail.models import Page

from training.models import (
    CallScriptPage,
    CaseStudyPage,
    LibraryPage,
    MaterialPage,
    ObjectionCardPage,
    ObjectionGuidePage,
    PriceListPage,
    ProductDocPage,
    StandardPage,
    VideoPage,
)
from training.services.importing import find_places

#: The types in the order in which they are written oftenest, each with an icon of Wagtail's.
TYPES: list[tuple[type[MaterialPage], str]] = [
    (ObjectionCardPage, "openquote"),
    (CallScriptPage, "mobile-alt"),
    (ProductDocPage, "doc-full"),
    (StandardPage, "tasks"),
    (CaseStudyPage, "group"),
    (PriceListPage, "tag"),
    (VideoPage, "media"),
    (ObjectionGuidePage, "list-ul"),
]
DRAFTS_SHOWN = 7


@dataclass(frozen=True, slots=True)
class Way:
    """One click to a form."""

    label: str
    about: str
    url: str
    icon: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """What can be written in one library, with its guides."""

    title: str
    language: str
    is_first: bool
    ways: list[Way]
    import_url: str


class WritePanel(Component):
    """Write something new, go on with a draft of one's own, or bring a folder of texts."""

    name = "write"
    template_name = "training/admin/write.html"
    order = 40

    def __init__(self, request: HttpRequest) -> None:
        self.user: Any = request.user

    def get_context_data(self, parent_context: Any) -> Any:
        context = Context({}) if parent_context is None else parent_context
        shelves = self._find_shelves()
        return {
            "request": context.get("request"),
            "shelves": shelves,
            "drafts": self._find_drafts() if shelves else [],
        }

    def _find_shelves(self) -> list[Shelf]:
        """The libraries that the person may write in, that of their own language first."""
        places = find_places(self.user)
        libraries = [place for place in places if isinstance(place, LibraryPage)]
        libraries.sort(key=lambda library: library.locale.language_code != (get_language() or "").partition("-")[0])
        return [
            Shelf(
                title=library.title,
                language=str(library.locale),
                is_first=number == 0,
                ways=self._find_ways(library, [place for place in places if place.is_child_of(library)]),
                import_url=f"{reverse('material_imports:index')}?parent={library.pk}",
            )
            for number, library in enumerate(libraries)
        ]

    def _find_ways(self, library: Page, guides: list[Page]) -> list[Way]:
        ways = []
        for model, icon in TYPES:
            about = str(model.get_page_description())
            name = capfirst(str(model._meta.verbose_name))
            if model is ObjectionCardPage:
                for guide in guides:
                    label = (
                        name
                        if len(guides) == 1
                        else _("%(type)s in “%(guide)s”") % {"type": name, "guide": guide.title}
                    )
                    ways.append(Way(label, about, _find_form(model, guide), icon))
            elif model in type(library).creatable_subpage_models():
                ways.append(Way(name, about, _find_form(model, library), icon))
        return ways

    def _find_drafts(self) -> list[Any]:
        """What the person wrote last and has not published yet."""
        mine = Q(latest_revision__user=self.user) | Q(owner=self.user, latest_revision__isnull=True)
        drafts = MaterialPage.objects.filter(mine, has_unpublished_changes=True)
        return list(
            drafts.select_related("locale", "content_type").order_by("-latest_revision_created_at", "-pk")[
                :DRAFTS_SHOWN
            ]
        )


def _find_form(model: type[MaterialPage], parent: Page) -> str:
    return reverse("wagtailadmin_pages:add", args=[model._meta.app_label, model._meta.model_name, parent.pk])
