"""What is asked of a search backend beyond Wagtail's own queries, and what it answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from modelsearch.query import Phrase, PlainText

from portal.content.words import split_words


class Match(StrEnum):
    """How much of the question a place must have."""

    ALL = "all"
    ANY = "any"


#: Of a text that was pasted by mistake the beginning is asked for.
MOST_WORDS = 40


@dataclass(frozen=True, slots=True)
class Question:
    """Words in a language.

    Attributes:
        terms: each of them a folded word or expression, followed by what may stand for it.
        language: whose endings and unimportant words are known.
        unfinished: the last word is still being typed: titles in which each of the words begins a word will do too.
    """

    terms: tuple[tuple[str, ...], ...]
    language: str
    match: Match = Match.ALL
    unfinished: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", self.terms[:MOST_WORDS])


@dataclass(frozen=True, slots=True)
class Hit:
    """A page found, and of which type. ``exact``: it has the words themselves, not only what may stand for them."""

    pk: int
    model: Any
    exact: bool = True


def fold_query(query: Any) -> Any:
    """The query in the letters that are kept; None where no word remains of it."""
    if isinstance(query, PlainText):
        words = " ".join(split_words(query.query_string)[:MOST_WORDS])
        return PlainText(words, operator=query.operator) if words else None
    if isinstance(query, Phrase):
        words = " ".join(split_words(query.query_string)[:MOST_WORDS])
        return Phrase(words) if words else None
    return query
