"""Check questions: ungraded, tried as often as one likes, and their key stays away from whoever has not answered."""

import threading

import pytest
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone

from portal.core.errors import NotAllowed, Refusal
from tests.factories.training import check, publish
from training.models import CheckAnswer, LessonCompletion, LessonPage
from training.services.checks import answer_check, find_missed, list_questions, show_checks
from training.services.paragraphs import list_paragraphs

pytestmark = pytest.mark.django_db

FIRST = check("Who speaks first?", explanation="Because it is their call.")
SEVERAL = check("What to ask?", right=("why", "when"), wrong=("never",))


@pytest.fixture
def lesson(tree) -> LessonPage:
    return tree.add_lesson(tree.add_course(lessons=0), "Listen", checks=[FIRST, SEVERAL])


def give(member, lesson, *chosen, question=FIRST, by=None):
    return answer_check(
        member, lesson=lesson, block_id=question["id"], chosen=chosen, by=by or member.user, now=timezone.now()
    )


class TestAnswering:
    @pytest.mark.embedded
    def test_the_latest_answer_is_kept_with_the_tries_and_how_the_first_was(self, lesson, member):
        assert not give(member, lesson, "wrong").is_right
        assert give(member, lesson, "right").is_right
        answer = CheckAnswer.objects.get()
        assert (answer.chosen, answer.is_right, answer.first_right, answer.tries) == (["right"], True, False, 2)
        assert answer.lesson_key == lesson.translation_key

    def test_several_may_be_right(self, lesson, member):
        marking = give(member, lesson, "when", question=SEVERAL)
        assert (marking.is_right, marking.missing) == (False, 1)
        assert give(member, lesson, "when", "why", question=SEVERAL).is_right

    @pytest.mark.parametrize(
        ("chosen", "code"), [((), "nothing"), (("elsewhere",), "unknown"), (("right", "wrong"), "several")]
    )
    def test_what_is_no_answer_is_refused_and_not_kept(self, lesson, member, chosen, code):
        with pytest.raises(Refusal) as refused:
            give(member, lesson, *chosen)
        assert refused.value.code == code
        assert refused.value.remedy
        assert not CheckAnswer.objects.exists()

    def test_a_question_that_is_gone_is_refused(self, lesson, member):
        with pytest.raises(Refusal) as refused:
            give(member, lesson, "right", question=check("Another?"))
        assert refused.value.code == "question_gone"

    def test_nobody_answers_for_another_nor_in_a_closed_lesson(self, tree, lesson, member, add_member, owners_only):
        with pytest.raises(NotAllowed):
            give(member, lesson, "right", by=add_member().user)
        closed = tree.add_lesson(tree.add_course(lessons=0, audience=owners_only), checks=[FIRST])
        with pytest.raises(NotAllowed):
            give(member, closed, "right")
        assert not CheckAnswer.objects.exists()

    def test_in_two_languages_it_is_one_answer(self, tree, lesson, member):
        course = lesson.get_parent().specific
        russian = tree.add_course("Шаги", language="ru", lessons=0, translation_of=course)
        there = tree.add_lesson(russian, "Слушать", checks=[FIRST], translation_of=lesson)
        give(member, lesson, "wrong")
        give(member, there, "right")
        assert CheckAnswer.objects.get().tries == 2


class TestTheKey:
    SECRETS = ("Since right fits", "Since wrong fits", "Because it is their call.", "is_right", "Since why fits")

    def test_is_not_in_the_page_before_the_question_was_answered(self, lesson, member, signed_in):
        page = signed_in(member).get(lesson.url).content.decode()
        assert "Who speaks first?" in page
        assert page.count('type="radio"') == 2
        assert page.count('type="checkbox"') == 3
        assert not [secret for secret in self.SECRETS if secret in page]
        assert "checked" not in page.split('id="checks-heading"')[1].split("lesson-end")[0]

    def test_nor_with_another_question_answered(self, lesson, member, signed_in):
        give(member, lesson, "why", question=SEVERAL)
        page = signed_in(member).get(lesson.url).content.decode()
        assert "Since why fits" in page
        assert "Since right fits" not in page
        assert "Because it is their call." not in page

    def test_a_wrong_answer_tells_of_itself_only(self, lesson, member, signed_in):
        give(member, lesson, "wrong")
        page = signed_in(member).get(lesson.url).content.decode()
        assert "Since wrong fits" in page
        assert "Since right fits" not in page
        assert "Because it is their call." in page
        assert "Try again" in page

    def test_a_right_answer_says_so(self, lesson, member, signed_in):
        give(member, lesson, "right")
        page = signed_in(member).get(lesson.url).content.decode()
        assert "That is right" in page
        assert "Since right fits" in page

    def test_another_s_answer_shows_me_nothing(self, lesson, member, add_member, signed_in):
        give(member, lesson, "right")
        page = signed_in(add_member()).get(lesson.url).content.decode()
        assert not [secret for secret in self.SECRETS if secret in page]

    def test_is_in_no_paragraph_that_a_reader_may_report_or_compare(self, lesson):
        text = "\n".join(block.text for block in list_paragraphs(lesson))
        assert "Who speaks first?" in text
        assert "It is wrong" in text
        assert not [secret for secret in self.SECRETS if secret in text]
        assert "yes" not in text

    def test_nor_on_the_pages_of_remarks_and_changes(self, lesson, member, signed_in):
        client = signed_in(member)
        lesson.checks = [check("Who speaks first?", explanation="Anew."), SEVERAL]
        lesson.change_is_material, lesson.change_line = True, "A better question"
        publish(lesson)
        for name in ("remark", "changes"):
            page = client.get(reverse(f"training:{name}", args=[lesson.translation_key])).content.decode()
            assert not [secret for secret in (*self.SECRETS, "Anew.") if secret in page]

    def test_nor_in_an_editor_s_preview_which_sends_nothing(self, lesson):
        page = lesson.make_preview_request(None, lesson.default_preview_mode).content.decode()
        assert "Who speaks first?" in page
        assert "Check the answer" not in page
        assert not [secret for secret in self.SECRETS if secret in page]

    def test_drawn_as_a_block_it_has_no_key(self, lesson):
        drawn = str(lesson.checks.render_as_block())
        assert "Who speaks first?" in drawn
        assert not [secret for secret in self.SECRETS if secret in drawn]


