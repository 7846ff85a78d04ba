"""The page behind an invitation's link."""

import pytest
from django.urls import reverse

from portal.accounts.models import User
from portal.partners.models import Membership
from portal.partners.services.memberships import make_token
from tests.factories.accounts import UserFactory
from tests.factories.partners import InvitationFactory

pytestmark = pytest.mark.django_db

FORM = {
    "first_name": "Grace",
    "last_name": "Hopper",
    "password": "a ship in port is safe",
    "language": "ru",
    "time_zone": "Europe/Moscow",
}


def link(invitation):
    return reverse("partners:invitation", args=[make_token(invitation)])


def test_a_new_person_makes_an_account_joins_and_is_signed_in(client):
    invitation = InvitationFactory(partner__name="Harbour & Sons")
    page = client.get(link(invitation))
    assert "Harbour &amp; Sons" in page.content.decode()
    answer = client.post(link(invitation), FORM)
    assert answer.status_code == 302
    user = User.objects.get(email=invitation.email)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.get(reverse("partners:organisation")).status_code == 200


def test_a_weak_password_keeps_what_was_typed(client):
    invitation = InvitationFactory()
    page = client.post(link(invitation), FORM | {"password": "12345"}).content.decode()
    assert 'value="Grace"' in page
    assert "too short" in page
    assert not User.objects.filter(email=invitation.email).exists()


def test_a_person_with_an_account_is_asked_to_sign_in_and_comes_back(client):
    person = UserFactory()
    url = link(InvitationFactory(email=person.email))
    page = client.get(url).content.decode()
    assert f"{reverse('account_login')}?next={url}" in page
    assert client.post(url, FORM).status_code == 200
    assert Membership.objects.count() == 0
    client.force_login(person)
    assert client.post(url).status_code == 302
    assert Membership.objects.get().user == person


def test_somebody_else_who_is_signed_in_cannot_join(client):
    client.force_login(UserFactory())
    invitation = InvitationFactory()
    assert invitation.email in client.get(link(invitation)).content.decode()
    assert client.post(link(invitation), FORM).status_code == 200
    assert Membership.objects.count() == 0


@pytest.mark.parametrize("state", ["unknown", "expired", "cancelled", "accepted", "ended"])
def test_a_link_that_does_not_work_says_why_and_what_to_do(client, state, now):
    old = now.replace(year=2020)
    invitation = InvitationFactory(**{"invited_at": old} if state == "expired" else {})
    url = link(invitation)
    if state == "unknown":
        url = reverse("partners:invitation", args=["0" * 64])
    elif state == "cancelled":
        invitation.cancelled_at = now
        invitation.save()
    elif state == "ended":
        invitation.partner.status = "ended"
        invitation.partner.save()
    elif state == "accepted":
        client.post(url, FORM)
    answer = client.get(url)
    assert answer.status_code == 409
    assert Membership.objects.count() == (1 if state == "accepted" else 0)
    said = {
        "unknown": "not valid",
        "expired": "expired",
        "cancelled": "cancelled",
        "accepted": "accepted already",
        "ended": "ended",
    }
    assert said[state] in answer.content.decode()
