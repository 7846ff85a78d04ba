"""What a person has read, keeps at hand, and has sent on."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.core.models import PublicIdModel
from training.models.base import MaterialPage


class Reading(models.Model):
    """That a person reads a material, in whichever language: when last, where they stopped, whether it is pinned."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="readings")
    # The material whatever its language: the page's translation_key.
    material_key = models.UUIDField(_("material key"))
    # The page in the language that was read last.
    page = models.ForeignKey(MaterialPage, on_delete=models.CASCADE, related_name="readings")
    first_read_at = models.DateTimeField(_("first read at"), null=True)
    last_read_at = models.DateTimeField(_("last read at"), null=True)
    times = models.PositiveIntegerField(_("times"), default=0)
    pinned_at = models.DateTimeField(_("pinned at"), null=True)
    # Where the viewer of a video stopped.
    seconds = models.PositiveIntegerField(_("stopped at, seconds"), default=0)
    # When they were there: of two devices the newer one holds.
    stopped_at = models.DateTimeField(_("stopped at"), null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints = [
            # Also serves the page itself: one person's row of one material.
            models.UniqueConstraint(fields=["user", "material_key"], name="training_reading_once"),
            models.CheckConstraint(
                condition=Q(last_read_at__isnull=True) | Q(last_read_at__gte=F("first_read_at")),
                name="training_reading_order",
            ),
        ]
        indexes = [
            # What a person has used lately: search before a word is typed, the home page.
            models.Index(fields=["user", "-last_read_at"], name="training_reading_lately"),
            # How much a material is read: the board, and who is to be told of a change.
            models.Index(fields=["material_key", "last_read_at"], name="training_reading_heat"),
            # What a person keeps at hand without a signal.
            models.Index(fields=["user"], condition=Q(pinned_at__isnull=False), name="training_reading_pinned"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.material_key}"


class WatchedStretch(models.Model):
    """That a person has watched a video from one second to another. Those of one person neither overlap nor touch."""

    reading = models.ForeignKey(Reading, on_delete=models.CASCADE, related_name="stretches")
    begins = models.PositiveIntegerField(_("from second"))
    # Not with it.
    ends = models.PositiveIntegerField(_("to second"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("watched stretch")
        verbose_name_plural = _("watched stretches")
        ordering = ["begins"]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("begins")), name="training_stretch_order"),
            # Of two that are joined, neither end is there twice.
            models.UniqueConstraint(fields=["reading", "begins"], name="training_stretch_begins_once"),
            models.UniqueConstraint(fields=["reading", "ends"], name="training_stretch_ends_once"),
        ]

    def __str__(self) -> str:
        return f"{self.reading_id}: {self.begins}-{self.ends}"


class ShareQuerySet(models.QuerySet["Share"]):
    def open(self, now: datetime) -> Self:
        """Neither past its end nor taken back."""
        return self.filter(expires_at__gt=now, withdrawn_at__isnull=True)


class Share(PublicIdModel):
    """A page for a customer, made of a material's shareable blocks, with the partner's name on it, for a time."""

    page = models.ForeignKey(MaterialPage, verbose_name=_("material"), on_delete=models.CASCADE, related_name="shares")
    membership = models.ForeignKey("partners.Membership", on_delete=models.PROTECT, related_name="shares")
    # Ids of the blocks that were chosen; what has become internal since is left out when it is shown.
    blocks = models.JSONField(_("blocks"), default=list)
    note = models.CharField(_("note to yourself"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("open until"))
    withdrawn_at = models.DateTimeField(_("taken back at"), null=True)

    objects = ShareQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="training_share_order"),
        ]
        indexes = [
            # What a member has sent, newest first.
            models.Index(fields=["membership", "-created_at"], name="training_share_mine"),
        ]

    def __str__(self) -> str:
        return self.public_id


class ShareOpening(models.Model):
    """That somebody opened a share. Nothing is kept of who it was."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="openings")
    as_pdf = models.BooleanField(default=False)
    opened_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("opening of a share")
        verbose_name_plural = _("openings of shares")
        ordering = ["-opened_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.share_id}: {self.opened_at:%Y-%m-%d}"
