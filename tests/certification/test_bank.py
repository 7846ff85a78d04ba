"""The bank: written, reviewed, approved by another, put to the check when its source changes, withdrawn at once."""

from datetime import timedelta

import pytest
from django.db import connection

from certification.models import (
    Attempt,
    CheckOutcome,
    Citation,
    ExamRules,
    QuestionCheck,
    QuestionVersion,
    VersionState,
)
from certification.services import bank
from certification.services.asking import VERSIONS, recall_contents
from certification.services.attempts import report_question, start_attempt, submit_attempt
from certification.services.plans import load_bank, plan_exam
from certification.services.sheets import list_withdrawn, read_sheet
from portal.core.errors import Refusal
from portal.core.localised import LocalisedText
from portal.core.prepared import ask
from tests.factories.accounts import UserFactory
from tests.factories.certification import ExamFactory, QuestionFactory, QuestionVersionFactory, content_of
from tests.factories.partners import MembershipFactory
from tests.factories.training import section
from training.models import Change

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]
REASON = LocalisedText({"en": "Two answers are right.", "ru": "Верны два ответа."})


@pytest.fixture
def question():
    return QuestionFactory(type="single")


@pytest.fixture
def author():
    return UserFactory()


def write(question, author, now, *, citations=(), number=1):
    return bank.write_version(question, content=content_of("single", number), citations=citations, by=author, now=now)


class TestAVersion:
    def test_goes_through_review(self, question, author, now):
        version = bank.send_to_review(write(question, author, now), by=author, now=now)
        assert version.state == VersionState.IN_REVIEW
        assert bank.approve_version(version, by=UserFactory(), now=now).state == VersionState.APPROVED

    def test_knows_the_languages_in_which_it_is_whole(self, question, author, now):
        assert write(question, author, now).languages == ["en", "ru"]
        content = content_of("single", 2)
        content["options"][0]["text"]["ru"] = ""
        assert bank.write_version(question, content=content, by=author, now=now).languages == ["en"]

    def test_in_review_that_is_written_anew_is_a_draft_again(self, question, author, now):
        version = bank.send_to_review(write(question, author, now), by=author, now=now)
        again = write(question, author, now, number=2)
        assert (again.pk, again.state) == (version.pk, VersionState.DRAFT)

    def test_is_sent_back(self, question, author, now):
        version = bank.send_to_review(write(question, author, now), by=author, now=now)
        assert bank.send_back(version).state == VersionState.DRAFT
        with pytest.raises(Refusal):
            bank.send_back(version)

    def test_that_is_unsound_is_not_sent_to_review_and_the_fault_is_named(self, question, author, now):
        content = content_of("single", 1)
        for option in content["options"]:
            option["correct"] = False
        version = bank.write_version(question, content=content, by=author, now=now)
        with pytest.raises(Refusal) as refusal:
            bank.send_to_review(version, by=author, now=now)
        assert refusal.value.code == "question_unsound"
        assert str(refusal.value.remedy)

    def test_is_approved_by_another_where_two_people_are_asked(self, question, author, now):
        ExamRules.objects.update_or_create(pk=1, defaults={"two_person_approval": True})
        version = write(question, author, now)
        with pytest.raises(Refusal) as refusal:
            bank.approve_version(version, by=author, now=now)
        assert refusal.value.code == "two_people"
        assert bank.approve_version(version, by=UserFactory(), now=now).state == VersionState.APPROVED

    def test_says_in_rows_what_it_cites_once_each(self, question, author, now):
        key = "0b7e2b2e-8d4d-4d3a-9a53-0d9d1f2f7a10"
        version = write(question, author, now, citations=[(key, "a"), (key, ""), (key, "a")])
        assert set(Citation.objects.values_list("block_id", flat=True)) == {"a", ""}
        assert version.citations == [[key, "a"], [key, ""]]


def read_contents(versions):
    [rows] = ask(VERSIONS(versions=versions))
    return recall_contents(rows)


