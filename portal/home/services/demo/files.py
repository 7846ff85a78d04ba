"""Reading the demo's files: TOML, Markdown with front matter, and the blocks that the Markdown becomes.

Nothing here touches the database. The format is described in ``portal/home/demo/README.md``.
"""

import re
import tomllib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt

FOLDER = Path(__file__).resolve().parents[2] / "demo"
LANGUAGES = ("en", "ru")
#: Every id in the demo is derived from its place, so that citations hold from one load to the next.
NAMESPACE = uuid.UUID("5f0c0f6e-8d0f-4f0a-9b5e-6c7d1f0a2b11")

_inline = MarkdownIt("commonmark", {"html": False})
_heading = re.compile(r"^##\s+(?P<heading>.+?)(?:\s+\{#(?P<anchor>[a-z0-9-]+)(?P<shareable>\s+\.shareable)?\})?$")
_figure = re.compile(r'^!\[(?P<alt>[^\]]*)\]\((?P<path>[^\s)]+)(?:\s+"(?P<caption>[^"]*)")?\)$')
_link = re.compile(
    r'<a href="(?P<target>(?:doc|card|lesson|script|standard|case|price|video):[^"]+)">(?P<words>.*?)</a>'
)
_callout = re.compile(r"^>\s*\[!(?P<kind>NOTE|TIP|WARNING|INTERNAL)\]\s*$")

#: What a link names ("doc:voice-overview") -> the id of the page
FindPage = Callable[[str], int | None]
#: A picture's path ("images/x.svg") -> the id of the image
FindImage = Callable[[str], int]


class TextSection(NamedTuple):
    """A heading and the lines under it; ``shareable`` where it may be sent to a customer."""

    heading: str
    anchor: str
    lines: list[str]
    shareable: bool = False


@dataclass(frozen=True)
class Text:
    """A file in one language: what it says of itself (front matter, or the rows of a TOML file), and its sections."""

    slug: str
    meta: dict[str, Any]
    sections: list[TextSection]


def read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def read_text(path: Path, *, slug: str | None = None) -> Text:
    """Read a Markdown file with TOML front matter.

    Raises:
        ValueError: when the front matter is missing.
    """
    _before, separator, rest = path.read_text(encoding="utf-8").partition("+++\n")
    front, closing, body = rest.partition("\n+++\n")
    if not separator or not closing:
        raise ValueError(f"{path} has no front matter between two lines of +++")
    return Text(slug or path.stem, tomllib.loads(front), _find_sections(body))


def _find_sections(body: str) -> list[TextSection]:
    sections: list[TextSection] = []
    for line in body.strip().split("\n"):
        if found := _heading.match(line):
            anchor = found["anchor"] or found["heading"]
            sections.append(TextSection(found["heading"], anchor, [], bool(found["shareable"])))
        elif sections:
            sections[-1].lines.append(line)
        elif line.strip():
            sections.append(TextSection("", "", [line]))
    return sections


def read_texts(folder: str, language: str, below: str = "") -> Iterator[Text]:
    """Every Markdown file of a folder in one language, by name."""
    for path in sorted((FOLDER / folder / language / below).glob("*.md")):
        yield read_text(path)


def read_tables(folder: str, language: str) -> Iterator[Text]:
    """Every TOML file of a folder, each of which holds all languages, as it reads in one; by name."""
    for path in sorted((FOLDER / folder).glob("*.toml")):
        meta = in_language(tomllib.loads(path.read_text(encoding="utf-8")), language)
        yield Text(path.stem, meta, _find_sections(meta.get("body", "")))


def in_language(value: Any, language: str) -> Any:
    """The value with every ``{ en = …, ru = … }`` in it replaced by the language's own."""
    if isinstance(value, dict):
        if value.keys() == set(LANGUAGES):
            return value[language]
        return {key: in_language(part, language) for key, part in value.items()}
    return [in_language(part, language) for part in value] if isinstance(value, list) else value


def block_id(*place: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "/".join(place)))


def translation_key(kind: str, slug: str) -> uuid.UUID:
    """The key that a page shares with its translations."""
    return uuid.uuid5(NAMESPACE, f"page/{kind}/{slug}")


