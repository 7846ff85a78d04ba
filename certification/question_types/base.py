"""What every type of question can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

#: The stored content of a question version: texts in every language, and the key. See each type's docstring.
Content: TypeAlias = Mapping[str, Any]
#: What a candidate gave, as stored: JSON. For the choice types a list of option ids, in the authored order.
Response: TypeAlias = Any


#: What fits an author's form and a candidate's head.
MOST_OPTIONS = 8


def gettext_noop(message: str) -> str:
    """Mark a sentence for the translators; it is translated where it is shown, since rules know no languages."""
    return message


class BadResponse(ValueError):
    """What arrived is not an answer that the page could have sent."""


@dataclass(frozen=True, slots=True)
class QuestionType:
    """A type of question.

    Attributes:
        name: stored with the question; never changes.
        label: what an author calls it, in English (translated where it is shown).
        many: whether a candidate may give several options.
        shuffled: whether the options may be shown in another order.
        order: its place in an author's list.
    """

    name: str
    label: str
    many: bool = False
    shuffled: bool = True
    order: int = 0

    def options(self, content: Content) -> tuple[str, ...]:
        """The stable ids of the options in the authored order."""
        return tuple(option["id"] for option in content["options"])

    def key(self, content: Content) -> frozenset[str]:
        """The ids of the right options. Never leaves the server before review allows it."""
        return frozenset(option["id"] for option in content["options"] if option.get("correct"))

    def problems(self, content: Content) -> tuple[str, ...]:
        """What keeps the content from being asked, as English sentences; empty when it is sound."""
        raise NotImplementedError

    def read(self, order: Sequence[str], given: Sequence[str]) -> Response:
        """Turn what the browser sent into a response.

        Args:
            order: option ids in the order in which this candidate sees them.
            given: one-based places in that order, as text. Nothing given is a response too: the answer was cleared.

        Raises:
            BadResponse: for a place that does not exist, or several where one is asked.
        """
        places = {str(place): option for place, option in enumerate(order, 1)}
        chosen: set[str] = set()
        for place in given:
            if place not in places:
                raise BadResponse(f"There is no option {place!r}")
            chosen.add(places[place])
        if len(chosen) > 1 and not self.many:
            raise BadResponse("One option was asked for")
        return sorted(chosen)

    def places(self, order: Sequence[str], response: Response) -> frozenset[int]:
        """The one-based places that a response fills: the inverse of :meth:`read`."""
        return frozenset(place for place, option in enumerate(order, 1) if option in (response or ()))

    def is_answered(self, response: Response) -> bool:
        """Whether the candidate gave anything."""
        return bool(response)

    def mark(self, content: Content, response: Response) -> Fraction:
        """The share of the question's mark that the response earns, from 0 to 1, exactly."""
        raise NotImplementedError


def text_problems(content: Content, languages: Sequence[str] = ("en",)) -> list[str]:
    """What is wrong with the texts that every type has: the stem, in the default language at least."""
    stem = content.get("stem") or {}
    return (
        []
        if all(str(stem.get(code, "")).strip() for code in languages)
        else [gettext_noop("The question has no text.")]
    )


def option_problems(content: Content, *, least: int = 2) -> list[str]:
    """What is wrong with a list of options, whichever of them are right."""
    options = content.get("options") or []
    ids = [option.get("id") for option in options]
    problems = []
    if len(options) < least:
        problems.append(gettext_noop("There are too few options."))
    if len(options) > MOST_OPTIONS:
        problems.append(gettext_noop("There are too many options."))
    if len(set(ids)) != len(ids) or not all(ids):
        problems.append(gettext_noop("Two options have the same id."))
    if not all(str((option.get("text") or {}).get("en", "")).strip() for option in options):
        problems.append(gettext_noop("An option has no text."))
    texts = [str((option.get("text") or {}).get("en", "")).strip().casefold() for option in options]
    if len(set(texts)) != len(texts):
        problems.append(gettext_noop("Two options say the same."))
    return problems
