"""The pages of a candidate, most of them without JavaScript: the test client has none."""

import gzip
import hashlib
import json
import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certification.models import Attempt, AttemptState, Credential, Exam, Programme, QuestionVersion
from certification.services.attempts import start_attempt, submit_attempt
from certification.services.gradings import read_answers
from tests.certification.test_attempts import by_part, right_places
from tests.factories.accounts import UserFactory
from tests.factories.certification import (
    CredentialFactory,
    ExamFactory,
    ProgrammeFactory,
    QuestionFactory,
    QuestionVersionFactory,
    qualify,
    require_course,
)
from tests.factories.partners import MembershipFactory, PartnerFactory
from training.models import ProductDocPage

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock(now):
    with time_machine.travel(now, tick=False) as travelled:
        yield travelled


@pytest.fixture
def member():
    return MembershipFactory(partner=PartnerFactory(agreed=True))


@pytest.fixture
def exam():
    return ExamFactory(title={"en": "Sales technique", "ru": "Техника продаж"})


@pytest.fixture
def visitor(client, member):
    client.force_login(member.user)
    return client


@pytest.fixture
def attempt(member, exam, now):
    return start_attempt(member, exam=exam, seed=7, now=now)


def url(name, *args):
    return reverse(f"certification:{name}", args=args)


def text_of(response):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def sheet_data(attempt, answers=None, seq=0):
    data = {"shown": len(attempt.drawn.questions), "seq": seq}
    for position, given in by_part(answers or {}).items():
        data |= {f"q{position}-{part}" if part else f"q{position}": values for part, values in given.items()}
    return data


def post_json(client, attempt, **data):
    return client.post(url("save", attempt.public_id), data, headers={"accept": "application/json"})


# --- Before the sitting ----------------------------------------------------------------------------------------------


def test_the_list_shows_each_exam_with_the_reader_s_mark(visitor, member, exam, now):
    held = ExamFactory()
    CredentialFactory(membership=member, exam=held, issued_at=now)
    ExamFactory(is_open=False, title={"en": "Secret exam"})
    page = text_of(visitor.get(url("exams")))
    assert "Sales technique" in page
    assert "Open to you" in page
    assert "Until 24 Nov 2027" in page
    assert "Secret exam" not in page


def test_the_list_costs_the_same_for_few_and_many_exams(visitor, member, now):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert visitor.get(url("exams")).status_code == 200
        return len(queries)

    ExamFactory.create_batch(2)
    count()
    few = count()
    for exam in ExamFactory.create_batch(8):
        CredentialFactory(membership=member, exam=exam, issued_at=now)
    assert count() == few


def test_the_intro_tells_the_rules_and_offers_the_start(visitor, exam):
    page = text_of(visitor.get(url("exam", exam.slug)))
    assert "Start the exam" in page
    assert "70% of the whole exam" in page
    assert "1 day later" in page


def test_the_intro_says_why_not_and_what_would_change_it(visitor, member, exam, attempt, now):
    submit_attempt(attempt, by=member.user, now=now)
    page = text_of(visitor.get(url("exam", exam.slug)))
    assert "did not pass" in page
    assert "You may try again from 25 Nov" in page
    assert "Start the exam" not in page


def test_the_intro_links_to_the_course_that_is_asked_for(visitor, exam, course):
    require_course(exam, course)
    response = visitor.get(url("exam", exam.slug))
    assert "Complete the course “Selling well” first." in text_of(response)
    assert "/courses/selling-well/" in response.content.decode()


def test_a_course_says_how_its_exam_stands_for_the_reader(visitor, member, exam, course, attempt, now):
    require_course(exam, course)
    assert "You are in the middle of it" in text_of(visitor.get(course.url))
    submit_attempt(attempt, answers=right_places(attempt), client_seq=1, by=member.user, now=now)
    page = text_of(visitor.get(course.url))
    assert "You hold this credential until" in page
    assert "It opens when you have completed the course" not in page


