"""Search in what one reader may read; the words that mean the same; what was searched for in vain.

The reader's rights are asked of the database once for each search. What they may read is given to the search itself,
so that neither order nor number tells of what is closed; and the pages found are fetched under the same condition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from wagtail.search.backends import get_search_backend

from portal.content.search.question import Hit, Match, Question
from portal.content.services.pages import find_content_version
from portal.content.words import LONG_ENOUGH, split_words
from training.access import Reader
from training.models import (
    CoursePage,
    LessonPage,
    MaterialPage,
    ObjectionCardPage,
    Reading,
    SearchedWords,
    Synonym,
)
from training.services.catalogue import SHELVES, Choice, find_readable, in_language
from training.synonyms import MOST_WORDS, Group, Term, correct, expand, put_right, read_group

#: As many as a reader looks through; whoever wants more adds a word.
SEARCH_LIMIT = 30
SUGGESTIONS = 7
RECENT = 8
#: Titles that are looked through for the word that was meant.
TITLES_LIKE = 30
LONGEST = 200
#: Words nobody has searched for since are forgotten.
REMEMBERED = timedelta(days=180)
#: Seconds. What is kept is found again only under the same content version; this merely empties the cache.
KEPT = 3600


class Loosening(StrEnum):
    """What it took to find something."""

    NONE = "none"
    SYNONYMS = "synonyms"
    MEANT = "meant"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found: cards with their answers, then materials, then lessons and courses; best first in each.

    Attributes:
        instead: what was looked for in place of the typed words: the expressions of a synonym, or the words meant.
    """

    cards: Sequence[ObjectionCardPage] = ()
    materials: Sequence[MaterialPage] = ()
    studies: Sequence[MaterialPage] = ()
    loosening: Loosening = Loosening.NONE
    instead: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return len(self.cards) + len(self.materials) + len(self.studies)

    @property
    def whole(self) -> int:
        """How many places answer all that was asked: those with some of the words answer something else."""
        return 0 if self.loosening is Loosening.SOME else self.total


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What a search would find, while the words are still being typed: the first card with its answer, and titles."""

    card: ObjectionCardPage | None = None
    pages: Sequence[MaterialPage] = ()


def search_materials(reader: Reader, words: str, *, language: str, choice: Choice | None = None) -> Findings:
    """Search what the reader may read: all words; with what means the same; as they were likely meant; any of them.

    Each step is taken only when the one before has found nothing. At most eleven queries, and commonly five, however
    many materials there are.
    """
    choice = choice or Choice()
    asked = split_words(words[:LONGEST])[:MOST_WORDS]
    if not asked:
        return Findings()
    tongue = choice.language or language
    among = _gather(reader, choice, language)
    groups = find_synonyms(tongue)
    terms = expand(asked, groups)
    backend = get_search_backend()

    def ask(terms: tuple[Term, ...], match: Match = Match.ALL) -> list[Hit]:
        question = Question(terms, tongue, match)
        hits: list[Hit] = backend.find(question, model=MaterialPage, among=among, limit=SEARCH_LIMIT)
        return hits

    instead: tuple[str, ...] = ()
    hits, loosening = ask(terms), Loosening.NONE
    if hits and not any(hit.exact for hit in hits):
        loosening, instead = Loosening.SYNONYMS, _list_others(terms)
    if not hits:
        meant = _find_meant(asked, tongue, among)
        if meant:
            terms, instead = put_right(asked, meant, groups), tuple(right[0] for right in meant.values())
            hits, loosening = ask(terms), Loosening.MEANT
        if not hits and len(terms) > 1:
            hits, loosening = ask(terms, Match.ANY), Loosening.SOME
    return _fetch(reader, hits, loosening=loosening, instead=instead)


def suggest(reader: Reader, words: str, *, language: str) -> Suggestions:
    """What could be meant while it is typed; a last word that no space follows may be a beginning. At most ten queries."""
    asked = split_words(words[:LONGEST])[:MOST_WORDS]
    if not asked or len("".join(asked)) < 2:
        return Suggestions()
    among = _gather(reader, Choice(), language)
    groups = find_synonyms(language)
    question = Question(expand(asked, groups), language, unfinished=not words[-1:].isspace())
    backend = get_search_backend()
    hits: list[Hit] = backend.find(question, model=MaterialPage, among=among, limit=SUGGESTIONS)
    if not hits and (meant := _find_meant(asked, language, among)):
        question = Question(put_right(asked, meant, groups), language)
        hits = backend.find(question, model=MaterialPage, among=among, limit=SUGGESTIONS)
    found = _fetch(reader, hits)
    return Suggestions(
        card=found.cards[0] if found.cards else None,
        pages=[*found.cards[1:], *found.materials, *found.studies],
    )


def find_synonyms(language: str) -> list[Group]:
    """The groups of expressions that mean the same in a language; one query, so that a change counts at once."""
    return [read_group(words) for words in Synonym.objects.filter(language=language).values_list("words", flat=True)]


def find_recent(reader: Reader, *, language: str) -> list[MaterialPage]:
    """What the reader has read lately and may still read, last first; in their language where it is translated.

    Two queries.
    """
    lately = Reading.objects.filter(user=reader.user.pk, last_read_at__isnull=False).order_by("-last_read_at")
    keys = list(lately.values_list("material_key", flat=True)[: RECENT * 2])
    readable = reader.filter_open(in_language(MaterialPage.objects.filter(translation_key__in=keys), language))
    found = {page.translation_key: page for page in readable.select_related("locale")}
    return [found[key] for key in keys if key in found][:RECENT]


@transaction.atomic
def record_search(words: str, *, language: str, found: int, now: datetime) -> None:
    """Count that these words were searched for, and how much they found. Nothing is kept of who did; one query."""
    asked = " ".join(split_words(words[:LONGEST]))[:LONGEST]
    if len(asked) < 2:
        return
    moment = SearchedWords._meta.get_field("last_at").get_db_prep_value(now, connection)
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [language, asked, found, moment])


#: One statement, so that two searches at once are both counted.
COUNT = """
    INSERT INTO training_searchedwords (language, words, times, found, last_at) VALUES (%s, %s, 1, %s, %s)
    ON CONFLICT (language, words) DO UPDATE SET
        times = training_searchedwords.times + 1, found = excluded.found, last_at = excluded.last_at
