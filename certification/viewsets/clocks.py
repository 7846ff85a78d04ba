"""What stopped the clocks: staff's halts, and the service's own failing; and what was given back for each."""

from typing import Any

from django.db.models import Count, Sum
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.generic import InspectView

from certification import access
from certification.models import Halt, Outage, TimeGiven
from certification.viewsets.common import MomentColumn, ReportViewSet, say_seconds
from certification.viewsets.policies import POLICIES
from portal.core.times import describe_duration
from portal.core.viewsets import RelatedIndexView

#: So many of the attempts that had time back are named.
NAMED = 500


class GivenIndexView(RelatedIndexView):
    """Rows with how many attempts had time back for each, and how much in all."""

    def get_base_queryset(self) -> Any:
        rows = super().get_base_queryset()
        return rows.annotate(given_count=Count("given_times"), given_seconds=Sum("given_times__seconds"))

    @cached_property
    def given_columns(self) -> list[Column]:
        return [
            Column("given_count", label=_("Attempts that had time back")),
            Column(
                "given_seconds",
                label=_("Given back in all"),
                accessor=lambda row: say_seconds(row.given_seconds) if row.given_seconds else "–",
            ),
        ]


class GivenInspectView(InspectView):
    """One stop, with the attempts that had time back for it."""

    template_name = "certification/admin/given.html"

    @cached_property
    def header_more_buttons(self) -> list[Any]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = (
            TimeGiven.objects.filter(**{self.model._meta.model_name: self.object})
            .select_related("attempt__user", "attempt__exam")
            .defer("attempt__paper", "attempt__result")
            .order_by("-seconds", "pk")
        )
        return super().get_context_data(
            given=[(row, say_seconds(row.seconds)) for row in rows[:NAMED]],
            may_see_attempts=access.may_see_attempts(self.request.user),
            **kwargs,
        )


class HaltIndexView(GivenIndexView):
    related = ("halted_by__wagtail_userprofile", "resumed_by__wagtail_userprofile", "exam")
    default_ordering = ("-halted_at",)

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn("exam", label=_("Exam"), get_url=lambda halt: reverse("halts:inspect", args=[halt.pk])),
            Column("reason", label=_("Reason"), width="30%"),
            MomentColumn("halted_at", label=_("Halted"), sort_key="halted_at"),
            Column("halted_by", label=_("By")),
            MomentColumn("resumed_at", label=_("Went on")),
            *self.given_columns,
        ]


class HaltViewSet(ReportViewSet):
    model = Halt
    name = "halts"
    icon = "no-view"
    menu_label = gettext_lazy("Halts")
    permission_policy = POLICIES[Halt]
    index_view_class = HaltIndexView
    inspect_view_class = GivenInspectView
    inspect_template_name = "certification/admin/given.html"
    inspect_view_fields = ["exam", "reason", "halted_at", "halted_by", "resumed_at", "resumed_by"]
    list_filter = ["exam", "halted_at"]


class OutageIndexView(GivenIndexView):
    default_ordering = ("-since",)

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn(
                "since",
                label=_("From"),
                accessor=str,
                get_url=lambda outage: reverse("outages:inspect", args=[outage.pk]),
            ),
            MomentColumn("until", label=_("Until")),
            Column("length", label=_("How long"), accessor=lambda row: describe_duration(row.until - row.since)),
            *self.given_columns,
        ]


class OutageViewSet(ReportViewSet):
    model = Outage
    name = "outages"
    icon = "time"
    menu_label = gettext_lazy("Outages")
    permission_policy = POLICIES[Outage]
    index_view_class = OutageIndexView
    inspect_view_class = GivenInspectView
    inspect_template_name = "certification/admin/given.html"
    inspect_view_fields = ["since", "until", "noticed_at"]
    list_filter = ["since"]
