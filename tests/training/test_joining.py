"""To the meeting in one tap: a personal link, no password, open shortly before the start and to the end."""

from datetime import timedelta

import pytest
from django.urls import reverse

from portal.notifications.models import Notification
from tests.training.webinars import add_series, let_run, open_session
from training.models import Visit
from training.notices.webinars import remind_people
from training.services.joining import NotOpen, find_join_path, find_meeting, find_registration, make_token, record_visit
from training.services.registrations import cancel_registration, register
from training.services.sessions import cancel_session, change_session

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
MEETING = "https://meet.example/secret-room"


@pytest.fixture
def editor(staff):
    return let_run(staff)


@pytest.fixture
def series(tree):
    return add_series(tree)


@pytest.fixture
def session(series, editor, now):
    return open_session(series, by=editor, now=now, capacity=1, meeting_url=MEETING)


@pytest.fixture
def seat(session, member, now):
    return register(session, membership=member, by=member.user, now=now)


def go(registration, moment) -> str:
    """Where the link leads, or why it does not."""
    found = find_registration(make_token(registration))
    try:
        return find_meeting(found, now=moment)
    except NotOpen as refusal:
        return refusal.code


class TestTheLink:
    @pytest.mark.parametrize(
        ("before", "answer"),
        [(2 * DAY, "early"), (15 * MINUTE + MINUTE / 60, "early"), (15 * MINUTE, MEETING), (-HOUR, MEETING),
         (-HOUR - MINUTE, "over")],
    )  # fmt: skip
    def test_opens_a_quarter_of_an_hour_before_and_to_the_end(self, seat, session, before, answer):
        assert go(seat, session.starts_at - before) == answer

    def test_early_it_says_when(self, seat, session):
        with pytest.raises(NotOpen) as refused:
            find_meeting(seat, now=session.starts_at - DAY)
        assert refused.value.opens_at == session.starts_at - 15 * MINUTE

    def test_whoever_waits_or_gave_it_back_is_not_let_in(self, session, seat, add_member, now):
        other = add_member()
        waiting = register(session, membership=other, by=other.user, now=now)
        assert go(waiting, session.starts_at) == "waiting"
        cancel_registration(seat, by=seat.user, now=now)
        assert go(seat, session.starts_at) == "registration_cancelled"
        assert go(waiting, session.starts_at) == MEETING

    def test_nobody_is_when_it_is_cancelled(self, session, seat, editor, now):
        cancel_session(session, reason={"en": "Ill"}, by=editor, now=now)
        assert go(seat, session.starts_at) == "session_cancelled"

    def test_nor_who_has_left_or_lost_the_audience(self, session, seat, series, owners_only, now):
        series.audience = owners_only
        series.save()
        assert go(seat, session.starts_at) == "closed"
        series.audience = None
        series.save()
        assert go(seat, session.starts_at) == MEETING
        seat.membership.ended_at = now
        seat.membership.save()
        assert go(seat, session.starts_at) == "closed"

    def test_without_an_address_it_says_so(self, session, seat, editor, now):
        change_session(session, changes={"meeting_url": ""}, by=editor, now=now)
        assert go(seat, session.starts_at) == "no_link"

    def test_it_is_for_one_registration_alone_and_cannot_be_made_up(self, series, editor, session, seat, member, now):
        token = make_token(seat)
        assert find_registration(token) == seat
        other_session = open_session(series, by=editor, now=now, ahead=8 * DAY)
        other = register(other_session, membership=member, by=member.user, now=now)
        signature = token.partition(":")[2]
        for made_up in (f"{other.public_id}:{signature}", f"{token}x", token[:-1], "", ":", seat.public_id):
            assert find_registration(made_up) is None


def test_the_reminder_in_the_inbox_leads_there_in_one_tap(seat, session, client, time_machine):
    time_machine.move_to(session.starts_at - timedelta(minutes=10))
    assert remind_people(now=session.starts_at - timedelta(minutes=10)) == 1
    client.force_login(seat.user)
    notice = Notification.objects.get(type="training.session_reminded")
    answer = client.post(reverse("notifications:open", args=[notice.public_id]))
    address = answer.headers["Refresh"].partition("url=")[2]
    assert client.get(address).url == MEETING


class TestVisits:
    def test_two_within_a_minute_are_one(self, seat, session):
        at = session.starts_at
        for seconds in (0, 30, 59, 61, 120, 122):
            record_visit(seat, now=at + timedelta(seconds=seconds))
        assert Visit.objects.count() == 3

    def test_the_link_leads_there_without_signing_in_and_is_recorded(self, seat, session, client, time_machine):
        time_machine.move_to(session.starts_at)
        response = client.get(find_join_path(seat))
        assert (response.status_code, response.url) == (302, MEETING)
        assert (response["Cache-Control"], response["Referrer-Policy"]) == ("private, no-store", "no-referrer")
        assert Visit.objects.get().registration == seat

    def test_a_preview_that_only_asks_for_the_head_is_no_visit(self, seat, session, client, time_machine):
        time_machine.move_to(session.starts_at)
        assert client.head(find_join_path(seat)).status_code == 302
        assert client.post(find_join_path(seat)).status_code == 405
        assert not Visit.objects.exists()

    def test_early_the_page_says_when_in_the_persons_zone(self, seat, session, member, client, time_machine):
        member.user.time_zone = "Asia/Tokyo"
        member.user.save()
        time_machine.move_to(session.starts_at - DAY)
        response = client.get(find_join_path(seat))
        page = response.content.decode()
        assert response.status_code == 409
        assert "The meeting opens 15 minutes before the start." in page
        assert "17:45\u00a0JST" in page
        assert MEETING not in page
        assert not Visit.objects.exists()

    def test_and_in_their_language(self, seat, session, member, client, time_machine):
        member.user.language = "ru"
        member.user.save()
        time_machine.move_to(session.starts_at - DAY)
        assert '<html lang="ru"' in client.get(find_join_path(seat)).content.decode()

    def test_that_it_is_cancelled_is_said_in_their_language_whatever_the_address_says(
        self, seat, session, member, editor, client, now
    ):
        member.user.language = "ru"
        member.user.save()
        change_session(session, changes={"topic": {"en": "The price", "ru": "Цена"}}, by=editor, now=now)
        cancel_session(session, reason={"en": "The speaker is ill.", "ru": "Докладчик болен."}, by=editor, now=now)
        page = client.get(find_join_path(seat)).content.decode()
        assert "Докладчик болен." in page
        assert "Цена" in page
        assert "The speaker" not in page

    def test_of_what_is_not_published_any_more_it_says_so_and_leads_nowhere(self, seat, session, client, time_machine):
        session.page.unpublish()
        time_machine.move_to(session.starts_at)
        page = client.get(find_join_path(seat)).content.decode()
        assert "This webinar is not on the portal any more." in page
        assert reverse("training:session", args=[session.public_id]) not in page
        assert not Visit.objects.exists()

    def test_a_link_that_is_nobodys_is_not_found(self, client):
        assert client.get(reverse("training:join", args=["nobody:at-all"])).status_code == 404


def test_the_meeting_link_is_on_no_page_of_the_portal(seat, session, series, member, signed_in, time_machine):
    client = signed_in(member)
    for moment in (session.starts_at - DAY, session.starts_at, session.ends_at + HOUR):
        time_machine.move_to(moment)
        for address in (reverse("training:session", args=[session.public_id]), series.url, series.get_parent().url):
            response = client.get(address)
            assert response.status_code == 200
            assert "secret-room" not in response.content.decode()
