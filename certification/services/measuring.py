"""What candidates made of each question: how hard it proved to be, and how long it takes. Kept by a nightly task."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from statistics import median
from typing import Any

from certification.drawing import Paper
from certification.grading import Result
from certification.models import AnswerStep, Attempt, AttemptState, Question, QuestionVersion

#: The latest attempts that are measured: enough to be steady, few enough to be read in one go.
MOST_ATTEMPTS = 5000
#: A pause between two answers longer than this says nothing about the question.
LONGEST_SECONDS = 900


def measure_questions() -> int:
    """Reckon anew of every question from how many attempts, its mean mark and its usual time; returns how many changed.

    The mean mark is of the shares earned (what a test theorist calls the facility index, as a share of a thousand);
    the time is the median of the seconds from the answer before.
    """
    attempts = Attempt.objects.real().filter(state=AttemptState.GRADED).order_by("-submitted_at")
    rows = list(attempts.values_list("pk", "paper", "result", "started_at")[:MOST_ATTEMPTS])
    marks: dict[int, list[Fraction]] = {}
    times: dict[int, list[int]] = {}
    answered = _find_answer_times([row[0] for row in rows])
    versions = {item.version for row in rows for item in Paper.from_json(row[1]).questions}
    questions = dict(QuestionVersion.objects.filter(pk__in=versions).values_list("pk", "question_id"))
    for pk, paper, result, started_at in rows:
        places = [questions[item.version] for item in Paper.from_json(paper).questions]
        found_marks = Result.from_json(result).marks if result else ()
        for question, mark in zip(places, found_marks, strict=False):
            if mark.share is not None:
                marks.setdefault(question, []).append(mark.share)
        for position, seconds in find_paces(started_at, answered.get(pk, ())).items():
            if position <= len(places):
                times.setdefault(places[position - 1], []).append(seconds)
    changed = []
    for row in Question.objects.filter(pk__in=marks):
        found = marks[row.pk]
        permille = int(max(Fraction(), min(Fraction(1), sum(found, Fraction()) / len(found))) * 1000)
        usual = round(median(times[row.pk])) if row.pk in times else None
        measured = (len(found), permille, usual)
        if measured != (row.measured_from, row.measured_permille, row.measured_seconds):
            row.measured_from, row.measured_permille, row.measured_seconds = measured
            changed.append(row)
    Question.objects.bulk_update(changed, ["measured_from", "measured_permille", "measured_seconds"], batch_size=500)
    return len(changed)


def _find_answer_times(attempt_ids: Iterable[int]) -> dict[int, list[tuple[int, datetime]]]:
    steps = AnswerStep.objects.filter(attempt__in=list(attempt_ids), counted=True).order_by("attempt", "seq")
    found: dict[int, list[tuple[int, datetime]]] = {}
    for attempt, position, received_at in steps.values_list("attempt", "position", "received_at"):
        found.setdefault(attempt, []).append((position, received_at))
    return found


def find_paces(started_at: datetime, answers: Iterable[tuple[int, datetime]]) -> Mapping[int, int]:
    """Seconds from the answer before (or the start) to the first answer of each position; long pauses are left out.

    Answers that arrived together were sent as one page: how long each took is not known.
    """
    arrivals: dict[datetime, list[int]] = {}
    for position, moment in answers:
        arrivals.setdefault(moment, []).append(position)
    paces: dict[int, int] = {}
    before: Any = started_at
    for moment, positions in sorted(arrivals.items()):
        seconds = int((moment - before).total_seconds())
        if len(positions) == 1 and positions[0] not in paces and 0 <= seconds <= LONGEST_SECONDS:
            paces[positions[0]] = seconds
        before = moment
    return paces