def section_blocks(text: Text, *, find_page: FindPage, find_image: FindImage) -> list[dict[str, Any]]:
    """The sections as the raw value of a body."""
    return [
        {
            "type": "section",
            "id": block_id(text.slug, section.anchor),
            "value": {
                "heading": section.heading,
                "anchor": section.anchor,
                "body": passage_blocks(
                    section.lines, place=(text.slug, section.anchor), find_page=find_page, find_image=find_image
                ),
                "shareable": section.shareable,
            },
        }
        for section in text.sections
    ]


def passage_blocks(
    lines: list[str], *, place: tuple[str, ...], find_page: FindPage, find_image: FindImage
) -> list[dict[str, Any]]:
    """Lines of Markdown as the raw value of a stream of passages."""
    passages: list[dict[str, Any]] = []
    for number, group in enumerate(_groups(lines)):
        kind, value = _passage(group, find_page=find_page, find_image=find_image)
        if kind == "text" and passages and passages[-1]["type"] == "text":
            passages[-1]["value"] += value  # paragraphs and lists in a row are one text
        else:
            passages.append({"type": kind, "id": block_id(*place, str(number)), "value": value})
    return passages


def _groups(lines: list[str]) -> Iterator[list[str]]:
    group: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            group.append(line.rstrip())
        elif group:
            yield group
            group = []


def _passage(group: list[str], *, find_page: FindPage, find_image: FindImage) -> tuple[str, Any]:
    def inline(text: str) -> str:
        return rich_text(text, find_page=find_page)

    first = group[0]
    if found := _figure.match(first):
        figure = {"image": find_image(found["path"]), "caption": found["caption"] or "", "alt": found["alt"]}
        return "figure", figure
    if found := _callout.match(first):
        words = " ".join(line.lstrip("> ").strip() for line in group[1:])
        return "callout", {"kind": found["kind"].lower(), "text": f"<p>{inline(words)}</p>"}
    if first.startswith(">"):
        return "quote", {"text": plain_text(" ".join(line.lstrip("> ").strip() for line in group)), "by": ""}
    if first.startswith("|"):
        return "table", _table(group)
    if re.match(r"- ", first):
        return "text", "<ul>" + "".join(f"<li>{inline(line[2:])}</li>" for line in group) + "</ul>"
    if re.match(r"\d+\. ", first):
        items = (inline(re.sub(r"^\d+\. ", "", line)) for line in group)
        return "text", "<ol>" + "".join(f"<li>{item}</li>" for item in items) + "</ol>"
    return "text", f"<p>{inline(' '.join(group))}</p>"


def _table(group: list[str]) -> dict[str, Any]:
    rows = [[plain_text(cell.strip()) for cell in line.strip().strip("|").split("|")] for line in group]
    data = [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    return {
        "data": data,
        "table_caption": "",
        "first_row_is_table_header": True,
        "first_col_is_header": data[0][0] == "",
        "table_header_choice": "both" if data[0][0] == "" else "row",
    }


def rich_text(source: str, *, find_page: FindPage) -> str:
    """Inline Markdown as Wagtail's rich text, links by page."""
    html = _inline.renderInline(source)
    html = re.sub(r"<(/?)strong>", r"<\1b>", html)
    html = re.sub(r"<(/?)em>", r"<\1i>", html)

    def link(found: re.Match[str]) -> str:
        page_id = find_page(found["target"].partition("#")[0])
        return f'<a linktype="page" id="{page_id}">{found["words"]}</a>' if page_id else found["words"]

    return _link.sub(link, html)


def plain_text(source: str) -> str:
    """Inline Markdown without its marks."""
    return re.sub(
        r"\[([^\]]+)\]\([^)]+\)|\*\*?([^*]+)\*\*?|`([^`]+)`", lambda m: next(g for g in m.groups() if g), source
    )


def markdown_body(text: Text) -> str:
    """A document's sections as Markdown, anchors left out."""
    return "\n\n".join(f"## {part.heading}\n" + "\n".join(part.lines) for part in text.sections).strip()
