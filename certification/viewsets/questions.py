"""The question bank: the list with what was measured, versions and their acts, where used, what changed."""

from functools import cache
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import django_filters
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.forms import CharField, Form
from django.http import Http404, HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView
from taggit.models import Tag
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, Panel
from wagtail.admin.ui.tables import Column, StatusTagColumn
from wagtail.admin.views.generic import CreateView, EditView
from wagtail.admin.views.generic import chooser as chooser_views
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton

from certification import access
from certification.authoring import make_panels
from certification.forms import CITATIONS, make_question_form
from certification.forms.acts import WithdrawalForm
from certification.forms.fields import TopicIterator
from certification.models import (
    Citation,
    Difficulty,
    ExamRules,
    Question,
    QuestionVersion,
    Topic,
    VersionState,
    find_subtrees,
    question_type_choices,
)
from certification.question_types import get_type, type_names
from certification.services.bank import approve_version, retire_version, send_back, send_to_review, withdraw_version
from certification.services.comparing import compare_versions, name_citations
from certification.services.usage import count_sitting, find_use
from certification.viewsets.common import ExaminerActView, ExaminerPageMixin, ShownPanel
from certification.viewsets.policies import POLICIES
from portal.accounts.models import User
from portal.content.models import Product
from portal.core.errors import Refusal
from portal.core.viewsets import RelatedIndexView

# --- What is done with a version -------------------------------------------------------------------------------------


class VersionActView(ExaminerActView):
    may = access.may_approve
    header_icon = "help"
    version: QuestionVersion

    def find(self, **kwargs: Any) -> None:
        self.version = get_object_or_404(QuestionVersion.objects.select_related("question"), pk=kwargs["pk"])

    @property
    def back_url(self) -> str:
        return reverse("questions:edit", args=[self.version.question_id])

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("questions:index"), _("Questions")), (self.back_url, str(self.version.question))]

    def get_page_subtitle(self) -> str:
        return _("%(question)s, version %(number)d") % {
            "question": self.version.question,
            "number": self.version.number,
        }


class SendToReviewView(VersionActView):
    page_title = gettext_lazy("Send to review")
    submit_label = gettext_lazy("Send it")
    explanation = gettext_lazy(
        "Another examiner reads it and approves it, or sends it back. Until then it is not drawn."
    )

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        send_to_review(self.version, by=self.person, now=timezone.now())
        return _("The version is in review.")


class SendBackView(VersionActView):
    page_title = gettext_lazy("Send back")
    submit_label = gettext_lazy("Send it back")
    explanation = gettext_lazy("It is a draft again, for its author to work on.")

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        send_back(self.version)
        return _("The version is a draft again.")


class ApproveView(VersionActView):
    page_title = gettext_lazy("Approve")
    submit_label = gettext_lazy("Approve it")
    explanation = gettext_lazy(
        "From now on it is drawn, in place of the version that was. Its text cannot be changed any more: an edit makes "
        "a new version."
    )

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        approve_version(self.version, by=self.person, now=timezone.now())
        return _("The version is approved.")


class RetireView(VersionActView):
    page_title = gettext_lazy("Retire")
    submit_label = gettext_lazy("Retire it")
    explanation = gettext_lazy(
        "It is drawn no more. Running attempts keep it. An exam that misses it may no longer be filled: see the exam."
    )
    danger = True

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        retire_version(self.version, by=self.person, now=timezone.now())
        return _("The version is retired.")


class WithdrawView(VersionActView):
    """Takes a version out of the papers of those who sit with it, too: they read why."""

    may = access.may_halt
    page_title = gettext_lazy("Withdraw at once")
    submit_label = gettext_lazy("Withdraw it")
    danger = True
    form_class = WithdrawalForm

    @property
    def explanation(self) -> str:
        sitting = count_sitting(self.version)
        who = (
            ngettext(
                "%(count)d person is sitting with it at this moment and reads your reason in place of the question.",
                "%(count)d people are sitting with it at this moment and read your reason in place of the question.",
                sitting,
            )
            % {"count": sitting}
            if sitting
            else _("Nobody is sitting with it at this moment.")
        )
        return " ".join(
            (
                who,
                _("It earns nothing and costs nothing from now on, whatever was answered; clocks go on."),
                _(
                    "It is drawn no more. Attempts that are graded already keep their marks until they are graded again."
                ),
            )
        )

    def act(self, form: Any) -> str:
        withdraw_version(self.version, reason=form.cleaned_data["reason"], by=self.person, now=timezone.now())
        return _("The version is withdrawn, also from the papers of those who sit with it.")


