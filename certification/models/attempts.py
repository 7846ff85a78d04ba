"""Sittings: the attempt, what was given, what happened to its clock, and what it was found to be worth."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from certification.drawing import Paper
from certification.grading import Result
from certification.models.exams import Exam, Halt
from certification.timing import Clock, due_after
from portal.core.models import PublicIdModel
from portal.partners.models import Partner


class AttemptState(models.TextChoices):
    IN_PROGRESS = "in_progress", pgettext_lazy("attempt", "In progress")
    SUBMITTED = "submitted", pgettext_lazy("attempt", "Submitted")
    AWAITING_MARKING = "awaiting_marking", pgettext_lazy("attempt", "Awaiting marking")
    GRADED = "graded", pgettext_lazy("attempt", "Graded")
    VOIDED = "voided", pgettext_lazy("attempt", "Voided")


class Standstill(models.TextChoices):
    """Why a clock stands still."""

    HALT = "halt", pgettext_lazy("clock", "Halted by staff")
    BREAK = "break", pgettext_lazy("clock", "Break")


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def in_progress(self) -> Self:
        return self.filter(state=AttemptState.IN_PROGRESS)

    def due(self, now: datetime) -> Self:
        """Running attempts whose time and grace are over; one that is halted has no end yet, a break has."""
        return self.in_progress().filter(due_at__lt=now).exclude(standstill=Standstill.HALT)

    def real(self) -> Self:
        """What people sat: staff's previews are in no number."""
        return self.filter(is_preview=False)

    def counted(self) -> Self:
        """Real ones that stand."""
        return self.real().exclude(state=AttemptState.VOIDED)

    def of(self, user: Any) -> Self:
        return self.filter(user=user)

    def for_partner(self, partner: Partner) -> Self:
        return self.filter(membership__partner=partner)


