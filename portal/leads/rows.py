"""Reading files of leads: bytes to rows, rows to submissions, and everything that is wrong with them by row and field.

Nothing here knows the database. A file is refused as a whole only where no row of it could be told from another; a row
is never refused: what cannot be read is named in its problems, and the cells are kept as they came.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Self

import phonenumbers
from email_validator import EmailNotValidError, validate_email

#: Cells may be long (a whole correspondence in one cell); the csv module's own limit is 128 kB.
csv.field_size_limit(16 * 1024 * 1024)

DELIMITERS = (",", ";", "\t")
EARLIEST = date(1990, 1, 1)
MAX_EMPLOYEES = 2_000_000_000
MAX_SCORE = 100


class Field(StrEnum):
    """What a column can mean. ``EVIDENCE`` is kept as it came and never interpreted."""

    EXTERNAL_ID = "external_id"
    RECEIVED_ON = "received_on"
    RECEIVED_DAYS_AGO = "received_days_ago"
    COMPANY = "company"
    SECTOR = "sector"
    COUNTRY = "country"
    EMPLOYEES = "employees"
    SCORE = "score"
    LANGUAGE = "language"
    PRODUCT = "product"
    REGION = "region"
    MESSAGE = "message"
    CONTACT_NAME = "contact_name"
    CONTACT_EMAIL = "contact_email"
    CONTACT_PHONE = "contact_phone"
    EVIDENCE = "evidence"


#: Cells of these fields are personal data: they go to the lead's contact and nowhere else.
PERSONAL = frozenset({Field.MESSAGE, Field.CONTACT_NAME, Field.CONTACT_EMAIL, Field.CONTACT_PHONE})

#: The longest text kept in each field, in characters. The whole cell stays in the evidence.
LENGTHS = {
    Field.EXTERNAL_ID: 200,
    Field.COMPANY: 300,
    Field.SECTOR: 120,
    Field.COUNTRY: 120,
    Field.CONTACT_NAME: 300,
    Field.CONTACT_EMAIL: 320,
    Field.CONTACT_PHONE: 120,
}


class Reason(StrEnum):
    """What is wrong with a cell. Stored with the lead; the wording is in ``portal.leads.labels``."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    BAD_DATE = "bad_date"
    FUTURE_DATE = "future_date"
    BAD_NUMBER = "bad_number"
    BAD_EMAIL = "bad_email"
    BAD_PHONE = "bad_phone"
    TOO_LONG = "too_long"
    REPEATED = "repeated"
    EXTRA_CELLS = "extra_cells"
    FEWER_CELLS = "fewer_cells"


class UnreadableFile(Exception):
    """The file as a whole cannot be read as leads.

    Attributes:
        code: a stable word, worded in ``portal.leads.labels``.
        details: what the wording names.
    """

    def __init__(self, code: str, **details: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field. ``value`` is the cell as it came, cut short; empty for personal data."""

    field: str
    reason: Reason
    value: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a source's columns mean: column name to field. Names are compared without regard to case and outer space."""

    meanings: Mapping[str, Field]

    @classmethod
    def of(cls, meanings: Mapping[str, Field]) -> Self:
        return cls({fold(column): meaning for column, meaning in meanings.items()})

    def field_of(self, column: str) -> Field | None:
        return self.meanings.get(fold(column))


@dataclass(frozen=True, slots=True)
class Table:
    """A file as rows. ``numbers[i]`` is what a spreadsheet shows beside ``rows[i]``: the header is row 1."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class Submission:
    """One lead as a source hands it in, before anything of ours is looked up.

    Attributes:
        number: the row in the file, 0 where there is none.
        external_id: the source's own identity of the lead; with the source it identifies the lead.
        received_at: aware; None where the source does not say.
        product, region: as the source names them.
        score: the source's own, from 0 to 100.
        evidence: cells as they came, by column; never personal data.
        contact_evidence: the cells that are, or may be, personal data.
    """

    external_id: str
    number: int = 0
    received_at: datetime | None = None
    company: str = ""
    sector: str = ""
    country: str = ""
    employees: int | None = None
    score: int | None = None
    language: str = ""
    product: str = ""
    region: str = ""
    message: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)
    contact_evidence: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def has_contact(self) -> bool:
        """Whether there is a person or a way to reach one."""
        return bool(self.contact_name or self.contact_email or self.contact_phone)


def fold(text: str) -> str:
    """The form in which column names and product names are compared: case folded, space collapsed."""
    return " ".join(text.split()).casefold()


def decode(data: bytes) -> tuple[str, str]:
    """Text and the name of its encoding: UTF-8 with or without its mark, UTF-16 with its mark, else Windows-1251."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1251", errors="replace"), "cp1251"


