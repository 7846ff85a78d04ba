"""What the types have in common in which one line is written, and compared with the author's answers in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from certification.question_types.base import (
    Content,
    Given,
    QuestionType,
    Response,
    Say,
    Shown,
    Told,
    check_parts,
    or_penalty,
    read_one,
    read_text,
)
from certification.question_types.parts import DEFAULT_LANGUAGE, parse_share

#: The longest line that a candidate may write.
MOST_CHARACTERS = 300


def find_share(row: Mapping[str, Any]) -> Fraction:
    """What an accepted answer is worth: the whole mark where the author says nothing."""
    share = parse_share(row.get("share"))
    return Fraction(1) if share is None else share


@dataclass(frozen=True, slots=True)
class WrittenType(QuestionType):
    """A type whose response is ``{"text": as given, "language": of the page}``."""

    def find_answer(self, content: Content, response: Response) -> tuple[Mapping[str, Any] | None, Fraction]:
        """The first of the author's answers that the response is, and the share that it then earns."""
        raise NotImplementedError

    def model(self, row: Mapping[str, Any]) -> str:
        """An answer of the author's as somebody would give it."""
        raise NotImplementedError

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:  # noqa: ARG002 -- as every type has it
        return Shown(stem=say(content["stem"]), value=written(response))

    def read(self, order: Sequence[str], given: Given, *, language: str = DEFAULT_LANGUAGE) -> Response:  # noqa: ARG002 -- as every type has it
        check_parts(given, ("",))
        return read_line(read_one(given), language)

    def give(self, order: Sequence[str], response: Response) -> dict[str, list[str]]:  # noqa: ARG002 -- as every type has it
        return {"": [written(response)]}

    def right(self, content: Content) -> Response:
        row = next(row for row in content["answers"] if find_share(row) == 1)
        return {"text": self.model(row), "language": DEFAULT_LANGUAGE}

    def earn(self, content: Content, response: Response) -> Fraction:
        return or_penalty(content, self.find_answer(content, response)[1])

    def tell(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Told:  # noqa: ARG002 -- as every type has it
        row = self.find_answer(content, response)[0] if response else None
        return Told(
            stem=say(content["stem"]),
            given=written(response),
            right=written(self.right(content)),
            feedback=say(content.get("feedback") or {}),
            note=say((row or {}).get("feedback") or {}),
        )

    def categories(self, content: Content, response: Response) -> tuple[str, ...]:
        """The id of the author's answer that it is; ``other`` for none of them."""
        if not response:
            return ()
        row = self.find_answer(content, response)[0]
        return (row["id"] if row else "other",)


def written(response: Response) -> str:
    """What was written; empty for nothing."""
    return str(response["text"]) if response else ""


def read_line(value: str, language: str) -> Response:
    """One line as given, with the language of its page; ``[]`` for nothing.

    Raises:
        BadResponse: it is too long, or holds what cannot be stored.
    """
    text = read_text(value, MOST_CHARACTERS)
    return {"text": text, "language": language} if text else []
