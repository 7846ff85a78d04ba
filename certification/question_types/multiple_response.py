"""Multiple response: every right option and no wrong one, all or nothing.

All or nothing, because a half-right set of arguments still loses the customer, and because ticking everything must earn
nothing. Candidates are told so beside the question.
"""

from fractions import Fraction

from certification.question_types.base import (
    Content,
    QuestionType,
    Response,
    gettext_noop,
    option_problems,
    text_problems,
)


class MultipleResponse(QuestionType):
    """The content of a single choice, with one or more right options and at least one wrong."""

    __slots__ = ()

    def problems(self, content: Content) -> tuple[str, ...]:
        problems = text_problems(content) + option_problems(content, least=3)
        options = content.get("options") or []
        if not 0 < len(self.key({"options": options})) < len(options):
            problems.append(gettext_noop("At least one option must be right, and at least one wrong."))
        return tuple(problems)

    def mark(self, content: Content, response: Response) -> Fraction:
        return Fraction(bool(response) and frozenset(response) == self.key(content))


TYPE = MultipleResponse(name="multiple", label=gettext_noop("Multiple response"), many=True, order=2)
