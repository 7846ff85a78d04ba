"""Single choice: exactly one option is right."""

from fractions import Fraction

from certification.question_types.base import (
    Content,
    QuestionType,
    Response,
    gettext_noop,
    option_problems,
    text_problems,
)


class SingleChoice(QuestionType):
    """``{"stem": {lang: text}, "options": [{"id", "text": {lang: text}, "correct"}], "feedback": {lang: text}}``."""

    __slots__ = ()

    def problems(self, content: Content) -> tuple[str, ...]:
        problems = text_problems(content) + option_problems(content)
        if len(self.key({"options": content.get("options") or []})) != 1:
            problems.append(gettext_noop("Exactly one option must be right."))
        return tuple(problems)

    def mark(self, content: Content, response: Response) -> Fraction:
        return Fraction(frozenset(response or ()) == self.key(content))


TYPE = SingleChoice(name="single", label=gettext_noop("Single choice"), order=1)
