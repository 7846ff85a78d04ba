from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from certification.models import (
    AnswerStep,
    Attempt,
    AttemptState,
    Credential,
    ExamSection,
    QuestionVersion,
    VersionState,
)
from certification.question_types import get_type
from certification.services.attempts import (
    grade_waiting_attempts,
    save_answers,
    start_attempt,
    submit_attempt,
    submit_due_attempts,
)
from certification.services.bank import retire_version, write_version
from certification.services.gradings import read_answers
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import PartnerStatus
from tests.factories.certification import CredentialFactory, ExamFactory, ProgrammeFactory, require_course
from tests.factories.partners import MembershipFactory, PartnerFactory
from training.models import Enrolment

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def exam():
    return ExamFactory()


@pytest.fixture
def member():
    return MembershipFactory(partner=PartnerFactory(agreed=True))


@pytest.fixture
def attempt(member, exam, now):
    return start_attempt(member, exam=exam, seed=1, now=now)


def right_places(attempt):
    """What the page would send for a faultless paper."""
    contents = dict(QuestionVersion.objects.values_list("pk", "content"))
    given = {}
    for item in attempt.drawn.questions:
        kind = get_type(item.type)
        given[item.position] = kind.give(item.order, kind.right(contents[item.version]))
    return given


def by_part(answers):
    """Answers by position and part; a bare list is that of the one part of a choice."""
    return {position: given if isinstance(given, dict) else {"": given} for position, given in answers.items()}


def save(attempt, answers, *, now, seq=1, **options):
    return save_answers(
        attempt.public_id, answers=by_part(answers), client_seq=seq, by=attempt.user, now=now, **options
    )


# --- Starting --------------------------------------------------------------------------------------------------------


def test_a_start_freezes_the_paper_and_sets_the_deadline_by_the_server(attempt, exam, now):
    assert attempt.deadline_at == now + 30 * MINUTE
    assert attempt.due_at == now + 31 * MINUTE
    assert len(attempt.drawn.questions) == 6
    asked = QuestionVersion.objects.filter(first_asked_at=now)
    assert {version.pk for version in asked} == {item.version for item in attempt.drawn.questions}


def test_starting_again_goes_on_with_the_running_attempt(attempt, member, exam, now):
    assert start_attempt(member, exam=exam, seed=2, now=now + MINUTE) == attempt


def test_pass_marks_are_those_of_the_start(attempt, exam, now):
    ExamSection.objects.update(pass_percent=100)
    exam.pass_percent = 100
    exam.save()
    assert Attempt.objects.get().drawn.pass_percent == 70


def refused(member, exam, now):
    with pytest.raises(Refusal) as refusal:
        start_attempt(member, exam=exam, seed=1, now=now)
    assert str(refusal.value.message)
    assert str(refusal.value.remedy)
    return refusal.value


def test_a_closed_exam_refuses(member, now):
    assert refused(member, ExamFactory(is_open=False), now).code == "exam_closed"


def test_an_exam_that_cannot_be_filled_cannot_be_started(member, exam, now):
    retire_version(QuestionVersion.objects.filter(question__topic=exam.sections.first().quotas.get().topic)[0], now=now)
    start_attempt(member, exam=exam, seed=1, now=now)
    Attempt.objects.all().delete()
    for version in QuestionVersion.objects.filter(question__topic=exam.sections.first().quotas.get().topic):
        retire_version(version, now=now)
    assert refused(member, exam, now).code == "exam_unfillable"
    assert not Attempt.objects.exists()


def test_an_exam_without_sections_cannot_be_started(member, exam, now):
    exam.sections.all().delete()
    assert refused(member, exam, now).code == "exam_unfillable"


def test_a_failed_exam_may_be_tried_again_after_the_wait_and_not_before(attempt, member, exam, now):
    submit_attempt(attempt, by=member.user, now=now + MINUTE)
    early = now + MINUTE + timedelta(hours=24) - SECOND
    refusal = refused(member, exam, early)
    assert refusal.code == "wait_before_retake"
    assert "25 Nov" in refusal.remedy
    again = start_attempt(member, exam=exam, seed=2, now=early + SECOND)
    assert again != attempt