def test_a_closed_exam_that_one_never_sat_is_not_there(visitor):
    assert visitor.get(url("exam", ExamFactory(is_open=False).slug)).status_code == 404


def test_a_refused_start_is_answered_with_a_page_that_says_why(visitor, member, exam, now):
    CredentialFactory(membership=member, exam=exam, issued_at=now)
    response = visitor.post(url("start", exam.slug))
    assert response.status_code == 409
    assert "You may renew it from 25 Sep 2027." in text_of(response)


def test_a_refusal_leads_back_to_the_form_that_was_refused_and_nowhere_else(visitor, exam):
    Exam.objects.filter(pk=exam.pk).update(access_code="Heron")
    form = f"http://testserver{url('exam', exam.slug)}"

    def refused(**headers) -> str:
        response = visitor.post(url("start", exam.slug), {"access_code": "Owl"}, headers=headers)
        assert response.status_code == 409
        return response.content.decode()

    assert f'href="{form}"' in refused(referer=form)
    for other in ("https://elsewhere.example/", "http://testserver.example/", "javascript:alert(1)"):
        assert other not in refused(referer=other)
    assert "Back to where I was" not in refused()


def test_a_start_is_a_post(visitor, exam):
    assert visitor.get(url("start", exam.slug)).status_code == 405


def test_people_without_a_partner_are_told_so(client, exam):
    client.force_login(UserFactory())
    for name, args in (("exams", ()), ("exam", (exam.slug,)), ("standing", ())):
        assert client.get(url(name, *args)).status_code == 403
    assert client.post(url("start", exam.slug)).status_code == 403
    assert client.get(url("credentials")).status_code == 200


def test_nothing_is_open_to_the_public(client, exam):
    for name, args in (("exams", ()), ("exam", (exam.slug,)), ("credentials", ()), ("standing", ())):
        assert client.get(url(name, *args)).status_code == 302


# --- The sitting, without JavaScript ---------------------------------------------------------------------------------


def test_the_whole_sitting_works_without_javascript(visitor, member, exam, now, clock):
    response = visitor.post(url("start", exam.slug))
    attempt = Attempt.objects.get()
    assert response.url == url("attempt", attempt.public_id)
    answers = right_places(attempt)

    first = {position: answers[position] for position in (1, 2, 3)}
    response = visitor.post(url("save", attempt.public_id), sheet_data(attempt, first), follow=True)
    assert "Your answers are saved." in text_of(response)
    assert "3 of 6 answered" in text_of(response)
    for position, places in first.items():
        for place in places[""]:
            assert f'name="q{position}" value="{place}" checked' in response.content.decode()

    clock.shift(20 * MINUTE)  # the connection was lost; the page is loaded again
    page = visitor.get(url("attempt", attempt.public_id))
    assert "3 of 6 answered" in text_of(page)
    assert "The exam ends at 09:30" in text_of(page).replace("\xa0", " ")

    seq = re.search(r'name="seq" value="(\d+)"', page.content.decode()).group(1)
    response = visitor.post(
        url("save", attempt.public_id), {**sheet_data(attempt, answers, seq), "then": "finish"}, follow=True
    )
    assert "Every question is answered." in text_of(response)
    response = visitor.post(url("submit", attempt.public_id), follow=True)
    assert "Passed" in text_of(response)
    assert "100% of the points" in text_of(response)
    assert "mark-won" in response.content.decode()
    assert Credential.objects.get().user == member.user


def test_the_last_page_lists_what_is_not_answered(visitor, attempt):
    visitor.post(url("save", attempt.public_id), sheet_data(attempt, {1: ["1"], 2: ["1"]}))
    page = visitor.get(url("submit", attempt.public_id)).content.decode()
    for position in (3, 4, 5, 6):
        assert f"#q{position}" in page
    assert "#q1" not in page


def test_inputs_are_locked_after_the_deadline_and_the_result_is_one_button_away(visitor, attempt, clock):
    clock.shift(30 * MINUTE)
    page = visitor.get(url("attempt", attempt.public_id)).content.decode()
    assert page.count("<fieldset") == page.count(" disabled>") == 6
    assert "own-save" not in page
    response = visitor.post(url("submit", attempt.public_id), follow=True)
    assert "Not passed this time" in text_of(response)


