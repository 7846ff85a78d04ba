"""Full text in SQLite, for the embedded default.

SQLite knows no language: a longer word is looked for by its beginning (``cut_ending``), which most of its forms share.
It knows no likeness of words either: titles are compared here, which does for the small library of an embedded portal.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Aggregate, QuerySet, TextField
from django.db.models.functions import Cast
from modelsearch.backends.database.sqlite.sqlite import (
    ObjectIndexer,
    SQLiteAutocompleteQueryCompiler,
    SQLiteIndex,
    SQLiteSearchBackend,
    SQLiteSearchQueryCompiler,
)
from modelsearch.utils import get_descendants_content_types_pks
from wagtail.search.models import IndexEntry, SQLiteFTSIndexEntry

from portal.content.search.question import Hit, Match, Question, fold_query
from portal.content.words import LONG_ENOUGH, cut_ending, fold, is_misspelt

#: What a word counts for in the columns of the table as they stand in it: begun words, the text, the title.
WEIGHTS = "4.0, 1.0, 8.0"
TITLES_COMPARED = 3000


class Indexer(ObjectIndexer):
    def prepare_value(self, value: Any) -> str:
        return fold(super().prepare_value(value))


class Index(SQLiteIndex):
    def add_items(self, model: type[Any], objs: list[Any]) -> None:
        """Make or renew the index rows of objects of one model; triggers of Wagtail's carry them into the full text."""
        if not objs or not model.get_search_fields():
            return
        content_type = ContentType.objects.get_for_model(model)
        indexers = [Indexer(obj, self.backend) for obj in objs]
        self.entries.bulk_create(
            [
                IndexEntry(
                    content_type=content_type,
                    object_id=indexer.id,
                    title=indexer.title,
                    body=indexer.body,
                    autocomplete=indexer.autocomplete,
                )
                for indexer in indexers
            ],
            update_conflicts=True,
            unique_fields=["content_type", "object_id"],
            update_fields=["title", "body", "autocomplete"],
        )

    def _refresh_title_norms(self, full: bool = False) -> None:
        """Not kept: see the other backend."""


class Compiler(SQLiteSearchQueryCompiler):
    query: Any

    def search(self, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        self.query = fold_query(self.query)
        return super().search(*args, **kwargs) if self.query else self.queryset.none()


class AutocompleteCompiler(SQLiteAutocompleteQueryCompiler):
    query: Any

    def search(self, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        self.query = fold_query(self.query)
        return super().search(*args, **kwargs) if self.query else self.queryset.none()


class SearchBackend(SQLiteSearchBackend):
    """Wagtail's backend, and the questions of a reader, as :mod:`portal.content.search.postgres` answers them."""

    index_class = Index
    query_compiler_class = Compiler
    autocomplete_query_compiler_class = AutocompleteCompiler

    def gather(self, pages: QuerySet[Any]) -> str:
        """The ids of pages, set apart by commas; one query."""
        found = pages.order_by().aggregate(ids=Joined(Cast("pk", TextField())))
        return found["ids"] or ""

    def find(self, question: Question, *, model: type[Any], among: str, limit: int) -> list[Hit]:
        """The best places among some pages, best first; one query."""
        if not question.terms or not among:
            return []
        kinds = get_descendants_content_types_pks(model)
        text, entries = SQLiteFTSIndexEntry._meta.db_table, IndexEntry._meta.db_table
        with connection.cursor() as cursor:
            # The names of tables are Wagtail's, everything that was typed is a parameter.
            cursor.execute(
                f"""
                SELECT entry.object_id, entry.content_type_id, entry.id IN (SELECT rowid FROM {text} WHERE {text} MATCH %s)
                FROM {text} JOIN {entries} entry ON entry.id = {text}.rowid
                WHERE {text} MATCH %s AND entry.content_type_id IN ({", ".join(["%s"] * len(kinds))})
                  AND CAST(entry.object_id AS INTEGER) IN (SELECT value FROM json_each(%s))
                ORDER BY bm25({text}, {WEIGHTS}), entry.id DESC LIMIT %s
                """,  # noqa: S608 -- see above
                [
                    write_match(Question(tuple(term[:1] for term in question.terms), "", question.match)),
                    write_match(question),
                    *kinds,
                    f"[{among}]",
                    limit,
                ],
            )
            return [
                Hit(int(key), ContentType.objects.get_for_id(kind).model_class(), bool(exact))
                for key, kind, exact in cursor.fetchall()
            ]

    def find_titles_like(
        self,
        words: Sequence[str],
        *,
        language: str,  # noqa: ARG002 -- the other backend's signature
        model: type[Any],
        among: str,
        limit: int,
    ) -> list[str]:
        """Folded titles with a word that one of the words is likely a misspelling of; one query.

        They are compared here, one by one, and so not more than some thousands of them.
        """
        if not words or not among:
            return []
        titles = IndexEntry.objects.filter(
            content_type__in=get_descendants_content_types_pks(model), object_id__in=among.split(",")[:TITLES_COMPARED]
        ).values_list("title", flat=True)
        kept = [(title, title.split()) for title in titles]
        meant = {
            right for right in {part for _title, parts in kept for part in parts}
            if any(is_misspelt(word, right) for word in words)
        }  # fmt: skip
        return [title for title, parts in kept if not meant.isdisjoint(parts)][:limit]


class Joined(Aggregate):
    """Values set apart by commas."""

    function = "GROUP_CONCAT"
    output_field = TextField()


def write_match(question: Question) -> str:
    """The question in FTS5's own language. Words hold no quotation marks: see ``split_words``."""
    terms = [f"({' OR '.join([write_words(term[0]), *map(write_beginning, term[1:])])})" for term in question.terms]
    match = f"{{title body}} : ({(' AND ' if question.match is Match.ALL else ' OR ').join(terms)})"
    if question.unfinished:
        begun = " AND ".join(f'"{word}"*' for term in question.terms for word in term[0].split())
        match = f"({match}) OR {{autocomplete}} : ({begun})"
    return match


def write_words(words: str) -> str:
    """What was typed: its words may stand anywhere."""
    return f"({' AND '.join(map(write_beginning, words.split()))})"


def write_beginning(words: str) -> str:
    """A word or expression, its last word by what its forms share, which a longer form may go on from."""
    *before, last = words.split()
    begun = cut_ending(last)
    phrase = " ".join([*before, begun])
    return f'"{phrase}"*' if begun != last or len(last) >= LONG_ENOUGH else f'"{phrase}"'
