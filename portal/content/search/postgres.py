"""Full text in PostgreSQL, with the configuration of each page's language.

The column ``body`` of an index row holds everything that is said on the page, weighted: A the title, B what is boosted
(a card's answer, what is in short, tags), D the rest; so one index finds and one number ranks. ``title_text`` is the
folded title, for similarity by trigrams.
"""

import re
from collections.abc import Sequence
from functools import reduce
from operator import add, and_, or_
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.aggregates import BoolOr, StringAgg
from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramWordSimilarity
from django.db import connection
from django.db.models import BooleanField, Case, F, FloatField, Func, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast
from django.utils.functional import cached_property
from modelsearch.backends.database.postgres.postgres import (
    EMPTY_VECTOR,
    ObjectIndexer,
    PostgresAutocompleteQueryCompiler,
    PostgresIndex,
    PostgresSearchBackend,
    PostgresSearchQueryCompiler,
)
from modelsearch.backends.database.postgres.query import Lexeme
from modelsearch.index import AutocompleteField, SearchField
from modelsearch.utils import get_descendants_content_types_pks
from wagtail.models import Locale
from wagtail.search.models import IndexEntry

from portal.content.search.question import MOST_WORDS, Hit, Match, Question, fold_query
from portal.content.words import fold

#: PostgreSQL's own dictionaries by language; a language without one is searched word by word as it is written.
CONFIGURATIONS = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nb": "norwegian", "nl": "dutch", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
PLAIN = "simple"

#: What a dictionary takes for another word, and what it is to be given instead, in texts and questions alike. The Russian
#: one cuts “дорого” to “дор”, as if “-ого” were the ending of an adjective, and so would not find “дорогой”.
MISTAKEN = {"russian": (re.compile(r"\b((?:не)?(?:дорог|строг|убог)о)\b"), r"\1й")}

#: What a word counts for by its weight, from D to A: no number of words of the text outdoes one of the title.
WEIGHTS = "{0.05,0.2,0.4,1}"
#: A tsvector ends at a megabyte; who searches for the last words of a transcript of nine hours?
LONGEST = 200_000
#: From which share of common trigrams a word of a title is like the one asked for. Misspellings of one or two letters
#: stand above it; so do other words, which whoever asks sorts out.
ALIKE = 0.3


def choose_configuration(language: str) -> str:
    """PostgreSQL's text search configuration for a language code such as ``en`` or ``pt-br``."""
    return CONFIGURATIONS.get(language.split("-")[0], PLAIN)


def avoid_mistakes(text: str, configuration: str) -> str:
    """The text as the configuration's dictionary understands it rightly."""
    if configuration not in MISTAKEN:
        return text
    pattern, right = MISTAKEN[configuration]
    return pattern.sub(right, text)


def list_configurations() -> list[str]:
    """The configurations of the site's languages, and the plain one of what has no language."""
    return list(dict.fromkeys([*(choose_configuration(code) for code, _name in settings.LANGUAGES), PLAIN]))


def tells_similarity() -> bool:
    """Whether the database has trigrams: the migration says what to do where it has not. Asked once, while it has not."""
    if not _extensions.get(connection.settings_dict["NAME"]):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
            _extensions[connection.settings_dict["NAME"]] = cursor.fetchone() is not None
    return _extensions[connection.settings_dict["NAME"]]


_extensions: dict[str, bool] = {}


# --- What is kept -----------------------------------------------------------------------------------------------------


