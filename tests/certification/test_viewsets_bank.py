"""Examiners keep the bank: topics, versions and what is done with them, where used, what changed, what is to check."""

import pytest
from django.urls import reverse
from django.utils import timezone
from taggit.models import Tag

from certification.models import (
    BrokenReport,
    CheckOutcome,
    Difficulty,
    ExamRules,
    FixedQuestion,
    QuestionCheck,
    QuestionVersion,
    SectionQuota,
    Topic,
    VersionState,
)
from certification.services.attempts import report_question, start_attempt, start_preview
from certification.services.bank import doubt_questions, write_version
from certification.services.codes import suggest_code
from tests.factories.accounts import UserFactory
from tests.factories.certification import (
    ExamFactory,
    QuestionFactory,
    QuestionVersionFactory,
    TopicFactory,
    content_of,
)
from tests.factories.content import ProductFactory
from tests.factories.partners import MembershipFactory
from training.models import Change, ProductDocPage

pytestmark = pytest.mark.django_db

NOW = timezone.now


@pytest.fixture
def looker(examiner):
    """Somebody of the staff who may see the administration and nothing of the bank."""
    person = UserFactory(is_staff=True)
    person.user_permissions.set(examiner.groups.get().permissions.filter(codename="access_admin"))
    return person


def body(response) -> str:
    return response.content.decode()


# --- Topics ----------------------------------------------------------------------------------------------------------


def test_topics_are_a_tree_and_a_circle_is_refused_by_name(admin):
    root = TopicFactory(name={"en": "Sales"})
    child = TopicFactory(name={"en": "Prices"}, parent=root)
    leaf = TopicFactory(name={"en": "Discounts"}, parent=child)
    page = body(admin.get(reverse("topics:index")))
    assert page.index("Sales") < page.index("Prices") < page.index("Discounts")
    data = {"name_en": "Sales", "name_ru": "", "slug": root.slug, "parent": leaf.pk}
    page = body(admin.post(reverse("topics:edit", args=[root.pk]), data))
    assert "A topic cannot be part of itself: “Sales” → “Discounts” → “Prices” → “Sales”." in page
    assert admin.post(reverse("topics:edit", args=[root.pk]), {**data, "parent": ""}).status_code == 302
    new = {"name_en": "Rebates", "name_ru": "", "slug": "rebates", "parent": leaf.pk}
    assert admin.post(reverse("topics:add"), new).status_code == 302
    assert Topic.objects.get(slug="rebates").parent == leaf


def test_a_topic_needs_no_slug_and_leads_to_its_first_question(admin):
    page = body(admin.post(reverse("topics:add"), {"name_en": "Big bells", "name_ru": "", "slug": ""}, follow=True))
    topic = Topic.objects.get()
    assert topic.slug == "big-bells"
    assert f"{reverse('questions:add')}?topic={topic.pk}" in page
    admin.post(reverse("topics:add"), {"name_en": "Big bells", "name_ru": "", "slug": ""})
    assert Topic.objects.filter(slug="big-bells-2").exists()
    page = body(admin.post(reverse("topics:add"), {"name_en": "Колокола", "name_ru": "", "slug": ""}))
    assert "Nothing can be made from this name" in page


def test_codes_go_on_from_the_highest_of_the_topic():
    topic = TopicFactory(slug="bells")
    for slug in ("bells-09", "bells-x", "bells-1-2", "bellsy-50"):
        QuestionFactory(slug=slug)
    assert suggest_code(topic) == "bells-10"


def test_codes_of_a_topic_with_a_long_slug_go_on_too():
    topic = TopicFactory(slug="what-a-customer-says-before-the-price-is-named")
    for number in (1, 2):
        code = suggest_code(topic)
        assert code == f"what-a-customer-says-before-the-price-is-0{number}"
        QuestionFactory(slug=code)


