"""Texts on their way into the library: what is carried, what is named as left behind, and what is refused with its place."""

import io
import itertools
import re
import string
import sys
import zipfile

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.home.services.demo.files import FOLDER, read_text, section_blocks
from tests.training.word import PIXEL, R, W, document, link, pack, paragraph, picture, run, table
from training.carrying.documents import CHANGED, ERRORS, LEFT_OUT, PARAGRAPH, TO_DO, Code, Unreadable, short
from training.carrying.folders import (
    MAX_FILE,
    MAX_LETTERS,
    MAX_MEMBERS,
    MAX_TEXTS,
    MAX_UNPACKED,
    BadArchive,
    Folder,
    TooMuch,
    open_folder,
    read_letters,
)
from training.carrying.markdown import _comment, carry_markdown
from training.carrying.matching import ADDED, REMOVED, Difference, compare, keep_ids, keep_unchanged, normalise
from training.carrying.matching import CHANGED as DIFFERS
from training.carrying.passages import resolve_links, resolve_pictures, suggest_anchor
from training.carrying.shapes import shape
from training.carrying.word import carry_word


def carry(text: str | bytes, name: str = "calls.md"):
    """A Markdown text, carried with ids in order."""
    numbers = itertools.count(1)
    data = text.encode() if isinstance(text, str) else text
    return carry_markdown(name, data, new_id=lambda: f"id-{next(numbers)}", opening="Introduction")[0]


def carry_docx(*body: str, **options):
    numbers = itertools.count(1)
    return carry_word(
        "calls.docx", document(*body, **options), new_id=lambda: f"id-{next(numbers)}", opening="Introduction"
    )


def made(text: str, kind: str = "doc", name: str = "calls.md"):
    """A Markdown text in the shape of a type, with what was found."""
    numbers = itertools.count(1)
    new_id = lambda: f"id-{next(numbers)}"  # noqa: E731
    carried, front = carry_markdown(name, text.encode(), new_id=new_id, opening="Introduction")
    return shape(carried, front, kind, new_id=new_id), carried


def found(carried) -> list[tuple[Code, int, str]]:
    return [(one.code, one.place, one.words) for one in carried.findings]


def codes(carried) -> set[Code]:
    return {one.code for one in carried.findings}


def passages(carried) -> list[dict]:
    return [block for section in carried.sections for block in section["value"]["body"]]


def without_ids(blocks):
    if isinstance(blocks, list):
        return [without_ids(one) for one in blocks]
    if isinstance(blocks, dict):
        return {key: without_ids(value) for key, value in blocks.items() if key != "id"}
    return blocks


# --- Round trip -------------------------------------------------------------------------------------------------------

LETTERS = "abcXYZ0189абвЯё中"
MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ "
edges = st.text(LETTERS, min_size=1, max_size=3)
plain = st.builds(lambda a, b, c: f"{a}{b}{c}", edges, st.text(LETTERS + MARKS, max_size=12), edges).map(
    lambda text: re.sub(" +", " ", text)
)
headings = plain.map(lambda text: re.sub(r"[{}]", "", text))


def count_work(do) -> int:
    """How many functions are called."""
    calls = itertools.count()
    sys.setprofile(lambda _frame, event, _of: next(calls) if event == "call" else None)
    try:
        do()
    finally:
        sys.setprofile(None)
    return next(calls)


def escape(text: str) -> str:
    """Every sign that Markdown might read, told to be only itself."""
    return "".join(f"\\{sign}" if sign in string.punctuation else sign for sign in text)


def html_of(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


word_pieces = st.one_of(
    plain.map(lambda text: (escape(text), html_of(text))),
    plain.map(lambda text: (f"**{escape(text)}**", f"<b>{html_of(text)}</b>")),
    plain.map(lambda text: (f"*{escape(text)}*", f"<i>{html_of(text)}</i>")),
    edges.map(lambda text: (f"`{text}`", f"<code>{text}</code>")),
    plain.map(
        lambda text: (f"[{escape(text)}](https://e.example/x)", f'<a href="https://e.example/x">{html_of(text)}</a>')
    ),
)
lines = st.lists(word_pieces, min_size=1, max_size=3).map(
    lambda pieces: (" ".join(one for one, _two in pieces), " ".join(two for _one, two in pieces))
)


def text_of(source: str, html: str):
    return source, {"type": "text", "value": html}


def list_of(items, mark):
    tag = "ul" if mark == "-" else "ol"
    source = "\n".join(
        f"{'-' if mark == '-' else f'{number}.'} {line}" for number, (line, _html) in enumerate(items, 1)
    )
    return text_of(source, f"<{tag}>{''.join(f'<li>{html}</li>' for _line, html in items)}</{tag}>")


def table_of(rows):
    body = [f"| {' | '.join(escape(cell) for cell in row)} |" for row in rows]
    source = "\n".join([body[0], "|---" * len(rows[0]) + "|", *body[1:]])
    value = {
        "data": rows, "table_caption": "", "first_row_is_table_header": True, "first_col_is_header": False,
        "table_header_choice": "row",
    }  # fmt: skip
    return source, {"type": "table", "value": value}


texts = st.one_of(
    lines.map(lambda line: text_of(line[0], f"<p>{line[1]}</p>")),
    st.builds(list_of, st.lists(lines, min_size=1, max_size=3), st.sampled_from("-1")),
)
others = st.one_of(
    plain.map(lambda text: (f"> {escape(text)}", {"type": "quote", "value": {"text": text, "by": ""}})),
    st.builds(
        lambda kind, line: (
            f"> [!{kind.upper()}]\n> {line[0]}",
            {"type": "callout", "value": {"kind": kind, "text": f"<p>{line[1]}</p>"}},
        ),
        st.sampled_from(["note", "tip", "warning", "internal"]),
        lines,
    ),
    st.builds(
        lambda alt, caption: (
            f'![{escape(alt)}](images/x.svg "{escape(caption)}")',
            {"type": "figure", "value": {"image": "picture:images/x.svg", "caption": caption, "alt": alt}},
        ),
        plain,
        plain,
    ),
    st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(plain, min_size=width, max_size=width), min_size=2, max_size=3).map(table_of)
    ),
)


