"""Time in words: spans, distances, moments with their zone."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import timezone as django_timezone
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from portal.core.times import describe_duration, describe_moment, describe_until, name_zone


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-5), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=3, minutes=20, seconds=59), "3 h 20 min"),
        (timedelta(days=2), "2 d"),
        (timedelta(days=2, hours=4, minutes=59), "2 d 4 h"),
        (timedelta(days=2, minutes=59), "2 d"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units_rounded_down(span, words):
    assert describe_duration(span) == words


@given(st.timedeltas())
def test_every_span_has_words(span):
    assert describe_duration(span)


def test_a_moment_is_ahead_or_past(now):
    assert describe_until(now + timedelta(hours=3, minutes=20), now=now) == "in 3 h 20 min"
    assert describe_until(now - timedelta(days=1), now=now) == "1 d ago"


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (ZoneInfo("Europe/Moscow"), "MSK"),
        (ZoneInfo("Europe/Berlin"), "CET"),
        (ZoneInfo("Asia/Tbilisi"), "UTC+4"),
        (ZoneInfo("Asia/Kathmandu"), "UTC+5:45"),
        (ZoneInfo("America/Sao_Paulo"), "UTC−3"),
        (timezone(timedelta(hours=10)), "UTC+10:00"),
        (UTC, "UTC"),
    ],
)
def test_a_zone_is_named_by_its_letters_or_by_its_distance(zone, name):
    assert name_zone(datetime(2026, 11, 24, 12, tzinfo=zone)) == name


def test_a_clock_time_names_its_zone_and_a_date_alone_does_not(now):
    with django_timezone.override("Europe/Moscow"):
        assert describe_moment(now) == "24 Nov 2026, 12:00\u00a0MSK"
        assert describe_moment(now, "time") == "12:00\u00a0MSK"
        assert describe_moment(now, "date") == "24 Nov 2026"


def test_the_filters_say_nothing_of_nothing():
    template = engines["django"].from_string("{% load shell %}[{{ x|in_zone }}{{ x|until }}{{ x|duration }}]")
    assert template.render({"x": None}) == "[]"


def test_a_duration_may_be_given_in_seconds():
    template = engines["django"].from_string("{% load shell %}{{ x|duration }}")
    assert template.render({"x": 1800}) == "30 min"
