"""Word documents made in code: the smallest package that Word opens, and what one may put into its body."""

import io
import zipfile
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
STYLES = ("Title", "Subtitle", "heading 1", "heading 2", "heading 3", "Quote", "caption", "toc 1", "List Bullet")


def run(text: str, *, bold: bool = False, italic: bool = False, strike: bool = False) -> str:
    marks = f"{'<w:b/>' if bold else ''}{'<w:i/>' if italic else ''}{'<w:strike/>' if strike else ''}"
    return f'<w:r><w:rPr>{marks}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(text: str = "", *, style: str = "", bullet: bool = False, inner: str = "", level: int = 0) -> str:
    about = f'<w:pStyle w:val="{style.replace(" ", "")}"/>' if style else ""
    if bullet:
        about += f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>'
    return f"<w:p><w:pPr>{about}</w:pPr>{run(text) if text else ''}{inner}</w:p>"


def table(*rows: list[str], head: bool = False, cells: dict[tuple[int, int], str] | None = None) -> str:
    written = []
    for number, row in enumerate(rows):
        about = "<w:trPr><w:tblHeader/></w:trPr>" if head and number == 0 else ""
        columns = "".join(
            f"<w:tc>{(cells or {}).get((number, column)) or paragraph(text)}</w:tc>" for column, text in enumerate(row)
        )
        written.append(f"<w:tr>{about}{columns}</w:tr>")
    return f"<w:tbl>{''.join(written)}</w:tbl>"


def picture(relation: str = "rIdPicture", *, alt: str = "", link: bool = False) -> str:
    how = "link" if link else "embed"
    return (
        '<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        f'<wp:docPr id="1" name="p" descr="{escape(alt)}"/>'
        '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        '<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        f'<pic:blipFill><a:blip r:{how}="{relation}"/></pic:blipFill></pic:pic></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing></w:r>"
    )


def link(words: str, relation: str = "rIdLink") -> str:
    return f'<w:hyperlink r:id="{relation}">{run(words)}</w:hyperlink>'


def document(*body: str, target: str = "https://example.com/", parts: dict[str, bytes | str] | None = None) -> bytes:
    """A document of these paragraphs and tables.

    Args:
        target: where the relation of :func:`link` leads.
        parts: further parts of the package, or others in place of its own.
    """
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
    )
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    package = (
        f'<?xml version="1.0"?><Relationships xmlns="{relations}">'
        f'<Relationship Id="rId1" Type="{R}/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    inner = (
        f'<?xml version="1.0"?><Relationships xmlns="{relations}">'
        f'<Relationship Id="rIdLink" Type="{R}/hyperlink" Target="{escape(target)}" TargetMode="External"/>'
        f'<Relationship Id="rIdPicture" Type="{R}/image" Target="media/image1.png"/>'
        f'<Relationship Id="rIdFar" Type="{R}/image" Target="https://elsewhere.example/x.png" TargetMode="External"/>'
        f'<Relationship Id="rIdStyles" Type="{R}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rIdNumbers" Type="{R}/numbering" Target="numbering.xml"/></Relationships>'
    )
    styles = f'<?xml version="1.0"?><w:styles xmlns:w="{W}">' + "".join(
        f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/></w:style>'
        for name in STYLES
    )
    levels = "".join(f'<w:lvl w:ilvl="{level}"><w:numFmt w:val="bullet"/></w:lvl>' for level in range(9))
    numbering = (
        f'<?xml version="1.0"?><w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
    whole: dict[str, bytes | str] = {
        "[Content_Types].xml": types,
        "_rels/.rels": package,
        "word/document.xml": f'<?xml version="1.0"?><w:document xmlns:w="{W}" xmlns:r="{R}"><w:body>{"".join(body)}'
        "</w:body></w:document>",
        "word/_rels/document.xml.rels": inner,
        "word/styles.xml": f"{styles}</w:styles>",
        "word/numbering.xml": numbering,
        "word/media/image1.png": PIXEL,
        **(parts or {}),
    }
    return pack(whole)


def pack(files: dict[str, bytes | str]) -> bytes:
    """A zip of these files, the same at any time: it is part of the names of tests, and workers must find the same."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
