"""What happens to partners and their people, told upward."""

from portal.core.facts import FactType

partners_registered = FactType("partners_registered", ids=("partner_ids",))
partner_standing_changed = FactType("partner_standing_changed", ids=("partner_ids",))
partner_status_changed = FactType("partner_status_changed", ids=("partner_ids",))
tier_changed = FactType("tier_changed", ids=("partner_ids",))

members_invited = FactType("members_invited", ids=("invitation_ids",))
invitations_accepted = FactType("invitations_accepted", ids=("invitation_ids",))
invitations_cancelled = FactType("invitations_cancelled", ids=("invitation_ids",))
members_joined = FactType("members_joined", ids=("membership_ids",))
members_left = FactType("members_left", ids=("membership_ids",))
job_roles_assigned = FactType("job_roles_assigned", ids=("membership_ids",))

agreement_published = FactType("agreement_published", ids=("version_ids",))
agreements_accepted = FactType("agreements_accepted", ids=("acceptance_ids",))
agreements_withdrawn = FactType("agreements_withdrawn", ids=("acceptance_ids",))

entitlements_granted = FactType("entitlements_granted", ids=("entitlement_ids",))
entitlements_withdrawn = FactType("entitlements_withdrawn", ids=("entitlement_ids",))