@st.composite
def bodies(draw):
    """A body as the editor's field stores it, and the Markdown that says the same."""
    anchors = draw(st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True), min_size=1, max_size=3, unique=True))
    source, sections = [], []
    for anchor in anchors:
        heading, shareable = draw(headings), draw(st.booleans())
        source.append(f"## {escape(heading)} {{#{anchor}{' .shareable' if shareable else ''}}}")
        body = []
        for number in range(draw(st.integers(1, 3))):
            # Two texts in a row are one text: between two of them stands something else.
            line, block = draw(others if number % 2 else texts)
            source.append(line)
            body.append(block)
        value = {"heading": heading, "anchor": anchor, "body": body, "shareable": shareable}
        sections.append({"type": "section", "value": value})
    return "\n\n".join(source) + "\n", sections


@given(bodies())
def test_what_is_written_as_markdown_comes_back_equal(body):
    source, sections = body
    carried = carry(f'+++\ntitle = "T"\n+++\n\n{source}')
    assert without_ids(carried.sections) == sections
    assert carried.findings == []


@given(bodies())
def test_the_same_text_again_changes_nothing_and_keeps_every_id(body):
    source, _sections = body
    before, again = carry(source), carry(f"\n\n{source}")
    for number, block in enumerate(again.sections):
        block["id"] = f"other-{number}"
    keep_ids(again.sections, before.sections)
    assert again.sections == before.sections
    assert compare(again.sections, before.sections) == []


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300))
def test_any_text_is_carried_or_refused_and_never_holds_more_than_the_editor_allows(text):
    refused = None
    try:
        carried = carry(text)
    except Unreadable as error:
        refused = error.finding.code
    assert refused is None or refused in ERRORS
    for block in passages(carried) if refused is None else []:
        if block["type"] in {"text", "callout"}:
            assert_clean(block["value"] if block["type"] == "text" else block["value"]["text"])


@given(st.lists(st.sampled_from([
    "<script>", "</script>", "<b>", "[x](javascript:alert(1))", "![x](http://e.example/x.png)", "*", "**", "`", "\n\n",
    "> ", "- ", "1. ", "| a | b |\n|---|---|\n", "&lt;script&gt;", "<img src=x onerror=alert(1)>", "[a](<java\tscript:x>)",
    "# h\n", "### deep\n", "text ", '<a href="data:text/html,x">', "[!NOTE] ", "```\ncode\n```\n", "\\",
    "[x](&#106;avascript:x)",
]), max_size=14))  # fmt: skip
def test_no_mixture_of_marks_and_attacks_brings_anything_active_through(pieces):
    carried = carry("start " + "".join(pieces))
    for block in passages(carried):
        if block["type"] in {"text", "callout"}:
            assert_clean(block["value"] if block["type"] == "text" else block["value"]["text"])


def assert_clean(source: str) -> None:
    """Rich text that a strict cleaner finds nothing in."""
    allowed = {"p", "b", "i", "code", "ul", "ol", "li", "a", "br"}
    assert set(re.findall(r"</?([a-z0-9]+)", source)) <= allowed
    assert re.sub(r"<(/?)(p|b|i|code|ul|ol|li|br/?|a(?: href=\"[^\"<>]*\")?)>", "", source).count("<") == 0
    for address in re.findall(r'<a href="([^"]*)">', source):
        assert re.match(r"(https?|mailto|tel|page):|#", address), address
    cleaned = nh3.clean(
        source,
        tags=allowed,
        attributes={"a": {"href"}},
        link_rel=None,
        url_schemes={"http", "https", "mailto", "tel", "page"},
    )
    assert re.sub(r"\s", "", nh3.clean(cleaned, tags=set())) == re.sub(r"\s", "", nh3.clean(source, tags=set()))


# --- The demo's own files ---------------------------------------------------------------------------------------------

KINDS = {"materials": "doc", "cases": "case", "standards": "standard", "objections": "card"}
DEMO = sorted(
    path for folder in KINDS for path in (FOLDER / folder).glob("*/**/*.md") if path.name != "guide.md"
)  # fmt: skip


