"""Which materials are translated, and which translations have fallen behind their source.

The source of a material is its page in ``settings.LANGUAGE_CODE``; of one that has none there, its oldest page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from wagtail_localize.models import TranslationSource

from training.models import Change, MaterialPage
from training.staleness import Edition, Standing, State, judge_translation

IN_WORDS = {
    "en": _("In English"),
    "ru": _("In Russian"),
    "fr": _("In French"),
    "zh-hans": _("In Chinese"),
}


def name_language(code: str) -> str:
    """That something is in a language, in the reader's words: “In English”."""
    return str(IN_WORDS[code]) if code in IN_WORDS else str(get_language_info(code)["name_local"])


@dataclass(frozen=True, slots=True)
class Translated:
    """One language of a material: how it stands, and the page, where there is one."""

    language: str
    standing: Standing
    page_id: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A material on the board: its source, and every language in the order of the settings.

    ``translation_source_id`` is wagtail-localize's, where it translates the material; None where it does not.
    """

    source: MaterialPage
    languages: tuple[Translated, ...]
    translation_source_id: int | None


def list_sources() -> Any:
    """The source of every material; those with a stale translation first, then those with a missing one.

    What ``training.staleness`` says of one pair of pages is said here of all, so that the board can be narrowed:
    ``behind`` and ``lacking`` are true where a live source has a stale translation, or a language is missing.
    """
    same = MaterialPage.objects.filter(translation_key=OuterRef("translation_key"))
    in_default = same.filter(locale__language_code=settings.LANGUAGE_CODE)
    sources = MaterialPage.objects.filter(
        Q(locale__language_code=settings.LANGUAGE_CODE)
        | (~Exists(in_default) & ~Exists(same.filter(pk__lt=OuterRef("pk"))))
    )
    whole: Any = Q(live=True)
    for code, _name in settings.LANGUAGES:
        whole &= Exists(same.filter(locale__language_code=code, alias_of=None))
    behind = Q(live=True) & Exists(stale_translations())
    return (
        sources.annotate(
            behind=Case(When(behind, then=True), default=False), lacking=Case(When(whole, then=False), default=True)
        )
        .select_related("locale")
        .order_by("-behind", "-lacking", "title", "pk")
    )


def stale_translations() -> Any:
    """Live translations that are older than the page of an outer query."""
    return MaterialPage.objects.filter(
        Q(last_published_at=None) | Q(last_published_at__lt=OuterRef("last_published_at")),
        translation_key=OuterRef("translation_key"),
        live=True,
        alias_of=None,
    )


def narrow_sources(sources: QuerySet[MaterialPage], *, state: str, language: str) -> QuerySet[MaterialPage]:
    """Materials with a translation in this state: into one language or, with an empty one, into any.

    An empty state is any that somebody has to do something about: stale, missing or a draft.
    """
    codes = [language] if language else [code for code, _name in settings.LANGUAGES]
    same = MaterialPage.objects.filter(translation_key=OuterRef("translation_key"), alias_of=None)
    wanted: Any = Q(pk=None)
    for code in codes:
        there = same.filter(locale__language_code=code)
        beside = ~Q(locale__language_code=code)
        stale = Q(live=True) & Exists(stale_translations().filter(locale__language_code=code))
        current = Exists(there.filter(live=True)) & ~stale
        match state:
            case "":
                wanted |= beside & ~current
            case State.MISSING:
                wanted |= beside & ~Exists(there)
            case State.DRAFT:
                wanted |= beside & Exists(there.filter(live=False))
            case State.STALE:
                wanted |= beside & stale
            case State.CURRENT:
                wanted |= beside & current
            case State.SOURCE:
                wanted |= ~beside
    return sources.filter(wanted)


def describe_rows(sources: Iterable[MaterialPage]) -> list[Row]:
    """The rows of the board for these sources. Three queries, however many they are."""
    pages = list(sources)
    keys = [page.translation_key for page in pages]
    editions: dict[tuple[UUID, str], MaterialPage] = {
        (page.translation_key, page.locale.language_code): page
        for page in MaterialPage.objects.filter(translation_key__in=keys).select_related("locale")
    }
    changes: dict[int, list[tuple[Any, bool]]] = {}
    published = Change.objects.filter(page__in=[page.pk for page in pages], is_first=False)
    for page_id, moment, material in published.values_list("page_id", "published_at", "is_material"):
        changes.setdefault(page_id, []).append((moment, material))
    localized = dict(TranslationSource.objects.filter(object_id__in=keys).values_list("object_id", "pk"))
    rows = []
    for page in pages:
        languages = []
        for code, _name in settings.LANGUAGES:
            edition = editions.get((page.translation_key, code))
            standing = Standing(State.SOURCE)
            if code != page.locale.language_code:
                standing = judge_translation(_describe(page), edition and _describe(edition), changes.get(page.pk, ()))
            elif not page.live:
                standing = Standing(State.DRAFT)
            languages.append(Translated(code, standing, edition.pk if edition else None))
        rows.append(Row(page, tuple(languages), localized.get(page.translation_key)))
    return rows


def _describe(page: MaterialPage) -> Edition:
    return Edition(page.live, page.last_published_at, copied=page.alias_of_id is not None)
