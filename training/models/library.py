"""The library, and the materials that are read in sections: product docs, standards, case studies."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, TitleFieldPanel
from wagtail.fields import StreamField
from wagtail.search import index
from wagtail_localize.fields import SynchronizedField

from portal.content.blocks import BodyBlock, Section, list_sections
from portal.content.models import BasePage
from portal.core.amounts import DECIMALS, EXPONENTS, read_amount, to_major, to_minor
from portal.core.money import format_amount
from portal.partners.models import VendorRow
from training.blocks import RulesBlock, VersionsBlock, list_rules
from training.models.base import MaterialPage, arrange_tabs
from training.models.editing import MaterialForm


class LibraryPage(BasePage):
    """The library: every material that is open to the reader, by kind, product, tag and words."""

    intro = models.TextField(_("in short"), blank=True)

    subpage_types = [
        "training.ProductDocPage",
        "training.CallScriptPage",
        "training.ObjectionGuidePage",
        "training.StandardPage",
        "training.PriceListPage",
        "training.CaseStudyPage",
        "training.VideoPage",
    ]
    max_count_per_parent = 1
    search_fields = [*BasePage.search_fields, index.SearchField("intro")]
    content_panels = [TitleFieldPanel("title"), FieldPanel("intro")]

    class Meta:
        verbose_name = _("library")
        verbose_name_plural = _("libraries")


class ProductDocPage(MaterialPage):
    """What a product is, for whom it is, in sections that can be cited; and what each version of it brought."""

    for_whom = models.TextField(
        _("who it is for"), blank=True, help_text=_("Which customers it suits, and which it does not.")
    )
    body = StreamField(BodyBlock(), verbose_name=_("sections"), blank=True)
    versions = StreamField(
        VersionsBlock(),
        verbose_name=_("versions of the product"),
        blank=True,
        help_text=_("Newest first. The first is the version that this page describes."),
    )

    can_be_sent = True
    page_description = _(
        "What a product does, for whom it is and what it does not do, in sections that exams can cite."
    )
    shared_template = "training/shared/product_doc.html"
    subpage_types: list[str] = []
    search_fields = [*MaterialPage.search_fields, index.SearchField("for_whom"), index.SearchField("body")]
    edit_handler = arrange_tabs(
        [*MaterialPage.content_panels, FieldPanel("for_whom"), FieldPanel("body"), FieldPanel("versions")]
    )

    class Meta:
        verbose_name = _("product doc")
        verbose_name_plural = _("product docs")

    @property
    def sections(self) -> list[Section]:
        return list_sections(self.body)


class StandardPage(MaterialPage):
    """How we work: rules that a partner can check itself against, each with its reason, and what stands behind them."""

    applies_to = models.TextField(
        _("where it applies"), blank=True, help_text=_("Who follows it, and in which situations.")
    )
    rules = StreamField(RulesBlock(), verbose_name=_("rules"))
    body = StreamField(BodyBlock(), verbose_name=_("background and examples"), blank=True)

    can_be_sent = True
    page_description = _("How we work: rules to check oneself against, each with its reason.")
    shared_template = "training/shared/standard.html"
    subpage_types: list[str] = []
    search_fields = [
        *MaterialPage.search_fields,
        index.SearchField("applies_to"),
        index.SearchField("rules"),
        index.SearchField("body"),
    ]
    edit_handler = arrange_tabs(
        [*MaterialPage.content_panels, FieldPanel("applies_to"), FieldPanel("rules"), FieldPanel("body")]
    )

    class Meta:
        verbose_name = _("standard")
        verbose_name_plural = _("standards")

    @property
    def sections(self) -> list[Section]:
        """The rules, then what stands behind them: both can be cited and linked to."""
        return [*self.rule_sections, *self.background_sections]

    @property
    def rule_sections(self) -> list[Section]:
        return list_rules(self.rules)

    @property
    def background_sections(self) -> list[Section]:
        return list_sections(self.body)

    def clean(self) -> None:
        """Refuse an anchor that a rule and a section share: one address cannot lead to both.

        Raises:
            ValidationError: naming the section and the rule.
        """
        super().clean()
        numbers = {rule.anchor: number for number, rule in enumerate(self.rule_sections, 1)}
        shared = [section for section in self.background_sections if section.anchor in numbers]
        if shared:
            raise ValidationError(
                {
                    "body": [
                        _(
                            "Section “%(section)s” and rule %(number)s have the same anchor, “%(anchor)s”. Give one of "
                            "them another."
                        )
                        % {"section": part.heading, "number": numbers[part.anchor], "anchor": part.anchor}
                        for part in shared
                    ]
                }
            )


class Industry(VendorRow):  # type: ignore[django-manager-missing]  # cases are pages; Wagtail publishes no types
    """What the customer of a case does for a living; a row, so that cases can be listed by it."""

    class Meta(VendorRow.Meta):
        verbose_name = _("industry")
        verbose_name_plural = _("industries")


class SumField(forms.CharField):
    """A sum of money as people type it: "12 400,00" or "12,400.00"."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return read_amount(text)
        except ValueError:
            raise ValidationError(_("Type a sum like 12400 or 12 400,50.")) from None


