"""The rules that leads are distributed under: what staff edit, what they published, and where its turns stand."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable

from certification.models import Programme
from portal.content.models import Product
from portal.core.localised import LocalisedTextField
from portal.partners.models import Partner, Region, Tier


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
