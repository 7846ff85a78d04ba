"""The library's materials, the courses, and what each person has completed.

One table, :class:`MaterialPage`, stands under every type that a partner studies: lists, search, citations and the rule
of audience ask it alone, whatever the type.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Length, Substr
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from taggit.models import TaggedItemBase
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    HelpPanel,
    InlinePanel,
    MultiFieldPanel,
    ObjectList,
    PageChooserPanel,
    TabbedInterface,
    TitleFieldPanel,
)
from wagtail.fields import StreamField
from wagtail.models import Orderable, Page, PageManager
from wagtail.query import PageQuerySet
from wagtail.search import index
from wagtail_localize.fields import SynchronizedField

from portal.content.blocks import BodyBlock, PassageBlock, Section, list_sections, write_plain
from portal.content.models import BasePage
from portal.content.services.pages import Surroundings, find_surroundings
from portal.partners.models import Audience, in_force_now

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class MaterialQuerySet(PageQuerySet):
    """Materials, narrowed for a reader."""

    def open_to(self, audience_ids: Collection[int]) -> "MaterialQuerySet":
        """Live materials whose audience, and whose parent's audience, is absent or among ``audience_ids``.

        A card obeys its guide and a lesson its course; materials are never nested deeper. An audience holds in every
        language: what is closed on one live translation is closed on all.
        """
        closed = MaterialPage.objects.filter(audience__isnull=False).exclude(audience_id__in=audience_ids)
        closed_keys = closed.filter(live=True).values("translation_key")
        closed_parent = MaterialPage.objects.filter(
            Q(pk__in=closed.values("pk")) | Q(translation_key__in=closed_keys),
            path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Page.steplen),
        )
        return self.filter(~Q(translation_key__in=closed_keys), ~Exists(closed_parent), live=True)

    def in_courses(self, course_paths: Iterable[str]) -> "MaterialQuerySet":
        """Children of the pages at these tree paths; a constant condition however many they are."""
        parent_path = Substr("path", 1, Length("path") - Page.steplen)
        return self.alias(parent_path=parent_path).filter(parent_path__in=list(course_paths))


class MaterialTag(TaggedItemBase):
    content_object = ParentalKey("training.MaterialPage", on_delete=models.CASCADE, related_name="tagged_items")


class MaterialPage(BasePage):
    """What a partner studies: for whom it is, what it is about, and who keeps it (Wagtail's ``owner``).

    Courses and lessons are materials too, so that one rule of audience covers all that can be read.
    """

    intro = models.TextField(
        _("in short"), blank=True, help_text=_("One or two sentences, shown in lists and in search.")
    )
    audience = models.ForeignKey(
        Audience,
        verbose_name=_("for whom"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="materials",
        help_text=_(
            "Left empty, every member of a partner may read it. Cards obey their guide too, lessons their course."
        ),
    )
    products = ParentalManyToManyField(
        "content.Product", verbose_name=_("products"), blank=True, related_name="materials"
    )
    tags = ClusterTaggableManager(
        through=MaterialTag,
        blank=True,
        verbose_name=_("tags"),
        help_text=_("Words to find it by, set apart by commas."),
    )

    objects = PageManager.from_queryset(MaterialQuerySet)()

    is_creatable = False
    subpage_types: list[str] = []
    #: What is the same for all who may read the page, and so is kept between requests.
    shared_template = ""

    override_translatable_fields = [SynchronizedField("slug", overridable=False), SynchronizedField("audience")]

    search_fields = [
        *BasePage.search_fields,
        index.SearchField("intro", boost=2),
        index.FilterField("audience_id"),
        index.RelatedFields("tags", [index.SearchField("name", boost=3)]),
    ]

    content_panels = [
        TitleFieldPanel("title", placeholder=True),
        FieldPanel("intro"),
    ]
    reader_panels = [
        MultiFieldPanel([FieldPanel("audience")], heading=_("Who may read it")),
        MultiFieldPanel([FieldPanel("products"), FieldPanel("tags")], heading=_("What it is about")),
        HelpPanel(
            _(
                "The audience also closes search results, lists, and every picture and document that only this page "
                "shows."
            )
        ),
    ]

    class Meta:
        verbose_name = _("material")
        verbose_name_plural = _("materials")

    def may_be_read_by(self, user: "AbstractBaseUser | AnonymousUser", membership: Any | None, now: datetime) -> bool:
        """Whether the reader's membership holds and is in this material's audience and in its parent's."""
        if not super().may_be_read_by(user, membership, now) or membership is None or not in_force_now(membership, now):
            return False
        if not self.audiences:
            return True
        return self.closed_audience(set(Audience.objects.open_to(membership, now).values_list("pk", flat=True))) is None

    def closed_audience(self, audience_ids: Collection[int]) -> Audience | None:
        """The first audience, the parent's before its own, that is not among those open to the reader."""
        return next((audience for audience in self.audiences if audience.pk not in audience_ids), None)

    @cached_property
    def surroundings(self) -> Surroundings:
        """The pages above, with their audiences, and the translations: one query for the rule and for the page."""
        return find_surroundings(self, "materialpage__audience")

    @property
    def audiences(self) -> list[Audience]:
        """The audiences that a reader must be in: the parent material's and its own, of every live translation."""
        around = self.surroundings
        others = [*around.above, *around.above_elsewhere, *around.translations]
        materials = [page.materialpage for page in others if hasattr(page, "materialpage")]
        return [material.audience for material in [*materials, self] if material.audience_id]

    @property
    def kind_label(self) -> str:
        """The type in words, without a query even when only the base row was fetched."""
        return capfirst(str((self.specific_class or type(self))._meta.verbose_name))

    @property
    def sections(self) -> list[Section]:
        """What can be cited and linked to inside the material."""
        return []


def _tabs(content: list[Any], *, extra: list[Any] | None = None) -> TabbedInterface:
    return TabbedInterface(
        [
            ObjectList(content, heading=_("Content")),
            ObjectList([*MaterialPage.reader_panels, *(extra or [])], heading=_("For whom")),
            ObjectList(Page.promote_panels, heading=_("Address")),
            ObjectList([*Page.settings_panels, FieldPanel("owner")], heading=_("Publishing")),
        ]
    )


class LibraryPage(BasePage):
    """The library: every material that is open to the reader, by kind, product, tag and words."""

    intro = models.TextField(_("in short"), blank=True)

    subpage_types = ["training.ProductDocPage", "training.ObjectionGuidePage"]
    max_count_per_parent = 1
    search_fields = [*BasePage.search_fields, index.SearchField("intro")]
    content_panels = [TitleFieldPanel("title"), FieldPanel("intro")]

    class Meta:
        verbose_name = _("library")
        verbose_name_plural = _("libraries")


class ProductDocPage(MaterialPage):
    """What a product is, in sections that can be cited."""

    body = StreamField(BodyBlock(), verbose_name=_("sections"), blank=True)

    shared_template = "training/shared/product_doc.html"
    subpage_types: list[str] = []
    search_fields = [*MaterialPage.search_fields, index.SearchField("body")]
    edit_handler = _tabs([*MaterialPage.content_panels, FieldPanel("body")])

    class Meta:
        verbose_name = _("product doc")
        verbose_name_plural = _("product docs")

    @property
    def sections(self) -> list[Section]:
        return list_sections(self.body)


class ObjectionGuidePage(MaterialPage):
    """What customers say against buying; each saying is a card below it."""

    body = StreamField(
        BodyBlock(), verbose_name=_("how to use the cards"), blank=True, help_text=_("Shown below the cards.")
    )

    shared_template = "training/shared/objection_guide.html"
    subpage_types = ["training.ObjectionCardPage"]
    search_fields = [*MaterialPage.search_fields, index.SearchField("body")]
    edit_handler = _tabs([*MaterialPage.content_panels, FieldPanel("body")])

    class Meta:
        verbose_name = _("objection guide")
        verbose_name_plural = _("objection guides")

    @property
    def sections(self) -> list[Section]:
        return list_sections(self.body)


class ObjectionCardPage(MaterialPage):
    """One thing a customer says, and what to answer. Its title is the customer's words."""

    behind = models.TextField(
        _("what is behind it"),
        blank=True,
        help_text=_("What the customer is really worried about, in a sentence or two."),
    )
    answer = StreamField(
        PassageBlock(),
        verbose_name=_("answer"),
        help_text=_("What to say, in words that can be said aloud. Shown first."),
    )
    proof = StreamField(
        PassageBlock(),
        verbose_name=_("proof"),
        blank=True,
        help_text=_("A figure or a case that the customer can check."),
    )
    proof_page = models.ForeignKey(
        MaterialPage,
        verbose_name=_("proof in the library"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    proof_anchor = models.CharField(
        _("section"), max_length=60, blank=True, help_text=_("Anchor of the section that holds the proof.")
    )
    next_question = models.TextField(
        _("next question"), blank=True, help_text=_("The question that takes the conversation on.")
    )

    shared_template = "training/shared/objection_card.html"
    subpage_types: list[str] = []
    override_translatable_fields = [
        *MaterialPage.override_translatable_fields,
        SynchronizedField("proof_anchor", overridable=False),
    ]
    search_fields = [
        *MaterialPage.search_fields,
        index.SearchField("behind"),
        index.SearchField("answer", boost=2),
        index.SearchField("proof"),
        index.SearchField("next_question"),
    ]
    edit_handler = _tabs(
        [
            TitleFieldPanel(
                "title",
                heading=_("The objection, in the customer's words"),
                help_text=_("As it is said on the telephone: “It is too expensive”."),
            ),
            FieldPanel("answer"),
            MultiFieldPanel(
                [
                    FieldPanel("proof"),
                    FieldRowPanel([PageChooserPanel("proof_page"), FieldPanel("proof_anchor")]),
                ],
                heading=_("Proof"),
            ),
            FieldPanel("behind"),
            FieldPanel("next_question"),
        ]
    )

    class Meta:
        verbose_name = _("objection card")
        verbose_name_plural = _("objection cards")

    @cached_property
    def answer_paragraphs(self) -> list[str]:
        """The answer in plain text, as a search result shows it and as it is copied into a chat or an e-mail."""
        return write_plain(self.answer).split("\n\n")

    @property
    def answer_id(self) -> str:
        """Names the answer on a page that shows several."""
        return f"answer-{self.pk}"


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

    job_roles = ParentalManyToManyField(
        "partners.JobRole",
        verbose_name=_("for these job roles"),
        blank=True,
        related_name="courses",
        help_text=_("Shown to the reader and on their home page. Does not close the course to others."),
    )
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=0, help_text=_("How long the whole course takes. 0: the sum of its lessons.")
    )

    shared_template = "training/shared/course.html"
    subpage_types = ["training.LessonPage"]
    edit_handler = _tabs(
        [*MaterialPage.content_panels, FieldRowPanel([FieldPanel("minutes")]), FieldPanel("job_roles")],
    )

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")


class LessonPage(MaterialPage):
    """One step of a course. Completing it pins the revision that was studied."""

    minutes = models.PositiveSmallIntegerField(pgettext_lazy("length of a lesson", "minutes"), default=10)
    body = StreamField(BodyBlock(), verbose_name=_("sections"), blank=True)

    shared_template = "training/shared/lesson.html"
    subpage_types: list[str] = []
    search_fields = [*MaterialPage.search_fields, index.SearchField("body")]
    edit_handler = _tabs(
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
