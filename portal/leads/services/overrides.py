"""What staff decide about a lead in place of the rule. Each needs a reason, is marked for ever, and costs nobody a turn:
the credits of the route stay as they were, and what was given besides the turns stands in the fairness report."""

from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.leads.facts import leads_offered, leads_overridden, leads_received, offers_closed
from portal.leads.models import (
    UNHELD,
    WAITING,
    WITH_NOBODY,
    Lead,
    LeadStatus,
    Offer,
    OfferState,
    Override,
    OverrideKind,
    RoutePolicy,
    Stage,
)
from portal.leads.services.clocks import CLOCKS, stop_clocks
from portal.leads.services.offers import is_qualified
from portal.partners.models import Membership, Partner


@transaction.atomic
def exclude_partner(lead: Lead, *, partner: Partner, reason: str, by: User, now: datetime) -> Override:
    """Keep a lead from a partner: a conflict of interest, the customer's wish. An open offer to it is withdrawn.

    Raises:
        Refusal: without a reason, the partner has the lead, or it is kept from it already.
    """
    _check_reason(reason)
    lead = _lock(lead)
    if lead.partner_id == partner.pk:
        raise Refusal(
            _("%(partner)s has accepted this lead.") % {"partner": partner},
            remedy=_("Take it back first."),
            code="taken",
        )
    if Override.objects.filter(lead=lead, partner=partner, kind=OverrideKind.EXCLUDED).exists():
        raise Refusal(_("%(partner)s is kept from this lead already.") % {"partner": partner}, code="excluded_already")
    override = _note(lead, OverrideKind.EXCLUDED, partner, reason, by=by, now=now)
    withdrawn = _withdraw(lead, partner=partner, reason=reason, by=by, now=now)
    if withdrawn or (lead.status == LeadStatus.HELD and lead.held_reason in WAITING):
        _return(lead, by=by)  # one that waits may have waited for this partner
    return override


@transaction.atomic
def assign_lead(lead: Lead, *, partner: Partner, reason: str, by: User, now: datetime) -> Offer:
    """Offer a lead to one partner by hand, for the hours that its rules give. Whoever has an offer of it loses that.

    Staff may give a lead to a partner that has no turn, is full, or works elsewhere. The gate holds by hand too: nobody
    sees a customer without the qualification.

    Raises:
        Refusal: without a reason; a partner has the lead, or it is finished; the lead was not routed; the partner is not
            qualified, is kept from the lead, or was offered it before.
    """
    _check_reason(reason)
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    lead = _lock(lead)
    if lead.status not in WITH_NOBODY or lead.policy_id is None or lead.route_id is None:
        raise Refusal(
            _("This lead cannot be given by hand: %(status)s.") % {"status": lead.get_status_display()},
            remedy=_("Take it back first, or complete what it lacks."),
            code="not_free",
        )
    if Offer.objects.filter(lead=lead, partner=partner).exists():
        raise Refusal(
            _("%(partner)s was offered this lead before.") % {"partner": partner},
            remedy=_("A partner is never offered a lead twice."),
            code="offered_before",
        )
    if Override.objects.filter(lead=lead, partner=partner, kind=OverrideKind.EXCLUDED).exists():
        raise Refusal(
            _("%(partner)s is kept from this lead.") % {"partner": partner},
            remedy=_("The reason stands on the lead's page; it is kept for ever. Choose another partner."),
            code="excluded",
        )
    rules = cast(RoutePolicy, lead.policy)
    if not is_qualified(partner, programme=rules.programme, now=now):
        raise Refusal(
            _("%(partner)s is not qualified in “%(programme)s”, so it could not accept this lead.")
            % {"partner": partner, "programme": rules.programme},
            remedy=_("Choose a partner that is, or help this one to qualify."),
            code="not_qualified",
        )
    _withdraw(lead, partner=None, reason=reason, by=by, now=now)
    offer = Offer.objects.create(
        lead=lead, partner=partner, route_id=lead.route_id, tick=None, override_reason=reason.strip(), made_at=now,
        due_at=now + timedelta(hours=rules.policy.window_hours),
    )  # fmt: skip
    lead.status = LeadStatus.OFFERED
    lead.hold_no_more()
    lead.save(update_fields=["status", *UNHELD])
    _note(lead, OverrideKind.ASSIGNED, partner, reason, by=by, now=now)
    leads_offered.announce(offer_ids=offer.pk, by=by)
    return offer


@transaction.atomic
def pull_back(lead: Lead, *, reason: str, by: User, now: datetime) -> Override:
    """Take a lead back from the partner that accepted it; it is offered to the next one, and never to that one again.

    Raises:
        Refusal: without a reason, or nobody has it, or it is finished.
    """
    _check_reason(reason)
    lead = _lock(lead)
    if lead.status != LeadStatus.ACCEPTED or lead.partner is None:
        raise Refusal(_("No partner has this lead in work."), code="not_accepted")
    partner, assignee = lead.partner, lead.assignee
    Offer.objects.filter(lead=lead, state=OfferState.ACCEPTED).update(
        state=OfferState.WITHDRAWN, override_reason=reason.strip()
    )
    # What the next partner does begins anew; what this one wrote stays its own.
    lead.partner, lead.accepted_at, lead.assignee = None, None, None
    lead.stage, lead.first_contact_at, lead.next_step, lead.next_step_on = Stage.TAKEN, None, "", None
    stop_clocks(lead)
    override = _note(lead, OverrideKind.PULLED_BACK, partner, reason, assignee=assignee, by=by, now=now)
    _return(lead, by=by)
    return override


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Refusal(
            _("Nothing is decided in place of the rule without a reason."),
            remedy=_("It stands in the fairness report."),
            code="no_reason",
        )


def _lock(lead: Lead) -> Lead:
    return Lead.objects.select_for_update(of=("self",)).select_related("partner", "policy__programme").get(pk=lead.pk)


def _withdraw(lead: Lead, *, partner: Partner | None, reason: str, by: User, now: datetime) -> bool:
    """Withdraw the open offer of a lead: to this partner, or to whomever. Whether there was one."""
    offers = Offer.objects.open().filter(lead=lead)
    if partner is not None:
        offers = offers.filter(partner=partner)
    ids = list(offers.values_list("pk", flat=True))
    Offer.objects.filter(pk__in=ids).update(
        state=OfferState.WITHDRAWN, closed_at=now, closed_by=by, override_reason=reason.strip()
    )
    offers_closed.announce(offer_ids=ids, by=by)
    return bool(ids)


def _return(lead: Lead, *, by: User) -> None:
    """The lead waits to be distributed again. What is held since a while stays so."""
    lead.status, lead.held_reason, lead.recheck_at = LeadStatus.NEW, "", None
    lead.save(
        update_fields=[
            "held_reason", "recheck_at",
            "status", "partner", "accepted_at", "assignee", "stage", "first_contact_at", "next_step", "next_step_on",
            *CLOCKS,
        ]
    )  # fmt: skip
    leads_received.announce(lead_ids=lead.pk, by=by)


def _note(
    lead: Lead,
    kind: OverrideKind,
    partner: Partner,
    reason: str,
    *,
    assignee: Membership | None = None,
    by: User,
    now: datetime,
) -> Override:
    override = Override.objects.create(
        lead=lead, kind=kind, partner=partner, assignee=assignee, reason=reason.strip(), made_at=now, made_by=by
    )
    leads_overridden.announce(lead_ids=lead.pk, override_ids=override.pk, by=by)
    return override
