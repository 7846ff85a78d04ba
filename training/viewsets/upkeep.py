"""Editors' screens of upkeep: the board, readers' remarks, and whom a change reached."""

from typing import Any

import django_filters
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.context import Context
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from wagtail.admin.filters import ContentTypeFilter, LocaleFilter, WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.components import Component
from wagtail.admin.ui.tables import Column, LocaleColumn, StatusTagColumn, TitleColumn, UserColumn
from wagtail.admin.ui.tables.pages import BulkActionsColumn
from wagtail.admin.utils import get_valid_next_url_from_request
from wagtail.admin.views.generic import IndexView, InspectView
from wagtail.admin.views.pages.bulk_actions.page_bulk_action import PageBulkAction
from wagtail.admin.views.reports import ReportView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.models import Page, get_page_content_types
from wagtail.permission_policies.base import ModelPermissionPolicy

from portal.content.services.pages import find_address
from portal.core.viewsets import ActView, ReadOnlyPermissionPolicy, RelatedIndexView
from training.access import may_close_remarks, may_see_reach, may_verify
from training.differences import compare_words
from training.forms import CloseRemarkForm
from training.freshness import Freshness, judge_freshness
from training.models import Change, MaterialPage, Remark, RemarkOutcome
from training.services.board import RANKS, list_own, list_upkeep
from training.services.changes import Missed, Reach, list_missed, measure_reach, remind_readers
from training.services.paragraphs import find_paragraph
from training.services.remarks import close_remark
from training.services.upkeep import verify_material
from training.views.upkeep import describe_parts

#: Registered with Wagtail by ``wagtail_hooks``: only services write these rows.
POLICIES: dict[Any, ModelPermissionPolicy] = {
    Remark: ReadOnlyPermissionPolicy(Remark),
    Change: ReadOnlyPermissionPolicy(Change),
}

STATES = {
    Freshness.OVERDUE: pgettext_lazy("state of a material", "Overdue"),
    Freshness.DUE: pgettext_lazy("state of a material", "Due"),
    Freshness.VERIFIED: pgettext_lazy("state of a material", "Verified"),
}
#: Rows of the panel on the first page of the administration.
OWN_SHOWN = 8


def describe_state(page: MaterialPage) -> str:
    return str(STATES[judge_freshness(page.upkeep.verified_at, page.upkeep.due_at, now=timezone.now())])


# --- The board -------------------------------------------------------------------------------------------------------


class BoardFilterSet(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"), method="filter_state", choices=[(state.value, STATES[state]) for state in STATES]
    )
    attention = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Readers"),
        method="filter_attention",
        widget=CheckboxSelectMultiple,
        choices=[
            ("unread", gettext_lazy("Nobody has read it in 30 days")),
            ("reported", gettext_lazy("Readers say something is wrong")),
        ],
    )
    owner = django_filters.ModelChoiceFilter(
        label=pgettext_lazy("material", "Owner"),
        queryset=lambda _request: get_user_model().objects.filter(
            pk__in=MaterialPage.objects.filter(live=True).values("owner")
        ),
    )
    content_type = ContentTypeFilter(
        label=gettext_lazy("Type"),
        queryset=lambda _request: get_page_content_types(include_base_page_type=False).filter(
            pk__in=MaterialPage.objects.filter(live=True).values("content_type")
        ),
    )
    locale = LocaleFilter()

    def filter_state(self, pages: QuerySet[MaterialPage], _name: str, value: str) -> QuerySet[MaterialPage]:
        return pages.filter(rank=RANKS[Freshness(value)])

    def filter_attention(self, pages: QuerySet[MaterialPage], _name: str, values: list[str]) -> QuerySet[MaterialPage]:
        if "unread" in values:
            pages = pages.filter(readers=0)
        return pages.filter(open_remarks__gt=0) if "reported" in values else pages

    class Meta:
        model = MaterialPage
        fields: list[str] = []


class DayColumn(Column):
    cell_template_name = "training/admin/day.html"


class StillTrueColumn(Column):
    """One click says that the material is still true."""

    cell_template_name = "training/admin/still_true.html"

    def get_cell_context_data(self, instance: Any, parent_context: Any) -> dict[str, Any]:
        return super().get_cell_context_data(instance, parent_context) | {
            "next_url": parent_context["request"].get_full_path().replace("results/", "")
        }


