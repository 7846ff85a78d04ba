"""A lead, and what is known of the customer."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.content.models import Product
from portal.core.models import PublicIdModel
from portal.leads.models.routes import Route, RoutePolicy
from portal.leads.models.sources import Source
from portal.leads.policies import Asked
from portal.leads.rows import Field, write_phone
from portal.partners.models import Membership, Partner, Region


class LeadStatus(models.TextChoices):
    NEW = "new", pgettext_lazy("lead", "New")
    OFFERED = "offered", pgettext_lazy("lead", "Offered")
    ACCEPTED = "accepted", pgettext_lazy("lead", "Accepted")
    WON = "won", pgettext_lazy("lead", "Won")
    LOST = "lost", pgettext_lazy("lead", "Lost")
    HELD = "held", pgettext_lazy("lead", "Held")
    CLOSED = "closed", pgettext_lazy("lead", "Closed")


#: No partner has taken these yet.
WITH_NOBODY = (LeadStatus.NEW, LeadStatus.OFFERED, LeadStatus.HELD)
#: A partner works these or did.
TAKEN = (LeadStatus.ACCEPTED, LeadStatus.WON, LeadStatus.LOST)
#: Nothing more will happen to these.
FINISHED = (LeadStatus.WON, LeadStatus.LOST, LeadStatus.CLOSED)


class HeldReason(models.TextChoices):
    UNKNOWN_PRODUCT = "unknown_product", _("Unknown product")
    UNKNOWN_REGION = "unknown_region", _("Unknown region")
    NO_ROUTE = "no_route", _("No route takes it")
    NO_CONTACT = "no_contact", _("Nobody to call: neither company nor contact")
    NO_QUALIFIED_PARTNER = "no_qualified_partner", _("No partner is qualified")
    NO_PARTNER_HERE = "no_partner_here", _("No qualified partner for this region and product")
    AT_CAPACITY = "at_capacity", _("Every partner has as many open offers as it may")
    ALL_OFFERED = "all_offered", _("Every partner has been offered it")
    OFFERED_ENOUGH = "offered_enough", _("It was offered as often as its route allows")
    PAUSED = "paused", _("Every partner for it has paused")
    OUT_OF_HOURS = "out_of_hours", _("No partner for it works at this hour")
    DAY_FULL = "day_full", _("Every partner for it has had as many as it takes in a day")


#: Held for what the lead itself lacks: it wakes when the lead, its source or the routes are put right.
UNROUTABLE = (HeldReason.UNKNOWN_PRODUCT, HeldReason.UNKNOWN_REGION, HeldReason.NO_ROUTE, HeldReason.NO_CONTACT)
#: Held for want of a partner: it wakes as soon as there is one that can take it.
WAITING = (
    HeldReason.NO_QUALIFIED_PARTNER,
    HeldReason.NO_PARTNER_HERE,
    HeldReason.AT_CAPACITY,
    HeldReason.ALL_OFFERED,
    HeldReason.PAUSED,
    HeldReason.OUT_OF_HOURS,
    HeldReason.DAY_FULL,
)

#: Nobody is left whom time or an answer could bring round: such a lead goes on at once, where its route says whereto.
FINAL = (
    HeldReason.NO_QUALIFIED_PARTNER,
    HeldReason.NO_PARTNER_HERE,
    HeldReason.ALL_OFFERED,
    HeldReason.OFFERED_ENOUGH,
)
#: What says of a lead that it is held, and until when, as it is when it is held no more.
UNHELD: dict[str, Any] = {"held_reason": "", "held_at": None, "recheck_at": None, "fallback_at": None}


class LostReason(models.TextChoices):
    NO_ANSWER = "no_answer", _("Could not be reached")
    NO_NEED = "no_need", _("No need after all")
    PRICE = "price", _("Price")
    COMPETITOR = "competitor", _("Chose another supplier")
    TIMING = "timing", _("Not now")
    INVALID = "invalid", _("Not a real request")
    OTHER = "other", _("Another reason")


class Stage(models.TextChoices):
    """How far a partner is with a lead that it took."""

    TAKEN = "taken", pgettext_lazy("stage", "To call")
    CONTACTED = "contacted", pgettext_lazy("stage", "Spoken with")
    MEETING = "meeting", pgettext_lazy("stage", "Meeting or demonstration")
    PROPOSAL = "proposal", pgettext_lazy("stage", "Proposal sent")


class LeadQuerySet(models.QuerySet["Lead"]):
    def new(self) -> Self:
        return self.filter(status=LeadStatus.NEW)

    def held(self) -> Self:
        return self.filter(status=LeadStatus.HELD)

    def waiting(self) -> Self:
        """Held only for want of a partner that can take them."""
        return self.held().filter(held_reason__in=WAITING)

    def for_partner(self, partner: Partner) -> Self:
        """Leads that the partner took: these it may read with their contact."""
        return self.filter(partner=partner, status__in=TAKEN)


class Lead(PublicIdModel):
    """A prospective customer's request."""

    # Keys that begin another index have none of their own: leads are written by the hundred.
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="leads", db_index=False, verbose_name=_("source")
    )
    external_id = models.CharField(_("number at the source"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=LeadStatus.choices, default=LeadStatus.NEW)
    route = models.ForeignKey(
        Route, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("route")
    )
    policy = models.ForeignKey(
        RoutePolicy, on_delete=models.PROTECT, null=True, blank=True, related_name="leads",
        verbose_name=_("policy of the route"),
    )  # fmt: skip
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("product")
    )
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("region")
    )
    company = models.CharField(_("company"), max_length=300, blank=True)
    sector = models.CharField(_("sector"), max_length=120, blank=True)
    country = models.CharField(_("country"), max_length=120, blank=True, help_text=_("As the source names it."))
    country_code = models.CharField(
        _("country's code"), max_length=2, blank=True, help_text=_("Of ISO 3166; none where the name is not known.")
    )
    score = models.PositiveSmallIntegerField(
        _("score"), null=True, blank=True, help_text=_("As its source scores it, from 0 to 100.")
    )
    employees = models.PositiveIntegerField(_("number of employees"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("In which the customer is met."))
    received_at = models.DateTimeField(
        _("received"), help_text=_("By the source; the time of storing where it does not say.")
    )
    stored_at = models.DateTimeField(_("stored"))
    held_reason = models.CharField(_("held because"), max_length=24, choices=HeldReason.choices, blank=True)
    held_at = models.DateTimeField(_("held since"), null=True, blank=True)
    # When time alone may end the hold: a partner opens, a day begins, a pause ends.
    recheck_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When it goes on to the route that its policy names, should nobody have become free. It stays while it is looked at.
    fallback_at = models.DateTimeField(_("goes on"), null=True, blank=True, editable=False)
    evidence = models.JSONField(
        _("as it came"), default=dict, blank=True, help_text=_("The cells by column, without personal data.")
    )
    problems = models.JSONField(
        _("problems"), default=list, blank=True, help_text=_("What was wrong with the row: field, reason, value.")
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", db_index=False,
        verbose_name=_("taken by"),
    )  # fmt: skip
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    assignee = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("worked by")
    )
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices, default=Stage.TAKEN)
    # As promised to the customer when the partner took it; none where its policy promises nothing.
    contact_due_at = models.DateTimeField(_("first contact by"), null=True, blank=True)
    first_contact_at = models.DateTimeField(_("first contact"), null=True, blank=True)
    next_step = models.CharField(_("next step"), max_length=200, blank=True)
    next_step_on = models.DateField(_("on"), null=True, blank=True)
    # While it is in work under a policy that takes idle leads back. Empty once the partner was warned.
    warn_at = models.DateTimeField(null=True, blank=True, editable=False)
    return_at = models.DateTimeField(_("goes back"), null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    finished_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    value = models.BigIntegerField(_("value in minor units"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    lost_reason = models.CharField(_("lost because"), max_length=12, choices=LostReason.choices, blank=True)
    outcome_note = models.CharField(_("note on the outcome"), max_length=500, blank=True)

    objects = LeadQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        ordering = ["-received_at", "-pk"]
        constraints = [
            # Identity: company alone is never a duplicate.
            models.UniqueConstraint(fields=["source", "external_id"], name="leads_lead_identity"),
            models.CheckConstraint(condition=Q(status__in=LeadStatus.values), name="leads_lead_status_known"),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=100), name="leads_lead_score"
            ),
            models.CheckConstraint(
                condition=Q(status=LeadStatus.HELD, held_at__isnull=False) & ~Q(held_reason="")
                | Q(status=LeadStatus.NEW, held_reason="")  # it may be that a held one is only looked at again
                | ~Q(status__in=(LeadStatus.NEW, LeadStatus.HELD)) & Q(held_at__isnull=True, held_reason=""),
                name="leads_lead_held_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(fallback_at__isnull=True) | Q(status__in=(LeadStatus.NEW, LeadStatus.HELD)),
                name="leads_lead_goes_on_from_waiting",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=(LeadStatus.NEW, LeadStatus.OFFERED))
                | Q(route__isnull=False, policy__isnull=False, product__isnull=False, region__isnull=False),
                name="leads_lead_routed",
            ),
            models.CheckConstraint(
                condition=Q(status__in=TAKEN, partner__isnull=False, accepted_at__isnull=False)
                | Q(status__in=WITH_NOBODY, partner__isnull=True, accepted_at__isnull=True)
                | Q(status=LeadStatus.CLOSED),
                name="leads_lead_taken_by_a_partner",
            ),
            models.CheckConstraint(
                condition=Q(assignee__isnull=True) | ~Q(status__in=WITH_NOBODY), name="leads_lead_worked_once_taken"
            ),
            models.CheckConstraint(
                condition=Q(stage=Stage.TAKEN) | Q(first_contact_at__isnull=False), name="leads_lead_first_contact_when"
            ),
            models.CheckConstraint(
                condition=Q(return_at__isnull=True, warn_at__isnull=True)
                | Q(status=LeadStatus.ACCEPTED, return_at__isnull=False, warn_at__isnull=True)
                | Q(status=LeadStatus.ACCEPTED, warn_at__lt=F("return_at")),
                name="leads_lead_returns_from_work",
            ),
            models.CheckConstraint(
                condition=Q(status__in=FINISHED, finished_at__isnull=False)
                | ~Q(status__in=FINISHED) & Q(finished_at__isnull=True),
                name="leads_lead_finished_when",
            ),
            models.CheckConstraint(
                condition=Q(status=LeadStatus.WON, value__isnull=False, value__gte=0) & ~Q(currency="")
                | ~Q(status=LeadStatus.WON) & Q(value__isnull=True, currency=""),
                name="leads_lead_won_with_a_value",
            ),
            models.CheckConstraint(
                condition=Q(status=LeadStatus.LOST) & ~Q(lost_reason="")
                | ~Q(status=LeadStatus.LOST) & Q(lost_reason=""),
                name="leads_lead_lost_for_a_reason",
            ),
        ]
        indexes = [
            # The distributor claims a route's new leads, oldest first.
            models.Index(
                fields=["route", "received_at", "id"], condition=Q(status=LeadStatus.NEW), name="leads_lead_new"
            ),
            # Waking: a route's held leads for a region and a product, oldest first.
            models.Index(
                fields=["route", "region", "product", "received_at", "id"],
                condition=Q(status=LeadStatus.HELD),
                name="leads_lead_waiting",
            ),
            # The desk: held leads by reason; and those to look at again when a source or the routes change.
            models.Index(fields=["held_reason", "source"], condition=Q(status=LeadStatus.HELD), name="leads_lead_held"),
            # The sweeper: held leads that time alone may free.
            models.Index(
                fields=["recheck_at"],
                condition=Q(status=LeadStatus.HELD, recheck_at__isnull=False),
                name="leads_lead_recheck",
            ),
            # A partner's own leads, latest first.
            models.Index(
                fields=["partner", "-accepted_at"], condition=Q(partner__isnull=False), name="leads_lead_partner"
            ),
            # What somebody has to do, the earliest first.
            models.Index(
                fields=["assignee", "next_step_on"], condition=Q(status=LeadStatus.ACCEPTED), name="leads_lead_work"
            ),
            # The desk: customers that nobody has called, by what was promised.
            models.Index(
                fields=["contact_due_at", "accepted_at"],
                condition=Q(status=LeadStatus.ACCEPTED, first_contact_at__isnull=True),
                name="leads_lead_uncalled",
            ),
            # The sweeper: partners to be warned, and leads to be taken back.
            models.Index(fields=["warn_at"], condition=Q(warn_at__isnull=False), name="leads_lead_warn"),
            models.Index(fields=["return_at"], condition=Q(return_at__isnull=False), name="leads_lead_return"),
            # The staff's list, latest first, by status.
            models.Index(fields=["-received_at", "-id"], name="leads_lead_latest"),
            models.Index(fields=["status", "-received_at", "-id"], name="leads_lead_status"),
        ]

    def __str__(self) -> str:
        return self.company or self.external_id

    @property
    def asked(self) -> Asked:
        """What policies look at."""
        return Asked(
            source=self.source_id,
            product=self.product_id,
            region=self.region_id,
            language=self.language,
            employees=self.employees,
            country=self.country_code,
            score=self.score,
        )

    def hold_no_more(self) -> None:
        for name, value in UNHELD.items():
            setattr(self, name, value)

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED


