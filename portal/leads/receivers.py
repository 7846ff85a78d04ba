"""What follows from which fact: a table of consequences."""

from django.utils import timezone

from certification.facts import partners_qualified
from portal.core.models import Fact
from portal.leads import tasks
from portal.leads.case_notices import (
    tell_of_answers,
    tell_of_disputes,
    tell_of_evidence,
    tell_of_near_returns,
    tell_of_overdue_disputes,
    tell_of_overrides,
    tell_of_returns,
)
from portal.leads.facts import (
    absences_begun,
    absences_said,
    disputes_answered,
    disputes_opened,
    disputes_overdue,
    evidence_given,
    leads_assigned,
    leads_offered,
    leads_overridden,
    leads_received,
    leads_rerouted,
    leads_returned,
    leads_warned,
    offers_accepted,
    offers_closed,
    partner_terms_changed,
    routes_changed,
    routes_resumed,
    sources_changed,
)
from portal.leads.notices import tell_about_offers, tell_heirs, tell_who_is_entered, tell_who_works
from portal.leads.reports import partners_of_offers, partners_of_qualifications, routes_of_leads
from portal.leads.services.corrections import settle_those_that_left
from portal.leads.services.holding import wake_held_leads, wake_leads_of_routes
from portal.leads.services.intake import reread_held_leads
from portal.partners.facts import partner_standing_changed


@leads_received.receiver
def distribute_received_leads(fact: Fact) -> None:
    tasks.distribute_routes.delay(sorted(routes_of_leads(fact.payload["lead_ids"])))


@leads_rerouted.receiver
def distribute_rerouted_leads(fact: Fact) -> None:
    tasks.distribute_routes.delay(sorted(routes_of_leads(fact.payload["lead_ids"])))


@leads_offered.receiver
def tell_partners_of_offers(fact: Fact) -> None:
    tell_about_offers(fact.payload["offer_ids"], now=fact.announced_at)


@absences_said.receiver
def tell_who_was_entered_as_away(fact: Fact) -> None:
    tell_who_is_entered(fact.payload["absence_ids"], now=fact.announced_at)


@absences_begun.receiver
def tell_who_works_their_leads(fact: Fact) -> None:
    tell_heirs(fact.payload["absence_ids"], now=fact.announced_at)


@leads_assigned.receiver
def tell_who_was_given_leads(fact: Fact) -> None:
    tell_who_works(**fact.payload, about=fact.pk, by=fact.actor_id, now=fact.announced_at)


# An answer of either kind frees room with the partner; what it gave back is a new lead of the same route.
@offers_accepted.receiver
def wake_leads_after_acceptance(fact: Fact) -> None:
    wake_held_leads(partner_ids=partners_of_offers(fact.payload["offer_ids"]), now=timezone.now())


@offers_accepted.receiver
def write_to_customers(_fact: Fact) -> None:
    tasks.send_due_letters.delay()


@leads_warned.receiver
def tell_partners_of_near_returns(fact: Fact) -> None:
    tell_of_near_returns(fact.payload["lead_ids"], now=fact.announced_at)


@leads_returned.receiver
def tell_partners_of_returns(fact: Fact) -> None:
    tell_of_returns(fact.payload["return_ids"], now=fact.announced_at)


@leads_overridden.receiver
def tell_partners_of_overrides(fact: Fact) -> None:
    tell_of_overrides(fact.payload.get("override_ids", []), now=fact.announced_at)


@disputes_opened.receiver
def tell_staff_of_disputes(fact: Fact) -> None:
    tell_of_disputes(fact.payload["dispute_ids"], now=fact.announced_at)


@evidence_given.receiver
def tell_the_other_side(fact: Fact) -> None:
    tell_of_evidence(fact.payload["evidence_ids"], now=fact.announced_at)


@disputes_answered.receiver
def tell_partners_of_answers(fact: Fact) -> None:
    tell_of_answers(fact.payload["dispute_ids"], now=fact.announced_at)


@disputes_overdue.receiver
def remind_staff_of_disputes(fact: Fact) -> None:
    tell_of_overdue_disputes(fact.payload["dispute_ids"], now=fact.announced_at)


@offers_closed.receiver
def offer_again_and_wake_leads(fact: Fact) -> None:
    wake_held_leads(partner_ids=partners_of_offers(fact.payload["offer_ids"]), now=timezone.now())


@partners_qualified.receiver
def wake_leads_for_qualified_partners(fact: Fact) -> None:
    wake_held_leads(partner_ids=partners_of_qualifications(fact.payload["qualification_ids"]), now=timezone.now())


@partner_standing_changed.receiver
def wake_leads_for_changed_partners(fact: Fact) -> None:
    wake_held_leads(partner_ids=fact.payload["partner_ids"], now=timezone.now())


@partner_standing_changed.receiver
def settle_partners_that_left(fact: Fact) -> None:
    settle_those_that_left(fact.payload["partner_ids"], now=timezone.now())


@partner_terms_changed.receiver
def wake_leads_for_changed_terms(fact: Fact) -> None:
    wake_held_leads(partner_ids=fact.payload["partner_ids"], now=timezone.now())


@routes_resumed.receiver
def go_on_with_resumed_routes(fact: Fact) -> None:
    tasks.distribute_routes.delay(fact.payload["route_ids"])
    wake_leads_of_routes(route_ids=fact.payload["route_ids"], now=timezone.now())


@routes_changed.receiver
def read_leads_again_for_routes(_fact: Fact) -> None:
    reread_held_leads(now=timezone.now())


@routes_changed.receiver
def wake_leads_of_changed_routes(fact: Fact) -> None:
    wake_leads_of_routes(route_ids=fact.payload["route_ids"], now=timezone.now())


@sources_changed.receiver
def read_leads_again_for_sources(fact: Fact) -> None:
    reread_held_leads(source_ids=fact.payload["source_ids"], now=timezone.now())
