"""A credential opens the materials that ask for it, and closes them when it goes."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from certification.models import Credential
from certification.services.credentials import award_credential, revoke_credential
from portal.partners.models import Audience, Entitlement
from tests.factories.certification import CredentialFactory, ExamFactory
from tests.factories.partners import MembershipFactory
from tests.factories.training import Tree

pytestmark = pytest.mark.django_db

DOC = "/en/library/calls/"


@pytest.fixture
def exam():
    return ExamFactory(title={"en": "Product knowledge", "ru": "Знание продукта"})


@pytest.fixture
def doc(exam):
    audience = Audience.objects.create(name="Certified", entitlement=exam.entitlement_key)
    return Tree().add_doc("Calls", audience=audience)


@pytest.fixture
def member(doc, client):
    membership = MembershipFactory(roles=["seller"])
    client.force_login(membership.user)
    return membership


def award(membership, exam, **fields) -> Credential:
    return award_credential(
        membership.user,
        exam=exam,
        membership=membership,
        evidence="Sat on paper",
        by=None,
        now=timezone.now(),
        **fields,
    )


def test_whoever_does_not_hold_it_reads_which_exam_would_open_it(member, client):
    answer = client.get(DOC)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "for those who hold this now: credential “Product knowledge”" in page
    assert "Pass the exam “Product knowledge”, and it opens at once." in page
    assert "How a call is recorded." not in page


def test_it_opens_with_the_credential_and_closes_when_that_is_revoked_between_two_requests(member, exam, client):
    credential = award(member, exam)
    assert client.get(DOC).status_code == 200
    assert client.get(DOC).status_code == 200  # kept by now
    revoke_credential(credential, reason="Copied", by=None, now=timezone.now())
    assert client.get(DOC).status_code == 403
    for address in ("/en/library/", reverse("training:search") + "?q=recorded"):
        assert "Calls" not in client.get(address).content.decode()


def test_it_closes_when_the_credential_expires(member, exam, client):
    credential = award(member, exam)
    granted = Entitlement.objects.get(key=exam.entitlement_key)
    assert granted.until == credential.expires_at
    Entitlement.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert client.get(DOC).status_code == 403


def test_a_second_credential_keeps_it_open_when_the_first_is_revoked(member, exam, client):
    first = award(member, exam)
    award(member, exam)
    revoke_credential(first, reason="Issued twice", by=None, now=timezone.now())
    assert client.get(DOC).status_code == 200


def test_another_exam_s_credential_opens_nothing(member, client):
    award(member, ExamFactory())
    assert client.get(DOC).status_code == 403


def test_holders_from_before_are_entitled_by_the_migration(member, exam, client):
    now = timezone.now()
    CredentialFactory(user=member.user, membership=member, exam=exam, issued_at=now, expires_at=now + timedelta(days=9))
    CredentialFactory(membership=MembershipFactory(), exam=exam, revoked_at=now, reason="Copied")
    assert client.get(DOC).status_code == 403
    entitle = import_module("certification.migrations.0002_entitle_holders").entitle_holders
    entitle(apps, None)
    entitle(apps, None)
    assert Entitlement.objects.count() == 1
    assert client.get(DOC).status_code == 200


def test_an_editor_chooses_what_entitles_and_keeps_what_nobody_knows_any_more(exam, admin_client):
    page = admin_client.get(reverse("audiences:add")).content.decode()
    assert f'<option value="{exam.entitlement_key}">credential “Product knowledge”</option>' in page
    former = Audience.objects.create(name="Former", entitlement="of-an-older-portal")
    page = admin_client.get(reverse("audiences:edit", args=[former.pk])).content.decode()
    assert '<option value="of-an-older-portal" selected>' in page
    answer = admin_client.post(reverse("audiences:add"), {"name": "Holders", "entitlement": exam.entitlement_key})
    assert answer.status_code == 302
    assert Audience.objects.get(name="Holders").entitlement == exam.entitlement_key
    assert "credential “Product knowledge”" in admin_client.get(reverse("audiences:index")).content.decode()