def test_a_held_credential_is_renewed_in_its_last_sixty_days_only(member, exam, now):
    credential = CredentialFactory(membership=member, exam=exam, issued_at=now)
    refusal = refused(member, exam, credential.expires_at - timedelta(days=61))
    assert refusal.code == "held_already"
    assert "25 Sep 2027" in refusal.remedy
    assert start_attempt(member, exam=exam, seed=1, now=credential.expires_at - timedelta(days=60))


def test_a_revoked_credential_does_not_keep_one_from_sitting_again(member, exam, now):
    CredentialFactory(membership=member, exam=exam, issued_at=now, revoked_at=now, reason="Copied")
    assert start_attempt(member, exam=exam, seed=1, now=now)


def test_members_of_an_ended_partner_may_not_sit(exam, now):
    with pytest.raises(NotAllowed):
        start_attempt(MembershipFactory(partner__status=PartnerStatus.ENDED), exam=exam, seed=1, now=now)
    with pytest.raises(NotAllowed):
        start_attempt(MembershipFactory(ended_at=now), exam=exam, seed=1, now=now)


def test_the_course_has_to_be_completed_first_in_whichever_language(member, exam, now, course):
    require_course(exam, course)
    refusal = refused(member, exam, now)
    assert refusal.code == "course_first"
    assert course.title in refusal.message
    enrolment = Enrolment.objects.create(
        user=member.user, membership=member, course_key=course.translation_key, course=course, started_at=now
    )
    assert refused(member, exam, now).code == "course_first"
    enrolment.completed_at = now
    enrolment.save()
    assert start_attempt(member, exam=exam, seed=1, now=now)


# --- Answering -------------------------------------------------------------------------------------------------------


def test_answers_are_added_and_the_last_one_counts(attempt, now):
    order = attempt.drawn.questions[0].order
    save(attempt, {1: ["1"]}, seq=1, now=now)
    save(attempt, {1: ["2"]}, seq=2, now=now)
    assert AnswerStep.objects.count() == 2
    assert read_answers(attempt)[1] == [order[1]]


def test_an_answer_can_be_cleared(attempt, now):
    save(attempt, {1: ["1"]}, seq=1, now=now)
    save(attempt, {1: []}, seq=2, now=now)
    assert read_answers(attempt)[1] == []


def test_sending_the_same_again_after_a_lost_reply_adds_nothing(attempt, now):
    for _ in range(2):
        assert not save(attempt, {1: ["1"]}, seq=1, now=now).conflict
    assert AnswerStep.objects.count() == 1


def test_an_answer_counts_for_sixty_seconds_after_the_deadline_and_is_evidence_later(attempt, now):
    assert save(attempt, {1: ["1"]}, now=attempt.due_at).counted
    late = save(attempt, {2: ["1"]}, now=attempt.due_at + SECOND)
    assert not late.counted
    assert AnswerStep.objects.get(position=2).counted is False
    assert list(read_answers(attempt)) == [1]


def test_an_answer_after_submission_is_kept_as_evidence_and_does_not_count(attempt, now):
    submit_attempt(attempt, by=attempt.user, now=now)
    assert not save(attempt, {1: ["1"]}, now=now).counted
    assert AnswerStep.objects.count() == 1


def test_nobody_answers_for_another(attempt, now):
    with pytest.raises(Attempt.DoesNotExist):
        save_answers(attempt.public_id, answers={1: {"": ["1"]}}, client_seq=1, by=MembershipFactory().user, now=now)


@pytest.mark.parametrize("answers", [{99: ["1"]}, {0: ["1"]}, {1: ["9"]}, {1: ["x"]}])
def test_what_the_page_could_not_have_sent_is_refused_whole(attempt, now, answers):
    with pytest.raises(Refusal):
        save(attempt, {2: ["1"], **answers}, now=now)
    assert not AnswerStep.objects.exists()


