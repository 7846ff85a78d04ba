"""Blocks that every long text is built from.

A body is a stream of *sections*; each has a heading, an anchor that is the same in every language, and a stream of
passages. A section's block id never changes: exams, progress and readers' remarks cite ``(translation_key, block_id)``.
There is no raw HTML and nothing embedded from elsewhere.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.html import strip_tags
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.contrib.table_block.blocks import TableBlock as WagtailTableBlock
from wagtail.images.blocks import ImageChooserBlock
from wagtail_localize.segments import StringSegmentValue

#: What an editor may do inside a paragraph: headings belong to sections, pictures to figures.
PASSAGE_FEATURES = ["bold", "italic", "code", "ol", "ul", "link", "document-link"]
LINE_FEATURES = ["bold", "italic", "code", "link", "document-link"]

ANCHOR = re.compile(r"[a-z][a-z0-9-]*")


class AnchorBlock(blocks.CharBlock):
    """The name of a section in addresses. The same in every language, so it is never handed to translators."""

    def get_translatable_segments(self, value: str) -> list[Any]:  # noqa: ARG002 -- as wagtail-localize asks
        return []

    def restore_translated_segments(self, value: str, segments: list[Any]) -> str:  # noqa: ARG002 -- likewise
        return value

    def clean(self, value: str) -> str:
        anchor = super().clean(value)
        if anchor and not ANCHOR.fullmatch(anchor):
            raise ValidationError(
                _("Use small Latin letters, digits and hyphens, beginning with a letter: “first-call”.")
            )
        return str(anchor)


class FigureBlock(blocks.StructBlock):
    """A picture with words under it, and words instead of it."""

    image = ImageChooserBlock(label=_("image"))
    caption = blocks.CharBlock(label=_("caption"), required=False, max_length=250)
    alt = blocks.CharBlock(
        label=_("in words"),
        max_length=250,
        help_text=_("What the picture tells, for those who do not see it."),
    )

    class Meta:
        icon = "image"
        label = _("Figure")
        template = "content/blocks/figure.html"
        preview_value = None


class TableBlock(WagtailTableBlock):
    """A table with a caption. Its cells are plain text and are handed to translators one by one."""

    def get_translatable_segments(self, value: dict[str, Any] | None) -> list[Any]:
        if not value:
            return []
        cells = [
            StringSegmentValue(f"{row}-{column}", text)
            for row, column, text in self._cells(value)
            if text and any(sign.isalpha() for sign in text)
        ]
        caption = value.get("table_caption")
        return [*cells, StringSegmentValue("caption", caption)] if caption else cells

    def restore_translated_segments(self, value: dict[str, Any], segments: list[Any]) -> dict[str, Any]:
        data = [list(row) for row in value.get("data", [])]
        caption = value.get("table_caption", "")
        for segment in segments:
            if segment.path == "caption":
                caption = segment.render_text()
                continue
            row, column = (int(part) for part in segment.path.split("-"))
            data[row][column] = segment.render_text()
        return {**value, "data": data, "table_caption": caption}

    def render(
        self,
        value: dict[str, Any] | None,
        context: dict[str, Any] | None = None,  # noqa: ARG002 -- Wagtail's signature; a table needs no page
    ) -> str:
        """The table as the portal draws tables: on a narrow screen each row becomes a card with its columns named."""
        data = [["" if cell is None else str(cell) for cell in row] for row in (value or {}).get("data", [])]
        if not value or not data:
            return ""
        choice = value.get("table_header_choice", "neither")
        heads, rows = (data[0], data[1:]) if choice in {"row", "both"} else ([], data)
        labels = [*heads, *[""] * max(len(row) for row in data)]
        return render_to_string(
            self.meta.template,
            {
                "caption": value.get("table_caption", ""),
                "heads": heads,
                "rows": [list(zip(labels, row, strict=False)) for row in rows],
                "first_column_heads": choice in {"column", "both"},
            },
        )

    @staticmethod
    def _cells(value: dict[str, Any]) -> Iterator[tuple[int, int, str]]:
        for row, cells in enumerate(value.get("data", [])):
            for column, text in enumerate(cells):
                yield row, column, text

    class Meta:
        icon = "table"
        label = _("Table")
        template = "content/blocks/table.html"


class CalloutBlock(blocks.StructBlock):
    """A short word aside: a note, a tip, or a warning."""

    kind = blocks.ChoiceBlock(
        label=_("kind"),
        choices=[
            ("note", _("Note")),
            ("tip", _("Tip")),
            ("warning", _("Warning")),
            ("internal", _("For partners only")),
        ],
        default="note",
        help_text=_("What is for partners only is left out when the section is sent to a customer."),
    )
    text = blocks.RichTextBlock(label=_("text"), features=LINE_FEATURES)

    class Meta:
        icon = "info-circle"
        label = _("Callout")
        template = "content/blocks/callout.html"


class QuoteBlock(blocks.StructBlock):
    """Something said aloud: a customer's words, or ours."""

    text = blocks.TextBlock(label=_("words"), rows=2)
    by = blocks.CharBlock(label=_("who says it"), required=False, max_length=120)

    class Meta:
        icon = "openquote"
        label = _("Quotation")
        template = "content/blocks/quote.html"


