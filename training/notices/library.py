"""What training tells people, and whom."""

import hashlib
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.content.services.pages import find_address
from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import Recipient, notify
from training.models import CardUse, ChangeAddressee, Remark
from training.services.changes import NOTICE, address_readers, name_notice
from training.services.ratings import find_farings, find_keepers, find_spells
from training.services.sharing import find_sharers
from training.services.upkeep import BATCH, Reminder, begin_missing, list_keepers, take_reminders
from training.services.uses import find_deals

SHARE_OPENED = NotificationType(
    "training.share_opened", label=_("A page that you sent was opened"), template="training/notices/share_opened"
)
CARD_WEAK = NotificationType(
    "training.card_found_weak",
    label=_("An answer that you keep fails on calls"),
    template="training/notices/card_found_weak",
)
CARD_LOSING = NotificationType(
    "training.card_found_losing",
    label=_("An answer that you keep is used in deals that are lost"),
    template="training/notices/card_found_losing",
)
MATERIAL_CHANGED = NotificationType(
    NOTICE, label=_("A material that you have read has changed"), template="training/notices/material_changed"
)
REVIEW_DUE = NotificationType(
    "training.review_due",
    label=_("Materials that you keep are to be looked through"),
    template="training/notices/review_due",
)
REMARK_MADE = NotificationType(
    "training.remark_made",
    label=_("A reader says that something is wrong in a material that you keep"),
    template="training/notices/remark_made",
)
REMARK_CLOSED = NotificationType(
    "training.remark_closed",
    label=_("What came of your remark on a material"),
    template="training/notices/remark_closed",
)

#: Materials named in one reminder; the rest are counted.
NAMED = 8
#: Of a paragraph, as much as one needs to know it again.
QUOTED = 400


def tell_sharers(share_ids: Collection[int], *, now: datetime) -> int:
    """Tell each sharer that their page was opened for the first time; returns how many were told."""
    recipients: list[Recipient] = [
        (
            share.membership.user_id,
            {"title": share.page.title, "note": share.note, "opened_at": now.isoformat(), "about": share.pk},
            reverse("training:shares"),
        )
        for share in find_sharers(share_ids)
    ]
    return notify(SHARE_OPENED, recipients=recipients, key=_name_share, now=now)


def _name_share(recipient: Recipient) -> str:
    return f"share:{recipient[1]['about']}"


def tell_keepers_of_weak_cards(rating_ids: Collection[int], *, now: datetime) -> int:
    """Tell those who keep these cards that their answers fail on calls; returns how many were told.

    The customers' words are not in the notice: they stay in the report, which only staff may open.
    """
    recipients: list[Recipient] = []
    for rating in find_spells(rating_ids):
        faring = find_farings([rating.card_key], now=rating.rated_at)[rating.card_key]
        context = {
            "title": rating.card.title,
            "failed": faring.rated - faring.worked,
            "rated": faring.rated,
            "about": rating.pk,
        }
        url = reverse("card_ratings:card", args=[rating.card_key])
        recipients += [(user_id, context, url) for user_id in find_keepers(rating.card)]
    return notify(CARD_WEAK, recipients=recipients, key=_name_spell, now=now)


def _name_spell(recipient: Recipient) -> str:
    return f"weak:{recipient[1]['about']}"


def tell_keepers_of_losing_cards(use_ids: Collection[int], *, now: datetime) -> int:
    """Tell those who keep these cards that the deals in which they are used are lost; returns how many were told."""
    recipients: list[Recipient] = []
    for use in CardUse.objects.filter(pk__in=list(use_ids)).select_related("card"):
        deals = find_deals([use.card_key], now=use.ended_at)[use.card_key]
        context = {"title": use.card.title, "used": deals.used, "won": deals.won, "about": use.pk}
        url = reverse("card_ratings:index")
        recipients += [(user_id, context, url) for user_id in find_keepers(use.card)]
    return notify(CARD_LOSING, recipients=recipients, key=_name_losing, now=now)


def _name_losing(recipient: Recipient) -> str:
    return f"losing:{recipient[1]['about']}"


# --- Material changes ------------------------------------------------------------------------------------------------


def tell_readers(change_ids: Collection[int], *, now: datetime) -> int:
    """Address each change and tell its addressees, once each; returns how many notices are new."""
    return _tell_addressees(address_readers(change_ids, now=now), again="", now=now)