# --- The list --------------------------------------------------------------------------------------------------------


class DifficultyColumn(Column):
    """The author's word, and what candidates made of it."""

    cell_template_name = "certification/admin/cells/measured.html"

    def get_cell_context_data(self, instance: Any, parent_context: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_cell_context_data(instance, parent_context)
        return found | {"measured": say_measured(instance)}


def say_measured(question: Question) -> str:
    """How hard candidates found a question, in words; empty where nobody has been asked."""
    if not question.measured_from or question.measured_permille is None:
        return ""
    attempts = ngettext("%(count)d attempt", "%(count)d attempts", question.measured_from)
    return _("%(percent)d %% earned in %(attempts)s") % {
        "percent": round(question.measured_permille / 10),
        "attempts": attempts % {"count": question.measured_from},
    }


def language_choices() -> list[tuple[str, str]]:
    return [
        *((code, str(name)) for code, name in settings.LANGUAGES),
        *((f"-{code}", _("Not in %(language)s") % {"language": name}) for code, name in settings.LANGUAGES),
    ]


class TopicFilterField(django_filters.fields.ModelChoiceField):
    iterator = TopicIterator


class TopicFilter(django_filters.ModelChoiceFilter):
    """A topic, chosen from the tree."""

    field_class = TopicFilterField


class QuestionFilterSet(WagtailFilterSet):
    topic = TopicFilter(
        label=gettext_lazy("Topic, with all below it"), method="filter_topic", queryset=Topic.objects.all()
    )
    type = django_filters.ChoiceFilter(label=gettext_lazy("Type"), choices=question_type_choices)
    tag = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Tag"),
        field_name="tags",
        queryset=lambda _request: Tag.objects.filter(pk__in=Question.tags.through.objects.values("tag")).order_by(
            "name"
        ),
    )
    difficulty = django_filters.ChoiceFilter(label=gettext_lazy("Difficulty"), choices=Difficulty.choices)
    product = django_filters.ModelChoiceFilter(label=gettext_lazy("Product"), queryset=Product.objects.all())
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"), method="filter_state", choices=VersionState.choices
    )
    language = django_filters.ChoiceFilter(
        label=gettext_lazy("Language"), method="filter_language", choices=language_choices
    )
    to_check = django_filters.ChoiceFilter(
        label=gettext_lazy("Source"),
        method="filter_to_check",
        choices=[("changed", gettext_lazy("Has changed: to check"))],
    )

    class Meta:
        model = Question
        fields: list[str] = []

    def filter_topic(self, questions: QuerySet[Question], _name: str, topic: Topic) -> QuerySet[Question]:
        return questions.filter(topic__in=find_subtrees([topic.pk])[topic.pk])

    def filter_state(self, questions: QuerySet[Question], _name: str, state: str) -> QuerySet[Question]:
        return questions.filter(_has_version(state=state))

    def filter_language(self, questions: QuerySet[Question], _name: str, value: str) -> QuerySet[Question]:
        written = _has_version(languages__icontains=f'"{value.removeprefix("-")}"')
        return questions.exclude(written) if value.startswith("-") else questions.filter(written)

    def filter_to_check(self, questions: QuerySet[Question], _name: str, value: str) -> QuerySet[Question]:
        doubted = QuestionVersion.objects.to_check().filter(question=OuterRef("pk"))
        return questions.filter(Exists(doubted)) if value else questions


def _has_version(**conditions: Any) -> Exists:
    """A version that may be drawn, or may yet be; of a retired one only where that is asked for."""
    versions = QuestionVersion.objects.filter(question=OuterRef("pk"), **conditions)
    return Exists(versions if "state" in conditions else versions.exclude(state=VersionState.RETIRED))


def search_questions(questions: QuerySet[Question], words: str) -> QuerySet[Question]:
    """By code, or by what it asks in any language."""
    asked = Q()
    for code, _name in settings.LANGUAGES:
        asked |= Q(**{f"content__stem__{code}__icontains": words})
    versions = QuestionVersion.objects.filter(asked, question=OuterRef("pk")).exclude(state=VersionState.RETIRED)
    return questions.filter(Q(slug__icontains=words) | Exists(versions))


