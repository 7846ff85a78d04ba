"""Which questions a candidate is asked, and in which order. Pure and deterministic: the seed decides everything.

The order comes from a keyed hash, not from a random generator: the same seed draws the same paper whatever the order of
the bank, the version of Python or the database.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any


@dataclass(frozen=True, slots=True)
class SectionRule:
    """How many questions of which topic a section asks, and the percentage of its marks that passes it."""

    section: int
    topic: int
    count: int
    pass_percent: int
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What an exam draws."""

    sections: tuple[SectionRule, ...]
    pass_percent: int


@dataclass(frozen=True, slots=True)
class BankItem:
    """A question that may be drawn, in the one version that is approved."""

    question: int
    version: int
    topic: int
    type: str
    options: tuple[str, ...]
    shuffled: bool = True


@dataclass(frozen=True, slots=True)
class PaperQuestion:
    """One place of a paper; positions count from 1 through the whole paper, ``order`` is that of the options shown."""

    position: int
    section: int
    version: int
    type: str
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperSection:
    section: int
    title: Mapping[str, str]
    pass_percent: int


@dataclass(frozen=True, slots=True)
class Paper:
    """What one candidate is asked: frozen at the start with its pass marks, so that later edits change nothing."""

    sections: tuple[PaperSection, ...]
    questions: tuple[PaperQuestion, ...]
    pass_percent: int

    def to_json(self) -> dict[str, Any]:
        return {
            "pass_percent": self.pass_percent,
            "sections": [
                {"section": part.section, "title": dict(part.title), "pass_percent": part.pass_percent}
                for part in self.sections
            ],
            "questions": [
                {"section": item.section, "version": item.version, "type": item.type, "order": list(item.order)}
                for item in self.questions
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Paper":
        return cls(
            sections=tuple(PaperSection(**part) for part in stored["sections"]),
            questions=tuple(
                PaperQuestion(position, item["section"], item["version"], item["type"], tuple(item["order"]))
                for position, item in enumerate(stored["questions"], 1)
            ),
            pass_percent=stored["pass_percent"],
        )


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A topic that cannot give what the sections together ask of it."""

    topic: int
    wanted: int
    available: int


class Unfillable(Exception):
    """The bank cannot fill the blueprint. Says what is missing; an exam is never shortened instead."""

    def __init__(self, shortfalls: tuple[Shortfall, ...]) -> None:
        super().__init__(
            "; ".join(f"topic {s.topic}: {s.available} of {s.wanted}" for s in shortfalls) or "no sections"
        )
        self.shortfalls = shortfalls


def find_shortfalls(blueprint: Blueprint, bank: Iterable[BankItem]) -> tuple[Shortfall, ...]:
    """What the bank lacks. Sections of one topic compete for its questions, so their counts are added up."""
    wanted: Counter[int] = Counter()
    for rule in blueprint.sections:
        wanted[rule.topic] += rule.count
    available = Counter(dict.fromkeys(wanted, 0))
    available.update(topic for topic, _question in {(item.topic, item.question) for item in bank})
    return tuple(
        Shortfall(topic, count, available[topic]) for topic, count in wanted.items() if available[topic] < count
    )


def draw(blueprint: Blueprint, bank: Iterable[BankItem], seed: int) -> Paper:
    """Draw a paper: for each section its count of questions of its topic, none twice, options in an order of their own.

    Args:
        bank: one item per question.
        seed: any integer; the same seed, blueprint and bank give the same paper.

    Raises:
        Unfillable: with every topic that falls short, or with none when there are no sections at all.
    """
    items = list(bank)
    shortfalls = find_shortfalls(blueprint, items)
    if shortfalls or not blueprint.sections:
        raise Unfillable(shortfalls)

    waiting: dict[int, list[BankItem]] = {}
    for item in sorted(items, key=lambda item: _rank(seed, "question", item.question)):
        waiting.setdefault(item.topic, []).append(item)

    questions: list[PaperQuestion] = []
    for rule in blueprint.sections:
        taken, waiting[rule.topic] = waiting[rule.topic][: rule.count], waiting[rule.topic][rule.count :]
        for item in taken:
            order = item.options
            if item.shuffled:
                ranks = {option: _rank(seed, "option", item.version, option) for option in order}
                order = tuple(sorted(order, key=ranks.__getitem__))
            questions.append(PaperQuestion(len(questions) + 1, rule.section, item.version, item.type, order))
    return Paper(
        sections=tuple(PaperSection(rule.section, dict(rule.title), rule.pass_percent) for rule in blueprint.sections),
        questions=tuple(questions),
        pass_percent=blueprint.pass_percent,
    )


def _rank(seed: int, *parts: object) -> bytes:
    """A place in an order that only the seed decides."""
    return blake2b("\x1f".join(map(str, (seed, *parts))).encode(), digest_size=16).digest()
