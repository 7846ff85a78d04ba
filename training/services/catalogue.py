"""Lists of materials for one reader: nothing that they may not read is in any of them.

A material without a live translation in the reader's language is listed in the site's own, ``settings.LANGUAGE_CODE``:
whoever shows it says so.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.paginator import Page as ListPage
from django.core.paginator import Paginator
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, When, Window
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from taggit.models import Tag

from portal.content.models import Product
from portal.partners.models import JobRole
from training.access import Reader
from training.models import (
    CallScriptPage,
    CaseStudyPage,
    MaterialPage,
    MaterialQuerySet,
    MaterialTag,
    ObjectionCardPage,
    ObjectionGuidePage,
    PriceListPage,
    ProductDocPage,
    StandardPage,
    VideoPage,
)

PER_PAGE = 24
TAG_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of material as the filter of the library names it."""

    slug: str
    label: str | Promise
    model: type[MaterialPage]
    icon: str


KINDS = (
    Kind("docs", _("Product docs"), ProductDocPage, "doc"),
    Kind("scripts", _("Call scripts"), CallScriptPage, "phone"),
    Kind("guides", _("Objection guides"), ObjectionGuidePage, "objection"),
    Kind("cards", _("Objection cards"), ObjectionCardPage, "objection"),
    Kind("standards", _("Standards"), StandardPage, "check"),
    Kind("prices", _("Price lists"), PriceListPage, "money"),
    Kind("cases", _("Case studies"), CaseStudyPage, "star"),
    Kind("videos", _("Videos"), VideoPage, "play"),
)
#: Cards are many and are found through their guide: without a filter they would hide everything else.
SHELVES = tuple(kind.model for kind in KINDS if kind.model is not ObjectionCardPage)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader has narrowed a list or a search to: slugs, and the code of a language."""

    kind: str = ""
    product: str = ""
    role: str = ""
    language: str = ""
    tag: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.kind or self.product or self.role or self.language or self.tag)


def find_readable(reader: Reader, choice: Choice, *, language: str) -> MaterialQuerySet:
    """What the reader may read of the library and the courses, each material once, narrowed to their choice.

    In the reader's language; without a translation into it, in the site's own. A language that was chosen stands for
    itself. Not yet asked of the database.
    """
    versions = in_language(MaterialPage.objects.all(), choice.language or language, alone=bool(choice.language))
    found: MaterialQuerySet = reader.filter_open(versions)
    kind = next((kind for kind in KINDS if kind.slug == choice.kind), None)
    if kind is not None:
        found = found.exact_type(kind.model)
    if choice.product:
        found = found.filter(products__slug=choice.product)
    if choice.role:
        found = found.filter(job_roles__slug=choice.role)
    if choice.tag:
        found = found.filter(pk__in=MaterialTag.objects.filter(tag__slug=choice.tag).values("content_object"))
    return found


def in_language(materials: QuerySet[MaterialPage], language: str, *, alone: bool = False) -> Any:
    """Each material in a language or, unless ``alone``, in the site's own where it has no live translation."""
    own = Q(locale__language_code=language)
    if alone or language == settings.LANGUAGE_CODE:
        return materials.filter(own)
    translation = MaterialPage.objects.filter(
        translation_key=OuterRef("translation_key"), locale__language_code=language, live=True
    )
    return materials.filter(own | (Q(locale__language_code=settings.LANGUAGE_CODE) & ~Exists(translation)))


def list_materials(reader: Reader, choice: Choice, *, language: str, page: Any = 1) -> "ListPage[MaterialPage]":
    """One page of the library's materials in the order of the site, those in the reader's language first; one query."""
    found = find_readable(reader, choice, language=language)
    if not any(kind.slug == choice.kind for kind in KINDS):
        found = found.exact_type(*([kind.model for kind in KINDS] if choice.narrowed else SHELVES))
    own_first = Case(When(locale__language_code=choice.language or language, then=0), default=1)
    return _cut(found.select_related("locale").order_by(own_first, "path"), page)


def _cut(found: QuerySet[MaterialPage], page: Any) -> "ListPage[MaterialPage]":
    """One page of a list together with its count, in one query; the first page for a number that there is not."""
    counted = found.annotate(found_in_all=Window(Count("pk")))
    # Nine digits: neither the database's offsets nor Python's own numbers end there.
    number = max(int(page), 1) if re.fullmatch(r"[0-9]{1,9}", str(page)) else 1
    rows = list(counted[(number - 1) * PER_PAGE : number * PER_PAGE])
    if not rows and number > 1:
        number, rows = 1, list(counted[:PER_PAGE])
    total = rows[0].found_in_all if rows else 0
    return ListPage(rows, number, Paginator(range(total), PER_PAGE))


@dataclass(frozen=True, slots=True)
class Facets:
    """What a list or search can be narrowed by: (slug, name) of each, with how many materials have it."""

    kinds: list[tuple[str, str, int]]
    products: list[tuple[str, str, int]]
    roles: list[tuple[str, str, int]]
    languages: list[tuple[str, str, int]]
    tags: list[tuple[str, str]]


def find_facets(reader: Reader, *, language: str) -> Facets:
    """What the materials that the reader may read are about, so that none tells of one that they may not.

    Five queries.
    """
    library = reader.filter_open(MaterialPage.objects.all()).exact_type(*(kind.model for kind in KINDS))
    readable = find_readable(reader, Choice(), language=language).exact_type(*(kind.model for kind in KINDS))
    ids = readable.order_by().values("pk")
    types = dict(readable.order_by().values_list("content_type__model").annotate(Count("pk")))
    languages = dict(library.order_by().values_list("locale__language_code").annotate(Count("pk")))
    used = MaterialTag.objects.filter(content_object__in=ids).values("tag")
    return Facets(
        kinds=[
            (kind.slug, str(kind.label), types[kind.model._meta.model_name])
            for kind in KINDS
            if kind.model._meta.model_name in types
        ],
        products=_count_rows(Product, ids, language),
        roles=_count_rows(JobRole, ids, language),
        languages=[(code, str(name), languages[code]) for code, name in settings.LANGUAGES if code in languages],
        tags=[(tag.slug, tag.name) for tag in Tag.objects.filter(pk__in=used).order_by("name")[:TAG_LIMIT]],
    )


def _count_rows(
    model: type[Product] | type[JobRole], ids: QuerySet[Any, Any], language: str
) -> list[tuple[str, str, int]]:
    """The vendor's rows that the materials name, in their order, with how many do."""
    rows = model.objects.filter(materials__in=ids).annotate(materials_number=Count("materials"))
    return [(row.slug, row.name.in_language(language), row.materials_number) for row in rows]
