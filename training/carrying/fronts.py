"""Front matter: what a file says of itself, in TOML between lines of ``+++`` or in plain ``key: value`` lines between
lines of ``---``.
"""

import re
import tomllib
from datetime import date, datetime
from typing import Any

from training.carrying.documents import Carried, Code, Unreadable

#: The type that a file may name, as it may be written, in the languages of the portal.
TYPES = {
    "product doc": "doc", "doc": "doc", "product": "doc", "документ о продукте": "doc", "описание продукта": "doc",
    "standard": "standard", "стандарт": "standard", "стандарт работы": "standard",
    "case study": "case", "case": "case", "кейс": "case", "история внедрения": "case",
    "objection card": "card", "objection": "card", "card": "card", "возражение": "card", "карточка возражения": "card",
    "карточка": "card",
}  # fmt: skip
#: Types whose shape no running text has: they are written in the editor.
NOT_FROM_TEXT = frozenset(
    {"call script", "script", "price list", "prices", "video", "objection guide", "guide", "course", "lesson",
     "скрипт звонка", "скрипт", "прайс-лист", "видео", "курс", "урок"}
)  # fmt: skip

TEXT, WORDS, NUMBER, YES_NO, TABLES = "text", "words", "number", "yes_no", "tables"

COMMON = {
    "title": TEXT, "intro": TEXT, "slug": TEXT, "type": TEXT, "audience": TEXT,
    "tags": WORDS, "products": WORDS, "roles": WORDS, "order": NUMBER,
}  # fmt: skip
#: Further keys by type.
KEYS: dict[str, dict[str, str]] = {
    "doc": {"for_whom": TEXT, "versions": TABLES},
    "standard": {"applies_to": TEXT, "rules": TABLES},
    "case": {
        "customer": TEXT, "partner": TEXT, "industry": TEXT, "currency": TEXT,
        "employees": NUMBER, "days_to_first_sale": NUMBER, "effort_hours": NUMBER, "earned": NUMBER,
    },
    "card": {
        "objection": TEXT, "behind": TEXT, "next_question": TEXT, "proof_link": TEXT,
        "share_answer": YES_NO, "share_proof": YES_NO,
    },
}  # fmt: skip
#: Fields of the rows in tables.
ROWS = {
    "versions": {"version", "released", "changes"},
    "rules": {"anchor", "level", "statement", "why", "measure"},
}
LENGTHS = {
    "title": 255, "objection": 255, "slug": 255, "intro": 2000, "customer": 120, "partner": 120, "currency": 3,
    "version": 30, "anchor": 60,
}  # fmt: skip
LEVELS = ("must", "should", "never")
MOST = {"days_to_first_sale": 32_767, "earned": 9_000_000_000_000, "order": 1_000_000}


def split_front(text: str, carried: Carried) -> tuple[dict[str, tuple[Any, int]], str, int]:
    """The front matter as key -> (value, line), the text below it, and the lines that stand before that.

    Raises:
        Unreadable: it is not closed, or a line of it cannot be read.
    """
    text = text.lstrip("\ufeff")
    body = text.lstrip("\n")
    before = len(text) - len(body)
    first, _newline, rest = body.partition("\n")
    mark: str = first.rstrip()
    if mark not in {"+++", "---"}:
        return {}, body, before
    lines = rest.split("\n")
    end = next((number for number, line in enumerate(lines) if line.rstrip() == mark), None)
    if mark == "---" and (end is None or not _looks_like_keys(lines[:end])):
        return {}, body, before  # a line drawn across the page
    if end is None:
        raise Unreadable(Code.FRONT_OPEN, name=carried.name, place=before + 1)
    front = lines[:end]
    read = _read_toml if mark == "+++" else _read_plain
    below = before + end + 2
    return read(front, before + 1, carried.name), "\n".join(lines[end + 1 :]), below


