"""Completing lessons and courses. Progress is the person's, counts whatever the language, and is never taken back.

What happens when an editor changes a course in the middle of someone's progress:

=====================================  ================================================================================
what the editor does                   what becomes of the progress
=====================================  ================================================================================
a lesson is edited                     It stays done, with the revision that was studied.
a lesson is added                      Whoever is under way has one more before them. A completed course stays so; the
                                       new lesson is offered.
a lesson is added in one language      It is asked for in all: where it has no translation yet, it is offered in the
                                       language that it has. Half a course in another language is half a course.
a lesson is unpublished                It no longer counts, neither as done nor as left; its completions stay, and count
                                       again when it is published again. Whoever had only that one left has done all that
                                       there is, and completes the course by saying so (:func:`complete_course`): nothing
                                       completes it behind their back, since the lesson may be coming back tomorrow.
lessons are put in another order       Only the order changes, and with it which lesson is next.
a lesson is replaced by a new page     Where the new one says that it stands for the old, whoever completed the old has
                                       completed the new. Where it does not, it is a lesson like any that is added.
a lesson is moved to another course    It is done there as it was done here; here it counts no more. Nobody is enrolled
                                       in the other course by it.
the course is unpublished              It is shown to nobody and due for nobody. Enrolments, completions and the
                                       certificate of attendance stay.
the course is published again          All is as it was.
a prerequisite is added                No more lessons are completed until it is done. What was completed stays.
a lesson or course is deleted          Refused once anyone's progress cites it (``services.retention``).
=====================================  ================================================================================
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.text import get_text_list
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext_lazy as _
from wagtail.models import Revision

from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Audience, Membership, in_force_now
from training.access import may_waive_lessons
from training.facts import course_completed, lessons_waived
from training.models import CourseDue, CoursePage, CoursePrerequisite, Enrolment, LessonCompletion, LessonPage
from training.services.catalogue import in_language
from training.services.lessons import Done, find_done, list_lessons

MAX_EVIDENCE = LessonCompletion._meta.get_field("waived_by").max_length or 0


@dataclass(frozen=True, slots=True)
class LessonStep:
    """One lesson of a course, as one person stands to it.

    Attributes:
        how: how it came to be done; None where it is not.
    """

    lesson: LessonPage
    how: Done | None = None

    @property
    def done(self) -> bool:
        return self.how is not None

    @property
    def waived_by(self) -> str:
        """What showed that the person knows it already; empty where they studied it, or have not done it."""
        return self.how.waived_by if self.how else ""


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
    def waived(self) -> int:
        return sum(bool(step.waived_by) for step in self.steps)

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
    def may_be_completed(self) -> bool:
        """Whether all that there is has been done, and only the person's word is missing."""
        return self.completed_at is None and bool(self.steps) and self.next_lesson is None

    @property
    def minutes(self) -> int:
        """How long the whole course takes: what its editor says, or the sum of its lessons."""
        return self.course.minutes or sum(step.lesson.minutes for step in self.steps)

    @property
    def minutes_left(self) -> int:
        return sum(step.lesson.minutes for step in self.steps if not step.done)


@transaction.atomic
def complete_lesson(
    membership: Membership, *, lesson: LessonPage, studied: int | None = None, by: Any, now: datetime
) -> CourseProgress:
    """Record that a person has completed a lesson, with the text that they studied. Safe to repeat.

    1. Check that the membership is theirs and holds, that the lesson is live and open to it, and that what its course
       requires is done.
    2. Lock the enrolment, so that two lessons completed at once cannot both, or neither, find the course complete.
    3. Write the completion with the live revision, once per person and lesson in whichever language.
    4. With the last lesson, complete the course and announce it, once.

    Args:
        membership: under which it is done; the progress belongs to its user.
        lesson: the lesson's page, in the language that was read.
        studied: the revision that the person had before them, where it is known: another may have been published while
            they read. One that is none of the lesson's is passed over for the live one.

    Returns:
        The progress in the lesson's course, in the lesson's language, after it.

    Raises:
        NotAllowed: when the membership is another's or has ended, or the lesson is not open to it.
        Refusal: when the lesson is not published or stands in no course, or another course is to be completed first.
    """
    # 1
    _check_member(membership, by, now)
    course = _check_lesson(membership, lesson, now)
    _check_prerequisites(membership, course, now)
    # 2
    enrolment = _enrol(membership, course, now)
    # 3
    revision_id = _find_studied(lesson, studied)
    _write_completion(enrolment, lesson, membership=membership, revision_id=revision_id, now=now)
    # 4
    return _finish(enrolment, membership=membership, course=course, by=by, now=now)


