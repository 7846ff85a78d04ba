"""Single choice: exactly one option is right. Others may be worth a share of the mark, or cost one."""

from collections.abc import Iterable

from certification.question_types.base import Content
from certification.question_types.choosing import CORRECT, SHARE, ChoiceType, options_part
from certification.question_types.parts import FEEDBACK, FLOOR, PENALTY, STEM, gettext_noop


class SingleChoice(ChoiceType):
    """``{"stem": {lang: text}, "options": [{"id", "text": {lang: text}, "correct"}], "feedback": {lang: text}}``.

    An option may have a ``share`` (then ``correct`` does not matter), ``feedback``, and be ``pinned``.
    """

    __slots__ = ()

    def find_faults(self, content: Content) -> Iterable[str]:
        yield from super().find_faults(content)
        if len(self.key(content)) != 1:
            yield gettext_noop("Exactly one option must be right.")


TYPE = SingleChoice(
    name="single",
    label=gettext_noop("Single choice"),
    order=1,
    parts=(
        STEM,
        options_part(
            CORRECT,
            SHARE,
            help=gettext_noop(
                "Leave rows empty that you do not need. Candidates see the options in an order of their own. A share is "
                "only for options that are neither right nor wrong."
            ),
        ),
        FEEDBACK,
        PENALTY,
        FLOOR,
    ),
)
