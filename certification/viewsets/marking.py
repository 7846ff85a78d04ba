"""The queue of answers that people mark: by due time, taken up by one at a time, marked by the question's rubric."""

from typing import Any

import django_filters
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.generic import View
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, StatusTagColumn, TitleColumn
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.widgets.button import HeaderButton

from certification import access
from certification.forms.marking import MarkForm
from certification.models import AttemptState, Exam, MarkingState, MarkingTask
from certification.phrases import say_as_read_in
from certification.services.comparing import describe_version
from certification.services.marking import give_mark, put_back, read_marking_sheet, take_up
from certification.services.marksheets import find_next, list_criteria, measure_load, tell_marks
from certification.viewsets.common import AllowedMixin, DueColumn, ExaminerActView
from portal.core.errors import NotAllowed, Refusal
from portal.core.times import describe_until
from portal.core.viewsets import RelatedIndexView


class MarkingFilterSet(WagtailFilterSet):
    exam = django_filters.ModelChoiceFilter(
        field_name="attempt__exam",
        label=gettext_lazy("Exam"),
        queryset=lambda _request: Exam.objects.filter(pk__in=MarkingTask.objects.values("attempt__exam")),
    )
    show = django_filters.ChoiceFilter(
        label=gettext_lazy("Show"),
        method="filter_show",
        empty_label=pgettext_lazy("marking", "What waits"),
        choices=[
            ("overdue", pgettext_lazy("marking", "Overdue")),
            ("mine", pgettext_lazy("marking", "In my hand")),
            ("disagreed", pgettext_lazy("marking", "Two markers disagree")),
            ("done", pgettext_lazy("marking", "Marked")),
            ("previews", pgettext_lazy("marking", "Previews by staff")),
        ],
    )

    class Meta:
        model = MarkingTask
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[MarkingTask]) -> QuerySet[MarkingTask]:
        """What waits, unless something else is asked for."""
        show = self.form.cleaned_data.get("show") or ""
        waiting = Q(attempt__state=AttemptState.AWAITING_MARKING) & ~Q(state=MarkingState.DONE)
        chosen = {
            "": waiting & Q(attempt__is_preview=False),
            "overdue": waiting & Q(attempt__is_preview=False, due_at__lt=timezone.now()),
            "mine": waiting & Q(claimed_by=self.request.user, claimed_until__gt=timezone.now()),
            "disagreed": waiting & Q(attempt__is_preview=False, state=MarkingState.DISAGREED),
            "done": Q(state=MarkingState.DONE, attempt__is_preview=False),
            "previews": waiting & Q(attempt__is_preview=True),
        }
        return super().filter_queryset(queryset).filter(chosen.get(show, chosen[""]))

    def filter_show(self, tasks: QuerySet[MarkingTask], _name: str, _value: str) -> QuerySet[MarkingTask]:
        return tasks


def say_due(task: MarkingTask) -> dict[str, Any]:
    """By when an answer is promised, how far that is away, and whether it is past."""
    now = timezone.now()
    if task.state == MarkingState.DONE:
        return {"at": task.due_at, "words": "", "overdue": False}
    overdue = task.due_at < now
    words = describe_until(task.due_at, now=now)
    return {
        "at": task.due_at,
        "words": _("Overdue, due %(span)s") % {"span": words} if overdue else words,
        "overdue": overdue,
    }


def say_candidate(task: MarkingTask) -> str:
    """Whose answer it is; not where marking is blind."""
    return _("Not shown") if task.attempt.exam.blind_marking else str(task.attempt.user)


def say_state(task: MarkingTask) -> str:
    if task.state != MarkingState.DONE and task.claimed_until is not None and task.claimed_until > timezone.now():
        return _("In hand of %(person)s") % {"person": task.claimed_by}
    return str(task.get_state_display())


class MarkingIndexView(AllowedMixin, RelatedIndexView):
    """The queue, soonest due first."""

    may = access.may_mark
    model = MarkingTask
    page_title = gettext_lazy("To mark")
    header_icon = "edit"
    template_name = "certification/admin/marking_queue.html"
    index_url_name = "marking:index"
    index_results_url_name = "marking:results"
    filterset_class = MarkingFilterSet
    default_ordering = ("due_at", "pk")
    is_searchable = False
    paginate_by = 50
    any_permission_required = ["view", "change"]

    @cached_property
    def columns(self) -> list[Any]:
        return [
            TitleColumn(
                "question",
                label=_("Question"),
                accessor=lambda task: task.version.question.slug,
                get_url=lambda task: reverse("marking:mark", args=[task.pk]),
            ),
            DueColumn("due", label=_("Promised by"), accessor=say_due),
            Column("exam", label=_("Exam"), accessor="attempt.exam"),
            Column("language", label=_("Language"), accessor="attempt.language"),
            Column("candidate", label=_("Candidate"), accessor=say_candidate),
            StatusTagColumn(
                "state", label=_("State"), accessor=say_state, primary=lambda task: task.state == MarkingState.DISAGREED
            ),
        ]

    def get_base_queryset(self) -> Any:
        rows = MarkingTask.objects.select_related("attempt__exam", "attempt__user", "version__question", "claimed_by")
        return rows.defer("attempt__paper", "attempt__result", "version__content")

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        return [HeaderButton(_("Mark the next one"), url=reverse("marking:next"), icon_name="arrow-right", priority=5)]

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(*args, load=measure_load(now=timezone.now()), **kwargs)


