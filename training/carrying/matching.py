"""A text that comes again: its blocks keep the ids that they had, so that citations and remarks still find them."""

import html
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from training.carrying.documents import Block

ADDED, CHANGED, REMOVED = "added", "changed", "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One block that is not as it was, and what it is called."""

    kind: str
    words: str


def keep_ids(new: list[Block], old: list[Block]) -> None:
    """Give the blocks of ``new`` the ids of the blocks of ``old`` that they continue, all the way down.

    Sections are known by their anchor, else by their heading; rules by anchor or statement, versions by their number;
    passages by what they say, else by their type and order. An id is given once.
    """
    left, found = list(old), list(new)
    pairs: list[tuple[Block, Block]] = []
    for list_names in (_list_names, _list_words, _list_values, _list_types):
        # By name, and not each with each: a text may have thousands.
        places: dict[Any, deque[int]] = {}
        for place, one in enumerate(left):
            for name in list_names(one):
                places.setdefault(name, deque()).append(place)
        taken: set[int] = set()
        paired: set[int] = set()
        for number, block in enumerate(found):
            first = [waiting[0] for name in list_names(block) if (waiting := _skip(places.get(name), taken))]
            if first:
                taken.add(min(first))
                paired.add(number)
                pairs.append((block, left[min(first)]))
        left = [one for place, one in enumerate(left) if place not in taken]
        found = [block for number, block in enumerate(found) if number not in paired]
    for block, other in pairs:
        block["id"] = other.get("id") or block["id"]
        if block["type"] == "section":
            keep_ids(block["value"]["body"], other["value"].get("body", []))


def compare(new: list[Block], old: list[Block]) -> list[Difference]:
    """What has been added, changed and removed between two bodies whose ids correspond, in the order of the new one."""
    before = {block.get("id"): block for block in old}
    now = {block["id"] for block in new}
    found = []
    for block in new:
        other = before.get(block["id"])
        if other is None:
            found.append(Difference(ADDED, name_block(block)))
        elif normalise(block) != normalise(other):
            found.append(Difference(CHANGED, name_block(block)))
    found += [Difference(REMOVED, name_block(block)) for block in old if block.get("id") not in now]
    common = [block["id"] for block in new if block["id"] in before]
    if not found and common != [block.get("id") for block in old]:
        found = [Difference(CHANGED, name_block(new[0]))]
    return found


def keep_unchanged(new: list[Block], old: list[Block]) -> list[Block]:
    """The new blocks, those that say the same as before in the very form in which they were stored."""
    before = {block.get("id"): block for block in old}
    kept = []
    for block in new:
        other = before.get(block["id"])
        kept.append(other if other is not None and normalise(block) == normalise(other) else block)
    return kept


def normalise(block: Any) -> Any:
    """A block without what an editor's program adds to it: keys of lines, the order of attributes, empty values."""
    if isinstance(block, dict):
        if "data" in block and "table_header_choice" in block:
            return _normalise_table(block)
        return {key: normalise(value) for key, value in block.items() if key != "id" and value not in (None, "", False)}
    if isinstance(block, list):
        return [normalise(one) for one in block]
    if isinstance(block, str) and "<" in block:
        return _normalise_text(block)
    return block


def _normalise_table(table: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": [["" if cell is None else str(cell) for cell in row] for row in table["data"]],
        "caption": table.get("table_caption") or "",
        "heads": table["table_header_choice"],
    }


def _normalise_text(source: str) -> str:
    def tag(found: re.Match[str]) -> str:
        attributes = sorted(re.findall(r'([\w-]+)="([^"]*)"', found["attributes"]))
        kept = "".join(f' {name}="{value}"' for name, value in attributes if not name.startswith("data-"))
        return f"<{found['name']}{kept}>"

    source = re.sub(r"<(?P<name>[a-z0-9]+)(?P<attributes>(?:\s+[\w-]+=\"[^\"]*\")*)\s*/?>", tag, source)
    return html.unescape(source.replace("&nbsp;", "\xa0"))


def name_block(block: Block) -> str:
    """What a person would call a block: its heading, its rule, its version."""
    value = block["value"]
    if isinstance(value, dict):
        for key in ("heading", "statement", "version", "alt", "table_caption", "text"):
            if value.get(key):
                return _plain(str(value[key]))
        return json.dumps(value.get("data", [[""]])[0][:3], ensure_ascii=False) if "data" in value else ""
    return _plain(str(value))


def _plain(source: str) -> str:
    words = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", source)).split())
    return words if len(words) <= 80 else f"{words[:79]}…"


def _of(block: Block, key: str) -> str:
    value = block["value"]
    return str(value.get(key) or "") if isinstance(value, dict) else ""


def _skip(waiting: deque[int] | None, taken: set[int]) -> deque[int]:
    """The places that are still free, the first in front."""
    while waiting and waiting[0] in taken:
        waiting.popleft()
    return waiting or deque()


def _namer(*keys: str) -> Callable[[Block], list[Any]]:
    def list_names(block: Block) -> list[Any]:
        return [(block["type"], key, _of(block, key).casefold()) for key in keys if _of(block, key)]

    return list_names


_list_names = _namer("anchor", "version")
_list_words = _namer("heading", "statement")


def _list_values(block: Block) -> list[Any]:
    return [(block["type"], json.dumps(normalise(block), sort_keys=True, default=str))]


def _list_types(block: Block) -> list[Any]:
    """For a passage that was written anew where one of its type stood; never for a section, rule or version."""
    return [] if block["type"] in {"section", "rule", "version"} else [block["type"]]
