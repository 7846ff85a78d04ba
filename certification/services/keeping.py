"""What a sitting writes at each of its steps, as statements that are put together once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, DateTimeField

from certification.models import AnswerStep, Attempt, Grading, IntegrityEvent, QuestionVersion
from portal.core.prepared import Change, IdsField, Insertion, Insertions, ask

ATTEMPT = Insertion(Attempt)
ASKED = Change(
    lambda versions, now: (
        QuestionVersion.objects.filter(pk__among=versions, first_asked_at__isnull=True),
        {"first_asked_at": now},
    ),
    versions=IdsField(),
    now=DateTimeField(),
)


def keep_begun(attempt: Attempt, *, asked: Iterable[int], now: datetime) -> None:
    """Add an attempt, and mark these question versions as asked: from now on they are immutable. One query."""
    [(attempt.pk,)], _asked = ask(ATTEMPT(attempt), ASKED(versions=list(asked), now=now))
    attempt._state.adding = False


STEPS = Insertions(AnswerStep, "seq", "position", "response")


def keep_steps(
    attempt: Attempt, steps: Sequence[tuple[int, int, Any]], *, client_seq: int, now: datetime, counted: bool
) -> None:
    """Add answers: number, position and response of each. One query, none without any."""
    if steps:
        ask(STEPS(steps, attempt_id=attempt.pk, client_seq=client_seq, received_at=now, counted=counted))


EVENTS = Insertions(IntegrityEvent, "kind", "position", "detail")


def keep_events(attempt: Attempt, events: Sequence[tuple[str, int | None, str]], *, now: datetime) -> None:
    """Add lines to the log of a sitting: kind, position and detail of each. One query, none without any."""
    if events:
        ask(EVENTS(events, attempt_id=attempt.pk, happened_at=now))


#: What a grading changes of its attempt.
GRADED_FIELDS = ("state", "submitted_at", "stands_since", "standstill", "graded_at", "score", "passed", "result")
_graded: dict[str, Any] = {name: Attempt._meta.get_field(name) for name in GRADED_FIELDS}
GRADED = Change(
    lambda attempt, **values: (Attempt.objects.filter(pk=attempt), values), attempt=BigIntegerField(), **_graded
)
GRADING = Insertion(Grading)


def keep_graded(attempt: Attempt, grading: Grading) -> None:
    """Write an attempt as it was graded, and the grading by which. One query."""
    ask(
        GRADED(attempt=attempt.pk, **{name: getattr(attempt, name) for name in GRADED_FIELDS}),
        GRADING(grading),
    )
