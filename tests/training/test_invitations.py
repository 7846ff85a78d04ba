"""Invitations by e-mail, as a calendar program takes them from the message itself: given, moved, cancelled."""

from datetime import timedelta
from email import message_from_bytes, policy

import icalendar
import pytest
from django.core import mail
from django.utils import timezone

from portal.notifications.models import Notification
from portal.notifications.registry import types
from portal.notifications.services.email import send_due_emails
from tests.factories.training import Tree
from tests.training.attendees import add_series, add_session, let, seat
from training.models import Registration, Session
from training.services.calendars import give_feed, make_invitation
from training.services.registrations import cancel_registration, register
from training.services.sessions import cancel_session, change_session, move_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def moment():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def session(tree: Tree, moment) -> Session:
    return add_session(add_series(tree), moment + timedelta(days=3), topic={"en": "Prices; and, value", "ru": "Цена"})


@pytest.fixture
def runner(staff):
    return let(staff, "change_session")


@pytest.fixture
def told(django_capture_on_commit_callbacks):
    """``with told() as letters``: what is done in it is announced, its letters are sent, and stand in the list."""

    class Telling:
        def __enter__(self):
            self.capture = django_capture_on_commit_callbacks(execute=True)
            self.capture.__enter__()
            mail.outbox.clear()
            self.letters: list = []
            return self.letters

        def __exit__(self, *error):
            self.capture.__exit__(*error)
            send_due_emails(now=timezone.now())
            self.letters.extend(mail.outbox)

    return Telling


def open_letter(letter) -> tuple[str, icalendar.Event]:
    """The method and the entry, as a mail program finds them; the file says the same."""
    message = message_from_bytes(letter.message().as_bytes(), policy=policy.default)
    inline = next(
        part for part in message.walk() if part.get_content_type() == "text/calendar" and not part.get_filename()
    )
    (file,) = message.iter_attachments()
    calendar = icalendar.Calendar.from_ical(inline.get_payload(decode=True))
    assert calendar == icalendar.Calendar.from_ical(file.get_payload(decode=True))
    assert calendar["method"] == inline.get_param("method") == file.get_param("method")
    (event,) = calendar.walk("VEVENT")
    return str(calendar["method"]), event


def test_the_whole_way_of_a_session_in_a_calendar(told, session, member, runner, moment, settings):
    with told() as letters:
        register(session, membership=member, by=member.user, now=moment)
    method, given = open_letter(letters[0])
    assert (method, given["uid"], given["status"]) == ("REQUEST", session.uid, "CONFIRMED")
    assert given["summary"] == "Prices; and, value"
    assert given["attendee"] == f"mailto:{member.user.email}"
    assert given["organizer"].removeprefix("mailto:") in settings.DEFAULT_FROM_EMAIL
    assert given.start == session.starts_at

    with told() as letters:
        day = timedelta(days=1)
        times = {"starts_at": session.starts_at + day, "ends_at": session.ends_at + day}
        move_session(session, **times, reason={"en": "The hall is taken."}, by=runner, now=moment)
    method, moved = open_letter(letters[0])
    assert (method, moved["uid"]) == ("REQUEST", session.uid)
    assert moved["sequence"] > given["sequence"]
    assert moved.start == given.start + timedelta(days=1)
    assert moved["dtstamp"].dt >= given["dtstamp"].dt
    assert "The hall is taken." in moved["description"]

    with told() as letters:
        cancel_session(Session.objects.get(), reason={"en": "The speaker is ill."}, by=runner, now=moment)
    method, cancelled = open_letter(letters[0])
    assert (method, cancelled["uid"], cancelled["status"]) == ("CANCEL", session.uid, "CANCELLED")
    assert cancelled["sequence"] > moved["sequence"]


def test_another_topic_is_a_newer_request_to_those_who_come(told, session, member, add_member, runner, moment):
    seat(session, member, now=moment)
    seat(session, add_member(), now=moment, state="waiting", seated_at=None)
    with told() as letters:
        change_session(session, changes={"topic": {"en": "Another topic"}}, by=runner, now=moment)
    (letter,) = letters
    method, event = open_letter(letter)
    assert (method, event["summary"], event.start) == ("REQUEST", "Another topic", session.starts_at)
    assert event["sequence"] == session.sequence + 1
    with told() as letters:  # a link that opens shortly before the start is in no calendar
        change_session(session, changes={"meeting_url": "https://zoom.example/j/1"}, by=runner, now=moment)
    assert letters == []


