"""What a material says, as paragraphs of plain text: what changes are compared by, and what remarks quote.

Said once for all types. Every text that a type declares is one paragraph under the field's name; a StreamField is
walked through its stored form, so that a version that is not live reads like the one that is. A passage inside a
section is a paragraph of its own under the section's heading. Names of other pages are left out everywhere: whoever
reads this page may not be let into those.
"""

import html
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils import translation
from django.utils.choices import flatten_choices
from django.utils.html import strip_tags
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from modelcluster.models import get_all_child_relations
from wagtail import blocks
from wagtail.contrib.table_block.blocks import TableBlock
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.fields import StreamField
from wagtail.images.blocks import ImageChooserBlock
from wagtail.models import Page

from portal.content.blocks import AnchorBlock, CalloutBlock, FigureBlock, QuoteBlock
from training.blocks import CheckBlock, PriceBlock
from training.differences import Block
from training.models import MaterialPage

#: Of what all materials have, what is read on the page itself.
HEAD = ("title", "intro")


def list_paragraphs(page: MaterialPage, *, name_files: bool = False) -> list[Block]:
    """Every paragraph of the material in the order of its fields, in the page's own language.

    Args:
        page: of its specific type; live, or made from a revision.
        name_files: whether pictures and files are told by their titles; costs a query for each.
    """
    with translation.override(page.locale.language_code):
        found = [*_walk_fields(page, [page._meta.get_field(name) for name in HEAD], name_files)]
        own = [field for field in type(page)._meta.local_fields if field.editable and not field.auto_created]
        found += _walk_fields(page, own, name_files)
        if name_files:
            found += _walk_rows(page)
    return [block for block in found if block.text]


def find_paragraph(page: MaterialPage, block_id: str) -> Block | None:
    """The paragraph of that id; for the id of a section, all that stands in it."""
    found = list_paragraphs(page)
    whole = next((block for block in found if block.id == block_id), None)
    if whole is None:
        return None
    inside = set(_list_inside(page, block_id))
    texts = [whole.text, *(block.text for block in found if block.id in inside)]
    return Block(whole.id, whole.label, "\n\n".join(texts))


def _list_inside(page: MaterialPage, block_id: str) -> Iterator[str]:
    """The ids of the passages of a section."""
    for field in type(page)._meta.local_fields:
        if isinstance(field, StreamField):
            for place, child in enumerate(getattr(page, field.name).raw_data):
                if _find_id(child, field.name, place) == block_id and isinstance(child["value"], dict):
                    yield from (
                        _find_id(passage, block_id, number)
                        for number, passage in enumerate(child["value"].get("body") or [])
                        if isinstance(passage, dict) and "type" in passage
                    )


def _walk_fields(page: MaterialPage, fields: list[Any], name_files: bool) -> Iterator[Block]:
    for field in fields:
        label = capfirst(str(field.verbose_name))
        if isinstance(field, StreamField):
            stream = getattr(page, field.name)
            yield from _walk_stream(stream.stream_block, stream.raw_data, label, field.name, name_files)
        elif isinstance(field, models.ForeignKey):
            if name_files and not issubclass(field.related_model, Page):
                other = getattr(page, field.name)
                yield Block(field.name, label, str(other) if other is not None else "")
        elif field.name == "slug" or isinstance(field, models.OneToOneField):
            continue
        else:
            yield Block(field.name, label, _write_field(page, field))


def _write_field(page: MaterialPage, field: Any) -> str:
    value = field.value_from_object(page)
    if value in (None, "", False):
        return ""
    if value is True:
        return _("yes")
    if field.choices:
        return str(getattr(page, f"get_{field.name}_display")())
    return _write_value(value)


def _write_value(value: Any) -> str:
    """A field's value; an amount reads the same whether it comes from a form, a revision or the database."""
    if isinstance(value, Decimal):
        return _write_number(value)
    return "" if value is None else str(value).strip()


