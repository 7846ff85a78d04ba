"""What an examiner looks at in one attempt: marks question by question, its clock, and what happened meanwhile.

Read only, and nothing is decided by it: numbers for a person, who knows that each of them has innocent causes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from certification import integrity
from certification.grading import Result
from certification.models import AnswerStep, Attempt, AttemptState, EventKind, IntegrityEvent, QuestionVersion
from certification.phrases import say_as_read_in
from certification.question_types import get_type
from certification.services.gradings import read_answers
from certification.services.measuring import find_paces
from portal.core.localised import LocalisedText

#: An attempt is compared with so many of the latest others of its exam, and so many of the likest are shown.
COMPARED = 300
LIKEST = 5

# --- Question by question --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One place of a paper as an examiner sees it; ``earned`` is None while people have yet to mark it."""

    position: int
    version: QuestionVersion
    stem: str
    given: str
    right: str
    earned: Fraction | None
    points: Fraction
    withdrawn: bool
    over_cap: bool
    under_check: bool
    steps: int
    seconds: int | None


@dataclass(frozen=True, slots=True)
class AskedSection:
    title: str
    earned: Fraction
    possible: Fraction
    percent: int
    pass_percent: int
    passed: bool
    questions: tuple[AskedQuestion, ...]


def list_asked(attempt: Attempt) -> list[AskedSection]:
    """The paper with what was given, what is right and what it earned; three queries whatever its length."""
    paper, result = attempt.drawn, read_result(attempt)
    versions = QuestionVersion.objects.select_related("question").in_bulk([item.version for item in paper.questions])
    answers = read_answers(attempt)
    arrivals = list_arrivals([attempt.pk]).get(attempt.pk, [])
    steps, paces = Counter(position for position, _moment in arrivals), find_paces(attempt.started_at, arrivals)
    marks = result.marks if result else ()
    questions: dict[int, list[AskedQuestion]] = {part.section: [] for part in paper.sections}
    say = say_as_read_in(attempt.language)
    for item in paper.questions:
        version = versions[item.version]
        told = get_type(item.type).tell(version.content, item.order, answers.get(item.position, ()), say)
        mark = marks[item.position - 1] if item.position <= len(marks) else None
        questions[item.section].append(
            AskedQuestion(
                position=item.position,
                version=version,
                stem=told.stem,
                given=told.given,
                right=told.right,
                earned=mark.share * item.points if mark is not None and mark.share is not None else None,
                points=item.points,
                withdrawn=mark.withdrawn if mark is not None else version.withdrawn_at is not None,
                over_cap=item.over_cap,
                under_check=item.under_check,
                steps=steps[item.position],
                seconds=paces.get(item.position),
            )
        )
    found = {part.section: part for part in result.sections} if result else {}
    return [
        _sum_up(str(LocalisedText(part.title)), found.get(part.section), part.pass_percent, questions[part.section])
        for part in paper.sections
    ]


def _sum_up(title: str, mark: Any, pass_percent: int, questions: list[AskedQuestion]) -> AskedSection:
    if mark is None:
        possible = sum((one.points for one in questions), Fraction())
        return AskedSection(title, Fraction(), possible, 0, pass_percent, False, tuple(questions))
    return AskedSection(title, mark.earned, mark.possible, mark.percent, pass_percent, mark.passed, tuple(questions))


def read_result(attempt: Attempt) -> Result | None:
    return Result.from_json(attempt.result, attempt.drawn) if attempt.result else None


def list_arrivals(attempt_ids: Iterable[int]) -> dict[int, list[tuple[int, datetime]]]:
    """When each answer that counts arrived, by attempt: position and moment, in order; one query."""
    rows = AnswerStep.objects.filter(attempt__in=list(attempt_ids), counted=True).order_by("attempt", "seq")
    found: dict[int, list[tuple[int, datetime]]] = {}
    for attempt, position, received_at in rows.values_list("attempt", "position", "received_at"):
        found.setdefault(attempt, []).append((position, received_at))
    return found


# --- What happened meanwhile -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FastAnswer:
    position: int
    flag: integrity.SpeedFlag