class RemarksColumn(Column):
    """How many remarks are open, as a link to them."""

    cell_template_name = "training/admin/remarks_cell.html"


class BoardView(ReportView):
    """Every live material, hot but overdue first."""

    model = MaterialPage
    any_permission_required = ["change", "publish"]
    page_title = gettext_lazy("Freshness of materials")
    header_icon = "calendar-check"
    template_name = "training/admin/board.html"
    index_url_name = "upkeep:board"
    index_results_url_name = "upkeep:board_results"
    filterset_class = BoardFilterSet
    default_ordering = ("rank", "-readers", "upkeep__due_at", "pk")
    verbose_name_plural = gettext_lazy("materials")
    is_searchable = True
    search_backend_name = None
    search_fields = ["title"]
    list_export = [
        "title",
        "kind_label",
        "locale.language_code",
        "owner",
        "upkeep.verified_at",
        "upkeep.due_at",
        "readers",
        "open_remarks",
    ]
    export_headings = {
        "title": gettext_lazy("Title"),
        "kind_label": gettext_lazy("Type"),
        "locale.language_code": gettext_lazy("Language"),
        "owner": pgettext_lazy("material", "Owner"),
        "upkeep.verified_at": gettext_lazy("Checked"),
        "upkeep.due_at": gettext_lazy("Due"),
        "readers": gettext_lazy("Readers in 30 days"),
        "open_remarks": gettext_lazy("Open remarks"),
    }

    @cached_property
    def columns(self) -> list[Any]:
        return [
            BulkActionsColumn("bulk_actions"),
            TitleColumn(
                "title",
                label=_("Title"),
                get_url=lambda page: reverse("wagtailadmin_pages:edit", args=[page.pk]),
                get_title_id=lambda page: f"page_{page.pk}_title",
                width="26%",
            ),
            Column("kind_label", label=_("Type")),
            LocaleColumn(label=_("Language"), sort_key=None),
            Column("owner", label=pgettext("material", "Owner"), accessor=lambda page: page.owner or "–"),
            StatusTagColumn("state", label=_("State"), accessor=describe_state, primary=lambda page: page.rank == 2),
            DayColumn("due", label=_("Due"), accessor="upkeep.due_at", sort_key="upkeep__due_at"),
            Column("readers", label=_("Readers in 30 days"), sort_key="readers"),
            RemarksColumn("open_remarks", label=_("Open remarks"), sort_key="open_remarks"),
            StillTrueColumn("still_true", label=_("Still true?")),
        ]

    def get_base_queryset(self) -> QuerySet[MaterialPage]:
        allowed = self.permission_policy.instances_user_has_any_permission_for(self.request.user, ["change", "publish"])
        return list_upkeep(now=timezone.now()).filter(Q(page_ptr__in=allowed.values("pk")) | Q(owner=self.request.user))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # The bulk actions of the board are those of pages.
        return super().get_context_data(**kwargs) | {"app_label": Page._meta.app_label, "model_name": "page"}


class VerifyView(ActView):
    """Asks once where it is opened as a link; the board and the editor send it at once."""

    page_title = gettext_lazy("Still true")
    submit_label = gettext_lazy("It is still true")
    explanation = gettext_lazy(
        "It is recorded that you have looked the live text through, and the next interval begins."
    )
    header_icon = "calendar-check"
    page: MaterialPage

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.page = get_object_or_404(MaterialPage, pk=kwargs["pk"])
        if not may_verify(request.user, self.page):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return get_valid_next_url_from_request(self.request) or reverse("upkeep:board")

    def get_page_subtitle(self) -> str:
        return self.page.title

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        verify_material(self.page, by=self.request.user, now=timezone.now())
        return _("“%(title)s” is still true: recorded.") % {"title": self.page.title}


class UpkeepViewSet(ViewSet):
    name = "upkeep"
    url_prefix = "reports/freshness"
    icon = "calendar-check"

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", BoardView.as_view(), name="board"),
            path("results/", BoardView.as_view(results_only=True), name="board_results"),
            path("<int:pk>/verify/", VerifyView.as_view(), name="verify"),
        ]


class BoardMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return BoardView(request=request).user_has_any_permission(["change", "publish"])


class ReachMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return may_see_reach(request.user)


