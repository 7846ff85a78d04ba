"""What happens to leads, told to the apps above and to our own receivers after commit."""

from portal.core.facts import FactType

#: Stored, whatever became of them: those that can be routed wait for distribution, the others are held.
leads_received = FactType("leads_received", ids=("lead_ids",))
leads_offered = FactType("leads_offered", ids=("offer_ids",))
leads_held = FactType("leads_held", ids=("lead_ids",))
offers_accepted = FactType("offers_accepted", ids=("offer_ids",))
#: Declined, expired or withdrawn: the partner has room again.
offers_closed = FactType("offers_closed", ids=("offer_ids",))
leads_won = FactType("leads_won", ids=("lead_ids",))
leads_lost = FactType("leads_lost", ids=("lead_ids",))
#: Closed by staff without an outcome.
leads_closed = FactType("leads_closed", ids=("lead_ids",))
#: What a route takes, or how many open offers it allows, was changed by staff.
routes_changed = FactType("routes_changed", ids=("route_ids",))
#: How a source's columns and names are read was changed by staff.
sources_changed = FactType("sources_changed", ids=("source_ids",))
