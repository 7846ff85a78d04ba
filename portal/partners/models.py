"""Partner organisations and everything about them that is true for a time.

History is kept as effective-dated rows: a row holds from ``started_at`` until ``ended_at`` (exclusive), and an open row
has no ``ended_at``. Nothing here is changed except by ``portal.partners.services``: each change that can affect a
partner's standing must bump ``Partner.standing_version`` in its own transaction.
"""

import hashlib
import json
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import (
    LowercaseEmailField,
    default_language,
    default_time_zone,
    language_choices,
    validate_time_zone,
)
from portal.content.models import Product
from portal.core.localised import LocalisedTextField
from portal.core.models import NamedInListsModel, PublicIdModel


def in_force(now: datetime, *, start: str = "started_at", end: str = "ended_at", prefix: str = "") -> Q:
    """The condition that an effective-dated row holds at ``now``: begun, and not ended by then."""
    return Q(**{f"{prefix}{start}__lte": now}) & (
        Q(**{f"{prefix}{end}__isnull": True}) | Q(**{f"{prefix}{end}__gt": now})
    )


# --- Rows that the vendor adds ---------------------------------------------------------------------------------------


class VendorRow(NamedInListsModel):
    """A row of the vendor's own vocabulary: it has a stable slug and a name in every language."""

    slug = models.SlugField(_("slug"), unique=True, help_text=_("Stable: imports and addresses use it."))
    name = LocalisedTextField(_("name"))
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        abstract = True
        ordering = ["order", "slug"]

    def __str__(self) -> str:
        return str(self.name) or self.slug


class Region(VendorRow):
    """Where a partner works and where a lead comes from."""

    class Meta(VendorRow.Meta):
        verbose_name = _("region")
        verbose_name_plural = _("regions")


class PartnerKind(VendorRow):
    """What a partner is to the vendor: integrator, reseller, referral agent and so on."""

    class Meta(VendorRow.Meta):
        verbose_name = _("kind of partner")
        verbose_name_plural = _("kinds of partner")


class JobRole(VendorRow):
    """What a member does in the partner, and what the portal lets people in that role do."""

    manages_members = models.BooleanField(
        _("manages members"),
        default=False,
        help_text=_("Acts for the partner as its owner: invites and removes members, accepts the agreement."),
    )
    works_leads = models.BooleanField(
        _("works leads"), default=False, help_text=_("Sees, accepts and works the leads offered to the partner.")
    )
    leads_team = models.BooleanField(
        _("leads the team"), default=False, help_text=_("Sees the team's members, credentials and leads.")
    )

    class Meta(VendorRow.Meta):
        verbose_name = _("job role")
        verbose_name_plural = _("job roles")


class Tier(NamedInListsModel):
    """A partner's level in the programme. A higher rank is a higher tier."""

    slug = models.SlugField(_("slug"), unique=True)
    name = LocalisedTextField(_("name"))
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True, help_text=_("A higher number is a higher tier."))

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["rank"]

    def __str__(self) -> str:
        return str(self.name) or self.slug


# --- Partners --------------------------------------------------------------------------------------------------------


class PartnerStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    ENDED = "ended", _("Ended")


#: The statuses in which a partner's members still take part: they sign in as its members and see where it stands.
PRESENT = (PartnerStatus.ACTIVE, PartnerStatus.SUSPENDED)


class PartnerQuerySet(models.QuerySet["Partner"]):
    def active(self) -> Self:
        return self.filter(status=PartnerStatus.ACTIVE)

    def with_current_agreement(self, now: datetime) -> Self:
        """Partners that accepted the agreement version in effect at ``now`` and have not withdrawn from it by then.

        No partner is among them while no version is in effect: there is nothing yet to stand on.
        """
        return self.filter(
            Exists(
                Acceptance.objects.in_force(now).filter(
                    partner=OuterRef("pk"), version=Subquery(AgreementVersion.objects.in_effect(now).values("pk")[:1])
                )
            )
        )


