"""Examiners at work in Wagtail's admin."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.models import (
    Credential,
    Exam,
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
    data |= {f"cited_page_{n}": "" for n in range(1, 7)} | {f"cited_anchor_{n}": "" for n in range(1, 7)}
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


def test_a_citation_is_chosen_as_a_page_and_a_section(admin, tree):
    page = tree.add(tree.libraries["en"], ProductDocPage(title="Bells", slug="bells"))
    data = question_data(TopicFactory(), cited_page_1=page.pk, cited_anchor_1="nowhere")
    response = admin.post(add_url(), data)
    assert "This material has no section of that name." in response.content.decode()
    assert admin.post(add_url(), {**data, "cited_anchor_1": ""}).status_code == 302
    assert QuestionVersion.objects.get().citations == [[str(page.translation_key), ""]]


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
