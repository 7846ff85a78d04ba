"""Completing lessons and courses. Progress is the person's, counts whatever the language, and is never taken back.

What happens when an editor changes a course in the middle of someone's progress: a lesson that was edited stays
completed, with the revision that was studied; a lesson added to a course that was completed leaves it completed, and
before that counts among what is left; a lesson unpublished no longer counts; moving lessons changes their order only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Audience, Membership, in_force_now
from training.access import describe_reader
from training.facts import course_completed
from training.models import CoursePage, Enrolment, LessonCompletion, LessonPage
from training.services.catalogue import in_language


@dataclass(frozen=True, slots=True)
class LessonStep:
    """One lesson of a course, as one person stands to it."""

    lesson: LessonPage
    done: bool


@dataclass(frozen=True, slots=True)
class CourseProgress:
    """How far a person is in a course: of the live lessons that are open to them, which are done."""

    course: CoursePage
    steps: tuple[LessonStep, ...]
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def total(self) -> int:
        return len(self.steps)

    @property
    def percent(self) -> int:
        """0 to 100; 100 for a course that was completed, whatever was added to it since."""
        if self.completed_at:
            return 100
        return self.done * 100 // self.total if self.total else 0

    @property
    def next_lesson(self) -> LessonPage | None:
        """The first lesson, in the course's order, that is not done."""
        return next((step.lesson for step in self.steps if not step.done), None)

    @property
    def minutes(self) -> int:
        """How long the whole course takes: what its editor says, or the sum of its lessons."""
        return self.course.minutes or sum(step.lesson.minutes for step in self.steps)

    @property
    def minutes_left(self) -> int:
        return sum(step.lesson.minutes for step in self.steps if not step.done)


@transaction.atomic
def complete_lesson(membership: Membership, *, lesson: LessonPage, by: Any, now: datetime) -> CourseProgress:
    """Record that a person has completed a lesson, with the text that they studied. Safe to repeat.

    1. Check that the membership is theirs and holds, and that the lesson is live and open to it.
    2. Lock the enrolment, so that two lessons completed at once cannot both, or neither, find the course complete.
    3. Write the completion with the live revision, once per person and lesson in whichever language.
    4. With the last lesson, complete the course and announce it, once.

    Args:
        membership: under which it is done; the progress belongs to its user.
        lesson: the lesson's page, in the language that was read.

    Returns:
        The progress in the lesson's course, in the lesson's language, after it.

    Raises:
        NotAllowed: when the membership is another's or has ended, or the lesson is not open to it.
        Refusal: when the lesson is not published or stands in no course.
    """
    # 1
    if by.pk != membership.user_id or not in_force_now(membership, now):
        raise NotAllowed(_("Progress is recorded for a member of a partner, by that member."), code="not_a_member")
    if not lesson.live:
        raise Refusal(_("This lesson is not published now."), remedy=_("Go back to the course."), code="not_live")
    course = CoursePage.objects.parent_of(lesson).first()
    if course is None:
        raise Refusal(_("This lesson belongs to no course."), code="no_course")
    if not lesson.may_be_read_by(by, membership, now):
        raise NotAllowed(
            _("This lesson is not open to you."), remedy=_("Its page says for whom it is."), code="audience"
        )
    # 2
    Enrolment.objects.get_or_create(
        user=by,
        course_key=course.translation_key,
        defaults={"membership": membership, "course": course, "started_at": now},
    )
    enrolment = Enrolment.objects.select_for_update().get(user=by, course_key=course.translation_key)
    # 3
    LessonCompletion.objects.get_or_create(
        user=by,
        lesson_key=lesson.translation_key,
        defaults={
            "membership": membership,
            "enrolment": enrolment,
            "lesson": lesson,
            "revision_id": lesson.live_revision_id,
            "completed_at": now,
        },
    )
    # 4
    progress = course_progress(membership, courses=[course], now=now)[course.pk]
    if enrolment.completed_at is None and progress.next_lesson is None:
        enrolment.completed_at = max(now, enrolment.started_at)
        enrolment.save(update_fields=["completed_at"])
        course_completed.announce(enrolment_ids=[enrolment.pk], by=by)
        progress = CourseProgress(course, progress.steps, enrolment.started_at, enrolment.completed_at)
    return progress


def course_progress(
    membership: Membership | None,
    *,
    courses: Sequence[CoursePage],
    now: datetime,
    audience_ids: frozenset[int] | None = None,
) -> dict[int, CourseProgress]:
    """How far the membership's person is in each course, by the course page's id, in at most four queries.

    Args:
        membership: None for staff, who look at every lesson and have no progress.
        audience_ids: what is open to the membership, where the caller knows it already.
    """
    lessons = LessonPage.objects.live().defer_streamfields().select_related("locale").order_by("path")
    done: set[Any] = set()
    enrolments: dict[Any, Enrolment] = {}
    if membership is not None:
        if audience_ids is None:
            open_now = Audience.objects.open_to(membership, now)
            audience_ids = frozenset(open_now.values_list("pk", flat=True))
        lessons = lessons.open_to(audience_ids)
        person = membership.user_id
        keys = [course.translation_key for course in courses]
        enrolments = {row.course_key: row for row in Enrolment.objects.filter(user=person, course_key__in=keys)}
    by_course: dict[str, list[LessonPage]] = {course.path: [] for course in courses}
    for lesson in lessons.in_courses(by_course):
        by_course[lesson.path[: -lesson.steplen]].append(lesson)
    if membership is not None:
        lesson_keys = [lesson.translation_key for found in by_course.values() for lesson in found]
        completions = LessonCompletion.objects.filter(user=person, lesson_key__in=lesson_keys)
        done = set(completions.values_list("lesson_key", flat=True))
    progress = {}
    for course in courses:
        enrolment = enrolments.get(course.translation_key)
        progress[course.pk] = CourseProgress(
            course=course,
            steps=tuple(LessonStep(lesson, lesson.translation_key in done) for lesson in by_course[course.path]),
            started_at=enrolment.started_at if enrolment else None,
            completed_at=enrolment.completed_at if enrolment else None,
        )
    return progress


def find_courses(membership: Membership, *, language: str, now: datetime) -> list[CourseProgress]:
    """The courses open to the member in one language, in the order of the site, each with the progress in it.

    At most five queries. Courses meant for the member's job roles come first.
    """
    reader = describe_reader(membership.user, membership, now=now)
    courses = reader.filter_open(in_language(CoursePage.objects.all(), language)).order_by("path")
    role_ids = {role.pk for role in membership.job_roles}
    meant = set(
        CoursePage.job_roles.through.objects.filter(jobrole_id__in=role_ids).values_list("materialpage_id", flat=True)
    )
    found = sorted(courses, key=lambda course: course.pk not in meant)
    progress = course_progress(membership, courses=found, now=now, audience_ids=reader.audience_ids)
    return [progress[course.pk] for course in found]