@transaction.atomic
def complete_course(membership: Membership, *, course: CoursePage, by: Any, now: datetime) -> CourseProgress:
    """Complete a course all of whose lessons are done already: when the last that was left has been taken out of it,
    or every lesson counts by another. Safe to repeat.

    Raises:
        NotAllowed: when the membership is another's or has ended, or the course is not open to it.
        Refusal: when it is not published, lessons are left, or another course is to be completed first.
    """
    _check_member(membership, by, now)
    if not course.live:
        raise Refusal(_("This course is not published now."), code="not_live")
    if not course.may_be_read_by(by, membership, now):
        raise NotAllowed(
            _("This course is not open to you."), remedy=_("Its page says for whom it is."), code="audience"
        )
    _check_prerequisites(membership, course, now)
    progress = course_progress(membership, courses=[course], now=now)[course.pk]
    if progress.completed_at is not None:
        return progress
    if not progress.may_be_completed:
        raise Refusal(
            _("Not all lessons of this course are done."),
            remedy=_("Complete those that are left."),
            code="lessons_left",
        )
    return _finish(_enrol(membership, course, now), membership=membership, course=course, by=by, now=now)


@transaction.atomic
def waive_lesson(
    membership: Membership, *, lesson: LessonPage, evidence: str, by: Any, now: datetime
) -> CourseProgress:
    """Let a person off a lesson that they need not study, and keep what showed it. Safe to repeat.

    A lesson that they have completed stays as it was completed. What the course requires is not asked for: somebody who
    knows this lesson has come by another way.

    Args:
        membership: whose person is let off.
        evidence: what showed it, such as “diagnostic 4711”; the person and their head read it.
        by: who says so, of the vendor's staff; None where an exam of certification has shown it.

    Returns:
        The progress in the lesson's course after it.

    Raises:
        NotAllowed: for someone who may not waive lessons, or when the lesson is not open to the person.
        Refusal: without evidence, or when the membership has ended, or the lesson is not published.
    """
    if by is not None and not may_waive_lessons(by):
        raise NotAllowed(_("Lessons are waived by staff who keep the courses."), code="not_an_editor")
    evidence = evidence.strip()
    if not evidence:
        raise Refusal(_("Say what shows that the person knows this lesson."), code="evidence")
    if len(evidence) > MAX_EVIDENCE:
        raise Refusal(
            _("What shows it has %(count)d characters; at most %(limit)d are kept.")
            % {"count": len(evidence), "limit": MAX_EVIDENCE},
            code="too_long",
        )
    if not in_force_now(membership, now):
        raise Refusal(_("This person is not a member of a partner any more."), code="not_a_member")
    course = _check_lesson(membership, lesson, now)
    enrolment = _enrol(membership, course, now)
    completion, created = _write_completion(
        enrolment, lesson, membership=membership, revision_id=lesson.live_revision_id, waived_by=evidence, now=now
    )
    if created:
        lessons_waived.announce(completion_ids=[completion.pk], by=by)
    return _finish(enrolment, membership=membership, course=course, by=by, now=now)


def _check_member(membership: Membership, by: Any, now: datetime) -> None:
    if by.pk != membership.user_id or not in_force_now(membership, now):
        raise NotAllowed(_("Progress is recorded for a member of a partner, by that member."), code="not_a_member")


def _check_lesson(membership: Membership, lesson: LessonPage, now: datetime) -> CoursePage:
    """The course of a lesson that is live and open to the member."""
    course: CoursePage | None = CoursePage.objects.parent_of(lesson).first()
    if not lesson.live:
        raise Refusal(_("This lesson is not published now."), remedy=_("Go back to the course."), code="not_live")
    if course is None:
        raise Refusal(_("This lesson belongs to no course."), code="no_course")
    if not course.live:
        raise Refusal(_("The course of this lesson is not published now."), code="not_live")
    if not lesson.may_be_read_by(membership.user, membership, now):
        raise NotAllowed(
            _("This lesson is not open to you."), remedy=_("Its page says for whom it is."), code="audience"
        )
    return course


def _check_prerequisites(membership: Membership, course: CoursePage, now: datetime) -> None:
    required = find_prerequisites(membership, courses=[course], now=now)[course.translation_key]
    left = [f"“{one.course.title}”" for one in required if not one.done]
    if left and not _find_enrolments(membership, [course]).filter(completed_at__isnull=False).exists():
        raise Refusal(
            _("Before this course another is to be completed: %(courses)s.")
            % {"courses": get_text_list(left, pgettext("between the last two of several names", "and"))},
            remedy=_("You may read on here. Lessons can be completed as soon as that is done."),
            code="prerequisites",
        )


def _find_enrolments(membership: Membership, courses: Collection[CoursePage]) -> Any:
    keys = [course.translation_key for course in courses]
    return Enrolment.objects.filter(user=membership.user_id, course_key__in=keys)


