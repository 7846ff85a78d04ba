"""Which exams there are for a person, and what stands between the person and each: read only."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from certification import timing
from certification.allowances import Allowance, Allowed, Source, merge
from certification.drawing import BankItem, Blueprint, is_fillable
from certification.models import (
    Accommodation,
    Attempt,
    AttemptState,
    Credential,
    Exam,
    Halt,
    ProgrammeExam,
    find_subtrees,
)
from certification.services.asking import ask_all
from certification.services.plans import load_bank, plan_exam
from portal.content.services.pages import find_address
from portal.core.errors import Refusal
from portal.core.times import describe_moment
from portal.partners.models import Membership
from training.models import CoursePage


@dataclass(frozen=True, slots=True)
class ExamState:
    """One exam, as one person stands to it.

    Attributes:
        running: the attempt in progress.
        waiting: the latest that is submitted and not graded yet.
        last: the latest attempt that is graded.
        credential: the one that holds longest, else the latest of the others.
        obstacle: why it cannot be started now, and what would change that; None where it can.
        allowed: what was granted to the person for this exam.
        blueprint, bank: what it draws, and from what, in the language that was asked for.
        own_papers: the papers that the person had in it, where it was asked about alone.
        attempts_left: how many more attempts there are in this round; None without a limit.
    """

    exam: Exam
    running: Attempt | None
    waiting: Attempt | None
    last: Attempt | None
    credential: Credential | None
    obstacle: Refusal | None
    allowed: Allowed
    blueprint: Blueprint
    bank: Sequence[BankItem]
    own_papers: Sequence[dict[str, Any]] = ()
    attempts_left: int | None = None

    @property
    def questions(self) -> int:
        return self.exam.question_count


@dataclass(slots=True)
class History:
    """What a person has done in one exam, oldest first; previews and voided attempts are left out."""

    running: Attempt | None = None
    waiting: Attempt | None = None
    graded: list[Attempt] = field(default_factory=list)

    @property
    def last(self) -> Attempt | None:
        return self.graded[-1] if self.graded else None

    @property
    def failures(self) -> int:
        """How many in a row have failed since the last that passed."""
        count = 0
        for attempt in reversed(self.graded):
            if attempt.passed:
                break
            count += 1
        return count


def with_plan(exams: "QuerySet[Exam]") -> "QuerySet[Exam]":
    """Exams with all that they ask, in four queries more; for staff, who look at them without a person."""
    return exams.prefetch_related(
        "sections__quotas", "sections__fixed_questions", "prerequisites__course", "prerequisites__required_exam"
    )


def list_exams(membership: Membership, *, now: datetime) -> list[ExamState]:
    """The open exams, and those in which the person has a history; as many queries whatever their number."""
    states = describe_exams(membership, exams=list(Exam.objects.all()), now=now)
    known = [
        state
        for state in states
        if state.exam.is_open or state.running or state.waiting or state.last or state.credential
    ]
    # What runs first, then what can be begun, then what waits; in the vendor's order within each.
    return sorted(known, key=lambda state: (state.running is None, state.obstacle is not None))


def describe_exams(
    membership: Membership, *, exams: Sequence[Exam], now: datetime, language: str = "", lock: bool = False
) -> list[ExamState]:
    """Each exam as the membership's person stands to it; as many queries whatever their number.

    Args:
        exams: what they ask is loaded along.
        language: in which the exam is to be filled; empty for any.
        lock: whether the person's row is locked before anything is looked at, until the transaction ends.
    """
    if not exams:
        return []
    known = ask_all(membership, exams, now=now, lock=lock)
    histories: dict[int, History] = {}
    for attempt in known.attempts:
        history = histories.setdefault(attempt.exam_id, History())
        if attempt.is_running:
            history.running = attempt
        elif attempt.state == AttemptState.GRADED:
            history.graded.append(attempt)
        else:
            history.waiting = attempt
    credentials = _find_best(known.credentials, now)
    allowed = {exam.pk: _merge_allowances(known.accommodations, exam, now) for exam in exams}
    subtrees = find_subtrees(rows=known.topics)
    blueprints = {exam.pk: plan_exam(exam, subtrees) for exam in exams}
    bank = load_bank(blueprints.values(), language=language)
    states = []
    for exam in exams:
        history = histories.get(exam.pk, History())
        blueprint = blueprints[exam.pk]
        left = count_attempts_left(exam, history=history, allowed=allowed[exam.pk])
        states.append(
            ExamState(
                exam=exam,
                running=history.running,
                waiting=history.waiting,
                last=history.last,
                credential=credentials.get(exam.pk),
                allowed=allowed[exam.pk],
                blueprint=blueprint,
                bank=bank,
                own_papers=known.papers,
                attempts_left=left,
                obstacle=find_obstacle(
                    exam,
                    history=history,
                    credentials=credentials,
                    completed=known.completed,
                    agreed=known.agreed,
                    halted=known.halts.get(exam.pk),
                    attempts_left=left,
                    fillable=is_fillable(blueprint, bank),
                    now=now,
                ),
            )
        )
    return states


def _find_best(credentials: Iterable[Credential], now: datetime) -> dict[int, Credential]:
    """By exam the credential that holds longest, else the latest of the others; they come in the order of issue."""
    found: dict[int, Credential] = {}
    for credential in credentials:
        best = found.get(credential.exam_id)
        if best is None or _strength(credential, now) >= _strength(best, now):
            found[credential.exam_id] = credential
    return found


def _merge_allowances(rows: Iterable[Accommodation], exam: Exam, now: datetime) -> Allowed:
    """What was granted for one exam."""
    return merge([as_allowance(row) for row in rows if row.exam_id in {None, exam.pk}], now)


def as_allowance(row: Accommodation) -> Allowance:
    """An accommodation for the rule that merges several."""
    return Allowance(
        source=Source.PERSON if row.user_id else Source.GROUP,
        factor_percent=row.time_factor_percent,
        extra_attempts=row.extra_attempts,
        break_minutes=row.break_minutes,
        valid_from=row.starts_at,
        expires_at=row.expires_at,
    )


def count_attempts_left(exam: Exam, *, history: History, allowed: Allowed) -> int | None:
    """How many more attempts there are until it is passed; None without a limit. A pass begins a new round."""
    used = history.failures + (history.waiting is not None) + (history.running is not None)
    return timing.attempts_left(used, allowed=exam.attempts_allowed, extra=allowed.extra_attempts)


def find_obstacle(
    exam: Exam,
    *,
    history: History,
    credentials: Mapping[int, Credential],
    completed: Collection[Any],
    agreed: bool,
    halted: Halt | None,
    attempts_left: int | None,
    fillable: bool,
    now: datetime,
) -> Refusal | None:
    """Why the exam cannot be started now; the first reason, the vendor's own before the candidate's."""
    obstacle = _find_obstacle_of_exam(exam, halted=halted, fillable=fillable, now=now)
    if obstacle is not None:
        return obstacle
    if exam.requires_agreement and not agreed:
        return Refusal(
            _("Your organisation has not accepted the current agreement."),
            remedy=_("The owner of your organisation can accept it; the exam opens at once."),
            code="agreement_first",
        )
    for row in exam.prerequisites.all():
        if row.course_id is not None and row.course_key not in completed:
            course: Any = row.course
            return Refusal(
                _("Complete the course “%(course)s” first.") % {"course": course.title},
                remedy=_("The exam opens with your last lesson."),
                code="course_first",
            )
        if row.required_exam_id is not None and not _is_held(credentials.get(row.required_exam_id), now):
            return Refusal(
                _("Pass “%(exam)s” first.") % {"exam": row.required_exam},
                remedy=_("This exam opens with its credential."),
                code="exam_first",
            )
    if history.waiting is not None:
        waiting = history.waiting
        return Refusal(
            _("Your last attempt is still being marked."),
            remedy=_("You have its result by %(moment)s.") % {"moment": describe_moment(waiting.marked_by_at, "short")}
            if waiting.marked_by_at
            else _("You have its result in a moment."),
            code="being_marked",
        )
    credential = credentials.get(exam.pk)
    if credential is not None and _is_held(credential, now) and now < timing.renewable_from(credential.expires_at):
        return Refusal(
            _("You hold this credential until %(date)s.") % {"date": describe_moment(credential.expires_at, "date")},
            remedy=_("You may renew it from %(date)s.")
            % {"date": describe_moment(timing.renewable_from(credential.expires_at), "date")},
            code="held_already",
        )
    if attempts_left == 0:
        return Refusal(
            ngettext(
                "The attempt that this exam allows is used up.",
                "All %(count)d attempts that this exam allows are used up.",
                exam.attempts_allowed or 0,
            )
            % {"count": exam.attempts_allowed or 0},
            remedy=_("An examiner of the vendor can grant you another one: ask your channel manager."),
            code="attempts_used_up",
        )
    return _find_wait(exam, history, now)


def _find_obstacle_of_exam(exam: Exam, *, halted: Halt | None, fillable: bool, now: datetime) -> Refusal | None:
    if not exam.is_open or (exam.window_closes_at is not None and now >= exam.window_closes_at):
        return Refusal(
            _("This exam is not open at present."),
            remedy=_("Your channel manager at the vendor can say when it opens."),
            code="exam_closed",
        )
    if exam.window_opens_at is not None and now < exam.window_opens_at:
        return Refusal(
            _("This exam is not open yet."),
            remedy=_("You can start it from %(moment)s.") % {"moment": describe_moment(exam.window_opens_at, "short")},
            code="not_open_yet",
        )
    if halted is not None:
        return Refusal(
            _("This exam is halted: %(reason)s") % {"reason": halted.reason},
            remedy=_("It goes on as soon as the examiners have seen to it. Nothing is asked of you until then."),
            code="halted",
        )
    if not fillable:
        return Refusal(
            _("This exam is still being prepared: its questions are not complete."),
            remedy=_("The examiners have to finish it. Nothing is asked of you until then."),
            code="exam_unfillable",
        )
    return None


def _find_wait(exam: Exam, history: History, now: datetime) -> Refusal | None:
    last = history.last
    if last is None or last.submitted_at is None or last.passed:
        return None
    again = find_retake(exam, last=last, failures=history.failures)
    if now >= again:
        return None
    sat = (
        _("You sat this exam on %(date)s.")
        if exam.is_diagnostic
        else _("You sat this exam on %(date)s and did not pass.")
    )
    return Refusal(
        sat % {"date": describe_moment(last.submitted_at, "date")},
        remedy=_("You may try again from %(moment)s.") % {"moment": describe_moment(again, "short")},
        code="wait_before_retake",
    )


def find_retake(exam: Exam, *, last: Attempt, failures: int) -> datetime:
    """From when an exam that was failed may be sat again."""
    submitted_at: Any = last.submitted_at
    return timing.retake_from(
        submitted_at,
        hours=exam.retake_after_hours,
        failures=max(1, failures),
        growth_percent=exam.retake_growth_percent,
        most_hours=exam.retake_most_hours,
    )


def _is_held(credential: Credential | None, now: datetime) -> bool:
    return credential is not None and credential.state_at(now) in {"held", "expiring"}


def _strength(credential: Credential, now: datetime) -> tuple[bool, datetime]:
    """Whether it holds, then how long."""
    return _is_held(credential, now), credential.expires_at


def find_course_address(exam: Exam, *, language: str) -> str:
    """The address of the course that the exam asks for, in the reader's language where there is such a page."""
    course = next(iter(exam.courses), None)
    if course is None:
        return ""
    pages = CoursePage.objects.live().filter(translation_key=course.translation_key)
    return find_address(pages.filter(locale__language_code=language).first() or course)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes after a graded attempt.

    Attributes:
        obstacle, running: what stands in the way of another try; an attempt that is running again.
        next_exam: after a pass, the exam of a programme to sit next.
    """

    obstacle: Refusal | None = None
    running: Attempt | None = None
    next_exam: Exam | None = None


def look_ahead(membership: Membership | None, attempt: Attempt, *, now: datetime) -> Outlook:
    """What the person of an attempt does next. Other exams are only looked at after a pass."""
    if membership is None:
        return Outlook()
    exams = list(Exam.objects.all()) if attempt.passed else [attempt.exam]
    states = {state.exam.pk: state for state in describe_exams(membership, exams=exams, now=now)}
    state = states[attempt.exam_id]
    return Outlook(
        obstacle=state.obstacle,
        running=state.running,
        next_exam=find_next_exam(attempt.exam, states.values(), now=now) if attempt.passed else None,
    )


def find_next_exam(passed: Exam, states: Iterable[ExamState], *, now: datetime) -> Exam | None:
    """The exam to sit after this one: the first, in a programme's order, that the person does not hold yet."""
    programmes = ProgrammeExam.objects.filter(programme__programme_exams__exam=passed).order_by(
        "programme", "sort_order"
    )
    open_states = {state.exam.pk: state for state in states if state.exam.is_open}
    for exam_id in programmes.values_list("exam_id", flat=True):
        state = open_states.get(exam_id)
        if state is not None and not _is_held(state.credential, now):
            return state.exam
    return None
