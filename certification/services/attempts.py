"""Sitting an exam: start, give answers, submit. The clock is the server's; no answer is ever overwritten."""

import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from certification.allowances import Allowed
from certification.drawing import BankItem, Blueprint, Paper, PaperQuestion, Unfillable
from certification.facts import questions_reported
from certification.models import (
    Attempt,
    AttemptState,
    BrokenReport,
    EventKind,
    Exam,
    Flag,
    Halt,
)
from certification.question_types import BadResponse, Response, get_type
from certification.services.asking import (
    Log,
    Step,
    ask_log,
    ask_steps,
    lock_attempt_to_grade,
    lock_person,
    lock_to_answer,
)
from certification.services.clocks import is_out, set_deadline
from certification.services.exams import describe_exams, with_plan
from certification.services.gradings import grade_submitted
from certification.services.keeping import keep_begun, keep_events, keep_steps
from certification.services.plans import draw_paper, find_exam_subtrees, load_bank, plan_exam
from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership, in_force_now

logger = logging.getLogger(__name__)

#: What one attempt may hold; far above what a person gives, far below what would fill a disk.
MOST_STEPS = 5000
MOST_EVENTS = 2000

#: By position, and in it by part ("" where the question has one), the values that were given.
Given = Mapping[int, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of answers that arrived.

    Attributes:
        seq: the number of the change that arrived.
        counted: whether they count; otherwise they came too late and are kept as evidence.
        conflict: whether another page had answered one of these questions since this page was loaded. The answer that
            arrived last stands; the page should be loaded again.
        stands: why the clock stands still, if it does.
    """

    seq: int
    deadline_at: datetime
    counted: bool
    conflict: bool
    stands: str = ""


# --- Starting --------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_attempt(
    membership: Membership, *, exam: Exam, seed: int, language: str = "", access_code: str = "", now: datetime
) -> Attempt:
    """Begin a sitting, or go on with the one that is running.

    1. Lock the person's row: of two starts at once one begins the attempt and the other finds it.
    2. A running attempt is the answer.
    3. Check everything that may stand in the way.
    4. Draw the paper from the seed, with what this candidate and others have seen least.
    5. Write the attempt, with its deadline, and mark the versions as asked: from now on they are immutable.

    Args:
        seed: any 63-bit number that the candidate cannot know.
        language: one of the exam's; empty for whichever the reader's is.

    Raises:
        NotAllowed: the membership does not hold.
        Refusal: with the reason, and the date or act that would change it.
    """
    if not in_force_now(membership, now):
        raise NotAllowed(_("Exams are for members of a partner."), code="not_a_member")
    language = _choose_language(exam, language)
    (state,) = describe_exams(membership, exams=[exam], now=now, language=language, lock=True)  # 1
    if state.running is not None:  # 2
        return state.running
    if state.obstacle is not None:  # 3
        raise state.obstacle
    if exam.access_code and not secrets.compare_digest(exam.access_code.strip().encode(), access_code.strip().encode()):
        raise Refusal(
            _("The access code is not right."),
            remedy=_("It is given to you where the exam is held. Capitals and small letters differ."),
            code="access_code",
        )
    paper = _draw(  # 4
        exam, state.blueprint, state.bank, own_papers=state.own_papers, language=language, seed=seed
    )
    return _begin(
        membership.user_id, membership, exam, paper, state.allowed, seed=seed, language=language, now=now
    )  # 5


@transaction.atomic
def start_preview(
    by: User, *, exam: Exam, membership: Membership | None, language: str = "", seed: int, now: datetime
) -> Attempt:
    """Let staff sit an exam as any candidate would, kept out of every number. One at a time: a new one ends the last.

    Nothing stands in the way but an exam that cannot be filled; the versions are not marked as asked.

    Args:
        membership: as whom: their accommodations apply; None for anybody.

    Raises:
        Refusal: the bank cannot fill the exam.
    """
    lock_person(by.pk)
    exam = with_plan(Exam.objects.filter(pk=exam.pk)).get()
    language = _choose_language(exam, language)
    Attempt.objects.of(by).filter(exam=exam, is_preview=True).in_progress().update(
        state=AttemptState.VOIDED, stands_since=None, standstill="", voided_at=now, voided_by=by, void_reason="preview"
    )
    allowed = Allowed()
    if membership is not None:
        (state,) = describe_exams(membership, exams=[exam], now=now, language=language)
        allowed = state.allowed
    blueprint = plan_exam(exam, find_exam_subtrees([exam]))
    bank = load_bank([blueprint], language=language)
    paper = _draw(exam, blueprint, bank, own_papers=(), language=language, seed=seed)
    return _begin(by.pk, membership, exam, paper, allowed, seed=seed, language=language, now=now, is_preview=True)


def _choose_language(exam: Exam, language: str) -> str:
    """The language of a paper; empty, where several are offered and none was chosen: then it is always the reader's."""
    only = exam.languages[0] if len(exam.languages) == 1 else ""
    return language if language in exam.languages else only


def _draw(
    exam: Exam,
    blueprint: Blueprint,
    bank: Sequence[BankItem],
    *,
    own_papers: Iterable[Mapping[str, object]],
    language: str,
    seed: int,
) -> Paper:
    try:
        return draw_paper(exam, blueprint, bank, own_papers=own_papers, language=language, seed=seed)
    except Unfillable as error:
        raise Refusal(
            _("This exam is still being prepared: its questions are not complete."), code="exam_unfillable"
        ) from error


def _begin(
    user_id: int,
    membership: Membership | None,
    exam: Exam,
    paper: Paper,
    allowed: Allowed,
    *,
    seed: int,
    language: str,
    now: datetime,
    is_preview: bool = False,
) -> Attempt:
    attempt = Attempt(
        user_id=user_id,
        membership=membership,
        exam=exam,
        is_preview=is_preview,
        language=language,
        seed=seed,
        paper=paper.to_json(),
        one_at_a_time=exam.one_at_a_time,
        no_way_back=exam.no_way_back,
        started_at=now,
        limit_seconds=exam.time_limit_minutes * 60,
        factor_percent=allowed.factor_percent,
        break_seconds=allowed.break_minutes * 60,
        window_end=None if is_preview else exam.window_closes_at,
        window_is_hard=exam.window_is_hard,
    )
    set_deadline(attempt)
    keep_begun(attempt, asked=() if is_preview else [item.version for item in paper.questions], now=now)
    return attempt


# --- Answers ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_answers(
    attempt_id: str,
    *,
    answers: Given,
    client_seq: int,
    whole_page: bool = False,
    move_to: int | None = None,
    by: User,
    now: datetime,
) -> Saved:
    """Add what a candidate gave, one answer or a whole page. Nothing is overwritten; the last to arrive counts.

    A page numbers its changes: the first after loading is one more than the number that the page was given, and each
    further one is one more again. A page that is sent as a whole also sends what it was merely loaded with: that is no
    answer, so an old tab does not wipe out what another page gave since.

    Args:
        attempt_id: the attempt's public id. It is looked up under the lock, as the candidate's own.
        answers: by position and part; an empty sequence clears the answer.
        client_seq: the number of the change.
        whole_page: whether everything on the page was sent, changed or not.
        move_to: where one question is shown at a time, the position to go to next.

    Raises:
        Attempt.DoesNotExist: no such attempt of this person.
        Refusal: what arrived is not what the page could have sent, or is an answer to a question that was left for good.
            Nothing is written then.
    """
    attempt, steps = lock_to_answer(by, attempt_id, positions=answers)
    saved = _add_steps(attempt, steps, answers=answers, client_seq=client_seq, whole_page=whole_page, now=now)
    if move_to is not None and saved.counted and attempt.one_at_a_time:
        move_on(attempt, to=move_to)
    return saved


