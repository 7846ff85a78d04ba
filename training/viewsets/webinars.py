"""Staff screens of webinars: publishing a season, one session, questions, and the report."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import django_filters
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView
from wagtail import hooks
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column, StatusTagColumn, TitleColumn, UserColumn
from wagtail.admin.views.generic import IndexView, InspectView, WagtailAdminTemplateMixin
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.models import Page
from wagtail.permission_policies.base import ModelPermissionPolicy

from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.core.localised import LocalisedText
from portal.core.viewsets import ActView, ReadOnlyPermissionPolicy, RelatedIndexView
from training.access import may_add_below, may_run_webinars
from training.forms import (
    AnswerQuestionForm,
    CancelSessionForm,
    MoveSessionForm,
    NewSessionForm,
    QuestionCardForm,
    SeasonForm,
    SessionForm,
)
from training.models import (
    MaterialPage,
    ObjectionGuidePage,
    Registration,
    RegistrationState,
    Session,
    SessionQuestion,
    SessionState,
    WebinarIndexPage,
    WebinarSeriesPage,
)
from training.recurring import Occurrence
from training.registry import SESSION_BUTTONS_HOOK
from training.services.questions import answer_question, make_card
from training.services.registrations import find_published
from training.services.seasons import (
    SeasonPlan,
    find_latest,
    find_taken_days,
    is_past,
    list_dates,
    list_weekdays,
    publish_season,
    tell_local,
)
from training.services.sessions import (
    Figures,
    SessionPlan,
    add_session,
    cancel_session,
    change_session,
    find_pages,
    measure_sessions,
    move_session,
    name_date,
)

#: Registered with Wagtail by ``wagtail_hooks``: only services write these rows.
POLICIES: dict[Any, ModelPermissionPolicy] = {
    Session: ReadOnlyPermissionPolicy(Session),
    SessionQuestion: ReadOnlyPermissionPolicy(SessionQuestion),
}

#: Sessions drawn in the report of a series, the latest.
DRAWN = 30


class RunnerMixin:
    """Lets in whoever runs webinars."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_run_webinars(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # a mixin of views


def find_sessions_address(series: Page) -> str:
    """The list of sessions, narrowed to one series."""
    return f"{reverse('webinar_sessions:index')}?series={series.translation_key}"


# --- A season --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DateRow:
    """One date of a season in the preview. ``why``: what stands against it."""

    day: date
    local: datetime
    is_kept: bool
    topic: str
    why: str


