"""Who may do what in certification, said once."""

from typing import Any

from certification.models import Attempt, AttemptQuerySet, Credential, CredentialQuerySet
from portal.accounts.models import User
from portal.partners.access import is_member
from portal.partners.models import Membership

#: What the group of examiners is given (``app.codename``): questions, exams and programmes to keep, the rest to see.
EXAMINER_PERMISSIONS = (
    "wagtailadmin.access_admin",
    *(
        f"certification.{action}_{model}"
        for model in ("topic", "question", "exam", "programme", "accommodation")
        for action in ("add", "change", "view")
    ),
    "certification.view_attempt",
    "certification.change_attempt",  # to void one
    "certification.view_questioncheck",
    "certification.change_questioncheck",  # to decide about what has changed
    "certification.view_brokenreport",
    "certification.change_brokenreport",  # to answer a candidate
    "certification.view_markingtask",
    "certification.change_markingtask",  # to mark
    "certification.view_halt",
    "certification.view_outage",
    "certification.change_examrules",
    "certification.view_credential",
    "certification.change_credential",  # to revoke one
    "certification.view_qualification",
)


def may_sit(membership: Membership | None) -> bool:
    """See the exams and begin one."""
    return is_member(membership)


def may_see_standing(membership: Membership | None) -> bool:
    """See where the organisation stands, and which colleagues hold what: everyone in it works towards it."""
    return is_member(membership)


def own_attempts(user: Any) -> AttemptQuerySet:
    """The attempts that a person may see: their own, also of a partner that they have left."""
    return Attempt.objects.of(user)


def own_credentials(user: Any) -> CredentialQuerySet:
    """The credentials that a person may see as theirs."""
    return Credential.objects.of(user)


def may_approve(user: Any) -> bool:
    """Let a question version be asked, or draw it no more."""
    return bool(user.has_perm("certification.change_question"))


def may_see_bank(user: Any) -> bool:
    """Read the questions with their keys, and what tests which part of the library."""
    return bool(user.has_perm("certification.view_question") or user.has_perm("certification.change_question"))


def may_check(user: Any) -> bool:
    """Decide about questions whose source has changed."""
    return bool(user.has_perm("certification.change_questioncheck"))


def may_answer(user: Any) -> bool:
    """Answer candidates who say that a question is broken."""
    return bool(user.has_perm("certification.change_brokenreport"))


def may_accommodate(user: Any) -> bool:
    """Grant a person more time, attempts or breaks, and take it back."""
    return bool(user.has_perm("certification.change_accommodation"))


def may_see_attempts(user: Any) -> bool:
    """Read what people gave and what happened during their sittings."""
    return bool(user.has_perm("certification.view_attempt"))


def may_revoke(user: Any) -> bool:
    """Take a credential back."""
    return bool(user.has_perm("certification.change_credential"))


def may_halt(user: Any) -> bool:
    """Stop an exam at once and let it go on; withdraw a question."""
    return bool(user.has_perm("certification.change_exam"))


def may_preview(user: Any) -> bool:
    """Sit an exam as any candidate would."""
    return bool(user.has_perm("certification.change_exam"))


def may_mark(user: Any) -> bool:
    """Mark what people mark."""
    return bool(user.has_perm("certification.change_markingtask"))


def may_void(user: Any) -> bool:
    """Let an attempt count for nothing."""
    return bool(user.has_perm("certification.change_attempt"))


def find_markers() -> Any:
    """Whom the queue of answers concerns."""
    return _with_permission("change_markingtask")


def find_examiners() -> Any:
    """Whom the bank concerns."""
    return _with_permission("change_question")


def _with_permission(codename: str) -> Any:
    """Active people who were given a permission through a group; those who may everything are not told everything."""
    return User.objects.filter(
        is_active=True, groups__permissions__codename=codename,
        groups__permissions__content_type__app_label="certification",
    ).distinct()  # fmt: skip
