"""More time, attempts or breaks, for a person by their address or for everyone of a partner."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.models import WagtailAdminModelForm

from certification.forms.fields import MemberField
from certification.models import Accommodation


class AccommodationForm(WagtailAdminModelForm):
    person = MemberField(
        label=_("Person (e-mail address of a member)"), required=False, help_text=_("This, or a partner below.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("starts_at", timezone.now())
        if self.instance.user_id:
            self.initial["person"] = self.instance.user.email
        for name, empty in (("partner", _("No partner: one person")), ("exam", _("Every exam"))):
            if name in self.fields:
                field: Any = self.fields[name]
                field.empty_label = empty

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        if "person" in data:
            members = data["person"]
            self.instance.user = members[0].user if members else None
            if bool(members) == bool(data.get("partner")):
                self.add_error("person", gettext("Name a person or a partner: one of the two."))
        starts, expires = data.get("starts_at"), data.get("expires_at")
        if starts and expires and expires <= starts:
            self.add_error("expires_at", gettext("It ends before it begins."))
        gifts = ("time_factor_percent", "extra_attempts", "break_minutes")
        if not self.errors and all(data.get(name) is None for name in gifts):
            raise forms.ValidationError(gettext("Say what is granted: more time, more attempts, or breaks."))
        return data

    def save(self, commit: bool = True) -> Accommodation:
        if self.instance._state.adding:
            self.instance.granted_at, self.instance.granted_by = timezone.now(), self.for_user
        accommodation: Accommodation = super().save(commit)
        return accommodation
