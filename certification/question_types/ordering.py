"""Ordering: steps are put in their order by giving each its number.

What an order that is not quite right earns, of n steps:

- ``exact``: nothing;
- ``places``: (steps in their place) / n;
- ``neighbours``: (steps directly followed by the step that follows them) / (n - 1);
- ``longest``: (steps in the longest row that is in order, with others between or not, less 1) / (n - 1).

The last two earn nothing for the reverse order. Two steps with the same number, or one without, are in no order to each
other: they are neither neighbours nor in one row.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from certification.question_types.base import (
    BadResponse,
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
    or_penalty,
    read_one,
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
    Rows,
    Text,
    gettext_noop,
)


class Ordering(QuestionType):
    """``{"stem", "items": [{"id", "text": {lang: text}}], "earns": "longest"}``, the items in their right order.

    A response is ``{id: number}``: as given, so two steps may for a while have the same number.
    """

    __slots__ = ()

    def options(self, content: Content) -> tuple[str, ...]:
        return tuple(row["id"] for row in content["items"])

    def find_faults(self, content: Content) -> Iterable[str]:
        yield from find_twins(gettext_noop("Step"), (row["text"] for row in content["items"]))

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:
        words = {row["id"]: row["text"] for row in content["items"]}
        given = response or {}
        numbers = [str(number) for number in range(1, len(order) + 1)]
        return Shown(
            stem=say(content["stem"]),
            blanks=tuple(
                Blank(
                    str(place),
                    say(words[key]),
                    options=tuple(Option(number, number, number == str(given.get(key))) for number in numbers),
                )
                for place, key in enumerate(order, 1)
            ),
            partial=content.get("earns", "exact") != "exact",
        )

    def read(self, order: Sequence[str], given: Given, *, language: str = DEFAULT_LANGUAGE) -> Response:  # noqa: ARG002 -- as every type has it
        numbers = {str(number): number for number in range(1, len(order) + 1)}
        check_parts(given, numbers)
        found = {}
        for place, key in zip(numbers, order, strict=True):
            if value := read_one(given, place):
                if value not in numbers:
                    raise BadResponse("There is no such number")
                found[key] = numbers[value]
        return found or []

    def give(self, order: Sequence[str], response: Response) -> dict[str, list[str]]:
        return {str(place): [str((response or {}).get(key, ""))] for place, key in enumerate(order, 1)}

    def right(self, content: Content) -> Response:
        return {key: number for number, key in enumerate(self.options(content), 1)}

    def earn(self, content: Content, response: Response) -> Fraction:
        right = self.options(content)
        count = len(right)
        numbers = [response.get(key, 0) for key in right]
        if numbers == list(range(1, count + 1)):
            return Fraction(1)
        clear = [number if numbers.count(number) == 1 else 0 for number in numbers]
        rule = content.get("earns", "exact")
        share = Fraction()
        if rule == "places":
            share = Fraction(sum(number == place for place, number in enumerate(clear, 1)), count)
        elif rule == "neighbours":
            share = Fraction(sum(bool(one) and other == one + 1 for one, other in pairwise(clear)), count - 1)
        elif rule == "longest":
            share = Fraction(max(longest_row([number for number in clear if number]) - 1, 0), count - 1)
        return or_penalty(content, share)

    def tell(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Told:  # noqa: ARG002 -- as every type has it
        given = response or {}
        blanks = tuple(
            ToldBlank(
                label=say(row["text"]),
                given=str(given.get(row["id"], "")),
                right=str(number),
                share=Fraction(given.get(row["id"]) == number),
            )
            for number, row in enumerate(content["items"], 1)
        )
        return tell_blanks(content, blanks, say)

    def categories(self, content: Content, response: Response) -> tuple[str, ...]:  # noqa: ARG002 -- ids as they are
        """``step@number``, for each step that has one."""
        return tuple(f"{key}@{number}" for key, number in sorted((response or {}).items()))


def longest_row(numbers: Sequence[int]) -> int:
    """The length of the longest strictly increasing subsequence (patience sorting)."""
    tails: list[int] = []
    for number in numbers:
        place = bisect_left(tails, number)
        tails[place : place + 1] = [number]
    return len(tails)


TYPE = Ordering(
    name="ordering",
    label=gettext_noop("Ordering"),
    order=7,
    parts=(
        STEM,
        Rows(
            name="items",
            label=gettext_noop("Step"),
            help=gettext_noop("In their right order. Candidates see them in an order of their own."),
            prefix="i",
            least=2,
            columns=(Text(name="text", label=gettext_noop("Text"), required=True),),
        ),
        Choice(
            name="earns",
            label=gettext_noop("An order that is not quite right earns"),
            choices=(
                ("exact", gettext_noop("nothing")),
                ("places", gettext_noop("by the steps in their place")),
                ("neighbours", gettext_noop("by the steps that follow one another rightly")),
                ("longest", gettext_noop("by the longest row that is in order")),
            ),
        ),
        FEEDBACK,
        PENALTY,
        FLOOR,
    ),
)