class SeasonView(RunnerMixin, WagtailAdminTemplateMixin, FormView):
    """The whole season in one form; then its dates are shown, days are ticked off, and all of it is published."""

    template_name = "training/webinar_season.html"
    page_title = gettext_lazy("Publish a season")
    header_icon = "calendar-alt"
    form_class = SeasonForm

    @cached_property
    def series(self) -> WebinarSeriesPage:
        return get_object_or_404(WebinarSeriesPage.objects.select_related("locale"), pk=self.kwargs["page_id"])

    def get_page_subtitle(self) -> str:
        return self.series.title

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *super().get_breadcrumbs_items(),
            {"url": find_sessions_address(self.series), "label": self.series.title},
            {"url": "", "label": self.page_title},
        ]

    def get_initial(self) -> dict[str, Any]:
        """The next season is likely to be like the last one."""
        latest = find_latest(self.series)
        if latest is None:
            zone = getattr(self.request.user, "time_zone", "") or timezone.get_default_timezone_name()
            return {"zone": zone, "count": 12, "at": "11:00"}
        season, session = latest
        initial = {"zone": season.zone, "at": season.at, "minutes": season.minutes, "rule": ""}
        if session is not None:
            initial |= {"speakers": session.speakers, "meeting_url": session.meeting_url, "capacity": session.capacity}
            local = session.starts_at.astimezone(ZoneInfo(season.zone)).date()
            initial |= {"first_day": local + timedelta(days=7), "count": season.sessions.count()}
            initial["weekdays"] = list_weekdays(season)
        return initial

    def form_valid(self, form: SeasonForm) -> HttpResponse:
        step = self.request.POST.get("step", "preview")
        if step == "change":
            return self.render_to_response(self.get_context_data(form=form))
        now = timezone.now()
        try:
            plan = form.make_plan()
            dates = list_dates(plan.plan, now=now)
            rows = self._list_rows(plan, dates, now)
            plan = replace(plan, left_out=frozenset(row.day for row in rows if not row.is_kept))
            if step == "publish":
                return self._publish(plan, now)
        except Refusal as refusal:
            add_refusal(form, refusal)
            return self.form_invalid(form)
        return self._preview(form, plan, rows)

    def _publish(self, plan: SeasonPlan, now: datetime) -> HttpResponse:
        season = publish_season(self.series, plan=plan, by=self.request.user, now=now)
        count = season.sessions.count()
        text = ngettext("%(count)d session is published.", "%(count)d sessions are published.", count)
        messages.success(self.request, text % {"count": count})
        return redirect(find_sessions_address(self.series))

    def _list_rows(self, plan: SeasonPlan, dates: list[Occurrence], now: datetime) -> list[DateRow]:
        """Every date of the rule. Before anything was ticked, what cannot be is left out, and it is said why."""
        ticked = set(self.request.POST.getlist("day")) if "ticked" in self.request.POST else None
        taken = find_taken_days(self.series, dates)
        topics = iter(plan.topics)
        rows = []
        for one in dates:
            why = ""
            if is_past(one, now=now):
                why = _("is past")
            elif one.day in taken:
                why = _("another session of this series takes place then")
            kept = one.day.isoformat() in ticked if ticked is not None else not why
            topic = str(LocalisedText(next(topics, {}))) if kept else ""
            rows.append(DateRow(one.day, tell_local(one, plan.plan.zone), kept, topic, why))
        return rows

    def _preview(self, form: SeasonForm, plan: SeasonPlan, rows: list[DateRow]) -> HttpResponse:
        kept = sum(row.is_kept for row in rows)
        context = self.get_context_data(form=form, rows=rows, kept=kept, plan=plan)
        return self.response_class(self.request, ["training/webinar_season_preview.html"], context)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            series=self.series, back_url=find_sessions_address(self.series), action_url=self.request.path, **kwargs
        )


# --- One session -----------------------------------------------------------------------------------------------------


def name_session(session: Session) -> str:
    """What staff call it: its topic, or its series."""
    return str(session.topic) or session.page.title


class SessionFilterSet(WagtailFilterSet):
    series = django_filters.ChoiceFilter(
        label=gettext_lazy("Series or event"), method="filter_series", choices=lambda: list_series_choices()
    )
    when = django_filters.ChoiceFilter(
        label=gettext_lazy("When"),
        method="filter_when",
        choices=[("ahead", pgettext_lazy("sessions", "Ahead")), ("over", pgettext_lazy("sessions", "Over"))],
    )

    def filter_series(self, sessions: QuerySet[Session], _name: str, value: str) -> QuerySet[Session]:
        return sessions.filter(page_key=value)

    def filter_when(self, sessions: QuerySet[Session], _name: str, value: str) -> QuerySet[Session]:
        now = timezone.now()
        return sessions.filter(ends_at__gt=now) if value == "ahead" else sessions.filter(ends_at__lte=now)

    class Meta:
        model = Session
        fields = ["state"]


def list_series_choices() -> list[tuple[str, str]]:
    """The series and events that have sessions, by name; each once, whatever its languages."""
    pages = MaterialPage.objects.filter(pk__in=Session.objects.values("page")).order_by("title")
    return list({str(page.translation_key): page.title for page in pages}.items())


class SessionIndexView(IndexView):
    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        """To a season in one step: of the series that the list is narrowed to, or of one that is then chosen."""
        if not may_run_webinars(self.request.user):
            return []
        key = self.request.GET.get("series", "")
        dated = Session.objects.filter(page_key=key).values("page") if is_key(key) else []
        chosen = WebinarSeriesPage.objects.filter(pk__in=dated).first()
        season = reverse("webinar_sessions:season", args=[chosen.pk]) if chosen else reverse("webinar_sessions:choose")
        return [HeaderButton(_("Publish a season"), url=season, icon_name="calendar-alt")]

    def get_base_queryset(self) -> QuerySet[Session]:
        waiting = Count("registrations", filter=Q(registrations__state=RegistrationState.WAITING))
        return super().get_base_queryset().select_related("page", "recording").annotate(waiting=waiting)


