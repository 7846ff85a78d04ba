"""Drawings are let in as drawings, and never as programs."""

from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from portal.content.models import Document, Image
from portal.content.pictures import check_picture, find_active_part, is_repeated_too_often
from tests.factories.content import PLAIN_SVG

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">{}</svg>'


@pytest.mark.parametrize(
    "part",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<rect ONCLICK="alert(1)"/>',
        '<a href="javascript:alert(1)"><text>x</text></a>',
        '<a xlink:href=" java&#10;script:alert(1)"><text>x</text></a>',
        "<foreignObject><body/></foreignObject>",
        '<image href="https://example.com/track.png"/>',
        '<use href="//example.com/x.svg#a"/>',
        "<style>@import url(https://example.com/x.css);</style>",
        '<rect fill="url(https://example.com/x.svg#a)"/>',
        "<rect style=\"background:url('https://example.com/x')\"/>",
        '<rect fill="url(#a) url(https://example.com/x)"/>',
        "<style>rect { fill: url( 'https://example.com/x' ) }</style>",
        '<animate attributeName="href" to="javascript:alert(1)"/>',
        '<handler xmlns="http://www.w3.org/2001/xml-events">x</handler>',
    ],
)
def test_a_drawing_that_could_run_or_load_something_is_named(part):
    assert find_active_part(BytesIO(SVG.format(part).encode()))


@pytest.mark.parametrize(
    "part",
    [
        '<defs><linearGradient id="a"/></defs><rect fill="url(#a)"/>',
        '<g id="b"/><use href="#b"/>',
        "<style>.a { fill: red }</style>",
        "<!-- a remark --><title>Words</title><text>onload=</text>",
        '<image href="data:image/png;base64,iVBORw0KGgo="/>',
    ],
)
def test_shapes_text_and_gradients_pass(part):
    assert find_active_part(BytesIO(SVG.format(part).encode())) is None


@pytest.mark.parametrize(
    "text",
    [
        "<svg",
        '<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>',
        '<!DOCTYPE svg SYSTEM "file:///etc/passwd"><svg xmlns="http://www.w3.org/2000/svg"/>',
    ],
)
def test_a_drawing_that_is_broken_or_uses_entities_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        find_active_part(BytesIO(text.encode()))


@pytest.mark.django_db
class TestUploads:
    def test_an_image_with_a_script_is_refused_and_the_script_named(self):
        image = Image(title="Trap", file=ContentFile(SVG.format("<script>1</script>").encode(), name="trap.svg"))
        with pytest.raises(ValidationError, match="<script>"):
            image.clean()

    def test_a_document_is_looked_into_whatever_its_name(self):
        trap = ContentFile(SVG.format("<script>1</script>").encode(), name="trap.txt")
        with pytest.raises(ValidationError, match="<script>"):
            Document(title="Trap", file=trap).clean()

    def test_a_plain_drawing_and_a_plain_file_pass(self):
        Image(title="Fine", file=ContentFile(PLAIN_SVG, name="fine.svg")).clean()
        Document(title="Fine", file=ContentFile(b"a,b\n1,2\n", name="fine.csv")).clean()


def repeat(show: str, *, levels: int = 8) -> str:
    """Each part shows the one before it ten times."""
    parts = "".join(
        f'<{kind} id="a{level}">{10 * show.format(level - 1)}</{kind}>'
        for level in range(1, levels)
        for kind in ["pattern" if "fill" in show else "g"]
    )
    return SVG.format(f'<defs><rect id="a0"/>{parts}</defs>{show.format(levels - 1)}')


@pytest.mark.django_db
@pytest.mark.parametrize(
    "drawing",
    [
        repeat('<use href="#a{}"/>'),
        repeat('<use xlink:href=" #a{}"/>'),
        repeat('<rect fill="url(#a{})"/>'),
        repeat("<rect style=\"fill: url( '#a{}' )\"/>"),
        SVG.format('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
        SVG.format("<g>" * 5000 + "</g>" * 5000),
    ],
)
def test_a_drawing_that_nobody_could_wait_for_is_refused(drawing):
    assert is_repeated_too_often(BytesIO(drawing.encode()))
    with pytest.raises(ValidationError, match="so many times over"):
        check_picture(Image(title="x", file=ContentFile(drawing.encode(), name="x.svg")).file)


@pytest.mark.parametrize(
    "drawing",
    [
        repeat('<use href="#a{}"/>', levels=4),
        SVG.format('<linearGradient id="a"><stop/></linearGradient>' + '<rect fill="url(#a)"/>' * 20_000),
        SVG.format('<use href="#nowhere"/>'),
    ],
)
def test_a_drawing_may_show_its_parts_again(drawing):
    assert not is_repeated_too_often(BytesIO(drawing.encode()))
