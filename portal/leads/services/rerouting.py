"""Leads that nobody of their route takes go on to the route that their rules name.

At once where nobody is left whom time or an answer could bring round; else after the hours that the rules say. On the
other route a lead comes under the rules that were in force there when it came to the portal, asked by its product alone:
whoever names a route as the next one has decided that it takes what the first one took. Whom it was offered before it
is never offered to again, on whichever route.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from portal.leads.facts import leads_rerouted
from portal.leads.models import FINAL, UNHELD, HeldReason, Lead, LeadReroute, LeadStatus, RoutePolicy
from portal.leads.policies import Policy


class Unplaced(NamedTuple):
    """A lead, locked by the caller, that nobody of its route can take at this moment."""

    lead_id: int
    route_id: int
    policy_id: int
    product_id: int
    reason: HeldReason
    recheck_at: datetime | None


class Way(NamedTuple):
    """Whereto a lead goes on, and when."""

    policy_id: int
    route_id: int
    goes_at: datetime


def find_ways(leads: Iterable[Unplaced], policies: Mapping[int, Policy], *, now: datetime) -> dict[int, Way]:
    """By lead its way on; nothing for those that have none: their rules name no route, it did not sell their product
    when they came, or they have left it before.

    Args:
        policies: by id, those that the leads are under.
    """
    going = {lead.lead_id: lead for lead in leads if policies[lead.policy_id].fallback}
    if not going:
        return {}
    came = Lead.objects.filter(pk__in=going).values_list("pk", "stored_at", "policy__effective_from", "fallback_at")
    left = set(LeadReroute.objects.filter(lead__in=going).values_list("lead", "route"))
    targets = _read_targets({policies[lead.policy_id].fallback for lead in going.values()})
    ways = {}
    for lead_id, stored_at, effective_from, fallback_at in came:
        lead, policy = going[lead_id], policies[going[lead_id].policy_id]
        # Staff may have brought it under rules that are younger than it: then those of the next route are, too.
        moment = max(stored_at, effective_from)
        target = next((row for row in targets[policy.fallback] if row.effective_from <= moment), None)
        if target is None or lead.product_id not in target.policy.products:
            continue
        if {(lead_id, lead.route_id), (lead_id, policy.fallback)} & left:
            continue  # it has gone this way, or is where it was before: staff may have completed it
        goes_at = now if lead.reason in FINAL else fallback_at or now + timedelta(hours=policy.fallback_hours)
        ways[lead_id] = Way(target.pk, target.route_id, goes_at)
    return ways


def _read_targets(route_ids: Collection[int]) -> Mapping[int, Sequence[RoutePolicy]]:
    """By route its rules, the latest first."""
    targets: dict[int, list[RoutePolicy]] = defaultdict(list)
    for row in RoutePolicy.objects.filter(route__in=route_ids).order_by("-effective_from"):
        targets[row.route_id].append(row)
    return targets


def reroute(leads: Iterable[Unplaced], ways: Mapping[int, Way], *, now: datetime) -> list[int]:
    """Let those go on whose time has come; their ids. They are new on their next route, and told once."""
    gone = [lead for lead in leads if lead.lead_id in ways and ways[lead.lead_id].goes_at <= now]
    to: dict[tuple[int, int], list[int]] = defaultdict(list)
    for lead in gone:
        way = ways[lead.lead_id]
        to[way.route_id, way.policy_id].append(lead.lead_id)
    LeadReroute.objects.bulk_create(
        LeadReroute(
            lead_id=lead.lead_id, route_id=lead.route_id, policy_id=lead.policy_id,
            to_policy_id=ways[lead.lead_id].policy_id, reason=lead.reason, rerouted_at=now,
        )
        for lead in gone
    )  # fmt: skip
    for (route_id, policy_id), lead_ids in to.items():
        Lead.objects.filter(pk__in=lead_ids).update(route=route_id, policy=policy_id, status=LeadStatus.NEW, **UNHELD)
    ids = [lead.lead_id for lead in gone]
    leads_rerouted.announce(lead_ids=ids, by=None)
    return ids
