"""Send me that: a page for a customer, for a time, with the partner's name on it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership, in_force_now
from training.access import describe_reader
from training.facts import materials_shared, shares_opened
from training.models import MaterialPage, Share, ShareOpening
from training.services.leaflets import Leaflet, list_parts, make_leaflet

#: For how many days a share may stay open; the first is proposed.
DAYS = (14, 7, 30)
#: A member's shares in one day; more is no letter to a customer any more.
PER_DAY = 60
#: Openings of one share that are kept. A customer comes to a handful; whoever has the link can ask without end.
MOST_OPENINGS = 1000


@dataclass(frozen=True, slots=True)
class Shared:
    """What a customer is shown, and by whom it was sent."""

    share: Share
    leaflet: Leaflet
    partner: str
    language: str


class NoLongerShared(Refusal):
    """A share that is not open any more; it says whom to ask."""

    status = 410


@transaction.atomic
def share_material(
    page: MaterialPage,
    *,
    membership: Membership,
    blocks: Sequence[str],
    days: int,
    note: str = "",
    by: User,
    now: datetime,
) -> Share:
    """Make a page for a customer of some of a material's shareable blocks.

    Args:
        page: the specific page, live.
        blocks: ids from :func:`training.services.leaflets.list_parts`; kept in the order of the page.
        days: one of ``DAYS``.
        note: for the sharer alone, to know the share again.

    Raises:
        NotAllowed: when the membership is another's or has ended, or the material is not open to it.
        Refusal: when nothing was chosen, a block may not be sent, or the day's number is reached.
    """
    if by.pk != membership.user_id or not in_force_now(membership, now):
        raise NotAllowed(_("Only a member of a partner sends materials on."), code="not_a_member")
    if not page.live or not page.may_be_read_by(by, membership, now):
        raise NotAllowed(
            _("This material is not open to you."), remedy=_("Its page says for whom it is."), code="audience"
        )
    if days not in DAYS:
        raise Refusal(_("A share is open for 7, 14 or 30 days."), code="days")
    parts = [part.block_id for part in list_parts(page, today=timezone.localdate(now))]
    unknown = [block for block in blocks if block not in parts]
    if unknown:
        raise Refusal(
            _("A part that you chose is for partners only now, or is gone."),
            remedy=_("Choose again from what is offered here."),
            code="internal",
        )
    if not blocks:
        raise Refusal(_("Nothing is chosen."), remedy=_("Tick at least one part to send."), code="empty")
    if Share.objects.filter(membership=membership, created_at__gt=now - timedelta(days=1)).count() >= PER_DAY:
        raise Refusal(
            _("You have sent %(number)s pages within a day.") % {"number": PER_DAY},
            remedy=_("Go on tomorrow, or send again a link that you have made."),
            code="too_many",
        )
    share = Share.objects.create(
        page=page,
        membership=membership,
        blocks=[block for block in parts if block in set(blocks)],
        note=note,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    materials_shared.announce(share_ids=[share.pk], by=by)
    return share


def find_shared(public_id: str, *, now: datetime) -> Shared:
    """What a customer sees at a share's address; asked of the database each time.

    It is made of the page as it is now: a mended price is mended here too, and what became internal is gone.

    Raises:
        NoLongerShared: when there is no such share, it is past its end or taken back, its page is no longer published,
            or whoever sent it may no longer read that. All of these look alike from outside.
    """
    share = (
        Share.objects.open(now).filter(public_id=public_id).select_related("membership__partner", "membership__user")
    ).first()
    if share is not None:
        page = MaterialPage.objects.live().select_related("locale").filter(pk=share.page_id).first()
        reader = describe_reader(share.membership.user, share.membership, now=now)
        # The rule of lists, asked for one page: it knows the sharer's audiences and all translations.
        is_open = page is not None and reader.membership is not None and share.membership.user.is_active
        if page is not None and is_open and reader.filter_open(MaterialPage.objects.filter(pk=page.pk)).exists():
            leaflet = make_leaflet(page.specific, share.blocks, today=timezone.localdate(now))
            if leaflet:
                return Shared(share, leaflet, share.membership.partner.name, page.locale.language_code)
    raise NoLongerShared(
        _("This page is no longer open."),
        remedy=_("Ask whoever sent it to you for a new link."),
        code="no_longer_shared",
    )


@transaction.atomic
def record_opening(share: Share, *, by_user_id: int | None, as_pdf: bool, now: datetime) -> None:
    """Keep that somebody opened the share, and nothing of who. Its sharer's own look does not count.

    Beyond ``MOST_OPENINGS`` nothing is kept: the address is open to anybody, and a table is not to grow by it for ever.
    """
    if by_user_id == share.membership.user_id:
        return
    Share.objects.select_for_update().get(pk=share.pk)
    opened = share.openings.count()
    if opened >= MOST_OPENINGS:
        return
    ShareOpening.objects.create(share=share, as_pdf=as_pdf, opened_at=now)
    if opened == 0:
        shares_opened.announce(share_ids=[share.pk], by=None)


@transaction.atomic
def withdraw_share(share: Share, *, by: User, now: datetime) -> None:
    """Close a share before its end. Safe to repeat.

    Raises:
        NotAllowed: when it is another's.
    """
    if share.membership.user_id != by.pk:
        raise NotAllowed(_("Only who sent a page takes it back."), code="not_yours")
    Share.objects.filter(pk=share.pk, withdrawn_at__isnull=True).update(withdrawn_at=now)


def list_shares(membership: Membership, *, limit: int = 50) -> QuerySet[Share]:
    """What a member has sent under this membership, newest first, with how often and when last it was opened."""
    return (
        Share.objects.filter(membership=membership)
        .select_related("page__locale")
        .annotate(
            opened=Count("openings"),
            opened_as_pdf=Count("openings", filter=Q(openings__as_pdf=True)),
            last_opened_at=Max("openings__opened_at"),
        )[:limit]
    )


def find_sharers(share_ids: Collection[int]) -> list[Share]:
    """The shares with their pages and people, to tell of."""
    return list(Share.objects.filter(pk__in=share_ids).select_related("page", "membership"))
