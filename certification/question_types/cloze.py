"""Gap text: a text with gaps, each of which is chosen from a list, or filled with words or with a number.

The text holds ``[[1]]`` where the first gap is. Gaps have weights; each earns its share of the mark. Words are compared
as in a short text, numbers as in a numeric question.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from certification.question_types import numeric, short_text
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
    check_parts,
    is_partial,
    read_one,
    read_place,
    weigh,
)
from certification.question_types.choosing import find_twins
from certification.question_types.matching import tell_blanks
from certification.question_types.parts import (
    DEFAULT_LANGUAGE,
    FEEDBACK,
    FLOOR,
    PENALTY,
    STEM,
    Choice,
    Exact,
    Flag,
    Lines,
    Message,
    Number,
    Rows,
    Text,
    at,
    gettext_noop,
    parse_exact,
    parse_share,
    partial,
    row_of,
)
from certification.question_types.writing import WrittenType, read_line, written

GAP = gettext_noop("Gap")
_GAP = re.compile(r"\[\[(\d{1,2})\]\]")
#: A gap that is filled in by writing, by its kind.
_WRITTEN: dict[str, WrittenType] = {"text": short_text.TYPE, "number": numeric.TYPE}


def _as_question(gap: Mapping[str, Any]) -> Content:
    """A gap as the question that it would be if it stood alone."""
    answers = gap.get("accepted") or []
    if gap["kind"] == "number":
        shape = {"tolerance": gap.get("tolerance", "0"), "kind": gap.get("by", "absolute")}
        return {"answers": [{"id": one["id"], "value": one["text"], "share": one["share"], **shape} for one in answers]}
    return {"answers": answers, "case": bool(gap.get("case"))}


class Cloze(QuestionType):
    """``{"stem", "text": {lang: "Call within [[1]] hours, and [[2]]."}, "gaps": [{"id", "kind", "weight", …}]}``.

    A gap of kind ``choice`` has ``"choices": [{"id", "text": {lang: text}, "share": "1"}]``; one of kind ``text`` or
    ``number`` has ``"accepted": [{"id", "text": "four*", "share": "1"}]``, with ``case``, or ``tolerance`` and ``by``.
    ``weight`` is 1 where it is left out.

    The order holds ``gap:kind`` for each gap, pinned, and ``gap.choice`` for each choice. Gaps are posted by their place
    among the gaps there. A response has, by the gap's id, ``gap.choice`` or a written line.
    """

    __slots__ = ()

    def options(self, content: Content) -> tuple[str, ...]:
        choices = [
            f"{gap['id']}.{choice['id']}"
            for gap in content["gaps"]
            if gap["kind"] == "choice"
            for choice in gap["choices"]
        ]
        return (*choices, *(f"{gap['id']}:{gap['kind']}" for gap in content["gaps"]))

    def pinned(self, content: Content) -> frozenset[str]:
        return frozenset(f"{gap['id']}:{gap['kind']}" for gap in content["gaps"])

    def find_faults(self, content: Content) -> Iterable[str]:
        numbers = [str(number) for number in range(1, len(content["gaps"]) + 1)]
        for code, text in content["text"].items():
            if text.strip() and sorted(_GAP.findall(text), key=int) != numbers:
                yield Message(
                    gettext_noop("The text (%(language)s) does not have each of the gaps 1 to %(count)d once."),
                    language=code,
                    count=len(numbers),
                )
        for number, gap in enumerate(content["gaps"], 1):
            yield from (at(row_of(GAP, number), fault) for fault in _find_gap_faults(gap))

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:
        given = response or {}
        parts = {gap: str(place) for place, gap in enumerate(_gaps(order), 1)}
        blanks = []
        for number, gap in enumerate(content["gaps"], 1):
            part, value, label = parts[gap["id"]], given.get(gap["id"]), say(row_of(GAP, number))
            if gap["kind"] == "choice":
                words = {f"{gap['id']}.{choice['id']}": choice["text"] for choice in gap["choices"]}
                keys = _choices(order, gap["id"])
                options = tuple(Option(str(place), say(words[key]), key == value) for place, key in enumerate(keys, 1))
                blanks.append(Blank(part, label, options=options))
            else:
                blanks.append(Blank(part, label, value=written(value), number=gap["kind"] == "number"))
        # Between the gaps' numbers stand the words: a split by a pattern with a group gives both in turn.
        pieces = [
            blanks[int(piece) - 1] if place % 2 else piece
            for place, piece in enumerate(_GAP.split(say(content["text"])))
        ]
        return Shown(
            stem=say(content["stem"]),
            blanks=tuple(blanks),
            pieces=tuple(piece for piece in pieces if piece),
            partial=is_partial(content, default=True),
        )

    def read(self, order: Sequence[str], given: Given, *, language: str = DEFAULT_LANGUAGE) -> Response:
        gaps = _gaps(order)
        check_parts(given, map(str, range(1, len(gaps) + 1)))
        found: dict[str, Any] = {}
        for number, gap in enumerate(gaps, 1):
            value = read_one(given, str(number))
            if keys := _choices(order, gap):
                if value:
                    found[gap] = read_place(value, keys)
            elif line := read_line(value, language):
                found[gap] = line
        return found or []

    def give(self, order: Sequence[str], response: Response) -> dict[str, list[str]]:
        given = response or {}
        posted = {}
        for number, gap in enumerate(_gaps(order), 1):
            value, keys = given.get(gap), _choices(order, gap)
            posted[str(number)] = [str(keys.index(value) + 1) if keys and value else "" if keys else written(value)]
        return posted

    def right(self, content: Content) -> Response:
        return {gap["id"]: _right(gap) for gap in content["gaps"]}

    def earn(self, content: Content, response: Response) -> Fraction:
        return weigh(
            content,
            (
                (gap.get("weight", 1), _share(gap, response.get(gap["id"])), gap["id"] in response)
                for gap in content["gaps"]
            ),
        )

    def tell(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Told:  # noqa: ARG002 -- as every type has it
        given = response or {}
        blanks = tuple(
            ToldBlank(
                label=say(row_of(GAP, number)),
                given=_words(gap, given.get(gap["id"]), say),
                right=_words(gap, _right(gap), say),
                share=_share(gap, given.get(gap["id"])),
            )
            for number, gap in enumerate(content["gaps"], 1)
        )
        return tell_blanks(content, blanks, say)

    def categories(self, content: Content, response: Response) -> tuple[str, ...]:
        """``gap>choice``, or ``gap>accepted answer`` (``other``, ``unreadable``), for each gap that was filled."""
        found = []
        for gap in content["gaps"]:
            value = (response or {}).get(gap["id"])
            if value and gap["kind"] == "choice":
                found.append(f"{gap['id']}>{value.partition('.')[2]}")
            elif value:
                found += [f"{gap['id']}>{one}" for one in _WRITTEN[gap["kind"]].categories(_as_question(gap), value)]
        return tuple(found)


def _gaps(order: Sequence[str]) -> list[str]:
    """The gaps' ids, in the order of their parts."""
    return [one.partition(":")[0] for one in order if ":" in one]


