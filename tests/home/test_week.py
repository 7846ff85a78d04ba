"""What has a day, on the home page: webinars with their button, courses that are due, the next lesson."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from tests.training.readers import *  # noqa: F403 -- fixtures, found by name
from training.models import CourseDue, Session, SessionState, WebinarIndexPage, WebinarSeriesPage
from training.services.registrations import register

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series(tree):
    place = tree.add(tree.roots["en"], WebinarIndexPage(title="Webinars", slug="webinars"))
    return tree.add(place, WebinarSeriesPage(title="Tuesdays for sellers", slug="tuesdays"))


def add_session(series, starts_in: timedelta, topic: str, **fields) -> Session:
    return Session.objects.create(
        page=series, page_key=series.translation_key, topic={"en": topic}, starts_at=NOW + starts_in,
        ends_at=NOW + starts_in + HOUR, zone="UTC", changed_at=NOW, meeting_url="https://meet.example/room", **fields,
    )  # fmt: skip


def home(client) -> str:
    return client.get(reverse("home:dashboard")).content.decode()


class TestWebinars:
    def test_the_coming_week_is_offered_and_taken_in_one_tap(self, series, member, signed_in):
        session = add_session(series, timedelta(days=2), "Naming a price")
        add_session(series, timedelta(days=20), "Far away")
        client = signed_in(member)
        page = home(client)
        assert "Naming a price" in page
        assert "Far away" not in page
        assert reverse("training:register", args=[session.public_id]) in page
        client.post(reverse("training:register", args=[session.public_id]))
        page = home(client)
        assert "You are registered" in page
        assert reverse("training:register", args=[session.public_id]) not in page

    def test_what_one_is_registered_for_is_shown_however_far(self, series, member, signed_in):
        session = add_session(series, timedelta(days=20), "Far away")
        register(session, membership=member, by=member.user, now=NOW)
        assert "Far away" in home(signed_in(member))

    def test_the_button_leads_to_the_meeting_shortly_before_the_start_and_not_earlier(self, series, member, signed_in):
        session = add_session(series, HOUR, "Naming a price")
        register(session, membership=member, by=member.user, now=NOW)
        client = signed_in(member)
        assert "Go to the meeting" not in home(client)
        with time_machine.travel(session.starts_at - timedelta(minutes=10), tick=False):
            page = home(client)
            assert "Go to the meeting" in page
            assert "meet.example" not in page

    def test_a_series_for_another_job_role_is_not_offered(self, series, member, signed_in, rows):
        series.job_roles.set([rows.owner])
        series.save()
        add_session(series, timedelta(days=2), "For owners")
        assert "For owners" not in home(signed_in(member))

    def test_a_cancelled_one_is_shown_to_those_who_had_a_seat_alone(self, series, add_member, signed_in):
        session = add_session(series, timedelta(days=2), "Off")
        coming, other = add_member(), add_member()
        register(session, membership=coming, by=coming.user, now=NOW)
        Session.objects.update(state=SessionState.CANCELLED, reason={"en": "The speaker is ill."})
        assert "Off" in home(signed_in(coming))
        assert ">Off<" not in home(signed_in(other))


class TestCourses:
    def test_what_is_due_and_what_is_overdue_by_its_day(self, tree, member, signed_in):
        course = tree.add_course("Selling well", lessons=2)
        row = CourseDue.objects.create(
            user=member.user, membership=member, course_key=course.translation_key, course=course,
            due_at=NOW + timedelta(days=5),
        )  # fmt: skip
        client = signed_in(member)
        page = home(client)
        assert "Due by" in page
        assert "Overdue" not in page
        row.due_at = NOW - timedelta(days=1)
        row.save()
        assert "Overdue" in home(client)

    def test_the_next_lesson_is_one_tap_away(self, tree, member, signed_in):
        course = tree.add_course("Selling well", lessons=2)
        client = signed_in(member)
        assert f"{course.url}lesson-1/" in home(client)
        lesson = course.get_children().first()
        client.post(reverse("training:complete", args=[lesson.translation_key]))
        page = home(client)
        assert f"{course.url}lesson-2/" in page
        assert f"{course.url}lesson-1/" not in page

    def test_with_nothing_ahead_there_is_no_empty_heading(self, member, tree, signed_in):
        assert "Coming up" not in home(signed_in(member))
