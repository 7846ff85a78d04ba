"""Why the vendor withdrew an offer, as the partner that had it is told: by a rule, or by which decision of staff."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.accounts.models import User
from portal.leads.models import LeadReturn, Offer, OfferState, Override, OverrideKind


class Why(StrEnum):
    RETURNED = "returned"  # an idle lead, by its policy
    PULLED_BACK = "pulled_back"
    EXCLUDED = "excluded"
    GIVEN = "given"  # by hand, to another
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What became of an offer that was withdrawn.

    Attributes:
        by: who decided it; none where a rule did.
        assignee_id: the membership of whoever worked the lead.
        days: for so many nothing was noted, where the policy took it back.
    """

    why: Why
    at: datetime
    by: User | None = None
    assignee_id: int | None = None
    days: int = 0


def find_withdrawal(offer: Offer) -> Withdrawal | None:
    """Why this offer was withdrawn; None where it was not. Needs ``closed_by``."""
    if offer.state != OfferState.WITHDRAWN or offer.closed_at is None:
        return None
    returned = LeadReturn.objects.filter(offer=offer).first()
    if returned is not None:
        return Withdrawal(Why.RETURNED, returned.returned_at, assignee_id=returned.assignee_id, days=returned.days)
    for override in Override.objects.filter(lead=offer.lead_id).select_related("made_by"):
        if _withdraws(override, offer):
            why = Why.GIVEN if override.kind == OverrideKind.ASSIGNED else Why(override.kind)
            return Withdrawal(why, override.made_at, override.made_by, override.assignee_id)
    return Withdrawal(Why.CLOSED, offer.closed_at, offer.closed_by)


def list_withdrawn(override: Override) -> list[Offer]:
    """The offers that were withdrawn by a decision of staff."""
    offers = Offer.objects.filter(lead=override.lead_id, state=OfferState.WITHDRAWN).select_related("partner")
    return [offer for offer in offers.order_by("pk") if _withdraws(override, offer)]


def _withdraws(override: Override, offer: Offer) -> bool:
    """Whether the offer, which was withdrawn, was so by this decision. A lead that a partner had was taken back once at
    most, since no partner is offered a lead twice; an open offer was closed at the moment of the decision."""
    own = override.partner_id == offer.partner_id
    match override.kind:
        case OverrideKind.PULLED_BACK:
            return own
        case OverrideKind.EXCLUDED:
            return own and override.made_at == offer.closed_at
        case OverrideKind.ASSIGNED:
            return not own and override.made_at == offer.closed_at
    return False
