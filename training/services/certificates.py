"""Certificates of attendance: that a person took a course. Not a credential: nothing was examined."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from portal.core.errors import Refusal
from training.models import CoursePage, Enrolment, LessonCompletion
from training.services.catalogue import in_language
from training.services.lessons import find_replaced, list_lessons


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate of attendance says."""

    person: str
    course: str
    course_key: UUID
    partner: str
    completed_at: datetime
    minutes: int


def find_certificate(user: Any, *, course_key: UUID, language: str) -> Certificate | None:
    """The certificate of a course that the person has completed; None where they have not begun it. Five queries.

    It stays when the course is no longer published, and when the person has left the partner: they took the course.
    The minutes are those of the lessons that they studied, each as long as the text that they had before them said;
    lessons that were waived do not count.

    Raises:
        Refusal: when the course is not completed yet, or every lesson of it was waived.
    """
    enrolment = (
        Enrolment.objects.filter(user=user.pk, course_key=course_key)
        .select_related("membership__partner", "course__locale")
        .first()
    )
    if enrolment is None:
        return None
    if enrolment.completed_at is None:
        raise Refusal(
            _("This course is not completed yet, so there is nothing to certify."),
            remedy=_("Complete the lessons that are left; then the certificate is here."),
            code="not_completed",
        )
    studied = _find_studied(enrolment)
    if not studied:
        raise Refusal(
            _("You were let off every lesson of this course, so there is no attendance to certify."),
            remedy=_("What you know is shown by exams."),
            code="nothing_studied",
        )
    translated = in_language(CoursePage.objects.filter(translation_key=course_key), language).first()
    return Certificate(
        person=str(user),
        course=(translated or enrolment.course).title,
        course_key=course_key,
        partner=enrolment.membership.partner.name,
        completed_at=enrolment.completed_at,
        minutes=sum(_find_minutes(completion) for completion in studied),
    )


def _find_studied(enrolment: Enrolment) -> list[LessonCompletion]:
    """The lessons that were studied for the course: completed in it, or elsewhere and counting for it."""
    lessons = list_lessons([enrolment.course])[enrolment.course_id]
    counting = frozenset().union(*find_replaced(lesson.translation_key for lesson in lessons).values())
    completions = LessonCompletion.objects.filter(
        user=enrolment.user_id, waived_by="", completed_at__lte=enrolment.completed_at
    ).select_related("revision", "lesson")
    return [row for row in completions if row.enrolment_id == enrolment.pk or row.lesson_key in counting]


def _find_minutes(completion: LessonCompletion) -> int:
    pinned = completion.revision.content.get("minutes") if completion.revision else None
    return int(pinned if pinned is not None else completion.lesson.minutes)
