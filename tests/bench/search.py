"""Search in the whole library, as a seller asks it in the middle of a call: what was said, what was meant, and slips.

The texts are made of the demo's own sentences, so that common words are in most materials, as they are in life: that is
what makes ranking dear. Of the materials half are objection cards, and six of ten are translated into Russian.
"""

import itertools
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models.sql import InsertQuery
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Page
from wagtail.search.backends import get_search_backend

from portal.accounts.models import User
from portal.partners.models import Audience, JobRole, Membership, Partner, PartnerKind, Tier
from tests.bench.frame import Figures
from tests.factories.training import Tree
from training.access import Reader, describe_reader
from training.models import MaterialPage, ObjectionCardPage, ProductDocPage, Synonym
from training.services.searching import search_materials, suggest

SIZES = [{"materials": 500}, {"materials": 5000}]
NAMES = ("search", "search-suggest")
#: Milliseconds: p95 of a search among 5,000 materials.
LIMIT = 60
ROUNDS = 12

#: What Markdown and the head of a file hold beside words.
MARKS = re.compile(r"\{.*?\}|\(.*?\)|^\w+ = |[#*>|:`\[\]\"]")
DEMO = settings.BASE_DIR / "portal" / "home" / "demo"

#: What is asked, in which language: the words themselves, other words for them, slips, sentences, and nonsense.
ASKED = [
    ("en", "too expensive"),
    ("en", "expensive"),
    ("en", "how much does it cost"),
    ("en", "pricey"),
    ("en", "expencive"),
    ("en", "it's too expencive for us right now"),
    ("en", "customer"),
    ("en", "we already have a crm"),
    ("en", "recorded calls telephony"),
    ("en", "integratoin"),
    ("en", "zxqj wvvk"),
    ("ru", "дорого"),
    ("ru", "это слишком дорогая система"),
    ("ru", "нам это не нужно"),
    ("ru", "телефония"),
    ("ru", "дорага"),
    ("ru", "клиент"),
    ("ru", "too expensive"),
    ("ru", "щзшгн ъъъ"),
]
#: What stands in the field after each stroke.
TYPED = [("en", "it is too expensive"[:length]) for length in range(2, 19, 2)] + [
    ("ru", "слишком дорого"[:length]) for length in range(2, 14, 2)
]


def run(size: dict[str, Any]) -> list[Figures]:
    """Fill a library and ask everything several times."""
    reader = fill(size["materials"])
    searches = [partial(search_materials, reader, words, language=language) for language, words in ASKED]
    strokes = [partial(suggest, reader, words, language=language) for language, words in TYPED]
    return [measure("search", size, searches), measure("search-suggest", size, strokes)]


def measure(work: str, size: dict[str, Any], calls: list[Callable[[], Any]]) -> Figures:
    """The figures of a mix of calls; the queries are those of the dearest."""
    queries = []
    for call in calls:
        with CaptureQueriesContext(connection) as captured:
            call()
        queries.append(len(captured))
    times, cpu = [], []
    for _round in range(ROUNDS):
        for call in calls:
            processor, clock = time.process_time(), time.perf_counter()
            call()
            times.append((time.perf_counter() - clock) * 1000)
            cpu.append((time.process_time() - processor) * 1000)
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    return Figures(
        work=work,
        size=size,
        per_second=round(1000 / statistics.mean(times), 1),
        cpu_ms=round(statistics.mean(cpu), 3),
        p50_ms=round(statistics.median(times), 3),
        p95_ms=round(p95, 3),
        queries=max(queries),
        limit=f"{LIMIT} ms",
        ratio=round(p95 / LIMIT, 2),
    )


