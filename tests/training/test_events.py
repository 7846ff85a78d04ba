"""Events: the agenda an editor may publish, what a member sees, and the date that follows the page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from wagtail.test.utils.form_data import inline_formset, nested_form_data, streamfield

from portal.core.errors import Refusal
from tests.factories.training import publish
from tests.training.forms import page_form
from tests.training.webinars import let_run
from training.models import (
    EventPage,
    EventSlot,
    Registration,
    RegistrationState,
    Session,
    SessionState,
    WebinarIndexPage,
)
from training.services.registrations import register
from training.services.sessions import SessionPlan, add_session, change_session, move_session

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NINE = (timezone.now() + timedelta(days=30)).replace(hour=9, minute=0, second=0, microsecond=0)


@pytest.fixture
def place(tree):
    return tree.add(tree.roots["en"], WebinarIndexPage(title="Webinars", slug="webinars"))


@pytest.fixture
def event(tree, place) -> EventPage:
    page = EventPage(
        title="Partner Day", slug="day", starts_at=NINE, ends_at=NINE + 8 * HOUR, zone="Europe/Berlin", venue="Hall 4",
        meeting_url="https://meet.example/secret-room", capacity=2,
    )  # fmt: skip
    page.slots = [
        EventSlot(title="Opening", starts_at=NINE, ends_at=NINE + HOUR, speakers="Ada", locale=place.locale),
        EventSlot(title="Calls", track="Sellers", starts_at=NINE + HOUR, ends_at=NINE + 2 * HOUR, locale=place.locale),
        EventSlot(title="Teams", track="Heads", starts_at=NINE + HOUR, ends_at=NINE + 2 * HOUR, locale=place.locale),
    ]
    return tree.add(place, page)


def session_of(event) -> Session:
    return Session.objects.get(page_key=event.translation_key)


class TestTheDate:
    def test_is_made_by_the_first_publishing_and_only_once(self, event, facts):
        publish(event)
        session = session_of(event)
        assert (session.starts_at, session.capacity, session.sequence) == (NINE, 2, 0)
        assert facts("sessions_published") == [{"session_ids": [session.pk]}]

    def test_moves_with_the_page_and_everyone_is_told(self, event, member, facts):
        now = timezone.now()
        seat = register(session_of(event), membership=member, by=member.user, now=now)
        event.starts_at, event.ends_at = NINE + timedelta(days=1), NINE + timedelta(days=1, hours=8)
        for slot in event.slots.all():
            slot.starts_at, slot.ends_at = slot.starts_at + timedelta(days=1), slot.ends_at + timedelta(days=1)
        publish(event)
        session = session_of(event)
        assert (session.starts_at, session.sequence) == (event.starts_at, 1)
        seat.refresh_from_db()
        assert seat.remind_at == event.starts_at - timedelta(days=1)
        assert facts("sessions_moved") == [{"session_ids": [session.pk]}]

    def test_more_seats_let_the_waiting_move_up(self, event, add_member):
        now = timezone.now()
        for number in range(3):
            one = add_member()
            register(session_of(event), membership=one, by=one.user, now=now + timedelta(seconds=number))
        assert Registration.objects.filter(state=RegistrationState.WAITING).count() == 1
        event.capacity = 5
        publish(event)
        assert not Registration.objects.filter(state=RegistrationState.WAITING).exists()
        assert session_of(event).seats_taken == 3

    def test_who_registered_while_the_editor_wrote_keeps_the_seat(self, event, add_member):
        for _number in range(2):
            one = add_member()
            register(session_of(event), membership=one, by=one.user, now=timezone.now())
        event.capacity = 1  # past the form, which had counted nobody yet
        publish(event)
        assert session_of(event).capacity == 2

    def test_one_that_was_cancelled_stays_cancelled(self, event, facts):
        Session.objects.update(state=SessionState.CANCELLED, reason={"en": "The hall is closed."})
        event.starts_at += HOUR
        publish(event)
        assert session_of(event).state == SessionState.CANCELLED
        assert facts("sessions_moved") == []

    def test_a_translation_that_is_published_makes_no_second_one(self, event, tree):
        below = tree.add(tree.roots["ru"], WebinarIndexPage(title="Вебинары", slug="webinars"))
        fields = {name: getattr(event, name) for name in ("starts_at", "ends_at", "zone", "meeting_url", "capacity")}
        tree.add(below, EventPage(title="День партнёров", slug="day", **fields), translation_of=event)
        assert Session.objects.count() == 1
        assert session_of(event).sequence == 0


class TestWhatThePageSays:
    """Two places for one thing would differ after the next publishing."""

    @pytest.fixture
    def runner(self, staff):
        return let_run(staff)

    def test_is_not_moved_beside_the_page(self, event, runner):
        with pytest.raises(Refusal, match="stand on its page"):
            move_session(
                session_of(event), starts_at=NINE + HOUR, ends_at=NINE + 2 * HOUR, by=runner, now=timezone.now()
            )

    @pytest.mark.parametrize("changes", [{"capacity": 9}, {"meeting_url": "https://meet.example/other"}])
    def test_nor_are_seats_and_link(self, event, runner, changes):
        with pytest.raises(Refusal, match="stand on its page"):
            change_session(session_of(event), changes=changes, by=runner, now=timezone.now())

    def test_what_the_page_does_not_say_is_changed(self, event, runner):
        changes = {"speakers": "Ada", "capacity": 2}
        assert change_session(session_of(event), changes=changes, by=runner, now=timezone.now()).speakers == "Ada"

    def test_an_event_has_no_second_date(self, event, runner):
        plan = SessionPlan(NINE + timedelta(days=9), NINE + timedelta(days=9, hours=1), "UTC")
        with pytest.raises(Refusal, match="webinar series"):
            add_session(event, plan=plan, by=runner, now=timezone.now())


class TestThePage:
    def test_shows_the_agenda_in_the_zone_of_the_event_and_one_tap_to_register(self, event, member, signed_in):
        client = signed_in(member)
        page = client.get(event.url).content.decode()
        for words in ("Partner Day", "Hall 4", "Opening", "Ada", "Sellers", "Heads", "Europe/Berlin", "2 of 2 free"):
            assert words in page
        assert page.index("Opening") < page.index("Calls") < page.index("Teams")
        client.post(reverse("training:register", args=[session_of(event).public_id]))
        assert "You are registered" in client.get(event.url).content.decode()

    def test_the_meeting_link_stands_on_no_page(self, event, member, signed_in):
        client = signed_in(member)
        client.post(reverse("training:register", args=[session_of(event).public_id]))
        assert "secret-room" not in client.get(event.url).content.decode()

    def test_what_is_left_of_a_talk_is_shown_to_those_who_may_read_it(
        self, event, tree, rows, add_member, signed_in, owners_only
    ):
        slot = event.slots.all()[1]
        slot.material = tree.add_video("Calls, recorded", audience=owners_only)
        event.slots = [event.slots.all()[0], slot]
        publish(event)
        assert "Calls, recorded" in signed_in(add_member(role=rows.owner)).get(event.url).content.decode()
        assert "Calls, recorded" not in signed_in(add_member(role=rows.seller)).get(event.url).content.decode()

    def test_queries_are_the_same_for_few_talks_and_many(self, event, member, signed_in, django_assert_num_queries):
        client = signed_in(member)
        client.get(event.url)
        with django_assert_num_queries(100, exact=False) as few:
            client.get(event.url)
        count = len(few.captured_queries)
        event.slots = [
            EventSlot(
                title=f"Talk {n}", starts_at=NINE + n * HOUR / 4, ends_at=NINE + (n + 1) * HOUR / 4, locale=event.locale
            )
            for n in range(20)
        ]
        publish(event)
        client.get(event.url)
        with django_assert_num_queries(count):
            assert "Talk 19" in client.get(event.url).content.decode()

    def test_a_preview_shows_the_agenda(self, event, client, django_user_model):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        event.title = "Partner Days"
        answer = event.make_preview_request(None, event.default_preview_mode)
        assert "Opening" in answer.content.decode()


class TestTheForm:
    @pytest.fixture
    def editor(self, client, django_user_model):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        return client

    def send(self, editor, event, *talks, **fields) -> str:
        """Publish from the form; the page that answers, empty where it was published."""
        rows = [
            {"title": title, "starts_at": begins.strftime("%Y-%m-%d %H:%M"), "ends_at": ends.strftime("%Y-%m-%d %H:%M"),
             "track": "", "room": room, "speakers": "", "about": "", "material": ""}
            for title, begins, ends, room in talks
        ]  # fmt: skip
        data = page_form(event.title, slug=event.slug) | {
            "starts_at": NINE.strftime("%Y-%m-%d %H:%M"), "ends_at": (NINE + 8 * HOUR).strftime("%Y-%m-%d %H:%M"),
            "zone": "Europe/Berlin", "venue": "Hall 4", "meeting_url": "", "capacity": "2",
            **fields,
            **nested_form_data({"body": streamfield([]), "slots": inline_formset(rows)}),
        }  # fmt: skip
        answer = editor.post(reverse("wagtailadmin_pages:edit", args=[event.pk]), data)
        return answer.content.decode() if answer.status_code == 200 else ""

    def test_two_talks_in_one_room_at_once_are_refused_by_name(self, editor, event):
        before = event.slots.count()
        page = self.send(
            editor, event, ("One", NINE, NINE + 2 * HOUR, "Red"), ("Two", NINE + HOUR, NINE + 3 * HOUR, "Red")
        )
        assert "“Two” begins before “One” in the same room or on the same track is over." in page
        assert EventPage.objects.get(pk=event.pk).slots.count() == before

    def test_a_talk_outside_the_event_is_refused_by_name(self, editor, event):
        assert "“Late” is not within the time of the event." in self.send(
            editor, event, ("Late", NINE + 7 * HOUR, NINE + 9 * HOUR, "")
        )

    def test_fewer_seats_than_are_taken_are_refused_with_the_number(self, editor, event, add_member):
        for _number in range(2):
            one = add_member()
            register(session_of(event), membership=one, by=one.user, now=timezone.now())
        assert "2 people are registered already." in self.send(editor, event, capacity="1")

    def test_an_event_that_ends_before_it_begins_is_refused(self, editor, event):
        early = datetime(2026, 1, 1, tzinfo=UTC).strftime("%Y-%m-%d %H:%M")
        assert "The event ends before it begins." in self.send(editor, event, ends_at=early)

    def test_a_sound_agenda_is_published(self, editor, event):
        assert (
            self.send(editor, event, ("One", NINE, NINE + HOUR, "Red"), ("Two", NINE + HOUR, NINE + 2 * HOUR, "Red"))
            == ""
        )
        assert {"One", "Two"} <= {slot.title for slot in EventPage.objects.get(pk=event.pk).slots.all()}
