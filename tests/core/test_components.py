"""The components: what they draw, say and weigh. No test here needs the database."""

import math
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.template.loader import render_to_string
from django.utils import translation

import portal.core
from portal.core.components import Column, Mark, StepState, ladder, tabulate, thread
from portal.core.errors import Refusal
from portal.core.samples import SampleForm
from portal.core.sprite import ICONS

CORE = Path(portal.core.__file__).parent
STATIC = CORE / "static" / "core"
APPS = [settings.BASE_DIR / name for name in ("portal", "training", "certification")]
TEMPLATES = sorted(path for app in APPS for path in app.glob("**/templates/**/*.html"))


def draw(name, **context):
    with translation.override("en"):
        return render_to_string(f"components/{name}.html", context)


def test_a_part_that_is_drawn_once_is_drawn_for_each_language_and_reads_nothing_of_one_reader_s():
    found = engines["django"].from_string(
        '{% load i18n shell %}{{ name }}: {% once %}{% translate "Skip to the content" %}{{ name }}{% endonce %}'
    )
    for language, words in [
        ("en", "Skip to the content"),
        ("ru", "Перейти к содержанию"),
        ("en", "Skip to the content"),
    ]:
        for name in ("Anna", "Boris"):
            with translation.override(language):
                assert found.render({"name": name}) == f"{name}: {words}"


# --- The mark --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "spoken"),
    [
        ("held", "Telephony: held"),
        ("expiring", "Telephony: expires soon"),
        ("missing", "Telephony: missing"),
        ("revoked", "Telephony: revoked"),
        ("lapsed", "Telephony: lapsed"),
    ],
)
def test_a_mark_says_its_state_in_words(state, spoken):
    svg = draw("mark", letter="T", shape="circle", year="27", state=state, label="Telephony", detail="until 2027")
    assert f"<title>{spoken}</title><desc>until 2027</desc>" in svg
    assert 'role="img"' in svg


def test_each_state_of_a_mark_differs_in_line_and_not_only_in_colour():
    drawings = {
        re.sub(
            r'class="[^"]*"|<title>.*?</title>', "", draw("mark", letter="T", shape="circle", year="27", state=state)
        )
        for state in ("held", "expiring", "missing", "revoked", "lapsed")
    }
    assert len(drawings) == 5


@pytest.mark.parametrize("shape", ["shield", "octagon", "circle", "lozenge"])
def test_each_cartouche_has_a_contour_of_its_own(shape):
    others = {"shield", "octagon", "circle", "lozenge"} - {shape}
    own = draw("mark", letter="T", shape=shape, year="27", state="held")
    assert all(own != draw("mark", letter="T", shape=other, year="27", state="held") for other in others)


def test_a_small_mark_leaves_out_the_year_that_nobody_could_read():
    assert ">27<" in draw("mark", letter="T", shape="shield", year="27", state="held", size=32)
    assert ">27<" not in draw("mark", letter="T", shape="shield", year="27", state="held", size=24)


def test_a_mark_is_struck_only_when_it_was_just_won():
    assert "mark-won" in draw("mark", letter="T", year="27", state="held", won=True)
    assert "mark-won" not in draw("mark", letter="T", year="27", state="held")


def test_a_decorative_mark_is_silent():
    svg = draw("mark", letter="G", year="", state="held", decorative=True)
    assert 'aria-hidden="true"' in svg
    assert "<title>" not in svg


def test_a_label_cannot_break_out_of_a_mark():
    assert "<script>" not in draw("mark", letter="<", year="27", state="held", label="<script>alert(1)</script>")


def test_the_favicon_is_the_same_drawing():
    svg = draw("mark", letter="G", shape="shield", year="", state="held", standalone=True, decorative=True, size=48)
    assert (STATIC / "favicon.svg").read_text(encoding="utf-8") == re.sub(r"\n\s*", "", svg) + "\n"


def test_a_row_of_marks_names_each_and_says_what_to_do():
    html = draw("marks", marks=[Mark("S", "lozenge", "", "missing", "Sales technique", "Anna may retry on Friday")])
    assert "Sales technique: missing" in html
    assert "Anna may retry on Friday" in html