class QuestionIndexView(RelatedIndexView):
    filterset_class = QuestionFilterSet

    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column("slug", width="18%"),
            Column("excerpt", label=_("Text"), width="28%"),
            Column("topic", label=_("Topic"), sort_key="topic__slug"),
            Column("type_label", label=_("Type")),
            DifficultyColumn(
                "difficulty", label=_("Difficulty"), accessor="get_difficulty_display", sort_key="difficulty"
            ),
            Column("product", label=_("Product"), accessor=lambda question: question.product or "–"),
            Column("languages", label=_("Languages"), accessor=_name_languages),
            StatusTagColumn("state", label=_("State"), accessor=_say_state, primary=_is_drawn),
        ]

    def get_base_queryset(self) -> Any:
        doubted = QuestionVersion.objects.to_check().filter(question=OuterRef("pk"))
        questions = super().get_base_queryset().select_related("topic", "product").with_versions()
        return self._narrow(questions.annotate(is_doubted=Exists(doubted)))

    def _narrow(self, questions: Any) -> Any:
        """To what cites a place of the library: how the coverage leads here."""
        try:
            key = UUID(self.request.GET.get("material", ""))
        except ValueError:
            return questions
        cited = Citation.objects.filter(
            material_key=key,
            block_id=self.request.GET.get("block", ""),
            version__question=OuterRef("pk"),
            version__state=VersionState.APPROVED,
        )
        return questions.filter(Exists(cited))

    def get_page_subtitle(self) -> str:
        return _("citing one place of the library") if self.request.GET.get("material") else ""

    def search_queryset(self, queryset: Any) -> Any:
        return search_questions(queryset, self.search_query) if self.is_searching else queryset


def _name_languages(question: Any) -> str:
    return ", ".join(question.newest.languages) if question.newest else "–"


def _say_state(question: Any) -> str:
    state = question.state_label or _("Nothing is written")
    return _("%(state)s, to check") % {"state": state} if question.is_doubted else state


def _is_drawn(question: Any) -> bool:
    return any(version.state == VersionState.APPROVED for version in question.all_versions) and not question.is_doubted


# --- One question ----------------------------------------------------------------------------------------------------


class VersionsPanel(ShownPanel):
    template_name = "certification/admin/versions.html"

    def describe(self, instance: Question, request: HttpRequest) -> dict[str, Any]:
        versions = list(
            instance.versions.select_related("created_by", "approved_by", "withdrawn_by").order_by("-number")
        )
        numbers = {version.number for version in versions}
        needs_two = ExamRules.load().two_person_approval
        return {
            "rows": [
                {
                    "version": version,
                    "may_approve": not (needs_two and version.created_by_id == request.user.pk),
                    "before": version.number - 1 if version.number - 1 in numbers else None,
                }
                for version in versions
            ],
            "may_approve": access.may_approve(request.user),
            "may_withdraw": access.may_halt(request.user),
            "needs_two": needs_two,
            "measured": say_measured(instance),
            "usual_time": instance.measured_seconds,
            "is_doubted": QuestionVersion.objects.to_check().filter(question=instance).exists(),
        }


@cache
def question_editor(name: str) -> Panel:
    """The form of a type of question, bound to the model."""
    kind = get_type(name)
    panels = [
        VersionsPanel(heading=gettext_lazy("Versions")),
        FieldRowPanel([FieldPanel("topic"), FieldPanel("difficulty")]),
        FieldRowPanel([FieldPanel("slug"), FieldPanel("product"), FieldPanel("tags")]),
        *make_panels(kind.parts),
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel(f"cited_{n}"), FieldPanel(f"cited_{n + 1}")]) for n in CITATIONS[::2]],
            heading=gettext_lazy("What it tests"),
            help_text=gettext_lazy(
                "Who fails the section is sent to these places. Type a word of a material or a section and choose from "
                "the list."
            ),
        ),
    ]
    return ObjectList(panels, base_form_class=make_question_form(kind)).bind_to_model(Question)


