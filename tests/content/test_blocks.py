"""Sections keep their ids and anchors; tables and callouts are drawn as the portal draws them."""

import pytest
from django.core.exceptions import ValidationError
from wagtail.blocks import StreamBlockValidationError

from portal.content.blocks import BodyBlock, PassageBlock, TableBlock, list_sections, suggest_anchor, write_plain
from tests.factories.training import section


@pytest.fixture
def block():
    return BodyBlock()


def test_the_sections_of_a_body_are_listed_without_reading_their_passages(block):
    body = block.to_python([section("first", "First things", "x"), section("then", "Then", "y")])
    listed = list_sections(body)
    assert [(part.anchor, part.heading) for part in listed] == [("first", "First things"), ("then", "Then")]
    assert listed[0].block_id == section("first", "", "")["id"]


def test_two_sections_with_one_anchor_are_refused_by_number(block):
    body = block.to_python([section("first", "First", "x"), section("first", "Again", "y")])
    with pytest.raises(StreamBlockValidationError) as caught:
        block.clean(body)
    assert "section 1" in str(caught.value.block_errors[1].block_errors["anchor"].message)


def test_an_anchor_is_made_from_a_latin_heading(block):
    stored = section("", "What to do first", "x")
    assert block.clean(block.to_python([stored]))[0].value["anchor"] == "what-to-do-first"


def test_an_anchor_of_other_signs_is_refused(block):
    with pytest.raises(ValidationError):
        block.clean(block.to_python([section("Первый шаг", "Первый шаг", "x")]))


@pytest.mark.parametrize(("heading", "anchor"), [("2. Next steps", "next-steps"), ("Первый звонок", ""), ("A/B", "ab")])
def test_a_suggested_anchor_begins_with_a_letter(heading, anchor):
    assert suggest_anchor(heading) == anchor


def test_a_section_is_drawn_with_its_anchor_and_block_id(block):
    html = block.to_python([section("first", "First <things>", "Say <b>hello</b>")]).render_as_block()
    assert 'id="first"' in html
    assert f'data-block="{section("first", "", "")["id"]}"' in html
    assert "First &lt;things&gt;" in html
    assert "<b>hello</b>" in html


TABLE = {
    "data": [["Plan", "Price"], ["Start", "9 < 10"], ["Team", None]],
    "table_caption": "Plans",
    "table_header_choice": "both",
}


def test_a_table_names_its_columns_in_each_cell_for_narrow_screens():
    html = TableBlock().render(TABLE)
    assert "<caption>Plans</caption>" in html
    assert '<th scope="row">Start</th>' in html
    assert '<td data-label="Price">9 &lt; 10</td>' in html


def test_the_words_of_a_table_can_be_translated_and_put_back():
    table = TableBlock()
    segments = table.get_translatable_segments(TABLE)
    assert [(segment.path, segment.string.data) for segment in segments] == [
        ("0-0", "Plan"), ("0-1", "Price"), ("1-0", "Start"), ("2-0", "Team"), ("caption", "Plans"),
    ]  # fmt: skip
    for segment in segments:
        segment.string.data = segment.string.data.upper()
    translated = table.restore_translated_segments(TABLE, segments)
    assert translated["data"] == [["PLAN", "PRICE"], ["START", "9 < 10"], ["TEAM", None]]
    assert translated["table_caption"] == "PLANS"
    assert TABLE["data"][0] == ["Plan", "Price"]


def test_passages_are_copied_as_plain_text():
    passages = PassageBlock().to_python(
        [
            {"type": "text", "value": "<p>Count first &amp; ask.</p><ul><li>one</li><li>two</li></ul>"},
            {"type": "quote", "value": {"text": "How many calls?", "by": ""}},
            {"type": "callout", "value": {"kind": "tip", "text": "<p>Wait.</p>"}},
        ]
    )
    assert write_plain(passages) == "Count first & ask.\n\n– one\n– two\n\nHow many calls?\n\nWait."


def test_there_is_no_raw_html_and_nothing_embedded():
    names = set(PassageBlock().child_blocks)
    assert names == {"text", "figure", "table", "callout", "quote"}
    assert not {"embed", "image"} & set(PassageBlock().child_blocks["text"].features)
