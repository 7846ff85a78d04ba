"""Sitting an exam: start, give answers, submit. The clock is the server's; no answer is ever overwritten."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from certification import timing
from certification.drawing import Unfillable, draw
from certification.grading import grade
from certification.models import AnswerStep, Attempt, AttemptState, Exam, QuestionVersion
from certification.question_types import BadResponse, Response, get_type
from certification.services.credentials import award_credential
from certification.services.exams import describe_exams, load_bank
from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership, in_force_now

logger = logging.getLogger(__name__)

#: What one attempt may hold; far above what a person gives, far below what would fill a disk.
MOST_STEPS = 5000

#: By position, the one-based places (as shown) that were given.
Given = Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of answers that arrived.

    Attributes:
        seq: the number of the change that arrived.
        counted: whether they count; otherwise they came too late and are kept as evidence.
        conflict: whether another page had answered one of these questions since this page was loaded. The answer that
            arrived last stands; the page should be loaded again.
    """

    seq: int
    deadline_at: datetime
    counted: bool
    conflict: bool


@transaction.atomic
def start_attempt(membership: Membership, *, exam: Exam, seed: int, now: datetime) -> Attempt:
    """Begin a sitting, or go on with the one that is running.

    1. Lock the person's row: of two starts at once one begins the attempt and the other finds it.
    2. A running attempt is the answer.
    3. Check everything that may stand in the way.
    4. Draw the paper from the seed.
    5. Write the attempt, with its deadline, and mark the versions as asked: from now on they are immutable.

    Args:
        seed: any 63-bit number that the candidate cannot know.

    Raises:
        NotAllowed: the membership does not hold.
        Refusal: with the reason, and the date or act that would change it.
    """
    if not in_force_now(membership, now):
        raise NotAllowed(_("Exams are for members of a partner."), code="not_a_member")
    User.objects.select_for_update(no_key=True).get(pk=membership.user_id)  # 1
    exam = Exam.objects.select_related("course").prefetch_related("sections").get(pk=exam.pk)
    (state,) = describe_exams(membership, exams=[exam], now=now)
    if state.running is not None:  # 2
        return state.running
    if state.obstacle is not None:  # 3
        raise state.obstacle
    try:
        paper = draw(exam.as_blueprint(), load_bank(part.topic_id for part in exam.sections.all()), seed)  # 4
    except Unfillable as error:  # a question was retired between the check and the draw
        raise Refusal(_("This exam is still being prepared."), code="exam_unfillable") from error
    deadline = timing.deadline_after(now, minutes=exam.time_limit_minutes)
    attempt = Attempt.objects.create(  # 5
        user_id=membership.user_id,
        membership=membership,
        exam=exam,
        seed=seed,
        paper=paper.to_json(),
        started_at=now,
        deadline_at=deadline,
        due_at=timing.due_after(deadline),
    )
    QuestionVersion.objects.filter(
        pk__in=[item.version for item in paper.questions], first_asked_at__isnull=True
    ).update(first_asked_at=now)
    return attempt


@transaction.atomic
def save_answers(
    attempt_id: str, *, answers: Given, client_seq: int, whole_page: bool = False, by: User, now: datetime
) -> Saved:
    """Add what a candidate gave, one answer or a whole page. Nothing is overwritten; the last to arrive counts.

    A page numbers its changes: the first after loading is one more than the number that the page was given, and each
    further one is one more again. A page that is sent as a whole also sends what it was merely loaded with: that is no
    answer, so an old tab does not wipe out what another page gave since.

    Args:
        attempt_id: the attempt's public id. It is looked up under the lock, as the candidate's own.
        answers: by position; an empty sequence clears the answer.
        client_seq: the number of the change.
        whole_page: whether everything on the page was sent, changed or not.

    Raises:
        Attempt.DoesNotExist: no such attempt of this person.
        Refusal: what arrived is not what the page could have sent. Nothing is written then.
    """
    attempt = Attempt.objects.of(by).select_for_update().get(public_id=attempt_id)
    return _add_steps(attempt, answers=answers, client_seq=client_seq, whole_page=whole_page, now=now)


