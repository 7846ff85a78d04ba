"""An exam as examiners build it: its rules, its sections with what each draws, and what is shown afterwards.

One that its bank cannot fill cannot be opened: what is in conflict is named in words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from taggit.models import Tag
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.panels import InlinePanel

from certification.forms.fields import list_topic_choices
from certification.models import (
    Exam,
    ExamPrerequisite,
    ExamSection,
    FixedQuestion,
    Programme,
    QuestionTag,
    SectionQuota,
)
from certification.reviewing import MOST_HOURS, Fault, Policy, Problem, Rule, What, When, problems
from certification.services.codes import suggest_slug
from certification.services.filling import describe_lacks
from certification.services.programmes import save_programme
from training.circles import find_circle

# --- What is shown afterwards ----------------------------------------------------------------------------------------

WHAT: dict[What, Any] = {
    What.STUDY: _("Links to what a failed section tests"),
    What.SECTIONS: _("The marks of each section"),
    What.ANSWERS: _("The questions with one’s own answers"),
    What.MARKS: _("The marks of each question"),
    What.CORRECTNESS: _("Whether each answer is right"),
    What.FEEDBACK: _("The feedback of authors and markers"),
    What.KEY: _("The right answers"),
}
WHEN: dict[When, Any] = {
    When.AT_ONCE: pgettext_lazy("review", "As soon as it is graded"),
    When.LATER: pgettext_lazy("review", "So many hours later"),
    When.AFTER_CLOSE: pgettext_lazy("review", "After the exam’s window has ended"),
    When.NEVER: pgettext_lazy("review", "Never"),
}


class RuleWidget(forms.MultiWidget):
    """When something is shown, and after how many hours where that is later."""

    template_name = "certification/admin/widgets/rule.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        moments = forms.Select(choices=list(_list_moments()))
        hours = forms.NumberInput(attrs={"min": 0, "max": MOST_HOURS, "aria-label": _("hours later")})
        super().__init__({"when": moments, "hours": hours}, attrs)

    def decompress(self, value: Any) -> list[Any]:
        rule = value if isinstance(value, Rule) else Rule(When.NEVER)
        return [rule.when.value, rule.hours or None]


class ReviewWidget(forms.MultiWidget):
    """A table: what may be seen, and when."""

    template_name = "certification/admin/widgets/review.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({what.value: RuleWidget() for what in WHAT}, attrs)

    def decompress(self, value: Any) -> list[Rule]:
        policy = Policy.from_json(value) if isinstance(value, Mapping) else Policy()
        return [policy.rule(what) for what in WHAT]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        for subwidget, label in zip(context["widget"]["subwidgets"], WHAT.values(), strict=True):
            subwidget["label"] = label
        return context


def _list_moments() -> list[tuple[str, Any]]:
    return [(when.value, label) for when, label in WHEN.items()]


class RuleField(forms.MultiValueField):
    """A moment of review; the hours are needed where it is later, and count for nothing elsewhere."""

    widget = RuleWidget

    def __init__(self, **options: Any) -> None:
        moments = forms.ChoiceField(choices=_list_moments())
        hours = forms.IntegerField(required=False, min_value=0, max_value=MOST_HOURS)
        super().__init__([moments, hours], require_all_fields=False, **options)

    def compress(self, data_list: list[Any]) -> Rule:
        when = When(data_list[0]) if data_list else When.NEVER
        return Rule(when, data_list[1] or 0) if when == When.LATER else Rule(when)


class ReviewField(forms.MultiValueField):
    """What a candidate sees and when, as it is stored."""

    widget = ReviewWidget

    def __init__(self, **options: Any) -> None:
        super().__init__([RuleField() for _what in WHAT], require_all_fields=False, **options)

    def compress(self, data_list: list[Rule]) -> dict[str, str]:
        return Policy(dict(zip(WHAT, data_list, strict=True))).to_json() if data_list else {}

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except ValidationError:
            return True


def describe_problem(problem: Problem) -> str:
    """What makes no sense in what is shown when, as a sentence."""
    names = {"what": WHAT[problem.what], "other": WHAT.get(problem.other) if problem.other else ""}
    if problem.fault == Fault.NO_HOURS:
        return gettext("“%(what)s”: say how many hours later.") % names
    if problem.fault == Fault.NO_CLOSE:
        return gettext("“%(what)s”: this exam has no end of a window. Give it one, or choose another moment.") % names
    return gettext("“%(what)s” cannot be shown before “%(other)s”.") % names


# --- Sections --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class BankChoices:
    """What quotas choose from, read once for all the rows of a form."""

    _topics: list[tuple[Any, str]] | None = None
    _tags: list[tuple[Any, str]] | None = None

    @property
    def topics(self) -> list[tuple[Any, str]]:
        if self._topics is None:
            self._topics = [("", gettext("Any topic")), *list_topic_choices()]
        return self._topics

    @property
    def tags(self) -> list[tuple[Any, str]]:
        if self._tags is None:
            used = Tag.objects.filter(pk__in=QuestionTag.objects.values("tag")).order_by("name")
            self._tags = [("", gettext("Any tag")), *used.values_list("pk", "name")]
        return self._tags


class QuotaForm(WagtailAdminModelForm):
    """How many questions of what."""

    def __init__(self, *args: Any, bank: BankChoices | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bank = bank or BankChoices()
        for name, choices in (("topic", bank.topics), ("tag", bank.tags)):
            if name in self.fields:
                field: Any = self.fields[name]
                field.choices = choices
                field.help_text = ""  # fields in a row stand level
        if "difficulty" in self.fields:
            difficulty: Any = self.fields["difficulty"]
            difficulty.choices = [("", gettext("Any difficulty")), *difficulty.choices[1:]]


class SectionForm(WagtailAdminModelForm):
    """A section draws by quotas, or always asks the same questions."""

    def __init__(self, *args: Any, bank: BankChoices | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "waives" in self.fields:
            self.fields["waives"].widget.attrs["class"] = "w-w-full"  # names of lessons are long
        if "quotas" in self.formsets:
            self.formsets["quotas"].form_kwargs["bank"] = bank or BankChoices()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        if list_rows(self.formsets.get("quotas")) and list_rows(self.formsets.get("fixed_questions")):
            raise ValidationError(
                gettext("A section either draws questions or always asks the same ones: take out one or the other.")
            )
        return data


def list_rows(formset: Any) -> list[dict[str, Any]]:
    """What the rows of a formset say that are sound and not taken out."""
    if formset is None:
        return []
    rows = sorted(
        (
            form
            for form in formset.forms
            if form.is_valid() and form.cleaned_data and form.has_changed() | bool(form.instance.pk)
        ),
        key=lambda form: form.cleaned_data.get("ORDER") or 0,
    )
    return [{**form.cleaned_data, "form": form} for form in rows if not form.cleaned_data.get("DELETE")]


class PrerequisiteForm(WagtailAdminModelForm):
    """A course or an exam: one of the two."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        if not self.errors and bool(data.get("course")) == bool(data.get("required_exam")):
            raise ValidationError(gettext("Name a course or an exam: one of the two in each row."))
        return data


