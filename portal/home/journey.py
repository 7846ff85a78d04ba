"""Where a person stands on the way from study to lead, and the one next step. Pure.

The dashboard asks three questions; two of their answers are decided here and nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Point(StrEnum):
    """The five points of the thread, in order."""

    STUDY = "study"
    EXAM = "exam"
    CREDENTIAL = "credential"
    QUALIFICATION = "qualification"
    LEAD = "lead"


class NextStep(StrEnum):
    """What to do next, most urgent first."""

    FINISH_EXAM = "finish-exam"
    ANSWER_OFFER = "answer-offer"
    ACCEPT_AGREEMENT = "accept-agreement"
    RENEW_CREDENTIAL = "renew-credential"
    GO_ON_STUDYING = "go-on-studying"
    SIT_EXAM = "sit-exam"
    STUDY_AGAIN = "study-again"
    WORK_LEAD = "work-lead"
    HELP_TEAM = "help-team"
    WAIT_FOR_LEAD = "wait-for-lead"
    READ_LIBRARY = "read-library"


@dataclass(frozen=True, slots=True)
class ExamPlace:
    """One exam of the programme, as it stands for this person.

    Attributes:
        slug: the exam's own.
        held: whether a credential counts now.
        renewable: held, but close enough to its expiry to be sat again.
        running: an attempt is in progress.
        closed_until: the end of a pause between two attempts.
    """

    slug: str
    held: bool = False
    renewable: bool = False
    running: bool = False
    closed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that the next step depends on."""

    lessons_done: int
    lessons_total: int
    exams: tuple[ExamPlace, ...]
    qualified: bool
    may_work_leads: bool = False
    may_accept_agreement: bool = False
    agreement_current: bool = True
    offers_open: int = 0
    leads_to_work: int = 0

    @property
    def all_held(self) -> bool:
        return bool(self.exams) and all(exam.held for exam in self.exams)

    @property
    def some_held(self) -> bool:
        return any(exam.held for exam in self.exams)

    @property
    def studied(self) -> bool:
        return self.lessons_done >= self.lessons_total


@dataclass(frozen=True, slots=True)
class Advice:
    """The next step, and the exam that it is about where there is one."""

    step: NextStep
    exam: str = ""
    closed_until: datetime | None = None


def find_point(place: Place) -> Point:
    """The point of the thread that is current: what lies before it is done."""
    if place.all_held:
        return Point.LEAD if place.qualified else Point.QUALIFICATION
    if place.some_held:
        return Point.CREDENTIAL
    return Point.EXAM if place.studied else Point.STUDY


def advise(place: Place, *, now: datetime) -> Advice:
    """The one next step. What has a clock running comes first, then what opens the gate, then what uses it."""
    running = next((exam for exam in place.exams if exam.running), None)
    if running:
        return Advice(NextStep.FINISH_EXAM, running.slug)
    if place.offers_open and place.may_work_leads:
        return Advice(NextStep.ANSWER_OFFER)
    if not place.agreement_current and place.may_accept_agreement:
        return Advice(NextStep.ACCEPT_AGREEMENT)
    expiring = next((exam for exam in place.exams if exam.renewable and not _closed(exam, now)), None)
    if expiring:
        return Advice(NextStep.RENEW_CREDENTIAL, expiring.slug)
    if place.leads_to_work and place.may_work_leads:
        return Advice(NextStep.WORK_LEAD)
    missing = [exam for exam in place.exams if not exam.held]
    if missing and not place.studied:
        return Advice(NextStep.GO_ON_STUDYING)
    open_exam = next((exam for exam in missing if not _closed(exam, now)), None)
    if open_exam:
        return Advice(NextStep.SIT_EXAM, open_exam.slug)
    if missing:
        soonest = min(missing, key=lambda exam: (exam.closed_until or now, exam.slug))
        return Advice(NextStep.STUDY_AGAIN, soonest.slug, soonest.closed_until)
    if place.exams and not place.qualified:
        return Advice(NextStep.HELP_TEAM)
    return Advice(NextStep.WAIT_FOR_LEAD if place.qualified and place.may_work_leads else NextStep.READ_LIBRARY)


def _closed(exam: ExamPlace, now: datetime) -> bool:
    return exam.closed_until is not None and exam.closed_until > now