class TypedFormMixin:
    """The form is that of the question's type. What is saved can be approved, or sent to review, by the same press."""

    template_name = "certification/admin/question.html"
    submit_button_label = gettext_lazy("Save the draft")
    panel: Panel
    form: Any
    object: Any
    request: HttpRequest

    def get_form_class(self) -> Any:
        return self.panel.get_form_class()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]  # a view's mixin
        may = access.may_approve(self.request.user)
        return found | {
            "places": self.form.places,
            "may_approve": may and not ExamRules.load().two_person_approval,
            "may_send": may and ExamRules.load().two_person_approval,
        }

    def save_action(self) -> HttpResponse:
        """Do what the pressed button says beside saving; where that is refused the draft is kept, and told why."""
        question, said, why = self.object, "", ""
        try:
            if "approve" in self.request.POST:
                approve_version(question.newest, by=cast(User, self.request.user), now=timezone.now())
                said = _("Question %(code)s is saved and approved: exams can ask it.")
            elif "review" in self.request.POST:
                send_to_review(question.newest, by=cast(User, self.request.user), now=timezone.now())
                said = _("Question %(code)s is saved and in review: another examiner approves it.")
        except Refusal as refusal:
            why = f"{refusal.message} {refusal.remedy}".strip()
        if why:
            text = _("Question %(code)s is saved and not approved. %(why)s") % {"code": question, "why": why}
            messages.warning(self.request, text)
        else:
            said = said or _("Question %(code)s is saved. Exams ask it when it is approved.")
            more = [messages.button(self._find_next(), _("Write another"))]
            messages.success(self.request, said % {"code": question}, buttons=more)
        return redirect("questions:edit", question.pk)

    def _find_next(self) -> str:
        """The choice of a type, for a question on the same."""
        kept = {"topic": self.object.topic_id, "difficulty": self.object.difficulty}
        cited = next(iter(self.object.newest.citations), None)
        kept |= {"material": cited[0], "block": cited[1]} if cited else {}
        return f"{reverse('questions:add')}?{urlencode(kept)}"


class QuestionAddView(TypedFormMixin, CreateView):
    """First the type is chosen, since the form is the type's: ``?type=`` says which."""

    @cached_property
    def type_name(self) -> str:
        wanted = self.request.GET.get("type", "")
        return wanted if wanted in dict(type_names()) else ""

    def get_panel(self) -> Panel | None:
        return question_editor(self.type_name) if self.type_name else None

    def get_add_url(self) -> str:
        url: str = super().get_add_url()
        return f"{url}?type={self.type_name}" if self.type_name else url

    def get_page_subtitle(self) -> str:
        return _(dict(type_names())[self.type_name]) if self.type_name else ""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.type_name:
            answer: HttpResponseBase = super().get(request, *args, **kwargs)
            return answer
        kept = request.GET.copy()
        types = []
        for name, label in type_names():
            kept["type"] = name
            types.append((f"{self.add_url}?{kept.urlencode()}", _(label)))
        return TemplateResponse(request, "certification/admin/types.html", {"types": types})

    def get_initial(self) -> dict[str, Any]:
        """What the address says of the new question: its topic, its difficulty, the place of the library."""
        asked = self.request.GET
        found = {name: asked[name] for name in ("topic", "difficulty") if asked.get(name, "").isdecimal()}
        cites = [(asked["material"], asked.get("block", ""))] if asked.get("material") else []
        return {**super().get_initial(), **found, "cites": cites}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.type_name:
            answer: HttpResponseBase = super().post(request, *args, **kwargs)
            return answer
        return redirect(self.add_url)


class QuestionEditView(TypedFormMixin, EditView):
    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        url = reverse("questions:used", args=[self.object.pk])
        return [HeaderButton(_("Where used"), url=url, icon_name="link", priority=5)]

    def get_panel(self) -> Panel:
        self.object = self.get_object()
        return question_editor(self.object.type)

    def get_page_subtitle(self) -> str:
        return f"{self.object}, {self.object.type_label}"


class QuestionPage(ExaminerPageMixin, TemplateView):
    may = access.may_see_bank
    header_icon = "help"
    question: Question

    def find(self, **kwargs: Any) -> None:
        self.question = get_object_or_404(Question.objects.select_related("topic"), pk=kwargs["pk"])

    def get_page_subtitle(self) -> str:
        return str(self.question)

    def find_trail(self) -> list[tuple[str, str]]:
        return [
            (reverse("questions:index"), _("Questions")),
            (reverse("questions:edit", args=[self.question.pk]), str(self.question)),
        ]


class UsedView(QuestionPage):
    """Which exams could draw a question, and which attempts have seen it."""

    template_name = "certification/admin/used.html"
    page_title = gettext_lazy("Where used")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            question=self.question,
            use=find_use(self.question),
            may_see_attempts=access.may_see_attempts(self.request.user),
            **kwargs,
        )


