"""True or false: a statement. Its two options belong to the interface, not to the author, and keep their order."""

from fractions import Fraction

from certification.question_types.base import Content, QuestionType, Response, gettext_noop, text_problems


class TrueFalse(QuestionType):
    """``{"stem": {lang: text}, "answer": bool, "feedback": {lang: text}}``."""

    __slots__ = ()

    def options(self, content: Content) -> tuple[str, ...]:  # noqa: ARG002 -- every type is asked alike
        return ("true", "false")

    def key(self, content: Content) -> frozenset[str]:
        return frozenset({"true" if content["answer"] else "false"})

    def problems(self, content: Content) -> tuple[str, ...]:
        problems = text_problems(content)
        if not isinstance(content.get("answer"), bool):
            problems.append(gettext_noop("Say whether the statement is true."))
        return tuple(problems)

    def mark(self, content: Content, response: Response) -> Fraction:
        return Fraction(frozenset(response or ()) == self.key(content))


TYPE = TrueFalse(name="true_false", label=gettext_noop("True or false"), shuffled=False, order=3)
