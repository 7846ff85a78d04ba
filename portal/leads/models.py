"""Leads and everything that is decided about them.

A lead's status moves by services only::

    new -> offered -> accepted -> won | lost
     ^  \\-> held       (declined and expired offers lead back to new; held leads wake to new)
     any but won and lost -> closed, by staff

Personal data of the customer is in :class:`LeadContact` and nowhere else: it can be blanked without touching what was
decided.
"""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable

from certification.models import Programme
from portal.content.models import Product
from portal.core.localised import LocalisedTextField
from portal.core.models import PublicIdModel
from portal.leads.rows import Field, write_phone
from portal.partners.models import Partner, Region, Tier

# --- Where leads come from --------------------------------------------------------------------------------------------


class Source(ClusterableModel):
    """Where leads come from, and how its files are read."""

    slug = models.SlugField(_("slug"), unique=True, help_text=_("Stable: the import command names it."))
    name = LocalisedTextField(_("name"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("source of leads")
        verbose_name_plural = _("sources of leads")
        ordering = ["slug"]

    def __str__(self) -> str:
        return str(self.name) or self.slug


class FieldChoices(models.TextChoices):
    """What a column can mean to people; the same values as :class:`portal.leads.rows.Field`."""

    EXTERNAL_ID = Field.EXTERNAL_ID.value, _("Number at the source (identity)")
    RECEIVED_ON = Field.RECEIVED_ON.value, _("Day received")
    RECEIVED_DAYS_AGO = Field.RECEIVED_DAYS_AGO.value, _("Age in days")
    COMPANY = Field.COMPANY.value, _("Company")
    SECTOR = Field.SECTOR.value, _("Sector")
    COUNTRY = Field.COUNTRY.value, _("Country")
    EMPLOYEES = Field.EMPLOYEES.value, _("Number of employees")
    PRODUCT = Field.PRODUCT.value, _("Product")
    REGION = Field.REGION.value, _("Region")
    MESSAGE = Field.MESSAGE.value, _("Message (personal data)")
    CONTACT_NAME = Field.CONTACT_NAME.value, _("Contact's name (personal data)")
    CONTACT_EMAIL = Field.CONTACT_EMAIL.value, _("Contact's e-mail (personal data)")
    CONTACT_PHONE = Field.CONTACT_PHONE.value, _("Contact's phone (personal data)")
    EVIDENCE = Field.EVIDENCE.value, _("Evidence: kept as it comes, never interpreted")


class SourceColumn(Orderable):
    """What one column of a source's files means. Columns without a line are kept with the contact, unread."""

    source = ParentalKey(Source, on_delete=models.CASCADE, related_name="columns")
    name = models.CharField(_("column"), max_length=120)
    field = models.CharField(_("means"), max_length=30, choices=FieldChoices.choices)

    class Meta(Orderable.Meta):
        verbose_name = _("column")
        verbose_name_plural = _("columns")
        constraints = [
            models.UniqueConstraint(fields=["source", "name"], name="leads_sourcecolumn_once"),
            models.UniqueConstraint(
                fields=["source", "field"], condition=~Q(field=Field.EVIDENCE), name="leads_sourcecolumn_one_meaning"
            ),
            models.CheckConstraint(condition=Q(field__in=FieldChoices.values), name="leads_sourcecolumn_field_known"),
        ]

    def __str__(self) -> str:
        return self.name


class SourceProduct(Orderable):
    """What a source calls one of our products. Our own slugs are understood without a line."""

    source = ParentalKey(Source, on_delete=models.CASCADE, related_name="product_names")
    name = models.CharField(_("the file says"), max_length=200)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+", verbose_name=_("product"))

    class Meta(Orderable.Meta):
        verbose_name = _("name of a product")
        verbose_name_plural = _("names of products")
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="leads_sourceproduct_once")]

    def __str__(self) -> str:
        return self.name


class SourceRegion(Orderable):
    """What a source calls one of our regions. Our own slugs are understood without a line."""

    source = ParentalKey(Source, on_delete=models.CASCADE, related_name="region_names")
    name = models.CharField(_("the file says"), max_length=200)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", verbose_name=_("region"))

    class Meta(Orderable.Meta):
        verbose_name = _("name of a region")
        verbose_name_plural = _("names of regions")
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="leads_sourceregion_once")]

    def __str__(self) -> str:
        return self.name


