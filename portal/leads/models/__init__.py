"""Leads and everything that is decided about them.

A lead's status moves by services only::

    new -> offered -> accepted -> won | lost
     ^  \\-> held       (declined and expired offers lead back to new; held leads wake to new)
     any but won and lost -> closed, by staff

Personal data of the customer is in :class:`LeadContact` and nowhere else: it can be blanked without touching what was
decided.
"""

from portal.leads.models.leads import (
    FINISHED,
    TAKEN,
    UNROUTABLE,
    WAITING,
    WITH_NOBODY,
    HeldReason,
    Lead,
    LeadContact,
    LeadQuerySet,
    LeadStatus,
    LostReason,
)
from portal.leads.models.offers import (
    Decision,
    DeclineReason,
    Offer,
    OfferQuerySet,
    OfferState,
)
from portal.leads.models.routes import (
    Roster,
    Route,
    RouteCredit,
    RouteWeight,
)
from portal.leads.models.sources import (
    FieldChoices,
    ImportFile,
    Source,
    SourceColumn,
    SourceProduct,
    SourceRegion,
)

__all__ = [
    "FINISHED",
    "TAKEN",
    "UNROUTABLE",
    "WAITING",
    "WITH_NOBODY",
    "Decision",
    "DeclineReason",
    "FieldChoices",
    "HeldReason",
    "ImportFile",
    "Lead",
    "LeadContact",
    "LeadQuerySet",
    "LeadStatus",
    "LostReason",
    "Offer",
    "OfferQuerySet",
    "OfferState",
    "Roster",
    "Route",
    "RouteCredit",
    "RouteWeight",
    "Source",
    "SourceColumn",
    "SourceProduct",
    "SourceRegion",
]