@pytest.mark.parametrize("path", DEMO, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_text_of_the_demo_is_carried_without_loss(path):
    kind = KINDS[path.relative_to(FOLDER).parts[0]]
    shaped, carried = made(path.read_text(), kind, name=path.name)
    assert carried.findings == []
    assert shaped.slug == path.stem
    assert shaped.fields["answer" if kind == "card" else "body"]


@pytest.mark.parametrize("path", [path for path in DEMO if "cards" not in path.parts], ids=lambda path: path.stem)
def test_it_makes_of_the_demo_s_texts_what_the_demo_itself_makes(path):
    carried = carry(path.read_text())
    expected = section_blocks(read_text(path), find_page=lambda _target: 7, find_image=lambda _path: 9)
    resolve_links(carried.sections, lambda _target: 7)
    resolve_pictures(carried.sections, lambda _reference: 9)
    assert normalise(without_ids(carried.sections)) == normalise(without_ids(expected))


# --- Headings and sections --------------------------------------------------------------------------------------------


class TestSections:
    def test_a_lone_first_heading_is_the_title_and_the_next_level_opens_sections(self):
        carried = carry("# Calls\n\n## First\n\nOne.\n\n## Second\n\nTwo.\n")
        assert carried.title == "Calls"
        assert [section["value"]["heading"] for section in carried.sections] == ["First", "Second"]

    def test_several_headings_of_the_first_level_are_sections(self):
        carried = carry("# One\n\na\n\n# Two\n\nb\n")
        assert carried.title == ""
        assert [section["value"]["heading"] for section in carried.sections] == ["One", "Two"]

    def test_a_title_that_contradicts_the_front_matter_is_named(self):
        assert (Code.SECOND_TITLE, 4, "Other") in found(carry('+++\ntitle = "Calls"\n+++\n# Other\n\n## A\n\nx\n'))
        assert carry('+++\ntitle = "Calls"\n+++\n# calls\n\n## A\n\nx\n').findings == []

    def test_a_heading_inside_a_section_becomes_a_bold_line_with_its_place(self):
        carried = carry("## A\n\nx\n\n### Inside\n\ny\n")
        assert passages(carried)[1]["value"] == "<p><b>Inside</b></p><p>y</p>"
        assert (Code.SUBHEADING, 5, "Inside") in found(carried)

    def test_a_skipped_level_is_named_with_its_line(self):
        assert (Code.HEADING_JUMP, 5, "Deep") in found(carry("## A\n\nx\n\n#### Deep\n\ny\n"))

    def test_one_paragraph_before_the_first_heading_is_the_text_in_short(self):
        carried = carry("Good for calls.\n\n## A\n\nx\n")
        assert carried.meta["intro"] == "Good for calls."
        assert len(carried.sections) == 1

    def test_more_text_before_the_first_heading_is_a_section_of_its_own(self):
        carried = carry("One.\n\n- a\n- b\n\n## A\n\nx\n")
        assert carried.sections[0]["value"]["heading"] == "Introduction"
        assert (Code.OPENING, 1, "Introduction") in found(carried)

    def test_a_text_without_headings_stands_under_its_title(self):
        carried = carry('+++\ntitle = "Calls"\n+++\nOne.\n')
        assert [section["value"]["heading"] for section in carried.sections] == ["Calls"]

    def test_anchors_are_those_that_the_editor_makes_and_are_told_apart(self):
        carried = carry("## First call\n\nx\n\n## First call\n\ny\n\n## Первый\n\nz\n")
        assert [section["value"]["anchor"] for section in carried.sections] == ["first-call", "first-call-2", ""]

    def test_an_anchor_given_twice_or_wrongly_is_named(self):
        carried = carry("## A {#x}\n\n1\n\n## B {#x}\n\n2\n\n## C {#Über}\n\n3\n")
        assert [(code, place) for code, place, _words in found(carried)] == [(Code.ANCHOR, 9), (Code.ANCHOR, 5)]
        assert len({section["value"]["anchor"] for section in carried.sections}) == 3

    def test_a_section_without_text_is_to_be_written(self):
        assert (Code.EMPTY_SECTION, 1, "A") in found(carry("## A\n\n## B\n\nx\n"))

    def test_a_heading_too_long_for_the_editor_is_cut_and_named(self):
        carried = carry(f"## {'long ' * 60}\n\nx\n")
        assert len(carried.sections[0]["value"]["heading"]) == 160
        assert Code.CUT in codes(carried)

    @given(st.text(max_size=80))
    def test_an_anchor_is_empty_or_one_that_the_editor_accepts(self, heading):
        assert re.fullmatch(r"([a-z][a-z0-9-]*)?", suggest_anchor(heading))


# --- What stands in sections ------------------------------------------------------------------------------------------


class TestPassages:
    def test_lists_inside_lists_stay_lists(self):
        carried = carry("## A\n\n- one\n  - two\n- three\n")
        assert passages(carried)[0]["value"] == "<ul><li>one<ul><li>two</li></ul></li><li>three</li></ul>"

    def test_a_list_deeper_than_the_editor_s_goes_on_at_its_deepest_and_is_named(self):
        source = "".join(f"{'  ' * depth}- {depth}\n" for depth in range(6))
        carried = carry(f"## A\n\n{source}")
        assert passages(carried)[0]["value"].count("<ul>") == 4
        assert all(f"<li>{depth}" in passages(carried)[0]["value"] for depth in range(6))
        assert Code.IN_LIST in codes(carried)

    def test_a_picture_in_a_line_stands_below_its_paragraph(self):
        carried = carry("## A\n\nLook ![a dot](dot.png) here.\n")
        assert [block["type"] for block in passages(carried)] == ["text", "figure"]
        assert (Code.PICTURE_MOVED, 3, "a dot") in found(carried)

    def test_a_picture_without_words_is_to_be_described(self):
        assert (Code.NO_ALT, 3, "dot.png") in found(carry("## A\n\n![](dot.png)\n"))

    def test_a_picture_from_elsewhere_is_not_fetched_but_named(self):
        carried = carry("## A\n\nx ![d](https://e.example/d.png)\n\n![e](//e.example/e.png)\n")
        assert [(code, place) for code, place, _words in found(carried)] == [
            (Code.EXTERNAL_PICTURE, 3), (Code.EXTERNAL_PICTURE, 5),
        ]  # fmt: skip
        assert carried.pictures == []

    def test_a_pasted_picture_is_taken_out_of_its_address(self):
        carried = carry("## A\n\n![dot](data:image/png;base64,iVBORw0KGgo=)\n")
        assert carried.own_pictures == {"data:1": ("picture-1.png", b"\x89PNG\r\n\x1a\n")}

    def test_a_signed_quotation_names_who_says_it(self):
        carried = carry("## A\n\n> It pays.\n>\n> — Mira Castellan\n")
        assert passages(carried)[0]["value"] == {"text": "It pays.", "by": "Mira Castellan"}

    def test_a_dialogue_written_with_dashes_is_not_signed(self):
        carried = carry("## A\n\n> — Дорого.\n>\n> — Посчитаем.\n")
        assert passages(carried)[0]["value"] == {"text": "— Дорого.\n\n— Посчитаем.", "by": ""}

    def test_code_becomes_lines_in_the_type_of_code(self):
        carried = carry("## A\n\n```\na < b\n\nc\n```\n")
        assert passages(carried)[0]["value"] == "<p><code>a &lt; b</code><br/><code>c</code></p>"
        assert (Code.CODE, 3, "a < b c") in found(carried)

    def test_a_table_without_heads_has_none(self):
        value = passages(carry("## A\n\n| | |\n|---|---|\n| a | b |\n"))[0]["value"]
        assert (value["data"], value["table_header_choice"]) == ([["a", "b"]], "neither")

    def test_a_link_in_a_table_is_named_since_cells_are_plain(self):
        assert (Code.LINK_IN_PLAIN, 5, "x: https://e.example") in found(
            carry("## A\n\n| h |\n|---|\n| [x](https://e.example) |\n")
        )

    def test_a_line_across_and_struck_words_are_named(self):
        assert [(code, place) for code, place, _words in found(carry("## A\n\n~~no~~ x\n\n***\n\ny\n"))] == [
            (Code.MARKS, 3), (Code.ACROSS, 5),
        ]  # fmt: skip


class TestLinks:
    @pytest.mark.parametrize("address", [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\x01script:alert(1)", "&#106;avascript:alert(1)",
        "java&#10;script:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://e.example/x", "http://",
    ])  # fmt: skip
    def test_an_address_that_may_not_be_followed_leaves_its_words(self, address):
        carried = carry(f"## A\n\n[words](<{address}>)\n")
        assert passages(carried)[0]["value"] == "<p>words</p>"
        assert [place for code, place, _words in found(carried) if code in {Code.BAD_LINK, Code.DEAD_LINK}] == [3]

    def test_a_link_to_a_file_or_a_page_elsewhere_on_the_server_is_dead(self):
        assert codes(carry("## A\n\n[a](prices.xlsx) and [b](/old/page)\n")) == {Code.DEAD_LINK}

    def test_a_link_to_another_text_waits_for_its_page(self):
        carried = carry("## A\n\n[a](doc:voice#x), [b](../other/voice.md#x), [c](card:dear)\n")
        assert [target for target, _place in carried.links] == ["doc:voice#x", "file:../other/voice.md#x", "card:dear"]
        resolve_links(carried.sections, {"doc:voice#x": 5, "card:dear": 0}.get)
        assert (
            passages(carried)[0]["value"] == '<p><a id="5" linktype="page">a</a>, b, <a href="page:card:dear">c</a></p>'
        )

    def test_a_link_within_the_text_stays_only_if_it_leads_somewhere(self):
        carried = carry("## A {#a}\n\n[here](#a) and [nowhere](#b)\n")
        assert passages(carried)[0]["value"] == '<p><a href="#a">here</a> and nowhere</p>'
        assert codes(carried) == {Code.DEAD_LINK}


class TestForeignHtml:
    @pytest.mark.parametrize(
        ("source", "line"),
        [
            ("<script>alert(1)</script>", 3),
            ("words <script>alert(1)</script>", 3),
            ("words\nand <iframe src='https://e.example'></iframe>", 4),
            ("<div onclick='x()'>block</div>", 3),
            ("<table><tr><td>x</td></tr></table>", 3),
            ("words <img src='x.png'>", 3),
        ],
    )
    def test_html_in_a_text_is_left_out_and_named_with_its_line(self, source, line):
        carried = carry(f"## A\n\n{source}\n\nAfter.\n")
        assert [(code, place) for code, place, _words in found(carried)] == [(Code.RAW_HTML, line)]
        written = str(passages(carried))
        assert "alert" not in written
        assert "After." in written

    def test_a_comment_that_is_never_closed_is_named(self):
        assert codes(carry("## A\n\nwords\n\n<!-- gone\n\nmore\n")) == {Code.RAW_HTML}

    def test_the_end_of_a_comment_is_sought_once(self):
        """From each opening anew, it would take minutes where there is none."""
        assert _comment.findall("<!-- " * 1000) == [""]

    @pytest.mark.parametrize("line", ["# a\n", "a <b>\n", "# a\n\n###### b\n\n"])
    def test_the_work_of_a_text_grows_with_its_length_and_not_with_its_square(self, line):
        assert count_work(lambda: carry(line * 2000)) < 5 * count_work(lambda: carry(line * 500))

    def test_line_breaks_and_comments_of_html_need_no_word(self):
        carried = carry("## A\n\none<br>two <!-- note -->\n\n<!-- a\nb -->\n")
        assert carried.findings == []
        assert passages(carried)[0]["value"] == "<p>one<br/>two</p>"


# --- Front matter -----------------------------------------------------------------------------------------------------


class TestFrontMatter:
    def test_simple_lines_say_what_toml_says(self):
        lines = (
            "---\ntitle: 'Calls: all'\ntags: [a, \"b c\"]\nproducts:\n  - crm\n  - voice\norder: 3\n---\n## A\n\nx\n"
        )
        toml = (
            '+++\ntitle = "Calls: all"\ntags = ["a", "b c"]\nproducts = ["crm", "voice"]\norder = 3\n+++\n## A\n\nx\n'
        )
        one, other = made(lines)[0], made(toml)[0]
        assert one.meta == other.meta == {
            "title": "Calls: all", "tags": ["a", "b c"], "products": ["crm", "voice"], "order": 3,
        }  # fmt: skip

    @pytest.mark.parametrize(
        "line", ['title = "a\\u0000b"', 'tags = ["a\\u0000b"]', '[[versions]]\nversion = "1\\u00002"']
    )
    def test_a_sign_that_no_database_keeps_is_a_wrong_value(self, line):
        shaped, carried = made(f"+++\n{line}\n+++\nwords\n")
        assert codes(carried) == {Code.FRONT_VALUE}
        assert "\0" not in str((shaped, carried.sections))

    def test_a_line_drawn_at_the_head_is_no_front_matter(self):
        assert passages(carry("---\n\nwords\n\n---\n\nmore\n"))

    def test_an_unknown_key_is_named_with_its_line(self):
        assert found(made('+++\ntitle = "T"\ncolour = "red"\n+++\n## A\n\nx\n')[1]) == [(Code.UNKNOWN_KEY, 3, "colour")]

    def test_a_key_of_another_type_is_named(self):
        assert codes(made('+++\nbehind = "x"\n+++\n## A\n\nx\n')[1]) == {Code.UNKNOWN_KEY}

    @pytest.mark.parametrize(
        ("text", "code", "line"),
        [
            ('+++\ntitle = "T"\n\n## A\n', Code.FRONT_OPEN, 1),
            ('+++\ntitle = "T\n+++\nx\n', Code.FRONT_SYNTAX, 2),
            ("---\ntitle: x\nno key here\n---\nx\n", Code.FRONT_SYNTAX, 3),
            ("---\ntitle: x\ntitle: y\n---\nx\n", Code.FRONT_SYNTAX, 3),
        ],
    )
    def test_front_matter_that_cannot_be_read_refuses_the_file_at_its_line(self, text, code, line):
        with pytest.raises(Unreadable) as refused:
            carry(text)
        assert (refused.value.finding.code, refused.value.finding.place) == (code, line)

    @pytest.mark.parametrize(
        ("line", "kind"),
        [
            ("tags = 5", "doc"), ("title = ['x']", "doc"), ("order = -1", "doc"), ('versions = "7"', "doc"),
            ('share_answer = "yes"', "card"), ("employees = 1.5", "case"), ('title = "' + "x" * 300 + '"', "doc"),
            ('rules = [{level = "maybe", statement = "x"}]', "standard"), ('rules = [{level = "must"}]', "standard"),
            ('versions = [{version = "1", released = "soon"}]', "doc"), ("earned = 99999999999999999", "case"),
        ],
    )  # fmt: skip
    def test_a_value_of_the_wrong_kind_refuses_the_file_at_its_line(self, line, kind):
        _shaped, carried = made(f"+++\n{line}\n+++\n## Answer\n\nx\n", kind)
        assert (Code.FRONT_VALUE, 2) in [(code, place) for code, place, _words in found(carried)]
        assert carried.is_refused

    @pytest.mark.parametrize(
        ("word", "kind"),
        [
            ("product doc", "doc"),
            ("Product-Doc", "doc"),
            ("кейс", "case"),
            ("Карточка возражения", "card"),
            ("doc", "doc"),
        ],
    )
    def test_a_type_is_known_by_its_name_in_either_language(self, word, kind):
        assert made(f"---\ntype: {word}\n---\n## Answer\n\nx\n")[0].kind == kind

    @pytest.mark.parametrize(("word", "code"), [("poem", Code.UNKNOWN_TYPE), ("call script", Code.NOT_FROM_TEXT)])
    def test_a_type_that_text_does_not_make_refuses_the_file(self, word, code):
        assert (code, 2, word) in found(made(f"---\ntype: {word}\n---\n## A\n\nx\n")[1])


class TestShapes:
    def test_an_address_is_made_from_the_file_s_name_in_latin_letters(self):
        assert made("## A\n\nx\n", name="Папка/Звонки и цены.md")[0].slug == "zvonki-i-tseny"
        assert made("## A\n\nx\n", name="x.md")[0].title == "X"

    def test_a_name_without_a_letter_has_no_address(self):
        assert Code.BAD_SLUG in codes(made("## A\n\nx\n", name="---.md")[1])

    def test_a_card_s_parts_are_known_by_their_headings(self):
        shaped, carried = made(
            "# Дорого\n\n## Ответ\n\nПосчитаем.\n\n## Доказательство\n\nСчёт.\n\n## Следующий вопрос\n\nС чем?\n",
            "card",
        )
        assert (shaped.title, shaped.fields["next_question"]) == ("Дорого", "С чем?")
        assert [shaped.fields[part][0]["value"] for part in ("answer", "proof")] == [
            "<p>Посчитаем.</p>",
            "<p>Счёт.</p>",
        ]
        assert carried.findings == []

    def test_a_card_that_is_nothing_but_words_is_its_answer(self):
        shaped, carried = made("Let us count.\n", "card", name="too-dear.md")
        assert shaped.fields["answer"][0]["value"] == "<p>Let us count.</p>"
        assert not carried.is_refused

    def test_a_section_that_a_card_has_no_place_for_is_named(self):
        assert (Code.LOST_SECTION, 0, "History") in found(made("## Answer\n\nx\n\n## History\n\ny\n", "card")[1])

    def test_a_card_without_an_answer_is_refused(self):
        assert made("## Proof\n\nx\n\n## Behind\n\ny\n", "card")[1].is_refused

    def test_a_standard_s_rules_are_the_list_under_their_heading(self):
        shaped, carried = made("## Rules\n\n- Call within an hour.\n- Never pass it on.\n\n## Why\n\nx\n", "standard")
        rules = [(rule["value"]["level"], rule["value"]["statement"]) for rule in shaped.fields["rules"]]
        assert rules == [("must", "Call within an hour."), ("never", "Never pass it on.")]
        assert [section["value"]["heading"] for section in shaped.fields["body"]] == ["Why"]
        assert codes(carried) == {Code.RULES_ALWAYS}

    def test_rules_told_in_prose_are_left_in_their_section(self):
        shaped, carried = made("## Rules\n\nCall soon.\n\n- a\n", "standard")
        assert (shaped.fields["rules"], len(shaped.fields["body"])) == ([], 1)
        assert codes(carried) == {Code.NO_RULES}

    def test_what_was_earned_needs_a_currency(self):
        shaped, carried = made('+++\ncustomer = "N"\nearned = 100\n+++\n## A\n\nx\n', "case")
        assert "earned_minor" not in shaped.fields
        assert codes(carried) == {Code.NO_CURRENCY}


# --- Word -------------------------------------------------------------------------------------------------------------


BOMB = f'<!DOCTYPE x [<!ENTITY a "b">]><w:document xmlns:w="{W}"><w:body>{paragraph("&a;")}</w:body></w:document>'
ELSEWHERE = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{R}/officeDocument" Target="word/document.bin"/></Relationships>'
)


