"""How the text of an agreement is set out."""

import re

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

STRONG = re.compile(r"\*\*(.+?)\*\*")
LISTED = "- "


@register.filter
def set_out(text: object) -> SafeString:
    """Paragraphs, "## " headings, "- " lists and **stress**, and no other markup: the text is kept as it was accepted,
    and what it is shown as must follow from it alone.
    """
    blocks = re.split(r"\n\s*\n", str(text).replace("\r\n", "\n").strip())
    return mark_safe("\n".join(_set_block(block) for block in blocks))


def _set_block(block: str) -> SafeString:
    lines = [line.strip() for line in block.split("\n")]
    if lines[0].startswith("#"):
        heading = format_html("<h2>{}</h2>", _stress(lines[0].lstrip("# ")))
        rest = "\n".join(lines[1:]).strip()
        return format_html("{}\n{}", heading, _set_block(rest)) if rest else heading
    if lines[0].startswith(LISTED):
        items: list[str] = []
        for line in lines:
            if line.startswith(LISTED):
                items.append(line.removeprefix(LISTED))
            else:
                items[-1] += f" {line}"
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((_stress(item),) for item in items)))
    return format_html("<p>{}</p>", _stress(" ".join(lines)))


def _stress(line: str) -> SafeString:
    return mark_safe(STRONG.sub(r"<strong>\1</strong>", conditional_escape(line)))