class Attempt(PublicIdModel):
    """One sitting of one person. The paper is frozen at the start, pass marks included."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attempts", verbose_name=_("person")
    )
    # Of a preview: the member as whom staff look, or none.
    membership = models.ForeignKey(
        "partners.Membership", on_delete=models.PROTECT, null=True, related_name="attempts",
        verbose_name=_("membership"),
    )  # fmt: skip
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="attempts", verbose_name=_("exam"))
    is_preview = models.BooleanField(_("preview"), default=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    seed = models.BigIntegerField(_("seed"))
    paper = models.JSONField(_("paper"))  # drawing.Paper.to_json
    # How it is sat, as the exam said at the start.
    one_at_a_time = models.BooleanField(_("one question at a time"), default=False)
    no_way_back = models.BooleanField(_("no way back"), default=False)
    position = models.PositiveSmallIntegerField(_("furthest question"), default=1)
    # What the deadline is reckoned from (timing.Clock), all frozen but what was taken and given.
    started_at = models.DateTimeField(_("started"))
    limit_seconds = models.PositiveIntegerField(_("time limit, seconds"))
    factor_percent = models.PositiveSmallIntegerField(_("time granted, %"), default=100)
    break_seconds = models.PositiveIntegerField(_("breaks granted, seconds"), default=0)
    window_end = models.DateTimeField(_("end of the window"), null=True)
    window_is_hard = models.BooleanField(default=False)
    break_seconds_taken = models.PositiveIntegerField(_("breaks taken, seconds"), default=0)
    seconds_given_back = models.PositiveIntegerField(_("given back, seconds"), default=0)
    stands_since = models.DateTimeField(_("stands still since"), null=True)
    standstill = models.CharField(max_length=5, choices=Standstill.choices, blank=True)
    deadline_at = models.DateTimeField(_("deadline"))
    due_at = models.DateTimeField(_("submitted by the clock at"))
    state = models.CharField(_("state"), max_length=20, choices=AttemptState.choices, default=AttemptState.IN_PROGRESS)
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    # By when people are to have marked it, as the candidate was promised.
    marked_by_at = models.DateTimeField(_("marked by"), null=True)
    # The grading that holds; every one there was is a row of Grading.
    graded_at = models.DateTimeField(_("graded"), null=True)
    score = models.PositiveSmallIntegerField(_("score, %"), null=True)  # rounded down; exact marks are in the result
    passed = models.BooleanField(_("passed"), null=True)
    result = models.JSONField(_("result"), null=True)  # grading.Result.to_json
    voided_at = models.DateTimeField(_("voided"), null=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("voided by")
    )
    void_reason = models.CharField(_("why voided"), max_length=300, blank=True)

    objects = AttemptQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "exam", "is_preview"],
                condition=Q(state="in_progress"),
                name="certification_attempt_one_running",
            ),
            models.CheckConstraint(
                condition=Q(is_preview=True) | Q(membership__isnull=False), name="certification_attempt_of_a_member"
            ),
            models.CheckConstraint(
                condition=Q(deadline_at__gt=F("started_at"), due_at__gte=F("deadline_at")),
                name="certification_attempt_times",
            ),
            models.CheckConstraint(
                condition=Q(stands_since__isnull=True, standstill="")
                | Q(state="in_progress", stands_since__isnull=False) & ~Q(standstill=""),
                name="certification_attempt_stands_still_why",
            ),
            models.CheckConstraint(
                condition=Q(break_seconds_taken__lte=F("break_seconds")), name="certification_attempt_breaks_granted"
            ),
            models.CheckConstraint(
                condition=Q(
                    state="in_progress",
                    submitted_at__isnull=True,
                    score__isnull=True,
                    passed__isnull=True,
                    result__isnull=True,
                )
                | Q(state="submitted", submitted_at__isnull=False, score__isnull=True, passed__isnull=True)
                | Q(
                    state="awaiting_marking",
                    submitted_at__isnull=False,
                    marked_by_at__isnull=False,
                    score__isnull=True,
                    passed__isnull=True,
                )
                | Q(
                    state="graded",
                    submitted_at__isnull=False,
                    score__isnull=False,
                    passed__isnull=False,
                    result__isnull=False,
                )
                | Q(state="voided", voided_at__isnull=False) & ~Q(void_reason=""),
                name="certification_attempt_graded_whole",
            ),
        ]
        indexes = [
            # The sweeper: running attempts by the moment at which they are submitted as they are.
            models.Index(fields=["due_at"], condition=Q(state="in_progress"), name="certification_attempt_due"),
            # The sweeper of those that could not be graded when they were submitted.
            models.Index(
                fields=["submitted_at"], condition=Q(state="submitted"), name="certification_attempt_to_grade"
            ),
            # A person's attempts in an exam, latest first: the list of exams, the wait before another try.
            models.Index(fields=["user", "exam", "-started_at"], name="certification_attempt_user"),
            # An exam's recent papers: how often each question was met; whom a halt concerns.
            models.Index(fields=["exam", "-started_at"], name="certification_attempt_exam"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id}"

    @property
    def is_running(self) -> bool:
        return self.state == AttemptState.IN_PROGRESS

    @cached_property
    def drawn(self) -> Paper:
        return Paper.from_json(self.paper)

    @property
    def graded(self) -> Result | None:
        return Result.from_json(self.result) if self.result else None

    @property
    def clock(self) -> Clock:
        return Clock(
            started_at=self.started_at,
            limit_seconds=self.limit_seconds,
            factor_percent=self.factor_percent,
            break_seconds=self.break_seconds_taken,
            given_back_seconds=self.seconds_given_back,
            window_end=self.window_end,
            window_is_hard=self.window_is_hard,
            accommodated=self.factor_percent > 100 or self.break_seconds > 0,
        )

    def is_open(self, now: datetime) -> bool:
        """Whether inputs are open: the grace after the deadline is for what is under way, not for giving more."""
        return self.is_running and self.stands_since is None and now < self.deadline_at

    def counts_at(self, moment: datetime) -> bool:
        """Whether an answer that arrives at ``moment`` counts. Once the clock stands still, only what was under way does."""
        last = self.due_at if self.stands_since is None else due_after(self.stands_since)
        return self.is_running and moment <= last


class AnswerStep(models.Model):
    """What a candidate gave to one question at one moment. Rows are only ever added; the last that counts, counts."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="steps")
    seq = models.PositiveIntegerField()  # 1, 2, 3 … within the attempt, in the order of arrival
    position = models.PositiveSmallIntegerField()
    response = models.JSONField()  # as the question's type stores it
    client_seq = models.PositiveBigIntegerField(default=0)  # what the page said it had seen: evidence
    received_at = models.DateTimeField()
    counted = models.BooleanField()  # False: it came too late, and is kept as evidence

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["attempt", "seq"]
        constraints = [
            # Also serves reading an attempt's answers in order.
            models.UniqueConstraint(fields=["attempt", "seq"], name="certification_answerstep_seq"),
            models.CheckConstraint(condition=Q(seq__gte=1, position__gte=1), name="certification_answerstep_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.seq}"


class Flag(models.Model):
    """That a candidate wants to look at a question again before submitting."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="flags")
    position = models.PositiveSmallIntegerField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("question marked for review")
        verbose_name_plural = _("questions marked for review")
        ordering = ["attempt", "position"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="certification_flag_once"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.position}"


class Grading(models.Model):
    """What an attempt was found to be worth at one moment. Rows are only ever added: the attempt holds the last.

    ``marks`` lists, in the order of the paper, the question version and its mark as exact text (``"1/2"``), so that the
    gradings of an exam can be read as one matrix of versions and attempts.
    """

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="gradings")
    number = models.PositiveSmallIntegerField(_("number"))
    graded_at = models.DateTimeField(_("graded"))
    graded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    score = models.PositiveSmallIntegerField(_("score, %"))
    passed = models.BooleanField(_("passed"))
    result = models.JSONField(_("result"))  # grading.Result.to_json

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("grading")
        verbose_name_plural = _("gradings")
        ordering = ["attempt", "number"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="certification_grading_number"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.number}"


class GivenWhy(models.TextChoices):
    """Why a clock was set back."""

    HALT = "halt", pgettext_lazy("time given back", "The exam was halted")
    OUTAGE = "outage", pgettext_lazy("time given back", "The service could not be reached")
    BREAK = "break", pgettext_lazy("time given back", "A granted break")


class TimeGiven(models.Model):
    """A stretch during which an attempt's clock did not run. Rows are only ever added; no second counts twice."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="given_times")
    why = models.CharField(_("why"), max_length=10, choices=GivenWhy.choices)
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    seconds = models.PositiveIntegerField(_("seconds"))
    halt = models.ForeignKey(Halt, on_delete=models.PROTECT, null=True, related_name="given_times")
    outage = models.ForeignKey("certification.Outage", on_delete=models.PROTECT, null=True, related_name="given_times")
    given_at = models.DateTimeField(_("given"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("time given back")
        verbose_name_plural = _("times given back")
        ordering = ["attempt", "since"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "halt"], name="certification_time_given_halt_once"),
            models.UniqueConstraint(fields=["attempt", "outage"], name="certification_time_given_outage_once"),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="certification_time_given_stretch"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.seconds} s"


class Outage(models.Model):
    """A stretch during which the service could not be reached, as the watcher found it."""

    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    noticed_at = models.DateTimeField(_("noticed"))

    class Meta:
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        ordering = ["-since"]
        constraints = [
            # No stretch is given back twice by two watchers at once.
            models.UniqueConstraint(fields=["since"], name="certification_outage_once"),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="certification_outage_stretch"),
        ]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M:%S}"


