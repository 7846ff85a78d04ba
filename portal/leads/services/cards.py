"""The objection cards that a seller used on a lead: found among those that they may read, ticked, and rated by the outcome.

Training stands below and knows no leads: it is told which cards were used in a deal that has ended, and how it ended.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from portal.core.errors import Refusal
from portal.leads.models import Lead, LeadCard, LeadStatus, LostReason
from portal.partners.models import Membership
from training.access import check_material, describe_reader
from training.models import ObjectionCardPage
from training.services.searching import search_materials
from training.services.uses import record_uses, take_uses_back

#: More were hardly all used with one customer.
MOST_CARDS = 20
FOUND = 8


def find_cards(membership: Membership, words: str, *, language: str, now: datetime) -> Sequence[ObjectionCardPage]:
    """Cards that the member may read, by the customer's words; best first."""
    reader = describe_reader(membership.user, membership, now=now)
    return search_materials(reader, words, language=language).cards[:FOUND]


def list_cards(lead: Lead) -> list[LeadCard]:
    """Those that the lead's own partner ticked, in their order."""
    return list(LeadCard.objects.filter(lead=lead, partner=lead.partner).select_related("card__locale", "ticked_by"))


@transaction.atomic
def tick_card(lead: Lead, *, card_key: UUID, language: str, membership: Membership, now: datetime) -> LeadCard:
    """Note that a card was used with this customer. Once per card: a second tick is the first one.

    Raises:
        NotAllowed: the card is not open to the member.
        Refusal: the lead is not in work, there is no such card, or too many are ticked.
    """
    lead = _lock_in_work(lead)
    cards = ObjectionCardPage.objects.live().filter(translation_key=card_key).select_related("locale")
    card = min(cards, key=lambda found: (found.locale.language_code != language, found.pk), default=None)
    if card is None:
        raise Refusal(_("This card is not in the library any more."), code="gone")
    check_material(card, describe_reader(membership.user, membership, now=now))
    ticked = LeadCard.objects.filter(lead=lead, partner=membership.partner)
    known = ticked.filter(card_key=card_key).first()
    if known is not None:
        return known
    if ticked.count() >= MOST_CARDS:
        raise Refusal(
            _("At most %(most)s cards can be ticked on a lead.") % {"most": MOST_CARDS},
            remedy=_("Keep those that the conversation turned on."),
            code="too_many",
        )
    return LeadCard.objects.create(
        lead=lead, partner=membership.partner, card=card, card_key=card_key, ticked_at=now, ticked_by=membership.user
    )


@transaction.atomic
def untick_card(lead: Lead, *, card_key: UUID, membership: Membership) -> None:
    """Take a tick off again. Safe to repeat.

    Raises:
        Refusal: the lead is not in work: the outcome has rated its cards.
    """
    lead = _lock_in_work(lead)
    LeadCard.objects.filter(lead=lead, partner=membership.partner, card_key=card_key).delete()


def rate_cards(lead: Lead, *, now: datetime) -> int:
    """Tell training how the deal ended in which these cards were used; how many. Called in the transaction of the outcome.

    What was no request at all says nothing of an answer.
    """
    if lead.status not in (LeadStatus.WON, LeadStatus.LOST) or lead.lost_reason == LostReason.INVALID:
        return 0
    cards = list(LeadCard.objects.filter(lead=lead, partner=lead.partner).values_list("card", flat=True))
    if not cards:
        return 0
    return len(record_uses(cards, about=_name_deal(lead), won=lead.status == LeadStatus.WON, now=now))


def take_ratings_back(lead: Lead) -> int:
    """Tell training that the deal has not ended after all; how many ratings are gone. Called in the transaction that puts
    the lead in work again, where the next outcome rates its cards anew."""
    keys = LeadCard.objects.filter(lead=lead, partner=lead.partner).values_list("card_key", flat=True)
    return take_uses_back(keys, about=_name_deal(lead))


def _name_deal(lead: Lead) -> str:
    return salted_hmac("leads.cards", lead.public_id, algorithm="sha256").hexdigest()


def _lock_in_work(lead: Lead) -> Lead:
    lead = Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)
    if lead.status != LeadStatus.ACCEPTED:
        raise Refusal(
            _("Cards are ticked while a lead is in work: its outcome has rated them."),
            remedy=_("Rate a card on its own page after a call."),
            code="not_in_work",
        )
    return lead
