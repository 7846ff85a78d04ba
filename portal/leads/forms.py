"""Forms of partners' people and of customers."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.core.amounts import DECIMALS, to_minor
from portal.leads.models import (
    AssignRule,
    DeclineReason,
    LostReason,
    Stage,
)
from portal.leads.models.customers import WORDS_LENGTH
from portal.leads.models.disputes import TEXT_LENGTH
from portal.partners.models import JobRole, Membership

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
