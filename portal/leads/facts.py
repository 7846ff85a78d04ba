"""What happens to leads, told to the apps above and to our own receivers after commit."""

from portal.core.facts import FactType

#: Stored, whatever became of them: those that can be routed wait for distribution, the others are held.
leads_received = FactType("leads_received", ids=("lead_ids",))
leads_offered = FactType("leads_offered", ids=("offer_ids",))
#: Nobody of their route took them, and they went on to another, where they wait to be distributed.
leads_rerouted = FactType("leads_rerouted", ids=("lead_ids",))
leads_held = FactType("leads_held", ids=("lead_ids",))
offers_accepted = FactType("offers_accepted", ids=("offer_ids",))
#: Declined, expired or withdrawn: the partner has room again.
offers_closed = FactType("offers_closed", ids=("offer_ids",))
#: This member of the partner works these leads from now on, in place of whoever did or accepted them; where nobody is
#: left, none does. And the absence by which it came, which tells of itself.
leads_assigned = FactType("leads_assigned", ids=("lead_ids", "membership_ids", "absence_ids"))
#: The customers of these leads were spoken with for the first time.
leads_contacted = FactType("leads_contacted", ids=("lead_ids",))
#: Their customers said whether they were called, and how it was.
customers_answered = FactType("customers_answered", ids=("lead_ids",))
#: Nothing was done about these leads for so long that their partners were warned: they go back soon.
leads_warned = FactType("leads_warned", ids=("lead_ids",))
#: They went back, as their policy says; the partners that had them see them no more.
leads_returned = FactType("leads_returned", ids=("return_ids",))
leads_won = FactType("leads_won", ids=("lead_ids",))
leads_lost = FactType("leads_lost", ids=("lead_ids",))
#: Closed by staff without an outcome.
leads_closed = FactType("leads_closed", ids=("lead_ids",))
#: The draft of a route was saved: nothing changes by that.
routes_drafted = FactType("routes_drafted", ids=("route_ids",))
#: Rules of these routes were published.
routes_changed = FactType("routes_changed", ids=("route_ids",))
#: Nothing more is distributed on these routes until they are resumed.
routes_stopped = FactType("routes_stopped", ids=("route_ids",))
routes_resumed = FactType("routes_resumed", ids=("route_ids",))
#: When a partner works, how much it takes, or whether it receives leads at all, was changed by its people.
partner_terms_changed = FactType("partner_terms_changed", ids=("partner_ids",))
#: It was said that these members will be away.
absences_said = FactType("absences_said", ids=("absence_ids",))
#: These members are away from now on; what they had in work was seen to.
absences_begun = FactType("absences_begun", ids=("absence_ids",))
#: They are back before the day that was said, or their plan came to nothing: then the row is gone.
absences_ended = FactType("absences_ended", ids=("absence_ids",))
#: Credits were moved without a lead: a turn was undone, a residue settled.
credits_corrected = FactType("credits_corrected", ids=("correction_ids",))
#: Staff kept a partner from a lead, gave it to one by hand, took it back, or put one that was finished in work again.
leads_overridden = FactType("leads_overridden", ids=("lead_ids", "override_ids"))
#: How a source's columns and names are read was changed by staff.
sources_changed = FactType("sources_changed", ids=("source_ids",))
#: A partner contests what was decided about a lead.
disputes_opened = FactType("disputes_opened", ids=("dispute_ids",))
#: One side of a case has said something.
evidence_given = FactType("evidence_given", ids=("evidence_ids",))
#: Staff have upheld or rejected.
disputes_answered = FactType("disputes_answered", ids=("dispute_ids",))
#: The partner has taken its case back.
disputes_withdrawn = FactType("disputes_withdrawn", ids=("dispute_ids",))
#: The time to answer is over, and nobody has.
disputes_overdue = FactType("disputes_overdue", ids=("dispute_ids",))
