"""Who may do what with leads."""

from typing import Any

from portal.partners.access import may_work_leads

__all__ = ["CHANNEL_MANAGER_PERMISSIONS", "may_close_leads", "may_import_leads", "may_see_leads", "may_work_leads"]

#: What the group "Channel managers" holds of this app: codenames for whoever sets the groups up.
CHANNEL_MANAGER_PERMISSIONS = (
    "view_lead",
    "add_lead",
    "change_lead",
    "view_leadcontact",
    "view_source",
    "add_source",
    "change_source",
    "view_route",
    "add_route",
    "change_route",
)


def may_see_leads(user: Any) -> bool:
    """See every lead, its offers and its decisions in the administration."""
    return user.has_perm("leads.view_lead")


def may_import_leads(user: Any) -> bool:
    return user.has_perm("leads.add_lead")


def may_close_leads(user: Any) -> bool:
    """Complete a held lead, or close one without an outcome."""
    return user.has_perm("leads.change_lead")
