"""Reading a team's week, and which partners' heads are to be written to now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils import timezone

from certification.models import Credential
from portal.leads.hours import WorkingHours
from portal.leads.models import Lead, LeadStatus, Offer, OfferState, PartnerTerms
from portal.leads.services.turns import list_turns
from portal.leads.services.working import list_able
from portal.leads.weeks import Contact, Events, InWork, Week, find_monday, spread, sum_up
from portal.partners.models import PRESENT, Membership, Partner

#: Partners whose heads are written to in one run of the sweeper.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """A week with what it takes to show it.

    Attributes:
        begins, ends: of the seven days.
        people: memberships of the lines, with their people.
        next_at: when the next lead is expected; None where that cannot be said.
    """

    week: Week
    monday: date
    begins: datetime
    ends: datetime
    people: dict[int, Membership]
    next_at: datetime | None


def find_zone(name: str) -> ZoneInfo:
    """A partner's time zone; the installation's where it is not known to this machine (any more)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        return ZoneInfo(timezone.get_default_timezone_name())


def read_week(partner: Partner, *, monday: date, now: datetime) -> Reading:
    """The seven days before a Monday in the partner's zone, and what waits now. As many queries for many people, leads and
    offers as for few."""
    zone = find_zone(partner.time_zone)
    begins, ends = spread(monday, zone)
    leads = Lead.objects.for_partner(partner).order_by()
    in_work = [
        InWork(member, cast(datetime, accepted_at), contact_at is not None, next_step_on, due_at)  # it was accepted
        for member, accepted_at, contact_at, next_step_on, due_at in leads.filter(
            status=LeadStatus.ACCEPTED
        ).values_list("assignee", "accepted_at", "first_contact_at", "next_step_on", "contact_due_at")
    ]
    contacts = leads.filter(first_contact_at__gte=begins, first_contact_at__lt=ends)
    won = leads.filter(status=LeadStatus.WON, finished_at__gte=begins, finished_at__lt=ends)
    within = Q(closed_at__gte=begins, closed_at__lt=ends)
    counts = Offer.objects.for_partner(partner).aggregate(
        came=Count("pk", filter=Q(made_at__gte=begins, made_at__lt=ends)),
        accepted=Count("pk", filter=within & Q(state=OfferState.ACCEPTED)),
        declined=Count("pk", filter=within & Q(state=OfferState.DECLINED)),
        missed=Count("pk", filter=within & Q(state=OfferState.EXPIRED)),
        to_answer=Count("pk", filter=Q(state=OfferState.OPEN, due_at__gt=now)),
    )
    to_answer = counts.pop("to_answer")
    members = set(list_able(now).for_partner(partner).values_list("pk", flat=True))
    week = sum_up(
        in_work,
        Events(
            contacts=tuple(
                Contact(*row)
                for row in cast(Any, contacts.values_list("accepted_at", "first_contact_at", "contact_due_at"))
            ),
            wins=tuple(won.values_list("assignee", flat=True)),
            **counts,
        ),
        members=members,
        certified=_find_certified(partner, now=now),
        to_answer=to_answer,
        today=now.astimezone(zone).date(),
        now=now,
        hours=_find_hours(partner),
    )
    named = [line.member for line in week.lines if line.member is not None]
    people = {member.pk: member for member in Membership.objects.filter(pk__in=named).select_related("user")}
    expected = [turns.next_at for turns in list_turns(partner, now=now) if turns.next_at is not None]
    return Reading(week, monday, begins, ends, people, min(expected, default=None))


def _find_certified(partner: Partner, *, now: datetime) -> set[int]:
    """Memberships for which a credential counts now."""
    held = Credential.objects.current(now).for_partner(partner).filter(membership__ended_at__isnull=True)
    return set(held.order_by().values_list("membership_id", flat=True))


def _find_hours(partner: Partner) -> WorkingHours | None:
    terms = PartnerTerms.objects.filter(partner=partner).first()
    if terms is None:
        return None
    return terms.hours(partner.time_zone, frozenset(partner.holidays.values_list("day", flat=True)))


def find_due(*, now: datetime) -> list[tuple[int, date]]:
    """Partners whose week is to be told now, with the Monday that it ended with: those in whose zone it is Monday
    morning, or was yesterday."""
    found: dict[date, list[str]] = {}
    for name in Partner.objects.filter(status__in=PRESENT).order_by().values_list("time_zone", flat=True).distinct():
        monday = find_monday(now, find_zone(name))
        if monday is not None:
            found.setdefault(monday, []).append(name)
    due: list[tuple[int, date]] = []
    for monday, names in found.items():
        partners = Partner.objects.filter(status__in=PRESENT, time_zone__in=names)
        waiting = partners.exclude(weeks_told__monday=monday).order_by("pk").values_list("pk", flat=True)
        due += ((pk, monday) for pk in waiting[: BATCH - len(due)])
    return due


def find_heads(partner: Partner, *, now: datetime) -> Collection[int]:
    """People who lead the partner's team."""
    heads = Membership.objects.active(now).for_partner(partner).filter(
        held_roles__ended_at__isnull=True, held_roles__role__leads_team=True, user__is_active=True
    )  # fmt: skip
    return list(heads.order_by("pk").values_list("user_id", flat=True).distinct())