class LeadNote(models.Model):
    """What somebody of a partner wrote about a lead, for colleagues. Rows are only added."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="notes")
    # Whose it is: a lead that was taken back keeps what its partner wrote, for that partner alone.
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("note"), max_length=2000)
    written_at = models.DateTimeField(_("written"))
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("note on a lead")
        verbose_name_plural = _("notes on leads")
        ordering = ["-written_at", "-pk"]
        indexes = [models.Index(fields=["lead", "-written_at"], name="leads_leadnote_latest")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.written_at:%Y-%m-%d %H:%M}"


class LeadContact(models.Model):
    """The customer's personal data: everything that names a person or reaches one. Blanked or deleted on its own."""

    lead = models.OneToOneField(Lead, on_delete=models.CASCADE, primary_key=True, related_name="contact")
    name = models.CharField(_("name"), max_length=300, blank=True)
    email = models.CharField(_("e-mail"), max_length=320, blank=True, help_text=_("As it came where it is none."))
    phone = models.CharField(_("phone"), max_length=120, blank=True, help_text=_("As it came where it is none."))
    message = models.TextField(_("message"), blank=True)
    evidence = models.JSONField(_("as it came"), default=dict, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("contact of a lead")
        verbose_name_plural = _("contacts of leads")

    def __str__(self) -> str:
        return self.name or self.email or self.phone

    @property
    def has_valid_email(self) -> bool:
        return "@" in self.email and not any(problem["field"] == Field.CONTACT_EMAIL for problem in self.lead.problems)

    @property
    def has_valid_phone(self) -> bool:
        return self.phone.startswith("+") and self.phone[1:].isdecimal()

    @property
    def phone_as_written(self) -> str:
        """The number as people write it: +44 20 5550 0106."""
        return write_phone(self.phone)