def fill(materials: int) -> Reader:
    """A library of so many materials, one in ten of them closed, and a seller of a Silver partner to read it."""
    chance = random.Random(7)  # the same library at each run
    tree = Tree()
    now = timezone.now()
    kind = PartnerKind.objects.create(slug="bench", name={"en": "Bench"})
    silver, gold = (
        Tier.objects.create(slug=f"bench-{rank}", name={"en": str(rank)}, rank=90 + rank) for rank in (1, 2)
    )
    partner = Partner.objects.create(name="Bench", kind=kind, tier=silver, country="DE", registered_at=now)
    user = User.objects.create_user("bench@partner.example")
    membership = Membership.objects.create(partner=partner, user=user, started_at=now)
    membership.held_roles.create(role=JobRole.objects.create(slug="bench", name={"en": "Bench"}), started_at=now)
    closed = Audience.objects.create(name="Gold")
    closed.tiers.add(gold)
    Synonym.objects.create(language="en", words="expensive\npricey\ncosts too much")
    Synonym.objects.create(language="ru", words="дорого\nне по карману")
    guides = {code: tree.add_guide("Objections" if code == "en" else "Возражения", language=code, slug="objections")
              for code in ("en", "ru")}  # fmt: skip
    sentences = {code: read_sentences(code) for code in ("en", "ru")}
    cards: dict[str, list[MaterialPage]] = {"en": [], "ru": []}
    docs: dict[str, list[MaterialPage]] = {"en": [], "ru": []}
    for number in range(materials):
        audience = closed if number % 10 == 0 else None
        key = None
        for code in ("en", "ru") if number % 10 < 6 else ("en",):
            made = make_card if number % 2 else make_doc
            page = made(number, sentences[code], chance)
            page.audience = audience
            page.locale = tree.locales[code]
            page.translation_key = key = key or page.translation_key
            (cards if number % 2 else docs)[code].append(page)
    for code in ("en", "ru"):
        plant(guides[code], ObjectionCardPage, cards[code])
        plant(tree.libraries[code], ProductDocPage, docs[code])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as the database does by itself in a while
    return describe_reader(user, membership, now=now)


def read_sentences(language: str) -> list[str]:
    """Sentences of the demo's materials, without their marks."""
    files = itertools.chain(
        (DEMO / "materials" / language).glob("*.md"), (DEMO / "objections" / language).rglob("*.md")
    )
    return sorted(
        {
            sentence.strip(" .-")
            for file in files
            for line in file.read_text().splitlines()
            for sentence in MARKS.sub(" ", line).split(". ")
            if 20 < len(sentence) < 200
        }
    )


def make_card(number: int, sentences: list[str], chance: random.Random) -> ObjectionCardPage:
    return ObjectionCardPage(
        title=chance.choice(sentences)[:90],
        slug=f"card-{number}",
        behind=chance.choice(sentences),
        answer=[{"type": "text", "id": "a", "value": write_paragraph(sentences, chance, 4)}],
        proof=[{"type": "text", "id": "p", "value": write_paragraph(sentences, chance, 2)}],
        next_question=chance.choice(sentences),
    )


def make_doc(number: int, sentences: list[str], chance: random.Random) -> ProductDocPage:
    return ProductDocPage(
        title=chance.choice(sentences)[:70],
        slug=f"doc-{number}",
        intro=chance.choice(sentences),
        body=[
            {
                "type": "section",
                "id": f"s{part}",
                "value": {
                    "heading": chance.choice(sentences)[:80],
                    "anchor": f"part-{part}",
                    "body": [{"type": "text", "id": "t", "value": write_paragraph(sentences, chance, 5)}],
                },
            }
            for part in range(5)
        ],
    )


def write_paragraph(sentences: list[str], chance: random.Random, number: int) -> str:
    return f"<p>{'. '.join(chance.sample(sentences, number))}. Ref {chance.randrange(100_000)}.</p>"


def plant(parent: Page, model: type[MaterialPage], pages: list[Any]) -> None:
    """Put many pages below ``parent`` at once: three statements for the three tables, and the index."""
    parent.refresh_from_db()
    content_type = ContentType.objects.get_for_model(model)
    now = timezone.now()
    for number, page in enumerate(pages, 1 + parent.numchild):
        page.path = Page._get_path(parent.path, parent.depth + 1, number)
        page.depth = parent.depth + 1
        page.content_type = content_type
        page.url_path = f"{parent.url_path}{page.slug}/"
        page.draft_title = page.title
        page.live = True
        page.first_published_at = page.last_published_at = now
    for batch in cut(pages, 500):
        for table in (Page, MaterialPage, model):
            insert(table, batch)
        get_search_backend().add_bulk(model, batch)
    Page.objects.filter(pk=parent.pk).update(numchild=parent.numchild + len(pages))


def insert(model: Any, rows: list[Any]) -> None:
    """Rows of one table of several that make an object; Django's own bulk_create knows one table alone."""
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    if model is Page:
        fields = [field for field in fields if not field.primary_key]
    for row in rows:
        for field in fields:
            if field.primary_key:
                setattr(row, field.attname, row.id)
    query = InsertQuery(model)
    query.insert_values(fields, rows)
    compiler = query.get_compiler(connection=connection)
    if model is not Page:
        compiler.execute_sql()
        return
    returned = compiler.execute_sql(returning_fields=[model._meta.pk])
    for row, (number,) in zip(rows, returned, strict=True):
        row.id = number


def cut(rows: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
