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
from wagtail.models import Collection, Page
from wagtail.permissions import policy_registry

from portal.accounts.models import User
from portal.content.access import may_read_all
from portal.content.models import Image
from portal.core.errors import NotAllowed
from portal.partners.models import Audience, JobRole, Membership, Partner, PartnerStatus, Tier, in_force_now
from portal.partners.registry import find_key
from portal.partners.services.acting import find_open_audiences
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

    @property
    def tier_id(self) -> int | None:
        """The tier that the reader's partner is at: prices are less by its discount."""
        return self.membership.partner.tier_id if self.membership else None

    @property
    def country(self) -> str:
        """Where the reader's partner is, in two letters; empty for staff. A price list opens at the country's market.

        Only pages of a type that says ``differs_by_country`` may depend on it: it is part of what they are kept under.
        """
        return self.membership.partner.country if self.membership else ""

    def filter_open(self, materials: MaterialQuerySet) -> Any:
        """Only what the reader may read, of any material type."""
        if self.reads_all:
            return materials.live()
        return materials.open_to(self.audience_ids) if self.membership else materials.none()

    def filter_few_open(self, materials: MaterialQuerySet) -> Any:
        """The same of a few pages, which are looked up one by one."""
        if self.reads_all:
            return materials.live()
        return materials.open_to_one_by_one(self.audience_ids) if self.membership else materials.none()


def describe_reader(user: Any, membership: Membership | None, *, now: datetime) -> Reader:
    """The reader with what is open to them: one query, none for a person who is nobody here."""
    if membership is not None and in_force_now(membership, now):
        return Reader(user, membership, now, find_open_audiences(membership, now=now), reads_all=False)
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


def may_verify(user: Any, page: MaterialPage) -> bool:
    """Say that a material is still true: its owner, and whoever may edit it, as long as they work for the vendor."""
    return may_read_all(user) and (page.owner_id == user.pk or page.permissions_for_user(user).can_edit())


def may_see_courses(user: Any) -> bool:
    """See how people of all partners fare in the courses."""
    return bool(user.has_perm("training.view_enrolment"))


def may_waive_lessons(user: Any) -> bool:
    """Let people off lessons that they need not study."""
    return bool(user.has_perm("training.add_lessoncompletion"))


def may_run_webinars(user: Any) -> bool:
    """Publish, move and cancel sessions, see who comes, answer questions: editors and channel managers."""
    return bool(user.has_perm("training.change_session"))


def may_close_remarks(user: Any) -> bool:
    """Answer readers who say that something is wrong."""
    return bool(user.has_perm("training.change_remark"))


def may_read_attendance(user: Any) -> bool:
    """Read providers' reports of sessions in, see who was there, and say who somebody unknown was."""
    return bool(user.has_perm("training.add_attendancefile"))


def may_close_corrections(user: Any) -> bool:
    """Answer members who say that their attendance is not right."""
    return bool(user.has_perm("training.change_correction"))


def may_see_reach(user: Any) -> bool:
    """See what was changed and whom it reached, and remind those whom it did not."""
    return bool(user.has_perm("training.view_change"))


@dataclass(frozen=True)
class ImaginedSeller:
    """A seller whom an editor imagines for a preview.

    Attributes:
        closed: why the page is closed to them whatever else is true; empty where it is not.
        conditions: what else their partner would have to be or have.
    """

    reader: Reader
    tier: Tier | None
    closed: str
    conditions: tuple[str, ...]


def imagine_seller(page: MaterialPage, tier: Tier | None, *, now: datetime) -> ImaginedSeller:
    """A seller of a partner at a tier who reads the page's language: its audiences judged by tier, job role and language.

    Nothing is known of the partner's kind and products, nor of credentials: what an audience asks of these is told.
    """
    roles = list(JobRole.objects.filter(works_leads=True, manages_members=False, leads_team=False))
    role_ids = {role.pk for role in roles}
    language = page.locale.language_code
    known = Audience.objects.prefetch_related("tiers", "job_roles", "kinds", "products")
    refusals = {audience.pk: _why_closed(audience, tier, role_ids, language) for audience in known}
    open_ids = frozenset(pk for pk, why in refusals.items() if not why)
    partner = Partner(name="", tier=tier, status=PartnerStatus.ACTIVE)
    seller = User(language=language)  # nobody in particular, so that none of the editor's own progress is shown
    membership = Membership(partner=partner, user=seller, started_at=now)
    membership.job_roles = roles[:1]
    reader = Reader(seller, membership, now, open_ids, reads_all=False)
    closed = page.closed_audience(open_ids)
    conditions = [_describe_conditions(audience) for audience in page.audiences]
    return ImaginedSeller(
        reader,
        tier,
        refusals[closed.pk] if closed else "",
        tuple(dict.fromkeys(line for lines in conditions for line in lines)) if not closed else (),
    )


def _why_closed(audience: Audience, tier: Tier | None, role_ids: set[int], language: str) -> str:
    """Why no such seller is in the audience; empty where one may be."""
    roles, tiers = list(audience.job_roles.all()), list(audience.tiers.all())
    if roles and not role_ids & {role.pk for role in roles}:
        return _("This material is for people in these job roles: %(names)s.") % {"names": _join(roles)}
    if tiers and (tier is None or tier.pk not in {one.pk for one in tiers}):
        return _("This material is for partners of these tiers: %(names)s.") % {"names": _join(tiers)}
    if audience.language not in {"", language}:
        return _("This material is for readers of another language.")
    return ""


def _describe_conditions(audience: Audience) -> list[str]:
    """What an audience asks beyond tier, job role and language."""
    lines = []
    if kinds := list(audience.kinds.all()):
        lines.append(_("Only for partners of this kind: %(names)s.") % {"names": _join(kinds)})
    if products := list(audience.products.all()):
        lines.append(_("Only for partners that work with: %(names)s.") % {"names": _join(products)})
    if audience.entitlement:
        asked = find_key(audience.entitlement)
        lines.append(_("Only for those who hold this now: %(name)s.") % {"name": asked.name})
    return lines


def may_translate(user: Any) -> bool:
    """See what is translated into which language, and what has fallen behind."""
    return bool(user.has_perm("wagtail_localize.submit_translation"))


def may_add_below(page: Page, user: Any) -> bool:
    """Write new pages below a page, by hand or by importing them."""
    return bool(user.is_authenticated and page.permissions_for_user(user).can_add_subpage())


def find_picture_collection(user: Any) -> Collection | None:
    """Where the person's new pictures go: the first collection that they may add to."""
    policy = policy_registry.get_by_type(Image)
    return policy.collections_user_has_permission_for(user, "add").order_by("path").first()


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
    asked = find_key(audience.entitlement)
    return NotAllowed(
        _("This material is for those who hold this now: %(name)s.") % {"name": asked.name},
        remedy=asked.remedy or _("Your channel manager can tell you how to come to hold it."),
        code="entitlement",
    )


def _join(rows: list[Any]) -> str:
    return get_text_list([str(row) for row in rows], pgettext("between the last two of several names", "or"))
