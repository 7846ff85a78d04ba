"""What became of a lead."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.amounts import DECIMALS
from portal.core.errors import Refusal
from portal.leads.facts import leads_closed, leads_lost, leads_won, offers_closed
from portal.leads.models import FINISHED, UNHELD, Lead, LeadStatus, LostReason, Offer, OfferState
from portal.leads.services.cards import rate_cards
from portal.leads.services.clocks import RETURN_CLOCK, stop_return


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
            "status",
            "value",
            "currency",
            "lost_reason",
            "finished_at",
            "finished_by",
            "outcome_note",
            *UNHELD,
            *RETURN_CLOCK,
        ]
    )
