"""That a member is away for a time: no lead is given to them, and they are told of no offer."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.core.models import PublicIdModel
from portal.partners.models import Membership, Partner, in_force


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def in_force(self, now: datetime) -> Self:
        return self.filter(in_force(now, start="starts_at", end="ends_at"))

    def standing(self, now: datetime) -> Self:
        """In force, or still to come."""
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))

    def due(self, now: datetime) -> Self:
        """Those whose time has come and whose leads have not been seen to."""
        return self.filter(began_at__isnull=True, starts_at__lte=now)

    def for_partner(self, partner: Partner) -> Self:
        return self.filter(membership__partner=partner)


class Absence(PublicIdModel):
    """Holds from ``starts_at`` until ``ends_at`` (exclusive), or until somebody ends it. A plan that came to nothing is
    deleted; what has begun stays.

    Two absences of one member never overlap: on PostgreSQL the database itself sees to it
    (``leads_absence_one_at_a_time``, written in the migration), on SQLite, where whoever writes is alone, the service.
    """

    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="absences", verbose_name=_("member")
    )
    starts_at = models.DateTimeField(_("away from"))
    ends_at = models.DateTimeField(_("back on"), null=True, blank=True)
    deputy = models.ForeignKey(
        Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("deputy")
    )
    keeps_leads = models.BooleanField(_("keeps the leads in work"), default=False)
    # When it took effect: leads were passed on then, so many.
    began_at = models.DateTimeField(_("took effect"), null=True, blank=True, editable=False)
    passed = models.PositiveIntegerField(_("leads passed on"), default=0, editable=False)
    passed_to = models.ForeignKey(
        Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("passed on to"),
    )  # fmt: skip
    said_at = models.DateTimeField(_("said"))
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = AbsenceQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("absence of a member")
        verbose_name_plural = _("absences of members")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="leads_absence_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(deputy__isnull=True) | ~Q(deputy=F("membership")), name="leads_absence_deputy_is_another"
            ),
            models.CheckConstraint(
                condition=Q(began_at__isnull=False) | Q(passed=0), name="leads_absence_passed_once_begun"
            ),
        ]
        indexes = [
            # Who is away: asked wherever somebody is chosen.
            models.Index(fields=["membership", "ends_at"], name="leads_absence_member"),
            # The sweeper: absences whose first day has come.
            models.Index(fields=["starts_at"], condition=Q(began_at__isnull=True), name="leads_absence_due"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.starts_at:%Y-%m-%d}"

    def is_in_force(self, now: datetime) -> bool:
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)
