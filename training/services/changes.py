"""What was changed on a material, who is told, and whom it reached.

Each publishing of a material that changed anything leaves a :class:`Change`. The editor's word that it is *material*
travels with the draft (``change_is_material``, ``change_line``), so that a schedule or a workflow carries it to the
moment of publishing. A material change is announced; its receivers address the readers.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import gettext_lazy as _
from wagtail.models import Revision
from wagtail_localize.models import Translation

from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification
from portal.partners.models import Membership
from training.access import may_see_reach
from training.differences import Difference, compare_blocks
from training.facts import material_changed, readers_reminded
from training.models import Change, ChangeAddressee, MaterialPage, Reading
from training.services.paragraphs import list_paragraphs
from training.services.upkeep import follow_publishing

#: The kind of notice by which readers are told; declared in ``training.notices``.
NOTICE = "training.material_changed"
#: One that is opened so lately was opened by the visit that led to the list of changes.
THIS_VISIT = timedelta(hours=1)
#: Nobody is reminded of one change more often.
PAUSE = timedelta(days=1)
BATCH = 500


# --- Publishing ------------------------------------------------------------------------------------------------------


@transaction.atomic
def record_publishing(page: MaterialPage, *, revision: Revision | None, now: datetime) -> Change | None:
    """Take in that a material has been published: by an editor, a schedule, a workflow, an import or a translation.

    1. Lock the material, so that two publishings at once are compared one after the other.
    2. Compare its paragraphs with those that were live; a publishing that changed nothing leaves no trace.
    3. Write the change, and what it means for the upkeep.
    4. Announce it, if it is material.

    Args:
        page: of its specific type, as it is live now.
        revision: what was published; None where a program put the page live without one.

    Returns:
        The change, or None where nothing was changed.
    """
    # 1
    MaterialPage.objects.select_for_update(of=("self",)).filter(pk=page.pk).first()
    last = Change.objects.filter(page=page).select_related("revision").first()
    if last is not None and revision is not None and last.revision_id == revision.pk:
        return None
    # 2
    found = None if last is None else _compare(last, page)
    is_material, line = _read_word(page, last, now)
    by = revision.user if revision is not None else None
    change = None
    if last is not None and found == [] and not is_material:
        # The same text under a newer revision, which will be kept for longer: the next comparison starts from it.
        Change.objects.filter(pk=last.pk).update(revision=revision)
    else:
        # 3
        change = Change.objects.create(
            page=page,
            material_key=page.translation_key,
            revision=revision,
            is_first=last is None,
            is_material=is_material,
            line=line,
            blocks=[_pack(part) for part in found or []],
            by=by,
            published_at=now,
        )
    follow_publishing(page, looked_through=is_material and _was_looked_through(page, revision), by=by, now=now)
    # 4
    if change is not None and change.is_material:
        material_changed.announce(
            page_ids=[page.pk], revision_ids=[revision.pk] if revision else [], change_ids=[change.pk], by=by
        )
    return change


def _compare(last: Change, page: MaterialPage) -> list[Difference] | None:
    """The paragraphs that differ from the text that was live; None where that text has been purged."""
    if last.revision is None:
        return None
    before = last.revision.as_object()
    return compare_blocks(list_paragraphs(before, name_files=True), list_paragraphs(page, name_files=True))


def _read_word(page: MaterialPage, last: Change | None, now: datetime) -> tuple[bool, str]:
    """Whether this publishing is a material change, and the line for readers.

    The first publishing changes nothing for anybody. The editor's word counts once: with the line of the change before
    it, it was merely carried along by a program that published the page again (the form does not let an editor repeat
    it). A translation catches up with its source: it is material if the source was, since.
    """
    if last is None:
        return False, ""
    source = _find_source(page)
    if source is not None:
        missed = Change.objects.filter(
            page=source, is_material=True, is_first=False, published_at__gt=last.published_at, published_at__lte=now
        ).first()
        if missed is None:
            return False, ""
        return True, page.change_line or missed.line
    line = page.change_line.strip()
    if not line or last.line == line:
        return False, ""
    return page.change_is_material, line


def _find_source(page: MaterialPage) -> MaterialPage | None:
    """The page that this one is translated from, if it is kept as a translation."""
    translation = (
        Translation.objects.filter(source__object_id=page.translation_key, target_locale=page.locale_id, enabled=True)
        .select_related("source")
        .first()
    )
    if translation is None:
        return None
    alike: QuerySet[MaterialPage] = MaterialPage.objects.filter(translation_key=page.translation_key)
    return alike.filter(locale=translation.source.locale_id).first()


def _was_looked_through(page: MaterialPage, revision: Revision | None) -> bool:
    """Whether a person with the right to publish put exactly this live by hand: nobody watches a schedule."""
    return (
        revision is not None
        and revision.user is not None
        and revision.approved_go_live_at is None
        and page.permissions_for_user(revision.user).can_publish()
    )


def _pack(part: Difference) -> dict[str, str]:
    return {
        "id": part.id, "kind": part.kind.value, "label": part.label, "before": part.before, "after": part.after,
    }  # fmt: skip


# --- Whom it concerns ------------------------------------------------------------------------------------------------


@transaction.atomic
def address_readers(change_ids: Collection[int], *, now: datetime) -> list[ChangeAddressee]:
    """Address each change to whom it concerns, once; returns all its addressees with their changes and pages.

    Those are the people who have read the page and to whom it is open still. Whoever reads the material in another
    language is addressed when that page changes, unless it is no longer there. The person who published is not told
    of their own work. The number of queries grows with the changes, not with their readers.
    """
    changes = list(Change.objects.filter(pk__in=change_ids, is_material=True).select_related("page__locale"))
    for change in changes:
        page = change.page
        readings = Reading.objects.filter(
            Q(page=page) | Q(page__live=False), material_key=change.material_key, last_read_at__isnull=False
        ).exclude(user=change.by_id)
        reading = _list_admitted(page, now).filter(user__in=readings.values("user")).order_by("-started_at", "-pk")
        oldest = dict(reading.values_list("user_id", "pk"))  # of a person's memberships the last wins: the oldest
        ChangeAddressee.objects.bulk_create(
            (ChangeAddressee(change=change, user_id=user, membership_id=member) for user, member in oldest.items()),
            ignore_conflicts=True,
            batch_size=BATCH,
        )
    return list(ChangeAddressee.objects.filter(change__in=changes).select_related("change__page__locale"))


def _list_admitted(page: MaterialPage, now: datetime) -> QuerySet[Membership]:
    """The memberships of active people to which the page is open: none while it is not published."""
    if not page.live:
        return Membership.objects.none()
    members = Membership.objects.active(now).filter(user__is_active=True)
    for audience in page.audiences:
        members = members.admitted_to(audience, now)
    return members


def open_change(user_id: int, *, page_id: int, now: datetime) -> int:
    """Note that a reader has the page before them: its changes until now have reached them. One UPDATE.

    Returns:
        How many changes had not been opened before.
    """
    return ChangeAddressee.objects.filter(
        user=user_id, opened_at__isnull=True, change__page=page_id, change__published_at__lte=now
    ).update(opened_at=now)


# --- Reach -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a change came: how many people it addressed, and of these how many were told, and opened the page."""

    addressed: int
    delivered: int
    opened: int

    @property
    def missed(self) -> int:
        return self.addressed - self.opened


