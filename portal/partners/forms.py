"""What an owner, an invited person and the vendor's staff fill in."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm

from portal.accounts.forms import PreferencesForm, time_zone_choices
from portal.accounts.models import User, language_choices
from portal.partners.models import AgreementVersion, Audience, JobRole, Partner
from portal.partners.registry import list_keys
from portal.partners.services.agreements import publish_agreement
from portal.partners.services.partners import change_partner, register_partner


class JobRolesForm(forms.Form):
    """Which job roles a member holds."""

    roles = forms.ModelMultipleChoiceField(
        label=_("Job roles"),
        queryset=JobRole.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("They decide what the person may do here, and which materials they see."),
        error_messages={"required": _("Choose at least one job role.")},
    )


class InvitationForm(JobRolesForm):
    """Whom to invite, as what, and in which language to write to them."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    language = forms.ChoiceField(
        label=_("Language of the letter"), choices=language_choices, help_text=_("They can choose another later.")
    )

    field_order = ["email", "roles", "language"]


class NewPersonForm(PreferencesForm):
    """What a new person tells of themselves when they accept an invitation. The address is the invitation's."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=lazy(password_validators_help_text_html, str)(),
    )

    field_order = ["first_name", "last_name", "password", "language", "time_zone"]

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        person = User(
            email=self.email,
            first_name=self.cleaned_data.get("first_name", ""),
            last_name=self.cleaned_data.get("last_name", ""),
        )
        validate_password(password, person)
        return password


class WithdrawalForm(forms.Form):
    """Why staff take an acceptance back."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


# --- Staff's forms in the admin --------------------------------------------------------------------------------------


class PartnerForm(WagtailAdminModelForm):
    """A partner as channel managers keep it. Status and tier go through their services, which keep the history."""

    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zone_choices)

    def clean_country(self) -> str:
        return self.cleaned_data["country"].upper()

    def save(self, commit: bool = True) -> Partner:
        """Register a new partner; or save what has no consequences, then change tier and status by their services."""
        if not commit:
            return super().save(commit=False)
        now, by = timezone.now(), self.for_user
        choices = {"regions": self.cleaned_data["regions"], "products": self.cleaned_data["products"]}
        if self.instance._state.adding:
            return register_partner(self.instance, **choices, by=by, now=now)
        plain = {name: self.cleaned_data[name] for name in ("name", "kind", "country", "language", "time_zone")}
        partner = change_partner(
            self.instance,
            **plain,
            **choices,
            tier=self.cleaned_data["tier"],
            status=self.cleaned_data["status"],
            status_reason=self.cleaned_data["status_reason"],
            by=by,
            now=now,
        )
        self.instance.refresh_from_db()
        return partner


class AgreementForm(WagtailAdminModelForm):
    """A new version of the agreement. There is no form for an old one: people accepted exactly that text."""

    def clean_effective_from(self) -> datetime:
        moment = self.cleaned_data["effective_from"]
        if moment < timezone.now():
            raise ValidationError(_("A version cannot be in effect before it is published."))
        return moment

    def save(self, commit: bool = True) -> AgreementVersion:
        if not commit:
            return super().save(commit=False)
        version = publish_agreement(**self.cleaned_data, by=self.for_user, now=timezone.now())
        self.instance.pk, self.instance.number = version.pk, version.number
        self.instance._state.adding = False
        return version


class AudienceForm(WagtailAdminModelForm):
    """Who may read a material. What entitles is chosen from what there is; a key that is kept already stays a choice."""

    class Meta:
        model = Audience
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {"": _("Nothing in particular"), **{known.key: known.name for known in list_keys()}}
        names.setdefault(self.instance.entitlement, self.instance.entitlement)
        self.fields["entitlement"] = forms.ChoiceField(
            label=self.fields["entitlement"].label,
            choices=list(names.items()),
            required=False,
            help_text=_("What a reader must hold, such as the credential of an exam. It opens and closes with it."),
        )
