"""Files of attendance as providers write them: bytes in, stays with their lines out.

What was looked at, and what each writes:

- **Zoom**, a meeting's participants: perhaps a head of two lines, then ``Name (Original Name), User Email, Join Time,
  Leave Time, Duration (Minutes), Guest``. A webinar's attendee report has sections of hosts, panelists and attendees,
  each with its own head, and those who did not come with ``--``. Times are local to the account, which is not named.
- **Teams**: numbered sections; stays stand under “In-Meeting Activities”, first join and last leave under
  “Participants”. UTF-16 with tabs. The older report has one table after its summary; the oldest is a log of ``Full
  Name, User Action, Timestamp``, a line for each joining and leaving, of which stays are made.
- **BigBlueButton**, the learning dashboard: ``Name, …, Join, Left, Duration``; first join, last leave, and how long
  the person was there in between. Times are local to the browser of whoever saved it.
- **Own**: any table with a head, its columns named by a person.

A file that cannot be read whole is refused, with the line and the column.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from itertools import islice

#: As large as a report of tens of thousands of joins; what is larger is something else.
MAX_BYTES = 5_000_000
MAX_JOINS = 20_000
#: Lines in which a head is looked for.
HEAD_WITHIN = 40
#: No stay is longer: whoever was there for more was another day's.
LONGEST = timedelta(days=3)


class Provider(StrEnum):
    ZOOM = "zoom"
    TEAMS = "teams"
    BIGBLUEBUTTON = "bigbluebutton"
    OWN = "own"


class Fault(StrEnum):
    """Why a file cannot be read."""

    TOO_LARGE = "too_large"
    EMPTY = "empty"
    ENCODING = "encoding"
    WORKBOOK = "workbook"
    NOT_A_TABLE = "not_a_table"
    UNKNOWN_PROVIDER = "unknown_provider"
    NO_HEAD = "no_head"
    NO_JOINS = "no_joins"
    TOO_MANY = "too_many"
    NO_TIMES = "no_times"
    NOT_AN_ACTION = "not_an_action"
    COLUMN_MISSING = "column_missing"
    NOT_A_TIME = "not_a_time"
    NOT_MINUTES = "not_minutes"
    TIME_MISSING = "time_missing"
    NAME_MISSING = "name_missing"
    LEFT_BEFORE = "left_before"
    TOO_LONG = "too_long"
    ZONE_MISSING = "zone_missing"


class UnreadableFileError(Exception):
    """A file that cannot be read, and where.

    Attributes:
        line: from 1, as a text editor counts; 0 where the fault is the whole file's.
        column: the name of the column; empty where the fault is the whole line's.
        words: what stands there.
    """

    def __init__(self, fault: Fault, *, line: int = 0, column: str = "", words: str = "") -> None:
        super().__init__(f"{fault} at line {line}, column {column!r}")
        self.fault = fault
        self.line = line
        self.column = column
        self.words = words[:80]


@dataclass(frozen=True, slots=True)
class Row:
    """One stay with its line.

    Attributes:
        raw: the line as it was, by column.
        at_most: how long the person was there between first join and last leave, where the provider tells only that.
    """

    number: int
    raw: dict[str, str]
    name: str
    email: str
    joined_at: datetime
    left_at: datetime
    at_most: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Rollcall:
    """What a file says.

    Attributes:
        columns: which column means what; ``minutes`` only where it limits the stay.
        names_zone: whether the file itself says in which zone its times are.
        absent: lines of people who did not come.
    """

    provider: Provider
    columns: dict[str, str]
    names_zone: bool
    rows: list[Row]
    absent: int


@dataclass(slots=True)
class Table:
    """A table within the file: the line of its head, its columns, and its lines."""

    columns: list[str]
    lines: list[tuple[int, list[str]]] = field(default_factory=list)


#: What columns are called, in small letters and without what stands in brackets.
NAMES = ("name", "full name", "user name", "имя", "полное имя", "фио", "имя пользователя")
EMAILS = ("user email", "email", "e-mail", "email address", "адрес электронной почты", "электронная почта", "почта")
JOINED = (
    "join time", "join", "joined", "first join", "first join time", "время входа", "время присоединения", "вход",
    "timestamp", "метка времени", "отметка времени",
)  # fmt: skip
LEFT = (
    "leave time", "left", "last leave", "last leave time", "время выхода", "выход",
    "timestamp 2", "метка времени 2", "отметка времени 2",
)  # fmt: skip
MINUTES = ("duration", "total duration", "in-meeting duration", "time in session", "длительность", "продолжительность")

#: Of the log that Teams once wrote; the columns of a leaving stand under the same names with a number.
ACTIONS = ("user action", "действие пользователя", "действие")
STAMPS = ("timestamp", "метка времени", "отметка времени")
AGAIN = " 2"
CAME = ("joined", "joined before", "присоединился", "присоединилась", "присоединился ранее", "присоединение", "вошел")
WENT = ("left", "покинул", "покинула", "покинул собрание", "вышел", "вышла", "выход")

#: How each provider says that there is nothing.
NOTHING = {"", "-", "--", "n/a", "—"}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_rollcall(
    content: bytes,
    *,
    near: datetime,
    zone: tzinfo | None = None,
    provider: str = "",
    mapping: Mapping[str, str] | None = None,
) -> Rollcall:
    """Read a file.

    Args:
        near: when the session began, in the session's zone: 03/04 is the day that lies nearer.
        zone: in which the times are; asked for where the file does not say it.
        provider: of :class:`Provider`; empty to guess.
        mapping: for one's own files: ``name``, ``email``, ``joined``, ``left``, ``minutes``, each naming a column.

    Raises:
        UnreadableFileError: with line and column.
    """
    lines = split_lines(decode(content))
    known = Provider(provider) if provider in set(Provider) else guess_provider(lines)
    if known is None:
        raise UnreadableFileError(Fault.UNKNOWN_PROVIDER)
    tables = list(_find_tables(lines, known, mapping or {}))
    if not tables:
        if known != Provider.OWN and _has_durations_only(lines):
            raise UnreadableFileError(Fault.NO_TIMES)
        raise UnreadableFileError(Fault.NO_HEAD)
    columns = _find_columns(tables[0], known, mapping or {})
    return _read_tables(tables, known, columns, mapping or {}, near=near, zone=zone)


# --- Bytes to lines --------------------------------------------------------------------------------------------------


def decode(content: bytes) -> str:
    """The text: UTF-8 with or without a mark, UTF-16, else Windows-1251.

    Raises:
        UnreadableFileError: for what is too large, empty, or no text.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableFileError(Fault.TOO_LARGE)
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableFileError(Fault.WORKBOOK)
    text = _decode(content)
    if not text.strip():
        raise UnreadableFileError(Fault.EMPTY)
    if "\0" in text:
        raise UnreadableFileError(Fault.ENCODING, line=text[: text.index("\0")].count("\n") + 1)
    return text


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _try(content, "utf-16")
    if content.startswith(b"\xef\xbb\xbf"):
        return _try(content, "utf-8-sig")
    head = content[:200]
    # Latin letters and marks in UTF-16 have an empty byte each; some programs leave the mark at the beginning out.
    if head[1::2].count(0) > len(head) // 4:
        return _try(content, "utf-16-le")
    if head[::2].count(0) > len(head) // 4:
        return _try(content, "utf-16-be")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _try(content, "cp1251")


