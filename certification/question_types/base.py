"""What every type of question can do.

A type knows four sides of a question. The author's: ``parts`` declares what is filled in, from which a form is built.
The candidate's: ``show`` and ``read``. The mark's: ``mark``. The reader's afterwards: ``tell``, ``categories``,
``describe``. Each side is a function of content, order and response; no type knows exams, time or saving.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from certification.question_types.outlines import Outline
from certification.question_types.parts import (
    DEFAULT_LANGUAGE,
    NOTHING,
    WHOLE,
    Message,
    Part,
    Rows,
    Say,
    Words,
    find,
    find_part_faults,
    find_part_texts,
    gettext_noop,
    parse_share,
    pgettext_lazy,
    row_of,
)

__all__ = [
    "BadResponse", "Blank", "Content", "Given", "Message", "Option", "QuestionType", "Response", "Say",
    "Shown", "Told", "ToldBlank", "ToldOption", "Words", "gettext_noop", "pgettext_lazy",
]  # fmt: skip

#: The stored content of a question version: texts in every language, and the key. See each type's docstring.
Content: TypeAlias = Mapping[str, Any]
#: What a candidate gave, as stored: JSON, by type. In every type ``[]`` is the response of whoever gave nothing.
Response: TypeAlias = Any
#: What a page posts for one question: values by part. The part of a simple question is "".
Given: TypeAlias = Mapping[str, Sequence[str]]


class BadResponse(ValueError):
    """What arrived is not an answer that the page could have sent."""


class Option(NamedTuple):
    """Something to choose, as shown: ``value`` is its place on this candidate's page, from 1.

    A tuple, since a page has hundreds: it is made in a quarter of a frozen dataclass's time.
    """

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Blank:
    """Something to fill in: a list of options to choose from, or a line to write on.

    Attributes:
        part: the name under which it is posted.
        label: what is asked here.
    """

    part: str
    label: str
    value: str = ""
    options: tuple[Option, ...] = ()
    number: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a candidate sees of a question, with what was given so far. Texts and places; nothing tells right from wrong.

    Attributes:
        stem: what is asked.
        quote: what somebody says, to which the stem refers.
        options: of which one is chosen, or several if ``many``.
        blanks: what is to be filled in.
        pieces: a text with gaps, as strings and blanks in turn.
        picture: the id of a picture that belongs to the question.
        outlines: places on the picture, the first being number 1.
        value: what was written, where the answer is one text.
        unit: whether a number is asked for with its unit.
        least, most: how many words are asked for; 0 for any.
        partial: whether parts of the answer earn parts of the mark: candidates are told so.
    """

    stem: str
    quote: str = ""
    many: bool = False
    options: tuple[Option, ...] = ()
    blanks: tuple[Blank, ...] = ()
    pieces: tuple["str | Blank", ...] = ()
    picture: int | None = None
    outlines: tuple[Outline, ...] = ()
    value: str = ""
    unit: bool = False
    least: int = 0
    most: int = 0
    partial: bool = False


