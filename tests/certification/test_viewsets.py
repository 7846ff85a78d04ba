"""Examiners at work in Wagtail's admin."""

import os
from functools import partial

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.models import (
    Credential,
    Exam,
    ExamRules,
    Programme,
    Qualification,
    Question,
    QuestionVersion,
    Requirement,
    Topic,
    VersionState,
)
from certification.services.attempts import start_attempt
from certification.services.bank import approve_version
from certification.services.places import find_place, list_places
from tests.certification.examiners import inline
from tests.factories.accounts import UserFactory
from tests.factories.certification import (
    CredentialFactory,
    ExamFactory,
    ProgrammeFactory,
    QuestionVersionFactory,
    TopicFactory,
    qualify,
)
from tests.factories.partners import MembershipFactory
from tests.factories.training import section
from training.models import ProductDocPage

pytestmark = pytest.mark.django_db


def question_data(topic, **changes):
    """What the form of a single choice sends; rows of options and citations that stay empty are as if not sent."""
    data = {
        "slug": "pk-001",
        "topic": topic.pk,
        "difficulty": 2,
        "product": "",
        "tags": "",
        "stem_en": "What rings?",
        "stem_ru": "Что звонит?",
    }
    data |= {f"options_{n}_text_{code}": "" for n in range(1, 9) for code in ("en", "ru")}
    data |= {f"cited_{n}": "" for n in range(1, 7)}
    data |= {"feedback_en": "", "feedback_ru": ""}
    data |= {"options_1_text_en": "The bell", "options_1_text_ru": "Звонок", "options_1_correct": "on"}
    return data | {"options_2_text_en": "The door"} | changes


def add_url(kind="single"):
    return reverse("questions:add") + f"?type={kind}"


def test_every_screen_opens(admin, now):
    member = MembershipFactory(roles=["owner"])
    programme = ProgrammeFactory()
    qualify(member, programme, timezone.now())
    attempt = start_attempt(member, exam=ExamFactory(), seed=1, now=timezone.now())
    for name in ("topics", "questions", "exams", "programmes", "attempts", "credentials", "qualifications"):
        assert admin.get(reverse(f"{name}:index")).status_code == 200, name
    for name in ("topics", "questions", "exams", "programmes"):
        assert admin.get(reverse(f"{name}:add")).status_code == 200, name
    for name, row in (
        ("topics", Topic.objects.first()),
        ("questions", Question.objects.first()),
        ("exams", Exam.objects.first()),
        ("programmes", programme),
    ):
        assert admin.get(reverse(f"{name}:edit", args=[row.pk])).status_code == 200, name
    for name, row in (
        ("attempts", attempt),
        ("credentials", Credential.objects.first()),
        ("qualifications", Qualification.objects.get()),
    ):
        assert admin.get(reverse(f"{name}:inspect", args=[row.pk])).status_code == 200, name


def test_nobody_changes_what_only_services_write_and_nobody_deletes_what_results_rest_on(admin):
    credential = CredentialFactory(membership=MembershipFactory(), exam=ExamFactory())
    assert admin.get(reverse("credentials:edit", args=[credential.pk])).status_code == 302
    assert admin.get(reverse("credentials:add")).status_code == 302
    assert admin.post(reverse("exams:delete", args=[credential.exam_id])).status_code == 302
    assert Exam.objects.filter(pk=credential.exam_id).exists()


def test_staff_without_the_permissions_and_members_are_kept_out(client):
    editor = UserFactory(is_staff=True)
    editor.user_permissions.add(Permission.objects.get(codename="access_admin"))
    for user in (editor, MembershipFactory().user):
        client.force_login(user)
        assert client.get(reverse("questions:index")).status_code == 302


def test_a_question_is_written_as_a_draft_and_approved(admin, examiner):
    response = admin.post(add_url(), question_data(TopicFactory()))
    assert response.status_code == 302, response.context["form"].errors
    version = QuestionVersion.objects.get()
    assert (version.number, version.state, version.created_by) == (1, VersionState.DRAFT, examiner)
    assert version.content == {
        "stem": {"en": "What rings?", "ru": "Что звонит?"},
        "options": [
            {"id": "o1", "text": {"en": "The bell", "ru": "Звонок"}, "correct": True},
            {"id": "o2", "text": {"en": "The door"}, "correct": False},
        ],
    }
    assert admin.get(reverse("questions:approve", args=[version.pk])).status_code == 200
    admin.post(reverse("questions:approve", args=[version.pk]))
    version.refresh_from_db()
    assert (version.state, version.approved_by) == (VersionState.APPROVED, examiner)


