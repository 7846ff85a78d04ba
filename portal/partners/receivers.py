"""What follows from facts."""

from portal.core.models import Fact
from portal.partners.facts import members_invited
from portal.partners.services.letters import send_invitations


@members_invited.receiver
def send_letters(fact: Fact) -> None:
    send_invitations(fact.payload["invitation_ids"])
