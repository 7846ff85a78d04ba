"""Who may do what with leads."""

from typing import Any

from portal.accounts.models import User
from portal.partners.access import is_owner, may_lead_team, may_work_leads
from portal.partners.models import Membership

__all__ = [
    "CHANNEL_MANAGER_PERMISSIONS",
    "find_arbiters",
    "may_answer_disputes",
    "may_change_terms",
    "may_close_leads",
    "may_contest",
    "may_import_leads",
    "may_override",
    "may_rule",
    "may_say_away",
    "may_see_absences",
    "may_see_disputes",
    "may_see_leads",
    "may_see_own_disputes",
    "may_work_leads",
]

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
    "change_leadrules",
    "view_dispute",
    "change_dispute",
)


def may_change_terms(membership: Membership | None) -> bool:
    """Say when the partner works and how much it takes, or pause its leads: its owner, and whoever leads the team."""
    return is_owner(membership) or may_lead_team(membership)


def may_see_absences(membership: Membership | None) -> bool:
    """See who of the partner is away and until when: whoever works leads, and whoever says how the partner works."""
    return may_work_leads(membership) or may_change_terms(membership)


def may_say_away(actor: Membership | None, member: Membership) -> bool:
    """Say that a member is away, or back: the member, and for colleagues the owner and whoever leads the team."""
    if actor is None or actor.partner_id != member.partner_id:
        return False
    return may_change_terms(actor) or (actor.pk == member.pk and may_work_leads(actor))


def may_see_own_disputes(membership: Membership | None) -> bool:
    """See the partner's disputes: its owner, its heads, and whoever works leads."""
    return is_owner(membership) or may_lead_team(membership) or may_work_leads(membership)


def may_contest(membership: Membership | None, *, assignee_id: int | None) -> bool:
    """Contest what was decided in the partner's name: its owner, its heads, and whoever worked that lead."""
    if is_owner(membership) or may_lead_team(membership):
        return True
    return membership is not None and may_work_leads(membership) and membership.pk == assignee_id


def may_see_disputes(user: Any) -> bool:
    """See every partner's disputes in the administration."""
    return bool(user.has_perm("leads.view_dispute"))


def may_answer_disputes(user: Any) -> bool:
    """Speak for the vendor in a case, and answer it."""
    return bool(user.has_perm("leads.change_dispute"))


def find_arbiters() -> Any:
    """Whom disputes concern: active people who may answer them through a group."""
    return User.objects.filter(
        is_active=True, groups__permissions__codename="change_dispute",
        groups__permissions__content_type__app_label="leads",
    ).distinct()  # fmt: skip


def may_see_leads(user: Any) -> bool:
    """See every lead, its offers and its decisions in the administration."""
    return user.has_perm("leads.view_lead")


def may_import_leads(user: Any) -> bool:
    return user.has_perm("leads.add_lead")


def may_rule(user: Any) -> bool:
    """Publish the rules of a route, stop it, and let it go on."""
    return bool(user.has_perm("leads.change_route"))


def may_override(user: Any) -> bool:
    """Keep a partner from a lead, give a lead by hand, take one back, give a turn back, take an outcome back."""
    return bool(user.has_perm("leads.change_lead"))


def may_close_leads(user: Any) -> bool:
    """Complete a held lead, or close one without an outcome."""
    return user.has_perm("leads.change_lead")