class ImportFile(PublicIdModel):
    """A file between its dry run and the confirmation. It holds personal data, so it goes with either answer."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+", verbose_name=_("source"))
    name = models.CharField(_("file name"), max_length=255)
    content = models.BinaryField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("uploaded by")
    )
    # What nobody confirmed is removed by the next upload; see services.imports.keep_file.
    uploaded_at = models.DateTimeField(_("uploaded"), db_index=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("file to import")
        verbose_name_plural = _("files to import")

    def __str__(self) -> str:
        return self.name


# --- The rules they are distributed under -----------------------------------------------------------------------------


class Route(ClusterableModel):
    """A pool of leads and the rules it is distributed under. Its row is locked while it is distributed."""

    slug = models.SlugField(_("slug"), unique=True)
    name = LocalisedTextField(_("name"))
    order = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("A lead that fits several routes goes to the first.")
    )
    programme = models.ForeignKey(
        Programme,
        on_delete=models.PROTECT,
        related_name="routes",
        verbose_name=_("programme"),
        help_text=_("Only partners that are qualified in it at that moment get these leads."),
    )
    products = ParentalManyToManyField(Product, related_name="routes", verbose_name=_("products"))
    regions = ParentalManyToManyField(
        Region, blank=True, related_name="routes", verbose_name=_("regions"), help_text=_("None: every region.")
    )
    window_hours = models.PositiveSmallIntegerField(
        _("hours to accept"), default=24, validators=[MinValueValidator(1), MaxValueValidator(24 * 90)]
    )
    open_cap = models.PositiveSmallIntegerField(
        _("open offers per partner, at most"),
        default=15,
        validators=[MinValueValidator(1)],
        help_text=_("All offers that a partner has still to answer count, of whichever route."),
    )

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        ordering = ["order", "slug"]
        constraints = [
            models.CheckConstraint(condition=Q(window_hours__gte=1), name="leads_route_window"),
            models.CheckConstraint(condition=Q(open_cap__gte=1), name="leads_route_cap"),
        ]

    def __str__(self) -> str:
        return str(self.name) or self.slug


class RouteWeight(Orderable):
    """How large a share of a route's turns a partner of a tier is due. Tiers without a line weigh 1."""

    route = ParentalKey(Route, on_delete=models.CASCADE, related_name="weights")
    tier = models.ForeignKey(Tier, on_delete=models.CASCADE, related_name="+", verbose_name=_("tier"))
    weight = models.PositiveIntegerField(
        _("weight"), default=1, validators=[MinValueValidator(1), MaxValueValidator(1_000_000)]
    )

    class Meta(Orderable.Meta):
        verbose_name = _("weight of a tier")
        verbose_name_plural = _("weights of tiers")
        constraints = [
            models.UniqueConstraint(fields=["route", "tier"], name="leads_routeweight_once"),
            models.CheckConstraint(condition=Q(weight__gte=1), name="leads_routeweight_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.tier}: {self.weight}"


class RouteCredit(models.Model):
    """A partner's entitlement in a route, in units of 2^-40 of a turn. A route's credits always sum to zero."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="credits")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="route_credits")
    credit = models.BigIntegerField(_("credit"), default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        constraints = [models.UniqueConstraint(fields=["route", "partner"], name="leads_routecredit_once")]

    def __str__(self) -> str:
        return f"{self.route_id}, {self.partner_id}: {self.credit}"


class Roster(models.Model):
    """The partners considered on a route and their weights, kept once for all the decisions made with them.

    ``entries`` is a list of [partner id, weight] by partner id; the letters of a decision stand in the same order.
    """

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="rosters")
    digest = models.CharField(max_length=64)
    entries = models.JSONField()
    made_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("roster")
        verbose_name_plural = _("rosters")
        constraints = [models.UniqueConstraint(fields=["route", "digest"], name="leads_roster_once")]

    def __str__(self) -> str:
        return f"{self.route_id}: {self.digest[:8]}"


# --- Leads ------------------------------------------------------------------------------------------------------------


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


#: Held for what the lead itself lacks: it wakes when the lead, its source or the routes are put right.
UNROUTABLE = (HeldReason.UNKNOWN_PRODUCT, HeldReason.UNKNOWN_REGION, HeldReason.NO_ROUTE, HeldReason.NO_CONTACT)
#: Held for want of a partner: it wakes as soon as there is one that can take it.
WAITING = (
    HeldReason.NO_QUALIFIED_PARTNER,
    HeldReason.NO_PARTNER_HERE,
    HeldReason.AT_CAPACITY,
    HeldReason.ALL_OFFERED,
)


class LostReason(models.TextChoices):
    NO_ANSWER = "no_answer", _("Could not be reached")
    NO_NEED = "no_need", _("No need after all")
    PRICE = "price", _("Price")
    COMPETITOR = "competitor", _("Chose another supplier")
    TIMING = "timing", _("Not now")
    INVALID = "invalid", _("Not a real request")
    OTHER = "other", _("Another reason")


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

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="leads", verbose_name=_("source"))
    external_id = models.CharField(_("number at the source"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=LeadStatus.choices, default=LeadStatus.NEW)
    route = models.ForeignKey(
        Route, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("route")
    )
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("product")
    )
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("region")
    )
    company = models.CharField(_("company"), max_length=300, blank=True)
    sector = models.CharField(_("sector"), max_length=120, blank=True)
    country = models.CharField(_("country"), max_length=120, blank=True, help_text=_("As the source names it."))
    employees = models.PositiveIntegerField(_("number of employees"), null=True, blank=True)
    received_at = models.DateTimeField(
        _("received"), help_text=_("By the source; the time of storing where it does not say.")
    )
    stored_at = models.DateTimeField(_("stored"))
    held_reason = models.CharField(_("held because"), max_length=24, choices=HeldReason.choices, blank=True)
    held_at = models.DateTimeField(_("held since"), null=True, blank=True)
    evidence = models.JSONField(
        _("as it came"), default=dict, blank=True, help_text=_("The cells by column, without personal data.")
    )
    problems = models.JSONField(
        _("problems"), default=list, blank=True, help_text=_("What was wrong with the row: field, reason, value.")
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("taken by")
    )
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
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
                condition=Q(status=LeadStatus.HELD, held_at__isnull=False) & ~Q(held_reason="")
                | ~Q(status=LeadStatus.HELD) & Q(held_at__isnull=True, held_reason=""),
                name="leads_lead_held_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=(LeadStatus.NEW, LeadStatus.OFFERED))
                | Q(route__isnull=False, product__isnull=False, region__isnull=False),
                name="leads_lead_routed",
            ),
            models.CheckConstraint(
                condition=Q(status__in=TAKEN, partner__isnull=False, accepted_at__isnull=False)
                | Q(status__in=WITH_NOBODY, partner__isnull=True, accepted_at__isnull=True)
                | Q(status=LeadStatus.CLOSED),
                name="leads_lead_taken_by_a_partner",
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
            # A partner's own leads, latest first.
            models.Index(
                fields=["partner", "-accepted_at"], condition=Q(partner__isnull=False), name="leads_lead_partner"
            ),
            # The staff's list, latest first, by status.
            models.Index(fields=["-received_at", "-id"], name="leads_lead_latest"),
            models.Index(fields=["status", "-received_at", "-id"], name="leads_lead_status"),
        ]

    def __str__(self) -> str:
        return self.company or self.external_id

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED


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


# --- Offers and decisions ---------------------------------------------------------------------------------------------


class OfferState(models.TextChoices):
    OPEN = "open", pgettext_lazy("offer", "Open")
    ACCEPTED = "accepted", pgettext_lazy("offer", "Accepted")
    DECLINED = "declined", pgettext_lazy("offer", "Declined")
    EXPIRED = "expired", pgettext_lazy("offer", "Expired")
    WITHDRAWN = "withdrawn", pgettext_lazy("offer", "Withdrawn")


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

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="offers", verbose_name=_("lead"))
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="offers", verbose_name=_("partner"))
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="offers", verbose_name=_("route"))
    tick = models.PositiveBigIntegerField(_("turn"), help_text=_("The turn of the route that was spent on it."))
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
                fields=["lead"], condition=Q(state=OfferState.OPEN), name="leads_offer_one_open_per_lead"
            ),
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
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("route"))
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
