"""What a candidate may see of a graded attempt, and when: a matrix of *what* by *when*. Pure.

What is not named is never shown, so a part that a later release adds stays closed in the exams of before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

#: Longer waits are typing mistakes.
MOST_HOURS = 365 * 24


class What(StrEnum):
    """A part of the review, from the least to the most telling."""

    STUDY = "study"  # links to the materials that a failed section cites
    SECTIONS = "sections"  # marks per section
    ANSWERS = "answers"  # the candidate's own answers, with the questions
    MARKS = "marks"  # marks per question
    CORRECTNESS = "correctness"  # which answers, and parts of them, were right
    FEEDBACK = "feedback"  # what the author says about an answer
    KEY = "key"  # the right answers


class When(StrEnum):
    AT_ONCE = "at_once"
    LATER = "later"  # so many hours after the attempt was graded
    AFTER_CLOSE = "after_close"  # when the exam's window is over
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Rule:
    """When something is shown. ``hours`` belongs to LATER."""

    when: When
    hours: int = 0

    def to_json(self) -> str:
        """``"at_once"``, ``"later:24"``, …"""
        return f"{self.when}:{self.hours}" if self.when == When.LATER else str(self.when)

    @classmethod
    def from_json(cls, stored: str) -> "Rule":
        """Read what :meth:`to_json` gave.

        Raises:
            ValueError: when it is none.
        """
        word, colon, hours = str(stored).partition(":")
        when = When(word)
        if (when == When.LATER) != bool(colon) or (colon and not (hours.isascii() and hours.isdecimal())):
            raise ValueError(f"{stored!r} is not a moment of review")
        return cls(when, int(hours) if colon else 0)


AT_ONCE, AFTER_CLOSE, NEVER = Rule(When.AT_ONCE), Rule(When.AFTER_CLOSE), Rule(When.NEVER)


@dataclass(frozen=True, slots=True)
class Policy:
    """When each part is shown. Unless it is said otherwise: where to study and the marks per section, at once."""

    rules: Mapping[What, Rule] = field(
        default_factory=lambda: MappingProxyType({What.STUDY: AT_ONCE, What.SECTIONS: AT_ONCE})
    )

    def rule(self, what: What) -> Rule:
        return self.rules.get(what, NEVER)

    def to_json(self) -> dict[str, str]:
        """``{"study": "at_once", "key": "later:24"}``, in the order of :class:`What`; what is never shown is left out."""
        return {str(what): self.rule(what).to_json() for what in What if self.rule(what) != NEVER}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Policy":
        """Read what :meth:`to_json` gave.

        Raises:
            ValueError: for a part or a moment that there is not.
        """
        rules = {What(what): Rule.from_json(rule) for what, rule in stored.items()}
        return cls(MappingProxyType({what: rule for what, rule in rules.items() if rule != NEVER}))


def opens_at(policy: Policy, what: What, *, graded_at: datetime | None, closes_at: datetime | None) -> datetime | None:
    """From when a part is shown; None where it is never, or where nobody can say yet.

    Args:
        graded_at: None while the attempt runs or awaits marking: nothing is shown before.
        closes_at: when nobody sits this exam's window any more; None where it has no window.
    """
    if graded_at is None:
        return None
    rule = policy.rule(what)
    if rule.when == When.AT_ONCE:
        return graded_at
    if rule.when == When.LATER:
        return graded_at + timedelta(hours=rule.hours)
    if rule.when == When.AFTER_CLOSE and closes_at is not None:
        return max(graded_at, closes_at)
    return None


def may_review(
    policy: Policy, what: What, *, graded_at: datetime | None, closes_at: datetime | None, now: datetime
) -> bool:
    """Whether a part is shown at ``now``."""
    moment = opens_at(policy, what, graded_at=graded_at, closes_at=closes_at)
    return moment is not None and moment <= now


# --- Policies that make no sense -------------------------------------------------------------------------------------


class Fault(StrEnum):
    """What is wrong with a policy. The words for examiners are the form's."""

    BEFORE = "before"  # a part may be shown before another without which it makes no sense, or which it gives away
    NO_HOURS = "no_hours"  # later, but no number of hours that could be meant
    NO_CLOSE = "no_close"  # after the window of an exam that has none


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of ``what``; with BEFORE, ``other`` is the part that has to be shown no later."""

    fault: Fault
    what: What
    other: What | None = None


#: Nothing is judged before it is shown; and whoever is shown the first of a pair can work out the second.
NO_LATER: tuple[tuple[What, What], ...] = (
    (What.MARKS, What.SECTIONS),
    (What.MARKS, What.ANSWERS),
    (What.CORRECTNESS, What.ANSWERS),
    (What.FEEDBACK, What.CORRECTNESS),
    (What.KEY, What.CORRECTNESS),
)


def problems(policy: Policy, *, has_window: bool) -> tuple[Problem, ...]:
    """What makes no sense in a policy, in the order of :class:`What`; empty where it does.

    Args:
        has_window: whether the exam has an end after which nobody sits it.
    """
    found = []
    for what in What:
        rule = policy.rule(what)
        if rule.when == When.LATER and not 0 < rule.hours <= MOST_HOURS:
            found.append(Problem(Fault.NO_HOURS, what))
        if rule.when == When.AFTER_CLOSE and not has_window:
            found.append(Problem(Fault.NO_CLOSE, what))
        found += [
            Problem(Fault.BEFORE, what, other)
            for first, other in NO_LATER
            if first == what and may_precede(rule, policy.rule(other))
        ]
    return tuple(found)


def may_precede(one: Rule, other: Rule) -> bool:
    """Whether there are moments of grading and closing for which ``one`` opens before ``other`` does."""
    if one.when == When.NEVER:
        return False
    if one.when == other.when == When.LATER:
        return one.hours < other.hours
    if other.when == When.LATER:
        return other.hours > 0
    return one.when != other.when and other.when != When.AT_ONCE
