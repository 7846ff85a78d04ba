"""Whom an offer was told: first by the partner's own rule, then further colleagues while nobody looks at it.

A partner that gives its leads to whoever has the fewest in work, of all or of one job role, has one person told first; any
other has everybody told at once. An :class:`OfferWatch` says when to look again; it is gone when nothing more can follow.
Who is away, who has chosen to hear of offers nowhere, and whose job role no longer works leads, is told nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count

from portal.leads.hours import WorkingHours
from portal.leads.models import (
    AssignRule,
    Lead,
    LeadStatus,
    Offer,
    OfferState,
    OfferWatch,
    PartnerHoliday,
    PartnerTerms,
    Round,
    RoutePolicy,
    Telling,
)
from portal.leads.policies import Policy
from portal.leads.services.working import list_present
from portal.leads.telling import Colleague, find_turning_points, follow, share_out
from portal.notifications.models import Preference
from portal.partners.models import MembershipRole, Partner

#: Offers looked at again in one transaction.
BATCH = 100


def find_colleagues(partner_ids: Collection[int], *, kind: str, now: datetime) -> dict[int, list[Colleague]]:
    """By partner those of its members who may be told of an offer now. Five queries, whatever the number of people.

    Args:
        kind: the name of the kind of notice; whoever chose to get it nowhere is left out.
    """
    members = list(list_present(now).filter(partner__in=partner_ids).select_related("user").order_by("pk"))
    ids = [member.pk for member in members]
    muted = set(
        Preference.objects.filter(
            type=kind, in_inbox=False, by_email=False, user__in=[member.user_id for member in members]
        ).values_list("user_id", flat=True)
    )
    heads = set(
        MembershipRole.objects.filter(membership__in=ids, ended_at__isnull=True, role__leads_team=True).values_list(
            "membership_id", flat=True
        )
    )
    working = Lead.objects.filter(assignee__in=ids, status=LeadStatus.ACCEPTED).order_by().values_list("assignee")
    asked = Telling.objects.filter(membership__in=ids, round=Round.FIRST, offer__state=OfferState.OPEN)
    in_work = dict(working.annotate(Count("pk")))
    waiting = dict(asked.order_by().values_list("membership").annotate(Count("pk")))
    found: dict[int, list[Colleague]] = defaultdict(list)
    for member in members:
        if member.user_id not in muted:
            in_hand = in_work.get(member.pk, 0) + waiting.get(member.pk, 0)
            found[member.partner_id].append(Colleague(member.pk, in_hand, member.pk in heads, member.user.zone))
    return found


@transaction.atomic
def tell_first(offers: Iterable[Offer], *, kind: str, now: datetime) -> list[Telling]:
    """Keep who is told of these offers first, and when to look again. What was kept before stays as it was.

    Args:
        offers: with partner, and with the policy of their leads. Those that are answered already are passed over.

    Returns:
        Whoever is told of the open ones first, kept now or before; the most urgent offer first.
    """
    still_open = {offer.pk: offer for offer in offers if offer.is_open}
    known = set(Telling.objects.filter(offer__in=still_open).values_list("offer_id", flat=True))
    fresh: dict[int, list[Offer]] = defaultdict(list)
    for offer in still_open.values():
        if offer.pk not in known:
            fresh[offer.partner_id].append(offer)
    if fresh:
        colleagues = find_colleagues(list(fresh), kind=kind, now=now)
        rules = PartnerTerms.objects.filter(partner__in=fresh).exclude(assigns=AssignRule.ACCEPTER)
        one_first = dict(rules.values_list("partner_id", "assigns_role_id"))
        of_role = set(
            MembershipRole.objects.filter(
                membership__partner__in=fresh, ended_at__isnull=True, role__in=set(one_first.values()) - {None}
            ).values_list("membership_id", "role_id")
        )
        rows: list[Telling] = []
        for partner_id, batch in fresh.items():
            people = colleagues.get(partner_id, [])
            if partner_id in one_first:
                chosen = [person for person in people if (person.membership, one_first[partner_id]) in of_role]
                pairs = list(share_out([offer.pk for offer in batch], chosen or people, now=now).items())
            else:
                pairs = [(offer.pk, person.membership) for offer in batch for person in people]
            rows += (Telling(offer_id=offer, membership_id=member, told_at=now) for offer, member in pairs)
        Telling.objects.bulk_create(rows, ignore_conflicts=True)
        _watch([offer for batch in fresh.values() for offer in batch])
    tellings = Telling.objects.filter(offer__in=still_open, round=Round.FIRST).select_related("membership")
    found = list(tellings.order_by("offer__due_at", "offer", "pk"))
    for telling in found:
        telling.offer = still_open[telling.offer_id]
    return found


def _watch(offers: Collection[Offer]) -> None:
    """Keep when to look at these offers again: half their time over, counted as their time to answer was."""
    policies: dict[int, Policy] = {}
    for offer in offers:
        rules = offer.lead.policy
        if isinstance(rules, RoutePolicy) and rules.pk not in policies:
            policies[rules.pk] = rules.policy
    counted = {
        offer.partner_id
        for offer in offers
        if offer.lead.policy_id in policies and policies[offer.lead.policy_id].in_working_hours
    }
    hours = _find_hours(counted) if counted else {}
    rows = []
    for offer in offers:
        policy = policies.get(offer.lead.policy_id or 0)
        # What staff give by hand stands for plain hours.
        counts = policy is not None and policy.in_working_hours and offer.tick is not None
        half, last = find_turning_points(
            offer.made_at,
            offer.due_at,
            hours=hours.get(offer.partner_id) if counts else None,
            window=timedelta(hours=policy.window_hours if policy else 0),
        )
        rows.append(OfferWatch(offer=offer, due_at=half, last_call_at=last))
    OfferWatch.objects.bulk_create(rows, ignore_conflicts=True)


def _find_hours(partner_ids: Collection[int]) -> dict[int, WorkingHours]:
    free: dict[int, set[object]] = defaultdict(set)
    for partner_id, day in PartnerHoliday.objects.filter(partner__in=partner_ids).values_list("partner_id", "day"):
        free[partner_id].add(day)
    found = {}
    for terms in PartnerTerms.objects.filter(partner__in=partner_ids).select_related("partner"):
        hours = terms.hours(terms.partner.time_zone, frozenset(free[terms.partner_id]))  # type: ignore[arg-type]
        if hours is not None:
            found[terms.partner_id] = hours
    return found


def take_due(*, kind: str, now: datetime) -> list[Telling] | None:
    """Look at a batch of offers whose time has come, and keep whom of the partner is told of them now.

    Must be called in the transaction that tells them.

    Returns:
        Those to be told, with what the notice needs of their offers; None where nothing was due.
    """
    due = OfferWatch.objects.due(now).order_by("due_at", "pk").select_for_update(skip_locked=True, of=("self",))
    watches = {watch.pk: watch for watch in due[:BATCH]}
    if not watches:
        return None
    offers = {
        offer.pk: offer
        for offer in Offer.objects.open()
        .filter(pk__in=watches, seen_at__isnull=True, due_at__gt=now)
        .select_related("lead__product", "lead__region", "partner")
    }
    told: dict[int, dict[int, str]] = defaultdict(dict)
    for offer_id, membership_id, when in Telling.objects.filter(offer__in=offers).values_list(
        "offer_id", "membership_id", "round"
    ):
        told[offer_id][membership_id] = when
    colleagues = find_colleagues({offer.partner_id for offer in offers.values()}, kind=kind, now=now)
    rows: list[Telling] = []
    again: list[OfferWatch] = []
    for offer in sorted(offers.values(), key=lambda offer: (offer.due_at, offer.pk)):
        watch = watches[offer.pk]
        following = follow(
            colleagues.get(offer.partner_id, ()),
            told=told[offer.pk],
            has_told_next=Round.NEXT in told[offer.pk].values(),
            last_call_at=watch.last_call_at,
            due_at=offer.due_at,
            now=now,
        )
        when = Round.NEXT if now < watch.last_call_at else Round.REST
        rows += (Telling(offer=offer, membership_id=pk, round=when, told_at=now) for pk in following.tell)
        if following.again_at is not None:
            watch.due_at = following.again_at
            again.append(watch)
    Telling.objects.bulk_create(rows)
    OfferWatch.objects.bulk_update(again, ["due_at"])
    OfferWatch.objects.filter(pk__in=watches.keys() - {watch.pk for watch in again}).delete()
    found = Telling.objects.filter(pk__in=[row.pk for row in rows]).select_related("membership").order_by("pk")
    tellings = list(found)
    for telling in tellings:
        telling.offer = offers[telling.offer_id]
    return tellings


def list_told(offer: Offer, *, partner: Partner) -> list[Telling]:
    """Who of the partner was told of its offer, in the order of time; nobody of another's."""
    tellings = Telling.objects.filter(offer=offer, offer__partner=partner)
    return list(tellings.select_related("membership__user").order_by("told_at", "pk"))
