"""The page tree for tests: a plain root page per language with the site on it, and materials below.

Pages are published as an editor publishes them, so that they have a live revision and stand in the log.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from wagtail.models import Locale, Page, Site
from wagtail.signal_handlers import disable_reference_index_auto_update

from tests.databases import write_again
from training.models import (
    CallScriptPage,
    CaseStudyPage,
    CourseIndexPage,
    CoursePage,
    LessonPage,
    LibraryPage,
    ObjectionCardPage,
    ObjectionGuidePage,
    PriceListPage,
    ProductDocPage,
    StandardPage,
    VideoPage,
)

#: A library and a list of courses.
TITLES = {"en": ("Library", "Courses"), "ru": ("Библиотека", "Курсы")}


def plant() -> None:
    """The pages of an empty tree."""
    english = Locale.objects.get(language_code="en")
    russian, _created = Locale.objects.get_or_create(language_code="ru")
    english_root = Page.objects.get(depth=1).add_child(instance=Page(title="Home", slug="tests-en", locale=english))
    site, _created = Site.objects.get_or_create(
        is_default_site=True, defaults={"hostname": "testserver", "root_page": english_root}
    )
    site.root_page = english_root
    site.save()
    Site.clear_site_root_paths_cache()
    roots = {"en": english_root, "ru": publish(english_root.copy_for_translation(russian))}
    for place, (kind, slug) in enumerate(((LibraryPage, "library"), (CourseIndexPage, "courses"))):
        for language, titles in TITLES.items():
            publish(roots[language].add_child(instance=kind(title=titles[place], slug=slug, live=False)))


class Tree:
    """A site with a root page per language, a library and a list of courses in each."""

    def __init__(self) -> None:
        write_again(plant)
        Site.clear_site_root_paths_cache()
        self.locales = {locale.language_code: locale for locale in Locale.objects.filter(language_code__in=TITLES)}
        languages = {locale.pk: language for language, locale in self.locales.items()}

        def by_language(pages: Any) -> dict[str, Any]:
            return {languages[page.locale_id]: page for page in pages}

        self.roots = by_language(Page.objects.get(depth=2, slug="tests-en").get_translations(inclusive=True))
        self.libraries = by_language(LibraryPage.objects.filter(depth=3, slug="library"))
        self.course_lists = by_language(CourseIndexPage.objects.filter(depth=3, slug="courses"))

    def add(self, parent: Page, page: Page, *, translation_of: Page | None = None, live: bool = True) -> Any:
        """Add a page below ``parent`` in its language and publish it."""
        page.locale = parent.locale
        if translation_of is not None:
            page.translation_key = translation_of.translation_key
            page.slug = page.slug or translation_of.slug
        page.live = False
        parent.refresh_from_db()
        with unindexed() if live else nullcontext():
            parent.add_child(instance=page)
        return publish(page) if live else page

    def add_doc(
        self, title: str = "Calls", *, language: str = "en", sections: Any = None, **fields: Any
    ) -> ProductDocPage:
        options = {key: fields.pop(key) for key in ("translation_of", "live") if key in fields}
        body = sections if sections is not None else [section("first", "First things", "How a call is recorded.")]
        return self.add(self.libraries[language], ProductDocPage(title=title, body=body, **fields), **options)

    def add_guide(self, title: str = "Objections", *, language: str = "en", **fields: Any) -> ObjectionGuidePage:
        return self.add(self.libraries[language], ObjectionGuidePage(title=title, **fields))

    def add_card(
        self, guide: ObjectionGuidePage, title: str = "It is too expensive", **fields: Any
    ) -> ObjectionCardPage:
        fields.setdefault("answer", [{"type": "text", "id": "a1", "value": "<p>Count the missed calls first.</p>"}])
        return self.add(guide, ObjectionCardPage(title=title, **fields))

    def add_standard(self, title: str = "How we answer", *, language: str = "en", **fields: Any) -> StandardPage:
        fields.setdefault("rules", [rule("Call back within fifteen minutes.", anchor="call-back")])
        return self.add(self.libraries[language], StandardPage(title=title, **fields))

    def add_case(self, title: str = "Nine bakeries", *, language: str = "en", **fields: Any) -> CaseStudyPage:
        options = {key: fields.pop(key) for key in ("translation_of", "live") if key in fields}
        fields.setdefault("customer", "Kvasovo")
        return self.add(self.libraries[language], CaseStudyPage(title=title, **fields), **options)

    def add_prices(self, title: str = "Price list", *, language: str = "en", **fields: Any) -> PriceListPage:
        options = {key: fields.pop(key) for key in ("translation_of", "live") if key in fields}
        fields.setdefault("rows", [price("CRM Team", "24.00", breaks=((10, "22.00"),))])
        return self.add(self.libraries[language], PriceListPage(title=title, **fields), **options)

    def add_script(self, title: str = "First call", *, language: str = "en", **fields: Any) -> CallScriptPage:
        options = {key: fields.pop(key) for key in ("translation_of", "live") if key in fields}
        fields.setdefault("goal", "A demonstration is agreed.")
        fields.setdefault("steps", SOUND)
        return self.add(self.libraries[language], CallScriptPage(title=title, **fields), **options)

    def add_video(self, title: str = "A day with it", *, language: str = "en", **fields: Any) -> VideoPage:
        """A video: an embed unless a file is given."""
        options = {key: fields.pop(key) for key in ("translation_of", "live") if key in fields}
        if "file" not in fields:
            fields.setdefault("embed_url", "https://youtu.be/abcdefghijk")
        return self.add(self.libraries[language], VideoPage(title=title, **fields), **options)

    def add_course(
        self, title: str = "First steps", *, language: str = "en", lessons: int = 3, **fields: Any
    ) -> CoursePage:
        options = {key: fields.pop(key) for key in ("translation_of", "live") if key in fields}
        course = self.add(self.course_lists[language], CoursePage(title=title, **fields), **options)
        for number in range(1, lessons + 1):
            self.add_lesson(course, f"Lesson {number}")
        return course

    def add_lesson(self, course: CoursePage, title: str = "Lesson", **fields: Any) -> LessonPage:
        options = {key: fields.pop(key) for key in ("translation_of", "live") if key in fields}
        fields.setdefault("body", [section("what", "What to do", "Listen first.")])
        return self.add(course, LessonPage(title=title, **fields), **options)


def publish(page: Page) -> Any:
    with unindexed():
        revision = page.save_revision()
    revision.publish()
    page.refresh_from_db()
    return page


@contextmanager
def unindexed() -> Iterator[None]:
    """For what is saved just before it is published, which writes its search entry and references in any case."""
    with disable_reference_index_auto_update(), patch("modelsearch.signal_handlers.insert_or_update_object_task"):
        yield


def section(anchor: str, heading: str, text: str, *more: dict[str, Any]) -> dict[str, Any]:
    """The stored form of a section with one paragraph and further passages; its block id is made from the anchor."""
    return {
        "type": "section",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, anchor)),
        "value": {
            "heading": heading,
            "anchor": anchor,
            "body": [{"type": "text", "id": f"{anchor}-1", "value": f"<p>{text}</p>"}, *more],
        },
    }


def check(
    question: str, *, right: tuple[str, ...] = ("right",), wrong: tuple[str, ...] = ("wrong",), explanation: str = ""
) -> dict[str, Any]:
    """The stored form of a check question; the options' ids are their words, and the block's is made from the question."""
    options = [
        {
            "type": "item",
            "id": text,
            "value": {"text": f"It is {text}", "is_right": text in right, "feedback": f"Since {text} fits"},
        }
        for text in (*right, *wrong)
    ]
    value = {"question": question, "options": options, "explanation": explanation}
    return {"type": "check", "id": str(uuid.uuid5(uuid.NAMESPACE_URL, question)), "value": value}


def rule(statement: str, *, anchor: str = "", level: str = "must", **fields: str) -> dict[str, Any]:
    """The stored form of a standard's rule; its block id is made from its words."""
    value = {"statement": statement, "anchor": anchor, "level": level, "why": "", "measure": "", **fields}
    return {"type": "rule", "id": str(uuid.uuid5(uuid.NAMESPACE_URL, statement)), "value": value}


