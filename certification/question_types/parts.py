"""What an author fills in, declared as data: from these parts a form is built, content is checked, and told in lines.

Content is JSON. A part named ``stem`` is ``content["stem"]``, one named ``scoring.floor`` is
``content["scoring"]["floor"]``. What is empty, or as its part has it by default, is left out, so that the same form
always makes the same content. Shares of a mark are exact: text such as ``"1"``, ``"-1/3"``, ``"0.25"``, never floats.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

#: A text in several languages, or an English sentence of the interface.
Words: TypeAlias = "Mapping[str, str] | str"
#: Puts words into the reader's language. Rules know no languages: whoever calls them brings this along.
Say: TypeAlias = Callable[[Words], str]

#: What fits an author's form and a candidate's head.
MOST_ROWS = 10
#: The language that every text must have.
DEFAULT_LANGUAGE = "en"
#: The shares that most answers earn, made once.
NOTHING, WHOLE = Fraction(0), Fraction(1)
_SHARE = re.compile(r"-?\d{1,9}(?:/[1-9]\d{0,8}|\.\d{1,9})?", re.ASCII)
_SHARE_OF_MARK = re.compile(r"%\s*([^%\s]+)\s*%\s*(.*)", re.ASCII)
_POINTS = re.compile(r"(\d{1,3})\s*:\s*(.*)", re.ASCII)


class Message(str):
    """An English sentence that remembers its pattern and values, so that it can be translated where it is shown.

    As a string it is the sentence. A value may be a message too: it is translated with it.
    """

    __slots__ = ("context", "pattern", "values")
    pattern: str
    context: str
    values: dict[str, Any]

    def __new__(cls, pattern: str, *, context: str = "", **values: Any) -> "Message":
        self = super().__new__(cls, pattern % values if values else pattern)
        self.pattern, self.context, self.values = pattern, context, values
        return self

    def in_words(self, gettext: Callable[[str], str], pgettext: Callable[[str, str], str]) -> str:
        """The sentence in another language, by the functions that know it."""
        pattern = pgettext(self.context, self.pattern) if self.context else gettext(self.pattern)
        if not self.values:
            return pattern
        return pattern % {
            name: value.in_words(gettext, pgettext) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }


def gettext_noop(message: str) -> Message:
    """Mark a sentence for the translators; it is translated where it is shown, since rules know no languages."""
    return Message(message)


def pgettext_lazy(context: str, message: str) -> Message:
    """The same for a word that needs its context."""
    return Message(message, context=context)


_AT = gettext_noop("%(where)s: %(what)s")


def at(where: str, what: str) -> Message:
    """A problem with the place where it is."""
    return Message(_AT, where=_message(where), what=_message(what))


def row_of(label: str, number: int) -> Message:
    """How a row is called: its table's name and its number, from 1."""
    return Message("%(part)s %(row)d", part=_message(label), row=number)


def _message(words: str) -> Message:
    return words if isinstance(words, Message) else Message(words)