class CompareView(QuestionPage):
    """Two versions side by side, in every language; what is gone and what is new is said by word and sign."""

    template_name = "certification/admin/compare.html"
    page_title = gettext_lazy("What changed")
    before: QuestionVersion
    after: QuestionVersion

    def find(self, **kwargs: Any) -> None:
        super().find(**kwargs)
        versions = {version.number: version for version in self.question.versions.all()}
        numbers = sorted(versions)
        if not numbers:
            raise Http404
        after = self._read_number("after", numbers[-1])
        before = self._read_number("before", max((number for number in numbers if number < after), default=after))
        if before not in versions or after not in versions:
            raise Http404
        self.numbers, self.before, self.after = numbers, versions[before], versions[after]

    def _read_number(self, name: str, otherwise: int) -> int:
        given = self.request.GET.get(name, "")
        return int(given) if given.isdecimal() and len(given) < 6 else otherwise

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        cited_before, cited_after = name_citations([self.before, self.after])
        return super().get_context_data(
            question=self.question,
            numbers=self.numbers,
            before=self.before,
            after=self.after,
            languages=compare_versions(self.question, self.before, self.after),
            cited_gone=[name for name in cited_before if name not in cited_after],
            cited_new=[name for name in cited_after if name not in cited_before],
            **kwargs,
        )


class QuestionViewSet(ModelViewSet):
    model = Question
    name = "questions"
    icon = "help"
    menu_label = gettext_lazy("Questions")
    permission_policy = POLICIES[Question]
    copy_view_enabled = False
    index_view_class = QuestionIndexView
    add_view_class = QuestionAddView
    edit_view_class = QuestionEditView
    search_fields = ["slug"]
    search_backend_name = None
    list_per_page = 50
    form_fields = ["slug", "topic", "difficulty", "product", "tags"]  # the rest is the type's: see question_editor

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/used/", UsedView.as_view(), name="used"),
            path("<int:pk>/compare/", CompareView.as_view(), name="compare"),
            path("versions/<int:pk>/review/", SendToReviewView.as_view(), name="review"),
            path("versions/<int:pk>/send-back/", SendBackView.as_view(), name="send_back"),
            path("versions/<int:pk>/approve/", ApproveView.as_view(), name="approve"),
            path("versions/<int:pk>/retire/", RetireView.as_view(), name="retire"),
            path("versions/<int:pk>/withdraw/", WithdrawView.as_view(), name="withdraw"),
        ]


# --- To choose one ---------------------------------------------------------------------------------------------------


class KeptForExaminers:
    """The bank holds keys: its chooser is for those who may read it."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not access.may_see_bank(request.user):
            raise PermissionDenied
        found: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # a view's mixin
        return found


class QuestionSearchForm(BaseFilterForm):
    q = CharField(label=gettext_lazy("Search by code or words"), required=False)

    def filter(self, objects: Any) -> Any:
        objects = super().filter(objects)
        self.search_query = self.cleaned_data.get("q")
        if self.search_query:
            self.is_searching = True
            objects = search_questions(objects, self.search_query)
        return objects


class QuestionChoiceMixin(KeptForExaminers):
    """Only what has an approved version can be asked."""

    filter_form_class: type[Form] = QuestionSearchForm

    def get_object_list(self) -> Any:
        approved = QuestionVersion.objects.approved().filter(question=OuterRef("pk"))
        return Question.objects.filter(Exists(approved)).select_related("topic").with_versions()

    @property
    def columns(self) -> list[Column]:
        code, *others = super().columns  # type: ignore[misc]  # a view's mixin
        code.label = _("Code")
        return [
            code,
            *others,
            Column("excerpt", label=_("Text")),
            Column("topic", label=_("Topic")),
            Column("difficulty", label=_("Difficulty"), accessor="get_difficulty_display"),
        ]


class QuestionChooseView(QuestionChoiceMixin, chooser_views.ChooseView): ...


class QuestionChooseResultsView(QuestionChoiceMixin, chooser_views.ChooseResultsView): ...


class QuestionChosenView(KeptForExaminers, chooser_views.ChosenView): ...


class QuestionChosenMultipleView(KeptForExaminers, chooser_views.ChosenMultipleView): ...


class QuestionChooserViewSet(ChooserViewSet):
    model = Question
    icon = "help"
    choose_one_text = gettext_lazy("Choose a question")
    choose_another_text = gettext_lazy("Choose another question")
    edit_item_text = gettext_lazy("Edit this question")
    choose_view_class = QuestionChooseView
    choose_results_view_class = QuestionChooseResultsView
    chosen_view_class = QuestionChosenView
    chosen_multiple_view_class = QuestionChosenMultipleView
    per_page = 20
