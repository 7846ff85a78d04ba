"""Leads and everything that is decided about them.

A lead's status moves by services only::

    new -> offered -> accepted -> won | lost
     ^  \\-> held       (declined and expired offers lead back to new; held leads wake to new)
     any but won and lost -> closed, by staff
     won | lost -> accepted, by staff who take the outcome back

Personal data of the customer is in :class:`LeadContact` and nowhere else: it can be blanked without touching what was
decided.
"""

from portal.leads.models.absences import Absence
from portal.leads.models.cards import LeadCard
from portal.leads.models.customers import (
    CustomerAnswer,
    CustomerLetter,
    DropReason,
    LetterKind,
    LetterState,
    UnwantedAddress,
)
from portal.leads.models.digests import WeekTold
from portal.leads.models.disputes import (
    ANSWERED,
    Dispute,
    DisputeEvidence,
    DisputeState,
    DisputeSubject,
    Remedy,
    Side,
)
from portal.leads.models.leads import (
    FINAL,
    FINISHED,
    TAKEN,
    UNHELD,
    UNROUTABLE,
    WAITING,
    WITH_NOBODY,
    HeldReason,
    Lead,
    LeadContact,
    LeadNote,
    LeadStatus,
    LostReason,
    Stage,
)
from portal.leads.models.offers import (
    Correction,
    CorrectionKind,
    Decision,
    DeclineReason,
    Offer,
    OfferState,
    Override,
    OverrideKind,
)
from portal.leads.models.outcomes import FormerOutcome
from portal.leads.models.performance import RoutePerformance
from portal.leads.models.reroutes import LeadReroute
from portal.leads.models.returns import LeadReturn
from portal.leads.models.routes import (
    Roster,
    Route,
    RouteCredit,
    RoutePolicy,
    RouteStop,
    RouteWeight,
)
from portal.leads.models.rules import LeadRules
from portal.leads.models.sources import (
    FieldChoices,
    ImportFile,
    Source,
    SourceColumn,
    SourceProduct,
    SourceRegion,
)
from portal.leads.models.tellings import OfferWatch, Round, Telling
from portal.leads.models.terms import (
    AssignRule,
    PartnerHoliday,
    PartnerTerms,
)

__all__ = [
    "ANSWERED",
    "FINAL",
    "FINISHED",
    "TAKEN",
    "UNHELD",
    "UNROUTABLE",
    "WAITING",
    "WITH_NOBODY",
    "Absence",
    "AssignRule",
    "Correction",
    "CorrectionKind",
    "CustomerAnswer",
    "CustomerLetter",
    "Decision",
    "DeclineReason",
    "Dispute",
    "DisputeEvidence",
    "DisputeState",
    "DisputeSubject",
    "DropReason",
    "FieldChoices",
    "FormerOutcome",
    "HeldReason",
    "ImportFile",
    "Lead",
    "LeadCard",
    "LeadContact",
    "LeadNote",
    "LeadReroute",
    "LeadReturn",
    "LeadRules",
    "LeadStatus",
    "LetterKind",
    "LetterState",
    "LostReason",
    "Offer",
    "OfferState",
    "OfferWatch",
    "Override",
    "OverrideKind",
    "PartnerHoliday",
    "PartnerTerms",
    "Remedy",
    "Roster",
    "Round",
    "Route",
    "RouteCredit",
    "RoutePerformance",
    "RoutePolicy",
    "RouteStop",
    "RouteWeight",
    "Side",
    "Source",
    "SourceColumn",
    "SourceProduct",
    "SourceRegion",
    "Stage",
    "Telling",
    "UnwantedAddress",
    "WeekTold",
]