def make_board_item() -> MenuItem:
    label = gettext_lazy("Freshness of materials")
    return BoardMenuItem(label, reverse("upkeep:board"), name="freshness", icon_name="calendar-check", order=100)


def make_reach_item() -> MenuItem:
    label = gettext_lazy("Changes and reach")
    return ReachMenuItem(label, reverse("changes:index"), name="reach", icon_name="history", order=110)


class VerifyBulkAction(PageBulkAction):
    display_name = gettext_lazy("Still true")
    action_type = "verify"
    aria_label = gettext_lazy("Say that the selected materials are still true")
    template_name = "training/admin/verify_many.html"
    action_priority = 5

    @classmethod
    def get_queryset(cls, model: Any, object_ids: Any) -> list[Page]:
        return list(model.objects.filter(pk__in=object_ids).select_related("materialpage"))

    def check_perm(self, page: Any) -> bool:
        return hasattr(page, "materialpage") and page.live and may_verify(self.request.user, page.materialpage)

    @classmethod
    def execute_action(cls, objects: Any, user: Any = None, **_kwargs: Any) -> tuple[int, int]:
        now = timezone.now()
        for page in objects:
            verify_material(page.materialpage, by=user, now=now)
        return len(objects), 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:  # noqa: ARG002
        text = ngettext(
            "%(count)d material is still true: recorded.",
            "%(count)d materials are still true: recorded.",
            num_parent_objects,
        )
        return text % {"count": num_parent_objects}


def make_verify_button(page: Any, user: Any, view_name: str) -> Button | None:
    """“Still true” above the editor of a live material; one click."""
    if view_name != "edit" or not isinstance(page, MaterialPage) or not page.live or not may_verify(user, page):
        return None
    return Button(
        _("Still true"),
        icon_name="calendar-check",
        priority=5,
        attrs={
            "data-controller": "w-action",
            "data-action": "w-action#post",
            "data-w-action-url-value": reverse("upkeep:verify", args=[page.pk]),
        },
    )


class OwnUpkeepPanel(Component):
    """What the person keeps and should look at, on the first page of the administration."""

    name = "own_upkeep"
    template_name = "training/admin/own.html"
    order = 110

    def __init__(self, request: HttpRequest) -> None:
        self.user = request.user

    def get_context_data(self, parent_context: Any) -> Any:
        context = Context({}) if parent_context is None else parent_context
        pages = list(list_own(self.user, now=timezone.now())[: OWN_SHOWN + 1])
        return {
            "request": context.get("request"),
            "csrf_token": context.get("csrf_token"),
            "rows": [(page, describe_state(page)) for page in pages[:OWN_SHOWN]],
            "all_url": f"{reverse('upkeep:board')}?owner={self.user.pk}" if len(pages) > OWN_SHOWN else "",
        }


# --- Remarks ---------------------------------------------------------------------------------------------------------


class RemarkFilterSet(WagtailFilterSet):
    open = django_filters.ChoiceFilter(
        label=gettext_lazy("Outcome"),
        method="filter_open",
        choices=[("open", pgettext_lazy("remark", "Open")), *RemarkOutcome.choices],
    )
    kept_by = django_filters.ModelChoiceFilter(
        field_name="page__owner",
        label=gettext_lazy("Owner of the material"),
        queryset=lambda _request: get_user_model().objects.filter(
            pk__in=MaterialPage.objects.filter(remarks__isnull=False).values("owner")
        ),
    )

    def filter_open(self, remarks: QuerySet[Remark], _name: str, value: str) -> QuerySet[Remark]:
        return remarks.filter(closed_at__isnull=True) if value == "open" else remarks.filter(outcome=value)

    page = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Material"),
        queryset=lambda _request: MaterialPage.objects.filter(pk__in=Remark.objects.values("page")),
    )

    class Meta:
        model = Remark
        fields = ["kind"]


class RemarkIndexView(RelatedIndexView):
    related = ("page__locale", "user__wagtail_userprofile", "membership__partner")