def price(
    item: str, amount: str, *, key: str = "", breaks: tuple[tuple[int, str], ...] = (), **fields: Any
) -> dict[str, Any]:
    """The stored form of a price; its block id is made from the item unless it is given."""
    value = {
        "item": item, "unit": "user a month", "price": amount, "currency": "EUR", "market": "",
        "valid_from": "2026-01-01", "valid_until": None, "note": "", "shareable": False, **fields,
        "breaks": [
            {"type": "item", "id": f"{item}-{quantity}", "value": {"from_quantity": quantity, "price": cost}}
            for quantity, cost in breaks
        ],
    }  # fmt: skip
    return {"type": "price", "id": key or str(uuid.uuid5(uuid.NAMESPACE_URL, item)), "value": value}


def step(name: str, *targets: str, title: str = "", outcome: str = "", **values: str) -> dict[str, Any]:
    """The stored form of a step; without targets it is an ending."""
    branches = [
        {"type": "item", "id": f"{name}-{number}", "value": {"answer": f"Answers {to or 'nothing'}", "to": to}}
        for number, to in enumerate(targets)
    ]
    value = {"name": name, "title": title or name.title(), "say": f"<p>We say {name}.</p>", "branches": branches}
    value |= {"listen": "", "note": "", "end": "", "outcome": outcome if targets or outcome else "won"}
    return {"type": "step", "id": f"id-{name}", "value": value | values}


#: A script of four steps: two ways out, and a way back.
SOUND = [
    step("opening", "price-asked", "goodbye", listen="The tone of the voice.", note="Stand up for this call."),
    step("price-asked", "opening", "agreed", title="Price asked"),
    step("agreed", end="Write down the hour."),
    step("goodbye", outcome="lost"),
]


def figure(image: Any, *, alt: str = "A drawing") -> dict[str, Any]:
    return {"type": "figure", "id": f"figure-{image.pk}", "value": {"image": image.pk, "caption": "", "alt": alt}}
