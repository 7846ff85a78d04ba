"""What was granted to whom: more time, more attempts, breaks; with a reason and an end."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, StatusTagColumn, TitleColumn
from wagtail.admin.views.generic import EditView
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton

from certification import access
from certification.forms.accommodations import AccommodationForm
from certification.models import Accommodation, Exam
from certification.services.accommodations import withdraw_accommodation
from certification.viewsets.common import ExaminerActView, MomentColumn
from certification.viewsets.policies import POLICIES
from portal.core.viewsets import RelatedIndexView


class AccommodationFilterSet(WagtailFilterSet):
    exam = django_filters.ModelChoiceFilter(label=gettext_lazy("Exam"), queryset=Exam.objects.all())
    in_force = django_filters.ChoiceFilter(
        label=gettext_lazy("Show"),
        method="filter_in_force",
        choices=[("now", pgettext_lazy("accommodation", "In force now"))],
    )

    class Meta:
        model = Accommodation
        fields: list[str] = []

    def filter_in_force(self, rows: QuerySet[Accommodation], _name: str, value: str) -> QuerySet[Accommodation]:
        return Accommodation.objects.in_force(timezone.now()).filter(pk__in=rows.values("pk")) if value else rows


def say_granted(row: Accommodation) -> str:
    """What is granted, in words."""
    parts = []
    if row.time_factor_percent is not None:
        parts.append(_("%(percent)d %% of the time") % {"percent": row.time_factor_percent})
    if row.extra_attempts is not None:
        more = ngettext("%(count)d more attempt", "%(count)d more attempts", row.extra_attempts)
        parts.append(more % {"count": row.extra_attempts})
    if row.break_minutes is not None:
        breaks = ngettext("breaks of %(count)d minute in all", "breaks of %(count)d minutes in all", row.break_minutes)
        parts.append(breaks % {"count": row.break_minutes})
    return ", ".join(parts)


def say_holder(row: Accommodation) -> str:
    return str(row.user) if row.user else _("Everyone of %(partner)s") % {"partner": row.partner}


def say_state(row: Accommodation) -> str:
    now = timezone.now()
    if row.withdrawn_at is not None:
        return pgettext("accommodation", "Withdrawn")
    if row.starts_at > now:
        return pgettext("accommodation", "To come")
    return pgettext("accommodation", "In force") if row.expires_at > now else pgettext("accommodation", "Over")


class AccommodationIndexView(RelatedIndexView):
    filterset_class = AccommodationFilterSet
    default_ordering = ("-starts_at", "-pk")

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn("holder", label=_("For whom"), accessor=say_holder, get_url=self._find_address),
            Column("exam", label=_("Exam"), accessor=lambda row: row.exam or _("Every exam")),
            Column("granted", label=_("What"), accessor=say_granted),
            Column("reason", label=_("Reason"), width="25%"),
            MomentColumn("starts_at", label=_("From"), sort_key="starts_at"),
            MomentColumn("expires_at", label=_("Until"), sort_key="expires_at"),
            StatusTagColumn(
                "state",
                label=_("State"),
                accessor=say_state,
                primary=lambda row: say_state(row) == pgettext("accommodation", "In force"),
            ),
        ]

    def _find_address(self, row: Accommodation) -> Any:
        return self.get_edit_url(row)

    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().select_related("user__wagtail_userprofile", "partner", "exam")


class AccommodationEditView(EditView):
    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        if self.object.withdrawn_at is not None or not access.may_accommodate(self.request.user):
            return []
        url = reverse("accommodations:withdraw", args=[self.object.pk])
        return [HeaderButton(_("Withdraw"), url=url, icon_name="cross", priority=5)]

    def get_page_subtitle(self) -> str:
        return say_holder(self.object)


class WithdrawView(ExaminerActView):
    may = access.may_accommodate
    page_title = gettext_lazy("Withdraw what was granted")
    submit_label = gettext_lazy("Withdraw it")
    header_icon = "user"
    explanation = gettext_lazy(
        "It counts for no attempt that begins from now on. Whoever is sitting keeps what they have."
    )
    danger = True
    accommodation: Accommodation

    def find(self, **kwargs: Any) -> None:
        rows = Accommodation.objects.select_related("user", "partner", "exam")
        self.accommodation = get_object_or_404(rows, pk=kwargs["pk"])

    @property
    def back_url(self) -> str:
        return reverse("accommodations:index")

    def find_trail(self) -> list[tuple[str, str]]:
        return [(self.back_url, _("Accommodations"))]

    def get_page_subtitle(self) -> str:
        return f"{say_holder(self.accommodation)}: {say_granted(self.accommodation)}"

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        withdraw_accommodation(self.accommodation, now=timezone.now())
        return _("It is withdrawn.")


class AccommodationViewSet(ModelViewSet):
    model = Accommodation
    name = "accommodations"
    icon = "user"
    menu_label = gettext_lazy("Accommodations")
    permission_policy = POLICIES[Accommodation]
    copy_view_enabled = False
    add_to_reference_index = False
    index_view_class = AccommodationIndexView
    edit_view_class = AccommodationEditView
    search_fields = ["user__last_name", "user__first_name", "user__email", "partner__name", "reason"]
    search_backend_name = None
    list_per_page = 50
    edit_handler = ObjectList(
        [
            MultiFieldPanel(
                [FieldPanel("person"), FieldPanel("partner"), FieldPanel("exam")], heading=gettext_lazy("For whom")
            ),
            MultiFieldPanel(
                [
                    FieldRowPanel(
                        [FieldPanel("time_factor_percent"), FieldPanel("extra_attempts"), FieldPanel("break_minutes")]
                    )
                ],
                heading=gettext_lazy("What"),
                help_text=gettext_lazy(
                    "Where several hold for one person, the most generous counts, and what was granted to the person "
                    "stands above what holds for the partner."
                ),
            ),
            FieldPanel("reason"),
            FieldRowPanel([FieldPanel("starts_at"), FieldPanel("expires_at")]),
        ],
        base_form_class=AccommodationForm,
    )

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("<int:pk>/withdraw/", WithdrawView.as_view(), name="withdraw")]
