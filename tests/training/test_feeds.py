"""The private calendar of a person: what stands in it, who reads it, and what it costs."""

from datetime import timedelta

import icalendar
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from tests.factories.training import publish
from tests.training.attendees import add_event, add_series, add_session, let, seat
from training.models import CalendarFeed, RegistrationState, SessionState
from training.services.calendars import find_edition, give_feed, renew_feed, revoke_feed, write_feed
from training.services.sessions import cancel_session, change_session, move_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def moment():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def series(tree):
    return add_series(tree)


def address(feed) -> str:
    return reverse("training:feed", args=[feed.token])


def read(client, feed, **headers):
    response = client.get(address(feed), headers=headers)
    assert response.status_code == 200
    return icalendar.Calendar.from_ical(response.content)


def events(client, feed) -> list:
    return read(client, feed).walk("VEVENT")


class TestWhatStandsInIt:
    def test_every_session_with_a_seat_and_no_other(self, client, series, member, add_member, moment):
        mine = add_session(series, moment + timedelta(days=1))
        seat(mine, member, now=moment)
        seat(add_session(series, moment + timedelta(days=2)), add_member(), now=moment)
        waiting = {"state": RegistrationState.WAITING, "seated_at": None}
        seat(add_session(series, moment + timedelta(days=3)), member, now=moment, **waiting)
        (event,) = events(client, give_feed(member.user, now=moment))
        assert event["uid"] == mine.uid
        assert event.start == mine.starts_at
        assert event["dtstart"].params["TZID"] == "Europe/Moscow"

    def test_its_words_and_never_the_link_of_the_meeting(self, client, series, member, moment, settings):
        session = add_session(
            series, moment + timedelta(days=1), topic={"en": "Prices, and value"}, about={"en": "What it costs."},
            speakers="Grace Hopper", meeting_url="https://zoom.example/j/841-secret",
        )  # fmt: skip
        seat(session, member, now=moment)
        response = client.get(address(give_feed(member.user, now=moment)))
        assert b"841-secret" not in response.content.replace(b"\r\n ", b"")
        (event,) = icalendar.Calendar.from_ical(response.content).walk("VEVENT")
        page = f"{settings.BASE_URL}/en/study/sessions/{session.public_id}/"
        assert event["summary"] == "Prices, and value"
        assert event["url"] == page
        for words in ("What it costs.", "Grace Hopper", "Tuesday for sellers", page):
            assert words in event["description"]
        assert event["organizer"].params["CN"] == settings.VENDOR_NAME

    def test_in_the_persons_language_whoever_asks(self, client, tree, series, add_member, moment):
        add_series(tree, "Вторник продавца", language="ru", translation_of=series)
        reader = add_member(language="ru")
        seat(add_session(series, moment + timedelta(days=1)), reader, now=moment)
        with translation.override("en"):
            (event,) = events(client, give_feed(reader.user, now=moment))
        assert event["summary"] == "Вторник продавца"
        assert "/ru/study/sessions/" in event["url"]

    def test_a_cancelled_session_stays_and_says_so(self, client, series, member, moment):
        session = add_session(
            series,
            moment + timedelta(days=1),
            state=SessionState.CANCELLED,
            reason={"en": "The speaker is ill."},
            sequence=2,
        )
        seat(session, member, now=moment)
        (event,) = events(client, give_feed(member.user, now=moment))
        assert (event["status"], event["sequence"]) == ("CANCELLED", 2)
        assert "The speaker is ill." in event["description"]

    def test_so_does_a_seat_that_was_given_back(self, client, series, member, moment):
        session = add_session(series, moment + timedelta(days=1))
        later = moment + timedelta(minutes=5)
        seat(session, member, now=moment, state=RegistrationState.CANCELLED, cancelled_at=later)
        (event,) = events(client, give_feed(member.user, now=moment))
        assert (event["status"], event["last-modified"].dt) == ("CANCELLED", later)

    def test_a_month_back_and_not_further(self, client, series, member, moment):
        recent = add_session(series, moment - timedelta(days=29))
        seat(recent, member, now=moment)
        seat(add_session(series, moment - timedelta(days=31)), member, now=moment)
        assert [event["uid"] for event in events(client, give_feed(member.user, now=moment))] == [recent.uid]

    def test_an_event_says_where_it_is(self, client, tree, member, moment):
        page = add_event(tree, moment + timedelta(days=3), venue="Harbour Hall, Berlin")
        seat(page.sessions.get(), member, now=moment)
        (event,) = events(client, give_feed(member.user, now=moment))
        assert event["location"] == "Harbour Hall, Berlin"
        assert event.end - event.start == timedelta(hours=8)

    def test_a_series_that_closed_to_the_reader_is_gone(self, client, series, member, owners_only, moment):
        seat(add_session(series, moment + timedelta(days=1)), member, now=moment)
        feed = give_feed(member.user, now=moment)
        assert len(events(client, feed)) == 1
        series.audience = owners_only
        publish(series)
        assert events(client, feed) == []

    def test_so_is_one_that_is_not_published_and_it_comes_back_with_it(self, client, series, member, moment):
        seat(add_session(series, moment + timedelta(days=1)), member, now=moment)
        feed = give_feed(member.user, now=moment)
        etag = client.get(address(feed))["ETag"]
        series.unpublish()
        gone = client.get(address(feed), headers={"if-none-match": etag})
        assert icalendar.Calendar.from_ical(gone.content).walk("VEVENT") == []
        publish(series)
        assert len(events(client, feed)) == 1

    def test_from_first_to_last_it_is_one_entry_whose_sequence_grows(self, client, series, member, staff, moment):
        runner = let(staff, "change_session")
        session = add_session(series, moment + timedelta(days=3))
        seat(session, member, now=moment)
        feed = give_feed(member.user, now=moment)
        found = []

        def look() -> None:
            (event,) = events(client, feed)
            found.append((str(event["uid"]), int(event["sequence"]), str(event["status"]), event.start))

        look()
        later = session.starts_at + timedelta(days=1)
        move_session(session, starts_at=later, ends_at=later + timedelta(hours=1), by=runner, now=moment)
        look()
        change_session(session, changes={"speakers": "Ada Byron"}, by=runner, now=moment)
        look()
        cancel_session(session, reason={"en": "Ill"}, by=runner, now=moment)
        look()
        assert [uid for uid, *_rest in found] == [session.uid] * 4
        assert [sequence for _uid, sequence, *_rest in found] == [0, 1, 2, 3]
        assert [status for *_rest, status, _start in found] == ["CONFIRMED"] * 3 + ["CANCELLED"]
        assert [start for *_rest, start in found] == [session.starts_at, later, later, later]

    def test_and_so_are_the_sessions_of_a_partner_that_was_left(self, client, series, member, moment):
        seat(add_session(series, moment + timedelta(days=1)), member, now=moment)
        member.ended_at = moment - timedelta(minutes=1)
        member.save()
        assert events(client, give_feed(member.user, now=moment)) == []

    def test_the_calendar_has_a_name_and_headers_that_keep_it_private(self, client, member, moment):
        feed = give_feed(member.user, now=moment)
        response = client.get(address(feed))
        assert response["Content-Type"] == "text/calendar; charset=utf-8"
        assert "private" in response["Cache-Control"]
        assert (response["X-Robots-Tag"], response["Referrer-Policy"]) == ("noindex", "no-referrer")
        assert "webinars and events" in read(client, feed)["x-wr-calname"]


