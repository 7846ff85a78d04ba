"""Pages of the tree, answered.

Material pages are answered from ``before_serve_page`` (see ``wagtail_hooks``), so that the models know no views; those
that were kept, before that (:mod:`training.views.kept`). The text of a page is kept apart as well, longer, for readers to
whom the rest looks different. Who may read it is asked each time.
"""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from wagtail.models import Page as WagtailPage

from portal.content.services.pages import find_address, find_content_version
from training.access import Reader, check_material, find_reader
from training.models import (
    CallScriptPage,
    CaseStudyPage,
    CourseIndexPage,
    CoursePage,
    EventPage,
    LessonPage,
    LibraryPage,
    MaterialPage,
    ObjectionCardPage,
    ObjectionGuidePage,
    PriceListPage,
    VideoPage,
    WebinarIndexPage,
    WebinarSeriesPage,
)
from training.services.reading import find_state
from training.views import cases, courses, events, languages, library, objections, prices, scripts, videos, webinars
from training.views.kept import Look, draw_page

#: Seconds. A kept body is found again only under the same content version; this merely empties the cache.
KEPT = 24 * 3600

Describe = Callable[[Any, HttpRequest, Reader], dict[str, Any]]

#: What each type tells its template beside what all materials tell.
DESCRIBE: dict[type[WagtailPage], Describe] = {
    LibraryPage: library.describe,
    CourseIndexPage: courses.describe_index,
    CoursePage: courses.describe_course,
    LessonPage: courses.describe_lesson,
    ObjectionGuidePage: objections.describe_guide,
    ObjectionCardPage: objections.describe_card,
    CallScriptPage: scripts.describe,
    PriceListPage: prices.describe,
    CaseStudyPage: cases.describe,
    VideoPage: videos.describe,
    WebinarIndexPage: webinars.describe_index,
    WebinarSeriesPage: webinars.describe_series,
    EventPage: events.describe,
}


def answer_page(page: WagtailPage, request: HttpRequest) -> HttpResponse:
    """The library, the list of courses, or a material, to a reader whom it is open to.

    Raises:
        NotAllowed: with the reason and what would change it.
    """
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    look: Look | None = getattr(request, "look", None)
    if look is not None and look.found.page_id != page.pk:
        look = None
    reader = look.reader if look else find_reader(request)
    context = page.get_context(request)
    if isinstance(page, MaterialPage):
        check_material(page, reader)
        context |= _describe_material(page, request, reader, look)
    describe = DESCRIBE.get(type(page))
    if describe is not None:
        context |= describe(page, request, reader)
    context |= languages.describe(page, request)
    template = page.get_template(request)
    if look is not None and look.key and _is_open_to_its_like(page, reader):
        return draw_page(request, template, context, look)
    response = render(request, template, context)
    response["Cache-Control"] = "private, no-cache"
    return response


def _is_open_to_its_like(page: WagtailPage, reader: Reader) -> bool:
    """Whether whoever has the reader's audiences may read the page, and so find it kept.

    Someone of the vendor's staff who is a member as well was let in for what they are besides.
    """
    return not isinstance(page, MaterialPage) or page.closed_audience(reader.audience_ids) is None


def _describe_material(page: MaterialPage, request: HttpRequest, reader: Reader, look: Look | None) -> dict[str, Any]:
    state = look.found.state if look else find_state(page, reader.user.pk, reader.now)
    return {
        "state": state.face,
        "freshness": state.judge_freshness(reader.now),
        "shared": _keep_shared(page, look.content_version if look else find_content_version()),
        "alternates": page.surroundings.find_alternates(request),
        "crumbs": [(above.title, find_address(above, request)) for above in page.surroundings.above],
    }


def _keep_shared(page: MaterialPage, content_version: str) -> SafeString:
    """What is the same for all readers of the page, rendered once per version of the site's content and language."""
    moment = page.last_published_at.timestamp() if page.last_published_at else 0
    key = f"training:shared:{page.pk}:{page.live_revision_id}:{moment}:{get_language()}:{content_version}"
    kept = cache.get(key)
    if kept is None:
        kept = str(render_to_string(page.shared_template, {"page": page}))
        cache.set(key, kept, KEPT)
    return mark_safe(kept)  # rendered by our own template a moment or a day ago