class TestRemembering:
    """What a process remembers of the questions that it has read."""

    def say(self, version, words):
        QuestionVersion.objects.filter(pk=version).update(content={"stem": {"en": words}})
        return read_contents([version])[version]["stem"]["en"]

    def test_what_was_asked_is_read_once(self, now, django_assert_num_queries):
        attempt = start_attempt(MembershipFactory(), exam=ExamFactory(), seed=1, now=now)
        versions = [item.version for item in attempt.drawn.questions]
        first = read_contents(versions)
        with django_assert_num_queries(1):
            assert read_contents(versions) == first

    def test_what_nobody_was_asked_may_still_be_changed(self):
        version = QuestionVersionFactory().pk
        assert [self.say(version, words) for words in ("Once?", "Twice?")] == ["Once?", "Twice?"]

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="only there can the trigger be passed by")
    def test_another_question_of_the_same_number_is_another(self, now):
        version = QuestionVersionFactory(first_asked_at=now, approved_at=now)
        content = read_contents([version.pk])[version.pk]
        with connection.cursor() as cursor:  # as after a copy of the database was put back
            cursor.execute("SET session_replication_role = replica")
            QuestionVersion.objects.filter(pk=version.pk).update(
                first_asked_at=now + timedelta(hours=1), content={"stem": {"en": "Another?"}}
            )
            cursor.execute("SET session_replication_role = DEFAULT")
        assert read_contents([version.pk])[version.pk] == {"stem": {"en": "Another?"}} != content


class TestWithdrawing:
    @pytest.fixture
    def attempt(self, now):
        return start_attempt(MembershipFactory(), exam=ExamFactory(), seed=1, now=now)

    def withdraw(self, attempt, now, position=1):
        version = QuestionVersion.objects.get(pk=attempt.drawn.questions[position - 1].version)
        return bank.withdraw_version(version, reason=REASON, by=UserFactory(), now=now)

    def test_takes_it_out_of_the_papers_of_those_who_sit_with_it(self, attempt, now):
        self.withdraw(attempt, now)
        assert list_withdrawn(attempt) == [1]
        assert read_sheet(attempt).at(1).withdrawn == "Two answers are right."
        graded = submit_attempt(attempt, by=attempt.user, now=now)
        assert (graded.graded.marks[0].withdrawn, graded.graded.possible) == (True, 5)

    def test_is_seen_by_a_process_that_remembers_what_the_question_asks(self, attempt, now):
        assert read_sheet(attempt).at(1).withdrawn == ""
        self.withdraw(attempt, now)
        assert read_sheet(attempt).at(1).withdrawn == "Two answers are right."

    def test_draws_it_no_more(self, attempt, now):
        version = self.withdraw(attempt, now)
        assert version.state == VersionState.RETIRED
        assert version.pk not in {item.version for item in load_bank([plan_exam(attempt.exam, {})])}

    def test_needs_a_reason_and_is_done_once(self, attempt, now, facts):
        version = self.withdraw(attempt, now)
        assert facts("questions_withdrawn") == [{"version_ids": [version.pk]}]
        with pytest.raises(Refusal) as refusal:
            bank.withdraw_version(version, reason=REASON, by=UserFactory(), now=now)
        assert refusal.value.code == "withdrawn_already"
        other = QuestionVersion.objects.get(pk=attempt.drawn.questions[1].version)
        with pytest.raises(Refusal):
            bank.withdraw_version(other, reason=LocalisedText(), by=UserFactory(), now=now)

    def test_of_what_nobody_was_asked_is_refused(self, question, author, now):
        with pytest.raises(Refusal) as refusal:
            bank.withdraw_version(write(question, author, now), reason=REASON, by=author, now=now)
        assert refusal.value.code == "never_asked"


