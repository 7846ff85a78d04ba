"""Courses, lessons, and who has completed what."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, PageChooserPanel, TitleFieldPanel
from wagtail.fields import StreamField
from wagtail.models import Orderable
from wagtail.search import index
from wagtail_localize.fields import SynchronizedField

from portal.content.blocks import BodyBlock, Section, list_sections
from portal.content.models import BasePage
from portal.core.localised import LocalisedTextField
from portal.core.models import PublicIdModel
from training.blocks import ChecksBlock
from training.circles import find_circle
from training.models.base import MaterialPage, arrange_tabs
from training.models.editing import MaterialForm


class CourseIndexPage(BasePage):
    """The courses, with the reader's progress in each."""

    intro = models.TextField(_("in short"), blank=True)

    subpage_types = ["training.CoursePage"]
    max_count_per_parent = 1
    search_fields = [*BasePage.search_fields, index.SearchField("intro")]
    content_panels = [TitleFieldPanel("title"), FieldPanel("intro")]

    class Meta:
        verbose_name = _("list of courses")
        verbose_name_plural = _("lists of courses")


class CourseForm(MaterialForm):
    """Keeps a course from requiring itself, directly or in a circle, in whichever language."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "prerequisites" in self.formsets:
            self._check_prerequisites(self.formsets["prerequisites"].forms)
        return cleaned

    def _check_prerequisites(self, forms: list[Any]) -> None:
        """Drafts are checked as well: what is scheduled or waits for approval is published without asking again."""
        named: dict[Any, list[Any]] = {}
        for form in forms:
            required = form.cleaned_data.get("required") if form.is_valid() else None
            if required is not None and not form.cleaned_data.get("DELETE"):
                named.setdefault(required.translation_key, []).append(form)
        key = self.instance.translation_key
        # A new page has its key already; a copy for a translation has that of its source.
        requires = find_requirements(besides=self.instance)
        titles = {key: self.data.get("title") or self.instance.title}
        for required_key, places in named.items():
            for form in places[1:]:
                form.add_error("required", gettext("This course is named twice."))
            circle = find_circle(requires | {key: {required_key}}, key)
            if circle:
                places[0].add_error("required", _explain_circle(circle, titles))


def find_requirements(*, besides: Any = None) -> dict[Any, set[Any]]:
    """Which courses each course requires, by key: as they are live in any language, and as they stand in drafts.

    Three queries.

    Args:
        besides: a page whose own word is left out, since it is being edited.
    """
    rows = CoursePrerequisite.objects.all()
    waiting = CoursePage.objects.filter(has_unpublished_changes=True, latest_revision__isnull=False)
    if besides is not None and besides.pk is not None:
        rows, waiting = rows.exclude(course=besides.pk), waiting.exclude(pk=besides.pk)
    requires: dict[Any, set[Any]] = {}
    for key, required in rows.order_by().values_list("course__translation_key", "required__translation_key"):
        requires.setdefault(key, set()).add(required)
    drafted = [
        (key, row.get("required"))
        for key, content in waiting.order_by().values_list("translation_key", "latest_revision__content")
        for row in content.get("prerequisites") or []
    ]
    keys = dict(
        CoursePage.objects.filter(pk__in={pk for _key, pk in drafted}).order_by().values_list("pk", "translation_key")
    )
    for key, pk in drafted:
        if pk in keys:
            requires.setdefault(key, set()).add(keys[pk])
    return requires


def _explain_circle(circle: list[Any], titles: dict[Any, str]) -> str:
    """Why a course cannot be required, naming the courses that lead back to it."""
    pages = CoursePage.objects.filter(translation_key__in=circle).order_by("-locale__language_code")
    known = dict(pages.values_list("translation_key", "title")) | titles
    if len(circle) == 2:
        return gettext("The course “%(title)s” cannot require itself.") % {"title": known[circle[0]]}
    way = " → ".join(f"“{known.get(key, '?')}”" for key in circle)
    return gettext("The course would require itself: %(way)s. Take one of these out.") % {"way": way}


class DueRuleForm(WagtailAdminModelForm):
    """A rule that is added counts from today; one that stands already keeps its day, or that it has none."""

    def __init__(self, *args: Any, **options: Any) -> None:
        if options.get("instance") is None:
            options["initial"] = {"counts_from": timezone.localdate(), **(options.get("initial") or {})}
        super().__init__(*args, **options)


class DueRulesPanel(InlinePanel):
    def get_form_options(self) -> dict[str, Any]:
        options: dict[str, Any] = super().get_form_options()
        options["formsets"][self.relation_name]["form"] = DueRuleForm
        return options


class NotSynchronized(SynchronizedField):
    """What each language has of its own, so that a translation keeps no copy that its source has long changed."""

    def is_synchronized(self, obj: Any) -> bool:  # noqa: ARG002 -- as the library calls it
        return False


class CoursePage(MaterialPage):
    """An ordered path of lessons for named job roles. The order of the lessons is the order of its child pages."""

    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=0, help_text=_("How long the whole course takes. 0: the sum of its lessons.")
    )

    is_kept = False
    page_description = _("An ordered path of lessons for named job roles.")
    shared_template = "training/shared/course.html"
    base_form_class = CourseForm
    subpage_types = ["training.LessonPage"]
    # A rule in one language holds in all: a copy of it would go on holding when the rule itself has been changed.
    override_translatable_fields = [*MaterialPage.override_translatable_fields, NotSynchronized("due_rules")]
    edit_handler = arrange_tabs(
        [*MaterialPage.content_panels, FieldRowPanel([FieldPanel("minutes")])],
        extra=[
            InlinePanel("prerequisites", heading=_("To be completed first"), label=_("course")),
            DueRulesPanel("due_rules", heading=_("Due"), label=_("rule")),
        ],
    )

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")

    def copy_for_translation(
        self,
        locale: Any,
        copy_parents: bool = False,
        alias: bool = False,
        exclude_fields: Any = None,
    ) -> Any:
        return super().copy_for_translation(
            locale, copy_parents=copy_parents, alias=alias, exclude_fields=[*(exclude_fields or []), "due_rules"]
        )


class LessonPage(MaterialPage):
    """One step of a course. Completing it pins the revision that was studied."""

    minutes = models.PositiveSmallIntegerField(pgettext_lazy("length of a lesson", "minutes"), default=10)
    body = StreamField(BodyBlock(), verbose_name=_("sections"), blank=True)
    checks = StreamField(ChecksBlock(), verbose_name=_("check questions"), blank=True)
    # A lesson that was rewritten as another page: whoever has done the old one need not begin anew.
    stands_for = models.ForeignKey(
        "self",
        verbose_name=_("stands for"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("The lesson that this one replaces: whoever has completed that one has completed this one."),
    )

    is_kept = False
    page_description = _("One step of a course. Whoever completes it has completed this very text.")
    shared_template = "training/shared/lesson.html"
    subpage_types: list[str] = []
    search_fields = [*MaterialPage.search_fields, index.SearchField("body")]
    edit_handler = arrange_tabs(
        [
            *MaterialPage.content_panels,
            FieldPanel("minutes"),
            FieldPanel("body"),
            FieldPanel("checks"),
            InlinePanel("reading", heading=_("To read"), label=_("material")),
            PageChooserPanel("stands_for"),
        ]
    )

    class Meta:
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")

    @property
    def sections(self) -> list[Section]:
        return list_sections(self.body)


class LessonReading(Orderable):
    """A material that a lesson asks to read, as a whole or one section of it."""

    lesson = ParentalKey(LessonPage, on_delete=models.CASCADE, related_name="reading")
    material = models.ForeignKey(MaterialPage, verbose_name=_("material"), on_delete=models.CASCADE, related_name="+")
    anchor = models.CharField(
        _("section"), max_length=60, blank=True, help_text=_("Anchor of the section to read; empty for the whole.")
    )

    panels = [PageChooserPanel("material"), FieldPanel("anchor")]

    class Meta(Orderable.Meta):
        verbose_name = _("reading")
        verbose_name_plural = _("readings")

    def __str__(self) -> str:
        return f"{self.material_id}#{self.anchor}" if self.anchor else str(self.material_id)


class CoursePrerequisite(Orderable):
    """A course that is to be completed before another, in whichever language."""

    course = ParentalKey(CoursePage, on_delete=models.CASCADE, related_name="prerequisites")
    required = models.ForeignKey(
        CoursePage, verbose_name=_("course"), on_delete=models.CASCADE, related_name="required_by"
    )

    panels = [PageChooserPanel("required")]

    class Meta(Orderable.Meta):
        verbose_name = _("prerequisite")
        verbose_name_plural = _("prerequisites")
        constraints = [
            models.UniqueConstraint(fields=["course", "required"], name="training_prerequisite_once"),
            models.CheckConstraint(condition=~Q(course=models.F("required")), name="training_prerequisite_other"),
        ]

    def __str__(self) -> str:
        return f"{self.course_id} < {self.required_id}"


class DueRule(Orderable):
    """By when whom: sellers of Gold partners within 30 days. Counted from the day on which all of it became true.

    A rule that is added to a course which people have long been able to take would make them all late at once: so it
    counts from its own day at the earliest.
    """

    course = ParentalKey(CoursePage, on_delete=models.CASCADE, related_name="due_rules")
    job_role = models.ForeignKey(
        "partners.JobRole",
        verbose_name=_("job role"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    tier = models.ForeignKey(
        "partners.Tier", verbose_name=_("tier"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    days = models.PositiveSmallIntegerField(
        _("within days"), default=30, validators=[MinValueValidator(1), MaxValueValidator(730)]
    )

    # No default: a draft from before there was this field must not begin to count anew when it is published.
    counts_from = models.DateField(
        _("counted from"),
        null=True,
        blank=True,
        help_text=_(
            "Nobody’s days begin earlier, so that a new rule makes nobody late at once. "
            "Empty: they begin when the rest came true for a person, however long ago."
        ),
    )

    panels = [
        FieldRowPanel([FieldPanel("job_role"), FieldPanel("tier")]),
        FieldRowPanel([FieldPanel("days"), FieldPanel("counts_from")]),
    ]

    class Meta(Orderable.Meta):
        verbose_name = _("rule of due dates")
        verbose_name_plural = _("rules of due dates")
        constraints = [
            models.CheckConstraint(condition=Q(days__range=(1, 730)), name="training_duerule_days"),
        ]

    def __str__(self) -> str:
        return f"{self.course_id}: {self.days}"


class LearningPath(models.Model):
    """What people in a job role study, in this order."""

    job_role = models.OneToOneField(
        "partners.JobRole", verbose_name=_("job role"), on_delete=models.PROTECT, related_name="learning_path"
    )
    title = LocalisedTextField(_("name"))
    intro = LocalisedTextField(_("in short"), multiline=True, blank=True)
    # Ids of translation, in their order: a course stands in it whatever its language.
    course_keys = models.JSONField(_("courses"), default=list)

    class Meta:
        verbose_name = _("learning path")
        verbose_name_plural = _("learning paths")
        ordering = ["job_role__order", "pk"]

    def __str__(self) -> str:
        return str(self.title)


class Enrolment(models.Model):
    """That a person has begun a course, in whichever language; and when they completed it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="enrolments")
    # Under which membership it was begun. The progress is the person's and goes with them (ruling 2).
    membership = models.ForeignKey("partners.Membership", on_delete=models.PROTECT, related_name="enrolments")
    # The course whatever its language: the page's translation_key.
    course_key = models.UUIDField(_("course key"))
    course = models.ForeignKey(
        CoursePage, verbose_name=_("course"), on_delete=models.PROTECT, related_name="enrolments"
    )
    started_at = models.DateTimeField(_("started at"))
    completed_at = models.DateTimeField(_("completed at"), null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            # Also serves the course list: one person's enrolments by course.
            models.UniqueConstraint(fields=["user", "course_key"], name="training_enrolment_once"),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(completed_at__gte=models.F("started_at")),
                name="training_enrolment_order",
            ),
        ]
        indexes = [
            # Who has completed this course: the head's page and staff's report.
            models.Index(fields=["course_key", "completed_at"], name="training_enrolment_course"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.course_key}"


class LessonCompletion(models.Model):
    """That a person has completed a lesson, in whichever language, and the very text that they studied."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="lesson_completions")
    membership = models.ForeignKey("partners.Membership", on_delete=models.PROTECT, related_name="lesson_completions")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="completions")
    # The lesson whatever its language: the page's translation_key.
    lesson_key = models.UUIDField(_("lesson key"))
    lesson = models.ForeignKey(
        LessonPage, verbose_name=_("lesson"), on_delete=models.PROTECT, related_name="completions"
    )
    # The text that was live when it was completed. Protected: purging revisions skips it (ruling 8). Null only where
    # the page was published without a revision, which Wagtail's own editor never does.
    revision = models.ForeignKey(
        "wagtailcore.Revision", verbose_name=_("revision"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    completed_at = models.DateTimeField(_("completed at"))
    # What showed that the person knows it already, such as a diagnostic exam's attempt; empty where they studied it.
    waived_by = models.CharField(_("waived by"), max_length=120, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("lesson completion")
        verbose_name_plural = _("lesson completions")
        constraints = [
            # Also serves progress: one person's completions by lesson.
            models.UniqueConstraint(fields=["user", "lesson_key"], name="training_completion_once"),
        ]
        indexes = [
            # Before a lesson is deleted: does anyone's progress cite it in any language?
            models.Index(fields=["lesson_key"], name="training_completion_lesson"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.lesson_key}"


class CourseDue(models.Model):
    """By when a person is to complete a course, and when they are reminded next. Kept after it is done."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="courses_due")
    membership = models.ForeignKey("partners.Membership", on_delete=models.CASCADE, related_name="courses_due")
    # The course whatever its language: the page's translation_key.
    course_key = models.UUIDField(_("course key"))
    course = models.ForeignKey(CoursePage, verbose_name=_("course"), on_delete=models.CASCADE, related_name="dues")
    due_at = models.DateTimeField(_("due"))
    # The next reminder; null after the last, and once the course is completed.
    remind_at = models.DateTimeField(_("next reminder"), null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("due course")
        verbose_name_plural = _("due courses")
        constraints = [
            models.UniqueConstraint(fields=["membership", "course_key"], name="training_due_once"),
        ]
        indexes = [
            # The sweeper that reminds.
            models.Index(fields=["remind_at"], condition=Q(remind_at__isnull=False), name="training_due_remind"),
            # What is due for a person: the home page.
            models.Index(fields=["user", "due_at"], name="training_due_mine"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.course_key}"


class CheckAnswer(models.Model):
    """What a person answered to a check question of a lesson: the latest answer, and whether the first was right."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="check_answers")
    # The lesson whatever its language, and the block of the question: the same in every language.
    lesson_key = models.UUIDField(_("lesson key"))
    lesson = models.ForeignKey(LessonPage, on_delete=models.CASCADE, related_name="check_answers")
    block_id = models.CharField(max_length=64)
    # Ids of the options that were chosen.
    chosen = models.JSONField(default=list)
    is_right = models.BooleanField(_("right"))
    first_right = models.BooleanField(_("right at first"))
    tries = models.PositiveSmallIntegerField(_("tries"), default=1)
    answered_at = models.DateTimeField(_("answered at"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("answer to a check question")
        verbose_name_plural = _("answers to check questions")
        constraints = [
            models.UniqueConstraint(fields=["user", "lesson_key", "block_id"], name="training_checkanswer_once"),
        ]
        indexes = [
            # Which questions are missed most.
            models.Index(fields=["lesson_key", "block_id", "first_right"], name="training_checkanswer_missed"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.block_id}"


class Nudge(PublicIdModel):
    """That a head reminded one of their people of a course."""

    course_key = models.UUIDField(_("course key"))
    course = models.ForeignKey(CoursePage, on_delete=models.CASCADE, related_name="nudges")
    membership = models.ForeignKey("partners.Membership", on_delete=models.CASCADE, related_name="nudges")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(_("sent at"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("nudge")
        verbose_name_plural = _("nudges")
        ordering = ["-sent_at", "-pk"]
        indexes = [
            # Whether someone was reminded of a course today already.
            models.Index(fields=["membership", "course_key", "-sent_at"], name="training_nudge_lately"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.course_key}"
