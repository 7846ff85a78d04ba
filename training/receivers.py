"""What follows from which fact."""

from portal.core.models import Fact
from training.facts import (
    cards_found_weak,
    material_changed,
    readers_reminded,
    remarks_closed,
    remarks_made,
    shares_opened,
)
from training.notices.library import (
    tell_keepers_of_remarks,
    tell_keepers_of_weak_cards,
    tell_readers,
    tell_readers_again,
    tell_remarkers,
    tell_sharers,
)


@shares_opened.receiver
def tell_who_sent(fact: Fact) -> None:
    tell_sharers(fact.payload["share_ids"], now=fact.announced_at)


@cards_found_weak.receiver
def tell_who_keeps_weak_cards(fact: Fact) -> None:
    tell_keepers_of_weak_cards(fact.payload["rating_ids"], now=fact.announced_at)


@material_changed.receiver
def tell_readers_of_change(fact: Fact) -> None:
    tell_readers(fact.payload["change_ids"], now=fact.announced_at)


@readers_reminded.receiver
def remind_readers_of_change(fact: Fact) -> None:
    tell_readers_again(fact.payload["change_ids"], now=fact.announced_at)


@remarks_made.receiver
def tell_who_keeps_the_material(fact: Fact) -> None:
    tell_keepers_of_remarks(fact.payload["remark_ids"], now=fact.announced_at)


@remarks_closed.receiver
def tell_who_made_the_remark(fact: Fact) -> None:
    tell_remarkers(fact.payload["remark_ids"], now=fact.announced_at)
