"""The bank, the exams, what people gave and earned, and what their partners are qualified for.

Two kinds of row are never changed after they have been relied on, and the database itself refuses it (triggers in the
first migration): the content of a question version that was asked, and an answer.
"""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable

from certification import timing
from certification.drawing import BankItem, Blueprint, Paper, SectionRule
from certification.grading import Result
from certification.question_types import QuestionType, get_type, type_names
from portal.core.localised import LocalisedText, LocalisedTextField
from portal.core.models import PublicIdModel
from portal.partners.models import Partner

#: Percentages are whole: a pass mark of 66.6 could not be told to a candidate.
PERCENT = [MinValueValidator(0), MaxValueValidator(100)]
#: Words that addresses of this app use where an exam's slug would stand.
RESERVED_SLUGS = frozenset({"attempts", "credentials", "standing"})


def validate_free_slug(slug: str) -> None:
    """Refuse a slug that would hide one of the app's own pages."""
    if slug in RESERVED_SLUGS:
        raise ValidationError(gettext("%(slug)s is the address of another page."), params={"slug": slug})


def question_type_choices() -> list[tuple[str, str]]:
    """The registered types. A callable, so that a new type needs no migration."""
    return [(name, gettext(label)) for name, label in type_names()]


class MarkShape(models.TextChoices):
    """The cartouche in which a credential's letter is punched."""

    SHIELD = "shield", _("Shield")
    OCTAGON = "octagon", _("Octagon")
    CIRCLE = "circle", _("Circle")
    LOZENGE = "lozenge", _("Lozenge")


class MarkedModel(ClusterableModel):
    """Something that leaves a mark: a letter in a cartouche."""

    letter = models.CharField(_("letter of the mark"), max_length=1)
    shape = models.CharField(_("shape of the mark"), max_length=10, choices=MarkShape.choices, default=MarkShape.SHIELD)

    class Meta:
        abstract = True


# --- The bank --------------------------------------------------------------------------------------------------------


class Topic(models.Model):
    """What a question is about. Exams draw by topic."""

    slug = models.SlugField(_("slug"), unique=True)
    name = LocalisedTextField(_("name"))

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["slug"]

    def __str__(self) -> str:
        return str(self.name) or self.slug


class QuestionQuerySet(models.QuerySet["Question"]):
    def with_versions(self) -> Self:
        """Load every version, the newest first, as ``all_versions``: one query more."""
        return self.prefetch_related(
            models.Prefetch("versions", QuestionVersion.objects.order_by("-number"), to_attr="all_versions")
        )


class Question(PublicIdModel):
    """An item of the bank. What it says is in its versions; its type never changes."""

    slug = models.SlugField(_("code"), unique=True, help_text=_("How examiners call it, such as pk-014."))
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="questions", verbose_name=_("topic"))
    type = models.CharField(_("type"), max_length=20, choices=question_type_choices)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def kind(self) -> QuestionType:
        return get_type(self.type)

    @property
    def newest(self) -> "QuestionVersion | None":
        """The version with the highest number. No query after ``with_versions()``."""
        loaded: list[QuestionVersion] | None = getattr(self, "all_versions", None)
        return next(iter(loaded), None) if loaded is not None else self.versions.order_by("-number").first()

    @property
    def excerpt(self) -> str:
        """The beginning of what it asks, for lists."""
        newest = self.newest
        return Truncator(str(LocalisedText(newest.content.get("stem") or {}))).words(14) if newest else ""

    excerpt.fget.short_description = _("text")  # type: ignore[attr-defined]  # Django reads it there

    @property
    def type_label(self) -> str:
        return gettext(self.kind.label)

    type_label.fget.short_description = _("type")  # type: ignore[attr-defined]  # Django reads it there

    @property
    def state_label(self) -> str:
        """The states that its versions are in, the newest first: a draft may stand beside an approved version."""
        loaded: list[QuestionVersion] | None = getattr(self, "all_versions", None)
        versions = loaded if loaded is not None else list(self.versions.order_by("-number"))
        live = [version for version in versions if version.state != VersionState.RETIRED] or versions[:1]
        return ", ".join(str(VersionState(version.state).label) for version in live)

    state_label.fget.short_description = _("state")  # type: ignore[attr-defined]  # Django reads it there


