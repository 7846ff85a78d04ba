"""Which parts of the library the bank tests: blocks that nobody tests, and those tested over and over. Read only."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from certification.models import Citation, VersionState
from training.models import MaterialPage

#: From so many approved questions on a block is tested over and over, unless the reader says otherwise.
OVER_TESTED = 5


class Tested(StrEnum):
    NEVER = "never"
    TESTED = "tested"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Row:
    """A block of a material, or the material as a whole where ``block`` is empty.

    Attributes:
        approved: how many approved questions cite it.
        coming: how many more cite it in a draft or in review.
        whole: how many approved questions cite the material as a whole.
    """

    page: MaterialPage
    products: str
    block: str
    heading: str
    approved: int
    coming: int
    whole: int
    state: Tested


def list_coverage(
    *, language: str = "", product_id: int | None = None, type_id: int | None = None, threshold: int = OVER_TESTED
) -> list[Row]:
    """Every section of every live material with the questions that cite it; as many queries whatever their number.

    Args:
        language: that of the materials; what a question cites is the same in every language.
        type_id: the content type of the materials.
        threshold: from how many approved questions on a block is tested over and over.
    """
    pages = MaterialPage.objects.filter(live=True, locale__language_code=language or settings.LANGUAGE_CODE)
    if product_id is not None:
        pages = pages.filter(products=product_id)
    if type_id is not None:
        pages = pages.filter(content_type=type_id)
    counts = count_citations()
    products = _name_products(pages)
    rows = []
    for page in sorted(pages.specific(), key=lambda page: page.title.casefold()):
        sections: Sequence[Any] = page.sections
        whole = counts.get((page.translation_key, ""), (0, 0))
        for block, heading in [("", ""), *((part.block_id or part.anchor, part.heading) for part in sections)]:
            approved, coming = counts.get((page.translation_key, block), (0, 0))
            if not block and sections and not approved and not coming:
                continue  # its sections say it all
            state = Tested.NEVER if not approved else Tested.OVER if approved >= threshold else Tested.TESTED
            rows.append(Row(page, products.get(page.pk, ""), block, heading, approved, coming, whole[0], state))
    return rows


def count_citations() -> dict[tuple[Any, str], tuple[int, int]]:
    """By material and block how many questions cite it: in an approved version, and in one that may yet be; one query."""
    approved = Q(version__state=VersionState.APPROVED)
    coming = Q(version__state__in=[VersionState.DRAFT, VersionState.IN_REVIEW])
    rows = (
        Citation.objects.filter(approved | coming)
        .order_by()
        .values_list("material_key", "block_id")
        .annotate(
            approved=Count("version__question", filter=approved, distinct=True),
            coming=Count("version__question", filter=coming, distinct=True),
        )
    )
    return {(key, block): (is_approved, is_coming) for key, block, is_approved, is_coming in rows}


def _name_products(pages: Any) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for page in pages.prefetch_related("products"):
        found[page.pk] = [str(product) for product in page.products.all()]
    return {pk: ", ".join(names) for pk, names in found.items()}
