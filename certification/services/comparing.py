"""What a question's version says in lines, and what differs between two of them. Read only."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.conf import settings
from django.utils.translation import gettext

from certification.models import Question, QuestionVersion
from certification.phrases import say
from training.differences import Kind, Run, RunKind, compare_words
from training.models import MaterialPage

Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of two versions side by side; ``kind`` is empty where both say the same."""

    label: str
    kind: str
    before: tuple[Run, ...]
    after: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions in one language."""

    language: str
    rows: list[Row]

    @property
    def is_same(self) -> bool:
        return not any(row.kind for row in self.rows)


def make_say(language: str = "") -> Callable[[Any], str]:
    """Puts a type's words into a language: texts of the question into ``language`` alone, the interface's into the reader's.

    Without a language texts are in the reader's, or in what there is.
    """

    def say_in(words: Any) -> str:
        return words.get(language, "") if isinstance(words, Mapping) else say(words)

    return say_in if language else say


def describe_version(version: QuestionVersion, language: str = "") -> list[Line]:
    """What a version says, its key included, in lines of label and text."""
    kind = version.question.kind
    return [(str(label), str(text)) for label, text in kind.describe(version.content, make_say(language))]


def compare_versions(question: Question, before: QuestionVersion, after: QuestionVersion) -> list[Compared]:
    """The two side by side in each language in which either is written; one that differs in nothing has equal rows."""
    before.question = after.question = question
    found = []
    for code, name in settings.LANGUAGES:
        old, new = describe_version(before, code), describe_version(after, code)
        if any(text for _label, text in (*old, *new)):
            found.append(Compared(str(name), compare_lines(old, new)))
    return found


def compare_lines(old: list[Line], new: list[Line]) -> list[Row]:
    """Lines beside one another by their labels; what stands under one label in both is compared word by word."""
    rows = []
    labels = SequenceMatcher(None, [label for label, _text in old], [label for label, _text in new], autojunk=False)
    for step, old_from, old_to, new_from, new_to in labels.get_opcodes():
        if step == "equal":
            rows += [
                _compare(label, was, now)
                for (label, was), (_same, now) in zip(old[old_from:old_to], new[new_from:new_to], strict=True)
            ]
            continue
        rows += [Row(label, Kind.REMOVED, (Run(RunKind.GONE, text),), ()) for label, text in old[old_from:old_to]]
        rows += [Row(label, Kind.ADDED, (), (Run(RunKind.NEW, text),)) for label, text in new[new_from:new_to]]
    return rows


def _compare(label: str, was: str, now: str) -> Row:
    if was == now:
        return Row(label, "", (Run(RunKind.SAME, was),), (Run(RunKind.SAME, now),))
    runs = compare_words(was, now)
    return Row(
        label,
        Kind.CHANGED,
        tuple(run for run in runs if run.kind != RunKind.NEW),
        tuple(run for run in runs if run.kind != RunKind.GONE),
    )


@dataclass(frozen=True, slots=True)
class Cited:
    """A place that versions cite, as people know it; ``page`` is None where it is gone."""

    page: MaterialPage | None
    block: str
    section: str

    def __str__(self) -> str:
        if self.page is None:
            return gettext("a material that is gone")
        if not self.block:
            return gettext("“%(material)s” as a whole") % {"material": self.page.title}
        return gettext("“%(material)s”, “%(section)s”") % {
            "material": self.page.title,
            "section": self.section or gettext("a section that is gone"),
        }


def name_citations(versions: Iterable[QuestionVersion]) -> list[list[Cited]]:
    """What each version cites; as many queries whatever their number. In the language of the installation."""
    versions = list(versions)
    keys = {key for version in versions for key, _block in version.citations}
    pages = MaterialPage.objects.filter(translation_key__in=keys).select_related("locale").specific() if keys else []
    best: dict[str, Any] = {}
    for page in sorted(pages, key=lambda page: page.locale.language_code == settings.LANGUAGE_CODE):
        best[str(page.translation_key)] = page
    sections = {
        key: {part.block_id or part.anchor: part.heading for part in page.sections} for key, page in best.items()
    }
    return [
        [Cited(best.get(key), block, sections.get(key, {}).get(block, "")) for key, block in version.citations]
        for version in versions
    ]