class TestTheAddress:
    def test_nobody_signs_in_and_a_wrong_one_is_unknown(self, client, member, moment):
        feed = give_feed(member.user, now=moment)
        assert client.get(address(feed)).status_code == 200
        assert client.get(reverse("training:feed", args=[feed.token[:-1] + "x"])).status_code == 404

    def test_a_new_one_ends_the_old_and_a_revoked_one_is_unknown(self, client, member, moment):
        old = address(give_feed(member.user, now=moment))
        new = address(renew_feed(member.user, now=moment))
        assert (client.get(old).status_code, client.get(new).status_code) == (404, 200)
        assert revoke_feed(member.user)
        assert client.get(new).status_code == 404

    def test_one_who_has_left_has_no_calendar(self, client, member, moment):
        feed = give_feed(member.user, now=moment)
        member.user.is_active = False
        member.user.save()
        assert client.get(address(feed)).status_code == 404

    def test_asked_again_it_is_the_same(self, member, moment):
        assert give_feed(member.user, now=moment).token == give_feed(member.user, now=moment).token

    def test_that_a_program_reads_it_is_noted_once_an_hour(self, client, member, moment):
        feed = give_feed(member.user, now=moment)
        client.get(address(feed))
        first = CalendarFeed.objects.get().read_at
        client.get(address(feed))
        assert first is not None
        assert CalendarFeed.objects.get().read_at == first


