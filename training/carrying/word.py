"""Word documents (DOCX) as plain HTML, each block with the number of its paragraph."""

import io
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import mammoth
from bs4 import BeautifulSoup
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from training.carrying.documents import PARAGRAPH, Carried, Code, Unreadable
from training.carrying.folders import MB, BadArchive, TooMuch, read_archive
from training.carrying.passages import carry_html

#: A part of the document that is XML, in bytes: some three hundred pages. Parsed, it takes fifty times as much memory.
MAX_PART = 6 * MB
#: What of a document is read as XML, by the last word of the type of the relation that names it.
_READ = ("/officeDocument", "/styles", "/numbering", "/footnotes", "/endnotes", "/comments")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"

STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='Subtitle'] => p.subtitle:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Quotations'] => blockquote > p:fresh
p[style-name='Block Text'] => blockquote > p:fresh
p[style-name='caption'] => p.caption:fresh
p[style-name='Preformatted Text'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='TOC Heading'] => p.toc:fresh
p[style-name='toc 1'] => p.toc:fresh
p[style-name='toc 2'] => p.toc:fresh
p[style-name='toc 3'] => p.toc:fresh
p[style-name='toc 4'] => p.toc:fresh
r[style-name='Source Text'] => code
r[style-name='HTML Code'] => code
r[style-name='Emphasis'] => em
u => u
strike => s
"""

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/jpg": "jpg", "image/gif": "gif", "image/webp": "webp",
             "image/svg+xml": "svg", "image/avif": "avif"}  # fmt: skip


def carry_word(name: str, data: bytes, *, new_id: Any, opening: str) -> Carried:
    """A Word document as sections.

    Args:
        new_id: called for the id of each block.
        opening: the heading of text that stands before the first heading.

    Raises:
        Unreadable: it is no such document, is encrypted or broken, or would take too much memory.
    """
    carried = Carried(name, unit=PARAGRAPH)
    _check_kind(name, data)
    parts = _open_parts(name, data)
    _look_through(parts, carried)

    def keep_picture(image: Any) -> dict[str, str]:
        try:
            with image.open() as file:
                content = file.read()
        except (ValueError, KeyError, OSError) as error:  # it is linked to, and nothing is fetched
            address = re.search(r"'([^']*)'", str(error))
            return {"src": f"external:{address[1] if address else ''}"}
        reference = f"word:{len(carried.own_pictures) + 1}"
        suffix = _SUFFIXES.get(image.content_type, (image.content_type or "").rpartition("/")[2] or "bin")
        carried.own_pictures[reference] = (f"picture-{len(carried.own_pictures) + 1}.{suffix}", content)
        return {"src": reference}

    try:
        result = mammoth.convert_to_html(
            io.BytesIO(data),
            style_map=STYLES,
            include_embedded_style_map=False,
            ignore_empty_paragraphs=False,
            external_file_access=False,
            convert_image=mammoth.images.img_element(keep_picture),
        )
    except RecursionError as error:
        raise Unreadable(Code.TOO_DEEP, name=name) from error
    except Exception as error:  # the library answers what it does not expect with whatever came of it
        raise Unreadable(Code.BROKEN_WORD, name=name, words=str(error)) from error
    carry_html(_number(result.value, carried), carried, stated={}, new_id=new_id, opening=opening)
    return carried


def _check_kind(name: str, data: bytes) -> None:
    if not data.strip():
        raise Unreadable(Code.EMPTY, name=name)
    if data.startswith(_OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in data
        raise Unreadable(Code.ENCRYPTED if encrypted else Code.OLD_WORD, name=name)
    if not data.startswith(b"PK"):
        raise Unreadable(Code.NOT_WORD, name=name)


def _open_parts(name: str, data: bytes) -> dict[str, bytes]:
    """The parts of the document, within the limits; each XML part is proved to be well-formed and without entities."""
    try:
        found = list(read_archive(name, data))
    except BadArchive as error:
        code = Code.ENCRYPTED if error.why == "encrypted" else Code.BROKEN_WORD
        raise Unreadable(code, name=name, words=error.member) from error
    except TooMuch as error:
        raise Unreadable(Code.UNPACKS_TOO_LARGE, name=name) from error
    if not any(part.lower().endswith(".xml") and part.startswith("word/") for part, _content in found):
        raise Unreadable(Code.NOT_WORD, name=name)
    for part, content in found:  # also of two that have one name: who reads it later takes either
        if part.lower().endswith((".xml", ".rels")):
            if len(content) > MAX_PART:
                raise Unreadable(Code.UNPACKS_TOO_LARGE, name=name, words=part)
            try:
                root = ElementTree.fromstring(content, forbid_dtd=True)
            except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
                raise Unreadable(Code.BROKEN_WORD, name=name, words=f"{part}: {error}") from error
            for relation in root.findall("{*}Relationship") if part.lower().endswith(".rels") else ():
                target = relation.get("Target", "")
                # Word itself knows no other name, and only what is called so was looked into here.
                if relation.get("Type", "").endswith(_READ) and not target.lower().endswith(".xml"):
                    raise Unreadable(Code.BROKEN_WORD, name=name, words=f"{part}: {target}")
    return dict(found)


def _look_through(parts: dict[str, bytes], carried: Carried) -> None:
    """Note what the document holds and no text can carry, with the paragraph."""
    if any(part.lower().endswith("vbaproject.bin") for part in parts):
        carried.note(Code.MACRO)
    for part, content in parts.items():
        if re.match(r"word/(header|footer)\d*\.xml$", part):
            words = " ".join("".join(ElementTree.fromstring(content).itertext()).split())
            if words:
                carried.note(Code.HEADER, words=words)
    document = parts.get("word/document.xml")
    if document is None:
        return
    for number, paragraph in enumerate(_paragraphs(ElementTree.fromstring(document)), start=1):
        words = "".join(element.text or "" for element in paragraph.iter() if _name(element) == "t")
        for element in paragraph.iter():
            if code := _lost(element):
                carried.note(code, number, words)


def _paragraphs(root: Element) -> Iterator[Element]:
    """The paragraphs in their order; those inside a text box belong to the one that holds it."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if _name(element) == "p":
            yield element
            continue
        waiting.extend(reversed(list(element)))


def _name(element: Element) -> str:
    tag = str(element.tag)
    return tag.rpartition("}")[2] if tag.startswith((_W, _STRICT)) else ""


def _lost(element: Element) -> Code | None:
    tag = str(element.tag)
    match _name(element):
        case "object" | "altChunk" | "control":
            return Code.EMBEDDED
        case "commentReference":
            return Code.COMMENT
        case "del" | "ins":
            return Code.TRACKED
        case "txbxContent":
            return Code.TEXT_BOX
    if tag.endswith("/math}oMath"):
        return Code.FORMULA
    if tag.endswith("}graphicData") and not element.get("uri", "").endswith(("/picture", "/wordprocessingShape")):
        return Code.EMBEDDED
    return None


def _number(html: str, carried: Carried) -> str:
    """The HTML with the number of each paragraph; footnotes, which stand below, are noted."""
    soup = BeautifulSoup(html, "html.parser")
    for number, element in enumerate(soup.find_all(["p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "pre"]), start=1):
        element["data-at"] = str(number)
    for note in soup.select('li[id^="footnote-"], li[id^="endnote-"]'):
        carried.note(Code.FOOTNOTES, words=note.get_text(" "))
    for comments in soup.find_all("dl", recursive=False):
        comments.decompose()
    return str(soup)