def move_on(attempt: Attempt, *, to: int) -> None:
    """Go to a question of a paper that is shown one at a time; the furthest is what "no way back" is reckoned from.

    Raises:
        Refusal: there is no such question, or it was left for good.
    """
    if not 1 <= to <= len(attempt.drawn.questions):
        raise _unreadable()
    if attempt.no_way_back and (to < attempt.position or to > attempt.position + 1):
        raise _left_for_good()
    if to > attempt.position:
        attempt.position = to
        attempt.save(update_fields=["position"])


def _add_steps(
    attempt: Attempt, steps: Iterable[Step], *, answers: Given, client_seq: int, whole_page: bool, now: datetime
) -> Saved:
    """Add answers to an attempt that the caller has locked.

    Args:
        steps: what was given at their positions before, asked under the lock: what another page has given is seen.

    While the clock stands still nothing is taken but what was under way: nobody answers on borrowed time. The page keeps
    what it has and sends it again when the exam goes on.
    """
    if attempt.is_running and attempt.stands_since is not None and not attempt.counts_at(now):
        raise Refusal(
            _("Your time stands still, and answers are not taken meanwhile."),
            remedy=_("What you have written is still on your page: go back, and save it when the exam goes on."),
            code="stands_still",
        )
    responses = _read_responses(attempt, answers)
    if attempt.no_way_back and any(position != attempt.position for position in responses):
        if not whole_page:
            raise _left_for_good()
        responses = {position: given for position, given in responses.items() if position == attempt.position}
    counted = attempt.counts_at(now)
    last_seq = 0
    latest: dict[int, Response] = {}
    as_loaded: dict[int, Response] = {}
    seen_since: set[int] = set()
    for seq, position, response, number, step_counted in steps:
        last_seq = seq
        if not step_counted:
            continue
        latest[position] = response
        if number < client_seq:
            as_loaded[position] = response
        else:
            seen_since.add(position)
    kinds = {item.position: get_type(item.type) for item in attempt.drawn.questions}
    new = {}
    for position, response in responses.items():
        given_before = latest.get(position)
        if response == given_before or (given_before is None and not kinds[position].is_answered(response)):
            continue
        if whole_page and response == as_loaded.get(position, []):
            continue
        new[position] = response
    if last_seq + len(new) > MOST_STEPS:
        raise Refusal(_("This attempt has received too many answers."), code="too_many_answers")
    added = [(seq, position, response) for seq, (position, response) in enumerate(new.items(), last_seq + 1)]
    keep_steps(attempt, added, client_seq=client_seq, now=now, counted=counted)
    return Saved(
        seq=client_seq,
        deadline_at=attempt.deadline_at,
        counted=counted,
        conflict=counted and bool(seen_since & new.keys()),
        stands=attempt.standstill,
    )