def name_notice(change_id: int) -> str:
    """The key of the notice about a change."""
    return f"change:{change_id}"


def _list_deliveries() -> QuerySet[Notification]:
    """For each addressee of a query: the notice about their change, if it lay in the inbox or left by e-mail."""
    return Notification.objects.filter(
        Q(in_inbox=True) | Q(email_sent_at__isnull=False),
        user=OuterRef("user"),
        type=NOTICE,
        key=Concat(Value(name_notice(0)[:-1]), Cast(OuterRef("change_id"), CharField())),
    )


def measure_reach(change_ids: Iterable[int]) -> dict[int, Reach]:
    """How far each of these changes came, by its id; one query. A change that addressed nobody reached nobody."""
    counted = (
        ChangeAddressee.objects.filter(change__in=list(change_ids))
        .values("change_id")
        .annotate(
            addressed=Count("pk"),
            delivered=Count("pk", filter=Q(Exists(_list_deliveries()))),
            opened=Count("opened_at"),
        )
        .order_by("change_id")
    )
    return {row["change_id"]: Reach(row["addressed"], row["delivered"], row["opened"]) for row in counted}


class Missed(StrEnum):
    """Why a change has not reached an addressee."""

    LEFT = "left"
    CLOSED = "closed"
    UNTOLD = "untold"
    UNOPENED = "unopened"


def list_missed(change: Change, *, now: datetime) -> QuerySet[ChangeAddressee]:
    """The addressees who have not opened the page, each with ``partner_name`` and ``reason``; one query and a few small
    ones for the audiences.
    """
    reachable = _list_admitted(change.page, now).filter(user=OuterRef("user"))
    working = Membership.objects.active(now).filter(user=OuterRef("user"), user__is_active=True)
    return (
        ChangeAddressee.objects.filter(change=change, opened_at__isnull=True)
        .select_related("user", "membership__partner")
        .annotate(
            partner_name=Coalesce("membership__partner__name", Value("")),
            reason=Case(
                When(~Exists(working), then=Value(Missed.LEFT.value)),
                When(~Exists(reachable), then=Value(Missed.CLOSED.value)),
                When(~Exists(_list_deliveries()), then=Value(Missed.UNTOLD.value)),
                default=Value(Missed.UNOPENED.value),
            ),
        )
        .order_by("partner_name", "user__last_name", "user__first_name", "pk")
    )


@transaction.atomic
def remind_readers(change: Change, *, by: Any, now: datetime) -> int:
    """Remind those who have not opened the changed page and still may; once a day at most.

    Returns:
        How many are reminded.

    Raises:
        NotAllowed: for someone who may not see the reach.
        Refusal: when they were reminded within a day, or nobody is left to remind.
    """
    if not may_see_reach(by):
        raise NotAllowed(_("Readers are reminded by editors."), code="not_an_editor")
    held = Change.objects.select_for_update(of=("self",)).select_related("page").get(pk=change.pk)
    last = held.addressees.aggregate(last=Max("reminded_at"))["last"]
    if last is not None and last > now - PAUSE:
        raise Refusal(
            _("They were reminded less than a day ago."), remedy=_("Try again tomorrow."), code="reminded_lately"
        )
    admitted = _list_admitted(held.page, now)
    left = held.addressees.filter(opened_at__isnull=True, user__in=admitted.values("user"))
    reminded = left.update(reminded_at=now)
    if not reminded:
        raise Refusal(
            _("Nobody is left to remind."),
            remedy=_("Everyone to whom the page is still open has opened it, or it is not published."),
            code="nobody_left",
        )
    readers_reminded.announce(change_ids=[held.pk], by=by)
    return reminded


def list_changes(page: MaterialPage, *, user_id: int, now: datetime) -> QuerySet[Change]:
    """What was changed on a page, latest first, each with ``is_new``: whether it has come since the last visit but this."""
    mine = ChangeAddressee.objects.filter(
        Q(opened_at__isnull=True) | Q(opened_at__gt=now - THIS_VISIT), change=OuterRef("pk"), user=user_id
    )
    return Change.objects.filter(page=page, published_at__lte=now).annotate(is_new=Exists(mine))
