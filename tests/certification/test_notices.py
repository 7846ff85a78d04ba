import pytest
from django.utils.translation import override

from certification.models import CloseReason, Credential, Qualification
from certification.notices import (
    CREDENTIAL_AWARDED,
    CREDENTIAL_REVOKED,
    PARTNER_QUALIFIED,
    QUALIFICATION_LAPSED,
    tell_holders,
    tell_partners,
)
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.factories.certification import CredentialFactory, ExamFactory, ProgrammeFactory, qualify
from tests.factories.partners import MembershipFactory

pytestmark = pytest.mark.django_db


def words_of(notice):
    with override("en"):
        wording = word(notice, person=notice.user)
    return " ".join([wording.subject, *wording.paragraphs])


def test_a_holder_is_told_once_what_was_earned_and_until_when(now):
    exam = ExamFactory(title={"en": "Sales technique"})
    credential = CredentialFactory(membership=MembershipFactory(), exam=exam, issued_at=now)
    for _ in range(2):
        tell_holders(CREDENTIAL_AWARDED, [credential.pk], now=now)
    words = words_of(Notification.objects.get(user=credential.user))
    assert "You passed “Sales technique”" in words
    assert "until 24 Nov 2027" in words


def test_a_holder_is_told_why_a_credential_was_revoked(now):
    credential = CredentialFactory(
        membership=MembershipFactory(), exam=ExamFactory(), issued_at=now, revoked_at=now, reason="Copied answers"
    )
    tell_holders(CREDENTIAL_REVOKED, [credential.pk], now=now)
    assert "Reason: Copied answers" in words_of(Notification.objects.get())


def test_owners_and_heads_are_told_and_sellers_are_not(now):
    owner = MembershipFactory(roles=["owner"])
    head = MembershipFactory(partner=owner.partner, roles=["head"])
    MembershipFactory(partner=owner.partner, roles=["seller"])
    MembershipFactory(partner=owner.partner, roles=["head"], ended_at=now)
    qualify(owner, ProgrammeFactory(), now)
    assert Credential.objects.exists()
    tell_partners(PARTNER_QUALIFIED, [Qualification.objects.get().pk], now=now)
    assert set(Notification.objects.values_list("user", flat=True)) == {owner.user_id, head.user_id}
    assert "takes part in the distribution of leads" in words_of(Notification.objects.first())


@pytest.mark.parametrize("reason", CloseReason.values)
def test_a_lapse_is_told_with_its_reason_and_where_to_look(now, reason):
    owner = MembershipFactory(roles=["owner"])
    qualify(owner, ProgrammeFactory(), now)
    row = Qualification.objects.get()
    row.closed_at, row.closed_reason = now, reason
    row.save()
    tell_partners(QUALIFICATION_LAPSED, [row.pk], now=now)
    notice = Notification.objects.get()
    assert "Why: " in words_of(notice)
    assert notice.url.endswith("/exams/standing/")
