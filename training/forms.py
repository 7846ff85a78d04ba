"""What readers type into the library, and what editors bring to it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail.models import Page

from portal.accounts.models import User
from portal.partners.models import Audience
from training.differences import Block
from training.models import RemarkKind, RemarkOutcome, Share
from training.services.importing import find_owners
from training.services.leaflets import Part
from training.services.ratings import MAX_WORDS
from training.services.remarks import MAX_ANSWER
from training.services.remarks import MAX_WORDS as MAX_REMARK
from training.services.sharing import DAYS
from training.services.texts import KINDS


class ShareForm(forms.Form):
    """What of a material goes to a customer, and for how long."""

    blocks = forms.MultipleChoiceField(label=_("What to send"), widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(label=_("Open for"), coerce=int)
    note = forms.CharField(
        label=_("Note to yourself"),
        required=False,
        max_length=Share._meta.get_field("note").max_length,
        help_text=_("For whom it is, to know it again in your list. The customer does not see it."),
    )

    def __init__(self, *args: Any, parts: Sequence[Part], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["blocks"].choices = [(part.block_id, part.label) for part in parts]  # type: ignore[attr-defined]
        self.fields["days"].choices = [  # type: ignore[attr-defined]
            (days, ngettext("%(days)s day", "%(days)s days", days) % {"days": days}) for days in sorted(DAYS)
        ]
        self.fields["days"].initial = DAYS[0]


class RatingForm(forms.Form):
    """How an answer fared on a call. The two buttons send ``worked``."""

    worked = forms.TypedChoiceField(
        choices=[("yes", _("It worked")), ("no", _("It did not work"))],
        coerce=lambda value: value == "yes",
        error_messages={"required": _("Say whether the answer worked: press one of the two buttons.")},
    )
    words = forms.CharField(label=_("What did the customer say?"), required=False, max_length=MAX_WORDS)


class FilesInput(forms.ClearableFileInput):
    """Many files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Many files at once: a list of uploads."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(file, initial) for file in files or [None]]


class MaterialImportForm(forms.Form):
    """What is imported, where to, and what holds for every file that does not say otherwise."""

    uploads = FilesField(
        label=_("Files"),
        widget=FilesInput(attrs={"accept": ".md,.markdown,.docx,.zip,image/*"}),
        help_text=_(
            "Markdown (.md) and Word (.docx), with the pictures that they show; or a whole folder packed as a .zip. "
            "40 MB at most. Nothing is written before you have seen it."
        ),
    )
    parent = forms.TypedChoiceField(
        label=_("Where to"),
        coerce=int,
        help_text=_("The language of the place is the language of the texts. Objection cards stand in a guide."),
    )
    kind = forms.ChoiceField(
        label=_("Type"),
        choices=[(kind, capfirst(model._meta.verbose_name)) for kind, model in KINDS.items()],
        help_text=_("Of files that do not name their type themselves."),
    )
    audience = forms.ModelChoiceField(
        label=_("For whom"),
        queryset=Audience.objects.all(),
        required=False,
        empty_label=_("Every member of a partner"),
        help_text=_("Of files that do not name their audience themselves."),
    )
    owner = forms.ModelChoiceField(
        label=_("Kept true by"),
        queryset=User.objects.none(),
        help_text=_("Is asked every 90 days whether the texts are still true."),
    )

    def __init__(self, *args: Any, by: Any, places: Sequence[Page], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].choices = [(place.pk, self._name(place, places)) for place in places]  # type: ignore[attr-defined]
        self.fields["owner"].queryset = find_owners()  # type: ignore[attr-defined]
        self.fields["owner"].initial = by.pk

    @staticmethod
    def _name(place: Page, places: Sequence[Page]) -> str:
        above = [other.title for other in places if place.path.startswith(other.path) and other != place]
        return f"{' › '.join([*above, place.title])} ({place.locale})"


class RemarkForm(forms.Form):
    """What is wrong, with which paragraph."""

    block = forms.ChoiceField(
        label=_("Which paragraph?"),
        widget=forms.RadioSelect,
        required=False,
        error_messages={"invalid_choice": _("This paragraph is not on the page any more. Choose another.")},
    )
    kind = forms.ChoiceField(label=_("What is wrong?"), choices=RemarkKind.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("In your words"),
        required=False,
        max_length=MAX_REMARK,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What would be right, or what happened on the call."),
    )

    def __init__(self, *args: Any, paragraphs: Sequence[Block], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["block"].choices = [  # type: ignore[attr-defined]
            ("", _("The material as a whole")),
            *((block.id, Truncator(f"{block.label}: {block.text}").chars(160)) for block in paragraphs),
        ]


class CloseRemarkForm(forms.Form):
    """What came of a remark, and what the reader is told."""

    outcome = forms.ChoiceField(label=_("What came of it"), choices=RemarkOutcome.choices, widget=forms.RadioSelect)
    answer = forms.CharField(
        label=_("Answer to the reader"),
        required=False,
        max_length=MAX_ANSWER,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("If it stays as it is, say why."),
    )