class TestThePage:
    def answer(self, client, lesson, *chosen, question=FIRST):
        address = reverse("training:answer", args=[lesson.translation_key, question["id"]])
        return client.post(address, {"chosen": list(chosen)})

    def test_answering_leads_back_to_the_question(self, lesson, member, signed_in):
        response = self.answer(signed_in(member), lesson, "right")
        assert response.url == f"{lesson.url}#check-{FIRST['id']}"
        assert CheckAnswer.objects.get().is_right

    def test_nothing_chosen_is_said_kindly(self, lesson, member, signed_in):
        client = signed_in(member)
        response = self.answer(client, lesson)
        page = client.get(response.url).content.decode()
        assert "Nothing was chosen. Choose an answer first." in page

    def test_it_is_asked_by_post(self, lesson, member, signed_in):
        address = reverse("training:answer", args=[lesson.translation_key, FIRST["id"]])
        assert signed_in(member).get(address).status_code == 405

    def test_completing_the_lesson_does_not_wait_for_it(self, lesson, member, signed_in):
        signed_in(member).post(reverse("training:complete", args=[lesson.translation_key]))
        assert LessonCompletion.objects.exists()

    def test_staff_read_the_questions_and_cannot_answer(self, lesson, staff, signed_in):
        page = signed_in(staff).get(lesson.url).content.decode()
        assert "Who speaks first?" in page
        assert "Check the answer" not in page

    def test_costs_one_query_whatever_the_number_of_questions(self, tree, lesson, member, django_assert_num_queries):
        more = tree.add_lesson(lesson.get_parent().specific, checks=[check(f"Number {number}?") for number in range(9)])
        for page in (lesson, more):
            with django_assert_num_queries(1):
                show_checks(page, user_id=member.user_id)


class TestEditedQuestions:
    def test_what_was_chosen_and_is_gone_opens_the_question_again(self, lesson, member):
        give(member, lesson, "wrong")
        lesson.checks = [check("Who speaks first?", wrong=("false",), explanation="Because it is their call.")]
        publish(lesson)
        [shown] = show_checks(lesson, user_id=member.user_id)
        assert (shown.answered, shown.explanation) == (False, "")

    def test_a_key_that_was_mended_judges_the_old_answer_anew(self, lesson, member):
        give(member, lesson, "wrong")
        lesson.checks = [check("Who speaks first?", right=("wrong",), wrong=("right",))]
        publish(lesson)
        [shown] = show_checks(lesson, user_id=member.user_id)
        assert shown.is_right
        assert CheckAnswer.objects.get().first_right is False


class TestMissedMost:
    def test_by_first_answers(self, lesson, add_member):
        for number in range(4):
            person = add_member()
            give(person, lesson, "right" if number else "wrong")
            give(person, lesson, "why", *(["when"] if number > 2 else []), question=SEVERAL)
            give(person, lesson, "why", "when", question=SEVERAL)
        found = [(row.question.text, row.answered, row.missed, row.share) for row in find_missed([lesson])]
        assert found == [("What to ask?", 4, 3, 75), ("Who speaks first?", 4, 1, 25)]

    def test_of_some_people_only(self, lesson, member, add_member):
        give(member, lesson, "wrong")
        give(add_member(), lesson, "right")
        found = find_missed([lesson], user_ids=[member.user_id])
        assert (found[0].answered, found[0].missed) == (1, 1)

    def test_questions_have_their_ids_from_the_blocks(self, lesson):
        assert [question.id for question in list_questions(lesson)] == [FIRST["id"], SEVERAL["id"]]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite takes writers one by one")
def test_answers_at_once_are_one_row(lesson, member):
    start, errors = threading.Barrier(6), []

    def run(chosen: str) -> None:
        try:
            start.wait()
            give(member, lesson, chosen)
        except Exception as error:  # reported below, where the test can fail on it
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=("right" if number % 2 else "wrong",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert connection.vendor == "postgresql"
    assert CheckAnswer.objects.get().tries == 6