@dataclass(frozen=True, slots=True)
class ToldOption:
    """An option in a review. ``right`` is None where options are not right or wrong but worth a ``share``."""

    text: str
    chosen: bool
    right: bool
    share: Fraction | None = None
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class ToldBlank:
    """A blank in a review: what was given and what is right, in words; the share of it that was earned."""

    label: str
    given: str
    right: str
    share: Fraction
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A question in a review, with its key: made only where a review allows it, never during a sitting.

    Attributes:
        given: the candidate's answer in words; empty when nothing was given.
        right: the right answer in words; empty where people mark it.
        feedback: what the author says about the question as a whole.
        note: what the author says about this very answer.
    """

    stem: str
    given: str
    right: str
    options: tuple[ToldOption, ...] = ()
    blanks: tuple[ToldBlank, ...] = ()
    feedback: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class QuestionType:
    """A type of question.

    Attributes:
        name: stored with the question; never changes.
        label: what an author calls it, in English (translated where it is shown).
        parts: what an author fills in, in the order of the form.
        shuffled: whether the options may be shown in another order.
        order: its place in an author's list.
    """

    name: str
    label: str
    parts: tuple[Part, ...]
    shuffled: bool = True
    order: int = 0

    # --- The author --------------------------------------------------------------------------------------------------

    def problems(self, content: Content) -> tuple[str, ...]:
        """What keeps the content from being asked, as English sentences; empty when it is sound."""
        return tuple(find_part_faults(self.parts, content)) or tuple(self.find_faults(content))

    def find_faults(self, content: Content) -> Iterable[str]:  # noqa: ARG002 -- a type may have none of its own
        """What is wrong beyond the shape of the parts; asked only when that is right."""
        return ()

    def languages(self, content: Content) -> frozenset[str]:
        """The languages in which every text is present."""
        found = [
            frozenset(code for code, text in texts.items() if text.strip())
            for texts in find_part_texts(self.parts, content)
        ]
        return frozenset.intersection(*found) if found else frozenset()

    def describe(self, content: Content, say: Say) -> list[tuple[str, str]]:
        """The content with its key in lines of label and text, for examiners who compare two versions."""
        lines: list[tuple[str, str]] = []
        for part in self.parts:
            value = find(content, part.name)
            if part.is_empty(value):
                continue
            if isinstance(part, Rows):
                lines += [
                    (say(row_of(part.label, place)), part.tell_row(row, say)) for place, row in enumerate(value, 1)
                ]
            else:
                lines.append((say(part.label), part.tell(value, say)))
        return lines

    # --- The draw ----------------------------------------------------------------------------------------------------

    def options(self, content: Content) -> tuple[str, ...]:  # noqa: ARG002 -- many types have none
        """The stable ids of what can be put in an order of the candidate's own, in the authored order.

        The order is frozen with the paper, and says all that :meth:`read` needs.
        """
        return ()

    def pinned(self, content: Content) -> frozenset[str]:  # noqa: ARG002 -- most types have none
        """Those that stay last, in the authored order, whatever becomes of the others ("none of these")."""
        return frozenset()

    # --- The sitting -------------------------------------------------------------------------------------------------

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:
        """What the candidate sees. Holds no key, no share, no feedback, no id of the author's."""
        raise NotImplementedError

    def read(self, order: Sequence[str], given: Given, *, language: str = DEFAULT_LANGUAGE) -> Response:
        """Turn what the browser sent into a response. Stored as given: grading normalises.

        Args:
            order: the ids of :meth:`options` in the order in which this candidate sees them.
            given: by part, what was posted. Nothing given is a response too: the answer was cleared.
            language: that of the page, by which ``1,000`` is read.

        Raises:
            BadResponse: for what the page could not have sent.
        """
        raise NotImplementedError

    def give(self, order: Sequence[str], response: Response) -> dict[str, list[str]]:
        """What a page posts to give a response: the inverse of :meth:`read`."""
        raise NotImplementedError

    def is_answered(self, response: Response) -> bool:
        """Whether the candidate gave anything."""
        return bool(response)

    # --- The mark ----------------------------------------------------------------------------------------------------

    def right(self, content: Content) -> Response | None:  # noqa: ARG002 -- an essay has none
        """A response that earns the whole mark; None where people mark. Never leaves the server before review allows."""
        return None

    def mark(self, content: Content, response: Response) -> Fraction | None:
        """The share of the question's mark that the response earns, from its floor to 1, exactly; None: people mark it.

        Nothing given earns nothing, and costs nothing.
        """
        if not self.is_answered(response):
            return NOTHING
        return bounded(content, self.earn(content, response))

    def earn(self, content: Content, response: Response) -> Fraction:
        """The share before its floor, of a response that is an answer."""
        raise NotImplementedError

    # --- Afterwards --------------------------------------------------------------------------------------------------

    def tell(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Told:
        """The question with its key and the candidate's answer, for a review that allows it."""
        raise NotImplementedError

    def categories(self, content: Content, response: Response) -> tuple[str, ...]:
        """What of the content the response chose or met, by the author's ids: what distractor analysis counts."""
        raise NotImplementedError


# --- Scoring ---------------------------------------------------------------------------------------------------------


def find_scoring(content: Content, name: str) -> Any:
    return (content.get("scoring") or {}).get(name)


def is_partial(content: Content, *, default: bool = False) -> bool:
    found = find_scoring(content, "partial")
    return default if found is None else bool(found)


def penalty(content: Content) -> Fraction | None:
    """What a wrong part costs, as a share of what a right part earns; None where the author says nothing."""
    return parse_share(find_scoring(content, "penalty"))


def bounded(content: Content, share: Fraction) -> Fraction:
    """Between the question's floor (0 unless the author says less) and 1."""
    floor = parse_share(find_scoring(content, "floor")) or NOTHING
    if floor is NOTHING and (share is NOTHING or share is WHOLE):
        return share  # as most answers are
    return min(WHOLE, max(floor, share))


def or_penalty(content: Content, share: Fraction) -> Fraction:
    """The share of an answer that is right or wrong as a whole: one that earns nothing costs the penalty."""
    return share if share else -(penalty(content) or NOTHING)


def weigh(content: Content, parts: Iterable[tuple[int, Fraction, bool]]) -> Fraction:
    """What an answer of several parts earns, each a weight, the share of it that was earned, and whether it was given.

    Parts earn parts of the mark unless the author wants all or nothing; a part that was given and earned nothing costs
    the penalty.
    """
    rows = list(parts)
    if not is_partial(content, default=True):
        return or_penalty(content, Fraction(all(share == 1 for _weight, share, _given in rows)))
    cost = penalty(content) or Fraction()
    earned = sum((weight * (share if share or not given else -cost) for weight, share, given in rows), Fraction())
    return earned / sum(weight for weight, _share, _given in rows)


# --- Reading ---------------------------------------------------------------------------------------------------------


def read_one(given: Given, part: str = "") -> str:
    """The one value of a part; empty where nothing was given.

    Raises:
        BadResponse: several values.
    """
    values = given.get(part, ())
    if len(values) > 1:
        raise BadResponse("One value was asked for")
    return values[0] if values else ""


def read_text(value: str, most: int) -> str:
    """Text as given, but for its Unicode form (NFC) and the ends of its lines; what is only space is nothing.

    Raises:
        BadResponse: it is too long, or holds what cannot be stored.
    """
    if len(value) > 4 * most:  # before any work is done on it
        raise BadResponse("Too long")
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > most:
        raise BadResponse("Too long")
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise BadResponse("Not text")
    return text if text.strip() else ""


def check_parts(given: Given, parts: Iterable[str]) -> None:
    """Refuse parts that the page does not have.

    Raises:
        BadResponse: naming one.
    """
    if strange := set(given) - set(parts):
        raise BadResponse(f"There is no part {min(strange)!r}")


def read_place(value: str, order: Sequence[str]) -> str:
    """The id at a one-based place of an order.

    Raises:
        BadResponse: there is no such place.
    """
    if not (value.isascii() and value.isdecimal() and len(value) <= 3 and 1 <= int(value) <= len(order)):
        raise BadResponse("There is no such place")
    if value[0] == "0":
        raise BadResponse("There is no such place")
    return order[int(value) - 1]
