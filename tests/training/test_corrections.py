"""A person sees what is counted and by which rule, says that it is not right, and is told what came of it."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.training.attendees import add_series, add_session, let, seat
from training.models import Attendance, AttendanceFile, AttendanceSource, Correction, RegistrationState
from training.notices.attendance import CORRECTION_ASKED, CORRECTION_CLOSED
from training.services.attendance import count_attendance
from training.services.corrections import MAX_WORDS, ask_correction, close_correction

pytestmark = pytest.mark.django_db


@pytest.fixture
def moment():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def editor(staff) -> User:
    return let(staff, "change_correction", "view_correction")


@pytest.fixture
def series(tree, editor):
    return add_series(tree, owner=editor, attended_from_percent=70)


@pytest.fixture
def session(series, moment):
    return add_session(series, moment - timedelta(hours=3))


@pytest.fixture
def seated(session, member, moment):
    return seat(session, member, now=moment - timedelta(days=2))


def ask(session, member, *, words="I was there from the beginning.", now=None) -> Correction:
    return ask_correction(session, words=words, membership=member, by=member.user, now=now or timezone.now())


def count(session, member, *, minutes=20, attended=False, source=AttendanceSource.JOINS, percent=70) -> Attendance:
    return Attendance.objects.create(
        session=session, user=member.user, membership=member, minutes=minutes, attended=attended, source=source,
        from_percent=percent, decided_at=session.ends_at,
    )  # fmt: skip


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


class TestAsking:
    def test_it_reaches_whoever_keeps_the_series(
        self, session, seated, member, editor, moment, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            correction = ask(session, member, now=moment)
        assert (correction.membership, correction.asked_at) == (member, moment)
        notice = Notification.objects.get(type=CORRECTION_ASKED.name)
        assert notice.user == editor
        wording = word(notice, person=editor)
        assert "Tuesday for sellers" in wording.subject
        assert "In the person’s words:\nI was there from the beginning." in wording.paragraphs

    def test_one_is_open_at_a_time(self, session, seated, member, editor, moment):
        correction = ask(session, member)
        with refused("asked_already"):
            ask(session, member)
        close_correction(correction, outcome="declined", answer="The report is right.", by=editor, now=moment)
        assert ask(session, member)

    @pytest.mark.parametrize(("words", "code"), [(" ", "words_missing"), ("x" * (MAX_WORDS + 1), "too_long")])
    def test_it_needs_words_and_not_too_many(self, session, seated, member, words, code):
        with refused(code):
            ask(session, member, words=words)

    def test_a_session_that_is_not_over_or_was_cancelled(self, series, member, moment):
        running = add_session(series, moment - timedelta(minutes=5))
        seat(running, member, now=moment)
        with refused("not_over"):
            ask(running, member)
        cancelled = add_session(series, moment - timedelta(days=5), state="cancelled")
        seat(cancelled, member, now=moment)
        with refused("cancelled"):
            ask(cancelled, member)

    def test_one_who_was_neither_registered_nor_there(self, session, member):
        with pytest.raises(NotAllowed):
            ask(session, member)
        count(session, member)
        assert ask(session, member)

    def test_one_who_is_a_member_no_more(self, session, seated, member, moment):
        member.ended_at = moment - timedelta(minutes=1)
        with pytest.raises(NotAllowed):
            ask(session, member)


class TestAnswering:
    def test_what_is_accepted_counts_and_stands_whatever_is_read_in_later(
        self, session, seated, member, editor, moment, django_capture_on_commit_callbacks
    ):
        count(session, member)
        correction = ask(session, member)
        with django_capture_on_commit_callbacks(execute=True):
            close_correction(
                correction, outcome="accepted", answer="", minutes=58, attended=True, by=editor, now=moment
            )
        row = Attendance.objects.get()
        assert (row.minutes, row.attended, row.source, row.from_percent) == (58, True, "correction", 70)
        count_attendance(session, user_ids=[member.user_id], now=moment)
        assert Attendance.objects.get().minutes == 58
        notice = Notification.objects.get(type=CORRECTION_CLOSED.name)
        wording = word(notice, person=member.user)
        assert notice.user == member.user
        assert "has been corrected" in wording.subject
        assert any("58 minutes are counted now" in line for line in wording.paragraphs)

    def test_one_whom_no_report_knew_has_attended_after_all(self, session, seated, member, editor, moment):
        close_correction(ask(session, member), outcome="accepted", answer="", minutes=60, by=editor, now=moment)
        assert Attendance.objects.get().membership == member

    def test_what_is_declined_stays_and_the_reason_is_told(
        self, session, seated, member, editor, moment, django_capture_on_commit_callbacks
    ):
        count(session, member)
        correction = ask(session, member)
        with refused("reason_missing"):
            close_correction(correction, outcome="declined", answer=" ", by=editor, now=moment)
        with django_capture_on_commit_callbacks(execute=True):
            close_correction(correction, outcome="declined", answer="You came late.", by=editor, now=moment)
        assert (Attendance.objects.get().minutes, Attendance.objects.get().source) == (20, "joins")
        wording = word(Notification.objects.get(type=CORRECTION_CLOSED.name), person=member.user)
        assert "stays as it is" in wording.subject
        assert "The answer:\nYou came late." in wording.paragraphs

    @pytest.mark.parametrize(("minutes", "code"), [(None, "minutes_missing"), (61, "minutes"), (-1, "minutes")])
    def test_minutes_that_cannot_be(self, session, seated, member, editor, moment, minutes, code):
        correction = ask(session, member)
        with refused(code):
            close_correction(correction, outcome="accepted", answer="", minutes=minutes, by=editor, now=moment)
        assert not Attendance.objects.exists()
        assert Correction.objects.get().closed_at is None

    def test_only_those_who_may(self, session, seated, member, moment):
        with pytest.raises(NotAllowed):
            close_correction(
                ask(session, member), outcome="accepted", answer="", minutes=60, by=member.user, now=moment
            )

    def test_the_second_is_told_who_was_first(self, session, seated, member, editor, moment):
        correction = ask(session, member)
        close_correction(correction, outcome="accepted", answer="", minutes=60, by=editor, now=moment)
        with refused("closed_already"):
            close_correction(correction, outcome="declined", answer="No.", by=editor, now=moment)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_is_open(session, seated, member):
    barrier, outcomes = threading.Barrier(2), []

    def send() -> None:
        barrier.wait()
        try:
            ask(session, member)
            outcomes.append("asked")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["asked", "asked_already"]


class TestThePages:
    def test_minutes_and_the_rule_in_words(self, session, seated, member, signed_in):
        count(session, member, minutes=41)
        page = signed_in(member).get(reverse("training:attendance")).content.decode()
        assert "Tuesday for sellers" in page
        assert "41 minutes of 60." in page
        assert "Whoever was there for 70% of the session has attended: 42 minutes." in page
        assert "Not attended" in page

    def test_the_rule_of_then_is_told_when_the_series_has_another_now(self, session, seated, member, signed_in):
        count(session, member, minutes=41, attended=True, percent=50)
        page = signed_in(member).get(reverse("training:attendance")).content.decode()
        assert "Whoever was there for 50% of the session" in page

    def test_before_and_after_the_report_has_come(self, session, seated, member, editor, signed_in, moment):
        client = signed_in(member)
        assert (
            "The report of this session has not come yet."
            in client.get(reverse("training:attendance")).content.decode()
        )
        AttendanceFile.objects.create(session=session, name="r", digest="d", provider="zoom", zone="", read_at=moment)
        assert (
            "The report of this session does not know you."
            in client.get(reverse("training:attendance")).content.decode()
        )

    def test_a_recording_that_was_watched(self, session, seated, member, signed_in):
        count(session, member, minutes=52, attended=True, source=AttendanceSource.RECORDING, percent=80)
        page = signed_in(member).get(reverse("training:attendance")).content.decode()
        assert "Recording watched" in page
        assert "Whoever has watched 80% of the recording has attended" in page

    def test_what_is_not_ones_own_is_not_there(self, session, seated, add_member, signed_in):
        other = add_member()
        client = signed_in(other)
        assert "No session of yours is over yet" in client.get(reverse("training:attendance")).content.decode()
        assert client.get(reverse("training:correct", args=[session.public_id])).status_code == 404

    def test_nor_is_a_seat_that_was_given_back(self, session, seated, member, signed_in, moment):
        seated.state, seated.cancelled_at = RegistrationState.CANCELLED, moment
        seated.save()
        assert (
            "No session of yours is over yet" in signed_in(member).get(reverse("training:attendance")).content.decode()
        )

    def test_asking_and_reading_the_answer(self, session, seated, member, editor, signed_in, moment):
        client = signed_in(member)
        address = reverse("training:correct", args=[session.public_id])
        assert "Nothing is counted so far." in client.get(address).content.decode()
        assert client.post(address, {"words": ""}).context["form"].errors
        page = client.post(address, {"words": "I was there."}, follow=True).content.decode()
        assert "it is being looked into" in page
        assert "You have asked already" in client.get(address).content.decode()
        again = client.post(address, {"words": "Once more."})
        assert "You have asked already" in again.content.decode()
        close_correction(Correction.objects.get(), outcome="declined", answer="You came late.", by=editor, now=moment)
        assert "You came late." in client.get(reverse("training:attendance")).content.decode()

    def test_the_list_costs_the_same_for_one_and_for_ten(self, session, seated, series, member, signed_in, moment):
        client = signed_in(member)
        count(session, member)

        def measure() -> int:
            client.get(reverse("training:attendance"))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("training:attendance"))
            return len(queries)

        few = measure()
        for number in range(2, 11):
            other = add_session(series, moment - timedelta(days=number))
            seat(other, member, now=moment)
            count(other, member)
            ask(other, member)
        assert measure() == few


class TestTheEditorsScreens:
    def test_listed_looked_at_and_answered(self, session, seated, member, editor, signed_in):
        correction = ask(session, member)
        client = signed_in(editor)
        listed = {
            value: list(client.get(reverse("corrections:index"), {"open": value}).context["object_list"])
            for value in ("open", "accepted")
        }
        assert listed == {"open": [correction], "accepted": []}
        page = client.get(reverse("corrections:inspect", args=[correction.pk])).content.decode()
        assert "I was there from the beginning." in page
        assert "42 minutes" in page
        address = reverse("corrections:close", args=[correction.pk])
        assert client.get(address).status_code == 200
        response = client.post(
            address, {"outcome": "accepted", "minutes": "58", "attended": "on", "answer": "Thank you."}
        )
        assert response.url == reverse("corrections:inspect", args=[correction.pk])
        correction.refresh_from_db()
        assert correction.closed_by == editor
        assert Attendance.objects.get().minutes == 58

    def test_a_refusal_stands_in_the_form(self, session, seated, member, editor, signed_in):
        address = reverse("corrections:close", args=[ask(session, member).pk])
        page = signed_in(editor).post(address, {"outcome": "declined", "answer": ""}).content.decode()
        assert "Tell the person why it stays as it is." in page

    def test_staff_without_the_right_do_not_see_them(self, session, seated, member, editor, signed_in):
        correction = ask(session, member)
        editor.user_permissions.remove(*Permission.objects.filter(content_type__app_label="training"))
        client = signed_in(User.objects.get(pk=editor.pk))
        for name, args in (("index", []), ("inspect", [correction.pk]), ("close", [correction.pk])):
            assert client.get(reverse(f"corrections:{name}", args=args)).status_code == 302
