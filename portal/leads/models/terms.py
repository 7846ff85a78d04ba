"""What a partner says about itself: when it works, how much it can take, in which languages; and when it pauses."""

from datetime import date, datetime, time

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.leads.hours import WorkingHours
from portal.partners.models import JobRole, Partner

MORNING, EVENING = time(9), time(18)


def working_week() -> list[int]:
    return [0, 1, 2, 3, 4]


class AssignRule(models.TextChoices):
    """Who of a partner works a lead that it takes."""

    ACCEPTER = "accepter", _("Whoever accepts it")
    LEAST_LOADED = "least", _("Whoever has the fewest leads in work")
    ROLE = "role", _("Whoever of one job role has the fewest leads in work")


class PartnerTerms(models.Model):
    """A partner's own terms. One without a row works around the clock, and takes what the vendor's caps allow."""

    partner = models.OneToOneField(Partner, on_delete=models.CASCADE, primary_key=True, related_name="lead_terms")
    open_cap = models.PositiveSmallIntegerField(
        _("offers waiting for us, at most"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("Empty: as many as the vendor allows."),
    )  # fmt: skip
    day_cap = models.PositiveSmallIntegerField(
        _("new offers a day, at most"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("Empty: as many as the vendor allows."),
    )  # fmt: skip
    languages = models.JSONField(_("languages we work in"), default=list, blank=True)
    assigns = models.CharField(
        _("who works a lead"), max_length=10, choices=AssignRule.choices, default=AssignRule.ACCEPTER
    )
    assigns_role = models.ForeignKey(
        JobRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("of which job role")
    )
    has_hours = models.BooleanField(_("we work at set hours"), default=False)
    workdays = models.JSONField(_("days we work"), default=working_week)
    opens_at = models.TimeField(_("from"), default=MORNING)
    closes_at = models.TimeField(_("until"), default=EVENING)
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    pause_reason = models.CharField(_("why"), max_length=200, blank=True)
    changed_at = models.DateTimeField(_("changed"))
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("terms of a partner")
        verbose_name_plural = _("terms of partners")
        constraints = [
            models.CheckConstraint(
                condition=Q(assigns=AssignRule.ROLE, assigns_role__isnull=False)
                | ~Q(assigns=AssignRule.ROLE) & Q(assigns_role__isnull=True),
                name="leads_partnerterms_of_a_role",
            ),
            models.CheckConstraint(
                condition=Q(has_hours=False) | Q(closes_at=time()) | Q(closes_at__gt=F("opens_at")),
                name="leads_partnerterms_day",
            ),
            models.CheckConstraint(
                condition=Q(paused_until__isnull=True) | Q(paused_at__isnull=False, paused_until__gt=F("paused_at")),
                name="leads_partnerterms_pause",
            ),
        ]

    def __str__(self) -> str:
        return str(self.partner_id)

    def is_paused(self, now: datetime) -> bool:
        return self.paused_at is not None and self.paused_at <= now and (
            self.paused_until is None or now < self.paused_until
        )  # fmt: skip

    def hours(self, zone: str, holidays: frozenset[date] = frozenset()) -> WorkingHours | None:
        """Its week in its zone; None where it works around the clock."""
        if not self.has_hours or not self.workdays:
            return None
        return WorkingHours(zone, frozenset(self.workdays), self.opens_at, self.closes_at, holidays)


class PartnerHoliday(models.Model):
    """A day on which a partner does not work."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="holidays")
    day = models.DateField(_("day"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("holiday of a partner")
        verbose_name_plural = _("holidays of partners")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["partner", "day"], name="leads_partnerholiday_once")]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.day}"
