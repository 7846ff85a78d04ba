"""What happens to accounts."""

from portal.core.facts import FactType

#: An account was made inactive, or active again: whoever counts people must count anew.
people_switched = FactType("people_switched", ids=("user_ids",))