class TestTheCheck:
    @pytest.fixture
    def doc(self, tree):
        passage = {"type": "text", "value": "<p>Five seats.</p>", "id": "0d9f6b0e-11f3-4c43-8a2c-0a64f5f1c001"}
        part = section("s1", "Seats", "Five seats.")
        part["id"] = "0d9f6b0e-11f3-4c43-8a2c-0a64f5f1c000"
        part["value"]["body"] = [passage]
        return tree.add_doc("Plans", sections=[part, section("s2", "Other", "Else.")])

    def change(self, doc, blocks, now, **more):
        found = [{"id": block, "kind": "changed", "label": "", "before": "a", "after": "b"} for block in blocks]
        return Change.objects.create(
            page=doc, material_key=doc.translation_key, is_material=True, line="Six seats now", blocks=found,
            published_at=now, **more,
        )  # fmt: skip

    def approved(self, question, author, doc, block, now):
        version = write(question, author, now, citations=[(str(doc.translation_key), block)])
        return bank.approve_version(version, by=author, now=now)

    def test_is_asked_for_where_a_passage_of_the_cited_section_changed(self, question, author, doc, now, facts):
        version = self.approved(question, author, doc, "0d9f6b0e-11f3-4c43-8a2c-0a64f5f1c000", now)
        change = self.change(doc, ["0d9f6b0e-11f3-4c43-8a2c-0a64f5f1c001"], now)
        assert bank.doubt_questions([change.pk], now=now) == 1
        check = QuestionCheck.objects.get()
        assert (check.version, check.line) == (version, "Six seats now")
        assert check.blocks == ["0d9f6b0e-11f3-4c43-8a2c-0a64f5f1c001"]
        assert facts("questions_doubted") == [{"check_ids": [check.pk]}]

    def test_is_not_asked_for_where_another_section_changed(self, question, author, doc, now):
        self.approved(question, author, doc, "s2", now)
        change = self.change(doc, ["0d9f6b0e-11f3-4c43-8a2c-0a64f5f1c001"], now)
        assert bank.doubt_questions([change.pk], now=now) == 0

    def test_is_asked_for_of_what_cites_the_whole_material(self, question, author, doc, now):
        self.approved(question, author, doc, "", now)
        assert bank.doubt_questions([self.change(doc, ["intro"], now).pk], now=now) == 1

    def test_is_asked_for_once_however_often_it_is_told(self, question, author, doc, now):
        self.approved(question, author, doc, "", now)
        change = self.change(doc, ["intro"], now)
        bank.doubt_questions([change.pk], now=now)
        assert bank.doubt_questions([change.pk], now=now) == 0
        assert QuestionCheck.objects.count() == 1

    def test_ends_with_a_word_that_it_is_still_true(self, question, author, doc, now):
        version = self.approved(question, author, doc, "", now)
        bank.doubt_questions([self.change(doc, ["intro"], now).pk], now=now)
        assert QuestionVersion.objects.to_check().get() == version
        assert bank.confirm_question(version, note="The figure stayed", by=author, now=now) == 1
        assert QuestionCheck.objects.get().outcome == CheckOutcome.STILL_TRUE
        with pytest.raises(Refusal):
            bank.confirm_question(version, by=author, now=now)

    def test_ends_with_a_new_version(self, question, author, doc, now):
        self.approved(question, author, doc, "", now)
        bank.doubt_questions([self.change(doc, ["intro"], now).pk], now=now)
        bank.approve_version(write(question, author, now, number=9), by=author, now=now)
        assert QuestionCheck.objects.get().outcome == CheckOutcome.REVISED

    def test_lets_a_doubted_question_be_drawn_last(self, author, doc, now):
        exam = ExamFactory()
        topic = exam.sections.first().quotas.get().topic
        doubted = QuestionVersion.objects.filter(question__topic=topic)[:3]
        change = self.change(doc, ["intro"], now)
        QuestionCheck.objects.bulk_create(
            QuestionCheck(version=version, change=change, raised_at=now) for version in doubted
        )
        ids = {version.pk for version in doubted}
        for seed in range(5):
            attempt = start_attempt(MembershipFactory(), exam=exam, seed=seed, now=now)
            assert not ids & {item.version for item in attempt.drawn.questions}


def test_a_candidate_s_note_is_answered_once(now):
    attempt = start_attempt(MembershipFactory(), exam=ExamFactory(), seed=1, now=now)
    report = report_question(attempt, position=2, text=" Two are right ", by=attempt.user, now=now)
    assert (report.text, report.version_id) == ("Two are right", attempt.drawn.questions[1].version)
    again = report_question(attempt, position=2, text="No, three", by=attempt.user, now=now)
    assert (again.pk, again.text) == (report.pk, "No, three")
    bank.answer_report(report, answer="You are right.", by=UserFactory(), now=now)
    with pytest.raises(Refusal) as refusal:
        bank.answer_report(report, answer="Again.", by=UserFactory(), now=now)
    assert refusal.value.code == "answered_already"
    assert Attempt.objects.get(pk=attempt.pk).is_running