def tell_readers_again(change_ids: Collection[int], *, now: datetime) -> int:
    """Tell those once more whom an editor has just had reminded; once a day at most."""
    addressed = ChangeAddressee.objects.filter(
        change__in=change_ids, opened_at__isnull=True, reminded_at__isnull=False
    ).select_related("change__page__locale")
    latest: dict[int, datetime] = {}
    for row in addressed:
        if row.reminded_at is not None:
            latest[row.change_id] = max(row.reminded_at, latest.get(row.change_id, row.reminded_at))
    again = [row for row in addressed if row.reminded_at == latest[row.change_id]]
    return sum(
        _tell_addressees([row for row in again if row.change_id == change_id], again=f":{moment:%Y%m%d%H%M}", now=now)
        for change_id, moment in latest.items()
    )


def _tell_addressees(addressees: Collection[ChangeAddressee], *, again: str, now: datetime) -> int:
    holder = next((row.change for row in addressees), None)
    recipients: list[Recipient] = [
        (
            row.user_id,
            {
                "title": row.change.page.title,
                "line": row.change.line,
                "again": bool(again),
                "about": row.change_id,
            },
            find_address(row.change.page, holder),
        )
        for row in addressees
    ]
    return notify(
        MATERIAL_CHANGED,
        recipients=recipients,
        key=lambda recipient: name_notice(recipient[1]["about"]) + again,
        now=now,
    )


# --- Upkeep ----------------------------------------------------------------------------------------------------------


def remind_owners(*, now: datetime) -> int:
    """Send the reminders whose time has come, one notice to each person for all their materials.

    Materials that nobody has been asking after yet are taken in first. Each batch is told in the transaction that sets
    its next reminders, so none is lost and none is sent twice.

    Returns:
        How many notices are new.
    """
    begin_missing(now=now)
    told = 0
    while True:
        with transaction.atomic():
            reminders = take_reminders(now=now, limit=BATCH)
            told += _tell_keepers(reminders, now=now)
        if len(reminders) < BATCH:
            return told


def _tell_keepers(reminders: Collection[Reminder], *, now: datetime) -> int:
    by_person: dict[int, list[Reminder]] = defaultdict(list)
    for reminder in sorted(reminders, key=lambda reminder: (reminder.due_at, reminder.page.title)):
        for user_id in reminder.user_ids:
            by_person[user_id].append(reminder)
    board = reverse("upkeep:board")
    recipients: list[Recipient] = [
        (
            user_id,
            {
                "count": len(mine),
                "more": max(len(mine) - NAMED, 0),
                "materials": [
                    {"title": reminder.page.title, "days": reminder.days, "due_at": reminder.due_at.isoformat()}
                    for reminder in mine[:NAMED]
                ],
                "about": hashlib.sha256(
                    ",".join(f"{one.page.pk}:{one.due_at:%Y%m%d}:{one.days}" for one in mine).encode()
                ).hexdigest()[:32],
            },
            board if any(one.page.owner_id != user_id for one in mine) else f"{board}?owner={user_id}",
        )
        for user_id, mine in by_person.items()
    ]
    return notify(REVIEW_DUE, recipients=recipients, key=lambda recipient: f"review:{recipient[1]['about']}", now=now)


# --- Remarks ---------------------------------------------------------------------------------------------------------


def tell_keepers_of_remarks(remark_ids: Collection[int], *, now: datetime) -> int:
    """Tell those who keep these materials what readers say is wrong, with the paragraph; returns how many were told."""
    remarks = list(Remark.objects.filter(pk__in=remark_ids).select_related("page__locale"))
    keepers = list_keepers([remark.page for remark in remarks])
    recipients: list[Recipient] = [
        (
            user_id,
            {
                "title": remark.page.title,
                "kind": remark.kind,
                "quoted": remark.quoted[:QUOTED],
                "words": remark.words,
                "about": remark.public_id,
            },
            reverse("remarks:inspect", args=[remark.pk]),
        )
        for remark in remarks
        for user_id in keepers.get(remark.page_id, ())
        if user_id != remark.user_id
    ]
    return notify(REMARK_MADE, recipients=recipients, key=_name_remark, now=now)


def tell_remarkers(remark_ids: Collection[int], *, now: datetime) -> int:
    """Tell each reader what came of their remark; returns how many were told."""
    remarks = Remark.objects.filter(pk__in=remark_ids, closed_at__isnull=False).select_related("page")
    recipients: list[Recipient] = [
        (
            remark.user_id,
            {
                "title": remark.page.title,
                "outcome": remark.outcome,
                "quoted": remark.quoted[:QUOTED],
                "answer": remark.answer,
                "about": remark.public_id,
            },
            reverse("training:remarks"),
        )
        for remark in remarks
    ]
    return notify(REMARK_CLOSED, recipients=recipients, key=_name_remark, now=now)


def _name_remark(recipient: Recipient) -> str:
    return f"remark:{recipient[1]['about']}"
