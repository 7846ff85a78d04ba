"""Lists of materials and search in them, for one reader: nothing that they may not read is in any of them."""

import re
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page as ListPage
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet, Window
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from taggit.models import Tag

from portal.content.models import Product
from training.access import Reader
from training.models import (
    CoursePage,
    LessonPage,
    MaterialPage,
    MaterialTag,
    ObjectionCardPage,
    ObjectionGuidePage,
    ProductDocPage,
)

PER_PAGE = 24
#: As many as a reader looks through; whoever wants more adds a word.
SEARCH_LIMIT = 30
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
    Kind("guides", _("Objection guides"), ObjectionGuidePage, "objection"),
    Kind("cards", _("Objection cards"), ObjectionCardPage, "objection"),
)
#: Cards are many and are found through their guide: without a filter they would hide everything else.
SHELVES = (ProductDocPage, ObjectionGuidePage)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader has narrowed the library to."""

    kind: str = ""
    product: str = ""
    tag: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.kind or self.product or self.tag)


def list_materials(reader: Reader, choice: Choice, *, language: str, page: Any = 1) -> "ListPage[MaterialPage]":
    """One page of the library's materials in the reader's language, in the order of the site; one query."""
    found = reader.filter_open(MaterialPage.objects.filter(locale__language_code=language))
    kind = next((kind for kind in KINDS if kind.slug == choice.kind), None)
    if kind is not None:
        found = found.exact_type(kind.model)
    else:
        found = found.exact_type(*(SHELVES if not choice.narrowed else [kind.model for kind in KINDS]))
    if choice.product:
        found = found.filter(products__slug=choice.product)
    if choice.tag:
        found = found.filter(pk__in=MaterialTag.objects.filter(tag__slug=choice.tag).values("content_object"))
    return _cut(found.order_by("path"), page)


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
    """What the library can be narrowed by: (slug, name) of products and of tags."""

    products: list[tuple[str, str]]
    tags: list[tuple[str, str]]


def find_facets(reader: Reader, *, language: str) -> Facets:
    """Products and tags of what the reader may read, so that neither tells of a material that they may not.

    Two queries.
    """
    readable = reader.filter_open(MaterialPage.objects.filter(locale__language_code=language)).exact_type(
        *(kind.model for kind in KINDS)
    )
    products = Product.objects.filter(materials__in=readable.values("pk")).distinct()
    used = MaterialTag.objects.filter(content_object__in=readable.values("pk")).values("tag")
    tags = Tag.objects.filter(pk__in=used).order_by("name")[:TAG_LIMIT]
    return Facets(
        products=[(product.slug, product.name.in_language(language)) for product in products],
        tags=[(tag.slug, tag.name) for tag in tags],
    )


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found: cards with their answers, then materials, then lessons and courses; best first in each."""

    cards: list[ObjectionCardPage]
    materials: list[MaterialPage]
    studies: list[MaterialPage]
    loosened: bool = False  # nothing had all the words; these have some

    @property
    def total(self) -> int:
        return len(self.cards) + len(self.materials) + len(self.studies)


def search_materials(reader: Reader, words: str, *, language: str) -> Findings:
    """Search what the reader may read, in one language: all words first, and any of them if that finds nothing.

    At most three queries. The reader's rights are a condition of the search itself, not a sieve after it, so that no
    count or order tells of what is closed.
    """
    words = " ".join(words.split())[:200]
    if not words:
        return Findings([], [], [])
    readable = reader.filter_open(MaterialPage.objects.filter(locale__language_code=language))
    # page_ptr is the one column that Wagtail's search lets through with any condition.
    within = MaterialPage.objects.filter(page_ptr__in=readable.values("pk"))
    found = list(within.search(words, operator="and")[:SEARCH_LIMIT])
    loosened = not found
    if loosened:
        found = list(within.search(words, operator="or")[:SEARCH_LIMIT])
    kinds = {page.pk: page.specific_class for page in found}
    cards = ObjectionCardPage.objects.in_bulk([page.pk for page in found if kinds[page.pk] is ObjectionCardPage])
    return Findings(
        cards=[cards[page.pk] for page in found if page.pk in cards],
        materials=[page for page in found if kinds[page.pk] in {ProductDocPage, ObjectionGuidePage}],
        studies=[page for page in found if kinds[page.pk] in {CoursePage, LessonPage}],
        loosened=loosened and bool(found),
    )
