"""A lead put to a partner, and the stored explanation of each choice."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.core.models import PublicIdModel
from portal.leads.models.leads import Lead
from portal.leads.models.routes import Roster, Route
from portal.leads.policies import MOST_SLOTS
from portal.partners.models import Membership, Partner


class OfferState(models.TextChoices):
    OPEN = "open", pgettext_lazy("offer", "Open")
    ACCEPTED = "accepted", pgettext_lazy("offer", "Accepted")
    DECLINED = "declined", pgettext_lazy("offer", "Declined")
    EXPIRED = "expired", pgettext_lazy("offer", "Expired")
    WITHDRAWN = "withdrawn", pgettext_lazy("offer", "Withdrawn")
    #: Offered to several at once, and another partner accepted first.
    OVERTAKEN = "overtaken", pgettext_lazy("offer", "Taken by another")


class DeclineReason(models.TextChoices):
    NO_TIME = "no_time", _("We have no time for it now")
    WRONG_PLACE = "wrong_place", _("It is outside our area")
    WRONG_NEED = "wrong_need", _("It is not what we do")
    TOO_SMALL = "too_small", _("The deal is too small for us")
    KNOWN = "known", _("We know this customer already")
    OTHER = "other", _("Another reason")


class OfferQuerySet(models.QuerySet["Offer"]):
    def open(self) -> Self:
        return self.filter(state=OfferState.OPEN)

    def due(self, now: datetime) -> Self:
        """Open offers past their window."""
        return self.open().filter(due_at__lte=now)

    def for_partner(self, partner: Partner) -> Self:
        return self.filter(partner=partner)


class Offer(PublicIdModel):
    """A lead put to one partner for a limited time. A partner is never offered a lead twice."""

    # Keys that begin another index have none of their own: offers are written by the hundred.
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, related_name="offers", db_index=False, verbose_name=_("lead")
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="offers", db_index=False, verbose_name=_("partner")
    )
    route = models.ForeignKey(
        Route, on_delete=models.PROTECT, related_name="offers", db_index=False, verbose_name=_("route")
    )
    tick = models.PositiveBigIntegerField(
        _("turn"),
        null=True,
        help_text=_("The turn of the route that was spent on it; none where staff gave it by hand."),
    )
    slot = models.PositiveSmallIntegerField(
        _("place"), default=1, help_text=_("Of those in which its lead is offered at once.")
    )
    # Staff's: said of an offer that they made, or took back.
    override_reason = models.CharField(_("why by hand"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=OfferState.choices, default=OfferState.OPEN)
    made_at = models.DateTimeField(_("offered"))
    due_at = models.DateTimeField(_("to be answered by"))
    seen_at = models.DateTimeField(_("first seen"), null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(_("answered"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answered by"),
    )
    decline_reason = models.CharField(_("declined because"), max_length=12, choices=DeclineReason.choices, blank=True)
    decline_note = models.CharField(_("note"), max_length=300, blank=True)

    objects = OfferQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["lead", "partner"], name="leads_offer_once_per_partner"),
            models.UniqueConstraint(
                fields=["lead", "slot"], condition=Q(state=OfferState.OPEN), name="leads_offer_one_open_per_slot"
            ),
            models.CheckConstraint(condition=Q(slot__gte=1, slot__lte=MOST_SLOTS), name="leads_offer_slot"),
            models.UniqueConstraint(
                fields=["lead"], condition=Q(state=OfferState.ACCEPTED), name="leads_offer_one_accepted_per_lead"
            ),
            models.UniqueConstraint(fields=["route", "tick"], name="leads_offer_one_per_turn"),
            models.CheckConstraint(condition=Q(state__in=OfferState.values), name="leads_offer_state_known"),
            models.CheckConstraint(
                condition=Q(state=OfferState.OPEN, closed_at__isnull=True)
                | ~Q(state=OfferState.OPEN) & Q(closed_at__isnull=False),
                name="leads_offer_closed_when",
            ),
            models.CheckConstraint(
                condition=Q(state=OfferState.DECLINED) & ~Q(decline_reason="")
                | ~Q(state=OfferState.DECLINED) & Q(decline_reason=""),
                name="leads_offer_declined_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("made_at")), name="leads_offer_window"),
            models.CheckConstraint(
                condition=Q(tick__isnull=False) | ~Q(override_reason=""), name="leads_offer_a_turn_or_a_reason"
            ),
        ]
        indexes = [
            # The sweeper: open offers past their window.
            models.Index(fields=["due_at"], condition=Q(state=OfferState.OPEN), name="leads_offer_due"),
            # The cap and the partner's list: its open offers, the most urgent first.
            models.Index(fields=["partner", "due_at"], condition=Q(state=OfferState.OPEN), name="leads_offer_open"),
            # What became of a partner's earlier offers, latest first.
            models.Index(fields=["partner", "-closed_at"], name="leads_offer_history"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.partner_id}"

    @property
    def is_open(self) -> bool:
        return self.state == OfferState.OPEN


class Decision(models.Model):
    """The stored explanation of one routing: every partner considered, what stopped it, the credits, the winner.

    ``verdicts`` has one letter of :class:`portal.leads.routing.Verdict` per entry of the roster; ``credits`` holds the
    credits before this tick of those that competed, in the same order. With the roster's weights the choice can be made
    again, to the last unit. Without a winner no turn was taken, and the lead was held.
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("lead"))
    route = models.ForeignKey(
        Route, on_delete=models.PROTECT, related_name="decisions", db_index=False, verbose_name=_("route")
    )
    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="decisions")
    tick = models.PositiveBigIntegerField(_("turn"), null=True, blank=True)
    made_at = models.DateTimeField(_("decided"))
    winner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("winner")
    )
    verdicts = models.TextField()
    credits = models.JSONField(default=list)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["made_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["route", "tick"], name="leads_decision_one_per_turn"),
            models.CheckConstraint(
                condition=Q(tick__isnull=True, winner__isnull=True) | Q(tick__isnull=False, winner__isnull=False),
                name="leads_decision_turn_has_a_winner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}, {self.route_id}: {self.winner_id or '–'}"


class CorrectionKind(models.TextChoices):
    UNDONE = "undone", pgettext_lazy("correction", "Turn given back")
    SETTLED = "settled", pgettext_lazy("correction", "Residue settled")


class Correction(models.Model):
    """Credits moved without a lead: a turn that was undone, the residue of a partner that left. Rows are only added.

    ``entries`` is a list of [partner id, units] that sum to zero, as the credits of a route always do.
    """

    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="corrections", verbose_name=_("route"))
    kind = models.CharField(_("kind"), max_length=10, choices=CorrectionKind.choices)
    after_tick = models.PositiveBigIntegerField(_("after turn"))
    entries = models.JSONField()
    offer = models.OneToOneField(
        Offer, on_delete=models.PROTECT, null=True, related_name="correction", verbose_name=_("offer")
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("partner that left")
    )
    reason = models.CharField(_("reason"), max_length=300)
    made_at = models.DateTimeField(_("made"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("made by")
    )

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("correction of credits")
        verbose_name_plural = _("corrections of credits")
        ordering = ["route", "after_tick", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="undone", offer__isnull=False, partner__isnull=True)
                | Q(kind="settled", offer__isnull=True, partner__isnull=False),
                name="leads_correction_of_what",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="leads_correction_for_a_reason"),
        ]
        indexes = [models.Index(fields=["route", "after_tick"], name="leads_correction_order")]

    def __str__(self) -> str:
        return f"{self.route_id}/{self.after_tick}: {self.kind}"


class OverrideKind(models.TextChoices):
    EXCLUDED = "excluded", pgettext_lazy("override", "Kept from a partner")
    ASSIGNED = "assigned", pgettext_lazy("override", "Given by hand")
    PULLED_BACK = "pulled_back", pgettext_lazy("override", "Taken back")
    REOPENED = "reopened", pgettext_lazy("override", "Outcome taken back")


class Override(models.Model):
    """That staff decided about a lead in place of the rule. Rows are only added; they stand in the fairness report."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="overrides", verbose_name=_("lead"))
    kind = models.CharField(_("kind"), max_length=12, choices=OverrideKind.choices)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", verbose_name=_("partner"))
    # Of a lead that the partner had: the lead itself forgets it.
    assignee = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("worked by")
    )
    reason = models.CharField(_("reason"), max_length=300)
    made_at = models.DateTimeField(_("made"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("made by")
    )

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("override")
        verbose_name_plural = _("overrides")
        ordering = ["made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "partner"], condition=Q(kind="excluded"), name="leads_override_excluded_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="leads_override_for_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}, {self.partner_id}: {self.kind}"
