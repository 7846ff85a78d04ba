"""Forms about leads: the partner's answers, and what staff import or complete."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.forms import WagtailAdminModelForm

from portal.content.models import Product
from portal.core.amounts import DECIMALS, to_minor
from portal.leads.models import DeclineReason, LostReason, Source, SourceColumn, SourceProduct, SourceRegion
from portal.leads.rows import Field, fold
from portal.leads.services.imports import MAX_BYTES
from portal.partners.models import Region

#: More than the value of any deal: a slip of the finger, not money.
MAX_VALUE = Decimal("10000000000")


class DeclineForm(forms.Form):
    reason = forms.ChoiceField(label=_("Why?"), choices=DeclineReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("In your words"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class WinForm(forms.Form):
    amount = forms.DecimalField(
        label=_("Value of the deal"),
        min_value=0,
        max_value=MAX_VALUE,
        decimal_places=2,
        help_text=_("Without tax, for the first year if it is a subscription."),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in DECIMALS])
    note = forms.CharField(
        label=pgettext_lazy("outcome", "Note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        """Add ``value``, the amount in the currency's minor units."""
        data = super().clean() or {}
        amount, currency = data.get("amount"), data.get("currency")
        if amount is not None and currency:
            if amount != round(amount, DECIMALS[currency]):
                self.add_error(
                    "amount", ValidationError(_("%(currency)s has no smaller unit.") % {"currency": currency})
                )
            else:
                data["value"] = to_minor(amount, currency)
        return data


class LoseForm(forms.Form):
    reason = forms.ChoiceField(label=_("Why?"), choices=LostReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=pgettext_lazy("outcome", "Note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


# --- Staff ------------------------------------------------------------------------------------------------------------


class ImportForm(forms.Form):
    source = forms.ModelChoiceField(
        label=_("Source"),
        queryset=Source.objects.all(),
        to_field_name="slug",
        empty_label=None,
        help_text=_("It says what the columns mean, and what it calls products and regions."),
    )
    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        help_text=_(
            "CSV with a header row, separated by commas, semicolons or tabs. Nothing is created before you confirm."
        ),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise ValidationError(
                _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024 // 1024}, code="too_large"
            )
        return file


class CloseForm(forms.Form):
    note = forms.CharField(
        label=_("Why is it closed?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "class": "w-field__autosize"}),
    )


class CompleteForm(forms.Form):
    company = forms.CharField(label=_("Company"), max_length=300, required=False)
    product = forms.ModelChoiceField(label=_("Product"), queryset=Product.objects.all(), required=False)
    region = forms.ModelChoiceField(label=_("Region"), queryset=Region.objects.all(), required=False)
    contact_name = forms.CharField(label=_("Contact's name"), max_length=300, required=False)
    contact_email = forms.EmailField(label=_("Contact's e-mail"), max_length=320, required=False)
    contact_phone = forms.CharField(label=_("Contact's phone"), max_length=120, required=False)


class SourceForm(WagtailAdminModelForm):
    """A source with its columns and names. What the importer would not tell apart may not be entered twice."""

    class Meta:
        model = Source
        fields = ["slug", "name"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for relation, model in (
            ("columns", SourceColumn),
            ("product_names", SourceProduct),
            ("region_names", SourceRegion),
        ):
            self._check_twice(relation, str(model._meta.verbose_name))
        columns = self._rows("columns")
        meanings = [form.cleaned_data.get("field") for form in columns]
        if columns and Field.EXTERNAL_ID not in meanings:
            self.add_error(
                None, _("One column must be the number at the source: without it a second import doubles every lead.")
            )
        return data

    def _rows(self, relation: str) -> list[forms.BaseForm]:
        formset = getattr(self, "formsets", {}).get(relation)
        if formset is None or not formset.is_valid():
            return []
        return [form for form in formset.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]

    def _check_twice(self, relation: str, label: str) -> None:
        names = [fold(form.cleaned_data.get("name", "")) for form in self._rows(relation)]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            self.add_error(None, _("Entered twice: %(names)s (%(what)s).") % {"names": ", ".join(twice), "what": label})
