"""Forms about leads: the partner's answers, and what staff import or complete."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_countries import countries
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.widgets import AdminAutoHeightTextInput, AdminDateTimeInput

from portal.content.models import Product
from portal.core.amounts import DECIMALS, to_minor
from portal.core.countries import name_countries, read_country
from portal.leads.models import (
    AssignRule,
    DeclineReason,
    LostReason,
    Source,
    SourceColumn,
    SourceProduct,
    SourceRegion,
    Stage,
)
from portal.leads.models.customers import WORDS_LENGTH
from portal.leads.models.disputes import TEXT_LENGTH
from portal.leads.rows import Field, fold
from portal.leads.services.imports import MAX_BYTES
from portal.partners.models import JobRole, Membership, Partner, Region

#: More than the value of any deal: a slip of the finger, not money.
MAX_VALUE = Decimal("10000000000")


class DeclineForm(forms.Form):
    reason = forms.ChoiceField(label=_("Why?"), choices=DeclineReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("In your words"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class AssignForm(forms.Form):
    """Which colleague works a lead."""

    member = forms.ModelChoiceField(
        label=_("Give it to"), queryset=Membership.objects.none(), to_field_name="public_id", empty_label=None
    )

    def __init__(self, *args: Any, workers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["member"]
        field.queryset = workers
        field.label_from_instance = lambda member: f"{member.user} ({member.in_work})"


class StepForm(forms.Form):
    """How far a lead is, and what comes next."""

    stage = forms.ChoiceField(label=_("How far are you?"), choices=Stage.choices)
    next_step = forms.CharField(label=_("Next step"), max_length=200, required=False)
    next_step_on = forms.DateField(
        label=_("On"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note for colleagues"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3, "placeholder": False})
    )


WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]


class TermsForm(forms.Form):
    """How a partner works."""

    open_cap = forms.IntegerField(
        label=_("Offers waiting for us, at most"), required=False, min_value=1, max_value=1000,
        help_text=_("Empty: as many as the vendor allows."),
    )  # fmt: skip
    day_cap = forms.IntegerField(
        label=_("New offers a day, at most"), required=False, min_value=1, max_value=1000,
        help_text=_("Empty: as many as the vendor allows."),
    )  # fmt: skip
    languages = forms.MultipleChoiceField(
        label=_("Languages we work in"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None: the language of your organisation."),
    )  # fmt: skip
    assigns = forms.ChoiceField(
        label=_("Who works a lead that we take"), choices=AssignRule.choices, widget=forms.RadioSelect, required=False
    )
    assigns_role = forms.ModelChoiceField(
        label=_("Of which job role"), queryset=JobRole.objects.filter(works_leads=True), required=False,
        help_text=_("Where it is somebody of one job role. While none of them is there, a colleague of another works it."),
    )  # fmt: skip
    has_hours = forms.BooleanField(
        label=_("We work at set hours"), required=False,
        help_text=_("Where the vendor's rules ask for it, offers come, and their time runs, in these hours only."),
    )  # fmt: skip
    workdays = forms.TypedMultipleChoiceField(
        label=_("Days we work"), required=False, coerce=int, choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple
    )
    opens_at = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    closes_at = forms.TimeField(
        label=_("Until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("On the clock of your organisation's time zone. 00:00 is midnight."),
    )  # fmt: skip
    holidays = forms.CharField(
        label=_("Days on which we do not work"), required=False,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": False}),
        help_text=_("One a line, such as 2026-12-25."),
    )  # fmt: skip

    def __init__(self, *args: Any, languages: Iterable[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["languages"]
        field.choices = list(languages)

    def clean_holidays(self) -> list[date]:
        return read_days(self.cleaned_data["holidays"])


def read_days(text: str) -> list[date]:
    """Days that are written one a line.

    Raises:
        ValidationError: one of them is none.
    """
    days = []
    for line in text.split():
        try:
            days.append(date.fromisoformat(line))
        except ValueError as error:
            raise ValidationError(
                _("“%(text)s” is not a day. Write it as 2026-12-25.") % {"text": line[:30]}, code="day"
            ) from error
    return days


class PauseForm(forms.Form):
    """Until when a partner takes no leads."""

    until = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The first day on which leads come again. Empty: until you say so."),
    )  # fmt: skip
    reason = forms.CharField(label=_("Why? For your colleagues and the vendor"), max_length=200, required=False)


class AwayForm(forms.Form):
    """Who is away, from when until when, and who works their leads meanwhile."""

    member = forms.ModelChoiceField(
        label=_("Who is away"), queryset=Membership.objects.none(), to_field_name="public_id", empty_label=None
    )
    away_from = forms.DateField(
        label=_("Away from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Today: from now on."),
    )  # fmt: skip
    back_on = forms.DateField(
        label=_("Back on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The first day on which leads come again. Empty: until somebody says so."),
    )  # fmt: skip
    deputy = forms.ModelChoiceField(
        label=_("Deputy"), queryset=Membership.objects.none(), to_field_name="public_id", required=False,
        empty_label=_("Nobody: the head has the leads"),
    )  # fmt: skip
    keeps_leads = forms.BooleanField(
        label=_("The leads in work stay"), required=False,
        help_text=_("Choose it for a few days in which they can wait. New leads go to colleagues all the same."),
    )  # fmt: skip

    def __init__(self, *args: Any, able: Any, members: Any, **kwargs: Any) -> None:
        """``able``: who works leads, and may be a deputy; ``members``: of whom the person may say that they are away."""
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        for name, choices in (("member", members), ("deputy", able)):
            fields[name].queryset = choices
            fields[name].label_from_instance = lambda membership: str(membership.user)


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


class HeardForm(forms.Form):
    """What a customer says of the first call."""

    called = forms.TypedChoiceField(
        label=_("Did somebody call you?"), choices=[("yes", _("Yes")), ("no", _("No, nobody has"))],
        widget=forms.RadioSelect, coerce=lambda given: given == "yes",
    )  # fmt: skip
    called_on = forms.DateField(
        label=_("On which day?"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("If they called. About will do; empty if you do not remember."),
    )  # fmt: skip
    rating = forms.TypedChoiceField(
        label=_("How was it?"), required=False, coerce=int, empty_value=None, widget=forms.RadioSelect,
        choices=[
            ("5", _("5: very good")), ("4", _("4: good")), ("3", _("3: middling")), ("2", _("2: poor")),
            ("1", _("1: very poor")),
        ],
    )  # fmt: skip
    words = forms.CharField(
        label=_("In your words"), required=False, max_length=WORDS_LENGTH, widget=forms.Textarea(attrs={"rows": 3})
    )
    wish = forms.CharField(
        label=_("What would you wish for now?"), required=False, max_length=WORDS_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


class DisputeForm(forms.Form):
    """Why a decision is contested, or what else is to be said in a case."""

    text = forms.CharField(
        label=_("What happened, and why is the decision wrong?"), max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("The vendor's staff read it. Name what can be checked: days, calls, colleagues."),
    )  # fmt: skip


class EvidenceForm(forms.Form):
    text = forms.CharField(
        label=_("Add something"), max_length=TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Both sides read it, and it stays."),
    )  # fmt: skip


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

    def __init__(self, *args: Any, with_turn: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["verdict"]
        field.choices = [
            *([("turn", _("Upheld: the turn is given back"))] if with_turn else []),
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
