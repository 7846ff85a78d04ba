"""What follows from facts."""

from portal.accounts.facts import people_switched
from portal.core.models import Fact
from portal.partners.facts import members_invited
from portal.partners.services.letters import send_invitations
from portal.partners.services.standing import bump_standing_of_people


@members_invited.receiver
def send_letters(fact: Fact) -> None:
    send_invitations(fact.payload["invitation_ids"])


@people_switched.receiver
def count_people_anew(fact: Fact) -> None:
    bump_standing_of_people(fact.payload["user_ids"])
