"""What examiners say when they act: reasons, answers, notes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.widgets import AdminAutoHeightTextInput

from certification.forms.fields import EveryLanguageField, MemberField
from certification.models import Exam


class RevocationForm(forms.Form):
    """Why a credential is taken back."""

    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The holder reads this."))


class WithdrawalForm(forms.Form):
    """Why a question is taken out of papers that are being sat."""

    reason = EveryLanguageField(
        label=_("Reason"),
        multiline=True,
        help_text=_("Those who are sitting with it read this, each in their language."),
    )


class HaltForm(forms.Form):
    """Why an exam is stopped."""

    reason = EveryLanguageField(
        label=_("Reason"), multiline=True, help_text=_("Those who are sitting read this, each in their language.")
    )


class PreviewForm(forms.Form):
    """As whom, and in which language, staff sit an exam."""

    member = MemberField(
        label=_("Sit it as (e-mail address of a member)"),
        required=False,
        help_text=_("What was granted to them for this exam holds for you as well. Empty: as anybody."),
    )
    language = forms.ChoiceField(label=_("Language"))

    def __init__(self, *args: Any, exam: Exam, names: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["language"]
        field.choices = [(code, names.get(code, code)) for code in exam.languages]


class VoidForm(forms.Form):
    """Why an attempt counts for nothing."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=AdminAutoHeightTextInput, help_text=_("The candidate reads this.")
    )


class StillTrueForm(forms.Form):
    """What was looked at."""

    note = forms.CharField(
        label=pgettext_lazy("question check", "Note"), max_length=300, required=False, widget=AdminAutoHeightTextInput,
        help_text=_("For other examiners: what you compared, and why it still holds."),
    )  # fmt: skip


class AnswerReportForm(forms.Form):
    """What became of a candidate's note."""

    answer = forms.CharField(
        label=_("Answer"), max_length=500, widget=AdminAutoHeightTextInput, help_text=_("The candidate reads this.")
    )