class RemarkInspectView(InspectView):
    """One remark: the paragraph as it was, and as it is now."""

    template_name = "training/admin/remark.html"
    page_title = gettext_lazy("Remark")

    def get_object(self, queryset: Any = None) -> Remark:  # noqa: ARG002 -- Wagtail's own signature
        rows = Remark.objects.select_related("page__locale", "page__upkeep", "user", "membership__partner", "closed_by")
        return get_object_or_404(rows, pk=self.pk)

    def get_page_subtitle(self) -> str:
        return self.object.page.title

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        page = self.object.page
        buttons = [
            HeaderButton(
                _("Edit the material"), url=reverse("wagtailadmin_pages:edit", args=[page.pk]), icon_name="edit"
            )
        ]
        if may_close_remarks(self.request.user) and self.object.closed_at is None:
            url = reverse("remarks:close", args=[self.object.pk])
            buttons.append(HeaderButton(_("Answer and close"), url=url, icon_name="check", priority=5))
        return buttons

    @cached_property
    def header_more_buttons(self) -> list[HeaderButton]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        remark = self.object
        page = remark.page.specific
        now_there = find_paragraph(page, remark.block_id) if remark.block_id else None
        anchor = next((part.anchor for part in page.sections if part.block_id == remark.block_id), "")
        address = find_address(page, self.request) if page.live else ""
        return super().get_context_data(
            remark=remark,
            page=page,
            now_there=now_there,
            runs=compare_words(remark.quoted, now_there.text[: len(remark.quoted) + 2000]) if now_there else [],
            is_unchanged=now_there is not None and now_there.text.startswith(remark.quoted),
            live_url=f"{address}#{anchor}" if address and anchor else address,
            **kwargs,
        )


class CloseRemarkView(ActView):
    page_title = gettext_lazy("Answer the reader")
    submit_label = gettext_lazy("Close the remark")
    explanation = gettext_lazy("The reader is told what came of it, with your answer.")
    header_icon = "comment"
    form_class = CloseRemarkForm
    remark: Remark

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_close_remarks(request.user):
            raise PermissionDenied
        self.remark = get_object_or_404(Remark.objects.select_related("page"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return reverse("remarks:inspect", args=[self.remark.pk])

    def get_page_subtitle(self) -> str:
        return self.remark.page.title

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("remarks:index"), _("Remarks")), (self.back_url, self.remark.page.title)]

    def act(self, form: Any) -> str:
        given = form.cleaned_data
        close_remark(
            self.remark, outcome=given["outcome"], answer=given["answer"], by=self.request.user, now=timezone.now()
        )
        return _("The remark is closed, and the reader is told.")


class RemarkViewSet(ModelViewSet):
    model = Remark
    name = "remarks"
    icon = "comment"
    menu_label = gettext_lazy("Readers’ remarks")
    menu_order = 240
    add_to_admin_menu = True
    permission_policy = POLICIES[Remark]
    add_to_reference_index = False
    index_view_class = RemarkIndexView
    inspect_view_enabled = True
    inspect_view_class = RemarkInspectView
    inspect_template_name = "training/admin/remark.html"
    copy_view_enabled = False
    form_fields: list[str] = []
    filterset_class = RemarkFilterSet
    list_per_page = 50
    ordering = ["-made_at", "-pk"]

    @cached_property
    def list_display(self) -> list[Any]:
        return [
            TitleColumn("page", label=_("Material"), url_name="remarks:inspect"),
            Column("kind", label=_("What is wrong"), accessor="get_kind_display"),
            Column(
                "quoted",
                label=_("Paragraph"),
                accessor=lambda row: Truncator(row.quoted or _("The material as a whole")).chars(90),
            ),
            UserColumn("user", label=_("Reader")),
            Column(
                "partner", label=_("Partner"), accessor=lambda row: row.membership.partner if row.membership else "–"
            ),
            DayColumn("made_at", label=_("Made"), sort_key="made_at"),
            StatusTagColumn(
                "outcome",
                label=_("Outcome"),
                accessor=lambda row: row.get_outcome_display() if row.outcome else pgettext("remark", "Open"),
                primary=lambda row: not row.outcome,
            ),
        ]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("<int:pk>/close/", CloseRemarkView.as_view(), name="close")]


# --- Changes and their reach -----------------------------------------------------------------------------------------

REASONS = {
    Missed.LEFT: gettext_lazy("no longer a member of a partner"),
    Missed.CLOSED: gettext_lazy("the material is not open to them any more"),
    Missed.UNTOLD: gettext_lazy("was not told: has switched these notices off, or the e-mail did not go out"),
    Missed.UNOPENED: gettext_lazy("was told, and has not opened the page"),
}


