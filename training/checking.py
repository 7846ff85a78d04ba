"""Check questions of a lesson: whether an answer is right. Nobody is graded by it, and nothing hangs on it.

An answer is right when all the right options were chosen and none besides.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers to choose from. ``is_right`` and ``feedback`` are part of the key."""

    id: str
    text: str
    is_right: bool
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A check question with its key."""

    id: str
    text: str
    options: tuple[Option, ...]
    explanation: str = ""

    @property
    def takes_several(self) -> bool:
        """Whether more than one option is right, so that several may be chosen."""
        return sum(option.is_right for option in self.options) > 1


class UnanswerableError(ValueError):
    """What was chosen is no answer to the question as it stands."""


@dataclass(frozen=True, slots=True)
class Marking:
    """What came of an answer.

    Attributes:
        is_right: whether the whole answer is right.
        chosen: the options that were chosen, in the question's order.
        missing: how many right options were not chosen.
    """

    is_right: bool
    chosen: tuple[Option, ...]
    missing: int


def mark_answer(question: Question, chosen: Collection[str]) -> Marking:
    """Mark an answer.

    Args:
        chosen: ids of options, in any order; one that is given twice counts once.

    Raises:
        UnanswerableError: nothing was chosen, something that is not there, or several where one is asked for.
    """
    wanted = set(chosen)
    picked = tuple(option for option in question.options if option.id in wanted)
    if not wanted:
        raise UnanswerableError("nothing")
    if len(picked) != len(wanted):
        raise UnanswerableError("unknown")
    if len(picked) > 1 and not question.takes_several:
        raise UnanswerableError("several")
    missing = sum(option.is_right for option in question.options if option.id not in wanted)
    return Marking(all(option.is_right for option in picked) and not missing, picked, missing)
