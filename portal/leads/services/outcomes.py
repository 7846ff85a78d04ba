"""What became of a lead, and taking that back.

Locks are taken in the order of :mod:`portal.leads.services.distribution`: partner, lead, offer.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.amounts import DECIMALS
from portal.core.errors import NotAllowed, Refusal
from portal.leads.access import may_override
from portal.leads.facts import leads_assigned, leads_closed, leads_lost, leads_overridden, leads_won, offers_closed
from portal.leads.models import (
    FINISHED,
    UNHELD,
    FormerOutcome,
    Lead,
    LeadStatus,
    LostReason,
    Offer,
    OfferState,
    Override,
    OverrideKind,
)
from portal.leads.services.cards import rate_cards, take_ratings_back
from portal.leads.services.clocks import RETURN_CLOCK, stop_return, wind_clock
from portal.leads.services.working import find_heir, list_present
from portal.partners.models import PRESENT, Membership, Partner

#: An outcome of these can be taken back.
REOPENABLE = (LeadStatus.WON, LeadStatus.LOST)
#: What an outcome is written in.
OUTCOME = ("status", "value", "currency", "lost_reason", "finished_at", "finished_by", "outcome_note")


@transaction.atomic
def win_lead(lead: Lead, *, value: int, currency: str, note: str = "", by: User, now: datetime) -> Lead:
    """The customer bought.

    Args:
        value: in minor units of ``currency``; zero is possible, less is not.

    Raises:
        Refusal: the lead is not the partner's to finish (not accepted, or finished already), or the value is no amount.
    """
    lead = _lock_accepted(lead)
    if value < 0 or currency not in DECIMALS:
        raise Refusal(_("The value must be an amount of money, zero or more."), code="value")
    lead.status, lead.value, lead.currency = LeadStatus.WON, value, currency
    _finish(lead, note=note, by=by, now=now)
    rate_cards(lead, now=now)
    leads_won.announce(lead_ids=lead.pk, by=by)
    return lead


@transaction.atomic
def lose_lead(lead: Lead, *, reason: LostReason, note: str = "", by: User, now: datetime) -> Lead:
    """The customer did not buy.

    Raises:
        Refusal: the lead is not accepted, or finished already.
    """
    lead = _lock_accepted(lead)
    lead.status, lead.lost_reason = LeadStatus.LOST, reason
    _finish(lead, note=note, by=by, now=now)
    rate_cards(lead, now=now)
    leads_lost.announce(lead_ids=lead.pk, by=by)
    return lead


@transaction.atomic
def close_lead(lead: Lead, *, note: str, by: User, now: datetime) -> Lead:
    """Staff end a lead that has no outcome. An open offer for it is withdrawn; the turn stays spent.

    Raises:
        Refusal: the lead is finished already.
    """
    lead = Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)
    if lead.is_finished:
        raise Refusal(_("This lead is finished already: %(status)s.") % {"status": lead.get_status_display()})
    withdrawn = list(Offer.objects.open().filter(lead=lead).values_list("pk", flat=True))
    Offer.objects.filter(pk__in=withdrawn).update(state=OfferState.WITHDRAWN, closed_at=now, closed_by=by)
    lead.status = LeadStatus.CLOSED
    lead.hold_no_more()
    _finish(lead, note=note, by=by, now=now)
    offers_closed.announce(offer_ids=withdrawn, by=by)
    leads_closed.announce(lead_ids=lead.pk, by=by)
    return lead


@transaction.atomic
def reopen_lead(lead: Lead, *, reason: str, by: User, now: datetime) -> Override:
    """Staff take the outcome of a lead back: it is in work again, with the partner that had it.

    What was said of the end is kept as it stood. How far the partner was, what it planned and what it noted stays; the way
    back begins anew, and the cards that the outcome rated are rated by the next one. Where whoever worked the lead cannot
    any more, it passes on as when a member leaves.

    Raises:
        NotAllowed: the person may not override.
        Refusal: without a reason; the lead was neither won nor lost; or its partner is none any more.
    """
    # 1. Lock and check everything.
    if not may_override(by):
        raise NotAllowed(_("You do not decide about leads in place of the rule."), code="may_not_override")
    reason = reason.strip()
    if not reason:
        raise Refusal(
            _("Nothing is decided in place of the rule without a reason."),
            remedy=_("It stands in the fairness report."),
            code="no_reason",
        )
    partner = Partner.objects.select_for_update(of=("self",)).filter(leads=lead.pk).first()
    rows = Lead.objects.select_for_update(of=("self",)).select_related("policy", "partner", "assignee__partner")
    lead = rows.get(pk=lead.pk)
    if partner is None or lead.partner_id != partner.pk or lead.status not in REOPENABLE or lead.finished_at is None:
        raise Refusal(
            _("Only a lead that was won or lost is put in work again: %(status)s.")
            % {"status": lead.get_status_display()},
            code="not_finished",
        )
    if partner.status not in PRESENT:
        raise Refusal(
            _("%(partner)s is not a partner any more, so nobody would work the lead.") % {"partner": partner},
            remedy=_("The outcome stays as it is."),
            code="partner_left",
        )
    # 2. Write.
    assignee, worker = lead.assignee, _find_worker(lead, now=now)
    override = Override.objects.create(
        lead=lead,
        kind=OverrideKind.REOPENED,
        partner=partner,
        assignee=assignee,
        reason=reason,
        made_at=now,
        made_by=by,
    )
    FormerOutcome.objects.create(
        override=override, status=lead.status, value=lead.value, currency=lead.currency, lost_reason=lead.lost_reason,
        note=lead.outcome_note, finished_at=lead.finished_at, finished_by=lead.finished_by,
    )  # fmt: skip
    lead.status, lead.assignee = LeadStatus.ACCEPTED, worker
    lead.value, lead.currency, lead.lost_reason = None, "", ""
    lead.finished_at, lead.finished_by, lead.outcome_note = None, None, ""
    wind_clock(lead, now=now)  # by when its customer is called stays as it was promised
    lead.save(update_fields=[*OUTCOME, "assignee", *RETURN_CLOCK])
    take_ratings_back(lead)
    # 3. Tell.
    leads_overridden.announce(lead_ids=lead.pk, override_ids=override.pk, by=by)
    if worker is not None and worker != assignee:
        leads_assigned.announce(lead_ids=lead.pk, membership_ids=worker.pk, absence_ids=(), by=by)
    return override


def _find_worker(lead: Lead, *, now: datetime) -> Membership | None:
    """Who works a lead that comes back: whoever did, where they are there, else who would inherit it."""
    if lead.assignee is None or list_present(now).filter(pk=lead.assignee.pk).exists():
        return lead.assignee
    return find_heir(lead.assignee, now=now)


def _lock_accepted(lead: Lead) -> Lead:
    lead = Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)
    if lead.status in FINISHED:
        raise Refusal(
            _("This lead is finished already: %(status)s.") % {"status": lead.get_status_display()},
            remedy=_("If that is wrong, tell the vendor's channel manager."),
            code="finished",
        )
    if lead.status != LeadStatus.ACCEPTED:
        raise Refusal(_("Only a lead that was accepted can be won or lost."), code="not_accepted")
    return lead


def _finish(lead: Lead, *, note: str, by: User, now: datetime) -> None:
    lead.finished_at, lead.finished_by, lead.outcome_note = now, by, note
    stop_return(lead)
    lead.save(
        update_fields=[
            *OUTCOME,
            *UNHELD,
            *RETURN_CLOCK,
        ]
    )
