"""Which exams there are for a person, and what stands between the person and each: read only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from certification import timing
from certification.drawing import BankItem, find_shortfalls
from certification.models import Attempt, Credential, Exam, ProgrammeExam, QuestionVersion
from portal.content.services.pages import find_address
from portal.core.errors import Refusal
from portal.core.times import describe_moment
from portal.partners.models import Membership
from training.models import CoursePage, Enrolment


@dataclass(frozen=True, slots=True)
class ExamState:
    """One exam, as one person stands to it.

    Attributes:
        running: the attempt in progress.
        last: the latest attempt that is graded.
        credential: the one that holds longest, else the latest of the others.
        obstacle: why it cannot be started now, and what would change that; None where it can.
    """

    exam: Exam
    running: Attempt | None
    last: Attempt | None
    credential: Credential | None
    obstacle: Refusal | None

    @property
    def questions(self) -> int:
        return sum(section.count for section in self.exam.sections.all())


def list_exams(membership: Membership, *, now: datetime) -> list[ExamState]:
    """The open exams, and those in which the person has a history, in six queries whatever their number."""
    exams = list(Exam.objects.select_related("course").prefetch_related("sections"))
    states = describe_exams(membership, exams=exams, now=now)
    known = [state for state in states if state.exam.is_open or state.running or state.last or state.credential]
    # What runs first, then what can be begun, then what waits; in the vendor's order within each.
    return sorted(known, key=lambda state: (state.running is None, state.obstacle is not None))


def describe_exams(membership: Membership, *, exams: Sequence[Exam], now: datetime) -> list[ExamState]:
    """Each exam as the membership's person stands to it, in four queries whatever their number.

    Args:
        exams: with their sections and course loaded.
    """
    user_id = membership.user_id
    running: dict[int, Attempt] = {}
    graded: dict[int, Attempt] = {}
    attempts = Attempt.objects.filter(user=user_id, exam__in=exams).defer("paper", "result")
    for attempt in attempts.order_by("started_at"):
        (running if attempt.is_running else graded)[attempt.exam_id] = attempt
    credentials: dict[int, Credential] = {}
    for credential in Credential.objects.filter(user=user_id, exam__in=exams).order_by("issued_at"):
        best = credentials.get(credential.exam_id)
        if best is None or _strength(credential, now) >= _strength(best, now):
            credentials[credential.exam_id] = credential
    courses = {exam.course.translation_key for exam in exams if exam.course}
    completed = set(
        Enrolment.objects.filter(user=user_id, course_key__in=courses, completed_at__isnull=False).values_list(
            "course_key", flat=True
        )
        if courses
        else ()
    )
    bank = load_bank_outline(section.topic_id for exam in exams for section in exam.sections.all())
    return [
        ExamState(
            exam=exam,
            running=running.get(exam.pk),
            last=graded.get(exam.pk),
            credential=credentials.get(exam.pk),
            obstacle=find_obstacle(
                exam,
                last=graded.get(exam.pk),
                credential=credentials.get(exam.pk),
                course_completed=exam.course is None or exam.course.translation_key in completed,
                fillable=can_be_filled(exam, bank),
                now=now,
            ),
        )
        for exam in exams
    ]


def find_obstacle(
    exam: Exam,
    *,
    last: Attempt | None,
    credential: Credential | None,
    course_completed: bool,
    fillable: bool,
    now: datetime,
) -> Refusal | None:
    """Why the exam cannot be started now; the first reason, the vendor's own before the candidate's."""
    if not exam.is_open:
        return Refusal(
            _("This exam is not open at present."),
            remedy=_("Your channel manager at the vendor can say when it opens."),
            code="exam_closed",
        )
    if not fillable:
        return Refusal(
            _("This exam is still being prepared: its questions are not complete."),
            remedy=_("The examiners have to finish it. Nothing is asked of you until then."),
            code="exam_unfillable",
        )
    if not course_completed:
        return Refusal(
            _("Complete the course “%(course)s” first.") % {"course": exam.course.title if exam.course else ""},
            remedy=_("The exam opens with your last lesson."),
            code="course_first",
        )
    held = credential is not None and credential.state_at(now) in {"held", "expiring"}
    if credential is not None and held and now < timing.renewable_from(credential.expires_at):
        return Refusal(
            _("You hold this credential until %(date)s.") % {"date": describe_moment(credential.expires_at, "date")},
            remedy=_("You may renew it from %(date)s.")
            % {"date": describe_moment(timing.renewable_from(credential.expires_at), "date")},
            code="held_already",
        )
    if last is not None and last.submitted_at is not None and not last.passed:
        again = timing.retake_from(last.submitted_at, hours=exam.retake_after_hours)
        if now < again:
            return Refusal(
                _("You sat this exam on %(date)s and did not pass.")
                % {"date": describe_moment(last.submitted_at, "date")},
                remedy=_("You may try again from %(moment)s.") % {"moment": describe_moment(again, "short")},
                code="wait_before_retake",
            )
    return None


def load_bank(topic_ids: Iterable[int]) -> list[BankItem]:
    """What may be drawn about these topics: one query, with the contents."""
    versions = QuestionVersion.objects.approved().filter(question__topic__in=set(topic_ids))
    return [version.as_bank_item() for version in versions.select_related("question")]


def load_bank_outline(topic_ids: Iterable[int]) -> list[BankItem]:
    """The same without options: enough to say whether an exam can be filled."""
    versions = QuestionVersion.objects.approved().filter(question__topic__in=set(topic_ids))
    rows = versions.values_list("question_id", "pk", "question__topic_id", "question__type")
    return [BankItem(question, version, topic, kind, ()) for question, version, topic, kind in rows]


def can_be_filled(exam: Exam, bank: Iterable[BankItem]) -> bool:
    """Whether the bank gives what the exam's sections ask."""
    blueprint = exam.as_blueprint()
    return bool(blueprint.sections) and not find_shortfalls(blueprint, bank)


def _strength(credential: Credential, now: datetime) -> tuple[bool, datetime]:
    """Whether it holds, then how long."""
    return credential.state_at(now) in {"held", "expiring"}, credential.expires_at


def find_course_address(exam: Exam, *, language: str) -> str:
    """The address of the course that the exam asks for, in the reader's language where there is such a page."""
    if exam.course is None:
        return ""
    pages = CoursePage.objects.live().filter(translation_key=exam.course.translation_key)
    page = pages.filter(locale__language_code=language).first() or exam.course
    return find_address(page)


def find_next_exam(passed: Exam, states: Iterable[ExamState], *, now: datetime) -> Exam | None:
    """The exam to sit after this one: the first, in a programme's order, that the person does not hold yet."""
    programmes = ProgrammeExam.objects.filter(programme__programme_exams__exam=passed).order_by(
        "programme", "sort_order"
    )
    open_states = {state.exam.pk: state for state in states if state.exam.is_open}
    for exam_id in programmes.values_list("exam_id", flat=True):
        state = open_states.get(exam_id)
        if state is not None and (state.credential is None or not _strength(state.credential, now)[0]):
            return state.exam
    return None
