from datetime import timedelta

import pytest
import time_machine

from certification.models import (
    CloseReason,
    Credential,
    Programme,
    ProgrammeExam,
    Qualification,
    Requirement,
)
from certification.services import qualifications
from certification.services.credentials import award_credential, count_credential_for, revoke_credential
from certification.services.programmes import save_programme
from certification.services.qualifications import (
    describe_standing,
    list_standings,
    review_due_qualifications,
    review_partners,
    review_qualification,
)
from certification.tasks import review_every_qualification
from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.core.models import Fact
from portal.core.services.outbox import hand_on
from portal.partners.models import AgreementVersion, PartnerStatus
from portal.partners.services.agreements import accept_agreement, withdraw_acceptance
from portal.partners.services.memberships import end_membership
from portal.partners.services.partners import change_status
from portal.partners.services.standing import bump_standing_of_people
from portal.partners.services.tiers import set_tier
from tests.factories.certification import CredentialFactory, ExamFactory, ProgrammeFactory, qualify
from tests.factories.partners import AgreementVersionFactory, MembershipFactory, PartnerFactory, TierFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DAY = timedelta(days=1)


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def member():
    return MembershipFactory(roles=["owner"])


@pytest.fixture
def qualified(member, programme, now):
    qualify(member, programme, now)
    assert is_open(member, now)
    return member


def is_open(member, moment):
    """The gate, as leads ask it."""
    return Qualification.objects.current(moment).filter(partner=member.partner_id).exists()


# --- The gate closes at once, before any job has run -----------------------------------------------------------------


def test_the_gate_closes_at_the_very_moment_at_which_a_credential_expires(qualified, now):
    first_end = min(Credential.objects.values_list("expires_at", flat=True))
    assert is_open(qualified, first_end - timedelta(microseconds=1))
    assert not is_open(qualified, first_end)


def test_the_gate_closes_when_a_member_who_is_needed_leaves(qualified, now):
    MembershipFactory(partner=qualified.partner, roles=["owner"])
    end_membership(qualified, by=None, now=now)
    assert not is_open(qualified, now)


def test_the_gate_closes_when_the_agreement_is_withdrawn(qualified, now):
    withdraw_acceptance(qualified.partner.acceptances.get(), by=None, now=now)
    assert not is_open(qualified, now)


def test_the_gate_closes_when_a_new_agreement_comes_into_effect_and_opens_when_it_is_accepted(qualified, now):
    version = AgreementVersionFactory(number=2, effective_from=now + DAY)
    assert is_open(qualified, now + DAY - timedelta(microseconds=1))
    assert not is_open(qualified, now + DAY)
    accept_agreement(
        qualified.partner, version=version, membership=qualified, language="en", by=qualified.user, now=now + DAY
    )
    review_qualification(qualified.partner, programme=Programme.objects.get(), now=now + DAY)
    assert is_open(qualified, now + DAY)


def test_the_gate_closes_when_the_partner_is_suspended(qualified, now):
    change_status(qualified.partner, status=PartnerStatus.SUSPENDED, reason="Unpaid", by=None, now=now)
    assert not is_open(qualified, now)


def test_the_gate_closes_when_the_tier_changes_and_opens_if_the_new_tier_is_met(qualified, programme, now):
    gold = TierFactory(rank=3)
    set_tier(qualified.partner, tier=gold, by=None, now=now)
    assert not is_open(qualified, now)
    assert review_qualification(qualified.partner, programme=programme, now=now) is not None
    assert is_open(qualified, now)


def test_the_gate_stays_closed_when_the_new_tier_needs_more_people(qualified, programme, now):
    gold = TierFactory(rank=3)
    Requirement.objects.create(programme=programme, tier=gold, people=2)
    set_tier(qualified.partner, tier=gold, by=None, now=now)
    assert review_qualification(qualified.partner, programme=programme, now=now) is None
    assert Qualification.objects.get().closed_reason == CloseReason.PEOPLE


def test_the_gate_closes_when_the_programme_asks_for_more(qualified, programme, now, facts):
    programme.requirements = [Requirement(people=2)]
    save_programme(programme, by=None)
    assert not is_open(qualified, now)
    assert facts("requirements_changed") == [{"programme_ids": [programme.pk]}]
    review_qualification(qualified.partner, programme=programme, now=now)
    assert Qualification.objects.get().closed_reason == CloseReason.REQUIREMENT


def test_the_gate_closes_when_the_programme_gains_an_exam(qualified, programme, now):
    programme.programme_exams.add(ProgrammeExam(exam=ExamFactory(), sort_order=9))
    save_programme(programme, by=None)
    assert not is_open(qualified, now)


def test_the_gate_stays_open_when_only_the_programme_s_words_change(qualified, programme, now):
    programme = Programme.objects.get()
    programme.title = {"en": "Another name"}
    save_programme(programme, by=None)
    assert is_open(qualified, now)


