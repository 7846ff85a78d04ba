"""The head's page: who of the team is where in which course, who is late; and reminding somebody of a course."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from portal.core.errors import NotAllowed, Refusal
from portal.partners.access import may_lead_team
from portal.partners.models import Membership, in_force_now
from training.facts import people_nudged
from training.models import CourseDue, CoursePage, Enrolment, LearningPath, LessonPage, Nudge
from training.services.catalogue import in_language
from training.services.lessons import (
    Done,
    find_asked_audiences,
    find_done,
    find_open_audiences_of_many,
    is_open,
    list_lessons,
)
from training.services.paths import read_keys

#: How long a person is left alone after having been reminded of a course.
NUDGED_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one person is in one course.

    Attributes:
        next_lesson: where they stopped; None where nothing is left.
        due_at: by when it is to be completed; None where nothing says so, or it is completed.
        nudged_at: when they were last reminded of it by somebody.
    """

    course: CoursePage
    done: int
    total: int
    waived: int
    started_at: datetime | None
    completed_at: datetime | None
    next_lesson: LessonPage | None
    due_at: datetime | None
    is_late: bool
    nudged_at: datetime | None
    may_be_nudged: bool

    @property
    def percent(self) -> int:
        if self.completed_at:
            return 100
        return self.done * 100 // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class Learner:
    """One person of the team with their courses: what is late first, then what is due, then the rest."""

    membership: Membership
    places: tuple[Place, ...]

    @property
    def late(self) -> int:
        return sum(place.is_late for place in self.places)

    @property
    def completed(self) -> int:
        return sum(place.completed_at is not None for place in self.places)


@dataclass(frozen=True, slots=True)
class Team:
    """The people of a partner as learners: who is late first."""

    learners: tuple[Learner, ...]

    @property
    def late(self) -> int:
        """How many people are late with something."""
        return sum(bool(learner.late) for learner in self.learners)

    @property
    def completed(self) -> int:
        """How many courses the team has completed, counted for each person."""
        return sum(learner.completed for learner in self.learners)

    @property
    def under_way(self) -> int:
        return sum(bool(place.started_at and not place.completed_at) for one in self.learners for place in one.places)


def describe_team(head: Membership, *, now: datetime, language: str) -> Team:
    """The active members of the head's partner, each with the courses that concern them.

    Those are the courses of their learning paths, those due for them and those they have begun, as far as they are
    published and open to them. As many queries for many people and courses as for few.

    Raises:
        NotAllowed: when the membership does not lead a team.
    """
    _check_head(head, now)
    members = list(
        Membership.objects.active(now)
        .for_partner(head.partner)
        .with_roles()
        .select_related("user", "partner__tier", "partner__kind")
        .order_by("user__first_name", "user__last_name", "pk")
    )
    learners = _describe_learners(members, head=head, now=now, language=language)
    return Team(tuple(sorted(learners, key=lambda learner: -learner.late)))


def _describe_learners(
    members: Sequence[Membership], *, head: Membership, now: datetime, language: str
) -> list[Learner]:
    user_ids = {member.user_id for member in members}
    roads = _find_roads(members)
    enrolments = {(row.user_id, row.course_key): row for row in Enrolment.objects.filter(user__in=user_ids)}
    due = {
        (row.membership_id, row.course_key): row.due_at
        for row in CourseDue.objects.filter(membership__in=[member.pk for member in members])
    }
    begun: dict[Any, list[UUID]] = defaultdict(list)
    for user_id, key in enrolments:
        begun[user_id].append(key)
    due_for: dict[int, list[UUID]] = defaultdict(list)
    for membership_id, key in due:
        due_for[membership_id].append(key)
    concerning = {
        member.pk: list(dict.fromkeys([*roads[member.pk], *due_for[member.pk], *begun[member.user_id]]))
        for member in members
    }
    keys = {key for mine in concerning.values() for key in mine}
    listed = in_language(CoursePage.objects.live().filter(translation_key__in=keys), language)
    courses = {page.translation_key: page for page in listed.select_related("locale").order_by("path")}
    lessons = list_lessons(list(courses.values()))
    lesson_keys = {lesson.translation_key for found in lessons.values() for lesson in found}
    asked = find_asked_audiences({*courses, *lesson_keys})
    audiences = find_open_audiences_of_many(members, now=now)
    done = find_done(user_ids, lesson_keys=lesson_keys)
    nudged = _find_nudges(members)
    learners = []
    for member in members:
        places = [
            _find_place(
                courses[key],
                [
                    lesson
                    for lesson in lessons[courses[key].pk]
                    if is_open(asked, audiences[member.pk], lesson.translation_key)
                ],
                done=done[member.user_id],
                enrolment=enrolments.get((member.user_id, key)),
                due_at=due.get((member.pk, key)),
                nudged_at=nudged.get((member.pk, key)),
                is_self=member.user_id == head.user_id,
                now=now,
            )
            for key in concerning[member.pk]
            if key in courses and is_open(asked, audiences[member.pk], key)
        ]
        places.sort(key=lambda place: (not place.is_late, place.due_at is None, place.completed_at is not None))
        learners.append(Learner(member, tuple(places)))
    return learners


