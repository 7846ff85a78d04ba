"""What follows for notices from facts of the apps below."""

from portal.core.models import Fact
from portal.notifications.notices import tell_owners
from portal.partners.facts import invitations_accepted


@invitations_accepted.receiver
def tell_owners_who_joined(fact: Fact) -> None:
    tell_owners(fact.payload["invitation_ids"], now=fact.announced_at)
