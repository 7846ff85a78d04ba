"""What a paper is worth. Pure and exact: marks are fractions, percentages are compared without division."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

from certification.drawing import Paper, PaperQuestion
from certification.question_types import Content, Response, get_type
from certification.question_types.parts import NOTHING, WHOLE


class QuestionMark(NamedTuple):
    """What one question of a paper earned. A tuple, since a result has one for each.

    Attributes:
        version: 0 where a result of an earlier release was read without its paper.
        share: of the question's points, from -1 (a wrong answer may cost something) to 1; None while it awaits people,
            and where the question was withdrawn.
        withdrawn: it counts neither as earned nor as possible.
    """

    version: int
    share: Fraction | None
    withdrawn: bool = False

    @property
    def awaits_people(self) -> bool:
        return self.share is None and not self.withdrawn


@dataclass(frozen=True, slots=True)
class SectionMark:
    """A section's points.

    Attributes:
        net: what right answers earned less what wrong ones cost; may be below 0.
        possible: the points of its questions, the withdrawn ones left out.
        pending: those of them that await people.
    """

    section: int
    title: Mapping[str, str]
    net: Fraction
    possible: Fraction
    pass_percent: int
    pending: Fraction = NOTHING

    @property
    def earned(self) -> Fraction:
        """What it adds to the whole: never below 0, so that guesses in one section cost nothing earned in another."""
        return max(self.net, NOTHING)

    @property
    def best_possible(self) -> Fraction:
        """What it comes to if people give full marks. If they give none it stays at ``earned``."""
        return max(self.net + self.pending, NOTHING)

    @property
    def counts(self) -> bool:
        """Whether any of its questions does; one whose questions were all withdrawn is no obstacle."""
        return self.possible > 0

    @property
    def passed(self) -> bool:
        """Whether what is marked so far reaches the pass mark: what people add cannot undo it."""
        return reaches(self.earned, self.possible, self.pass_percent)

    @property
    def can_pass(self) -> bool:
        return reaches(self.best_possible, self.possible, self.pass_percent)

    @property
    def percent(self) -> int:
        return whole_percent(self.earned, self.possible)


@dataclass(frozen=True, slots=True)
class Result:
    """Marks in the order of the paper, per section and overall.

    Passing takes the overall pass mark *and* that of every section: a strong section does not buy off a failed one. While
    people have yet to mark something nothing is passed, but it may be certain that it will not be.
    """

    marks: tuple[QuestionMark, ...]
    sections: tuple[SectionMark, ...]
    pass_percent: int

    @property
    def earned(self) -> Fraction:
        """The sum of the sections', so that the table adds up: at least this, once people have marked the rest."""
        return sum((part.earned for part in self.sections), NOTHING)

    @property
    def best_possible(self) -> Fraction:
        return sum((part.best_possible for part in self.sections), NOTHING)

    @property
    def possible(self) -> Fraction:
        return sum((part.possible for part in self.sections), NOTHING)

    @property
    def percent(self) -> int:
        """Of what is marked so far."""
        return whole_percent(self.earned, self.possible)

    @property
    def complete(self) -> bool:
        return not any(mark.awaits_people for mark in self.marks)

    @property
    def awaiting(self) -> tuple[int, ...]:
        """The positions that people have yet to mark."""
        return tuple(position for position, mark in enumerate(self.marks, 1) if mark.awaits_people)

    @property
    def can_pass(self) -> bool:
        """Whether it passes if people give full marks. A paper with every question withdrawn proves nothing."""
        return (
            self.possible > 0
            and reaches(self.best_possible, self.possible, self.pass_percent)
            and all(part.can_pass for part in self.sections)
        )

    @property
    def passed(self) -> bool:
        return self.complete and self.can_pass

    def to_json(self) -> dict[str, Any]:
        """As stored with the attempt; fractions are text (``"1"``, ``"1/2"``).

        ``{"pass": percent, "marks": [[version, share], …], "sections": [[id, pass percent, net, possible, pending,
        title], …]}``. A share is null while it awaits people; a withdrawn question is ``[version, null, "withdrawn"]``.
        The rows of all attempts together are the matrix of (attempt, version) from which items are analysed.
        """
        return {
            "pass": self.pass_percent,
            "marks": [
                [mark.version, None if mark.share is None else str(mark.share), *(["withdrawn"] * mark.withdrawn)]
                for mark in self.marks
            ],
            "sections": [
                [
                    part.section,
                    part.pass_percent,
                    str(part.net),
                    str(part.possible),
                    str(part.pending),
                    dict(part.title),
                ]
                for part in self.sections
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], paper: Paper | None = None) -> "Result":
        """Read what :meth:`to_json` gave, in this release or an earlier one.

        Args:
            paper: the attempt's; only needed to tell the versions of a result of an earlier release.
        """
        if "pass_percent" in stored:
            versions = [item.version for item in paper.questions] if paper else [0] * len(stored["marks"])
            return cls(
                marks=tuple(
                    QuestionMark(version, Fraction(mark))
                    for version, mark in zip(versions, stored["marks"], strict=True)
                ),
                sections=tuple(
                    SectionMark(
                        part["section"],
                        part["title"],
                        Fraction(part["earned"]),
                        Fraction(part["possible"]),
                        part["pass_percent"],
                    )
                    for part in stored["sections"]
                ),
                pass_percent=stored["pass_percent"],
            )
        return cls(
            marks=tuple(
                QuestionMark(version, None if share is None else Fraction(share), bool(withdrawn))
                for version, share, *withdrawn in stored["marks"]
            ),
            sections=tuple(
                SectionMark(section, title, Fraction(net), Fraction(possible), percent, Fraction(pending))
                for section, percent, net, possible, pending, title in stored["sections"]
            ),
            pass_percent=stored["pass"],
        )


