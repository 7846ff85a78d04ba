"""Multiple response: every right option and no wrong one.

All or nothing by default, because a half-right set of arguments still loses the customer. With parts, each right choice
earns its part and each wrong one costs ``penalty`` of such a part; where no penalty is said, as much as makes ticking
everything earn nothing. Where options have a ``share`` of their own, the shares chosen are added up.
"""

from collections.abc import Iterable
from fractions import Fraction

from certification.question_types.base import Content
from certification.question_types.choosing import CORRECT, SHARE, ChoiceType, options_part, worth
from certification.question_types.parts import FEEDBACK, FLOOR, PENALTY, STEM, gettext_noop, partial


class MultipleResponse(ChoiceType):
    """The content of a single choice, with one or more right options and at least one wrong."""

    __slots__ = ()

    def find_faults(self, content: Content) -> Iterable[str]:
        yield from super().find_faults(content)
        options = self.rows(content)
        if not 0 < len(self.key(content)) < len(options):
            yield gettext_noop("At least one option must be right, and at least one wrong.")
        shares = [worth(option) for option in options]
        if any("share" in option for option in options) and sum(filter(lambda one: one > 0, shares), Fraction()) != 1:
            yield gettext_noop("The shares of the right options must add up to 100%.")


TYPE = MultipleResponse(
    name="multiple",
    label=gettext_noop("Multiple response"),
    many=True,
    order=2,
    parts=(
        STEM,
        options_part(
            CORRECT,
            SHARE,
            least=3,
            help=gettext_noop(
                "Leave rows empty that you do not need. Give shares to all options or to none; with shares the chosen "
                "ones are added up."
            ),
        ),
        FEEDBACK,
        partial(default=False),
        PENALTY,
        FLOOR,
    ),
)
