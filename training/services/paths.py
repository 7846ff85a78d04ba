"""Learning paths: what a person studies for their job roles, in which order, and what comes next.

Where a person is, is kept with the person and not with a device: whoever goes on at another one goes on at the same
lesson.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.partners.models import Membership
from training.access import describe_reader
from training.models import CoursePage, LearningPath, LessonPage, MaterialPage
from training.services.catalogue import in_language
from training.services.dues import list_due
from training.services.progress import CourseProgress, Prerequisite, course_progress, find_prerequisites


@dataclass(frozen=True, slots=True)
class Stop:
    """A course as one person stands to it.

    Attributes:
        due_at: by when it is to be completed; None where nothing says so, or it is completed.
        before: what is to be completed before it, and is not.
    """

    progress: CourseProgress
    due_at: datetime | None
    is_late: bool
    before: tuple[Prerequisite, ...]

    @property
    def course(self) -> CoursePage:
        return self.progress.course

    @property
    def is_completed(self) -> bool:
        return self.progress.completed_at is not None

    @property
    def next_lesson(self) -> LessonPage | None:
        """Where to go on; None where all is done, or another course comes first."""
        return None if self.before or self.is_completed else self.progress.next_lesson


@dataclass(frozen=True, slots=True)
class Way:
    """A learning path with its courses, as far as they are published and open to the person."""

    path: LearningPath
    stops: tuple[Stop, ...]

    @property
    def done(self) -> int:
        return sum(stop.is_completed for stop in self.stops)

    @property
    def next_stop(self) -> Stop | None:
        """The first course of the path that can be gone on with now."""
        return next((stop for stop in self.stops if stop.next_lesson is not None), None)


@dataclass(frozen=True, slots=True)
class Study:
    """All that is open to a person: their own paths first, in the order of their job roles, then the other courses."""

    ways: tuple[Way, ...]
    others: tuple[Stop, ...]

    @property
    def stops(self) -> tuple[Stop, ...]:
        """Every course once."""
        return (*(stop for way in self.ways for stop in way.stops), *self.others)


@dataclass(frozen=True, slots=True)
class NextLesson:
    """A lesson to go on with.

    Attributes:
        path: the learning path that it is on; None where it is on none of the person's own.
    """

    lesson: LessonPage
    stop: Stop
    path: LearningPath | None

    @property
    def number(self) -> int:
        """Which lesson of its course it is, from 1."""
        steps = self.stop.progress.steps
        return next((place for place, step in enumerate(steps, start=1) if step.lesson.pk == self.lesson.pk), 1)


def survey_courses(
    membership: Membership,
    *,
    now: datetime,
    language: str,
    audience_ids: frozenset[int] | None = None,
    courses: Sequence[CoursePage] | None = None,
) -> Study:
    """The courses open to the member, with the progress in each; a constant number of queries.

    A course that stands on several of their paths is told on the first. Of the others, those meant for their job roles
    come first.

    Args:
        language: of the course pages.
        audience_ids: what is open to the membership, where the caller knows it already.
        courses: the open courses in their order, where the caller has them already.
    """
    if audience_ids is None:
        audience_ids = describe_reader(membership.user, membership, now=now).audience_ids
    if courses is None:
        listed = in_language(CoursePage.objects.all(), language).open_to(audience_ids)
        courses = list(listed.select_related("locale").order_by("path"))
    stops = _find_stops(membership, courses, now=now, language=language, audience_ids=audience_ids)
    role_ids = [role.pk for role in membership.job_roles]
    paths = {path.job_role_id: path for path in LearningPath.objects.filter(job_role__in=role_ids)}
    ways = []
    left = dict(stops)
    for path in (paths[role_id] for role_id in role_ids if role_id in paths):
        keys = [key for key in read_keys(path) if key in left]
        if keys:
            ways.append(Way(path, tuple(left.pop(key) for key in keys)))
    links = MaterialPage.job_roles.through.objects.filter(jobrole__in=role_ids, materialpage__in=courses)
    meant = set(links.values_list("materialpage_id", flat=True))
    return Study(tuple(ways), tuple(sorted(left.values(), key=lambda stop: stop.course.pk not in meant)))


def read_keys(path: LearningPath) -> list[UUID]:
    """The keys of a path's courses in their order."""
    return [UUID(key) for key in path.course_keys]


def _find_stops(
    membership: Membership,
    courses: Sequence[CoursePage],
    *,
    now: datetime,
    language: str,
    audience_ids: frozenset[int],
) -> dict[UUID, Stop]:
    progress = course_progress(membership, courses=courses, now=now, audience_ids=audience_ids)
    required = find_prerequisites(membership, courses=courses, now=now, language=language, audience_ids=audience_ids)
    due = {
        row.course.translation_key: row
        for row in list_due(membership, now=now, language=language, audience_ids=audience_ids)
    }
    stops = {}
    for course in courses:
        key = course.translation_key
        row, mine = due.get(key), progress[course.pk]
        before = () if mine.completed_at else tuple(one for one in required[key] if not one.done)
        stops[key] = Stop(mine, row.due_at if row else None, bool(row and row.is_late), before)
    return stops


def find_next_lessons(membership: Membership, *, now: datetime, language: str) -> list[NextLesson]:
    """Where the person can go on, as :func:`rank_next_lessons`; a constant number of queries."""
    return rank_next_lessons(survey_courses(membership, now=now, language=language))


def rank_next_lessons(study: Study) -> list[NextLesson]:
    """Where a person can go on, what matters most first.

    The courses of their own paths in order, then what they have begun or what is due, then the rest. One lesson of each
    course; none of those that wait for another course.
    """
    found = [
        NextLesson(stop.next_lesson, stop, way.path)
        for way in study.ways
        for stop in way.stops
        if stop.next_lesson is not None
    ]
    others = sorted(study.others, key=lambda stop: not (stop.progress.done or stop.due_at))
    return found + [NextLesson(stop.next_lesson, stop, None) for stop in others if stop.next_lesson is not None]
