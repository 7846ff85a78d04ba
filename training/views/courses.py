"""Courses and lessons, with the reader's progress; completing a lesson, answering its questions, the certificate."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail import hooks

from portal.content.services.languages import find_address_here
from portal.content.services.pages import find_surroundings
from portal.core.components import Step, StepState
from portal.core.errors import NotAllowed, Refusal
from portal.partners.access import member_required
from portal.partners.models import JobRole
from training import registry
from training.access import Reader
from training.models import CourseIndexPage, CoursePage, LessonPage, MaterialPage
from training.services.catalogue import in_language
from training.services.certificates import Certificate, find_certificate
from training.services.checks import answer_check, show_checks
from training.services.dues import DueCourse, list_due
from training.services.languages import name_language
from training.services.papers import write_pdf
from training.services.paths import Study, survey_courses
from training.services.progress import (
    CourseProgress,
    LessonStep,
    Prerequisite,
    complete_course,
    complete_lesson,
    course_progress,
    find_prerequisites,
)
from training.views.library import place_pages


def describe_index(page: CourseIndexPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    """The courses: the reader's own paths first, in their order, then the others."""
    language = page.locale.language_code
    listed = reader.filter_open(in_language(CoursePage.objects.all(), language))
    courses = list(listed.select_related("locale").order_by("path"))
    roles = list_roles(courses)
    places = {course.pk: (address, foreign) for course, address, foreign in place_pages(courses, request)}
    context: dict[str, Any] = {"alternates": find_surroundings(page).find_alternates(request)}
    if reader.membership is None:
        progress = course_progress(None, courses=courses, now=reader.now)
        rows = [(progress[course.pk], *places[course.pk]) for course in courses]
        return context | {
            "courses": [(mine, url, roles.get(mine.course.pk, []), foreign) for mine, url, foreign in rows]
        }
    study = survey_courses(
        reader.membership, now=reader.now, language=language, audience_ids=reader.audience_ids, courses=courses
    )
    return context | _list_study(study, places, roles, request)


