"""Where a question is used: the exams that could draw it, and the attempts that have seen it. Read only."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from certification.drawing import Paper
from certification.models import Attempt, Exam, Question, QuestionVersion
from certification.services.exams import with_plan
from certification.services.plans import find_exam_subtrees, plan_exam
from portal.core.localised import LocalisedText

#: So many of the latest attempts are looked through, and so many of those that saw the question are named.
LOOKED_THROUGH = 5000
NAMED = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A section that could ask a question; ``is_fixed`` where it always does."""

    section: str
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """How many attempts in an exam were asked a version."""

    exam: Exam
    number: int
    count: int


@dataclass(frozen=True, slots=True)
class Use:
    """Attributes:
    exams: those that could draw it, each with the sections that could.
    seen: by exam and version, the commonest first.
    latest: of the attempts that saw it, the last ones with their version's number.
    is_cut: whether there are more attempts than were looked through.
    """

    exams: list[tuple[Exam, list[Place]]]
    seen: list[Seen]
    latest: list[tuple[Attempt, int]]
    is_cut: bool


def find_use(question: Question) -> Use:
    """Where a question is used; as many queries whatever the number of exams and attempts."""
    exams = list(with_plan(Exam.objects.all()))
    versions = dict(question.versions.values_list("pk", "number"))
    found = list(_list_attempts_with(versions))
    named = Attempt.objects.select_related("user", "exam", "membership__partner").defer("paper", "result")
    latest = named.in_bulk([pk for pk, _exam, _version in found[:NAMED]])
    by_exam = {exam.pk: exam for exam in exams}
    counts = Counter((exam, versions[version]) for _pk, exam, version in found)
    return Use(
        exams=_list_exams(question, exams),
        seen=[Seen(by_exam[exam], number, count) for (exam, number), count in counts.most_common()],
        latest=[(latest[pk], versions[version]) for pk, _exam, version in found[:NAMED]],
        is_cut=Attempt.objects.real().count() > LOOKED_THROUGH,
    )


def _list_exams(question: Question, exams: Iterable[Exam]) -> list[tuple[Exam, list[Place]]]:
    subtrees = find_exam_subtrees(exams)
    tags = frozenset(question.tags.values_list("pk", flat=True))
    found = []
    for exam in exams:
        places = []
        for rule in plan_exam(exam, subtrees).sections:
            is_fixed = question.pk in rule.fixed
            if is_fixed or any(_fits(question, tags, quota) for quota in rule.quotas):
                places.append(Place(str(LocalisedText(rule.title)), is_fixed))
        if places:
            found.append((exam, places))
    return found


def _fits(question: Question, tags: frozenset[int], quota: Any) -> bool:
    return (
        (quota.topics is None or question.topic_id in quota.topics)
        and quota.tags <= tags
        and quota.difficulty in {None, question.difficulty}
    )


def _list_attempts_with(versions: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    """The attempts whose paper holds one of the versions, latest first: attempt, exam, version."""
    wanted = set(versions)
    asked = QuestionVersion.objects.filter(pk__in=wanted, first_asked_at__isnull=False)
    since = asked.order_by("first_asked_at").values_list("first_asked_at", flat=True).first()
    if since is None:
        return
    rows = Attempt.objects.real().filter(started_at__gte=since).order_by("-started_at")
    for pk, exam, paper in rows.values_list("pk", "exam", "paper")[:LOOKED_THROUGH].iterator():
        for item in Paper.from_json(paper).questions if paper else ():
            if item.version in wanted:
                yield pk, exam, item.version


def count_sitting(version: QuestionVersion) -> int:
    """How many people are sitting with a version at this moment."""
    papers = Attempt.objects.real().in_progress().values_list("paper", flat=True)
    return sum(
        any(item.version == version.pk for item in Paper.from_json(paper).questions) for paper in papers if paper
    )