def _looks_like_keys(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    return bool(re.match(r"[A-Za-z_][\w-]*\s*:", first)) or not any(line.strip() for line in lines)


def _read_toml(lines: list[str], before: int, name: str) -> dict[str, tuple[Any, int]]:
    try:
        found = tomllib.loads("\n".join(lines))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        at = re.search(r"at line (\d+)", str(error))
        line = int(at[1]) if at else len(lines)
        words = lines[line - 1] if 0 < line <= len(lines) else str(error)
        raise Unreadable(Code.FRONT_SYNTAX, name=name, place=before + line, words=words) from error
    places: dict[str, int] = {}
    for number, written in enumerate(lines, start=before + 1):
        if key := re.match(r"\s*(?:\[+\s*)?\"?([\w-]+)", written):
            places.setdefault(key[1], number)
    return {key: (value, places.get(key, before)) for key, value in found.items()}


def _read_plain(lines: list[str], before: int, name: str) -> dict[str, tuple[Any, int]]:
    """``key: value``, ``key: [a, b]``, or ``key:`` and lines of ``- item``."""
    found: dict[str, tuple[Any, int]] = {}
    key = ""
    for number, line in enumerate(lines, start=before + 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if item := re.match(r"\s*-\s+(.*)$", line):
            value, place = found.get(key, (None, 0))
            if not key or (value not in ("", None) and not isinstance(value, list)):
                raise Unreadable(Code.FRONT_SYNTAX, name=name, place=number, words=line)
            found[key] = ([*(value or []), _read_scalar(item[1])], place)
            continue
        pair = re.match(r"([A-Za-z_][\w-]*)\s*:(?:\s+(.*))?$", line)
        if pair is None or pair[1] in found:
            raise Unreadable(Code.FRONT_SYNTAX, name=name, place=number, words=line)
        key = pair[1]
        found[key] = (_read_value((pair[2] or "").strip()), number)
    return found


def _read_value(text: str) -> Any:
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1].strip()
        parts = re.findall(r"\"[^\"]*\"|'[^']*'|[^,]+", inner)
        return [_read_scalar(part.strip()) for part in parts if part.strip()]
    return _read_scalar(text)


def _read_scalar(text: str) -> Any:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if text.lower() in {"true", "yes", "false", "no"}:
        return text.lower() in {"true", "yes"}
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else text


def name_kind(word: str) -> str:
    """The type that a word of the front matter means.

    Raises:
        Unreadable: it means none, or one that is not made from text.
    """
    plain = " ".join(re.split(r"[\s_-]+", word.casefold().strip()))
    if plain in TYPES:
        return TYPES[plain]
    hyphened = word.casefold().strip()
    written = plain in NOT_FROM_TEXT or hyphened in NOT_FROM_TEXT
    raise Unreadable(Code.NOT_FROM_TEXT if written else Code.UNKNOWN_TYPE, words=word)


def check_front(front: dict[str, tuple[Any, int]], kind: str, carried: Carried) -> dict[str, Any]:
    """The values of the known keys, in the types that they are to have; unknown keys and wrong values are noted."""
    known = COMMON | KEYS[kind]
    meta: dict[str, Any] = {}
    for key, (value, line) in front.items():
        if key not in known:
            carried.note(Code.UNKNOWN_KEY, line, key)
            continue
        checked = _check(key, value, known[key])
        if checked is None:
            carried.note(Code.FRONT_VALUE, line, f"{key} = {value}")
        else:
            meta[key] = checked
            if key in ROWS:
                _note_unknown_fields(key, value, line, carried)
    return meta


def _check(key: str, value: Any, wanted: str) -> Any:
    """The value as it is kept, or None where it is not what the key wants."""
    match wanted:
        case "text":
            text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
            if text is not None and "\0" in text:
                return None  # TOML can write one as an escape, and no text of a database can hold it
            return text.strip() if text is not None and len(text.strip()) <= LENGTHS.get(key, 10_000) else None
        case "words":
            words = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
            if not isinstance(words, list) or not all(isinstance(word, str | int) for word in words):
                return None
            plain = [str(word).strip() for word in words]
            fits = all(len(word) <= 100 and "\0" not in word for word in plain)
            return [word for word in plain if word] if fits else None
        case "number":
            whole = isinstance(value, int) and not isinstance(value, bool)
            return value if whole and 0 <= value <= MOST.get(key, 2_000_000_000) else None
        case "yes_no":
            return value if isinstance(value, bool) else None
        case _:
            return _check_rows(key, value)


def _check_rows(key: str, value: Any) -> list[dict[str, str]] | None:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        return None
    rows = []
    for row in value:
        plain = {}
        for name, cell in row.items():
            if name not in ROWS[key]:
                continue
            if isinstance(cell, datetime | bool) or not isinstance(cell, str | int | date):
                return None
            text = cell.isoformat() if isinstance(cell, date) else str(cell).strip()
            if len(text) > LENGTHS.get(name, 10_000) or "\0" in text:
                return None
            plain[name] = text
        if not plain.get("version" if key == "versions" else "statement"):
            return None
        if plain.get("level", "must") not in LEVELS or not _is_date(plain.get("released", "")):
            return None
        rows.append(plain)
    return rows


def _is_date(text: str) -> bool:
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False


def _note_unknown_fields(key: str, rows: list[dict[str, Any]], line: int, carried: Carried) -> None:
    for name in sorted({name for row in rows for name in row} - ROWS[key]):
        carried.note(Code.UNKNOWN_KEY, line, f"{key}.{name}")