def clean(cell: str) -> str:
    """The cell without outer space, and without the characters that no database keeps as text."""
    return cell.replace("\x00", "\N{REPLACEMENT CHARACTER}").strip()


def read_table(data: bytes, columns: Columns) -> Table:
    """Split a file into rows.

    The delimiter is the one that makes most of the header's cells known columns.

    Raises:
        UnreadableFile: ``empty``, ``no_identity`` (no column means the external id), ``column_twice``, ``open_quote``.
    """
    text, encoding = decode(data)
    if not text.strip():
        raise UnreadableFile("empty")
    text = text.lstrip("\ufeff")
    first_line = text.lstrip().splitlines()[0]
    delimiter = max(DELIMITERS, key=lambda mark: _known_cells(first_line, mark, columns))
    records = _records(text, delimiter)
    _number, header_cells = next(records)
    header = tuple(clean(cell) for cell in header_cells)
    _check_header(header, columns)
    numbers, rows = [], []
    for number, cells in records:
        numbers.append(number)
        rows.append(tuple(cells))
    return Table(header, tuple(rows), tuple(numbers), encoding, delimiter)


def _known_cells(line: str, delimiter: str, columns: Columns) -> tuple[int, int]:
    cells = next(csv.reader([line], delimiter=delimiter), [])
    return sum(columns.field_of(cell) is not None for cell in cells), len(cells)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that hold anything, numbered from 1 with the blank ones counted, as a spreadsheet numbers them."""
    if text.count('"') % 2:
        _find_open_quote(text, delimiter)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for number, cells in enumerate(reader, start=1):
        if any(cell.strip() for cell in cells):
            yield number, cells


def _find_open_quote(text: str, delimiter: str) -> None:
    """Refuse a file whose last rows would vanish into one cell."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    row = 1
    try:
        while next(reader, None) is not None:
            row += 1
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise UnreadableFile("open_quote", row=row) from None


def _check_header(header: Sequence[str], columns: Columns) -> None:
    fields = [columns.field_of(column) for column in header]
    named = [one for one in fields if one is not None and one is not Field.EVIDENCE]
    if Field.EXTERNAL_ID not in named:
        wanted = [column for column, meaning in columns.meanings.items() if meaning is Field.EXTERNAL_ID]
        raise UnreadableFile("no_identity", wanted=" / ".join(wanted) or "external_id", found=", ".join(header)[:300])
    twice = {one for one in named if named.count(one) > 1}
    if twice:
        names = [column for column, meaning in zip(header, fields, strict=True) if meaning in twice]
        raise UnreadableFile("column_twice", columns=", ".join(names))


def read_submissions(table: Table, columns: Columns, *, now: datetime) -> list[Submission]:
    """Every row as a submission. A row that repeats an identity of this file is marked :attr:`Reason.REPEATED`."""
    fields = [columns.field_of(column) for column in table.header]
    seen: dict[str, int] = {}
    submissions = []
    for number, cells in zip(table.numbers, table.rows, strict=True):
        submission = read_row(number, cells, table.header, fields, now=now)
        if not submission.external_id:
            submission = replace(submission, external_id=_derived_identity(cells, seen))
        first = seen.setdefault(submission.external_id, number)
        if first != number:
            repeated = Problem(Field.EXTERNAL_ID, Reason.REPEATED, f"{short(submission.external_id)} ({first})")
            submission = replace(submission, problems=(*submission.problems, repeated))
        submissions.append(submission)
    return submissions


