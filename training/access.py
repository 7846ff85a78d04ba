"""Who may read what: asked here by pages, lists, search, courses and citations alike.

The rule itself stands beside the fields, in two forms that the tests hold together: ``MaterialPage.closed_audience``
for one page, ``MaterialQuerySet.open_to`` for many.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from portal.content.access import may_read_all
from portal.core.errors import NotAllowed
from portal.partners.models import Audience, Membership, in_force_now
from training.models import MaterialPage, MaterialQuerySet


@dataclass(frozen=True)
class Reader:
    """Who reads: a person, the membership they read under, and the audiences that are open to it now.

    Someone of the vendor's staff reads everything. One who is also a partner's member reads lists as that member does.
    """

    user: Any
    membership: Membership | None
    now: datetime
    audience_ids: frozenset[int]
    reads_all: bool

    def filter_open(self, materials: MaterialQuerySet) -> Any:
        """Only what the reader may read, of any material type."""
        if self.reads_all:
            return materials.live()
        return materials.open_to(self.audience_ids) if self.membership else materials.none()


def describe_reader(user: Any, membership: Membership | None, *, now: datetime) -> Reader:
    """The reader with what is open to them: at most two queries, none for a person who is nobody here."""
    if membership is not None and in_force_now(membership, now):
        open_now = frozenset(Audience.objects.open_to(membership, now).values_list("pk", flat=True))
        return Reader(user, membership, now, open_now, reads_all=False)
    return Reader(user, None, now, frozenset(), reads_all=may_read_all(user))


def find_reader(request: HttpRequest) -> Reader:
    """The reader of this request. Asked of the database each time: a right that was lost is lost at once.

    Raises:
        NotAllowed: for a person who is neither a partner's member nor the vendor's staff.
    """
    reader = describe_reader(request.user, getattr(request, "membership", None), now=timezone.now())
    if reader.membership is None and not reader.reads_all:
        raise NotAllowed(
            _("The library is for the members of partners, and you are a member of none now."),
            remedy=_("The owner of a partner organisation can invite you."),
            code="not_a_member",
        )
    return reader


def check_material(page: MaterialPage, reader: Reader) -> None:
    """Let the reader pass if the material, and the guide or course it belongs to, is open to them.

    Raises:
        NotAllowed: naming for whom it is, and what would change the answer.
    """
    if reader.reads_all:
        return
    closed = page.closed_audience(reader.audience_ids)
    if closed is not None and not may_read_all(reader.user):
        raise explain_refusal(closed, reader)


def explain_refusal(audience: Audience, reader: Reader) -> NotAllowed:
    """Why the reader is not in the audience: its first condition that they do not meet, and what would change that."""
    membership = reader.membership
    if membership is None:
        return NotAllowed(_("This material is for the members of partners."), code="not_a_member")
    partner = membership.partner
    roles = list(audience.job_roles.all())
    if roles and not {role.pk for role in roles} & {role.pk for role in membership.job_roles}:
        return NotAllowed(
            _("This material is for people in these job roles: %(names)s.") % {"names": _join(roles)},
            remedy=_("The owner of your organisation can give you such a role."),
            code="job_role",
        )
    tiers = list(audience.tiers.all())
    if tiers and partner.tier_id not in {tier.pk for tier in tiers}:
        return NotAllowed(
            _("This material is for partners of these tiers: %(names)s.") % {"names": _join(tiers)},
            remedy=_("Your organisation is at the tier “%(tier)s”. The material opens when it rises.")
            % {"tier": partner.tier},
            code="tier",
        )
    kinds = list(audience.kinds.all())
    if kinds and partner.kind_id not in {kind.pk for kind in kinds}:
        return NotAllowed(
            _("This material is for partners of another kind: %(names)s.") % {"names": _join(kinds)},
            remedy=_("If your organisation has changed, tell your channel manager."),
            code="kind",
        )
    products = list(audience.products.all())
    if products and not partner.products.filter(pk__in=[product.pk for product in products]).exists():
        return NotAllowed(
            _("This material is for partners that work with: %(names)s.") % {"names": _join(products)},
            remedy=_("Ask your channel manager to add the product to your organisation."),
            code="product",
        )
    if audience.language and audience.language != reader.user.language:
        return NotAllowed(
            _("This material is for readers of another language."),
            remedy=_("You can change your language in your preferences."),
            code="language",
        )
    return NotAllowed(
        _("This material opens with a credential that you do not hold now."),
        remedy=_("Pass the exam that it belongs to, and it opens at once."),
        code="entitlement",
    )


def _join(rows: list[Any]) -> str:
    return get_text_list([str(row) for row in rows], pgettext("between the last two of several names", "or"))
