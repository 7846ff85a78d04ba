"""The bank, the exams, what people gave and earned, and what their partners are qualified for.

Two kinds of row are never changed after they have been relied on, and the database itself refuses it (triggers in the
first migration): the content of a question version that was asked, and an answer.
"""

from certification.models.attempts import (
    AnswerStep,
    Attempt,
    AttemptQuerySet,
    AttemptState,
    EventKind,
    Flag,
    GivenWhy,
    Grading,
    IntegrityEvent,
    Lifesign,
    Outage,
    Standstill,
    TimeGiven,
)
from certification.models.bank import (
    WRITABLE,
    BrokenReport,
    CheckOutcome,
    Citation,
    Difficulty,
    Question,
    QuestionCheck,
    QuestionQuerySet,
    QuestionTag,
    QuestionVersion,
    QuestionVersionQuerySet,
    Topic,
    VersionState,
    find_subtrees,
    question_type_choices,
)
from certification.models.credentials import Credential, CredentialQuerySet
from certification.models.exams import (
    Accommodation,
    Calculator,
    Exam,
    ExamPrerequisite,
    ExamPurpose,
    ExamRules,
    ExamSection,
    FixedQuestion,
    Halt,
    SectionQuota,
    validate_free_slug,
)
from certification.models.marking import MarkGiven, MarkingState, MarkingTask
from certification.models.marks import PERCENT, MarkedModel, MarkShape
from certification.models.programmes import Programme, ProgrammeExam, Requirement
from certification.models.qualifications import CloseReason, Qualification, QualificationQuerySet

__all__ = [
    "PERCENT", "WRITABLE", "Accommodation", "AnswerStep", "Attempt", "AttemptQuerySet", "AttemptState", "BrokenReport",
    "Calculator", "CheckOutcome", "Citation", "CloseReason", "Credential", "CredentialQuerySet", "Difficulty",
    "EventKind", "Exam", "ExamPrerequisite", "ExamPurpose", "ExamRules", "ExamSection", "FixedQuestion", "Flag",
    "GivenWhy", "Grading", "Halt", "IntegrityEvent", "Lifesign", "MarkGiven", "MarkShape", "MarkedModel",
    "MarkingState", "MarkingTask", "Outage", "Programme", "ProgrammeExam", "Qualification", "QualificationQuerySet",
    "Question", "QuestionCheck", "QuestionQuerySet", "QuestionTag", "QuestionVersion", "QuestionVersionQuerySet",
    "Requirement", "SectionQuota", "Standstill", "TimeGiven", "Topic", "VersionState", "find_subtrees",
    "question_type_choices", "validate_free_slug",
]  # fmt: skip