def _derived_identity(cells: Sequence[str], seen: Mapping[str, int]) -> str:
    """An identity for a row without one: a digest of its cells, so that the same file again is still known.

    Rows that are equal in every cell are told apart by their count: without an identity, each is a lead of its own.
    """
    digest = hashlib.sha256("\x1f".join(cells).encode()).hexdigest()[:24]
    count = 1
    while f"row-{digest}-{count}" in seen:
        count += 1
    return f"row-{digest}-{count}"


def read_row(
    number: int, cells: Sequence[str], header: Sequence[str], fields: Sequence[Field | None], *, now: datetime
) -> Submission:
    """One row as a submission with its problems; ``external_id`` is empty where the row has none."""
    # A column that the file has, a short row has too, empty; what the file does not have is nobody's fault.
    values: dict[Field, str] = {meaning: "" for meaning in fields if meaning not in (None, Field.EVIDENCE)}
    evidence: dict[str, str] = {}
    contact_evidence: dict[str, str] = {}
    problems: list[Problem] = []
    for place, cell in enumerate(cells):
        text = clean(cell)
        column = header[place] if place < len(header) else f"+{place - len(header) + 1}"
        meaning = fields[place] if place < len(fields) else None
        if meaning is not None and meaning is not Field.EVIDENCE:
            values[meaning] = text
        if text:
            # A column that nobody has given a meaning may hold anything: it is kept where personal data is kept.
            personal = meaning is None or meaning in PERSONAL
            (contact_evidence if personal else evidence)[column or f"#{place + 1}"] = text
    if len(cells) > len(header) and any(clean(cell) for cell in cells[len(header) :]):
        problems.append(Problem("row", Reason.EXTRA_CELLS, str(len(cells))))
    if len(cells) < len(header):
        problems.append(Problem("row", Reason.FEWER_CELLS, str(len(cells))))

    external_id = values.get(Field.EXTERNAL_ID, "")
    if not external_id:
        problems.append(Problem(Field.EXTERNAL_ID, Reason.MISSING))
    elif len(external_id) > LENGTHS[Field.EXTERNAL_ID]:
        problems.append(Problem(Field.EXTERNAL_ID, Reason.TOO_LONG, short(external_id)))
        external_id = f"long-{hashlib.sha256(external_id.encode()).hexdigest()}"
    return Submission(
        number=number,
        external_id=external_id,
        received_at=_read_received(values, problems, now=now),
        company=_read_text(values, Field.COMPANY, problems, required=True),
        sector=_read_text(values, Field.SECTOR, problems),
        country=_read_text(values, Field.COUNTRY, problems),
        employees=_read_employees(values.get(Field.EMPLOYEES, ""), problems),
        score=_read_score(values.get(Field.SCORE, ""), problems),
        language=_read_language(values.get(Field.LANGUAGE, ""), problems),
        product=values.get(Field.PRODUCT, ""),
        region=values.get(Field.REGION, ""),
        message=values.get(Field.MESSAGE, ""),
        contact_name=_read_text(values, Field.CONTACT_NAME, problems),
        contact_email=_read_email(values, problems),
        contact_phone=_read_phone(values, problems),
        evidence=evidence,
        contact_evidence=contact_evidence,
        problems=tuple(problems),
    )


def short(value: str, length: int = 60) -> str:
    """A cell as a report shows it: on one line, cut short, with nothing that a terminal would obey."""
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in value)
    return text if len(text) <= length else text[: length - 1] + "…"


def _read_text(values: Mapping[Field, str], name: Field, problems: list[Problem], *, required: bool = False) -> str:
    text = values.get(name, "")
    if required and name in values and not text:
        problems.append(Problem(name, Reason.MISSING))
    if len(text) > LENGTHS[name]:
        problems.append(Problem(name, Reason.TOO_LONG, "" if name in PERSONAL else short(text)))
        text = text[: LENGTHS[name]]
    return text


