"""What stops the clock of a sitting: a halt, a break, the service's own failing. No second is given twice or lost."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from certification.models import (
    Attempt,
    AttemptState,
    GivenWhy,
    Halt,
    Lifesign,
    Outage,
    Standstill,
    TimeGiven,
)
from certification.services import clocks
from certification.services.attempts import save_answers, start_attempt, submit_attempt, submit_due_attempts
from portal.core.errors import NotAllowed, Refusal
from portal.core.localised import LocalisedText
from tests.factories.accounts import UserFactory
from tests.factories.certification import AccommodationFactory, ExamFactory
from tests.factories.partners import MembershipFactory, PartnerFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
REASON = LocalisedText({"en": "A question shows its answer.", "ru": "В вопросе виден ответ."})


@pytest.fixture
def exam():
    return ExamFactory(time_limit_minutes=30)


@pytest.fixture
def member():
    return MembershipFactory(partner=PartnerFactory(agreed=True))


@pytest.fixture
def attempt(member, exam, now):
    return start_attempt(member, exam=exam, seed=1, now=now)


@pytest.fixture
def examiner():
    return UserFactory()


def again(attempt):
    return Attempt.objects.get(pk=attempt.pk)


class TestAHalt:
    def test_stops_every_running_clock_and_gives_the_time_back(self, attempt, exam, examiner, now):
        other = start_attempt(MembershipFactory(), exam=exam, seed=2, now=now + 5 * MINUTE)
        clocks.halt_exam(exam, reason=REASON, by=examiner, now=now + 10 * MINUTE)
        assert not again(attempt).is_open(now + 11 * MINUTE)
        clocks.resume_exam(exam, by=examiner, now=now + 25 * MINUTE)
        assert again(attempt).deadline_at == now + 45 * MINUTE
        assert again(other).deadline_at == now + 50 * MINUTE
        assert again(attempt).is_open(now + 40 * MINUTE)
        assert {row.seconds for row in TimeGiven.objects.all()} == {15 * 60}

    def test_nobody_starts_while_it_lasts_and_is_told_why(self, exam, examiner, now):
        clocks.halt_exam(exam, reason=REASON, by=examiner, now=now)
        with pytest.raises(Refusal) as refusal:
            start_attempt(MembershipFactory(), exam=exam, seed=1, now=now + MINUTE)
        assert refusal.value.code == "halted"
        assert "shows its answer" in str(refusal.value.message)

    def test_the_sweeper_submits_nobody_who_stands_still(self, attempt, exam, examiner, now):
        clocks.halt_exam(exam, reason=REASON, by=examiner, now=now + 29 * MINUTE)
        assert submit_due_attempts(now=now + 300 * MINUTE) == 0
        clocks.resume_exam(exam, by=examiner, now=now + 300 * MINUTE)
        assert again(attempt).deadline_at == now + 301 * MINUTE
        assert submit_due_attempts(now=now + 303 * MINUTE) == 1

    def test_answers_under_way_count_and_nothing_can_be_submitted(self, attempt, exam, examiner, now):
        clocks.halt_exam(exam, reason=REASON, by=examiner, now=now + MINUTE)
        saved = save_answers(
            attempt.public_id, answers={1: {"": ["1"]}}, client_seq=1, by=attempt.user, now=now + 2 * MINUTE
        )
        assert (saved.counted, saved.stands) == (True, "halt")
        with pytest.raises(Refusal) as refusal:
            submit_attempt(attempt, by=attempt.user, now=now + 2 * MINUTE)
        assert refusal.value.code == "halted"

    def test_nobody_answers_on_borrowed_time(self, attempt, exam, examiner, now):
        clocks.halt_exam(exam, reason=REASON, by=examiner, now=now + MINUTE)
        late = {"answers": {1: {"": ["1"]}}, "client_seq": 1, "by": attempt.user}
        with pytest.raises(Refusal) as refusal:
            save_answers(attempt.public_id, **late, now=now + 2 * MINUTE + SECOND)
        assert refusal.value.code == "stands_still"
        clocks.resume_exam(exam, by=examiner, now=now + 5 * MINUTE)
        assert save_answers(attempt.public_id, **late, now=now + 5 * MINUTE).counted

    def test_one_whose_time_was_over_gets_none(self, attempt, exam, examiner, now):
        clocks.halt_exam(exam, reason=REASON, by=examiner, now=now + 30 * MINUTE + SECOND)
        assert again(attempt).standstill == ""

    def test_it_needs_a_reason_and_stands_once(self, exam, examiner, now):
        with pytest.raises(Refusal):
            clocks.halt_exam(exam, reason=LocalisedText(), by=examiner, now=now)
        clocks.halt_exam(exam, reason=REASON, by=examiner, now=now)
        with pytest.raises(Refusal) as refusal:
            clocks.halt_exam(exam, reason=REASON, by=examiner, now=now)
        assert refusal.value.code == "halted_already"
        clocks.resume_exam(exam, by=examiner, now=now + MINUTE)
        with pytest.raises(Refusal) as refusal:
            clocks.resume_exam(exam, by=examiner, now=now + MINUTE)
        assert refusal.value.code == "not_halted"

    def test_the_database_holds_that_one_is_open_at_most(self, exam, examiner, now):
        Halt.objects.create(exam=exam, reason=REASON, halted_at=now, halted_by=examiner)
        with pytest.raises(IntegrityError), transaction.atomic():
            Halt.objects.create(exam=exam, reason=REASON, halted_at=now, halted_by=examiner)

    def test_another_exam_goes_on(self, attempt, examiner, now):
        clocks.halt_exam(ExamFactory(), reason=REASON, by=examiner, now=now + MINUTE)
        assert again(attempt).is_open(now + 2 * MINUTE)

    def test_it_and_its_end_are_told(self, exam, examiner, now, facts):
        halt = clocks.halt_exam(exam, reason=REASON, by=examiner, now=now)
        clocks.resume_exam(exam, by=examiner, now=now + MINUTE)
        assert facts("exams_halted") == facts("exams_resumed") == [{"halt_ids": [halt.pk]}]


class TestABreak:
    @pytest.fixture(autouse=True)
    def _granted(self, member, now):
        AccommodationFactory(user=member.user, break_minutes=10, starts_at=now - MINUTE)

    def test_stops_the_clock_for_as_long_as_it_lasts(self, attempt, now):
        clocks.start_break(attempt, by=attempt.user, now=now + 5 * MINUTE)
        assert again(attempt).standstill == Standstill.BREAK
        clocks.end_break(attempt, by=attempt.user, now=now + 9 * MINUTE)
        assert again(attempt).deadline_at == now + 34 * MINUTE
        assert again(attempt).break_seconds_taken == 240

    def test_what_is_longer_than_granted_runs_on_the_clock(self, attempt, now):
        clocks.start_break(attempt, by=attempt.user, now=now + 5 * MINUTE)
        clocks.end_break(attempt, by=attempt.user, now=now + 20 * MINUTE)
        assert again(attempt).deadline_at == now + 40 * MINUTE

    def test_can_be_taken_in_pieces_and_no_more_than_granted(self, attempt, now):
        for start in (1, 10):
            clocks.start_break(attempt, by=attempt.user, now=now + start * MINUTE)
            clocks.end_break(attempt, by=attempt.user, now=now + (start + 5) * MINUTE)
        with pytest.raises(Refusal) as refusal:
            clocks.start_break(attempt, by=attempt.user, now=now + 16 * MINUTE)
        assert refusal.value.code == "no_break_left"

    def test_one_who_does_not_come_back_is_submitted_when_break_and_time_are_over(self, attempt, now):
        clocks.start_break(attempt, by=attempt.user, now=now + 20 * MINUTE)
        assert submit_due_attempts(now=now + 40 * MINUTE) == 0
        assert submit_due_attempts(now=now + 42 * MINUTE) == 1

    def test_a_halt_during_it_holds_after_it(self, attempt, exam, examiner, now):
        clocks.start_break(attempt, by=attempt.user, now=now + MINUTE)
        clocks.halt_exam(exam, reason=REASON, by=examiner, now=now + 2 * MINUTE)
        clocks.end_break(attempt, by=attempt.user, now=now + 3 * MINUTE)
        assert again(attempt).standstill == Standstill.HALT
        clocks.resume_exam(exam, by=examiner, now=now + 8 * MINUTE)
        assert again(attempt).deadline_at == now + 37 * MINUTE

    def test_is_no_time_to_answer_in(self, attempt, now):
        clocks.start_break(attempt, by=attempt.user, now=now + MINUTE)
        with pytest.raises(Refusal) as refusal:
            save_answers(
                attempt.public_id, answers={1: {"": ["1"]}}, client_seq=1, by=attempt.user, now=now + 3 * MINUTE
            )
        assert refusal.value.code == "stands_still"

    def test_is_the_candidate_s_own(self, attempt, examiner, now):
        with pytest.raises(NotAllowed):
            clocks.start_break(attempt, by=examiner, now=now)

    def test_nobody_has_one_who_was_granted_none(self, exam, now):
        other = start_attempt(MembershipFactory(), exam=exam, seed=3, now=now)
        with pytest.raises(Refusal) as refusal:
            clocks.start_break(other, by=other.user, now=now + MINUTE)
        assert refusal.value.code == "no_break_left"


class TestAnOutage:
    def seen(self, moment):
        return clocks.note_sign_of_life(now=moment)

    def test_is_given_back_to_everyone_who_was_sitting(self, attempt, exam, now, facts):
        self.seen(now + 10 * MINUTE)
        outage = self.seen(now + 17 * MINUTE)
        assert again(attempt).deadline_at == now + 37 * MINUTE
        assert list(TimeGiven.objects.values_list("why", "seconds", "outage")) == [(GivenWhy.OUTAGE, 420, outage.pk)]
        assert facts("service_interrupted") == [{"outage_ids": [outage.pk]}]

    def test_signs_close_together_are_none(self, attempt, now):
        for number in range(10):
            assert self.seen(now + number * 20 * SECOND) is None
        assert not Outage.objects.exists()

    def test_only_the_time_since_the_start_is_given_back(self, exam, now):
        self.seen(now)
        attempt = start_attempt(MembershipFactory(), exam=exam, seed=1, now=now + 4 * MINUTE)
        self.seen(now + 10 * MINUTE)
        assert again(attempt).deadline_at == now + 40 * MINUTE

    def test_nobody_is_submitted_while_the_service_cannot_be_reached(self, attempt, now):
        self.seen(now + 28 * MINUTE)
        assert submit_due_attempts(now=now + 32 * MINUTE) == 0
        self.seen(now + 40 * MINUTE)
        # Two minutes were left when it went: they are left now.
        assert again(attempt).deadline_at == now + 42 * MINUTE
        assert again(attempt).is_running

    def test_a_watcher_that_is_broken_for_a_day_holds_nobody(self, attempt, now):
        self.seen(now)
        assert submit_due_attempts(now=now + timedelta(days=2)) == 1

    def test_time_that_stood_still_already_is_not_given_twice(self, attempt, exam, examiner, now):
        self.seen(now + 5 * MINUTE)
        clocks.halt_exam(exam, reason=REASON, by=examiner, now=now + 6 * MINUTE)
        self.seen(now + 12 * MINUTE)
        clocks.resume_exam(exam, by=examiner, now=now + 12 * MINUTE)
        assert again(attempt).deadline_at == now + 37 * MINUTE  # one minute of the outage, six of the halt

    def test_is_found_once_by_two_watchers(self, attempt, now):
        self.seen(now + MINUTE)
        assert self.seen(now + 5 * MINUTE) is not None
        assert self.seen(now + 5 * MINUTE) is None
        assert Outage.objects.count() == 1

    def test_an_attempt_that_was_over_before_it_stays_over(self, attempt, now):
        submit_attempt(attempt, by=attempt.user, now=now + 2 * MINUTE)
        self.seen(now + 3 * MINUTE)
        self.seen(now + 9 * MINUTE)
        assert again(attempt).state == AttemptState.GRADED
        assert not TimeGiven.objects.exists()

    def test_the_portal_without_a_watcher_submits_by_the_clock(self, attempt, now):
        assert not Lifesign.objects.exists()
        assert submit_due_attempts(now=now + 32 * MINUTE) == 1


def test_reaching_the_portal_is_asked_of_its_page_of_health(live_server):
    assert clocks.reach(live_server.url)
    assert not clocks.reach("http://127.0.0.1:9")
