"""What must be kept because progress cites it (ruling 8)."""

from collections.abc import Iterable

from django.db.models import Q
from wagtail.models import Page

from training.models import CoursePage, LessonPage, MaterialPage, Session


def find_cited_pages(pages: Iterable[Page]) -> list[str]:
    """Titles of the lessons and courses at or below the given pages that someone's progress cites; at most five."""
    below = Q()
    for page in pages:
        below |= Q(path__startswith=page.path)
    if not below:
        return []
    lessons = LessonPage.objects.filter(below, completions__isnull=False)
    courses = CoursePage.objects.filter(below, enrolments__isnull=False)
    titles = {*lessons.values_list("title", flat=True), *courses.values_list("title", flat=True)}
    return sorted(titles)[:5]


def find_dated_pages(pages: Iterable[Page]) -> list[str]:
    """Titles of the series and events at or below the given pages that have sessions; at most five.

    A session stands for a series whatever its language, and people's registrations and attendance hang on it.
    """
    below = Q()
    for page in pages:
        below |= Q(path__startswith=page.path)
    if not below:
        return []
    dated = MaterialPage.objects.filter(below, pk__in=Session.objects.values("page"))
    return sorted(dated.values_list("title", flat=True))[:5]
