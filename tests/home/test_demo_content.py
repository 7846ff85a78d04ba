"""What the demo's files promise each other: two languages, one set of figures, links that lead somewhere."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest

from portal.content.vtt import parse_captions
from portal.home.services.demo.files import FOLDER, LANGUAGES, in_language, read_tables, read_texts, read_toml

WRITTEN = ("materials", "cases", "standards")
#: A money row of a case: what is counted, how, and what it comes to.
SUM = re.compile(r"^\| [^|]+ \| (?P<count>[\d €×]+) \| (?P<result>[−\d,.]+) \|$", re.MULTILINE)
EARNED = re.compile(r"\*\*Earned by the partner\*\* \| \| \*\*(?P<sum>[\d,.]+)\*\*")
LINK = re.compile(r"\]\((?P<kind>[a-z]+):(?P<slug>[a-z0-9-]+)(?:#(?P<anchor>[a-z0-9-]+))?\)")


def read_both(folder):
    """Pairs of texts, English and Russian, by slug."""
    english, russian = ({text.slug: text for text in read_texts(folder, language)} for language in LANGUAGES)
    assert english.keys() == russian.keys()
    return [(english[slug], russian[slug]) for slug in english]


def read_body(text):
    return "\n".join(line for section in text.sections for line in section.lines)


def find_anchors():
    """Every place that a link may name, by kind and slug."""
    places = {
        **{("doc", text.slug): text for text in read_texts("materials", "en")},
        **{("case", text.slug): text for text in read_texts("cases", "en")},
        **{("standard", text.slug): text for text in read_texts("standards", "en")},
        **{
            ("lesson", text.slug.partition("-")[2]): text
            for course in read_toml("learning.toml")["courses"]
            for text in read_texts(course["folder"], "en", "lessons")
        },
        **{("card", text.slug): text for text in read_texts("objections", "en", "cards")},
        **{("script", text.slug): text for text in read_tables("scripts", "en")},
        **{("price", text.slug): text for text in read_tables("prices", "en")},
        **{("video", text.slug): text for text in read_tables("videos", "en")},
    }
    return {
        place: {
            *(section.anchor for section in text.sections),
            *(rule["anchor"] for rule in text.meta.get("rules", [])),
            *(step["name"] for step in text.meta.get("steps", [])),
        }
        for place, text in places.items()
    }


@pytest.mark.parametrize("folder", WRITTEN)
def test_both_languages_have_the_same_sections_marks_and_links(folder):
    for english, russian in read_both(folder):
        shapes = [[(part.anchor, part.shareable) for part in text.sections] for text in (english, russian)]
        assert shapes[0] == shapes[1], english.slug
        links = [LINK.findall(read_body(text)) for text in (english, russian)]
        assert links[0] == links[1], english.slug


@pytest.mark.parametrize("folder", WRITTEN)
def test_both_languages_have_the_same_figures(folder):
    words = {"title", "intro", "tags", "for_whom", "applies_to", "customer", "changes", "statement", "why", "measure"}

    def bare(value):
        if isinstance(value, dict):
            return {key: bare(part) for key, part in value.items() if key not in words}
        return [bare(part) for part in value] if isinstance(value, list) else value

    for english, russian in read_both(folder):
        assert english.meta.keys() == russian.meta.keys()
        assert bare(english.meta) == bare(russian.meta), english.slug


def test_every_link_leads_somewhere():
    anchors = find_anchors()
    for path in [*FOLDER.rglob("*.md"), *FOLDER.rglob("*.toml")]:
        if path.name == "README.md":
            continue
        for kind, slug, anchor in LINK.findall(path.read_text(encoding="utf-8")):
            assert (kind, slug) in anchors, path
            assert not anchor or anchor in anchors[kind, slug], (path, slug, anchor)


def test_the_money_of_a_case_comes_out_at_what_the_partner_earned():
    partners = {partner["name"] for partner in read_toml("people.toml")["partners"]}
    for case in read_texts("cases", "en"):
        assert case.meta["partner"] in partners
        body = read_body(case)
        counted = [row for row in SUM.finditer(body) if "×" in row["count"]]
        assert counted
        for row in counted:
            product = 1
            for factor in re.findall(r"\d+", row["count"]):
                product *= int(factor)
            assert product == abs(float(row["result"].replace(",", "").replace("−", "-"))), row[0]
        earned = EARNED.search(body)["sum"].replace(",", "")
        assert round(float(earned) * 100) == case.meta["earned"], case.slug


def test_the_price_list_says_what_the_plans_say():
    prices = {row["anchor"]: row["price"] / 100 for row in read_toml("prices/ringwell-2026.toml")["rows"]}
    plans = next(text for text in read_texts("materials", "en") if text.slug == "plans-and-prices")
    body = read_body(plans)
    for line in (
        "| Paid for a year | €{start-year-eu:g} | €{team-year-eu:g} | €{pro-year-eu:g} |",
        "| Paid monthly | €{start-month-eu:g} | €{team-month-eu:g} | €{pro-month-eu:g} |",
        "| Voice, per user with a line | €{voice-eu:g} |",
        "| Further number | €{number-eu:g} |",
        "| Minutes beyond the pool | €{minute-eu:.2f} a minute |",
        "| Desk, per agent | €{desk-eu:g} |",
    ):
        assert line.format_map(prices) in body


def test_the_discounts_are_the_commissions_of_the_first_year():
    discounts = read_toml("prices/ringwell-2026.toml")["discounts"]
    assert [row["tier"] for row in discounts] == [row["slug"] for row in read_toml("people.toml")["tiers"]]
    economics = next(text for text in read_texts("materials", "en") if text.slug == "partner-economics")
    percents = " | ".join(f"{row['percent']}%" for row in discounts)
    assert f"| First year | {percents} |" in read_body(economics)


def test_a_price_that_ends_is_followed_on_the_day_after():
    rows = read_toml("prices/ringwell-2026.toml")["rows"]
    followed = 0
    for one, other in pairwise(rows):
        if "valid_until" in one:
            assert (one["item"], one["market"]) == (other["item"], other["market"])
            assert other["valid_from"] == one["valid_until"] + timedelta(days=1)
            followed += 1
    assert followed


@pytest.mark.parametrize("film", list(read_tables("videos", "en")), ids=lambda film: film.slug)
def test_a_film_fits_its_captions_and_chapters_in_every_language(film):
    for kind in ("", "chapters."):
        files = [(FOLDER / f"videos/{film.slug}.{kind}{language}.vtt").read_bytes() for language in LANGUAGES]
        cues = [parse_captions(file) for file in files]
        times = [[(cue.start, cue.end) for cue in part] for part in cues]
        assert times[0] == times[1]
        assert times[0][-1][1] <= film.meta["seconds"] * 1000
        lines = [line for file in files for line in file.decode().split("\n") if "-->" not in line]
        assert max(map(len, lines)) <= 42
    assert (FOLDER / f"videos/{film.slug}.mp4").stat().st_size < 700_000


def test_in_one_language_nothing_of_the_other_is_left():
    value = {"title": {"en": "Price", "ru": "Цена"}, "rows": [{"note": {"en": "once", "ru": "один раз"}, "price": 5}]}
    assert in_language(value, "ru") == {"title": "Цена", "rows": [{"note": "один раз", "price": 5}]}


@pytest.mark.xdist_group("demo")
def test_what_is_loaded_passes_the_editors_own_checks(demo):
    """Every stream of every material is cleaned as when an editor publishes it; ids are the same in all languages."""
    found = demo.manage("shell", "-v", "0", "-c", CHECK)
    assert found.stdout.strip().endswith("checked"), found.stdout


CHECK = """
from collections import defaultdict
from django.utils import translation
from wagtail.fields import StreamField
from training.models import MaterialPage

ids = defaultdict(set)
for page in MaterialPage.objects.specific():
    with translation.override(page.locale.language_code):
        page.full_clean()
        for field in type(page)._meta.local_fields:
            if isinstance(field, StreamField):
                stream = getattr(page, field.name)
                stream.stream_block.clean(stream)
                ids[page.translation_key, field.name].add(tuple(block["id"] for block in stream.raw_data))
assert all(len(found) == 1 for found in ids.values()), ids
print(len(ids), "checked")
"""