def _read_responses(attempt: Attempt, answers: Given) -> dict[int, Response]:
    """What was given, as each question's type stores it."""
    questions = {item.position: item for item in attempt.drawn.questions}
    language = attempt.language or get_language() or settings.LANGUAGE_CODE
    try:
        return {
            position: get_type(questions[position].type).read(questions[position].order, given, language=language)
            for position, given in sorted(answers.items())
        }
    except (BadResponse, KeyError) as error:
        raise _unreadable() from error


def _unreadable() -> Refusal:
    return Refusal(
        _("What arrived is not an answer to this exam."), remedy=_("Load the page again."), code="bad_answer"
    )


def _left_for_good() -> Refusal:
    return Refusal(
        _("This question was left, and this exam has no way back."),
        remedy=_("Your answer to it stands as it was saved. Go on with the next one."),
        code="left_for_good",
    )


# --- Beside the answers ----------------------------------------------------------------------------------------------


@transaction.atomic
def flag_question(attempt: Attempt, *, position: int, on: bool, now: datetime) -> None:
    """Mark a question to be looked at again before submitting, or take the mark away. No effect on anything.

    Raises:
        Refusal: the attempt is not running, or has no such question.
    """
    _check_running(attempt, position, now)
    if on:
        Flag.objects.bulk_create([Flag(attempt=attempt, position=position)], ignore_conflicts=True)
    else:
        Flag.objects.filter(attempt=attempt, position=position).delete()


