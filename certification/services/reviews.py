"""What a candidate may look at afterwards, when, and the paper question by question as far as it is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from certification.grading import QuestionMark
from certification.models import Attempt, Exam, MarkGiven, QuestionVersion
from certification.phrases import say
from certification.question_types import get_type
from certification.question_types.base import Told
from certification.reviewing import Policy, What, When, may_review, opens_at
from certification.services.gradings import read_answers
from certification.services.sheets import find_links
from portal.core.localised import LocalisedText
from portal.core.times import describe_moment
from portal.partners.models import Membership
from training.services.citations import StudyLink

#: What is shown question by question; the links to study and the marks of sections stand on the result itself.
BY_QUESTION = (What.ANSWERS, What.CORRECTNESS, What.MARKS, What.KEY, What.FEEDBACK)


@dataclass(frozen=True, slots=True)
class Described:
    """What of an attempt may be looked at now, and in words when more may be."""

    allowed: frozenset[What]
    remedy: str

    @property
    def is_open(self) -> bool:
        return bool(self.allowed & set(BY_QUESTION))

    @property
    def shows_answers(self) -> bool:
        return What.ANSWERS in self.allowed

    @property
    def shows_right(self) -> bool:
        return What.KEY in self.allowed

    @property
    def shows_feedback(self) -> bool:
        return What.FEEDBACK in self.allowed

    @property
    def sentence(self) -> str:
        return self.remedy


@dataclass(frozen=True, slots=True)
class ReviewedQuestion:
    """A question as far as it may be seen: what is not allowed is not in it."""

    position: int
    stem: str
    verdict: str
    mark: str
    told: Told | None
    comments: tuple[str, ...]
    links: tuple[StudyLink, ...]
    withdrawn: str


@dataclass(frozen=True, slots=True)
class ReviewedSection:
    title: str
    questions: tuple[ReviewedQuestion, ...]


def read_policy(exam: Exam) -> Policy:
    return Policy.from_json(exam.review)


def describe_policy(exam: Exam) -> str:
    """What one sees afterwards, in a sentence for the exam's page."""
    policy = read_policy(exam)
    never = all(policy.rule(what).when == When.NEVER for what in BY_QUESTION)
    if never:
        return _("Afterwards you see the points of each section and where to study again; the questions are not shown.")
    if all(policy.rule(what).when == When.AT_ONCE for what in (What.ANSWERS, What.KEY)):
        return _("Afterwards you see at once every question with your answer and the right one.")
    return _("Afterwards you see the points of each section at once, and more of the questions as the exam allows it.")


def describe_review(attempt: Attempt, *, now: datetime) -> Described:
    """What of this attempt its candidate may look at now. No query."""
    exam, policy = attempt.exam, read_policy(attempt.exam)
    graded_at: Any = attempt.graded_at or attempt.submitted_at
    closes_at = exam.window_closes_at
    everything = attempt.is_preview  # staff see what they have built
    allowed = frozenset(
        what
        for what in What
        if everything or may_review(policy, what, graded_at=graded_at, closes_at=closes_at, now=now)
    )
    moments = (opens_at(policy, what, graded_at=graded_at, closes_at=closes_at) for what in BY_QUESTION)
    later = [moment for moment in moments if moment is not None and moment > now]
    remedy = ""
    if later:
        remedy = _("More of it is shown from %(moment)s.") % {"moment": describe_moment(min(later), "full")}
    elif not allowed & set(BY_QUESTION):
        remedy = _("The questions are not shown after this exam, so that the next attempt is worth as much.")
    return Described(allowed, remedy)


def read_review(
    attempt: Attempt, *, membership: Membership | None, language: str, now: datetime
) -> list[ReviewedSection]:
    """The paper of a graded attempt, question by question: at most eight queries whatever their number.

    Of each question only what may be seen now is read into the answer, so that no template can show more.
    """
    described, result = describe_review(attempt, now=now), attempt.graded
    if not described.is_open or result is None:
        return []
    paper, allowed = attempt.drawn, described.allowed
    rows = QuestionVersion.objects.filter(pk__in=[item.version for item in paper.questions])
    versions = {row.pk: row for row in rows}
    answers = read_answers(attempt) if What.ANSWERS in allowed else {}
    comments = _find_comments(attempt) if What.FEEDBACK in allowed else {}
    links: dict[int, tuple[StudyLink, ...]] = {}
    if What.STUDY in allowed and What.CORRECTNESS in allowed:
        links = find_links(
            {item.position: versions[item.version].citations for item in paper.questions},
            membership=membership, language=language, now=now,
        )  # fmt: skip
    questions: dict[int, list[ReviewedQuestion]] = {part.section: [] for part in paper.sections}
    for item, mark in zip(paper.questions, result.marks, strict=True):
        version = versions[item.version]
        kind = get_type(item.type)
        told = kind.tell(version.content, item.order, answers.get(item.position, []), say)
        questions[item.section].append(
            ReviewedQuestion(
                position=item.position,
                stem=told.stem,
                verdict=_judge(mark) if What.CORRECTNESS in allowed else "",
                mark=_write_mark(mark, item.points) if What.MARKS in allowed else "",
                told=_keep(told, allowed),
                comments=tuple(comments.get(item.position, ())),
                links=links.get(item.position, ()) if mark.share is not None and mark.share < 1 else (),
                withdrawn=str(version.withdrawn_reason) if mark.withdrawn else "",
            )
        )
    return [ReviewedSection(str(LocalisedText(part.title)), tuple(questions[part.section])) for part in paper.sections]


def _judge(mark: QuestionMark) -> str:
    if mark.share is None:
        return ""
    return "right" if mark.share == 1 else "partly" if mark.share > 0 else "wrong"


def _write_mark(mark: QuestionMark, points: Any) -> str:
    if mark.share is None:
        return ""
    return _("%(earned)s of %(possible)s") % {"earned": mark.share * points, "possible": points}


def _keep(told: Told, allowed: frozenset[What]) -> Told | None:
    """As much of a told question as may be seen; None where that is nothing but what it asks."""
    if not allowed & {What.ANSWERS, What.KEY, What.FEEDBACK}:
        return None
    right, feedback = What.KEY in allowed, What.FEEDBACK in allowed
    whole = right and feedback and What.ANSWERS in allowed
    return Told(
        stem=told.stem,
        given=told.given if What.ANSWERS in allowed else "",
        right=told.right if right else "",
        options=told.options if whole else (),
        blanks=told.blanks if whole else (),
        feedback=told.feedback if feedback else "",
        note=told.note if feedback else "",
    )


def _find_comments(attempt: Attempt) -> dict[int, Sequence[str]]:
    """What markers wrote for the candidate, by position; one query."""
    found: dict[int, list[str]] = {}
    for row in MarkGiven.objects.filter(task__attempt=attempt).exclude(comment="").select_related("task"):
        found.setdefault(row.task.position, []).append(row.comment)
    return dict(found)
