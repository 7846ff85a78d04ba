"""Whom of a partner an offer was told, when, and whether they accepted it by the link in their letter."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.core.models import PublicIdModel
from portal.leads.models.offers import Offer
from portal.partners.models import Membership


class Round(models.TextChoices):
    """When in the time of an offer somebody is told of it."""

    FIRST = "first", pgettext_lazy("telling", "At once")
    NEXT = "next", pgettext_lazy("telling", "When half the time was over")
    REST = "rest", pgettext_lazy("telling", "When a quarter of the time was left")


class Telling(PublicIdModel):
    """That a member was told of an offer, once. Their own link to accept it is this row's public id, signed.

    ``used_at``: when the offer was accepted by that link. It works once.
    """

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="tellings", verbose_name=_("offer"))
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="tellings", verbose_name=_("member")
    )
    round = models.CharField(_("when"), max_length=5, choices=Round.choices, default=Round.FIRST)
    told_at = models.DateTimeField(_("told"))
    used_at = models.DateTimeField(_("accepted by the link"), null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("telling of an offer")
        verbose_name_plural = _("tellings of offers")
        ordering = ["told_at", "pk"]
        constraints = [
            # Nobody is told twice.
            models.UniqueConstraint(fields=["offer", "membership"], name="leads_telling_once"),
            # Of all links to one offer a single one is ever used.
            models.UniqueConstraint(
                fields=["offer"], condition=Q(used_at__isnull=False), name="leads_telling_one_link_used"
            ),
            models.CheckConstraint(condition=Q(round__in=Round.values), name="leads_telling_round_known"),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(used_at__gte=F("told_at")), name="leads_telling_used_after"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer_id}: {self.membership_id}"


class OfferWatchQuerySet(models.QuerySet["OfferWatch"]):
    def due(self, now: datetime) -> Self:
        return self.filter(due_at__lte=now)


class OfferWatch(models.Model):
    """An offer of which further colleagues are told if nobody looks at it. The row is gone when there is nothing to do.

    ``due_at``: when to look next: at half of the time to answer, then at ``last_call_at``, and where somebody is not to
    be disturbed then, when their night ends.
    """

    offer = models.OneToOneField(Offer, on_delete=models.CASCADE, primary_key=True, related_name="watch")
    due_at = models.DateTimeField(_("to be looked at"))
    last_call_at = models.DateTimeField(_("everybody is told from"))

    objects = OfferWatchQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("watch over an offer")
        verbose_name_plural = _("watches over offers")
        # The sweeper: what is due, soonest first.
        indexes = [models.Index(fields=["due_at"], name="leads_offerwatch_due")]

    def __str__(self) -> str:
        return f"{self.offer_id}: {self.due_at:%Y-%m-%d %H:%M}"