def test_a_second_tab_that_answers_the_same_question_is_told_so_and_the_last_to_arrive_stands(attempt, now):
    save(attempt, {1: ["1"]}, seq=1, now=now)
    saved = save(attempt, {1: ["2"]}, seq=1, now=now)
    assert saved.conflict
    assert read_answers(attempt)[1] == [attempt.drawn.questions[0].order[1]]


def test_a_second_tab_that_answers_another_question_is_in_nobody_s_way(attempt, now):
    save(attempt, {1: ["1"]}, seq=1, now=now)
    assert not save(attempt, {2: ["1"]}, seq=1, now=now).conflict
    assert set(read_answers(attempt)) == {1, 2}


def test_an_old_page_sent_as_a_whole_does_not_wipe_out_what_another_gave_since(attempt, now):
    blank = {position: [] for position in range(1, 7)}
    save(attempt, {1: ["1"]}, seq=1, now=now)
    saved = save(attempt, {**blank, 2: ["2"]}, seq=1, whole_page=True, now=now)
    assert not saved.conflict
    assert read_answers(attempt)[1] != []
    assert set(read_answers(attempt)) == {1, 2}


def test_a_whole_page_clears_what_the_candidate_cleared(attempt, now):
    blank = {position: [] for position in range(1, 7)}
    save(attempt, {**blank, 1: ["1"]}, seq=1, whole_page=True, now=now)
    save(attempt, blank, seq=2, whole_page=True, now=now)
    assert read_answers(attempt)[1] == []


def test_saving_costs_the_same_for_one_answer_and_for_all(now, member, django_assert_num_queries):
    for size in (3, 20):
        attempt = start_attempt(member, exam=ExamFactory(questions=size), seed=1, now=now)
        everything = right_places(attempt)
        assert attempt.user == member.user
        for answers in ({1: everything[1]}, everything):
            # Lock and answers so far, new answers; and the savepoint of the test. SQLite is asked one thing after the other.
            with django_assert_num_queries(4 if connection.vendor == "postgresql" else 5):
                save(attempt, answers, now=now)


# --- Submitting ------------------------------------------------------------------------------------------------------


def test_a_faultless_paper_passes_and_earns_the_credential(attempt, now, facts):
    save(attempt, right_places(attempt), now=now)
    graded = submit_attempt(attempt, by=attempt.user, now=now + MINUTE)
    assert (graded.state, graded.passed, graded.score) == (AttemptState.GRADED, True, 100)
    credential = Credential.objects.get()
    assert credential.attempt == graded
    assert credential.membership == attempt.membership
    assert credential.expires_at.year == now.year + 1
    assert facts("credentials_awarded") == [{"credential_ids": [credential.pk]}]


def test_a_pass_qualifies_the_partner_in_the_same_transaction(member, exam, now):
    ProgrammeFactory(exams=[exam])
    attempt = start_attempt(member, exam=exam, seed=1, now=now)
    submit_attempt(attempt, answers=right_places(attempt), client_seq=1, by=member.user, now=now)
    assert member.partner.qualifications.get().closed_at is None


def test_submitting_twice_is_submitting_once(attempt, now):
    save(attempt, right_places(attempt), now=now)
    first = submit_attempt(attempt, by=attempt.user, now=now)
    second = submit_attempt(attempt, by=attempt.user, now=now + MINUTE)
    assert second.submitted_at == first.submitted_at
    assert Credential.objects.count() == 1


def test_nobody_submits_for_another(attempt, now):
    with pytest.raises(NotAllowed):
        submit_attempt(attempt, by=MembershipFactory().user, now=now)


def test_yesterday_s_attempt_still_reads_true_after_the_question_was_edited(attempt, now):
    save(attempt, right_places(attempt), now=now)
    for version in list(QuestionVersion.objects.filter(first_asked_at__isnull=False)):
        content = {**version.content, "stem": {"en": "Something else?"}}
        assert write_version(version.question, content=content, by=None, now=now).number == 2
    assert submit_attempt(attempt, by=attempt.user, now=now).score == 100


