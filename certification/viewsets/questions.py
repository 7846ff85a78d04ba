"""A question of the bank: its editor, its versions, where it is used, what changed."""

from functools import cache
from typing import Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, Panel
from wagtail.admin.views.generic import CreateView, EditView
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton

from certification import access
from certification.authoring import make_panels
from certification.forms import CITATIONS, make_question_form
from certification.models import (
    ExamRules,
    Question,
    QuestionVersion,
)
from certification.question_types import get_type, type_names
from certification.services.bank import approve_version, send_to_review
from certification.services.comparing import compare_versions, name_citations
from certification.services.usage import find_use
from certification.viewsets.common import ExaminerPageMixin, ShownPanel
from certification.viewsets.policies import POLICIES
from certification.viewsets.question_acts import ApproveView, RetireView, SendBackView, SendToReviewView, WithdrawView
from certification.viewsets.question_list import QuestionIndexView, say_measured
from portal.accounts.models import User
from portal.core.errors import Refusal


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
