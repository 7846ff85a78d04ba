"""The week of a team in figures: pure rules."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.leads.hours import WorkingHours
from portal.leads.weeks import PROMISED, Contact, Events, InWork, find_monday, last_monday, spread, sum_up, write_wins

#: A Monday at nine.
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
TODAY = date(2026, 11, 30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFICE = WorkingHours("UTC", frozenset(range(5)), time(9), time(17))

zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Auckland", "Pacific/Apia"]
)
moments = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))
leads = st.builds(
    InWork,
    member=st.none() | st.integers(1, 5),
    accepted_at=st.integers(0, 90 * 24).map(lambda hours: NOW - hours * HOUR),
    is_called=st.booleans(),
    next_step_on=st.none() | st.dates(TODAY - 9 * DAY, TODAY + 9 * DAY),
)


def lead(member=1, *, ago=2 * HOUR, called=False, step=None) -> InWork:
    return InWork(member, NOW - ago, called, step)


def week_of(*in_work, events=Events(), members=(1, 2, 3), certified=(1, 2), to_answer=0, hours=None):  # noqa: B008 -- frozen
    return sum_up(
        in_work, events, members=members, certified=certified, to_answer=to_answer, today=TODAY, now=NOW, hours=hours
    )


def line_of(week, member):
    return next(line for line in week.lines if line.member == member)


class TestWhatWaits:
    def test_is_a_lead_that_was_not_called_in_the_promised_time(self):
        week = week_of(lead(ago=PROMISED), lead(ago=PROMISED + timedelta(minutes=1)), lead(called=True))
        assert (line_of(week, 1).uncalled, line_of(week, 1).waiting, line_of(week, 1).in_work) == (1, 1, 3)

    def test_counted_in_the_hours_in_which_the_partner_works(self):
        over_the_weekend = lead(ago=2 * DAY + 17 * HOUR)  # Friday at four: an hour of Friday is left
        assert week_of(over_the_weekend).uncalled == 1
        assert week_of(over_the_weekend, hours=OFFICE).uncalled == 0

    def test_a_step_whose_day_is_over(self):
        week = week_of(lead(called=True, step=TODAY), lead(called=True, step=TODAY - DAY))
        assert week.overdue == week.waiting == 1

    def test_and_whatever_nobody_works(self):
        week = week_of(lead(None, ago=timedelta()))
        assert (week.unassigned, week.waiting) == (1, 1)
        assert week.lines[0].member is None

    def test_a_lead_that_waits_for_two_reasons_waits_once(self):
        week = week_of(lead(step=TODAY - DAY))
        assert (week.uncalled, week.overdue, week.waiting) == (1, 1, 1)

    def test_whoever_lets_most_wait_comes_first(self):
        week = week_of(lead(2), lead(3), lead(3), lead(None))
        assert [line.member for line in week.lines] == [None, 3, 2, 1]

    @given(st.lists(leads, max_size=30))
    def test_no_lead_is_lost_or_counted_twice(self, in_work):
        week = week_of(*in_work)
        assert sum(line.in_work for line in week.lines) == len(in_work)
        assert max(week.uncalled, week.overdue, week.unassigned) <= week.waiting <= len(in_work)
        assert week.waiting <= week.uncalled + week.overdue + week.unassigned
        assert {1, 2, 3} <= {line.member for line in week.lines}


class TestTheFirstContact:
    def contacted(self, *minutes, hours=None):
        spans = tuple(Contact(NOW - 7 * HOUR, NOW - 7 * HOUR + timedelta(minutes=one)) for one in minutes)
        return week_of(events=Events(contacts=spans), hours=hours)

    def test_is_told_by_its_median_and_its_worst(self):
        week = self.contacted(10, 200, 60)
        assert (week.middle, week.worst, week.contacted, week.in_time) == (HOUR, 200 * HOUR / 60, 3, 2)

    def test_of_two_the_median_lies_half_way(self):
        assert self.contacted(10, 30).middle == timedelta(minutes=20)

    def test_of_none_there_is_none(self):
        assert (self.contacted().middle, self.contacted().worst) == (None, None)

    def test_is_in_time_by_what_the_customer_was_told_where_something_was(self):
        late, soon = (Contact(NOW, NOW + 2 * HOUR, NOW + hours * HOUR) for hours in (1, 3))
        assert week_of(events=Events(contacts=(late, soon))).in_time == 1
        waits = InWork(1, NOW - 2 * HOUR, False, None, due_at=NOW + HOUR)
        assert week_of(waits).uncalled == 0
        assert week_of(replace(waits, due_at=NOW - HOUR)).uncalled == 1

    def test_a_call_outside_the_hours_is_at_once(self):
        assert self.contacted(60, hours=OFFICE).worst == timedelta()

    @given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40))
    def test_the_median_is_the_statistician_s(self, minutes):
        week = self.contacted(*minutes)
        assert week.middle == timedelta(seconds=median(one * 60 for one in minutes))
        assert week.middle <= week.worst


class TestWins:
    def test_are_set_against_those_who_are_certified(self):
        week = week_of(events=Events(wins=(1, 1, 3)))
        assert (week.won, week.won_each) == (3, 1.5)
        assert [line_of(week, member).won for member in (1, 2, 3)] == [2, 0, 1]
        assert [line_of(week, member).is_certified for member in (1, 2, 3)] == [True, True, False]
        assert write_wins(week, {1: "Ada", 3: "Ben"}) == [("Ada", 2), ("Ben", 1)]

    def test_where_nobody_is_certified_there_is_no_share(self):
        assert week_of(events=Events(wins=(1,)), certified=()).won_each is None


class TestSayingNothing:
    def test_is_right_where_nothing_waits_and_nothing_happened(self):
        assert week_of().says_nothing
        assert week_of(lead(called=True, step=TODAY)).says_nothing

    @pytest.mark.parametrize("name", ["came", "accepted", "declined", "missed"])
    def test_is_wrong_where_an_offer_came_or_went(self, name):
        assert not week_of(events=Events(**{name: 1})).says_nothing

    def test_or_something_waits_or_was_won_or_somebody_was_called(self):
        assert not week_of(lead()).says_nothing
        assert not week_of(to_answer=1).says_nothing
        assert not week_of(events=Events(wins=(None,))).says_nothing
        assert not week_of(events=Events(contacts=(Contact(NOW, NOW),))).says_nothing


class TestTheMonday:
    @pytest.mark.parametrize(
        ("moment", "monday"),
        [
            (datetime(2026, 11, 30, 7, 59, tzinfo=UTC), None),
            (datetime(2026, 11, 30, 8, tzinfo=UTC), TODAY),
            (datetime(2026, 12, 1, 23, 59, tzinfo=UTC), TODAY),
            (datetime(2026, 12, 2, tzinfo=UTC), None),
            (datetime(2026, 11, 29, 12, tzinfo=UTC), None),
        ],
    )
    def test_is_told_from_its_morning_and_the_day_after(self, moment, monday):
        assert find_monday(moment, UTC) == monday

    def test_is_that_of_the_zone(self):
        assert find_monday(datetime(2026, 11, 29, 19, 30, tzinfo=UTC), ZoneInfo("Pacific/Auckland")) == TODAY
        assert last_monday(datetime(2026, 11, 29, 19, 30, tzinfo=UTC), ZoneInfo("Pacific/Auckland")) == TODAY

    @given(moment=moments, zone=zones.map(ZoneInfo))
    def test_ends_a_week_of_seven_days_on_the_calendar(self, moment, zone):
        monday = last_monday(moment, zone)
        begins, ends = spread(monday, zone)
        assert monday.weekday() == 0
        assert ends <= moment < spread(monday + 7 * DAY, zone)[1]
        assert begins.astimezone(zone).date() == monday - 7 * DAY
        assert abs((ends - begins) - 7 * DAY) <= HOUR
        assert find_monday(moment, zone) in (None, monday)

    @given(moment=moments)
    def test_all_zones_in_which_it_is_told_at_one_moment_tell_the_same_one(self, moment):
        names = ("Pacific/Kiritimati", "Pacific/Auckland", "Asia/Tokyo", "UTC", "America/New_York", "Pacific/Pago_Pago")
        found = {find_monday(moment, ZoneInfo(name)) for name in names} - {None}
        assert len(found) <= 1
