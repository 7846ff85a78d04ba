"""Plain HTML as sections and passages, in the form that the editor's StreamField stores.

A heading opens a section; under it stand text (paragraphs and lists), figures, tables, callouts and quotations. Rich
text is written anew from what is known, so that nothing else can be in it.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString, Tag

from training.carrying.documents import Block, Carried, Code, Unreadable, short

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
LONGEST_HEADING = 160
LONGEST_CAPTION = 250
LONGEST_ANCHOR = 60
DEEPEST_LIST = 4
ANCHOR = re.compile(r"[a-z][a-z0-9-]*")

#: What links may begin with.
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
#: How a link names another material of the library: ``[words](doc:slug#anchor)``.
MATERIALS = frozenset(
    {"doc", "card", "lesson", "case", "standard", "script", "guide", "price", "prices", "video", "course"}
)

_attributes = re.compile(r"^(?P<words>.*?)\s*\{(?P<marks>[^{}]*)\}\s*$", re.DOTALL)
_callout = re.compile(r"^\s*\[!(?P<kind>[A-Za-z]+)\]\s*(?:<br/>)?\s*")
_CALLOUTS = {"note": "note", "info": "note", "tip": "tip", "important": "warning", "warning": "warning",
             "caution": "warning", "internal": "internal"}  # fmt: skip
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_data_picture = re.compile(r"data:image/(?P<suffix>png|jpe?g|gif|webp);base64,(?P<data>[A-Za-z0-9+/=\s]+)")


def carry_html(
    source: str, carried: Carried, *, stated: Mapping[str, str], new_id: Callable[[], str], opening: str
) -> None:
    """Fill ``carried`` with the sections of plain HTML, its title, and what is to be said about them.

    Args:
        source: HTML whose blocks carry their place in ``data-at``.
        stated: the ``title`` and the ``intro`` that the file's front matter gives.

    Raises:
        Unreadable: it is nested too deeply.
    """
    soup = BeautifulSoup(source, "html.parser")
    try:
        Carrier(carried, stated=stated, new_id=new_id, opening=opening).carry(soup)
    except RecursionError as error:
        raise Unreadable(Code.TOO_DEEP, name=carried.name) from error


def suggest_anchor(heading: str) -> str:
    """An anchor from a heading in Latin letters, as the editor makes it; empty where there are none."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain)).strip("-_")
    return re.sub(r"^[^a-z]+", "", slug.replace("_", "-"))[:LONGEST_ANCHOR]


