"""The text of an agreement as it is shown: what was accepted, set out, and nothing else."""

from portal.partners.templatetags.agreements import set_out


def test_headings_lists_and_stress_are_set_out():
    shown = set_out("## What you do\n\nYou answer.\n\n- within **one day**,\n  or two\n- always\n\nThat is all.")
    assert shown == (
        "<h2>What you do</h2>\n<p>You answer.</p>\n"
        "<ul><li>within <strong>one day</strong>, or two</li><li>always</li></ul>\n<p>That is all.</p>"
    )


def test_a_heading_may_stand_close_to_its_text():
    assert set_out("## One\nText") == "<h2>One</h2>\n<p>Text</p>"


def test_markup_in_the_text_stays_text():
    assert set_out("<b>a</b> & **<i>**") == "<p>&lt;b&gt;a&lt;/b&gt; &amp; <strong>&lt;i&gt;</strong></p>"


def test_an_empty_text_is_empty():
    assert set_out("") == "<p></p>"
