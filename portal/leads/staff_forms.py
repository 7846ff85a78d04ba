"""Forms of staff, in the administration."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_countries import countries
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.widgets import AdminAutoHeightTextInput, AdminDateTimeInput

from portal.content.models import Product
from portal.core.countries import name_countries, read_country
from portal.leads.forms import WEEKDAYS, read_days
from portal.leads.models import (
    Source,
    SourceColumn,
    SourceProduct,
    SourceRegion,
)
from portal.leads.models.disputes import TEXT_LENGTH
from portal.leads.rows import Field, fold
from portal.leads.services.imports import MAX_BYTES
from portal.partners.models import Partner, Region


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


class CountriesField(forms.CharField):
    """Countries, one a line, as people write them; the value is a list of their codes."""

    widget = AdminAutoHeightTextInput

    def to_python(self, value: Any) -> Any:
        return sorted({code for _line, code in self._read(value) if code})

    def clean(self, value: Any) -> Any:
        unknown = [line for line, code in self._read(value) if not code]
        if unknown:
            raise forms.ValidationError(
                _("No country is known by this name: %(names)s.") % {"names": ", ".join(unknown[:5])}
            )
        return super().clean(value)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(name_countries(value)) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return sorted(initial or []) != self.to_python(data)

    @staticmethod
    def _read(value: Any) -> list[tuple[str, str]]:
        lines = (line.strip() for line in str(value or "").splitlines())
        return [(line, read_country(line)) for line in lines if line]


class RouteForm(WagtailAdminModelForm):
    """A route's draft: languages are chosen, and sizes make sense."""

    languages = forms.MultipleChoiceField(
        label=_("Languages of the customer"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None: any, and those that do not say."),
    )  # fmt: skip

    countries = CountriesField(
        label=_("Countries"), required=False,
        help_text=_("One a line, by name or by code. None: any, and those that do not say."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["languages"]
        field.choices = settings.LANGUAGES
        field.initial = self.instance.languages
        for name in (*self.UNLIMITED, *self.USUAL):
            self.fields[name].required = False
        others: Any = self.fields["fallback"]
        others.queryset = others.queryset.exclude(pk=self.instance.pk)
        others.empty_label = _("None: it is held")

    #: Numbers of which none is said by leaving them out.
    UNLIMITED = (
        "least_employees", "most_employees", "least_score", "day_cap", "most_offers", "performance", "first_contact_hours",
        "asks_after_days", "return_after_days",
    )  # fmt: skip

    #: Numbers that are these where they are left out.
    USUAL = {"slots": 1, "fallback_hours": 24}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data |= {name: data.get(name) or 0 for name in self.UNLIMITED if name not in self.errors}
        data |= {name: data.get(name) or usual for name, usual in self.USUAL.items() if name not in self.errors}
        least, most = data.get("least_employees") or 0, data.get("most_employees") or 0
        if most and most < least:
            self.add_error("most_employees", _("The most is less than the least."))
        offers = data.get("most_offers", 0)
        if offers and offers < data.get("slots", 1):
            self.add_error("most_offers", _("That is fewer than the partners that it is offered to at once."))
        if data.get("tells_customer") and not data.get("first_contact_hours"):
            self.add_error("first_contact_hours", _("Say within how many hours, since the customer is told."))
        return data


class PublishForm(forms.Form):
    effective_from = forms.DateTimeField(
        label=_("In force from"), required=False, widget=AdminDateTimeInput(),
        help_text=_("Empty: from now on."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("What changed, and why"), max_length=300, required=False, widget=AdminAutoHeightTextInput,
        help_text=_("Your colleagues read it beside the version."),
    )  # fmt: skip


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=AdminAutoHeightTextInput,
        help_text=_("It is kept for ever and stands in the fairness report. Name no customer."),
    )  # fmt: skip


class PartnerReasonForm(ReasonForm):
    partner = forms.ModelChoiceField(label=_("Partner"), queryset=Partner.objects.none())
    field_order = ("partner", "reason")

    def __init__(self, *args: Any, partners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["partner"]
        field.queryset = partners


class StopForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=AdminAutoHeightTextInput, help_text=_("Your colleagues read it.")
    )


class AnswerForm(forms.Form):
    """The answer to a dispute."""

    verdict = forms.ChoiceField(label=_("Answer"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"), max_length=TEXT_LENGTH, widget=AdminAutoHeightTextInput,
        help_text=_("The partner reads it, and it stays. Name neither a customer nor another partner."),
    )  # fmt: skip

    def __init__(self, *args: Any, with_turn: bool, with_outcome: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["verdict"]
        field.choices = [
            *([("turn", _("Upheld: the turn is given back"))] if with_turn else []),
            *(
                [("reopen", _("Upheld: the outcome is taken back, and the lead is in work again"))]
                if with_outcome
                else []
            ),
            ("entry", _("Upheld: it is recorded")),
            ("rejected", _("Rejected: the decision stays")),
        ]


class StaffEvidenceForm(forms.Form):
    text = forms.CharField(
        label=_("What you know"), max_length=TEXT_LENGTH, widget=AdminAutoHeightTextInput,
        help_text=_("The partner reads it, and it stays. Name neither a customer nor another partner."),
    )  # fmt: skip


class LeadRulesForm(WagtailAdminModelForm):
    """What holds for all leads: days are chosen, and free days written one a line."""

    workdays = forms.TypedMultipleChoiceField(
        label=_("Days we work"), coerce=int, choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple
    )
    holidays = forms.CharField(
        label=_("Days on which we do not work"), required=False, widget=AdminAutoHeightTextInput,
        help_text=_("One a line, such as 2026-12-25."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["holidays"] = "\n".join(self.instance.holidays)

    def clean_holidays(self) -> list[str]:
        return [day.isoformat() for day in read_days(self.cleaned_data["holidays"])]


class TryForm(forms.Form):
    """A lead that nobody has sent."""

    source = forms.ModelChoiceField(label=_("Source"), queryset=Source.objects.all())
    product = forms.ModelChoiceField(label=_("Product"), queryset=Product.objects.all())
    region = forms.ModelChoiceField(label=_("Region"), queryset=Region.objects.all())
    language = forms.ChoiceField(label=_("Language"), required=False)
    country = forms.ChoiceField(label=_("Country"), required=False, widget=forms.Select(attrs={"class": "w-w-full"}))
    score = forms.IntegerField(label=_("Score"), required=False, min_value=0, max_value=100)
    employees = forms.IntegerField(label=_("Number of employees"), required=False, min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["language"]
        field.choices = [("", _("Not said")), *settings.LANGUAGES]
        country: Any = self.fields["country"]
        country.choices = [("", _("Not said")), *countries]


class BacktestForm(ImportForm):
    """A file of leads to try a draft on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "CSV with a header row, as for an import. It is only gone through: nothing of it is kept."
        )


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
