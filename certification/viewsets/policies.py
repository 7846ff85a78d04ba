"""Which rows staff may write by hand, and which only services write. What is not named here has no screen."""

from django.db.models import Model
from wagtail.permission_policies.base import ModelPermissionPolicy

from certification.models import (
    Accommodation,
    Attempt,
    BrokenReport,
    Credential,
    Exam,
    Halt,
    MarkingTask,
    Outage,
    Programme,
    Qualification,
    Question,
    QuestionCheck,
    Topic,
)
from portal.core.viewsets import KeptPermissionPolicy, ReadOnlyPermissionPolicy

KEPT: tuple[type[Model], ...] = (Topic, Question, Exam, Programme, Accommodation)
WRITTEN_BY_SERVICES: tuple[type[Model], ...] = (
    Attempt, BrokenReport, Credential, Halt, MarkingTask, Outage, Qualification, QuestionCheck,
)  # fmt: skip

#: Registered with Wagtail by ``wagtail_hooks``.
POLICIES: dict[type[Model], ModelPermissionPolicy] = {
    **{model: KeptPermissionPolicy(model) for model in KEPT},
    **{model: ReadOnlyPermissionPolicy(model) for model in WRITTEN_BY_SERVICES},
}