class TestWord:
    def test_a_document_becomes_sections_like_any_text(self):
        carried = carry_docx(
            paragraph("All on calls", style="Title"),
            paragraph("In short.", style="Subtitle"),
            paragraph("Contents 3", style="toc 1"),
            paragraph("First", style="heading 1"),
            paragraph("Plain ", inner=run("bold", bold=True) + run(" and ") + run("slanted", italic=True)),
            paragraph("one", bullet=True),
            paragraph("two", bullet=True, level=1),
            paragraph(inner=picture(alt="A dot")),
            paragraph("Under it", style="caption"),
            paragraph("It pays", style="Quote"),
            paragraph("Above it", style="caption"),
            table(["", "A"], ["x", "1"], head=True),
        )
        assert (carried.title, carried.meta, carried.unit) == ("All on calls", {"intro": "In short."}, PARAGRAPH)
        text, figure, quote, grid = passages(carried)
        assert text["value"] == (
            "<p>Plain <b>bold</b> and <i>slanted</i></p><ul><li>one<ul><li>two</li></ul></li></ul>"
        )
        assert figure["value"] == {"image": "picture:word:1", "caption": "Under it", "alt": "A dot"}
        assert carried.own_pictures["word:1"] == ("picture-1.png", PIXEL)
        assert quote["value"]["text"] == "It pays"
        assert (grid["value"]["data"], grid["value"]["table_caption"]) == ([["", "A"], ["x", "1"]], "Above it")
        assert grid["value"]["table_header_choice"] == "both"
        assert carried.findings == []

    @pytest.mark.parametrize(
        ("inner", "code"),
        [
            ("<w:r><w:object/></w:r>", Code.EMBEDDED),
            ("<w:del><w:r><w:delText>old</w:delText></w:r></w:del>", Code.TRACKED),
            ('<w:r><w:commentReference w:id="1"/></w:r>', Code.COMMENT),
            ('<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"/>', Code.FORMULA),
            (
                '<w:r><w:drawing><a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData '
                'uri="http://schemas.openxmlformats.org/drawingml/2006/chart"/></a:graphic></w:drawing></w:r>',
                Code.EMBEDDED,
            ),
        ],
    )
    def test_what_no_text_can_carry_is_named_with_its_paragraph(self, inner, code):
        carried = carry_docx(paragraph("A", style="heading 1"), paragraph(), paragraph("Beside it ", inner=inner))
        assert (code, 3, "Beside it") in found(carried)

    def test_a_table_inside_a_table_stands_in_its_cell_in_plain_words(self):
        inside = table(["a", "b"]) + paragraph("after")
        carried = carry_docx(paragraph("A", style="heading 1"), table(["h", "i"], ["x", ""], cells={(1, 1): inside}))
        assert passages(carried)[0]["value"]["data"][1] == ["x", "a b after"]
        assert [(code, words) for code, _place, words in found(carried)] == [(Code.NESTED_TABLE, "a b after")]

    def test_a_linked_picture_is_not_fetched(self):
        carried = carry_docx(paragraph("A", style="heading 1"), paragraph(inner=picture("rIdFar", link=True)))
        assert found(carried)[0] == (Code.EXTERNAL_PICTURE, 2, "https://elsewhere.example/x.png")

    def test_a_link_that_runs_a_script_leaves_its_words(self):
        carried = carry_docx(
            paragraph("A", style="heading 1"), paragraph(inner=link("go")), target="javascript:alert(1)"
        )
        assert passages(carried)[0]["value"] == "<p>go</p>"
        assert codes(carried) == {Code.BAD_LINK}

    def test_macros_and_headers_are_named(self):
        header = f'<w:hdr xmlns:w="{W}">{paragraph("Confidential")}</w:hdr>'
        carried = carry_docx(
            paragraph("A", style="heading 1"), paragraph("x"),
            parts={"word/vbaProject.bin": b"x", "word/header1.xml": header},
        )  # fmt: skip
        assert found(carried) == [(Code.MACRO, 0, ""), (Code.HEADER, 0, "Confidential")]

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", Code.EMPTY),
            (b"plain words", Code.NOT_WORD),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, Code.OLD_WORD),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), Code.ENCRYPTED),
            (b"PK\x03\x04 and nothing more", Code.BROKEN_WORD),
            (pack({"xl/workbook.xml": "<x/>"}), Code.NOT_WORD),
            (document(parts={"word/document.xml": "<w:document"}), Code.BROKEN_WORD),
            (document(parts={"word/document.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}), Code.BROKEN_WORD),
            (document(parts={"word/document.xml": f'<w:document xmlns:w="{W}"/>'}), Code.BROKEN_WORD),
            (document(parts={"word/huge.xml": b"<x>" + b" " * (7 * 1024 * 1024) + b"</x>"}), Code.UNPACKS_TOO_LARGE),
            (document("<w:r>" * 3000 + "</w:r>" * 3000), Code.TOO_DEEP),
            # Under another name its XML would be read without having been looked into.
            (document(parts={"_rels/.rels": ELSEWHERE, "word/document.bin": BOMB}), Code.BROKEN_WORD),
            (document(parts={"word/document.xml": BOMB, "word/./document.xml": f"<w:x xmlns:w='{W}'/>"}), Code.BROKEN_WORD),
        ],
    )  # fmt: skip
    def test_what_is_no_document_is_refused_with_its_reason(self, data, code):
        with pytest.raises(Unreadable) as refused:
            carry_word("x.docx", data, new_id=str, opening="")
        assert refused.value.finding.code == code

    def test_a_document_cut_short_anywhere_is_refused_and_never_breaks_the_reader(self):
        whole = document(paragraph("A", style="heading 1"), paragraph("x"))
        for end in range(0, len(whole), 97):
            with pytest.raises(Unreadable):
                carry_word("x.docx", whole[:end], new_id=str, opening="")


# --- Folders and encodings --------------------------------------------------------------------------------------------


class TestFolders:
    def test_texts_pictures_and_the_rest_are_told_apart(self):
        folder = open_folder([
            ("folder.zip", pack({"docs/a.md": "x", "docs/images/p.png": b"p", "prices.xlsx": b"x", "__MACOSX/a.md": "x",
                                 "docs/.DS_Store": b"x", "docs/~$a.docx": b"x"})),
            ("b.docx", b"y"),
        ])  # fmt: skip
        assert (set(folder.texts), set(folder.pictures), folder.aside) == (
            {"docs/a.md", "b.docx"}, {"docs/images/p.png"}, ["prices.xlsx"],
        )  # fmt: skip

    @pytest.mark.parametrize(
        "reference", ["images/p.png", "./images/p.png", "../docs/images/p.png", "p.png", "images/p%2Epng"]
    )
    def test_a_picture_is_found_from_its_text(self, reference):
        folder = Folder(pictures={"docs/images/p.png": b""})
        assert folder.find_picture(reference, beside="docs/a.md") == "docs/images/p.png"

    def test_a_name_that_two_pictures_have_is_no_picture(self):
        folder = Folder(pictures={"a/p.png": b"", "b/p.png": b""})
        assert folder.find_picture("p.png", beside="c/x.md") is None

    @pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b.md", "C:\\x.md", "..\\x.md"])
    def test_an_archive_that_reaches_outside_is_not_opened(self, name):
        with pytest.raises(BadArchive, match="outside"):
            open_folder([("f.zip", pack({name: "x"}))])

    @pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04broken"])
    def test_what_is_no_archive_is_refused(self, data):
        with pytest.raises(BadArchive, match="broken"):
            open_folder([("f.zip", data)])

    def test_an_encrypted_archive_is_refused_naming_the_file(self):
        data = bytearray(pack({"a.md": "x"}))
        for place in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
            data[place] |= 1
        with pytest.raises(BadArchive) as refused:
            open_folder([("f.zip", bytes(data))])
        assert (refused.value.why, refused.value.member) == ("encrypted", "a.md")

    def test_a_bomb_is_refused_before_it_is_unpacked(self):
        with pytest.raises(TooMuch) as refused:
            open_folder([("f.zip", pack({f"{number}.md": b" " * (MAX_FILE - 1) for number in range(6)}))])
        assert refused.value.limit == "unpacked"
        assert 6 * (MAX_FILE - 1) > MAX_UNPACKED

    def test_a_bomb_in_many_archives_is_refused_as_one(self):
        parts = [(f"{number}.zip", pack({f"{number}.png": b" " * (MAX_FILE - 1)})) for number in range(6)]
        with pytest.raises(TooMuch) as refused:
            open_folder(parts)
        assert refused.value.limit == "unpacked"
        many = [(f"{one}.zip", pack({f"{one}-{two}.txt": "" for two in range(MAX_MEMBERS // 2 + 1)})) for one in "ab"]
        with pytest.raises(TooMuch) as refused:
            open_folder(many)
        assert refused.value.limit == "members"

    def test_an_archive_of_another_packing_that_is_damaged_is_refused(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
            archive.writestr("a.md", "x" * 1000)
        data = bytearray(packed.getvalue())
        assert open_folder([("f.zip", bytes(data))]).texts == {"a.md": b"x" * 1000}
        data[38] = 0xFF  # what LZMA is to be unpacked with
        with pytest.raises(BadArchive, match="broken"):
            open_folder([("f.zip", bytes(data))])

    def test_an_archive_that_lies_about_its_sizes_is_refused(self):
        data = bytearray(pack({"a.md": b"x" * 5000}))
        place = data.index(b"PK\x01\x02") + 24
        data[place : place + 4] = (10).to_bytes(4, "little")
        with pytest.raises(BadArchive, match="broken"):
            open_folder([("f.zip", bytes(data))])

    def test_limits_name_what_is_beyond_them(self):
        for uploads, limit in (
            ([("a.md", b"x" * (MAX_FILE + 1))], "file"),
            ([("a.pdf", b"x" * MAX_FILE), ("b.pdf", b"x" * MAX_FILE), ("c.md", b"x")], "upload"),
            ([("f.zip", pack({f"{number}.txt": "" for number in range(MAX_MEMBERS + 1)}))], "members"),
            ([(f"{number}.md", b"x") for number in range(MAX_TEXTS + 1)], "texts"),
        ):
            with pytest.raises(TooMuch) as refused:
                open_folder(uploads)
            assert refused.value.limit == limit
            assert refused.value.name

    def test_russian_names_packed_by_windows_are_read(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("XXXXXX.md", "x")
        data = packed.getvalue().replace(b"XXXXXX", "Звонки".encode("cp866"))
        assert set(open_folder([("f.zip", data)]).texts) == {"Звонки.md"}

    def test_two_uploads_of_one_name_are_both_kept(self):
        assert set(open_folder([("a.md", b"x"), ("a.md", b"y")]).texts) == {"a.md", "a.md (2)"}


class TestEncodings:
    RUSSIAN = "Звонок записывается целиком, и руководитель его слышит.\n"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_unicode_in_its_usual_dresses_is_read(self, encoding):
        assert read_letters("x.md", self.RUSSIAN.encode(encoding))[0] == self.RUSSIAN

    def test_windows_1251_is_recognised_and_said(self):
        carried = carry(f"## Звонки\n\n{self.RUSSIAN}".encode("cp1251"))
        assert found(carried) == [(Code.ENCODING, 0, "Windows-1251")]
        assert "записывается" in passages(carried)[0]["value"]

    def test_a_western_text_is_not_taken_for_a_russian_one(self):
        assert read_letters("x.md", "naïve café — “yes”, said Zoë".encode("cp1252"))[1] == "Windows-1252"

    def test_broken_utf8_is_refused_at_its_line(self):
        with pytest.raises(Unreadable) as refused:
            read_letters("x.md", f"{self.RUSSIAN}{self.RUSSIAN}".encode() + b"caf\xe9 \xff\n" + self.RUSSIAN.encode())
        assert (refused.value.finding.code, refused.value.finding.place) == (Code.BROKEN_UTF8, 3)

    @pytest.mark.parametrize("data", [b"\x98\x99\x9a", bytes(range(128, 256)), b"a\x00b", "żółw".encode("iso-8859-2")])
    def test_what_is_no_text_is_refused(self, data):
        with pytest.raises(Unreadable) as refused:
            read_letters("x.md", data)
        assert refused.value.finding.code == Code.NOT_TEXT

    @pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf", "\ufeff \n".encode("utf-16")])
    def test_an_empty_file_is_refused(self, data):
        with pytest.raises(Unreadable) as refused:
            read_letters("x.md", data)
        assert refused.value.finding.code == Code.EMPTY

    def test_a_text_as_long_as_a_library_is_refused(self):
        with pytest.raises(Unreadable) as refused:
            read_letters("x.md", b"x" * (MAX_LETTERS + 1))
        assert refused.value.finding.code == Code.TOO_LONG

    def test_lines_of_every_system_are_counted_alike(self):
        assert read_letters("x.md", b"a\r\nb\rc\n")[0] == "a\nb\nc\n"


# --- Again ------------------------------------------------------------------------------------------------------------


def body(*parts: tuple[str, str, str]) -> list[dict]:
    """Sections of (id, anchor, text)."""
    return [
        {"type": "section", "id": id_, "value": {
            "heading": anchor.title(), "anchor": anchor, "shareable": False,
            "body": [{"type": "text", "id": f"{id_}-1", "value": f"<p>{text}</p>"}],
        }}
        for id_, anchor, text in parts
    ]  # fmt: skip


class TestComingAgain:
    def test_a_section_keeps_its_id_by_its_anchor_and_its_paragraph_too(self):
        new = body(("n1", "second", "B, new"), ("n2", "first", "A"))
        keep_ids(new, body(("o1", "first", "A"), ("o2", "second", "B")))
        assert [(one["id"], one["value"]["body"][0]["id"]) for one in new] == [("o2", "o2-1"), ("o1", "o1-1")]

    def test_without_an_anchor_the_heading_tells(self):
        old, new = body(("o1", "", "A")), body(("n1", "", "A"))
        old[0]["value"]["heading"] = new[0]["value"]["heading"] = "Звонки"
        keep_ids(new, old)
        assert new[0]["id"] == "o1"

    def test_no_id_is_given_twice(self):
        new = body(("n1", "a", "x"), ("n2", "a", "x"))
        keep_ids(new, body(("o1", "a", "x")))
        assert [one["id"] for one in new] == ["o1", "n2"]

    def test_what_is_new_changed_and_gone_is_told(self):
        old = body(("o1", "first", "A"), ("o2", "second", "B"), ("o3", "third", "C"))
        new = body(("n1", "first", "A"), ("n2", "second", "B, new"), ("n4", "fourth", "D"))
        keep_ids(new, old)
        assert compare(new, old) == [
            Difference(DIFFERS, "Second"), Difference(ADDED, "Fourth"), Difference(REMOVED, "Third"),
        ]  # fmt: skip

    def test_another_order_is_a_change(self):
        old = body(("o1", "first", "A"), ("o2", "second", "B"))
        new = body(("n2", "second", "B"), ("n1", "first", "A"))
        keep_ids(new, old)
        assert compare(new, old) != []

    def test_what_the_editor_s_program_adds_is_no_change(self):
        old, new = body(("o1", "a", "x")), body(("n1", "a", "x"))
        old[0]["value"]["body"][0]["value"] = '<p data-block-key="k1">x</p>'
        keep_ids(new, old)
        assert compare(new, old) == []
        assert keep_unchanged(new, old) == old

    @given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=5),
           st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=5))  # fmt: skip
    def test_ids_stay_unique_whatever_comes_again(self, before, after):
        old = body(*((f"o{number}", anchor, text) for number, (anchor, text) in enumerate(before)))
        new = body(*((f"n{number}", anchor, text) for number, (anchor, text) in enumerate(after)))
        keep_ids(new, old)
        ids = [block["id"] for block in new]
        assert len(set(ids)) == len(ids)
        known = {block["id"] for block in old}
        assert all(block["id"] in known or block["id"].startswith("n") for block in new)


def test_the_work_of_comparing_grows_with_the_texts_and_not_with_their_square():
    def count_calls(number):
        old, new = (
            body(*((f"{word}{one}", f"{word.title()} {one}", word) for one in range(number))) for word in ("a", "b")
        )
        return count_work(lambda: keep_ids(new, old))

    assert count_calls(400) < 5 * count_calls(100)


def test_every_finding_belongs_to_exactly_one_group():
    groups = [ERRORS, LEFT_OUT, CHANGED, TO_DO]
    assert all(sum(code in group for group in groups) == 1 for code in Code)


def test_what_a_report_shows_is_one_printable_line():
    assert short("a\n\x1b[31m b" + "x" * 200) == "a \N{REPLACEMENT CHARACTER}[31m b" + "x" * 70 + "…"