def test_who_cancels_gets_the_entry_taken_out_and_back_again(told, session, member, moment):
    registration = register(session, membership=member, by=member.user, now=moment)
    with told() as letters:
        cancel_registration(registration, by=member.user, now=moment + timedelta(seconds=1))
    method, cancelled = open_letter(letters[0])
    assert (method, cancelled["uid"], cancelled["status"]) == ("CANCEL", session.uid, "CANCELLED")
    with told() as letters:
        register(session, membership=member, by=member.user, now=moment + timedelta(seconds=2))
    method, again = open_letter(letters[-1])
    # With the same sequence the later stamp holds (RFC 5546, section 2.1.5).
    assert (method, again["status"]) == ("REQUEST", "CONFIRMED")
    assert (again["sequence"], again["dtstamp"].dt) >= (cancelled["sequence"], cancelled["dtstamp"].dt)


def test_a_notice_that_was_overtaken_puts_nothing_into_a_calendar(session, member, moment):
    registration = seat(session, member, now=moment)
    given = Notification.objects.create(
        user=member.user, type="training.seat_given", key="1", context={"registration": registration.public_id},
        created_at=moment,
    )  # fmt: skip
    assert make_invitation(given, now=moment).method == "REQUEST"
    registration.state, registration.cancelled_at = "cancelled", moment
    registration.save()
    assert make_invitation(given, now=moment) is None


def test_nor_does_one_about_somebody_elses_seat_or_a_place_on_the_waiting_list(session, member, add_member, moment):
    other = seat(session, add_member(), now=moment)
    waiting = seat(session, member, now=moment, state="waiting", seated_at=None)
    for registration in (other, waiting):
        notice = Notification(
            user=member.user, type="training.session_cancelled", context={"registration": registration.public_id}
        )
        assert make_invitation(notice, now=moment) is None


def test_every_notice_about_a_seat_has_its_entry():
    names = ("seat_given", "session_moved", "session_changed", "session_cancelled", "registration_cancelled")
    kinds = [f"training.{name}" for name in names]
    assert [types[kind].calendar for kind in kinds] == [make_invitation] * len(kinds)


def test_the_letter_and_the_feed_speak_of_one_entry(client, told, session, add_member, moment):
    reader = add_member(language="ru")
    with told() as letters:
        register(session, membership=reader, by=reader.user, now=moment)
    _method, sent = open_letter(letters[0])
    feed = client.get(f"/ru/study/calendar/{give_feed(reader.user, now=moment).token}.ics")
    (kept,) = icalendar.Calendar.from_ical(feed.content).walk("VEVENT")
    for name in ("uid", "sequence", "summary", "description", "status", "url"):
        assert kept[name] == sent[name]
    assert sent["summary"] == "Цена"
    assert Registration.objects.get().session.uid == kept["uid"]


@pytest.mark.parametrize(("language", "why"), [("en", "The hall is taken."), ("ru", "Зал занят.")])
def test_letter_entry_and_feed_say_why_in_the_readers_language(
    told, client, session, add_member, runner, moment, language, why
):
    reader = add_member(language=language)
    seat(session, reader, now=moment)
    both = {"en": "The hall is taken.", "ru": "Зал занят."}
    day = timedelta(days=1)
    with told() as letters:
        move_session(
            session,
            starts_at=session.starts_at + day,
            ends_at=session.ends_at + day,
            reason=both,
            by=runner,
            now=moment,
        )
    (letter,) = letters
    _method, event = open_letter(letter)
    feed = icalendar.Calendar.from_ical(
        client.get(f"/en/study/calendar/{give_feed(reader.user, now=moment).token}.ics").content
    )
    (other,) = (text for text in both.values() if text != why)
    for words in (letter.body, event["description"], feed.walk("VEVENT")[0]["description"]):
        assert why in words
        assert other not in words
