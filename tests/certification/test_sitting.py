"""How an exam is sat: one question at a time, no way back, a language, marks to look again, a rehearsal, a review."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from taggit.models import Tag

from certification.models import (
    AnswerStep,
    Attempt,
    ExamPrerequisite,
    Flag,
    IntegrityEvent,
    Question,
    QuestionTag,
    QuestionVersion,
    SectionQuota,
    TimeGiven,
)
from certification.services.attempts import save_answers, start_attempt, submit_attempt
from portal.core.errors import Refusal
from tests.factories.certification import AccommodationFactory, CredentialFactory, ExamFactory, require_course
from tests.factories.partners import MembershipFactory, PartnerFactory
from tests.factories.training import section
from training.models import Enrolment

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def member():
    return MembershipFactory(partner=PartnerFactory(agreed=True))


@pytest.fixture
def visitor(client, member):
    client.force_login(member.user)
    return client


def begin(member, **rules):
    return start_attempt(member, exam=ExamFactory(**rules), seed=1, language="en", now=timezone.now())


def url(name, attempt, *args):
    return reverse(f"certification:{name}", args=[attempt.public_id, *args])


def page_of(response):
    assert response.status_code == 200, response
    return response.content.decode()


def stems(attempt):
    contents = dict(QuestionVersion.objects.values_list("pk", "content"))
    return [contents[item.version]["stem"]["en"] for item in attempt.drawn.questions]


class TestOneAtATime:
    def test_shows_one_question_and_no_word_of_the_others(self, visitor, member):
        attempt = begin(member, one_at_a_time=True)
        page = page_of(visitor.get(url("attempt", attempt), follow=True))
        shown = [stem for stem in stems(attempt) if stem in page]
        assert shown == [stems(attempt)[0]]

    def test_goes_on_and_back_and_saves_on_the_way(self, visitor, member):
        attempt = begin(member, one_at_a_time=True)
        data = {"seq": 0, "shown": 6, "alone": 1, "q1": "1", "then": "2"}
        response = visitor.post(url("save", attempt), data)
        assert response.headers["Location"] == url("question", attempt, 2)
        assert list(AnswerStep.objects.values_list("position", flat=True)) == [1]
        assert stems(attempt)[0] in page_of(visitor.get(url("question", attempt, 1)))

    def test_a_page_with_one_question_clears_no_other(self, visitor, member):
        attempt = begin(member, one_at_a_time=True)
        visitor.post(url("save", attempt), {"seq": 0, "shown": 6, "alone": 1, "q1": "1", "then": "2"})
        visitor.post(url("save", attempt), {"seq": 1, "shown": 6, "alone": 2, "q2": "1", "then": "3"})
        assert list(AnswerStep.objects.order_by("seq").values_list("position", flat=True)) == [1, 2]


class TestNoWayBack:
    def test_leads_to_the_question_that_is_next_whatever_is_asked_for(self, visitor, member):
        attempt = begin(member, one_at_a_time=True, no_way_back=True)
        for asked in (2, 6, 1):
            if asked != 1:
                response = visitor.get(url("question", attempt, asked))
                assert response.headers["Location"] == url("question", attempt, 1)

    def test_a_question_that_was_left_is_neither_seen_nor_answered_again(self, visitor, member):
        attempt = begin(member, one_at_a_time=True, no_way_back=True)
        visitor.post(url("save", attempt), {"seq": 0, "shown": 6, "alone": 1, "q1": "1", "then": "2"})
        assert visitor.get(url("question", attempt, 1)).headers["Location"] == url("question", attempt, 2)
        answer = visitor.post(
            url("save", attempt), {"position": 1, "response": "2", "seq": 5}, headers={"accept": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "left_for_good")
        assert AnswerStep.objects.count() == 1

    def test_nobody_jumps_ahead(self, member):
        attempt = begin(member, one_at_a_time=True, no_way_back=True)
        with pytest.raises(Refusal):
            save_answers(attempt.public_id, answers={}, client_seq=1, move_to=4, by=member.user, now=timezone.now())

    def test_no_list_of_the_questions_leads_around_it(self, visitor, member):
        attempt = begin(member, one_at_a_time=True, no_way_back=True)
        assert "All questions" not in page_of(visitor.get(url("question", attempt, 1)))


class TestBesideTheAnswers:
    def test_a_question_is_marked_and_named_on_the_last_page(self, visitor, member):
        attempt = begin(member)
        visitor.post(url("save", attempt), {"seq": 0, "shown": 6, "q2": "1", "flag": "3:1"})
        assert Flag.objects.get().position == 3
        assert AnswerStep.objects.get().position == 2
        assert "You wanted to look at these again" in page_of(visitor.get(url("submit", attempt)))
        assert visitor.post(url("flag", attempt), {"position": 3, "on": "0"}).status_code == 204
        assert not Flag.objects.exists()

    def test_a_note_about_a_broken_question_leaves_the_page_where_it_is(self, visitor, member):
        attempt = begin(member)
        data = {"seq": 0, "shown": 6, "q1": "1", "report": "1", "report-number": "4", "report-text": "No right one"}
        response = visitor.post(url("save", attempt), data)
        assert response.headers["Location"].endswith("#q4")
        assert (attempt.reports.get().text, AnswerStep.objects.count()) == ("No right one", 1)

    def test_what_the_page_noticed_is_kept_and_nothing_else_is(self, visitor, member):
        attempt = begin(member)
        sent = {"noticed": ["focus_lost:", "paste:2", "graded:1", "address:", "x"]}
        assert visitor.post(url("note", attempt), sent).status_code == 204
        kinds = IntegrityEvent.objects.filter(attempt=attempt).values_list("kind", "position")
        assert list(kinds) == [("focus_lost", None), ("paste", 2)]

    def test_the_log_tells_addresses_apart_without_keeping_them(self, visitor, member):
        attempt = begin(member)
        for address in ("198.51.100.7", "198.51.100.7", "203.0.113.9"):
            visitor.get(url("attempt", attempt), REMOTE_ADDR=address)
        details = list(IntegrityEvent.objects.filter(kind="address").values_list("detail", flat=True))
        assert len(details) == len(set(details)) == 2
        assert not any("198" in detail for detail in details)

    def test_the_page_is_told_when_its_clock_stands_still(self, visitor, member):
        attempt = begin(member)
        AccommodationFactory(user=member.user, break_minutes=5, starts_at=timezone.now() - MINUTE)
        assert visitor.get(url("status", attempt)).json()["stands"] == ""
        Attempt.objects.update(break_seconds=300)
        assert visitor.post(url("pause", attempt)).status_code == 302
        assert visitor.get(url("status", attempt)).json()["stands"] == "break"
        page = page_of(visitor.get(url("attempt", attempt)))
        assert "You have a break" in page
        assert stems(attempt)[0] not in page
        visitor.post(url("pause", attempt), {"end": 1})
        assert stems(attempt)[0] in page_of(visitor.get(url("attempt", attempt)))
        assert TimeGiven.objects.get().why == "break"


class TestTheRehearsal:
    def test_saves_as_an_exam_does_and_leaves_no_trace(self, visitor):
        address, save = reverse("certification:rehearsal"), reverse("certification:rehearsal_save")
        assert "What do you sit at now?" in page_of(visitor.get(address))
        sent = {"position": 1, "response": "2", "seq": 1}
        assert visitor.post(save, sent, headers={"accept": "application/json"}).json() == {"saved": 1}
        page = page_of(visitor.get(address))
        assert "checked" in page
        assert "1</span> of 3" in page
        assert not AnswerStep.objects.exists()
        assert not Attempt.objects.exists()

    def test_works_without_scripts(self, visitor):
        save = reverse("certification:rehearsal_save")
        response = visitor.post(save, {"seq": 0, "shown": 3, "q3": "a word", "at": 3}, follow=True)
        assert "a word" in page_of(response)

    def test_refuses_what_its_page_could_not_send(self, visitor):
        response = visitor.post(reverse("certification:rehearsal_save"), {"seq": 0, "shown": 3, "q1": "9"})
        assert response.status_code == 409


class TestTheReview:
    def review(self, visitor, member, **policy):
        exam = ExamFactory(review=policy)
        attempt = start_attempt(member, exam=exam, seed=1, language="en", now=timezone.now())
        submit_attempt(attempt, answers={1: {"": ["1"]}}, client_seq=1, by=member.user, now=timezone.now())
        return visitor.get(url("review", attempt)), attempt

    def test_is_closed_unless_the_exam_opens_it(self, visitor, member):
        response, attempt = self.review(visitor, member, study="at_once", sections="at_once")
        assert response.status_code == 409
        assert "Look at it question by question" not in page_of(visitor.get(url("result", attempt)))

    def test_shows_answers_without_telling_which_were_right(self, visitor, member):
        page = page_of(self.review(visitor, member, answers="at_once")[0])
        assert "Your answer" in page
        for hidden in ("Right answer", "FEEDBACK-", "Not right", "Right</"):
            assert hidden not in page
        assert not re.search(r">[\d/-]+ of 1<", page)

    def test_shows_everything_where_the_exam_does(self, visitor, member):
        everything = dict.fromkeys(("answers", "marks", "correctness", "feedback", "key"), "at_once")
        page = page_of(self.review(visitor, member, **everything)[0])
        for shown in ("Your answer", "Right answer", "FEEDBACK-"):
            assert shown in page

    def test_says_when_more_is_shown(self, visitor, member):
        response, attempt = self.review(visitor, member, answers="later:24")
        assert response.status_code == 409
        assert "More of it is shown from" in page_of(visitor.get(url("result", attempt)))

    def test_of_a_colleague_is_nobody_s(self, visitor, member, client):
        _response, attempt = self.review(visitor, member, answers="at_once")
        client.force_login(MembershipFactory(partner=member.partner).user)
        assert client.get(url("review", attempt)).status_code == 404


class TestWhatItCosts:
    """Session and person included; the same for few questions and for many."""

    def make_exam(self, member, tree, questions):
        """As a vendor's: a course and another exam first, a tag, places cited, and an attempt that failed before."""
        course = tree.add_course(lessons=1)
        Enrolment.objects.create(
            user=member.user, membership=member, course_key=course.translation_key, course=course,
            started_at=timezone.now(), completed_at=timezone.now(),
        )  # fmt: skip
        first = ExamFactory(questions=1)
        CredentialFactory(membership=member, exam=first)
        exam = ExamFactory(
            questions=questions // 2, languages=["en", "ru"], requires_agreement=True, retake_after_hours=0
        )
        require_course(exam, course)
        ExamPrerequisite.objects.create(exam=exam, required_exam=first)
        tag = Tag.objects.create(name=f"calls {exam.pk}")
        topics = [section.quotas.get().topic_id for section in exam.sections.all()]
        QuestionTag.objects.bulk_create(
            QuestionTag(content_object=one, tag=tag) for one in Question.objects.filter(topic__in=topics)
        )
        SectionQuota.objects.filter(section__exam=exam).update(tag=tag)
        doc = tree.add_doc("Cited", slug=f"cited-{exam.pk}", sections=[section("s1", "Seats", "Five.")])
        for version in QuestionVersion.objects.filter(question__topic__in=topics):
            version.citations = [[str(doc.translation_key), "s1"]]
            version.save()
        attempt = start_attempt(member, exam=exam, seed=3, language="en", now=timezone.now())
        submit_attempt(attempt, by=member.user, now=timezone.now())
        return exam

    def count(self, client, member, tree, questions):
        exam = self.make_exam(member, tree, questions)
        client.force_login(member.user)
        client.get(reverse("certification:exams"))  # the portal knows whose session it is, and its own doors
        counts = {}

        def ask(name, call):
            with CaptureQueriesContext(connection) as queries:
                response = call()
            assert response.status_code in {200, 302}, response
            counts[name] = len([one for one in queries if "SAVEPOINT" not in one["sql"]])

        ask("start", lambda: client.post(reverse("certification:start", args=[exam.slug])))
        attempt = Attempt.objects.in_progress().get(exam=exam)
        whole = {"seq": 0, "shown": questions, **{f"q{number}": "1" for number in range(1, questions + 1)}}
        ask("page", lambda: client.get(url("attempt", attempt)))
        one = {"position": 1, "response": "2", "seq": 1}
        ask("save one", lambda: client.post(url("save", attempt), one, headers={"accept": "application/json"}))
        ask("save all", lambda: client.post(url("save", attempt), whole))
        ask("submit", lambda: client.post(url("submit", attempt)))
        ask("result", lambda: client.get(url("result", attempt)))
        everything = ("study", "answers", "marks", "correctness", "feedback", "key")
        type(exam).objects.filter(pk=exam.pk).update(review=dict.fromkeys(everything, "at_once"))
        ask("review", lambda: client.get(url("review", attempt)))
        return counts

    def test_queries_do_not_depend_on_the_number_of_questions(self, client, member, tree):
        other = MembershipFactory(partner=member.partner)
        assert self.count(client, member, tree, 20) == self.count(client, other, tree, 200)

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is asked one thing at a time")
    def test_each_step_keeps_to_its_limit(self, client, member, tree):
        counts = self.count(client, member, tree, 20)
        limits = {"start": 12, "page": 10, "save one": 5, "save all": 5, "submit": 15, "result": 12, "review": 12}
        assert {name: found for name, found in counts.items() if found > limits.get(name, found)} == {}, counts
