"""Examiners' screens in Wagtail's admin. Whatever has consequences goes through a service."""

from typing import Any, cast

from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, ObjectList, Panel
from wagtail.admin.ui.menus import MenuItem
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.permission_policies.base import ModelPermissionPolicy

from certification import access
from certification.forms import (
    CITATIONS,
    OPTIONS,
    ExamForm,
    ProgrammeForm,
    QuestionForm,
    RevocationForm,
    find_exam_shortfalls,
)
from certification.marks import list_lacks
from certification.models import (
    Attempt,
    Credential,
    Exam,
    Programme,
    Qualification,
    Question,
    QuestionVersion,
    Topic,
)
from certification.services.bank import approve_version, retire_version
from certification.services.credentials import revoke_credential
from certification.services.qualifications import list_standings
from portal.accounts.models import User
from portal.core.viewsets import ActView, KeptPermissionPolicy, ReadOnlyPermissionPolicy, RelatedIndexView

#: Registered with Wagtail by ``wagtail_hooks``.
POLICIES: dict[type[Model], ModelPermissionPolicy] = {
    **{model: KeptPermissionPolicy(model) for model in (Topic, Question, Exam, Programme)},
    **{model: ReadOnlyPermissionPolicy(model) for model in (Attempt, Credential, Qualification)},
}


# --- Acts that ask to be confirmed -----------------------------------------------------------------------------------


class VersionActView(ActView):
    permission_policy = POLICIES[Question]
    permission_required = "change"
    header_icon = "help"
    version: QuestionVersion

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.version = get_object_or_404(QuestionVersion.objects.select_related("question"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return reverse("questions:edit", args=[self.version.question_id])

    def get_page_subtitle(self) -> str:
        return _("%(question)s, version %(number)d") % {
            "question": self.version.question,
            "number": self.version.number,
        }


class ApproveView(VersionActView):
    page_title = gettext_lazy("Approve")
    submit_label = gettext_lazy("Approve it")
    explanation = gettext_lazy(
        "From now on it is drawn, in place of the version that was. Its text cannot be changed any more: an edit makes "
        "a new version."
    )

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        approve_version(self.version, by=cast(User, self.request.user), now=timezone.now())
        return _("The version is approved.")


class RetireView(VersionActView):
    page_title = gettext_lazy("Retire")
    submit_label = gettext_lazy("Retire it")
    explanation = gettext_lazy(
        "It is drawn no more. Running attempts keep it. An exam that misses it may no longer be filled: see the exam."
    )
    danger = True

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        retire_version(self.version, now=timezone.now())
        return _("The version is retired.")


class RevokeView(ActView):
    page_title = gettext_lazy("Revoke the credential")
    submit_label = gettext_lazy("Revoke it")
    explanation = gettext_lazy(
        "It stops counting at once. Where the partner then has too few certified people, its qualification lapses in "
        "the same moment. This cannot be taken back: the person sits the exam again."
    )
    danger = True
    header_icon = "success"
    form_class = RevocationForm
    permission_policy = ModelPermissionPolicy(Credential)
    permission_required = "change"
    credential: Credential

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.credential = get_object_or_404(Credential.objects.select_related("user", "exam"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return reverse("credentials:inspect", args=[self.credential.pk])

    def get_page_subtitle(self) -> str:
        return f"{self.credential.user}, {self.credential.exam}"

    def act(self, form: Any) -> str:
        revoke_credential(
            self.credential, reason=form.cleaned_data["reason"], by=cast(User, self.request.user), now=timezone.now()
        )
        return _("The credential is revoked.")


# --- The bank --------------------------------------------------------------------------------------------------------


class ShownPanel(Panel):
    """Shows a template about the instance; nothing in it is part of the form."""

    template_name = ""

    class BoundPanel(Panel.BoundPanel):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.template_name = self.panel.template_name

        def is_shown(self) -> bool:
            return super().is_shown() and self.instance.pk is not None

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            return {**super().get_context_data(parent_context), **self.panel.describe(self.instance, self.request)}

    def describe(self, instance: Any, request: HttpRequest) -> dict[str, Any]:
        raise NotImplementedError


class VersionsPanel(ShownPanel):
    template_name = "certification/admin/versions.html"

    def describe(self, instance: Question, request: HttpRequest) -> dict[str, Any]:
        versions = instance.versions.select_related("created_by", "approved_by").order_by("-number")
        return {"versions": versions, "may_approve": access.may_approve(request.user)}


class FillPanel(ShownPanel):
    template_name = "certification/admin/fill.html"

    def describe(self, instance: Exam, request: HttpRequest) -> dict[str, Any]:  # noqa: ARG002 -- the panel's shape
        return {"shortfalls": find_exam_shortfalls(instance), "sections": instance.sections.exists()}


class TopicViewSet(ModelViewSet):
    model = Topic
    name = "topics"
    icon = "tag"
    menu_label = gettext_lazy("Topics")
    permission_policy = POLICIES[Topic]
    copy_view_enabled = False
    list_display = ["name", "slug"]
    panels = [FieldPanel("name"), FieldPanel("slug")]


class QuestionIndexView(RelatedIndexView):
    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().select_related("topic").with_versions()


class QuestionViewSet(ModelViewSet):
    model = Question
    name = "questions"
    icon = "help"
    menu_label = gettext_lazy("Questions")
    permission_policy = POLICIES[Question]
    copy_view_enabled = False
    index_view_class = QuestionIndexView
    list_display = ["slug", "excerpt", "topic", "type_label", "state_label"]
    list_filter = ["topic", "type", "versions__state"]
    search_fields = ["slug", "topic__slug"]
    search_backend_name = None
    list_per_page = 50
    edit_handler = ObjectList(
        [
            VersionsPanel(heading=gettext_lazy("Versions")),
            FieldRowPanel([FieldPanel("slug"), FieldPanel("topic"), FieldPanel("type")]),
            FieldPanel("stem"),
            MultiFieldPanel(
                [
                    FieldPanel("answer"),
                    *(FieldRowPanel([FieldPanel(f"option_{n}"), FieldPanel(f"right_{n}")]) for n in OPTIONS),
                ],
                heading=gettext_lazy("Options"),
                help_text=gettext_lazy(
                    "Leave rows empty that you do not need. Candidates see the options in an order of their own."
                ),
            ),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel(f"cited_page_{n}"), FieldPanel(f"cited_anchor_{n}")]) for n in CITATIONS],
                heading=gettext_lazy("What it tests"),
                help_text=gettext_lazy("Who fails the section is sent to these places."),
                classname="collapsed",
            ),
            FieldPanel("feedback"),
        ],
        base_form_class=QuestionForm,
    )

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("versions/<int:pk>/approve/", ApproveView.as_view(), name="approve"),
            path("versions/<int:pk>/retire/", RetireView.as_view(), name="retire"),
        ]


