"""What a paper is worth. Pure and exact: marks are fractions, percentages are compared without division."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from certification.drawing import Paper
from certification.question_types import Content, Response, get_type


@dataclass(frozen=True, slots=True)
class SectionMark:
    section: int
    title: Mapping[str, str]
    earned: Fraction
    possible: int
    pass_percent: int

    @property
    def passed(self) -> bool:
        return reaches(self.earned, self.possible, self.pass_percent)

    @property
    def percent(self) -> int:
        return whole_percent(self.earned, self.possible)


@dataclass(frozen=True, slots=True)
class Result:
    """Marks per position (each question is worth one mark), per section and overall.

    Passing takes the overall pass mark *and* that of every section: a strong section does not buy off a failed one.
    """

    marks: tuple[Fraction, ...]
    sections: tuple[SectionMark, ...]
    pass_percent: int

    @property
    def earned(self) -> Fraction:
        return sum(self.marks, Fraction())

    @property
    def possible(self) -> int:
        return len(self.marks)

    @property
    def percent(self) -> int:
        return whole_percent(self.earned, self.possible)

    @property
    def passed(self) -> bool:
        return reaches(self.earned, self.possible, self.pass_percent) and all(part.passed for part in self.sections)

    def to_json(self) -> dict[str, Any]:
        """As stored with the attempt: fractions as text (``"1"``, ``"1/2"``), marks in the order of the paper."""
        return {
            "pass_percent": self.pass_percent,
            "marks": [str(mark) for mark in self.marks],
            "sections": [
                {
                    "section": part.section,
                    "title": dict(part.title),
                    "earned": str(part.earned),
                    "possible": part.possible,
                    "pass_percent": part.pass_percent,
                }
                for part in self.sections
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Result":
        return cls(
            marks=tuple(Fraction(mark) for mark in stored["marks"]),
            sections=tuple(SectionMark(**{**part, "earned": Fraction(part["earned"])}) for part in stored["sections"]),
            pass_percent=stored["pass_percent"],
        )


def grade(paper: Paper, contents: Mapping[int, Content], responses: Mapping[int, Response]) -> Result:
    """Grade a paper.

    Args:
        contents: the content of every question version of the paper, by its id.
        responses: the last response that counts, by position; a position without one earns nothing.

    Raises:
        KeyError: when a version of the paper is not given.
    """
    marks: list[Fraction] = []
    earned = {part.section: Fraction() for part in paper.sections}
    possible = dict.fromkeys(earned, 0)
    for item in paper.questions:
        kind, content = get_type(item.type), contents[item.version]
        response = responses.get(item.position)
        mark = kind.mark(content, response) if kind.is_answered(response) else Fraction()
        marks.append(mark)
        earned[item.section] += mark
        possible[item.section] += 1
    return Result(
        marks=tuple(marks),
        sections=tuple(
            SectionMark(part.section, part.title, earned[part.section], possible[part.section], part.pass_percent)
            for part in paper.sections
        ),
        pass_percent=paper.pass_percent,
    )


def reaches(earned: Fraction, possible: int, percent: int) -> bool:
    """Whether ``earned`` of ``possible`` is at least ``percent`` per cent, exactly."""
    return earned * 100 >= possible * percent


def whole_percent(earned: Fraction, possible: int) -> int:
    """The percentage rounded *down*, so that a failed paper never shows its pass mark."""
    return int(earned * 100 // possible) if possible else 0