def _walk_rows(page: MaterialPage) -> Iterator[Block]:
    """Rows that belong to the page, such as the discounts of a price list; those that name pages are left out."""
    inherited = {relation.name for relation in get_all_child_relations(MaterialPage)}
    for relation in get_all_child_relations(type(page)):
        if relation.name in inherited:
            continue
        told = [
            field
            for field in relation.related_model._meta.local_fields
            if field.editable and not field.primary_key and field.name != "sort_order" and field != relation.field
        ]
        if any(isinstance(field, models.ForeignKey) and issubclass(field.related_model, Page) for field in told):
            continue
        label = capfirst(str(relation.related_model._meta.verbose_name))
        for place, row in enumerate(getattr(page, relation.name).all()):
            values = [_write_value(getattr(row, field.name)) for field in told]
            yield Block(f"{relation.name}-{row.pk or place}", label, ", ".join(filter(None, values)))


def _walk_stream(
    definition: blocks.BaseStreamBlock, children: Any, label: str, path: str, name_files: bool
) -> Iterator[Block]:
    for place, child in enumerate(children or []):
        block = definition.child_blocks.get(child["type"])
        if block is None:
            continue
        block_id, value = _find_id(child, path, place), child["value"]
        inner = _find_streams(block) if isinstance(value, dict) else []
        if not inner:
            yield Block(block_id, label, _write(block, value, name_files))
            continue
        heading = str(value.get("heading") or value.get("title") or "") or capfirst(str(block.label))
        plain = {name: part for name, part in value.items() if name not in inner}
        head = block.child_blocks.get("heading")
        head_label = capfirst(str(head.label)) if head is not None else label
        yield Block(block_id, head_label, _write(block, plain, name_files, named=False))
        for name in inner:
            yield from _walk_stream(block.child_blocks[name], value.get(name), heading, block_id, name_files)


def _find_id(child: Any, path: str, place: int) -> str:
    """A block's own id; where an old or imported text has none, its place."""
    return str(child.get("id") or f"{path}-{place}")


def _find_streams(block: blocks.Block) -> list[str]:
    """The streams inside a block, by name: their passages are paragraphs of their own."""
    if not isinstance(block, blocks.BaseStructBlock):
        return []
    return [name for name, inner in block.child_blocks.items() if isinstance(inner, blocks.BaseStreamBlock)]


def _write(block: blocks.Block, value: Any, name_files: bool, *, named: bool = True) -> str:
    """One block as plain text; empty where it says nothing to a reader."""
    if value in (None, "", False, []):
        return ""
    for kind, writer in WRITERS:
        if isinstance(block, kind):
            return writer(block, value, name_files)
    if isinstance(block, blocks.BaseStructBlock):
        lines = [
            (capfirst(str(inner.label)), _write(inner, value.get(name), name_files))
            for name, inner in block.child_blocks.items()
        ]
        told = [(label, text) for label, text in lines if text]
        if len(told) == 1 or not named:
            return "\n".join(text for _label, text in told)
        return "\n".join(f"{label}: {text}" for label, text in told)
    return str(value).strip()


def _write_html(_block: blocks.Block, value: Any, _name_files: bool) -> str:
    source = re.sub(r"<li[^>]*>", "\n– ", str(value))
    source = re.sub(r"</(?:p|ul|ol|h\d)>|<br\s*/?>", "\n", source)
    text = html.unescape(strip_tags(source)).replace("\xa0", " ")
    return re.sub(r"\n{2,}", "\n", "\n".join(line.strip() for line in text.splitlines())).strip()


def _write_table(_block: blocks.Block, value: Any, _name_files: bool) -> str:
    rows = [" | ".join(str(cell or "") for cell in row) for row in value.get("data") or []]
    return "\n".join([*filter(None, [value.get("table_caption")]), *rows])


def _write_list(block: Any, value: Any, name_files: bool) -> str:
    items = [item["value"] if isinstance(item, dict) and "value" in item else item for item in value]
    texts = (_write(block.child_block, item, name_files, named=False).replace("\n", ", ") for item in items)
    return "; ".join(text for text in texts if text)


