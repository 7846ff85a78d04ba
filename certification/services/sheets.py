"""What a candidate is shown: the sheet during the sitting, the result after it. Read only.

A sheet is built from texts and places alone. Nothing that tells a right option from a wrong one is copied into it: not
the key, not the feedback, not the ids under which the author keeps the options.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, override

from certification.grading import SectionMark
from certification.models import Attempt, QuestionVersion
from certification.phrases import say, say_as_read_in
from certification.question_types import Content, Shown, get_type
from certification.question_types.outlines import Drawn
from certification.services.asking import Log, ask_given_and_log
from portal.content.models import Image
from portal.core.localised import LocalisedText
from portal.partners.models import Membership
from training.services.citations import StudyLink, find_study_links


@dataclass(frozen=True, slots=True)
class SheetPicture:
    """A question's picture: its size, and the outlines on it. Its address is the question's: no name gives it away."""

    width: int
    height: int
    outlines: tuple[Drawn, ...]

    @property
    def figure_size(self) -> int:
        """How large the numbers on it are drawn."""
        return max(self.width // 20, 8)


@dataclass(frozen=True, slots=True)
class SheetQuestion:
    """A question in its place: what its type shows, and the template that draws it."""

    position: int
    template: str
    shown: Shown
    answered: bool
    picture: SheetPicture | None = None
    flagged: bool = False
    #: Why staff withdrew it, where they did: it earns nothing and costs nothing.
    withdrawn: str = ""

    @property
    def stem(self) -> str:
        return self.shown.stem


#: In place of a question that the page does not show.
NOT_SHOWN = Shown(stem="")


@dataclass(frozen=True, slots=True)
class SheetSection:
    title: str
    questions: tuple[SheetQuestion, ...]

    @property
    def positions(self) -> list[int]:
        return [question.position for question in self.questions]


@dataclass(frozen=True)
class Sheet:
    """The whole paper, with what was given so far.

    Attributes:
        seq: the number of the latest change that the server knows; a page counts on from it.
        log: what the sitting's log says of where it was seen.
    """

    attempt: Attempt
    sections: tuple[SheetSection, ...]
    seq: int
    log: Log

    @cached_property
    def questions(self) -> list[SheetQuestion]:
        return [question for section in self.sections for question in section.questions]

    @property
    def flagged(self) -> list[SheetQuestion]:
        return [question for question in self.questions if question.flagged]

    @cached_property
    def unanswered(self) -> list[SheetQuestion]:
        return [question for question in self.questions if not question.answered and not question.withdrawn]

    @property
    def unanswered_numbers(self) -> str:
        return ", ".join(str(question.position) for question in self.unanswered)

    @property
    def withdrawn(self) -> str:
        """The positions of withdrawn questions, as the page compares them."""
        return ",".join(str(question.position) for question in self.questions if question.withdrawn)

    def at(self, position: int) -> SheetQuestion:
        return self.questions[position - 1]

    @property
    def total(self) -> int:
        return len(self.questions)

    @property
    def answered(self) -> int:
        return self.total - len(self.unanswered)


@dataclass(frozen=True, slots=True)
class SectionResult:
    """A section's marks, and where to study what it asked; the links are those of the whole section, right or wrong."""

    title: str
    mark: SectionMark
    links: tuple[StudyLink, ...]

    @property
    def earned(self) -> str:
        return str(self.mark.earned)


def read_sheet(attempt: Attempt, *, only: int | None = None) -> Sheet:
    """The paper of an attempt in the language that was chosen for it: one query, whatever the number of questions, and
    one more if any has a picture.

    Args:
        only: the one position whose question is read, where one is shown at a time: the others are then told by number
            alone, with whether they are answered, and no word of theirs leaves the server.
    """
    paper = attempt.drawn
    given, log = ask_given_and_log(
        attempt, versions=[item.version for item in paper.questions if only in {None, item.position}]
    )
    contents, answers = given.contents, given.answers
    questions: dict[int, list[SheetQuestion]] = {part.section: [] for part in paper.sections}
    language = attempt.language or get_language()
    say_in = say_as_read_in(language or settings.LANGUAGE_CODE)
    with override(language):
        shown = {
            item.position: get_type(item.type).show(
                contents[item.version], item.order, answers.get(item.position, []), say_in
            )
            for item in paper.questions
            if item.version in contents
        }
        pictures = _find_pictures(shown.values())
        for item in paper.questions:
            reason = given.withdrawn.get(item.version)
            questions[item.section].append(
                _lay(
                    item.position, item.type, shown.get(item.position, NOT_SHOWN), answers.get(item.position, []),
                    pictures, flagged=item.position in given.flagged,
                    withdrawn=str(reason) if reason is not None else "",
                )
            )  # fmt: skip
        sections = tuple(
            SheetSection(str(LocalisedText(part.title)), tuple(questions[part.section])) for part in paper.sections
        )
    return Sheet(attempt=attempt, sections=sections, seq=given.seq, log=log)


