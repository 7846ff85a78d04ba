"""Partners and the people in them."""

from datetime import UTC, datetime

import factory
from django.utils import timezone

from portal.partners.models import (
    Acceptance,
    AgreementVersion,
    Audience,
    Entitlement,
    Invitation,
    JobRole,
    Membership,
    MembershipRole,
    Partner,
    PartnerKind,
    Region,
    Tier,
    TierPeriod,
)
from portal.partners.services.memberships import INVITATION_LASTS, digest_token, make_token
from tests.factories.accounts import UserFactory

#: When everything began: before any moment that a test speaks of.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _named(words: str) -> factory.Sequence:
    return factory.Sequence(lambda number: {"en": f"{words} {number}", "ru": f"{words} {number} по-русски"})


class RegionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Region

    slug = factory.Sequence(lambda number: f"region-{number}")
    name = _named("Region")


class PartnerKindFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PartnerKind

    slug = factory.Sequence(lambda number: f"kind-{number}")
    name = _named("Kind")


class JobRoleFactory(factory.django.DjangoModelFactory):
    """A job role; ``owner``, ``head`` and ``seller`` are traits with the powers that the demo's roles have."""

    class Meta:
        model = JobRole
        django_get_or_create = ("slug",)

    class Params:
        owner = factory.Trait(slug="owner", manages_members=True, works_leads=True, leads_team=True)
        head = factory.Trait(slug="head", works_leads=True, leads_team=True)
        seller = factory.Trait(slug="seller", works_leads=True)
        engineer = factory.Trait(slug="engineer")

    slug = factory.Sequence(lambda number: f"role-{number}")
    name = _named("Role")


class TierFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tier
        django_get_or_create = ("rank",)

    rank = factory.Sequence(lambda number: number + 1)
    slug = factory.LazyAttribute(lambda tier: f"tier-{tier.rank}")
    name = factory.LazyAttribute(lambda tier: {"en": f"Tier {tier.rank}", "ru": f"Уровень {tier.rank}"})


class PartnerFactory(factory.django.DjangoModelFactory):
    """An active partner. ``agreed=True`` has also accepted the agreement in effect (made where there is none)."""

    class Meta:
        model = Partner
        skip_postgeneration_save = True

    name = factory.Sequence(lambda number: f"Partner {number}")
    kind = factory.SubFactory(PartnerKindFactory)
    tier = factory.SubFactory(TierFactory, rank=1)
    country = "DE"
    language = "en"
    time_zone = "UTC"
    registered_at = LONG_AGO

    @factory.post_generation
    def tier_period(self, create, extracted, **kwargs):
        if create:
            TierPeriod.objects.create(partner=self, tier=self.tier, started_at=LONG_AGO)

    @factory.post_generation
    def agreed(self, create, extracted, **kwargs):
        if create and extracted:
            AcceptanceFactory(partner=self)


class MembershipFactory(factory.django.DjangoModelFactory):
    """An open membership. ``roles=["owner"]`` gives job roles by slug (or ``JobRole`` rows); a seller if not said."""

    class Meta:
        model = Membership
        skip_postgeneration_save = True

    partner = factory.SubFactory(PartnerFactory)
    user = factory.SubFactory(UserFactory)
    started_at = LONG_AGO

    @factory.post_generation
    def roles(self, create, extracted, **kwargs):
        if not create:
            return
        for role in ["seller"] if extracted is None else extracted:
            row = role if isinstance(role, JobRole) else JobRoleFactory(**{role: True})
            MembershipRole.objects.create(membership=self, role=row, started_at=self.started_at, ended_at=self.ended_at)


class AgreementVersionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AgreementVersion
        django_get_or_create = ("number",)

    number = 1
    title = {"en": "Partner agreement", "ru": "Партнёрское соглашение"}
    body = {"en": "Be honest.\n\nBe quick.", "ru": "Будьте честны.\n\nБудьте быстры."}
    effective_from = LONG_AGO
    published_at = LONG_AGO


class AcceptanceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Acceptance

    partner = factory.SubFactory(PartnerFactory)
    version = factory.SubFactory(AgreementVersionFactory)
    membership = factory.SubFactory(MembershipFactory, partner=factory.SelfAttribute("..partner"), roles=["owner"])
    accepted_by = factory.SelfAttribute("membership.user")
    accepted_at = LONG_AGO
    text_digest = factory.LazyAttribute(lambda acceptance: acceptance.version.text_digest)


class InvitationFactory(factory.django.DjangoModelFactory):
    """A pending invitation as a seller; ``make_token(invitation)`` gives its link's token."""

    class Meta:
        model = Invitation
        skip_postgeneration_save = True

    partner = factory.SubFactory(PartnerFactory)
    email = factory.Sequence(lambda number: f"invited{number}@example.com")
    language = "en"
    invited_by = factory.SubFactory(UserFactory)
    invited_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyAttribute(lambda invitation: invitation.invited_at + INVITATION_LASTS)
    token_digest = factory.Sequence(lambda number: f"digest-{number}")

    @factory.post_generation
    def roles(self, create, extracted, **kwargs):
        if create:
            self.roles.set(extracted or [JobRoleFactory(seller=True)])
            self.token_digest = digest_token(make_token(self))
            self.save(update_fields=["token_digest"])


class EntitlementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Entitlement

    user = factory.SubFactory(UserFactory)
    key = "certified"
    evidence = factory.Sequence(lambda number: f"credential {number}")
    granted_at = LONG_AGO


class AudienceFactory(factory.django.DjangoModelFactory):
    """An audience that admits every member until something narrows it."""

    class Meta:
        model = Audience

    name = factory.Sequence(lambda number: f"Audience {number}")
