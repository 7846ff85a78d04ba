"""True or false: a statement. Its two options belong to the interface, not to the author, and keep their order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from certification.question_types.base import Content
from certification.question_types.choosing import ChoiceType
from certification.question_types.parts import FEEDBACK, FLOOR, PENALTY, STEM, Choice, gettext_noop, pgettext_lazy

TRUE, FALSE = pgettext_lazy("statement", "True"), pgettext_lazy("statement", "False")


class TrueFalse(ChoiceType):
    """``{"stem": {lang: text}, "answer": bool, "feedback": {lang: text}}``."""

    __slots__ = ()

    def rows(self, content: Content) -> Sequence[Mapping[str, Any]]:
        right = "true" if content["answer"] else "false"
        return [{"id": key, "text": text, "correct": key == right} for key, text in (("true", TRUE), ("false", FALSE))]

    def find_faults(self, content: Content) -> Iterable[str]:  # noqa: ARG002 -- its options are always sound
        return ()


TYPE = TrueFalse(
    name="true_false",
    label=gettext_noop("True or false"),
    shuffled=False,
    order=3,
    parts=(
        STEM,
        Choice(
            name="answer", label=gettext_noop("The statement is"), choices=((True, TRUE), (False, FALSE)),
            kept=True, required=True,
        ),
        FEEDBACK,
        PENALTY,
        FLOOR,
    ),
)  # fmt: skip
