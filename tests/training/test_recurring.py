"""A rule of RFC 5545 becomes dates in UTC; a rule that no season can follow is refused, and the part is named."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.recurring import (
    MOST_DATES,
    WEEKDAYS,
    Fault,
    Plan,
    RuleError,
    find_clash,
    find_reminder,
    list_occurrences,
    next_reminder,
    tell_in_utc,
    write_weekly,
)

TODAY = date(2026, 1, 1)
#: Zones that change their clocks in the north and in the south, by half an hour, and not at all.
ZONES = [
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Europe/Moscow", "Asia/Kolkata", "UTC",
]  # fmt: skip


def plan(rule: str, *, first_day=date(2026, 3, 3), at=time(11), zone="Europe/Moscow", minutes=60) -> Plan:
    return Plan(rule, first_day, at, zone, minutes)


def days(rule: str, **fields) -> list[str]:
    return [str(one.day) for one in list_occurrences(plan(rule, **fields), today=TODAY)]


def refuse(rule: str, **fields) -> tuple[Fault, str]:
    with pytest.raises(RuleError) as refused:
        list_occurrences(plan(rule, **fields), today=TODAY)
    return refused.value.fault, refused.value.part


class TestReading:
    def test_every_tuesday_at_eleven_in_moscow(self):
        found = list_occurrences(plan("FREQ=WEEKLY;BYDAY=TU;COUNT=3"), today=TODAY)
        assert [one.starts_at.isoformat() for one in found] == [
            "2026-03-03T08:00:00+00:00", "2026-03-10T08:00:00+00:00", "2026-03-17T08:00:00+00:00",
        ]  # fmt: skip
        assert found[0].ends_at - found[0].starts_at == timedelta(hours=1)

    @pytest.mark.parametrize(
        ("rule", "expected"),
        [
            ("RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=2;", ["2026-03-03", "2026-03-10"]),
            (" freq=weekly; byday=tu,th; until=20260310 ", ["2026-03-03", "2026-03-05", "2026-03-10"]),
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=2", ["2026-03-03", "2026-03-17"]),
            ("FREQ=DAILY;COUNT=2", ["2026-03-03", "2026-03-04"]),
            ("FREQ=MONTHLY;BYDAY=2TU;COUNT=2", ["2026-03-10", "2026-04-14"]),
            ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", ["2026-03-31", "2026-04-30"]),
            ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", ["2026-03-31", "2026-05-31", "2026-07-31"]),
            ("FREQ=WEEKLY;BYDAY=MO;COUNT=1", ["2026-03-09"]),
        ],
    )
    def test_forms_that_are_understood(self, rule, expected):
        assert days(rule) == expected

    @pytest.mark.parametrize(
        ("until", "last"),
        [("20260310", "2026-03-10"), ("20260310T080000Z", "2026-03-10"), ("20260310T075959Z", "2026-03-03"),
         ("20260310T110000", "2026-03-10"), ("20260310T105959", "2026-03-03")],
    )  # fmt: skip
    def test_the_end_is_a_day_or_a_moment_and_belongs_to_it(self, until, last):
        assert days(f"FREQ=WEEKLY;BYDAY=TU;UNTIL={until}")[-1] == last


class TestRefusing:
    @pytest.mark.parametrize(
        ("rule", "fault", "part"),
        [
            ("", Fault.UNREADABLE, ""),
            ("every tuesday", Fault.UNREADABLE, "EVERYTUESDAY"),
            ("FREQ=WEEKLY;COUNT", Fault.UNREADABLE, "COUNT"),
            ("BYDAY=TU;COUNT=3", Fault.FREQUENCY, ""),
            ("FREQ=HOURLY;COUNT=3", Fault.FREQUENCY, "HOURLY"),
            ("FREQ=YEARLY;COUNT=3", Fault.FREQUENCY, "YEARLY"),
            ("FREQ=WEEKLY;BYHOUR=9;COUNT=3", Fault.UNKNOWN_PART, "BYHOUR"),
            ("FREQ=WEEKLY;COUNT=3;COUNT=4", Fault.TWICE, "COUNT"),
            ("FREQ=WEEKLY;BYDAY=TUE;COUNT=3", Fault.VALUE, "BYDAY"),
            ("FREQ=WEEKLY;BYDAY=2TU;COUNT=3", Fault.VALUE, "BYDAY"),
            ("FREQ=WEEKLY;BYMONTHDAY=3;COUNT=3", Fault.VALUE, "BYMONTHDAY"),
            ("FREQ=MONTHLY;BYMONTHDAY=32;COUNT=3", Fault.VALUE, "BYMONTHDAY"),
            ("FREQ=MONTHLY;BYMONTH=-1;COUNT=3", Fault.VALUE, "BYMONTH"),
            ("FREQ=MONTHLY;BYSETPOS=1;COUNT=3", Fault.VALUE, "BYSETPOS"),
            ("FREQ=WEEKLY;COUNT=0", Fault.VALUE, "COUNT"),
            ("FREQ=WEEKLY;INTERVAL=0;COUNT=3", Fault.VALUE, "INTERVAL"),
            ("FREQ=WEEKLY;WKST=XX;COUNT=3", Fault.VALUE, "WKST"),
            ("FREQ=WEEKLY;UNTIL=20260231", Fault.VALUE, "UNTIL"),
            ("FREQ=WEEKLY;UNTIL=tomorrow", Fault.VALUE, "UNTIL"),
            ("FREQ=WEEKLY;COUNT=3;UNTIL=20260401", Fault.TWO_ENDS, "COUNT, UNTIL"),
            ("FREQ=WEEKLY;BYDAY=TU", Fault.ENDLESS, "COUNT, UNTIL"),
            ("FREQ=WEEKLY;COUNT=201", Fault.TOO_MANY, "COUNT"),
            ("FREQ=DAILY;UNTIL=20271231", Fault.TOO_MANY, "UNTIL"),
            ("FREQ=WEEKLY;UNTIL=20301231", Fault.TOO_FAR, "UNTIL"),
            ("FREQ=MONTHLY;COUNT=30", Fault.TOO_FAR, "COUNT"),
            ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20260301", Fault.NEVER, "UNTIL"),
            ("FREQ=WEEKLY;BYDAY=WE;UNTIL=20260303", Fault.NEVER, ""),
            ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", Fault.NEVER, ""),
            ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;UNTIL=20270101", Fault.NEVER, ""),
            ("FREQ=DAILY;INTERVAL=7;BYDAY=WE;COUNT=3", Fault.NEVER, ""),
            ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6;COUNT=3", Fault.NEVER, ""),
        ],
    )  # fmt: skip
    def test_names_what_is_wrong_and_the_part(self, rule, fault, part):
        assert refuse(rule) == (fault, part)

    def test_a_leap_day_beyond_the_years_ahead_is_too_far_and_not_never(self):
        assert refuse("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29;COUNT=1", first_day=date(2026, 1, 1))[0] == Fault.TOO_FAR

    def test_an_unknown_zone(self):
        assert refuse("FREQ=WEEKLY;COUNT=2", zone="Europe/Nowhere") == (Fault.ZONE, "Europe/Nowhere")

    @pytest.mark.parametrize("first_day", [date(2031, 1, 1), date(9999, 12, 31)])
    def test_a_first_day_years_ahead(self, first_day):
        assert refuse("FREQ=WEEKLY;COUNT=2", first_day=first_day)[0] == Fault.TOO_FAR

    @given(st.text(alphabet="FREQ=WKLYCOUNT;BDA0123456789,+-:ZT \n", max_size=60))
    def test_whatever_is_typed_is_expanded_or_refused(self, words):
        try:
            found = list_occurrences(plan(words), today=TODAY)
        except RuleError:
            return
        assert 1 <= len(found) <= MOST_DATES


class TestClocksThatChange:
    def test_the_local_hour_stays_and_the_one_in_utc_moves(self):
        found = list_occurrences(
            plan("FREQ=WEEKLY;BYDAY=SU;COUNT=3", first_day=date(2026, 3, 22), zone="Europe/Berlin"), today=TODAY
        )
        assert [one.starts_at.hour for one in found] == [10, 9, 9]

    def test_an_hour_that_the_spring_day_does_not_have_is_the_next_one(self):
        moment = tell_in_utc(date(2026, 3, 29), time(2, 30), ZoneInfo("Europe/Berlin"))
        assert moment.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "03:30"

    def test_of_two_hours_of_one_name_the_first_is_meant(self):
        moment = tell_in_utc(date(2026, 10, 25), time(2, 30), ZoneInfo("Europe/Berlin"))
        assert moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert tell_in_utc(date(2026, 10, 25), time(2, 30, fold=1), ZoneInfo("Europe/Berlin")) == moment

    @given(
        zone=st.sampled_from(ZONES),
        at=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
        weekdays=st.sets(st.sampled_from(WEEKDAYS), min_size=1),
        first_day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        count=st.integers(1, 60),
        minutes=st.integers(5, 600),
    )
    def test_the_wall_clock_is_constant_and_no_date_lies_outside_the_rule(
        self, zone, at, weekdays, first_day, count, minutes
    ):
        rule = write_weekly(weekdays, zone=zone, count=count)
        found = list_occurrences(Plan(rule, first_day, at, zone, minutes), today=TODAY)
        assert len(found) == count
        here = ZoneInfo(zone)
        for one in found:
            local = one.starts_at.astimezone(here)
            naive = local.replace(tzinfo=None)
            wanted = datetime.combine(one.day, at)
            # Either the clock shows it, or the clock was put forward over it, by an hour at most.
            assert naive == wanted or (
                timedelta(0) < naive - wanted <= timedelta(hours=1)
                and wanted.replace(tzinfo=here).astimezone(UTC).astimezone(here).replace(tzinfo=None) != wanted
            )
            assert WEEKDAYS[one.day.weekday()] in weekdays
            assert one.ends_at - one.starts_at == timedelta(minutes=minutes)
        assert [one.day for one in found] == sorted({one.day for one in found})
        assert found[0].day >= first_day
        # Nothing is left out: between the first day and the last date every day of the rule is there.
        span = (found[-1].day - first_day).days + 1
        named = [first_day + timedelta(days=number) for number in range(span)]
        assert [one.day for one in found] == [day for day in named if WEEKDAYS[day.weekday()] in weekdays]

    @given(
        zone=st.sampled_from(ZONES),
        at=st.times(),
        first_day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        length=st.integers(0, 300),
    )
    def test_a_rule_up_to_a_day_ends_with_that_day_of_its_own_zone(self, zone, at, first_day, length):
        last = first_day + timedelta(days=length)
        rule = write_weekly({WEEKDAYS[first_day.weekday()]}, zone=zone, until=last)
        found = list_occurrences(Plan(rule, first_day, at.replace(microsecond=0), zone, 60), today=TODAY)
        assert len(found) == length // 7 + 1
        assert found[-1].day <= last

    def test_a_season_has_so_many_dates_and_no_more(self):
        assert len(days(f"FREQ=DAILY;COUNT={MOST_DATES}")) == MOST_DATES

    def test_a_weekly_rule_needs_a_day_and_one_end(self):
        for fields in ({"weekdays": set(), "count": 2}, {"weekdays": {"TU"}},
                       {"weekdays": {"TU"}, "count": 2, "until": TODAY}):  # fmt: skip
            with pytest.raises(ValueError, match="one end"):
                write_weekly(zone="UTC", **fields)


NINE = datetime(2026, 3, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


class TestClashes:
    @pytest.mark.parametrize(
        ("dates", "taken", "place"),
        [
            ([(NINE, NINE + HOUR)], [], None),
            ([(NINE, NINE + HOUR), (NINE + HOUR, NINE + 2 * HOUR)], [], None),
            ([(NINE, NINE + HOUR), (NINE + HOUR / 2, NINE + 2 * HOUR)], [], 1),
            ([(NINE, NINE + HOUR)], [(NINE - HOUR, NINE)], None),
            ([(NINE, NINE + HOUR)], [(NINE - HOUR, NINE + HOUR / 60)], 0),
            ([(NINE - HOUR, NINE + 2 * HOUR)], [(NINE, NINE + HOUR)], 0),
        ],
    )
    def test_what_ends_when_another_begins_does_not_meet_it(self, dates, taken, place):
        assert find_clash(dates, taken) == place


class TestReminders:
    @pytest.mark.parametrize(
        ("left", "next_in", "sent"),
        [
            (30 * HOUR, 24 * HOUR, None),
            (24 * HOUR, HOUR, 24 * HOUR),
            (20 * HOUR, HOUR, 24 * HOUR),
            (2 * HOUR, HOUR, None),  # missed for so long that the second is about to come
            (HOUR, None, HOUR),
            (HOUR / 2, None, HOUR),
            (HOUR * 0, None, None),
            (-HOUR, None, None),
        ],
    )
    def test_a_day_before_and_an_hour_before_and_never_two_at_once(self, left, next_in, sent):
        now = NINE - left
        assert next_reminder(NINE, after=now) == (NINE - next_in if next_in else None)
        assert find_reminder(NINE, now=now) == sent

    @given(st.integers(0, 60 * 48), st.integers(0, 60 * 48))
    def test_each_is_sent_once_however_late_the_sweeper_comes(self, first_left, late):
        """Registered so many minutes before, swept with so many minutes between: at most two, and none afterwards."""
        moment = NINE - timedelta(minutes=first_left)
        due = next_reminder(NINE, after=moment)
        sent = []
        while due is not None:
            moment = max(due, moment) + timedelta(minutes=late)
            if reminder := find_reminder(NINE, now=moment):
                sent.append(reminder)
            due = next_reminder(NINE, after=moment)
        assert len(sent) == len(set(sent)) <= 2
        assert next_reminder(NINE, after=moment) is None
