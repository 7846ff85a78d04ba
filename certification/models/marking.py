"""What people mark: an answer of an attempt, and the marks that each marker gave it."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from certification.models.attempts import Attempt
from certification.models.bank import QuestionVersion
from portal.core.models import PublicIdModel


class MarkingState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("marking", "Waits for a marker")
    DISAGREED = "disagreed", pgettext_lazy("marking", "Two markers disagree")
    DONE = "done", pgettext_lazy("marking", "Marked")


class MarkingTaskQuerySet(models.QuerySet["MarkingTask"]):
    def open(self) -> Self:
        return self.exclude(state=MarkingState.DONE)

    def for_marker(self, user: Any, now: datetime) -> Self:
        """What this person may take up: not marked by them, nor in another's hands."""
        return (
            self.open()
            .exclude(marks_given__marker=user)
            .filter(Q(claimed_until__isnull=True) | Q(claimed_until__lte=now) | Q(claimed_by=user))
        )


class MarkingTask(PublicIdModel):
    """One answer that people mark, by when, and what it was found to be worth."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="marking_tasks")
    position = models.PositiveSmallIntegerField(_("question"))
    version = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(_("state"), max_length=10, choices=MarkingState.choices, default=MarkingState.WAITING)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("in hand of")
    )
    claimed_until = models.DateTimeField(_("in hand until"), null=True)
    # The share of the mark that it was found to be worth, as exact text: "1/2".
    earned = models.CharField(_("share of the mark"), max_length=20, blank=True)
    done_at = models.DateTimeField(_("marked"), null=True)

    objects = MarkingTaskQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("answer to mark")
        verbose_name_plural = _("answers to mark")
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="certification_marking_once"),
            models.CheckConstraint(
                condition=(Q(state="done", done_at__isnull=False) & ~Q(earned=""))
                | (~Q(state="done") & Q(done_at__isnull=True, earned="")),
                name="certification_marking_done_how",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True, claimed_until__isnull=True)
                | Q(claimed_by__isnull=False, claimed_until__isnull=False),
                name="certification_marking_claimed_until",
            ),
        ]
        indexes = [
            # The queue, soonest due first.
            models.Index(fields=["due_at"], condition=~Q(state="done"), name="certification_marking_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.position}"


class MarkGiven(models.Model):
    """What one marker found an answer to be worth. Rows are only ever added."""

    task = models.ForeignKey(MarkingTask, on_delete=models.PROTECT, related_name="marks_given")
    marker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("marker")
    )
    earned = models.CharField(_("share of the mark"), max_length=20)  # exact text, as in MarkingTask
    rubric = models.JSONField(_("rubric"), default=dict)  # the level chosen of each criterion, by the criterion's id
    comment = models.TextField(_("comment"), max_length=2000, blank=True, help_text=_("The candidate reads this."))
    given_at = models.DateTimeField(_("given"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("mark given")
        verbose_name_plural = _("marks given")
        ordering = ["task", "given_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["task", "marker"], name="certification_mark_given_once"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.earned}"
