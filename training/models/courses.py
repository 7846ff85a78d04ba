"""Courses, lessons, and who has completed what."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, PageChooserPanel, TitleFieldPanel
from wagtail.fields import StreamField
from wagtail.models import Orderable
from wagtail.search import index

from portal.content.blocks import BodyBlock, Section, list_sections
from portal.content.models import BasePage
from training.models.base import MaterialPage, arrange_tabs


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


class CoursePage(MaterialPage):
    """An ordered path of lessons for named job roles. The order of the lessons is the order of its child pages."""

    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=0, help_text=_("How long the whole course takes. 0: the sum of its lessons.")
    )

    is_kept = False
    page_description = _("An ordered path of lessons for named job roles.")
    shared_template = "training/shared/course.html"
    subpage_types = ["training.LessonPage"]
    edit_handler = arrange_tabs(
        [*MaterialPage.content_panels, FieldRowPanel([FieldPanel("minutes")])],
    )

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")


class LessonPage(MaterialPage):
    """One step of a course. Completing it pins the revision that was studied."""

    minutes = models.PositiveSmallIntegerField(pgettext_lazy("length of a lesson", "minutes"), default=10)
    body = StreamField(BodyBlock(), verbose_name=_("sections"), blank=True)

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
            InlinePanel("reading", heading=_("To read"), label=_("material")),
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