def find_fast_answers(sections: Sequence[AskedSection]) -> list[FastAnswer]:
    """The answers that came far faster than others give them. No query: the norms are kept with the questions."""
    questions = {one.version.pk: one for section in sections for one in section.questions}
    times = {pk: one.seconds for pk, one in questions.items() if one.seconds is not None}
    norms = {
        pk: integrity.Norm(one.version.question.measured_seconds, one.version.question.measured_from)
        for pk, one in questions.items()
        if one.version.question.measured_seconds
    }
    return [FastAnswer(questions[flag.version].position, flag) for flag in integrity.speed_flags(times, norms)]


def read_events(attempt: Attempt) -> tuple[tuple[integrity.Line, ...], int]:
    """What the browser reported, a line for each kind; and how many devices were seen. One query."""
    rows = list(attempt.events.order_by("happened_at", "pk"))
    return integrity.summarise(_read_rows(rows)), len({row.detail for row in rows if row.kind == EventKind.DEVICE})


def _read_rows(rows: Sequence[IntegrityEvent]) -> list[integrity.Event]:
    """The log as the rule reads it: how long each time the page was left, how much was pasted, each new address."""
    events: list[integrity.Event] = []
    left: IntegrityEvent | None = None
    addresses = 0
    for row in rows:
        if row.kind == EventKind.FOCUS_LOST:
            left = left or row
        elif row.kind == EventKind.FOCUS_BACK and left is not None:
            away = int((row.happened_at - left.happened_at).total_seconds())
            events.append(integrity.Event(integrity.EventKind.FOCUS_LOST, left.happened_at, away, left.position))
            left = None
        elif row.kind == EventKind.PASTE:
            amount = int(row.detail) if row.detail.isdecimal() else 0
            events.append(integrity.Event(integrity.EventKind.PASTE, row.happened_at, amount, row.position))
        elif row.kind == EventKind.ADDRESS:
            addresses += 1
            if addresses > 1:  # the first is where the sitting began
                kind = integrity.EventKind.ADDRESS_CHANGED
                events.append(integrity.Event(kind, row.happened_at, 0, row.position))
    return events


@dataclass(frozen=True, slots=True)
class Likeness:
    other: Attempt
    found: integrity.Similarity


def find_likest(attempt: Attempt) -> tuple[list[Likeness], int]:
    """The attempts whose wrong answers are likest, least probable by chance first; and with how many it was compared.

    Four queries. Only where two or more wrong answers are the same.
    """
    others = list(
        Attempt.objects.counted()
        .filter(exam=attempt.exam_id, state=AttemptState.GRADED)
        .exclude(user=attempt.user_id)
        .select_related("user", "membership__partner")
        .order_by("-started_at")[:COMPARED]
    )
    responses = _read_responses([attempt, *others])
    given = {one.pk: _read_given(one, responses.get(one.pk, {})) for one in (attempt, *others)}
    wrong: dict[int, Counter[str]] = defaultdict(Counter)
    for answers in given.values():
        for version, answer in answers.items():
            if answer.wrong:
                wrong[version][integrity.name_answer(answer.response)] += 1
    own = given[attempt.pk]
    found = [
        Likeness(other, integrity.similarity(own, given[other.pk], wrong, pairs=max(1, len(others))))
        for other in others
    ]
    alike = [one for one in found if one.found.identical > 1]
    return sorted(alike, key=lambda one: (one.found.probability, -one.found.identical))[:LIKEST], len(others)


def _read_responses(attempts: Iterable[Attempt]) -> dict[int, dict[int, Any]]:
    rows = AnswerStep.objects.filter(attempt__in=[one.pk for one in attempts], counted=True).order_by("attempt", "seq")
    found: dict[int, dict[int, Any]] = {}
    for attempt, position, response in rows.values_list("attempt", "position", "response"):
        found.setdefault(attempt, {})[position] = response
    return found


def _read_given(attempt: Attempt, responses: Mapping[int, Any]) -> dict[int, integrity.Answer]:
    result = read_result(attempt)
    if result is None:
        return {}
    return {
        item.version: integrity.Answer(responses[item.position], mark.share is not None and mark.share < 1)
        for item, mark in zip(attempt.drawn.questions, result.marks, strict=False)
        if item.position in responses and get_type(item.type).is_answered(responses[item.position])
    }
