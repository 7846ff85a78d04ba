"""How people of all partners fare in the courses, for staff: who completes them, where people stop, what is missed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Count, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce

from training.models import CoursePage, Enrolment, LessonPage
from training.services.checks import Missed, find_missed
from training.services.lessons import find_done, list_lessons
from training.stopping import Learner, Stage, find_median_days, find_stages


@dataclass(frozen=True, slots=True)
class LessonFigures:
    """One lesson: how many came to it, how many completed it, of these how many without studying it."""

    lesson: LessonPage
    stage: Stage
    waived: int


@dataclass(frozen=True, slots=True)
class CourseFigures:
    """A course as a whole.

    Attributes:
        median_days: from the first lesson to the completion, of those who completed it; None of none.
    """

    course: CoursePage
    enrolled: int
    completed: int
    median_days: float | None
    lessons: tuple[LessonFigures, ...]
    missed: tuple[Missed, ...]

    @property
    def percent(self) -> int:
        return round(self.completed * 100 / self.enrolled) if self.enrolled else 0

    @property
    def loses_most(self) -> LessonFigures | None:
        return next((row for row in self.lessons if row.stage.loses_most), None)


def list_courses(*, partner_id: int | None = None) -> Any:
    """Every course once, whatever its languages, annotated with ``enrolled`` and ``completed``; one query.

    A course is told by a page that is live, in the site's own language before others; one that is live nowhere is
    listed as long as somebody has begun it.

    Args:
        partner_id: count only what was begun as a member of this partner.
    """
    counted = Enrolment.objects.filter(course_key=OuterRef("translation_key"))
    if partner_id is not None:
        counted = counted.filter(membership__partner=partner_id)
    by_key = counted.order_by().values("course_key")
    first = (
        CoursePage.objects.filter(translation_key=OuterRef("translation_key"))
        .order_by(F("live").desc(), Case(When(locale__language_code=settings.LANGUAGE_CODE, then=0), default=1), "pk")
        .values("pk")[:1]
    )
    return (
        CoursePage.objects.filter(pk=Subquery(first))
        .annotate(
            enrolled=Coalesce(Subquery(by_key.annotate(count=Count("pk")).values("count")), 0),
            completed=Coalesce(
                Subquery(by_key.annotate(count=Count("pk", filter=Q(completed_at__isnull=False))).values("count")), 0
            ),
        )
        .filter(Q(live=True) | Q(enrolled__gt=0))
        .select_related("locale")
        .order_by("path")
    )


def find_medians(course_keys: Iterable[UUID], *, partner_id: int | None = None) -> dict[UUID, float | None]:
    """How many days people take from beginning each course to completing it; one query."""
    rows = Enrolment.objects.filter(course_key__in=list(course_keys), completed_at__isnull=False)
    if partner_id is not None:
        rows = rows.filter(membership__partner=partner_id)
    seconds: dict[UUID, list[float]] = {}
    for key, started_at, completed_at in rows.order_by().values_list("course_key", "started_at", "completed_at"):
        if completed_at is not None:
            seconds.setdefault(key, []).append(_count_seconds(started_at, completed_at))
    return {key: find_median_days(found) for key, found in seconds.items()}


def _count_seconds(started_at: datetime, completed_at: datetime) -> float:
    return (completed_at - started_at).total_seconds()


def measure_course(course: CoursePage, *, partner_id: int | None = None) -> CourseFigures:
    """How people fare in a course, in whichever language they took it; six queries however many they are.

    A lesson counts as done as it does for the person themself. Lessons that only some may read are counted among all:
    whoever may not read one has simply not done it.

    Args:
        partner_id: only those who began it as a member of this partner.
    """
    enrolments = Enrolment.objects.filter(course_key=course.translation_key)
    if partner_id is not None:
        enrolments = enrolments.filter(membership__partner=partner_id)
    rows = list(enrolments.values_list("user_id", "started_at", "completed_at"))
    lessons = list_lessons([course])[course.pk]
    done = find_done([user_id for user_id, *_rest in rows], lesson_keys=[one.translation_key for one in lessons])
    learners = [
        Learner(frozenset(done[user_id]), has_completed=completed_at is not None)
        for user_id, _started_at, completed_at in rows
    ]
    stages = find_stages([lesson.translation_key for lesson in lessons], learners)
    return CourseFigures(
        course=course,
        enrolled=len(rows),
        completed=sum(completed_at is not None for *_rest, completed_at in rows),
        median_days=find_median_days([_count_seconds(began, ended) for _user, began, ended in rows if ended]),
        lessons=tuple(
            LessonFigures(lesson, stage, _count_waived(done.values(), lesson))
            for lesson, stage in zip(lessons, stages, strict=True)
        ),
        missed=tuple(find_missed(_load_checks(lessons), user_ids=enrolments.values("user"))),
    )


def _count_waived(done: Iterable[Any], lesson: LessonPage) -> int:
    mine = (found.get(lesson.translation_key) for found in done)
    return sum(bool(one and one.waived_by) for one in mine)


def _load_checks(lessons: Sequence[LessonPage]) -> list[LessonPage]:
    """The same lessons with their StreamFields; in their order."""
    return list(LessonPage.objects.filter(pk__in=[lesson.pk for lesson in lessons]).order_by("path"))
