"""Channel managers' screens: what has consequences goes through the services."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from portal.partners.models import (
    AgreementVersion,
    Audience,
    Invitation,
    Membership,
    Partner,
    PartnerKind,
    Tier,
    TierPeriod,
)
from tests.factories.accounts import UserFactory
from tests.factories.content import ProductFactory
from tests.factories.partners import (
    AcceptanceFactory,
    AgreementVersionFactory,
    AudienceFactory,
    EntitlementFactory,
    InvitationFactory,
    JobRoleFactory,
    MembershipFactory,
    PartnerFactory,
    PartnerKindFactory,
    TierFactory,
)

pytestmark = pytest.mark.django_db


def manager(*permissions):
    """Staff with these permissions on partners' models, and entry to the admin."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=[*permissions, "access_admin"]).exclude(content_type__app_label="auth")
    )
    return user


@pytest.fixture
def admin(client):
    client.force_login(UserFactory(staff=True))
    return client


def described(partner, **changes):
    return {
        "name": partner.name,
        "kind": partner.kind_id,
        "tier": partner.tier_id,
        "status": partner.status,
        "status_reason": "",
        "country": partner.country,
        "language": partner.language,
        "time_zone": "Europe/Berlin",
        **changes,
    }


def test_a_new_partner_is_registered_with_its_history(admin, facts):
    kind, tier = PartnerKindFactory(), TierFactory(rank=1)
    form = described(PartnerFactory.build(kind=kind, tier=tier, name="Alder"), country="fr")
    assert admin.get(reverse("partners_admin:add")).status_code == 200
    assert admin.post(reverse("partners_admin:add"), form).status_code == 302
    partner = Partner.objects.get(name="Alder")
    assert partner.country == "FR"
    assert TierPeriod.objects.get(partner=partner).tier == tier
    assert facts("partners_registered") == [{"partner_ids": [partner.pk]}]


def test_changing_tier_and_status_bumps_the_standing_and_keeps_the_history(admin, facts):
    partner = PartnerFactory()
    gold = TierFactory(rank=3)
    url = reverse("partners_admin:edit", args=[partner.pk])
    form = described(partner, name="Renamed", tier=gold.pk, status="suspended", status_reason="Late")
    assert admin.post(url, form).status_code == 302
    changed = Partner.objects.get(pk=partner.pk)
    assert (changed.name, changed.tier, changed.status, changed.status_reason) == ("Renamed", gold, "suspended", "Late")
    assert changed.standing_version == partner.standing_version + 2
    assert TierPeriod.objects.filter(partner=partner).count() == 2
    assert len(facts("tier_changed")) == len(facts("partner_status_changed")) == 1


def test_changing_a_name_does_not_touch_the_standing(admin):
    partner = PartnerFactory()
    admin.post(reverse("partners_admin:edit", args=[partner.pk]), described(partner, name="Renamed"))
    changed = Partner.objects.get(pk=partner.pk)
    assert (changed.name, changed.standing_version) == ("Renamed", partner.standing_version)


def test_the_partners_screen_shows_members_papers_and_history(admin):
    partner = PartnerFactory()
    acceptance = AcceptanceFactory(partner=partner)
    former = MembershipFactory(partner=partner, ended_at="2024-01-01T00:00Z")
    InvitationFactory(partner=partner, email="waiting@example.com")
    EntitlementFactory(user=acceptance.accepted_by, key="certified-crm")
    page = admin.get(reverse("partners_admin:edit", args=[partner.pk])).content.decode()
    for text in (
        acceptance.accepted_by.email,
        acceptance.text_digest[:16],
        str(former.user),
        "waiting@example.com",
        "certified-crm",
        "Tier 1:",
    ):
        assert text in page


def test_staff_invite_the_first_owner(admin):
    partner = PartnerFactory()
    url = reverse("partners_admin:invite", args=[partner.pk])
    assert admin.get(url).status_code == 200
    role = JobRoleFactory(owner=True)
    assert admin.post(url, {"email": "boss@example.com", "roles": [role.pk], "language": "en"}).status_code == 302
    assert Invitation.objects.get().partner == partner


def test_staff_change_job_roles_and_end_a_membership_even_of_the_last_owner(admin):
    owner = MembershipFactory(roles=["owner"])
    seller = JobRoleFactory(seller=True)
    assert admin.get(reverse("partners_admin:roles", args=[owner.pk])).status_code == 200
    assert admin.post(reverse("partners_admin:roles", args=[owner.pk]), {"roles": [seller.pk]}).status_code == 302
    assert [role.slug for role in Membership.objects.get(pk=owner.pk).job_roles] == ["seller"]
    page = admin.get(reverse("partners_admin:leave", args=[owner.pk])).content.decode()
    assert "no new leads" in page
    assert admin.post(reverse("partners_admin:leave", args=[owner.pk])).status_code == 302
    assert Membership.objects.get(pk=owner.pk).ended_at


