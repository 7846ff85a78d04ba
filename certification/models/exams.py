"""Exams: what they draw, their rules, and what staff may do to one that is being sat."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.contrib.settings.models import BaseGenericSetting
from wagtail.models import Orderable

from certification.models.bank import Difficulty, Question, Topic
from certification.models.marks import PERCENT, MarkedModel, MarkShape
from certification.reviewing import Policy
from portal.core.localised import LocalisedTextField

#: Words that addresses of this app use where an exam's slug would stand.
RESERVED_SLUGS = frozenset({"attempts", "credentials", "standing", "rehearsal"})


def validate_free_slug(slug: str) -> None:
    """Refuse a slug that would hide one of the app's own pages."""
    if slug in RESERVED_SLUGS:
        raise ValidationError(gettext("%(slug)s is the address of another page."), params={"slug": slug})


def default_review() -> dict[str, str]:
    """What a candidate may see afterwards, and when, unless the exam says otherwise."""
    return dict(Policy().to_json())


def every_language() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


class ExamPurpose(models.TextChoices):
    CREDENTIAL = "credential", _("Earns a credential")
    DIAGNOSTIC = "diagnostic", _("Diagnostic: a passed section waives a lesson")


class Calculator(models.TextChoices):
    UNSAID = "", _("Nothing is said")
    ALLOWED = "allowed", _("A calculator may be used")
    FORBIDDEN = "forbidden", _("A calculator may not be used")


