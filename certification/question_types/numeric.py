"""Numeric: a number, with a tolerance, and with a unit where one is asked for. Exact throughout (see :mod:`.numbers`).

Tolerances, as in Moodle's ``qtype_numerical``, their ends included, for a nominal value n and a tolerance t:

- absolute: from n - t to n + t;
- relative: from n - t·|n| to n + t·|n|;
- geometric: from n/(1 + t) to n·(1 + t); of a negative n these change places.

Of a nominal value 0 the relative and the geometric one leave 0 alone. The first answer whose interval holds the number
counts. A unit's ``factor`` is what one of it is in the unit of the answers: with answers in metres, ``km`` has 1000.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from certification.question_types.base import Content, Response, Say, Shown
from certification.question_types.numbers import fold_unit, read_number
from certification.question_types.parts import (
    FEEDBACK,
    FLOOR,
    OPTION_FEEDBACK,
    PENALTY,
    STEM,
    Choice,
    Exact,
    Message,
    Plain,
    Rows,
    Share,
    gettext_noop,
    parse_exact,
    parse_share,
)
from certification.question_types.writing import WrittenType, find_share

TOLERANCES = (
    ("absolute", gettext_noop("Absolute")),
    ("relative", gettext_noop("Relative")),
    ("geometric", gettext_noop("Geometric")),
)


def interval(nominal: Fraction, tolerance: Fraction, kind: str) -> tuple[Fraction, Fraction]:
    """The least and the greatest number that is accepted; both are.

    Args:
        tolerance: at least 0. Of the relative and geometric kinds a ratio: 1/10 for ten per cent.
    """
    if kind == "geometric":
        ends = nominal / (1 + tolerance), nominal * (1 + tolerance)
        return min(ends), max(ends)
    width = abs(nominal) * tolerance if kind == "relative" else tolerance
    return nominal - width, nominal + width


class Numeric(WrittenType):
    """``{"stem", "answers": [{"id", "value": "9.81", "tolerance": "1/20", "kind": "relative", "share": "1"}]}``.

    And ``"units": [{"id", "text": "km", "factor": "1000"}]`` with ``"unit"``: ``optional`` (left out: the number alone
    is enough, with a unit or without), ``required``, or ``penalised``: without a known unit the number is taken as it
    stands and earns ``unit_penalty`` less of its share. A unit that is not in the list is a wrong answer; the number is
    compared as it stands where it is penalised.
    """

    __slots__ = ()

    def find_faults(self, content: Content) -> Iterable[str]:
        if content.get("unit") and not content.get("units"):
            yield gettext_noop("A unit is asked for, and none is named.")
            return
        units = [fold_unit(row["text"]) for row in content.get("units") or []]
        if len(set(units)) != len(units):
            yield gettext_noop("Two units are the same.")
        for number, row in enumerate(content.get("units") or [], 1):
            if not parse_exact(row["factor"]):
                yield Message(gettext_noop("The factor of unit %(row)d is 0."), row=number)
                return
            if (read := read_number(f"1 {row['text']}")) is None or read.unit != fold_unit(row["text"]):
                yield Message(gettext_noop("Unit %(row)d cannot be told from a number."), row=number)
                return
        if not any(find_share(row) == 1 for row in content["answers"]):
            yield gettext_noop("One accepted answer must be worth the whole mark.")
        elif self.mark(content, self.right(content)) != 1:
            yield gettext_noop("An answer that stands before the right one hides it.")

    def find_answer(self, content: Content, response: Response) -> tuple[Mapping[str, Any] | None, Fraction]:
        reading = read_number(response["text"], response.get("language", "en"))
        if reading is None:
            return None, Fraction()
        factors = {fold_unit(row["text"]): parse_exact(row["factor"]) for row in content.get("units") or []}
        rule, factor = content.get("unit", "optional"), factors.get(reading.unit)
        known = factor is not None
        if not known and rule == "required":
            return None, Fraction()
        if not known and reading.unit and rule == "optional":
            return None, Fraction()
        value = reading.value * (factor or 1)
        for row in content["answers"]:
            nominal, tolerance = parse_exact(row["value"]), parse_exact(row.get("tolerance", 0))
            least, most = interval(nominal or Fraction(), tolerance or Fraction(), row.get("kind", "absolute"))
            if least <= value <= most:
                share = find_share(row)
                if rule == "penalised" and not known:
                    share *= 1 - (parse_share(content.get("unit_penalty")) or Fraction())
                return row, share
        return None, Fraction()

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:
        shown = WrittenType.show(self, content, order, response, say)
        return replace(shown, unit=content.get("unit", "optional") != "optional")

    def right(self, content: Content) -> Response:
        response: dict[str, str] = WrittenType.right(self, content)
        if content.get("unit", "optional") == "optional":
            return response
        unit = content["units"][0]
        value = (parse_exact(response["text"]) or Fraction()) / (parse_exact(unit["factor"]) or 1)
        return {**response, "text": f"{write_exact(value)} {unit['text']}"}

    def model(self, row: Mapping[str, Any]) -> str:
        return write_exact(parse_exact(row["value"]) or Fraction())

    def categories(self, content: Content, response: Response) -> tuple[str, ...]:
        """As of a short text, and ``unreadable`` for what is no number."""
        if response and read_number(response["text"], response.get("language", "en")) is None:
            return ("unreadable",)
        return WrittenType.categories(self, content, response)


def write_exact(value: Fraction) -> str:
    """A number as its plain decimal where that is exact, else as a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    for digits in range(1, 31):
        shifted = value * 10**digits
        if shifted.denominator == 1:
            whole = abs(shifted).numerator
            return f"{'-' if value < 0 else ''}{whole // 10**digits}.{whole % 10**digits:0{digits}d}"
    return str(value)


TYPE = Numeric(
    name="numeric",
    label=gettext_noop("Number"),
    order=5,
    parts=(
        STEM,
        Rows(
            name="answers",
            label=gettext_noop("Accepted answer"),
            help=gettext_noop(
                "The first whose tolerance holds the number counts. Write a relative or geometric tolerance as a ratio: "
                "0.1 for ten per cent."
            ),
            prefix="a",
            least=1,
            columns=(
                Exact(name="value", label=gettext_noop("Number"), required=True),
                Exact(name="tolerance", label=gettext_noop("Tolerance"), least=0),
                Choice(name="kind", label=gettext_noop("Kind of tolerance"), choices=TOLERANCES),
                Share(name="share", label=gettext_noop("Share of the mark, %")),
                OPTION_FEEDBACK,
            ),
        ),
        Rows(
            name="units",
            label=gettext_noop("Unit"),
            help=gettext_noop(
                "The factor is what one of it is in the unit of the answers: 1000 for km, if those are in m."
            ),
            prefix="u",
            columns=(
                Plain(name="text", label=gettext_noop("Unit"), required=True),
                Exact(name="factor", label=gettext_noop("Factor"), required=True),
            ),
        ),
        Choice(
            name="unit",
            label=gettext_noop("The unit is"),
            choices=(
                ("optional", gettext_noop("not asked for")),
                ("required", gettext_noop("required")),
                ("penalised", gettext_noop("asked for: without it the mark is less")),
            ),
        ),
        Share(name="unit_penalty", label=gettext_noop("What a missing or wrong unit costs, %")),
        FEEDBACK,
        PENALTY,
        FLOOR,
    ),
)