"""


def forget_searches(*, now: datetime) -> int:
    """Forget words that nobody has searched for in half a year; how many they were."""
    number, _by_model = SearchedWords.objects.filter(last_at__lt=now - REMEMBERED).delete()
    return number


def _gather(reader: Reader, choice: Choice, language: str) -> str:
    """The ids of what the reader may read, set apart by commas.

    Kept for all to whom the same audiences are open, until anything is published or edited. What a change beside
    Wagtail's log would leave in it is not shown all the same: pages that were found are fetched by the rule itself.
    """
    rights = "all" if reader.reads_all else "-".join(str(number) for number in sorted(reader.audience_ids))
    if not reader.reads_all and reader.membership is None:
        return ""
    state = f"{rights}:{choice}:{language}:{find_content_version()}"
    key = f"training:readable:{sha256(state.encode()).hexdigest()[:32]}"
    kept: str | None = cache.get(key)
    if kept is None:
        kept = str(get_search_backend().gather(find_readable(reader, choice, language=language)))
        cache.set(key, kept, KEPT)
    return kept


def _find_meant(asked: list[str], language: str, among: str) -> dict[str, tuple[str, ...]]:
    """The words of readable titles that misspelt words were likely meant to be; at most three queries."""
    words = [word for word in asked if len(word) >= LONG_ENOUGH - 1 and word.isalpha()]
    titles = get_search_backend().find_titles_like(
        words, language=language, model=MaterialPage, among=among, limit=TITLES_LIKE
    )
    return correct(words, titles)


def _list_others(terms: tuple[Term, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(other for _typed, *others in terms for other in others))


def _fetch(
    reader: Reader, hits: Sequence[Hit], *, loosening: Loosening = Loosening.NONE, instead: tuple[str, ...] = ()
) -> Findings:
    """The pages that were found, in their order, as far as the reader may read them; at most two queries."""
    card_ids = [hit.pk for hit in hits if hit.model is ObjectionCardPage]
    other_ids = [hit.pk for hit in hits if hit.model is not ObjectionCardPage]
    cards = _fetch_pages(reader, ObjectionCardPage.objects.all(), card_ids)
    others = _fetch_pages(reader, MaterialPage.objects.all(), other_ids)
    if not cards and not others:
        return Findings()
    return Findings(
        cards=cards,
        materials=[page for page in others if page.specific_class in SHELVES],
        studies=[page for page in others if page.specific_class in {CoursePage, LessonPage}],
        loosening=loosening,
        instead=instead,
    )


def _fetch_pages(reader: Reader, pages: Any, ids: Sequence[int]) -> list[Any]:
    if not ids:
        return []
    found = reader.filter_few_open(pages.filter(pk__in=ids)).select_related("locale").in_bulk()
    return [found[pk] for pk in ids if pk in found]
