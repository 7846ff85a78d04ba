"""What the demo's files promise each other: two languages, one set of figures, links that lead somewhere."""

import re
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from certification.drawing import BankItem, Blueprint, Quota, SectionRule, is_fillable
from certification.question_types import get_type, type_names
from portal.content.vtt import parse_captions
from portal.home.services.demo.bank import read_content, read_questions
from portal.home.services.demo.exams import read_exams
from portal.home.services.demo.files import FOLDER, LANGUAGES, in_language, read_tables, read_texts, read_toml

WRITTEN = ("materials", "cases", "standards")
#: A money row of a case: what is counted, how, and what it comes to.
SUM = re.compile(r"^\| [^|]+ \| (?P<count>[\d €×]+) \| (?P<result>[−\d,.]+) \|$", re.MULTILINE)
EARNED = re.compile(r"\*\*Earned by the partner\*\* \| \| \*\*(?P<sum>[\d,.]+)\*\*")
QUESTIONS = [pytest.param(row, id=row["id"]) for _topic, row in read_questions()]
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
            *(row["anchor"] for row in text.meta.get("rows", [])),
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


# --- The bank and the exams ------------------------------------------------------------------------------------------


def read_checked(row):
    """What a question says, as it is loaded: a picture is a number there."""
    content = read_content(row)
    return {**content, "image": 1} if "image" in content else content


def test_the_bank_has_eighty_questions_and_every_type_twice():
    types = Counter(row["type"] for _topic, row in read_questions())
    assert types.total() >= 80
    assert all(types[name] >= 2 for name, _label in type_names()), types
    assert len({row["id"] for _topic, row in read_questions()}) == types.total()
    assert len({row["stem"]["en"] for _topic, row in read_questions()}) == types.total()


@pytest.mark.parametrize("row", QUESTIONS)
def test_a_question_is_sound_and_complete_in_both_languages(row):
    kind, content = get_type(row["type"]), read_checked(row)
    assert not kind.problems(content)
    assert kind.languages(content) == set(LANGUAGES)
    assert row["difficulty"] in {1, 2, 3}
    right = kind.right(content)
    assert right is None or kind.mark(content, right) == 1


@pytest.mark.parametrize("row", QUESTIONS)
def test_a_question_has_the_same_figures_in_both_languages(row):
    def find_figures(words):
        """Those of two digits and more: smaller ones may be words in one of the languages."""
        return sorted(re.findall(r"\d{2,}", re.sub(r"(?<=\d)[,.\s](?=\d)", "", words)))

    def walk(value):
        if isinstance(value, dict) and value.keys() == set(LANGUAGES):
            assert find_figures(value["en"]) == find_figures(value["ru"]), value
        elif isinstance(value, dict | list):
            for part in value.values() if isinstance(value, dict) else value:
                walk(part)

    walk(read_content(row))


@pytest.mark.parametrize("row", QUESTIONS)
def test_a_question_cites_places_that_there_are(row):
    anchors = find_anchors()
    assert row["cites"]
    for target in row["cites"]:
        place, _hash, anchor = target.partition("#")
        kind, _colon, slug = place.rpartition(":")
        assert (anchor or "answer") in anchors[kind or "doc", slug], target


@pytest.mark.parametrize("row", QUESTIONS)
def test_what_is_said_of_one_wrong_option_is_said_of_all(row):
    wrong = [option for option in row.get("options", []) if not option.get("correct")]
    assert {"feedback" in option for option in wrong} in ({True}, {False}, set())


def test_sums_come_out_of_the_price_list():
    prices = {row["anchor"]: row for row in read_toml("prices/ringwell-2026.toml")["rows"]}

    def add(**counts):
        return sum(count * prices[anchor.replace("_", "-")]["price"] for anchor, count in counts.items()) / 100

    (from_ten,) = (step["price"] / 100 for step in prices["desk-phone"]["breaks"] if step["from"] == 10)
    sums = {
        "three-products-sum": add(team_month_eu=9, voice_eu=5, number_eu=2, desk_eu=4),
        "year-in-pounds": 12 * add(team_year_uk=6, desk_uk=3),
        "twelve-desk-phones": 12 * from_ten,
    }
    rows = {row["id"]: row for _topic, row in read_questions()}
    assert {slug: float(rows[slug]["answers"][0]["value"]) for slug in sums} == sums


