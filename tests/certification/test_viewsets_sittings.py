"""Examiners mark what people mark, look at attempts and their clocks, and grant accommodations."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import (
    Accommodation,
    AnswerStep,
    Attempt,
    AttemptState,
    EventKind,
    IntegrityEvent,
    MarkingState,
    MarkingTask,
    Outage,
    QuestionVersion,
    TimeGiven,
)
from certification.services.attempts import save_answers, start_attempt, start_preview, submit_attempt
from certification.services.marking import take_up
from tests.factories.accounts import UserFactory
from tests.factories.certification import AccommodationFactory, ExamFactory, QuestionFactory, QuestionVersionFactory
from tests.factories.partners import MembershipFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now
ESSAY = {
    "stem": {"en": "Why ring twice?", "ru": "Зачем звонить дважды?"},
    "rubric": [
        {
            "id": "c1",
            "text": {"en": "Reason", "ru": "Довод"},
            "levels": [
                {"id": "l1", "text": {"en": "None", "ru": "Нет"}, "points": 0},
                {"id": "l2", "text": {"en": "Sound", "ru": "Верный"}, "points": 2},
            ],
        },
        {
            "id": "c2",
            "text": {"en": "Tone", "ru": "Тон"},
            "levels": [
                {"id": "l1", "text": {"en": "Cold", "ru": "Холодный"}, "points": 0},
                {"id": "l2", "text": {"en": "Warm", "ru": "Тёплый"}, "points": 2},
            ],
        },
    ],
}
BEST = {"criterion_c1": "l2", "criterion_c2": "l2"}
WORST = {"criterion_c1": "l1", "criterion_c2": "l1"}


def body(response) -> str:
    return response.content.decode()


def sit_essay(**rules) -> MarkingTask:
    """An essay that somebody has written and that waits to be marked."""
    exam = ExamFactory(questions=0, **rules)
    section, other = exam.sections.all()
    other.delete()
    topic = section.quotas.get().topic
    QuestionVersionFactory(question=QuestionFactory(topic=topic, type="essay"), content=ESSAY)
    member = MembershipFactory()
    attempt = start_attempt(member, exam=exam, seed=1, now=NOW())
    answers = {1: {"": ["Because once is easily missed"]}}
    save_answers(attempt.public_id, answers=answers, client_seq=1, by=member.user, now=NOW())
    submit_attempt(attempt, by=member.user, now=NOW())
    return MarkingTask.objects.get(attempt=attempt)


@pytest.fixture
def second(examiner):
    person = UserFactory(is_staff=True)
    person.groups.add(examiner.groups.get())
    return person


# --- Marking ---------------------------------------------------------------------------------------------------------


def test_an_answer_is_taken_up_marked_by_its_rubric_and_the_attempt_is_graded(admin, examiner, facts):
    task = sit_essay()
    person = str(task.attempt.user)
    page = body(admin.get(reverse("marking:index")))
    assert "1 answer waits to be marked." in page
    assert person not in page
    assert admin.get(reverse("marking:next"))["Location"] == reverse("marking:mark", args=[task.pk])
    url = reverse("marking:mark", args=[task.pk])
    assert "Take it up" in body(admin.get(url))
    admin.post(reverse("marking:take_up", args=[task.pk]))
    page = body(admin.get(url))
    assert "Because once is easily missed" in page
    assert "whose answer it is, is not shown" in page
    assert person not in page
    half = body(admin.post(url, {"criterion_c1": "l2", "comment": "Well argued"}))
    assert "This field is required." in half
    assert "Well argued" in half
    assert admin.post(url, {**BEST, "comment": "Well argued"})["Location"] == reverse("marking:index")
    task.refresh_from_db()
    assert (task.state, task.earned) == (MarkingState.DONE, "1")
    assert task.attempt.__class__.objects.get(pk=task.attempt_id).state == AttemptState.GRADED
    assert facts("attempts_marked") == facts("attempts_graded") == [{"attempt_ids": [task.attempt_id]}]


def test_whose_answer_it_is_is_shown_where_marking_is_not_blind(admin):
    task = sit_essay(blind_marking=False)
    assert str(task.attempt.user) in body(admin.get(reverse("marking:index")))
    assert str(task.attempt.user) in body(admin.get(reverse("marking:mark", args=[task.pk])))


def test_an_answer_in_another_s_hand_is_left_alone_and_one_is_put_back(admin, examiner, second):
    task = sit_essay()
    take_up(task, by=second, now=NOW())
    page = body(admin.get(reverse("marking:mark", args=[task.pk])))
    assert "is marking this answer" in page
    assert 'name="criterion_c1"' not in page
    admin.post(reverse("marking:put_back", args=[task.pk]))
    task.refresh_from_db()
    assert task.claimed_by == second
    MarkingTask.objects.update(claimed_by=None, claimed_until=None)
    admin.post(reverse("marking:take_up", args=[task.pk]))
    assert str(examiner) in body(admin.get(reverse("marking:index"), {"show": "mine"}))
    admin.post(reverse("marking:put_back", args=[task.pk]))
    task.refresh_from_db()
    assert task.claimed_by is None


def test_two_who_disagree_are_shown_to_a_third_without_their_names(admin, second, client, examiner):
    task = sit_essay(second_marker=True)
    url = reverse("marking:mark", args=[task.pk])
    admin.post(reverse("marking:take_up", args=[task.pk]))
    admin.post(url, {**BEST, "comment": "Splendid"})
    page = body(admin.get(url))
    assert "Another person marks this answer as well." in page
    client.force_login(second)
    client.post(reverse("marking:take_up", args=[task.pk]))
    assert "Splendid" not in body(client.get(url))
    client.post(url, {**WORST, "comment": "Thin"})
    task.refresh_from_db()
    assert task.state == MarkingState.DISAGREED
    third = UserFactory(is_staff=True)
    third.groups.add(examiner.groups.get())
    client.force_login(third)
    client.post(reverse("marking:take_up", args=[task.pk]))
    page = body(client.get(url))
    assert "Two people disagree: you decide" in page
    assert "Splendid" in page
    assert "Thin" in page
    assert f">{second}<" not in page
    client.post(url, {**BEST, "comment": ""})
    task.refresh_from_db()
    assert (task.state, task.earned) == (MarkingState.DONE, "1")


def test_what_is_overdue_is_said_and_voided_attempts_and_previews_do_not_wait(admin, examiner):
    task = sit_essay()
    MarkingTask.objects.update(due_at=NOW() - timedelta(hours=3))
    page = body(admin.get(reverse("marking:index")))
    assert "1 answer is overdue" in page
    assert "Overdue, due 3 h ago" in page
    admin.post(reverse("attempts:void", args=[task.attempt_id]), {"reason": "A stranger sat it"})
    assert "0 answers wait to be marked." in body(admin.get(reverse("marking:index")))
    assert admin.get(reverse("marking:next"))["Location"] == reverse("marking:index")


def test_nobody_is_led_to_their_own_answer(client, examiner):
    task = sit_essay()
    Attempt.objects.filter(pk=task.attempt_id).update(user=examiner)
    client.force_login(examiner)
    assert client.get(reverse("marking:next"))["Location"] == reverse("marking:index")
    client.post(reverse("marking:take_up", args=[task.pk]))
    task.refresh_from_db()
    assert task.claimed_by is None


# --- Attempts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def attempt():
    member = MembershipFactory()
    found = start_attempt(member, exam=ExamFactory(questions=2), seed=1, now=NOW() - timedelta(minutes=9))
    return submit_attempt(found, by=member.user, now=NOW())


def test_attempts_are_listed_without_previews(admin, examiner, attempt):
    start_preview(examiner, exam=attempt.exam, membership=None, seed=1, now=NOW())
    rows = admin.get(reverse("attempts:index")).context["object_list"]
    assert [row.pk for row in rows] == [attempt.pk]
    rows = admin.get(reverse("attempts:index"), {"previews": "only"}).context["object_list"]
    assert [row.is_preview for row in rows] == [True]
    assert not admin.get(reverse("attempts:index"), {"passed": "True"}).context["object_list"]
    partner = attempt.membership.partner_id
    assert len(admin.get(reverse("attempts:index"), {"partner": partner}).context["object_list"]) == 1


def test_an_attempt_is_read_with_its_marks_its_clock_and_its_log(admin, attempt):
    outage = Outage.objects.create(since=NOW() - timedelta(minutes=5), until=NOW(), noticed_at=NOW())
    TimeGiven.objects.create(
        attempt=attempt,
        why="outage",
        since=outage.since,
        until=outage.until,
        seconds=185,
        outage=outage,
        given_at=NOW(),
    )
    begun = attempt.started_at
    for seconds, kind, detail in (
        (0, EventKind.ADDRESS, "a"), (10, EventKind.FOCUS_LOST, ""), (75, EventKind.FOCUS_BACK, ""),
        (80, EventKind.ADDRESS, "b"),
    ):  # fmt: skip
        IntegrityEvent.objects.create(
            attempt=attempt, kind=kind, detail=detail, happened_at=begun + timedelta(seconds=seconds)
        )
    page = body(admin.get(reverse("attempts:inspect", args=[attempt.pk])))
    assert "Part 1" in page
    assert "3 min 05 s" in page
    assert "The page was left 1 time, for 1 min 05 s in all" in page
    assert "The network address changed 1 time." in page
    assert "Nothing is decided by this" in page
    assert "No other attempt shares two wrong answers with it." in body(
        admin.get(reverse("attempts:inspect", args=[attempt.pk]), {"compare": 1})
    )
    assert str(attempt.user) in body(admin.get(reverse("outages:inspect", args=[outage.pk])))


def test_attempts_whose_wrong_answers_are_alike_are_named(admin):
    exam = ExamFactory(questions=2)
    found = []
    for seed in (1, 1, 1):
        member = MembershipFactory()
        one = start_attempt(member, exam=exam, seed=seed, now=NOW())
        found.append(one)
    kinds = {version.pk: version for version in QuestionVersion.objects.select_related("question")}
    for one in found:
        for item in found[0].drawn.questions:
            version = kinds[item.version]
            wrong = "false" if version.question.type == "true_false" else "wrong-1"
            place = next((q.position for q in one.drawn.questions if q.version == item.version), None)
            if place:
                AnswerStep.objects.create(
                    attempt=one, seq=place, position=place, response=[wrong], received_at=NOW(), counted=True
                )
        submit_attempt(one, by=one.user, now=NOW())
    page = body(admin.get(reverse("attempts:inspect", args=[found[0].pk]), {"compare": 1}))
    assert "With the same wrong answer" in page


def test_an_attempt_is_voided_with_a_reason_by_whoever_may(admin, examiner, client, attempt):
    url = reverse("attempts:void", args=[attempt.pk])
    assert "the candidate reads your reason" in body(admin.get(url))
    assert admin.post(url, {"reason": ""}).status_code == 200
    assert admin.post(url, {"reason": "A stranger sat it"}).status_code == 302
    attempt.refresh_from_db()
    assert (attempt.state, attempt.voided_by) == (AttemptState.VOIDED, examiner)
    again = body(admin.post(url, {"reason": "Once more"}))
    assert "This attempt is void already." in again
    assert "Once more" in again


def test_who_may_not_read_the_bank_sees_an_attempt_without_its_questions(client, examiner, attempt):
    manager = UserFactory(is_staff=True)
    manager.user_permissions.set(
        examiner.groups.get().permissions.filter(codename__in=("access_admin", "view_attempt"))
    )
    client.force_login(manager)
    page = body(client.get(reverse("attempts:inspect", args=[attempt.pk])))
    assert "Part 1" in page
    assert "Question number" not in page
    assert "Saying 1 of" not in page
    for name in ("attempts:void", "marking:index", "accommodations:index"):
        args = [attempt.pk] if name == "attempts:void" else []
        assert client.get(reverse(name, args=args)).status_code == 302, name


def test_answers_that_wait_to_be_marked_blind_are_not_shown_with_their_person(admin):
    task = sit_essay()
    page = body(admin.get(reverse("attempts:inspect", args=[task.attempt_id])))
    assert "Because once is easily missed" not in page
    assert "The answers are shown when they have been marked" in page


# --- Accommodations --------------------------------------------------------------------------------------------------


def granting(**changes):
    return {
        "person": "", "partner": "", "exam": "", "time_factor_percent": "", "extra_attempts": "", "break_minutes": "",
        "reason": "Reads slowly on a screen", "starts_at": "2026-01-01 00:00", "expires_at": "2036-01-01 00:00",
        **changes,
    }  # fmt: skip


def test_an_accommodation_is_granted_to_a_person_with_a_reason_and_an_end_and_withdrawn(admin, examiner):
    member = MembershipFactory()
    add = reverse("accommodations:add")
    assert "Name a person or a partner: one of the two." in body(admin.post(add, granting(extra_attempts=1)))
    page = body(admin.post(add, granting(person=member.user.email)))
    assert "Say what is granted: more time, more attempts, or breaks." in page
    assert "Reads slowly on a screen" in page
    assert "This field is required." in body(
        admin.post(add, granting(person=member.user.email, extra_attempts=1, reason=""))
    )
    wrong = granting(person=member.user.email, extra_attempts=1, expires_at="2025-01-01 00:00")
    assert "It ends before it begins." in body(admin.post(add, wrong))
    response = admin.post(add, granting(person=member.user.email, time_factor_percent=125, break_minutes=10))
    assert response.status_code == 302, response.context["form"].errors
    row = Accommodation.objects.get()
    assert (row.user, row.granted_by, row.time_factor_percent) == (member.user, examiner, 125)
    page = body(admin.get(reverse("accommodations:index")))
    assert "125 % of the time, breaks of 10 minutes in all" in page
    admin.post(reverse("accommodations:withdraw", args=[row.pk]))
    row.refresh_from_db()
    assert row.withdrawn_at is not None
    again = body(admin.post(reverse("accommodations:withdraw", args=[row.pk])))
    assert "This is withdrawn already." in again


def test_an_accommodation_for_everyone_of_a_partner_names_the_partner(admin):
    row = AccommodationFactory(partner=MembershipFactory().partner, extra_attempts=1)
    assert f"Everyone of {row.partner}" in body(admin.get(reverse("accommodations:index")))
    assert admin.get(reverse("accommodations:edit", args=[row.pk])).status_code == 200