class FormInlinePanel(InlinePanel):
    """An inline panel whose rows have a form of their own."""

    def __init__(self, *args: Any, form_class: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form_class = form_class

    def clone_kwargs(self) -> dict[str, Any]:
        return {**super().clone_kwargs(), "form_class": self.form_class}

    def get_form_options(self) -> dict[str, Any]:
        options: dict[str, Any] = super().get_form_options()
        options["formsets"][self.relation_name]["form"] = self.form_class
        return options


# --- The exam --------------------------------------------------------------------------------------------------------


class ExamForm(WagtailAdminModelForm):
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A candidate chooses one; only what is written in it is drawn."),
    )
    review = ReviewField(label=_("What the candidate sees afterwards, and when"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        languages: Any = self.fields["languages"]
        languages.choices = list(settings.LANGUAGES)
        if "slug" in self.fields:
            slug, letter = self.fields["slug"], self.fields["letter"]
            slug.required = letter.required = False
            slug.help_text = gettext("Empty: made from the name.")
            letter.help_text = gettext("On its mark. Empty: the first of the name.")
        for name in {"purpose", "calculator"} & set(self.fields):
            self.fields[name].widget.attrs["class"] = "w-w-full"  # their choices are long: no wider than a phone
        for name in ("languages", "review"):  # declared here, so the model's default is not taken by itself
            self.fields[name].initial = Exam._meta.get_field(name).get_default()
        if "sections" in self.formsets:
            self.formsets["sections"].form_kwargs["bank"] = BankChoices()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        if title := data.get("title"):
            data["slug"] = data.get("slug") or suggest_slug(Exam, title.in_language(settings.LANGUAGE_CODE))
            if not data["slug"]:
                self.add_error(
                    "slug", gettext("Nothing can be made from this name: write one, of Latin letters and digits.")
                )
            data["letter"] = data.get("letter") or title.in_language(settings.LANGUAGE_CODE)[:1].upper()
        # The button “Save and open” leaves the box as it is: where it is refused, saving closed is one press.
        data["is_open"] = data.get("is_open") or "open" in self.data
        self._check_rules(data)
        self._check_circle()
        if data.get("is_open") and self.formsets["sections"].is_valid():
            for words in describe_lacks(self.planned):
                self.add_error("is_open", words)
        return data

    def _check_rules(self, data: Mapping[str, Any]) -> None:
        opens, closes = data.get("window_opens_at"), data.get("window_closes_at")
        if opens and closes and closes <= opens:
            self.add_error("window_closes_at", gettext("The window ends before it opens."))
        if data.get("no_way_back") and not data.get("one_at_a_time"):
            self.add_error("no_way_back", gettext("Only an exam of one question at a time can have no way back."))
        if "review" in data:
            for problem in problems(Policy.from_json(data["review"]), has_window=closes is not None):
                self.add_error("review", describe_problem(problem))

    def _check_circle(self) -> None:
        """Refuse an exam that would have to be passed before itself, naming the way round."""
        formset = self.formsets.get("prerequisites")
        if self.instance.pk is None or formset is None or not formset.is_valid():
            return
        requires: dict[int, list[int]] = {}
        for exam, required in ExamPrerequisite.objects.filter(required_exam__isnull=False).values_list(
            "exam", "required_exam"
        ):
            requires.setdefault(exam, []).append(required)
        wanted = [row["required_exam"] for row in list_rows(formset)]
        requires[self.instance.pk] = [exam.pk for exam in wanted if exam]
        if circle := find_circle(requires, self.instance.pk):
            names = Exam.objects.in_bulk(circle)
            self.add_error(
                None,
                gettext("These exams would have to be passed before one another: %(circle)s.")
                % {"circle": " → ".join(f"“{names[pk]}”" for pk in circle)},
            )

    @cached_property
    def planned(self) -> Exam:
        """The exam as the form says it, its sections in memory: nothing of it is stored."""
        data = self.cleaned_data
        exam = Exam(
            pass_percent=data.get("pass_percent") or 0,
            languages=data.get("languages") or [],
            exposure_cap_percent=data.get("exposure_cap_percent"),
        )
        exam.sections = [_plan_section(row) for row in list_rows(self.formsets["sections"])]
        return exam


def _plan_section(row: Mapping[str, Any]) -> ExamSection:
    section = ExamSection(
        pk=row["form"].instance.pk, title=row.get("title") or {}, pass_percent=row.get("pass_percent") or 0
    )
    formsets = row["form"].formsets
    section.quotas = [
        SectionQuota(count=quota["count"], **_pick(quota, ("topic", "tag", "difficulty")))
        for quota in list_rows(formsets.get("quotas"))
    ]
    section.fixed_questions = [
        FixedQuestion(question=fixed["question"]) for fixed in list_rows(formsets.get("fixed_questions"))
    ]
    return section


def _pick(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row.get(name) or None for name in names}


class ProgrammeForm(WagtailAdminModelForm):
    """A programme with its exams and requirements, saved by the service that makes a change take effect at once."""

    def save(self, commit: bool = True) -> Programme:
        programme: Programme = super().save(commit=False)
        return save_programme(programme, by=self.for_user) if commit else programme