def _lay(
    position: int, name: str, shown: Shown, response: Any, pictures: Mapping[int, tuple[int, int]], **more: Any
) -> SheetQuestion:
    """A question in its place, drawn by the template of its type."""
    kind, picture = get_type(name), pictures.get(shown.picture or 0)
    return SheetQuestion(
        position=position,
        template=f"certification/questions/{kind.name}.html",
        shown=shown,
        answered=kind.is_answered(response),
        picture=SheetPicture(*picture, tuple(one.draw(*picture) for one in shown.outlines)) if picture else None,
        **more,
    )


def lay_out(questions: Iterable[tuple[str, Content]], given: Mapping[int, Any]) -> list[SheetQuestion]:
    """Questions of no exam as a sheet shows them, in the authored order; for the rehearsal."""
    return [
        _lay(
            position, name, get_type(name).show(content, get_type(name).options(content), given.get(position, []), say),
            given.get(position, []), {},
        )
        for position, (name, content) in enumerate(questions, 1)
    ]  # fmt: skip


def _find_pictures(shown: Iterable[Shown]) -> dict[int, tuple[int, int]]:
    """The sizes of pictures by id; one that was deleted is not there."""
    wanted = {question.picture for question in shown if question.picture}
    rows = Image.objects.filter(pk__in=wanted).values_list("pk", "width", "height") if wanted else []
    return {pk: (width, height) for pk, width, height in rows}


def find_picture(attempt: Attempt, position: int) -> Image | None:
    """The picture of a question of the attempt; None where it has none."""
    item = next((item for item in attempt.drawn.questions if item.position == position), None)
    if item is None:
        return None
    content = QuestionVersion.objects.values_list("content", flat=True).get(pk=item.version)
    picture = get_type(item.type).show(content, item.order, [], say).picture
    return Image.objects.filter(pk=picture).first() if picture else None


def list_withdrawn(attempt: Attempt) -> list[int]:
    """The positions of the paper whose questions were withdrawn; one query."""
    versions = [item.version for item in attempt.drawn.questions]
    withdrawn = set(
        QuestionVersion.objects.filter(pk__in=versions, withdrawn_at__isnull=False).values_list("pk", flat=True)
    )
    return [item.position for item in attempt.drawn.questions if item.version in withdrawn]


def find_links(
    citations: Mapping[int, Iterable[Sequence[str]]], *, membership: Membership | None, language: str, now: datetime
) -> dict[int, tuple[StudyLink, ...]]:
    """Where to study what each position's question cites."""
    wanted = sorted({(key, block) for cited in citations.values() for key, block in cited})
    links = find_study_links(wanted, membership=membership, language=language, now=now) if wanted else []
    by_citation = {link.citation: link for link in links}
    return {
        position: _once(by_citation[key, block] for key, block in cited if (key, block) in by_citation)
        for position, cited in citations.items()
    }


def read_result(
    attempt: Attempt, *, membership: Membership | None, language: str, now: datetime
) -> list[SectionResult]:
    """The sections of a graded attempt; those that failed with links to what their questions cite.

    Where every section passed and the whole did not, each section that lost a mark has its links. Links name all that
    the section asked about, not what was answered wrongly: so they give no key away.
    """
    result = attempt.graded
    if result is None:
        return []
    weak = [part.section for part in result.sections if not part.passed]
    if not weak and not result.passed:
        weak = [part.section for part in result.sections if part.earned < part.possible]
    cited = _find_citations(attempt, weak)
    wanted = {citation for found in cited.values() for citation in found}
    links = find_study_links(sorted(wanted), membership=membership, language=language, now=now) if wanted else []
    by_citation = {link.citation: link for link in links}
    return [
        SectionResult(
            title=str(LocalisedText(part.title)),
            mark=part,
            links=_once(by_citation[citation] for citation in cited.get(part.section, ()) if citation in by_citation),
        )
        for part in result.sections
    ]


def _once(links: Any) -> tuple[StudyLink, ...]:
    """Each address once: two questions may cite one section by its id and by its anchor."""
    return tuple({link.url: link for link in links}.values())


def _find_citations(attempt: Attempt, sections: list[int]) -> dict[int, list[tuple[str, str]]]:
    """What the questions of these sections cite, sorted, so that the order says nothing about the questions."""
    versions = {item.version: item.section for item in attempt.drawn.questions if item.section in sections}
    cited: dict[int, set[tuple[str, str]]] = {}
    if versions:
        for pk, citations in QuestionVersion.objects.filter(pk__in=versions).values_list("pk", "citations"):
            cited.setdefault(versions[pk], set()).update((key, block) for key, block in citations)
    return {section: sorted(found) for section, found in cited.items()}