def test_the_gate_closes_with_a_revoked_credential_in_the_same_transaction(qualified, now, facts):
    revoke_credential(Credential.objects.first(), reason="Copied", by=None, now=now)
    assert not is_open(qualified, now)
    row = Qualification.objects.get()
    assert (row.closed_at, row.closed_reason) == (now, CloseReason.PEOPLE)
    assert facts("qualifications_lapsed") == [{"qualification_ids": [row.pk]}]


def test_a_suspended_credential_does_not_count(qualified, programme, now):
    Credential.objects.filter(pk=Credential.objects.first().pk).update(suspended_at=now)
    assert review_qualification(qualified.partner, programme=programme, now=now) is None


# --- Assessing -------------------------------------------------------------------------------------------------------


def test_the_award_of_the_last_credential_opens_the_gate_in_the_same_transaction(now, facts):
    programme = ProgrammeFactory()
    member = MembershipFactory(partner=PartnerFactory(agreed=True))
    first, second = (row.exam for row in programme.programme_exams.all())
    award_credential(member.user, exam=first, membership=member, evidence="test", by=None, now=now)
    assert not is_open(member, now)
    award_credential(member.user, exam=second, membership=member, evidence="test", by=None, now=now)
    assert is_open(member, now)
    assert facts("partners_qualified") == [{"qualification_ids": [Qualification.objects.get().pk]}]


def test_assessing_again_changes_nothing_and_announces_nothing(qualified, programme, now, facts):
    before = Qualification.objects.get()
    review_qualification(qualified.partner, programme=programme, now=now)
    assert Qualification.objects.get().valid_until == before.valid_until
    assert len(facts("partners_qualified")) == 1


def test_a_renewal_moves_the_end_of_the_open_qualification(qualified, programme, now):
    later = now + 300 * DAY
    for row in programme.programme_exams.all():
        award_credential(qualified.user, exam=row.exam, membership=qualified, evidence="renewal", by=None, now=later)
    row = Qualification.objects.get()
    assert row.opened_at == now
    assert row.valid_until > later + 360 * DAY


def test_a_lapse_that_is_noticed_late_is_written_with_the_moment_at_which_it_happened(qualified, programme, now):
    end = Qualification.objects.get().valid_until
    late = end + 3 * DAY
    for row in programme.programme_exams.all():
        CredentialFactory(membership=qualified, exam=row.exam, issued_at=late)
    review_qualification(qualified.partner, programme=programme, now=late)
    lapsed, fresh = Qualification.objects.order_by("opened_at")
    assert (lapsed.closed_at, lapsed.closed_reason) == (end, CloseReason.EXPIRED)
    assert (fresh.opened_at, fresh.closed_at) == (late, None)


def test_the_tier_s_own_requirement_goes_before_the_general_one(programme, now):
    silver = TierFactory(rank=2)
    Requirement.objects.create(programme=programme, tier=silver, people=4)
    assert describe_standing(PartnerFactory(tier=silver), programme=programme, now=now).people_needed == 4
    assert describe_standing(PartnerFactory(), programme=programme, now=now).people_needed == 1


def test_credentials_of_people_who_work_elsewhere_do_not_count(programme, now):
    here = PartnerFactory(agreed=True)
    person = MembershipFactory(partner=here)
    elsewhere = MembershipFactory(user=person.user)
    for row in programme.programme_exams.all():
        CredentialFactory(membership=elsewhere, exam=row.exam, issued_at=now)
    assert not describe_standing(here, programme=programme, now=now).met


def test_a_membership_that_is_to_end_bounds_the_qualification(programme, now):
    member = MembershipFactory(partner=PartnerFactory(agreed=True), ended_at=now + 5 * DAY)
    for row in programme.programme_exams.all():
        CredentialFactory(membership=member, exam=row.exam, issued_at=now)
    assert review_qualification(member.partner, programme=programme, now=now).valid_until == now + 5 * DAY


def test_the_sweeper_closes_what_lapsed_and_leaves_what_holds(programme, now):
    lapsing, holding = MembershipFactory(roles=["owner"]), MembershipFactory(roles=["owner"])
    qualify(lapsing, programme, now - 100 * DAY)
    qualify(holding, programme, now)
    later = now + 300 * DAY
    assert review_due_qualifications(now=later) == 1
    assert Qualification.objects.open().get().partner == holding.partner
    assert review_due_qualifications(now=later) == 0


def test_one_partner_that_cannot_be_assessed_does_not_stop_the_others(programme, now, monkeypatch):
    first, second = MembershipFactory(roles=["owner"]), MembershipFactory(roles=["owner"])
    for member in (first, second):
        qualify(member, programme, now)
    real = qualifications.review_qualification

    def break_first(partner, **options):
        if partner == first.partner:
            raise RuntimeError("broken")
        return real(partner, **options)

    monkeypatch.setattr(qualifications, "review_qualification", break_first)
    assert review_due_qualifications(now=now + 400 * DAY) == 1
    assert Qualification.objects.open().get().partner == first.partner


