"""What a person keeps at hand: pages that open without a signal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership, in_force_now
from training.access import Reader
from training.models import MaterialPage, Reading

#: As many as a person finds their way in, and a phone holds.
MOST = 30
#: How long a saved copy opens.
HOLDS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Pin:
    """A page at hand, in the language in which it was pinned or read last, and the text that is live now."""

    page: MaterialPage
    pinned_at: datetime
    version: str


def name_version(page: MaterialPage) -> str:
    """The text of a page that is live now: a copy of another is made anew."""
    return f"{page.pk}-{page.live_revision_id}"


@transaction.atomic
def pin_material(page: MaterialPage, *, membership: Membership, by: User, now: datetime) -> Reading:
    """Keep a page at hand. Safe to repeat.

    Args:
        page: the specific page.

    Raises:
        NotAllowed: when the membership is another's or has ended, or the material is not open to it.
        Refusal: when the page is not to be saved, or as many are pinned as may be.
    """
    if by.pk != membership.user_id or not in_force_now(membership, now):
        raise NotAllowed(_("Only a member of a partner keeps pages at hand."), code="not_a_member")
    if not page.live or not page.may_be_read_by(by, membership, now):
        raise NotAllowed(
            _("This material is not open to you."), remedy=_("Its page says for whom it is."), code="audience"
        )
    if not (page.can_be_saved and page.may_be_saved):
        raise Refusal(
            _("This page is not saved for reading without a signal."),
            remedy=_("Scripts, cards and price lists are, unless their editor forbids it."),
            code="not_saved",
        )
    User.objects.select_for_update().get(pk=by.pk)
    pinned = Reading.objects.filter(user=by, pinned_at__isnull=False)
    if pinned.exclude(material_key=page.translation_key).count() >= MOST:
        raise Refusal(
            _("You keep %(number)s pages at hand, and that is as many as a phone holds.") % {"number": MOST},
            remedy=_("Take one away, then add this one."),
            code="too_many",
        )
    reading, created = Reading.objects.get_or_create(
        user=by, material_key=page.translation_key, defaults={"page": page, "pinned_at": now}
    )
    if not created and (reading.pinned_at is None or reading.page_id != page.pk):
        reading.page, reading.pinned_at = page, reading.pinned_at or now
        reading.save(update_fields=["page", "pinned_at"])
    return reading


def unpin_material(page: MaterialPage, *, by: User) -> None:
    """Keep a page at hand no longer. Safe to repeat."""
    Reading.objects.filter(user=by, material_key=page.translation_key).update(pinned_at=None)


def list_pins(reader: Reader) -> list[Pin]:
    """What the reader keeps at hand and may still read and save now, latest first; three queries at most.

    A page that is not published in its language any more is taken in another that is.
    """
    pinned = {row.material_key: row for row in Reading.objects.filter(user=reader.user.pk, pinned_at__isnull=False)}
    if not pinned:
        return []
    readable = reader.filter_open(MaterialPage.objects.filter(translation_key__in=pinned, may_be_saved=True))
    found: dict[UUID, MaterialPage] = {}
    for page in readable.select_related("locale").order_by("path"):
        if page.specific_class is not None and page.specific_class.can_be_saved:
            row = pinned[page.translation_key]
            if page.translation_key not in found or page.pk == row.page_id:
                found[page.translation_key] = page
    pins = [
        Pin(page, row.pinned_at, name_version(page)) for key, page in found.items() if (row := pinned[key]).pinned_at
    ]
    return sorted(pins, key=lambda pin: pin.pinned_at, reverse=True)
