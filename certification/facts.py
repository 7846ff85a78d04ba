"""What certification tells the apps above it."""

from portal.core.facts import FactType

#: A person passed: the credential is theirs.
credentials_awarded = FactType("credentials_awarded", ids=("credential_ids",))
#: Staff took a credential back.
credentials_revoked = FactType("credentials_revoked", ids=("credential_ids",))
#: A person chose for which of their partners a credential counts; the memberships are the new ones, in the same order.
credentials_counted = FactType("credentials_counted", ids=("credential_ids", "membership_ids"))
#: A partner meets a programme's requirement: its gate is open.
partners_qualified = FactType("partners_qualified", ids=("qualification_ids",))
#: A partner no longer meets it: the gate is closed.
qualifications_lapsed = FactType("qualifications_lapsed", ids=("qualification_ids",))
#: Staff changed what a programme asks: everyone is to be assessed again.
requirements_changed = FactType("requirements_changed", ids=("programme_ids",))