@pytest.mark.parametrize("exam", read_exams(), ids=lambda exam: exam["slug"])
def test_an_exam_could_be_filled_twice_over(exam):
    """So that a second attempt need not meet the questions of the first."""
    topics = read_toml("questions/topics.toml")["topics"]
    names = [topic["slug"] for topic in topics]
    tags = sorted({tag for _topic, row in read_questions() for tag in row.get("tags", [])})
    children = {name: {topic["slug"] for topic in topics if topic.get("parent") == name} for name in names}

    def below(name):
        return {name}.union(*map(below, children[name]))

    def read_quota(quota):
        return Quota(
            count=2 * quota["count"],
            topics=frozenset(map(names.index, below(quota["topic"]))),
            tags=frozenset({tags.index(quota["tag"])} if "tag" in quota else ()),
            difficulty=quota.get("difficulty"),
        )

    blueprint = Blueprint(
        sections=tuple(
            SectionRule(number, section["title"], section["pass_percent"], quotas=tuple(map(read_quota, section["quotas"])))
            for number, section in enumerate(exam["sections"])
        ),
        pass_percent=exam["pass_percent"],
    )  # fmt: skip
    bank = [
        BankItem(
            number, number, names.index(topic), row["type"],
            tags=frozenset(map(tags.index, row.get("tags", []))), difficulty=row["difficulty"],
        )
        for number, (topic, row) in enumerate(read_questions())
    ]  # fmt: skip
    assert is_fillable(blueprint, bank)


def test_only_the_written_exam_asks_for_what_people_mark():
    written = {topic for topic, row in read_questions() if row["type"] == "essay"}
    assert written == {"writing"}
    asking = {exam["slug"] for exam in read_exams() for part in exam["sections"] for quota in part["quotas"]
              if quota["topic"] == "writing" or (quota["topic"] == "selling" and "tag" not in quota)}  # fmt: skip
    assert asking == {"letters-to-customers"}


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


@pytest.mark.xdist_group("demo")
def test_the_bank_as_loaded_cites_blocks_of_live_pages_and_fills_its_exams(demo):
    slugs = sorted(path.stem for path in (FOLDER / "exams").glob("*.toml"))
    found = demo.manage("shell", "-v", "0", "-c", f"SLUGS = {slugs!r}\n{CHECK_BANK}")
    assert found.stdout.strip().endswith("questions"), found.stdout


CHECK_BANK = """
from wagtail.fields import StreamField
from certification.drawing import is_fillable
from certification.models import Exam, MarkingTask, QuestionVersion
from certification.services.exams import with_plan
from certification.services.plans import find_exam_subtrees, load_bank, plan_exam
from training.models import MaterialPage

blocks = set()
for page in MaterialPage.objects.live().specific():
    for field in type(page)._meta.local_fields:
        if isinstance(field, StreamField):
            blocks |= {(str(page.translation_key), block["id"]) for block in getattr(page, field.name).raw_data}
versions = QuestionVersion.objects.approved().prefetch_related("cited")
for version in versions:
    assert {tuple(one) for one in version.citations} == {(str(c.material_key), c.block_id) for c in version.cited.all()}
    assert {tuple(one) for one in version.citations} <= blocks, version.question.slug
exams = list(with_plan(Exam.objects.filter(slug__in=SLUGS)))  # other tests may have built more
for exam in exams:
    for language in ("en", "ru"):
        blueprint = plan_exam(exam, find_exam_subtrees([exam]))
        assert is_fillable(blueprint, load_bank([blueprint], language=language)), exam
assert len(exams) == 4
assert QuestionVersion.objects.filter(state="in_review").exists() and QuestionVersion.objects.filter(state="draft").exists()
assert MarkingTask.objects.open().filter(attempt__exam__in=exams).count() == 1
print(len(versions), "questions")
"""
