"""Watching the recording of a session counts as the series says."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.training.attendees import add_series, add_session, let
from training.models import Attendance, AttendanceSource
from training.services.attendance import forget_file, read_file
from training.services.videos import keep_place

pytestmark = pytest.mark.django_db


@pytest.fixture
def moment():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def video(tree):
    return tree.add_video("The recording", seconds=3000)


@pytest.fixture
def series(tree):
    return add_series(tree, replay_counts=True, replay_from_percent=80)


@pytest.fixture
def session(series, video, moment):
    return add_session(series, moment - timedelta(days=1), recording=video)


def test_who_has_come_so_far_has_attended(session, video, member, moment):
    keep_place(member.user, video, seconds=2399, now=moment)
    assert not Attendance.objects.exists()
    keep_place(member.user, video, seconds=2400, now=moment)
    row = Attendance.objects.get()
    assert (row.session, row.user, row.membership) == (session, member.user, member)
    assert (row.minutes, row.attended, row.source, row.from_percent) == (40, True, AttendanceSource.RECORDING, 80)


def test_going_back_takes_nothing_away_and_going_on_adds_nothing(session, video, member, moment):
    for seconds in (2500, 10, 2900):
        keep_place(member.user, video, seconds=seconds, now=moment)
    assert Attendance.objects.get().minutes == 41


def test_in_either_language_it_is_one_recording(tree, session, video, member, moment):
    russian = tree.add_video("Запись", language="ru", translation_of=video, seconds=3000)
    keep_place(member.user, russian, seconds=2500, now=moment)
    assert Attendance.objects.get().session == session


def test_a_series_may_say_that_it_does_not_count(series, session, video, member, moment):
    series.replay_counts = False
    series.save()
    keep_place(member.user, video, seconds=3000, now=moment)
    assert not Attendance.objects.exists()


def test_of_a_video_whose_length_nobody_knows_nothing_counts(session, video, member, moment):
    type(video).objects.filter(pk=video.pk).update(seconds=0)
    video.refresh_from_db()
    keep_place(member.user, video, seconds=3000, now=moment)
    assert not Attendance.objects.exists()


def test_nor_of_a_video_that_is_nobodys_recording(tree, session, member, moment):
    keep_place(member.user, tree.add_video("Another", seconds=100), seconds=100, now=moment)
    assert not Attendance.objects.exists()


def test_the_vendors_people_watch_without_attending(session, video, staff, moment):
    keep_place(staff, video, seconds=3000, now=moment)
    assert not Attendance.objects.exists()


@pytest.mark.parametrize(
    ("source", "attended", "expected"),
    [
        ("joins", False, ("recording", True)),
        ("joins", True, ("joins", True)),
        ("correction", False, ("correction", False)),
    ],
)
def test_it_makes_good_for_having_left_early_and_nothing_else(
    session, video, member, moment, source, attended, expected
):
    Attendance.objects.create(
        session=session, user=member.user, membership=member, minutes=10, attended=attended, source=source,
        from_percent=60, decided_at=moment,
    )  # fmt: skip
    keep_place(member.user, video, seconds=3000, now=moment)
    row = Attendance.objects.get()
    assert (row.source, row.attended) == expected


def test_a_report_that_is_taken_back_leaves_what_was_watched(session, video, member, staff, moment):
    reader = let(staff, "add_attendancefile")
    keep_place(member.user, video, seconds=3000, now=moment)
    begun = session.starts_at
    line = f"A,{member.user.email},{begun:%Y-%m-%d %H:%M:%S},{session.ends_at:%Y-%m-%d %H:%M:%S}\n"
    content = f"Name (Original Name),User Email,Join Time,Leave Time\n{line}".encode()
    file = read_file(session, name="r.csv", content=content, zone="UTC", by=reader, now=moment)
    assert Attendance.objects.get().source == AttendanceSource.JOINS
    forget_file(file, by=reader, now=moment)
    assert Attendance.objects.get().source == AttendanceSource.RECORDING


def test_the_player_reports_it_by_its_address(session, video, member, signed_in):
    response = signed_in(member).post(reverse("training:place", args=[video.translation_key]), {"seconds": "2700"})
    assert response.status_code == 204
    assert Attendance.objects.get().minutes == 45


def test_keeping_a_place_asks_one_question_more(session, tree, member, moment):
    other = tree.add_video("Another", seconds=100)
    keep_place(member.user, other, seconds=1, now=moment)
    with CaptureQueriesContext(connection) as queries:
        keep_place(member.user, other, seconds=2, now=moment)
    assert len([query for query in queries if "training_session" in query["sql"]]) == 1
