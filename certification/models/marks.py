"""What exams and programmes have in common: a mark."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.models import ClusterableModel

#: Percentages are whole: a pass mark of 66.6 could not be told to a candidate.
PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


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