class PassageBlock(blocks.StreamBlock):
    """What stands under a heading."""

    text = blocks.RichTextBlock(
        label=_("Text"), icon="pilcrow", features=PASSAGE_FEATURES, template="content/blocks/text.html"
    )
    figure = FigureBlock()
    table = TableBlock(
        table_options={"renderer": "text", "contextMenu": True},
    )
    callout = CalloutBlock()
    quote = QuoteBlock()

    class Meta:
        template = "content/blocks/passages.html"


class SectionBlock(blocks.StructBlock):
    """A heading with what stands under it; the part of a material that can be cited and linked to."""

    heading = blocks.CharBlock(label=_("heading"), max_length=160)
    anchor = AnchorBlock(
        label=_("anchor"),
        required=False,
        max_length=60,
        help_text=_("Ends the section's address (“…#first-call”). Left empty, it is made from the heading."),
    )
    body = PassageBlock(label=_("body"))
    shareable = blocks.BooleanBlock(
        label=_("may be sent to a customer"),
        required=False,
        help_text=_("Left unticked, the section is for partners only."),
    )

    def clean(self, value: Any) -> Any:
        section = super().clean(value)
        if not section["anchor"]:
            section["anchor"] = suggest_anchor(section["heading"])
        return section

    class Meta:
        icon = "title"
        label = _("Section")
        template = "content/blocks/section.html"
        form_classname = "struct-block"


class BodyBlock(blocks.StreamBlock):
    """The body of a material or a lesson: sections, each with an anchor of its own."""

    section = SectionBlock()

    def clean(self, value: Any) -> Any:
        body = super().clean(value)
        seen: dict[str, int] = {}
        errors = {}
        for index, child in enumerate(body):
            anchor = child.value["anchor"]
            if anchor and anchor in seen:
                message = _("“%(anchor)s” is the anchor of section %(number)s already. Give this one another.") % {
                    "anchor": anchor,
                    "number": seen[anchor] + 1,
                }
                errors[index] = blocks.StructBlockValidationError({"anchor": ValidationError(message)})
            seen.setdefault(anchor, index)
        if errors:
            raise blocks.StreamBlockValidationError(block_errors=errors)
        return body

    class Meta:
        template = "content/blocks/body.html"


def suggest_anchor(heading: str) -> str:
    """An anchor from a heading in Latin letters; empty where there are none, and the block id serves instead."""
    return re.sub(r"^[^a-z]+", "", slugify(heading))[:60]


@dataclass(frozen=True)
class Section:
    """A section as lists of contents and citations name it."""

    block_id: str
    anchor: str
    heading: str


def list_sections(body: Any) -> list[Section]:
    """The sections of a body, read from its raw data: no image, page or document is fetched."""
    return [
        Section(
            block_id=child.get("id") or "",
            anchor=child["value"].get("anchor") or child.get("id") or "",
            heading=child["value"].get("heading", ""),
        )
        for child in body.raw_data
        if child["type"] == "section"
    ]


def write_plain(passages: Iterable[Any]) -> str:
    """Passages as plain text with an empty line between paragraphs, for copying into a chat or an e-mail."""
    lines: list[str] = []
    for child in passages:
        match child.block_type:
            case "text":
                source = re.sub(r"<li[^>]*>", "\n– ", child.value.source)
                source = re.sub(r"</p>|</ul>|</ol>|<br\s*/?>", "\n\n", source)
                lines.append(_strip(source))
            case "quote":
                lines.append(child.value["text"])
            case "callout":
                lines.append(_strip(child.value["text"].source))
            case "table":
                lines.extend(" | ".join(cell or "" for cell in row) for row in child.value.get("data", []))
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(line.strip() for line in lines if line.strip()))


def _strip(source: str) -> str:
    return html.unescape(strip_tags(source)).replace("\xa0", " ")