def grade(
    paper: Paper,
    contents: Mapping[int, Content],
    responses: Mapping[int, Response],
    *,
    by_hand: Mapping[int, Fraction] = MappingProxyType({}),
    withdrawn: Collection[int] = (),
) -> Result:
    """Grade a paper.

    What people gave stands above what the type of question gives. A question without an answer earns nothing, costs
    nothing, and is put before nobody.

    Args:
        contents: the content of every question version of the paper, by its id; a withdrawn one is not looked at.
        responses: the last response that counts, by position.
        by_hand: what people gave, by position, as a share of the question's points from 0 to 1.
        withdrawn: ids of the versions that do not count.

    Raises:
        KeyError: when a version of the paper is not given.
        ValueError: when people gave a share outside of 0 to 1, or marked a position that the paper does not have.
    """
    for position, hand in by_hand.items():
        if not 0 <= hand <= 1:
            raise ValueError(f"Position {position}: a share is from 0 to 1, not {hand}")
        if not 1 <= position <= len(paper.questions):
            raise ValueError(f"The paper has no position {position}")
    left_out = frozenset(withdrawn)
    net: dict[int, list[Fraction]] = {part.section: [] for part in paper.sections}
    possible: dict[int, list[Fraction]] = {part.section: [] for part in paper.sections}
    pending: dict[int, list[Fraction]] = {part.section: [] for part in paper.sections}
    marks: list[QuestionMark] = []
    for item in paper.questions:
        if item.version in left_out:
            marks.append(QuestionMark(item.version, None, withdrawn=True))
            continue
        share = by_hand.get(item.position)
        if share is None:
            share = _mark(item, contents[item.version], responses.get(item.position))
        possible[item.section].append(item.points)
        if share is None:
            pending[item.section].append(item.points)
        elif share:
            net[item.section].append(item.points if share is WHOLE else share * item.points)
        marks.append(QuestionMark(item.version, share))
    return Result(
        marks=tuple(marks),
        sections=tuple(
            SectionMark(
                part.section,
                part.title,
                _add_up(net[part.section]),
                _add_up(possible[part.section]),
                part.pass_percent,
                _add_up(pending[part.section]),
            )
            for part in paper.sections
        ),
        pass_percent=paper.pass_percent,
    )


def _add_up(points: Iterable[Fraction]) -> Fraction:
    """The sum. Most points are whole, and whole numbers are added far faster than fractions."""
    whole, rest = 0, NOTHING
    for value in points:
        if value.denominator == 1:
            whole += value.numerator
        else:
            rest += value
    return rest + whole


def _mark(item: PaperQuestion, content: Content, response: Response) -> Fraction | None:
    kind = get_type(item.type)
    return kind.mark(content, response) if kind.is_answered(response) else NOTHING


def reaches(earned: Fraction, possible: Fraction | int, percent: int) -> bool:
    """Whether ``earned`` of ``possible`` is at least ``percent`` per cent, exactly. Of nothing, anything is."""
    return earned * 100 >= possible * percent


def whole_percent(earned: Fraction, possible: Fraction | int) -> int:
    """The percentage rounded *down*, so that a failed paper never shows its pass mark; 0 of nothing."""
    return int(earned * 100 // possible) if possible else 0
