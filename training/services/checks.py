"""Check questions of a lesson: what is asked, what a person answered, and which are missed most.

The key (which answers are right, what is said to whoever chose them, and why) leaves this module only with an answer
of the person who reads it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership, in_force_now
from training.checking import Marking, Option, Question, UnanswerableError, mark_answer
from training.models import CheckAnswer, LessonPage

#: What the column holds; nobody tries as often.
MOST_TRIES = 32767

REFUSALS = {
    "nothing": (_("Nothing was chosen."), _("Choose an answer first.")),
    "several": (_("Only one answer can be chosen here."), _("Choose the one that fits.")),
    "unknown": (
        _("This question has been changed meanwhile."),
        _("Read it again, and choose from the answers that it has now."),
    ),
}


@dataclass(frozen=True, slots=True)
class ShownOption:
    """An answer to choose from, as one person sees it. ``verdict`` and ``feedback`` only where they chose it."""

    id: str
    text: str
    chosen: bool
    verdict: str = ""
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A check question as one person sees it; without any of its key until they have answered it.

    Attributes:
        answered: whether they have, to the question as it stands now.
        missing: how many right answers they did not choose, where several are right.
    """

    id: str
    text: str
    takes_several: bool
    options: tuple[ShownOption, ...]
    answered: bool = False
    is_right: bool = False
    missing: int = 0
    explanation: str = ""


def list_questions(lesson: LessonPage) -> list[Question]:
    """The lesson's check questions with their keys, in their order. Never for a reader's page."""
    questions = []
    for place, block in enumerate(lesson.checks):
        if block.block_type != "check":
            continue
        options = tuple(
            Option(
                id=str(child.id or number),
                text=child.value["text"],
                is_right=bool(child.value["is_right"]),
                feedback=child.value.get("feedback") or "",
            )
            for number, child in enumerate(block.value["options"].bound_blocks)
        )
        questions.append(
            Question(
                id=str(block.id or place),
                text=block.value["question"],
                options=options,
                explanation=block.value.get("explanation") or "",
            )
        )
    return questions


def show_checks(lesson: LessonPage, *, user_id: Any) -> list[ShownCheck]:
    """The lesson's check questions as the person sees them; one query, none where the lesson has no questions."""
    questions = list_questions(lesson)
    if not questions:
        return []
    rows = CheckAnswer.objects.filter(user=user_id, lesson_key=lesson.translation_key)
    chosen = {row.block_id: row.chosen for row in rows}
    return [_show(question, chosen.get(question.id)) for question in questions]


def _show(question: Question, chosen: Sequence[str] | None) -> ShownCheck:
    """What was chosen once may not be there any more, after an edit: then the question is open again."""
    marking = None
    if chosen is not None:
        try:
            marking = mark_answer(question, chosen)
        except UnanswerableError:
            marking = None
    picked = marking.chosen if marking else ()
    return ShownCheck(
        id=question.id,
        text=question.text,
        takes_several=question.takes_several,
        options=tuple(_show_option(option, option in picked) for option in question.options),
        answered=marking is not None,
        is_right=bool(marking and marking.is_right),
        missing=marking.missing if marking and question.takes_several else 0,
        explanation=question.explanation if marking else "",
    )


def _show_option(option: Option, chosen: bool) -> ShownOption:
    if not chosen:
        return ShownOption(option.id, option.text, chosen=False)
    verdict = "right" if option.is_right else "wrong"
    return ShownOption(option.id, option.text, chosen=True, verdict=verdict, feedback=option.feedback)


@transaction.atomic
def answer_check(
    membership: Membership, *, lesson: LessonPage, block_id: str, chosen: Collection[str], by: Any, now: datetime
) -> Marking:
    """Keep what a person answers to a check question, and say whether it is right.

    The latest answer is kept, how often they tried, and whether the first was right. Two answers that come at once are
    one row. No lesson waits for it.

    Raises:
        NotAllowed: when the membership is another's or has ended, or the lesson is not open to it.
        Refusal: when there is no such question, or what was chosen is no answer to it.
    """
    if by.pk != membership.user_id or not in_force_now(membership, now):
        raise NotAllowed(_("Answers are kept for a member of a partner, by that member."), code="not_a_member")
    if not lesson.live or not lesson.may_be_read_by(by, membership, now):
        raise NotAllowed(
            _("This lesson is not open to you."), remedy=_("Its page says for whom it is."), code="audience"
        )
    question = next((one for one in list_questions(lesson) if one.id == block_id), None)
    if question is None:
        raise Refusal(
            _("This question is not in the lesson any more."), remedy=_("Go back to the lesson."), code="question_gone"
        )
    try:
        marking = mark_answer(question, chosen)
    except UnanswerableError as error:
        message, remedy = REFUSALS[str(error)]
        raise Refusal(message, remedy=remedy, code=str(error)) from error
    picked = [option.id for option in marking.chosen]
    answer, created = CheckAnswer.objects.get_or_create(
        user=by,
        lesson_key=lesson.translation_key,
        block_id=block_id,
        defaults={
            "lesson": lesson,
            "chosen": picked,
            "is_right": marking.is_right,
            "first_right": marking.is_right,
            "answered_at": now,
        },
    )
    if not created:
        answer = CheckAnswer.objects.select_for_update().get(pk=answer.pk)
        answer.chosen, answer.is_right, answer.answered_at = picked, marking.is_right, now
        answer.tries = min(answer.tries + 1, MOST_TRIES)
        answer.save(update_fields=["chosen", "is_right", "answered_at", "tries"])
    return marking


@dataclass(frozen=True, slots=True)
class Missed:
    """How people fare with one check question, by their first answers."""

    lesson: LessonPage
    question: Question
    answered: int
    right_first: int

    @property
    def missed(self) -> int:
        return self.answered - self.right_first

    @property
    def share(self) -> int:
        """Of a hundred who answered, how many were wrong at first."""
        return round(self.missed * 100 / self.answered) if self.answered else 0


def find_missed(lessons: Sequence[LessonPage], *, user_ids: Any = None) -> list[Missed]:
    """The check questions of these lessons, those missed most first; those nobody answered stand at the end.

    One query. For staff: the questions come with their keys.

    Args:
        lessons: with their StreamFields loaded.
        user_ids: whose answers count, as ids or a query of them; everybody's unless given.
    """
    keys: list[UUID] = [lesson.translation_key for lesson in lessons]
    answers = CheckAnswer.objects.filter(lesson_key__in=keys)
    if user_ids is not None:
        answers = answers.filter(user__in=user_ids)
    counted = answers.order_by().values("lesson_key", "block_id")
    counted = counted.annotate(answered=Count("pk"), right=Count("pk", filter=Q(first_right=True)))
    figures = {(row["lesson_key"], row["block_id"]): (row["answered"], row["right"]) for row in counted}
    found = [
        Missed(lesson, question, *figures.get((lesson.translation_key, question.id), (0, 0)))
        for lesson in lessons
        for question in list_questions(lesson)
    ]
    return sorted(found, key=lambda row: (-row.share, -row.missed, not row.answered))