def _read_received(values: Mapping[Field, str], problems: list[Problem], *, now: datetime) -> datetime | None:
    """When the lead was received, or None with a problem. Dates count from midnight UTC."""
    days_ago = values.get(Field.RECEIVED_DAYS_AGO, "")
    if days_ago:
        if days_ago.isdecimal() and len(days_ago) < 6:
            return now - timedelta(days=int(days_ago))
        problems.append(Problem(Field.RECEIVED_DAYS_AGO, Reason.BAD_NUMBER, short(days_ago)))
        return None
    text = values.get(Field.RECEIVED_ON, "")
    if not text:
        if Field.RECEIVED_ON in values:
            problems.append(Problem(Field.RECEIVED_ON, Reason.MISSING))
        return None
    received = read_date(text)
    if received is None or received.date() < EARLIEST:
        problems.append(Problem(Field.RECEIVED_ON, Reason.BAD_DATE, short(text)))
        return None
    # A day's grace: the source may live in a zone where it is tomorrow already.
    if received > now + timedelta(days=1):
        problems.append(Problem(Field.RECEIVED_ON, Reason.FUTURE_DATE, short(text)))
        return None
    return min(received, now)


_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)


def read_date(text: str) -> datetime | None:
    """A date or time in ISO 8601 or as dd.mm.yyyy, aware (UTC where no zone is given). Nothing ambiguous is guessed."""
    if dotted := _DOTTED.fullmatch(text):
        day, month, year, hour, minute, second = (int(part or 0) for part in dotted.groups())
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
    if not re.match(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read_language(text: str, problems: list[Problem]) -> str:
    """The primary subtag of a language's code: ``de-AT`` and ``DE`` are ``de``; empty where it is no code."""
    code = re.split(r"[-_]", text.strip().lower())[0]
    if re.fullmatch(r"[a-z]{2,3}", code):
        return code
    if text:
        problems.append(Problem(Field.LANGUAGE, Reason.UNKNOWN, short(text)))
    return ""


def _read_employees(text: str, problems: list[Problem]) -> int | None:
    if not text:
        return None
    digits = re.sub(r"[\s\u00a0\u202f'’]|,(?=\d{3}(?:\D|$))", "", text)
    digits = re.sub(r"[.,]0+$", "", digits)
    if re.fullmatch(r"\d{1,10}", digits, re.ASCII) and int(digits) <= MAX_EMPLOYEES:
        return int(digits)
    problems.append(Problem(Field.EMPLOYEES, Reason.BAD_NUMBER, short(text)))
    return None


def _read_score(text: str, problems: list[Problem]) -> int | None:
    """A whole number from 0 to 100; halves go up."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,3})(?:[.,](\d+))?\s*%?", text, re.ASCII)
    if found:
        score = int(found[1]) + ((found[2] or "0")[0] >= "5")
        if score <= MAX_SCORE:
            return score
    problems.append(Problem(Field.SCORE, Reason.BAD_NUMBER, short(text)))
    return None


def _read_email(values: Mapping[Field, str], problems: list[Problem]) -> str:
    """The address in its normal form; what is not an address is kept as it came, since a person may still read it."""
    text = values.get(Field.CONTACT_EMAIL, "")
    if not text:
        return ""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        problems.append(Problem(Field.CONTACT_EMAIL, Reason.BAD_EMAIL))
        return text[: LENGTHS[Field.CONTACT_EMAIL]]


def _read_phone(values: Mapping[Field, str], problems: list[Problem]) -> str:
    """The number in E.164; one that is not a number anyone could dial from abroad is kept as it came."""
    text = values.get(Field.CONTACT_PHONE, "")
    if not text:
        return ""
    country = values.get(Field.COUNTRY, "")
    try:
        number = phonenumbers.parse(text, country.upper() if len(country) == 2 and country.isascii() else None)
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and phonenumbers.is_possible_number(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    problems.append(Problem(Field.CONTACT_PHONE, Reason.BAD_PHONE))
    return text[: LENGTHS[Field.CONTACT_PHONE]]


def write_phone(number: str) -> str:
    """A number in E.164 with its groups set apart; anything else as it is."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
