"""Who has sat an exam before the load: what they gave, what they reported, and what an examiner found of it.

Done by the services that the pages call, each at its own moment of the past.
"""

from datetime import datetime, timedelta
from typing import Any

from certification.models import Attempt, Exam, MarkingTask, QuestionVersion
from certification.question_types import get_type
from certification.services.attempts import report_question, start_attempt, submit_attempt
from certification.services.bank import answer_report
from certification.services.marking import give_mark
from portal.accounts.models import User
from portal.home.services.demo.files import read_toml
from portal.partners.models import Membership


def load_sittings(memberships: dict[tuple[str, str], Membership], *, examiner: User, now: datetime) -> None:
    """What ``sittings.toml`` tells, in the order of time."""
    members = {email: membership for (_partner, email), membership in memberships.items()}
    exams = {exam.slug: exam for exam in Exam.objects.all()}
    rows = read_toml("sittings.toml")["sittings"]
    for seed, row in enumerate(sorted(rows, key=lambda row: -row["days_ago"]), 1):
        _sit(row, members[row["by"]], exams[row["exam"]], seed=seed, examiner=examiner, now=now)


def _sit(row: dict[str, Any], membership: Membership, exam: Exam, *, seed: int, examiner: User, now: datetime) -> None:
    started = now - timedelta(days=row["days_ago"])
    person = membership.user
    attempt = start_attempt(membership, exam=exam, seed=seed, language=person.language, now=started)
    ended = started + timedelta(minutes=row["minutes"])
    if note := row.get("report"):
        report = report_question(attempt, position=note["position"], text=note["text"], by=person, now=ended)
        answered = now - timedelta(days=note["answered_days_ago"])
        answer_report(report, answer=note["answer"], by=examiner, now=answered)
    submit_attempt(attempt, answers=_find_answers(attempt, row), client_seq=1, by=person, now=ended)
    if marking := row.get("marked"):
        marked = now - timedelta(days=marking["days_ago"])
        for task in MarkingTask.objects.filter(attempt=attempt).select_related("version"):
            rubric = _choose_levels(task.version, short_of=marking["short_of"])
            give_mark(task, rubric=rubric, comment=marking["comment"], by=examiner, now=marked)


def _find_answers(attempt: Attempt, row: dict[str, Any]) -> dict[int, dict[str, list[str]]]:
    """What is right, as a page would post it, but for one question of each section that was missed."""
    paper = attempt.drawn
    places = {part.section: place for place, part in enumerate(paper.sections, 1)}
    left_out = {
        next(item.position for item in paper.questions if places[item.section] == place)
        for place in row.get("missed", [])
    }
    versions = QuestionVersion.objects.select_related("question").in_bulk([item.version for item in paper.questions])
    answers = {}
    for item in paper.questions:
        kind, version = get_type(item.type), versions[item.version]
        response = kind.right(version.content)
        if response is None:
            response = {"text": row["letters"][version.question.slug].strip()}
        if item.position not in left_out:
            answers[item.position] = kind.give(item.order, response)
    return answers


def _choose_levels(version: QuestionVersion, *, short_of: int) -> dict[str, str]:
    """The highest level of each criterion, of one the level below it."""
    chosen = {}
    for place, criterion in enumerate(version.content["rubric"], 1):
        levels = sorted(criterion["levels"], key=lambda level: level["points"])
        chosen[criterion["id"]] = levels[-2 if place == short_of else -1]["id"]
    return chosen
