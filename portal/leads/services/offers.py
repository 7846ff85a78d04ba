"""What becomes of an offer: seen, accepted, declined, or out of time.

Locks are taken in the order of :mod:`portal.leads.services.distribution`: partner, lead, offer.
"""

from datetime import datetime
from typing import cast

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from certification.models import Programme, Qualification
from certification.services.qualifications import review_qualification
from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.core.times import describe_moment
from portal.leads.facts import leads_assigned, offers_accepted, offers_closed
from portal.leads.models import DeclineReason, Lead, LeadStatus, Offer, OfferState, RoutePolicy
from portal.leads.services.clocks import start_clocks
from portal.leads.services.customers import plan_letters
from portal.leads.services.working import choose_assignee
from portal.partners.models import Partner

#: Offers closed by time in one transaction.
BATCH = 100


def mark_seen(offer: Offer, *, by: User, now: datetime) -> None:
    """Note who of the partner saw the offer first, and when. Later looks change nothing."""
    if offer.seen_at is None:
        Offer.objects.filter(pk=offer.pk, seen_at__isnull=True).update(seen_at=now, seen_by=by)


@transaction.atomic
def accept_offer(offer: Offer, *, by: User, now: datetime) -> Offer:
    """Take the lead for the partner; its contact may be read from here on. Offers of it to others are over.

    The gate is asked again: a partner that lost its qualification since the offer gets no customer's data. The offer
    stays open until its time, so a partner that mends what it lacks can still accept.

    Raises:
        Refusal: the offer was answered or withdrawn, or its time is over, or the partner is not qualified at present.
    """
    # 1. Lock and check everything.
    partner = Partner.objects.select_for_update().get(pk=offer.partner_id)
    lead, offer = _lock(offer)
    _check_open(offer, now=now)
    _check_gate(offer, partner=partner, now=now)
    # 2. Write.
    _close(offer, OfferState.ACCEPTED, by=by, now=now)
    lead.status, lead.partner, lead.accepted_at = LeadStatus.ACCEPTED, partner, now
    lead.assignee = choose_assignee(partner, accepted_by=by, now=now)
    lead.save(update_fields=["status", "partner", "accepted_at", "assignee"])
    overtaken = _overtake_others(offer, now=now)
    start_clocks(lead, now=now)
    plan_letters(offer, lead=lead, now=now)
    # 3. Tell.
    offers_accepted.announce(offer_ids=offer.pk, by=by)
    offers_closed.announce(offer_ids=overtaken, by=None)
    if lead.assignee is not None and lead.assignee.user_id != by.pk:  # by the partner's rule
        leads_assigned.announce(lead_ids=lead.pk, membership_ids=lead.assignee.pk, absence_ids=(), by=by)
    return offer


def _overtake_others(accepted: Offer, *, now: datetime) -> list[int]:
    """Close what stands of the same lead with other partners; who was quicker is nobody else's business. Their ids."""
    others = list(Offer.objects.open().filter(lead=accepted.lead_id).values_list("pk", flat=True))
    Offer.objects.filter(pk__in=others).update(state=OfferState.OVERTAKEN, closed_at=now)
    return others


@transaction.atomic
def decline_offer(offer: Offer, *, reason: DeclineReason, note: str = "", by: User, now: datetime) -> Offer:
    """Give the lead back. The turn stays spent, and the lead is offered to the next partner.

    Raises:
        Refusal: the offer was answered or withdrawn, or its time is over.
    """
    lead, offer = _lock(offer)
    _check_open(offer, now=now)
    offer.decline_reason, offer.decline_note = reason, note
    _close(offer, OfferState.DECLINED, by=by, now=now)
    _return_to_the_pool([lead.pk])
    offers_closed.announce(offer_ids=offer.pk, by=by)
    return offer


def expire_due_offers(*, now: datetime) -> int:
    """Close every open offer whose time is over; its lead is offered to the next partner. Returns how many."""
    total = 0
    while count := _expire_batch(now=now):
        total += count
    return total