class Carrier:
    """One document on its way."""

    def __init__(self, carried: Carried, *, stated: Mapping[str, str], new_id: Callable[[], str], opening: str) -> None:
        self.carried = carried
        self.stated_title = _squeeze(stated.get("title", ""))
        self.has_intro = bool(stated.get("intro"))
        self.new_id = new_id
        self.opening = opening
        self.place = 0
        #: Headings of this level open sections; deeper ones are bold lines.
        self.level = 2
        self.before: list[Block] = []
        self.before_place = 0
        self.caption_of: Block | None = None
        self.waiting_caption = ""

    # --- The document -------------------------------------------------------------------------------------------------
    def carry(self, soup: BeautifulSoup) -> None:
        nodes = [node for node in soup.children if isinstance(node, Tag)]
        nodes = self._take_title(nodes)
        levels = [int(node.name[1]) for node in nodes if node.name in HEADINGS]
        self.level = min(levels, default=2)
        last = self.level
        for node in nodes:
            self.place = self._place_of(node)
            if node.name in HEADINGS:
                level = int(node.name[1])
                if level > last + 1:
                    self.carried.note(Code.HEADING_JUMP, self.place, node.get_text())
                last = level
                self._carry_heading(node, level)
            else:
                self._carry_block(node)
        self._keep_waiting_caption()
        self._place_opening()
        self._finish()

    def _take_title(self, nodes: list[Tag]) -> list[Tag]:
        """The title: a heading of the first level that stands alone of its kind and before all others."""
        headings = [node for node in nodes if node.name in HEADINGS]
        first = [node for node in headings if node.name == "h1"]
        titled = next((node for node in first if "title" in (node.get("class") or [])), None)
        title = titled or (first[0] if len(first) == 1 and headings[0] is first[0] else None)
        if title is None:
            return nodes
        words, _anchor, _shareable = self._read_marks(title)
        if not self.stated_title:
            self.carried.title = words[:255]
        elif _plain(words) != _plain(self.stated_title):
            self.carried.note(Code.SECOND_TITLE, self._place_of(title), words)
        return [node for node in nodes if node is not title]

    def _carry_heading(self, node: Tag, level: int) -> None:
        self._keep_waiting_caption()
        self._close_text()
        words, anchor, shareable = self._read_marks(node)
        if not words:
            return
        pictures = node.find_all("img")
        if level > self.level:
            self.carried.note(Code.SUBHEADING, self.place, words)
            self._add_text(f"<p><b>{_escape(words)}</b></p>")
        else:
            if len(words) > LONGEST_HEADING:
                self.carried.note(Code.CUT, self.place, words)
                words = f"{words[: LONGEST_HEADING - 1]}…"
            value = {"heading": words, "anchor": anchor, "body": [], "shareable": shareable}
            self.carried.sections.append({"type": "section", "id": self.new_id(), "value": value, "at": self.place})
        self._add_figures(pictures, moved=True)

    def _read_marks(self, node: Tag) -> tuple[str, str, bool]:
        """A heading's words, and what stands behind them in braces: ``{#anchor .shareable}``."""
        words = _squeeze(node.get_text())
        found = _attributes.match(words)
        if found is None or not re.fullmatch(r"(\s*[#.][\w-]+)+\s*", found["marks"]):
            return words, "", False
        anchor, shareable = "", False
        for mark in found["marks"].split():
            if mark == ".shareable":
                shareable = True
            elif mark.startswith("#") and ANCHOR.fullmatch(mark[1:]) and len(mark) <= LONGEST_ANCHOR + 1:
                anchor = mark[1:]
            else:
                self.carried.note(Code.ANCHOR if mark.startswith("#") else Code.ATTRIBUTE, self._place_of(node), mark)
        return found["words"].strip(), anchor, shareable

    def _carry_block(self, node: Tag) -> None:
        classes: Any = node.get("class") or []
        match node.name:
            case "p" if "toc" in classes:
                return
            case "p" if "subtitle" in classes and not self.has_intro and not self.carried.sections:
                self.carried.meta["intro"] = _squeeze(node.get_text())[:2000]
                self.has_intro = True
            case "p" if "caption" in classes:
                self._carry_caption(node)
            case "p":
                self._carry_paragraph(node)
            case "ul" | "ol":
                self._carry_list(node)
            case "table":
                self._carry_table(node)
            case "blockquote":
                self._carry_quote(node)
            case "pre":
                self._carry_code(node)
            case "hr":
                self._close_text()
                self.carried.note(Code.ACROSS, self.place)
            case _:
                for child in node.find_all(True, recursive=False):
                    self._carry_block(child)

    # --- Where passages go --------------------------------------------------------------------------------------------
    @property
    def _passages(self) -> list[Block]:
        if not self.carried.sections:
            self.before_place = self.before_place or self.place
            return self.before
        found: list[Block] = self.carried.sections[-1]["value"]["body"]
        return found

    def _add(self, kind: str, value: Any) -> Block:
        block = {"type": kind, "id": self.new_id(), "value": value}
        self._passages.append(block)
        self.caption_of = None
        return block

    def _add_text(self, source: str) -> None:
        """Paragraphs and lists in a row are one text."""
        passages = self._passages
        if passages and passages[-1]["type"] == "text" and not passages[-1].get("closed"):
            passages[-1]["value"] += source
        else:
            self._add("text", source)
        self.caption_of = None

    def _close_text(self) -> None:
        passages = self._passages if self.carried.sections or self.before else []
        if passages and passages[-1]["type"] == "text":
            passages[-1]["closed"] = True

    # --- Paragraphs and lists -----------------------------------------------------------------------------------------
    def _carry_paragraph(self, node: Tag) -> None:
        pictures = node.find_all("img")
        words = self._inline(node)
        if _has_words(words):
            self._keep_waiting_caption()
            self._add_text(f"<p>{words}</p>")
        self._add_figures(pictures, moved=_has_words(words))

    def _carry_list(self, node: Tag) -> None:
        self._keep_waiting_caption()
        source = self._list(node, 1)
        if source:
            self._add_text(source)
        self._add_figures(node.find_all("img"), moved=True)
        for table in node.find_all("table"):
            self.carried.note(Code.IN_LIST, self._place_of(table), table.get_text(" "))

    def _list(self, node: Tag, depth: int) -> str:
        items = []
        for item in node.find_all("li", recursive=False):
            items += self._item(item, depth)
        if not items:
            return ""
        if node.name == "ol" and node.get("start", "1") != "1":
            self.carried.note(Code.IN_LIST, self._place_of(node), f"{node['start']}.")
        return f"<{node.name}>{''.join(items)}</{node.name}>"

    def _item(self, item: Tag, depth: int) -> list[str]:
        """One item of a list, with the lists inside it; beyond the depth that the editor has, its items follow it."""
        lines: list[str] = []
        inner: list[str] = []
        following: list[str] = []
        words: list[str] = []

        def close_line() -> None:
            line = "".join(words).strip()
            words.clear()
            if _has_words(line):
                lines.append(line)

        for child in item.children:
            if isinstance(child, Tag) and child.name in {"ul", "ol"}:
                close_line()
                if depth < DEEPEST_LIST:
                    inner.append(self._list(child, depth + 1))
                else:
                    self.carried.note(Code.IN_LIST, self._place_of(child), child.get_text(" "))
                    for below in child.find_all("li", recursive=False):
                        following += self._item(below, depth)
            elif isinstance(child, Tag) and child.name in {"p", "pre", "blockquote", "table", "div", *HEADINGS}:
                close_line()
                if child.name != "p":
                    self.carried.note(Code.IN_LIST, self._place_of(child), child.get_text(" "))
                line = self._code_lines(child) if child.name == "pre" else self._inline(child).strip()
                if _has_words(line):
                    lines.append(line)
            else:
                words.append(self._inline_of(child))
        close_line()
        whole = f"<li>{'<br/>'.join(lines)}{''.join(inner)}</li>" if lines or any(inner) else ""
        return [part for part in (whole, *following) if part]

    def _carry_code(self, node: Tag) -> None:
        self.carried.note(Code.CODE, self.place, node.get_text())
        lines = self._code_lines(node)
        if lines:
            self._add_text(f"<p>{lines}</p>")

    @staticmethod
    def _code_lines(node: Tag) -> str:
        lines = node.get_text().rstrip("\n").split("\n")
        return "<br/>".join(f"<code>{_escape(line)}</code>" for line in lines if line.strip())

    # --- Inside a line ------------------------------------------------------------------------------------------------
    def _inline(self, node: Tag) -> str:
        source = "".join(self._inline_of(child) for child in node.children)
        source = re.sub(r"[ \t\n\r\f]+", " ", source)
        return re.sub(r" ?<br/> ?", "<br/>", source).strip(" ")

    def _inline_of(self, node: Any) -> str:
        if isinstance(node, Comment):
            return ""
        if isinstance(node, NavigableString):
            return _escape(str(node))
        if not isinstance(node, Tag):
            return ""
        match node.name:
            case "strong" | "b":
                return self._wrapped(node, "b")
            case "em" | "i":
                return self._wrapped(node, "i")
            case "code":
                words = node.get_text()
                return f"<code>{_escape(words)}</code>" if words.strip() else ""
            case "br":
                return "<br/>"
            case "a":
                return self._link(node)
            case "img":
                return ""
            case "sup" | "sub":
                return self._raised(node)
            case "s" | "del" | "u" | "strike":
                self.carried.note(Code.MARKS, self._place_of(node), node.get_text())
                return self._children(node)
            case "p" | "div" | "li" | "tr" | "blockquote" | "pre" | "td" | "th":
                return f"{self._children(node)} "
            case _:
                return self._children(node)

    def _children(self, node: Tag) -> str:
        return "".join(self._inline_of(child) for child in node.children)

    def _wrapped(self, node: Tag, tag: str) -> str:
        words = self._children(node)
        if not _has_words(words):
            return words
        return f"<{tag}>{words}</{tag}>"

    def _raised(self, node: Tag) -> str:
        words = node.get_text()
        if node.find("a"):
            return self._children(node)  # the mark of a footnote
        table = _RAISED if node.name == "sup" else _LOWERED
        if words and all(ord(sign) in table for sign in words):
            return words.translate(table)
        if words.strip():
            self.carried.note(Code.MARKS, self._place_of(node), words)
        return _escape(words)

    # --- Links --------------------------------------------------------------------------------------------------------
    def _link(self, node: Tag) -> str:
        words = self._children(node)
        address = str(node.get("href") or "")
        target = self._target(address, self._place_of(node), node.get_text())
        if target is None or not _has_words(words):
            return words
        return f'<a href="{html.escape(target)}">{words}</a>'

    def _target(self, address: str, place: int, words: str) -> str | None:
        """The address as it is kept, or None where the words alone stay."""
        # A browser overlooks blanks and control characters within an address, so they are gone before it is judged.
        squeezed = re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ufeff]", "", address)
        if not squeezed:
            return None
        if squeezed.startswith(("#footnote-", "#endnote-")):
            return None
        if squeezed.startswith("#"):
            return f"#{unquote(squeezed[1:])}"
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", squeezed)
        name = scheme[1].lower() if scheme else ""
        if name in SCHEMES and _is_address(squeezed):
            return squeezed
        if name in MATERIALS:
            return self._material(squeezed, place)
        if not scheme and re.search(r"\.(md|markdown|docx)(#|$)", unquote(squeezed), re.IGNORECASE):
            return self._material(f"file:{unquote(squeezed)}", place)
        code = Code.BAD_LINK if scheme else Code.DEAD_LINK
        self.carried.note(code, place, f"{words}: {address}")
        return None

    def _material(self, target: str, place: int) -> str:
        self.carried.links.append((target, place))
        return f"page:{target}"

    # --- Pictures -----------------------------------------------------------------------------------------------------
    def _add_figures(self, pictures: Iterable[Tag], *, moved: bool) -> None:
        for picture in pictures:
            place = self._place_of(picture)
            reference = self._picture(str(picture.get("src") or ""), place)
            if reference is None:
                continue
            if moved:
                self.carried.note(Code.PICTURE_MOVED, place, str(picture.get("alt") or reference))
            self._close_text()
            caption = self.waiting_caption or _squeeze(str(picture.get("title") or ""))
            self.waiting_caption = ""
            alt = _squeeze(str(picture.get("alt") or ""))
            if not alt:
                self.carried.note(Code.NO_ALT, place, caption or reference)
            for text in (alt, caption):
                if len(text) > LONGEST_CAPTION:
                    self.carried.note(Code.CUT, place, text)
            self.carried.pictures.append((reference, place))
            self.caption_of = self._add(
                "figure",
                {"image": f"picture:{reference}", "caption": caption[:LONGEST_CAPTION], "alt": alt[:LONGEST_CAPTION]},
            )

    def _picture(self, source: str, place: int) -> str | None:
        source = source.strip()
        if found := _data_picture.fullmatch(unquote(source)):
            try:
                content = base64.b64decode(found["data"], validate=False)
            except (binascii.Error, ValueError):
                self.carried.note(Code.BAD_PICTURE, place, source)
                return None
            reference = f"data:{len(self.carried.own_pictures) + 1}"
            name = f"picture-{len(self.carried.own_pictures) + 1}.{found['suffix'].replace('jpeg', 'jpg')}"
            self.carried.own_pictures[reference] = (name, content)
            return reference
        if source in self.carried.own_pictures:
            return source
        if re.match(r"([A-Za-z][A-Za-z0-9+.-]*:|//)", source):
            self.carried.note(Code.EXTERNAL_PICTURE, place, source.removeprefix("external:"))
            return None
        return unquote(source) if source else None

    def _carry_caption(self, node: Tag) -> None:
        """Words of the style “Caption” belong to the figure above them, or to the table below."""
        words = _squeeze(node.get_text())
        if self.caption_of is not None and not self.caption_of["value"]["caption"]:
            self.caption_of["value"]["caption"] = words[:LONGEST_CAPTION]
            if len(words) > LONGEST_CAPTION:
                self.carried.note(Code.CUT, self.place, words)
            self.caption_of = None
        else:
            self._keep_waiting_caption()
            self.waiting_caption = words[:LONGEST_CAPTION]

    def _keep_waiting_caption(self) -> None:
        if self.waiting_caption:
            self._add_text(f"<p>{_escape(self.waiting_caption)}</p>")
            self.waiting_caption = ""

    # --- Tables, quotations, callouts ---------------------------------------------------------------------------------
    def _carry_table(self, node: Tag) -> None:
        caption, self.waiting_caption = self.waiting_caption, ""
        rows = [row for row in node.find_all("tr") if row.find_parent("table") is node]
        grid = [self._row(row) for row in rows]
        width = max((len(row) for row in grid), default=0)
        if not width or not any(any(row) for row in grid):
            return
        data = [[*row, *[""] * (width - len(row))] for row in grid]
        head = rows[0].find_parent("thead") is not None or _is_bold(rows[0])
        if head and not any(data[0]) and len(data) > 1:
            data, head = data[1:], False
        column = head and data[0][0] == "" and len(data) > 1
        self._add(
            "table",
            {
                "data": data,
                "table_caption": caption,
                "first_row_is_table_header": head,
                "first_col_is_header": column,
                "table_header_choice": ("both" if column else "row") if head else "neither",
            },
        )
        self._add_figures(node.find_all("img"), moved=True)

    def _row(self, row: Tag) -> list[str]:
        cells: list[str] = []
        for cell in row.find_all(["td", "th"], recursive=False):
            place = self._place_of(cell)
            words = _squeeze(cell.get_text(" " if cell.find(["p", "br", "li", "td"]) else ""))
            if cell.find("table"):
                self.carried.note(Code.NESTED_TABLE, place, words)
            elif cell.find(["ul", "ol", "blockquote", "pre"]):
                self.carried.note(Code.IN_CELL, place, words)
            for link in cell.find_all("a", href=True):
                self.carried.note(Code.LINK_IN_PLAIN, place, f"{link.get_text()}: {link['href']}")
            cells.append(words)
            span = str(cell.get("colspan") or "1")
            if span != "1" or str(cell.get("rowspan") or "1") != "1":
                self.carried.note(Code.MERGED_CELLS, place, words)
            cells += [""] * (min(int(span), 50) - 1 if span.isdigit() else 0)
        return cells

    def _carry_quote(self, node: Tag) -> None:
        self._keep_waiting_caption()
        blocks = [child for child in node.children if isinstance(child, Tag)]
        first = self._inline(blocks[0]) if blocks and blocks[0].name == "p" else ""
        found = _callout.match(first)
        if found and found["kind"].lower() in _CALLOUTS:
            self._carry_callout(blocks, first[found.end() :], _CALLOUTS[found["kind"].lower()])
            return
        lines: list[str] = []
        for block in blocks:
            if block.name != "p":
                self.carried.note(Code.IN_QUOTE, self._place_of(block), block.get_text(" "))
            for link in block.find_all("a", href=True):
                self.carried.note(Code.LINK_IN_PLAIN, self._place_of(link), f"{link.get_text()}: {link['href']}")
            pieces = block.find_all(["li", "p"]) if block.name != "p" else [block]
            lines += [text for piece in (pieces or [block]) if (text := _squeeze_lines(piece))]
        by = ""
        if lines:
            *before, last = "\n\n".join(lines).split("\n")
            signed = re.match(r"\s*(?:—|–|--)\s*(?P<by>.{1,120})$", last)
            if signed and any(line.strip() for line in before) and not any(line.startswith("—") for line in before):
                by, lines = signed["by"].strip(), ["\n".join(before).strip()]
        if lines:
            self._close_text()
            self._add("quote", {"text": "\n\n".join(lines), "by": by})
        self._add_figures(node.find_all("img"), moved=True)

    def _carry_callout(self, blocks: list[Tag], first: str, kind: str) -> None:
        lines = [first] if _has_words(first) else []
        for block in blocks[1:]:
            if block.name == "p":
                lines.append(self._inline(block))
                continue
            self.carried.note(Code.IN_QUOTE, self._place_of(block), block.get_text(" "))
            pieces = block.find_all(["li", "p"]) or [block]
            lines += [self._inline(piece) for piece in pieces]
        text = "".join(f"<p>{line}</p>" for line in lines if _has_words(line))
        if text:
            self._close_text()
            self._add("callout", {"kind": kind, "text": text})

    # --- The end ------------------------------------------------------------------------------------------------------
    def _place_opening(self) -> None:
        """Text before the first heading: one plain paragraph is what lists show “in short”, more is a section."""
        if not self.before:
            return
        only = self.before[0]["value"] if len(self.before) == 1 and self.before[0]["type"] == "text" else ""
        paragraph = re.fullmatch(r"<p>([^<]{1,400})</p>", only) if self.carried.sections else None
        if paragraph and not self.has_intro:
            self.carried.meta["intro"] = html.unescape(paragraph[1])
            return
        heading = self.opening
        if self.carried.sections:
            self.carried.note(Code.OPENING, self.before_place, heading)
        else:  # a text without headings stands under its title
            heading = self.stated_title or self.carried.title or self.opening
        value = {"heading": heading[:LONGEST_HEADING], "anchor": "", "body": self.before, "shareable": False}
        section = {"type": "section", "id": self.new_id(), "value": value, "at": self.before_place}
        self.carried.sections.insert(0, section)

    def _finish(self) -> None:
        """Anchors told apart, links within the text checked, marks of the way taken off."""
        taken: set[str] = {section["value"]["anchor"] for section in self.carried.sections}
        seen: set[str] = set()
        numbers: dict[str, int] = {}
        for section in self.carried.sections:
            value, place = section["value"], section.pop("at")
            anchor = value["anchor"]
            if anchor and anchor in seen:
                self.carried.note(Code.ANCHOR, place, f"#{anchor}")
                anchor = ""
            if not anchor:
                anchor = _free(suggest_anchor(value["heading"]), taken, numbers)
            value["anchor"] = anchor
            seen.add(anchor)
            taken.add(anchor)
            if not value["body"]:
                self.carried.note(Code.EMPTY_SECTION, place, value["heading"])
            for block in value["body"]:
                block.pop("closed", None)
        anchors = seen - {""}

        def check(found: re.Match[str]) -> str:
            if html.unescape(found["anchor"]) in anchors:
                return found[0]
            self.carried.note(Code.DEAD_LINK, 0, f"{_unmark(found['words'])}: #{html.unescape(found['anchor'])}")
            return found["words"]

        map_texts(self.carried.sections, lambda text: _inner_link.sub(check, text))

    def _place_of(self, node: Tag) -> int:
        """The nearest place: the node's own, one inside it, or one around it."""
        for candidate in (node, node.find(None, {"data-at": True}), node.find_parent(None, {"data-at": True})):
            at = candidate.get("data-at") if isinstance(candidate, Tag) else None
            if at:
                return int(str(at))
        return self.place


