"""Where a person wants to hear of what."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.notifications.models import Preference
from portal.notifications.registry import NotificationType, types


class ChannelsForm(forms.Form):
    """Two boxes for every kind of notice: in the portal, by e-mail."""

    def __init__(self, *args: Any, chosen: dict[str, Preference], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds: list[NotificationType] = sorted(types.values(), key=lambda kind: kind.name)
        for kind in self.kinds:
            choice = chosen.get(kind.name)
            self.fields[f"{kind.name}:inbox"] = forms.BooleanField(
                label=_("In the portal"), required=False, initial=choice.in_inbox if choice else True
            )
            self.fields[f"{kind.name}:email"] = forms.BooleanField(
                label=_("By e-mail"), required=False, initial=choice.by_email if choice else kind.by_email
            )

    def rows(self) -> list[tuple[NotificationType, Any, Any]]:
        """Each kind with its two bound fields."""
        return [(kind, self[f"{kind.name}:inbox"], self[f"{kind.name}:email"]) for kind in self.kinds]

    def choices(self) -> dict[str, tuple[bool, bool]]:
        return {
            kind.name: (self.cleaned_data[f"{kind.name}:inbox"], self.cleaned_data[f"{kind.name}:email"])
            for kind in self.kinds
        }