def _add_steps(attempt: Attempt, *, answers: Given, client_seq: int, whole_page: bool, now: datetime) -> Saved:
    """Add answers to an attempt that the caller has locked."""
    responses = _read_responses(attempt, answers)
    steps = list(
        AnswerStep.objects.filter(attempt=attempt)
        .order_by("seq")
        .values_list("seq", "position", "response", "client_seq", "counted")
    )
    counted = attempt.counts_at(now)
    latest: dict[int, Response] = {}
    as_loaded: dict[int, Response] = {}
    seen_since: set[int] = set()
    for _seq, position, response, number, step_counted in steps:
        if not step_counted:
            continue
        latest[position] = response
        if number < client_seq:
            as_loaded[position] = response
        else:
            seen_since.add(position)
    new = {
        position: response
        for position, response in responses.items()
        if response != latest.get(position, []) and not (whole_page and response == as_loaded.get(position, []))
    }
    if len(steps) + len(new) > MOST_STEPS:
        raise Refusal(_("This attempt has received too many answers."), code="too_many_answers")
    seq = steps[-1][0] if steps else 0
    AnswerStep.objects.bulk_create(
        AnswerStep(
            attempt=attempt,
            seq=seq + offset,
            position=position,
            response=response,
            client_seq=client_seq,
            received_at=now,
            counted=counted,
        )
        for offset, (position, response) in enumerate(new.items(), 1)
    )
    return Saved(
        seq=client_seq,
        deadline_at=attempt.deadline_at,
        counted=counted,
        conflict=counted and bool(seen_since & new.keys()),
    )


def _read_responses(attempt: Attempt, answers: Given) -> dict[int, Response]:
    """What was given, as each question's type stores it."""
    questions = {item.position: item for item in attempt.drawn.questions}
    try:
        return {
            position: get_type(questions[position].type).read(questions[position].order, given)
            for position, given in sorted(answers.items())
        }
    except (BadResponse, KeyError) as error:
        raise Refusal(
            _("What arrived is not an answer to this exam."), remedy=_("Load the page again."), code="bad_answer"
        ) from error


@transaction.atomic
def submit_attempt(
    attempt: Attempt,
    *,
    answers: Given | None = None,
    client_seq: int = 0,
    by: User | None,
    now: datetime,
) -> Attempt:
    """Submit and grade, exactly once: of two that submit at once the second finds it done. A pass earns a credential.

    1. Lock the attempt. If it is graded already, that is the answer.
    2. Add the answers that came along, if any.
    3. Grade the frozen paper with the last answer to each question that counts.
    4. Write the result; where it passed, award the credential and assess the partner, in this transaction.

    Args:
        answers: what the page showed when it was submitted (at the end of time it is sent as a whole).
        by: the candidate; None for the sweeper.

    Raises:
        NotAllowed: the attempt is somebody else's.
    """
    if by is not None and by.pk != attempt.user_id:
        raise NotAllowed(_("This attempt is somebody else's."))
    attempt = (
        Attempt.objects.select_related("exam", "user", "membership__partner")
        .select_for_update(of=("self",))
        .get(pk=attempt.pk)
    )
    if not attempt.is_running:  # 1
        return attempt
    if answers:  # 2
        _add_steps(attempt, answers=answers, client_seq=client_seq, whole_page=True, now=now)
    contents = dict(  # 3
        QuestionVersion.objects.filter(pk__in=[item.version for item in attempt.drawn.questions]).values_list(
            "pk", "content"
        )
    )
    result = grade(attempt.drawn, contents, read_answers(attempt))
    attempt.state = AttemptState.GRADED  # 4
    # A sweeper that comes late must not lengthen the wait before another try.
    attempt.submitted_at = min(now, attempt.deadline_at)
    attempt.score, attempt.passed, attempt.result = result.percent, result.passed, result.to_json()
    attempt.save(update_fields=["state", "submitted_at", "score", "passed", "result"])
    if result.passed:
        award_credential(
            attempt.user, exam=attempt.exam, membership=attempt.membership, attempt=attempt, by=by, now=now
        )
    return attempt


def read_answers(attempt: Attempt) -> dict[int, Response]:
    """The answers that count, by position: one query."""
    steps = AnswerStep.objects.filter(attempt=attempt, counted=True).order_by("seq")
    return dict(steps.values_list("position", "response"))


def submit_due_attempts(*, now: datetime) -> int:
    """Submit every running attempt whose time and grace are over, each in a transaction of its own.

    One that cannot be graded is logged, stays as it is, and comes up again; it does not stop the others.

    Returns:
        How many were submitted.
    """
    submitted = 0
    for attempt in list(Attempt.objects.due(now).order_by("due_at")):
        try:
            submit_attempt(attempt, by=None, now=now)
        except Exception:  # a broken paper of one candidate is not the others' business
            logger.exception("Attempt %s could not be submitted", attempt.pk)
        else:
            submitted += 1
    return submitted
