"""What a drawing (SVG) may hold. A drawing is a program to a browser: only shapes, text and colours are let in."""

import re
from typing import IO, Any
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: Elements that run, load or embed something.
ACTIVE_ELEMENTS = frozenset(
    {"script", "foreignobject", "iframe", "object", "embed", "handler", "listener", "audio", "video", "set", "animate",
     "animatetransform", "animatemotion", "a"}
)  # fmt: skip
#: Schemes and markers that make an address or a style load or run something.
ACTIVE_VALUES = ("javascript:", "data:text", "vbscript:", "@import", "expression(")
#: Shapes that a drawing may come to once its parts are repeated: a page is drawn in seconds, and a map has fewer.
MOST_SHAPES = 200_000

_own_part = re.compile(r"url\(\s*['\"]?#([^'\")\s]+)")


def is_drawing(name: str, head: bytes) -> bool:
    """Whether a file is an SVG, by its name or by its first bytes: a renamed one is one as well."""
    return name.lower().endswith((".svg", ".svgz")) or b"<svg" in head[:1024].lower()


def find_active_part(drawing: IO[bytes]) -> str | None:
    """The first part of an SVG that could run or load something, or None.

    Raises:
        ValueError: when it is not well-formed, or uses entities or a document type.
    """
    for element in _read(drawing).iter():
        if not isinstance(element.tag, str):
            continue  # a comment or a processing instruction draws nothing
        tag = element.tag.rpartition("}")[2]
        if tag.lower() in ACTIVE_ELEMENTS:
            return f"<{tag}>"
        if tag.lower() == "style" and (_is_active(element.text or "") or _loads(element.text or "")):
            return "<style>"
        for attribute, value in element.attrib.items():
            name = attribute.rpartition("}")[2]
            if name.lower().startswith("on") or _is_active(value):
                return name
            if name.lower() == "href" and not value.strip().startswith(("#", "data:image/")):
                return f"{name}={value[:60]}"
            if _loads(value):
                return name
    return None


def is_repeated_too_often(drawing: IO[bytes]) -> bool:
    """Whether a drawing that shows its parts again and again (``<use>``, patterns, masks) comes to too many shapes.

    Ten parts, each of which shows the one before it ten times, are a kilobyte and ten thousand million shapes. A part
    that shows itself has no end.

    Raises:
        ValueError: when it is not well-formed, or uses entities or a document type.
    """
    root = _read(drawing)
    parts = {element.get("id"): element for element in root.iter() if element.get("id")}
    shapes: dict[Element, int] = {}

    def count(element: Element) -> int:
        if element not in shapes:
            shapes[element] = MOST_SHAPES + 1  # as long as it is being counted: it would show itself
            shown = [parts[name] for name in _list_shown(element) if name in parts]
            shapes[element] = min(1 + sum(map(count, [*element, *shown])), MOST_SHAPES + 1)
        return shapes[element]

    try:
        return count(root) > MOST_SHAPES
    except RecursionError:
        return True


def _list_shown(element: Element) -> list[str]:
    """The ids of the parts that an element shows besides its own."""
    found = []
    for name, value in element.attrib.items():
        if name.rpartition("}")[2].lower() == "href" and value.strip().startswith("#"):
            found.append(value.strip()[1:])
        found += _own_part.findall(value)
    return found


def _read(drawing: IO[bytes]) -> Element:
    try:
        root: Element = ElementTree.parse(drawing, forbid_dtd=True).getroot()
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise ValueError(str(error)) from error
    return root


def _is_active(value: str) -> bool:
    squeezed = "".join(value.split()).lower()
    return any(marker in squeezed for marker in ACTIVE_VALUES)


def _loads(value: str) -> bool:
    """Whether any address in it leads elsewhere than into the drawing itself."""
    squeezed = "".join(value.split()).lower()
    return any(not address.lstrip("'\"").startswith(("#", "data:image/")) for address in squeezed.split("url(")[1:])


def check_picture(file: Any) -> None:
    """Refuse an uploaded SVG that could run a script, or is never done with; other files pass.

    What is stored was looked into when it came.

    Raises:
        ValidationError: naming the part that was found.
    """
    if not file or file._committed:
        return
    file.open()
    head = file.read(1024)
    file.seek(0)
    if not is_drawing(file.name, head):
        return
    try:
        part = find_active_part(file)
        file.seek(0)
        too_often = is_repeated_too_often(file)
    except ValueError as error:
        raise ValidationError({"file": _("This drawing cannot be read: %(error)s.") % {"error": error}}) from error
    finally:
        file.seek(0)
    if part:
        raise ValidationError(
            {
                "file": _(
                    "This drawing holds %(part)s, which can run or load something. "
                    "Save it as a plain SVG with shapes and text only, and upload it again."
                )
                % {"part": part}
            }
        )
    if too_often:
        raise ValidationError(
            {
                "file": _(
                    "This drawing shows its parts so many times over that no reader could wait for it. "
                    "Save it without repeated parts (“use”, patterns), or as PNG, and upload it again."
                )
            }
        )