def test_staff_withdraw_an_acceptance_with_a_reason(admin):
    acceptance = AcceptanceFactory()
    url = reverse("partners_admin:withdraw", args=[acceptance.pk])
    assert admin.get(url).status_code == 200
    assert admin.post(url, {"reason": ""}).status_code == 200
    assert admin.post(url, {"reason": "Asked for it"}).status_code == 302
    acceptance.refresh_from_db()
    assert acceptance.withdrawn_at
    assert acceptance.withdrawal_reason == "Asked for it"
    refused = admin.post(url, {"reason": "Again"})
    assert "withdrawn already" in refused.content.decode()


def test_an_agreement_is_published_and_never_changed(admin):
    assert admin.get(reverse("agreements:add")).status_code == 200
    form = {"title_en": "Terms", "title_ru": "Условия", "body_en": "Be honest.", "body_ru": "Будьте честны."}
    past = admin.post(reverse("agreements:add"), form | {"effective_from": "2020-01-01 00:00"})
    assert past.status_code == 200
    assert admin.post(reverse("agreements:add"), form | {"effective_from": "2090-01-01 00:00"}).status_code == 302
    version = AgreementVersion.objects.get()
    assert (version.number, version.title["ru"]) == (1, "Условия")
    assert admin.get(reverse("agreements:inspect", args=[version.pk])).status_code == 200
    assert admin.get(reverse("agreements:edit", args=[version.pk])).status_code == 302
    assert admin.get(reverse("agreements:delete", args=[version.pk])).status_code == 302


def test_the_vendor_adds_its_own_words_and_audiences(admin):
    words = {"name_en": "Dealer", "name_ru": "Дилер", "slug": "dealer", "order": 1}
    assert admin.post(reverse("partner_kinds:add"), words).status_code == 302
    kind = PartnerKind.objects.get(slug="dealer")
    answer = admin.post(reverse("audiences:add"), {"name": "Dealers", "kinds": [kind.pk]})
    assert answer.status_code == 302
    assert list(Audience.objects.get().kinds.all()) == [kind]


@pytest.mark.parametrize("name", ["partners_admin", "memberships", "agreements", "audiences", "partner_kinds",
                                  "job_roles", "regions", "tiers"])  # fmt: skip
def test_every_list_opens(admin, name):
    MembershipFactory(roles=["owner"])
    AgreementVersionFactory()
    assert admin.get(reverse(f"{name}:index")).status_code == 200


def test_a_channel_manager_needs_the_permission_for_each_act(client):
    partner = PartnerFactory()
    acceptance = AcceptanceFactory(partner=partner)
    urls = [
        reverse("partners_admin:edit", args=[partner.pk]),
        reverse("partners_admin:invite", args=[partner.pk]),
        reverse("partners_admin:roles", args=[acceptance.membership.pk]),
        reverse("partners_admin:leave", args=[acceptance.membership.pk]),
        reverse("partners_admin:withdraw", args=[acceptance.pk]),
    ]
    client.force_login(manager("change_tier"))
    assert {client.get(url).status_code for url in urls} == {302}
    client.force_login(manager("change_partner"))
    assert {client.get(url).status_code for url in urls} == {200}


def test_a_partners_member_has_no_way_into_the_admin(client):
    client.force_login(MembershipFactory(roles=["owner"]).user)
    answer = client.get(reverse("partners_admin:index"))
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("make", "screen", "condition"),
    [
        (lambda: TierFactory(rank=9), "tiers", "tiers"),
        (PartnerKindFactory, "partner_kinds", "kinds"),
        (lambda: JobRoleFactory(engineer=True), "job_roles", "job_roles"),
        (ProductFactory, "products", "products"),
    ],
)
def test_what_an_audience_names_is_not_deleted_so_that_the_audience_does_not_open_to_all(
    admin, now, make, screen, condition
):
    row, audience, member = make(), AudienceFactory(), MembershipFactory(roles=[])
    getattr(audience, condition).add(row)
    answer = admin.post(reverse(f"{screen}:delete", args=[row.pk]), follow=True)
    assert type(row).objects.filter(pk=row.pk).exists()
    assert "audience" in answer.content.decode()
    assert not audience.admits(member, now)


def test_a_row_in_use_is_not_deleted_and_one_that_nothing_names_is(admin):
    used, free = PartnerFactory().tier, TierFactory(rank=9)
    assert "in use" in admin.post(reverse("tiers:delete", args=[used.pk]), follow=True).content.decode()
    admin.post(reverse("tiers:delete", args=[free.pk]))
    assert list(Tier.objects.values_list("pk", flat=True)) == [used.pk]
