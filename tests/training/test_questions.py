"""Questions to the speakers: asked by whoever reads the series, answered by staff, made into cards for calls."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from wagtail.models import GroupPagePermission

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.training.webinars import add_series, let_run, open_session
from training.models import ObjectionCardPage, SessionQuestion
from training.notices.webinars import QUESTION_ANSWERED
from training.services.questions import MOST, answer_question, ask_question, make_card
from training.services.sessions import cancel_session

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def editor(staff, tree):
    """One who runs webinars and writes below the tree."""
    group = staff.groups.get()
    for codename in ("add_page", "change_page"):
        permission = Permission.objects.get(content_type__app_label="wagtailcore", codename=codename)
        GroupPagePermission.objects.create(group=group, page=tree.roots["en"], permission=permission)
    return let_run(staff)


@pytest.fixture
def series(tree):
    return add_series(tree)


@pytest.fixture
def session(series, editor, now):
    return open_session(series, by=editor, now=now)


def ask(session, member, now, words="Does it work offline?") -> SessionQuestion:
    return ask_question(session, words=words, membership=member, by=member.user, now=now)


class TestAsking:
    def test_before_the_session_and_during_it_registered_or_not(self, session, member, now):
        assert ask(session, member, now).words == "Does it work offline?"
        assert ask(session, member, session.starts_at + HOUR / 2, "And\n  on a train?").words == "And on a train?"

    def test_not_afterwards_nor_when_it_is_cancelled(self, session, member, editor, now):
        with pytest.raises(Refusal) as refused:
            ask(session, member, session.ends_at)
        assert refused.value.code == "over"
        cancel_session(session, reason={"en": "Ill"}, by=editor, now=now)
        with pytest.raises(Refusal):
            ask(session, member, now)
        assert not SessionQuestion.objects.exists()

    def test_only_by_those_to_whom_the_series_is_open(self, tree, owners_only, editor, member, now):
        session = open_session(add_series(tree, audience=owners_only), by=editor, now=now)
        with pytest.raises(NotAllowed):
            ask(session, member, now)

    @pytest.mark.parametrize(("words", "code"), [(" \n ", "empty"), ("x" * 501, "too_long")])
    def test_with_words(self, session, member, now, words, code):
        with pytest.raises(Refusal) as refused:
            ask(session, member, now, words)
        assert refused.value.code == code

    def test_two_taps_are_one_question_and_ten_are_enough(self, session, member, add_member, now):
        for number in range(MOST):
            ask(session, member, now, f"Question {number}?")
        assert ask(session, member, now, "Question 0?").words == "Question 0?"
        with pytest.raises(Refusal) as refused:
            ask(session, member, now, "One more?")
        assert refused.value.code == "too_many"
        assert ask(session, add_member(), now, "One more?")


class TestAnswering:
    def test_whoever_asked_is_told(self, session, member, editor, now, django_capture_on_commit_callbacks):
        question = ask(session, member, now)
        with django_capture_on_commit_callbacks(execute=True):
            answer_question(question, answer="Yes, it does.", by=editor, now=now)
        notice = Notification.objects.get(type=QUESTION_ANSWERED.name)
        wording = word(notice, person=member.user)
        assert notice.user == member.user
        assert wording.subject == "Your question at “Tuesdays for sellers” has been answered"
        assert wording.paragraphs == ("You had asked:\nDoes it work offline?", "The answer:\nYes, it does.")

    def test_an_answer_may_be_reworded_and_is_told_once(self, session, member, editor, now, facts):
        question = answer_question(ask(session, member, now), answer="Yes.", by=editor, now=now)
        again = answer_question(question, answer="Yes, since May.", by=editor, now=now + HOUR)
        assert (again.answer, again.answered_at) == ("Yes, since May.", now)
        assert len(facts("questions_answered")) == 1

    @pytest.mark.parametrize(("answer", "code"), [("  ", "empty"), ("x" * 2001, "too_long")])
    def test_with_words(self, session, member, editor, now, answer, code):
        with pytest.raises(Refusal) as refused:
            answer_question(ask(session, member, now), answer=answer, by=editor, now=now)
        assert refused.value.code == code

    def test_only_by_those_who_run_webinars(self, session, member, now):
        with pytest.raises(NotAllowed):
            answer_question(ask(session, member, now), answer="Yes", by=member.user, now=now)


class TestMakingACard:
    def test_it_is_a_draft_with_the_question_as_title_owned_by_whoever_made_it(
        self, tree, session, member, editor, now
    ):
        guide = tree.add_guide()
        question = answer_question(ask(session, member, now), answer="Yes: <always>.\n\nSince May.", by=editor, now=now)
        card = make_card(question, guide=guide, by=editor)
        card.refresh_from_db()
        assert (card.title, card.live, card.owner, card.get_parent().specific) == (
            "Does it work offline?", False, editor, guide
        )  # fmt: skip
        assert card.answer_paragraphs == ["Yes: <always>.", "Since May."]
        assert card.get_latest_revision().user == editor
        assert make_card(question, guide=guide, by=editor) == card
        assert ObjectionCardPage.objects.count() == 1

    def test_the_draft_can_be_published_as_it_is(self, tree, session, member, editor, now):
        question = answer_question(ask(session, member, now), answer="Yes.", by=editor, now=now)
        card = make_card(question, guide=tree.add_guide(), by=editor)
        card.get_latest_revision().publish()
        card.refresh_from_db()
        assert card.live
        assert card.answer_paragraphs == ["Yes."]

    def test_two_of_one_wording_have_addresses_of_their_own(self, tree, session, add_member, editor, now):
        guide = tree.add_guide()
        questions = [ask(session, add_member(), now) for _number in range(2)]
        cards = [
            make_card(answer_question(question, answer="Yes.", by=editor, now=now), guide=guide, by=editor)
            for question in questions
        ]
        assert len({card.slug for card in cards}) == 2

    def test_not_before_it_is_answered(self, tree, session, member, editor, now):
        with pytest.raises(Refusal) as refused:
            make_card(ask(session, member, now), guide=tree.add_guide(), by=editor)
        assert refused.value.code == "unanswered"

    def test_not_by_one_who_may_not_write_there(self, tree, session, member, editor, now):
        question = answer_question(ask(session, member, now), answer="Yes.", by=editor, now=now)
        GroupPagePermission.objects.all().delete()
        with pytest.raises(NotAllowed):
            make_card(question, guide=tree.add_guide(), by=User.objects.get(pk=editor.pk))