class ChangeFilterSet(WagtailFilterSet):
    class Meta:
        model = Change
        fields = ["is_material", "published_at"]


class ChangeIndexView(IndexView):
    """Changes with how far each came: one query for the figures of a page of rows."""

    def get_base_queryset(self) -> QuerySet[Change]:
        return (
            super()
            .get_base_queryset()
            .filter(is_first=False)
            .select_related("page__locale", "by__wagtail_userprofile")
            .defer("blocks")
        )

    def get_table(self, object_list: Any) -> Any:
        rows = list(object_list)
        reached = measure_reach(row.pk for row in rows if row.is_material)
        for row in rows:
            row.reach = reached.get(row.pk, Reach(0, 0, 0)) if row.is_material else None
        return super().get_table(rows)


class ChangeInspectView(InspectView):
    """Whom a change addressed, how far it came, who was not reached, and one act."""

    template_name = "training/admin/change.html"
    page_title = gettext_lazy("Change")

    def get_object(self, queryset: Any = None) -> Change:  # noqa: ARG002 -- Wagtail's own signature
        return get_object_or_404(Change.objects.select_related("page__locale", "by"), pk=self.pk)

    def get_page_subtitle(self) -> str:
        return self.object.page.title

    @cached_property
    def header_more_buttons(self) -> list[HeaderButton]:
        return []

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        url = reverse("wagtailadmin_pages:edit", args=[self.object.page_id])
        return [HeaderButton(_("Edit the material"), url=url, icon_name="edit")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        change = self.object
        now = timezone.now()
        missed = Paginator(list_missed(change, now=now), 50).get_page(self.request.GET.get("p"))
        return super().get_context_data(
            change=change,
            reach=measure_reach([change.pk]).get(change.pk, Reach(0, 0, 0)),
            missed=[(row, capfirst(str(REASONS[Missed(row.reason)]))) for row in missed],  # type: ignore[attr-defined]  # annotated
            missed_page=missed,
            parts=describe_parts(change),
            remind_url=reverse("changes:remind", args=[change.pk]),
            **kwargs,
        )


class RemindView(ActView):
    page_title = gettext_lazy("Remind those who have not opened it")
    submit_label = gettext_lazy("Remind them")
    explanation = gettext_lazy("Everyone who has not opened the changed page is told once more; once a day at most.")
    header_icon = "mail"
    change: Change

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_see_reach(request.user):
            raise PermissionDenied
        self.change = get_object_or_404(Change.objects.select_related("page"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return reverse("changes:inspect", args=[self.change.pk])

    def get_page_subtitle(self) -> str:
        return self.change.page.title

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("changes:index"), _("Changes")), (self.back_url, self.change.page.title)]

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        count = remind_readers(self.change, by=self.request.user, now=timezone.now())
        return ngettext("%(count)d person is reminded.", "%(count)d people are reminded.", count) % {"count": count}


class ChangeViewSet(ModelViewSet):
    model = Change
    name = "changes"
    icon = "history"
    permission_policy = POLICIES[Change]
    add_to_reference_index = False
    index_view_class = ChangeIndexView
    inspect_view_enabled = True
    inspect_view_class = ChangeInspectView
    inspect_template_name = "training/admin/change.html"
    copy_view_enabled = False
    form_fields: list[str] = []
    filterset_class = ChangeFilterSet
    list_per_page = 50
    ordering = ["-published_at", "-pk"]

    @cached_property
    def list_display(self) -> list[Any]:
        def figure(name: str) -> Any:
            return lambda row: "–" if row.reach is None else getattr(row.reach, name)

        return [
            TitleColumn("page", label=_("Material"), url_name="changes:inspect"),
            Column("line", label=_("For readers"), accessor=lambda row: row.line or _("A small correction")),
            DayColumn("published_at", label=_("Published"), sort_key="published_at"),
            UserColumn("by", label=_("By"), blank_display_name="–"),
            Column("addressed", label=_("Addressed"), accessor=figure("addressed")),
            Column("delivered", label=_("Delivered"), accessor=figure("delivered")),
            Column("opened", label=_("Opened"), accessor=figure("opened")),
        ]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("<int:pk>/remind/", RemindView.as_view(), name="remind")]
