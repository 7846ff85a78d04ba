"""Who may do what in a partner; and which pages open to whom."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.partners import access
from portal.partners.models import Acceptance, Invitation, Membership
from tests.factories.accounts import UserFactory
from tests.factories.partners import (
    AcceptanceFactory,
    AgreementVersionFactory,
    InvitationFactory,
    JobRoleFactory,
    MembershipFactory,
    PartnerFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "manages", "leads", "works", "sees_team"),
    [
        ("owner", True, True, True, True),
        ("head", False, True, True, True),
        ("seller", False, False, True, False),
        ("engineer", False, False, False, False),
    ],
)
def test_a_job_role_gives_what_its_row_says(role, manages, leads, works, sees_team):
    member = MembershipFactory(roles=[role])
    assert access.may_manage_members(member) is manages
    assert access.is_owner(member) is manages
    assert access.may_accept_agreement(member) is manages
    assert access.may_lead_team(member) is leads
    assert access.may_work_leads(member) is works
    assert access.may_see_team(member) is sees_team


@pytest.mark.parametrize("predicate", [access.is_member, access.may_manage_members, access.may_work_leads])
def test_nothing_is_allowed_without_a_membership_that_holds(predicate, now):
    assert not predicate(None)
    assert not predicate(MembershipFactory(roles=["owner"], ended_at=now))
    assert not predicate(MembershipFactory(roles=["owner"], partner__status="ended"))
    assert predicate(MembershipFactory(roles=["owner"], partner__status="suspended"))


# --- Pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def partner():
    return PartnerFactory()


@pytest.fixture
def people(partner):
    """One of each kind of person who might come to the partner's pages."""
    return {
        "owner": MembershipFactory(partner=partner, roles=["owner"]).user,
        "head": MembershipFactory(partner=partner, roles=["head"]).user,
        "seller": MembershipFactory(partner=partner, roles=["seller"]).user,
        "other owner": MembershipFactory(roles=["owner"]).user,
        "staff": UserFactory(staff=True),
        "nobody's": UserFactory(),
    }


def open_as(user, url, method="get", **data):
    client = Client()
    if user is not None:
        client.force_login(user)
    return getattr(client, method)(url, data)


@pytest.mark.parametrize(
    ("view", "allowed"),
    [
        ("partners:organisation", {"owner", "head", "seller", "other owner"}),
        ("partners:agreement", {"owner", "head", "seller", "other owner"}),
        ("partners:team", {"owner", "head", "other owner"}),
        ("partners:invite", {"owner", "other owner"}),
    ],
)
def test_a_page_opens_to_those_it_is_for_and_tells_the_others_why_not(view, allowed, people):
    for name, user in people.items():
        answer = open_as(user, reverse(view))
        assert answer.status_code == (200 if name in allowed else 403), name
    assert open_as(None, reverse(view)).status_code == 302


def test_pages_about_one_member_or_invitation_are_the_partners_own_owners_alone(people, partner):
    member = Membership.objects.get(user=people["seller"])
    invitation = InvitationFactory(partner=partner)
    for view, row, method in (
        ("roles", member, "get"),
        ("leave", member, "get"),
        ("leave", member, "post"),
        ("resend", invitation, "post"),
        ("cancel", invitation, "post"),
    ):
        url = reverse(f"partners:{view}", args=[row.public_id])
        expected = {"head": 403, "seller": 403, "other owner": 404, "staff": 403, "nobody's": 403}
        assert {name: open_as(people[name], url, method).status_code for name in expected} == expected
        assert open_as(None, url, method).status_code == 302
    assert Membership.objects.get(pk=member.pk).ended_at is None
    assert Invitation.objects.get(pk=invitation.pk).is_pending
    owner = Client()
    owner.force_login(people["owner"])
    assert owner.get(reverse("partners:roles", args=[member.public_id])).status_code == 200
    assert owner.post(reverse("partners:resend", args=[invitation.public_id])).status_code == 302
    assert owner.post(reverse("partners:cancel", args=[invitation.public_id])).status_code == 302
    assert owner.post(reverse("partners:leave", args=[member.public_id])).status_code == 302
    assert Membership.objects.get(pk=member.pk).ended_at is not None


