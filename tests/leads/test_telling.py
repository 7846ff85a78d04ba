"""Whom an offer is told first, whom next, and when nobody is disturbed: pure rules."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.leads.hours import WorkingHours
from portal.leads.telling import Colleague, find_turning_points, follow, quiet_until, share_out

#: A Tuesday at noon in London, when it is evening in Tokyo.
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONDON, TOKYO = ZoneInfo("Europe/London"), ZoneInfo("Asia/Tokyo")

zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo", "America/St_Johns", "Pacific/Auckland"]).map(ZoneInfo)
moments = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
colleagues = st.builds(
    Colleague, membership=st.integers(1, 50), in_hand=st.integers(0, 9), leads_team=st.booleans(), zone=zones
)
teams = st.lists(colleagues, max_size=8, unique_by=lambda one: one.membership)


def colleague(membership, in_hand=0, *, leads_team=False, zone=LONDON) -> Colleague:
    return Colleague(membership, in_hand, leads_team, zone)


class TestTheNight:
    @pytest.mark.parametrize(
        ("at", "ends"),
        [
            (time(20, 59), None),
            (time(21), datetime(2026, 11, 25, 8, tzinfo=UTC)),
            (time(23, 30), datetime(2026, 11, 25, 8, tzinfo=UTC)),
            (time(0), datetime(2026, 11, 24, 8, tzinfo=UTC)),
            (time(7, 59), datetime(2026, 11, 24, 8, tzinfo=UTC)),
            (time(8), None),
        ],
    )
    def test_is_from_nine_in_the_evening_to_eight(self, at, ends):
        assert quiet_until(datetime.combine(NOON.date(), at, UTC), LONDON) == ends

    @given(moment=moments, zone=zones)
    def test_ends_by_day_and_within_half_a_day(self, moment, zone):
        ends = quiet_until(moment, zone)
        if ends is not None:
            assert moment < ends <= moment + 12 * HOUR
            assert quiet_until(ends, zone) is None


class TestTheFirst:
    def test_is_whoever_has_least_in_hand_and_each_offer_counts(self):
        team = [colleague(1, 2), colleague(2, 0), colleague(3, 1)]
        assert share_out([10, 11, 12, 13], team, now=NOON) == {10: 2, 11: 2, 12: 3, 13: 1}

    def test_is_awake_where_somebody_is(self):
        team = [colleague(1, 0, zone=TOKYO), colleague(2, 5)]
        assert share_out([10], team, now=NOON) == {10: 2}
        assert share_out([10], team[:1], now=NOON) == {10: 1}

    @given(team=teams, offers=st.lists(st.integers(1, 1000), max_size=20, unique=True), now=moments)
    def test_every_offer_is_told_to_exactly_one_where_there_is_anybody(self, team, offers, now):
        told = share_out(offers, team, now=now)
        assert set(told) == (set(offers) if team else set())
        assert set(told.values()) <= {one.membership for one in team}


class TestTheOthers:
    def ask(self, team, told=(1,), *, after=12, has_told_next=False):
        """Of an offer of a day that was made at noon; a quarter is left from eighteen hours on."""
        return follow(
            team, told=told, has_told_next=has_told_next, last_call_at=NOON + 18 * HOUR, due_at=NOON + 24 * HOUR,
            now=NOON + after * HOUR,
        )  # fmt: skip

    @pytest.fixture
    def team(self):
        """In Auckland it is day when London sleeps."""
        far = ZoneInfo("Pacific/Auckland")
        return [colleague(1, zone=far), colleague(2, 3, zone=far), colleague(3, 1, zone=far),
                colleague(4, 0, leads_team=True, zone=far)]  # fmt: skip

    def test_half_the_time_over_the_next_one_hears_of_it_and_not_the_head(self, team):
        found = self.ask(team)
        assert found.tell == (3,)
        assert found.again_at == NOON + 18 * HOUR

    def test_a_quarter_left_everybody_does_the_head_last(self, team):
        found = self.ask(team, (1, 3), after=18, has_told_next=True)
        assert found == type(found)((2, 4), None)

    def test_where_there_is_no_other_colleague_the_head_is_the_next(self, team):
        assert self.ask([team[0], team[3]]).tell == (4,)

    def test_nobody_is_told_twice_nor_after_the_time_is_over(self, team):
        assert self.ask(team, (1, 2, 3, 4)).again_at is None
        assert self.ask(team, after=24).tell == ()

    def test_where_nobody_is_there_and_nobody_knows_it_is_looked_at_once_more(self):
        assert self.ask([], ()).again_at == NOON + 18 * HOUR
        assert self.ask([], (), after=18).again_at is None
        assert self.ask([], (1,)).again_at is None

    def test_who_sleeps_is_told_in_the_morning(self):
        team = [colleague(1), colleague(2), colleague(3)]
        found = self.ask(team)  # midnight in London
        assert (found.tell, found.again_at) == ((), NOON + 18 * HOUR)
        found = self.ask(team, after=18)  # six in the morning
        assert (found.tell, found.again_at) == ((), NOON + 20 * HOUR)
        assert self.ask(team, after=20).tell == (2, 3)

    @given(team=teams, told=st.sets(st.integers(1, 50)), made_at=moments, length=st.integers(1, 200), data=st.data())
    def test_it_ends_everybody_awake_is_told_once_and_nobody_at_night(self, team, told, made_at, length, data):
        due_at = made_at + length * HOUR
        half, last = find_turning_points(made_at, due_at)
        now, known, rounds, looked = half, set(told), 0, 0
        while now is not None:
            assert now < due_at
            looked += 1
            assert looked < 40
            found = follow(team, told=known, has_told_next=rounds > 0, last_call_at=last, due_at=due_at, now=now)
            assert not known & set(found.tell)
            assert len(found.tell) <= 1 or now >= last
            asleep = {one.membership for one in team if quiet_until(now, one.zone) is not None}
            assert not asleep & set(found.tell)
            if now >= last:
                assert {one.membership for one in team} - asleep <= known | set(found.tell)
            known |= set(found.tell)
            rounds += bool(found.tell) and now < last
            assert found.again_at is None or found.again_at > now
            now = found.again_at


class TestTurningPoints:
    def test_lie_at_the_half_and_at_three_quarters(self):
        assert find_turning_points(NOON, NOON + 24 * HOUR) == (NOON + 12 * HOUR, NOON + 18 * HOUR)

    def test_are_counted_in_the_hours_in_which_the_time_is(self):
        hours = WorkingHours("Europe/London", frozenset(range(5)), time(9), time(17))
        due_at = hours.add(NOON, 8 * HOUR)
        half, last = find_turning_points(NOON, due_at, hours=hours, window=8 * HOUR)
        assert (half, last) == (NOON + 4 * HOUR, datetime(2026, 11, 25, 10, tzinfo=UTC))

    @given(made_at=moments, length=st.integers(1, 300), zone=zones, with_hours=st.booleans())
    def test_lie_between_the_offer_and_its_end(self, made_at, length, zone, with_hours):
        hours = WorkingHours(zone.key, frozenset({0, 2}), time(9), time(13)) if with_hours else None
        window = length * HOUR
        due_at = hours.add(made_at, window) if hours else made_at + window
        half, last = find_turning_points(made_at, due_at, hours=hours, window=window)
        assert made_at < half <= last < due_at
