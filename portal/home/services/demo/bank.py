"""The question bank: its topics, its approved questions, and what examiners still have in hand."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from taggit.models import Tag

from certification.models import Citation, Question, QuestionTag, QuestionVersion, Topic, VersionState
from certification.services.bank import send_to_review, write_version
from portal.accounts.models import User
from portal.content.models import Product
from portal.core.localised import LocalisedText
from portal.home.services.demo.files import FOLDER, read_toml
from portal.home.services.demo.library import LibraryLoader, citation

#: Keys of a row that say where a question belongs; all others are what it says, as its type stores it.
ABOUT = frozenset({"id", "type", "difficulty", "tags", "product", "cites", "question", "topic", "state", "days_ago"})


def read_questions() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every question of the bank with its topic, which is the name of its file."""
    for topic in read_toml("questions/topics.toml")["topics"]:
        if (FOLDER / f"questions/{topic['slug']}.toml").exists():
            yield from ((topic["slug"], row) for row in read_toml(f"questions/{topic['slug']}.toml")["questions"])


def read_content(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says of the question itself; a picture is still the path of its file."""
    return {key: value for key, value in row.items() if key not in ABOUT}


class BankLoader:
    """Writes the bank in few statements: what was approved in one go, what is in hand by the examiners' services."""

    def __init__(self, library: LibraryLoader, *, examiner: User, now: datetime) -> None:
        self.library = library
        self.examiner = examiner
        self.now = now
        self.products = {product.slug: product for product in Product.objects.all()}
        self.topics: dict[str, Topic] = {}

    def load(self) -> None:
        for row in read_toml("questions/topics.toml")["topics"]:
            parent = self.topics[row["parent"]] if "parent" in row else None
            self.topics[row["slug"]] = Topic.objects.create(
                slug=row["slug"], name=LocalisedText(row["name"]), parent=parent
            )
        self._load_approved()
        for row in read_toml("unfinished.toml")["versions"]:
            self._load_unfinished(row)

    def _load_approved(self) -> None:
        rows = list(read_questions())
        questions = Question.objects.bulk_create(self._question(row["id"], topic, row) for topic, row in rows)
        written = self.now - timedelta(days=45)
        versions = QuestionVersion.objects.bulk_create(
            QuestionVersion(
                question=question,
                number=1,
                state=VersionState.APPROVED,
                content=(content := self._content(row)),
                languages=sorted(question.kind.languages(content)),
                citations=[citation(target) for target in row["cites"]],
                created_at=written,
                created_by=self.examiner,
                approved_at=written + timedelta(days=3),
                approved_by=self.examiner,
            )
            for question, (_topic, row) in zip(questions, rows, strict=True)
        )
        Citation.objects.bulk_create(
            Citation(version=version, material_key=key, block_id=block)
            for version in versions
            for key, block in version.citations
        )
        names = sorted({name for _topic, row in rows for name in row.get("tags", [])})
        tags = {name: Tag.objects.get_or_create(name=name)[0] for name in names}
        QuestionTag.objects.bulk_create(
            QuestionTag(content_object=question, tag=tags[name])
            for question, (_topic, row) in zip(questions, rows, strict=True)
            for name in row.get("tags", [])
        )

    def _load_unfinished(self, row: dict[str, Any]) -> None:
        content = self._content(row)
        if "topic" in row:
            question = self._question(row["question"], row["topic"], row)
            question.save(force_insert=True)
        else:
            question = Question.objects.get(slug=row["question"])
            approved = question.newest
            content = {**(approved.content if approved else {}), **content}
        written = self.now - timedelta(days=row["days_ago"])
        cited = [(key, block) for key, block in map(citation, row["cites"])]
        version = write_version(question, content=content, citations=cited, by=self.examiner, now=written)
        if row["state"] == VersionState.IN_REVIEW:
            send_to_review(version, by=self.examiner, now=written)

    def _question(self, slug: str, topic: str, row: dict[str, Any]) -> Question:
        return Question(
            slug=slug,
            topic=self.topics[topic],
            type=row["type"],
            difficulty=row["difficulty"],
            product=self.products.get(row.get("product", "")),
        )

    def _content(self, row: dict[str, Any]) -> dict[str, Any]:
        content = read_content(row)
        if "image" in content:
            content["image"] = self.library.find_image(content["image"])
        return content