def _find_roads(members: Iterable[Membership]) -> dict[int, list[UUID]]:
    """The courses of each member's learning paths in their order, by the membership's id; one query."""
    paths = {path.job_role_id: read_keys(path) for path in LearningPath.objects.all()}
    return {member.pk: [key for role in member.job_roles for key in paths.get(role.pk, ())] for member in members}


def _find_nudges(members: Iterable[Membership]) -> dict[tuple[int, UUID], datetime]:
    """When each member was last reminded of which course."""
    rows = Nudge.objects.filter(membership__in=[member.pk for member in members]).order_by()
    last = rows.values("membership_id", "course_key").annotate(last=Max("sent_at"))
    return {(row["membership_id"], row["course_key"]): row["last"] for row in last}


def _find_place(
    course: CoursePage,
    lessons: Sequence[LessonPage],
    *,
    done: Mapping[UUID, Done],
    enrolment: Enrolment | None,
    due_at: datetime | None,
    nudged_at: datetime | None,
    is_self: bool,
    now: datetime,
) -> Place:
    completed_at = enrolment.completed_at if enrolment else None
    open_due = None if completed_at else due_at
    mine = [done.get(lesson.translation_key) for lesson in lessons]
    return Place(
        course=course,
        done=sum(one is not None for one in mine),
        total=len(lessons),
        waived=sum(bool(one and one.waived_by) for one in mine),
        started_at=enrolment.started_at if enrolment else None,
        completed_at=completed_at,
        next_lesson=next((lesson for lesson, one in zip(lessons, mine, strict=True) if one is None), None),
        due_at=open_due,
        is_late=open_due is not None and open_due <= now,
        nudged_at=nudged_at,
        may_be_nudged=completed_at is None and not is_self and (nudged_at is None or nudged_at <= now - NUDGED_EVERY),
    )


@transaction.atomic
def nudge_person(head: Membership, *, person: Membership, course_key: UUID, by: Any, now: datetime) -> Nudge:
    """Remind one of the team of a course; they are told, once a day at most for each course.

    Raises:
        NotAllowed: when the membership leads no team, is another's, or the person works for another partner.
        Refusal: when there is nothing to remind of, or they were reminded within a day, with what would change it.
    """
    if by.pk != head.user_id:
        raise NotAllowed(_("Only the head of the team reminds its people."), code="not_the_head")
    _check_head(head, now)
    if person.partner_id != head.partner_id or not in_force_now(person, now):
        raise NotAllowed(_("This person is not in your team."), code="not_in_team")
    if person.user_id == head.user_id:
        raise Refusal(_("This is your own course."), remedy=_("Go on with it under “Courses”."), code="self")
    # Locked, so that of two reminders at once the second sees the first.
    member = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("user", "partner__tier", "partner__kind")
        .get(pk=person.pk)
    )
    [learner] = _describe_learners([member], head=head, now=now, language=member.user.language)
    place = next((place for place in learner.places if place.course.translation_key == course_key), None)
    name = str(member.user)
    if place is None:
        raise Refusal(
            _("This course is not among those of %(name)s now.") % {"name": name},
            remedy=_("Look at the team again: the course may have been changed meanwhile."),
            code="not_theirs",
        )
    if place.completed_at is not None:
        raise Refusal(_("%(name)s has completed this course already.") % {"name": name}, code="completed")
    if not place.may_be_nudged:
        raise Refusal(
            _("%(name)s was reminded of this course within the last day.") % {"name": name},
            remedy=_("Give them a little time; tomorrow you can remind them again."),
            code="nudged_already",
        )
    nudge = Nudge.objects.create(course_key=course_key, course=place.course, membership=member, by=by, sent_at=now)
    people_nudged.announce(nudge_ids=[nudge.pk], by=by)
    return nudge


def _check_head(head: Membership, now: datetime) -> None:
    if not may_lead_team(head) or not in_force_now(head, now):
        raise NotAllowed(
            _("How the team learns is for its head to see."),
            remedy=_("The owner of your organisation can change your job roles."),
            code="job_role",
        )
