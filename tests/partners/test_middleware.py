"""Under which membership a person acts; and who must have a second factor."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import User
from portal.partners.middleware import SESSION_KEY, MembershipMiddleware
from tests.factories.accounts import UserFactory
from tests.factories.partners import MembershipFactory, PartnerFactory

pytestmark = pytest.mark.django_db


def arrive(user, session=None):
    """The request as a view would get it."""
    request = RequestFactory().get("/")
    request.user, request.session = user, session or {}
    seen = []
    MembershipMiddleware(lambda request: seen.append(request) or HttpResponse())(request)
    return seen[0]


def test_nothing_is_read_until_it_is_asked_for(django_assert_num_queries):
    user = MembershipFactory().user
    with django_assert_num_queries(0):
        arrive(user)


@pytest.mark.parametrize("count", [1, 3])
def test_one_round_trip_brings_partner_tier_kind_and_roles_however_many_memberships(count, django_assert_num_queries):
    user = UserFactory()
    for _ in range(count):
        MembershipFactory(user=user, roles=["owner", "engineer"])
    request = arrive(User.objects.get(pk=user.pk))
    # SQLite is asked for the job roles by themselves.
    with django_assert_num_queries(1 if connection.vendor == "postgresql" else 2):
        for membership in request.memberships:
            assert membership.partner.tier.rank == 1
            assert membership.partner.kind.slug
            assert [role.slug for role in membership.job_roles]
            assert membership.user.language == "en"
        assert request.membership is request.memberships[0]


def test_neither_an_ended_membership_nor_an_ended_partner_counts(now):
    user = UserFactory()
    MembershipFactory(user=user, ended_at=now.replace(year=2024))
    MembershipFactory(user=user, partner__status="ended")
    assert arrive(user).membership is None
    suspended = MembershipFactory(user=user, partner__status="suspended")
    assert arrive(user).membership == suspended


def test_a_stranger_has_no_membership_and_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert arrive(AnonymousUser()).membership is None


def test_the_choice_is_remembered_while_the_membership_holds(now):
    user = UserFactory()
    first, second = MembershipFactory(user=user), MembershipFactory(user=user)
    assert arrive(user).membership == first
    session = {SESSION_KEY: second.public_id}
    assert arrive(user, session).membership == second
    second.ended_at = now.replace(year=2024)
    second.save()
    assert arrive(user, session).membership == first


class TestSwitching:
    def test_a_person_in_two_partners_sees_for_whom_they_act_and_switches(self, client):
        user = UserFactory()
        first = MembershipFactory(user=user, partner=PartnerFactory(name="Alder"))
        second = MembershipFactory(user=user, partner=PartnerFactory(name="Birch"))
        client.force_login(user)
        assert f'value="{second.public_id}"' in client.get(reverse("partners:organisation")).content.decode()
        answer = client.post(reverse("partners:switch"), {"membership": second.public_id})
        assert answer.status_code == 302
        page = client.get(reverse("partners:organisation")).content.decode()
        assert "<h1>Birch</h1>" in page
        assert f'value="{first.public_id}"' in page

    def test_nobody_switches_to_a_partner_that_is_not_theirs(self, client):
        client.force_login(MembershipFactory().user)
        answer = client.post(reverse("partners:switch"), {"membership": MembershipFactory().public_id})
        assert answer.status_code == 409

    def test_a_person_in_one_partner_sees_no_switch(self, client):
        client.force_login(MembershipFactory().user)
        assert reverse("partners:switch") not in client.get(reverse("partners:organisation")).content.decode()


class TestSecondFactor:
    @pytest.mark.parametrize(
        ("required", "who", "held_back"),
        [
            ({"owners"}, "owner", True),
            ({"owners"}, "seller", False),
            ({"staff"}, "staff", True),
            ({"staff"}, "owner", False),
            (set(), "owner", False),
        ],
    )
    def test_those_who_must_have_one_are_led_to_the_page_that_says_why(
        self, client, settings, required, who, held_back
    ):
        settings.MFA_REQUIRED_FOR = required
        user = UserFactory(staff=True) if who == "staff" else MembershipFactory(roles=[who]).user
        client.force_login(user)
        answer = client.get(reverse("accounts:preferences"))
        if not held_back:
            assert answer.status_code == 200
            return
        assert answer.headers["Location"] == reverse("accounts:second_factor")
        page = client.get(answer.headers["Location"])
        assert page.status_code == 200
        assert reverse("mfa_activate_totp") in page.content.decode()

    def test_the_admin_too_is_held_back(self, client, settings):
        settings.MFA_REQUIRED_FOR = {"staff"}
        client.force_login(UserFactory(staff=True))
        assert client.get("/admin/").headers["Location"] == reverse("accounts:second_factor")

    def test_recovery_codes_alone_are_no_second_factor_and_a_passkey_is(self, client, settings):
        settings.MFA_REQUIRED_FOR = {"staff"}
        user = UserFactory(staff=True)
        client.force_login(user)
        Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={})
        assert client.get(reverse("accounts:preferences")).status_code == 302
        Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={})
        assert client.get(reverse("accounts:preferences")).status_code == 200

    def test_it_costs_no_query_where_nothing_is_required(self, client, settings):
        settings.MFA_REQUIRED_FOR = set()
        client.force_login(UserFactory(staff=True))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("accounts:second_factor"))
        assert not any("mfa_authenticator" in query["sql"] for query in captured)
