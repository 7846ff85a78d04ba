"""A whole season is published at once from a rule, or nothing of it."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.core.errors import NotAllowed, Refusal
from tests.training.webinars import add_series, let_run, open_session, plan_season
from training.models import Season, Session
from training.services.seasons import find_latest, list_weekdays, publish_season
from training.services.sessions import cancel_session, move_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(staff):
    return let_run(staff)


@pytest.fixture
def series(tree):
    return add_series(tree)


def publish(series, editor, now, *args, **fields) -> Season:
    return publish_season(series, plan=plan_season(*args, **fields), by=editor, now=now)


def refuse(series, editor, now, *args, **fields) -> Refusal:
    with pytest.raises(Refusal) as refused:
        publish(series, editor, now, *args, **fields)
    assert not Season.objects.exists()
    return refused.value


class TestPublishing:
    @pytest.mark.embedded
    def test_the_dates_of_the_rule_become_sessions(self, series, editor, now, facts):
        season = publish(
            series, editor, now, topics=({"en": "Opening"}, {"en": "The price"}), capacity=50, speakers="Ada Byron",
            meeting_url="https://meet.example/1",
        )  # fmt: skip
        sessions = list(season.sessions.all())
        assert [session.starts_at for session in sessions] == [
            datetime(2026, 12, 1, 8, tzinfo=UTC) + timedelta(weeks=week) for week in range(4)
        ]
        assert [str(session.topic) for session in sessions] == ["Opening", "The price", "", ""]
        assert [session.place for session in sessions] == [1, 2, 3, 4]
        assert {(one.capacity, one.speakers, one.meeting_url, one.zone, one.sequence) for one in sessions} == {
            (50, "Ada Byron", "https://meet.example/1", "Europe/Moscow", 0)
        }
        assert {one.page_key for one in sessions} == {series.translation_key}
        assert facts("sessions_published") == [{"session_ids": [session.pk for session in sessions]}]

    def test_the_season_keeps_the_rule_it_was_published_by(self, series, editor, now):
        season = publish(series, editor, now, "rrule:freq=weekly; byday=tu; count=2")
        assert (season.rule, season.first_day, season.at, season.zone, season.minutes, season.published_by) == (
            "FREQ=WEEKLY;BYDAY=TU;COUNT=2", date(2026, 12, 1), time(11), "Europe/Moscow", 60, editor
        )  # fmt: skip

    def test_days_that_are_left_out_have_no_session_and_topics_go_on(self, series, editor, now):
        season = publish(
            series, editor, now, left_out=frozenset({date(2026, 12, 8)}), topics=({"en": "One"}, {"en": "Two"})
        )
        assert [(str(one.topic), one.starts_at.day) for one in season.sessions.all()] == [
            ("One", 1), ("Two", 15), ("", 22)
        ]  # fmt: skip

    def test_across_the_change_of_clocks_the_local_hour_stays(self, series, editor, now):
        season = publish(series, editor, now, "FREQ=WEEKLY;COUNT=2", first_day=date(2027, 3, 23), zone="Europe/Berlin")
        assert [one.starts_at.hour for one in season.sessions.all()] == [10, 9]

    def test_topics_are_in_the_languages_that_they_were_given_in(self, series, editor, now):
        season = publish(series, editor, now, topics=({"en": "The  price", "ru": "Цена"}, {"ru": "Речь", "en": " "}))
        assert [one.topic for one in season.sessions.all()[:3]] == [
            {"en": "The price", "ru": "Цена"}, {"ru": "Речь"}, {},
        ]  # fmt: skip

    def test_the_next_one_begins_with_the_days_of_the_rule_not_with_what_was_moved(self, series, editor, now):
        season = publish(series, editor, now, "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=4")
        moved = season.sessions.first()
        move_session(
            moved, starts_at=moved.starts_at + timedelta(days=1), ends_at=moved.ends_at + timedelta(days=1), by=editor,
            now=now,
        )  # fmt: skip
        assert list_weekdays(season) == ["TU", "TH"]

    def test_two_hundred_dates_cost_as_many_queries_as_four(self, series, tree, editor, now):
        def count(series, *args, **fields) -> int:
            with CaptureQueriesContext(connection) as queries:
                publish(series, editor, now, *args, **fields)
            return len(queries)

        publish(add_series(tree, "First"), editor, now)
        few = count(series)
        assert count(add_series(tree, "Daily"), "FREQ=DAILY;COUNT=200") == few

    def test_the_next_season_is_likely_to_be_like_the_last(self, series, editor, now):
        assert find_latest(series) is None
        publish(series, editor, now, capacity=50)
        season, session = find_latest(series)
        assert (season.at, session.capacity) == (time(11), 50)


class TestRefusing:
    @pytest.mark.parametrize(
        ("rule", "code", "words"),
        [
            ("nonsense", "unreadable", "at “NONSENSE”"),
            ("FREQ=YEARLY;COUNT=2", "frequency", "“YEARLY”"),
            ("FREQ=WEEKLY;BYHOUR=3;COUNT=2", "unknown_part", "“BYHOUR”"),
            ("FREQ=WEEKLY;COUNT=2;COUNT=3", "twice", "“COUNT” twice"),
            ("FREQ=WEEKLY;BYDAY=X;COUNT=2", "value", "“BYDAY”"),
            ("FREQ=WEEKLY;COUNT=2;UNTIL=20270101", "two_ends", "ends twice"),
            ("FREQ=WEEKLY", "endless", "never ends"),
            ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1", "never", "never happens"),
            ("FREQ=WEEKLY;UNTIL=20261101", "never", "(UNTIL) before its first day"),
            ("FREQ=DAILY;COUNT=201", "too_many", "more than 200 dates (COUNT)"),
            ("FREQ=WEEKLY;UNTIL=20400101", "too_far", "more than 2 years ahead (UNTIL)"),
            ("FREQ=WEEKLY;COUNT=2;" + "BYDAY=TU;" * 40, "unreadable", "at most 300"),
        ],
    )
    def test_a_rule_that_cannot_be_is_refused_with_its_part_named(self, series, editor, now, rule, code, words):
        refusal = refuse(series, editor, now, rule)
        assert refusal.code == code
        assert words in str(refusal.message)

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"zone": "Mars/Olympus"}, "zone"),
            ({"minutes": 4}, "minutes"),
            ({"minutes": 601}, "minutes"),
            ({"capacity": 0}, "capacity"),
            ({"meeting_url": "javascript:alert(1)"}, "meeting_url"),
            ({"speakers": "x" * 201}, "speakers"),
            ({"topics": tuple({"en": sign} for sign in "abcde")}, "topics"),
            ({"left_out": frozenset(date(2026, 12, day) for day in (1, 8, 15, 22))}, "empty"),
        ],
    )
    def test_values_that_cannot_be(self, series, editor, now, fields, code):
        assert refuse(series, editor, now, **fields).code == code

    def test_a_date_that_is_past_is_named_and_nothing_is_saved(self, series, editor, now):
        refusal = refuse(series, editor, now, first_day=date(2026, 11, 17))
        assert refusal.code == "past"
        assert "17 Nov 2026, 11:00 (Europe/Moscow)" in str(refusal.message)

    def test_left_out_a_past_date_does_not_matter(self, series, editor, now):
        season = publish(series, editor, now, first_day=date(2026, 11, 17),
                         left_out=frozenset({date(2026, 11, 17), date(2026, 11, 24)}))  # fmt: skip
        assert season.sessions.count() == 2

    def test_two_at_once_of_one_series_name_the_date_and_nothing_is_saved(self, series, editor, now):
        open_session(series, by=editor, now=now, ahead=datetime(2026, 12, 15, 7, 30, tzinfo=UTC) - now)
        refusal = refuse(series, editor, now)
        assert refusal.code == "clash"
        assert "15 Dec 2026, 11:00 (Europe/Moscow)" in str(refusal.message)
        assert Session.objects.count() == 1

    def test_what_is_cancelled_is_in_nobodys_way_nor_is_another_series(self, tree, series, editor, now):
        at = datetime(2026, 12, 15, 8, tzinfo=UTC) - now
        cancel_session(open_session(series, by=editor, now=now, ahead=at), reason={"en": "Ill"}, by=editor, now=now)
        open_session(add_series(tree, "Another"), by=editor, now=now, ahead=at)
        assert publish(series, editor, now).sessions.count() == 4

    def test_only_those_who_run_webinars_publish(self, series, member, now):
        with pytest.raises(NotAllowed):
            publish(series, member.user, now)