class Indexer(ObjectIndexer):
    """What is kept of one object; each field is read once."""

    def __init__(self, obj: Any, backend: "SearchBackend", configuration: str) -> None:
        super().__init__(obj, backend)
        self.config = configuration

    def prepare_value(self, value: Any) -> str:
        return fold(super().prepare_value(value)).strip()[:LONGEST]

    def as_vector(self, texts: list[tuple[str, str]], for_autocomplete: bool = False) -> Any:
        if not for_autocomplete:
            texts = [(avoid_mistakes(text, self.config), weight) for text, weight in texts]
        return super().as_vector(texts, for_autocomplete=for_autocomplete)

    @cached_property
    def parts(self) -> list[tuple[Any, str]]:
        """Each field with its text."""
        return [
            (part, text)
            for field in self.search_fields
            for part, _weight, text in self.prepare_field(self.obj, field)
            if text
        ]

    @cached_property
    def titles(self) -> list[str]:
        return [text for part, text in self.parts if isinstance(part, SearchField) and part.field_name == "title"]

    @cached_property
    def title(self) -> Any:
        return self.as_vector([(text, "A") for text in self.titles])

    @cached_property
    def title_text(self) -> str:
        return " ".join(self.titles)

    @cached_property
    def body(self) -> Any:
        """Everything, the title too."""
        left = LONGEST
        texts = []
        for part, text in self.parts:
            if isinstance(part, SearchField) and left > 0:
                weight = "A" if part.field_name == "title" else "B" if (part.boost or 1) > 1 else "D"
                texts.append((text[:left], weight))
                left -= len(text)
        return self.as_vector(texts)

    @cached_property
    def autocomplete(self) -> Any:
        texts = [(text, "D") for part, text in self.parts if isinstance(part, AutocompleteField)]
        return self.as_vector(texts, for_autocomplete=True) if texts else EMPTY_VECTOR


class Index(PostgresIndex):
    def add_items(self, model: type[Any], objs: list[Any]) -> None:
        """Make or renew the index rows of objects of one model: two queries."""
        if not objs or not model.get_search_fields():
            return
        languages = dict(Locale.objects.values_list("pk", "language_code"))
        content_type = ContentType.objects.get_for_model(model)
        rows = []
        for obj in objs:
            language = languages.get(getattr(obj, "locale_id", None), "")
            indexer = Indexer(obj, self.backend, choose_configuration(language))
            rows.append(
                IndexEntry(
                    content_type=content_type,
                    object_id=indexer.id,
                    title=indexer.title,
                    autocomplete=indexer.autocomplete,
                    body=indexer.body,
                    title_text=indexer.title_text,
                )
            )
        self.entries.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["content_type", "object_id"],
            update_fields=["title", "autocomplete", "body", "title_text"],
        )

    def _refresh_title_norms(self, full: bool = False) -> None:
        """Not kept: the rank needs no second look at the whole table each time that a page is published."""


# --- What is asked ----------------------------------------------------------------------------------------------------


