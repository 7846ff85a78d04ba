"""What examiners are to look at: questions whose source has changed, and candidates' notes that one is broken."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, StatusTagColumn, TitleColumn
from wagtail.admin.views.generic import InspectView
from wagtail.admin.widgets.button import HeaderButton

from certification import access
from certification.forms.acts import AnswerReportForm, StillTrueForm
from certification.models import BrokenReport, CheckOutcome, Exam, Question, QuestionCheck
from certification.services.bank import answer_report, confirm_question
from certification.services.comparing import describe_version, name_citations
from certification.viewsets.common import ExaminerActView, MomentColumn, ReportViewSet
from certification.viewsets.policies import POLICIES
from portal.core.localised import LocalisedText
from portal.core.viewsets import RelatedIndexView
from training.differences import Kind, compare_words
from training.models import Change

# --- Questions whose source has changed ------------------------------------------------------------------------------


class CheckFilterSet(WagtailFilterSet):
    show = django_filters.ChoiceFilter(
        label=gettext_lazy("Show"),
        method="filter_show",
        empty_label=pgettext_lazy("question check", "To check"),
        choices=CheckOutcome.choices,
    )
    question = django_filters.ModelChoiceFilter(
        field_name="version__question",
        label=gettext_lazy("Question"),
        queryset=lambda _request: Question.objects.filter(pk__in=QuestionCheck.objects.values("version__question")),
    )

    class Meta:
        model = QuestionCheck
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[QuestionCheck]) -> QuerySet[QuestionCheck]:
        """What is open, unless something else is asked for."""
        show = self.form.cleaned_data.get("show")
        found = super().filter_queryset(queryset)
        return found.filter(outcome=show) if show else found.filter(closed_at__isnull=True)

    def filter_show(self, checks: QuerySet[QuestionCheck], _name: str, _value: str) -> QuerySet[QuestionCheck]:
        return checks


class CheckIndexView(RelatedIndexView):
    filterset_class = CheckFilterSet
    default_ordering = ("raised_at", "pk")

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn(
                "question",
                label=_("Question"),
                accessor="version.question.slug",
                get_url=lambda check: reverse("question_checks:inspect", args=[check.pk]),
            ),
            Column("text", label=_("Text"), accessor=_say_stem, width="30%"),
            Column("line", label=_("What changed"), accessor=lambda check: check.line or "–"),
            Column("material", label=_("Material"), accessor=lambda check: check.change.page if check.change else "–"),
            MomentColumn("raised_at", label=_("Since"), sort_key="raised_at"),
            StatusTagColumn(
                "outcome",
                label=_("Outcome"),
                accessor=lambda check: check.get_outcome_display() or pgettext_lazy("question check", "To check"),
                primary=lambda check: check.closed_at is None,
            ),
        ]

    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().select_related("version__question", "change__page")


def _say_stem(row: Any) -> str:
    """The beginning of what a row's version asks."""
    content = row.version.content
    return Truncator(str(LocalisedText(content.get("stem") or {}))).words(14)


def describe_change(change: Change | None, cited: list[str]) -> list[dict[str, Any]]:
    """The blocks of a change before and after; those that the question cites come first and are marked."""
    parts = []
    for block in change.blocks if change else ():
        kind = Kind(block["kind"])
        is_cited = str(block.get("id") or "") in cited
        runs = compare_words(block["before"], block["after"]) if kind == Kind.CHANGED else []
        parts.append({"kind": kind.value, "label": block["label"], "is_cited": is_cited, "runs": runs, **_sides(block)})
    return sorted(parts, key=lambda part: not part["is_cited"])


def _sides(block: Any) -> dict[str, str]:
    return {"before": block["before"], "after": block["after"]}


class CheckInspectView(InspectView):
    """A question beside what has changed in its source; then still true, edit, or retire."""

    template_name = "certification/admin/check.html"
    page_title = gettext_lazy("Question to check")

    def get_object(self, queryset: Any = None) -> QuestionCheck:  # noqa: ARG002 -- Wagtail's own signature
        rows = QuestionCheck.objects.select_related("version__question", "change__page", "closed_by")
        return get_object_or_404(rows, pk=self.pk)

    def get_page_subtitle(self) -> str:
        return str(self.object.version.question)

    @cached_property
    def header_more_buttons(self) -> list[HeaderButton]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        check = self.object
        (cited,) = name_citations([check.version])
        others = QuestionCheck.objects.open().filter(version=check.version).exclude(pk=check.pk)
        return super().get_context_data(
            check=check,
            lines=describe_version(check.version),
            cited=cited,
            parts=describe_change(check.change, check.blocks),
            may_check=access.may_check(self.request.user),
            may_approve=access.may_approve(self.request.user),
            others=others.count(),
            **kwargs,
        )


class StillTrueView(ExaminerActView):
    may = access.may_check
    page_title = gettext_lazy("Still true")
    submit_label = gettext_lazy("It is still true")
    header_icon = "check"
    form_class = StillTrueForm
    check: QuestionCheck

    @property
    def explanation(self) -> str:
        count = QuestionCheck.objects.open().filter(version=self.check.version_id).count()
        return (
            _("The question stays as it is, and is drawn as before.")
            if count < 2
            else _(
                "The question stays as it is, and is drawn as before. This answers every change that it waits for: "
                "%(count)d."
            )
            % {"count": count}
        )

    def find(self, **kwargs: Any) -> None:
        self.check = get_object_or_404(QuestionCheck.objects.select_related("version__question"), pk=kwargs["pk"])

    @property
    def back_url(self) -> str:
        return reverse("question_checks:index")

    def find_trail(self) -> list[tuple[str, str]]:
        inspect = reverse("question_checks:inspect", args=[self.check.pk])
        return [(self.back_url, _("Questions to check")), (inspect, str(self.check.version.question))]

    def get_page_subtitle(self) -> str:
        return str(self.check.version.question)

    def act(self, form: Any) -> str:
        confirm_question(self.check.version, note=form.cleaned_data["note"], by=self.person, now=timezone.now())
        return _("%(question)s is still true: recorded.") % {"question": self.check.version.question}


