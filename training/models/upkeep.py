"""How materials are kept true: who looked when, what changed, whom it reached, and what readers say is wrong."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.core.models import PublicIdModel
from training.models.base import MaterialPage


class UpkeepQuerySet(models.QuerySet["Upkeep"]):
    def due_by(self, moment: datetime) -> Self:
        """Live materials that are to be looked through by ``moment``."""
        return self.filter(due_at__lte=moment, page__live=True)

    def to_remind(self, now: datetime) -> Self:
        """Live materials with a reminder whose time has come."""
        return self.filter(remind_at__lte=now, page__live=True)


class Upkeep(models.Model):
    """When a material was last found true, and when it is to be looked through again.

    The later three moments follow from the first and the page's interval (:mod:`training.freshness`); they are kept so
    that the board and the sweeper ask by index.
    """

    page = models.OneToOneField(MaterialPage, on_delete=models.CASCADE, related_name="upkeep")
    verified_at = models.DateTimeField(_("found true at"))
    ask_from = models.DateTimeField(_("due from"))
    due_at = models.DateTimeField(_("to be looked through by"))
    # The next reminder to the owner; null after the last.
    remind_at = models.DateTimeField(_("next reminder"), null=True)

    objects = UpkeepQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("upkeep")
        verbose_name_plural = _("upkeep")
        indexes = [
            # The board, and each owner's own list.
            models.Index(fields=["due_at"], name="training_upkeep_due"),
            # The sweeper that reminds owners.
            models.Index(fields=["remind_at"], condition=Q(remind_at__isnull=False), name="training_upkeep_remind"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(due_at__gt=models.F("ask_from"), ask_from__gte=models.F("verified_at")),
                name="training_upkeep_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page_id}: {self.due_at:%Y-%m-%d}"


class Verification(models.Model):
    """That someone looked a material through and found it still true; append-only."""

    page = models.ForeignKey(MaterialPage, on_delete=models.CASCADE, related_name="verifications")
    revision = models.ForeignKey("wagtailcore.Revision", null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    verified_at = models.DateTimeField(_("found true at"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        ordering = ["-verified_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.page_id}: {self.verified_at:%Y-%m-%d}"


class RemarkKind(models.TextChoices):
    WRONG = "wrong", _("It is wrong")
    OUTDATED = "outdated", _("It is out of date")
    FAILED = "failed", _("It did not work on a call")


class RemarkOutcome(models.TextChoices):
    MENDED = "mended", _("Mended")
    KEPT = "kept", _("Stays as it is")


class Remark(PublicIdModel):
    """What a reader says is wrong with a paragraph, the paragraph as it was, and what came of it."""

    page = models.ForeignKey(MaterialPage, verbose_name=_("material"), on_delete=models.CASCADE, related_name="remarks")
    block_id = models.CharField(max_length=64, blank=True)
    quoted = models.TextField(_("paragraph"), blank=True)
    kind = models.CharField(_("what is wrong"), max_length=10, choices=RemarkKind.choices)
    words = models.TextField(_("in the reader's words"), max_length=1000, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="remarks")
    membership = models.ForeignKey("partners.Membership", null=True, on_delete=models.PROTECT, related_name="remarks")
    made_at = models.DateTimeField(_("made at"))
    outcome = models.CharField(_("outcome"), max_length=10, blank=True, choices=RemarkOutcome.choices)
    answer = models.TextField(_("answer to the reader"), max_length=1000, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    closed_at = models.DateTimeField(_("closed at"), null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("remark")
        verbose_name_plural = _("remarks")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="training_remark_closed_with_outcome",
            ),
        ]
        indexes = [
            # The open remarks of a material: its owner's list and the board.
            models.Index(fields=["page"], condition=Q(closed_at__isnull=True), name="training_remark_open"),
            # A reader's own remarks, and how many they made lately.
            models.Index(fields=["user", "-made_at"], name="training_remark_mine"),
        ]

    def __str__(self) -> str:
        return f"{self.page_id}: {self.kind}"


class Change(models.Model):
    """One publishing of a material: minor or material, what it says to readers, and the blocks before and after.

    The difference is kept as text, so that it can be read after old revisions have been purged.
    """

    page = models.ForeignKey(MaterialPage, verbose_name=_("material"), on_delete=models.CASCADE, related_name="changes")
    # The material whatever its language: the page's translation_key.
    material_key = models.UUIDField(_("material key"))
    revision = models.ForeignKey("wagtailcore.Revision", null=True, on_delete=models.SET_NULL, related_name="+")
    is_first = models.BooleanField(_("first publishing"), default=False)
    is_material = models.BooleanField(_("material"), default=False)
    line = models.CharField(_("for readers"), max_length=200, blank=True)
    # [{"id": block id, "kind": "added" | "changed" | "removed" | "moved", "label": ..., "before": ..., "after": ...}]
    blocks = models.JSONField(_("blocks"), default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(_("published at"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_material=False) | ~Q(line=""), name="training_change_material_has_line"
            ),
        ]
        indexes = [
            # What has changed on a page since a moment: the line above it, and its history.
            models.Index(fields=["page", "-published_at"], name="training_change_page"),
        ]

    def __str__(self) -> str:
        return f"{self.page_id}: {self.published_at:%Y-%m-%d}"


class ChangeAddressee(models.Model):
    """A reader whom a material change is addressed to, under which membership, and how far it came.

    Whether it was delivered is not kept here: the notice itself knows (``portal.notifications``).
    """

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="addressees")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # The one that opened the material to them when it changed; the oldest of several.
    membership = models.ForeignKey("partners.Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    # When the changed page was opened; and when they were last reminded of it.
    opened_at = models.DateTimeField(_("opened at"), null=True)
    reminded_at = models.DateTimeField(_("reminded at"), null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("addressee of a change")
        verbose_name_plural = _("addressees of changes")
        constraints = [
            # Also serves the page: is this reader to be shown this change?
            models.UniqueConstraint(fields=["user", "change"], name="training_addressee_once"),
        ]

    def __str__(self) -> str:
        return f"{self.change_id}: {self.user_id}"