def test_an_edit_of_an_approved_version_makes_a_new_one_with_the_same_option_ids(admin):
    version = QuestionVersionFactory()
    before = dict(version.content)
    data = question_data(version.question.topic, slug=version.question.slug, stem_en="Another wording?")
    for place, option in enumerate(before["options"], 1):
        data |= {f"options_{place}_text_{code}": option["text"][code] for code in ("en", "ru")}
    response = admin.post(reverse("questions:edit", args=[version.question_id]), data)
    assert response.status_code == 302, response.context["form"].errors
    old, new = version.question.versions.order_by("number")
    assert (old.content, old.state) == (before, VersionState.APPROVED)
    assert (new.number, new.state) == (2, VersionState.DRAFT)
    assert [option["id"] for option in new.content["options"]] == [option["id"] for option in before["options"]]
    approve_version(new, by=None, now=timezone.now())
    old.refresh_from_db()
    assert old.state == VersionState.RETIRED


def test_a_statement_is_written_without_options(admin):
    data = question_data(TopicFactory(), answer="false")
    assert admin.post(add_url("true_false"), data).status_code == 302
    assert QuestionVersion.objects.get().content["answer"] is False


def test_an_unsound_question_is_kept_as_a_draft_and_its_approval_says_what_is_wrong(admin):
    admin.post(add_url(), question_data(TopicFactory(), options_2_correct="on"))
    version = QuestionVersion.objects.get()
    response = admin.post(reverse("questions:approve", args=[version.pk]))
    assert "Exactly one option must be right." in response.content.decode()
    version.refresh_from_db()
    assert version.state == VersionState.DRAFT


def test_a_place_is_cited_by_its_name_and_an_unknown_one_is_told_what_there_is(admin, tree):
    page = tree.add(
        tree.libraries["en"],
        ProductDocPage(title="Bells", slug="bells", body=[section("ring", "How they ring", "Twice.")]),
    )
    data = question_data(TopicFactory(), cited_1="bells › nowhere", cited_2="ring")
    response = admin.post(add_url(), data)
    assert response.context["form"].errors == {
        "cited_1": ["No place of the library is called that. Type a word of its name and choose from the list."],
        "cited_2": ["No place of the library is called just that. Choose one, such as: “Bells › How they ring”."],
    }
    assert '<option value="Bells › How they ring">' in response.content.decode()
    data |= {"cited_1": " bells ›  how they RING", "cited_2": "Bells"}
    assert admin.post(add_url(), data).status_code == 302
    version = QuestionVersion.objects.get()
    key = str(page.translation_key)
    (part,) = page.sections
    assert version.citations == [[key, part.block_id or part.anchor], [key, ""]]
    edit = reverse("questions:edit", args=[version.question_id])
    assert 'value="Bells › How they ring"' in admin.get(edit).content.decode()
    # A place that is gone stays cited until somebody takes it out.
    page.delete()
    shown = admin.get(edit).context["form"].initial
    data |= {name: shown[name] for name in ("cited_1", "cited_2")} | {"stem_en": "What rings now?"}
    assert admin.post(edit, data).status_code == 302
    version.refresh_from_db()
    assert version.citations == [[key, part.block_id or part.anchor], [key, ""]]
    assert version.content["stem"]["en"] == "What rings now?"


def test_two_sections_of_one_name_are_told_apart(tree):
    body = [section("first", "Prices", "One."), section("second", "Prices", "Two.")]
    tree.add(tree.libraries["en"], ProductDocPage(title="Bells", slug="bells", body=body))
    names = [place.name for place in list_places("en")]
    assert names == ["Bells", "Bells › Prices (#first)", "Bells › Prices (#second)"]
    assert find_place(list_places("ru"), "bells › prices (#SECOND)").name == names[2]


def test_a_question_needs_no_code_and_is_approved_by_the_press_that_saves_it(admin):
    topic = TopicFactory(slug="bells")
    data = question_data(topic, slug="", approve="1")
    response = admin.post(add_url(), data, follow=True)
    page = response.content.decode()
    question = Question.objects.get()
    assert (question.slug, question.newest.state) == ("bells-01", VersionState.APPROVED)
    assert "Question bells-01 is saved and approved: exams can ask it." in page
    assert f"{reverse('questions:add')}?topic={topic.pk}&amp;difficulty=2" in page
    admin.post(add_url(), question_data(topic, slug=""))
    assert Question.objects.order_by("pk").last().slug == "bells-02"


@pytest.mark.skipif("sqlite" in os.environ.get("GUILDHALL_TEST_ENGINE", ""), reason="locks are PostgreSQL's")
@pytest.mark.django_db(transaction=True)
def test_two_questions_without_a_code_in_the_same_second_have_two(examiner, race):
    topic = TopicFactory(slug="bells")
    two = [Client(), Client()]
    for client in two:
        client.force_login(examiner)
    answers = race(*[partial(client.post, add_url(), question_data(topic, slug="")) for client in two])
    assert [answer.status_code for answer in answers] == [302, 302]
    assert set(Question.objects.values_list("slug", flat=True)) == {"bells-01", "bells-02"}