@transaction.atomic
def report_question(attempt: Attempt, *, position: int, text: str, by: User, now: datetime) -> BrokenReport:
    """Keep a candidate's note that a question is broken, for the examiners. The sitting goes on; a second note for the
    same question replaces the words of the first.

    Raises:
        Refusal: nothing was written, the attempt is not running, or has no such question.
    """
    item = _check_running(attempt, position, now)
    text = text.strip()[:1000]
    if not text:
        raise Refusal(_("Say in a few words what is wrong with the question."), code="report_empty")
    report, created = BrokenReport.objects.update_or_create(
        attempt=attempt,
        position=position,
        defaults={"text": text, "reported_at": now},
        create_defaults={"text": text, "reported_at": now, "version_id": item.version},
    )
    if created and not attempt.is_preview:
        questions_reported.announce(report_ids=[report.pk], by=by)
    return report


def _check_running(attempt: Attempt, position: int, now: datetime) -> PaperQuestion:
    if not attempt.is_running or now > attempt.due_at:
        raise Refusal(_("This attempt is over."), code="attempt_over")
    item = next((one for one in attempt.drawn.questions if one.position == position), None)
    if item is None:
        raise _unreadable()
    return item


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that the page or the server noticed during a sitting."""

    kind: EventKind
    position: int | None = None
    detail: str = ""


def note_events(attempt: Attempt, noticed: Sequence[Noticed], *, now: datetime) -> int:
    """Add lines to a sitting's log, as many as it may hold; returns how many. Nothing is decided by them."""
    if not attempt.is_running or not noticed:
        return 0
    return _add_events(attempt, noticed, count=ask_log(attempt).lines, now=now)


def note_address(attempt: Attempt, log: Log, *, address: str, device: str, now: datetime) -> int:
    """Add a line where the sitting is seen from another network address, or on another device, than last in its log."""
    new = [
        Noticed(kind, detail=digest)
        for kind, digest in ((EventKind.ADDRESS, address), (EventKind.DEVICE, device))
        if digest and log.seen_from.get(kind) != digest
    ]
    return _add_events(attempt, new, count=log.lines, now=now) if attempt.is_running else 0


def _add_events(attempt: Attempt, noticed: Sequence[Noticed], *, count: int, now: datetime) -> int:
    rows = [(one.kind, one.position, one.detail[:64]) for one in noticed[: max(0, MOST_EVENTS - count)]]
    keep_events(attempt, rows, now=now)
    return len(rows)


def find_halt(attempt: Attempt) -> Halt | None:
    """The halt by which the attempt stands still, if it does."""
    return Halt.objects.open().filter(exam=attempt.exam_id).first() if attempt.standstill == "halt" else None


# --- Submitting ------------------------------------------------------------------------------------------------------


def submit_attempt(
    attempt: Attempt, *, answers: Given | None = None, client_seq: int = 0, by: User | None, now: datetime
) -> Attempt:
    """Submit and grade, exactly once: of two that submit at once the second finds it done. A pass earns a credential.

    Args:
        answers: what the page showed when it was submitted (at the end of time it is sent as a whole).
        by: the candidate; None for the sweeper.

    Raises:
        NotAllowed: the attempt is somebody else's.
        Refusal: the exam is halted.
    """
    if by is not None and by.pk != attempt.user_id:
        raise NotAllowed(_("This attempt is somebody else's."))
    return _submit_surely(attempt.user_id, attempt.public_id, answers=answers, client_seq=client_seq, by=by, now=now)


