"""Matching: to each of several things belongs one of a list of choices, some of which may belong to none.

Each pair is a part of the mark, of equal weight. Things that belong to the same choice name it in the same words; it is
offered once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from certification.question_types.base import (
    Blank,
    Content,
    Given,
    Option,
    QuestionType,
    Response,
    Say,
    Shown,
    Told,
    ToldBlank,
    Words,
    check_parts,
    is_partial,
    read_one,
    read_place,
    weigh,
)
from certification.question_types.choosing import find_twins
from certification.question_types.parts import (
    DEFAULT_LANGUAGE,
    FEEDBACK,
    FLOOR,
    PENALTY,
    STEM,
    Rows,
    Text,
    gettext_noop,
    partial,
)

#: What marks the id of a choice beside that of the thing it belongs to.
CHOICE = ":m"


@dataclass(frozen=True, slots=True)
class PairingType(QuestionType):
    """A type whose response is ``{id of the thing: id of the choice}``.

    The order holds the ids of the things, and those of the choices (of the first thing that each belongs to, or of an
    extra choice, with :data:`CHOICE` behind): each of the two is shown in the order in which it stands there.
    """

    def things(self, content: Content) -> Mapping[str, Words]:
        """What is matched, by id."""
        return {row["id"]: row["text"] for row in content["pairs"]}

    def matches(self, content: Content) -> Mapping[str, Words]:
        """What each thing belongs to, in words, by the thing's id."""
        return {row["id"]: row["match"] for row in content["pairs"]}

    def keys(self, content: Content) -> dict[str, str]:
        """The id of the right choice, by the thing's id."""
        first: dict[str, str] = {}
        found: dict[str, str] = {}
        for thing, words in self.matches(content).items():
            found[thing] = first.setdefault(_same(words), thing + CHOICE)
        return found

    def choices(self, content: Content) -> dict[str, Words]:
        """Every choice by its id."""
        words = self.matches(content)
        found = {key: words[key.removesuffix(CHOICE)] for key in dict.fromkeys(self.keys(content).values())}
        return found | {row["id"] + CHOICE: row["text"] for row in content.get("extra") or []}

    def options(self, content: Content) -> tuple[str, ...]:
        return (*self.things(content), *self.choices(content))

    def find_faults(self, content: Content) -> Iterable[str]:
        yield from find_twins(gettext_noop("Pair"), self.things(content).values())
        yield from find_twins(gettext_noop("Choice"), self.choices(content).values())
        if {row["id"] for row in content.get("extra") or []} & set(self.things(content)):
            yield gettext_noop("An extra choice has the id of a pair.")
        if len(self.choices(content)) < 2:
            yield gettext_noop("There is nothing to choose between.")

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:
        things, choices = split(order)
        given, labels, words = response or {}, self.things(content), self.choices(content)
        texts = [say(words[key]) for key in choices]
        blanks = []
        for place, thing in enumerate(things, 1):
            chosen = given.get(thing)
            options = tuple(
                Option(str(number), text, key == chosen)
                for number, (key, text) in enumerate(zip(choices, texts, strict=True), 1)
            )
            blanks.append(Blank(str(place), say(labels[thing]), options=options))
        return Shown(stem=say(content["stem"]), blanks=tuple(blanks), partial=is_partial(content, default=True))

    def read(self, order: Sequence[str], given: Given, *, language: str = DEFAULT_LANGUAGE) -> Response:  # noqa: ARG002 -- as every type has it
        things, choices = split(order)
        check_parts(given, map(str, range(1, len(things) + 1)))
        found = {}
        for place, thing in enumerate(things, 1):
            if value := read_one(given, str(place)):
                found[thing] = read_place(value, choices)
        return found or []

    def give(self, order: Sequence[str], response: Response) -> dict[str, list[str]]:
        things, choices = split(order)
        given = response or {}
        return {
            str(place): [str(choices.index(given[thing]) + 1)] if thing in given else [""]
            for place, thing in enumerate(things, 1)
        }

    def right(self, content: Content) -> Response:
        return self.keys(content)

    def earn(self, content: Content, response: Response) -> Fraction:
        keys = self.keys(content)
        return weigh(content, ((1, Fraction(response.get(one) == key), one in response) for one, key in keys.items()))

    def tell(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Told:
        things, _choices = split(order)
        given, keys = response or {}, self.keys(content)
        labels, words = self.things(content), self.choices(content)
        blanks = tuple(
            ToldBlank(
                label=say(labels[one]),
                given=say(words[given[one]]) if one in given else "",
                right=say(words[keys[one]]),
                share=Fraction(given.get(one) == keys[one]),
            )
            for one in things
        )
        return tell_blanks(content, blanks, say)

    def categories(self, content: Content, response: Response) -> tuple[str, ...]:  # noqa: ARG002 -- ids as they are
        """``thing>choice``, for each thing that was matched."""
        return tuple(f"{thing}>{choice}" for thing, choice in sorted((response or {}).items()))


def split(order: Sequence[str]) -> tuple[list[str], list[str]]:
    """The things and the choices of an order."""
    return [one for one in order if not one.endswith(CHOICE)], [one for one in order if one.endswith(CHOICE)]


def tell_blanks(content: Content, blanks: tuple[ToldBlank, ...], say: Say) -> Told:
    """A review of blanks; as a whole it is their lines."""
    return Told(
        stem=say(content["stem"]),
        given="; ".join(f"{blank.label}: {blank.given}" for blank in blanks if blank.given),
        right="; ".join(f"{blank.label}: {blank.right}" for blank in blanks),
        blanks=blanks,
        feedback=say(content.get("feedback") or {}),
    )


def _same(words: Words) -> str:
    text: Any = words if isinstance(words, str) else words.get(DEFAULT_LANGUAGE, "")
    return " ".join(str(text).split()).casefold()


class Matching(PairingType):
    """``{"stem", "pairs": [{"id", "text": {lang: text}, "match": {lang: text}}], "extra": [{"id", "text": …}]}``."""

    __slots__ = ()


TYPE = Matching(
    name="matching",
    label=gettext_noop("Matching"),
    order=6,
    parts=(
        STEM,
        Rows(
            name="pairs",
            label=gettext_noop("Pair"),
            help=gettext_noop("What belongs to the same choice names it in the same words."),
            prefix="p",
            least=2,
            columns=(
                Text(name="text", label=gettext_noop("What is matched"), required=True),
                Text(name="match", label=gettext_noop("What belongs to it"), required=True),
            ),
        ),
        Rows(
            name="extra",
            label=gettext_noop("Extra choice"),
            help=gettext_noop("Choices that belong to nothing."),
            prefix="x",
            columns=(Text(name="text", label=gettext_noop("Text"), required=True),),
        ),
        FEEDBACK,
        partial(default=True),
        PENALTY,
        FLOOR,
    ),
)