_inner_link = re.compile(r'<a href="#(?P<anchor>[^"]*)">(?P<words>.*?)</a>')
_page_link = re.compile(r'<a href="page:(?P<target>[^"]*)">(?P<words>.*?)</a>')


def map_texts(blocks: list[Block], change: Callable[[str], str]) -> None:
    """Change every rich text of sections or passages, where they stand."""
    for block in blocks:
        if block["type"] == "section":
            map_texts(block["value"]["body"], change)
        elif block["type"] == "text":
            block["value"] = change(block["value"])
        elif block["type"] == "callout":
            block["value"]["text"] = change(block["value"]["text"])


def resolve_links(blocks: list[Block], find_page: Callable[[str], int | None]) -> None:
    """Let links to other materials lead to pages; where there is none, the words stay.

    Args:
        find_page: from ``doc:slug#anchor`` or ``file:path.md`` to the page's id; 0 leaves the link for later.
    """

    def link(found: re.Match[str]) -> str:
        page_id = find_page(html.unescape(found["target"]))
        if page_id == 0:
            return found[0]
        return f'<a id="{page_id}" linktype="page">{found["words"]}</a>' if page_id else found["words"]

    map_texts(blocks, lambda text: _page_link.sub(link, text))


def resolve_pictures(blocks: list[Block], find_image: Callable[[str], int | str | None]) -> None:
    """Put images into the figures; a figure whose picture is not there goes.

    Args:
        find_image: from the reference to the image's id, or to another reference.
    """
    for block in list(blocks):
        if block["type"] == "section":
            resolve_pictures(block["value"]["body"], find_image)
        elif block["type"] == "figure" and isinstance(image := block["value"]["image"], str):
            found = find_image(image.removeprefix("picture:"))
            if found is None:
                blocks.remove(block)
            else:
                block["value"]["image"] = found if isinstance(found, int) else f"picture:{found}"


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) if parts.scheme.lower() in {"http", "https"} else bool(parts.path)