class Partner(PublicIdModel):
    """An organisation that sells or implements the vendor's products."""

    name = models.CharField(_("name"), max_length=200)
    kind = models.ForeignKey(PartnerKind, on_delete=models.PROTECT, related_name="partners", verbose_name=_("kind"))
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="partners", verbose_name=_("tier"))
    status = models.CharField(_("status"), max_length=10, choices=PartnerStatus.choices, default=PartnerStatus.ACTIVE)
    status_reason = models.CharField(
        _("reason for the status"), max_length=300, blank=True, help_text=_("The partner's members read this.")
    )
    status_since = models.DateTimeField(_("status since"), default=timezone.now, editable=False)
    country = models.CharField(_("country"), max_length=2, help_text=_("Two letters, such as DE."))
    language = models.CharField(_("language"), max_length=10, choices=language_choices, default=default_language)
    time_zone = models.CharField(
        _("time zone"), max_length=60, default=default_time_zone, validators=[validate_time_zone]
    )
    regions = models.ManyToManyField(Region, blank=True, related_name="partners", verbose_name=_("regions"))
    products = models.ManyToManyField(Product, blank=True, related_name="partners", verbose_name=_("products"))
    registered_at = models.DateTimeField(_("registered"), default=timezone.now)
    standing_version = models.PositiveIntegerField(
        default=1, editable=False, help_text=_("Counts the changes that can affect the partner's standing.")
    )

    objects = PartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=PartnerStatus.values), name="partners_partner_status_known"),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="partners_partner_country_code"),
        ]
        indexes = [
            # The gate and the staff's list: partners of a status.
            models.Index(fields=["status", "name"], name="partners_partner_status"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.status == PartnerStatus.ACTIVE

    @property
    def is_suspended(self) -> bool:
        return self.status == PartnerStatus.SUSPENDED


class TierPeriod(models.Model):
    """The tier that a partner held for a time. The open one equals ``Partner.tier``."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="tier_periods")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+", verbose_name=_("tier"))
    started_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("tier held")
        verbose_name_plural = _("tiers held")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner"], condition=Q(ended_at__isnull=True), name="partners_tierperiod_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="partners_tierperiod_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.tier}"


# --- Members ---------------------------------------------------------------------------------------------------------


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self, now: datetime) -> Self:
        """Memberships that hold at ``now``, in partners that have not ended."""
        return self.filter(in_force(now), partner__status__in=PRESENT)

    def for_partner(self, partner: Partner) -> Self:
        return self.filter(partner=partner)

    def admitted_to(self, audience: "Audience", now: datetime) -> Self:
        """Memberships that hold at ``now`` and belong to the audience: ``AudienceQuerySet.open_to``, asked the other way.

        Four small queries for what the audience names, and conditions on this one.
        """
        members = self.active(now)
        if kinds := list(audience.kinds.values_list("pk", flat=True)):
            members = members.filter(partner__kind__in=kinds)
        if tiers := list(audience.tiers.values_list("pk", flat=True)):
            members = members.filter(partner__tier__in=tiers)
        if roles := list(audience.job_roles.values_list("pk", flat=True)):
            held = MembershipRole.objects.filter(membership=OuterRef("pk"), ended_at__isnull=True, role__in=roles)
            members = members.filter(Exists(held))
        if products := list(audience.products.values_list("pk", flat=True)):
            sold = Partner.products.through.objects.filter(partner=OuterRef("partner"), product__in=products)
            members = members.filter(Exists(sold))
        if audience.language:
            members = members.filter(user__language=audience.language)
        if audience.entitlement:
            entitled = Entitlement.objects.in_force(now).filter(user=OuterRef("user"), key=audience.entitlement)
            members = members.filter(Exists(entitled))
        return members

    def with_roles(self) -> Self:
        """Load the partner with its tier and kind in the same query, and the open job roles in one more."""
        return self.select_related("partner__tier", "partner__kind").prefetch_related(
            models.Prefetch(
                "held_roles",
                queryset=MembershipRole.objects.filter(ended_at__isnull=True)
                .select_related("role")
                .order_by("role__order", "role__slug"),
                to_attr="open_held_roles",
            )
        )


class Membership(PublicIdModel):
    """That a person works for a partner, from when until when."""

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("partner")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("person")
    )
    started_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)
    roles = models.ManyToManyField(
        JobRole, through="MembershipRole", related_name="memberships", verbose_name=_("job roles")
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["started_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "user"], condition=Q(ended_at__isnull=True), name="partners_membership_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="partners_membership_ends_after_start",
            ),
        ]
        indexes = [
            # request.membership: the open memberships of the person who asks.
            models.Index(fields=["user"], condition=Q(ended_at__isnull=True), name="partners_membership_user_open"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.partner}"

    @cached_property
    def job_roles(self) -> list[JobRole]:
        """The job roles held now, in the vendor's order. No query after ``with_roles()``, one otherwise."""
        held = getattr(self, "open_held_roles", None)
        if held is None:
            held = self.held_roles.filter(ended_at__isnull=True).select_related("role")
            held = held.order_by("role__order", "role__slug")
        return [row.role for row in held]


class MembershipRoleQuerySet(models.QuerySet["MembershipRole"]):
    def active(self, now: datetime) -> Self:
        return self.filter(in_force(now))


class MembershipRole(models.Model):
    """The job role that a member held for a time."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="held_roles")
    role = models.ForeignKey(JobRole, on_delete=models.PROTECT, related_name="held", verbose_name=_("job role"))
    started_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = MembershipRoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("job role held")
        verbose_name_plural = _("job roles held")
        ordering = ["started_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "role"],
                condition=Q(ended_at__isnull=True),
                name="partners_membershiprole_one_open",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="partners_membershiprole_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership}: {self.role}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def pending(self) -> Self:
        """Neither accepted nor cancelled; an expired one is still pending and can be sent again."""
        return self.filter(accepted_at__isnull=True, cancelled_at__isnull=True)

    def for_partner(self, partner: Partner) -> Self:
        return self.filter(partner=partner)


class Invitation(PublicIdModel):
    """An owner's invitation to join the partner. The link's token is kept only as a digest."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="invitations")
    email = LowercaseEmailField(_("e-mail address"))
    language = models.CharField(_("language"), max_length=10, choices=language_choices, default=default_language)
    roles = models.ManyToManyField(JobRole, related_name="+", verbose_name=_("job roles"))
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("invited by")
    )
    invited_at = models.DateTimeField(_("invited"))
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="invitations"
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-invited_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "email"],
                condition=Q(accepted_at__isnull=True, cancelled_at__isnull=True),
                name="partners_invitation_one_pending",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(cancelled_at__isnull=True),
                name="partners_invitation_accepted_or_cancelled",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, membership__isnull=True)
                | Q(accepted_at__isnull=False, membership__isnull=False),
                name="partners_invitation_accepted_by_a_member",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} → {self.partner}"

    @property
    def is_pending(self) -> bool:
        return self.accepted_at is None and self.cancelled_at is None

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at <= now


