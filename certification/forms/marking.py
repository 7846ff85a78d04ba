"""An answer marked by the question's rubric: a level for each criterion, and words for the candidate."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.widgets import AdminAutoHeightTextInput

from certification.services.marksheets import Criterion

PREFIX = "criterion_"


class MarkForm(forms.Form):
    """One group of radio buttons for each criterion of the rubric, in the author's order."""

    def __init__(self, *args: Any, criteria: list[Criterion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = criteria
        for criterion in criteria:
            self.fields[PREFIX + criterion.id] = forms.ChoiceField(
                label=criterion.title,
                choices=[(level.id, level.label) for level in criterion.levels],
                widget=forms.RadioSelect,
            )
        self.fields["comment"] = forms.CharField(
            label=_("Comment"), max_length=2000, required=False, widget=AdminAutoHeightTextInput,
            help_text=_("The candidate reads this."),
        )  # fmt: skip
        first = next(iter(self.fields.values()))
        first.widget.attrs["autofocus"] = True

    @property
    def rubric(self) -> dict[str, str]:
        """The level chosen of each criterion, by its id; only of a valid form."""
        return {criterion.id: self.cleaned_data[PREFIX + criterion.id] for criterion in self.criteria}