class CaseStudyForm(MaterialForm):
    """A case in the editor: what was earned is typed as a sum, and kept in the minor units of its currency."""

    earned_minor = SumField(
        label=_("earned in the first year"),
        required=False,
        help_text=_("By the partner, as you would write it: 12 400,00. Readers sort and compare by it."),
    )
    currency = forms.ChoiceField(label=_("currency"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        minor, currency = self.instance.earned_minor, self.instance.currency
        codes = [*DECIMALS, *([currency] if currency and currency not in DECIMALS else [])]
        self.fields["currency"].choices = [("", "—"), *((code, code) for code in codes)]
        if minor is not None and currency in EXPONENTS:
            self.initial["earned_minor"] = format_amount(to_major(minor, currency), places=EXPONENTS[currency])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        amount, currency = data.get("earned_minor"), data.get("currency")
        if amount is None:
            return data
        places = EXPONENTS[currency] if currency else 2
        if amount != round(amount, places):
            message = _("A sum in %(currency)s has at most %(places)d decimals.")
            self.add_error("earned_minor", message % {"currency": currency or "—", "places": places})
        else:
            # Without a currency the model refuses it; what it is in cents then does not matter.
            data["earned_minor"] = to_minor(amount, currency or "EUR")
        return data


class CaseStudyPage(MaterialPage):
    """What one partner did for one customer, with the figures that the next partner asks for."""

    customer = models.CharField(
        _("customer"), max_length=120, help_text=_("As it may be named to others: “Kvasovo, nine bakeries”.")
    )
    partner_name = models.CharField(
        _("sold by"), max_length=120, blank=True, help_text=_("The partner, if it agrees to be named.")
    )
    industry = models.ForeignKey(
        Industry, verbose_name=_("industry"), null=True, blank=True, on_delete=models.PROTECT, related_name="cases"
    )
    employees = models.PositiveIntegerField(
        _("people at the customer"), null=True, blank=True, help_text=_("The size by which readers look for a case.")
    )
    days_to_first_sale = models.PositiveSmallIntegerField(
        _("days to the first sale"),
        null=True,
        blank=True,
        help_text=_("From the partner's first contact to the signed order."),
    )
    effort_hours = models.PositiveIntegerField(
        _("effort, hours"), null=True, blank=True, help_text=_("Of the partner's people, until the customer worked.")
    )
    earned_minor = models.BigIntegerField(
        _("earned in the first year"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0, _("What was earned cannot be less than nothing."))],
        help_text=_("By the partner. In minor units: 1240000 is 12,400.00."),
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    body = StreamField(BodyBlock(), verbose_name=_("sections"), blank=True)

    can_be_sent = True
    base_form_class = CaseStudyForm
    page_description = _("What one partner did for one customer, with its figures: time, effort, earnings.")
    shared_template = "training/shared/case_study.html"
    subpage_types: list[str] = []
    override_translatable_fields = [
        *MaterialPage.override_translatable_fields,
        SynchronizedField("partner_name"),
        SynchronizedField("currency", overridable=False),
    ]
    search_fields = [
        *MaterialPage.search_fields,
        index.SearchField("customer"),
        index.SearchField("body"),
    ]
    edit_handler = arrange_tabs(
        [
            *MaterialPage.content_panels,
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("customer"), FieldPanel("partner_name")]),
                    FieldRowPanel([FieldPanel("industry"), FieldPanel("employees")]),
                    FieldRowPanel([FieldPanel("days_to_first_sale"), FieldPanel("effort_hours")]),
                    FieldRowPanel([FieldPanel("earned_minor"), FieldPanel("currency")]),
                ],
                heading=_("In figures"),
                help_text=_("What is left empty is shown as not told, and never counts as nothing."),
            ),
            FieldPanel("body"),
        ]
    )

    class Meta:
        verbose_name = _("case study")
        verbose_name_plural = _("case studies")
        constraints = [
            models.CheckConstraint(
                condition=Q(earned_minor__isnull=True) | (Q(earned_minor__gte=0) & ~Q(currency="")),
                name="training_case_earned_has_currency",
            ),
        ]

    @property
    def sections(self) -> list[Section]:
        return list_sections(self.body)

    def clean(self) -> None:
        """Refuse a sum without its currency, and a currency without its sum.

        Raises:
            ValidationError: at the field that is missing or wrong.
        """
        super().clean()
        if self.earned_minor is None and self.currency:
            raise ValidationError({"earned_minor": _("There is a currency but no sum. Type the sum, or clear both.")})
        if self.earned_minor is not None and not self.currency:
            raise ValidationError({"currency": _("Choose the currency of the sum.")})
        if self.currency and self.currency not in EXPONENTS:
            raise ValidationError(
                {"currency": _("“%(currency)s” is not a currency of ISO 4217.") % {"currency": self.currency}}
            )