class NextView(AllowedMixin, View):
    """Leads to the answer that is due soonest, of those that are free for this person."""

    may = access.may_mark

    def get(self, request: HttpRequest) -> HttpResponse:
        task = find_next(request.user, now=timezone.now())
        if task is None:
            messages.info(request, _("Nothing waits that you could mark."))
            return redirect("marking:index")
        return redirect("marking:mark", task.pk)


class TaskMixin:
    task: MarkingTask

    def find(self, **kwargs: Any) -> None:
        rows = MarkingTask.objects.select_related(
            "attempt__exam", "attempt__user", "version__question", "claimed_by"
        ).defer("attempt__paper", "attempt__result")
        self.task = get_object_or_404(rows, pk=kwargs["pk"])


class TakeUpView(TaskMixin, AllowedMixin, View):
    """Takes an answer in hand, so that no two people mark it at once."""

    may = access.may_mark

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        try:
            take_up(self.task, by=self.person, now=timezone.now())
        except (Refusal, NotAllowed) as refusal:
            messages.error(request, f"{refusal} {getattr(refusal, 'remedy', '')}".strip())
            return redirect("marking:index")
        return redirect("marking:mark", self.task.pk)


class PutBackView(TaskMixin, AllowedMixin, View):
    """Gives an answer back to the queue unmarked."""

    may = access.may_mark

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        put_back(self.task, by=self.person)
        messages.success(request, _("The answer is back in the queue."))
        return redirect("marking:index")


class MarkView(TaskMixin, ExaminerActView):
    """The question with its rubric, the answer, and one group of levels for each criterion."""

    may = access.may_mark
    template_name = "certification/admin/mark.html"
    page_title = gettext_lazy("Mark an answer")
    submit_label = gettext_lazy("Give this mark")
    header_icon = "edit"
    form_class: Any = MarkForm

    @property
    def back_url(self) -> str:
        return reverse("marking:index")

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("marking:index"), _("To mark"))]

    def get_page_subtitle(self) -> str:
        return _("%(question)s, version %(number)d") % {
            "question": self.task.version.question,
            "number": self.task.version.number,
        }

    @cached_property
    def criteria(self) -> Any:
        return list_criteria(self.task.version.content)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "criteria": self.criteria}

    @cached_property
    def is_mine(self) -> bool:
        """Whether this person has it in hand, and may mark it."""
        task = self.task
        return (
            task.state != MarkingState.DONE
            and task.claimed_by_id == self.request.user.pk
            and task.claimed_until is not None
            and task.claimed_until > timezone.now()
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        task, content = self.task, self.task.version.content
        sheet = read_marking_sheet(task)
        mine = task.marks_given.filter(marker=self.person).first()
        given = list(task.marks_given.select_related("marker")) if task.state == MarkingState.DONE else sheet.others
        say = say_as_read_in(task.attempt.language)
        told = task.version.question.kind.tell(content, (), sheet.response, say)
        return super().get_context_data(
            task=task,
            sheet=sheet,
            told=told,
            key=describe_version(task.version),
            is_mine=self.is_mine,
            own_mark=tell_marks(mine, self.criteria) if mine else None,
            others=[tell_marks(one, self.criteria) for one in given],
            due=say_due(task),
            held_by=task.claimed_by
            if task.claimed_until and task.claimed_until > timezone.now() and not self.is_mine
            else None,
            is_disagreed=task.state == MarkingState.DISAGREED,
            is_done=task.state == MarkingState.DONE,
            **kwargs,
        )

    def act(self, form: Any) -> str:
        try:
            task = give_mark(
                self.task,
                rubric=form.rubric,
                comment=form.cleaned_data["comment"],
                by=self.person,
                now=timezone.now(),
            )
        except NotAllowed as error:
            raise Refusal(str(error)) from error
        if task.state == MarkingState.DONE:
            return _("The answer is marked.")
        if task.state == MarkingState.DISAGREED:
            return _("Your mark is kept. It differs from the other one: a third person decides.")
        return _("Your mark is kept. A second person marks the answer as well.")

    def form_valid(self, form: Any) -> HttpResponse:
        """From one answer to the next, as long as there are any."""
        answer = super().form_valid(form)
        if answer.status_code != 302:
            return answer
        following = find_next(self.request.user, now=timezone.now())
        if following is None:
            return answer
        load = measure_load(now=timezone.now()).waiting
        words = ngettext("%(count)d answer waits.", "%(count)d answers wait.", load)
        messages.info(self.request, words % {"count": load})
        return redirect("marking:mark", following.pk)


class MarkingViewSet(ViewSet):
    name = "marking"
    icon = "edit"
    menu_label = gettext_lazy("To mark")

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", MarkingIndexView.as_view(), name="index"),
            path("results/", MarkingIndexView.as_view(results_only=True), name="results"),
            path("next/", NextView.as_view(), name="next"),
            path("<int:pk>/", MarkView.as_view(), name="mark"),
            path("<int:pk>/take-up/", TakeUpView.as_view(), name="take_up"),
            path("<int:pk>/put-back/", PutBackView.as_view(), name="put_back"),
        ]
