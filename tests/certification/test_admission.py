"""What stands between a person and an exam, each with its reason and its remedy; and what is granted to some."""

from datetime import timedelta

import pytest

from certification.models import Attempt, ExamPrerequisite, SectionQuota
from certification.services.attempts import start_attempt, start_preview, submit_attempt
from certification.services.exams import describe_exams
from certification.services.gradings import void_attempt
from portal.core.errors import Refusal
from tests.factories.accounts import UserFactory
from tests.factories.certification import AccommodationFactory, CredentialFactory, ExamFactory, TopicFactory
from tests.factories.partners import MembershipFactory, PartnerFactory
from training.models import LessonCompletion, LessonPage

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]
HOUR = timedelta(hours=1)


@pytest.fixture
def member():
    return MembershipFactory(partner=PartnerFactory(agreed=True))


def refused(member, exam, now, **options):
    with pytest.raises(Refusal) as refusal:
        start_attempt(member, exam=exam, seed=1, now=now, **options)
    assert str(refusal.value.message)
    assert str(refusal.value.remedy)
    return refusal.value.code


def fail(member, exam, now):
    """Sit and fail, an hour's worth."""
    attempt = start_attempt(member, exam=exam, seed=7, now=now)
    return submit_attempt(attempt, by=member.user, now=now)


def left(member, exam, now):
    (state,) = describe_exams(member, exams=[exam], now=now)
    return state.attempts_left


def test_before_its_window_and_after_it(member, now):
    exam = ExamFactory(window_opens_at=now + HOUR, window_closes_at=now + 2 * HOUR)
    assert refused(member, exam, now) == "not_open_yet"
    assert refused(member, exam, now + 2 * HOUR) == "exam_closed"
    assert start_attempt(member, exam=exam, seed=1, now=now + HOUR).is_running


def test_the_window_cuts_an_attempt_short_but_not_what_was_granted(member, now):
    exam = ExamFactory(time_limit_minutes=60, window_closes_at=now + HOUR / 2)
    assert start_attempt(MembershipFactory(), exam=exam, seed=1, now=now).deadline_at == now + HOUR / 2
    AccommodationFactory(user=member.user, time_factor_percent=150, starts_at=now - HOUR)
    assert start_attempt(member, exam=exam, seed=1, now=now).deadline_at == now + HOUR * 1.5
    exam.window_is_hard = True
    exam.save()
    other = MembershipFactory()
    AccommodationFactory(user=other.user, time_factor_percent=150, starts_at=now - HOUR)
    assert start_attempt(other, exam=exam, seed=1, now=now).deadline_at == now + HOUR / 2


def test_without_the_agreement_where_it_is_asked_for(member, now):
    exam = ExamFactory(requires_agreement=True)
    assert refused(MembershipFactory(), exam, now) == "agreement_first"
    assert start_attempt(member, exam=exam, seed=1, now=now).is_running


def test_before_another_exam_is_held(member, now):
    first, second = ExamFactory(), ExamFactory()
    ExamPrerequisite.objects.create(exam=second, required_exam=first)
    assert refused(member, second, now) == "exam_first"
    CredentialFactory(membership=member, exam=first, issued_at=now - HOUR)
    assert start_attempt(member, exam=second, seed=1, now=now).is_running


def test_with_a_wrong_code(member, now):
    exam = ExamFactory(access_code="Blue Heron")
    assert refused(member, exam, now, access_code="blue heron") == "access_code"
    assert start_attempt(member, exam=exam, seed=1, access_code=" Blue Heron ", now=now).is_running


def test_after_the_attempts_are_used_up_unless_more_are_granted(member, now):
    exam = ExamFactory(attempts_allowed=2, retake_after_hours=0)
    fail(member, exam, now)
    assert left(member, exam, now) == 1
    fail(member, exam, now)
    assert refused(member, exam, now) == "attempts_used_up"
    AccommodationFactory(user=member.user, exam=exam, extra_attempts=1, starts_at=now - HOUR)
    assert left(member, exam, now) == 1
    assert start_attempt(member, exam=exam, seed=1, now=now).is_running


def test_a_void_attempt_is_none(member, now):
    exam = ExamFactory(attempts_allowed=1, retake_after_hours=24)
    attempt = fail(member, exam, now)
    void_attempt(attempt, reason="The fire alarm rang", by=UserFactory(), now=now)
    assert start_attempt(member, exam=exam, seed=1, now=now).is_running


def test_the_wait_grows_with_each_failure_up_to_a_limit(member, now):
    exam = ExamFactory(retake_after_hours=10, retake_growth_percent=100, retake_most_hours=30)
    fail(member, exam, now)
    assert refused(member, exam, now + 9 * HOUR) == "wait_before_retake"
    second = now + 10 * HOUR
    fail(member, exam, second)
    assert refused(member, exam, second + 19 * HOUR) == "wait_before_retake"
    third = second + 20 * HOUR
    fail(member, exam, third)
    assert refused(member, exam, third + 29 * HOUR) == "wait_before_retake"
    assert start_attempt(member, exam=exam, seed=1, now=third + 30 * HOUR).is_running


