"""What a marker has before them: the rubric in words, the answer, and what others gave. Read only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import ngettext

from certification.models import AttemptState, MarkGiven, MarkingState, MarkingTask
from certification.phrases import say


@dataclass(frozen=True, slots=True)
class Level:
    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a rubric, in the reader's language."""

    id: str
    title: str
    levels: tuple[Level, ...]


def list_criteria(content: Mapping[str, Any]) -> list[Criterion]:
    """The rubric of a question that people mark."""
    return [
        Criterion(
            id=str(row["id"]),
            title=say(row["text"]),
            levels=tuple(
                Level(
                    str(level["id"]),
                    ngettext("%(text)s (%(points)d point)", "%(text)s (%(points)d points)", level["points"])
                    % {"text": say(level["text"]), "points": level["points"]},
                )
                for level in row["levels"]
            ),
        )
        for row in content.get("rubric") or ()
    ]


def list_waiting() -> Any:
    """What waits for people of attempts that count, soonest due first."""
    return MarkingTask.objects.open().filter(attempt__is_preview=False, attempt__state=AttemptState.AWAITING_MARKING)


@dataclass(frozen=True, slots=True)
class Load:
    """How much waits for markers."""

    waiting: int
    overdue: int
    disagreed: int


def measure_load(*, now: datetime) -> Load:
    """How much waits, of it overdue, of it for a third person; one query."""
    found = list_waiting().aggregate(
        waiting=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        disagreed=Count("pk", filter=Q(state=MarkingState.DISAGREED)),
    )
    return Load(**found)


def find_next(user: Any, *, now: datetime) -> MarkingTask | None:
    """The answer that this person would mark next: the soonest due of what is free for them."""
    free = list_waiting().filter(pk__in=MarkingTask.objects.for_marker(user, now).values("pk"))
    found: MarkingTask | None = free.exclude(attempt__user=user).order_by("due_at", "pk").first()
    return found


@dataclass(frozen=True, slots=True)
class OtherMark:
    """What another marker gave, criterion by criterion in the order of the rubric."""

    given: MarkGiven
    levels: tuple[tuple[str, str], ...]


def tell_marks(given: MarkGiven, criteria: list[Criterion]) -> OtherMark:
    chosen = {(criterion.id, level.id): level.label for criterion in criteria for level in criterion.levels}
    return OtherMark(
        given,
        tuple(
            (criterion.title, chosen.get((criterion.id, given.rubric.get(criterion.id, "")), "–"))
            for criterion in criteria
        ),
    )
