"""Two at the same moment, on PostgreSQL, each on a connection of its own."""

from datetime import timedelta
from threading import Event
from time import sleep

import pytest
from django.db import transaction

from certification.models import AnswerStep, Attempt, AttemptState, Credential, Programme, Qualification
from certification.services.attempts import save_answers, start_attempt, submit_attempt, submit_due_attempts
from certification.services.credentials import award_credential, revoke_credential
from certification.services.qualifications import review_qualification
from portal.partners.services.memberships import end_membership
from tests.certification.test_attempts import right_places
from tests.factories.certification import ExamFactory, ProgrammeFactory, qualify
from tests.factories.partners import MembershipFactory, PartnerFactory

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def member(committed):
    return MembershipFactory(partner=PartnerFactory(agreed=True))


@pytest.fixture
def attempt(member, now):
    return start_attempt(member, exam=ExamFactory(), seed=1, now=now)


def test_of_two_starts_one_begins_the_attempt_and_the_other_finds_it(member, race, now):
    exam = ExamFactory()
    results = race(*[lambda seed=seed: start_attempt(member, exam=exam, seed=seed, now=now) for seed in (1, 2)])
    assert results[0] == results[1] == Attempt.objects.get()


def test_a_start_that_waits_for_another_finds_what_it_began(member, race, now):
    exam, begun = ExamFactory(), Event()

    def start_and_hold():
        """Commit only after the other has had the time to run into the lock."""
        with transaction.atomic():
            found = start_attempt(member, exam=exam, seed=1, now=now)
            begun.set()
            sleep(0.5)
        return found

    def start_meanwhile():
        assert begun.wait(5)
        return start_attempt(member, exam=exam, seed=2, now=now)

    first, second = race(start_and_hold, start_meanwhile)
    assert first == second == Attempt.objects.get()


def test_a_double_click_and_the_sweeper_submit_once(attempt, race, now):
    save_answers(attempt.public_id, answers=right_places(attempt), client_seq=1, by=attempt.user, now=now)
    late = now + timedelta(hours=1)
    results = race(
        *[lambda: submit_attempt(attempt, by=attempt.user, now=late)] * 2, lambda: submit_due_attempts(now=late)
    )
    assert [getattr(result, "state", "") for result in results[:2]] == [AttemptState.GRADED] * 2
    assert results[2] in (0, 1)
    assert Credential.objects.count() == 1


def test_two_devices_lose_no_answer_and_count_none_twice(attempt, race, now):
    def answer(first_seq):
        for seq in range(first_seq, first_seq + 20):
            place = str(1 + seq % 2)
            save_answers(
                attempt.public_id, answers={1 + seq % 6: {"": [place]}}, client_seq=seq, by=attempt.user, now=now
            )

    assert race(lambda: answer(1), lambda: answer(101)) == [None, None]
    numbers = list(AnswerStep.objects.order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_answer_on_its_way_when_the_attempt_is_submitted_counts_or_is_evidence(attempt, race, now):
    saved, graded = race(
        lambda: save_answers(attempt.public_id, answers=right_places(attempt), client_seq=1, by=attempt.user, now=now),
        lambda: submit_attempt(attempt, by=attempt.user, now=now),
    )
    assert graded.score == (100 if saved.counted else 0)


@pytest.mark.parametrize("first", ["review", "revoke"])
def test_a_revocation_during_a_review_leaves_the_gate_closed(member, race, now, first):
    programme = ProgrammeFactory()
    qualify(member, programme, now)
    credential = Credential.objects.first()
    begun, ended = Event(), Event()

    def hold(act):
        """Do it, and commit only after the other has had the time to run into the lock."""
        with transaction.atomic():
            act()
            begun.set()
            ended.wait(0.5)

    def follow(act):
        begun.wait(10)
        act()
        ended.set()

    def review():
        review_qualification(member.partner, programme=programme, now=now)

    def revoke():
        revoke_credential(credential, reason="Copied", by=None, now=now)

    one, other = (review, revoke) if first == "review" else (revoke, review)
    assert race(lambda: hold(one), lambda: follow(other)) == [None, None]
    assert not Qualification.objects.current(now).exists()
    assert not Qualification.objects.open().exists()


def test_a_member_who_leaves_while_their_credential_is_awarded_does_not_open_the_gate(member, race, now):
    exam = ExamFactory()
    ProgrammeFactory(exams=[exam])
    MembershipFactory(partner=member.partner, roles=["owner"])
    results = race(
        lambda: award_credential(member.user, exam=exam, membership=member, evidence="test", by=None, now=now),
        lambda: end_membership(member, by=None, now=now),
    )
    assert not [result for result in results if isinstance(result, Exception)]
    assert not Qualification.objects.current(now).exists()


def test_two_reviews_open_one_qualification(member, race, now):
    programme = ProgrammeFactory(exams=[ExamFactory()])
    qualify(member, programme, now)
    Qualification.objects.all().delete()
    results = race(*[lambda: review_qualification(member.partner, programme=Programme.objects.get(), now=now)] * 4)
    assert len({result.pk for result in results}) == 1
    assert Qualification.objects.count() == 1
