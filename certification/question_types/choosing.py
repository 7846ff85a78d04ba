"""What the types have in common in which one or several of a list of options are chosen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from certification.question_types.base import (
    BadResponse,
    Content,
    Given,
    Option,
    QuestionType,
    Response,
    Say,
    Shown,
    Told,
    ToldOption,
    Words,
    check_parts,
    is_partial,
    or_penalty,
    penalty,
    read_place,
)
from certification.question_types.parts import (
    DEFAULT_LANGUAGE,
    NOTHING,
    OPTION_FEEDBACK,
    WHOLE,
    Flag,
    Message,
    Part,
    Rows,
    Share,
    Text,
    gettext_noop,
    has_text,
    parse_share,
    row_of,
)

OPTION_TEXT = Text(name="text", label=gettext_noop("Text"), required=True)
CORRECT = Flag(name="correct", label=gettext_noop("Right"), kept=True)
PINNED = Flag(name="pinned", label=gettext_noop("Stays last"))
SHARE = Share(name="share", label=gettext_noop("Share of the mark, %"), least=-1)


def options_part(*columns: Part, least: int = 2, help: str = "") -> Rows:
    """The table of options, with the columns of a type after the text."""
    return Rows(
        name="options",
        label=gettext_noop("Option"),
        help=help,
        prefix="o",
        least=least,
        columns=(OPTION_TEXT, *columns, PINNED, OPTION_FEEDBACK),
    )


def find_twins(label: str, texts: Iterable[Any]) -> Iterable[str]:
    """Say which texts say the same: a candidate could not tell them apart."""
    seen: dict[str, int] = {}
    for number, text in enumerate(texts, 1):
        words = " ".join(str(text[DEFAULT_LANGUAGE] if has_text(text) else text).split()).casefold()
        if words in seen:
            yield Message(
                gettext_noop("%(one)s and %(other)s say the same."),
                one=row_of(label, seen[words]),
                other=row_of(label, number),
            )
        seen.setdefault(words, number)


@dataclass(frozen=True, slots=True)
class ChoiceType(QuestionType):
    """A type whose response is a sorted list of option ids.

    Attributes:
        many: whether a candidate may give several.
        in_parts: whether parts of the answer earn parts of the mark where the author says nothing.
    """

    many: bool = False
    in_parts: bool = False

    def rows(self, content: Content) -> Sequence[Mapping[str, Any]]:
        """The options as the author keeps them."""
        return content["options"]

    def words(self, row: Mapping[str, Any]) -> Words:
        """What an option says."""
        return row["text"]

    def takes_many(self, content: Content) -> bool:  # noqa: ARG002 -- a type may leave it to the author
        """Whether this question takes several."""
        return self.many

    def key(self, content: Content) -> frozenset[str]:
        """The ids of the options that a faultless answer has."""
        return (
            frozenset(row["id"] for row in self.rows(content) if worth(row) > 0)
            if self.takes_many(content)
            else frozenset(row["id"] for row in self.rows(content) if worth(row) == 1)
        )

    def options(self, content: Content) -> tuple[str, ...]:
        return tuple(row["id"] for row in self.rows(content))

    def pinned(self, content: Content) -> frozenset[str]:
        return frozenset(row["id"] for row in self.rows(content) if row.get("pinned"))

    def find_faults(self, content: Content) -> Iterable[str]:
        yield from find_twins(gettext_noop("Option"), (self.words(row) for row in self.rows(content)))

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:
        rows = {row["id"]: row for row in self.rows(content)}
        chosen = frozenset(response or ())
        return Shown(
            stem=say(content["stem"]),
            many=self.takes_many(content),
            options=tuple(
                Option(str(place), say(self.words(rows[key])), key in chosen) for place, key in enumerate(order, 1)
            ),
            partial=is_partial(content, default=self.in_parts) or any("share" in row for row in rows.values()),
        )

    def read(self, order: Sequence[str], given: Given, *, language: str = DEFAULT_LANGUAGE) -> Response:  # noqa: ARG002 -- as every type has it
        check_parts(given, ("",))
        chosen = {read_place(value, order) for value in given.get("", ())}
        if len(chosen) > 1 and not self.many:
            raise BadResponse("One option was asked for")
        return sorted(chosen)

    def give(self, order: Sequence[str], response: Response) -> dict[str, list[str]]:
        return {"": [str(place) for place, key in enumerate(order, 1) if key in (response or ())]}

    def right(self, content: Content) -> Response:
        return sorted(self.key(content))

    def earn(self, content: Content, response: Response) -> Fraction:
        rows = {row["id"]: row for row in self.rows(content)}
        if not self.takes_many(content):
            return or_penalty(content, worth(rows[response[0]]) if len(response) == 1 else NOTHING)
        if any("share" in row for row in rows.values()):
            return sum((worth(rows[key]) for key in response), NOTHING)
        chosen, key = frozenset(response), self.key(content)
        if not is_partial(content, default=self.in_parts):
            return or_penalty(content, WHOLE if chosen == key else NOTHING)
        cost = penalty(content)
        if cost is None:  # as much as makes ticking everything earn nothing
            cost = Fraction(len(key), len(rows) - len(key))
        return (len(chosen & key) - cost * len(chosen - key)) / Fraction(len(key))

    def tell(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Told:
        rows = {row["id"]: row for row in self.rows(content)}
        chosen, key = frozenset(response or ()), self.key(content)
        words = {one: say(self.words(rows[one])) for one in order}
        return Told(
            stem=say(content["stem"]),
            given="; ".join(words[one] for one in order if one in chosen),
            right="; ".join(words[one] for one in order if one in key),
            options=tuple(
                ToldOption(
                    text=words[one],
                    chosen=one in chosen,
                    right=one in key,
                    share=worth(rows[one]) if "share" in rows[one] else None,
                    feedback=say(rows[one].get("feedback") or {}),
                )
                for one in order
            ),
            feedback=say(content.get("feedback") or {}),
        )

    def categories(self, content: Content, response: Response) -> tuple[str, ...]:  # noqa: ARG002 -- ids as they are
        return tuple(response or ())


def worth(row: Mapping[str, Any]) -> Fraction:
    """The share that an option is worth: its own, or 1 where it is right."""
    share = parse_share(row.get("share"))
    if share is None:
        return WHOLE if row.get("correct") else NOTHING
    return share