# --- Exams and programmes --------------------------------------------------------------------------------------------


class ExamViewSet(ModelViewSet):
    model = Exam
    name = "exams"
    icon = "form"
    menu_label = gettext_lazy("Exams")
    permission_policy = POLICIES[Exam]
    copy_view_enabled = False
    list_display = ["title", "slug", "is_open", "time_limit_minutes", "pass_percent", "validity_months"]
    edit_handler = ObjectList(
        [
            FillPanel(heading=gettext_lazy("Can it be filled?")),
            FieldPanel("title"),
            FieldPanel("intro"),
            FieldRowPanel([FieldPanel("slug"), FieldPanel("letter"), FieldPanel("shape")]),
            FieldPanel("is_open"),
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("time_limit_minutes"), FieldPanel("pass_percent")]),
                    FieldRowPanel([FieldPanel("validity_months"), FieldPanel("retake_after_hours")]),
                    FieldPanel("course"),
                ],
                heading=gettext_lazy("Rules"),
            ),
            InlinePanel(
                "sections",
                heading=gettext_lazy("Sections"),
                label=gettext_lazy("Section"),
                panels=[
                    FieldPanel("title"),
                    FieldRowPanel([FieldPanel("topic"), FieldPanel("count"), FieldPanel("pass_percent")]),
                ],
            ),
        ],
        base_form_class=ExamForm,
    )


class ProgrammeViewSet(ModelViewSet):
    model = Programme
    name = "programmes"
    icon = "list-ul"
    menu_label = gettext_lazy("Programmes")
    permission_policy = POLICIES[Programme]
    copy_view_enabled = False
    list_display = ["title", "slug", "requirement_version"]
    edit_handler = ObjectList(
        [
            FieldPanel("title"),
            FieldPanel("intro"),
            FieldRowPanel([FieldPanel("slug"), FieldPanel("letter"), FieldPanel("shape")]),
            FieldPanel("products"),
            InlinePanel(
                "programme_exams",
                heading=gettext_lazy("Exams"),
                label=gettext_lazy("Exam"),
                help_text=gettext_lazy("A certified person holds the credentials of all of them."),
                panels=[FieldPanel("exam")],
            ),
            InlinePanel(
                "requirements",
                heading=gettext_lazy("How many certified people a partner needs"),
                label=gettext_lazy("Requirement"),
                help_text=gettext_lazy("A change takes effect at once: every partner is assessed again."),
                panels=[FieldRowPanel([FieldPanel("tier"), FieldPanel("people")])],
            ),
        ],
        base_form_class=ProgrammeForm,
    )


# --- Reports ---------------------------------------------------------------------------------------------------------