class Exam(MarkedModel):
    """An exam: what it draws, how long it takes, what passes, how long its credential holds."""

    slug = models.SlugField(_("slug"), unique=True, validators=[validate_free_slug])
    title = LocalisedTextField(_("name"))
    intro = LocalisedTextField(_("in short"), multiline=True, blank=True)
    purpose = models.CharField(_("purpose"), max_length=10, choices=ExamPurpose.choices, default=ExamPurpose.CREDENTIAL)
    is_open = models.BooleanField(
        _("open"), default=False, help_text=_("Members may start it. Attempts that are running always go on.")
    )
    # --- When and how long
    window_opens_at = models.DateTimeField(_("can be started from"), null=True, blank=True)
    window_closes_at = models.DateTimeField(
        _("ends at"), null=True, blank=True, help_text=_("An attempt ends with the window, even if it began late.")
    )
    window_is_hard = models.BooleanField(
        _("the end holds for everyone"),
        default=False,
        help_text=_("Unless ticked, people who were granted more time have it beyond the end as well."),
    )
    time_limit_minutes = models.PositiveSmallIntegerField(
        _("time limit, minutes"), default=30, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    # --- Who and how often
    requires_agreement = models.BooleanField(
        _("agreement first"), default=False, help_text=_("The partner has accepted the agreement that is in effect.")
    )
    access_code = models.CharField(
        _("access code"), max_length=40, blank=True, help_text=_("Asked at the start, where somebody hands it out.")
    )
    attempts_allowed = models.PositiveSmallIntegerField(
        _("attempts allowed"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Until it is passed; a renewal begins anew. Empty: as many as one likes."),
    )
    retake_after_hours = models.PositiveSmallIntegerField(
        _("hours before another try"), default=24, help_text=_("After a failed attempt.")
    )
    retake_growth_percent = models.PositiveSmallIntegerField(
        _("longer with each failure, %"),
        default=0,
        validators=[MaxValueValidator(900)],
        help_text=_("100 doubles the wait with each failure in a row."),
    )
    retake_most_hours = models.PositiveSmallIntegerField(
        _("at most, hours"), default=720, help_text=_("However often one has failed.")
    )
    # --- How it is sat
    one_at_a_time = models.BooleanField(_("one question at a time"), default=False)
    no_way_back = models.BooleanField(
        _("no way back"), default=False, help_text=_("A question that was left is not seen again. One at a time only.")
    )
    shuffle_questions = models.BooleanField(
        _("questions of a section in an order of each candidate's own"), default=True
    )
    shuffle_options = models.BooleanField(_("options in an order of each candidate's own"), default=True)
    calculator = models.CharField(
        _("calculator"), max_length=10, choices=Calculator.choices, default=Calculator.UNSAID, blank=True
    )
    languages = models.JSONField(
        _("languages"),
        default=every_language,
        help_text=_("A candidate chooses one; only what is written in it is drawn."),
    )
    exposure_cap_percent = models.PositiveSmallIntegerField(
        _("exposure at most, %"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_(
            "Of its last 200 papers. A preference: where the bank is small it is exceeded, and that is recorded."
        ),
    )
    # --- What passes, and what comes of it
    pass_percent = models.PositiveSmallIntegerField(
        _("pass mark, %"),
        default=70,
        validators=PERCENT,
        help_text=_("Of the whole exam. Each section has its own too."),
    )
    validity_months = models.PositiveSmallIntegerField(
        _("credential valid, months"), default=12, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    review = models.JSONField(_("review"), default=default_review)  # reviewing.Policy.to_json
    # --- Marking by people
    blind_marking = models.BooleanField(
        _("blind marking"), default=True, help_text=_("Who marks does not see whose answer it is.")
    )
    second_marker = models.BooleanField(
        _("two markers"),
        default=False,
        help_text=_("Each answer is marked by two people; a third decides where they disagree."),
    )
    disagreement_percent = models.PositiveSmallIntegerField(
        _("markers disagree from, %"), default=20, validators=PERCENT
    )
    marking_hours = models.PositiveSmallIntegerField(
        _("marked within, hours"),
        default=48,
        validators=[MinValueValidator(1), MaxValueValidator(720)],
        help_text=_("Promised to the candidate."),
    )

    class Meta:
        verbose_name = _("exam")
        verbose_name_plural = _("exams")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(condition=Q(time_limit_minutes__gte=1), name="certification_exam_takes_time"),
            models.CheckConstraint(condition=Q(pass_percent__lte=100), name="certification_exam_pass_percent"),
            models.CheckConstraint(condition=Q(validity_months__gte=1), name="certification_exam_validity"),
            models.CheckConstraint(condition=Q(shape__in=MarkShape.values), name="certification_exam_shape_known"),
            models.CheckConstraint(
                condition=Q(purpose__in=ExamPurpose.values), name="certification_exam_purpose_known"
            ),
            models.CheckConstraint(
                condition=Q(window_opens_at__isnull=True)
                | Q(window_closes_at__isnull=True)
                | Q(window_closes_at__gt=F("window_opens_at")),
                name="certification_exam_window",
            ),
            models.CheckConstraint(
                condition=Q(no_way_back=False) | Q(one_at_a_time=True), name="certification_exam_no_way_back"
            ),
            models.CheckConstraint(
                condition=Q(attempts_allowed__isnull=True) | Q(attempts_allowed__gte=1),
                name="certification_exam_attempts",
            ),
        ]

    def __str__(self) -> str:
        return str(self.title) or self.slug

    @property
    def entitlement_key(self) -> str:
        """What its credential entitles to, as audiences name it; stays when the exam is renamed."""
        return f"exam-{self.pk}"

    @property
    def is_diagnostic(self) -> bool:
        """Whether it earns no credential, and its sections waive lessons."""
        return self.purpose == ExamPurpose.DIAGNOSTIC

    @property
    def retake_days(self) -> int:
        """The wait before another try where it is whole days; else 0."""
        days, hours = divmod(self.retake_after_hours, 24)
        return 0 if hours else days

    @property
    def courses(self) -> list[Any]:
        """The courses to complete first. No query where the prerequisites are loaded."""
        return [row.course for row in self.prerequisites.all() if row.course_id]

    @property
    def question_count(self) -> int:
        return sum(section.question_count for section in self.sections.all())


class ExamPrerequisite(Orderable):
    """What has to be done first: a course, or another exam whose credential is held."""

    exam = ParentalKey(Exam, on_delete=models.CASCADE, related_name="prerequisites")
    course = models.ForeignKey(
        "training.CoursePage",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("course to complete first"),
        help_text=_("In whichever language it was taken."),
    )
    required_exam = models.ForeignKey(
        Exam,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="required_by",
        verbose_name=_("exam to pass first"),
        help_text=_("Its credential is held at the start."),
    )

    class Meta(Orderable.Meta):
        verbose_name = _("prerequisite")
        verbose_name_plural = _("prerequisites")
        constraints = [
            models.CheckConstraint(
                condition=Q(course__isnull=False, required_exam__isnull=True)
                | Q(course__isnull=True, required_exam__isnull=False),
                name="certification_prerequisite_names_one",
            ),
            models.UniqueConstraint(fields=["exam", "course"], name="certification_prerequisite_course_once"),
            models.UniqueConstraint(fields=["exam", "required_exam"], name="certification_prerequisite_exam_once"),
            models.CheckConstraint(
                condition=Q(required_exam__isnull=True) | ~Q(required_exam=F("exam")),
                name="certification_prerequisite_not_itself",
            ),
        ]

    #: Set by whoever has asked for it along with the row.
    known_course_key: Any = None

    def __str__(self) -> str:
        return f"{self.exam_id}: {self.course_id or self.required_exam_id}"

    @property
    def course_key(self) -> Any:
        """The course whatever its language; None where an exam is asked for."""
        return self.known_course_key or (self.course.translation_key if self.course else None)


class ExamSection(ClusterableModel, Orderable):
    """A part of an exam with a pass mark of its own: what it draws, or the questions it always asks."""

    exam = ParentalKey(Exam, on_delete=models.CASCADE, related_name="sections")
    title = LocalisedTextField(_("name"))
    pass_percent = models.PositiveSmallIntegerField(_("pass mark, %"), default=60, validators=PERCENT)
    waives = models.ForeignKey(
        "training.LessonPage",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lesson that it waives"),
        help_text=_("For a diagnostic exam: who passes the section need not take this lesson."),
    )

    class Meta(Orderable.Meta):
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        constraints = [
            models.CheckConstraint(condition=Q(pass_percent__lte=100), name="certification_section_pass_percent"),
        ]

    def __str__(self) -> str:
        return str(self.title)

    @property
    def question_count(self) -> int:
        """How many questions it asks. No query where its quotas and fixed questions are loaded."""
        return len(self.fixed_questions.all()) or sum(quota.count for quota in self.quotas.all())


class SectionQuota(Orderable):
    """How many questions a section draws of a topic, a tag, a difficulty; each may be left open."""

    section = ParentalKey(ExamSection, on_delete=models.CASCADE, related_name="quotas")
    count = models.PositiveSmallIntegerField(
        _("questions"), default=5, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    topic = models.ForeignKey(
        Topic,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("topic"),
        help_text=_("With all that lies below it."),
    )
    tag = models.ForeignKey(
        "taggit.Tag", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tag")
    )
    difficulty = models.PositiveSmallIntegerField(_("difficulty"), choices=Difficulty.choices, null=True, blank=True)

    class Meta(Orderable.Meta):
        verbose_name = _("what it draws")
        verbose_name_plural = _("what it draws")
        constraints = [
            models.CheckConstraint(condition=Q(count__gte=1), name="certification_quota_asks"),
        ]

    def __str__(self) -> str:
        return f"{self.section_id}: {self.count}"


class FixedQuestion(Orderable):
    """A question that a section always asks, in its place. A section with any draws nothing."""

    section = ParentalKey(ExamSection, on_delete=models.CASCADE, related_name="fixed_questions")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+", verbose_name=_("question"))

    class Meta(Orderable.Meta):
        verbose_name = _("question that is always asked")
        verbose_name_plural = _("questions that are always asked")
        constraints = [
            models.UniqueConstraint(fields=["section", "question"], name="certification_fixed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.section_id}: {self.question_id}"


class HaltQuerySet(models.QuerySet["Halt"]):
    def open(self) -> Self:
        return self.filter(resumed_at__isnull=True)


class Halt(models.Model):
    """That staff have stopped an exam: the clocks of those sitting stand still until it goes on."""

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="halts", verbose_name=_("exam"))
    reason = LocalisedTextField(_("reason"), help_text=_("Those who are sitting read this."))
    halted_at = models.DateTimeField(_("halted"))
    halted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("halted by")
    )
    resumed_at = models.DateTimeField(_("resumed"), null=True)
    resumed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("resumed by")
    )

    objects = HaltQuerySet.as_manager()

    class Meta:
        verbose_name = _("halt")
        verbose_name_plural = _("halts")
        ordering = ["-halted_at"]
        constraints = [
            # Also serves asking whether an exam stands still.
            models.UniqueConstraint(
                fields=["exam"], condition=Q(resumed_at__isnull=True), name="certification_halt_one_open"
            ),
            models.CheckConstraint(
                condition=Q(resumed_at__isnull=True) | Q(resumed_at__gte=F("halted_at")),
                name="certification_halt_ends_after",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam_id}: {self.halted_at:%Y-%m-%d %H:%M}"


class AccommodationQuerySet(models.QuerySet["Accommodation"]):
    def in_force(self, now: datetime) -> Self:
        return self.filter(starts_at__lte=now, expires_at__gt=now, withdrawn_at__isnull=True)

    def granted(self, user: Any, partner: Any) -> Self:
        """What was granted to the person, or to the people of the partner."""
        return self.filter(Q(user=user) | Q(partner=partner))


class Accommodation(models.Model):
    """More time, more attempts or breaks for a person, or for the people of a partner, with a reason and an end."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="accommodations",
        verbose_name=_("person"),
    )  # fmt: skip
    partner = models.ForeignKey(
        "partners.Partner", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("everyone of the partner"),
    )  # fmt: skip
    exam = models.ForeignKey(
        Exam, on_delete=models.PROTECT, null=True, blank=True, related_name="accommodations", verbose_name=_("exam"),
        help_text=_("Empty: every exam."),
    )  # fmt: skip
    time_factor_percent = models.PositiveSmallIntegerField(
        _("time, %"), null=True, blank=True, validators=[MinValueValidator(100), MaxValueValidator(400)],
        help_text=_("125: a quarter more."),
    )  # fmt: skip
    extra_attempts = models.PositiveSmallIntegerField(
        _("more attempts"), null=True, blank=True, validators=[MaxValueValidator(50)]
    )
    break_minutes = models.PositiveSmallIntegerField(
        _("breaks, minutes in all"), null=True, blank=True, validators=[MaxValueValidator(240)],
        help_text=_("The clock stands still and the questions are hidden."),
    )  # fmt: skip
    reason = models.CharField(_("reason"), max_length=300, help_text=_("Seen by examiners alone."))
    starts_at = models.DateTimeField(_("from"))
    expires_at = models.DateTimeField(_("until"))
    granted_at = models.DateTimeField(_("granted"), editable=False)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("granted by"),
        editable=False,
    )  # fmt: skip
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)

    objects = AccommodationQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("accommodation")
        verbose_name_plural = _("accommodations")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, partner__isnull=True) | Q(user__isnull=True, partner__isnull=False),
                name="certification_accommodation_for_one",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("starts_at")), name="certification_accommodation_ends_after"
            ),
            models.CheckConstraint(
                condition=Q(time_factor_percent__isnull=True) | Q(time_factor_percent__gte=100),
                name="certification_accommodation_never_less_time",
            ),
            models.CheckConstraint(
                condition=Q(time_factor_percent__isnull=False)
                | Q(extra_attempts__isnull=False)
                | Q(break_minutes__isnull=False),
                name="certification_accommodation_gives_something",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="certification_accommodation_why"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id or self.partner_id}: {self.exam_id or '*'}"


class ExamRules(BaseGenericSetting):
    """What holds for the whole bank."""

    two_person_approval = models.BooleanField(
        _("two people approve"),
        default=False,
        help_text=_("A question is approved by somebody other than who wrote it."),
    )

    class Meta:
        verbose_name = pgettext_lazy("settings", "Question bank")