def _enrol(membership: Membership, course: CoursePage, now: datetime) -> Enrolment:
    """The person's enrolment in the course, begun now where there is none, and locked."""
    person = membership.user_id
    Enrolment.objects.get_or_create(
        user_id=person,
        course_key=course.translation_key,
        defaults={"membership": membership, "course": course, "started_at": now},
    )
    return Enrolment.objects.select_for_update().get(user=person, course_key=course.translation_key)


def _find_studied(lesson: LessonPage, revision_id: int | None) -> int | None:
    """The revision that a completion cites: no later than the live one, so that nobody cites a draft."""
    live: int | None = lesson.live_revision_id
    if revision_id is None or live is None or not 0 < revision_id < live:
        return live
    return revision_id if Revision.objects.for_instance(lesson).filter(pk=revision_id).exists() else live


def _write_completion(
    enrolment: Enrolment,
    lesson: LessonPage,
    *,
    membership: Membership,
    revision_id: int | None,
    waived_by: str = "",
    now: datetime,
) -> tuple[LessonCompletion, bool]:
    return LessonCompletion.objects.get_or_create(
        user_id=enrolment.user_id,
        lesson_key=lesson.translation_key,
        defaults={
            "membership": membership,
            "enrolment": enrolment,
            "lesson": lesson,
            "revision_id": revision_id,
            "completed_at": now,
            "waived_by": waived_by,
        },
    )


def _finish(
    enrolment: Enrolment, *, membership: Membership, course: CoursePage, by: Any, now: datetime
) -> CourseProgress:
    """The progress now; where nothing is left, the course is completed and announced, once."""
    progress = course_progress(membership, courses=[course], now=now)[course.pk]
    if enrolment.completed_at is None and progress.may_be_completed:
        enrolment.completed_at = max(now, enrolment.started_at)
        enrolment.save(update_fields=["completed_at"])
        CourseDue.objects.filter(user=enrolment.user_id, course_key=enrolment.course_key).update(remind_at=None)
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
    """How far the membership's person is in each course, by the course page's id, in at most five queries.

    Args:
        membership: None for staff, who look at every lesson and have no progress.
        audience_ids: what is open to the membership, where the caller knows it already.
    """
    enrolments: dict[Any, Enrolment] = {}
    done: dict[Any, Done] = {}
    if membership is None:
        lessons = list_lessons(courses)
    else:
        if audience_ids is None:
            audience_ids = _find_audience_ids(membership, now)
        enrolments = {row.course_key: row for row in _find_enrolments(membership, courses)}
        lessons = list_lessons(courses, audience_ids=audience_ids)
        keys = [lesson.translation_key for found in lessons.values() for lesson in found]
        done = find_done([membership.user_id], lesson_keys=keys)[membership.user_id]
    progress = {}
    for course in courses:
        enrolment = enrolments.get(course.translation_key)
        progress[course.pk] = CourseProgress(
            course=course,
            steps=tuple(LessonStep(lesson, done.get(lesson.translation_key)) for lesson in lessons[course.pk]),
            started_at=enrolment.started_at if enrolment else None,
            completed_at=enrolment.completed_at if enrolment else None,
        )
    return progress


def _find_audience_ids(membership: Membership, now: datetime) -> frozenset[int]:
    return frozenset(Audience.objects.open_to(membership, now).values_list("pk", flat=True))


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A course that is to be completed before another, and whether the person has."""

    course: CoursePage
    done: bool


def find_prerequisites(
    membership: Membership,
    *,
    courses: Sequence[CoursePage],
    now: datetime,
    language: str = "",
    audience_ids: frozenset[int] | None = None,
) -> dict[UUID, list[Prerequisite]]:
    """What the person is to complete before each course, by the course's key; at most four queries.

    What one language of a course requires all of them require. A course that is not published, or not open to the
    person, is asked of nobody: they could not do it.

    Args:
        language: in which the courses are named; the active one unless given.
    """
    keys = {course.translation_key for course in courses}
    rows = CoursePrerequisite.objects.filter(course__translation_key__in=keys, course__live=True)
    pairs = list(
        dict.fromkeys(
            rows.order_by("sort_order", "pk").values_list("course__translation_key", "required__translation_key")
        )
    )
    found: dict[UUID, list[Prerequisite]] = {key: [] for key in keys}
    if not pairs:
        return found
    if audience_ids is None:
        audience_ids = _find_audience_ids(membership, now)
    named = in_language(
        CoursePage.objects.filter(translation_key__in={required for _key, required in pairs}),
        language or get_language() or "",
    )
    pages = {page.translation_key: page for page in named.open_to(audience_ids).select_related("locale")}
    completed = _find_enrolments(membership, list(pages.values())).filter(completed_at__isnull=False)
    done = set(completed.values_list("course_key", flat=True))
    for key, required in pairs:
        if required in pages:
            found[key].append(Prerequisite(pages[required], required in done))
    return found
