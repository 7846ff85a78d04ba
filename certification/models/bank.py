"""The question bank: topics, questions, their versions, what these cite, and what is to be checked.

A question's content is never changed after it has been asked, and the database itself refuses it (triggers in
``migrations/_immutability.py``).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from taggit.managers import TaggableManager
from taggit.models import TaggedItemBase

from certification.question_types import QuestionType, get_type, type_names
from portal.core.localised import LocalisedText, LocalisedTextField
from portal.core.models import PublicIdModel


def question_type_choices() -> list[tuple[str, str]]:
    """The registered types. A callable, so that a new type needs no migration."""
    return [(name, gettext(label)) for name, label in type_names()]


class Topic(models.Model):
    """What a question is about, in a tree: an exam that draws a topic draws what lies below it as well."""

    slug = models.SlugField(_("slug"), unique=True)
    name = LocalisedTextField(_("name"))
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("pk")), name="certification_topic_not_its_own_part"
            ),
        ]

    def __str__(self) -> str:
        return str(self.name) or self.slug


def find_subtrees(
    topic_ids: Any = None, *, rows: Iterable[tuple[int, int | None]] | None = None
) -> Mapping[int, frozenset[int]]:
    """Each topic with all that lies below it, itself included, by its id: one query whatever the depth.

    Args:
        topic_ids: the topics to answer for; None for every one.
        rows: every topic with the one that it is part of, where the caller has them already.
    """
    children: dict[int | None, list[int]] = {}
    for pk, parent in Topic.objects.order_by().values_list("pk", "parent") if rows is None else rows:
        children.setdefault(parent, []).append(pk)

    def gather(pk: int, seen: frozenset[int]) -> frozenset[int]:
        below = (gather(child, seen | {pk}) for child in children.get(pk, []) if child not in seen)
        return frozenset({pk}).union(*below)

    every = [pk for found in children.values() for pk in found]
    return {pk: gather(pk, frozenset()) for pk in (every if topic_ids is None else set(topic_ids))}


class Difficulty(models.IntegerChoices):
    """How hard the author takes a question to be; what candidates found is measured beside it."""

    EASY = 1, pgettext_lazy("difficulty", "Easy")
    MEDIUM = 2, pgettext_lazy("difficulty", "Medium")
    HARD = 3, pgettext_lazy("difficulty", "Hard")


class QuestionTag(TaggedItemBase):
    content_object = models.ForeignKey("certification.Question", on_delete=models.CASCADE, related_name="tagged_items")


class QuestionQuerySet(models.QuerySet["Question"]):
    def with_versions(self) -> Self:
        """Load every version, the newest first, as ``all_versions``: one query more."""
        return self.prefetch_related(
            models.Prefetch("versions", QuestionVersion.objects.order_by("-number"), to_attr="all_versions")
        )


class Question(PublicIdModel):  # type: ignore[django-manager-missing]  # taggit's base of its tags is untyped
    """An item of the bank. What it says is in its versions; its type never changes."""

    slug = models.SlugField(_("code"), unique=True, help_text=_("How examiners call it, such as pk-014."))
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="questions", verbose_name=_("topic"))
    type = models.CharField(_("type"), max_length=20, choices=question_type_choices)
    difficulty = models.PositiveSmallIntegerField(
        _("difficulty"), choices=Difficulty.choices, default=Difficulty.MEDIUM
    )
    product = models.ForeignKey(
        "content.Product", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    tags = TaggableManager(
        verbose_name=_("tags"), blank=True, help_text="", through=QuestionTag, related_name="tagged_questions"
    )
    # What candidates made of it, kept by services.measuring: of how many, the mean share of the mark, the median time.
    measured_from = models.PositiveIntegerField(_("attempts measured"), default=0, editable=False)
    measured_permille = models.PositiveSmallIntegerField(_("mean mark, ‰"), null=True, editable=False)
    measured_seconds = models.PositiveIntegerField(_("usual time, seconds"), null=True, editable=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(difficulty__in=Difficulty.values), name="certification_question_difficulty_known"
            ),
            models.CheckConstraint(
                condition=Q(measured_permille__isnull=True) | Q(measured_permille__lte=1000),
                name="certification_question_measured_share",
            ),
        ]

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
    IN_REVIEW = "in_review", pgettext_lazy("question version", "In review")
    APPROVED = "approved", pgettext_lazy("question version", "Approved")
    RETIRED = "retired", pgettext_lazy("question version", "Retired")


#: Nobody relies on these yet: they may still be written.
WRITABLE = frozenset({VersionState.DRAFT, VersionState.IN_REVIEW})


class QuestionVersionQuerySet(models.QuerySet["QuestionVersion"]):
    def approved(self) -> Self:
        """What may be drawn: at most one version of each question."""
        return self.filter(state=VersionState.APPROVED)

    def to_check(self) -> Self:
        """Approved ones that somebody is to look at, as what they cite has changed."""
        return self.approved().filter(models.Exists(QuestionCheck.objects.open().filter(version=models.OuterRef("pk"))))


class QuestionVersion(models.Model):
    """What a question says, in every language, with its key. Its content is immutable once it has been asked."""

    question = models.ForeignKey(
        Question, on_delete=models.PROTECT, related_name="versions", verbose_name=_("question")
    )
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=10, choices=VersionState.choices, default=VersionState.DRAFT)
    # The shape is the type's: see certification/question_types. Texts are objects of language code to text.
    content = models.JSONField(_("content"))
    # The codes of the languages in which every text of the content is there, as its type says.
    languages = models.JSONField(_("languages"), default=list, editable=False)
    # [[translation_key, block_id], ...]: no foreign key to a block exists (ruling 8). An empty block id cites the page.
    # Frozen with the content; the rows of Citation say the same and are what is searched.
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
    # Withdrawn at once, also from the papers of those who sit with it: it earns nothing and costs nothing.
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("withdrawn by")
    )
    withdrawn_reason = LocalisedTextField(_("why it was withdrawn"), blank=True)

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
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(state="retired"),
                name="certification_version_withdrawn_is_retired",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id}/{self.number}"

    @property
    def is_frozen(self) -> bool:
        """Whether somebody has relied on it: an edit makes a new version."""
        return self.first_asked_at is not None or self.approved_at is not None


class Citation(models.Model):
    """A place in the library that a version tests: the material's key, and a block of it or the whole (empty)."""

    version = models.ForeignKey(QuestionVersion, on_delete=models.CASCADE, related_name="cited")
    material_key = models.UUIDField()
    block_id = models.CharField(max_length=64, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        ordering = ["version", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "material_key", "block_id"], name="certification_citation_once"),
        ]
        indexes = [
            # What tests this block: the coverage of the library, and what a material change puts to the check.
            models.Index(fields=["material_key", "block_id"], name="certification_citation_block"),
        ]

    def __str__(self) -> str:
        return f"{self.material_key}#{self.block_id}"


