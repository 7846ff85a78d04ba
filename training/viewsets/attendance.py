"""Staff's screens of attendance: reading a provider's report in, who waits to be known, and corrections."""

import base64
import binascii
import zlib
from typing import Any

import django_filters
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.generic import TemplateView, View
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column, StatusTagColumn, TitleColumn, UserColumn
from wagtail.admin.views.generic import InspectView, WagtailAdminTemplateMixin
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton
from wagtail.permission_policies.base import ModelPermissionPolicy

from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.core.localised import LocalisedText
from portal.core.viewsets import ActView, ReadOnlyPermissionPolicy, RelatedIndexView
from training.access import may_close_corrections, may_read_attendance
from training.forms import CloseCorrectionForm, MatchJoinForm, RollcallForm, RollcallUploadForm
from training.models import (
    Attendance,
    AttendanceFile,
    Correction,
    CorrectionOutcome,
    Join,
    Registration,
    RegistrationState,
    Session,
)
from training.rollcalls import MAX_BYTES, Provider, UnreadableFileError, list_columns
from training.services.attendance import (
    SHOWN,
    describe_fault,
    describe_past,
    find_rule,
    forget_file,
    list_strangers,
    match_joins,
    preview_file,
    read_file,
    set_joins_aside,
)
from training.services.corrections import close_correction
from training.services.sessions import name_sessions
from training.viewsets.upkeep import DayColumn

#: Registered with Wagtail by ``wagtail_hooks``: only services write these rows.
POLICIES: dict[Any, ModelPermissionPolicy] = {Correction: ReadOnlyPermissionPolicy(Correction)}

PER_PAGE = 30


class AttendanceMixin(WagtailAdminTemplateMixin):
    """Lets in whoever may read attendance in."""

    request: HttpRequest
    header_icon = "group"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_read_attendance(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("attendance:index"), _("Attendance"))]

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        trail = [{"url": url, "label": label} for url, label in self.find_trail()]
        return [*super().get_breadcrumbs_items(), *trail, {"url": "", "label": self.get_page_title()}]


def _count(rows: Any, **filters: Any) -> Any:
    counted = rows.filter(**filters).order_by().values("session").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


class IndexView(AttendanceMixin, TemplateView):
    """The sessions that have begun, latest first, with what is known of each."""

    template_name = "training/admin/attendance.html"
    page_title = gettext_lazy("Attendance")

    def find_trail(self) -> list[tuple[str, str]]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        begun = Session.objects.scheduled().filter(starts_at__lte=timezone.now()).order_by("-starts_at", "-pk")
        of = {"session": OuterRef("pk")}
        waiting = (
            Join.objects.filter(file__session=OuterRef("pk"), user__isnull=True, set_aside_at__isnull=True)
            .order_by()
            .values("file__session")
            .annotate(number=Count("pk"))
            .values("number")
        )
        counted = begun.annotate(
            registered=_count(Registration.objects, state=RegistrationState.SEATED, **of),
            files=_count(AttendanceFile.objects, **of),
            known=_count(Attendance.objects, **of),
            attended=_count(Attendance.objects, attended=True, **of),
            waiting=Coalesce(Subquery(waiting), 0),
        )
        page = Paginator(counted, PER_PAGE).get_page(self.request.GET.get("p"))
        names = name_sessions(page)
        return super().get_context_data(page=page, rows=[(row, _say(names[row.pk])) for row in page], **kwargs)


def _say(names: dict[str, str]) -> str:
    return str(LocalisedText(names))


