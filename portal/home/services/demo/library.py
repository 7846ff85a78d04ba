"""The page trees: home, the library with every type of material, and the course, published like an editor would."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from wagtail.models import Locale, Page, Site
from wagtail.signal_handlers import disable_reference_index_auto_update

from portal.accounts.models import User
from portal.content.models import Document, Image, Product
from portal.core.localised import LocalisedText
from portal.home.models import HomePage
from portal.home.services.demo.dates import find_event_day
from portal.home.services.demo.files import (
    FOLDER,
    LANGUAGES,
    Text,
    block_id,
    passage_blocks,
    read_tables,
    read_text,
    read_texts,
    read_toml,
    section_blocks,
    translation_key,
)
from portal.home.services.demo.rows import check_blocks, price_blocks, rule_blocks, step_blocks, version_blocks
from portal.partners.models import Audience, JobRole, Tier
from training.models import (
    CallScriptPage,
    CaseStudyPage,
    CourseIndexPage,
    CoursePage,
    CoursePrerequisite,
    DueRule,
    EventPage,
    EventSlot,
    Industry,
    LessonPage,
    LessonReading,
    LibraryPage,
    Market,
    MaterialPage,
    ObjectionCardPage,
    ObjectionGuidePage,
    PriceListDiscount,
    PriceListPage,
    ProductDocPage,
    StandardPage,
    VideoPage,
    WebinarIndexPage,
    WebinarSeriesPage,
)
from training.recurring import tell_in_utc

WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "home": ("Home", ""),
        "library": ("Library", "Everything about the products: what they do, what to say, what not to promise."),
        "courses": ("Courses", "An ordered way through the library, a quarter of an hour at a time."),
        "webinars": (
            "Webinars",
            "Every week: Tuesdays for sellers, Thursdays for heads of sales. Once a year: a day together.",
        ),
    },
    "ru": {
        "home": ("Главная", ""),
        "library": ("Библиотека", "Всё о продуктах: что они умеют, что говорить и чего не обещать."),
        "courses": ("Курсы", "Путь по библиотеке по порядку, по четверти часа за раз."),
        "webinars": (
            "Вебинары",
            "По вторникам для продавцов, по четвергам для руководителей, а раз в год — общий день.",
        ),
    },
}


class LibraryLoader:
    """Builds the trees in two passes: first every page exists, then bodies are filled, since they link to each other."""

    def __init__(self, *, editor: User, now: datetime) -> None:
        self.editor = editor
        self.now = now
        self.products = {product.slug: product for product in Product.objects.all()}
        self.roles = {role.slug: role for role in JobRole.objects.all()}
        self.tiers = {tier.slug: tier for tier in Tier.objects.all()}
        names = {row["slug"]: row["name"]["en"] for row in read_toml("audiences.toml")["audiences"]}
        by_name = {audience.name: audience for audience in Audience.objects.all()}
        self.audiences = {slug: by_name[name] for slug, name in names.items()}
        self.industries: dict[str, Industry] = {}
        self.images: dict[str, Image] = {}
        self.documents: dict[str, Document] = {}
        self.pages: dict[tuple[str, str], MaterialPage] = {}  # (language, "doc:slug") -> page
        self.texts: dict[tuple[str, str], Text] = {}
        self.history = read_toml("history.toml")
        self.courses = {row["slug"]: row for row in read_toml("learning.toml")["courses"]}
        self.checks = {slug: read_toml(f"checks/{slug}.toml")["checks"] for slug in self.courses}

    def load(self) -> None:
        self._load_rows()
        root = Page.get_first_root_node()
        root.get_children().delete()  # Wagtail's own welcome page
        homes = {}
        for language in LANGUAGES:
            locale, _created = Locale.objects.get_or_create(language_code=language)
            with disable_reference_index_auto_update():  # nothing is said yet
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
        for (language, target), page in self.pages.items():
            self._publish(language, page, self._as_it_was(language, target))

    def publish_change(self, language: str, target: str, *, line: str) -> MaterialPage:
        """Publish a material once more, as it reads today, with what readers are told of it."""
        page = self.pages[language, target]
        page.change_is_material, page.change_line = True, line
        self._publish(language, page, self.texts[language, target])
        return page

    def _publish(self, language: str, page: MaterialPage, text: Text) -> None:
        self._fill(page, text, language)
        with disable_reference_index_auto_update():  # what it refers to is noted once, when it is published
            revision = page.save_revision(user=self.editor, log_action=True)
        revision.publish(user=self.editor)

    def _as_it_was(self, language: str, target: str) -> Text:
        """The text before the changes that ``history.toml`` tells of."""
        text = self.texts[language, target]
        for row in self.history["changes"]:
            if row["material"] == target:
                now, before = row["is"][language], row["was"][language]
                text = Text(
                    text.slug,
                    text.meta,
                    [part._replace(lines=[line.replace(now, before) for line in part.lines]) for part in text.sections],
                )
        return text

    def _load_rows(self) -> None:
        """What pages name: industries and markets."""
        for number, row in enumerate(read_toml("cases/industries.toml")["industries"]):
            name = LocalisedText(row["name"])
            self.industries[row["slug"]] = Industry.objects.create(slug=row["slug"], name=name, order=number)
        for price_list in sorted((FOLDER / "prices").glob("*.toml")):
            for number, row in enumerate(read_toml(f"prices/{price_list.name}")["markets"]):
                Market.objects.get_or_create(
                    slug=row["slug"],
                    defaults={"name": LocalisedText(row["name"]), "countries": row["countries"], "order": number},
                )

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

        def add_all(parent: Any, model: type[Any], kind: str, texts: Iterable[Text]) -> None:
            for text in sorted(texts, key=lambda text: text.meta["order"]):
                self._add(parent, model, kind, text, locale, language)

        add_all(library, ProductDocPage, "doc", read_texts("materials", language))
        add_all(library, CallScriptPage, "script", read_tables("scripts", language))
        guide = self._add(library, ObjectionGuidePage, "guide", self._guide(language), locale, language)
        add_all(guide, ObjectionCardPage, "card", read_texts("objections", language, "cards"))
        add_all(library, StandardPage, "standard", read_texts("standards", language))
        add_all(library, PriceListPage, "price", read_tables("prices", language))
        add_all(library, CaseStudyPage, "case", read_texts("cases", language))
        add_all(library, VideoPage, "video", read_tables("videos", language))
        courses = home.add_child(instance=page(CourseIndexPage, "courses"))
        for slug, row in self.courses.items():
            text = read_text(FOLDER / row["folder"] / language / "course.md", slug=slug)
            course = self._add(courses, CoursePage, "course", text, locale, language)
            for lesson in read_texts(row["folder"], language, "lessons"):
                name = lesson.slug.partition("-")[2]
                self._add(course, LessonPage, "lesson", Text(name, lesson.meta, lesson.sections), locale, language)
        webinars = home.add_child(instance=page(WebinarIndexPage, "webinars"))
        add_all(webinars, WebinarSeriesPage, "webinar", read_tables("webinars", language))
        add_all(webinars, EventPage, "event", read_tables("events", language))
        return home

    def _guide(self, language: str) -> Text:
        return read_text(FOLDER / "objections" / language / "guide.md", slug="objections")

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
        )
        self._describe(page, text)
        page.products.set([self.products[slug] for slug in meta.get("products", [])])
        page.job_roles.set([self.roles[slug] for slug in meta.get("roles", [])])
        page.tags.add(*meta.get("tags", []))
        parent.add_child(instance=page)
        self.pages[language, f"{kind}:{text.slug}"] = page
        self.texts[language, f"{kind}:{text.slug}"] = text
        return page

    def _describe(self, page: Any, text: Text) -> None:
        """What links to no other page."""
        meta = text.meta
        match page:
            case ProductDocPage():
                page.for_whom = meta["for_whom"]
                page.versions = json.dumps(version_blocks(text))
            case CallScriptPage():
                page.goal = meta["goal"]
                page.steps = json.dumps(step_blocks(text))
            case StandardPage():
                page.applies_to = meta["applies_to"]
                page.rules = json.dumps(rule_blocks(text))
            case PriceListPage():
                page.rows = json.dumps(price_blocks(text))
                page.discounts = [
                    PriceListDiscount(tier=self.tiers[row["tier"]], percent=row["percent"], sort_order=number)
                    for number, row in enumerate(meta["discounts"])
                ]
            case CaseStudyPage():
                page.customer, page.partner_name = meta["customer"], meta["partner"]
                page.industry = self.industries[meta["industry"]]
                page.employees, page.days_to_first_sale = meta["employees"], meta["days_to_first_sale"]
                page.effort_hours = meta["effort_hours"]
                page.earned_minor, page.currency = meta["earned"], meta["currency"]
            case VideoPage():
                place, language = f"videos/{text.slug}", page.locale.language_code
                page.file = self._find_document(f"{place}.mp4")
                page.captions = self._find_document(f"{place}.{language}.vtt")
                page.chapters = self._find_document(f"{place}.chapters.{language}.vtt")
                page.poster_id = self.find_image(f"{place}.jpg")
                page.seconds = meta["seconds"]
            case CoursePage() | LessonPage():
                page.minutes = meta["minutes"]
            case WebinarSeriesPage():
                page.attended_from_percent = meta["attended_from_percent"]
                page.replay_counts, page.replay_from_percent = meta["replay_counts"], meta["replay_from_percent"]
            case EventPage():
                page.starts_at, page.ends_at = self._tell(meta, meta["starts"]), self._tell(meta, meta["ends"])
                page.zone, page.capacity = meta["zone"], meta["capacity"]
                page.venue, page.meeting_url = meta["venue"], meta["meeting_url"]

    # --- Second pass: what they say ----------------------------------------------------------------------------------
    def _fill(self, page: Any, text: Text, language: str) -> None:
        if hasattr(page, "body"):
            page.body = json.dumps(
                section_blocks(text, find_page=partial(self._find_page, language), find_image=self.find_image)
            )
        match page:
            case ObjectionCardPage():
                self._fill_card(page, text, language)
            case PriceListPage():
                lines = text.meta["terms"].strip().split("\n")
                page.terms = self._passages(lines, (text.slug, "terms"), language)
            case LessonPage():
                page.reading = list(self._reading(text.meta.get("materials", []), language))
                page.checks = json.dumps(check_blocks(text.slug, self.checks[page.get_parent().slug], language))
            case CoursePage():
                row = self.courses[text.slug]
                page.prerequisites = [
                    CoursePrerequisite(required=self.pages[language, f"course:{slug}"], sort_order=number)
                    for number, slug in enumerate(row.get("requires", []))
                ]
                page.due_rules = [
                    DueRule(
                        job_role=self.roles[due["role"]],
                        tier=self.tiers.get(due.get("tier")),
                        days=due["days"],
                        sort_order=number,
                    )
                    for number, due in enumerate(row["due"])
                ]
            case EventPage():
                page.slots = list(self._slots(text, page))

    def _tell(self, event: dict[str, Any], at: Any) -> datetime:
        """The moment of an hour of the event's day."""
        zone = ZoneInfo(event["zone"])
        today = self.now.astimezone(zone).date()
        day = find_event_day(today, weekday=event["weekday"], days_ahead=event["days_ahead"])
        return tell_in_utc(day, at, zone)

    def _slots(self, text: Text, page: EventPage) -> Iterator[EventSlot]:
        tracks = {row["slug"]: row["name"] for row in text.meta["tracks"]}
        for number, talk in enumerate(text.meta["talks"]):
            yield EventSlot(
                title=talk["title"],
                about=talk["about"],
                speakers=talk["speakers"],
                track=tracks.get(talk.get("track"), ""),
                room=talk["room"],
                starts_at=self._tell(text.meta, talk["from"]),
                ends_at=self._tell(text.meta, talk["to"]),
                locale=page.locale,
                translation_key=translation_key(f"talk/{text.slug}", talk["slug"]),
                sort_order=number,
            )

    def _fill_card(self, page: ObjectionCardPage, text: Text, language: str) -> None:
        meta = text.meta
        lines = {section.heading: section.lines for section in text.sections}
        page.answer = self._passages(lines["answer"], ("card", text.slug, "answer"), language)
        page.proof = self._passages(lines.get("proof", []), ("card", text.slug, "proof"), language)
        page.behind = meta.get("behind", "")
        page.next_question = meta.get("next_question", "")
        page.share_answer = meta.get("share_answer", False)
        page.share_proof = meta.get("share_proof", False)
        target, _hash, page.proof_anchor = meta.get("proof_link", "").partition("#")
        page.proof_page = self.pages.get((language, target if ":" in target else f"doc:{target}"))

    def _passages(self, lines: list[str], place: tuple[str, ...], language: str) -> str:
        find_page = partial(self._find_page, language)
        return json.dumps(passage_blocks(lines, place=place, find_page=find_page, find_image=self.find_image))

    def _reading(self, citations: list[str], language: str) -> Iterator[LessonReading]:
        for number, citation in enumerate(citations):
            target, _hash, anchor = citation.partition("#")
            material = self.pages.get((language, target if ":" in target else f"doc:{target}"))
            if material is not None:
                yield LessonReading(material=material, anchor=anchor, sort_order=number)

    def _find_page(self, language: str, target: str) -> int | None:
        found = self.pages.get((language, target))
        return found.pk if found else None

    def _find_document(self, path: str) -> Document:
        if path not in self.documents:
            file = FOLDER / path
            self.documents[path] = Document.objects.create(
                title=file.name,
                file=ContentFile(file.read_bytes(), name=file.name),
                uploaded_by_user=self.editor,
            )
        return self.documents[path]

    def find_image(self, path: str) -> int:
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

    ``"slug#anchor"`` is a section of a product doc, ``"card:slug"`` the answer of a card, ``"card:slug#proof"`` its proof;
    ``lesson:``, ``case:``, ``standard:`` (also a rule), ``script:`` (a step), ``price:`` (a row) and ``video:`` name theirs
    by their anchors.
    """
    place, _hash, anchor = target.partition("#")
    kind, _colon, slug = place.rpartition(":")
    key = str(translation_key(kind or "doc", slug))
    return [key, block_id("card", slug, anchor or "answer", "0") if kind == "card" else block_id(slug, anchor)]