def submit_own_attempt(
    attempt_id: str, *, answers: Given | None = None, client_seq: int = 0, by: User, now: datetime
) -> Attempt:
    """:func:`submit_attempt`, for an attempt that is looked up under the lock, as the candidate's own.

    Args:
        attempt_id: its public id.

    Raises:
        Attempt.DoesNotExist: no such attempt of this person.
        Refusal: the exam is halted.
    """
    return _submit_surely(by.pk, attempt_id, answers=answers, client_seq=client_seq, by=by, now=now)


class _Ungraded(Exception):
    """An attempt could not be graded: its paper is broken, or what follows from its result failed."""


def _submit_surely(user_id: int, attempt_id: str, **given: Any) -> Attempt:
    """Submit and grade. What cannot be graded now is submitted all the same, and a sweeper comes back to it: nothing that
    was given is lost by it."""
    try:
        return _submit(user_id, attempt_id, graded=True, **given)
    except _Ungraded:
        logger.exception("Attempt %s could not be graded", attempt_id)
        return _submit(user_id, attempt_id, graded=False, **given)


@transaction.atomic
def _submit(
    user_id: int,
    attempt_id: str,
    *,
    answers: Given | None,
    client_seq: int,
    by: User | None,
    now: datetime,
    graded: bool,
) -> Attempt:
    """Submit an attempt, and grade it or leave that for later.

    1. Lock the attempt. If it is submitted already, that is the answer.
    2. Add the answers that came along, if any.
    3. Submit it.
    4. Grade the frozen paper (:func:`certification.services.gradings.grade_submitted`).

    Raises:
        _Ungraded: it cannot be graded; nothing was written.
    """
    attempt = lock_attempt_to_grade(user_id, attempt_id)
    if not attempt.is_running:  # 1
        return attempt
    if attempt.standstill == "halt":
        raise Refusal(
            _("This exam is halted, and your time stands still."),
            remedy=_("Your answers are saved. You can submit as soon as it goes on."),
            code="halted",
        )
    if answers:  # 2
        steps = ask_steps(attempt, positions=answers)
        _add_steps(attempt, steps, answers=answers, client_seq=client_seq, whole_page=True, now=now)
    attempt.state = AttemptState.SUBMITTED  # 3
    # A sweeper that comes late must not lengthen the wait before another try.
    attempt.submitted_at = max(attempt.started_at, min(now, attempt.deadline_at))
    attempt.stands_since, attempt.standstill = None, ""
    if not graded:
        attempt.save(update_fields=["state", "submitted_at", "stands_since", "standstill"])
        return attempt
    try:
        return grade_submitted(attempt, by=by, now=now)  # 4
    except Exception as error:  # whatever it is, it must not keep the attempt from being submitted
        raise _Ungraded from error


def submit_due_attempts(*, now: datetime) -> int:
    """Submit every running attempt whose time and grace are over, each in a transaction of its own.

    One that cannot be submitted is logged, stays as it is, and comes up again; it does not stop the others. While the
    service cannot be reached nobody's time is taken to be over: that time is given back first.

    Returns:
        How many were submitted.
    """
    if is_out(now=now):
        return 0
    submitted = 0
    for attempt in list(Attempt.objects.due(now).order_by("due_at")):
        try:
            submit_attempt(attempt, by=None, now=now)
        except Exception:  # one candidate's trouble is not the others' business
            logger.exception("Attempt %s could not be submitted", attempt.pk)
        else:
            submitted += 1
    return submitted


def grade_waiting_attempts(*, now: datetime) -> int:
    """Grade what was submitted and could not be graded then; returns how many were."""
    graded = 0
    waiting = Attempt.objects.filter(state=AttemptState.SUBMITTED).order_by("submitted_at")
    for user_id, attempt_id in list(waiting.values_list("user_id", "public_id")):
        try:
            with transaction.atomic():
                attempt = lock_attempt_to_grade(user_id, attempt_id)
                if attempt.state == AttemptState.SUBMITTED:
                    grade_submitted(attempt, by=None, now=now)
        except Exception:  # as above
            logger.exception("Attempt %s could not be graded", attempt_id)
        else:
            graded += 1
    return graded
