"""Training's tables: materials by type, courses and progress, what is read, and how it is kept true."""

from training.models.attendance import (
    Attendance,
    AttendanceFile,
    AttendanceSource,
    Correction,
    CorrectionOutcome,
    Join,
)
from training.models.base import MaterialPage, MaterialQuerySet, MaterialTag
from training.models.courses import (
    CheckAnswer,
    CourseDue,
    CourseIndexPage,
    CoursePage,
    CoursePrerequisite,
    DueRule,
    Enrolment,
    LearningPath,
    LessonCompletion,
    LessonPage,
    LessonReading,
    Nudge,
)
from training.models.events import EventPage, EventSlot
from training.models.imports import MaterialImport
from training.models.library import CaseStudyPage, Industry, LibraryPage, ProductDocPage, StandardPage
from training.models.objections import CardRating, ObjectionCardPage, ObjectionGuidePage
from training.models.prices import Market, PriceListDiscount, PriceListPage
from training.models.reading import Reading, Share, ShareOpening, WatchedStretch
from training.models.scripts import CallScriptPage
from training.models.searching import SearchedWords, Synonym
from training.models.upkeep import (
    Change,
    ChangeAddressee,
    Remark,
    RemarkKind,
    RemarkOutcome,
    Upkeep,
    Verification,
)
from training.models.uses import CardUse
from training.models.videos import VideoPage
from training.models.webinars import (
    CalendarFeed,
    Registration,
    RegistrationState,
    Season,
    Session,
    SessionQuestion,
    SessionState,
    Visit,
    WebinarIndexPage,
    WebinarSeriesPage,
)

__all__ = [
    "Attendance",
    "AttendanceFile",
    "AttendanceSource",
    "CalendarFeed",
    "CallScriptPage",
    "CardRating",
    "CardUse",
    "CaseStudyPage",
    "Change",
    "ChangeAddressee",
    "CheckAnswer",
    "Correction",
    "CorrectionOutcome",
    "CourseDue",
    "CourseIndexPage",
    "CoursePage",
    "CoursePrerequisite",
    "DueRule",
    "Enrolment",
    "EventPage",
    "EventSlot",
    "Industry",
    "Join",
    "LearningPath",
    "LessonCompletion",
    "LessonPage",
    "LessonReading",
    "LibraryPage",
    "Market",
    "MaterialImport",
    "MaterialPage",
    "MaterialQuerySet",
    "MaterialTag",
    "Nudge",
    "ObjectionCardPage",
    "ObjectionGuidePage",
    "PriceListDiscount",
    "PriceListPage",
    "ProductDocPage",
    "Reading",
    "Registration",
    "RegistrationState",
    "Remark",
    "RemarkKind",
    "RemarkOutcome",
    "SearchedWords",
    "Season",
    "Session",
    "SessionQuestion",
    "SessionState",
    "Share",
    "ShareOpening",
    "StandardPage",
    "Synonym",
    "Upkeep",
    "Verification",
    "VideoPage",
    "Visit",
    "WatchedStretch",
    "WebinarIndexPage",
    "WebinarSeriesPage",
]