class CheckOutcome(models.TextChoices):
    """What became of a question whose source had changed."""

    STILL_TRUE = "still_true", pgettext_lazy("question check", "Still true")
    REVISED = "revised", pgettext_lazy("question check", "Revised")
    RETIRED = "retired", pgettext_lazy("question check", "Retired")


class QuestionCheckQuerySet(models.QuerySet["QuestionCheck"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)


class QuestionCheck(models.Model):
    """That a place which a version cites has changed materially, and what a person decided about the question."""

    version = models.ForeignKey(QuestionVersion, on_delete=models.CASCADE, related_name="checks")
    # The material change of training that raised it, and its line, which stays when the page is gone.
    change = models.ForeignKey(
        "training.Change", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("change")
    )
    line = models.CharField(_("what changed"), max_length=200, blank=True)
    # The changed passages that concern it, by their ids.
    blocks = models.JSONField(_("changed blocks"), default=list)
    raised_at = models.DateTimeField(_("raised"))
    closed_at = models.DateTimeField(_("decided"), null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=CheckOutcome.choices, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = QuestionCheckQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("question to check")
        verbose_name_plural = _("questions to check")
        ordering = ["raised_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "change"], name="certification_check_once"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, outcome="") | Q(closed_at__isnull=False) & ~Q(outcome=""),
                name="certification_check_closed_how",
            ),
        ]
        indexes = [
            # What waits for somebody, oldest first; and whether a version is under check, at the draw.
            models.Index(
                fields=["version", "raised_at"], condition=Q(closed_at__isnull=True), name="certification_check_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.change_id}"


class BrokenReportQuerySet(models.QuerySet["BrokenReport"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)


class BrokenReport(models.Model):
    """A candidate's note, written in the sitting, that something is wrong with a question."""

    attempt = models.ForeignKey("certification.Attempt", on_delete=models.PROTECT, related_name="reports")
    position = models.PositiveSmallIntegerField(_("question"))
    version = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="reports")
    text = models.TextField(_("what is wrong"), max_length=1000)
    reported_at = models.DateTimeField(_("reported"))
    closed_at = models.DateTimeField(_("answered"), null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("answered by")
    )
    answer = models.CharField(_("answer"), max_length=500, blank=True, help_text=_("The candidate reads this."))

    objects = BrokenReportQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("report of a broken question")
        verbose_name_plural = _("reports of broken questions")
        ordering = ["-reported_at", "-pk"]
        constraints = [
            # One note for a question of a sitting: a second one replaces its words.
            models.UniqueConstraint(fields=["attempt", "position"], name="certification_report_once"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(answer=""), name="certification_report_answered"
            ),
        ]
        indexes = [
            models.Index(
                fields=["reported_at"], condition=Q(closed_at__isnull=True), name="certification_report_open"
            ),  # what waits for an examiner
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.position}"