# --- Where one stands ------------------------------------------------------------------------------------------------


def test_the_thread_has_five_points_and_what_lies_before_the_current_one_is_done():
    points = thread(current="credential", notes={"credential": "until 2027"})
    assert [point.state for point in points] == ["done", "done", "current", "ahead", "ahead"]
    assert points[2].note == "until 2027"


def test_the_thread_knows_no_other_points():
    with pytest.raises(ValueError, match="payout"):
        thread(current="payout")


def test_the_thread_is_spoken_too():
    html = draw("thread", points=thread(current="exam"))
    assert html.count("<li") == 5
    assert html.count('aria-current="step"') == 1
    assert ": now" in html


def test_the_ladder_marks_the_tier_reached():
    rungs = ladder(["Registered", "Silver", "Gold"], current=1, notes=["", "since May"])
    assert [rung.state for rung in rungs] == [StepState.DONE, StepState.CURRENT, StepState.AHEAD]
    assert [rung.note for rung in rungs] == ["", "since May", ""]
    assert ": your tier" in draw("tier_ladder", rungs=rungs)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_ring_is_drawn_with_plain_numbers_in_every_language(language):
    with translation.override(language):
        html = render_to_string("components/progress.html", {"done": 1200, "total": 5000, "label": "Lessons"})
    assert 'pathLength="5000" stroke-dasharray="1200 5000"' in html


def test_an_empty_ring_has_no_arc():
    assert "ring-arc" not in draw("progress", done=0, total=5, label="Lessons")
    assert "ring-arc" not in draw("progress", percent=0, label="Result")


# --- Words and tables ------------------------------------------------------------------------------------------------


def test_a_refusal_says_why_and_what_would_change_it():
    refusal = Refusal("The exam is closed.", remedy="It opens on Friday.")
    html = draw("notice", kind="refused", text=refusal.message, remedy=refusal.remedy)
    assert "Refused:" in html
    assert "The exam is closed." in html
    assert "It opens on Friday." in html


def test_a_badge_has_a_shape_and_a_word_beside_its_colour():
    shapes = {
        re.search(r"#([a-z-]+)\"", draw("badge", label="x", kind=kind)).group(1)
        for kind in ("neutral", "accent", "good", "warn", "refused")
    }
    assert len(shapes) == 5


def test_a_cell_carries_its_heading_to_the_phone():
    table = tabulate([Column("Partner"), Column("Won", number=True)], [["Polus", 8]])
    html = draw("table", table=table)
    assert '<th scope="row">Polus</th>' in html
    assert '<td data-label="Won" class="number">8</td>' in html


def test_a_row_with_a_missing_cell_is_refused():
    with pytest.raises(ValueError, match="zip"):
        tabulate([Column("Partner"), Column("Won")], [["Polus"]])


def test_the_time_left_is_known_without_javascript(now):
    html = draw("timer", now=now, deadline=now + timedelta(minutes=30), form_id="exam-form")
    assert "until" in html
    assert 'data-form="exam-form"' in html
    assert "10 minutes left" in html
    assert "1 minute left" in html


# --- Forms -----------------------------------------------------------------------------------------------------------


def test_a_form_is_drawn_by_the_components():
    html = str(SampleForm())
    assert '<div class="fields">' in html
    assert 'aria-describedby="id_email_helptext"' in html
    assert 'id="id_email_helptext"' in html
    assert "error-summary" not in html


def test_a_wrong_field_is_named_at_the_head_and_tied_to_its_error():
    html = str(SampleForm({"email": "anna@"}))
    assert 'role="alert"' in html
    assert '<a href="#id_email">E-mail</a>' in html
    assert 'id="id_email_error"' in html
    assert re.search(r'aria-describedby="id_email_helptext id_email_error"', html)
    assert 'value="anna@"' in html  # what was typed is kept


def test_every_link_of_the_error_summary_leads_to_something():
    html = str(SampleForm({}))
    targets = re.findall(r'<a href="#([^"]+)"', html)
    assert targets
    assert all(f'id="{target}"' in html for target in targets)


