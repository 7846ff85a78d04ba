"""What arrives from the exam's page, read into plain values; and what examiners fill in."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import format_lazy
from django.utils.translation import get_language, get_language_info, gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.models import WagtailAdminModelForm, WagtailAdminModelFormMetaclass

from certification.authoring import Unreadable, fill_form, make_fields, read_content
from certification.models import EventKind, Exam, Question
from certification.question_types import QuestionType
from certification.services.attempts import Noticed
from certification.services.bank import Cited, write_version
from certification.services.codes import claim_code, suggest_code
from certification.services.places import Place, find_like, find_place, list_places
from portal.core.errors import Refusal

#: No paper is longer; a hostile page may claim so.
MOST_QUESTIONS = 1000
#: How the inputs of a question are named: ``q7``, and ``q7-2`` for its part 2.
_INPUT = re.compile(r"q([1-9]\d{0,3})(?:-(\w{1,8}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Change:
    """Answers that arrived, by position and part, with the number of the change."""

    answers: dict[int, dict[str, list[str]]]
    client_seq: int
    whole_page: bool


class StartForm(forms.Form):
    """What is asked at the start of an exam: the language where there are several, the code where one is handed out."""

    def __init__(self, *args: Any, exam: Exam, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict(settings.LANGUAGES)
        offered = [(code, get_language_info(code)["name_local"]) for code in exam.languages if code in names]
        if len(offered) > 1:
            self.fields["language"] = forms.ChoiceField(
                label=_("Language of the questions"), choices=offered, required=False,
                initial=language if language in exam.languages else offered[0][0],
            )  # fmt: skip
        if exam.access_code:
            self.fields["access_code"] = forms.CharField(
                label=_("Access code"), max_length=40, required=False,
                widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
            )  # fmt: skip


def read_position(value: str | None) -> int | None:
    """A position as a page sends it; None where it is none."""
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 5 else None


def read_noticed(data: QueryDict) -> list[Noticed]:
    """What a page noticed: ``noticed`` repeated, each ``kind:position``. What cannot be read is left out."""
    found = []
    for line in data.getlist("noticed")[:50]:
        kind, _colon, position = line.partition(":")
        if kind in {EventKind.FOCUS_LOST, EventKind.FOCUS_BACK, EventKind.PASTE}:
            found.append(Noticed(EventKind(kind), read_position(position)))
    return found


def read_change(data: QueryDict) -> Change:
    """Read one answer as the ``exam-sheet`` sends it, or the whole page as a browser without JavaScript does.

    One answer is ``position``, ``response`` (repeated, one for each chosen option), ``response-…`` for each further
    part of the question, and ``seq``, its number. The page as a whole is ``shown`` (how many questions it has), ``q1``,
    ``q1-…``, ``q2`` … (each repeated) and ``seq``, the number that the page was given. A page with one question alone
    names its position in ``alone``.

    Raises:
        Refusal: where a number is not a number.
    """
    try:
        if "position" in data:
            position, seq = int(data.get("position", "")), int(data.get("seq", ""))
            given = {name[9:]: values for name, values in data.lists() if name == "response" or name[:9] == "response-"}
            change = Change({position: given}, seq, whole_page=False)
        else:
            shown, seq = min(int(data.get("shown", "")), MOST_QUESTIONS), int(data.get("seq", "")) + 1
            alone = read_position(data.get("alone"))
            places = [alone] if alone else range(1, shown + 1)
            answers: dict[int, dict[str, list[str]]] = {position: {} for position in places}
            for name, values in data.lists():
                if (found := _INPUT.fullmatch(name)) and int(found[1]) in answers:
                    answers[int(found[1])][found[2] or ""] = values
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

#: How many places of materials a question may cite: a field each.
CITATIONS = range(1, 7)


class QuestionFormBase(WagtailAdminModelForm):
    """A question and what it says. Saving writes its draft; where the latest version was approved, a new one.

    Attributes:
        kind: the type of question, whose parts the form's fields are.
    """

    kind: QuestionType

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.type = self.kind.name
        self.latest = self.instance.versions.order_by("-number").first() if self.instance.pk else None
        self.content: dict[str, Any] = dict(self.latest.content) if self.latest else {}
        self.initial: dict[str, Any] = {**fill_form(self.kind.parts, self.content), **self.initial}
        code: Any = self.fields["slug"]
        code.required, code.help_text = False, _("Such as pk-014. Empty: the next one of the topic.")
        self._show_citations(self.latest.citations if self.latest else self.initial.pop("cites", []))

    @cached_property
    def places(self) -> list[Place]:
        """What there is to cite."""
        return list_places(get_language() or "")

    def _show_citations(self, citations: Iterable[Sequence[str]]) -> None:
        """By name; a place that is not there any more as it is stored, so that saving loses nothing."""
        names = {(place.key, place.block): place.name for place in self.places}
        for number, (key, block) in zip(CITATIONS, citations, strict=False):
            self.initial[f"cited_{number}"] = names.get((key, block), f"{key}#{block}")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.wants_code = not data.get("slug") and bool(data.get("topic"))
        if self.wants_code:
            data["slug"] = suggest_code(data["topic"])  # so that everything else can be checked; see save
        try:
            self.content = read_content(self.kind.parts, data, self.content)
        except Unreadable as error:
            for name, words in error.faults.items():
                self.add_error(name, words)
        self.citations = self._read_citations(data)
        return data

    def _read_citations(self, data: dict[str, Any]) -> list[Cited]:
        citations = []
        known = {f"{key}#{block}" for key, block in self.latest.citations} if self.latest else set()
        for number in CITATIONS:
            name = data.get(f"cited_{number}") or ""
            if not name:
                continue
            place = find_place(self.places, name)
            if place is not None:
                citations.append((place.key, place.block))
            elif name in known:
                key, _sign, block = name.partition("#")
                citations.append((key, block))
            else:
                self.add_error(f"cited_{number}", self._say_unknown(name))
        return citations

    def _say_unknown(self, name: str) -> str:
        like = find_like(self.places, name)
        if not like:
            return gettext("No place of the library is called that. Type a word of its name and choose from the list.")
        return gettext("No place of the library is called just that. Choose one, such as: %(places)s.") % {
            "places": "; ".join(gettext("“%(topic)s”") % {"topic": one} for one in like)
        }

    def save(self, commit: bool = True) -> Question:
        if commit and self.wants_code:
            self.instance.slug = claim_code(self.instance.topic)
        question: Question = super().save(commit)
        if commit:
            write_version(
                question, content=self.content, citations=self.citations, by=self.for_user, now=timezone.now()
            )
        return question


def _citation_fields() -> dict[str, forms.Field]:
    widget = forms.TextInput(attrs={"list": "places", "autocomplete": "off"})
    return {
        f"cited_{number}": forms.CharField(
            required=False, max_length=400, widget=widget, label=format_lazy(_("Place {number}"), number=number)
        )
        for number in CITATIONS
    }


def make_question_form(kind: QuestionType) -> type[QuestionFormBase]:
    """The form of a type: a field for each part that it declares, and one for each citation."""
    fields = {**make_fields(kind.parts), **_citation_fields(), "kind": kind}
    form: type[QuestionFormBase] = WagtailAdminModelFormMetaclass("QuestionForm", (QuestionFormBase,), fields)
    return form