def _choices(order: Sequence[str], gap: str) -> list[str]:
    return [one for one in order if one.startswith(f"{gap}.")]


def _right(gap: Mapping[str, Any]) -> Any:
    if gap["kind"] == "choice":
        return next(f"{gap['id']}.{one['id']}" for one in gap["choices"] if parse_share(one["share"]) == 1)
    return _WRITTEN[gap["kind"]].right(_as_question(gap))


def _share(gap: Mapping[str, Any], value: Any) -> Fraction:
    if not value:
        return Fraction()
    if gap["kind"] == "choice":
        shares = {f"{gap['id']}.{one['id']}": parse_share(one["share"]) for one in gap["choices"]}
        return shares[value] or Fraction()
    return _WRITTEN[gap["kind"]].find_answer(_as_question(gap), value)[1]


def _words(gap: Mapping[str, Any], value: Any, say: Say) -> str:
    if gap["kind"] != "choice" or not value:
        return written(value)
    return next(say(one["text"]) for one in gap["choices"] if f"{gap['id']}.{one['id']}" == value)


def _find_gap_faults(gap: Mapping[str, Any]) -> Iterable[str]:
    if "." in gap["id"] or ":" in gap["id"]:
        yield gettext_noop("its id has a point or colon")
    if gap["kind"] == "choice":
        choices = gap.get("choices") or []
        if len(choices) < 2:
            yield gettext_noop("it needs at least two choices")
        if sum(parse_share(one["share"]) == 1 for one in choices) != 1:
            yield gettext_noop("exactly one choice must be right")
        yield from find_twins(gettext_noop("Choice"), (one["text"] for one in choices))
        return
    answers = gap.get("accepted") or []
    if not answers:
        yield gettext_noop("it accepts no answer")
    elif gap["kind"] == "number" and not all(parse_exact(one["text"]) is not None for one in answers):
        yield gettext_noop("an accepted answer is not a number")
    else:
        yield from _WRITTEN[gap["kind"]].find_faults(_as_question(gap))


TYPE = Cloze(
    name="cloze",
    label=gettext_noop("Gap text"),
    order=8,
    parts=(
        STEM,
        Text(
            name="text",
            label=gettext_noop("Text with gaps"),
            help=gettext_noop("[[1]] is the first gap, [[2]] the second; each stands once in each language."),
            multiline=True,
            required=True,
        ),
        Rows(
            name="gaps",
            label=gettext_noop("Gap"),
            help=gettext_noop(
                "One answer to a line: = before what is right, ~ before what is wrong, %50% before what earns half."
            ),
            prefix="g",
            least=1,
            columns=(
                Choice(
                    name="kind",
                    label=gettext_noop("Filled"),
                    choices=(
                        ("choice", gettext_noop("by choosing")),
                        ("text", gettext_noop("with words")),
                        ("number", gettext_noop("with a number")),
                    ),
                    kept=True,
                    required=True,
                ),
                Lines(name="choices", label=gettext_noop("Choices"), localised=True, share="0"),
                Lines(name="accepted", label=gettext_noop("Accepted words or numbers")),
                Number(name="weight", label=gettext_noop("Weight"), least=1, most=100),
                Flag(name="case", label=gettext_noop("Capitals matter")),
                Exact(name="tolerance", label=gettext_noop("Tolerance"), least=0),
                Choice(name="by", label=gettext_noop("Kind of tolerance"), choices=numeric.TOLERANCES),
            ),
        ),
        FEEDBACK,
        partial(default=True),
        PENALTY,
        FLOOR,
    ),
)
