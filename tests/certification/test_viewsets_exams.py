"""Examiners build exams from nothing, halt them and sit them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from taggit.models import Tag

from certification.models import Attempt, Exam, ExamPrerequisite, Halt
from certification.services.attempts import start_attempt
from tests.certification.examiners import exam_data, inline, quota, review, sections
from tests.factories.accounts import UserFactory
from tests.factories.certification import (
    AccommodationFactory,
    ExamFactory,
    QuestionFactory,
    QuestionVersionFactory,
    TopicFactory,
)
from tests.factories.partners import MembershipFactory

pytestmark = pytest.mark.django_db


def test_an_exam_is_built_from_nothing(admin):
    topic = TopicFactory()
    QuestionVersionFactory.create_batch(4, question__topic=topic, question__difficulty=3)
    fixed = QuestionVersionFactory().question
    response = admin.post(
        reverse("exams:add"),
        exam_data(
            {"title": "Drawn", "quotas": [quota(2, topic, difficulty=3), quota(1, topic)]},
            {"title": "Always", "fixed": [fixed]},
            is_open="on", shuffle_options="on", no_way_back="on", one_at_a_time="on", languages=["en", "ru"],
        ),
    )  # fmt: skip
    assert response.status_code == 302, response.context["form"].errors
    exam = Exam.objects.get()
    assert response["Location"] == reverse("exams:edit", args=[exam.pk])
    drawn, always = exam.sections.all()
    assert [(row.count, row.topic, row.difficulty) for row in drawn.quotas.all()] == [(2, topic, 3), (1, topic, None)]
    assert [row.question for row in always.fixed_questions.all()] == [fixed]
    assert (exam.question_count, exam.is_open, exam.no_way_back, exam.languages) == (4, True, True, ["en", "ru"])
    page = admin.get(reverse("exams:edit", args=[exam.pk])).content.decode()
    assert "It can be filled" in page
    assert "A paper has 4 questions." in page


def test_an_exam_that_the_bank_cannot_fill_cannot_be_opened_and_the_conflict_is_named(admin):
    topic = QuestionVersionFactory().question.topic
    topic.refresh_from_db()
    data = exam_data({"title": "All of it", "quotas": [quota(2, topic)]}, is_open="on")
    response = admin.post(reverse("exams:add"), data)
    page = response.content.decode()
    assert f"“All of it”, 2 of “{topic}”. 2 approved questions are asked, and the bank has 1." in page
    assert not Exam.objects.exists()
    del data["is_open"]
    assert admin.post(reverse("exams:add"), data).status_code == 302
    exam = Exam.objects.get()
    assert "nobody can start it" in admin.get(reverse("exams:edit", args=[exam.pk])).content.decode()
    QuestionVersionFactory(question=QuestionFactory(topic=topic))
    assert "It can be filled" in admin.get(reverse("exams:edit", args=[exam.pk])).content.decode()


def test_an_exam_is_opened_by_the_press_that_saves_it_and_needs_neither_slug_nor_letter(admin):
    version = QuestionVersionFactory()
    rows = {"title": "All", "quotas": [quota(1, version.question.topic)]}
    response = admin.post(reverse("exams:add"), exam_data(rows, slug="", letter="", open="1"), follow=True)
    exam = Exam.objects.get()
    assert (exam.slug, exam.letter, exam.is_open) == ("bells", "B", True)
    assert "“Bells” is saved and open: members may start it." in response.content.decode()


def test_an_exam_that_cannot_be_opened_leads_to_the_questions_and_is_saved_closed_by_one_press(admin):
    topic = QuestionVersionFactory().question.topic
    data = exam_data({"title": "All", "quotas": [quota(2, topic, difficulty=2)]})
    response = admin.post(reverse("exams:add"), data | {"open": "1"})
    page = response.content.decode()
    assert "It cannot be opened as it stands here, and is not saved." in page
    bank, write = reverse("questions:index"), reverse("questions:add")
    assert f"{bank}?state=approved&amp;topic={topic.pk}&amp;difficulty=2" in page
    assert f"{write}?topic={topic.pk}&amp;difficulty=2" in page
    assert not response.context["form"]["is_open"].value()
    page = admin.post(reverse("exams:add"), data, follow=True).content.decode()
    assert "It cannot be filled: nobody can start it." in page
    assert f"{write}?topic={topic.pk}&amp;difficulty=2" in page


def test_a_language_that_lacks_questions_is_named(admin):
    topic = TopicFactory()
    QuestionVersionFactory(question__topic=topic, languages=["en"])
    row = {"title": "All", "quotas": [quota(1, topic)]}
    page = admin.post(reverse("exams:add"), exam_data(row, is_open="on", languages=["en", "ru"])).content.decode()
    assert "In Russian: “All”, 1 of" in page
    assert "In English" not in page


def test_a_fixed_question_without_an_approved_version_is_named(admin):
    question = QuestionVersionFactory(draft=True, question__slug="pk-77").question
    page = admin.post(
        reverse("exams:add"), exam_data({"title": "All", "fixed": [question]}, is_open="on")
    ).content.decode()
    assert "“All”, question pk-77 has no approved version." in page


def test_an_exam_without_sections_or_with_an_empty_one_cannot_be_opened(admin):
    page = admin.post(reverse("exams:add"), exam_data(is_open="on")).content.decode()
    assert "An exam without sections cannot be opened." in page
    page = admin.post(reverse("exams:add"), exam_data({"title": "Hollow"}, is_open="on")).content.decode()
    assert "“Hollow” asks nothing" in page


def test_a_section_either_draws_or_always_asks_the_same(admin):
    version = QuestionVersionFactory()
    row = {"title": "Both", "quotas": [quota(1, version.question.topic)], "fixed": [version.question]}
    page = admin.post(reverse("exams:add"), exam_data(row)).content.decode()
    assert "A section either draws questions or always asks the same ones" in page


def test_a_quota_draws_by_tag(admin):
    version = QuestionVersionFactory()
    version.question.tags.add("vat")
    tag = Tag.objects.get()
    row = {"title": "Taxes", "quotas": [quota(1, tag=tag)]}
    assert admin.post(reverse("exams:add"), exam_data(row, is_open="on")).status_code == 302
    row["quotas"] = [quota(2, tag=tag)]
    page = admin.post(reverse("exams:add"), exam_data(row, is_open="on", slug="more")).content.decode()
    assert "2 of tagged “vat”" in page


def test_rules_that_contradict_each_other_are_refused_and_what_was_typed_stays(admin):
    data = exam_data(
        no_way_back="on", window_opens_at="2030-05-02 10:00", window_closes_at="2030-05-01 10:00", access_code="brass"
    )
    page = admin.post(reverse("exams:add"), data).content.decode()
    assert "Only an exam of one question at a time can have no way back." in page
    assert "The window ends before it opens." in page
    assert 'value="brass"' in page


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"key": "at_once"}, "“The right answers” cannot be shown before “Whether each answer is right”."),
        ({"sections": "after_close"}, "“The marks of each section”: this exam has no end of a window."),
        ({"sections": "later"}, "“The marks of each section”: say how many hours later."),
    ],
)
def test_a_review_that_makes_no_sense_is_refused(admin, table, words):
    page = admin.post(reverse("exams:add"), exam_data(**review(**table))).content.decode()
    assert words in page


def test_a_review_is_kept_as_the_rule_stores_it(admin):
    table = review(study="at_once", sections="later:24", answers="later:24", marks="later:48")
    assert admin.post(reverse("exams:add"), exam_data(**table)).status_code == 302
    exam = Exam.objects.get()
    assert exam.review == {"study": "at_once", "sections": "later:24", "answers": "later:24", "marks": "later:48"}
    page = admin.get(reverse("exams:edit", args=[exam.pk])).content.decode()
    assert 'name="review_marks_hours" value="48"' in page


def test_prerequisites_name_one_thing_each_and_no_circle(admin):
    first, second = ExamFactory(title={"en": "First"}), ExamFactory(title={"en": "Second"})
    ExamPrerequisite.objects.create(exam=second, required_exam=first)
    rows = inline("prerequisites", [{"course": "", "required_exam": second.pk}])
    data = exam_data(slug=first.slug, title_en="First", **rows)
    page = admin.post(reverse("exams:edit", args=[first.pk]), data).content.decode()
    assert "These exams would have to be passed before one another: “First” → “Second” → “First”." in page
    assert admin.post(reverse("exams:add"), exam_data(**rows)).status_code == 302
    assert Exam.objects.get(slug="bells").prerequisites.get().required_exam == second


def test_an_edit_keeps_sections_and_takes_out_what_was_taken_out(admin):
    exam = ExamFactory()
    first, second = exam.sections.all()
    topic = first.quotas.get().topic
    data = exam_data(slug=exam.slug, **sections({"title": "Renamed", "quotas": [quota(1, topic)]}, {"title": "Gone"}))
    data |= {
        "sections-INITIAL_FORMS": 2, "sections-0-id": first.pk, "sections-1-id": second.pk, "sections-1-DELETE": "on",
        "sections-0-quotas-INITIAL_FORMS": 1, "sections-0-quotas-0-id": first.quotas.get().pk,
    }  # fmt: skip
    response = admin.post(reverse("exams:edit", args=[exam.pk]), data)
    assert response.status_code == 302, response.context["form"].errors
    section = exam.sections.get()
    assert (section.pk, str(section.title), section.quotas.get().count) == (first.pk, "Renamed", 1)


# --- Halt, resume, preview -------------------------------------------------------------------------------------------


def test_an_exam_is_halted_with_a_reason_in_every_language_and_goes_on(admin, examiner):
    exam = ExamFactory()
    attempt = start_attempt(MembershipFactory(), exam=exam, seed=1, now=timezone.now())
    url = reverse("exams:halt", args=[exam.pk])
    page = admin.get(url).content.decode()
    assert "1 person is sitting it at this moment." in page
    response = admin.post(url, {"reason_en": "A key is wrong", "reason_ru": ""})
    assert "The text is needed in every language: Russian." in response.content.decode()
    assert "A key is wrong" in response.content.decode()
    assert admin.post(url, {"reason_en": "A key is wrong", "reason_ru": "Неверный ключ"}).status_code == 302
    halt = Halt.objects.get()
    assert (halt.halted_by, halt.reason["ru"]) == (examiner, "Неверный ключ")
    attempt.refresh_from_db()
    assert attempt.standstill == "halt"
    page = admin.get(reverse("exams:edit", args=[exam.pk])).content.decode()
    assert "This exam is halted" in page
    assert "A key is wrong" in page
    assert (
        "This exam is halted already." in admin.post(url, {"reason_en": "Again", "reason_ru": "Снова"}).content.decode()
    )
    admin.post(reverse("exams:resume", args=[exam.pk]))
    halt.refresh_from_db()
    assert halt.resumed_by == examiner
    assert admin.get(reverse("halts:index")).status_code == 200
    assert str(attempt.user) in admin.get(reverse("halts:inspect", args=[halt.pk])).content.decode()


def test_staff_sit_an_exam_as_a_member_and_nothing_of_it_counts(admin, examiner):
    exam, member = ExamFactory(languages=["en", "ru"]), MembershipFactory()
    AccommodationFactory(user=member.user, time_factor_percent=150)
    url = reverse("exams:preview", args=[exam.pk])
    response = admin.post(url, {"member": "nobody@partner.example", "language": "ru"})
    assert "No member of a partner has this address." in response.content.decode()
    response = admin.post(url, {"member": member.user.email, "language": "ru"})
    attempt = Attempt.objects.get()
    assert response["Location"] == reverse("certification:attempt", args=[attempt.public_id])
    assert (attempt.is_preview, attempt.user, attempt.membership) == (True, examiner, member)
    assert (attempt.factor_percent, attempt.language) == (150, "ru")
    admin.post(url, {"member": "", "language": "en"})
    assert Attempt.objects.in_progress().get().membership is None


def test_who_may_only_look_halts_nothing_and_sits_nothing(client, examiner):
    exam = ExamFactory()
    looker = UserFactory(is_staff=True)
    names = ("access_admin", "view_exam")
    looker.user_permissions.set(examiner.groups.get().permissions.filter(codename__in=names))
    client.force_login(looker)
    assert client.get(reverse("exams:index")).status_code == 200
    for name in ("halt", "resume", "preview", "edit"):
        assert client.post(reverse(f"exams:{name}", args=[exam.pk]), {}).status_code == 302, name
    assert not Halt.objects.exists()
    assert not Attempt.objects.exists()


def test_an_exam_whose_window_is_over_is_still_edited(admin):
    now = timezone.now()
    exam = ExamFactory(window_opens_at=now - timedelta(days=9), window_closes_at=now - timedelta(days=1))
    assert admin.get(reverse("exams:edit", args=[exam.pk])).status_code == 200