class VersionState(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("question version", "Draft")
    APPROVED = "approved", pgettext_lazy("question version", "Approved")
    RETIRED = "retired", pgettext_lazy("question version", "Retired")


class QuestionVersionQuerySet(models.QuerySet["QuestionVersion"]):
    def approved(self) -> Self:
        """What may be drawn: at most one version of each question."""
        return self.filter(state=VersionState.APPROVED)


class QuestionVersion(models.Model):
    """What a question says, in every language, with its key. Its content is immutable once it has been asked."""

    question = models.ForeignKey(
        Question, on_delete=models.PROTECT, related_name="versions", verbose_name=_("question")
    )
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=10, choices=VersionState.choices, default=VersionState.DRAFT)
    # The shape is the type's: see certification/question_types. Texts are objects of language code to text.
    content = models.JSONField(_("content"))
    # [[translation_key, block_id], ...]: no foreign key to a block exists (ruling 8). An empty block id cites the page.
    citations = models.JSONField(_("citations"), default=list, blank=True)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("written by")
    )
    approved_at = models.DateTimeField(_("approved"), null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("approved by")
    )
    retired_at = models.DateTimeField(_("retired"), null=True)
    first_asked_at = models.DateTimeField(_("first asked"), null=True)

    objects = QuestionVersionQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("question version")
        verbose_name_plural = _("question versions")
        ordering = ["question", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="certification_version_number"),
            # A question is drawn in one version; also serves the draw.
            models.UniqueConstraint(
                fields=["question"], condition=Q(state="approved"), name="certification_version_one_approved"
            ),
            models.CheckConstraint(
                condition=Q(state__in=VersionState.values), name="certification_version_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(approved_at__isnull=False),
                name="certification_version_approved_when",
            ),
            models.CheckConstraint(
                condition=Q(first_asked_at__isnull=True) | Q(approved_at__isnull=False),
                name="certification_version_asked_once_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id}/{self.number}"

    @property
    def is_frozen(self) -> bool:
        """Whether somebody has relied on it: an edit makes a new version."""
        return self.first_asked_at is not None or self.approved_at is not None

    def as_bank_item(self) -> BankItem:
        kind = self.question.kind
        return BankItem(
            question=self.question_id,
            version=self.pk,
            topic=self.question.topic_id,
            type=kind.name,
            options=kind.options(self.content),
            shuffled=kind.shuffled,
        )


# --- Exams -----------------------------------------------------------------------------------------------------------


class Exam(MarkedModel):
    """An exam: what it draws, how long it takes, what passes, how long its credential holds."""

    slug = models.SlugField(_("slug"), unique=True, validators=[validate_free_slug])
    title = LocalisedTextField(_("name"))
    intro = LocalisedTextField(_("in short"), multiline=True, blank=True)
    is_open = models.BooleanField(
        _("open"), default=False, help_text=_("Members may start it. Attempts that are running always go on.")
    )
    time_limit_minutes = models.PositiveSmallIntegerField(
        _("time limit, minutes"), default=30, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    pass_percent = models.PositiveSmallIntegerField(
        _("pass mark, %"),
        default=70,
        validators=PERCENT,
        help_text=_("Of the whole exam. Each section has its own too."),
    )
    validity_months = models.PositiveSmallIntegerField(
        _("credential valid, months"), default=12, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    retake_after_hours = models.PositiveSmallIntegerField(
        _("hours before another try"), default=24, help_text=_("After a failed attempt.")
    )
    course = models.ForeignKey(
        "training.CoursePage",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("course to complete first"),
        help_text=_("In whichever language it was taken."),
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
        ]

    def __str__(self) -> str:
        return str(self.title) or self.slug

    @property
    def entitlement_key(self) -> str:
        """What its credential entitles to, as audiences name it; stays when the exam is renamed."""
        return f"exam-{self.pk}"

    def as_blueprint(self) -> Blueprint:
        """What the exam draws, from its sections as they are in memory (also in a form that is not saved yet)."""
        return Blueprint(
            sections=tuple(
                SectionRule(
                    # An unsaved section has no id; its place is as good a name for one draw.
                    section=section.pk or -number,
                    topic=section.topic_id,
                    count=section.count,
                    pass_percent=section.pass_percent,
                    title=dict(section.title),
                )
                for number, section in enumerate(self.sections.all(), 1)
            ),
            pass_percent=self.pass_percent,
        )


class ExamSection(Orderable):
    """A part of an exam: how many questions of a topic, and what passes it."""

    exam = ParentalKey(Exam, on_delete=models.CASCADE, related_name="sections")
    title = LocalisedTextField(_("name"))
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+", verbose_name=_("topic"))
    count = models.PositiveSmallIntegerField(
        _("questions"), default=5, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    pass_percent = models.PositiveSmallIntegerField(_("pass mark, %"), default=60, validators=PERCENT)

    class Meta(Orderable.Meta):
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        constraints = [
            models.CheckConstraint(condition=Q(count__gte=1), name="certification_section_asks"),
            models.CheckConstraint(condition=Q(pass_percent__lte=100), name="certification_section_pass_percent"),
        ]

    def __str__(self) -> str:
        return str(self.title)


# --- Programmes ------------------------------------------------------------------------------------------------------


class Programme(MarkedModel):
    """A certification programme: which exams a person passes, and how many certified people a partner needs."""

    slug = models.SlugField(_("slug"), unique=True)
    title = LocalisedTextField(_("name"))
    intro = LocalisedTextField(_("in short"), multiline=True, blank=True)
    products = ParentalManyToManyField(
        "content.Product", blank=True, related_name="programmes", verbose_name=_("products")
    )
    # Counts the changes of exams and requirements: a qualification assessed under an older one does not count.
    requirement_version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("programme")
        verbose_name_plural = _("programmes")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(condition=Q(shape__in=MarkShape.values), name="certification_programme_shape_known"),
        ]

    def __str__(self) -> str:
        return str(self.title) or self.slug


class ProgrammeExam(Orderable):
    """An exam of a programme, in its place."""

    programme = ParentalKey(Programme, on_delete=models.CASCADE, related_name="programme_exams")
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="programme_exams", verbose_name=_("exam"))

    class Meta(Orderable.Meta):
        verbose_name = _("exam of the programme")
        verbose_name_plural = _("exams of the programme")
        constraints = [
            models.UniqueConstraint(fields=["programme", "exam"], name="certification_programmeexam_once"),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id}: {self.exam_id}"


class Requirement(models.Model):
    """How many people a partner of a tier needs, each with every exam of the programme."""

    programme = ParentalKey(Programme, on_delete=models.CASCADE, related_name="requirements")
    tier = models.ForeignKey(
        "partners.Tier",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("tier"),
        help_text=_("Empty: every tier that has no line of its own."),
    )
    # No default: a form row that says nothing but the default would be taken for an empty one.
    people = models.PositiveSmallIntegerField(_("people needed"), validators=[MinValueValidator(1)])

    class Meta:
        verbose_name = _("requirement")
        verbose_name_plural = _("requirements")
        ordering = ["tier__rank", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "tier"], name="certification_requirement_once"),
            models.UniqueConstraint(
                fields=["programme"], condition=Q(tier__isnull=True), name="certification_requirement_one_default"
            ),
            models.CheckConstraint(condition=Q(people__gte=1), name="certification_requirement_people"),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id}, {self.tier_id or '*'}: {self.people}"