class SessionMixin(AttendanceMixin):
    """About one session."""

    session: Session

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.session = get_object_or_404(Session.objects.select_related("page"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def session_name(self) -> str:
        return f"{_say(name_sessions([self.session])[self.session.pk])}, {self.session.starts_at:%Y-%m-%d}"

    @property
    def session_url(self) -> str:
        return reverse("attendance:session", args=[self.session.pk])

    def find_trail(self) -> list[tuple[str, str]]:
        return [*super().find_trail(), (self.session_url, self.session_name)]


class SessionView(SessionMixin, TemplateView):
    """Who was at a session, by which files, and who waits to be known."""

    template_name = "training/admin/attendance_session.html"

    def get_page_title(self) -> str:
        return self.session_name

    def find_trail(self) -> list[tuple[str, str]]:
        return AttendanceMixin.find_trail(self)

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        url = reverse("attendance:read", args=[self.session.pk])
        return [HeaderButton(_("Read a report in"), url=url, icon_name="upload", priority=5)]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        attendances = (
            Attendance.objects.filter(session=self.session)
            .select_related("user", "membership__partner")
            .order_by("-attended", "user__last_name", "user__first_name", "pk")
        )
        page = Paginator(attendances, 100).get_page(self.request.GET.get("p"))
        return super().get_context_data(
            session=self.session,
            percent=find_rule(self.session),
            files=self.session.attendance_files.select_related("read_by").annotate(
                join_count=Count("joins"), known_count=Count("joins", filter=Q(joins__user__isnull=False))
            ),
            strangers=list_strangers(self.session),
            page=page,
            **kwargs,
        )


class ReadView(SessionMixin, View):
    """A report, in two steps: what it would do is shown, with what was guessed to be changed; then it is read in.

    Between the steps the file stays with the browser, in the form: nothing is kept that was not read in.
    """

    template_name = "training/admin/attendance_upload.html"
    page_title = gettext_lazy("Read a report in")

    def get(self, _request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        return self._ask(RollcallUploadForm())

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        if "content" in request.POST:
            return self._go_on(_unpack(request.POST["content"]))
        form = RollcallUploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._ask(form)
        upload = form.cleaned_data["upload"]
        content = upload.read()
        try:
            columns = list_columns(content)
        except UnreadableFileError as error:
            form.add_error("upload", describe_fault(error))
            return self._ask(form)
        # The zone in which the session was planned is a good guess; it stands in the form, to be changed.
        given = {"name": upload.name[:200], "content": _pack(content), "provider": "", "zone": self.session.zone}
        return self._show(RollcallForm(given, columns=columns), content)

    def _go_on(self, content: bytes | None) -> HttpResponse:
        try:
            columns = list_columns(content or b"")
        except UnreadableFileError:
            messages.error(self.request, _("The file was lost on the way. Choose it again."))
            return redirect("attendance:read", self.session.pk)
        form = RollcallForm(self.request.POST, columns=columns)
        if "read" not in self.request.POST or not form.is_valid():
            return self._show(form, content or b"")
        given = form.cleaned_data
        try:
            file = read_file(
                self.session,
                name=given["name"],
                content=content or b"",
                provider=given["provider"],
                mapping=form.mapping,
                zone=given["zone"],
                by=self.request.user,
                now=timezone.now(),
            )
        except Refusal as refusal:
            return self._show(form, content or b"", refusal)
        count = file.joins.count()
        text = ngettext("%(count)d join was read in.", "%(count)d joins were read in.", count) % {"count": count}
        messages.success(self.request, text)
        return redirect(self.session_url)

    def _ask(self, form: RollcallUploadForm) -> HttpResponse:
        context = self.get_context_data(
            form=form,
            action_url=self.request.path,
            form_is_multipart=True,
            submit_button_label=_("Look at it"),
            submit_button_active_label=_("Reading…"),
        )
        return self.render_to_response(context)

    def _show(self, form: RollcallForm, content: bytes, refusal: Refusal | None = None) -> HttpResponse:
        preview = None
        if form.is_valid() and refusal is None:
            given = form.cleaned_data
            try:
                preview = preview_file(
                    self.session,
                    content=content,
                    provider=given["provider"],
                    mapping=form.mapping,
                    zone=given["zone"],
                    by=self.request.user,
                )
            except Refusal as found:
                refusal = found
        self.template_name = "training/admin/attendance_preview.html"
        context = self.get_context_data(
            form=form,
            session=self.session,
            preview=preview,
            refusal=refusal,
            provider=dict(RollcallForm.PROVIDERS)[preview.rollcall.provider.value] if preview else "",
            is_own=preview is not None and preview.rollcall.provider == Provider.OWN,
            people=preview.people[:SHOWN] if preview else [],
            more_people=max(len(preview.people) - SHOWN, 0) if preview else 0,
            unknown=preview.unknown[:SHOWN] if preview else [],
            more_unknown=max(len(preview.unknown) - SHOWN, 0) if preview else 0,
            back_url=self.session_url,
        )
        return self.render_to_response(context)


def _pack(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 6)).decode()


def _unpack(packed: str) -> bytes | None:
    """The file as the form carried it; None for anything else. What unpacks to more than a file may be is nothing."""
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(packed, validate=True), MAX_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error):
        return None
    return content if len(content) <= MAX_BYTES and unpacker.eof else None


class ForgetView(SessionMixin, ActView):
    """Taking a file back that was read in by mistake."""

    page_title = gettext_lazy("Take the report back")
    submit_label = gettext_lazy("Take it back")
    explanation = gettext_lazy(
        "Its joins are deleted, and the minutes of its people are counted anew from the other reports. "
        "What was corrected by hand stays."
    )
    danger = True
    header_icon = "bin"
    file: AttendanceFile

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.file = get_object_or_404(AttendanceFile, pk=kwargs["file_id"], session=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return self.session_url

    def get_page_subtitle(self) -> str:
        return self.file.name

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        forget_file(self.file, by=self.request.user, now=timezone.now())
        return _("The report is taken back.")


class StrangerMixin(SessionMixin):
    """About somebody whom the portal does not know: all stays under one name and address."""

    join: Join

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        joins = Join.objects.select_related("file").filter(file__session=kwargs["pk"])
        self.join = get_object_or_404(joins, pk=kwargs["join_id"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return self.session_url

    def get_page_subtitle(self) -> str:
        return self.join.name or self.join.email


class MatchView(StrangerMixin, ActView):
    page_title = gettext_lazy("Who was this?")
    submit_label = gettext_lazy("This is the person")
    explanation = gettext_lazy(
        "All joins of the session under this name and address become the person’s, and their minutes are counted."
    )
    header_icon = "user"
    form_class: Any = MatchJoinForm

    def get_form_kwargs(self) -> dict[str, Any]:
        people = User.objects.filter(registrations__session=self.session)
        return {**super().get_form_kwargs(), "people": people}

    def act(self, form: Any) -> str:
        person = form.cleaned_data["person"]
        count = match_joins(self.join, user=person, by=self.request.user, now=timezone.now())
        text = ngettext("%(count)d join is %(person)s’s now.", "%(count)d joins are %(person)s’s now.", count)
        return text % {"count": count, "person": person}


class SetAsideView(StrangerMixin, ActView):
    page_title = gettext_lazy("Set aside")
    submit_label = gettext_lazy("None of our people")
    explanation = gettext_lazy("The joins stay in the report, and nobody is asked about them any more.")
    header_icon = "cross"

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        count = set_joins_aside(self.join, by=self.request.user, now=timezone.now())
        return ngettext("%(count)d join is set aside.", "%(count)d joins are set aside.", count) % {"count": count}


class AttendanceMenuItem(MenuItem):
    """Shown to those who may read attendance in."""

    def is_shown(self, request: HttpRequest) -> bool:
        return may_read_attendance(request.user)


class AttendanceViewSet(ViewSet):
    name = "attendance"
    icon = "group"
    menu_label = gettext_lazy("Attendance")
    menu_name = "attendance"
    menu_order = 250
    menu_item_class = AttendanceMenuItem
    add_to_admin_menu = True

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", IndexView.as_view(), name="index"),
            path("<int:pk>/", SessionView.as_view(), name="session"),
            path("<int:pk>/read/", ReadView.as_view(), name="read"),
            path("<int:pk>/files/<int:file_id>/take-back/", ForgetView.as_view(), name="forget"),
            path("<int:pk>/unknown/<int:join_id>/", MatchView.as_view(), name="match"),
            path("<int:pk>/unknown/<int:join_id>/set-aside/", SetAsideView.as_view(), name="set_aside"),
        ]


# --- Corrections -----------------------------------------------------------------------------------------------------


class CorrectionFilterSet(WagtailFilterSet):
    open = django_filters.ChoiceFilter(
        label=gettext_lazy("Outcome"),
        method="filter_open",
        choices=[("open", pgettext_lazy("correction", "Open")), *CorrectionOutcome.choices],
    )

    def filter_open(self, rows: QuerySet[Correction], _name: str, value: str) -> QuerySet[Correction]:
        return rows.filter(closed_at__isnull=True) if value == "open" else rows.filter(outcome=value)

    class Meta:
        model = Correction
        fields: list[str] = []


class CorrectionIndexView(RelatedIndexView):
    related = ("session__page", "user__wagtail_userprofile", "membership__partner")


class CorrectionInspectView(InspectView):
    """One correction: what the person says, and what is counted."""

    template_name = "training/admin/attendance_correction.html"
    page_title = gettext_lazy("Correction")

    def get_object(self, queryset: Any = None) -> Correction:  # noqa: ARG002 -- Wagtail's own signature
        rows = Correction.objects.select_related("session__page", "user", "membership__partner", "closed_by")
        return get_object_or_404(rows, pk=self.pk)

    def get_page_subtitle(self) -> str:
        return str(self.object.user)

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        if self.object.closed_at is not None or not may_close_corrections(self.request.user):
            return []
        url = reverse("corrections:close", args=[self.object.pk])
        return [HeaderButton(_("Answer"), url=url, icon_name="check", priority=5)]

    @cached_property
    def header_more_buttons(self) -> list[HeaderButton]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.object
        (past,) = describe_past([row.session], row.user)
        joins = Join.objects.filter(file__session=row.session, user=row.user).select_related("file")
        return super().get_context_data(
            correction=row,
            past=past,
            joins=joins.order_by("joined_at"),
            title=_say(name_sessions([row.session])[row.session_id]),
            session_url=reverse("attendance:session", args=[row.session_id]),
            **kwargs,
        )


class CloseCorrectionView(ActView):
    page_title = gettext_lazy("Answer the person")
    submit_label = gettext_lazy("Close the correction")
    explanation = gettext_lazy("The person is told what came of it, with your answer. What is counted by hand stands.")
    header_icon = "comment"
    form_class = CloseCorrectionForm
    correction: Correction

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_close_corrections(request.user):
            raise PermissionDenied
        self.correction = get_object_or_404(Correction.objects.select_related("session", "user"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        session = self.correction.session
        return {"minutes": int((session.ends_at - session.starts_at).total_seconds() // 60), "attended": True}

    @property
    def back_url(self) -> str:
        return reverse("corrections:inspect", args=[self.correction.pk])

    def get_page_subtitle(self) -> str:
        return str(self.correction.user)

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("corrections:index"), _("Corrections")), (self.back_url, str(self.correction.user))]

    def act(self, form: Any) -> str:
        given = form.cleaned_data
        close_correction(
            self.correction,
            outcome=given["outcome"],
            answer=given["answer"],
            minutes=given["minutes"],
            attended=given["attended"],
            by=self.request.user,
            now=timezone.now(),
        )
        return _("The correction is closed, and the person is told.")


class CorrectionViewSet(ModelViewSet):
    model = Correction
    name = "corrections"
    icon = "comment"
    menu_label = gettext_lazy("Corrections")
    menu_order = 255
    add_to_admin_menu = True
    permission_policy = POLICIES[Correction]
    add_to_reference_index = False
    index_view_class = CorrectionIndexView
    inspect_view_enabled = True
    inspect_view_class = CorrectionInspectView
    inspect_template_name = "training/admin/attendance_correction.html"
    copy_view_enabled = False
    form_fields: list[str] = []
    filterset_class = CorrectionFilterSet
    list_per_page = 50
    ordering = ["-asked_at", "-pk"]

    @cached_property
    def list_display(self) -> list[Any]:
        return [
            TitleColumn("user", label=_("Person"), url_name="corrections:inspect", accessor=lambda row: str(row.user)),
            UserColumn("user", label=_("Account")),
            Column("partner", label=_("Partner"), accessor=lambda row: row.membership.partner),
            Column(
                "session", label=_("Session"), accessor=lambda row: str(row.session.topic) or row.session.page.title
            ),
            DayColumn("asked_at", label=_("Asked"), sort_key="asked_at"),
            Column("words", label=_("In their words"), accessor=lambda row: Truncator(row.words).chars(80)),
            StatusTagColumn(
                "outcome",
                label=_("Outcome"),
                accessor=lambda row: row.get_outcome_display() if row.outcome else pgettext_lazy("correction", "Open"),
                primary=lambda row: not row.outcome,
            ),
        ]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("<int:pk>/close/", CloseCorrectionView.as_view(), name="close")]
