"""Who may do what in certification, said once."""

from typing import Any

from certification.models import Attempt, AttemptQuerySet, Credential, CredentialQuerySet
from portal.partners.access import is_member
from portal.partners.models import Membership

#: What the group of examiners is given (``app.codename``): questions, exams and programmes to keep, the rest to see.
EXAMINER_PERMISSIONS = (
    "wagtailadmin.access_admin",
    *(
        f"certification.{action}_{model}"
        for model in ("topic", "question", "exam", "programme")
        for action in ("add", "change", "view")
    ),
    "certification.view_attempt",
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


def may_revoke(user: Any) -> bool:
    """Take a credential back."""
    return bool(user.has_perm("certification.change_credential"))