def test_answers_that_come_along_with_the_last_second_count_within_the_grace(visitor, attempt, clock):
    clock.shift(30 * MINUTE + timedelta(seconds=30))
    visitor.post(url("submit", attempt.public_id), sheet_data(attempt, right_places(attempt)))
    assert Attempt.objects.get().score == 100


def test_late_answers_are_told_to_be_late(visitor, attempt, clock):
    clock.shift(32 * MINUTE)
    response = visitor.post(url("save", attempt.public_id), sheet_data(attempt, {1: ["1"]}), follow=True)
    assert "came too late to count" in text_of(response)
    assert read_answers(attempt) == {}


def test_a_page_that_another_page_overtook_is_told_so(visitor, attempt):
    visitor.post(url("save", attempt.public_id), sheet_data(attempt, {1: ["1"]}))
    response = visitor.post(url("save", attempt.public_id), sheet_data(attempt, {1: ["2"]}), follow=True)
    assert "open on another page too" in text_of(response)


# --- The sitting, as the exam-sheet speaks ---------------------------------------------------------------------------


def test_one_answer_is_saved_and_confirmed_with_its_number_and_the_deadline(visitor, attempt):
    response = post_json(visitor, attempt, position=2, response=["1"], seq=5)
    assert response.status_code == 200
    assert response.json() == {"saved": 5, "deadline": attempt.deadline_at.isoformat()}
    page = visitor.get(url("attempt", attempt.public_id)).content.decode()
    assert 'data-seq="5"' in page


def test_a_stale_page_is_answered_409_and_its_answer_is_kept(visitor, attempt):
    post_json(visitor, attempt, position=2, response=["1"], seq=1)
    response = post_json(visitor, attempt, position=2, response=["2"], seq=1)
    assert response.status_code == 409
    assert response.json()["saved"] == 1


def test_an_answer_after_the_end_is_answered_410(visitor, attempt, clock):
    clock.shift(32 * MINUTE)
    assert post_json(visitor, attempt, position=2, response=["1"], seq=1).status_code == 410


@pytest.mark.parametrize(
    "data",
    [
        {"position": "x", "seq": "1"},
        {"position": "1", "seq": "-1"},
        {"position": "1"},
        {"position": "1", "seq": "9" * 30},
        {"position": "77", "seq": "1", "response": "1"},
        {"shown": "many", "seq": "1"},
        {},
    ],
)
def test_nonsense_is_refused_with_a_reason(visitor, attempt, data):
    response = post_json(visitor, attempt, **data)
    assert response.status_code == 409
    assert response.json()["code"] == "bad_answer"


# --- Another person's attempt ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("relation", ["colleague", "stranger"])
def test_another_person_s_attempt_is_not_there(client, attempt, member, relation):
    other = MembershipFactory(partner=member.partner) if relation == "colleague" else MembershipFactory()
    client.force_login(other.user)
    for name in ("attempt", "submit", "result"):
        assert client.get(url(name, attempt.public_id)).status_code == 404
    assert client.post(url("submit", attempt.public_id)).status_code == 404
    assert client.post(url("save", attempt.public_id), sheet_data(attempt)).status_code == 404
    assert post_json(client, attempt, position=1, response=["1"], seq=1).status_code == 404
    assert Attempt.objects.get().state == AttemptState.IN_PROGRESS


# --- Keys ------------------------------------------------------------------------------------------------------------


