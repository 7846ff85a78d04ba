"""Case studies in figures, for one reader: a list that can be narrowed, sorted and compared."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Q, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.content.models import Product
from training.access import Reader
from training.comparing import Figure, Figures, Group, find_best, share_currency, sort_cases
from training.models import CaseStudyPage, Industry
from training.services.catalogue import in_language

#: So many cases can be read side by side.
FEWEST, MOST = 2, 4


@dataclass(frozen=True, slots=True)
class Size:
    """A customer's size as the filter names it: from so many people to so many; None is without end."""

    slug: str
    label: str | Promise
    least: int
    most: int | None


SIZES = (
    Size("small", _("Up to 20 people"), 0, 20),
    Size("medium", _("21 to 100 people"), 21, 100),
    Size("large", _("More than 100 people"), 101, None),
)


@dataclass(frozen=True, slots=True)
class CaseChoice:
    """What the reader has narrowed the cases to, how they are sorted, and which are to be compared."""

    industry: str = ""
    size: str = ""
    product: str = ""
    figure: Figure | None = None
    descending: bool = False
    keys: tuple[str, ...] = ()

    @property
    def narrowed(self) -> bool:
        return bool(self.industry or self.size or self.product)


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Cases that can be compared with each other, in order; the currency is empty unless they are sorted by money."""

    currency: str
    cases: tuple[CaseStudyPage, ...]


@dataclass(frozen=True, slots=True)
class CaseList:
    """The cases that were asked for.

    ``chosen`` are those to stand side by side, each with its figures, in the order in which the list has them; ``best``
    names for each figure the keys of those that are best by it.
    """

    groups: tuple[CaseGroup, ...]
    total: int
    chosen: tuple[tuple[CaseStudyPage, Figures], ...]
    best: dict[Figure, frozenset[str]]
    one_currency: bool
    industries: list[tuple[str, str]]
    products: list[tuple[str, str]]


def describe_figures(case: CaseStudyPage) -> Figures:
    """The figures of a case as :mod:`training.comparing` takes them."""
    return Figures(
        key=str(case.translation_key),
        days=case.days_to_first_sale,
        hours=case.effort_hours,
        people=case.employees,
        earned=case.earned_minor,
        currency=case.currency if case.earned_minor is not None else "",
    )


def list_cases(reader: Reader, choice: CaseChoice, *, language: str) -> CaseList:
    """The cases that the reader may read, as they chose; at most four queries, however many there are.

    Each in the reader's language or, without a translation into it, in the site's own.

    What is to be compared stays chosen when the list is narrowed. Industries and products are offered only as far as
    the reader may read a case of them.
    """
    readable = reader.filter_open(in_language(CaseStudyPage.objects.all(), language))
    own_first = Case(When(locale__language_code=language, then=0), default=1)
    found = _narrow(readable, choice).select_related("industry", "locale").defer("body")
    cases = list(found.order_by(own_first, "path"))
    chosen = [case for case in cases if str(case.translation_key) in choice.keys]
    missing = set(choice.keys) - {str(case.translation_key) for case in chosen}
    if missing:
        chosen += readable.filter(translation_key__in=missing).select_related("industry", "locale").defer("body")
    figures = [describe_figures(case) for case in chosen]
    industries = Industry.objects.filter(pk__in=readable.order_by().values("industry"))
    products = Product.objects.filter(materials__in=readable.order_by().values("pk")).distinct()
    return CaseList(
        groups=tuple(_sort(cases, choice)),
        total=len(cases),
        chosen=tuple(zip(chosen, figures, strict=True)),
        best={figure: find_best(figures, figure) for figure in Figure},
        one_currency=share_currency(figures),
        industries=[(row.slug, row.name.in_language(language)) for row in industries],
        products=[(row.slug, row.name.in_language(language)) for row in products],
    )


def _narrow(cases: Any, choice: CaseChoice) -> Any:
    if choice.industry:
        cases = cases.filter(industry__slug=choice.industry)
    if choice.product:
        cases = cases.filter(products__slug=choice.product)
    size = next((size for size in SIZES if size.slug == choice.size), None)
    if size is not None:
        within = Q(employees__gte=size.least)
        cases = cases.filter(within & Q(employees__lte=size.most) if size.most else within)
    return cases


def _sort(cases: Collection[CaseStudyPage], choice: CaseChoice) -> list[CaseGroup]:
    if choice.figure is None:
        return [CaseGroup("", tuple(cases))] if cases else []
    by_key = {str(case.translation_key): case for case in cases}
    groups: list[Group] = sort_cases(map(describe_figures, cases), choice.figure, descending=choice.descending)
    return [CaseGroup(group.currency, tuple(by_key[figures.key] for figures in group.cases)) for group in groups]
