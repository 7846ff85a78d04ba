"""Markdown as plain HTML, each block with the line that it stands on. No HTML of the file's own comes through."""

import html
import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from training.carrying.documents import Carried, Code
from training.carrying.folders import read_letters
from training.carrying.fronts import split_front
from training.carrying.passages import carry_html

_tag = re.compile(r"<\s*(/?)\s*([A-Za-z][A-Za-z0-9-]*)")
#: Tags between which nothing is text.
_SILENT = frozenset({"script", "style", "iframe", "object", "embed", "noscript", "template"})
_line_break = re.compile(r"<br\s*/?>", re.IGNORECASE)
#: One that is never closed goes to the end: its end, sought anew from each of a thousand openings, would take minutes.
_comment = re.compile(r"<!--.*?(?P<end>-->|\Z)", re.DOTALL)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 20}).enable(["table", "strikethrough"])
    # Addresses that are not allowed are found, and named, where links are carried; refused here they would stay as text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005 -- as markdown-it asks
    return parser


_markdown = _parser()


def carry_markdown(name: str, data: bytes, *, new_id: Any, opening: str) -> tuple[Carried, dict[str, tuple[Any, int]]]:
    """A Markdown file as sections, and its front matter as it stands there.

    Args:
        new_id: called for the id of each block.
        opening: the heading of text that stands before the first heading.

    Raises:
        Unreadable: it is no text, or its front matter cannot be read.
    """
    carried = Carried(name)
    text, encoding = read_letters(name, data)
    if encoding != "UTF-8":
        carried.note(Code.ENCODING, words=encoding)
    front, body, before = split_front(text, carried)
    tokens = _markdown.parse(body)
    _prepare(tokens, before, carried)
    rendered = _markdown.renderer.render(tokens, _markdown.options, {})
    stated = {key: value for key, (value, _line) in front.items() if isinstance(value, str)}
    stated["title"] = stated.get("title") or stated.get("objection", "")
    carry_html(rendered, carried, stated=stated, new_id=new_id, opening=opening)
    return carried, front


def _prepare(tokens: Sequence[Token], before: int, carried: Carried) -> None:
    """Give each block its line, and take out HTML that the file holds."""
    line = before + 1
    for token in tokens:
        if token.map:
            line = token.map[0] + before + 1
        if token.nesting >= 0 and token.type != "inline":
            token.attrSet("data-at", str(line))
        if token.type == "html_block":
            _leave_out(token, line, carried)
        elif token.type == "inline" and token.children:
            token.children = _without_html(token.children, line, carried)


def _leave_out(token: Token, line: int, carried: Carried) -> None:
    words = _comment.sub(lambda found: "" if found["end"] else found[0], token.content).strip()
    if words and not _line_break.fullmatch(words):
        carried.note(Code.RAW_HTML, line, words)
    token.content = ""


def _without_html(children: Sequence[Token], line: int, carried: Carried) -> list[Token]:
    kept: list[Token] = []
    silent = ""
    at = line
    for token in children:
        if token.type in {"softbreak", "hardbreak"}:
            at += 1
        if token.type != "html_inline":
            if not silent:
                kept.append(token)
            continue
        if _line_break.fullmatch(token.content):
            kept.append(Token("hardbreak", "br", 0))
            continue
        tag = _tag.match(token.content)
        name = tag[2].lower() if tag else ""
        if tag and tag[1]:
            silent = "" if name == silent else silent
            continue
        if not token.content.startswith("<!--"):
            carried.note(Code.RAW_HTML, at, html.unescape(token.content))
        if name in _SILENT and not token.content.endswith("/>"):
            silent = silent or name
    return kept
