"""Every change that can affect standing bumps the partner's version in its own transaction."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Acceptance, AgreementVersion, Partner, TierPeriod
from portal.partners.services import agreements, entitlements, memberships, partners, tiers
from tests.factories.accounts import UserFactory
from tests.factories.content import ProductFactory
from tests.factories.partners import (
    AcceptanceFactory,
    AgreementVersionFactory,
    InvitationFactory,
    JobRoleFactory,
    MembershipFactory,
    PartnerFactory,
    RegionFactory,
    TierFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]


def join(partner, owner, now):
    memberships.start_membership(
        partner, user=UserFactory(), roles=[JobRoleFactory(seller=True)], by=owner.user, now=now
    )


def accept_invitation(partner, owner, now):
    person = UserFactory()
    memberships.accept_invitation(
        InvitationFactory(partner=partner, email=person.email, invited_at=now), by=person, now=now
    )


def leave(partner, owner, now):
    memberships.end_membership(MembershipFactory(partner=partner), by=owner.user, now=now)


def change_roles(partner, owner, now):
    memberships.assign_roles(
        MembershipFactory(partner=partner), roles=[JobRoleFactory(engineer=True)], by=owner.user, now=now
    )


def change_tier(partner, owner, now):
    tiers.set_tier(partner, tier=TierFactory(rank=2), by=owner.user, now=now)


def suspend(partner, owner, now):
    partners.change_status(partner, status="suspended", reason="Late", by=owner.user, now=now)


def accept_agreement(partner, owner, now):
    agreements.accept_agreement(
        partner, version=AgreementVersionFactory(), membership=owner, language="en", by=owner.user, now=now
    )


def withdraw_agreement(partner, owner, now):
    agreements.withdraw_acceptance(AcceptanceFactory(partner=partner, membership=owner), by=owner.user, now=now)


def describe(partner, **changes):
    """What ``change_partner`` is told of a partner: all as it is, but for the changes."""
    plain = ("name", "kind", "country", "language", "time_zone", "tier", "status", "status_reason")
    reach = {"regions": partner.regions.all(), "products": partner.products.all()}
    return {**{name: getattr(partner, name) for name in plain}, **reach, **changes}


def work_elsewhere(partner, owner, now):
    partners.change_partner(partner, **describe(partner, regions=[RegionFactory()]), by=owner.user, now=now)


def sell_something_else(partner, owner, now):
    partners.change_partner(partner, **describe(partner, products=[ProductFactory()]), by=owner.user, now=now)


@pytest.mark.parametrize(
    "change",
    [
        work_elsewhere,
        sell_something_else,
        join,
        accept_invitation,
        leave,
        change_roles,
        change_tier,
        suspend,
        accept_agreement,
        withdraw_agreement,
    ],
)
def test_the_change_bumps_the_standing_of_its_partner_alone_and_says_so(change, now, facts):
    owner = MembershipFactory(roles=["owner"])
    other = PartnerFactory()
    before = owner.partner.standing_version
    change(owner.partner, owner, now)
    owner.partner.refresh_from_db()
    assert owner.partner.standing_version == before + 1
    assert facts("partner_standing_changed") == [{"partner_ids": [owner.partner.pk]}]
    assert Partner.objects.get(pk=other.pk).standing_version == other.standing_version


def test_a_change_that_is_none_bumps_nothing(now, facts):
    partner = PartnerFactory()
    tiers.set_tier(partner, tier=partner.tier, by=None, now=now)
    partners.change_status(partner, status="active", by=None, now=now)
    partners.change_partner(partner, **describe(partner, name="Renamed"), by=None, now=now)
    assert facts("partner_standing_changed") == []


def test_a_change_rolled_back_bumps_nothing(now):
    partner = PartnerFactory()
    with transaction.atomic():
        change_tier(partner, MembershipFactory(), now)
        assert Partner.objects.get(pk=partner.pk).standing_version == partner.standing_version + 1
        transaction.set_rollback(True)
    assert Partner.objects.get(pk=partner.pk).standing_version == partner.standing_version


class TestTiers:
    def test_the_history_of_tiers_is_kept_without_a_gap(self, now):
        partner = PartnerFactory()
        silver = TierFactory(rank=2)
        tiers.set_tier(partner, tier=silver, by=None, now=now)
        latest, former = TierPeriod.objects.filter(partner=partner)
        assert (latest.tier, latest.started_at, latest.ended_at) == (silver, now, None)
        assert former.ended_at == now
        assert Partner.objects.get(pk=partner.pk).tier == silver

    def test_the_database_holds_one_tier_at_a_time(self, now):
        partner = PartnerFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            TierPeriod.objects.create(partner=partner, tier=partner.tier, started_at=now)

    def test_a_new_partner_begins_its_history(self, now, facts):
        partner = PartnerFactory.build(kind=PartnerFactory().kind, tier=TierFactory(rank=1))
        partners.register_partner(partner, by=None, now=now)
        assert TierPeriod.objects.get(partner=partner).started_at == now
        assert facts("partners_registered") == [{"partner_ids": [partner.pk]}]


class TestAgreement:
    def test_the_acceptance_says_who_when_and_exactly_which_text(self, now):
        owner = MembershipFactory(roles=["owner"])
        version = AgreementVersionFactory()
        acceptance = agreements.accept_agreement(
            owner.partner, version=version, membership=owner, language="ru", by=owner.user, now=now
        )
        assert (acceptance.accepted_by, acceptance.accepted_at, acceptance.language) == (owner.user, now, "ru")
        assert acceptance.text_digest == version.text_digest
        version.body = {**version.body, "en": "Be sly."}
        assert acceptance.text_digest != version.text_digest

    def test_accepting_twice_is_accepting_once(self, now):
        owner = MembershipFactory(roles=["owner"])
        options = {"version": AgreementVersionFactory(), "membership": owner, "language": "en", "by": owner.user}
        first = agreements.accept_agreement(owner.partner, **options, now=now)
        assert agreements.accept_agreement(owner.partner, **options, now=now + timedelta(days=1)) == first

    @pytest.mark.parametrize("role", ["seller", "head"])
    def test_only_an_owner_accepts(self, now, role):
        member = MembershipFactory(roles=[role])
        with pytest.raises(NotAllowed):
            agreements.accept_agreement(
                member.partner,
                version=AgreementVersionFactory(),
                membership=member,
                language="en",
                by=member.user,
                now=now,
            )

    def test_an_owner_who_left_while_reading_does_not_accept(self, now):
        owner = MembershipFactory(roles=["owner"])
        MembershipFactory(partner=owner.partner, roles=["owner"])
        memberships.end_membership(type(owner).objects.get(pk=owner.pk), by=owner.user, now=now)
        options = {"version": AgreementVersionFactory(), "membership": owner, "language": "en", "by": owner.user}
        with pytest.raises(NotAllowed):
            agreements.accept_agreement(owner.partner, **options, now=now)

    def test_another_partners_owner_does_not_accept(self, now):
        stranger = MembershipFactory(roles=["owner"])
        with pytest.raises(NotAllowed):
            agreements.accept_agreement(
                PartnerFactory(),
                version=AgreementVersionFactory(),
                membership=stranger,
                language="en",
                by=stranger.user,
                now=now,
            )

    def test_a_superseded_version_is_refused_and_a_coming_one_can_be_accepted_ahead(self, now):
        owner = MembershipFactory(roles=["owner"])
        old = AgreementVersionFactory()
        agreements.publish_agreement(title={"en": "2"}, body={"en": "2"}, effective_from=now, by=None, now=now)
        coming = agreements.publish_agreement(
            title={"en": "3"}, body={"en": "3"}, effective_from=now + timedelta(days=30), by=None, now=now
        )
        options = {"membership": owner, "language": "en", "by": owner.user, "now": now}
        with pytest.raises(Refusal) as refused:
            agreements.accept_agreement(owner.partner, version=old, **options)
        assert refused.value.code == "superseded"
        assert agreements.accept_agreement(owner.partner, version=coming, **options).version == coming

    def test_versions_are_numbered_and_never_begin_in_the_past_or_before_the_last(self, now):
        options = {"title": {"en": "T"}, "body": {"en": "B"}, "by": None, "now": now}
        assert agreements.publish_agreement(**options, effective_from=now + timedelta(days=9)).number == 1
        with pytest.raises(Refusal):
            agreements.publish_agreement(**options, effective_from=now - timedelta(seconds=1))
        with pytest.raises(Refusal):
            agreements.publish_agreement(**options, effective_from=now)
        assert agreements.publish_agreement(**options, effective_from=now + timedelta(days=9)).number == 2
        assert AgreementVersion.objects.current(now) is None
        assert AgreementVersion.objects.current(now + timedelta(days=9)).number == 2

    def test_the_gate_knows_who_accepted_the_version_in_effect(self, now):
        agreed, none, withdrawn = PartnerFactory(agreed=True), PartnerFactory(), PartnerFactory()
        agreements.withdraw_acceptance(AcceptanceFactory(partner=withdrawn), reason="Asked", by=None, now=now)
        assert list(Partner.objects.with_current_agreement(now)) == [agreed]
        before = now - timedelta(seconds=1)
        assert set(Partner.objects.with_current_agreement(before)) == {agreed, withdrawn}
        assert none not in Partner.objects.with_current_agreement(before)

    def test_a_new_version_closes_the_gate_at_the_moment_it_comes_into_effect(self, now):
        partner = PartnerFactory(agreed=True)
        later = now + timedelta(days=1)
        agreements.publish_agreement(title={"en": "2"}, body={"en": "2"}, effective_from=later, by=None, now=now)
        assert partner in Partner.objects.with_current_agreement(later - timedelta(seconds=1))
        assert partner not in Partner.objects.with_current_agreement(later)

    def test_nobody_has_accepted_while_no_version_is_in_effect(self, now):
        assert not Partner.objects.with_current_agreement(now).exists()

    def test_an_acceptance_is_withdrawn_once_and_can_be_given_again(self, now):
        acceptance = AcceptanceFactory()
        agreements.withdraw_acceptance(acceptance, by=None, now=now)
        with pytest.raises(Refusal):
            agreements.withdraw_acceptance(acceptance, by=None, now=now)
        AcceptanceFactory(partner=acceptance.partner, membership=acceptance.membership, accepted_at=now)
        with pytest.raises(IntegrityError), transaction.atomic():
            AcceptanceFactory(partner=acceptance.partner, membership=acceptance.membership)
        assert Acceptance.objects.in_force(now).count() == 1


class TestEntitlements:
    def test_one_grant_stands_for_each_evidence_and_granting_again_moves_its_end(self, now):
        user = UserFactory()
        options = {"key": "certified", "evidence": "credential 1", "now": now}
        first = entitlements.grant_entitlement(user, **options, until=now + timedelta(days=1))
        again = entitlements.grant_entitlement(user, **options, until=now + timedelta(days=9))
        assert (again.pk, again.until) == (first.pk, now + timedelta(days=9))

    def test_withdrawing_one_evidence_leaves_the_other(self, now):
        user = UserFactory()
        for number in (1, 2):
            entitlements.grant_entitlement(user, key="certified", evidence=f"credential {number}", now=now)
        entitlements.withdraw_entitlement(user, key="certified", evidence="credential 1", now=now)
        assert [row.evidence for row in user.entitlements.in_force(now)] == ["credential 2"]

    def test_an_entitlement_ends_at_its_end(self, now):
        user = UserFactory()
        entitlements.grant_entitlement(user, key="k", evidence="e", until=now + timedelta(hours=1), now=now)
        assert user.entitlements.in_force(now).exists()
        assert not user.entitlements.in_force(now + timedelta(hours=1)).exists()


def test_the_database_refuses_an_unknown_status_and_an_odd_country():
    partner = PartnerFactory()
    for change in ({"status": "asleep"}, {"country": "de"}, {"country": "D"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Partner.objects.filter(pk=partner.pk).update(**change)