# --- Agreement -------------------------------------------------------------------------------------------------------


class AgreementVersionQuerySet(models.QuerySet["AgreementVersion"]):
    def in_effect(self, now: datetime) -> Self:
        """Versions whose time has come, the one that counts first."""
        return self.filter(effective_from__lte=now).order_by("-effective_from", "-number")

    def current(self, now: datetime) -> "AgreementVersion | None":
        """The one version that counts at ``now``, or None while none has come into effect."""
        return self.in_effect(now).first()


class AgreementVersion(models.Model):
    """A published text of the partner agreement. Never changed after: people accepted exactly this."""

    number = models.PositiveIntegerField(_("number"), unique=True)
    title = LocalisedTextField(_("title"))
    body = LocalisedTextField(_("text"), multiline=True)
    effective_from = models.DateTimeField(_("in effect from"))
    published_at = models.DateTimeField(_("published"), default=timezone.now)

    objects = AgreementVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement version")
        verbose_name_plural = _("agreement versions")
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"

    @property
    def text_digest(self) -> str:
        """SHA-256 (hex) over number, title and text in every language: names the exact text that was accepted."""
        text = {"number": self.number, "title": dict(self.title), "body": dict(self.body)}
        return hashlib.sha256(json.dumps(text, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class AcceptanceQuerySet(models.QuerySet["Acceptance"]):
    def in_force(self, now: datetime) -> Self:
        return self.filter(in_force(now, start="accepted_at", end="withdrawn_at"))

    def for_partner(self, partner: Partner) -> Self:
        return self.filter(partner=partner)


class Acceptance(models.Model):
    """That a partner accepted a version: who, when, under which membership, and exactly which text."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="acceptances")
    version = models.ForeignKey(
        AgreementVersion, on_delete=models.PROTECT, related_name="acceptances", verbose_name=_("version")
    )
    accepted_at = models.DateTimeField(_("accepted"))
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("accepted by")
    )
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(_("language read"), max_length=10, default=default_language)
    text_digest = models.CharField(_("digest of the text"), max_length=64)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawal_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("acceptance")
        verbose_name_plural = _("acceptances")
        ordering = ["-accepted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "version"],
                condition=Q(withdrawn_at__isnull=True),
                name="partners_acceptance_one_open",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("accepted_at")),
                name="partners_acceptance_withdrawn_after",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.version}"


# --- Entitlements and audiences --------------------------------------------------------------------------------------


class EntitlementQuerySet(models.QuerySet["Entitlement"]):
    def in_force(self, now: datetime) -> Self:
        """Granted, not yet past its end, and not withdrawn by ``now``."""
        return self.filter(in_force(now, start="granted_at", end="until")).filter(
            Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=now)
        )


class Entitlement(models.Model):
    """What a person may see because of something proved elsewhere, such as a credential."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="entitlements", verbose_name=_("person")
    )
    key = models.SlugField(_("key"), max_length=80)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="entitlements"
    )
    evidence = models.CharField(
        _("evidence"), max_length=120, help_text=_("What proved it, such as “credential 4711”; one grant for each.")
    )
    granted_at = models.DateTimeField(_("granted"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = EntitlementQuerySet.as_manager()

    class Meta:
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        ordering = ["-granted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key", "evidence"],
                condition=Q(withdrawn_at__isnull=True),
                name="partners_entitlement_once_per_evidence",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.key}"


class AudienceQuerySet(models.QuerySet["Audience"]):
    def open_to(self, membership: Membership | None, now: datetime) -> Self:
        """Audiences that the member belongs to at ``now``: one query, and one more if job roles are not loaded.

        Every condition that an audience names must hold, and within one condition any of its rows is enough; an
        audience that names nothing admits every member. Without a membership that holds there is no audience at all.
        Suspension does not close the library: a suspended partner's people may go on learning.
        """
        if membership is None or not in_force_now(membership, now):
            return self.none()
        return self.admitting(
            user=membership.user_id,
            partner=membership.partner_id,
            kind=membership.partner.kind_id,
            tier=membership.partner.tier_id,
            job_roles=[role.pk for role in membership.job_roles],
            language=membership.user.language,
            now=now,
        )

    def admitting(
        self, *, user: Any, partner: Any, kind: Any, tier: Any, job_roles: Any, language: Any, now: Any
    ) -> Self:
        """The rule itself, of ids, of queries that find them, or of blanks for them."""
        sold = Partner.products.through.objects.filter(partner=partner).values("product")
        entitled = Entitlement.objects.in_force(now).filter(user=user).values("key")
        return self.filter(
            _any_or(Audience.kinds, partnerkind_id=kind),
            _any_or(Audience.tiers, tier_id=tier),
            _any_or(Audience.job_roles, jobrole_id__in=job_roles),
            _any_or(Audience.products, product_id__in=sold),
            Q(language="") | Q(language=language),
            Q(entitlement="") | Q(entitlement__in=entitled),
        )


def in_force_now(membership: Membership, now: datetime) -> bool:
    """Whether a loaded membership holds at ``now`` in a partner that has not ended."""
    return (
        membership.partner.status in PRESENT
        and membership.started_at <= now
        and (membership.ended_at is None or membership.ended_at > now)
    )


def _any_or(relation: Any, **wanted: Any) -> Q:
    """The audience names no row of this relation, or one of those wanted."""
    named = relation.through.objects.filter(audience=OuterRef("pk"))
    return Q(~Exists(named)) | Q(Exists(named.filter(**wanted)))


class Audience(models.Model):  # type: ignore[django-manager-missing]  # materials are pages; Wagtail publishes no types
    """Who may read a material. A page without an audience is open to every member."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    kinds = models.ManyToManyField(PartnerKind, blank=True, related_name="+", verbose_name=_("kinds of partner"))
    tiers = models.ManyToManyField(Tier, blank=True, related_name="+", verbose_name=_("tiers"))
    job_roles = models.ManyToManyField(JobRole, blank=True, related_name="+", verbose_name=_("job roles"))
    products = models.ManyToManyField(Product, blank=True, related_name="+", verbose_name=_("products"))
    entitlement = models.SlugField(
        _("entitlement"), max_length=80, blank=True, help_text=_("The key that a reader must hold. Empty: none.")
    )
    language = models.CharField(
        _("language"), max_length=10, blank=True, choices=language_choices, help_text=_("Empty: any language.")
    )

    objects = AudienceQuerySet.as_manager()

    class Meta:
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def admits(self, membership: Membership | None, now: datetime) -> bool:
        """Whether the member belongs to this audience at ``now``: the same rule, asked for one row."""
        return Audience.objects.open_to(membership, now).filter(pk=self.pk).exists()