def test_no_key_reaches_the_browser(visitor, member, now):
    """Every byte of a sitting and of a failed result, searched for keys, feedback, and the author's option ids."""
    exam = ExamFactory(questions=6)
    for version in QuestionVersion.objects.select_related("question"):
        # A secret on the right options alone; their texts are made as long as the others'.
        for option in version.content.get("options", []):
            option["id"] = ("KEYRIGHT" if option["correct"] else "KEYWRONG") + option["id"]
        version.save()
    attempt = start_attempt(member, exam=exam, seed=3, now=now)
    answers = {position: ["1"] for position in range(1, 13)}
    responses = [
        visitor.get(url("exams")),
        visitor.get(url("exam", exam.slug)),
        visitor.get(url("attempt", attempt.public_id)),
        post_json(visitor, attempt, position=1, response=["1"], seq=1),
        post_json(visitor, attempt, position=1, response=["2"], seq=1),
        visitor.post(url("save", attempt.public_id), sheet_data(attempt, answers, 2), follow=True),
        visitor.get(url("submit", attempt.public_id)),
        visitor.post(url("submit", attempt.public_id), follow=True),
        post_json(visitor, attempt, position=1, response=["2"], seq=9),
    ]
    seen = b"".join(
        response.content + json.dumps(dict(response.headers)).encode() + str(response.cookies).encode()
        for response in responses
    )
    assert attempt.drawn.questions
    for secret in (b"KEYRIGHT", b"KEYWRONG", b"FEEDBACK", b"right-1", b"wrong-1", b"correct", b'answer"', b"is_right"):
        assert secret not in seen, secret


def test_the_markup_of_right_and_wrong_options_is_the_same(visitor, attempt):
    page = visitor.get(url("attempt", attempt.public_id)).content.decode()
    options = re.findall(r'<label class="option">(.*?)</label>', page)
    shapes = {re.sub(r'name="q\d+"|value="\d+"|<span>.*</span>|type="\w+"', "", option) for option in options}
    assert len(options) >= 12
    assert len(shapes) == 1


# --- Cost ------------------------------------------------------------------------------------------------------------


def test_the_exam_s_page_costs_at_most_twelve_queries_whatever_the_number_of_questions(visitor, member, now):
    costs = []
    for size in (5, 25):
        attempt = start_attempt(member, exam=ExamFactory(questions=size), seed=1, now=now)
        visitor.get(url("attempt", attempt.public_id))
        for name in ("attempt", "submit"):
            with CaptureQueriesContext(connection) as queries:
                assert visitor.get(url(name, attempt.public_id)).status_code == 200
            costs.append(len(queries))
    assert costs[:2] == costs[2:]
    assert max(costs) <= 12


