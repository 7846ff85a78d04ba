"""One date: added, moved, cancelled, changed. Whoever is registered is told, once, in their own time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.training.webinars import add_series, let_run, open_session
from training.access import describe_reader
from training.models import (
    Attendance,
    Reading,
    Registration,
    RegistrationState,
    Session,
    SessionQuestion,
    SessionState,
    Visit,
)
from training.notices.webinars import SESSION_CANCELLED, SESSION_MOVED
from training.receivers import tell_of_moved_sessions
from training.services.registrations import register
from training.services.sessions import (
    Figures,
    cancel_session,
    change_session,
    list_ahead,
    list_recorded,
    measure_sessions,
    move_session,
)

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def editor(staff):
    return let_run(staff)


@pytest.fixture
def series(tree):
    return add_series(tree)


@pytest.fixture
def session(series, editor, now):
    return open_session(series, by=editor, now=now, capacity=2)


def move(session, editor, now, *, to: timedelta, **fields) -> Session:
    return move_session(session, starts_at=now + to, ends_at=now + to + HOUR, by=editor, now=now, **fields)


class TestAdding:
    def test_one_date_stands_by_itself(self, series, editor, now, facts):
        session = open_session(series, by=editor, now=now, topic={"en": "A guest"})
        assert (session.season, session.place, str(session.topic)) == (None, None, "A guest")
        assert facts("sessions_published") == [{"session_ids": [session.pk]}]

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"ahead": -HOUR}, "past"),
            ({"minutes": 3}, "length"),
            ({"zone": "Nowhere"}, "zone"),
            ({"capacity": 0}, "capacity"),
            ({"meeting_url": "meet"}, "meeting_url"),
        ],
    )
    def test_what_cannot_be_is_refused(self, series, editor, now, fields, code):
        with pytest.raises(Refusal) as refused:
            open_session(series, by=editor, now=now, **fields)
        assert refused.value.code == code
        assert not Session.objects.exists()

    def test_two_at_once_of_one_series_are_refused(self, series, session, editor, now):
        with pytest.raises(Refusal) as refused:
            open_session(series, by=editor, now=now, ahead=7 * DAY + HOUR / 2)
        assert refused.value.code == "clash"
        assert open_session(series, by=editor, now=now, ahead=7 * DAY + HOUR)

    def test_the_database_refuses_what_the_service_would_forget(self, session, now):
        with pytest.raises(IntegrityError), transaction.atomic():
            Session.objects.create(
                page=session.page, page_key=session.page_key, starts_at=session.starts_at,
                ends_at=session.ends_at, zone="UTC", changed_at=now,
            )  # fmt: skip

    def test_dates_belong_to_a_series_or_an_event(self, tree, editor, now):
        with pytest.raises(Refusal) as refused:
            open_session(tree.add_doc(), by=editor, now=now)
        assert refused.value.code == "page"

    def test_only_those_who_run_webinars(self, series, member, session, now):
        for act in (
            lambda: open_session(series, by=member.user, now=now, ahead=DAY),
            lambda: move(session, member.user, now, to=DAY),
            lambda: cancel_session(session, reason={"en": "No"}, by=member.user, now=now),
            lambda: change_session(session, changes={"capacity": 9}, by=member.user, now=now),
        ):
            with pytest.raises(NotAllowed):
                act()


class TestMoving:
    def test_time_and_sequence_change_and_reminders_are_set_anew(self, session, member, editor, now, facts):
        registration = register(session, membership=member, by=member.user, now=now)
        moved = move(session, editor, now, to=20 * HOUR, reason={"en": "The speaker travels"})
        registration.refresh_from_db()
        assert (moved.starts_at, moved.sequence, moved.changed_at) == (now + 20 * HOUR, 1, now)
        assert registration.remind_at == now + 19 * HOUR
        assert facts("sessions_moved") == [{"session_ids": [session.pk]}]

    def test_everyone_registered_or_waiting_is_told_once_in_their_own_zone(
        self, session, add_member, editor, now, facts
    ):
        people = [add_member() for _number in range(3)]
        for person in people:
            register(session, membership=person, by=person.user, now=now)
        move(session, editor, now, to=2 * DAY, reason={"en": "The speaker travels"})
        fact = type("Fact", (), {"payload": facts("sessions_moved")[0], "announced_at": now})
        for _again in range(2):
            tell_of_moved_sessions(fact)
        notices = Notification.objects.filter(type=SESSION_MOVED.name)
        assert notices.count() == 3
        notice = notices.get(user=people[0].user)
        assert notice.context["registration"] == Registration.objects.get(user=people[0].user).public_id
        with timezone.override("Asia/Tokyo"):
            wording = word(notice, person=people[0].user)
        assert wording.subject == "New time for “Tuesdays for sellers”: 26 Nov, 18:00 JST"
        assert "Why: The speaker travels" in wording.paragraphs[0]

    @pytest.mark.parametrize(("to", "code"), [(-HOUR, "past"), (7 * DAY, "unmoved")])
    def test_not_into_the_past_nor_nowhere(self, session, editor, now, to, code):
        with pytest.raises(Refusal) as refused:
            move(session, editor, now, to=to)
        assert refused.value.code == code
        session.refresh_from_db()
        assert session.sequence == 0

    def test_not_to_the_time_of_another_but_over_its_own(self, series, session, editor, now):
        open_session(series, by=editor, now=now, ahead=8 * DAY)
        with pytest.raises(Refusal) as refused:
            move(session, editor, now, to=8 * DAY - HOUR / 2)
        assert refused.value.code == "clash"
        assert move(session, editor, now, to=7 * DAY + HOUR / 2).sequence == 1

    def test_what_has_begun_stays_as_it_was(self, session, editor, now):
        with pytest.raises(Refusal) as refused:
            move(session, editor, now + 7 * DAY, to=DAY)
        assert refused.value.code == "begun"


class TestCancelling:
    def test_all_are_told_why_and_nobody_is_reminded(self, session, add_member, editor, now, facts):
        for _number in range(3):
            person = add_member()
            register(session, membership=person, by=person.user, now=now)
        cancelled = cancel_session(session, reason={"en": "The speaker is ill"}, by=editor, now=now)
        assert (cancelled.state, cancelled.sequence) == (SessionState.CANCELLED, 1)
        assert not Registration.objects.filter(remind_at__isnull=False).exists()
        assert Registration.objects.standing().count() == 3
        assert facts("sessions_cancelled") == [{"session_ids": [session.pk]}]

    def test_the_notice_says_why(self, session, member, editor, now, django_capture_on_commit_callbacks):
        register(session, membership=member, by=member.user, now=now)
        with django_capture_on_commit_callbacks(execute=True):
            cancel_session(session, reason={"en": "The speaker is ill"}, by=editor, now=now)
        wording = word(Notification.objects.get(type=SESSION_CANCELLED.name), person=member.user)
        assert wording.subject.startswith("Cancelled: Tuesdays for sellers")
        assert "Why: The speaker is ill" in wording.paragraphs[0]

    def test_a_reason_has_a_length_in_each_language_and_one_language_is_enough(self, session, editor, now):
        with pytest.raises(Refusal) as refused:
            cancel_session(session, reason={"en": "Ill", "ru": "б" * 301}, by=editor, now=now)
        assert refused.value.code == "too_long"
        assert cancel_session(session, reason={"ru": " Болен ", "en": ""}, by=editor, now=now).reason == {"ru": "Болен"}

    def test_it_needs_a_reason_and_is_done_once(self, session, editor, now):
        with pytest.raises(Refusal) as refused:
            cancel_session(session, reason={"en": " "}, by=editor, now=now)
        assert refused.value.code == "reason_missing"
        cancel_session(session, reason={"en": "Ill"}, by=editor, now=now)
        with pytest.raises(Refusal) as refused:
            cancel_session(session, reason={"en": "Ill"}, by=editor, now=now)
        assert refused.value.code == "cancelled"
        assert Session.objects.get().sequence == 1


class TestChanging:
    def test_what_calendars_show_counts_as_a_change_for_them(self, session, editor, now):
        changed = change_session(session, changes={"topic": {"en": "Price"}}, by=editor, now=now)
        assert (str(changed.topic), changed.sequence) == ("Price", 1)
        later = now + HOUR
        assert change_session(session, changes={"topic": {"en": "Price"}}, by=editor, now=later).changed_at == now
        assert change_session(session, changes={"capacity": 5}, by=editor, now=later).sequence == 1
        for changes in ({"speakers": "Ada"}, {"meeting_url": "https://meet.example/2"}):
            change_session(session, changes=changes, by=editor, now=later)
        assert Session.objects.get().sequence == 3

    def test_fewer_seats_than_are_taken_are_refused_with_the_number(self, session, add_member, editor, now):
        for _number in range(2):
            person = add_member()
            register(session, membership=person, by=person.user, now=now)
        with pytest.raises(Refusal) as refused:
            change_session(session, changes={"capacity": 1, "speakers": "Ada"}, by=editor, now=now)
        assert refused.value.code == "seats_taken"
        assert "2 people are registered" in str(refused.value.message)
        session.refresh_from_db()
        assert (session.capacity, session.speakers) == (2, "")

    @pytest.mark.parametrize(("capacity", "seated"), [(3, 3), (None, 4)])
    def test_more_seats_let_the_waiting_move_up_in_their_order(
        self, session, add_member, editor, now, capacity, seated, facts
    ):
        people = [add_member() for _number in range(4)]
        for number, person in enumerate(people):
            register(session, membership=person, by=person.user, now=now + timedelta(minutes=number))
        change_session(session, changes={"capacity": capacity}, by=editor, now=now + HOUR)
        states = list(Registration.objects.order_by("registered_at").values_list("state", flat=True))
        assert states.count(RegistrationState.SEATED) == seated == Session.objects.get().seats_taken
        assert states[:seated] == [RegistrationState.SEATED] * seated

    def test_a_recording_is_a_video_of_the_library(self, tree, session, editor, now):
        video = tree.add_video()
        assert change_session(session, changes={"recording": video}, by=editor, now=now).recording == video
        with pytest.raises(Refusal) as refused:
            change_session(session, changes={"recording": tree.add_doc()}, by=editor, now=now)
        assert refused.value.code == "recording"

    def test_the_time_is_not_changed_here(self, session, editor, now):
        with pytest.raises(ValueError, match="starts_at"):
            change_session(session, changes={"starts_at": now}, by=editor, now=now)


class TestShowing:
    def test_a_session_is_named_by_its_topic_or_its_series_in_the_readers_language(
        self, tree, series, editor, member, now
    ):
        add_series(tree, "По вторникам", language="ru", translation_of=series)
        open_session(series, by=editor, now=now)
        open_session(series, by=editor, now=now, ahead=DAY, topic={"en": "Price"})
        reader = describe_reader(member.user, member, now=now)
        assert [(one.title, one.series_title) for one in list_ahead(reader, now=now)] == [
            ("Price", "Tuesdays for sellers"), ("Tuesdays for sellers", ""),
        ]  # fmt: skip

    def test_the_audience_of_the_series_is_obeyed(self, tree, owners_only, editor, member, staff, now):
        open_session(add_series(tree, audience=owners_only), by=editor, now=now)
        assert list_ahead(describe_reader(member.user, member, now=now), now=now) == []
        assert len(list_ahead(describe_reader(staff, None, now=now), now=now)) == 1

    def test_an_unpublished_series_is_shown_to_nobody(self, series, session, staff, now):
        series.unpublish()
        assert list_ahead(describe_reader(staff, None, now=now), now=now) == []

    def test_recordings_are_shown_to_whom_the_video_is_open(
        self, tree, series, session, owners_only, editor, member, now
    ):
        reader = describe_reader(member.user, member, now=now)
        change_session(session, changes={"recording": tree.add_video()}, by=editor, now=now)
        assert list_recorded(reader, now=now) == []
        later = now + 8 * DAY
        assert [one.session for one in list_recorded(reader, now=later)] == [session]
        change_session(session, changes={"recording": tree.add_video("B", audience=owners_only)}, by=editor, now=now)
        assert list_recorded(reader, now=later) == []

    def test_many_sessions_cost_as_many_queries_as_one(self, series, editor, member, now):
        reader = describe_reader(member.user, member, now=now)

        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                list_ahead(reader, now=now)
            return len(queries)

        open_session(series, by=editor, now=now)
        few = count()
        for number in range(1, 7):
            open_session(series, by=editor, now=now, ahead=number * DAY)
        assert count() == few == 3


class TestMeasuring:
    def test_counts_people_and_costs_the_same_for_many(self, tree, series, session, editor, add_member, now):
        people = [add_member() for _number in range(3)]
        rows = [register(session, membership=one, by=one.user, now=now) for one in people]
        for _twice in range(2):
            Visit.objects.create(registration=rows[0], visited_at=now)
        for person, source in ((people[0], "joins"), (people[1], "recording")):
            Attendance.objects.create(
                session=session,
                user=person.user,
                minutes=60,
                attended=True,
                source=source,
                from_percent=60,
                decided_at=now,
            )
        video = tree.add_video()
        Reading.objects.create(
            user=people[1].user, material_key=video.translation_key, page=video, first_read_at=now, last_read_at=now
        )
        session = change_session(session, changes={"recording": video}, by=editor, now=now)
        for answer in ("", "Yes"):
            SessionQuestion.objects.create(
                session=session, user=people[0].user, membership=people[0], words="Why?", asked_at=now,
                answer=answer, answered_at=now if answer else None,
            )  # fmt: skip
        assert measure_sessions([session]) == {session.pk: Figures(2, 1, 1, 1, 1, 2, 1)}
        for number in range(4):
            open_session(series, by=editor, now=now, ahead=(number + 1) * DAY)
        with CaptureQueriesContext(connection) as queries:
            measured = measure_sessions(list(Session.objects.select_related("recording")))
        assert len(queries) == 6
        assert len(measured) == 5