# --- What the whole look promises ------------------------------------------------------------------------------------


def test_every_icon_that_a_template_asks_for_is_drawn():
    asked = {name for path in TEMPLATES for name in re.findall(r'{% icon "([^"]+)"', path.read_text(encoding="utf-8"))}
    assert asked <= set(ICONS)


# Mail programs read no linked styles, and no policy of ours governs them.
PAGES = [path for path in TEMPLATES if path.name != "letter.html" and "notices" not in path.parts]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_no_template_has_inline_styles_or_scripts(path):
    html = path.read_text(encoding="utf-8")
    assert not re.search(
        r"\sstyle=|<style|\son[a-z]+=\"|<script(?!-)(?![^>]*(\ssrc=|\stype=\"application/json\"))", html
    )


def test_the_scripts_are_small():
    scripts = list((STATIC / "js").glob("*.js"))
    assert all(len(script.read_text(encoding="utf-8").splitlines()) < 150 for script in scripts)
    assert sum(script.stat().st_size for script in scripts) < 20_000


def test_every_style_file_fills_its_own_layer():
    order = re.search(r"@layer ([^;]+);", (STATIC / "css" / "layers.css").read_text(encoding="utf-8")).group(1)
    for layer in order.split(", "):
        assert f"@layer {layer} {{" in (STATIC / "css" / f"{layer}.css").read_text(encoding="utf-8")
    head = (CORE / "templates" / "core" / "_head.html").read_text(encoding="utf-8")
    assert re.findall(r"core/css/([a-z]+)\.css", head) == ["layers", *order.split(", ")]


# --- Contrast, as WCAG 2.2 computes it, from OKLab as Björn Ottosson published it -------------------------------------


def luminance(lightness, chroma, hue):
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(1, max(0, part)) for part in (red, green, blue))  # as a screen clips what it cannot show
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(*one), luminance(*other)))
    return (light + 0.05) / (dark + 0.05)


def tokens(hue):
    """Each colour token as a pair (by day, by night) of lightness, chroma and hue."""
    css = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8").replace("var(--hue)", str(hue))
    colour = r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)"
    found = re.findall(rf"--([a-z-]+): light-dark\({colour}, {colour}\);", css)
    return {name: (tuple(map(float, parts[:3])), tuple(map(float, parts[3:]))) for name, *parts in found}


@pytest.mark.parametrize("theme", [0, 1], ids=["day", "night"])
def test_accent_text_keeps_a_contrast_of_six_at_every_hue(theme):
    for hue in range(360):
        colours = {name: pair[theme] for name, pair in tokens(hue).items()}
        assert contrast(colours["accent"], colours["paper"]) >= 6
        assert contrast(colours["accent"], colours["surface"]) >= 6
        assert contrast(colours["on-accent"], colours["accent"]) >= 6
        assert contrast(colours["accent-strong"], colours["sunken"]) >= 6
        assert contrast(colours["accent-strong"], colours["accent-wash"]) >= 6


@pytest.mark.parametrize("theme", [0, 1], ids=["day", "night"])
def test_every_other_text_keeps_a_contrast_of_four_and_a_half_and_lines_of_controls_of_three(theme):
    colours = {name: pair[theme] for name, pair in tokens(262).items()}
    for ground in ("paper", "surface", "sunken"):
        for text in ("ink", "ink-soft", "brass", "wax", "verdigris"):
            assert contrast(colours[text], colours[ground]) >= 4.5
        assert contrast(colours["rule-strong"], colours[ground]) >= 3
    for tone in ("brass", "wax", "verdigris"):
        assert contrast(colours[tone], colours[f"{tone}-wash"]) >= 4.5
        assert contrast(colours["ink"], colours[f"{tone}-wash"]) >= 4.5


# --- Error pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_an_error_page_needs_neither_request_nor_context_and_offers_a_way_on(name, language):
    with translation.override(language):
        html = engines["django"].get_template(f"{name}.html").render()
    assert 'href="/"' in html
    assert f'lang="{language}"' in html
