"""Where people stop in a course: per lesson how many came to it, how many completed it, and which one loses most.

A person has come to a lesson when they have completed it or a later one, or when all before it are done: it is their
next. Whoever has completed the course came as far as they went: a lesson added since has not lost them.
"""

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Stage:
    """One lesson: how many came to it, how many completed it, and whether it loses more people than any other."""

    reached: int
    completed: int
    loses_most: bool = False

    @property
    def lost(self) -> int:
        return self.reached - self.completed


@dataclass(frozen=True, slots=True)
class Learner:
    """Which lessons one person has done, and whether they have completed the course."""

    done: Collection[Hashable]
    has_completed: bool = False


def find_stages(lessons: Sequence[Hashable], learners: Iterable[Learner]) -> list[Stage]:
    """A stage for each lesson in the course's order. Each stage is reached by no more people than the one before it."""
    reached = [0] * len(lessons)
    completed = [0] * len(lessons)
    for learner in learners:
        places = [place for place, lesson in enumerate(lessons) if lesson in learner.done]
        for place in places:
            completed[place] += 1
        for place in range(_find_furthest(len(lessons), places, learner.has_completed) + 1):
            reached[place] += 1
    stages = [Stage(came, went) for came, went in zip(reached, completed, strict=True)]
    most = max((stage.lost for stage in stages), default=0)
    worst = next((place for place, stage in enumerate(stages) if stage.lost == most > 0), None)
    return [Stage(stage.reached, stage.completed, place == worst) for place, stage in enumerate(stages)]


def _find_furthest(count: int, done: Sequence[int], has_completed: bool) -> int:
    """The place of the furthest lesson that a person came to; -1 for none."""
    furthest = max(done, default=-1)
    if has_completed:
        return furthest
    first_open = next((place for place in range(count) if place not in done), count - 1)
    return max(furthest, first_open)


def find_median_days(seconds: Collection[float]) -> float | None:
    """The median of some durations, in days with one decimal; None of none."""
    return round(median(seconds) / 86400, 1) if seconds else None