def test_what_the_library_says_and_nobody_tests_leads_to_a_new_question(admin, tree):
    page = tree.add(tree.libraries["en"], ProductDocPage(title="Bells", slug="bells"))
    address = f"{reverse('questions:add')}?material={page.translation_key}&amp;block="
    assert address in body(admin.get(reverse("coverage:index")))


# --- The list --------------------------------------------------------------------------------------------------------


def test_questions_are_found_by_what_they_are_about(admin):
    root = TopicFactory()
    below = TopicFactory(parent=root)
    product = ProductFactory()
    hard = QuestionVersionFactory(
        question__topic=below, question__slug="hard-one", question__difficulty=Difficulty.HARD,
        question__product=product, languages=["en"],
    )  # fmt: skip
    hard.question.tags.add("vat")
    draft = QuestionVersionFactory(draft=True, question__slug="draft-one")

    def found(**narrowed) -> set[str]:
        response = admin.get(reverse("questions:index"), narrowed)
        return {question.slug for question in response.context["object_list"]}

    assert found(topic=root.pk) == {"hard-one"}
    assert found(tag=Tag.objects.get().pk) == {"hard-one"}
    assert found(difficulty=3) == {"hard-one"}
    assert found(product=product.pk) == {"hard-one"}
    assert found(state="draft") == {"draft-one"}
    assert found(language="ru") == {"draft-one"}
    assert found(language="-ru") == {"hard-one"}
    assert found(type="single") == {"hard-one", "draft-one"}
    assert found(q=draft.content["stem"]["ru"].lower()) == {"draft-one"}
    QuestionCheck.objects.create(version=hard, raised_at=NOW())
    assert found(to_check="changed") == {"hard-one"}


def test_what_candidates_made_of_a_question_stands_beside_its_author_s_word(admin):
    QuestionVersionFactory(question=QuestionFactory(difficulty=3, measured_from=40, measured_permille=345))
    page = body(admin.get(reverse("questions:index")))
    assert "Hard" in page
    assert "34 % earned in 40 attempts" in page


# --- Versions --------------------------------------------------------------------------------------------------------


def test_a_version_goes_to_review_and_back_and_is_approved_by_another(admin, examiner, client):
    version = QuestionVersionFactory(draft=True, created_by=examiner)
    ExamRules.objects.update_or_create(pk=1, defaults={"two_person_approval": True})
    edit = reverse("questions:edit", args=[version.question_id])
    assert admin.get(reverse("questions:review", args=[version.pk])).status_code == 200
    admin.post(reverse("questions:review", args=[version.pk]))
    version.refresh_from_db()
    assert version.state == VersionState.IN_REVIEW
    page = body(admin.get(edit))
    assert "Another examiner approves it." in page
    assert reverse("questions:approve", args=[version.pk]) not in page
    refused = body(admin.post(reverse("questions:approve", args=[version.pk])))
    assert "Who wrote a question does not approve it." in refused
    admin.post(reverse("questions:send_back", args=[version.pk]))
    version.refresh_from_db()
    assert version.state == VersionState.DRAFT
    other = UserFactory(is_staff=True)
    other.groups.add(examiner.groups.get())
    client.force_login(other)
    assert client.post(reverse("questions:approve", args=[version.pk])).status_code == 302
    version.refresh_from_db()
    assert (version.state, version.approved_by) == (VersionState.APPROVED, other)


def test_two_person_approval_is_a_setting_of_examiners(admin, client, looker):
    url = reverse("wagtailsettings:edit", args=["certification", "examrules", ExamRules.load().pk])
    assert admin.post(url, {"two_person_approval": "on"}).status_code == 302
    assert ExamRules.load().two_person_approval
    client.force_login(looker)
    client.post(url, {})
    assert ExamRules.objects.get().two_person_approval


