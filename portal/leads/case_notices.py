"""The kinds of notice about leads that go back or are taken back and about contested decisions, and who is told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.leads.access import find_arbiters, may_contest
from portal.leads.models import (
    ANSWERED,
    Dispute,
    DisputeEvidence,
    DisputeState,
    Lead,
    LeadReturn,
    LeadStatus,
    Offer,
    Override,
    OverrideKind,
    Remedy,
    Side,
    Telling,
)
from portal.leads.services.disputes import CONTESTABLE
from portal.leads.services.withdrawals import Why, list_withdrawn
from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import notify
from portal.partners.models import Membership, Partner

NEAR_RETURN = NotificationType(
    "leads.warned", label=_("A lead of yours that goes back soon"), template="leads/notices/near_return"
)
RETURNED = NotificationType(
    "leads.returned", label=_("A lead of yours that went back"), template="leads/notices/returned"
)
TAKEN_BACK = NotificationType(
    "leads.taken_back",
    label=_("A lead or an offer of yours that the vendor took back"),
    template="leads/notices/taken_back",
)
REOPENED = NotificationType(
    "leads.reopened", label=_("A lead of yours that is in work again"), template="leads/notices/reopened"
)
DISPUTED = NotificationType(
    "leads.disputed", label=_("A partner contests a decision"), template="leads/notices/disputed"
)
EVIDENCE = NotificationType(
    "leads.evidence_given", label=_("Something was added to a dispute"), template="leads/notices/evidence"
)
DISPUTE_ANSWERED = NotificationType(
    "leads.dispute_answered", label=_("A dispute of yours was answered"), template="leads/notices/dispute_answered"
)
DISPUTE_OVERDUE = NotificationType(
    "leads.dispute_overdue", label=_("A dispute that nobody has answered in time"),
    template="leads/notices/dispute_overdue",
)  # fmt: skip

# --- Leads that go back -----------------------------------------------------------------------------------------------


def tell_of_near_returns(lead_ids: Iterable[int], *, now: datetime) -> int:
    """Warn whoever works each lead, and who leads the team, that it goes back soon. A lead about which something was done
    meanwhile is left out. Returns how many notices are new."""
    leads = Lead.objects.filter(
        pk__in=list(lead_ids), status=LeadStatus.ACCEPTED, warn_at__isnull=True, return_at__isnull=False
    ).select_related("product", "region", "partner", "assignee", "policy")
    told = 0
    for lead in leads:
        if lead.partner is None or lead.return_at is None or lead.policy is None:
            continue
        context = {
            **_describe_lead(lead),
            "return_at": lead.return_at.isoformat(),
            "days": lead.policy.policy.return_after_days,
        }
        url = reverse("leads:lead", args=[lead.public_id])
        people = find_responsible(lead.partner, lead.assignee, now=now)
        key = f"return:{lead.pk}:{lead.return_at.isoformat()}"
        told += notify(NEAR_RETURN, recipients=[(pk, context, url) for pk in people], key=key, now=now)
    return told


def tell_of_returns(return_ids: Iterable[int], *, now: datetime) -> int:
    """Tell the same people that a lead went back, and why; how many notices are new."""
    rows = LeadReturn.objects.filter(pk__in=list(return_ids)).select_related(
        "lead__product", "lead__region", "offer", "partner", "assignee"
    )
    told = 0
    for row in rows:
        context = {**_describe_lead(row.lead), "partner": row.partner.name, "days": row.days}
        url = reverse("leads:offer", args=[row.offer.public_id])
        people = find_responsible(row.partner, row.assignee, now=now)
        told += notify(RETURNED, recipients=[(pk, context, url) for pk in people], key=f"returned:{row.pk}", now=now)
    return told


def tell_of_overrides(override_ids: Iterable[int], *, now: datetime) -> int:
    """Tell those of a partner who had a lead or an open offer of it that staff took it from them, or put the lead in work
    again; how many notices are new. Why, stays with staff."""
    rows = Override.objects.filter(pk__in=list(override_ids)).select_related(
        "lead__product", "lead__region", "lead__partner", "lead__assignee", "partner", "assignee"
    )
    return sum(_tell_of_override(row, now=now) for row in rows)


def _tell_of_override(row: Override, *, now: datetime) -> int:
    if row.kind == OverrideKind.REOPENED:
        return _tell_of_reopening(row, now=now)
    told = 0
    for offer in list_withdrawn(row):
        people = _find_told(offer, row, now=now)
        context = {
            **_describe_lead(row.lead),
            "partner": offer.partner.name,
            "why": Why.GIVEN if row.kind == OverrideKind.ASSIGNED else Why(row.kind),
            "contest_until_at": (row.made_at + CONTESTABLE).isoformat(),
        }
        url = reverse("leads:offer", args=[offer.public_id])
        recipients = [
            (member.user_id, {**context, "may_contest": may_contest(member, assignee_id=row.assignee_id)}, url)
            for member in people
        ]
        told += notify(TAKEN_BACK, recipients=recipients, key=f"override:{row.pk}:{offer.pk}", now=now)
    return told


def _tell_of_reopening(row: Override, *, now: datetime) -> int:
    """Whoever is told the answer to a dispute reads it there."""
    people = set(find_responsible(row.partner, row.lead.assignee, now=now))
    case = Dispute.objects.filter(override=row).select_related("partner", "opened_by").first()
    if case is not None:
        people -= set(find_responsible(case.partner, case.opened_by, now=now))
    context = {**_describe_lead(row.lead), "partner": row.partner.name}
    url = reverse("leads:lead", args=[row.lead.public_id])
    recipients = [(pk, context, url) for pk in sorted(people)]
    return notify(REOPENED, recipients=recipients, key=f"override:{row.pk}", now=now)


def _find_told(offer: Offer, row: Override, *, now: datetime) -> list[Membership]:
    """Whoever worked the lead and the heads; of an offer that nobody had answered, those who were told of it."""
    active = Membership.objects.active(now).for_partner(offer.partner).select_related("user", "partner").order_by("pk")
    if row.kind != OverrideKind.PULLED_BACK:
        told = list(active.filter(pk__in=Telling.objects.filter(offer=offer).values("membership")))
        if told:
            return told
    return list(active.filter(user__in=find_responsible(offer.partner, row.assignee, now=now)))


def find_responsible(partner: Partner, assignee: Membership | None, *, now: datetime) -> list[int]:
    """User ids of whoever works a lead and of the heads of the team; of the owners where there is neither."""
    active = Membership.objects.active(now).for_partner(partner)
    held = active.filter(held_roles__ended_at__isnull=True)
    heads = set(held.filter(held_roles__role__leads_team=True).values_list("user_id", flat=True))
    if assignee is not None:
        heads |= set(active.filter(pk=assignee.pk).values_list("user_id", flat=True))
    owners = held.filter(held_roles__role__manages_members=True).values_list("user_id", flat=True)
    return sorted(heads or set(owners))


def _describe_lead(lead: Lead) -> dict[str, Any]:
    """What may stay in an inbox whatever becomes of the lead: no name of the customer."""
    return {
        "partner": lead.partner.name if lead.partner else "",
        "product": dict(lead.product.name) if lead.product else {},
        "region": dict(lead.region.name) if lead.region else {},
    }


# --- Disputes ---------------------------------------------------------------------------------------------------------


def tell_of_disputes(dispute_ids: Iterable[int], *, now: datetime) -> int:
    """Tell those who answer disputes that a partner contests a decision; how many notices are new."""
    return _tell_arbiters(DISPUTED, dispute_ids, key="dispute", now=now)


def tell_of_overdue_disputes(dispute_ids: Iterable[int], *, now: datetime) -> int:
    """Remind them of cases whose time is over and that are still open."""
    return _tell_arbiters(DISPUTE_OVERDUE, dispute_ids, key="overdue", now=now)


def _tell_arbiters(kind: NotificationType, dispute_ids: Iterable[int], *, key: str, now: datetime) -> int:
    people = list(find_arbiters().values_list("pk", flat=True))
    told = 0
    for dispute in Dispute.objects.open().filter(pk__in=list(dispute_ids)).select_related("partner"):
        url = reverse("lead_disputes:inspect", args=[dispute.pk])
        recipients = [(pk, _describe_dispute(dispute), url) for pk in people if pk != dispute.decided_by_id]
        told += notify(kind, recipients=recipients, key=f"{key}:{dispute.pk}", now=now)
    return told


def tell_of_evidence(evidence_ids: Iterable[int], *, now: datetime) -> int:
    """Tell the other side that something was added; the words stay in the case."""
    told = 0
    rows = DisputeEvidence.objects.filter(pk__in=list(evidence_ids))
    for row in rows.select_related("dispute__partner", "dispute__opened_by"):
        context = _describe_dispute(row.dispute)
        if row.side == Side.PARTNER:
            url = reverse("lead_disputes:inspect", args=[row.dispute_id])
            people = list(find_arbiters().values_list("pk", flat=True))
        else:
            url = reverse("leads:dispute", args=[row.dispute.public_id])
            people = find_responsible(row.dispute.partner, row.dispute.opened_by, now=now)
        told += notify(EVIDENCE, recipients=[(pk, context, url) for pk in people], key=f"evidence:{row.pk}", now=now)
    return told


def tell_of_answers(dispute_ids: Iterable[int], *, now: datetime) -> int:
    """Tell whoever opened a case, and the heads, how it was answered."""
    told = 0
    answered = Dispute.objects.filter(pk__in=list(dispute_ids), state__in=ANSWERED)
    for dispute in answered.select_related("partner", "opened_by"):
        context = {**_describe_dispute(dispute), "upheld": dispute.state == DisputeState.UPHELD,
                   "turn": dispute.remedy == Remedy.TURN, "reopened": dispute.remedy == Remedy.REOPEN}  # fmt: skip
        url = reverse("leads:dispute", args=[dispute.public_id])
        people = find_responsible(dispute.partner, dispute.opened_by, now=now)
        recipients = [(pk, context, url) for pk in people]
        told += notify(DISPUTE_ANSWERED, recipients=recipients, key=f"answered:{dispute.pk}", now=now)
    return told


def _describe_dispute(dispute: Dispute) -> dict[str, Any]:
    return {
        "partner": dispute.partner.name,
        "case": dispute.public_id,
        "kind": dispute.kind,
        "due_at": dispute.due_at.isoformat(),
    }
