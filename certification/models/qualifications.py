"""That a partner meets a programme now: the gate for leads."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from certification.models.programmes import Programme
from portal.partners.models import Partner


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
