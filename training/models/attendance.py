"""Who was at a session: the provider's file as it was, every join in it, what was counted, and what is to be corrected."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.core.models import PublicIdModel
from training.models.webinars import Session


class AttendanceFile(models.Model):
    """A provider's report of a session, as it was read. The same file is not read twice."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="attendance_files")
    name = models.CharField(_("file"), max_length=200)
    # SHA-256 of the bytes, in hexadecimal.
    digest = models.CharField(max_length=64)
    # "zoom", "teams", "bigbluebutton", or "own" with the mapping below.
    provider = models.CharField(_("provider"), max_length=20)
    # Own mapping: {"name": column, "email": column, "joined": column, "left": column, "minutes": column}
    mapping = models.JSONField(default=dict)
    zone = models.CharField(_("time zone of the file"), max_length=50)
    read_at = models.DateTimeField(_("read at"))
    read_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("attendance file")
        verbose_name_plural = _("attendance files")
        ordering = ["-read_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "digest"], name="training_attendancefile_once"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.name}"


class Join(models.Model):
    """One stay at a session, as the provider wrote it; the person is known, or waits for someone to say who it is."""

    file = models.ForeignKey(AttendanceFile, on_delete=models.CASCADE, related_name="joins")
    number = models.PositiveIntegerField(_("line"))
    # The line as it was, by column.
    raw = models.JSONField(_("as it was"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.CharField(_("e-mail address"), max_length=254, blank=True)
    joined_at = models.DateTimeField(_("joined at"))
    left_at = models.DateTimeField(_("left at"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="joins")
    # Somebody has looked: this is none of our people, such as a speaker's second screen.
    set_aside_at = models.DateTimeField(_("set aside at"), null=True)
    matched_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("join")
        verbose_name_plural = _("joins")
        ordering = ["file", "number"]
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="training_join_line"),
            models.CheckConstraint(condition=Q(left_at__gte=F("joined_at")), name="training_join_order"),
        ]
        indexes = [
            # What waits for a person to say who it is.
            models.Index(
                fields=["file"],
                condition=Q(user__isnull=True, set_aside_at__isnull=True),
                name="training_join_unmatched",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}: {self.number}"


class AttendanceSource(models.TextChoices):
    JOINS = "joins", _("The provider's report")
    RECORDING = "recording", _("The recording")
    CORRECTION = "correction", _("A correction")


class Attendance(models.Model):
    """How long a person was at a session, and whether that counts by the rule that stood then."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="attendances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attendances")
    membership = models.ForeignKey(
        "partners.Membership", null=True, on_delete=models.PROTECT, related_name="attendances"
    )
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    attended = models.BooleanField(_("attended"))
    source = models.CharField(_("source"), max_length=12, choices=AttendanceSource.choices)
    # The rule that it was decided by, in percent of the session.
    from_percent = models.PositiveSmallIntegerField(_("attended from, %"))
    decided_at = models.DateTimeField(_("decided at"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        constraints = [
            models.UniqueConstraint(fields=["session", "user"], name="training_attendance_once"),
            models.CheckConstraint(
                condition=Q(source__in=AttendanceSource.values), name="training_attendance_source_known"
            ),
        ]
        indexes = [
            # What a person has attended: their own page, and their head's.
            models.Index(fields=["user", "attended"], name="training_attendance_mine"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.user_id} {self.minutes}"


class CorrectionOutcome(models.TextChoices):
    ACCEPTED = "accepted", _("Counted")
    DECLINED = "declined", _("Stays as it is")


class Correction(PublicIdModel):
    """A person says that their attendance is not right, and what came of it."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="corrections")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="corrections")
    membership = models.ForeignKey("partners.Membership", on_delete=models.PROTECT, related_name="corrections")
    words = models.TextField(_("what is not right"), max_length=1000)
    asked_at = models.DateTimeField(_("asked at"))
    outcome = models.CharField(_("outcome"), max_length=10, blank=True, choices=CorrectionOutcome.choices)
    answer = models.TextField(_("answer"), max_length=1000, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(_("closed at"), null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("correction of an attendance")
        verbose_name_plural = _("corrections of attendances")
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "user"], condition=Q(closed_at__isnull=True), name="training_correction_one_open"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="training_correction_closed_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.user_id}"
