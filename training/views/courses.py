"""Courses and lessons, with the reader's progress; completing a lesson."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from wagtail import hooks

from portal.content.services.languages import find_address_here
from portal.content.services.pages import find_surroundings
from portal.core.components import Step, StepState
from portal.partners.access import member_required
from portal.partners.models import JobRole
from training import registry
from training.access import Reader
from training.models import CourseIndexPage, CoursePage, LessonPage, MaterialPage
from training.services.catalogue import in_language
from training.services.progress import CourseProgress, complete_lesson, course_progress
from training.views.library import place_pages


def describe_index(page: CourseIndexPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    listed = reader.filter_open(in_language(CoursePage.objects.all(), page.locale.language_code))
    courses = list(listed.select_related("locale").order_by("path"))
    progress = course_progress(reader.membership, courses=courses, now=reader.now, audience_ids=reader.audience_ids)
    roles = list_roles(courses)
    return {
        "alternates": find_surroundings(page).find_alternates(request),
        "courses": [
            (progress[course.pk], address, roles.get(course.pk, []), foreign)
            for course, address, foreign in place_pages(courses, request)
        ],
    }


def list_roles(courses: list[CoursePage]) -> dict[int, list[JobRole]]:
    """The job roles that each course is meant for, by the course's id; one query."""
    links = MaterialPage.job_roles.through.objects.filter(materialpage__in=[course.pk for course in courses])
    roles: dict[int, list[JobRole]] = {}
    for link in links.select_related("jobrole").order_by("jobrole__order", "jobrole__slug"):
        roles.setdefault(link.materialpage_id, []).append(link.jobrole)
    return roles


def describe_course(page: CoursePage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    progress = course_progress(reader.membership, courses=[page], now=reader.now, audience_ids=reader.audience_ids)[
        page.pk
    ]
    ways_on = [link for function in hooks.get_hooks(registry.HOOK) for link in function(request, page) or []]
    return {
        "progress": progress,
        "steps": _list_steps(progress, request),
        "resume": find_address_here(progress.next_lesson, request) if progress.next_lesson else "",
        "ways_on": ways_on,
    }


def _list_steps(progress: CourseProgress, request: HttpRequest) -> list[Step]:
    next_lesson = progress.next_lesson
    return [
        Step(
            label=step.lesson.title,
            state=StepState.DONE if step.done else StepState.CURRENT if step.lesson == next_lesson else StepState.AHEAD,
            url=find_address_here(step.lesson, request),
            note=ngettext("%(minutes)s minute", "%(minutes)s minutes", step.lesson.minutes)
            % {"minutes": step.lesson.minutes},
        )
        for step in progress.steps
    ]


def describe_lesson(page: LessonPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    context: dict[str, Any] = {"reading": _list_reading(page, request, reader)}
    course = CoursePage.objects.parent_of(page).first()
    if course is None:
        return context
    progress = course_progress(reader.membership, courses=[course], now=reader.now, audience_ids=reader.audience_ids)[
        course.pk
    ]
    lessons = [step.lesson for step in progress.steps]
    place = lessons.index(page) if page in lessons else 0
    before = lessons[place - 1] if place > 0 else None
    after = lessons[place + 1] if place + 1 < len(lessons) else None
    return context | {
        "progress": progress,
        "number": place + 1,
        "done": any(step.done and step.lesson == page for step in progress.steps),
        "before": (before.title, find_address_here(before, request)) if before else None,
        "after": (after.title, find_address_here(after, request)) if after else None,
        "course_url": find_address_here(course, request),
        "may_complete": reader.membership is not None,
    }


def _list_reading(page: LessonPage, request: HttpRequest, reader: Reader) -> list[tuple[str, str]]:
    """Title and address of what the lesson asks to read, as far as the reader may."""
    wanted = list(page.reading.all())
    if not wanted:
        return []
    readable = reader.filter_open(MaterialPage.objects.filter(pk__in=[item.material_id for item in wanted]))
    found = {material.pk: material for material in readable}
    reading = []
    for item in wanted:
        if material := found.get(item.material_id):
            address = find_address_here(material, request)
            reading.append((material.title, f"{address}#{item.anchor}" if item.anchor else address))
    return reading


@require_POST
@member_required
def complete(request: HttpRequest, lesson_key: UUID) -> HttpResponse:
    """Complete a lesson and go on: to the next one, or back to the course when it was the last."""
    lessons = LessonPage.objects.live().filter(translation_key=lesson_key).select_related("locale")
    lesson = min(lessons, key=lambda found: found.locale.language_code != get_language(), default=None)
    if lesson is None:
        raise Http404(lesson_key)
    membership = request.membership  # type: ignore[attr-defined]  # the middleware's
    progress = complete_lesson(membership, lesson=lesson, by=request.user, now=timezone.now())
    if progress.completed_at and progress.next_lesson is None:
        messages.success(request, _("You have completed the course “%(course)s”.") % {"course": progress.course.title})
        return HttpResponseRedirect(find_address_here(progress.course, request))
    lessons_after = [step.lesson for step in progress.steps if step.lesson.path > lesson.path]
    return HttpResponseRedirect(find_address_here(lessons_after[0] if lessons_after else progress.course, request))