class TestAskingAgain:
    def test_what_has_not_changed_is_not_sent(self, client, series, member, moment):
        session = add_session(series, moment + timedelta(days=1))
        seat(session, member, now=moment)
        feed = give_feed(member.user, now=moment)
        etag = client.get(address(feed))["ETag"]
        again = client.get(address(feed), headers={"if-none-match": etag})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)

    @pytest.mark.parametrize("change", ["sequence", "topic", "title", "seat", "language"])
    def test_whatever_it_depends_on_makes_it_another(self, client, series, member, moment, change):
        session = add_session(series, moment + timedelta(days=1))
        registration = seat(session, member, now=moment)
        feed = give_feed(member.user, now=moment)
        etag = client.get(address(feed))["ETag"]
        match change:
            case "sequence":
                session.sequence += 1
                session.save()
            case "topic":
                session.topic = {"en": "Another"}
                session.save()
            case "title":
                series.title = "Another title"
                publish(series)
            case "seat":
                registration.state = RegistrationState.CANCELLED
                registration.cancelled_at = moment
                registration.save()
            case "language":
                member.user.language = "ru"
                member.user.save()
        again = client.get(address(feed), headers={"if-none-match": etag})
        assert again.status_code == 200
        assert again["ETag"] != etag

    def test_a_kept_calendar_says_what_a_new_one_would(self, client, series, member, moment):
        seat(add_session(series, moment + timedelta(days=1)), member, now=moment)
        feed = give_feed(member.user, now=moment)
        cold = client.get(address(feed)).content
        warm = client.get(address(feed)).content
        assert cold == warm

    def test_it_costs_the_same_queries_for_two_sessions_and_for_twenty(self, client, series, member, moment):
        feed = give_feed(member.user, now=moment)

        def count(total: int) -> tuple[int, int]:
            for number in range(total):
                seat(add_session(series, moment + timedelta(days=1 + number)), member, now=moment)
            client.get(address(feed))
            cache.clear()
            with CaptureQueriesContext(connection) as cold:
                client.get(address(feed))
            with CaptureQueriesContext(connection) as warm:
                client.get(address(feed))
            return len(cold), len(warm)

        few = count(2)
        for registration in member.user.registrations.all():
            registration.delete()
        series.sessions.all().delete()
        assert count(20) == few
        assert few[1] < few[0] <= 12


class TestTheFileOfOneSession:
    def test_a_reader_of_its_page_puts_it_into_a_calendar(self, series, member, signed_in, moment):
        session = add_session(series, moment + timedelta(days=1), meeting_url="https://zoom.example/j/841-secret")
        response = signed_in(member).get(reverse("training:session_ics", args=[session.public_id]))
        calendar = icalendar.Calendar.from_ical(response.content)
        (event,) = calendar.walk("VEVENT")
        assert (event["uid"], calendar["method"]) == (session.uid, "PUBLISH")
        assert b"841-secret" not in response.content.replace(b"\r\n ", b"")
        assert response["Content-Disposition"].startswith("attachment; filename=")

    def test_one_to_whom_the_series_is_closed_is_refused(self, tree, member, owners_only, signed_in, moment):
        session = add_session(add_series(tree, audience=owners_only), moment + timedelta(days=1))
        assert signed_in(member).get(reverse("training:session_ics", args=[session.public_id])).status_code == 403

    def test_a_series_that_is_not_published_is_unknown(self, tree, member, signed_in, moment):
        session = add_session(add_series(tree, live=False), moment + timedelta(days=1))
        assert signed_in(member).get(reverse("training:session_ics", args=[session.public_id])).status_code == 404


class TestThePage:
    def test_closed_until_it_is_opened_then_copied_renewed_and_closed(self, member, signed_in, settings):
        client = signed_in(member)
        page, change = reverse("training:calendar"), reverse("training:change_calendar")
        assert "Open my calendar" in client.get(page).content.decode()
        client.post(change, {"do": "open"})
        first = CalendarFeed.objects.get().token
        shown = client.get(page).content.decode()
        assert f"{settings.BASE_URL}/en/study/calendar/{first}.ics" in shown
        assert f'href="webcal://{settings.BASE_URL.partition("://")[2]}/en/study/calendar/{first}.ics"' in shown
        assert "No program has asked for it yet." in shown
        client.post(change, {"do": "renew"})
        assert CalendarFeed.objects.get().token != first
        client.post(change, {"do": "close"})
        assert not CalendarFeed.objects.exists()

    def test_its_forms_say_where_they_come_from(self, member, signed_in):
        """Browsers send ``Origin: null`` from a page without a referrer, which is refused as a forgery."""
        response = signed_in(member).get(reverse("training:calendar"))
        assert response["Referrer-Policy"] == "same-origin"
        assert "private" in response["Cache-Control"]

    def test_a_link_changes_nothing(self, member, signed_in):
        assert signed_in(member).get(reverse("training:change_calendar")).status_code == 405


def test_an_edition_is_written_once(series, member, moment):
    seat(add_session(series, moment + timedelta(days=1)), member, now=moment)
    feed = give_feed(member.user, now=moment)
    edition = find_edition(CalendarFeed.objects.select_related("user").get(pk=feed.pk), now=moment)
    first = write_feed(edition)
    with CaptureQueriesContext(connection) as queries:
        assert write_feed(edition) == first
    assert len(queries) == 0