def _try(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(Fault.ENCODING, line=content[: error.start].count(b"\n") + 1) from error


def split_lines(text: str) -> list[tuple[int, list[str]]]:
    """The lines with their numbers, split by whichever of comma, semicolon and tab splits them most evenly."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return _split(text, guess_separator(text))
    except csv.Error as error:
        raise UnreadableFileError(Fault.NOT_A_TABLE) from error


def guess_separator(text: str) -> str:
    """Of several lines with equally many cells the separator is the one that makes most; a tab before a comma."""
    sample = list(islice((line for line in text.split("\n") if line.strip()), HEAD_WITHIN))

    def weigh(separator: str) -> tuple[int, int]:
        counts = [len(next(csv.reader([line], delimiter=separator), [])) for line in sample]
        wide = [count for count in counts if count > 1]
        return (sum(wide), max(wide, default=0))

    return max("\t;,", key=weigh)


def _split(text: str, separator: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[tuple[int, list[str]]] = []
    begun = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return lines
        except csv.Error as error:
            raise UnreadableFileError(Fault.NOT_A_TABLE, line=begun) from error
        if any(cell.strip() for cell in cells):
            lines.append((begun, [_tidy(cell) for cell in cells]))
            if len(lines) > MAX_JOINS * 2:
                raise UnreadableFileError(Fault.TOO_MANY)
        begun = reader.line_num + 1


def _tidy(cell: str) -> str:
    """Without the odd spaces that browsers write into times, and marks of direction."""
    return re.sub(r"[\u00a0\u2007\u2009\u202f]", " ", re.sub(r"[\u200b\u200e\u200f\ufeff]", "", cell)).strip()


# --- Lines to tables -------------------------------------------------------------------------------------------------


def _plain(column: str) -> str:
    """A column's name in small letters, without what stands in brackets."""
    return " ".join(re.sub(r"\([^)]*\)", " ", column).lower().replace("ё", "е").split())


def _pick(columns: Sequence[str], known: Sequence[str]) -> str:
    """The column that is called one of these names; the earlier name wins."""
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault(_plain(column), column)
    return next((plain[name] for name in known if name in plain), "")


def guess_provider(lines: Sequence[tuple[int, list[str]]]) -> Provider | None:
    """Whose file it is, by the words that only that provider writes."""
    for _number, cells in lines[:HEAD_WITHIN]:
        plain = {_plain(cell) for cell in cells}
        whole = " ".join(cells).lower()
        if {"moderator", "activity score"} <= plain or {"talk time", "webcam time"} <= plain:
            return Provider.BIGBLUEBUTTON
        if plain & set(ACTIONS) and plain & set(STAMPS):
            return Provider.TEAMS
        if plain & {"participant id", "in-meeting duration", "first join", "first join time"} or (
            {"full name", "join time"} <= plain or whole.startswith(("3. in-meeting activities", "2. participants"))
        ):
            return Provider.TEAMS
        if "original name" in whole or ({"user email", "join time"} <= plain) or "attendee report" in plain:
            return Provider.ZOOM
    return None


def _find_tables(
    lines: Sequence[tuple[int, list[str]]], provider: Provider, mapping: Mapping[str, str]
) -> Iterator[Table]:
    """The tables of stays. Teams tells each stay in one table and the whole in another: the stays are taken."""
    if provider == Provider.OWN:
        yield from _cut_tables(lines, lambda cells: bool(mapping.get("joined")) and mapping["joined"] in cells)
        return
    if provider == Provider.TEAMS:
        logs = list(_cut_tables(lines, lambda cells: bool(_pick(cells, ACTIONS) and _pick(cells, STAMPS))))
        if logs:
            yield from map(_make_stays, logs)
            return
    found = list(_cut_tables(lines, lambda cells: bool(_pick(cells, JOINED) and _pick(cells, LEFT))))
    if provider == Provider.TEAMS:
        single = [table for table in found if _plain(_pick(table.columns, JOINED)) not in SUMMED and table.lines]
        found = single or found
    yield from found


def _make_stays(log: Table) -> Table:
    """Stays of a log: the first joining with the first leaving, the second with the second, so that two devices at once
    are two stays.

    Who left has left: a joining without a leaving of its own ends with the person's next, and where there is none they
    were there until the last line of the log.

    Raises:
        UnreadableFileError: for an action or a time that is none, or a leaving before any joining.
    """
    name, action, stamp = (_pick(log.columns, names) for names in (NAMES, ACTIONS, STAMPS))
    came: dict[str, list[tuple[int, dict[str, str]]]] = {}
    went: dict[str, list[tuple[int, dict[str, str]]]] = {}
    last, latest = "", None
    for number, cells in log.lines:
        line = _pair(log.columns, cells)
        person, done, said = fold(line.get(name, "")), _plain(line.get(action, "")), line.get(stamp, "")
        moment = read_time(said, day_first=False) or read_time(said, day_first=True)
        if moment is None:
            raise UnreadableFileError(Fault.NOT_A_TIME, line=number, column=stamp, words=said)
        if latest is None or moment.replace(tzinfo=None) >= latest:
            last, latest = said, moment.replace(tzinfo=None)
        if done in CAME:
            came.setdefault(person, []).append((number, line))
        elif done not in WENT:
            raise UnreadableFileError(Fault.NOT_AN_ACTION, line=number, column=action, words=line.get(action, ""))
        elif len(went.get(person, [])) >= len(came.get(person, [])):
            raise UnreadableFileError(Fault.LEFT_BEFORE, line=number, column=stamp, words=said)
        else:
            went.setdefault(person, []).append((number, line))
    columns = [*log.columns, action + AGAIN, stamp + AGAIN]
    stays = []
    for person, joins in came.items():
        leaves = went.get(person, [])
        for place, (number, line) in enumerate(joins):
            later = (other for at, other in leaves if at > number)
            end = leaves[place][1] if place < len(leaves) else next(later, {action: "", stamp: last})
            cells = [line.get(column, "") for column in log.columns]
            stays.append((number, [*cells, end.get(action, ""), end.get(stamp, "")]))
    return Table(columns, sorted(stays))


#: What the first join is called where a line stands for all stays of a person.
SUMMED = {"first join", "first join time"}


#: Titles of sections: “3. In-Meeting Activities”, “Attendee Details”.
SECTION = re.compile(r"\d+\. \S.*|(host|panelist|attendee|other attended)\b.*", re.IGNORECASE)


def _cut_tables(lines: Sequence[tuple[int, list[str]]], is_head: Callable[[list[str]], bool]) -> Iterator[Table]:
    table: Table | None = None
    for number, cells in lines:
        if is_head(cells):
            if table is not None:
                yield table
            table = Table(_name_columns(cells))
        elif table is None:
            continue
        elif cells[0] and not any(cells[1:]) and SECTION.fullmatch(cells[0]):
            yield table
            table = None
        else:
            table.lines.append((number, cells))
    if table is not None:
        yield table


def _name_columns(cells: Sequence[str]) -> list[str]:
    """Every column with a name of its own: a second “Duration” becomes “Duration 2”."""
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        name, number = cell or str(place), 2
        while name in names:
            name, number = f"{cell or place} {number}", number + 1
        names.append(name)
    return names


def _has_durations_only(lines: Sequence[tuple[int, list[str]]]) -> bool:
    return any(_pick(cells, NAMES) and _pick(cells, MINUTES) for _number, cells in lines[:HEAD_WITHIN])


def list_columns(content: bytes) -> list[str]:
    """The columns that a person may choose from: those of each line above one with a time.

    Raises:
        UnreadableFileError: when it is no table at all.
    """
    lines = [cells for _number, cells in split_lines(decode(content))][:HEAD_WITHIN]
    timed = [any(TIME.fullmatch(cell) for cell in cells) for cells in lines]
    heads = [
        head
        for head, head_timed, below_timed in zip(lines, timed, timed[1:], strict=False)
        if below_timed and not head_timed and len(head) > 1
    ]
    return list(dict.fromkeys(name for head in heads or lines[:1] for name in _name_columns(head)))


def _find_columns(table: Table, provider: Provider, mapping: Mapping[str, str]) -> dict[str, str]:
    """Which column of the table means what.

    Raises:
        UnreadableFileError: when a column that was chosen is not there, or none says when people came.
    """
    if provider == Provider.OWN:
        chosen = {meaning: column for meaning, column in mapping.items() if column}
        for column in chosen.values():
            if column not in table.columns:
                raise UnreadableFileError(Fault.COLUMN_MISSING, column=column)
        if not (chosen.get("left") or chosen.get("minutes")) or not (chosen.get("name") or chosen.get("email")):
            raise UnreadableFileError(Fault.COLUMN_MISSING)
        return chosen
    joined = _pick(table.columns, JOINED)
    found = {
        "name": _pick(table.columns, NAMES),
        "email": _pick(table.columns, (*EMAILS, "participant id") if provider == Provider.TEAMS else EMAILS),
        "joined": joined,
        "left": _pick(table.columns, LEFT),
    }
    if provider == Provider.BIGBLUEBUTTON or _plain(joined) in SUMMED:
        found["minutes"] = _pick(table.columns, MINUTES)
    return {meaning: column for meaning, column in found.items() if column}


# --- Tables to stays -------------------------------------------------------------------------------------------------


def _read_tables(
    tables: Sequence[Table],
    provider: Provider,
    columns: dict[str, str],
    mapping: Mapping[str, str],
    *,
    near: datetime,
    zone: tzinfo | None,
) -> Rollcall:
    cells = [
        (number, {meaning: raw.get(column, "") for meaning, column in named.items()}, named, raw)
        for table in tables
        for named in (_find_columns(table, provider, mapping),)
        for number, raw in ((number, _pair(table.columns, line)) for number, line in table.lines)
    ]
    came = [row for row in cells if not (_is_nothing(row[1]["joined"]) and _is_nothing(row[1].get("left", "")))]
    if not came:
        raise UnreadableFileError(Fault.NO_JOINS)
    if len(came) > MAX_JOINS:
        raise UnreadableFileError(Fault.TOO_MANY)
    clock = _set_clock([row[1] for row in came], provider, near, zone)
    names_zone = True
    rows = []
    for number, values, named, raw in came:
        try:
            row, has_zone = _read_row(number, values, raw, clock)
        except _CellError as error:
            column = named.get(error.meaning, "")
            raise UnreadableFileError(
                error.fault, line=number, column=column, words=values.get(error.meaning, "")
            ) from error
        names_zone = names_zone and has_zone
        rows.append(row)
    return Rollcall(provider, columns, names_zone, rows, absent=len(cells) - len(came))


def _pair(columns: Sequence[str], line: Sequence[str]) -> dict[str, str]:
    """The line by column; what stands beyond the head is kept under numbers."""
    named = dict(zip(columns, line, strict=False))
    named |= {str(place): cell for place, cell in enumerate(line[len(columns) :], len(columns) + 1) if cell}
    return named


def _is_nothing(cell: str) -> bool:
    return cell.lower() in NOTHING


class _CellError(Exception):
    def __init__(self, fault: Fault, meaning: str) -> None:
        super().__init__(fault)
        self.fault = fault
        self.meaning = meaning


@dataclass(frozen=True, slots=True)
class Clock:
    """How the file's times are read.

    Attributes:
        day_first: 03/04 is the third of April.
        zone: None where it was not given.
    """

    day_first: bool
    zone: tzinfo | None


def _read_row(number: int, values: Mapping[str, str], raw: dict[str, str], clock: Clock) -> tuple[Row, bool]:
    name, email = values.get("name", ""), values.get("email", "")
    email = "" if _is_nothing(email) else email.lower()
    if _is_nothing(name) and not email:
        raise _CellError(Fault.NAME_MISSING, "name" if "name" in values else "email")
    joined_at, says_zone = _read_moment(values["joined"], clock, "joined")
    length = None
    if not _is_nothing(values.get("minutes", "")):
        length = read_length(values["minutes"])
        if length is None:
            raise _CellError(Fault.NOT_MINUTES, "minutes")
    if not _is_nothing(values.get("left", "")):
        left_at, left_says_zone = _read_moment(values["left"], clock, "left")
        says_zone = says_zone and left_says_zone
    elif length is not None:
        left_at, length = joined_at + length, None
    else:
        raise _CellError(Fault.TIME_MISSING, "left" if "left" in values else "minutes")
    if left_at < joined_at:
        raise _CellError(Fault.LEFT_BEFORE, "left" if "left" in values else "minutes")
    if left_at - joined_at > LONGEST:
        raise _CellError(Fault.TOO_LONG, "left" if "left" in values else "minutes")
    return Row(number, raw, name[:200], email[:254], joined_at, left_at, length), says_zone


def _read_moment(words: str, clock: Clock, meaning: str) -> tuple[datetime, bool]:
    if _is_nothing(words):
        raise _CellError(Fault.TIME_MISSING, meaning)
    moment = read_time(words, day_first=clock.day_first)
    if moment is None:
        raise _CellError(Fault.NOT_A_TIME, meaning)
    if moment.tzinfo is not None:
        return _in_utc(moment, meaning), True
    if clock.zone is None:
        raise _CellError(Fault.ZONE_MISSING, meaning)
    return _in_utc(moment.replace(tzinfo=clock.zone), meaning), False


def _in_utc(moment: datetime, meaning: str) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise _CellError(Fault.NOT_A_TIME, meaning) from error


def _set_clock(values: Sequence[Mapping[str, str]], provider: Provider, near: datetime, zone: tzinfo | None) -> Clock:
    """Whether the day or the month stands first: what all times of the file allow, else what lies nearer the session."""
    words = [row[meaning] for row in values for meaning in ("joined", "left") if not _is_nothing(row.get(meaning, ""))]
    american = provider in {Provider.ZOOM, Provider.TEAMS} or any(re.search(r"[AP]\.?M", word, re.I) for word in words)
    orders = [False, True] if american else [True, False]

    def weigh(day_first: bool) -> tuple[int, float]:
        read = [read_time(word, day_first=day_first) for word in words]
        days = [abs((moment.date() - near.date()).days) for moment in read if moment is not None]
        return (sum(moment is None for moment in read), sum(days))

    return Clock(min(orders, key=weigh), zone)


# --- Times -----------------------------------------------------------------------------------------------------------

MONTHS = {
    **{name: number for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)},
    **{name: number for number, name in enumerate(
        ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"), 1)},
    "май": 5,
}  # fmt: skip
_CLOCK = (
    r"(?:,?[ T]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)?"
    r" ?(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)?)"
)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _CLOCK)
_NUMBERS = re.compile(r"(?P<first>\d{1,2})[-/.](?P<then>\d{1,2})[-/.](?P<year>\d{4}|\d{2})" + _CLOCK)
_MONTH_FIRST = re.compile(r"(?P<word>[^\W\d]{3,})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})" + _CLOCK)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2}) (?P<word>[^\W\d]{3,})\.? (?P<year>\d{4})(?: г\.)?" + _CLOCK)
#: Any of them, to tell a head from a line.
TIME = re.compile(
    "|".join(
        re.sub(r"\?P<\w+>", "?:", pattern.pattern) for pattern in (_YEAR_FIRST, _NUMBERS, _MONTH_FIRST, _DAY_FIRST)
    )
)


