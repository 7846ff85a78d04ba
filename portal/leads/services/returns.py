"""Taking leads back that nobody does anything about, as their policy says.

A lead in work has two due times (:mod:`portal.leads.services.clocks`): when its partner is warned, and when it goes back.
Nobody loses a lead unwarned: however late the warning comes, the last third of the time begins with it. Leads of routes
that are stopped stay where they are, since nobody else could be offered them.

Locks are taken in the order of :mod:`portal.leads.services.distribution`: lead, offer.
"""

from datetime import datetime
from typing import cast

from django.db import transaction
from django.db.models import QuerySet

from portal.leads.facts import leads_received, leads_returned, leads_warned
from portal.leads.models import Lead, LeadReturn, LeadStatus, Offer, OfferState, RoutePolicy, RouteStop, Stage
from portal.leads.returning import Term, put_off
from portal.leads.services.clocks import CLOCKS, stop_clocks

#: Leads looked at in one transaction.
BATCH = 100


def warn_and_return(*, now: datetime) -> tuple[int, int]:
    """Warn of what is near its end, then take back what is at it; returns how many of each."""
    warned = returned = 0
    while count := _warn_batch(now=now):
        warned += count
    while count := _return_batch(now=now):
        returned += count
    return warned, returned


@transaction.atomic
def _warn_batch(*, now: datetime) -> int:
    leads = _claim(Lead.objects.filter(status=LeadStatus.ACCEPTED, warn_at__lte=now).order_by("warn_at"))
    for lead in leads:
        if lead.warn_at is not None and lead.return_at is not None:  # the constraint has it so
            lead.return_at = put_off(Term(lead.warn_at, lead.return_at), warned_at=now)
        lead.warn_at = None
    Lead.objects.bulk_update(leads, ["warn_at", "return_at"])
    leads_warned.announce(lead_ids=[lead.pk for lead in leads], by=None)
    return len(leads)


@transaction.atomic
def _return_batch(*, now: datetime) -> int:
    due = Lead.objects.filter(status=LeadStatus.ACCEPTED, warn_at__isnull=True, return_at__lte=now)
    leads = _claim(due.exclude(route__in=RouteStop.objects.open().values("route")).order_by("return_at"))
    offers = {
        offer.lead_id: offer
        for offer in Offer.objects.filter(lead__in=leads, state=OfferState.ACCEPTED)
        .order_by("pk")
        .select_for_update(of=("self",))
    }
    # The partner has it by an offer that it accepted; a lead without one is not the policy's to take.
    leads_by_offer = [(lead, offers[lead.pk]) for lead in leads if lead.pk in offers]
    returns = [_describe(lead, offer, now=now) for lead, offer in leads_by_offer]
    for lead in leads:
        if lead.pk in offers:
            # What the next partner does begins anew; what this one wrote stays its own.
            lead.status, lead.partner, lead.accepted_at, lead.assignee = LeadStatus.NEW, None, None, None
            lead.stage, lead.first_contact_at, lead.next_step, lead.next_step_on = Stage.TAKEN, None, "", None
        stop_clocks(lead)
    Offer.objects.filter(pk__in=[offer.pk for offer in offers.values()]).update(state=OfferState.WITHDRAWN)
    made = LeadReturn.objects.bulk_create(returns)
    Lead.objects.bulk_update(
        leads,
        ["status", "partner", "accepted_at", "assignee", "stage", "first_contact_at", "next_step", "next_step_on",
         *CLOCKS],
    )  # fmt: skip
    leads_returned.announce(return_ids=[row.pk for row in made], by=None)
    leads_received.announce(lead_ids=list(offers), by=None)
    return len(leads)


def _claim(leads: QuerySet[Lead]) -> list[Lead]:
    """Lock a batch, leaving out what somebody works on at this moment: it comes up again, if it is still due."""
    return list(leads.select_for_update(skip_locked=True, of=("self",)).select_related("policy", "partner")[:BATCH])


def _describe(lead: Lead, offer: Offer, *, now: datetime) -> LeadReturn:
    policy, accepted_at = (
        cast(RoutePolicy, lead.policy),
        cast(datetime, lead.accepted_at),
    )  # it has a term of that policy
    return LeadReturn(
        offer=offer, lead=lead, partner_id=offer.partner_id, assignee_id=lead.assignee_id, policy=policy,
        days=policy.policy.return_after_days, accepted_at=accepted_at, first_contact_at=lead.first_contact_at,
        returned_at=now,
    )  # fmt: skip


def list_returns(limit: int = 50) -> list[LeadReturn]:
    """What went back by a policy, the latest first."""
    rows = LeadReturn.objects.select_related("lead", "partner", "assignee__user")
    return list(rows.order_by("-returned_at", "-pk")[:limit])