class ReportViewSet(ModelViewSet):
    """Rows that only services write: to look at."""

    copy_view_enabled = False
    add_to_reference_index = False
    inspect_view_enabled = True
    form_fields: list[str] = []
    search_backend_name = None
    list_per_page = 50
    index_view_class = RelatedIndexView


class AttemptInspectView(generic.InspectView):
    def get_result_display_value(self) -> str:
        """The sections in words; marks by position are in the stored result."""
        result = self.object.graded
        if result is None:
            return "–"
        return "; ".join(
            _("%(title)s: %(earned)s of %(possible)d")
            % {"title": part.title.get("en", ""), "earned": part.earned, "possible": part.possible}
            for part in result.sections
        )


class AttemptViewSet(ReportViewSet):
    model = Attempt
    name = "attempts"
    icon = "doc-full-inverse"
    menu_label = gettext_lazy("Attempts")
    permission_policy = POLICIES[Attempt]
    inspect_view_class = AttemptInspectView
    inspect_view_fields = [
        "user", "membership", "exam", "started_at", "deadline_at", "submitted_at", "state", "score", "passed", "result",
        "seed",
    ]  # fmt: skip
    list_display = ["user", "exam", "started_at", "submitted_at", "state", "score", "passed"]
    list_filter = ["exam", "state", "passed", "started_at"]
    search_fields = ["user__last_name", "user__first_name", "user__email", "membership__partner__name"]


class CredentialIndexView(RelatedIndexView):
    related = ("membership__user", "membership__partner")

    def get_list_more_buttons(self, instance: Credential) -> list[Any]:
        buttons = super().get_list_more_buttons(instance)
        if instance.revoked_at is None and access.may_revoke(self.request.user):
            url = reverse("credentials:revoke", args=[instance.pk])
            buttons.append(MenuItem(_("Revoke"), url=url, icon_name="cross", priority=40))
        return buttons


class CredentialInspectView(generic.InspectView):
    @cached_property
    def header_more_buttons(self) -> list[Any]:
        buttons = list(super().header_more_buttons)
        if self.object.revoked_at is None and access.may_revoke(self.request.user):
            url = reverse("credentials:revoke", args=[self.object.pk])
            buttons.append(generic.models.Button(_("Revoke"), url=url, icon_name="cross", priority=40))
        return buttons


class CredentialViewSet(ReportViewSet):
    model = Credential
    name = "credentials"
    icon = "success"
    menu_label = gettext_lazy("Credentials")
    permission_policy = POLICIES[Credential]
    index_view_class = CredentialIndexView
    inspect_view_class = CredentialInspectView
    inspect_view_fields = [
        "user", "exam", "membership", "attempt", "evidence", "issued_at", "expires_at", "suspended_at", "revoked_at",
        "revoked_by", "reason",
    ]  # fmt: skip
    list_display = ["user", "exam", "membership", "issued_at", "expires_at", "revoked_at"]
    list_filter = ["exam", "membership__partner", "expires_at", "revoked_at"]
    search_fields = ["user__last_name", "user__first_name", "user__email", "membership__partner__name"]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("<int:pk>/revoke/", RevokeView.as_view(), name="revoke")]


class QualificationInspectView(generic.InspectView):
    def get_fields_context(self) -> list[dict[str, Any]]:
        """The row as stored, and how the partner stands at this moment."""
        rows: list[dict[str, Any]] = super().get_fields_context()
        now = timezone.now()
        standings = list_standings(self.object.partner, now=now)
        found = next(one for one in standings if one.programme.pk == self.object.programme_id)
        lacks = list_lacks(found)
        holds = Qualification.objects.current(now).filter(pk=self.object.pk).exists()
        return [
            *rows,
            {"label": _("Holds at this moment"), "value": _("Yes") if holds else _("No"), "component": None},
            {"label": _("Lacks at this moment"), "value": " ".join(lacks) or _("Nothing"), "component": None},
        ]


class QualificationViewSet(ReportViewSet):
    model = Qualification
    name = "qualifications"
    icon = "check"
    menu_label = gettext_lazy("Qualifications")
    permission_policy = POLICIES[Qualification]
    inspect_view_class = QualificationInspectView
    inspect_view_fields = [
        "partner", "programme", "opened_at", "valid_until", "closed_at", "closed_reason", "assessed_at",
        "standing_version", "requirement_version",
    ]  # fmt: skip
    list_display = ["partner", "programme", "opened_at", "valid_until", "closed_at", "closed_reason"]
    list_filter = ["programme", "partner", "closed_reason", "valid_until"]
    search_fields = ["partner__name"]


class CertificationGroup(ModelViewSetGroup):
    menu_label = gettext_lazy("Certification")
    menu_icon = "success"
    menu_order = 230
    items = (
        QuestionViewSet,
        TopicViewSet,
        ExamViewSet,
        ProgrammeViewSet,
        AttemptViewSet,
        CredentialViewSet,
        QualificationViewSet,
    )
