"""Watching the recording of a session counts as the series says."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.training.attendees import add_series, add_session, let
from training.models import Attendance, AttendanceSource, Reading, WatchedStretch
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


def watch(user, video, *stretches, now):
    keep_place(user, video, seconds=stretches[-1][1], stretches=stretches, now=now)


def test_who_has_watched_so_much_has_attended(session, video, member, moment):
    watch(member.user, video, (0, 2399), now=moment)
    assert not Attendance.objects.exists()
    watch(member.user, video, (0, 2400), now=moment)
    row = Attendance.objects.get()
    assert (row.session, row.user, row.membership) == (session, member.user, member)
    assert (row.minutes, row.attended, row.source, row.from_percent) == (40, True, AttendanceSource.RECORDING, 80)


def test_going_back_takes_nothing_away_and_going_on_adds_nothing(session, video, member, moment):
    for stretch in ((0, 2500), (0, 10), (2500, 2900)):
        watch(member.user, video, stretch, now=moment)
    assert Attendance.objects.get().minutes == 41


def test_whoever_jumps_to_the_end_has_not_watched_it(session, video, member, moment):
    keep_place(member.user, video, seconds=3000, now=moment)
    watch(member.user, video, (0, 5), (2990, 3000), now=moment)
    assert Reading.objects.get().seconds == 3000
    assert not Attendance.objects.exists()


def test_what_was_watched_on_several_days_and_devices_adds_up_and_twice_counts_once(session, video, member, moment):
    for stretches in ([(0, 1000)], [(500, 1000)], [(1500, 2500)], [(2900, 3000)], [(0, 1000)]):
        watch(member.user, video, *stretches, now=moment)
    assert not Attendance.objects.exists()  # 2,100 of 3,000 seconds
    assert list(WatchedStretch.objects.values_list("begins", "ends")) == [(0, 1000), (1500, 2500), (2900, 3000)]
    watch(member.user, video, (1000, 1500), now=moment)
    assert list(WatchedStretch.objects.values_list("begins", "ends")) == [(0, 2500), (2900, 3000)]
    assert Attendance.objects.get().minutes == 43


def test_told_again_nothing_is_written(session, video, member, moment):
    watch(member.user, video, (0, 100), (200, 300), now=moment)
    kept = list(WatchedStretch.objects.values_list())
    watch(member.user, video, (0, 100), (200, 300), now=moment)
    assert list(WatchedStretch.objects.values_list()) == kept


def test_shreds_without_end_are_not_kept(session, video, member, moment):
    for start in range(0, 3000, 1000):
        shreds = [(second, second + 1) for second in range(start, start + 1000, 2)]
        watch(member.user, video, *shreds, now=moment)
    assert WatchedStretch.objects.count() == 1000


def test_in_either_language_it_is_one_recording(tree, session, video, member, moment):
    russian = tree.add_video("Запись", language="ru", translation_of=video, seconds=3000)
    watch(member.user, russian, (0, 2500), now=moment)
    assert Attendance.objects.get().session == session


def test_a_series_may_say_that_it_does_not_count(series, session, video, member, moment):
    series.replay_counts = False
    series.save()
    watch(member.user, video, (0, 3000), now=moment)
    assert not Attendance.objects.exists()


def test_of_a_video_whose_length_nobody_knows_nothing_counts(session, video, member, moment):
    type(video).objects.filter(pk=video.pk).update(seconds=0)
    video.refresh_from_db()
    watch(member.user, video, (0, 3000), now=moment)
    assert not Attendance.objects.exists()


def test_nor_of_a_video_that_is_nobodys_recording(tree, session, member, moment):
    watch(member.user, tree.add_video("Another", seconds=100), (0, 100), now=moment)
    assert not Attendance.objects.exists()


def test_the_vendors_people_watch_without_attending(session, video, staff, moment):
    watch(staff, video, (0, 3000), now=moment)
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
    watch(member.user, video, (0, 3000), now=moment)
    row = Attendance.objects.get()
    assert (row.source, row.attended) == expected


def test_a_report_that_is_taken_back_leaves_what_was_watched(session, video, member, staff, moment):
    reader = let(staff, "add_attendancefile")
    watch(member.user, video, (0, 3000), now=moment)
    begun = session.starts_at
    line = f"A,{member.user.email},{begun:%Y-%m-%d %H:%M:%S},{session.ends_at:%Y-%m-%d %H:%M:%S}\n"
    content = f"Name (Original Name),User Email,Join Time,Leave Time\n{line}".encode()
    file = read_file(session, name="r.csv", content=content, zone="UTC", by=reader, now=moment)
    assert Attendance.objects.get().source == AttendanceSource.JOINS
    forget_file(file, by=reader, now=moment)
    assert Attendance.objects.get().source == AttendanceSource.RECORDING


def test_the_player_reports_it_by_its_address(session, video, member, signed_in):
    client, address = signed_in(member), reverse("training:place", args=[video.translation_key])
    assert client.post(address, {"seconds": "2700", "played": "0-1000,1000-9999"}).status_code == 204
    assert Attendance.objects.get().minutes == 50
    assert WatchedStretch.objects.get().ends == 3000


@pytest.mark.parametrize("played", ["x", "1", "-", "1-x", "-5-10", "0-10,", "0-10;20-30", "0-1234567", "٣-٥"])
def test_what_is_no_list_of_stretches_is_refused_and_nothing_kept(session, video, member, signed_in, played):
    address = reverse("training:place", args=[video.translation_key])
    assert signed_in(member).post(address, {"seconds": "10", "played": played}).status_code == 400
    assert not WatchedStretch.objects.exists()


def test_keeping_a_place_asks_one_question_more(session, tree, member, moment):
    other = tree.add_video("Another", seconds=100)
    watch(member.user, other, (0, 1), now=moment)
    with CaptureQueriesContext(connection) as queries:
        watch(member.user, other, (0, 2), now=moment)
    assert len([query for query in queries if "training_session" in query["sql"]]) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite takes writers one by one")
def test_players_that_tell_at_once_lose_nothing(tree, add_member, moment):
    video = tree.add_video("The recording", seconds=3000)
    user = add_member().user
    watch(user, video, (0, 1), now=moment)
    start = threading.Barrier(8)

    def tell(number: int) -> None:
        try:
            start.wait()
            watch(user, video, (number * 100, number * 100 + 150), now=moment)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(WatchedStretch.objects.values_list("begins", "ends")) == [(0, 850)]
