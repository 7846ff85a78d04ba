"""Accepting an offer by the link in one's own letter, without signing in.

A link belongs to one telling: this person, under this membership, and this offer. It carries the telling's opaque id and
a signature with a salt of its own, compared in constant time; the database holds nothing that makes a link. Opening it
changes nothing, since the programs of mail servers open links too. It works once: the row keeps when.

Whoever holds the letter can accept in the name of its reader, and gets no more by it than the lead for that reader's
partner: the contact stands behind the sign-in.
"""

from collections.abc import Iterable
from datetime import datetime

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.leads.models import Telling
from portal.leads.services.offers import accept_offer, explain_closed
from portal.leads.services.working import list_able
from portal.partners.models import Membership, Partner, in_force_now

_signer = signing.Signer(salt="portal.leads.take")


def make_token(public_id: str) -> str:
    """The token of the link that belongs to the telling of this id."""
    return _signer.sign(public_id)


def find_take_path(public_id: str) -> str:
    """The link as a path."""
    return reverse("leads:take", args=[make_token(public_id)])


def find_telling(token: str) -> Telling | None:
    """Whose link it is, with everything that its page shows; None where it is nobody's."""
    try:
        public_id = _signer.unsign(token)
    except signing.BadSignature:
        return None
    rows = Telling.objects.select_related(
        "membership__user",
        "membership__partner",
        "offer__partner",
        "offer__closed_by",
        "offer__lead__product",
        "offer__lead__region",
        "offer__lead__contact",
        "offer__lead__policy__programme",
    )
    return rows.filter(public_id=public_id).first()


def check_reader(membership: Membership, *, now: datetime) -> None:
    """That the person may still answer for the partner. Asked before anything of the offer is shown.

    Raises:
        Refusal: the membership has ended, the account is closed, or no job role of theirs works leads any more.
    """
    if not in_force_now(membership, now) or not membership.user.is_active:
        raise Refusal(
            _("You are not a member of %(partner)s any more, so this link is void.") % {"partner": membership.partner},
            remedy=_("Nothing was accepted by it. Your former colleagues have links of their own."),
            code="not_a_member",
        )
    if not list_able(now).filter(pk=membership.pk).exists():
        raise Refusal(
            _("Your job role does not include working leads any more, so this link is void."),
            remedy=_("The owner of your organisation can give you a role that does. Your colleagues can still accept."),
            code="job_role",
        )


def explain_over(telling: Telling, *, now: datetime) -> Refusal | None:
    """Why nothing can be accepted by the link any more; None while it can. Asked after :func:`check_reader`."""
    return explain_closed(telling.offer, now=now)


@transaction.atomic
def accept_by_link(telling: Telling, *, now: datetime) -> Telling:
    """Take the lead for the partner, as the person whose link it is.

    1. Lock the partner, so that neither the membership nor its job roles change meanwhile, and check the person.
    2. Accept by the same service as on the portal's page: its locks, its gate.
    3. Mark the link as used: of two at once the second has found the offer accepted already.

    Raises:
        Refusal: as :func:`check_reader` and :func:`portal.leads.services.offers.accept_offer`; or the link was used.
    """
    Partner.objects.select_for_update().get(pk=telling.membership.partner_id)
    membership = Membership.objects.select_related("user", "partner").get(pk=telling.membership_id)
    check_reader(membership, now=now)
    person: User = membership.user
    accept_offer(telling.offer, by=person, now=now)
    if not Telling.objects.filter(pk=telling.pk, used_at__isnull=True).update(used_at=now):
        raise Refusal(
            _("This link was used already, and works once."),
            remedy=_("Sign in to see what became of the lead."),
            code="used",
        )
    telling.used_at = now
    return telling


def find_taken_by_link(offer_ids: Iterable[int]) -> set[int]:
    """Which of these offers were accepted by a link."""
    used = Telling.objects.filter(offer__in=list(offer_ids), used_at__isnull=False)
    return set(used.order_by().values_list("offer_id", flat=True))
