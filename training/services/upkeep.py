"""Keeping materials true: when each was looked through, when it is due again, and whom that concerns."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.models import GroupPagePermission

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from training.access import may_verify
from training.freshness import find_reminder, next_reminder, plan_review
from training.models import MaterialPage, Upkeep, Verification

#: Reminders worked off in one transaction.
BATCH = 200


def begin_upkeep(page: MaterialPage, *, now: datetime) -> Upkeep:
    """Begin to ask after the material: it counts as looked through now. Safe to repeat: what has begun stays."""
    upkeep, _created = Upkeep.objects.get_or_create(
        page=page, defaults={"verified_at": now, **_plan(now, page.review_interval_days)}
    )
    return upkeep


def begin_missing(*, now: datetime, limit: int = BATCH) -> int:
    """Begin to ask after live materials that a program put there without publishing them; returns how many.

    They count as looked through when they were last published.
    """
    missing = MaterialPage.objects.filter(live=True, upkeep__isnull=True).order_by("pk")[:limit]
    begun = []
    for page in missing:
        verified_at = page.last_published_at or now
        begun.append(Upkeep(page=page, verified_at=verified_at, **_plan(verified_at, page.review_interval_days)))
    return len(Upkeep.objects.bulk_create(begun, ignore_conflicts=True))


@transaction.atomic
def verify_material(page: MaterialPage, *, by: Any, now: datetime) -> Verification:
    """Record that a person has looked the live text through and found it still true.

    Raises:
        NotAllowed: for someone who may neither edit the page nor keeps it.
        Refusal: when the page is not published.
    """
    if not may_verify(by, page):
        raise NotAllowed(
            _("Whether this material is still true is for its owner and its editors to say."), code="not_an_editor"
        )
    if not page.live:
        raise Refusal(
            _("This material is not published, so nobody reads it."), remedy=_("Publish it first."), code="not_live"
        )
    return _note_verification(page, by=by, now=now)


def _note_verification(page: MaterialPage, *, by: Any, now: datetime) -> Verification:
    begin_upkeep(page, now=now)
    Upkeep.objects.filter(page=page).update(verified_at=now, **_plan(now, page.review_interval_days))
    return Verification.objects.create(page=page, revision_id=page.live_revision_id, by=by, verified_at=now)


@transaction.atomic
def follow_publishing(page: MaterialPage, *, looked_through: bool, by: Any, now: datetime) -> None:
    """What publishing a material does to its upkeep.

    The first publishing begins it. Whoever publishes a material change has had the text before them, so that counts as
    looking it through; a minor correction does not, nor does what the clock publishes. A changed interval moves the
    day, counted from the last look.

    Args:
        looked_through: whether a person has published a material change just now.
    """
    upkeep = begin_upkeep(page, now=now)
    if looked_through:
        _note_verification(page, by=by, now=now)
        return
    plan = _plan(upkeep.verified_at, page.review_interval_days)
    if plan["due_at"] != upkeep.due_at:
        Upkeep.objects.filter(pk=upkeep.pk).update(**plan)


def _plan(verified_at: datetime, days: int) -> dict[str, Any]:
    schedule = plan_review(verified_at, days=days)
    return {"ask_from": schedule.ask_from, "due_at": schedule.due_at, "remind_at": schedule.remind_at}


# --- Reminders -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reminder:
    """That a material's keepers are to be reminded: how many days ahead, and who they are."""

    page: MaterialPage
    due_at: datetime
    days: int
    user_ids: tuple[int, ...]


@transaction.atomic
def take_reminders(*, now: datetime, limit: int = BATCH) -> list[Reminder]:
    """Take up to ``limit`` reminders whose time has come, and set each material's next.

    The caller tells the people in the same transaction. Of several that were missed only the latest is left to send.
    Six queries however many materials.
    """
    due = Upkeep.objects.to_remind(now).select_for_update(of=("self",), skip_locked=True).order_by("remind_at", "pk")
    rows = list(due.select_related("page__locale")[:limit])
    keepers = list_keepers([row.page for row in rows])
    reminders = []
    for row in rows:
        days = find_reminder(row.verified_at, row.due_at, now=now)
        row.remind_at = next_reminder(row.verified_at, row.due_at, after=now)
        if days is not None:
            reminders.append(Reminder(row.page, row.due_at, days, keepers.get(row.page_id, ())))
    Upkeep.objects.bulk_update(rows, ["remind_at"], batch_size=BATCH)
    return reminders


def list_keepers(pages: Iterable[MaterialPage]) -> dict[int, tuple[int, ...]]:
    """Who keeps each material true, by the page's id: its owner.

    Where there is none, or they are gone or no longer work here, all who may publish the page. Three queries.
    """
    wanted = list(pages)
    working = _find_working({page.owner_id for page in wanted if page.owner_id})
    orphans = [page for page in wanted if page.owner_id not in working]
    keepers = {page.pk: (page.owner_id,) for page in wanted if page.owner_id in working}
    return keepers | (_find_publishers(orphans) if orphans else {})


def _find_working(user_ids: Collection[int]) -> set[int]:
    """Of these people, the active ones who may enter the administration: the others could not answer."""
    entering = Q(
        groups__permissions__codename="access_admin", groups__permissions__content_type__app_label="wagtailadmin"
    )
    people = User.objects.active().filter(Q(is_superuser=True) | entering, pk__in=user_ids)
    return set(people.values_list("pk", flat=True))


def _find_publishers(pages: Collection[MaterialPage]) -> dict[int, tuple[int, ...]]:
    """The people whose groups may publish each page, by the page's id; two queries."""
    granted: dict[str, set[int]] = defaultdict(set)
    for path, user_id in GroupPagePermission.objects.filter(
        permission__codename="publish_page", group__user__isnull=False
    ).values_list("page__path", "group__user"):
        granted[path].add(user_id)
    working = _find_working({user_id for ids in granted.values() for user_id in ids})
    return {
        page.pk: tuple(
            sorted({user for path, ids in granted.items() if page.path.startswith(path) for user in ids} & working)
        )
        for page in pages
    }