def read_time(words: str, *, day_first: bool) -> datetime | None:
    """The moment; without a zone where the words name none. None for what is no time."""
    if found := _YEAR_FIRST.fullmatch(words):
        return _build(found, found["year"], found["month"], found["day"])
    if found := _NUMBERS.fullmatch(words):
        day, month = (found["first"], found["then"]) if day_first else (found["then"], found["first"])
        return _build(found, found["year"], month, day)
    if found := _MONTH_FIRST.fullmatch(words) or _DAY_FIRST.fullmatch(words):
        number = MONTHS.get(found["word"].lower()[:3])
        return _build(found, found["year"], str(number), found["day"]) if number else None
    return None


def _build(found: re.Match[str], year: str, month: str, day: str) -> datetime | None:
    hour = int(found["hour"])
    if half := found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "Pp" else 0)
    try:
        at = time(hour, int(found["minute"]), int(found["second"] or 0))
        moment = datetime.combine(date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day)), at)
        return moment.replace(tzinfo=_read_offset(found["zone"])) if found["zone"] else moment
    except ValueError:
        return None


def _read_offset(words: str) -> tzinfo:
    found = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", words)
    if found is None:
        return UTC
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-offset if found[1] == "-" else offset)


_UNITS = re.compile(
    r"(?:(?P<hours>\d+) ?(?:h|hr|hrs|hours?|ч|час\w*)\.?)? ?"
    r"(?:(?P<minutes>\d+) ?(?:m|min|mins|minutes?|м|мин\w*)\.?)? ?"
    r"(?:(?P<seconds>\d+) ?(?:s|sec|secs|seconds?|с|сек\w*)\.?)?",
    re.IGNORECASE,
)