@transaction.atomic
def _expire_batch(*, now: datetime) -> int:
    due = Offer.objects.due(now).order_by("due_at").values_list("lead", flat=True)[:BATCH]
    leads = Lead.objects.filter(pk__in=list(due)).order_by("pk").select_for_update(skip_locked=True, of=("self",))
    lead_ids = [lead.pk for lead in leads]
    # Looked at again under the lock: somebody may have answered since.
    offers = dict(Offer.objects.due(now).filter(lead__in=lead_ids).values_list("pk", "lead"))
    if not offers:
        return 0
    Offer.objects.filter(pk__in=offers).update(state=OfferState.EXPIRED, closed_at=now)
    _return_to_the_pool(list(offers.values()))
    offers_closed.announce(offer_ids=list(offers), by=None)
    return len(offers)


def _lock(offer: Offer) -> tuple[Lead, Offer]:
    lead = Lead.objects.select_for_update(of=("self",)).get(pk=offer.lead_id)
    return lead, Offer.objects.select_for_update(of=("self",)).select_related("closed_by", "route").get(pk=offer.pk)


def _check_open(offer: Offer, *, now: datetime) -> None:
    if offer.state == OfferState.ACCEPTED:
        raise Refusal(
            _("%(person)s accepted this lead: %(moment)s.") % _who_and_when(offer),
            remedy=_("It is among your organisation's leads."),
            code="accepted",
        )
    if offer.state == OfferState.DECLINED:
        raise Refusal(
            _("%(person)s declined this offer: %(moment)s.") % _who_and_when(offer),
            remedy=_("It goes to another partner. Your next turn comes by itself."),
            code="declined",
        )
    if offer.state == OfferState.OVERTAKEN:
        raise Refusal(
            _("Another partner accepted this lead first: %(moment)s.")
            % {"moment": describe_moment(cast(datetime, offer.closed_at))},
            remedy=_("It was offered to several at once. Your next turn comes by itself."),
            code="overtaken",
        )
    if offer.state == OfferState.WITHDRAWN:
        raise Refusal(
            _("This offer was withdrawn by the vendor."), remedy=_("There is nothing to do."), code="withdrawn"
        )
    if offer.state == OfferState.EXPIRED or offer.due_at <= now:
        raise Refusal(
            _("The time to answer this offer was over: %(moment)s.") % {"moment": describe_moment(offer.due_at)},
            remedy=_("It goes to another partner. Your next turn comes by itself."),
            code="expired",
        )


def _check_gate(offer: Offer, *, partner: Partner, now: datetime) -> None:
    programme = cast(RoutePolicy, offer.lead.policy).programme  # it was routed
    if not is_qualified(partner, programme=programme, now=now):
        raise Refusal(
            _("Your organisation is not qualified in “%(programme)s” at present, so it cannot take this lead.")
            % {"programme": programme},
            remedy=_("See what it lacks on the page of your qualification; the offer stays open until %(moment)s.")
            % {"moment": describe_moment(offer.due_at)},
            code="not_qualified",
        )


def is_qualified(partner: Partner, *, programme: Programme, now: datetime) -> bool:
    """Whether the partner, which the caller has locked, is qualified now; assessed again where that is in doubt."""
    current = Qualification.objects.current(now).filter(partner=partner, programme=programme)
    if not current.exists():
        review_qualification(partner, programme=programme, now=now)
    return current.exists()


def _who_and_when(offer: Offer) -> dict[str, str]:
    person = offer.closed_by.get_full_name() or offer.closed_by.email if offer.closed_by else "–"
    return {"person": person, "moment": describe_moment(offer.closed_at) if offer.closed_at else "–"}


def _close(offer: Offer, state: OfferState, *, by: User, now: datetime) -> None:
    offer.state, offer.closed_at, offer.closed_by = state, now, by
    offer.save(update_fields=["state", "closed_at", "closed_by", "decline_reason", "decline_note"])


def _return_to_the_pool(lead_ids: list[int]) -> None:
    Lead.objects.filter(pk__in=lead_ids).update(status=LeadStatus.NEW)


def explain_closed(offer: Offer, *, now: datetime) -> Refusal | None:
    """Why the offer can be answered no more; None while it can. Needs ``closed_by``."""
    try:
        _check_open(offer, now=now)
    except Refusal as refusal:
        return refusal
    return None