def test_the_wait_counts_from_the_deadline_when_the_sweeper_comes_late(attempt, now):
    submit_due_attempts(now=now + timedelta(hours=5))
    assert Attempt.objects.get().submitted_at == attempt.deadline_at


def test_the_sweeper_submits_what_is_due_and_leaves_what_runs(attempt, member, now):
    running = start_attempt(MembershipFactory(), exam=attempt.exam, seed=1, now=now + 20 * MINUTE)
    assert submit_due_attempts(now=attempt.due_at) == 0
    assert submit_due_attempts(now=attempt.due_at + SECOND) == 1
    assert Attempt.objects.in_progress().get() == running


def test_one_broken_attempt_does_not_stop_the_others(attempt, now):
    other = start_attempt(MembershipFactory(), exam=attempt.exam, seed=1, now=now)
    whole = attempt.paper
    Attempt.objects.filter(pk=attempt.pk).update(paper={"broken": True})
    assert submit_due_attempts(now=now + timedelta(hours=1)) == 2
    assert Attempt.objects.get(pk=other.pk).state == AttemptState.GRADED
    # It is submitted, as its time is over, and waits to be graded: nothing that was given is lost.
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.SUBMITTED
    assert grade_waiting_attempts(now=now + timedelta(hours=2)) == 0
    Attempt.objects.filter(pk=attempt.pk).update(paper=whole)
    assert grade_waiting_attempts(now=now + timedelta(hours=3)) == 1
    graded = Attempt.objects.get(pk=attempt.pk)
    assert (graded.state, graded.submitted_at) == (AttemptState.GRADED, attempt.deadline_at)


def test_what_was_sent_with_a_submission_that_cannot_be_graded_is_kept(attempt, now):
    answers = right_places(attempt)
    broken = {**attempt.paper, "questions": [list(row) for row in attempt.paper["questions"]]}
    broken["questions"][0][1] = 10**9  # a version that there is not
    Attempt.objects.filter(pk=attempt.pk).update(paper=broken)
    found = submit_attempt(attempt, answers=answers, client_seq=1, by=attempt.user, now=now + MINUTE)
    kept = Attempt.objects.get(pk=attempt.pk)
    assert found.state == kept.state == AttemptState.SUBMITTED
    assert (kept.submitted_at, kept.result) == (now + MINUTE, None)
    assert sorted(read_answers(kept)) == sorted(answers)


def test_whoever_is_graded_at_once_has_nobody_to_wait_for(attempt, now, facts):
    submit_attempt(attempt, by=attempt.user, now=now)
    assert facts("attempts_graded") == [{"attempt_ids": [attempt.pk]}]
    assert facts("attempts_marked") == []


# --- What the database itself refuses --------------------------------------------------------------------------------


def test_the_database_refuses_to_change_an_asked_version_whoever_tries(attempt):
    versions = QuestionVersion.objects.filter(first_asked_at__isnull=False)
    for change in ({"content": {}}, {"citations": [["x", "y"]]}, {"number": 9}, {"first_asked_at": None}):
        with pytest.raises(IntegrityError, match="cannot change"), transaction.atomic():
            versions.update(**change)
    assert versions.update(state=VersionState.RETIRED) == 6


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite empties tables by DELETE: no such trigger there")
def test_the_database_refuses_to_delete_an_asked_version(attempt):
    with pytest.raises(IntegrityError, match="cannot be deleted"), transaction.atomic():
        QuestionVersion.objects.filter(first_asked_at__isnull=False).delete()


def test_the_database_refuses_to_change_an_answer(attempt, now):
    save(attempt, {1: ["1"]}, now=now)
    with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic():
        AnswerStep.objects.update(counted=False)


def test_the_database_keeps_one_running_attempt_a_person_and_exam(attempt):
    twin = Attempt.objects.get()
    twin.pk, twin.public_id = None, "another"
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save(force_insert=True)
