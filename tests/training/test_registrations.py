"""Seats, the waiting list, and reminders."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from portal.partners.services.memberships import end_membership
from tests.factories.training import publish
from tests.training.webinars import add_series, let_run, open_session
from training.models import Registration, RegistrationState, Session
from training.notices.webinars import (
    ON_WAITING_LIST,
    SEAT_GIVEN,
    SESSION_REMINDED,
    remind_people,
)
from training.receivers import give_back_seats, tell_who_has_a_seat
from training.services.calendars import find_words
from training.services.joining import find_join_path
from training.services.questions import answer_question, ask_question
from training.services.registrations import cancel_registration, register, release_seats
from training.services.sessions import cancel_session, change_session, move_session, name_sessions

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SEATED, WAITING, CANCELLED = RegistrationState.SEATED, RegistrationState.WAITING, RegistrationState.CANCELLED


@pytest.fixture
def editor(staff):
    return let_run(staff)


@pytest.fixture
def series(tree):
    return add_series(tree)


@pytest.fixture
def session(series, editor, now):
    return open_session(series, by=editor, now=now, capacity=1)


def take(session, member, now) -> Registration:
    return register(session, membership=member, by=member.user, now=now)


def states() -> list[str]:
    return list(Registration.objects.order_by("registered_at", "pk").values_list("state", flat=True))


class TestRegistering:
    def test_a_free_seat_is_taken_at_once(self, session, member, now, facts):
        row = take(session, member, now)
        assert (row.state, row.seated_at, row.remind_at) == (SEATED, now, now + 6 * DAY)
        assert (session.seats_taken, Session.objects.get().seats_taken) == (1, 1)
        assert facts("seats_given") == [{"registration_ids": [row.pk]}]

    def test_twice_is_once(self, session, member, now, facts):
        assert take(session, member, now) == take(session, member, now + HOUR)
        assert Session.objects.get().seats_taken == 1
        assert len(facts("seats_given")) == 1

    def test_without_a_limit_as_many_as_come(self, series, editor, add_member, now):
        session = open_session(series, by=editor, now=now)
        assert {take(session, add_member(), now).state for _number in range(3)} == {SEATED}

    def test_the_next_one_waits(self, session, add_member, now, facts):
        take(session, add_member(), now)
        row = take(session, add_member(), now)
        assert (row.state, row.seated_at, row.remind_at) == (WAITING, None, None)
        assert facts("waiting_lists_joined") == [{"registration_ids": [row.pk]}]

    def test_a_closed_series_takes_nobody_from_outside_its_audience(self, tree, owners_only, editor, member, now):
        session = open_session(add_series(tree, audience=owners_only), by=editor, now=now)
        with pytest.raises(NotAllowed) as refused:
            take(session, member, now)
        assert refused.value.code == "job_role"
        assert not Registration.objects.exists()

    def test_nor_one_that_is_not_published(self, series, session, member, now):
        series.unpublish()
        with pytest.raises(Refusal) as refused:
            take(session, member, now)
        assert refused.value.code == "gone"

    def test_nor_another_for_me_nor_a_member_no_more(self, session, add_member, now):
        member = add_member()
        with pytest.raises(NotAllowed):
            register(session, membership=member, by=add_member().user, now=now)
        member.ended_at = now - DAY
        with pytest.raises(NotAllowed):
            take(session, member, now)

    def test_nor_for_what_is_cancelled_or_over(self, session, member, editor, now):
        with pytest.raises(Refusal) as refused:
            take(session, member, now + 8 * DAY)
        assert refused.value.code == "over"
        cancel_session(session, reason={"en": "Ill"}, by=editor, now=now)
        with pytest.raises(Refusal) as refused:
            take(session, member, now)
        assert refused.value.code == "session_cancelled"

    def test_the_database_refuses_one_seat_too_many(self, session, member, now):
        take(session, member, now)
        with pytest.raises(IntegrityError), transaction.atomic():
            Session.objects.update(seats_taken=F("seats_taken") + 1)


class TestGivingBack:
    @pytest.mark.embedded
    def test_the_first_who_waits_moves_up_and_is_told_so(self, session, add_member, now, facts):
        people = [add_member() for _number in range(3)]
        rows = [take(session, person, now + number * MINUTE) for number, person in enumerate(people)]
        cancel_registration(rows[0], by=people[0].user, now=now + HOUR)
        assert states() == [CANCELLED, SEATED, WAITING]
        assert Session.objects.get().seats_taken == 1
        fact = type("Fact", (), {"payload": facts("seats_given")[-1], "announced_at": now})
        for _again in range(2):
            tell_who_has_a_seat(fact)
        notice = Notification.objects.get(type=SEAT_GIVEN.name, user=people[1].user)
        assert notice.context["registration"] == rows[1].public_id
        assert word(notice, person=people[1].user).subject.startswith("A seat is yours now: Tuesdays for sellers")

    def test_whoever_comes_back_is_last(self, session, add_member, now):
        people = [add_member() for _number in range(3)]
        rows = [take(session, person, now + number * MINUTE) for number, person in enumerate(people)]
        cancel_registration(rows[1], by=people[1].user, now=now + HOUR)
        assert take(session, people[1], now + HOUR).state == WAITING
        cancel_registration(rows[0], by=people[0].user, now=now + 2 * HOUR)
        row = Registration.objects.get(state=SEATED)
        assert row.user == people[2].user
        assert take(session, people[0], now + 3 * HOUR).state == WAITING

    def test_leaving_the_waiting_list_frees_no_seat(self, session, add_member, now):
        take(session, add_member(), now)
        member = add_member()
        cancel_registration(take(session, member, now), by=member.user, now=now)
        assert Session.objects.get().seats_taken == 1

    def test_twice_is_once(self, session, add_member, now, facts):
        member = add_member()
        row = take(session, member, now)
        for _again in range(2):
            cancel_registration(row, by=member.user, now=now)
        assert Session.objects.get().seats_taken == 0
        assert len(facts("registrations_cancelled")) == 1

    def test_it_is_for_the_person_or_for_those_who_run_webinars(self, session, add_member, editor, now):
        row = take(session, add_member(), now)
        with pytest.raises(NotAllowed):
            cancel_registration(row, by=add_member().user, now=now)
        assert cancel_registration(row, by=editor, now=now).state == CANCELLED

    def test_afterwards_it_stays(self, session, member, now):
        row = take(session, member, now)
        with pytest.raises(Refusal) as refused:
            cancel_registration(row, by=member.user, now=now + 8 * DAY)
        assert refused.value.code == "over"

    def test_who_leaves_the_partner_leaves_the_seat_to_the_next(self, session, add_member, rows, now, facts):
        owner = add_member(role=rows.owner)
        leaver = add_member(partner=owner.partner)
        take(session, leaver, now)
        take(session, add_member(), now + MINUTE)
        end_membership(leaver, by=owner.user, now=now + HOUR)
        fact = type("Fact", (), {"payload": facts("members_left")[-1], "announced_at": now + HOUR})
        for _again in range(2):
            give_back_seats(fact)
        assert states() == [CANCELLED, SEATED]
        assert Session.objects.get().seats_taken == 1

    def test_who_has_left_is_passed_over_on_the_waiting_list(self, session, add_member, now):
        people = [add_member() for _number in range(3)]
        rows = [take(session, person, now + number * MINUTE) for number, person in enumerate(people)]
        people[1].ended_at = now
        people[1].save()
        cancel_registration(rows[0], by=people[0].user, now=now + HOUR)
        assert states() == [CANCELLED, WAITING, SEATED]
        assert release_seats([people[1].pk], now=now + HOUR) == 1

    def test_nor_does_one_move_up_to_whom_the_series_is_closed_meanwhile(
        self, series, session, add_member, rows, owners_only, now
    ):
        people = [add_member(), add_member(), add_member(role=rows.owner)]
        taken = [take(session, person, now + number * MINUTE) for number, person in enumerate(people)]
        series.audience = owners_only
        series.save()
        cancel_registration(taken[0], by=people[0].user, now=now + HOUR)
        assert states() == [CANCELLED, WAITING, SEATED]

    def test_a_long_list_moves_up_in_as_many_queries_as_a_short_one(self, series, editor, add_member, now):
        def count(waiting: int) -> int:
            session = open_session(series, by=editor, now=now, ahead=timedelta(days=waiting), capacity=1)
            first = add_member()
            row = take(session, first, now)
            for _number in range(waiting):
                take(session, add_member(), now + MINUTE)
            with CaptureQueriesContext(connection) as queries:
                cancel_registration(row, by=first.user, now=now + HOUR)
            return len(queries)

        assert count(1) == count(8)


class TestBeingTold:
    def test_who_gets_a_seat_and_who_waits(self, session, add_member, now, django_capture_on_commit_callbacks):
        people = [add_member(), add_member()]
        with django_capture_on_commit_callbacks(execute=True):
            for person in people:
                take(session, person, now)
        subjects = {
            notice.user: word(notice, person=notice.user).subject
            for notice in Notification.objects.filter(type__in=[SEAT_GIVEN.name, ON_WAITING_LIST.name])
        }
        assert subjects[people[0].user] == "You are registered: Tuesdays for sellers, 1 Dec, 10:00 CET"
        assert subjects[people[1].user] == "On the waiting list: Tuesdays for sellers"


class TestReminders:
    def sent(self) -> list[tuple[str, bool]]:
        notices = Notification.objects.filter(type=SESSION_REMINDED.name).order_by("pk")
        return [(notice.user.email, notice.context["soon"]) for notice in notices]

    @pytest.mark.embedded
    def test_a_day_and_an_hour_before_with_the_persons_own_link(self, session, member, now):
        row = take(session, member, now)
        starts_at = session.starts_at
        assert remind_people(now=starts_at - DAY - MINUTE) == 0
        assert [remind_people(now=starts_at - DAY + MINUTE) for _twice in range(2)] == [1, 0]
        assert [remind_people(now=starts_at - 59 * MINUTE) for _twice in range(2)] == [1, 0]
        assert self.sent() == [(member.user.email, False), (member.user.email, True)]
        notice = Notification.objects.filter(type=SESSION_REMINDED.name).order_by("pk").last()
        assert (notice.url, notice.context["registration"]) == (find_join_path(row), row.public_id)
        assert word(notice, person=member.user).subject == "Soon, at 10:00 CET: Tuesdays for sellers"
        row.refresh_from_db()
        assert row.remind_at is None

    def test_one_that_was_missed_is_not_sent_late_as_two(self, session, member, now):
        take(session, member, now)
        assert remind_people(now=session.starts_at - 30 * MINUTE) == 1
        assert self.sent() == [(member.user.email, True)]

    def test_none_where_the_series_is_not_published_any_more(self, session, member, now):
        take(session, member, now)
        session.page.unpublish()
        assert remind_people(now=session.starts_at - 30 * MINUTE) == 0
        assert self.sent() == []

    def test_none_after_the_beginning(self, session, member, now):
        take(session, member, now)
        assert remind_people(now=session.starts_at) == 0
        assert not Registration.objects.filter(remind_at__isnull=False).exists()

    def test_who_registers_late_is_reminded_an_hour_before_alone(self, session, member, now):
        row = take(session, member, session.starts_at - 5 * HOUR)
        assert row.remind_at == session.starts_at - HOUR

    def test_none_after_cancelling_either_way(self, session, add_member, editor, now):
        member = add_member()
        cancel_registration(take(session, member, now), by=member.user, now=now)
        take(session, add_member(), now)
        cancel_session(session, reason={"en": "Ill"}, by=editor, now=now)
        assert remind_people(now=session.starts_at - MINUTE) == 0

    def test_after_a_move_they_follow_the_new_time(self, session, member, editor, now):
        take(session, member, now)
        assert remind_people(now=session.starts_at - DAY) == 1
        later = session.starts_at + 3 * DAY
        move_session(session, starts_at=later, ends_at=later + HOUR, by=editor, now=session.starts_at - HOUR * 20)
        assert remind_people(now=later - DAY) == 1
        assert remind_people(now=later - HOUR) == 1
        assert len(self.sent()) == 3

    def test_who_has_left_is_not_reminded(self, session, member, now):
        take(session, member, now)
        member.ended_at = now + HOUR
        member.save()
        assert remind_people(now=session.starts_at - DAY) == 0

    def test_many_cost_as_many_queries_as_one(self, series, editor, add_member, now):
        session = open_session(series, by=editor, now=now)

        def count(moment) -> int:
            with CaptureQueriesContext(connection) as queries:
                remind_people(now=moment)
            return len(queries)

        take(session, add_member(), now)
        few = count(session.starts_at - DAY)
        Registration.objects.update(remind_at=session.starts_at - DAY)
        Notification.objects.all().delete()
        for _number in range(9):
            take(session, add_member(), now)
        assert count(session.starts_at - DAY) == few


class TestWhatIsNotPublished:
    """A series that was withdrawn calls nobody; what moves in calendars is told all the same, without a link."""

    def kinds(self) -> list[str]:
        return sorted(Notification.objects.values_list("type", flat=True))

    def test_calls_nobody(self, series, session, add_member, editor, now, django_capture_on_commit_callbacks):
        seated, waiting = add_member(), add_member()
        change_session(session, changes={"capacity": 1}, by=editor, now=now)
        take(session, seated, now)
        take(session, waiting, now)
        question = ask_question(session, words="Why?", membership=seated, by=seated.user, now=now)
        Notification.objects.all().delete()
        series.unpublish()
        with django_capture_on_commit_callbacks(execute=True):
            change_session(session, changes={"topic": {"en": "Another"}}, by=editor, now=now)
            answer_question(question, answer="Because.", by=editor, now=now)
            change_session(session, changes={"capacity": 5}, by=editor, now=now)
        assert self.kinds() == []
        assert Registration.objects.get(user=waiting.user).state == RegistrationState.WAITING

    def test_published_again_the_waiting_move_up(
        self, series, session, add_member, editor, now, django_capture_on_commit_callbacks
    ):
        first, second = add_member(), add_member()
        change_session(session, changes={"capacity": 1}, by=editor, now=now)
        mine = take(session, first, now)
        take(session, second, now)
        series.unpublish()
        cancel_registration(mine, by=first.user, now=now)
        assert Registration.objects.get(user=second.user).state == RegistrationState.WAITING
        with django_capture_on_commit_callbacks(execute=True):
            publish(series)
        assert Registration.objects.get(user=second.user).state == RegistrationState.SEATED
        assert Session.objects.get(pk=session.pk).seats_taken == 1

    def test_opened_to_more_people_the_waiting_move_up(self, series, session, owners_only, add_member, editor, now):
        change_session(session, changes={"capacity": 1}, by=editor, now=now)
        first, second = add_member(), add_member()
        mine = take(session, first, now)
        take(session, second, now)
        series.audience = owners_only
        publish(series)
        cancel_registration(mine, by=first.user, now=now)
        assert Registration.objects.get(user=second.user).state == RegistrationState.WAITING
        series.audience = None
        publish(series)
        assert Registration.objects.get(user=second.user).state == RegistrationState.SEATED

    @pytest.mark.parametrize("act", ["move", "cancel"])
    def test_that_it_moves_or_is_cancelled_is_told_without_a_link(
        self, series, session, member, editor, now, django_capture_on_commit_callbacks, act
    ):
        take(session, member, now)
        Notification.objects.all().delete()
        series.unpublish()
        with django_capture_on_commit_callbacks(execute=True):
            if act == "move":
                later = session.starts_at + DAY
                move_session(session, starts_at=later, ends_at=later + HOUR, by=editor, now=now)
            else:
                cancel_session(session, reason={"en": "Ill"}, by=editor, now=now)
        assert [row.url for row in Notification.objects.all()] == [""]

    def test_a_draft_in_another_language_gives_no_name(self, tree, series, session, add_member, now):
        add_series(tree, "Черновик", language="ru", translation_of=series, live=False)
        assert name_sessions([session]) == {session.pk: {"en": series.title}}
        words = find_words([session], language="ru")
        assert words.find_title(session) == series.title
        series.unpublish()
        assert set(name_sessions([session])[session.pk]) == {"en", "ru"}