def read_length(words: str) -> timedelta | None:
    """How long somebody was there: minutes, hours with minutes and seconds, or with their units. None for what is not."""
    words = words.strip()
    if re.fullmatch(r"\d{1,5}([.,]\d+)?", words):
        return timedelta(minutes=float(words.replace(",", ".")))
    if found := re.fullmatch(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?", words):
        return timedelta(hours=int(found[1]), minutes=int(found[2]), seconds=int(found[3] or 0))
    found = _UNITS.fullmatch(words)
    if not words or found is None or len(words) > 40:
        return None
    return timedelta(**{unit: int(number) for unit, number in found.groupdict(default="0").items()})


# --- People ----------------------------------------------------------------------------------------------------------


def list_spellings(name: str) -> list[str]:
    """The full names that a provider's name may stand for, as they are compared: itself, and the one in brackets.

    Zoom writes “Anna (Anna Petrova)” for whoever has taken another name, Teams “Anna Petrova (Guest)”.
    """
    inside = re.findall(r"\(([^()]*)\)", name)
    outside = re.sub(r"\([^()]*\)", " ", name)
    spellings = [fold(name), fold(outside), *map(fold, inside)]
    return [spelling for spelling in dict.fromkeys(spellings) if spelling]


def fold(name: str) -> str:
    """A name as it is compared: whatever its letters' size and its spaces."""
    return " ".join(name.casefold().replace("ё", "е").split())
