"""A page tree, and people of every kind that reads it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from portal.accounts.models import User
from portal.core.localised import LocalisedText
from portal.partners.models import (
    Audience,
    JobRole,
    Membership,
    MembershipRole,
    Partner,
    PartnerKind,
    Tier,
)


@pytest.fixture
def rows(db) -> SimpleNamespace:
    """The vendor's rows: two kinds, tiers and job roles."""

    def named(model, slug, **fields):
        return model.objects.create(slug=slug, name=LocalisedText(en=slug.title(), ru=slug.title()), **fields)

    return SimpleNamespace(
        reseller=named(PartnerKind, "reseller"),
        integrator=named(PartnerKind, "integrator"),
        silver=named(Tier, "silver", rank=2),
        gold=named(Tier, "gold", rank=3),
        owner=named(JobRole, "owner", manages_members=True),
        seller=named(JobRole, "seller", works_leads=True),
    )


@pytest.fixture
def add_member(rows):
    """``add_member(role=..., tier=..., kind=...)``: a member of a new partner."""
    made = []

    def add(*, role=None, tier=None, kind=None, partner=None, language="en") -> Membership:
        number = len(made) + 1
        long_ago = timezone.now() - timedelta(days=30)
        partner = partner or Partner.objects.create(
            name=f"Partner {number}", kind=kind or rows.reseller, tier=tier or rows.silver, country="DE"
        )
        user = User.objects.create_user(f"member{number}@example.com", "a long password", language=language)
        membership = Membership.objects.create(partner=partner, user=user, started_at=long_ago)
        MembershipRole.objects.create(membership=membership, role=role or rows.seller, started_at=long_ago)
        made.append(membership)
        return membership

    return add


@pytest.fixture
def member(add_member) -> Membership:
    return add_member()


@pytest.fixture
def staff(db) -> User:
    """An editor of the vendor: enters the admin by the permission of a group, as Wagtail's editors do."""
    user = User.objects.create_user("editor@example.com", "a long password", is_staff=True)
    group = Group.objects.create(name="Staff for tests")
    group.permissions.add(Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"))
    user.groups.add(group)
    return user


@pytest.fixture
def signed_in(client):
    """``signed_in(membership or user)``: a client with that person signed in."""

    def sign_in(person):
        client.force_login(getattr(person, "user", person))
        return client

    return sign_in


@pytest.fixture
def owners_only(rows) -> Audience:
    audience = Audience.objects.create(name="Owners")
    audience.job_roles.add(rows.owner)
    return audience


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    """Files of a test go with it."""
    settings.MEDIA_ROOT = tmp_path
