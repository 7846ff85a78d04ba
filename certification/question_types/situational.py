"""Situational: what do you answer to this objection? Each option is worth a share of the mark, and says why.

There is a best answer, there are some that help and some that do harm: shares go from -100 to 100%. Below 0 the mark
falls only where the question's floor allows it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from certification.question_types.base import Content, Response, Say, Shown
from certification.question_types.choosing import SHARE, ChoiceType, options_part, worth
from certification.question_types.parts import FEEDBACK, FLOOR, STEM, Message, Text, gettext_noop


class Situational(ChoiceType):
    """``{"stem", "objection": {lang: text}, "options": [{"id", "text", "share": "-1/2", "feedback": {lang: text}}]}``.

    ``objection`` is what the customer says, and may be left out where the stem says it.
    """

    __slots__ = ()

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:
        shown = ChoiceType.show(self, content, order, response, say)
        return replace(shown, quote=say(content.get("objection") or {}), partial=False)

    def find_faults(self, content: Content) -> Iterable[str]:
        yield from ChoiceType.find_faults(self, content)
        if sum(worth(row) == 1 for row in self.rows(content)) != 1:
            yield gettext_noop("Exactly one answer must be worth the whole mark.")
        for number, row in enumerate(self.rows(content), 1):
            if not row.get("feedback"):
                yield Message(gettext_noop("Option %(row)d has no feedback."), row=number)


TYPE = Situational(
    name="situational",
    label=gettext_noop("Situation"),
    order=10,
    parts=(
        STEM,
        Text(name="objection", label=gettext_noop("What the customer says"), multiline=True),
        options_part(
            replace(SHARE, required=True),
            help=gettext_noop("What one might answer. The best is worth 100%, harm down to -100."),
        ),
        FEEDBACK,
        FLOOR,
    ),
)