class Lifesign(models.Model):
    """When the service was last seen to answer: one row, which the watcher locks."""

    seen_at = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="certification_lifesign_one")]

    def __str__(self) -> str:
        return f"{self.seen_at:%Y-%m-%d %H:%M:%S}"


class EventKind(models.TextChoices):
    """What a page noticed during a sitting. A person reads it; nothing is decided by it."""

    FOCUS_LOST = "focus_lost", pgettext_lazy("integrity", "Left the page")
    FOCUS_BACK = "focus_back", pgettext_lazy("integrity", "Came back")
    PASTE = "paste", pgettext_lazy("integrity", "Pasted text")
    ADDRESS = "address", pgettext_lazy("integrity", "Another network address")
    DEVICE = "device", pgettext_lazy("integrity", "Another device")


class IntegrityEvent(models.Model):
    """One line of a sitting's log. Addresses are kept as digests that tell same from other, and nothing else."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(_("what"), max_length=10, choices=EventKind.choices)
    position = models.PositiveSmallIntegerField(_("question"), null=True)
    detail = models.CharField(max_length=64, blank=True)
    happened_at = models.DateTimeField(_("when"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("event of a sitting")
        verbose_name_plural = _("events of sittings")
        ordering = ["attempt", "happened_at", "pk"]
        indexes = [
            models.Index(fields=["attempt", "happened_at"], name="certification_event_attempt"),  # one sitting's log
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.kind}"
