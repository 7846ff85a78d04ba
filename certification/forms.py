"""What arrives from the exam's page, read into plain values; and what examiners fill in."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.models import WagtailAdminModelForm, WagtailAdminModelFormMetaclass
from wagtail.admin.widgets import AdminPageChooser

from certification.drawing import Blueprint, SectionRule, Shortfall, find_shortfalls
from certification.models import Exam, Programme, Question, QuestionVersion, Topic
from certification.question_types import MOST_OPTIONS
from certification.services.bank import Citation, write_version
from certification.services.exams import load_bank_outline
from certification.services.programmes import save_programme
from portal.core.errors import Refusal
from portal.core.localised import LocalisedFormField
from training.models import MaterialPage

#: No paper is longer; a hostile page may claim so.
MOST_QUESTIONS = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """Answers that arrived, by position, with the number of the change."""

    answers: dict[int, list[str]]
    client_seq: int
    whole_page: bool


def read_change(data: QueryDict) -> Change:
    """Read one answer as the ``exam-sheet`` sends it, or the whole page as a browser without JavaScript does.

    One answer is ``position``, ``response`` (repeated, one for each chosen option) and ``seq``, its number. The page
    as a whole is ``shown`` (how many questions it has), ``q1``, ``q2`` … (each repeated) and ``seq``, the number that
    the page was given.

    Raises:
        Refusal: where a number is not a number.
    """
    try:
        if "position" in data:
            position, seq = int(data.get("position", "")), int(data.get("seq", ""))
            change = Change({position: data.getlist("response")}, seq, whole_page=False)
        else:
            shown, seq = min(int(data.get("shown", "")), MOST_QUESTIONS), int(data.get("seq", "")) + 1
            answers = {position: data.getlist(f"q{position}") for position in range(1, shown + 1)}
            change = Change(answers, seq, whole_page=True)
    except ValueError as error:
        raise _unreadable() from error
    if not 0 <= change.client_seq < 2**53:  # what a browser can count
        raise _unreadable()
    return change


def _unreadable() -> Refusal:
    return Refusal(
        _("What arrived is not an answer to this exam."), remedy=_("Load the page again."), code="bad_answer"
    )


# --- Examiners' forms in the admin -----------------------------------------------------------------------------------

#: How many places of materials a question may cite, and how many options it may have: one row of fields each.
CITATIONS = range(1, 7)
OPTIONS = range(1, MOST_OPTIONS + 1)


class QuestionFormBase(WagtailAdminModelForm):
    """A question and what it says. Saving writes its draft; where the latest version was approved, a new one.

    The options keep their stable ids by their place: an option that is emptied is taken out, a new one gets a new id.
    """

    stem = LocalisedFormField(multiline=True, label=_("Question or statement"))
    answer = forms.TypedChoiceField(
        label=_("The statement is"),
        choices=[
            ("", "—"),
            ("true", pgettext_lazy("statement", "True")),
            ("false", pgettext_lazy("statement", "False")),
        ],
        required=False,
        help_text=_("For true or false alone."),
    )
    feedback = LocalisedFormField(
        multiline=True, required=False, label=_("Feedback"), help_text=_("For review. Never shown during a sitting.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.latest = self.instance.versions.order_by("-number").first() if self.instance.pk else None
        content = self.latest.content if self.latest else {}
        options = content.get("options", [])
        self.option_ids = [option["id"] for option in options]
        self.initial.update(stem=content.get("stem"), feedback=content.get("feedback"))
        if "answer" in content:
            self.initial["answer"] = "true" if content["answer"] else "false"
        for place, option in zip(OPTIONS, options, strict=False):
            self.initial[f"option_{place}"] = option["text"]
            self.initial[f"right_{place}"] = option["correct"]
        if self.latest:
            self._show_citations(self.latest)
        for name in ("stem", "feedback"):
            for widget in self.fields[name].widget.widgets:
                widget.attrs["rows"] = 3
        if self.instance.pk:
            # The content's shape is the type's.
            self.fields["type"].disabled = True

    def _show_citations(self, version: QuestionVersion) -> None:
        keys = {key for key, _block in version.citations}
        pages = {str(page.translation_key): page for page in MaterialPage.objects.filter(translation_key__in=keys)}
        for place, (key, block) in zip(CITATIONS, version.citations, strict=False):
            page = pages.get(key)
            if page is None:
                continue
            section = next((part for part in page.specific.sections if part.block_id == block), None)
            self.initial[f"cited_page_{place}"] = page.pk
            self.initial[f"cited_anchor_{place}"] = section.anchor if section else block

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        kind = self.instance.kind if self.instance.pk else None
        name = kind.name if kind else data.get("type")
        if not name:
            return data
        self.content: dict[str, Any] = {"stem": dict(data.get("stem") or {})}
        if name == "true_false":
            if not data.get("answer"):
                self.add_error("answer", _("Say whether the statement is true."))
            self.content["answer"] = data.get("answer") == "true"
        else:
            self.content["options"] = self._read_options(data)
        if data.get("feedback"):
            self.content["feedback"] = dict(data["feedback"])
        self.citations = self._read_citations(data)
        return data

    def _read_options(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        used = set(self.option_ids)
        options = []
        for place in OPTIONS:
            text = data.get(f"option_{place}")
            if not text:
                continue
            if place <= len(self.option_ids):
                key = self.option_ids[place - 1]
            else:
                key = next(f"o{number}" for number in range(1, 99) if f"o{number}" not in used)
                used.add(key)
            options.append({"id": key, "text": dict(text), "correct": bool(data.get(f"right_{place}"))})
        return options

    def _read_citations(self, data: dict[str, Any]) -> list[Citation]:
        citations = []
        for place in CITATIONS:
            page, anchor = data.get(f"cited_page_{place}"), (data.get(f"cited_anchor_{place}") or "").lstrip("#")
            if page is None:
                continue
            section = next(
                (part for part in page.specific.sections if anchor and anchor in {part.anchor, part.block_id}), None
            )
            if anchor and section is None:
                self.add_error(f"cited_anchor_{place}", _("This material has no section of that name."))
                continue
            citations.append((str(page.translation_key), (section.block_id or section.anchor) if section else ""))
        return citations

    def save(self, commit: bool = True) -> Question:
        question: Question = super().save(commit)
        if commit:
            write_version(
                question, content=self.content, citations=self.citations, by=self.for_user, now=timezone.now()
            )
        return question


def _question_fields() -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for place in OPTIONS:
        fields[f"option_{place}"] = LocalisedFormField(required=False, label=_("Option %(place)d") % {"place": place})
        fields[f"right_{place}"] = forms.BooleanField(required=False, label=_("Right"))
    for place in CITATIONS:
        fields[f"cited_page_{place}"] = forms.ModelChoiceField(
            MaterialPage.objects.all(),
            required=False,
            widget=AdminPageChooser(target_models=[MaterialPage]),
            label=_("Material"),
        )
        fields[f"cited_anchor_{place}"] = forms.CharField(
            required=False, max_length=60, label=_("Section"), help_text=_("Its anchor; empty for the whole material.")
        )
    return fields


#: The question's form with a row of fields for each option and each citation.
QuestionForm = WagtailAdminModelFormMetaclass("QuestionForm", (QuestionFormBase,), _question_fields())


class ExamForm(WagtailAdminModelForm):
    """An exam. One that its question bank cannot fill cannot be opened."""

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("is_open"):
            return data
        rules = [
            SectionRule(number, part["topic"].pk, part["count"], 0, {})
            for number, form in enumerate(self.formsets["sections"].forms, 1)
            if form.is_valid() and (part := form.cleaned_data) and not part.get("DELETE") and part.get("topic")
        ]
        shortfalls = find_shortfalls(Blueprint(tuple(rules), 0), load_bank_outline(rule.topic for rule in rules))
        if not rules:
            self.add_error("is_open", _("An exam without sections cannot be opened."))
        for words in describe_shortfalls(shortfalls):
            self.add_error("is_open", words)
        return data


def describe_shortfalls(shortfalls: tuple[Shortfall, ...]) -> list[str]:
    """What the bank lacks, as sentences for examiners."""
    topics = Topic.objects.in_bulk([short.topic for short in shortfalls])
    return [
        gettext("%(topic)s: %(wanted)s, and the bank has %(available)d.")
        % {
            "topic": topics[short.topic],
            "wanted": ngettext(
                "%(count)d approved question is asked", "%(count)d approved questions are asked", short.wanted
            )
            % {"count": short.wanted},
            "available": short.available,
        }
        for short in shortfalls
    ]


class ProgrammeForm(WagtailAdminModelForm):
    """A programme with its exams and requirements, saved by the service that makes a change take effect at once."""

    def save(self, commit: bool = True) -> Programme:
        programme: Programme = super().save(commit=False)
        return save_programme(programme, by=self.for_user) if commit else programme


class RevocationForm(forms.Form):
    """Why a credential is taken back."""

    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The holder reads this."))


def find_exam_shortfalls(exam: Exam) -> list[str]:
    """What the bank lacks for a stored exam, as sentences for examiners."""
    bank = load_bank_outline(part.topic_id for part in exam.sections.all())
    return describe_shortfalls(find_shortfalls(exam.as_blueprint(), bank))
