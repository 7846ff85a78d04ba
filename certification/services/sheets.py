"""What a candidate is shown: the sheet during the sitting, the result after it. Read only.

A sheet is built from texts and places alone. Nothing that tells a right option from a wrong one is copied into it: not
the key, not the feedback, not the ids under which the author keeps the options.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import pgettext

from certification.grading import SectionMark
from certification.models import AnswerStep, Attempt, QuestionVersion
from certification.question_types import Content, get_type
from portal.core.localised import LocalisedText
from portal.partners.models import Membership
from training.services.citations import StudyLink, find_study_links


@dataclass(frozen=True, slots=True)
class SheetOption:
    """An option as shown: ``value`` is its place on this candidate's page, from 1."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class SheetQuestion:
    position: int
    template: str
    many: bool
    stem: str
    options: tuple[SheetOption, ...]
    answered: bool


@dataclass(frozen=True, slots=True)
class SheetSection:
    title: str
    questions: tuple[SheetQuestion, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole paper, with what was given so far.

    Attributes:
        seq: the number of the latest change that the server knows; a page counts on from it.
    """

    attempt: Attempt
    sections: tuple[SheetSection, ...]
    seq: int

    @property
    def questions(self) -> list[SheetQuestion]:
        return [question for section in self.sections for question in section.questions]

    @property
    def unanswered(self) -> list[SheetQuestion]:
        return [question for question in self.questions if not question.answered]

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


def read_sheet(attempt: Attempt) -> Sheet:
    """The paper of an attempt in the active language: two queries, whatever the number of questions."""
    paper = attempt.drawn
    contents: Mapping[int, Content] = dict(
        QuestionVersion.objects.filter(pk__in=[item.version for item in paper.questions]).values_list("pk", "content")
    )
    given: dict[int, Any] = {}
    seq = 0
    steps = AnswerStep.objects.filter(attempt=attempt, counted=True).order_by("seq")
    for position, response, client_seq in steps.values_list("position", "response", "client_seq"):
        given[position] = response
        seq = max(seq, client_seq)
    questions: dict[int, list[SheetQuestion]] = {part.section: [] for part in paper.sections}
    for item in paper.questions:
        kind, content = get_type(item.type), contents[item.version]
        response = given.get(item.position)
        chosen = kind.places(item.order, response)
        texts = _option_texts(content)
        questions[item.section].append(
            SheetQuestion(
                position=item.position,
                template=f"certification/questions/{kind.name}.html",
                many=kind.many,
                stem=str(LocalisedText(content["stem"])),
                options=tuple(
                    SheetOption(str(place), texts[option], place in chosen)
                    for place, option in enumerate(item.order, 1)
                ),
                answered=kind.is_answered(response),
            )
        )
    return Sheet(
        attempt=attempt,
        sections=tuple(
            SheetSection(str(LocalisedText(part.title)), tuple(questions[part.section])) for part in paper.sections
        ),
        seq=seq,
    )


def _option_texts(content: Content) -> dict[str, str]:
    """The options' texts by id; the options of a statement are the interface's own."""
    if "options" not in content:
        return {"true": pgettext("statement", "True"), "false": pgettext("statement", "False")}
    return {option["id"]: str(LocalisedText(option["text"])) for option in content["options"]}


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
