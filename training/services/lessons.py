"""Which lessons a course has, to whom they are open, and which of them count as done: for one person or for many.

A lesson counts as done by a completion of it, in whichever language, or of a lesson that it stands for
(``LessonPage.stands_for``), directly or by way of others. That is worked out whenever it is asked for and written
nowhere: when an editor takes the word back, nothing was invented meanwhile.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Length, Substr

from portal.partners.models import Audience, Entitlement, Membership, Partner, in_force_now
from training.circles import find_earlier
from training.models import CoursePage, LessonCompletion, LessonPage, MaterialPage


@dataclass(frozen=True, slots=True)
class Done:
    """How a lesson came to count as done.

    Attributes:
        waived_by: what showed that the person knows it already; empty where it was studied.
        instead: whether another lesson was completed, that this one stands for.
    """

    completed_at: datetime
    waived_by: str
    instead: bool


def list_lessons(
    courses: Sequence[CoursePage], *, audience_ids: Collection[int] | None = None
) -> dict[int, list[LessonPage]]:
    """The live lessons of each course in its order, by the course page's id; two queries at most.

    A lesson that is live in another language of the course alone comes after those of the page's own: a course is one
    course, and whoever takes half of it in another language has taken half. One that a lesson of the page stands for
    does not: it has been replaced here.

    Args:
        audience_ids: what is open to a reader; None for all lessons.
    """
    lessons = LessonPage.objects.live().defer_streamfields().select_related("locale").order_by("path")
    if audience_ids is not None:
        lessons = lessons.open_to(audience_ids)
    keys = {course.translation_key for course in courses}
    in_any_language = CoursePage.objects.live().filter(path=OuterRef("parent_path"), translation_key__in=keys)
    paths = [course.path for course in courses]
    lessons = lessons.alias(parent_path=Substr("path", 1, Length("path") - LessonPage.steplen)).annotate(
        course_key=Subquery(in_any_language.values("translation_key")[:1])
    )
    by_path: dict[str, list[LessonPage]] = {path: [] for path in paths}
    others: dict[UUID, list[str]] = defaultdict(list)
    for lesson in lessons.filter(Q(parent_path__in=paths) | Q(course_key__isnull=False)):
        path = lesson.path[: -lesson.steplen]
        by_path.setdefault(path, []).append(lesson)
        if lesson.course_key is not None and path not in others[lesson.course_key]:
            others[lesson.course_key].append(path)
    listed = {course.pk: list(by_path[course.path]) for course in courses}
    added = {}
    for course in courses:
        mine = {lesson.translation_key for lesson in listed[course.pk]}
        elsewhere = [lesson for path in others[course.translation_key] for lesson in by_path[path]]
        added[course.pk] = {one.translation_key: one for one in elsewhere if one.translation_key not in mine}
    if any(added.values()):
        replaced = find_replaced([lesson.translation_key for found_here in listed.values() for lesson in found_here])
        for course in courses:
            gone = {key for lesson in listed[course.pk] for key in replaced[lesson.translation_key]}
            listed[course.pk] += [lesson for key, lesson in added[course.pk].items() if key not in gone]
    return listed


def find_replaced(lesson_keys: Iterable[UUID]) -> dict[UUID, frozenset[UUID]]:
    """For each lesson the lessons whose completion counts for it, itself among them; one query.

    What an editor says in one language holds in all. A draft that was never published says nothing.
    """
    told = LessonPage.objects.filter(stands_for__isnull=False, first_published_at__isnull=False)
    replaces: dict[UUID, list[UUID]] = defaultdict(list)
    for key, earlier in told.order_by().values_list("translation_key", "stands_for__translation_key"):
        replaces[key].append(earlier)
    return {key: find_earlier(replaces, key) for key in lesson_keys}


def find_done(user_ids: Collection[Any], *, lesson_keys: Collection[UUID]) -> dict[Any, dict[UUID, Done]]:
    """What each person has done of these lessons, by the lesson's key; two queries.

    Where a lesson was completed as well as one that it stands for, its own completion is told.
    """
    replaced = find_replaced(lesson_keys)
    counting: dict[UUID, list[UUID]] = defaultdict(list)
    for key, earlier in replaced.items():
        for one in earlier:
            counting[one].append(key)
    done: dict[Any, dict[UUID, Done]] = {user_id: {} for user_id in user_ids}
    completions = LessonCompletion.objects.filter(user__in=user_ids, lesson_key__in=list(counting))
    for row in completions.order_by("completed_at", "pk").values("user_id", "lesson_key", "completed_at", "waived_by"):
        for key in counting[row["lesson_key"]]:
            instead = key != row["lesson_key"]
            if not instead or key not in done[row["user_id"]]:
                done[row["user_id"]][key] = Done(row["completed_at"], row["waived_by"], instead)
    return done


# --- To whom they are open, for many people at once ------------------------------------------------------------------


def find_open_audiences_of_many(memberships: Sequence[Membership], *, now: datetime) -> dict[int, frozenset[int]]:
    """The audiences that each member belongs to, by the membership's id; seven queries however many people.

    The rule of ``AudienceQuerySet.admitting``, which is asked for one person, worked out here for all of them; a test
    holds the two together. The memberships are loaded ``with_roles`` and with their users.
    """
    audiences = list(Audience.objects.prefetch_related("kinds", "tiers", "job_roles", "products"))
    sold: dict[int, set[int]] = defaultdict(set)
    links = Partner.products.through.objects.filter(partner__in={membership.partner_id for membership in memberships})
    for partner_id, product_id in links.values_list("partner_id", "product_id"):
        sold[partner_id].add(product_id)
    held: dict[int, set[str]] = defaultdict(set)
    entitlements = Entitlement.objects.in_force(now).filter(user__in={one.user_id for one in memberships})
    for user_id, key in entitlements.values_list("user_id", "key"):
        held[user_id].add(key)
    return {
        membership.pk: frozenset(
            audience.pk
            for audience in audiences
            if _admits(audience, membership, sold[membership.partner_id], held[membership.user_id])
        )
        if in_force_now(membership, now)
        else frozenset()
        for membership in memberships
    }


def _admits(audience: Audience, membership: Membership, sold: set[int], held: set[str]) -> bool:
    partner = membership.partner
    return (
        _any_of(audience.kinds, {partner.kind_id})
        and _any_of(audience.tiers, {partner.tier_id})
        and _any_of(audience.job_roles, {role.pk for role in membership.job_roles})
        and _any_of(audience.products, sold)
        and audience.language in {"", membership.user.language}
        and (not audience.entitlement or audience.entitlement in held)
    )


def _any_of(named: Any, wanted: set[int]) -> bool:
    """Whether nothing is named, or something that is wanted. The rows are loaded."""
    ids = {row.pk for row in named.all()}
    return not ids or bool(ids & wanted)


def find_asked_audiences(keys: Iterable[UUID]) -> dict[UUID, frozenset[int]]:
    """The audiences that a reader must be in for each course or lesson, in any of its languages; one query."""
    asked: dict[UUID, set[int]] = {key: set() for key in keys}
    closed = MaterialPage.objects.filter(live=True, audience__isnull=False, translation_key__in=list(asked))
    for key, audience_id in closed.order_by().values_list("translation_key", "audience_id"):
        asked[key].add(audience_id)
    return {key: frozenset(ids) for key, ids in asked.items()}


def is_open(asked: Mapping[UUID, frozenset[int]], audience_ids: frozenset[int], *keys: UUID) -> bool:
    """Whether all of these are open to whoever belongs to the audiences: a lesson obeys its course."""
    return all(asked[key] <= audience_ids for key in keys)
