"""The rules that leads are distributed under: what staff edit, what they published, and where its turns stand."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable

from certification.models import Programme
from portal.content.models import Product
from portal.core.localised import LocalisedTextField
from portal.leads.models.sources import Source
from portal.leads.policies import MOST_SLOTS, WIDEST_PERFORMANCE, Policy
from portal.partners.models import JobRole, Partner, PartnerKind, Region, Tier


class Route(ClusterableModel):
    """A pool of leads, and a draft of the rules it is distributed under. Its row is locked while it is distributed.

    What staff save here changes nothing by itself: leads are distributed by what was published (:class:`RoutePolicy`).
    """

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
    sources = ParentalManyToManyField(
        Source, blank=True, related_name="+", verbose_name=_("sources"), help_text=_("None: every source.")
    )
    languages = models.JSONField(
        _("languages of the customer"), default=list, blank=True, help_text=_("None: any, and those that do not say.")
    )
    countries = models.JSONField(
        _("countries"), default=list, blank=True, help_text=_("None: any, and those that do not say.")
    )  # codes of ISO 3166
    least_score = models.PositiveSmallIntegerField(
        _("score, at least"), default=0, validators=[MaxValueValidator(100)],
        help_text=_("As the source scores it, from 0 to 100. A lead without a score does not pass. 0: any."),
    )  # fmt: skip
    least_employees = models.PositiveIntegerField(
        _("employees of the customer, at least"), default=0, help_text=_("A lead that does not say passes.")
    )
    most_employees = models.PositiveIntegerField(
        _("employees of the customer, at most"), default=0, help_text=_("0: any number.")
    )
    kinds = ParentalManyToManyField(
        PartnerKind, blank=True, related_name="+", verbose_name=_("kinds of partner"), help_text=_("None: every kind.")
    )
    lowest_tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lowest tier"),
        help_text=_("None: every tier."),
    )  # fmt: skip
    roles = ParentalManyToManyField(
        JobRole, blank=True, related_name="+", verbose_name=_("job roles that a partner must have"),
        help_text=_("Somebody of each at present."),
    )  # fmt: skip
    speaks = models.BooleanField(
        _("the partner works in the customer's language"), default=False, help_text=_("Where the lead says one.")
    )
    in_working_hours = models.BooleanField(
        _("in working hours only"), default=False,
        help_text=_("Offers are made, and their hours counted, while the partner works by its own calendar."),
    )  # fmt: skip
    window_hours = models.PositiveSmallIntegerField(
        _("hours to accept"), default=24, validators=[MinValueValidator(1), MaxValueValidator(24 * 90)]
    )
    open_cap = models.PositiveSmallIntegerField(
        _("open offers per partner, at most"),
        default=15,
        validators=[MinValueValidator(1)],
        help_text=_("All offers that a partner has still to answer count, of whichever route."),
    )
    day_cap = models.PositiveSmallIntegerField(
        _("offers per partner and day, at most"), default=0,
        help_text=_("Of this route, on the partner's own day. 0: any number."),
    )  # fmt: skip
    most_offers = models.PositiveSmallIntegerField(
        _("partners a lead is offered to, at most"), default=0,
        help_text=_("One after the other, while nobody takes it. 0: any number."),
    )  # fmt: skip
    slots = models.PositiveSmallIntegerField(
        _("partners a lead is offered to at once"), default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SLOTS)],
        help_text=_("Whoever accepts first has it. It uses a turn of each of them."),
    )  # fmt: skip
    performance = models.PositiveSmallIntegerField(
        _("percent by which performance moves a weight, at most"), default=0,
        validators=[MaxValueValidator(WIDEST_PERFORMANCE)],
        help_text=_(
            "Measured on the first of each month: of the offers of three months, how many customers the partner spoke "
            "with, beside the average of the route. 0: performance does not count."
        ),
    )  # fmt: skip

    fallback = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("goes on to"),
        help_text=_("Where a lead goes that nobody takes. None: it is held until somebody can."),
    )  # fmt: skip
    fallback_hours = models.PositiveSmallIntegerField(
        _("hours that it waits first"), default=24, validators=[MinValueValidator(1), MaxValueValidator(24 * 90)],
        help_text=_(
            "For partners that are full, closed or paused. A lead for which nobody is left goes on at once."
        ),
    )  # fmt: skip

    first_contact_hours = models.PositiveSmallIntegerField(
        _("hours to the first contact"), default=0, validators=[MaxValueValidator(24 * 90)],
        help_text=_("Within which a partner that took a lead calls. 0: nothing is promised."),
    )  # fmt: skip
    tells_customer = models.BooleanField(
        _("the customer is told who calls, and by when"), default=False,
        help_text=_("By e-mail, as soon as a partner has taken the lead."),
    )  # fmt: skip
    asks_after_days = models.PositiveSmallIntegerField(
        _("days until the customer is asked"), default=0, validators=[MaxValueValidator(365)],
        help_text=_("Whether somebody called, and how it was. 0: they are not asked."),
    )  # fmt: skip
    return_after_days = models.PositiveSmallIntegerField(
        _("days until an idle lead goes back"), default=0, validators=[MaxValueValidator(365)],
        help_text=_("Without a step or a note of the partner that took it, which is warned before. 0: never."),
    )  # fmt: skip

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        ordering = ["order", "slug"]
        constraints = [
            models.CheckConstraint(condition=Q(window_hours__gte=1), name="leads_route_window"),
            models.CheckConstraint(condition=Q(open_cap__gte=1), name="leads_route_cap"),
            models.CheckConstraint(
                condition=Q(most_employees=0) | Q(most_employees__gte=F("least_employees")), name="leads_route_size"
            ),
            models.CheckConstraint(condition=Q(least_score__lte=100), name="leads_route_score"),
            models.CheckConstraint(condition=Q(slots__gte=1, slots__lte=MOST_SLOTS), name="leads_route_slots"),
            models.CheckConstraint(condition=Q(performance__lte=WIDEST_PERFORMANCE), name="leads_route_performance"),
            models.CheckConstraint(
                condition=Q(fallback__isnull=True) | ~Q(fallback=F("id")), name="leads_route_goes_on_elsewhere"
            ),
            models.CheckConstraint(condition=Q(fallback_hours__gte=1), name="leads_route_goes_on_after"),
            models.CheckConstraint(
                condition=Q(tells_customer=False) | Q(first_contact_hours__gte=1), name="leads_route_tells_a_promise"
            ),
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


class RoutePolicyQuerySet(models.QuerySet["RoutePolicy"]):
    def in_force(self, now: datetime) -> Self:
        """Of each route the one that was put in force last."""
        later = RoutePolicy.objects.filter(
            route=OuterRef("route"), effective_from__lte=now, effective_from__gt=OuterRef("effective_from")
        )
        return self.filter(effective_from__lte=now).exclude(Exists(later))


class RoutePolicy(models.Model):
    """The rules of a route as they were published. Never changed: leads that came under it are distributed by it."""

    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="policies", verbose_name=_("route"))
    number = models.PositiveIntegerField(_("number"))  # 1, 2, 3 … within the route
    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="+", verbose_name=_("programme")
    )  # the same as in the rules: for joins, and so that it cannot be deleted
    rules = models.JSONField(_("rules"))  # policies.Policy.to_json
    effective_from = models.DateTimeField(_("in force from"))
    published_at = models.DateTimeField(_("published"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("published by")
    )
    note = models.CharField(_("what changed, and why"), max_length=300, blank=True)
    # When it was told that they are in force: leads that waited for such rules are looked at again then.
    told_at = models.DateTimeField(null=True, editable=False)

    objects = RoutePolicyQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("policy of a route")
        verbose_name_plural = _("policies of routes")
        ordering = ["route", "number"]
        constraints = [
            models.UniqueConstraint(fields=["route", "number"], name="leads_routepolicy_number"),
            # Also finds the one in force.
            models.UniqueConstraint(fields=["route", "effective_from"], name="leads_routepolicy_moment"),
            models.CheckConstraint(
                condition=Q(effective_from__gte=F("published_at")), name="leads_routepolicy_not_for_the_past"
            ),
        ]
        indexes = [
            # The sweeper: planned rules whose moment has come.
            models.Index(fields=["effective_from"], condition=Q(told_at__isnull=True), name="leads_routepolicy_untold"),
        ]

    def __str__(self) -> str:
        return f"{self.route_id}/{self.number}"

    @cached_property
    def policy(self) -> Policy:
        return Policy.from_json(self.rules)


class RouteStopQuerySet(models.QuerySet["RouteStop"]):
    def open(self) -> Self:
        return self.filter(resumed_at__isnull=True)


class RouteStop(models.Model):
    """That staff have stopped a route: what comes in waits, and goes on in its order when the route does."""

    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="stops", verbose_name=_("route"))
    reason = models.CharField(_("reason"), max_length=300)
    stopped_at = models.DateTimeField(_("stopped"))
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    resumed_at = models.DateTimeField(_("resumed"), null=True)
    resumed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = RouteStopQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("stop of a route")
        verbose_name_plural = _("stops of routes")
        ordering = ["-stopped_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["route"], condition=Q(resumed_at__isnull=True), name="leads_routestop_one_open"
            ),
            models.CheckConstraint(
                condition=Q(resumed_at__isnull=True) | Q(resumed_at__gte=F("stopped_at")),
                name="leads_routestop_ends_after",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route_id}: {self.stopped_at:%Y-%m-%d %H:%M}"


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