def test_reviewing_costs_the_same_for_few_and_many_people(programme, now, django_assert_num_queries):
    small, large = PartnerFactory(agreed=True), PartnerFactory(agreed=True)
    for partner, size in ((small, 1), (large, 12)):
        for member in MembershipFactory.create_batch(size, partner=partner):
            for row in programme.programme_exams.all():
                CredentialFactory(membership=member, exam=row.exam, issued_at=now)
    for partner in (small, large):
        with django_assert_num_queries(4):
            assert describe_standing(partner, programme=programme, now=now).met
        with django_assert_num_queries(9):
            list_standings(partner, now=now)


# --- Whose credential counts for whom --------------------------------------------------------------------------------


def test_a_credential_moves_from_one_partner_to_the_other_and_both_gates_follow(qualified, programme, now, facts):
    other = MembershipFactory(user=qualified.user, partner=PartnerFactory(agreed=True))
    for credential in Credential.objects.all():
        count_credential_for(credential, membership=other, by=qualified.user, now=now)
    assert not is_open(qualified, now)
    assert is_open(other, now)
    assert len(facts("credentials_counted")) == 2


def test_only_the_holder_decides_for_whom_a_credential_counts(qualified, now):
    stranger = MembershipFactory()
    with pytest.raises(NotAllowed):
        count_credential_for(Credential.objects.first(), membership=stranger, by=stranger.user, now=now)


def test_a_credential_cannot_count_for_a_partner_that_the_holder_has_left(qualified, now):
    left = MembershipFactory(user=qualified.user, ended_at=now - DAY)
    with pytest.raises(Refusal, match="not a member"):
        count_credential_for(Credential.objects.first(), membership=left, by=qualified.user, now=now)


def test_a_credential_is_revoked_once_and_with_a_reason(qualified, now):
    credential = Credential.objects.first()
    with pytest.raises(Refusal, match="without a reason"):
        revoke_credential(credential, reason=" ", by=None, now=now)
    revoke_credential(credential, reason="Copied", by=None, now=now)
    with pytest.raises(Refusal, match="already"):
        revoke_credential(credential, reason="Copied", by=None, now=now)


# --- Facts -----------------------------------------------------------------------------------------------------------


def hand_on_everything(now):
    with time_machine.travel(now, tick=False):
        for _round in range(2):  # a receiver may announce something itself
            for fact in Fact.objects.filter(handed_on_at__isnull=True):
                hand_on(fact.pk, now=now)
    assert not Fact.objects.filter(handed_on_at__isnull=True).exists()


def test_a_change_of_standing_is_followed_by_a_review_and_tells_the_owners(qualified, now):
    with time_machine.travel(now, tick=False):
        withdraw_acceptance(qualified.partner.acceptances.get(), by=None, now=now)
    hand_on_everything(now)
    row = Qualification.objects.get()
    assert row.closed_reason == CloseReason.AGREEMENT
    notice = qualified.user.notifications.get(type="certification.qualification_lapsed")
    assert notice.context["reason"] == "agreement"


def test_a_new_version_of_the_agreement_is_swept_up(qualified, now):
    AgreementVersionFactory(number=2, effective_from=now + DAY)
    assert AgreementVersion.objects.count() == 2
    review_due_qualifications(now=now + DAY)
    assert Qualification.objects.get().closed_reason == CloseReason.AGREEMENT


def test_reviewing_partners_twice_is_harmless(qualified, now, facts):
    for _ in range(2):
        review_partners([qualified.partner_id], now=now)
    assert len(facts("partners_qualified")) == 1


def test_a_new_programme_assesses_those_who_hold_its_exams_already(now):
    exam = ExamFactory()
    member = MembershipFactory(partner=PartnerFactory(agreed=True))
    CredentialFactory(membership=member, exam=exam, issued_at=now)
    programme = Programme(slug="new", title={"en": "New"}, letter="N")
    programme.programme_exams = [ProgrammeExam(exam=exam)]
    programme.requirements = [Requirement(people=1)]
    save_programme(programme, by=None)
    hand_on_everything(now)
    assert is_open(member, now)


def test_the_nightly_review_opens_what_came_true_by_time_alone(member, programme, now):
    """An agreement that was accepted before it came into effect: nobody does anything at that moment."""
    coming = AgreementVersionFactory(number=900, effective_from=now + 3 * DAY)
    accept_agreement(
        member.partner, version=coming, membership=member, language="en", by=member.user, now=now
    )  # fmt: skip
    for row in programme.programme_exams.all():
        CredentialFactory(membership=member, exam=row.exam, issued_at=now - DAY)
    review_qualification(member.partner, programme=programme, now=now)
    assert not is_open(member, now)
    later = now + 4 * DAY
    with time_machine.travel(later, tick=False):
        review_every_qualification()
    assert is_open(member, later)


def test_a_person_whose_account_is_closed_does_not_count(qualified, programme, now):
    User.objects.filter(pk=qualified.user_id).update(is_active=False)
    bump_standing_of_people([qualified.user_id])
    assert not is_open(qualified, now)
    assert review_qualification(qualified.partner, programme=programme, now=now) is None
