"""The queue of what people mark: taken up by one at a time, marked once or twice, decided by a third on disagreement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from certification import access
from certification.facts import markers_disagreed
from certification.models import AnswerStep, Attempt, MarkGiven, MarkingState, MarkingTask
from certification.rubrics import award, differ
from certification.services.gradings import grade_marked
from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal

#: An answer that was taken up and not marked goes back into the queue after this long.
IN_HAND = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a marker sees: the question with its rubric, the answer, and, unless it is blind, whose it is."""

    task: MarkingTask
    content: dict[str, Any]
    response: Any
    candidate: str
    others: tuple[MarkGiven, ...]


@transaction.atomic
def take_up(task: MarkingTask, *, by: User, now: datetime) -> MarkingTask:
    """Take an answer in hand, so that no two people mark the same one at once. Taking it up again keeps it longer.

    Raises:
        NotAllowed: the person may not mark, or it is their own answer.
        Refusal: it is marked, in another's hands, or this person has marked it already.
    """
    if not access.may_mark(by):
        raise NotAllowed(_("Answers are marked by examiners."), code="not_a_marker")
    locked = MarkingTask.objects.select_for_update(of=("self",)).select_related("attempt").get(pk=task.pk)
    _check_free(locked, by, now)
    locked.claimed_by, locked.claimed_until = by, now + IN_HAND
    locked.save(update_fields=["claimed_by", "claimed_until"])
    return locked


def _check_free(task: MarkingTask, by: User, now: datetime) -> None:
    if task.attempt.user_id == by.pk and not task.attempt.is_preview:
        raise NotAllowed(_("Nobody marks their own answer."), code="own_answer")
    if task.state == MarkingState.DONE:
        raise Refusal(_("This answer is marked already."), code="marked_already")
    if MarkGiven.objects.filter(task=task, marker=by).exists():
        raise Refusal(
            _("You have marked this answer; another person marks it as well."),
            remedy=_("Take the next one of the queue."),
            code="marked_by_you",
        )
    if task.claimed_by_id not in {None, by.pk} and task.claimed_until is not None and task.claimed_until > now:
        raise Refusal(
            _("Somebody else is marking this answer."), remedy=_("Take the next one of the queue."), code="in_hand"
        )


@transaction.atomic
def put_back(task: MarkingTask, *, by: User) -> None:
    """Give an answer back to the queue unmarked. Of somebody else's nothing happens."""
    MarkingTask.objects.filter(pk=task.pk, claimed_by=by).update(claimed_by=None, claimed_until=None)


@transaction.atomic
def give_mark(task: MarkingTask, *, rubric: Mapping[str, str], comment: str, by: User, now: datetime) -> MarkingTask:
    """Mark an answer by the question's rubric.

    1. Lock the attempt, then the answer; check.
    2. Keep what this marker gave.
    3. One marker: that is the mark. Two: their mean, unless they disagree; then a third person's is the mark.
    4. With the attempt's last answer marked, grade it.

    Args:
        rubric: for each criterion's id the id of the level that was reached.

    Raises:
        NotAllowed, Refusal: as :func:`take_up`; or a criterion has no level chosen.
    """
    if not access.may_mark(by):
        raise NotAllowed(_("Answers are marked by examiners."), code="not_a_marker")
    attempt = (  # 1
        Attempt.objects.select_related("exam", "user", "membership__partner")
        .select_for_update(of=("self",))
        .get(pk=task.attempt_id)
    )
    locked = MarkingTask.objects.select_for_update(of=("self",)).select_related("version__question").get(pk=task.pk)
    locked.attempt = attempt
    _check_free(locked, by, now)
    earned = award(locked.version.content, rubric)
    if earned is None:
        raise Refusal(
            _("Choose a level for every criterion."), remedy=_("Nothing is kept until then."), code="rubric_incomplete"
        )
    MarkGiven.objects.create(  # 2
        task=locked, marker=by, earned=str(earned), rubric=dict(rubric), comment=comment.strip(), given_at=now
    )
    _decide(locked, now=now)  # 3
    locked.claimed_by, locked.claimed_until = None, None
    locked.save(update_fields=["state", "earned", "done_at", "claimed_by", "claimed_until"])
    if locked.state == MarkingState.DONE:
        grade_marked(attempt, by=by, now=now)  # 4
    return locked


def _decide(task: MarkingTask, *, now: datetime) -> None:
    """What the marks given so far come to: done, a third marker needed, or one more."""
    exam = task.attempt.exam
    marks = [
        Fraction(earned) for earned in task.marks_given.order_by("given_at", "pk").values_list("earned", flat=True)
    ]
    if task.state == MarkingState.DISAGREED:
        decided = marks[-1]
    elif not exam.second_marker:
        decided = marks[0]
    elif len(marks) < 2:
        return
    elif differ(marks[0], marks[1], percent=exam.disagreement_percent):
        task.state = MarkingState.DISAGREED
        markers_disagreed.announce(task_ids=[task.pk], by=None)
        return
    else:
        decided = (marks[0] + marks[1]) / 2
    task.state, task.earned, task.done_at = MarkingState.DONE, str(decided), now


def read_marking_sheet(task: MarkingTask) -> Sheet:
    """What a marker sees of an answer; three queries."""
    exam = task.attempt.exam
    given = AnswerStep.objects.filter(attempt=task.attempt_id, position=task.position, counted=True).order_by("-seq")
    # A second marker is not led by the first; who decides between two sees both.
    others = tuple(task.marks_given.select_related("marker")) if task.state == MarkingState.DISAGREED else ()
    return Sheet(
        task=task,
        content=task.version.content,
        response=given.values_list("response", flat=True).first(),
        candidate="" if exam.blind_marking else str(task.attempt.user),
        others=others,
    )
