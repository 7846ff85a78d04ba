"""Which exams a person passes, and how many certified people a partner needs."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from wagtail.models import Orderable

from certification.models.exams import Exam
from certification.models.marks import MarkedModel, MarkShape
from portal.core.localised import LocalisedTextField


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
