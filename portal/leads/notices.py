"""The kinds of notice about leads, and who is told: one notice per person for a whole batch of offers."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.leads.models import Absence, Offer, Telling
from portal.leads.services import nudges
from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import Recipient, notify

OFFERS = NotificationType("leads.offered", label=_("New lead offers"), template="leads/notices/offered")
UNSEEN = NotificationType(
    "leads.offer_unseen",
    label=_("A lead offer that your colleagues have not looked at"),
    template="leads/notices/unseen",
)
AWAY = NotificationType(
    "leads.absence_begun",
    label=_("Leads that pass to you while a colleague is away, and your own absences that somebody else enters"),
    template="leads/notices/away",
)

#: Offers named in one notice; the rest are counted.
NAMED = 5


@transaction.atomic
def tell_about_offers(offer_ids: Iterable[int], *, now: datetime) -> int:
    """Tell those whom these offers' partners want to be told first, once each, whatever the number of offers.

    The notice holds neither company nor contact: nobody has accepted yet. In the letter each offer that is named has a
    link of the reader's own. Offers that were answered meanwhile are left out; they still count for the key, so that
    telling the same batch again tells nobody.

    Returns:
        How many notices are new.
    """
    by_partner: dict[int, list[Offer]] = defaultdict(list)
    offers = Offer.objects.filter(pk__in=list(offer_ids)).order_by("due_at", "pk")
    for offer in offers.select_related("lead__product", "lead__region", "lead__policy", "partner"):
        by_partner[offer.partner_id].append(offer)
    every = [offer for batch in by_partner.values() for offer in batch]
    by_member: dict[tuple[int, int], list[Telling]] = defaultdict(list)
    for telling in nudges.tell_first(every, kind=OFFERS.name, now=now):
        by_member[telling.membership.user_id, telling.offer.partner_id].append(telling)
    recipients: list[Recipient] = []
    keys: dict[tuple[int, str], str] = {}
    for (user_id, partner_id), tellings in by_member.items():
        recipients.append((user_id, _context(tellings), _url(tellings)))
        keys[user_id, tellings[0].offer.partner.public_id] = _key(by_partner[partner_id])
    return notify(
        OFFERS, recipients=recipients, key=lambda recipient: keys[recipient[0], recipient[1]["partner_id"]], now=now
    )


def tell_next_colleagues(*, now: datetime) -> int:
    """Tell further colleagues of every offer that nobody has looked at and whose time has come; returns how many."""
    total = 0
    while (told := _tell_batch(now=now)) is not None:
        total += told
    return total


@transaction.atomic
def _tell_batch(*, now: datetime) -> int | None:
    """One batch, told in the transaction that keeps that it was; None where nothing was due."""
    tellings = nudges.take_due(kind=UNSEEN.name, now=now)
    if tellings is None:
        return None
    recipients: list[Recipient] = [
        (
            telling.membership.user_id,
            _context([telling]) | {"made_at": telling.offer.made_at.isoformat()},
            _url([telling]),
        )
        for telling in tellings
    ]
    return notify(
        UNSEEN, recipients=recipients, key=lambda recipient: f"telling:{recipient[1]['offers'][0]['telling']}", now=now
    )


def tell_about_absences(absence_ids: Iterable[int], *, now: datetime) -> int:
    """Tell whoever works the leads of a member who is away from now on; and the member, where somebody else said so.

    Returns:
        How many notices are new.
    """
    absences = Absence.objects.filter(pk__in=list(absence_ids)).select_related(
        "membership__user", "membership__partner", "passed_to__user"
    )
    recipients: list[Recipient] = []
    for absence in absences:
        member = absence.membership
        context = {
            "person_away": str(member.user),
            "partner": member.partner.name,
            "until_at": absence.ends_at.isoformat() if absence.ends_at else None,
            "passed": absence.passed,
            "heir": str(absence.passed_to.user) if absence.passed_to else "",
            "about": absence.public_id,
        }
        if absence.passed_to is not None:
            recipients.append(
                (absence.passed_to.user_id, {**context, "own": False}, f"{reverse('leads:offers')}?show=work")
            )
        if absence.said_by_id != member.user_id:
            recipients.append((member.user_id, {**context, "own": True}, reverse("leads:away")))
    return notify(AWAY, recipients=recipients, key=lambda recipient: f"absence:{recipient[1]['about']}", now=now)


def _key(batch: list[Offer]) -> str:
    return "offers:" + hashlib.sha256(",".join(str(offer.pk) for offer in batch).encode()).hexdigest()[:32]


def _url(tellings: list[Telling]) -> str:
    return reverse("leads:offer", args=[tellings[0].offer.public_id]) if len(tellings) == 1 else reverse("leads:offers")


def _context(tellings: list[Telling]) -> dict[str, Any]:
    first = tellings[0].offer
    return {
        "partner": first.partner.name,
        "partner_id": first.partner.public_id,
        "count": len(tellings),
        "more": max(len(tellings) - NAMED, 0),
        "due_at": first.due_at.isoformat(),
        "offers": [_describe(telling) for telling in tellings[:NAMED]],
    }


def _describe(telling: Telling) -> dict[str, Any]:
    lead = telling.offer.lead
    return {
        "telling": telling.public_id,
        "product": dict(lead.product.name) if lead.product else {},
        "region": dict(lead.region.name) if lead.region else {},
        "country": lead.country,
        "sector": lead.sector,
        "employees": lead.employees,
    }
