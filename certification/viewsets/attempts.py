"""What people sat: the list, one attempt with its clock and its log, and letting it count for nothing."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column, StatusTagColumn, TitleColumn
from wagtail.admin.views.generic import InspectView
from wagtail.admin.widgets.button import HeaderButton

from certification import access, integrity
from certification.forms.acts import VoidForm
from certification.models import Attempt, AttemptState, Credential, Exam
from certification.services.gradings import void_attempt
from certification.services.traces import find_fast_answers, find_likest, list_asked, read_events
from certification.viewsets.common import ExaminerActView, MomentColumn, ReportViewSet, say_seconds
from certification.viewsets.policies import POLICIES
from portal.core.viewsets import RelatedIndexView
from portal.partners.models import Partner


class AttemptFilterSet(WagtailFilterSet):
    exam = django_filters.ModelChoiceFilter(label=gettext_lazy("Exam"), queryset=Exam.objects.all())
    state = django_filters.ChoiceFilter(label=gettext_lazy("State"), choices=AttemptState.choices)
    passed = django_filters.ChoiceFilter(
        label=gettext_lazy("Passed"), choices=[("True", gettext_lazy("Yes")), ("False", gettext_lazy("No"))]
    )
    partner = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Partner"), field_name="membership__partner", queryset=Partner.objects.order_by("name")
    )
    started_at = django_filters.DateFromToRangeFilter(label=gettext_lazy("Started"), widget=DateRangePickerWidget)
    previews = django_filters.ChoiceFilter(
        label=gettext_lazy("Previews by staff"),
        method="filter_previews",
        empty_label=gettext_lazy("Leave them out"),
        choices=[("only", gettext_lazy("Show only these"))],
    )

    class Meta:
        model = Attempt
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Attempt]) -> QuerySet[Attempt]:
        """Previews are in no list but their own."""
        is_preview = bool(self.form.cleaned_data.get("previews"))
        return super().filter_queryset(queryset).filter(is_preview=is_preview)

    def filter_previews(self, attempts: QuerySet[Attempt], _name: str, _value: str) -> QuerySet[Attempt]:
        return attempts


class AttemptIndexView(RelatedIndexView):
    filterset_class = AttemptFilterSet
    default_ordering = ("-started_at", "-pk")

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn(
                "user",
                label=_("Person"),
                get_url=lambda attempt: reverse("attempts:inspect", args=[attempt.pk]),
            ),
            Column(
                "partner", label=_("Partner"), accessor=lambda row: row.membership.partner if row.membership else "–"
            ),
            Column("exam", label=_("Exam")),
            MomentColumn("started_at", label=_("Started"), sort_key="started_at"),
            MomentColumn("submitted_at", label=_("Submitted"), sort_key="submitted_at"),
            StatusTagColumn(
                "state", label=_("State"), accessor="get_state_display", primary=lambda row: row.state == "graded"
            ),
            Column(
                "score",
                label=_("Score, %"),
                accessor=lambda row: "–" if row.score is None else row.score,
                sort_key="score",
            ),
            Column("passed", label=_("Passed"), accessor=say_passed),
        ]

    def get_base_queryset(self) -> Any:
        rows = super().get_base_queryset().select_related("user__wagtail_userprofile", "exam", "membership__partner")
        return rows.defer("paper", "result")


def say_passed(attempt: Attempt) -> str:
    if attempt.passed is None:
        return "–"
    return pgettext("attempt", "Passed") if attempt.passed else pgettext("attempt", "Not passed")


def describe_event(line: integrity.Line) -> str:
    """A kind of event in a sentence with its numbers."""
    places = ""
    if line.positions:
        places = " " + _("At the questions %(positions)s.") % {"positions": ", ".join(map(str, line.positions))}
    if line.kind == integrity.EventKind.FOCUS_LOST:
        words = ngettext(
            "The page was left %(times)d time, for %(total)s in all, %(most)s at the longest.",
            "The page was left %(times)d times, for %(total)s in all, %(most)s at the longest.",
            line.times,
        ) % {"times": line.times, "total": say_seconds(line.total), "most": say_seconds(line.most)}
    elif line.kind == integrity.EventKind.PASTE:
        words = ngettext(
            "Text was pasted %(times)d time, %(total)d characters in all.",
            "Text was pasted %(times)d times, %(total)d characters in all.",
            line.times,
        ) % {"times": line.times, "total": line.total}
    else:
        words = ngettext(
            "The network address changed %(times)d time.", "The network address changed %(times)d times.", line.times
        ) % {"times": line.times}
    return words + places


class AttemptInspectView(InspectView):
    template_name = "certification/admin/attempt.html"
    page_title = gettext_lazy("Attempt")

    def get_object(self, queryset: Any = None) -> Attempt:  # noqa: ARG002 -- Wagtail's own signature
        rows = Attempt.objects.select_related("user", "exam", "membership__partner", "voided_by")
        return get_object_or_404(rows, pk=self.pk)

    def get_page_subtitle(self) -> str:
        return f"{self.object.user}, {self.object.exam}"

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        if self.object.state == AttemptState.VOIDED or not access.may_void(self.request.user):
            return []
        url = reverse("attempts:void", args=[self.object.pk])
        return [HeaderButton(_("Void it"), url=url, icon_name="cross", priority=10)]

    @cached_property
    def header_more_buttons(self) -> list[HeaderButton]:
        return []

    @property
    def is_hidden(self) -> bool:
        """Whether the answers are kept from this person: of an attempt whose answers wait to be marked blind, who marks
        must not see whose they are."""
        attempt = self.object
        return (
            attempt.state == AttemptState.AWAITING_MARKING
            and attempt.exam.blind_marking
            and not attempt.is_preview
            and access.may_mark(self.request.user)
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        attempt = self.object
        sections = [] if self.is_hidden else list_asked(attempt)
        lines, devices = read_events(attempt)
        compare = bool(self.request.GET.get("compare")) and not self.is_hidden and access.may_void(self.request.user)
        likest, compared = find_likest(attempt) if compare else ([], 0)
        return super().get_context_data(
            attempt=attempt,
            is_hidden=self.is_hidden,
            shows_questions=access.may_see_bank(self.request.user),
            sections=sections,
            given_times=[
                (row, say_seconds(row.seconds))
                for row in attempt.given_times.select_related("halt", "outage").order_by("since")
            ],
            gradings=list(attempt.gradings.select_related("graded_by").order_by("number")),
            events=[describe_event(line) for line in lines],
            devices=devices,
            fast=[self._describe_fast(one) for one in find_fast_answers(sections)],
            compare=compare,
            may_compare=not self.is_hidden and access.may_void(self.request.user),
            likest=likest,
            compared=compared,
            late_steps=attempt.steps.filter(counted=False).count(),
            passed=say_passed(attempt),
            limit=say_seconds(attempt.limit_seconds),
            **kwargs,
        )

    def _describe_fast(self, one: Any) -> str:
        return _(
            "Question %(position)d was answered in %(seconds)d s; half of the others need more than %(median)d s."
        ) % {"position": one.position, "seconds": one.flag.seconds, "median": one.flag.median_seconds}


class VoidView(ExaminerActView):
    may = access.may_void
    page_title = gettext_lazy("Void the attempt")
    submit_label = gettext_lazy("Void it")
    header_icon = "cross"
    danger = True
    form_class = VoidForm
    attempt: Attempt

    def find(self, **kwargs: Any) -> None:
        rows = Attempt.objects.select_related("user", "exam").defer("paper", "result")
        self.attempt = get_object_or_404(rows, pk=kwargs["pk"])

    @property
    def explanation(self) -> str:
        words = [
            _(
                "It counts for nothing from now on, and the candidate reads your reason. What was given and marked "
                "stays on record."
            )
        ]
        if Credential.objects.filter(attempt=self.attempt, revoked_at__isnull=True).exists():
            words.append(
                _(
                    "The credential that it has earned is revoked with the same reason, and the partner is assessed "
                    "again at once."
                )
            )
        if self.attempt.is_running:
            words.append(_("The person is sitting it at this moment: the sitting ends."))
        return " ".join(words)

    @property
    def back_url(self) -> str:
        return reverse("attempts:inspect", args=[self.attempt.pk])

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("attempts:index"), _("Attempts")), (self.back_url, str(self.attempt.user))]

    def get_page_subtitle(self) -> str:
        return f"{self.attempt.user}, {self.attempt.exam}"

    def act(self, form: Any) -> str:
        void_attempt(self.attempt, reason=form.cleaned_data["reason"], by=self.person, now=timezone.now())
        return _("The attempt is void.")


class AttemptViewSet(ReportViewSet):
    model = Attempt
    name = "attempts"
    icon = "doc-full-inverse"
    menu_label = gettext_lazy("Attempts")
    permission_policy = POLICIES[Attempt]
    index_view_class = AttemptIndexView
    inspect_view_class = AttemptInspectView
    inspect_template_name = "certification/admin/attempt.html"
    search_fields = ["user__last_name", "user__first_name", "user__email", "membership__partner__name"]
    ordering = ["-started_at", "-pk"]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("<int:pk>/void/", VoidView.as_view(), name="void")]
