"""What a drawing (SVG) may hold. A drawing is a program to a browser: only shapes, text and colours are let in."""

from typing import IO, Any

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


def is_drawing(name: str, head: bytes) -> bool:
    """Whether a file is an SVG, by its name or by its first bytes: a renamed one is one as well."""
    return name.lower().endswith((".svg", ".svgz")) or b"<svg" in head[:1024].lower()


def find_active_part(drawing: IO[bytes]) -> str | None:
    """The first part of an SVG that could run or load something, or None.

    Raises:
        ValueError: when it is not well-formed, or uses entities or a document type.
    """
    try:
        root = ElementTree.parse(drawing, forbid_dtd=True).getroot()
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise ValueError(str(error)) from error
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue  # a comment or a processing instruction draws nothing
        tag = element.tag.rpartition("}")[2]
        if tag.lower() in ACTIVE_ELEMENTS:
            return f"<{tag}>"
        if tag.lower() == "style" and _is_active(element.text or ""):
            return "<style>"
        for attribute, value in element.attrib.items():
            name = attribute.rpartition("}")[2]
            if name.lower().startswith("on") or _is_active(value):
                return name
            if name.lower() == "href" and not value.strip().startswith(("#", "data:image/")):
                return f"{name}={value[:60]}"
            if "url(" in value.replace(" ", "").lower() and "url(#" not in value.replace(" ", "").lower().replace(
                "'", ""
            ).replace('"', ""):
                return name
    return None


def _is_active(value: str) -> bool:
    squeezed = "".join(value.split()).lower()
    return any(marker in squeezed for marker in ACTIVE_VALUES)


def check_picture(file: Any) -> None:
    """Refuse an uploaded SVG that could run a script; other files pass. What is stored was looked into when it came.

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