# --- Attempts --------------------------------------------------------------------------------------------------------


class AttemptState(models.TextChoices):
    IN_PROGRESS = "in_progress", pgettext_lazy("attempt", "In progress")
    GRADED = "graded", pgettext_lazy("attempt", "Graded")


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def in_progress(self) -> Self:
        return self.filter(state=AttemptState.IN_PROGRESS)

    def due(self, now: datetime) -> Self:
        """Running attempts whose time and grace are over."""
        return self.in_progress().filter(due_at__lt=now)

    def of(self, user: Any) -> Self:
        return self.filter(user=user)

    def for_partner(self, partner: Partner) -> Self:
        return self.filter(membership__partner=partner)


class Attempt(PublicIdModel):
    """One sitting of one person. The paper is frozen at the start, pass marks included."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attempts", verbose_name=_("person")
    )
    membership = models.ForeignKey(
        "partners.Membership", on_delete=models.PROTECT, related_name="attempts", verbose_name=_("membership")
    )
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="attempts", verbose_name=_("exam"))
    seed = models.BigIntegerField(_("seed"))
    paper = models.JSONField(_("paper"))  # drawing.Paper.to_json
    started_at = models.DateTimeField(_("started"))
    deadline_at = models.DateTimeField(_("deadline"))
    due_at = models.DateTimeField(_("submitted by the clock at"))
    state = models.CharField(_("state"), max_length=20, choices=AttemptState.choices, default=AttemptState.IN_PROGRESS)
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    score = models.PositiveSmallIntegerField(_("score, %"), null=True)  # rounded down; exact marks are in the result
    passed = models.BooleanField(_("passed"), null=True)
    result = models.JSONField(_("result"), null=True)  # grading.Result.to_json

    objects = AttemptQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "exam"], condition=Q(state="in_progress"), name="certification_attempt_one_running"
            ),
            models.CheckConstraint(
                condition=Q(deadline_at__gt=F("started_at"), due_at__gte=F("deadline_at")),
                name="certification_attempt_times",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="in_progress",
                    submitted_at__isnull=True,
                    score__isnull=True,
                    passed__isnull=True,
                    result__isnull=True,
                )
                | Q(
                    state="graded",
                    submitted_at__isnull=False,
                    score__isnull=False,
                    passed__isnull=False,
                    result__isnull=False,
                ),
                name="certification_attempt_graded_whole",
            ),
        ]
        indexes = [
            # The sweeper: running attempts by the moment at which they are submitted as they are.
            models.Index(fields=["due_at"], condition=Q(state="in_progress"), name="certification_attempt_due"),
            # A person's attempts in an exam, latest first: the list of exams, the wait before another try.
            models.Index(fields=["user", "exam", "-started_at"], name="certification_attempt_user"),
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

    def is_open(self, now: datetime) -> bool:
        """Whether inputs are open: the grace after the deadline is for what is under way, not for giving more."""
        return self.is_running and now < self.deadline_at

    def counts_at(self, moment: datetime) -> bool:
        """Whether an answer that arrives at ``moment`` counts."""
        return self.is_running and moment <= self.due_at


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


# --- Credentials -----------------------------------------------------------------------------------------------------


class CredentialQuerySet(models.QuerySet["Credential"]):
    def current(self, now: datetime) -> Self:
        """Held at ``now``: issued, not expired, neither suspended nor revoked."""
        return self.filter(issued_at__lte=now, expires_at__gt=now, revoked_at__isnull=True, suspended_at__isnull=True)

    def of(self, user: Any) -> Self:
        return self.filter(user=user)

    def for_partner(self, partner: Partner) -> Self:
        """Credentials that count for the partner."""
        return self.filter(membership__partner=partner)


class Credential(PublicIdModel):
    """What a person holds after passing. It counts for one partner at a time: that of its membership."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="credentials", verbose_name=_("person")
    )
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="credentials", verbose_name=_("exam"))
    attempt = models.OneToOneField(
        Attempt, on_delete=models.PROTECT, null=True, blank=True, related_name="credential", verbose_name=_("attempt")
    )
    evidence = models.CharField(
        _("evidence"), max_length=200, blank=True, help_text=_("What it rests on where there is no attempt here.")
    )
    membership = models.ForeignKey(
        "partners.Membership", on_delete=models.PROTECT, related_name="credentials", verbose_name=_("counts for")
    )
    issued_at = models.DateTimeField(_("issued"))
    expires_at = models.DateTimeField(_("expires"))
    suspended_at = models.DateTimeField(_("suspended"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True, help_text=_("The holder reads this."))

    objects = CredentialQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("issued_at")), name="certification_credential_lasts"),
            models.CheckConstraint(
                condition=Q(attempt__isnull=False) | ~Q(evidence=""), name="certification_credential_evidence"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(reason=""), name="certification_credential_revoked_why"
            ),
        ]
        indexes = [
            # Assessing a partner: what its memberships hold.
            models.Index(fields=["membership", "exam", "expires_at"], name="certification_credential_held"),
            # A person's credentials, and whether an exam may be renewed.
            models.Index(fields=["user", "exam", "-expires_at"], name="certification_credential_user"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id}"

    @property
    def as_evidence(self) -> str:
        """How an entitlement names it."""
        return f"credential {self.public_id}"

    def state_at(self, now: datetime) -> str:
        """As the mark shows it: ``held``, ``expiring``, ``lapsed`` or ``revoked`` (suspension closes it as well)."""
        if self.revoked_at is not None or self.suspended_at is not None:
            return "revoked"
        if now >= self.expires_at:
            return "lapsed"
        return "expiring" if timing.is_expiring(self.expires_at, now) else "held"


# --- Qualifications --------------------------------------------------------------------------------------------------


class CloseReason(models.TextChoices):
    """Which condition failed first, in the order in which they are looked at."""

    PARTNER = "partner", _("The partner is not active")
    AGREEMENT = "agreement", _("The current agreement is not accepted")
    REQUIREMENT = "requirement", _("The programme asks for more")
    EXPIRED = "expired", _("Credentials expired")
    PEOPLE = "people", _("Too few certified people")


class QualificationQuerySet(models.QuerySet["Qualification"]):
    def open(self) -> Self:
        """Not closed by an assessment. Says nothing about now: see :meth:`current`."""
        return self.filter(closed_at__isnull=True)

    def current(self, now: datetime) -> Self:
        """The gate (ruling 1): qualifications that hold at ``now``, exactly, whether or not any job has run.

        Assessed at the partner's and the programme's present versions, before its end, the partner active, the
        agreement that is in effect at ``now`` accepted.
        """
        return self.open().filter(
            opened_at__lte=now,
            valid_until__gt=now,
            standing_version=F("partner__standing_version"),
            requirement_version=F("programme__requirement_version"),
            partner__in=Partner.objects.active().with_current_agreement(now),
        )

    def doubtful(self, now: datetime) -> Self:
        """Open ones that do not hold at ``now``: to be assessed again."""
        return self.open().exclude(pk__in=self.model._default_manager.current(now).values("pk"))

    def for_partner(self, partner: Partner) -> Self:
        return self.filter(partner=partner)


class Qualification(models.Model):
    """That a partner met a programme's requirement, from when until when. A renewal moves the open row's end."""

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="qualifications", verbose_name=_("partner")
    )
    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="qualifications", verbose_name=_("programme")
    )
    standing_version = models.PositiveIntegerField()
    requirement_version = models.PositiveIntegerField()
    assessed_at = models.DateTimeField(_("assessed"))
    opened_at = models.DateTimeField(_("from"))
    valid_until = models.DateTimeField(_("valid until"))
    closed_at = models.DateTimeField(_("until"), null=True)
    closed_reason = models.CharField(_("why it ended"), max_length=20, choices=CloseReason.choices, blank=True)

    objects = QualificationQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "programme"],
                condition=Q(closed_at__isnull=True),
                name="certification_qualification_one_open",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("opened_at")), name="certification_qualification_lasts"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_reason="")
                | Q(closed_at__gte=F("opened_at")) & ~Q(closed_reason=""),
                name="certification_qualification_closed_why",
            ),
        ]
        indexes = [
            # The distributor: who is qualified in a programme now. The sweeper: open ones past their end.
            models.Index(
                fields=["programme", "valid_until"],
                condition=Q(closed_at__isnull=True),
                name="certification_qualified",
            ),
            models.Index(
                fields=["valid_until"], condition=Q(closed_at__isnull=True), name="certification_qualified_until"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.programme_id}"
