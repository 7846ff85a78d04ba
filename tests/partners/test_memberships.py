"""Inviting, joining, job roles and leaving."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Invitation, Membership, MembershipRole
from portal.partners.services import memberships
from portal.partners.services.letters import send_invitations
from tests.factories.accounts import UserFactory
from tests.factories.partners import InvitationFactory, JobRoleFactory, MembershipFactory, PartnerFactory

pytestmark = pytest.mark.django_db


def newcomer(**changes):
    described = {
        "first_name": "Grace",
        "last_name": "Hopper",
        "password": "a ship in port is safe",
        "language": "ru",
        "time_zone": "Europe/Moscow",
    }
    return memberships.NewPerson(**described | changes)


@pytest.fixture
def owner():
    return MembershipFactory(roles=["owner"])


class TestInviting:
    def test_a_letter_with_a_working_link_goes_out_in_the_chosen_language(
        self, owner, now, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            invitation = memberships.invite_member(
                owner.partner,
                email="Grace@Example.com",
                roles=[JobRoleFactory(seller=True)],
                language="ru",
                by=owner.user,
                now=now,
            )
        (letter,) = mail.outbox
        assert letter.to == ["grace@example.com"]
        assert f"/ru/partner/join/{memberships.make_token(invitation)}/" in letter.body
        assert "приглашает" in letter.body
        assert letter.alternatives[0].mimetype == "text/html"

    def test_the_database_keeps_only_a_digest_of_the_token(self, now):
        invitation = InvitationFactory(invited_at=now)
        token = memberships.make_token(invitation)
        assert token not in str(Invitation.objects.values().get())
        assert memberships.find_invitation(token) == invitation
        assert memberships.find_invitation("x" + token) is None

    def test_inviting_again_sends_a_new_link_and_the_old_one_stops_working(self, owner, now):
        seller, engineer = JobRoleFactory(seller=True), JobRoleFactory(engineer=True)
        first = memberships.invite_member(owner.partner, email="a@example.com", roles=[seller], by=None, now=now)
        old_token = memberships.make_token(first)
        again = memberships.invite_member(
            owner.partner, email="A@example.com", roles=[engineer], by=None, now=now + timedelta(days=8)
        )
        assert again.pk == first.pk
        assert memberships.find_invitation(old_token) is None
        assert list(again.roles.all()) == [engineer]
        assert again.expires_at == now + timedelta(days=15)

    def test_a_letter_is_not_sent_for_an_invitation_cancelled_meanwhile(self, now):
        invitation = InvitationFactory(invited_at=now)
        memberships.cancel_invitation(invitation, by=None, now=now)
        send_invitations([invitation.pk])
        assert mail.outbox == []

    def test_a_member_is_not_invited_again(self, owner, now):
        with pytest.raises(Refusal) as refused:
            memberships.invite_member(
                owner.partner, email=owner.user.email.upper(), roles=[JobRoleFactory(seller=True)], by=None, now=now
            )
        assert refused.value.code == "member_already"

    def test_nobody_is_invited_without_a_job_role_or_into_an_ended_partner(self, now):
        with pytest.raises(Refusal, match="job role"):
            memberships.invite_member(PartnerFactory(), email="a@example.com", roles=[], by=None, now=now)
        with pytest.raises(Refusal, match="ended"):
            memberships.invite_member(
                PartnerFactory(status="ended"),
                email="a@example.com",
                roles=[JobRoleFactory(seller=True)],
                by=None,
                now=now,
            )

    def test_the_database_holds_one_pending_invitation_for_an_address(self, now):
        first = InvitationFactory(invited_at=now)
        with pytest.raises(IntegrityError), transaction.atomic():
            InvitationFactory(partner=first.partner, email=first.email)


class TestJoining:
    def test_a_new_person_gets_an_account_a_membership_and_the_job_roles(self, now, facts):
        seller = JobRoleFactory(seller=True)
        invitation = InvitationFactory(invited_at=now, roles=[seller], email="grace@example.com")
        membership = memberships.accept_invitation(invitation, by=newcomer(), now=now)
        user = User.objects.get(email="grace@example.com")
        assert membership.user == user
        assert (user.get_full_name(), user.language, user.time_zone) == ("Grace Hopper", "ru", "Europe/Moscow")
        assert user.check_password("a ship in port is safe")
        assert user.emailaddress_set.get().verified
        assert [role.slug for role in membership.job_roles] == [seller.slug]
        assert facts("members_joined") == [{"membership_ids": [membership.pk]}]
        assert facts("invitations_accepted") == [{"invitation_ids": [invitation.pk]}]

    def test_a_person_with_an_account_just_joins(self, now):
        person = UserFactory(email="grace@example.com")
        invitation = InvitationFactory(invited_at=now, email="Grace@example.com")
        membership = memberships.accept_invitation(invitation, by=person, now=now)
        assert membership.user == person
        assert User.objects.filter(email="grace@example.com").count() == 1

    def test_a_person_with_another_address_is_refused(self, now):
        with pytest.raises(NotAllowed):
            memberships.accept_invitation(InvitationFactory(invited_at=now), by=UserFactory(), now=now)
        assert Membership.objects.count() == 0

    def test_a_stranger_cannot_take_over_an_account_that_exists(self, now):
        person = UserFactory()
        with pytest.raises(Refusal) as refused:
            memberships.accept_invitation(InvitationFactory(invited_at=now, email=person.email), by=newcomer(), now=now)
        assert refused.value.code == "sign_in_first"

    def test_a_weak_password_creates_nothing(self, now):
        with pytest.raises(Refusal):
            memberships.accept_invitation(InvitationFactory(invited_at=now), by=newcomer(password="123"), now=now)
        assert not User.objects.filter(first_name="Grace").exists()

    @pytest.mark.parametrize(("later", "code"), [(timedelta(days=7), "invitation_expired"), (timedelta(0), None)])
    def test_an_invitation_lasts_seven_days(self, now, later, code):
        invitation = InvitationFactory(invited_at=now)
        if code is None:
            assert memberships.accept_invitation(invitation, by=newcomer(), now=now + later)
            return
        with pytest.raises(Refusal) as refused:
            memberships.accept_invitation(invitation, by=newcomer(), now=now + later)
        assert refused.value.code == code

    def test_a_cancelled_invitation_and_one_into_an_ended_partner_are_refused(self, now):
        cancelled = memberships.cancel_invitation(InvitationFactory(invited_at=now), by=None, now=now)
        ended = InvitationFactory(invited_at=now, partner__status="ended")
        for invitation, code in ((cancelled, "invitation_cancelled"), (ended, "partner_ended")):
            with pytest.raises(Refusal) as refused:
                memberships.accept_invitation(invitation, by=newcomer(), now=now)
            assert refused.value.code == code

    @pytest.mark.django_db(transaction=True)
    def test_of_two_who_accept_at_once_one_joins_and_one_is_told_so(self, now):
        invitation = InvitationFactory(invited_at=now, email="grace@example.com")
        together = Barrier(2)

        def accept(name):
            try:
                together.wait(timeout=10)
                return memberships.accept_invitation(invitation, by=newcomer(first_name=name), now=now)
            except Refusal as refusal:
                return refusal.code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(accept, ["Grace", "Ada"]))
        assert Membership.objects.count() == 1
        assert User.objects.filter(email="grace@example.com").count() == 1
        assert "invitation_accepted" in outcomes
        assert sum(isinstance(outcome, Membership) for outcome in outcomes) == 1


class TestJobRoles:
    def test_roles_held_before_stay_in_the_history(self, owner, now):
        member = MembershipFactory(partner=owner.partner, roles=["seller"])
        engineer = JobRoleFactory(engineer=True)
        memberships.assign_roles(member, roles=[engineer], by=owner.user, now=now)
        held = {row.role.slug: row.ended_at for row in MembershipRole.objects.filter(membership=member)}
        assert held == {"seller": now, "engineer": None}

    def test_assigning_what_is_held_changes_nothing(self, owner, now):
        member = MembershipFactory(partner=owner.partner, roles=["seller"])
        before = owner.partner.standing_version
        memberships.assign_roles(member, roles=[JobRoleFactory(seller=True)], by=owner.user, now=now)
        owner.partner.refresh_from_db()
        assert owner.partner.standing_version == before

    def test_the_last_owner_stays_an_owner_unless_staff_decide(self, owner, now):
        with pytest.raises(Refusal, match="Nobody would be left"):
            memberships.assign_roles(owner, roles=[JobRoleFactory(seller=True)], by=owner.user, now=now)
        memberships.assign_roles(owner, roles=[JobRoleFactory(seller=True)], by=UserFactory(staff=True), now=now)

    def test_the_database_holds_a_role_once_at_a_time(self, owner):
        role = owner.held_roles.get().role
        with pytest.raises(IntegrityError), transaction.atomic():
            MembershipRole.objects.create(membership=owner, role=role, started_at=owner.started_at)


class TestLeaving:
    def test_membership_and_job_roles_end_together(self, owner, now, facts):
        member = MembershipFactory(partner=owner.partner)
        memberships.end_membership(member, by=owner.user, now=now)
        member.refresh_from_db()
        assert member.ended_at == now
        assert member.held_roles.get().ended_at == now
        assert facts("members_left") == [{"membership_ids": [member.pk]}]
        assert not Membership.objects.active(now).filter(pk=member.pk).exists()

    def test_who_has_left_can_come_back_with_a_new_membership(self, owner, now):
        member = MembershipFactory(partner=owner.partner)
        memberships.end_membership(member, by=owner.user, now=now)
        again = memberships.start_membership(
            owner.partner, user=member.user, roles=[JobRoleFactory(seller=True)], by=None, now=now
        )
        assert again.pk != member.pk

    def test_nobody_leaves_twice(self, owner, now):
        member = MembershipFactory(partner=owner.partner, ended_at=now)
        with pytest.raises(Refusal, match="ended already"):
            memberships.end_membership(member, by=owner.user, now=now)

    def test_the_last_owner_cannot_leave_but_one_of_two_can(self, owner, now):
        with pytest.raises(Refusal, match="Nobody would be left"):
            memberships.end_membership(owner, by=owner.user, now=now)
        MembershipFactory(partner=owner.partner, roles=["owner"])
        assert memberships.end_membership(owner, by=owner.user, now=now).ended_at == now

    def test_the_database_holds_one_open_membership_of_a_person_in_a_partner(self, owner):
        with pytest.raises(IntegrityError), transaction.atomic():
            MembershipFactory(partner=owner.partner, user=owner.user)