def test_the_team_page_is_about_ones_own_partner_alone(people, partner):
    page = open_as(people["other owner"], reverse("partners:team")).content.decode()
    assert people["other owner"].email in page
    assert people["seller"].email not in page


def test_a_head_sees_the_team_but_neither_invitations_nor_changes(people, partner):
    InvitationFactory(partner=partner, email="waiting@example.com")
    assert "waiting@example.com" in open_as(people["owner"], reverse("partners:team")).content.decode()
    page = open_as(people["head"], reverse("partners:team")).content.decode()
    assert "waiting@example.com" not in page
    assert "/leave/" not in page


def count_queries(client, url):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("view", ["partners:team", "partners:organisation", "partners:agreement"])
def test_a_page_takes_as_many_queries_for_many_as_for_few(view, people, partner, client):
    client.force_login(people["owner"])
    AgreementVersionFactory()
    InvitationFactory(partner=partner)
    count_queries(client, reverse(view))  # warm: sites and content types are read once
    few = count_queries(client, reverse(view))
    for _ in range(10):
        MembershipFactory(partner=partner)
        InvitationFactory(partner=partner)
    assert count_queries(client, reverse(view)) == few


# --- What the pages do -----------------------------------------------------------------------------------------------


def test_an_owner_invites_by_the_form_and_what_was_typed_stays_when_refused(people, partner, client):
    client.force_login(people["owner"])
    role = JobRoleFactory(seller=True)
    url = reverse("partners:invite")
    taken = client.post(url, {"email": people["seller"].email, "roles": [role.pk], "language": "ru"})
    assert people["seller"].email in taken.content.decode()
    assert "a member already" in taken.content.decode()
    answer = client.post(url, {"email": "new@example.com", "roles": [role.pk], "language": "ru"})
    assert answer.status_code == 302
    invitation = Invitation.objects.get(email="new@example.com")
    assert (invitation.partner, invitation.language, list(invitation.roles.all())) == (partner, "ru", [role])


def test_an_owner_accepts_the_agreement_and_others_only_read_it(people, partner, client):
    AgreementVersionFactory()
    assert open_as(people["seller"], reverse("partners:agreement"), "post").status_code == 403
    assert not Acceptance.objects.exists()
    assert open_as(people["owner"], reverse("partners:agreement"), "post").status_code == 302
    assert Acceptance.objects.get().partner == partner
    page = open_as(people["seller"], reverse("partners:agreement")).content.decode()
    assert "Accepted in the name of your organisation" in page


def test_the_confirmation_of_leaving_says_what_it_does(people):
    member = Membership.objects.get(user=people["seller"])
    page = open_as(people["owner"], reverse("partners:leave", args=[member.public_id])).content.decode()
    assert "no longer count for your qualification" in page


def test_a_suspended_partners_member_signs_in_and_reads_why(client):
    member = MembershipFactory(partner__status="suspended", partner__status_reason="The fee is late.")
    client.force_login(member.user)
    page = client.get(reverse("partners:organisation")).content.decode()
    assert "The fee is late." in page


def test_the_organisation_page_shows_the_acceptance_in_force(client):
    acceptance = AcceptanceFactory()
    client.force_login(acceptance.accepted_by)
    assert str(acceptance.accepted_by) in client.get(reverse("partners:organisation")).content.decode()


def test_an_address_that_is_too_long_to_keep_is_told(client):
    client.force_login(MembershipFactory(roles=["owner"]).user)
    form = {"email": f"{'a' * 250}@example.com", "roles": [JobRoleFactory(seller=True).pk], "language": "en"}
    assert client.post(reverse("partners:invite"), form).status_code == 200
    assert not Invitation.objects.exists()
