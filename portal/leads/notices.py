"""The kinds of notice about leads, and who is told: one notice per person for a whole batch of offers."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.leads.models import Offer
from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import Recipient, notify
from portal.partners.models import Membership

OFFERS = NotificationType("leads.offered", label=_("New lead offers"), template="leads/notices/offered")

#: Offers named in one notice; the rest are counted.
NAMED = 5


def tell_about_offers(offer_ids: Iterable[int], *, now: datetime) -> int:
    """Tell everyone who works leads for these offers' partners, once each, whatever the number of offers.

    The notice holds neither company nor contact: nobody has accepted yet. Offers that were answered meanwhile are left
    out; they still count for the key, so that telling the same batch again tells nobody.

    Returns:
        How many notices are new.
    """
    by_partner: dict[int, list[Offer]] = defaultdict(list)
    offers = Offer.objects.filter(pk__in=list(offer_ids)).order_by("due_at", "pk")
    for offer in offers.select_related("lead__product", "lead__region", "partner"):
        by_partner[offer.partner_id].append(offer)
    members = (
        Membership.objects.active(now)
        .filter(partner__in=by_partner, held_roles__ended_at__isnull=True, held_roles__role__works_leads=True)
        .distinct()
    )
    recipients: list[Recipient] = []
    keys: dict[tuple[int, str], str] = {}
    for user_id, partner_id in members.order_by("pk").values_list("user_id", "partner_id"):
        batch = by_partner[partner_id]
        still_open = [offer for offer in batch if offer.is_open]
        if still_open:
            recipient = user_id, _context(still_open), _url(still_open)
            recipients.append(recipient)
            keys[user_id, still_open[0].partner.public_id] = _key(batch)
    return notify(
        OFFERS, recipients=recipients, key=lambda recipient: keys[recipient[0], recipient[1]["partner_id"]], now=now
    )


def _key(batch: list[Offer]) -> str:
    return "offers:" + hashlib.sha256(",".join(str(offer.pk) for offer in batch).encode()).hexdigest()[:32]


def _url(offers: list[Offer]) -> str:
    return reverse("leads:offer", args=[offers[0].public_id]) if len(offers) == 1 else reverse("leads:offers")


def _context(offers: list[Offer]) -> dict[str, Any]:
    return {
        "partner": offers[0].partner.name,
        "partner_id": offers[0].partner.public_id,
        "count": len(offers),
        "more": max(len(offers) - NAMED, 0),
        "due_at": offers[0].due_at.isoformat(),
        "offers": [
            {
                "product": dict(offer.lead.product.name) if offer.lead.product else {},
                "region": dict(offer.lead.region.name) if offer.lead.region else {},
                "country": offer.lead.country,
                "sector": offer.lead.sector,
                "employees": offer.lead.employees,
            }
            for offer in offers[:NAMED]
        ],
    }