def is_key(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


class ChooseSeriesView(RunnerMixin, WagtailAdminTemplateMixin, TemplateView):
    """Of which series a season is published; where there is one, straight to it. Its languages are one series."""

    template_name = "training/webinar_choose.html"
    page_title = gettext_lazy("Publish a season")
    header_icon = "calendar-alt"

    @cached_property
    def series(self) -> list[WebinarSeriesPage]:
        pages = WebinarSeriesPage.objects.filter(alias_of__isnull=True).select_related("locale").order_by("path")
        found: dict[UUID, WebinarSeriesPage] = {}
        for page in pages.defer_streamfields():
            if page.translation_key not in found or page.locale.language_code == get_language():
                found[page.translation_key] = page
        return list(found.values())

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if len(self.series) == 1:
            return redirect("webinar_sessions:season", self.series[0].pk)
        return super().get(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        trail = {"url": reverse("webinar_sessions:index"), "label": _("Sessions")}
        return [*super().get_breadcrumbs_items(), trail, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        index = WebinarIndexPage.objects.order_by("path").first()
        add_url = reverse("wagtailadmin_pages:add_subpage", args=[index.pk]) if index else ""
        return super().get_context_data(series=self.series, add_url=add_url, **kwargs)


class SessionInspectView(InspectView):
    """One session: what staff do with it, who comes, who waits, who was there, what was asked."""

    template_name = "training/session_admin.html"
    page_title = gettext_lazy("Session")

    def get_object(self, queryset: Any = None) -> Session:  # noqa: ARG002 -- Wagtail's own signature
        return get_object_or_404(Session.objects.select_related("page__locale", "recording", "season"), pk=self.pk)

    def get_page_subtitle(self) -> str:
        return f"{name_session(self.object)}, {name_date(self.object.starts_at, self.object.zone)}"

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        session = self.object
        if not may_run_webinars(self.request.user):
            return []
        buttons = [HeaderButton(_("Change"), url=self._find("change"), icon_name="edit")]
        if session.is_scheduled and session.starts_at > timezone.now():
            buttons += [
                HeaderButton(_("Move"), url=self._find("move"), icon_name="calendar-alt"),
                HeaderButton(_("Cancel the session"), url=self._find("cancel"), icon_name="cross"),
            ]
        for contribute in hooks.get_hooks(SESSION_BUTTONS_HOOK):
            buttons += contribute(session, self.request.user)
        return buttons

    @cached_property
    def header_more_buttons(self) -> list[HeaderButton]:
        return []

    def _find(self, name: str) -> str:
        return reverse(f"webinar_sessions:{name}", args=[self.object.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        session = self.object
        rows = list(
            Registration.objects.filter(session=session)
            .select_related("user", "membership__partner")
            .annotate(times=Count("visits"))
            .order_by("registered_at", "pk")
        )
        by_state: dict[str, list[Registration]] = defaultdict(list)
        for row in rows:
            by_state[row.state].append(row)
        return super().get_context_data(
            session=session,
            title=name_session(session),
            when=name_date(session.starts_at, session.zone),
            until=name_date(session.ends_at, session.zone),
            seated=by_state[RegistrationState.SEATED],
            waiting=by_state[RegistrationState.WAITING],
            gone=by_state[RegistrationState.CANCELLED],
            figures=measure_sessions([session])[session.pk],
            questions=list(SessionQuestion.objects.filter(session=session).select_related("user", "card")),
            may_run=may_run_webinars(self.request.user),
            is_published=bool(find_published([session.page_key])),
            **kwargs,
        )


class SessionActView(RunnerMixin, ActView):
    """An act on one session, which goes back to it."""

    session: Session

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.session = get_object_or_404(Session.objects.select_related("page__locale"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return reverse("webinar_sessions:inspect", args=[self.session.pk])

    def get_page_subtitle(self) -> str:
        return f"{name_session(self.session)}, {name_date(self.session.starts_at, self.session.zone)}"

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("webinar_sessions:index"), _("Sessions")), (self.back_url, name_session(self.session))]


class MoveSessionView(SessionActView):
    page_title = gettext_lazy("Move the session")
    submit_label = gettext_lazy("Move it and tell everyone")
    header_icon = "calendar-alt"
    form_class = MoveSessionForm

    @property
    def explanation(self) -> str:
        return _("By the clock of %(zone)s. Everyone registered or waiting is told, and reminders are set anew.") % {
            "zone": self.session.zone.replace("_", " ")
        }

    def get_initial(self) -> dict[str, Any]:
        local = self.session.starts_at.astimezone(ZoneInfo(self.session.zone))
        length = self.session.ends_at - self.session.starts_at
        return {"day": local.date(), "at": local.time(), "minutes": int(length.total_seconds()) // 60}

    def act(self, form: MoveSessionForm) -> str:
        starts_at, ends_at = form.make_times(self.session.zone)
        moved = move_session(
            self.session,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=form.cleaned_data["reason"],
            by=self.request.user,
            now=timezone.now(),
        )
        return _("The session now takes place on %(date)s.") % {"date": name_date(moved.starts_at, moved.zone)}


class CancelSessionView(SessionActView):
    page_title = gettext_lazy("Cancel the session")
    submit_label = gettext_lazy("Cancel the session and tell everyone")
    explanation = gettext_lazy("Everyone registered or waiting is told why. This cannot be undone.")
    header_icon = "cross"
    danger = True
    form_class = CancelSessionForm

    def act(self, form: CancelSessionForm) -> str:
        cancel_session(self.session, reason=form.cleaned_data["reason"], by=self.request.user, now=timezone.now())
        return _("The session is cancelled, and everyone is told.")


class ChangeSessionView(SessionActView):
    page_title = gettext_lazy("Change the session")
    submit_label = gettext_lazy("Save")
    header_icon = "edit"
    form_class: Any = SessionForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "instance": self.session}

    def act(self, form: SessionForm) -> str:
        change_session(self.session, changes=form.cleaned_data, by=self.request.user, now=timezone.now())
        return _("The session is changed.")


class AddSessionView(RunnerMixin, ActView):
    page_title = gettext_lazy("Add one session")
    submit_label = gettext_lazy("Publish it")
    header_icon = "plus"
    form_class = NewSessionForm

    @cached_property
    def series(self) -> WebinarSeriesPage:
        return get_object_or_404(WebinarSeriesPage, pk=self.kwargs["page_id"])

    @property
    def back_url(self) -> str:
        return find_sessions_address(self.series)

    def get_page_subtitle(self) -> str:
        return self.series.title

    def find_trail(self) -> list[tuple[str, str]]:
        return [(self.back_url, self.series.title)]

    def get_initial(self) -> dict[str, Any]:
        latest = find_latest(self.series)
        if latest is None:
            return {"zone": getattr(self.request.user, "time_zone", ""), "minutes": 60}
        season, session = latest
        initial = {"zone": season.zone, "at": season.at, "minutes": season.minutes}
        if session is not None:
            initial |= {"speakers": session.speakers, "meeting_url": session.meeting_url, "capacity": session.capacity}
        return initial

    def act(self, form: NewSessionForm) -> str:
        given = form.cleaned_data
        starts_at, ends_at = form.make_times(given["zone"])
        plan = SessionPlan(
            starts_at,
            ends_at,
            given["zone"],
            given["topic"],
            given["about"],
            given["speakers"],
            given["capacity"],
            given["meeting_url"],
        )
        session = add_session(self.series, plan=plan, by=self.request.user, now=timezone.now())
        return _("The session on %(date)s is published.") % {"date": name_date(session.starts_at, session.zone)}


class SessionViewSet(ModelViewSet):
    model = Session
    name = "webinar_sessions"
    url_prefix = "webinars/sessions"
    icon = "calendar-alt"
    menu_label = gettext_lazy("Webinars")
    menu_order = 235
    add_to_admin_menu = True
    permission_policy = POLICIES[Session]
    add_to_reference_index = False
    index_view_class = SessionIndexView
    inspect_view_enabled = True
    inspect_view_class = SessionInspectView
    inspect_template_name = "training/session_admin.html"
    copy_view_enabled = False
    form_fields: list[str] = []
    filterset_class = SessionFilterSet
    list_per_page = 50
    ordering = ["-starts_at", "-pk"]

    @cached_property
    def list_display(self) -> list[Any]:
        return [
            TitleColumn(
                "starts_at",
                label=_("When"),
                accessor=lambda row: name_date(row.starts_at, row.zone),
                url_name="webinar_sessions:inspect",
                sort_key="starts_at",
            ),
            Column("topic", label=_("Topic"), accessor=lambda row: str(row.topic) or "–"),
            Column("page", label=_("Series or event"), accessor=lambda row: row.page.title),
            Column("speakers", label=_("Speakers"), accessor=lambda row: row.speakers or "–"),
            Column("seats", label=_("Registered"), accessor=describe_seats),
            Column("waiting", label=_("Waiting"), accessor=lambda row: row.waiting or "–"),
            StatusTagColumn(
                "state",
                label=_("State"),
                accessor=describe_state,
                primary=lambda row: row.is_scheduled and row.ends_at > timezone.now(),
            ),
        ]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/move/", MoveSessionView.as_view(), name="move"),
            path("<int:pk>/cancel/", CancelSessionView.as_view(), name="cancel"),
            path("<int:pk>/change/", ChangeSessionView.as_view(), name="change"),
            path("season/", ChooseSeriesView.as_view(), name="choose"),
            path("series/<int:page_id>/season/", SeasonView.as_view(), name="season"),
            path("series/<int:page_id>/add/", AddSessionView.as_view(), name="add_one"),
        ]


def describe_seats(session: Session) -> str:
    return str(session.seats_taken) if session.capacity is None else f"{session.seats_taken} / {session.capacity}"


def describe_state(session: Session) -> str:
    if not session.is_scheduled:
        return str(SessionState.CANCELLED.label)
    if session.ends_at > timezone.now():
        return pgettext("session", "Ahead")
    return pgettext("session", "Recorded") if session.recording else pgettext("session", "Over")


def make_series_buttons(page: Page, user: Any) -> Iterable[Button]:
    """From the page of a series straight to its season and its sessions."""
    if page.specific_class is not WebinarSeriesPage or not may_run_webinars(user):
        return
    yield Button(
        _("Publish a season"),
        url=reverse("webinar_sessions:season", args=[page.pk]),
        icon_name="calendar-alt",
        priority=4,
    )
    yield Button(
        _("Add one session"), url=reverse("webinar_sessions:add_one", args=[page.pk]), icon_name="plus", priority=6
    )
    yield Button(
        _("Sessions"),
        url=f"{reverse('webinar_sessions:index')}?series={page.translation_key}",
        icon_name="list-ul",
        priority=7,
    )


# --- Questions -------------------------------------------------------------------------------------------------------


class QuestionFilterSet(WagtailFilterSet):
    answered = django_filters.ChoiceFilter(
        label=gettext_lazy("Answer"),
        method="filter_answered",
        choices=[("no", gettext_lazy("Not answered")), ("yes", pgettext_lazy("question", "Answered"))],
    )
    series = django_filters.ChoiceFilter(
        label=gettext_lazy("Series or event"), method="filter_series", choices=lambda: list_series_choices()
    )

    def filter_answered(
        self, questions: QuerySet[SessionQuestion], _name: str, value: str
    ) -> QuerySet[SessionQuestion]:
        return questions.filter(answered_at__isnull=value == "no")

    def filter_series(self, questions: QuerySet[SessionQuestion], _name: str, value: str) -> QuerySet[SessionQuestion]:
        return questions.filter(session__page_key=value)

    class Meta:
        model = SessionQuestion
        fields: list[str] = []


class QuestionIndexView(RelatedIndexView):
    related = ("session__page", "user__wagtail_userprofile", "membership__partner", "card")


class QuestionActView(RunnerMixin, ActView):
    question: SessionQuestion

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        rows = SessionQuestion.objects.select_related("session__page", "card", "user")
        self.question = get_object_or_404(rows, pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return reverse("webinar_sessions:inspect", args=[self.question.session_id])

    @property
    def explanation(self) -> str:
        return f"“{self.question.words}”"

    def get_page_subtitle(self) -> str:
        return name_session(self.question.session)

    def find_trail(self) -> list[tuple[str, str]]:
        return [
            (reverse("webinar_questions:index"), _("Questions to the speakers")),
            (self.back_url, name_session(self.question.session)),
        ]


class AnswerQuestionView(QuestionActView):
    page_title = gettext_lazy("Answer the question")
    submit_label = gettext_lazy("Publish the answer")
    header_icon = "comment"
    form_class = AnswerQuestionForm

    def get_initial(self) -> dict[str, Any]:
        return {"answer": self.question.answer}

    def act(self, form: AnswerQuestionForm) -> str:
        answer_question(self.question, answer=form.cleaned_data["answer"], by=self.request.user, now=timezone.now())
        return _("The answer is published, and whoever asked is told.")


class QuestionCardView(QuestionActView):
    page_title = gettext_lazy("Make an objection card")
    submit_label = gettext_lazy("Make the draft")
    header_icon = "openquote"
    form_class: Any = QuestionCardForm

    def get_form_kwargs(self) -> dict[str, Any]:
        everything = ObjectionGuidePage.objects.order_by("path").defer_streamfields()
        allowed = [guide.pk for guide in everything if may_add_below(guide, self.request.user)]
        return {**super().get_form_kwargs(), "guides": everything.filter(pk__in=allowed)}

    def act(self, form: QuestionCardForm) -> str:
        card = make_card(self.question, guide=form.cleaned_data["guide"], by=self.request.user)
        self.made = card
        return _("“%(title)s” is a draft now. Look it through, then publish it.") % {"title": card.title}

    def form_valid(self, form: QuestionCardForm) -> HttpResponse:
        response = super().form_valid(form)
        made = getattr(self, "made", None)
        return redirect("wagtailadmin_pages:edit", made.pk) if made is not None else response


class QuestionViewSet(ModelViewSet):
    model = SessionQuestion
    name = "webinar_questions"
    url_prefix = "webinars/questions"
    icon = "help"
    menu_label = gettext_lazy("Questions to the speakers")
    menu_order = 236
    add_to_admin_menu = True
    permission_policy = POLICIES[SessionQuestion]
    add_to_reference_index = False
    index_view_class = QuestionIndexView
    copy_view_enabled = False
    form_fields: list[str] = []
    filterset_class = QuestionFilterSet
    list_per_page = 50
    ordering = ["-asked_at", "-pk"]

    @cached_property
    def list_display(self) -> list[Any]:
        return [
            TitleColumn(
                "words",
                label=_("Question"),
                accessor=lambda row: Truncator(row.words).chars(120),
                get_url=lambda row: reverse("webinar_questions:answer", args=[row.pk]),
            ),
            TitleColumn(
                "session",
                label=_("Session"),
                accessor=lambda row: name_session(row.session),
                get_url=lambda row: reverse("webinar_sessions:inspect", args=[row.session_id]),
            ),
            UserColumn("user", label=_("Asked by")),
            Column("partner", label=_("Partner"), accessor=lambda row: row.membership.partner),
            StatusTagColumn(
                "answered_at",
                label=_("Answer"),
                accessor=lambda row: pgettext("question", "Answered") if row.answered_at else _("Not answered"),
                primary=lambda row: row.answered_at is None,
            ),
            TitleColumn(
                "card",
                label=_("Objection card"),
                accessor=lambda row: row.card.get_admin_display_title() if row.card else "–",
                get_url=lambda row: reverse("wagtailadmin_pages:edit", args=[row.card_id]) if row.card_id else None,
            ),
        ]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/answer/", AnswerQuestionView.as_view(), name="answer"),
            path("<int:pk>/card/", QuestionCardView.as_view(), name="card"),
        ]


# --- The report ------------------------------------------------------------------------------------------------------

#: What the report counts, with the colour of its bar.
MEASURES = {
    "registered": (gettext_lazy("Registered"), "#2e5aac"),
    "visited": (gettext_lazy("Came by their link"), "#7a9bd6"),
    "attended": (gettext_lazy("Attended"), "#2f7d5b"),
    "replayed": (gettext_lazy("Opened the recording"), "#a8751a"),
    "asked": (gettext_lazy("Questions"), "#8a4f7d"),
}
BAR, GAP, LABEL, WIDE = 9, 10, 150, 700


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the drawing, in its units."""

    y: int
    width: int
    colour: str
    number: int
    label: str

    @property
    def text_x(self) -> int:
        return LABEL + self.width + 6

    @property
    def text_y(self) -> int:
        return self.y + BAR - 1


@dataclass(frozen=True, slots=True)
class ReportRow:
    """What is counted together: a series, or one session of it."""

    label: str
    url: str
    sessions: int
    seats: int | None
    figures: Figures

    @property
    def values(self) -> list[int]:
        return [getattr(self.figures, name) for name in MEASURES]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Bars of every row, one below the other."""

    height: int
    groups: list[tuple[str, int, list[Bar]]]
    label: int = LABEL
    wide: int = WIDE + 60
    bar: int = BAR


def draw_bars(rows: list[ReportRow]) -> Drawing:
    """The rows as bars whose longest fills the width."""
    most = max((value for row in rows for value in row.values), default=0) or 1
    group = len(MEASURES) * BAR + GAP
    groups = []
    for place, row in enumerate(rows):
        bars = [
            Bar(place * group + number * BAR, value * (WIDE - LABEL) // most, colour, value, str(label))
            for number, ((label, colour), value) in enumerate(zip(MEASURES.values(), row.values, strict=True))
        ]
        groups.append((Truncator(row.label).chars(24), place * group + BAR, bars))
    return Drawing(max(len(rows) * group, 1), groups)


def add_up(figures: Iterable[Figures]) -> Figures:
    found = list(figures)
    return Figures(*(sum(getattr(one, part.name) for one in found) for part in fields(Figures)))


class WebinarReportView(WagtailAdminTemplateMixin, TemplateView):
    """Per series, and within one per session: who registered, came, attended, watched later, asked."""

    template_name = "training/webinar_report.html"
    page_title = gettext_lazy("Webinars in figures")
    header_icon = "calendar-alt"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not POLICIES[Session].user_has_permission(request.user, "view"):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*super().get_breadcrumbs_items(), {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        choices = list_series_choices()
        chosen = self.request.GET.get("series", "")
        if chosen not in dict(choices):
            chosen = ""
        sessions = Session.objects.scheduled().select_related("page", "recording").order_by("-starts_at", "-pk")
        if chosen:
            rows = self._list_sessions(list(sessions.filter(page_key=chosen)[:DRAWN]))
        else:
            rows = self._list_series(list(sessions), dict(choices))
        return super().get_context_data(
            choices=choices,
            chosen=chosen,
            title=dict(choices).get(chosen, ""),
            rows=rows,
            drawing=draw_bars(rows),
            measures=list(MEASURES.values()),
            **kwargs,
        )

    def _list_sessions(self, sessions: list[Session]) -> list[ReportRow]:
        measured = measure_sessions(sessions)
        return [
            ReportRow(
                f"{name_date(row.starts_at, row.zone).partition(',')[0]} {row.topic}".strip(),
                reverse("webinar_sessions:inspect", args=[row.pk]),
                1,
                row.capacity,
                measured[row.pk],
            )
            for row in sessions
        ]

    def _list_series(self, sessions: list[Session], names: dict[str, str]) -> list[ReportRow]:
        measured = measure_sessions(sessions)
        by_key: dict[str, list[Session]] = defaultdict(list)
        for row in sessions:
            by_key[str(row.page_key)].append(row)
        pages = find_pages({row.page_key for row in sessions})
        return [
            ReportRow(
                getattr(pages.get(own[0].page_key), "title", names[key]),
                f"{self.request.path}?series={key}",
                len(own),
                sum(row.capacity or 0 for row in own) if all(row.capacity for row in own) else None,
                add_up(measured[row.pk] for row in own),
            )
            for key, own in by_key.items()
        ]


class WebinarReportMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return POLICIES[Session].user_has_permission(request.user, "view")


class WebinarReportViewSet(ViewSet):
    name = "webinar_report"
    url_prefix = "reports/webinars"
    icon = "calendar-alt"

    def get_urlpatterns(self) -> list[URLPattern]:
        return [path("", WebinarReportView.as_view(), name="index")]


def make_report_item() -> MenuItem:
    return WebinarReportMenuItem(
        gettext_lazy("Webinars in figures"),
        reverse("webinar_report:index"),
        name="webinar-figures",
        icon_name="calendar-alt",
        order=120,
    )