def parse_share(value: object) -> Fraction | None:
    """A stored share, exactly; None for what is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Fraction(value)
    return Fraction(value) if isinstance(value, str) and _SHARE.fullmatch(value) else None


def read_share(text: str) -> Fraction | None:
    """A share as authors write it: a percentage (``50``, ``33.5 %``, ``-25``), or a fraction of the whole (``1/3``)."""
    plain = text.strip().replace("\u2212", "-").replace(",", ".").removesuffix("%").rstrip()
    if not _SHARE.fullmatch(plain):
        return None
    return Fraction(plain) if "/" in plain else Fraction(plain) / 100


def write_share(share: Fraction) -> str:
    """The inverse of :func:`read_share`: a percentage where that is exact, else a fraction."""
    percent = share * 100
    if percent.denominator == 1:
        return str(percent.numerator)
    for digits in range(1, 7):
        if (percent * 10**digits).denominator == 1:
            sign, whole = ("-" if percent < 0 else ""), abs(percent * 10**digits).numerator
            return f"{sign}{whole // 10**digits}.{whole % 10**digits:0{digits}d}"
    return str(share)


def has_text(value: object, language: str = DEFAULT_LANGUAGE) -> bool:
    """Whether a localised text says something in a language."""
    return isinstance(value, Mapping) and isinstance(value.get(language), str) and bool(value[language].strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a form.

    Attributes:
        name: where it is in the content; a dot leads one level down.
        label: what authors call it, in English.
        help: a sentence beside it, in English.
        required: whether a question without it cannot be asked.
    """

    name: str
    label: str
    help: str = ""
    required: bool = False

    def is_empty(self, value: Any) -> bool:
        return value is None or value in ("", [], {}, False)

    def find_faults(self, value: Any) -> Iterator[str]:
        """What is wrong with a value that is not empty, as English sentences."""
        raise NotImplementedError

    def find_texts(self, value: Any) -> Iterator[Mapping[str, str]]:  # noqa: ARG002 -- most parts have none
        """Every localised text in it."""
        yield from ()

    def tell(self, value: Any, say: Say) -> str:  # noqa: ARG002 -- most values are said as they are
        """The value in a line."""
        return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Part):
    """A text in every language: ``{"en": "…", "ru": "…"}``."""

    multiline: bool = False

    def is_empty(self, value: Any) -> bool:
        return not value or (isinstance(value, Mapping) and not any(value.values()))

    def find_faults(self, value: Any) -> Iterator[str]:
        if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
            yield gettext_noop("this is not a text")
        elif not has_text(value):
            yield gettext_noop("the text in the first language is missing")

    def find_texts(self, value: Any) -> Iterator[Mapping[str, str]]:
        yield value

    def tell(self, value: Any, say: Say) -> str:
        return say(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(Part):
    """Words that are the same in every language: ``"km"``."""

    def find_faults(self, value: Any) -> Iterator[str]:
        if not isinstance(value, str):
            yield gettext_noop("this is not a text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact(Part):
    """An exact number as text: ``"9.81"``, ``"-1/3"``."""

    least: int | None = None

    def find_faults(self, value: Any) -> Iterator[str]:
        number = parse_exact(value)
        if number is None:
            yield gettext_noop("this is not a number")
        elif self.least is not None and number < self.least:
            yield Message(gettext_noop("it is less than %(least)d"), least=self.least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Part):
    """A whole number: ``3``."""

    least: int = 0
    most: int = 100_000

    def is_empty(self, value: Any) -> bool:
        return value is None or value == ""

    def find_faults(self, value: Any) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield gettext_noop("this is not a whole number")
        elif not self.least <= value <= self.most:
            yield Message(gettext_noop("it is not between %(least)d and %(most)d"), least=self.least, most=self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Part):
    """A share of the mark: ``"1/2"``. Authors write percentages."""

    least: int = 0
    most: int = 1

    def is_empty(self, value: Any) -> bool:
        return value is None or value == ""

    def find_faults(self, value: Any) -> Iterator[str]:
        share = parse_share(value)
        if share is None:
            yield gettext_noop("this is not a share of the mark")
        elif not self.least <= share <= self.most:
            yield Message(
                gettext_noop("it is not between %(least)d and %(most)d%%"), least=self.least * 100, most=self.most * 100
            )

    def tell(self, value: Any, say: Say) -> str:  # noqa: ARG002 -- a number needs no language
        share = parse_share(value)
        return str(value) if share is None else f"{write_share(share)}{'' if '/' in write_share(share) else ' %'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Part):
    """Yes or no. Left out where it is as by default, unless ``kept``."""

    default: bool = False
    kept: bool = False

    def is_empty(self, value: Any) -> bool:
        return value is None or value == self.default

    def find_faults(self, value: Any) -> Iterator[str]:
        if not isinstance(value, bool):
            yield gettext_noop("this is neither yes nor no")

    def tell(self, value: Any, say: Say) -> str:
        return say(gettext_noop("yes") if value else gettext_noop("no"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Part):
    """One of a few: the stored value and what authors read. The first is the default, and left out, unless ``kept``.

    A value may be a bool, as in ``{"answer": false}``.
    """

    choices: tuple[tuple[str | bool, str], ...]
    kept: bool = False

    def is_empty(self, value: Any) -> bool:
        return value is None or value == "" or (not self.kept and value == self.choices[0][0])

    def find_faults(self, value: Any) -> Iterator[str]:
        if not any(value is known or (isinstance(value, str) and value == known) for known, _label in self.choices):
            yield gettext_noop("this is none of the choices")

    def tell(self, value: Any, say: Say) -> str:
        return next((say(label) for known, label in self.choices if known == value), str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture(Part):
    """A picture of the portal, by its id."""

    def find_faults(self, value: Any) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            yield gettext_noop("this is not a picture")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Part):
    """A short list, written one to a line: ``[{"id": "1", "text": …, "share": "1"}]``.

    Authors mark a line as GIFT does: ``=`` what is right, ``~`` what is wrong, ``%50%`` what is half right; without a
    mark it is as ``share`` says. With ``points`` a line is ``2: text`` and an item ``{"id", "text", "points": 2}``.
    Where it is ``localised`` there is a list for each language, line by line the same, and ``text`` is localised.
    """

    localised: bool = False
    points: bool = False
    share: str = "1"
    most: int = MOST_ROWS

    def find_faults(self, value: Any) -> Iterator[str]:
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            yield gettext_noop("this is not a list")
            return
        if len(value) > self.most:
            yield Message(gettext_noop("there are more than %(most)d"), most=self.most)
        ids = [item.get("id") for item in value]
        if not all(isinstance(one, str) and one for one in ids) or len(set(ids)) != len(ids):
            yield gettext_noop("two have the same id")
        for number, item in enumerate(value, 1):
            text = item.get("text")
            if not (has_text(text) if self.localised else isinstance(text, str) and text.strip()):
                yield Message(gettext_noop("the text of line %(line)d is missing"), line=number)
            if self.points and not (isinstance(item.get("points"), int) and 0 <= item["points"] < 1000):
                yield Message(gettext_noop("line %(line)d needs its points"), line=number)
            share = parse_share(item.get("share"))
            if not self.points and (share is None or not 0 <= share <= 1):
                yield Message(gettext_noop("the share of line %(line)d is not between 0 and 100%%"), line=number)

    def find_texts(self, value: Any) -> Iterator[Mapping[str, str]]:
        if self.localised:
            yield from (item["text"] for item in value)

    def tell(self, value: Any, say: Say) -> str:
        return "; ".join(self._mark(item) + (say(item["text"]) if self.localised else item["text"]) for item in value)

    def _mark(self, item: Mapping[str, Any]) -> str:
        if self.points:
            return f"{item['points']}: "
        share = parse_share(item["share"]) or Fraction()
        return "=" if share == 1 else "~" if share == 0 else f"%{write_share(share)}%"

    def write(self, value: Sequence[Mapping[str, Any]], language: str | None) -> str:
        """The lines as an author sees them, in a language."""
        return "\n".join(
            self._mark(item) + (item["text"].get(language, "") if self.localised else item["text"]) for item in value
        )

    def read(self, texts: Mapping[str, str]) -> list[dict[str, Any]]:
        """The list that an author wrote, by language (by ``""`` where it is not localised).

        Raises:
            ValueError: with what is wrong, as a :class:`Message`.
        """
        lists = {
            code: [self._read_line(line, number) for number, line in enumerate(_lines(text), 1)]
            for code, text in texts.items()
        }
        filled = [lines for lines in lists.values() if lines]
        if len({len(lines) for lines in filled}) > 1:
            raise ValueError(Message(gettext_noop("Each language needs the same number of lines.")))
        first = lists.get(DEFAULT_LANGUAGE) or (filled[0] if filled else [])
        found: list[dict[str, Any]] = []
        for number, (mark, text) in enumerate(first):
            wording = {code: lines[number][1] for code, lines in lists.items() if lines and lines[number][1]}
            worth = {"points": int(mark)} if self.points else {"share": mark}
            found.append({"id": str(number + 1), "text": wording if self.localised else text, **worth})
        return found

    def _read_line(self, line: str, number: int) -> tuple[str, str]:
        if self.points:
            if not (match := _POINTS.fullmatch(line)):
                raise ValueError(Message(gettext_noop("Begin line %(line)d with its points and a colon."), line=number))
            return match[1], match[2]
        if line[0] in "=~":
            return ("1" if line[0] == "=" else "0"), line[1:].strip()
        if match := _SHARE_OF_MARK.fullmatch(line):
            share = read_share(match[1])
            if share is None:
                raise ValueError(Message(gettext_noop("Line %(line)d begins with no share of the mark."), line=number))
            return str(share), match[2]
        return self.share, line


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Part):
    """A table: ``[{"id": "o1", …}]``. Rows keep their ids while they are edited.

    Attributes:
        columns: the parts of a row; their names are its keys. A row in which only flags are set is no row.
        prefix: what a new row's id begins with.
    """

    columns: tuple[Part, ...]
    prefix: str
    least: int = 0
    most: int = MOST_ROWS

    def find_faults(self, value: Any) -> Iterator[str]:
        """Beside what is wrong with the table as a whole, what is wrong in its rows, with their places."""
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            yield at(self.label, gettext_noop("this is not a table"))
            return
        if len(value) < self.least:
            yield at(self.label, Message(gettext_noop("there are fewer than %(least)d"), least=self.least))
        if len(value) > self.most:
            yield at(self.label, Message(gettext_noop("there are more than %(most)d"), most=self.most))
        ids = [row.get("id") for row in value]
        if not all(isinstance(one, str) and one for one in ids) or len(set(map(str, ids))) != len(ids):
            yield at(self.label, gettext_noop("two have the same id"))
        for number, row in enumerate(value, 1):
            yield from find_part_faults(self.columns, row, place=row_of(self.label, number))

    def find_texts(self, value: Any) -> Iterator[Mapping[str, str]]:
        for row in value:
            yield from find_part_texts(self.columns, row)

    def tell_row(self, row: Mapping[str, Any], say: Say) -> str:
        told = [
            (say(part.label), part.tell(value, say))
            for part in self.columns
            if not part.is_empty(value := find(row, part.name))
        ]
        return "; ".join(text if place == 0 else f"{label}: {text}" for place, (label, text) in enumerate(told))


def find(content: Mapping[str, Any], name: str) -> Any:
    """The value of a part; None where there is none."""
    value: Any = content
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def find_part_faults(parts: Sequence[Part], content: Mapping[str, Any], *, place: str = "") -> Iterator[Message]:
    """What is wrong with the shape of content, each with its place."""
    for part in parts:
        value = find(content, part.name)
        where = Message("%(row)s, %(part)s", row=_message(place), part=_message(part.label)) if place else part.label
        if isinstance(part, Rows):
            yield from map(_message, part.find_faults([] if value is None else value))
        elif part.is_empty(value) and not (isinstance(part, Choice | Flag) and value is not None):
            if part.required:
                yield at(where, gettext_noop("this is needed"))
        else:
            yield from (at(where, fault) for fault in part.find_faults(value))


def find_part_texts(parts: Sequence[Part], content: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    """Every localised text that is there."""
    for part in parts:
        value = find(content, part.name)
        if not part.is_empty(value):
            yield from part.find_texts(value)


def parse_exact(value: object) -> Fraction | None:
    """A stored exact number; None for what is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Fraction(value)
    if (
        isinstance(value, str)
        and len(value) <= 40
        and re.fullmatch(r"-?\d+(?:\.\d+)?(?:[eE]-?\d{1,3})?|-?\d+/0*[1-9]\d*", value, re.ASCII)
    ):
        return Fraction(value)
    return None


#: The parts that every type has.
STEM = Text(name="stem", label=gettext_noop("Question or statement"), required=True, multiline=True)
FEEDBACK = Text(
    name="feedback",
    label=gettext_noop("Feedback"),
    help=gettext_noop("For review. Never shown during a sitting."),
    multiline=True,
)
#: The parts that many have.
OPTION_FEEDBACK = Text(name="feedback", label=gettext_noop("Feedback"))
PENALTY = Share(
    name="scoring.penalty",
    label=gettext_noop("What a wrong part costs, %"),
    help=gettext_noop("Of what a right part earns; a question that is right or wrong as a whole is one part."),
)
FLOOR = Share(
    name="scoring.floor",
    label=gettext_noop("The least that the question can earn, %"),
    help=gettext_noop("0, or down to -100 if wrong answers may cost marks of other questions."),
    least=-1,
    most=0,
)


def partial(*, default: bool) -> Flag:
    """The part that says whether parts of the answer earn parts of the mark."""
    return Flag(name="scoring.partial", label=gettext_noop("Parts earn parts of the mark"), default=default)
