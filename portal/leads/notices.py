"""The kinds of notice about leads, and who is told: one notice per person for a whole batch of offers."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.leads.models import Absence, Lead, LeadStatus, Offer, Telling, WeekTold
from portal.leads.services import digests, nudges
from portal.leads.weeks import write_wins
from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import Recipient, notify
from portal.partners.models import Membership, Partner

logger = logging.getLogger(__name__)

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
ASSIGNED = NotificationType(
    "leads.assigned", label=_("Leads that are given to you to work"), template="leads/notices/assigned"
)
WEEK = NotificationType(
    "leads.week_ended", label=_("The week of your team, on Monday morning"), template="leads/notices/week"
)

#: Offers or leads named in one notice; the rest are counted.
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


def tell_who_is_entered(absence_ids: Iterable[int], *, now: datetime) -> int:
    """Tell members that somebody else has entered them as away; returns how many notices are new."""
    rows = [absence for absence in _find_absences(absence_ids) if absence.said_by_id != absence.membership.user_id]
    recipients: list[Recipient] = [
        (absence.membership.user_id, {**_describe_absence(absence), "own": True}, reverse("leads:away"))
        for absence in rows
    ]
    return notify(AWAY, recipients=recipients, key=lambda recipient: f"entered:{recipient[1]['about']}", now=now)


def tell_heirs(absence_ids: Iterable[int], *, now: datetime) -> int:
    """Tell those who work the leads of a colleague who is away from now on; returns how many notices are new."""
    url = f"{reverse('leads:offers')}?show=work"
    recipients: list[Recipient] = [
        (absence.passed_to.user_id, {**_describe_absence(absence), "own": False}, url)
        for absence in _find_absences(absence_ids)
        if absence.passed_to is not None
    ]
    return notify(AWAY, recipients=recipients, key=lambda recipient: f"passed:{recipient[1]['about']}", now=now)


def _find_absences(absence_ids: Iterable[int]) -> QuerySet[Absence]:
    rows = Absence.objects.filter(pk__in=list(absence_ids))
    return rows.select_related("membership__user", "membership__partner", "passed_to__user")


def _describe_absence(absence: Absence) -> dict[str, Any]:
    return {
        "person_away": str(absence.membership.user),
        "partner": absence.membership.partner.name,
        "from_at": absence.starts_at.isoformat(),
        "until_at": absence.ends_at.isoformat() if absence.ends_at else None,
        "passed": absence.passed,
        "heir": str(absence.passed_to.user) if absence.passed_to else "",
        "about": absence.public_id,
    }


@transaction.atomic
def tell_who_works(
    *,
    lead_ids: Iterable[int],
    membership_ids: Iterable[int] = (),
    absence_ids: Iterable[int] = (),
    about: int,
    by: int | None,
    now: datetime,
) -> int:
    """Tell a member of the leads that they work from now on: one notice, however many they are. What passed on meanwhile
    is left out, and so is whoever took them for themselves. Returns how many notices are new.

    Args:
        absence_ids: by which they were passed on: then :func:`tell_heirs` has told of them.
        about: the fact by which they were given; of each one is told once.
        by: the user who gave them.
    """
    if list(absence_ids):
        return 0
    told = 0
    for member in Membership.objects.active(now).filter(pk__in=list(membership_ids)).exclude(user=by):
        rows = Lead.objects.filter(pk__in=list(lead_ids), assignee=member, status=LeadStatus.ACCEPTED)
        leads = list(
            rows.select_related("product", "region", "partner").order_by("contact_due_at", "accepted_at", "pk")
        )
        if not leads:
            continue
        alone = len(leads) == 1
        url = reverse("leads:lead", args=[leads[0].public_id]) if alone else f"{reverse('leads:offers')}?show=work"
        recipients: list[Recipient] = [(member.user_id, _describe_work(leads), url)]
        told += notify(ASSIGNED, recipients=recipients, key=f"assigned:{about}", now=now)
    return told


def _describe_work(leads: list[Lead]) -> dict[str, Any]:
    """What may stay in an inbox whatever becomes of the leads: no name of a customer. And the earliest promised call."""
    promised = [
        lead.contact_due_at for lead in leads if lead.contact_due_at is not None and lead.first_contact_at is None
    ]
    return {
        "partner": leads[0].partner.name if leads[0].partner else "",
        "count": len(leads),
        "more": max(len(leads) - NAMED, 0),
        "call_by_at": min(promised).isoformat() if promised else None,
        "leads": [
            {
                "product": dict(lead.product.name) if lead.product else {},
                "region": dict(lead.region.name) if lead.region else {},
            }
            for lead in leads[:NAMED]
        ],
    }


def tell_heads_of_the_week(*, now: datetime) -> int:
    """Write to the heads of every partner whose week ended this morning; returns how many were told."""
    total = 0
    for partner_id, monday in digests.find_due(now=now):
        try:
            total += _tell_week(partner_id, monday, now=now)
        except (
            Exception
        ):  # whatever it is, it is one partner's: the others get their letters, and this one is tried again
            logger.exception("The week of partner %s could not be told", partner_id)
    return total


@transaction.atomic
def _tell_week(partner_id: int, monday: date, *, now: datetime) -> int:
    """One partner's week, told in the transaction that keeps that it was. Of two that come at once the second waits for the
    first and then finds it told."""
    told, is_new = WeekTold.objects.get_or_create(partner_id=partner_id, monday=monday, defaults={"told_at": now})
    if not is_new:
        return 0
    partner = Partner.objects.get(pk=partner_id)
    reading = digests.read_week(partner, monday=monday, now=now)
    if reading.week.says_nothing:
        return 0
    url = f"{reverse('leads:week')}?of={monday.isoformat()}"
    context = _describe_week(partner, reading)
    recipients: list[Recipient] = [(user_id, context, url) for user_id in digests.find_heads(partner, now=now)]
    told.heads = notify(WEEK, recipients=recipients, key=f"week:{partner.public_id}:{monday.isoformat()}", now=now)
    told.save(update_fields=["heads"])
    return told.heads


def _describe_week(partner: Partner, reading: digests.Reading) -> dict[str, Any]:
    week, events = reading.week, reading.week.events
    names = {pk: str(member.user) for pk, member in reading.people.items()}
    return {
        "partner": partner.name,
        "unassigned": week.unassigned,
        "waiting": week.waiting,
        "people": [
            {"name": names.get(line.member, ""), "uncalled": line.uncalled, "overdue": line.overdue}
            for line in week.lines
            if line.waiting and line.member is not None
        ],
        "contacted": week.contacted,
        "in_time": week.in_time,
        "middle": week.middle.total_seconds() if week.middle is not None else None,
        "worst": week.worst.total_seconds() if week.worst is not None else None,
        "won": week.won,
        "certified": week.certified,
        "won_each": week.won_each,
        "winners": [{"name": name, "won": won} for name, won in write_wins(week, names)],
        "came": events.came,
        "accepted": events.accepted,
        "declined": events.declined,
        "missed": events.missed,
        "to_answer": week.to_answer,
        "next_at": reading.next_at.isoformat() if reading.next_at else None,
    }


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