def _write_stream(block: Any, value: Any, name_files: bool) -> str:
    inner = (_write(block.child_blocks[child["type"]], child["value"], name_files) for child in value)
    return "\n".join(text for text in inner if text)


def _write_choice(block: Any, value: Any, _name_files: bool) -> str:
    choices: Iterator[tuple[Any, Any]] = flatten_choices(block.field.choices)
    labels = {str(key): str(label) for key, label in choices}
    return labels.get(str(value), str(value))


def _write_callout(block: Any, value: Any, name_files: bool) -> str:
    return _write(block.child_blocks["text"], value.get("text"), name_files)


def _write_quote(_block: Any, value: Any, _name_files: bool) -> str:
    return " — ".join(filter(None, [f"“{value.get('text', '')}”", value.get("by")]))


def _write_figure(block: Any, value: Any, name_files: bool) -> str:
    """The picture's name, what stands under it, and what stands in its place for those who do not see it."""
    image = _write(block.child_blocks["image"], value.get("image"), name_files)
    return "\n".join(filter(None, [image, value.get("caption"), value.get("alt")]))


def _write_file(block: Any, value: Any, name_files: bool) -> str:
    if not name_files:
        return ""
    return str(block.model_class._default_manager.filter(pk=value).first() or "")


def _write_nothing(_block: blocks.Block, _value: Any, _name_files: bool) -> str:
    return ""


def _write_price(block: Any, value: Any, name_files: bool) -> str:
    """A row of a price list as one reads it aloud: “Start: 9.00 EUR, user a month; from 10: 8.00”."""
    market = block.child_blocks["market"]
    steps = [item.get("value", item) for item in value.get("breaks") or []]
    price = f"{value.get('item', '')}: {_write_number(value.get('price'))} {value.get('currency', '')}"
    parts = [
        ", ".join(filter(None, [price, value.get("unit"), _write(market, value.get("market"), name_files)])),
        *(
            _("from %(quantity)s: %(price)s")
            % {"quantity": step.get("from_quantity"), "price": _write_number(step.get("price"))}
            for step in steps
        ),
        _("valid from %(day)s") % {"day": value["valid_from"]} if value.get("valid_from") else "",
        _("until %(day)s") % {"day": value["valid_until"]} if value.get("valid_until") else "",
        str(value.get("note") or ""),
    ]
    return "; ".join(part for part in parts if part)


def _write_number(value: Any) -> str:
    """An amount with two decimals, or with as many as it has beyond them."""
    try:
        number = Decimal(str(value)).normalize()
    except InvalidOperation:
        return str(value or "")
    exponent = number.as_tuple().exponent
    return f"{number:.{max(2, -exponent if isinstance(exponent, int) else 2)}f}"


#: How blocks are written that are not simply text, the first that fits. Pages, anchors and switches say nothing to a
#: reader of the paragraph.
def _write_check(_block: CheckBlock, value: Any, _name_files: bool) -> str:
    """A check question with its answers. Which of them are right is not for readers, who see paragraphs too."""
    options = value.get("options") or []
    texts = [(option.get("value") if "value" in option else option) or {} for option in options]
    return "\n".join([value.get("question") or "", *(f"– {text.get('text') or ''}" for text in texts)]).strip()


WRITERS: tuple[tuple[Any, Callable[[Any, Any, bool], str]], ...] = (
    (PriceBlock, _write_price),
    (CheckBlock, _write_check),
    (CalloutBlock, _write_callout),
    (QuoteBlock, _write_quote),
    (FigureBlock, _write_figure),
    (TableBlock, _write_table),
    (blocks.RichTextBlock, _write_html),
    (blocks.DecimalBlock, lambda _block, value, _name_files: _write_number(value)),
    (blocks.ListBlock, _write_list),
    (blocks.BaseStreamBlock, _write_stream),
    (blocks.ChoiceBlock, _write_choice),
    (ImageChooserBlock, _write_file),
    (DocumentChooserBlock, _write_file),
    ((blocks.ChooserBlock, blocks.BooleanBlock), _write_nothing),
    (AnchorBlock, lambda block, value, _name_files: str(value) if block.name == "to" else ""),
)
