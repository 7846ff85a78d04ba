"""The library, the courses and search, as pages.

Material pages are answered from ``before_serve_page`` (see ``wagtail_hooks``), so that the models know no views. What
is the same for all readers of a page is rendered once per change of the site and kept; who may read it is asked each
time.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail import hooks
from wagtail.models import Page as WagtailPage

from portal.content.services.pages import find_address, find_content_version, find_surroundings
from portal.core.components import Step, StepState
from portal.partners.access import member_required
from portal.partners.models import JobRole
from training import registry
from training.access import Reader, check_material, find_reader
from training.models import (
    CourseIndexPage,
    CoursePage,
    LessonPage,
    LibraryPage,
    MaterialPage,
    ObjectionCardPage,
    ObjectionGuidePage,
)
from training.services import catalogue
from training.services.progress import CourseProgress, complete_lesson, course_progress

#: Seconds. A kept body is found again only under the same content version; this merely empties the cache.
KEPT = 24 * 3600


# --- Pages of the tree ----------------------------------------------------------------------------------------------


def answer_page(page: WagtailPage, request: HttpRequest) -> HttpResponse:
    """The library, the list of courses, or a material, to a reader whom it is open to.

    Raises:
        NotAllowed: with the reason and what would change it.
    """
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    reader = find_reader(request)
    if isinstance(page, MaterialPage):
        check_material(page, reader)
    context = page.get_context(request) | _describe(page, request, reader)
    response = render(request, page.get_template(request), context)
    response["Cache-Control"] = "private, no-cache"
    return response


def _describe(page: WagtailPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    match page:
        case LibraryPage():
            return _describe_library(page, request, reader)
        case CourseIndexPage():
            return _describe_course_index(page, request, reader)
        case ObjectionGuidePage():
            return _describe_material(page, request) | _describe_guide(page, request, reader)
        case CoursePage():
            return _describe_material(page, request) | _describe_course(page, request, reader)
        case LessonPage():
            return _describe_material(page, request) | _describe_lesson(page, request, reader)
        case ObjectionCardPage():
            return _describe_material(page, request) | {"proof_link": _link_proof(page, request, reader)}
        case _:
            return _describe_material(page, request)


def _describe_material(page: MaterialPage, request: HttpRequest) -> dict[str, Any]:
    return {
        "shared": _keep_shared(page),
        "alternates": page.surroundings.find_alternates(request),
        "crumbs": [(above.title, find_address(above, request)) for above in page.surroundings.above],
    }


def _keep_shared(page: MaterialPage) -> SafeString:
    """What is the same for all readers of the page, rendered once per version of the site's content and language."""
    moment = page.last_published_at.timestamp() if page.last_published_at else 0
    key = f"training:shared:{page.pk}:{page.live_revision_id}:{moment}:{get_language()}:{find_content_version()}"
    kept = cache.get(key)
    if kept is None:
        kept = str(render_to_string(page.shared_template, {"page": page}))
        cache.set(key, kept, KEPT)
    return mark_safe(kept)  # rendered by our own template a moment or a day ago