def _list_study(
    study: Study, places: dict[int, tuple[str, str]], roles: dict[int, list[JobRole]], request: HttpRequest
) -> dict[str, Any]:
    def row(stop: Any) -> dict[str, Any]:
        url, foreign = places[stop.course.pk]
        return {
            "stop": stop,
            "progress": stop.progress,
            "url": url,
            "foreign": foreign,
            "roles": roles.get(stop.course.pk, []),
            "next_url": find_address_here(stop.next_lesson, request) if stop.next_lesson else "",
            "before": [(one.course.title, places[one.course.pk][0]) for one in stop.before],
        }

    return {
        "ways": [{"way": way, "rows": [row(stop) for stop in way.stops]} for way in study.ways],
        "others": [row(stop) for stop in study.others],
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
    before = _find_before(page, reader, progress)
    return {
        "progress": progress,
        "steps": _list_steps(progress, request),
        "resume": find_address_here(progress.next_lesson, request) if progress.next_lesson else "",
        "ways_on": ways_on,
        "before": _place(before, request),
        "due": _find_due(page, reader, progress),
        "certificate_url": _find_certificate_address(page, progress),
        "may_complete_course": progress.may_be_completed and reader.membership is not None and not before,
    }


def _find_before(page: CoursePage, reader: Reader, progress: CourseProgress) -> list[Prerequisite]:
    """What the reader is to complete before this course, and has not."""
    if reader.membership is None or progress.completed_at is not None:
        return []
    required = find_prerequisites(
        reader.membership,
        courses=[page],
        now=reader.now,
        language=page.locale.language_code,
        audience_ids=reader.audience_ids,
    )
    return [one for one in required[page.translation_key] if not one.done]


def _place(required: Iterable[Prerequisite], request: HttpRequest) -> list[tuple[str, str]]:
    return [(one.course.title, find_address_here(one.course, request)) for one in required]


def _find_due(page: CoursePage, reader: Reader, progress: CourseProgress) -> DueCourse | None:
    # A seller whom an editor imagines for a preview has no row in any table.
    if reader.membership is None or reader.membership.pk is None or progress.completed_at is not None:
        return None
    due = list_due(
        reader.membership, now=reader.now, language=page.locale.language_code, audience_ids=reader.audience_ids
    )
    return next((row for row in due if row.course.translation_key == page.translation_key), None)


def _find_certificate_address(page: CoursePage, progress: CourseProgress) -> str:
    """Where the certificate is; nowhere for a course that is not completed, or all of which was waived."""
    studied = any(step.done and not step.waived_by for step in progress.steps)
    if progress.completed_at is None or not studied:
        return ""
    return reverse("training:certificate", args=[page.translation_key])


def _list_steps(progress: CourseProgress, request: HttpRequest) -> list[Step]:
    next_lesson = progress.next_lesson
    return [
        Step(
            label=step.lesson.title,
            state=StepState.DONE if step.done else StepState.CURRENT if step.lesson == next_lesson else StepState.AHEAD,
            url=find_address_here(step.lesson, request),
            note=_describe_step(step, progress.course),
        )
        for step in progress.steps
    ]


def _describe_step(step: LessonStep, course: CoursePage) -> str:
    """How long the lesson takes, and in which language where that is not the course's; or, where it was not studied, how
    it came to be done."""
    if step.waived_by:
        return pgettext("lesson", "Waived: %(evidence)s") % {"evidence": step.waived_by}
    if step.how is not None and step.how.instead:
        return pgettext("lesson", "Done with the lesson that this one replaces")
    minutes = step.lesson.minutes
    length = ngettext("%(minutes)s minute", "%(minutes)s minutes", minutes) % {"minutes": minutes}
    if step.lesson.locale_id == course.locale_id:
        return length
    return f"{length} · {name_language(step.lesson.locale.language_code)}"


def describe_lesson(page: LessonPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    context: dict[str, Any] = {
        "reading": _list_reading(page, request, reader),
        "checks": show_checks(page, user_id=reader.user.pk),
        "may_answer": reader.membership is not None,
    }
    course = CoursePage.objects.parent_of(page).select_related("locale").first()
    if course is None:
        return context
    progress = course_progress(reader.membership, courses=[course], now=reader.now, audience_ids=reader.audience_ids)[
        course.pk
    ]
    steps = {step.lesson: step for step in progress.steps}
    lessons = list(steps)
    place = lessons.index(page) if page in steps else 0
    before = lessons[place - 1] if place > 0 else None
    after = lessons[place + 1] if place + 1 < len(lessons) else None
    step = steps.get(page)
    return context | {
        "progress": progress,
        "number": place + 1,
        "done": bool(step and step.done),
        "step_note": _describe_step(step, course)
        if step and step.how and (step.how.waived_by or step.how.instead)
        else "",
        "before": (before.title, find_address_here(before, request)) if before else None,
        "after": (after.title, find_address_here(after, request)) if after else None,
        "course_url": find_address_here(course, request),
        "may_complete": reader.membership is not None,
        "required": _place(_find_before(course, reader, progress), request),
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


def _find_live(model: Any, key: UUID) -> Any:
    """The live page of that key, in the active language where there is one.

    Raises:
        Http404: when there is none in any language.
    """
    pages = model.objects.live().filter(translation_key=key).select_related("locale")
    page = min(pages, key=lambda found: found.locale.language_code != get_language(), default=None)
    if page is None:
        raise Http404(key)
    return page


@require_POST
@member_required
def complete(request: HttpRequest, lesson_key: UUID) -> HttpResponse:
    """Complete a lesson and go on: to the next one, or back to the course when it was the last."""
    lesson = _find_live(LessonPage, lesson_key)
    membership = request.membership  # type: ignore[attr-defined]  # the middleware's
    said = request.POST.get("revision", "")
    studied = int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else None
    progress = complete_lesson(membership, lesson=lesson, studied=studied, by=request.user, now=timezone.now())
    if progress.completed_at and progress.next_lesson is None:
        messages.success(request, _("You have completed the course “%(course)s”.") % {"course": progress.course.title})
        return HttpResponseRedirect(find_address_here(progress.course, request))
    places = [step.lesson.pk for step in progress.steps]
    lessons_after = (
        [step.lesson for step in progress.steps[places.index(lesson.pk) + 1 :]] if lesson.pk in places else []
    )
    return HttpResponseRedirect(find_address_here(lessons_after[0] if lessons_after else progress.course, request))


@require_POST
@member_required
def complete_all(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """Complete a course all of whose lessons are done."""
    course = _find_live(CoursePage, course_key)
    membership = request.membership  # type: ignore[attr-defined]  # the middleware's
    complete_course(membership, course=course, by=request.user, now=timezone.now())
    messages.success(request, _("You have completed the course “%(course)s”.") % {"course": course.title})
    return HttpResponseRedirect(find_address_here(course, request))


@require_POST
@member_required
def answer(request: HttpRequest, lesson_key: UUID, block_id: str) -> HttpResponse:
    """Answer a check question, and go back to it."""
    lesson = _find_live(LessonPage, lesson_key)
    membership = request.membership  # type: ignore[attr-defined]  # the middleware's
    try:
        answer_check(
            membership,
            lesson=lesson,
            block_id=block_id,
            chosen=request.POST.getlist("chosen"),
            by=request.user,
            now=timezone.now(),
        )
    except NotAllowed:
        raise
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} {refusal.remedy}".strip())
    return HttpResponseRedirect(f"{find_address_here(lesson, request)}#check-{block_id}")


@require_safe
def certificate(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """The certificate of attendance of a course that the person has completed; only theirs."""
    found = _find_certificate(request, course_key)
    return _keep_private(render(request, "training/course_certificate.html", {"certificate": found}))


@require_safe
def certificate_pdf(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """The same on paper."""
    found = _find_certificate(request, course_key)
    context = {"certificate": found, "vendor_name": settings.VENDOR_NAME, "LANGUAGE_CODE": get_language()}
    content = write_pdf(render_to_string("training/course_paper.html", context))
    response = HttpResponse(content, content_type="application/pdf")
    name = slugify(found.course, allow_unicode=True) or "course"
    if disposition := content_disposition_header(False, f"{name}.pdf"):
        response["Content-Disposition"] = disposition
    return _keep_private(response)


def _find_certificate(request: HttpRequest, course_key: UUID) -> Certificate:
    found = find_certificate(request.user, course_key=course_key, language=get_language() or "")
    if found is None:
        raise Http404(course_key)
    return found


def _keep_private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    return response
