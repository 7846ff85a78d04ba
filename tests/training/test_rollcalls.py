# ruff: noqa: DTZ001 -- what a file says without a zone is read without one
"""Reports of attendance as Zoom, Teams and BigBlueButton write them; and everything that is wrong with others."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.rollcalls import (
    MAX_BYTES,
    MAX_JOINS,
    Fault,
    Provider,
    UnreadableFileError,
    guess_provider,
    list_columns,
    list_spellings,
    read_length,
    read_rollcall,
    read_time,
    split_lines,
)

SAMPLES = Path(__file__).parent / "rollcalls"
MOSCOW = ZoneInfo("Europe/Moscow")
BEGAN = datetime(2026, 11, 24, 11, 0, tzinfo=MOSCOW)
OWN = {"name": "Name", "email": "Email", "joined": "In", "left": "Out"}


def read(content: bytes | str, **options):
    content = content.encode() if isinstance(content, str) else content
    return read_rollcall(content, **{"near": BEGAN, "zone": MOSCOW, **options})


def sample(name: str, **options):
    return read((SAMPLES / name).read_bytes(), **options)


def told(rollcall) -> list[tuple[str, str, str, str]]:
    """Who, by which address, from when until when, by the clock of Moscow."""
    return [
        (
            row.name,
            row.email,
            f"{row.joined_at.astimezone(MOSCOW):%H:%M:%S}",
            f"{row.left_at.astimezone(MOSCOW):%H:%M:%S}",
        )
        for row in rollcall.rows
    ]


def refuse(content: bytes | str, **options) -> UnreadableFileError:
    with pytest.raises(UnreadableFileError) as refused:
        read(content, **options)
    return refused.value


class TestTheProviders:
    def test_zooms_meeting_with_its_head_and_rejoins(self):
        found = sample("zoom-meeting.csv")
        assert (found.provider, found.names_zone) == (Provider.ZOOM, False)
        assert told(found)[:3] == [
            ("Anna Petrova", "anna@partner.example", "10:58:01", "11:20:00"),
            ("Anna Petrova", "anna@partner.example", "11:25:00", "12:01:30"),
            ("iPhone (Boris Orlov)", "", "11:00:30", "11:30:30"),
        ]
        assert [row.number for row in found.rows] == [5, 6, 7, 8, 9]
        assert found.rows[3].name == "Kurz, Clara"
        assert found.rows[0].raw["Guest"] == "Yes"

    def test_zooms_webinar_with_its_sections_and_those_who_did_not_come(self):
        found = sample("zoom-webinar.csv")
        assert [name for name, *_rest in told(found)] == ["Guild Hall", "Anna Petrova", "Boris Orlov"]
        assert found.absent == 1
        assert found.rows[1].raw["Approval Status"] == "approved"

    def test_teams_tells_each_stay_and_the_summary_is_passed_over(self):
        found = sample("teams.csv")
        assert found.provider == Provider.TEAMS
        assert told(found) == [
            ("Anna Petrova (Guest)", "anna@partner.example", "10:58:01", "11:20:00"),
            ("Anna Petrova (Guest)", "anna@partner.example", "11:25:00", "12:01:30"),
            ("Boris Orlov", "boris@partner.example", "11:00:30", "11:30:30"),
        ]
        assert all(row.at_most is None for row in found.rows)

    def test_teams_without_its_stays_tells_the_summary_with_its_length(self):
        text = (SAMPLES / "teams.csv").read_bytes().decode("utf-16").partition("3. In-Meeting")[0]
        found = read(text.encode("utf-16"))
        assert [row.at_most for row in found.rows] == [timedelta(minutes=58, seconds=29), timedelta(minutes=30)]

    def test_teams_older_report(self):
        assert told(sample("teams-older.csv")) == [
            ("Anna Petrova", "anna@partner.example", "10:58:01", "12:01:30"),
            ("Boris Orlov", "", "11:00:30", "11:30:30"),
        ]

    def test_teams_oldest_log_of_joinings_and_leavings(self):
        found = sample("teams-log.csv")
        assert (found.provider, found.names_zone, found.absent) == (Provider.TEAMS, False, 0)
        assert told(found) == [
            ("Guild Hall", "", "10:55:00", "12:01:30"),
            ("Anna Petrova (Guest)", "", "10:58:01", "11:20:00"),
            ("Anna Petrova (Guest)", "", "11:25:00", "12:01:30"),  # no leaving: to the last line
            ("Boris Orlov", "", "11:00:30", "11:30:30"),
            ("Clara Kurz", "", "11:01:00", "11:40:00"),  # on two devices at once
            ("Clara Kurz", "", "11:05:00", "11:59:00"),
        ]
        assert found.rows[3].raw == {
            "Full Name": "Boris Orlov", "User Action": "Joined", "Timestamp": "11/24/2026, 11:00:30 AM",
            "User Action 2": "Left", "Timestamp 2": "11/24/2026, 11:30:30 AM",
        }  # fmt: skip

    def test_teams_oldest_log_in_russian_and_with_the_day_first(self):
        text = (
            "Полное имя\tДействие пользователя\tМетка времени\n"
            "Анна Петрова\tПрисоединился ранее\t24.11.2026, 10:58:01\n"
            "Анна Петрова\tПокинул\t24.11.2026, 11:20:00\n"
        )
        assert told(read(text.encode("utf-16"))) == [("Анна Петрова", "", "10:58:01", "11:20:00")]

    def test_of_two_joinings_and_one_leaving_nothing_is_made_up(self):
        found = read(
            "Full Name\tUser Action\tTimestamp\n"
            "Anna\tJoined\t11/24/2026, 11:00:00 AM\nAnna\tJoined\t11/24/2026, 11:10:00 AM\n"
            "Anna\tLeft\t11/24/2026, 11:20:00 AM\nBoris\tJoined\t11/24/2026, 11:59:00 AM\n"
        )
        assert [(start, end) for _name, _email, start, end in told(found)] == [
            ("11:00:00", "11:20:00"), ("11:10:00", "11:20:00"), ("11:59:00", "11:59:00"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("line", "fault", "column", "words"),
        [
            ("Anna\tWaved\t11/24/2026, 11:00:00 AM", Fault.NOT_AN_ACTION, "User Action", "Waved"),
            ("Anna\tLeft\t11/24/2026, 11:00:00 AM", Fault.LEFT_BEFORE, "Timestamp", "11/24/2026, 11:00:00 AM"),
            ("Anna\tJoined\tat noon", Fault.NOT_A_TIME, "Timestamp", "at noon"),
            ("\tJoined\t11/24/2026, 11:00:00 AM", Fault.NAME_MISSING, "Full Name", ""),
        ],
    )
    def test_what_is_wrong_with_a_log_is_named_with_its_place(self, line, fault, column, words):
        error = refuse(f"Full Name\tUser Action\tTimestamp\n{line}\n")
        assert (error.fault, error.line, error.column, error.words) == (fault, 2, column, words)

    @given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 3599), st.booleans()), min_size=1, max_size=30))
    def test_of_a_log_nobody_is_there_before_joining_or_after_its_end(self, events):
        present: dict[str, int] = {}
        lines, seconds = [], sorted(second for _name, second, _joins in events)
        for (name, _second, joins), second in zip(events, seconds, strict=True):
            joined = joins or not present.get(name)
            present[name] = present.get(name, 0) + (1 if joined else -1)
            lines.append((name, joined, second))
        text = "Full Name\tUser Action\tTimestamp\n" + "".join(
            f"{name}\t{'Joined' if joined else 'Left'}\t11/24/2026, 11:{second // 60:02}:{second % 60:02} AM\n"
            for name, joined, second in lines
        )
        found = read(text)
        assert len(found.rows) == sum(joined for _name, joined, _second in lines)
        for name in {name for name, *_rest in lines}:
            mine = [row for row in found.rows if row.name == name]
            first = min(second for other, joined, second in lines if joined and other == name)
            assert min(row.joined_at for row in mine) == (BEGAN + timedelta(seconds=first)).astimezone(UTC)
            assert max(row.left_at for row in mine) <= (BEGAN + timedelta(seconds=seconds[-1])).astimezone(UTC)

    def test_bigbluebutton_tells_first_join_last_leave_and_the_length(self):
        found = sample("bigbluebutton.csv")
        assert found.provider == Provider.BIGBLUEBUTTON
        assert told(found)[0] == ("Anna Petrova", "", "10:58:01", "12:01:30")
        assert found.rows[0].at_most == timedelta(minutes=58, seconds=29)
        # Whoever was there when the file was saved has no leave; the length says when it was.
        assert told(found)[1][3] == "11:30:30"
        assert found.absent == 1  # the line of all who voted without a name

    def test_bigbluebutton_as_an_american_browser_saves_it(self):
        head = "Name,Moderator,Activity Score,Join,Left,Duration\r\n"
        times = '"11/24/2026, 10:58:01\u202fAM","11/24/2026, 12:01:30\u202fPM","01:03:29"'
        assert told(read(f'{head}"A","FALSE","0",{times}')) == [("A", "", "10:58:01", "12:01:30")]

    def test_ones_own_table_in_windows_1251_with_semicolons(self):
        mapping = {"name": "Участник", "email": "Почта", "joined": "Вошёл", "left": "Вышел", "minutes": "Минут"}
        found = sample("own.csv", provider="own", mapping=mapping)
        assert told(found) == [
            ("Анна Петрова", "anna@partner.example", "10:58:00", "12:01:00"),
            ("Борис Орлов", "", "11:00:00", "11:30:00"),
        ]
        assert [row.at_most for row in found.rows] == [timedelta(minutes=58), None]

    def test_a_file_that_says_its_zone_needs_none(self):
        mapping = {"name": "Participant", "joined": "In", "left": "Out"}
        found = sample("own-offsets.csv", provider="own", mapping=mapping, zone=None)
        assert found.names_zone
        assert told(found)[1] == ("Boris Orlov", "", "11:00:30", "11:30:30")

    def test_the_columns_to_choose_from_are_those_above_the_lines(self):
        assert list_columns((SAMPLES / "own.csv").read_bytes()) == ["Участник", "Почта", "Вошёл", "Вышел", "Минут"]
        assert "Join time" in list_columns((SAMPLES / "zoom-meeting.csv").read_bytes())
        assert list_columns(b"Name,In\n") == ["Name", "In"]

    @pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("[!o]*.csv")))
    def test_each_is_known_by_itself(self, name):
        expected = name.partition("-")[0].removesuffix(".csv")
        assert sample(name).provider == expected

    def test_what_nobody_writes_is_not_guessed(self):
        assert guess_provider(split_lines("a,b\n1,2")) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_separator(encoding, separator, end):
    lines = [["Name", "Email", "In", "Out"], ["Анна Ёлкина", "a@b.example", "24.11.2026 11:00", "24.11.2026 11:30"]]
    content = end.join(separator.join(cells) for cells in lines).encode(encoding)
    assert told(read(content, provider="own", mapping=OWN)) == [("Анна Ёлкина", "a@b.example", "11:00:00", "11:30:00")]


def table(*lines: str, head: str = "Name,Email,In,Out") -> str:
    return "\n".join([head, *lines])


GOOD = "A,a@b.example,2026-11-24 11:00,2026-11-24 11:30"


class TestBrokenFiles:
    @pytest.mark.parametrize(
        ("line", "fault", "column"),
        [
            ("B,b@b.example,yesterday,2026-11-24 11:30", Fault.NOT_A_TIME, "In"),
            ("B,b@b.example,2026-11-24 11:00,2026-13-24 11:30", Fault.NOT_A_TIME, "Out"),
            ("B,b@b.example,2026-11-24 11:00,2026-11-24 10:30", Fault.LEFT_BEFORE, "Out"),
            ("B,b@b.example,2026-11-24 11:00,2026-11-30 11:30", Fault.TOO_LONG, "Out"),
            ("B,b@b.example,2026-11-24 11:00,", Fault.TIME_MISSING, "Out"),
            ("B,b@b.example,,2026-11-24 11:00", Fault.TIME_MISSING, "In"),
            (",,2026-11-24 11:00,2026-11-24 11:30", Fault.NAME_MISSING, "Name"),
        ],
    )  # fmt: skip
    def test_the_line_and_the_column_are_named(self, line, fault, column):
        refused = refuse(table(GOOD, "", line, GOOD), provider="own", mapping=OWN)
        assert (refused.fault, refused.line, refused.column) == (fault, 4, column)

    def test_minutes_that_are_none(self):
        head, mapping = "Name,In,Min", {"name": "Name", "joined": "In", "minutes": "Min"}
        refused = refuse(table("A,2026-11-24 11:00,many", head=head), provider="own", mapping=mapping)
        assert (refused.fault, refused.line, refused.column, refused.words) == (Fault.NOT_MINUTES, 2, "Min", "many")

    def test_the_line_is_counted_as_a_text_editor_does(self):
        broken = table('"A\nwith two lines",a@b.example,2026-11-24 11:00,2026-11-24 11:30', "B,b@b.example,x,y")
        assert refuse(broken, provider="own", mapping=OWN).line == 4

    def test_an_open_quotation_mark(self):
        refused = refuse(table(GOOD, '"B,b@b.example'), provider="own", mapping=OWN)
        assert (refused.fault, refused.line) == (Fault.NOT_A_TABLE, 3)

    def test_no_zone_anywhere(self):
        refused = refuse(table(GOOD), provider="own", mapping=OWN, zone=None)
        assert (refused.fault, refused.line, refused.column) == (Fault.ZONE_MISSING, 2, "In")

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (b"", Fault.EMPTY),
            (b" \n\n", Fault.EMPTY),
            (b"\xff\xfe", Fault.EMPTY),
            (b"\x98\x98\x98", Fault.ENCODING),
            (b"Name,Email\nA,a" + b"b" * 80 + b"\0", Fault.ENCODING),
            (b"PK\x03\x04" + b"a\0" * 3, Fault.WORKBOOK),
            (b"x" * (MAX_BYTES + 1), Fault.TOO_LARGE),
            (b"a,b\n1,2\n", Fault.UNKNOWN_PROVIDER),
            (b"Name (Original Name),User Email,Total Duration (Minutes),Guest\nA,,62,No\n", Fault.NO_TIMES),
            (b"Name (Original Name),User Email,Join Time,Leave Time\n", Fault.NO_JOINS),
        ],
    )  # fmt: skip
    def test_what_is_no_report(self, content, fault):
        assert refuse(content).fault == fault

    def test_columns_that_are_not_there(self):
        refused = refuse(table(GOOD), provider="own", mapping=OWN | {"left": "Gone"})
        assert (refused.fault, refused.column) == (Fault.COLUMN_MISSING, "Gone")
        assert refuse(table(GOOD), provider="own", mapping={"joined": "In"}).fault == Fault.COLUMN_MISSING
        assert refuse(table(GOOD), provider="own").fault == Fault.NO_HEAD

    def test_more_joins_than_any_session_has(self):
        assert refuse(table(*[GOOD] * (MAX_JOINS + 1)), provider="own", mapping=OWN).fault == Fault.TOO_MANY

    @given(st.binary(max_size=400))
    def test_anything_at_all_is_read_or_refused(self, content):
        with suppress(UnreadableFileError):  # anything else would be a fault of ours
            assert read(content).rows

    @given(st.text(alphabet='abc,;\t"\n019:./-APM Zё', max_size=200))
    def test_any_table_is_read_or_refused(self, text):
        with suppress(UnreadableFileError):
            found = read(table(text), provider="own", mapping=OWN)
            assert all(row.joined_at <= row.left_at for row in found.rows)


class TestTimes:
    @pytest.mark.parametrize(
        "words",
        [
            "2026-11-03 10:58:01", "2026-11-03T10:58:01", "2026/11/03 10:58:01", "03.11.2026, 10:58:01",
            "03/11/2026 10:58:01", "3/11/26, 10:58:01 AM", "Nov 3, 2026 10:58:01", "Nov 3, 2026, 10:58:01 AM",
            "3 Nov 2026 10:58:01", "3 ноя. 2026 г., 10:58:01", "3 ноября 2026 10:58:01", "2026-11-03 10:58:01.123",
        ],
    )  # fmt: skip
    def test_one_moment_in_many_forms(self, words):
        assert read_time(words, day_first=True) == datetime(2026, 11, 3, 10, 58, 1)

    @pytest.mark.parametrize(
        ("words", "hour"),
        [("2026-11-24T08:00:00Z", 8), ("2026-11-24 11:00:00 +03:00", 8), ("2026-11-24 11:00:00+0300", 8),
         ("2026-11-24 11:00 GMT+3", 8), ("2026-11-24 08:00 UTC", 8), ("2026-11-24 02:30 -05:30", 8)],
    )  # fmt: skip
    def test_a_zone_in_the_time_itself(self, words, hour):
        assert read_time(words, day_first=True).astimezone(UTC).hour == hour

    def test_noon_and_midnight(self):
        assert read_time("11/24/2026 12:00:00 AM", day_first=False).hour == 0
        assert read_time("11/24/2026 12:00:00 PM", day_first=False).hour == 12
        assert read_time("11/24/2026 13:00:00 PM", day_first=False) is None

    @given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(lambda moment: moment.replace(microsecond=0)))
    def test_what_is_written_is_read(self, moment):
        assert read_time(f"{moment:%Y-%m-%d %H:%M:%S}", day_first=False) == moment
        assert read_time(f"{moment:%d.%m.%Y, %H:%M:%S}", day_first=True) == moment
        assert read_time(f"{moment:%m/%d/%Y %I:%M:%S %p}", day_first=False) == moment

    @pytest.mark.parametrize("day_first", [True, False])
    def test_the_third_of_april_or_the_fourth_of_march_is_the_day_nearer_the_session(self, day_first):
        began = datetime(2026, 4, 3, 11, tzinfo=MOSCOW) if day_first else datetime(2026, 3, 4, 11, tzinfo=MOSCOW)
        line = "A,a@b.example,03/04/2026 11:00,03/04/2026 11:30"
        (row,) = read(table(line), provider="own", mapping=OWN, near=began).rows
        assert row.joined_at.astimezone(MOSCOW).date() == date(2026, 4, 3) if day_first else date(2026, 3, 4)

    @pytest.mark.parametrize(
        ("words", "seconds"),
        [("62", 3720), ("1.5", 90), ("1h 2m 3s", 3723), ("58m 29s", 3509), ("30s", 30), ("1 ч 2 мин", 3720),
         ("01:02:03", 3723), ("1:02", 3720), ("62 min", 3720)],
    )  # fmt: skip
    def test_lengths(self, words, seconds):
        assert read_length(words) == timedelta(seconds=seconds)

    @pytest.mark.parametrize("words", ["", "many", "-5", "1:99", "1h2x", "99999999999"])
    def test_what_is_no_length(self, words):
        assert read_length(words) is None


def test_names_in_brackets_are_tried_too():
    assert list_spellings("iPhone (Boris  Orlov)") == ["iphone (boris orlov)", "iphone", "boris orlov"]
    assert "алена елкина" in list_spellings("Алёна Ёлкина (гость)")
