"""What an attempt is worth: graded when it is submitted, again when people have marked it, and whenever staff say so.

Every grading is kept; the attempt holds the last.
"""

from datetime import datetime, timedelta
from fractions import Fraction

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from certification.facts import attempts_awaiting_marking, attempts_graded, attempts_marked, attempts_voided
from certification.grading import Result, grade
from certification.models import (
    AnswerStep,
    Attempt,
    AttemptState,
    Credential,
    ExamSection,
    Grading,
    MarkingState,
    MarkingTask,
)
from certification.question_types import Response
from certification.services.asking import ask_given, ask_who_sat
from certification.services.credentials import award_credential, revoke_credential
from certification.services.keeping import keep_graded
from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.partners.models import Membership
from training.services.progress import waive_lesson


def read_answers(attempt: Attempt) -> dict[int, Response]:
    """The answers that count, by position: one query."""
    steps = AnswerStep.objects.filter(attempt=attempt, counted=True).order_by("seq")
    return dict(steps.values_list("position", "response"))


def reckon(attempt: Attempt) -> Result:
    """What the attempt is worth now, by its frozen paper, its answers, what people marked, and what was withdrawn."""
    given = ask_given(attempt, versions=[item.version for item in attempt.drawn.questions])
    by_hand = {}
    if attempt.state != AttemptState.SUBMITTED:
        marked = MarkingTask.objects.filter(attempt=attempt, state=MarkingState.DONE)
        by_hand = {position: Fraction(earned) for position, earned in marked.values_list("position", "earned")}
    return grade(attempt.drawn, given.contents, given.answers, by_hand=by_hand, withdrawn=given.withdrawn)


def grade_submitted(attempt: Attempt, *, by: User | None, now: datetime, reason: str = "") -> Attempt:
    """Grade a submitted attempt that the caller has locked. Answers that people mark wait for them.

    1. Reckon.
    2. While people have to mark: put the answers in their queue, with the hours that the candidate is promised.
    3. Else write the grading and, for a pass, award the credential and assess the partner, in this transaction.
    """
    result = reckon(attempt)  # 1
    if not result.complete:  # 2
        attempt.state = AttemptState.AWAITING_MARKING
        submitted_at = attempt.submitted_at or now
        attempt.marked_by_at = submitted_at + timedelta(hours=attempt.exam.marking_hours)
        attempt.result = result.to_json()
        attempt.save(update_fields=["state", "submitted_at", "stands_since", "standstill", "marked_by_at", "result"])
        questions = {item.position: item for item in attempt.drawn.questions}
        MarkingTask.objects.bulk_create(
            [
                MarkingTask(
                    attempt=attempt, position=position, version_id=questions[position].version,
                    due_at=attempt.marked_by_at,
                )
                for position in result.awaiting
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        if not attempt.is_preview:
            attempts_awaiting_marking.announce(attempt_ids=[attempt.pk], by=by)
        return attempt
    return write_grading(attempt, result, by=by, reason=reason, now=now)  # 3


def write_grading(attempt: Attempt, result: Result, *, by: User | None, reason: str, now: datetime) -> Attempt:
    """Keep what an attempt was found to be worth as its last grading, and what follows from it."""
    stored, passed = result.to_json(), result.passed
    number = 1 if attempt.graded_at is None else attempt.gradings.count() + 1
    attempt.state, attempt.graded_at = AttemptState.GRADED, now
    attempt.score, attempt.passed, attempt.result = result.percent, passed, stored
    grading = Grading(
        attempt=attempt, number=number, graded_at=now, graded_by=by, reason=reason, score=attempt.score,
        passed=passed, result=stored,
    )  # fmt: skip
    keep_graded(attempt, grading)
    if attempt.is_preview or attempt.membership_id is None:
        return attempt
    if attempt.exam.is_diagnostic or passed:
        person, membership = ask_who_sat(attempt)
        if attempt.exam.is_diagnostic:
            _waive_lessons(attempt, membership, result, now=now)
        else:
            award_credential(person, exam=attempt.exam, membership=membership, attempt=attempt, by=by, now=now)
    attempts_graded.announce(attempt_ids=[attempt.pk], by=by)
    if attempt.marked_by_at is not None:
        attempts_marked.announce(attempt_ids=[attempt.pk], by=by)
    return attempt


def _waive_lessons(attempt: Attempt, membership: Membership, result: Result, *, now: datetime) -> None:
    """Let the person off the lessons whose sections they passed. A lesson that is not open to them any more stays."""
    passed = [part.section for part in result.sections if part.passed and part.possible]
    for section in ExamSection.objects.filter(pk__in=passed, waives__isnull=False).select_related("waives"):
        try:
            with transaction.atomic():
                waive_lesson(
                    membership,
                    lesson=section.waives,
                    evidence=f"diagnostic {attempt.public_id}",
                    by=None,
                    now=now,
                )
        except Refusal:
            continue


@transaction.atomic
def grade_marked(attempt: Attempt, *, by: User | None, now: datetime) -> Attempt:
    """Grade an attempt whose last answer a person has marked; the caller has locked it. Otherwise nothing happens."""
    if attempt.state != AttemptState.AWAITING_MARKING or MarkingTask.objects.open().filter(attempt=attempt).exists():
        return attempt
    result = reckon(attempt)
    return write_grading(attempt, result, by=by, reason="", now=now) if result.complete else attempt


@transaction.atomic
def void_attempt(attempt: Attempt, *, reason: str, by: User, now: datetime) -> Attempt:
    """Let an attempt count for nothing, with a reason that the candidate reads. What was given and marked stays.

    A credential that it has earned is revoked with the same reason, in the same transaction.

    Raises:
        Refusal: without a reason, or if it is void already.
    """
    reason = reason.strip()
    if not reason:
        raise Refusal(_("An attempt is not voided without a reason."), remedy=_("The candidate will read it."))
    locked = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if locked.state == AttemptState.VOIDED:
        raise Refusal(_("This attempt is void already."), code="void_already")
    locked.state, locked.voided_at, locked.voided_by, locked.void_reason = AttemptState.VOIDED, now, by, reason
    locked.stands_since, locked.standstill = None, ""
    locked.save(update_fields=["state", "voided_at", "voided_by", "void_reason", "stands_since", "standstill"])
    credential = Credential.objects.filter(attempt=locked, revoked_at__isnull=True).first()
    if credential is not None:
        revoke_credential(credential, reason=reason, by=by, now=now)
    if not locked.is_preview:
        attempts_voided.announce(attempt_ids=[locked.pk], by=by)
    return locked
