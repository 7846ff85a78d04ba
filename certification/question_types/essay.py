"""Essay: a text that people mark, by a rubric: for each criterion a level with its points.

Nothing here judges a text. :func:`award` makes the share of the mark from the levels that a marker has chosen. A type
that people hear or watch will be built the same way: its own ``read`` and ``show``, the rubric of an essay.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from certification.question_types.base import (
    Content,
    Given,
    QuestionType,
    Response,
    Say,
    Shown,
    Told,
    check_parts,
    read_one,
    read_text,
)
from certification.question_types.parts import (
    DEFAULT_LANGUAGE,
    FEEDBACK,
    STEM,
    Lines,
    Message,
    Number,
    Rows,
    Text,
    gettext_noop,
)

#: The longest essay that a candidate may write.
MOST_CHARACTERS = 20_000


def count_words(text: str) -> int:
    """How many words a text has: what stands between spaces and holds a letter or figure."""
    return sum(any(char.isalnum() for char in word) for word in text.split())


class Essay(QuestionType):
    """``{"stem", "rubric": [{"id", "text": {lang: text}, "levels": [{"id", "text": {…}, "points": 2}]}], "least", "most"}``.

    A response is ``{"text": as given}``. ``least`` and ``most`` are words, and only advice: nothing is cut off.
    """

    __slots__ = ()

    def find_faults(self, content: Content) -> Iterable[str]:
        least, most = content.get("least") or 0, content.get("most") or 0
        if most and least > most:
            yield gettext_noop("It asks for more words than it allows.")
        for number, row in enumerate(content["rubric"], 1):
            if len({level["points"] for level in row["levels"]}) < 2:
                yield Message(gettext_noop("Criterion %(row)d needs two levels of different points."), row=number)

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:  # noqa: ARG002 -- as every type has it
        return Shown(
            stem=say(content["stem"]),
            value=response["text"] if response else "",
            least=content.get("least") or 0,
            most=content.get("most") or 0,
        )

    def read(self, order: Sequence[str], given: Given, *, language: str = DEFAULT_LANGUAGE) -> Response:  # noqa: ARG002 -- as every type has it
        check_parts(given, ("",))
        text = read_text(read_one(given), MOST_CHARACTERS)
        return {"text": text} if text else []

    def give(self, order: Sequence[str], response: Response) -> dict[str, list[str]]:  # noqa: ARG002 -- as every type has it
        return {"": [response["text"] if response else ""]}

    def mark(self, content: Content, response: Response) -> Fraction | None:  # noqa: ARG002 -- as every type has it
        return None if self.is_answered(response) else Fraction()

    def tell(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Told:  # noqa: ARG002 -- as every type has it
        return Told(
            stem=say(content["stem"]),
            given=response["text"] if response else "",
            right="",
            feedback=say(content.get("feedback") or {}),
        )

    def categories(self, content: Content, response: Response) -> tuple[str, ...]:
        """Whether its length is what was asked for."""
        if not response:
            return ()
        words = count_words(response["text"])
        least, most = content.get("least") or 0, content.get("most") or 0
        return ("short" if words < least else "long" if most and words > most else "fitting",)


TYPE = Essay(
    name="essay",
    label=gettext_noop("Essay"),
    order=11,
    parts=(
        STEM,
        Rows(
            name="rubric",
            label=gettext_noop("Criterion"),
            help=gettext_noop("What markers look at. Candidates do not see it."),
            prefix="c",
            least=1,
            columns=(
                Text(name="text", label=gettext_noop("Criterion"), required=True),
                Lines(
                    name="levels",
                    label=gettext_noop("Levels"),
                    help=gettext_noop("One to a line, each with its points: “2: names the benefit”."),
                    localised=True,
                    points=True,
                    required=True,
                ),
            ),
        ),
        Number(name="least", label=gettext_noop("Least words")),
        Number(name="most", label=gettext_noop("Most words")),
        FEEDBACK,
    ),
)
