"""What becomes of a text by its type: a product doc's sections, a standard's rules, a case's figures, a card's answer."""

import html
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from anyascii import anyascii

from training.carrying.documents import Block, Carried, Code, Unreadable
from training.carrying.fronts import KEYS, check_front, name_kind

#: How a card's parts are headed, and a standard's rules, in the languages of the portal.
PARTS = {
    "answer": ("answer", "ответ", "что ответить", "what to say"),
    "proof": ("proof", "evidence", "доказательство", "подтверждение"),
    "behind": ("behind", "what is behind it", "что за этим стоит", "что стоит за этим"),
    "next_question": ("next question", "ask next", "следующий вопрос"),
}
RULES = ("rules", "the rules", "правила")
_NEVER = re.compile(r"(never\b|do not\b|don't\b|никогда\b|нельзя\b|не\b)", re.IGNORECASE)
_SLUG = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")


@dataclass(slots=True)
class Shaped:
    """A text in the shape of its type: what the page's fields are to hold, as StreamFields store it.

    Attributes:
        fields: values by the name of the page's field; only what the file gives.
    """

    kind: str
    title: str
    slug: str
    meta: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)


def find_kind(front: dict[str, tuple[Any, int]], default: str, carried: Carried) -> str:
    """The type that the front matter names, else the default. One that cannot be is noted."""
    value, line = front.get("type", (default, 0))
    if value in KEYS:
        return str(value)
    try:
        return name_kind(str(value))
    except Unreadable as error:
        carried.note(error.finding.code, line, error.finding.words)
        return default


def shape(
    carried: Carried, front: dict[str, tuple[Any, int]], default_kind: str, *, new_id: Callable[[], str]
) -> Shaped:
    """The text in the shape of its type; what that type has no place for is noted."""
    kind = find_kind(front, default_kind, carried)
    meta = carried.meta | check_front(front, kind, carried)
    title = meta.get("title") or meta.get("objection") or carried.title or _title_of(carried.name)
    shaped = Shaped(kind, title, make_slug(meta.get("slug") or _stem(carried.name), carried), meta)
    match kind:
        case "doc":
            shaped.fields = _take(meta, "for_whom") | {"body": carried.sections}
            if "versions" in meta:
                rows = [{"version": "", "released": None, "changes": "", **row} for row in meta["versions"]]
                shaped.fields["versions"] = [_block("version", _dated(row), new_id) for row in rows]
        case "standard":
            shaped.fields = _take(meta, "applies_to") | {
                "rules": _rules(meta, carried, new_id),
                "body": carried.sections,
            }
        case "case":
            shaped.fields = _case(meta, carried) | {"body": carried.sections}
        case "card":
            shaped.fields = _card(meta, carried)
    return shaped


def make_slug(words: str, carried: Carried) -> str:
    """The end of the address, in Latin letters."""
    slug = re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9]+", "-", anyascii(words).lower().replace("'", ""))).strip("-")[:200]
    if not _SLUG.fullmatch(slug):
        carried.note(Code.BAD_SLUG, words=words)
        return ""
    return slug


def _stem(name: str) -> str:
    base = re.sub(r" \(\d+\)$", "", posixpath.basename(name))
    return posixpath.splitext(base)[0]


def _title_of(name: str) -> str:
    words = re.sub(r"[\s_-]+", " ", _stem(name)).strip()
    return words[:1].upper() + words[1:255]


def _take(meta: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: meta[key] for key in keys if key in meta}


def _block(kind: str, value: Any, new_id: Callable[[], str]) -> Block:
    return {"type": kind, "id": new_id(), "value": value}


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "released": row["released"] or None}


def _rules(meta: dict[str, Any], carried: Carried, new_id: Callable[[], str]) -> list[Block]:
    """The rules of a standard: from the front matter, else the lists of the section that is headed “Rules”."""
    blank = {"anchor": "", "level": "must", "statement": "", "why": "", "measure": ""}
    if "rules" in meta:
        return [_block("rule", blank | row, new_id) for row in meta["rules"]]
    section = next(
        (one for one in carried.sections if _heading(one) in RULES or one["value"]["anchor"] == "rules"), None
    )
    statements: list[str] = []
    for passage in section["value"]["body"] if section else []:
        if passage["type"] == "text":
            statements += re.findall(r"<li>(.*?)(?:</li>|<[uo]l>)", passage["value"])
    lists_only = section is not None and all(
        one["type"] == "text" and re.fullmatch(r"(<[uo]l>.*?</[uo]l>)+", one["value"]) and one["value"].count("l>") == 2
        for one in section["value"]["body"]
    )
    if section is None or not statements or not lists_only:
        carried.note(Code.NO_RULES)
        return []
    carried.sections.remove(section)
    carried.note(Code.RULES_ALWAYS, words=section["value"]["heading"])
    plain = [html.unescape(re.sub(r"<[^>]*>", " ", words)).strip() for words in statements]
    return [
        _block("rule", blank | {"statement": words, "level": "never" if _NEVER.match(words) else "must"}, new_id)
        for words in plain
        if words
    ]


def _case(meta: dict[str, Any], carried: Carried) -> dict[str, Any]:
    fields = _take(meta, "customer", "employees", "days_to_first_sale", "effort_hours", "currency", "industry")
    if "partner" in meta:
        fields["partner_name"] = meta["partner"]
    if "earned" in meta:
        if re.fullmatch(r"[A-Z]{3}", meta.get("currency", "")):
            fields["earned_minor"] = meta["earned"]
        else:
            carried.note(Code.NO_CURRENCY, words=str(meta["earned"]))
    if not fields.get("customer"):
        carried.note(Code.NO_CUSTOMER)
    return fields


def _card(meta: dict[str, Any], carried: Carried) -> dict[str, Any]:
    fields = _take(meta, "behind", "next_question", "share_answer", "share_proof", "proof_link")
    found: dict[str, Block] = {}
    for section in carried.sections:
        part = next((name for name, heads in PARTS.items() if _heading(section) in heads), "")
        if not part and len(carried.sections) == 1:
            part = "answer"
        if part and part not in found:
            found[part] = section
        else:
            carried.note(Code.LOST_SECTION, words=section["value"]["heading"])
    for part in ("answer", "proof"):
        fields[part] = found[part]["value"]["body"] if part in found else []
    for part in ("behind", "next_question"):
        if part in found and part not in fields:
            fields[part] = _words_of(found[part])
    carried.findings = [one for one in carried.findings if one.code not in {Code.OPENING, Code.EMPTY_SECTION}]
    if not fields["answer"]:
        carried.note(Code.NO_ANSWER)
    return fields


def _heading(section: Block) -> str:
    return str(section["value"]["heading"]).casefold().strip(" :.")


def _words_of(section: Block) -> str:
    texts = [one["value"] for one in section["value"]["body"] if one["type"] == "text"]
    source = re.sub(r"</p>|</li>|<br/>", " ", "".join(texts))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", source)).split())