def test_withdrawing_at_once_says_first_whom_it_concerns_and_asks_for_every_language(admin, examiner):
    exam = ExamFactory(questions=1)
    attempt = start_attempt(MembershipFactory(), exam=exam, seed=1, now=NOW())
    version = QuestionVersion.objects.get(pk=attempt.drawn.questions[0].version)
    url = reverse("questions:withdraw", args=[version.pk])
    assert "1 person is sitting with it at this moment" in body(admin.get(url))
    page = body(admin.post(url, {"reason_en": "Two keys", "reason_ru": ""}))
    assert "The text is needed in every language: Russian." in page
    assert "Two keys" in page
    assert admin.post(url, {"reason_en": "Two keys", "reason_ru": "Два ключа"}).status_code == 302
    version.refresh_from_db()
    assert (version.withdrawn_by, version.state) == (examiner, VersionState.RETIRED)
    page = body(admin.get(reverse("questions:edit", args=[version.question_id])))
    assert "Withdrawn" in page
    assert "Two keys" in page


def test_what_changed_between_versions_is_said_by_word_and_sign(admin):
    version = QuestionVersionFactory()
    content = content_of("single", 7)
    content["stem"] = {"en": "Another question entirely?", "ru": version.content["stem"]["ru"]}
    new = write_version(version.question, content=content, by=None, now=NOW())
    url = reverse("questions:compare", args=[version.question_id])
    page = body(admin.get(url, {"before": version.number, "after": new.number}))
    assert "≠ Reworded" in page
    assert "removed:" in page
    assert "added:" in page
    assert "Nothing differs." in body(admin.get(url, {"before": 1, "after": 1}))
    assert admin.get(url, {"before": 9}).status_code != 200


def test_where_a_question_is_used_names_exams_and_attempts(admin, examiner):
    exam, other = ExamFactory(questions=1), ExamFactory(questions=1)
    member = MembershipFactory()
    attempt = start_attempt(member, exam=exam, seed=1, now=NOW())
    start_preview(examiner, exam=exam, membership=None, seed=2, now=NOW())
    version = QuestionVersion.objects.get(pk=attempt.drawn.questions[0].version)
    section = other.sections.first()
    section.quotas.all().delete()
    FixedQuestion.objects.create(section=section, question=version.question)
    SectionQuota.objects.create(section=other.sections.last(), count=1, difficulty=3)
    page = body(admin.get(reverse("questions:used", args=[version.question_id])))
    assert "Part 1: may be drawn" in page
    assert "Part 1: always asked" in page
    assert "Part 2: may be drawn" not in page
    assert page.count(f'href="{reverse("attempts:inspect", args=[attempt.pk])}"') == 1
    assert str(member.user) in page


# --- To check --------------------------------------------------------------------------------------------------------


@pytest.fixture
def doubted(tree):
    doc = tree.add_doc("Bells", slug="bells")
    version = QuestionVersionFactory()
    write = [[str(doc.translation_key), "b1"]]
    QuestionVersion.objects.filter(pk=version.pk).update(citations=write)
    version.cited.create(material_key=doc.translation_key, block_id="b1")
    change = Change.objects.create(
        page=doc, material_key=doc.translation_key, is_material=True, line="Ring twice", published_at=NOW(),
        blocks=[
            {"id": "b0", "kind": "moved", "label": "Other", "before": "Same", "after": "Same"},
            {"id": "b1", "kind": "changed", "label": "Ringing", "before": "Ring once", "after": "Ring twice"},
        ],
    )  # fmt: skip
    doubt_questions([change.pk], now=NOW())
    return QuestionCheck.objects.get()


def test_a_question_whose_source_changed_is_shown_beside_the_change_and_found_still_true(admin, examiner, doubted):
    assert "Ring twice" in body(admin.get(reverse("question_checks:index")))
    page = body(admin.get(reverse("question_checks:inspect", args=[doubted.pk])))
    assert "cited by the question" in page
    assert page.index("Ringing") < page.index("Other")
    url = reverse("question_checks:still_true", args=[doubted.pk])
    assert admin.post(url, {"note": "The answer is the same"}).status_code == 302
    doubted.refresh_from_db()
    assert (doubted.outcome, doubted.closed_by, doubted.note) == (
        CheckOutcome.STILL_TRUE, examiner, "The answer is the same",
    )  # fmt: skip
    assert "Nothing of this question is to check." in body(admin.post(url, {"note": "Again"}))
    assert "Ring twice" not in body(admin.get(reverse("question_checks:index")))
    assert "Ring twice" in body(admin.get(reverse("question_checks:index"), {"show": "still_true"}))