def test_sections_that_compete_for_questions_are_not_fillable_together(member, now):
    exam = ExamFactory()
    one, other = exam.sections.all()
    topic = one.quotas.get().topic
    SectionQuota.objects.filter(section=one).update(count=4)
    SectionQuota.objects.filter(section=other).update(topic=topic, count=3)
    assert refused(member, exam, now) == "exam_unfillable"
    SectionQuota.objects.filter(section=other).update(count=2)
    assert start_attempt(member, exam=exam, seed=1, now=now).is_running


def test_a_topic_is_drawn_with_all_that_lies_below_it(member, now):
    exam = ExamFactory()
    one, other = exam.sections.all()
    parent = TopicFactory()
    for quota in (one.quotas.get(), other.quotas.get()):
        quota.topic.parent = parent
        quota.topic.save()
    other.delete()
    SectionQuota.objects.filter(section=one).update(topic=parent, count=10)
    assert len(start_attempt(member, exam=exam, seed=1, now=now).drawn.questions) == 10


def test_a_person_s_own_time_stands_above_their_partner_s(member, now):
    exam = ExamFactory(time_limit_minutes=20)
    AccommodationFactory(partner=member.partner, time_factor_percent=200, break_minutes=5, starts_at=now - HOUR)
    AccommodationFactory(user=member.user, time_factor_percent=125, starts_at=now - HOUR)
    attempt = start_attempt(member, exam=exam, seed=1, now=now)
    assert (attempt.factor_percent, attempt.break_seconds) == (125, 300)
    assert attempt.deadline_at == now + timedelta(minutes=25)


def test_what_has_run_out_or_was_withdrawn_grants_nothing(member, now):
    AccommodationFactory(user=member.user, time_factor_percent=200, starts_at=now - 2 * HOUR, expires_at=now - HOUR)
    AccommodationFactory(user=member.user, time_factor_percent=200, starts_at=now - HOUR, withdrawn_at=now)
    assert start_attempt(member, exam=ExamFactory(), seed=1, now=now).factor_percent == 100


def test_who_has_sat_an_exam_meets_other_questions_while_there_are_any(member, now):
    exam = ExamFactory(retake_after_hours=0)
    first = fail(member, exam, now)
    second = start_attempt(member, exam=exam, seed=7, now=now)
    seen, met = ({item.version for item in one.drawn.questions} for one in (first, second))
    assert not seen & met


class TestAPreview:
    def test_is_sat_by_staff_and_is_in_no_number(self, member, now, facts):
        exam, staff = ExamFactory(is_open=False), UserFactory()
        preview = start_preview(staff, exam=exam, membership=member, seed=3, now=now)
        graded = submit_attempt(preview, by=staff, now=now)
        assert (graded.state, Attempt.objects.counted().count()) == ("graded", 0)
        assert facts("attempts_graded") == []
        assert left(member, exam, now) is None

    def test_has_the_time_that_was_granted_to_the_candidate(self, member, now):
        AccommodationFactory(user=member.user, time_factor_percent=200, starts_at=now - HOUR)
        preview = start_preview(UserFactory(), exam=ExamFactory(), membership=member, seed=3, now=now)
        assert preview.factor_percent == 200

    def test_does_not_freeze_what_it_shows(self, member, now):
        preview = start_preview(UserFactory(), exam=ExamFactory(), membership=None, seed=3, now=now)
        from_paper = {item.version for item in preview.drawn.questions}
        assert not Attempt.objects.model.objects.filter(is_preview=False).exists()
        assert from_paper

    def test_ends_the_one_before(self, now):
        exam, staff = ExamFactory(), UserFactory()
        first = start_preview(staff, exam=exam, membership=None, seed=3, now=now)
        start_preview(staff, exam=exam, membership=None, seed=4, now=now)
        assert Attempt.objects.get(pk=first.pk).state == "voided"

    def test_earns_no_credential(self, member, now):
        exam, staff = ExamFactory(pass_percent=0), UserFactory()
        exam.sections.update(pass_percent=0)
        preview = start_preview(staff, exam=exam, membership=member, seed=3, now=now)
        assert submit_attempt(preview, by=staff, now=now).passed
        assert not member.user.credentials.exists()


def test_a_section_of_a_diagnostic_that_is_passed_waives_its_lesson_and_earns_no_credential(member, tree, now):
    course = tree.add_course(lessons=2)
    lesson = LessonPage.objects.child_of(course).first()
    exam = ExamFactory(purpose="diagnostic", pass_percent=0)
    one, other = exam.sections.all()
    type(one).objects.filter(pk=one.pk).update(pass_percent=0, waives=lesson)
    type(one).objects.filter(pk=other.pk).update(pass_percent=100)
    attempt = fail(member, exam, now)
    assert not attempt.passed
    completion = LessonCompletion.objects.get()
    assert (completion.lesson_key, completion.user) == (lesson.translation_key, member.user)
    assert attempt.public_id in completion.waived_by
    assert not member.user.credentials.exists()