class CheckViewSet(ReportViewSet):
    model = QuestionCheck
    name = "question_checks"
    url_prefix = "question-checks"
    icon = "warning"
    menu_label = gettext_lazy("Questions to check")
    permission_policy = POLICIES[QuestionCheck]
    index_view_class = CheckIndexView
    inspect_view_class = CheckInspectView
    inspect_template_name = "certification/admin/check.html"
    ordering = ["raised_at", "pk"]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/still-true/", StillTrueView.as_view(), name="still_true"),
        ]


# --- Candidates say that one is broken -------------------------------------------------------------------------------


class ReportFilterSet(WagtailFilterSet):
    show = django_filters.ChoiceFilter(
        label=gettext_lazy("Show"),
        method="filter_show",
        empty_label=pgettext_lazy("report", "To answer"),
        choices=[("answered", pgettext_lazy("report", "Answered"))],
    )
    exam = django_filters.ModelChoiceFilter(
        field_name="attempt__exam",
        label=gettext_lazy("Exam"),
        queryset=lambda _request: Exam.objects.filter(pk__in=BrokenReport.objects.values("attempt__exam")),
    )

    class Meta:
        model = BrokenReport
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[BrokenReport]) -> QuerySet[BrokenReport]:
        """What is open, unless something else is asked for."""
        is_answered = bool(self.form.cleaned_data.get("show"))
        return super().filter_queryset(queryset).filter(closed_at__isnull=not is_answered)

    def filter_show(self, reports: QuerySet[BrokenReport], _name: str, _value: str) -> QuerySet[BrokenReport]:
        return reports


class ReportIndexView(RelatedIndexView):
    filterset_class = ReportFilterSet
    default_ordering = ("reported_at", "pk")

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn(
                "question",
                label=_("Question"),
                accessor="version.question.slug",
                get_url=lambda report: reverse("question_reports:inspect", args=[report.pk]),
            ),
            Column(
                "text", label=_("What is wrong"), accessor=lambda report: Truncator(report.text).words(24), width="40%"
            ),
            Column("exam", label=_("Exam"), accessor="attempt.exam"),
            MomentColumn("reported_at", label=_("Reported"), sort_key="reported_at"),
            MomentColumn("closed_at", label=_("Answered")),
        ]

    def get_base_queryset(self) -> Any:
        rows = super().get_base_queryset().filter(attempt__is_preview=False)
        return rows.select_related("version__question", "attempt__exam").defer(
            "attempt__paper", "attempt__result", "version__content"
        )


class ReportInspectView(InspectView):
    """A candidate's note beside the question as they saw it."""

    template_name = "certification/admin/report.html"
    page_title = gettext_lazy("A question that may be broken")

    def get_object(self, queryset: Any = None) -> BrokenReport:  # noqa: ARG002 -- Wagtail's own signature
        rows = BrokenReport.objects.select_related("version__question", "attempt__exam", "attempt__user", "closed_by")
        return get_object_or_404(rows, pk=self.pk)

    def get_page_subtitle(self) -> str:
        return str(self.object.version.question)

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        if self.object.closed_at is not None or not access.may_answer(self.request.user):
            return []
        url = reverse("question_reports:answer", args=[self.object.pk])
        return [HeaderButton(_("Answer"), url=url, icon_name="comment", priority=5)]

    @cached_property
    def header_more_buttons(self) -> list[HeaderButton]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        report, user = self.object, self.request.user
        return super().get_context_data(
            report=report,
            lines=describe_version(report.version),
            others=BrokenReport.objects.filter(version=report.version_id, attempt__is_preview=False)
            .exclude(pk=report.pk)
            .count(),
            may_see_attempts=access.may_see_attempts(user),
            may_approve=access.may_approve(user),
            may_withdraw=access.may_halt(user) and report.version.withdrawn_at is None,
            **kwargs,
        )


class AnswerReportView(ExaminerActView):
    may = access.may_answer
    page_title = gettext_lazy("Answer the candidate")
    submit_label = gettext_lazy("Send the answer")
    explanation = gettext_lazy("The candidate is told what became of the note, with your answer. Nothing else changes.")
    header_icon = "comment"
    form_class = AnswerReportForm
    report: BrokenReport

    def find(self, **kwargs: Any) -> None:
        self.report = get_object_or_404(BrokenReport.objects.select_related("version__question"), pk=kwargs["pk"])

    @property
    def back_url(self) -> str:
        return reverse("question_reports:index")

    def find_trail(self) -> list[tuple[str, str]]:
        inspect = reverse("question_reports:inspect", args=[self.report.pk])
        return [(self.back_url, _("Broken questions")), (inspect, str(self.report.version.question))]

    def get_page_subtitle(self) -> str:
        return str(self.report.version.question)

    def act(self, form: Any) -> str:
        answer_report(self.report, answer=form.cleaned_data["answer"], by=self.person, now=timezone.now())
        return _("The candidate is told.")


class ReportsViewSet(ReportViewSet):
    model = BrokenReport
    name = "question_reports"
    url_prefix = "question-reports"
    icon = "comment"
    menu_label = gettext_lazy("Broken questions")
    permission_policy = POLICIES[BrokenReport]
    index_view_class = ReportIndexView
    inspect_view_class = ReportInspectView
    inspect_template_name = "certification/admin/report.html"
    ordering = ["reported_at", "pk"]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("<int:pk>/answer/", AnswerReportView.as_view(), name="answer")]