def _is_bold(row: Tag) -> bool:
    """Whether every cell of a row that has words has them in bold, as a row of headings is marked by hand."""
    cells = [cell for cell in row.find_all(["td", "th"], recursive=False) if cell.get_text(strip=True)]
    return bool(cells) and all(
        cell.name == "th"
        or all(text.find_parent(["strong", "b"]) for text in cell.find_all(string=True) if text.strip())
        for cell in cells
    )


def _free(anchor: str, taken: set[str], numbers: dict[str, int]) -> str:
    """The anchor, with a number behind it where it is taken; ``numbers`` remembers how far one has counted."""
    if not anchor or anchor not in taken:
        return anchor
    start = anchor[: LONGEST_ANCHOR - 4]
    number = numbers.get(start, 2)
    while (candidate := f"{start}-{number}") in taken:
        number += 1
    numbers[start] = number
    return candidate


def _escape(text: str) -> str:
    """Text for rich text, without the characters that no database keeps."""
    return html.escape(text.replace("\x00", ""), quote=False)


def _squeeze(text: str) -> str:
    """On one line; no-break spaces stay."""
    return re.sub(r"[ \t\n\r\f]+", " ", text.replace("\x00", "")).strip(" ")


def _squeeze_lines(node: Tag) -> str:
    """A paragraph as plain text, its forced line breaks kept."""
    parts = []
    for text in node.descendants:
        if isinstance(text, Tag):
            parts.append("\x00" if text.name == "br" else "")
        elif not isinstance(text, Comment):
            parts.append(str(text).replace("\x00", ""))
    return "\n".join(line.strip(" ") for line in re.sub(r"[ \t\n\r\f]+", " ", "".join(parts)).split("\x00")).strip()


def _plain(text: str) -> str:
    return _squeeze(text).casefold()


def _has_words(source: str) -> bool:
    return bool(re.sub(r"<[^>]*>|&nbsp;|\s", "", source))


def _unmark(source: str) -> str:
    return short(html.unescape(re.sub(r"<[^>]*>", "", source)))
