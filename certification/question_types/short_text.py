"""Short text: a word or a few, compared with the answers that the author accepts (see :mod:`.wildcards`).

Each accepted answer has a share of the mark, so that a near miss may earn something, or nothing with its own feedback.
The first that fits counts. Answers in all languages stand in one list: a candidate may think in either.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from certification.question_types.base import Content, Response
from certification.question_types.parts import (
    FEEDBACK,
    FLOOR,
    OPTION_FEEDBACK,
    PENALTY,
    STEM,
    Flag,
    Message,
    Plain,
    Rows,
    Share,
    gettext_noop,
)
from certification.question_types.wildcards import fits, says_something
from certification.question_types.writing import MOST_CHARACTERS, WrittenType, find_share


class ShortText(WrittenType):
    """``{"stem": {lang: text}, "answers": [{"id", "text": "call* back", "share": "1/2", "feedback"}], "case": bool}``.

    ``share`` may be left out for the whole mark, ``case`` where capitals do not matter.
    """

    __slots__ = ()

    def find_faults(self, content: Content) -> Iterable[str]:
        whole = [row for row in content["answers"] if find_share(row) == 1]
        if not any(says_something(row["text"]) for row in whole):
            yield gettext_noop("One accepted answer must be worth the whole mark.")
        elif self.mark(content, self.right(content)) != 1:
            yield gettext_noop("An answer that stands before the right one hides it.")
        for number, row in enumerate(content["answers"], 1):
            if find_share(row) > 0 and not says_something(row["text"]):
                yield Message(
                    gettext_noop("Accepted answer %(row)d fits everything: it cannot earn a mark."), row=number
                )
            if len(row["text"]) > MOST_CHARACTERS:
                yield Message(gettext_noop("Accepted answer %(row)d is too long."), row=number)

    def find_answer(self, content: Content, response: Response) -> tuple[Mapping[str, Any] | None, Fraction]:
        case = bool(content.get("case"))
        for row in content["answers"]:
            if fits(row["text"], response["text"], case=case):
                return row, find_share(row)
        return None, Fraction()

    def model(self, row: Mapping[str, Any]) -> str:
        star = "\x00"
        return " ".join(row["text"].replace("\\*", star).replace("*", "").replace(star, "*").split())


TYPE = ShortText(
    name="short",
    label=gettext_noop("Short text"),
    order=4,
    parts=(
        STEM,
        Rows(
            name="answers",
            label=gettext_noop("Accepted answer"),
            help=gettext_noop(
                "In any language. * stands for anything, \\* for a star. The first answer that fits counts. A share of 0 "
                "gives a frequent mistake its own feedback."
            ),
            prefix="a",
            least=1,
            columns=(
                Plain(name="text", label=gettext_noop("Text"), required=True),
                Share(name="share", label=gettext_noop("Share of the mark, %")),
                OPTION_FEEDBACK,
            ),
        ),
        Flag(name="case", label=gettext_noop("Capitals matter")),
        FEEDBACK,
        PENALTY,
        FLOOR,
    ),
)
