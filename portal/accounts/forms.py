"""What a person says about themselves."""

import zoneinfo
from datetime import datetime

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User, language_choices


def time_zone_choices(now: datetime | None = None) -> list[tuple[str, str]]:
    """Zones that people live in, by region and city, each with its present offset."""
    now = now or timezone.now()
    regions = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    names = [*sorted(name for name in zoneinfo.available_timezones() if name.partition("/")[0] in regions), "UTC"]
    return [(name, f"{name.replace('_', ' ')} ({now.astimezone(zoneinfo.ZoneInfo(name)):%z})") for name in names]


class PreferencesForm(forms.Form):
    """Name, language and time zone."""

    first_name = forms.CharField(
        label=_("First name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=language_choices,
        help_text=_("Of the portal, and of the e-mail that it sends you."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=time_zone_choices, help_text=_("All dates and deadlines are shown in it.")
    )

    @staticmethod
    def initial_of(user: User) -> dict[str, str]:
        return {name: getattr(user, name) for name in ("first_name", "last_name", "language", "time_zone")}
