"""The question bank: versions are written, reviewed, approved, put to the check, retired and withdrawn. What was approved
is never rewritten."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from certification.facts import questions_doubted, questions_withdrawn, reports_answered
from certification.models import (
    WRITABLE,
    BrokenReport,
    CheckOutcome,
    Citation,
    ExamRules,
    Question,
    QuestionCheck,
    QuestionVersion,
    VersionState,
)
from certification.phrases import say
from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.core.localised import LocalisedText
from training.models import Change
from training.services.enclosing import find_enclosing

Cited = tuple[str, str]


@transaction.atomic
def write_version(
    question: Question,
    *,
    content: dict[str, Any],
    citations: Iterable[Cited] = (),
    by: User | None,
    now: datetime,
) -> QuestionVersion:
    """Write what a question says: into its draft, if it has one, else into a new version.

    A version that was ever approved is left as it is, since people may have been asked it; saying again what the latest
    version says already makes none. What was in review is a draft again: it is another text.
    """
    Question.objects.select_for_update().get(pk=question.pk)
    cited = [[str(key), str(block)] for key, block in dict.fromkeys((str(key), str(block)) for key, block in citations)]
    latest = question.versions.order_by("-number").first()
    if latest is not None and latest.content == content and latest.citations == cited:
        return latest
    if latest is not None and latest.state in WRITABLE and not latest.is_frozen:
        latest.content, latest.citations = content, cited
        latest.state = VersionState.DRAFT
        latest.created_at, latest.created_by = now, by
    else:
        latest = QuestionVersion(
            question=question,
            number=latest.number + 1 if latest else 1,
            content=content,
            citations=cited,
            created_at=now,
            created_by=by,
        )
    latest.languages = sorted(question.kind.languages(content))
    latest.save()
    index_citations([latest])
    return latest


def index_citations(versions: Collection[QuestionVersion]) -> None:
    """Make the rows that are searched say what the versions cite."""
    Citation.objects.filter(version__in=versions).delete()
    Citation.objects.bulk_create(
        Citation(version=version, material_key=key, block_id=block)
        for version in versions
        for key, block in version.citations
    )


def _lock(version: QuestionVersion) -> tuple[Question, QuestionVersion]:
    question = Question.objects.select_for_update().get(pk=version.question_id)
    return question, QuestionVersion.objects.select_for_update().get(pk=version.pk)


def _check_sound(question: Question, version: QuestionVersion) -> None:
    problems = question.kind.problems(version.content)
    if problems:
        raise Refusal(
            _("This question cannot be asked yet."),
            remedy=" ".join(say(problem) for problem in problems),
            code="question_unsound",
        )


@transaction.atomic
def send_to_review(version: QuestionVersion, *, by: User, now: datetime) -> QuestionVersion:  # noqa: ARG001 -- who, when: the log's
    """Ask for a draft to be approved.

    Raises:
        Refusal: it is not a draft, or is not sound; the remedy names each fault.
    """
    question, locked = _lock(version)
    if locked.state != VersionState.DRAFT:
        raise Refusal(_("Only a draft is sent to review."), remedy=_("Edit the question to write a new one."))
    _check_sound(question, locked)
    locked.state = VersionState.IN_REVIEW
    locked.save(update_fields=["state"])
    return locked


@transaction.atomic
def send_back(version: QuestionVersion) -> QuestionVersion:
    """Make a version in review a draft again.

    Raises:
        Refusal: it is not in review.
    """
    _question, locked = _lock(version)
    if locked.state != VersionState.IN_REVIEW:
        raise Refusal(_("This version is not in review."), code="not_in_review")
    locked.state = VersionState.DRAFT
    locked.save(update_fields=["state"])
    return locked


@transaction.atomic
def approve_version(version: QuestionVersion, *, by: User | None, now: datetime) -> QuestionVersion:
    """Let a version be drawn from now on, in place of the one that was. Running attempts keep what they were asked.

    Raises:
        Refusal: it is neither a draft nor in review; it is not sound, the remedy names each fault; or two people are
            needed and this one wrote it.
    """
    question, locked = _lock(version)
    if locked.state not in WRITABLE:
        raise Refusal(
            _("Only a draft, or what is in review, can be approved."),
            remedy=_("Edit the question to write a new one."),
        )
    if by is not None and locked.created_by_id == by.pk and ExamRules.load().two_person_approval:
        raise Refusal(
            _("Who wrote a question does not approve it."),
            remedy=_("Send it to review: another examiner approves it."),
            code="two_people",
        )
    _check_sound(question, locked)
    replaced = list(question.versions.approved().values_list("pk", flat=True))
    QuestionVersion.objects.filter(pk__in=replaced).update(state=VersionState.RETIRED, retired_at=now)
    close_checks(replaced, outcome=CheckOutcome.REVISED, by=by, now=now)
    locked.state, locked.approved_at, locked.approved_by = VersionState.APPROVED, now, by
    locked.save(update_fields=["state", "approved_at", "approved_by"])
    return locked


@transaction.atomic
def retire_version(version: QuestionVersion, *, by: User | None = None, now: datetime) -> QuestionVersion:
    """Draw a version no more. Running attempts keep it."""
    _question, locked = _lock(version)
    if locked.state != VersionState.RETIRED:
        locked.state, locked.retired_at = VersionState.RETIRED, now
        locked.save(update_fields=["state", "retired_at"])
        close_checks([locked.pk], outcome=CheckOutcome.RETIRED, by=by, now=now)
    return locked


@transaction.atomic
def withdraw_version(version: QuestionVersion, *, reason: LocalisedText, by: User, now: datetime) -> QuestionVersion:
    """Take a version out at once, also from the papers of those who sit with it: there it earns and costs nothing.

    Raises:
        Refusal: without a reason, if it is withdrawn already, or was never approved.
    """
    if not str(reason).strip():
        raise Refusal(_("A question is not withdrawn without a reason."), remedy=_("Those who are sitting read it."))
    _question, locked = _lock(version)
    if locked.withdrawn_at is not None:
        raise Refusal(_("This version is withdrawn already."), code="withdrawn_already")
    if locked.state in WRITABLE:
        raise Refusal(_("Nobody has been asked this version."), remedy=_("Edit it, or leave it."), code="never_asked")
    locked.withdrawn_at, locked.withdrawn_by, locked.withdrawn_reason = now, by, reason
    locked.state, locked.retired_at = VersionState.RETIRED, locked.retired_at or now
    locked.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason", "state", "retired_at"])
    close_checks([locked.pk], outcome=CheckOutcome.RETIRED, by=by, now=now)
    questions_withdrawn.announce(version_ids=[locked.pk], by=by)
    return locked


# --- The check -------------------------------------------------------------------------------------------------------


@transaction.atomic
def doubt_questions(change_ids: Collection[int], *, now: datetime) -> int:
    """Put to the check the approved questions that cite what has changed materially. Safe to repeat.

    A question that cites a whole material is concerned by any change of it; one that cites a section, by a change of a
    passage in it. Until somebody decides, a question under check is drawn only where there is no other.

    Returns:
        How many checks were raised.
    """
    raised = []
    for change in Change.objects.filter(pk__in=change_ids, is_material=True, is_first=False).select_related("page"):
        touched = find_enclosing(change)
        citing = Citation.objects.filter(
            material_key=change.material_key, version__state=VersionState.APPROVED
        ).values_list("version", "block_id")
        concerned: dict[int, set[str]] = {}
        for version, block in citing:
            met = _find_met(touched, block)
            if met or not touched:
                concerned.setdefault(version, set()).update(met)
        known = set(QuestionCheck.objects.filter(change=change).values_list("version", flat=True))
        raised += [
            QuestionCheck(version_id=version, change=change, line=change.line, blocks=sorted(blocks), raised_at=now)
            for version, blocks in sorted(concerned.items())
            if version not in known
        ]
    QuestionCheck.objects.bulk_create(raised)
    questions_doubted.announce(check_ids=[check.pk for check in raised], by=None)
    return len(raised)


def _find_met(touched: Mapping[str, frozenset[str] | None], cited: str) -> list[str]:
    """The changed blocks that concern a citation: those in the cited place; where there is none, those whose place nobody
    knows any more. A citation of the whole material is concerned by all."""
    within = [one for one, names in touched.items() if not cited or one == cited or (names and cited in names)]
    return within or [one for one, names in touched.items() if names is None]


@transaction.atomic
def confirm_question(version: QuestionVersion, *, note: str = "", by: User, now: datetime) -> int:
    """Say that a question is still true after what has changed; returns how many checks that answers.

    Raises:
        Refusal: nothing of it is to check.
    """
    _question, locked = _lock(version)
    closed = close_checks([locked.pk], outcome=CheckOutcome.STILL_TRUE, note=note, by=by, now=now)
    if not closed:
        raise Refusal(_("Nothing of this question is to check."), code="nothing_to_check")
    return closed


def close_checks(
    version_ids: Collection[int], *, outcome: CheckOutcome, note: str = "", by: User | None, now: datetime
) -> int:
    """Close what is open of these versions' checks with one outcome."""
    return (
        QuestionCheck.objects.open()
        .filter(version__in=version_ids)
        .update(closed_at=now, closed_by=by, outcome=outcome, note=note.strip()[:300])
    )


@transaction.atomic
def answer_report(report: BrokenReport, *, answer: str, by: User, now: datetime) -> BrokenReport:
    """Tell a candidate what became of their note about a question.

    Raises:
        Refusal: without words, or if it is answered already.
    """
    answer = answer.strip()
    if not answer:
        raise Refusal(_("Say what became of it: the candidate reads it."), code="answer_empty")
    locked = BrokenReport.objects.select_for_update().get(pk=report.pk)
    if locked.closed_at is not None:
        raise Refusal(_("This note is answered already."), code="answered_already")
    locked.closed_at, locked.closed_by, locked.answer = now, by, answer[:500]
    locked.save(update_fields=["closed_at", "closed_by", "answer"])
    reports_answered.announce(report_ids=[locked.pk], by=by)
    return locked
