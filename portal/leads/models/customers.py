"""What the portal writes to customers, what they answer, and who does not want to be written to."""

from datetime import datetime
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.core.models import PublicIdModel
from portal.leads.models.leads import Lead
from portal.leads.models.offers import Offer
from portal.partners.models import Partner

WORDS_LENGTH = 2000


class LetterKind(models.TextChoices):
    TOLD = "told", _("Who calls, and by when")
    ASKED = "asked", _("Whether they called, and how it was")


class LetterState(models.TextChoices):
    DUE = "due", pgettext_lazy("letter", "To be sent")
    SENT = "sent", pgettext_lazy("letter", "Sent")
    DROPPED = "dropped", pgettext_lazy("letter", "Not sent")


class DropReason(models.TextChoices):
    NO_ADDRESS = "no_address", _("No e-mail address")
    REFUSED = "refused", _("The customer does not want letters")
    TAKEN_BACK = "taken_back", _("The partner does not have the lead any more")
    CLOSED = "closed", _("The lead was closed")
    INVALID = "invalid", _("It was not a real request")
    CALLED = "called", _("They were called already")
    LATE = "late", _("The promised time was over")
    FAILED = "failed", _("The mail server did not take it")


class CustomerLetterQuerySet(models.QuerySet["CustomerLetter"]):
    def due(self, now: datetime) -> Self:
        return self.filter(state=LetterState.DUE, due_at__lte=now)


class CustomerLetter(PublicIdModel):
    """One letter to a lead's customer. It holds no address and no word of it: both are read when it is sent.

    Each is written once for an acceptance: a customer whose lead goes on to another partner is told who calls now.
    """

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="letters", verbose_name=_("lead"))
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="letters", verbose_name=_("offer"))
    kind = models.CharField(_("kind"), max_length=6, choices=LetterKind.choices)
    state = models.CharField(_("state"), max_length=8, choices=LetterState.choices, default=LetterState.DUE)
    due_at = models.DateTimeField(_("to be sent"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    drop_reason = models.CharField(_("not sent because"), max_length=10, choices=DropReason.choices, blank=True)
    claim = models.CharField(max_length=32, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=80, blank=True)

    objects = CustomerLetterQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("letter to a customer")
        verbose_name_plural = _("letters to customers")
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["lead", "kind", "offer"], name="leads_customerletter_once"),
            models.CheckConstraint(condition=Q(kind__in=LetterKind.values), name="leads_customerletter_kind_known"),
            models.CheckConstraint(
                condition=Q(state=LetterState.DUE, sent_at__isnull=True, drop_reason="")
                | Q(state=LetterState.SENT, sent_at__isnull=False, drop_reason="")
                | Q(state=LetterState.DROPPED, sent_at__isnull=True) & ~Q(drop_reason=""),
                name="leads_customerletter_state",
            ),
        ]
        indexes = [
            # The sender: what is due, the longest first.
            models.Index(fields=["due_at"], condition=Q(state=LetterState.DUE), name="leads_customerletter_due"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.kind}"


class CustomerAnswer(models.Model):
    """What a customer says of the partner that took the lead. The words are the customer's own: personal data, which may
    be blanked, or deleted with the row, without touching what was decided."""

    offer = models.OneToOneField(Offer, on_delete=models.CASCADE, primary_key=True, related_name="answer")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="answers")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    called = models.BooleanField(_("they were called"))
    called_on = models.DateField(_("on"), null=True, blank=True)
    # By the customer's own word, as it stood when they answered; none where that cannot be said.
    kept = models.BooleanField(_("the promised first contact was kept"), null=True)
    rating = models.PositiveSmallIntegerField(
        _("how it was"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    words = models.TextField(_("in their words"), max_length=WORDS_LENGTH, blank=True)
    wish = models.TextField(_("what they wish"), max_length=WORDS_LENGTH, blank=True)
    answered_at = models.DateTimeField(_("answered"))
    changed_at = models.DateTimeField(_("changed"))
    changes = models.PositiveSmallIntegerField(default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("answer of a customer")
        verbose_name_plural = _("answers of customers")
        ordering = ["-answered_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(rating__gte=1, rating__lte=5), name="leads_customeranswer_rating"
            ),
            models.CheckConstraint(
                condition=Q(called=True) | Q(called_on__isnull=True), name="leads_customeranswer_called_when"
            ),
        ]
        indexes = [
            # How a partner's customers were served, in the order of their answers.
            models.Index(fields=["partner", "answered_at"], name="leads_customeranswer_partner"),
            # The desk: the latest answers.
            models.Index(fields=["-answered_at"], name="leads_customeranswer_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.answered_at:%Y-%m-%d}"


class UnwantedAddress(models.Model):
    """That whoever has an address does not want letters about leads. The address itself is not kept: only a digest made
    with the installation's secret, so that the wish outlives the contact."""

    digest = models.CharField(max_length=64, unique=True)
    refused_at = models.DateTimeField(_("since"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("address that is not written to")
        verbose_name_plural = _("addresses that are not written to")

    def __str__(self) -> str:
        return self.digest[:8]