def _describe_library(page: LibraryPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    language = get_language() or ""
    choice = catalogue.Choice(*(request.GET.get(name, "")[:80] for name in ("kind", "product", "tag")))
    listed = catalogue.list_materials(reader, choice, language=language, page=request.GET.get("page"))
    return {
        "choice": choice,
        "kinds": catalogue.KINDS,
        **_keep_way_about(page, request, reader, language),
        "listed": listed,
        "entries": [(material, find_address(material, request)) for material in listed],
    }


def _keep_way_about(page: LibraryPage, request: HttpRequest, reader: Reader, language: str) -> dict[str, Any]:
    """What the library can be narrowed by, and its translations; kept for all to whom the same audiences are open."""
    rights = "all" if reader.reads_all else "-".join(str(number) for number in sorted(reader.audience_ids))
    key = f"training:library:{page.pk}:{language}:{rights}:{find_content_version()}"
    kept: dict[str, Any] | None = cache.get(key)
    if kept is None:
        kept = {
            "facets": catalogue.find_facets(reader, language=language),
            "alternates": find_surroundings(page).find_alternates(request),
        }
        cache.set(key, kept, KEPT)
    return kept


def _describe_guide(page: ObjectionGuidePage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    words = " ".join(request.GET.get("q", "").split())[:200]
    cards = reader.filter_open(ObjectionCardPage.objects.child_of(page)).order_by("path")
    if words:
        found = catalogue.search_materials(reader, words, language=get_language() or "").cards
        cards = [card for card in found if card.is_child_of(page)]
    return {"words": words, "cards": [(card, find_address(card, request)) for card in cards]}


def _link_proof(page: ObjectionCardPage, request: HttpRequest, reader: Reader) -> tuple[str, str] | None:
    """Title and address of the card's proof, if the reader may read it."""
    if page.proof_page_id is None:
        return None
    proof = reader.filter_open(MaterialPage.objects.filter(pk=page.proof_page_id)).first()
    if proof is None:
        return None
    address = find_address(proof, request)
    return proof.title, f"{address}#{page.proof_anchor}" if page.proof_anchor else address


def _describe_course_index(page: CourseIndexPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    courses = list(reader.filter_open(CoursePage.objects.child_of(page)).order_by("path"))
    progress = course_progress(reader.membership, courses=courses, now=reader.now, audience_ids=reader.audience_ids)
    roles = list_roles(courses)
    return {
        "alternates": find_surroundings(page).find_alternates(request),
        "courses": [
            (progress[course.pk], find_address(course, request), roles.get(course.pk, [])) for course in courses
        ],
    }


def list_roles(courses: list[CoursePage]) -> dict[int, list[JobRole]]:
    """The job roles that each course is meant for, by the course's id; one query."""
    links = CoursePage.job_roles.through.objects.filter(coursepage__in=[course.pk for course in courses])
    roles: dict[int, list[JobRole]] = {}
    for link in links.select_related("jobrole").order_by("jobrole__order", "jobrole__slug"):
        roles.setdefault(link.coursepage_id, []).append(link.jobrole)
    return roles


def _describe_course(page: CoursePage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    progress = course_progress(reader.membership, courses=[page], now=reader.now, audience_ids=reader.audience_ids)[
        page.pk
    ]
    ways_on = [link for function in hooks.get_hooks(registry.HOOK) for link in function(request, page) or []]
    return {
        "progress": progress,
        "steps": _list_steps(progress, request),
        "resume": find_address(progress.next_lesson, request) if progress.next_lesson else "",
        "ways_on": ways_on,
    }


def _list_steps(progress: CourseProgress, request: HttpRequest) -> list[Step]:
    next_lesson = progress.next_lesson
    return [
        Step(
            label=step.lesson.title,
            state=StepState.DONE if step.done else StepState.CURRENT if step.lesson == next_lesson else StepState.AHEAD,
            url=find_address(step.lesson, request),
            note=ngettext("%(minutes)s minute", "%(minutes)s minutes", step.lesson.minutes)
            % {"minutes": step.lesson.minutes},
        )
        for step in progress.steps
    ]


def _describe_lesson(page: LessonPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
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
        "before": (before.title, find_address(before, request)) if before else None,
        "after": (after.title, find_address(after, request)) if after else None,
        "course_url": find_address(course, request),
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
            address = find_address(material, request)
            reading.append((material.title, f"{address}#{item.anchor}" if item.anchor else address))
    return reading


# --- Views with addresses of their own ------------------------------------------------------------------------------


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What the reader may read that has their words."""
    reader = find_reader(request)
    words = " ".join(request.GET.get("q", "").split())[:200]
    found = catalogue.search_materials(reader, words, language=get_language() or "")
    return render(
        request,
        "training/search.html",
        {
            "words": words,
            "found": found,
            "cards": [(card, find_address(card, request)) for card in found.cards],
            "materials": [(material, find_address(material, request)) for material in found.materials],
            "studies": [(material, find_address(material, request)) for material in found.studies],
        },
    )


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
        return HttpResponseRedirect(find_address(progress.course, request))
    lessons_after = [step.lesson for step in progress.steps if step.lesson.path > lesson.path]
    return HttpResponseRedirect(find_address(lessons_after[0] if lessons_after else progress.course, request))