def test_a_note_of_a_candidate_is_answered_once(admin, examiner):
    member = MembershipFactory()
    attempt = start_attempt(member, exam=ExamFactory(questions=1), seed=1, now=NOW())
    report_question(attempt, position=1, text="No answer is right", by=member.user, now=NOW())
    report = BrokenReport.objects.get()
    assert "No answer is right" in body(admin.get(reverse("question_reports:index")))
    assert admin.get(reverse("question_reports:inspect", args=[report.pk])).status_code == 200
    url = reverse("question_reports:answer", args=[report.pk])
    assert "This field is required." in body(admin.post(url, {"answer": ""}))
    assert admin.post(url, {"answer": "It is right as it is"}).status_code == 302
    report.refresh_from_db()
    assert (report.closed_by, report.answer) == (examiner, "It is right as it is")
    again = body(admin.post(url, {"answer": "Second thoughts"}))
    assert "This note is answered already." in again
    assert "Second thoughts" in again


# --- Coverage --------------------------------------------------------------------------------------------------------


def test_coverage_tells_untested_from_over_tested_and_leaves_drafts_out(admin, tree):
    doc = tree.add_doc("Bells", slug="bells")
    for number in range(3):
        version = QuestionVersionFactory(draft=number == 2)
        version.cited.create(material_key=doc.translation_key, block_id="")
    tree.add_doc("Whistles", slug="whistles")
    url = reverse("coverage:index")
    rows = {row.page.title: row for row, *_rest in admin.get(url).context["rows"] if not row.block or row.page != doc}
    assert (rows["Bells"].approved, rows["Bells"].coming, rows["Bells"].state) == (2, 1, "tested")
    assert rows["Whistles"].state == "never"
    cited = admin.get(reverse("questions:index"), {"material": doc.translation_key, "block": ""})
    assert len(cited.context["object_list"]) == 2
    over = admin.get(url, {"threshold": 2, "state": "over"}).context["rows"]
    assert [row.page.title for row, *_rest in over] == ["Bells"]
    sheet = b"".join(admin.get(url, {"export": "csv", "state": "never"}).streaming_content).decode()
    assert "Whistles" in sheet
    # Cited as a whole; the one section that no question cites by itself is untested all the same.
    assert [line for line in sheet.splitlines() if line.startswith("Bells")] == [
        "Bells,Product doc,,First things,0,0,2,Untested"
    ]
    assert admin.get(url, {"export": "xlsx"}).status_code == 200


# --- Who may not -----------------------------------------------------------------------------------------------------


def test_without_permission_nothing_of_the_bank_is_seen_or_done(client, looker, doubted):
    client.force_login(looker)
    version = doubted.version
    addresses = [
        *(reverse(f"questions:{name}", args=[version.question_id]) for name in ("edit", "used", "compare")),
        *(reverse(f"questions:{name}", args=[version.pk]) for name in ("review", "approve", "retire", "withdraw")),
        *(
            reverse(f"{name}:index")
            for name in ("questions", "topics", "question_checks", "question_reports", "coverage")
        ),
        reverse("question_checks:inspect", args=[doubted.pk]),
        reverse("question_checks:still_true", args=[doubted.pk]),
        reverse("question_chooser:choose"),
        reverse("question_chooser:choose_results"),
        reverse("question_chooser:chosen", args=[version.question_id]),
    ]
    for address in addresses:
        for method in ("get", "post"):
            assert getattr(client, method)(address).status_code in {302, 405}, address
    version.refresh_from_db()
    assert version.state == VersionState.APPROVED
