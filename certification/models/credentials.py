"""What a person holds after passing."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from certification import timing
from certification.models.attempts import Attempt
from certification.models.exams import Exam
from portal.core.models import PublicIdModel
from portal.partners.models import Partner


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
