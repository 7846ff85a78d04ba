"""A partner contests what was decided about a lead: the case, what both sides say, and the answer."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.content.models import Product
from portal.core.models import PublicIdModel
from portal.leads.models.offers import Correction, Decision, Offer, Override
from portal.partners.models import Membership, Partner, Region

TEXT_LENGTH = 2000


class DisputeSubject(models.TextChoices):
    OFFER = "offer", _("What became of an offer")
    OUTCOME = "outcome", _("The outcome of a lead")
    MISSED = "missed", _("Leads that went past us")


class DisputeState(models.TextChoices):
    OPEN = "open", pgettext_lazy("dispute", "Open")
    UPHELD = "upheld", pgettext_lazy("dispute", "Upheld")
    REJECTED = "rejected", pgettext_lazy("dispute", "Rejected")
    WITHDRAWN = "withdrawn", pgettext_lazy("dispute", "Withdrawn")


#: Staff have answered.
ANSWERED = (DisputeState.UPHELD, DisputeState.REJECTED)


class Remedy(models.TextChoices):
    TURN = "turn", _("The turn is given back")
    REOPEN = "reopen", _("The outcome is taken back")
    ENTRY = "entry", _("It is recorded")


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def open(self) -> Self:
        return self.filter(state=DisputeState.OPEN)

    def overdue(self, now: datetime) -> Self:
        return self.open().filter(due_at__lte=now)

    def for_partner(self, partner: Partner) -> Self:
        return self.filter(partner=partner)


class Dispute(PublicIdModel):
    """One partner's case against one decision. It holds what the partner may see of that decision and nothing of others:
    its own letter, its own offer; of leads that went past it only the group in which they were told."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="disputes", verbose_name=_("partner"))
    kind = models.CharField(_("about"), max_length=8, choices=DisputeSubject.choices)
    # Names what is contested, so that one case stands for it: "offer:12", "missed:n:2026-11-23:4:-".
    subject = models.CharField(max_length=80)
    offer = models.ForeignKey(
        Offer, on_delete=models.PROTECT, null=True, related_name="disputes", verbose_name=_("offer")
    )
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("decision")
    )
    verdict = models.CharField(_("the partner's letter"), max_length=1, blank=True)
    missed_leads = models.PositiveIntegerField(_("leads"), null=True)
    missed_week = models.DateField(_("week"), null=True)
    missed_region = models.ForeignKey(
        Region, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("region")
    )
    missed_product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("product")
    )
    # Of a person who decided: somebody else answers.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    state = models.CharField(_("state"), max_length=10, choices=DisputeState.choices, default=DisputeState.OPEN)
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", verbose_name=_("opened by"))
    due_at = models.DateTimeField(_("to be answered by"))
    reminded_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("closed by")
    )
    answer = models.TextField(_("answer"), max_length=TEXT_LENGTH, blank=True)
    remedy = models.CharField(_("what was done"), max_length=6, choices=Remedy.choices, blank=True)
    correction = models.OneToOneField(Correction, on_delete=models.PROTECT, null=True, related_name="dispute")
    override = models.OneToOneField(Override, on_delete=models.PROTECT, null=True, related_name="dispute")

    objects = DisputeQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            # One open case for a subject, and its answer is final; one that was withdrawn may be opened again.
            models.UniqueConstraint(
                fields=["partner", "subject"], condition=~Q(state=DisputeState.WITHDRAWN), name="leads_dispute_one_case"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=DisputeState.OPEN, closed_at__isnull=True, closed_by__isnull=True, answer="", remedy=""
                )
                | Q(
                    state=DisputeState.WITHDRAWN, closed_at__isnull=False, closed_by__isnull=False, answer="", remedy=""
                )
                | Q(state=DisputeState.REJECTED, closed_at__isnull=False, closed_by__isnull=False, remedy="")
                & ~Q(answer="")
                | Q(
                    state=DisputeState.UPHELD,
                    closed_at__isnull=False,
                    closed_by__isnull=False,
                    remedy__in=Remedy.values,
                )
                & ~Q(answer=""),
                name="leads_dispute_state",
            ),
            models.CheckConstraint(
                condition=Q(remedy=Remedy.TURN, correction__isnull=False)
                | ~Q(remedy=Remedy.TURN) & Q(correction__isnull=True),
                name="leads_dispute_turn_by_a_correction",
            ),
            models.CheckConstraint(
                condition=Q(remedy=Remedy.REOPEN, kind=DisputeSubject.OUTCOME, override__isnull=False)
                | ~Q(remedy=Remedy.REOPEN) & Q(override__isnull=True),
                name="leads_dispute_outcome_by_an_override",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=(DisputeSubject.OFFER, DisputeSubject.OUTCOME), offer__isnull=False)
                | Q(kind=DisputeSubject.MISSED, offer__isnull=True, missed_leads__isnull=False) & ~Q(verdict=""),
                name="leads_dispute_about_what",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=ANSWERED) | Q(decided_by__isnull=True) | ~Q(closed_by=F("decided_by")),
                name="leads_dispute_answered_by_another",
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("opened_at")), name="leads_dispute_due_after"),
        ]
        indexes = [
            # The sweeper and the desk: open cases, the most urgent first.
            models.Index(fields=["due_at"], condition=Q(state=DisputeState.OPEN), name="leads_dispute_due"),
            # A partner's own, the latest first.
            models.Index(fields=["partner", "-opened_at"], name="leads_dispute_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}, {self.subject}"

    @property
    def is_open(self) -> bool:
        return self.state == DisputeState.OPEN


class Side(models.TextChoices):
    PARTNER = "partner", pgettext_lazy("side", "The partner")
    VENDOR = "vendor", pgettext_lazy("side", "The vendor")


class DisputeEvidence(models.Model):
    """What one side says in a case; both read it. Rows are only added."""

    dispute = models.ForeignKey(Dispute, on_delete=models.CASCADE, related_name="evidence")
    side = models.CharField(_("side"), max_length=8, choices=Side.choices)
    text = models.TextField(_("text"), max_length=TEXT_LENGTH)
    written_at = models.DateTimeField(_("written"))
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("evidence in a dispute")
        verbose_name_plural = _("evidence in disputes")
        ordering = ["written_at", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="leads_disputeevidence_says_something")]

    def __str__(self) -> str:
        return f"{self.dispute_id}: {self.side}"
