"""Training's tables: materials by type, courses and progress, what is read, and how it is kept true."""

from training.models.base import MaterialPage, MaterialQuerySet, MaterialTag
from training.models.courses import (
    CourseIndexPage,
    CoursePage,
    Enrolment,
    LessonCompletion,
    LessonPage,
    LessonReading,
)
from training.models.imports import MaterialImport
from training.models.library import CaseStudyPage, Industry, LibraryPage, ProductDocPage, StandardPage
from training.models.objections import CardRating, ObjectionCardPage, ObjectionGuidePage
from training.models.prices import Market, PriceListDiscount, PriceListPage
from training.models.reading import Reading, Share, ShareOpening
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
from training.models.videos import VideoPage

__all__ = [
    "CallScriptPage",
    "CardRating",
    "CaseStudyPage",
    "Change",
    "ChangeAddressee",
    "CourseIndexPage",
    "CoursePage",
    "Enrolment",
    "Industry",
    "LessonCompletion",
    "LessonPage",
    "LessonReading",
    "LibraryPage",
    "Market",
    "MaterialImport",
    "MaterialPage",
    "MaterialQuerySet",
    "MaterialTag",
    "ObjectionCardPage",
    "ObjectionGuidePage",
    "PriceListDiscount",
    "PriceListPage",
    "ProductDocPage",
    "Reading",
    "Remark",
    "RemarkKind",
    "RemarkOutcome",
    "SearchedWords",
    "Share",
    "ShareOpening",
    "StandardPage",
    "Synonym",
    "Upkeep",
    "Verification",
    "VideoPage",
]
