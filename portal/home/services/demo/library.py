"""The page trees: home, library, guide and course in every language, published like an editor would."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from wagtail.models import Locale, Page, Site

from portal.accounts.models import User
from portal.content.models import Image, Product
from portal.core.localised import LocalisedText
from portal.home.models import HomePage
from portal.home.services.demo.files import (
    FOLDER,
    LANGUAGES,
    Text,
    block_id,
    passage_blocks,
    read_text,
    read_texts,
    read_toml,
    section_blocks,
    translation_key,
)
from portal.partners.models import Audience, JobRole
from training.models import (
    CourseIndexPage,
    CoursePage,
    LessonPage,
    LessonReading,
    LibraryPage,
    MaterialPage,
    ObjectionCardPage,
    ObjectionGuidePage,
    ProductDocPage,
)

WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "home": ("Home", ""),
        "library": ("Library", "Everything about the products: what they do, what to say, what not to promise."),
        "courses": ("Courses", "An ordered way through the library, a quarter of an hour at a time."),
    },
    "ru": {
        "home": ("Главная", ""),
        "library": ("Библиотека", "Всё о продуктах: что они умеют, что говорить и чего не обещать."),
        "courses": ("Курсы", "Путь по библиотеке по порядку, по четверти часа за раз."),
    },
}


class LibraryLoader:
    """Builds the trees in two passes: first every page exists, then bodies are filled, since they link to each other."""

    def __init__(self, *, editor: User, now: datetime) -> None:
        self.editor = editor
        self.now = now
        self.products = {product.slug: product for product in Product.objects.all()}
        self.roles = {role.slug: role for role in JobRole.objects.all()}
        names = {row["slug"]: row["name"]["en"] for row in read_toml("audiences.toml")["audiences"]}
        by_name = {audience.name: audience for audience in Audience.objects.all()}
        self.audiences = {slug: by_name[name] for slug, name in names.items()}
        self.images: dict[str, Image] = {}
        self.pages: dict[tuple[str, str], MaterialPage] = {}  # (language, "doc:slug") -> page
        self.texts: list[tuple[str, MaterialPage, Text]] = []

    def load(self) -> None:
        root = Page.get_first_root_node()
        root.get_children().delete()  # Wagtail's own welcome page
        homes = {}
        for language in LANGUAGES:
            locale, _created = Locale.objects.get_or_create(language_code=language)
            homes[language] = self._load_tree(root, locale, language)
            root.refresh_from_db()
        Site.objects.update_or_create(
            is_default_site=True,
            defaults={
                "hostname": "localhost",
                "port": 80,
                "site_name": LocalisedText(read_toml("vendor.toml")["site_name"]).in_language("en"),
                "root_page": homes[LANGUAGES[0]],
            },
        )
        for language, page, text in self.texts:
            self._fill(page, text, language)
            page.save_revision(user=self.editor, log_action=True).publish(user=self.editor)

    # --- First pass: the tree ----------------------------------------------------------------------------------------
    def _load_tree(self, root: Page, locale: Locale, language: str) -> HomePage:
        words = WORDS[language]

        def page(model: type[Any], name: str, **fields: Any) -> Any:
            title, intro = words[name]
            if intro:
                fields["intro"] = intro
            return model(title=title, slug=name, locale=locale, translation_key=translation_key("tree", name),
                         owner=self.editor, **fields)  # fmt: skip

        home = page(HomePage, "home")
        home.slug = f"home-{language}"
        root.add_child(instance=home)
        library = home.add_child(instance=page(LibraryPage, "library"))
        for text in sorted(read_texts("materials", language), key=lambda text: text.meta["order"]):
            self._add(library, ProductDocPage, "doc", text, locale, language)
        guide = self._add(library, ObjectionGuidePage, "guide", self._guide(language), locale, language)
        for text in sorted(read_texts("objections", language, "cards"), key=lambda text: text.meta["order"]):
            self._add(guide, ObjectionCardPage, "card", text, locale, language)
        courses = home.add_child(instance=page(CourseIndexPage, "courses"))
        course = self._add(courses, CoursePage, "course", self._course(language), locale, language)
        for text in read_texts("course", language, "lessons"):
            slug = text.slug.partition("-")[2]
            self._add(course, LessonPage, "lesson", Text(slug, text.meta, text.sections), locale, language)
        return home

    def _guide(self, language: str) -> Text:
        return read_text(FOLDER / "objections" / language / "guide.md", slug="objections")

    def _course(self, language: str) -> Text:
        slug = read_toml("programme.toml")["course"]
        return read_text(FOLDER / "course" / language / "course.md", slug=slug)

    def _add(self, parent: Any, model: type[Any], kind: str, text: Text, locale: Locale, language: str) -> Any:
        meta = text.meta
        page = model(
            title=meta.get("objection") or meta["title"],
            slug=text.slug,
            locale=locale,
            translation_key=translation_key(kind, text.slug),
            owner=self.editor,
            intro=meta.get("intro", ""),
            audience=self.audiences.get(meta.get("audience", "")),
            first_published_at=self.now - timedelta(days=30),
        )
        parent.add_child(instance=page)
        page.products.set([self.products[slug] for slug in meta.get("products", [])])
        page.tags.add(*meta.get("tags", []))
        page.save()
        self.pages[language, f"{kind}:{text.slug}"] = page
        self.texts.append((language, page, text))
        return page

    # --- Second pass: what they say ----------------------------------------------------------------------------------
    def _fill(self, page: Any, text: Text, language: str) -> None:
        def find_page(target: str) -> int | None:
            found = self.pages.get((language, target))
            return found.pk if found else None

        meta = text.meta
        if isinstance(page, ProductDocPage | LessonPage | ObjectionGuidePage):
            page.body = json.dumps(section_blocks(text, find_page=find_page, find_image=self._find_image))
        if isinstance(page, LessonPage):
            page.minutes = meta["minutes"]
            page.reading = list(self._reading(meta.get("materials", []), language))
        if isinstance(page, CoursePage):
            page.minutes = meta.get("minutes", 0)
            page.job_roles.set([self.roles[slug] for slug in meta.get("roles", [])])
        if isinstance(page, ObjectionCardPage):
            by_name = {heading: lines for heading, _anchor, lines in text.sections}
            for name in ("answer", "proof"):
                blocks = passage_blocks(
                    by_name.get(name, []),
                    place=("card", text.slug, name),
                    find_page=find_page,
                    find_image=self._find_image,
                )
                setattr(page, name, json.dumps(blocks))
            page.behind = meta.get("behind", "")
            page.next_question = meta.get("next_question", "")
            slug, _hash, anchor = meta.get("proof_link", "").partition("#")
            page.proof_page = self.pages.get((language, f"doc:{slug}"))
            page.proof_anchor = anchor

    def _reading(self, citations: list[str], language: str) -> Iterator[LessonReading]:
        for number, citation in enumerate(citations):
            target, _hash, anchor = citation.partition("#")
            material = self.pages.get((language, target if ":" in target else f"doc:{target}"))
            if material is not None:
                yield LessonReading(material=material, anchor=anchor, sort_order=number)

    def _find_image(self, path: str) -> int:
        if path not in self.images:
            file = FOLDER / path
            self.images[path] = Image.objects.create(
                title=file.stem.replace("-", " ").capitalize(),
                file=ContentFile(file.read_bytes(), name=file.name),
                uploaded_by_user=self.editor,
            )
        return self.images[path].pk


def citation(target: str) -> list[str]:
    """A citation of the demo's files as ``[translation_key, block_id]``.

    ``"slug#anchor"`` is a section of a material, ``"card:slug"`` the answer of a card, ``"lesson:slug#anchor"`` a section.
    """
    place, _hash, anchor = target.partition("#")
    kind, _colon, slug = place.rpartition(":")
    key = str(translation_key(kind or "doc", slug))
    return [key, block_id("card", slug, "answer", "0") if kind == "card" else block_id(slug, anchor)]