def test_what_cannot_be_approved_is_kept_as_a_draft_and_told_why(admin):
    data = question_data(TopicFactory(), options_2_correct="on", approve="1")
    page = admin.post(add_url(), data, follow=True).content.decode()
    assert "is saved and not approved. This question cannot be asked yet. Exactly one option must be right." in page
    assert QuestionVersion.objects.get().state == VersionState.DRAFT


def test_where_two_people_are_needed_the_press_sends_to_review(admin):
    ExamRules.objects.update_or_create(pk=1, defaults={"two_person_approval": True})
    assert 'name="review"' in admin.get(add_url()).content.decode()
    page = admin.post(add_url(), question_data(TopicFactory(), review="1"), follow=True).content.decode()
    assert "is saved and in review: another examiner approves it." in page
    assert QuestionVersion.objects.get().state == VersionState.IN_REVIEW
    page = admin.post(add_url(), question_data(TopicFactory(), slug="pk-002", approve="1"), follow=True)
    assert "Who wrote a question does not approve it." in page.content.decode()


def test_a_question_is_begun_on_a_topic_and_a_place(admin, tree):
    page = tree.add(tree.libraries["en"], ProductDocPage(title="Bells", slug="bells"))
    topic = TopicFactory()
    kept = f"topic={topic.pk}&difficulty=3&material={page.translation_key}&block="
    types = admin.get(f"{reverse('questions:add')}?{kept}").content.decode()
    assert f"{kept.replace('&', '&amp;')}&amp;type=single" in types
    form = admin.get(f"{reverse('questions:add')}?{kept}&type=single").context["form"]
    assert (form["topic"].value(), form["difficulty"].value(), form["cited_1"].value()) == (str(topic.pk), "3", "Bells")
    assert admin.get(f"{reverse('questions:add')}?topic=x&material=x&type=single").status_code == 200


def test_a_programme_is_made_and_its_change_takes_effect_at_once(admin, facts):
    exam = ExamFactory()
    base = {
        "title_en": "Sales", "title_ru": "", "intro_en": "", "intro_ru": "", "slug": "sales", "letter": "S",
        "shape": "circle",
    }  # fmt: skip
    exams, rules = inline("programme_exams", [{"exam": exam.pk}]), inline("requirements", [{"tier": "", "people": 1}])
    data = {**base, **exams, **rules}
    response = admin.post(reverse("programmes:add"), data)
    assert response.status_code == 302, response.context["form"].errors
    programme = Programme.objects.get()
    assert (programme.requirement_version, len(facts("requirements_changed"))) == (1, 1)
    row, rule = programme.programme_exams.get(), Requirement.objects.get()
    data = {
        **base,
        **inline("programme_exams", [{"id": row.pk, "exam": exam.pk}], initial=1),
        **inline("requirements", [{"id": rule.pk, "tier": "", "people": 3}], initial=1),
    }
    assert admin.post(reverse("programmes:edit", args=[programme.pk]), data).status_code == 302
    programme.refresh_from_db()
    assert (programme.requirement_version, Requirement.objects.get().people) == (2, 3)
    assert facts("requirements_changed") == [{"programme_ids": [programme.pk]}] * 2


def test_a_credential_is_revoked_with_a_reason_by_whoever_may(admin, examiner):
    credential = CredentialFactory(membership=MembershipFactory(), exam=ExamFactory())
    url = reverse("credentials:revoke", args=[credential.pk])
    assert admin.post(url, {"reason": ""}).status_code == 200
    assert admin.post(url, {"reason": "Somebody else sat it"}).status_code == 302
    credential.refresh_from_db()
    assert (credential.revoked_by, credential.reason) == (examiner, "Somebody else sat it")
    examiner.groups.get().permissions.remove(Permission.objects.get(codename="change_credential"))
    other = CredentialFactory(membership=MembershipFactory(), exam=ExamFactory())
    response = admin.post(reverse("credentials:revoke", args=[other.pk]), {"reason": "No"})
    assert response.status_code == 302
    other.refresh_from_db()
    assert other.revoked_at is None


def test_the_list_of_questions_costs_the_same_for_few_and_many(admin):
    costs = []
    for size in (2, 15):
        QuestionVersionFactory.create_batch(size)
        admin.get(reverse("questions:index"))
        with CaptureQueriesContext(connection) as queries:
            admin.get(reverse("questions:index"))
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_places_cost_as_many_queries_for_many_materials_as_for_few(tree):
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            list_places("ru")
        return len(asked)

    tree.add(tree.libraries["en"], ProductDocPage(title="Bells", slug="bells"))
    few = count()
    for number in range(6):
        body = [section(f"part-{number}", f"Part {number}", "Text.")]
        tree.add(tree.libraries["en"], ProductDocPage(title=f"Bells {number}", slug=f"bells-{number}", body=body))
    assert count() == few
    assert len(list_places("ru")) == 13
