"""Price lists: typed rows by market, and what each tier is given off them."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel
from wagtail.fields import StreamField
from wagtail.models import Orderable
from wagtail.search import index

from portal.content.blocks import PassageBlock
from portal.partners.models import Tier, VendorRow
from training.blocks import PricesBlock, is_complete, make_row
from training.models.base import MaterialPage, arrange_tabs


class Market(VendorRow):
    """Where a price holds. A partner sees first the prices of the market that its country belongs to."""

    countries = models.CharField(
        _("countries"),
        max_length=800,
        blank=True,
        validators=[
            RegexValidator(r"^[A-Z]{2}( [A-Z]{2})*\Z", _("Two capital letters each, with a space between: “DE AT CH”."))
        ],
        help_text=_(
            "Two-letter codes set apart by spaces: “DE AT CH”. Empty: every country that no other market names."
        ),
    )
    is_retired = models.BooleanField(
        _("no longer in use"),
        default=False,
        help_text=_("It is no partner's market any more. Prices that name it are kept, and still say so."),
    )

    class Meta(VendorRow.Meta):
        verbose_name = _("market")
        verbose_name_plural = _("markets")

    @property
    def label(self) -> str:
        """The name, and that it is no longer in use where that is so."""
        return str(_("%(market)s (no longer in use)") % {"market": self}) if self.is_retired else str(self)

    def clean(self) -> None:
        """Refuse a country that another market names: a partner has one market.

        Raises:
            ValidationError: naming the country and the market.
        """
        super().clean()
        if self.is_retired:
            return
        named = set(self.countries.split())
        for other in Market.objects.exclude(pk=self.pk).filter(is_retired=False):
            if both := named & set(other.countries.split()):
                raise ValidationError(
                    {
                        "countries": _("%(country)s belongs to the market “%(market)s” already.")
                        % {"country": ", ".join(sorted(both)), "market": other}
                    }
                )


class PriceListPage(MaterialPage):
    """What things cost: by market and date, from which quantity, and less the discount of the reader's tier."""

    rows = StreamField(PricesBlock(), verbose_name=_("prices"))
    terms = StreamField(PassageBlock(), verbose_name=_("terms"), blank=True, help_text=_("Shown below the prices."))

    can_be_saved = True
    differs_by_country = True
    can_be_sent = True
    page_description = _("Prices by market and date, with quantity breaks and the discount of each tier.")
    shared_template = "training/shared/price_list.html"
    subpage_types: list[str] = []
    search_fields = [*MaterialPage.search_fields, index.SearchField("rows"), index.SearchField("terms")]
    edit_handler = arrange_tabs(
        [
            *MaterialPage.content_panels,
            FieldPanel("rows"),
            InlinePanel("discounts", heading=_("Discounts by tier"), label=_("discount")),
            FieldPanel("terms"),
        ]
    )

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")

    def clean(self) -> None:
        """Refuse a price that no sum can be made of, also where it did not come through the editor's form.

        Raises:
            ValidationError: naming the row.
        """
        super().clean()
        for number, block in enumerate(self.rows, start=1):
            try:
                if is_complete(block.value):
                    make_row(block.id, block.value)
            except (KeyError, ValueError) as error:
                message = _("Row %(number)s, “%(item)s”: this price cannot be counted with: %(error)s.")
                details = {"number": number, "item": block.value["item"], "error": error}
                raise ValidationError(message % details) from error


class PriceListDiscount(Orderable):
    """What a partner of a tier is given off every price of the list."""

    price_list = ParentalKey(PriceListPage, on_delete=models.CASCADE, related_name="discounts")
    tier = models.ForeignKey(Tier, verbose_name=_("tier"), on_delete=models.PROTECT, related_name="+")
    percent = models.DecimalField(
        _("percent"),
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("Off the list price. Only partners of this tier are shown it."),
    )

    panels = [FieldRowPanel([FieldPanel("tier"), FieldPanel("percent")])]

    class Meta(Orderable.Meta):
        verbose_name = _("discount of a tier")
        verbose_name_plural = _("discounts of tiers")
        constraints = [
            models.UniqueConstraint(fields=["price_list", "tier"], name="training_discount_once_per_tier"),
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="training_discount_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.tier_id}: {self.percent} %"
