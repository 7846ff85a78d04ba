"""The question bank: versions are written, approved and retired; what was approved is never rewritten."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from certification.models import Question, QuestionVersion, VersionState
from portal.accounts.models import User
from portal.core.errors import Refusal

Citation = tuple[str, str]


@transaction.atomic
def write_version(
    question: Question,
    *,
    content: dict[str, Any],
    citations: Iterable[Citation] = (),
    by: User | None,
    now: datetime,
) -> QuestionVersion:
    """Write what a question says: into its draft, if it has one, else into a new version.

    A version that was ever approved is left as it is, since people may have been asked it; saying again what the latest
    version says already makes none.
    """
    Question.objects.select_for_update().get(pk=question.pk)
    cited = [[str(key), str(block)] for key, block in citations]
    latest = question.versions.order_by("-number").first()
    if latest is not None and latest.content == content and latest.citations == cited:
        return latest
    if latest is not None and latest.state == VersionState.DRAFT and not latest.is_frozen:
        latest.content, latest.citations = content, cited
        latest.created_at, latest.created_by = now, by
        latest.save(update_fields=["content", "citations", "created_at", "created_by"])
        return latest
    return QuestionVersion.objects.create(
        question=question,
        number=latest.number + 1 if latest else 1,
        content=content,
        citations=cited,
        created_at=now,
        created_by=by,
    )


@transaction.atomic
def approve_version(version: QuestionVersion, *, by: User | None, now: datetime) -> QuestionVersion:
    """Let a draft be drawn from now on, in place of the version that was. Running attempts keep what they were asked.

    Raises:
        Refusal: it is not a draft, or is not sound; the remedy names each fault.
    """
    question = Question.objects.select_for_update().get(pk=version.question_id)
    locked = QuestionVersion.objects.select_for_update().get(pk=version.pk)
    if locked.state != VersionState.DRAFT:
        raise Refusal(_("Only a draft can be approved."), remedy=_("Edit the question to write a new one."))
    problems = question.kind.problems(locked.content)
    if problems:
        raise Refusal(
            _("This question cannot be asked yet."),
            remedy=" ".join(gettext(problem) for problem in problems),
            code="question_unsound",
        )
    question.versions.approved().update(state=VersionState.RETIRED, retired_at=now)
    locked.state, locked.approved_at, locked.approved_by = VersionState.APPROVED, now, by
    locked.save(update_fields=["state", "approved_at", "approved_by"])
    return locked


@transaction.atomic
def retire_version(version: QuestionVersion, *, now: datetime) -> QuestionVersion:
    """Draw a version no more. Running attempts keep it."""
    Question.objects.select_for_update().get(pk=version.question_id)
    locked = QuestionVersion.objects.select_for_update().get(pk=version.pk)
    if locked.state != VersionState.RETIRED:
        locked.state, locked.retired_at = VersionState.RETIRED, now
        locked.save(update_fields=["state", "retired_at"])
    return locked