def test_a_page_of_fifty_questions_is_sent_in_less_than_forty_kilobytes(visitor, member, now):
    exam = ExamFactory(questions=25)
    for version in QuestionVersion.objects.all():
        # As long as real ones, and no two alike, so that they are not squeezed to nothing.
        words = [hashlib.sha256(f"{version.pk}/{number}".encode()).hexdigest()[:7] for number in range(40)]
        version.content["stem"]["en"] = " ".join(words)
        QuestionVersion.objects.filter(pk=version.pk).update(content=version.content)
    attempt = start_attempt(member, exam=exam, seed=1, now=now)
    response = visitor.get(url("attempt", attempt.public_id), headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    assert len(response.content) < 40_000
    assert len(gzip.decompress(response.content)) > 40_000


# --- The result ------------------------------------------------------------------------------------------------------


def test_a_failed_result_shows_the_sections_and_the_way_back(visitor, member, exam, attempt, now):
    answers = right_places(attempt)
    submit_attempt(attempt, answers={p: answers[p] for p in (1, 2, 3)}, client_seq=1, by=member.user, now=now)
    page = visitor.get(url("result", attempt.public_id))
    words = text_of(page)
    assert "Not passed this time" in words
    assert "50% of the points; 70% are needed" in words
    assert "3 of 3" in words
    assert "0 of 3" in words
    assert "You may try again from" in words
    assert "mark-missing" in page.content.decode()


def test_a_failed_section_links_to_all_that_its_questions_cite_and_a_passed_one_to_nothing(
    visitor, member, tree, exam, now
):
    cited = {}
    for place, section in enumerate(exam.sections.all()):
        page = tree.add(tree.libraries["en"], ProductDocPage(title=f"Document {place}", slug=f"document-{place}"))
        cited[place] = page
        for version in QuestionVersion.objects.filter(question__topic=section.quotas.get().topic):
            version.citations = [[str(page.translation_key), ""]]
            version.save()
    attempt = start_attempt(member, exam=exam, seed=7, now=now)
    answers = right_places(attempt)
    submit_attempt(attempt, answers={p: answers[p] for p in (1, 2, 3)}, client_seq=1, by=member.user, now=now)
    page = visitor.get(url("result", attempt.public_id)).content.decode()
    assert "Document 1" in page
    assert "Document 0" not in page


def test_a_passed_result_names_the_next_exam_of_the_programme(visitor, member, exam, attempt, now):
    following = ExamFactory(title={"en": "Product knowledge"})
    ProgrammeFactory(exams=[exam, following])
    submit_attempt(attempt, answers=right_places(attempt), client_seq=1, by=member.user, now=now)
    page = visitor.get(url("result", attempt.public_id))
    assert url("exam", following.slug) in page.content.decode()
    assert "mark-won" not in page.content.decode()


def test_a_running_attempt_has_no_result_and_a_graded_one_no_sheet(visitor, attempt, member, now):
    assert visitor.get(url("result", attempt.public_id)).url == url("attempt", attempt.public_id)
    submit_attempt(attempt, by=member.user, now=now)
    assert visitor.get(url("attempt", attempt.public_id)).url == url("result", attempt.public_id)
    assert visitor.get(url("submit", attempt.public_id)).url == url("result", attempt.public_id)


def test_a_person_who_has_left_the_partner_still_sees_their_result(client, member, attempt, now):
    submit_attempt(attempt, by=member.user, now=now)
    member.ended_at = now
    member.save()
    client.force_login(member.user)
    assert client.get(url("result", attempt.public_id)).status_code == 200
    assert client.get(url("credentials")).status_code == 200


# --- Credentials and standing ----------------------------------------------------------------------------------------


def test_the_credentials_page_shows_every_state_and_only_the_reader_s_own(visitor, member, exam, now):
    CredentialFactory(membership=member, exam=exam, issued_at=now)
    CredentialFactory(membership=member, exam=ExamFactory(), issued_at=now - timedelta(days=320))
    CredentialFactory(membership=member, exam=ExamFactory(), issued_at=now - timedelta(days=500))
    CredentialFactory(membership=member, exam=ExamFactory(), issued_at=now, revoked_at=now, reason="Copied answers")
    CredentialFactory(
        membership=MembershipFactory(partner=member.partner),
        exam=ExamFactory(title={"en": "A colleague's"}),
        issued_at=now,
    )
    page = text_of(visitor.get(url("credentials")))
    for words in ("Until 24 Nov 2027", "Expires on", "Expired on", "Copied answers"):
        assert words in page
    assert "A colleague's" not in page


def test_a_person_in_two_partners_chooses_for_which_a_credential_counts(visitor, member, exam, now):
    other = MembershipFactory(user=member.user, partner=PartnerFactory(name="Second home"))
    credential = CredentialFactory(membership=member, exam=exam, issued_at=now)
    assert "Count it for Second home" in text_of(visitor.get(url("credentials")))
    response = visitor.post(url("count", credential.public_id), {"membership": other.public_id}, follow=True)
    assert "From now on it counts for Second home." in text_of(response)
    assert Credential.objects.get().membership == other


def test_nobody_moves_another_s_credential(visitor, member, exam, now):
    theirs = CredentialFactory(membership=MembershipFactory(partner=member.partner), exam=exam, issued_at=now)
    assert visitor.post(url("count", theirs.public_id), {"membership": member.public_id}).status_code == 404


def test_the_standing_page_says_in_words_what_is_lacking_and_by_whom(visitor, member, exam, now):
    second = ExamFactory(title={"en": "Product knowledge"})
    ProgrammeFactory(exams=[exam, second], people=2)
    CredentialFactory(membership=member, exam=exam, issued_at=now)
    page = text_of(visitor.get(url("standing")))
    assert "One more person with “Sales technique”." in page
    assert "2 more people with “Product knowledge”." in page
    assert f"{member.user} still needs “Product knowledge”." in page
    assert "Not qualified" in page


def test_the_standing_page_shows_until_when_the_gate_is_open(visitor, member, now):
    qualify(member, ProgrammeFactory(), now)
    page = text_of(visitor.get(url("standing")))
    assert "Qualified" in page
    assert "qualified until 14 Nov 2027" in page


def test_the_standing_page_is_that_of_the_reader_s_own_partner(visitor, member, now):
    programme = ProgrammeFactory()
    stranger = MembershipFactory()
    qualify(stranger, programme, now)
    page = text_of(visitor.get(url("standing")))
    assert str(stranger.user) not in page
    assert "Not qualified" in page


def test_the_pages_speak_russian(visitor, attempt):
    page = visitor.get(f"/ru/exams/attempts/{attempt.public_id}/").content.decode()
    assert 'lang="ru"' in page
    assert "Вопрос номер" in page
    assert "Техника продаж" in page


def test_a_slug_that_would_hide_a_page_is_refused():
    with pytest.raises(ValidationError, match="address of another page"):
        Exam(slug="standing", title={"en": "X"}, letter="X").full_clean()


def test_a_question_that_is_retired_during_a_sitting_stays_in_it(visitor, attempt, member, now):
    topic = QuestionFactory().topic
    QuestionVersionFactory(question__topic=topic)
    QuestionVersion.objects.filter(first_asked_at__isnull=False).update(state="retired")
    assert visitor.get(url("attempt", attempt.public_id)).status_code == 200


def test_a_course_links_to_the_exam_that_it_prepares_for(visitor, member, exam, course):
    require_course(exam, course)
    require_course(ExamFactory(is_open=False), course)
    page = visitor.get("/en/courses/selling-well/").content.decode()
    assert page.count(url("exam", exam.slug)) == 1
    assert "Exam: Sales technique" in page


def test_an_owner_is_told_what_lapses_if_a_member_leaves(client, now):
    owner = MembershipFactory(partner=PartnerFactory(agreed=True), roles=["owner"])
    seller = MembershipFactory(partner=owner.partner)
    qualify(seller, ProgrammeFactory(title={"en": "Certified sales"}), now)
    client.force_login(owner.user)
    words = "no longer qualified: Certified sales."
    assert words in text_of(client.get(reverse("partners:leave", args=[seller.public_id])))
    qualify(owner, Programme.objects.get(), now)
    assert words not in text_of(client.get(reverse("partners:leave", args=[seller.public_id])))


def test_the_language_of_the_questions_and_the_code_are_asked_for_where_the_exam_wants_them(visitor, exam):
    page = visitor.get(url("exam", exam.slug)).content.decode()
    assert '<select name="language"' in page
    assert 'name="access_code"' not in page
    type(exam).objects.update(access_code="Heron", languages=["en"])
    page = visitor.get(url("exam", exam.slug)).content.decode()
    assert 'name="access_code"' in page
    assert "Heron" not in page
    assert '<select name="language"' not in page
    assert visitor.post(url("start", exam.slug), {"access_code": "Owl"}).status_code == 409
    assert visitor.post(url("start", exam.slug), {"access_code": "Heron"}).status_code == 302


def test_a_diagnostic_speaks_of_lessons_and_of_no_credential(visitor, member, exam):
    type(exam).objects.update(purpose="diagnostic")
    page = text_of(visitor.get(url("exam", exam.slug)))
    assert "who passes a section need not take its lesson" in page
    assert "Credential holds for" not in page
    visitor.post(url("start", exam.slug), {"language": "en"})
    attempt = Attempt.objects.get()
    result = text_of(visitor.post(url("submit", attempt.public_id), follow=True))
    assert "What you know already" in result
    assert "Not passed" not in result.replace("not passed", "")
    assert "Taken" in text_of(visitor.get(url("exams")))
