"""How deals ended in which a card's answer was used: counted, told to editors from :data:`AT_LEAST` on.

Whoever knows of deals calls :func:`record_uses` when one has ended, and :func:`take_uses_back` when it has not after all;
training knows nothing of it but that.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from training.facts import cards_found_losing
from training.faring import DEALS_WINDOW, Deals
from training.models import CardUse, ObjectionCardPage


@transaction.atomic
def record_uses(card_ids: Iterable[int], *, about: str, won: bool, now: datetime) -> list[CardUse]:
    """Record that these cards were used in a deal that has just ended. The same deal twice is recorded once.

    A card that loses deals with this one, and did not before, is announced.

    Args:
        card_ids: pages of cards; those that are gone are left out.
        about: what the deal is to the caller, at most 64 characters, telling nobody anything: a digest.
    """
    found = ObjectionCardPage.objects.filter(pk__in=list(card_ids)).order_by("pk")
    pages = {page.translation_key: page for page in found.select_for_update(of=("self",), no_key=True)}
    known = set(CardUse.objects.filter(card_key__in=pages, about=about).values_list("card_key", flat=True))
    new = [key for key in pages if key not in known]
    before, all_before = find_deals(new, now=now), find_all_deals(now=now)
    made = CardUse.objects.bulk_create(
        CardUse(card=pages[key], card_key=key, about=about, won=won, ended_at=now) for key in new
    )
    after, all_after = find_deals(new, now=now), find_all_deals(now=now)
    losing = [
        use.pk for use in made if after[use.card_key].loses(all_after) and not before[use.card_key].loses(all_before)
    ]
    cards_found_losing.announce(use_ids=losing, by=None)
    return made


def take_uses_back(card_keys: Iterable[UUID], *, about: str) -> int:
    """Forget that these cards were used in a deal, since it has not ended after all; how many."""
    return CardUse.objects.filter(card_key__in=list(card_keys), about=about).delete()[0]


def find_deals(card_keys: Collection[UUID], *, now: datetime) -> dict[UUID, Deals]:
    """How the deals of these cards ended in the last window, in all languages together; one query."""
    counts = _lately(now).filter(card_key__in=card_keys).values("card_key")
    rows = counts.annotate(used=Count("pk"), good=Count("pk", filter=Q(won=True)))
    found = {row["card_key"]: Deals(row["used"], row["good"]) for row in rows}
    return {key: found.get(key, Deals()) for key in card_keys}


def find_all_deals(*, now: datetime) -> Deals:
    """The same of all cards together: what one is measured by; one query."""
    row = _lately(now).aggregate(used=Count("pk"), good=Count("pk", filter=Q(won=True)))
    return Deals(row["used"], row["good"])


def _lately(now: datetime) -> QuerySet[CardUse]:
    return CardUse.objects.filter(ended_at__gt=now - DEALS_WINDOW, ended_at__lte=now).order_by()