class Compiler(PostgresSearchQueryCompiler):
    """Plain words, as the administration asks them: in every language of the site."""

    query: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sql_weights = WEIGHTS

    def get_index_vectors(self, search_query: Any) -> list[tuple[Any, float]]:  # noqa: ARG002 -- Wagtail's signature
        return [(F("index_entries__body"), 1.0)]

    def build_tsquery(self, query: Any, config: str | None = None) -> Any:
        configurations = [config] if config else list_configurations()
        return reduce(or_, [self.build_tsquery_content(query, config=name) for name in configurations])

    def search(self, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        self.query = fold_query(self.query)
        return super().search(*args, **kwargs) if self.query else self.queryset.none()


class AutocompleteCompiler(PostgresAutocompleteQueryCompiler):
    query: Any

    def search(self, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        self.query = fold_query(self.query)
        return super().search(*args, **kwargs) if self.query else self.queryset.none()


class SearchBackend(PostgresSearchBackend):
    """Wagtail's backend, and the questions of a reader.

    What may be found is given with each question as the ids of pages, set apart by commas: whoever asks knows the
    reader's rights, and a page beside them takes no part in what is found, in its order or its number.
    """

    index_class = Index
    query_compiler_class = Compiler
    autocomplete_query_compiler_class = AutocompleteCompiler

    def gather(self, pages: QuerySet[Any]) -> str:
        """The ids of pages, set apart by commas, as the questions name them: thousands are one value; one query."""
        found = pages.order_by().aggregate(ids=StringAgg(Cast("pk", TextField()), ","))
        return found["ids"] or ""

    def find(self, question: Question, *, model: type[Any], among: str, limit: int) -> list[Hit]:
        """The best places among some pages, best first; one query."""
        if not question.terms or not among:
            return []
        configuration = choose_configuration(question.language)
        terms = [ask_term(term, configuration) for term in question.terms]
        wanted = reduce(and_ if question.match is Match.ALL else or_, terms)
        condition = Q(body=wanted)
        rank: Any = SearchRank(F("body"), wanted, weights=WEIGHTS)
        exact: Any = Value(True)
        if any(len(term) > 1 for term in question.terms):
            own = reduce(and_, [ask_term(term[:1], configuration) for term in question.terms])
            exact = Case(When(body=own, then=Value(True)), default=Value(False))
            rank += count_if(Q(body=own), 1.0)
        if question.unfinished:
            words = [word for term in question.terms for word in term[0].split()]
            begun = SearchQuery(
                reduce(and_, [Lexeme(word, prefix=True) for word in words]), search_type="raw", config=PLAIN
            )
            condition |= Q(autocomplete=begun)
            rank += count_if(Q(autocomplete=begun), 2.0)
        if question.match is Match.ANY:
            # A long word in a title says more than a short one: it is rarer.
            for alternatives, term in zip(question.terms, terms, strict=True):
                rank += count_if(Q(title=term), len(alternatives[0]) / 10)
        found = self._among(model, among).filter(condition).annotate(exact=exact).order_by(rank.desc(), "-pk")
        return [
            Hit(int(key), ContentType.objects.get_for_id(kind).model_class(), exact)
            for key, kind, exact in found.values_list("object_id", "content_type", "exact")[:limit]
        ]

    def find_titles_like(
        self, words: Sequence[str], *, language: str, model: type[Any], among: str, limit: int
    ) -> list[str]:
        """Folded titles with words like those that no title among the pages has, the most alike first.

        At most three queries. Empty where the database knows no trigrams: the migration has said what to do about it.
        """
        if not words or not among or not tells_similarity():
            return []
        words = words[:MOST_WORDS]
        titles = self._among(model, among)
        asked = {f"word_{number}": SearchQuery(word, search_type="phrase", config=choose_configuration(language))
                 for number, word in enumerate(words)}  # fmt: skip
        known = titles.filter(title=reduce(or_, asked.values())).aggregate(
            **{name: BoolOr(Q(title=word)) for name, word in asked.items()}
        )
        strange = [word for word, name in zip(words, asked, strict=True) if not known[name]]
        if not strange:
            return []
        with connection.cursor() as cursor:
            # The operator, which alone uses the index, looks here.
            cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, false)", [str(ALIKE)])
        like = reduce(or_, [Q(title_text__trigram_word_similar=word) for word in strange])
        alike = reduce(add, [TrigramWordSimilarity(word, "title_text") for word in strange])
        return list(titles.filter(like).order_by(alike.desc(), "-pk").values_list("title_text", flat=True)[:limit])

    @staticmethod
    def _among(model: type[Any], among: str) -> QuerySet[IndexEntry]:
        return IndexEntry.objects.filter(
            IsAmong(F("object_id"), Value(among)), content_type__in=get_descendants_content_types_pks(model)
        )


class IsAmong(Func):
    """Whether a value is among those set apart by commas."""

    arg_joiner = " = ANY(string_to_array("
    template = "%(expressions)s, ','))"
    output_field = BooleanField()


def ask_term(alternatives: tuple[str, ...], configuration: str) -> Any:
    """A term as the database asks it: the words that were typed, anywhere, or an expression that may stand for them."""
    typed, *others = (avoid_mistakes(words, configuration) for words in alternatives)
    return reduce(
        or_,
        [SearchQuery(words, search_type="phrase", config=configuration) for words in others],
        SearchQuery(typed, search_type="plain", config=configuration),
    )


def count_if(condition: Q, points: float) -> Case:
    return Case(When(condition, then=Value(points)), default=Value(0.0), output_field=FloatField())
