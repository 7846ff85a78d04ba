"""Exams: built from nothing, filled or not, halted and let go on, sat as a rehearsal; and the programmes they belong to."""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, Exists, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    HelpPanel,
    InlinePanel,
    MultiFieldPanel,
    ObjectList,
    TabbedInterface,
)
from wagtail.admin.ui.tables import BooleanColumn, Column, StatusTagColumn
from wagtail.admin.views.generic import CreateView, EditView
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton

from certification import access
from certification.forms.acts import HaltForm, PreviewForm
from certification.forms.exams import (
    ExamForm,
    FormInlinePanel,
    PrerequisiteForm,
    ProgrammeForm,
    QuotaForm,
    SectionForm,
)
from certification.models import Attempt, Exam, Halt, Programme
from certification.services.attempts import start_preview
from certification.services.clocks import halt_exam, resume_exam
from certification.services.exams import with_plan
from certification.services.filling import describe_lacks, describe_quota
from certification.viewsets.common import ExaminerActView
from certification.viewsets.policies import POLICIES
from portal.core.viewsets import RelatedIndexView

# --- Acts ------------------------------------------------------------------------------------------------------------


class ExamActView(ExaminerActView):
    may = access.may_halt
    header_icon = "form"
    exam: Exam

    def find(self, **kwargs: Any) -> None:
        self.exam = get_object_or_404(Exam, pk=kwargs["pk"])

    @property
    def back_url(self) -> str:
        return reverse("exams:edit", args=[self.exam.pk])

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("exams:index"), _("Exams")), (self.back_url, str(self.exam))]

    def get_page_subtitle(self) -> str:
        return str(self.exam)


def say_sitting(exam: Exam) -> str:
    """How many people are sitting an exam at this moment, as a sentence."""
    count = Attempt.objects.real().in_progress().filter(exam=exam).count()
    if not count:
        return _("Nobody is sitting it at this moment.")
    words = ngettext(
        "%(count)d person is sitting it at this moment.", "%(count)d people are sitting it at this moment.", count
    )
    return words % {"count": count}


class HaltView(ExamActView):
    page_title = gettext_lazy("Halt the exam")
    submit_label = gettext_lazy("Halt it now")
    danger = True
    form_class = HaltForm

    @property
    def explanation(self) -> str:
        return " ".join(
            (
                say_sitting(self.exam),
                _("Of whoever sits it the questions are hidden and the time stands still; the answers are kept."),
                _("Nobody can start or submit it until you let it go on; then everyone has the time that they had."),
            )
        )

    def act(self, form: Any) -> str:
        halt_exam(self.exam, reason=form.cleaned_data["reason"], by=self.person, now=timezone.now())
        return _("The exam is halted.")


class ResumeView(ExamActView):
    page_title = gettext_lazy("Let the exam go on")
    submit_label = gettext_lazy("Let it go on")

    @property
    def explanation(self) -> str:
        return " ".join(
            (say_sitting(self.exam), _("The clocks run on from where they stood, and the exam can be started again."))
        )

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        halt = resume_exam(self.exam, by=self.person, now=timezone.now())
        given = halt.given_times.count()
        words = ngettext(
            "The exam goes on. %(count)d person has the time back.",
            "The exam goes on. %(count)d people have the time back.",
            given,
        )
        return words % {"count": given}


class PreviewView(ExamActView):
    """Staff sit the exam as a candidate would; nothing of it counts."""

    may = access.may_preview
    page_title = gettext_lazy("Sit it as a candidate would")
    submit_label = gettext_lazy("Begin")
    explanation = gettext_lazy(
        "A paper is drawn for you as for a candidate. It is kept out of every number and earns nothing; a preview of this "
        "exam that you have not finished ends with it."
    )
    form_class: Any = PreviewForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "exam": self.exam, "names": dict(settings.LANGUAGES)}

    def form_valid(self, form: Any) -> HttpResponse:
        self.attempt: Attempt | None = None
        answer = super().form_valid(form)
        return redirect("certification:attempt", self.attempt.public_id) if self.attempt else answer

    def act(self, form: Any) -> str:
        members = form.cleaned_data["member"]
        self.attempt = start_preview(
            self.person,
            exam=self.exam,
            membership=members[0] if members else None,
            language=form.cleaned_data["language"],
            seed=secrets.randbits(63),
            now=timezone.now(),
        )
        return _("This is a preview: nothing of it counts.")


# --- The builder -----------------------------------------------------------------------------------------------------

SECTION_PANELS = [
    FieldRowPanel([FieldPanel("title"), FieldPanel("pass_percent")]),
    FormInlinePanel(
        "quotas",
        heading=gettext_lazy("What it draws (of a topic with all that lies below it)"),
        label=pgettext_lazy("exam", "quota"),
        form_class=QuotaForm,
        panels=[FieldRowPanel([FieldPanel("count"), FieldPanel("topic"), FieldPanel("tag"), FieldPanel("difficulty")])],
    ),
    InlinePanel(
        "fixed_questions",
        heading=gettext_lazy("Or: questions that are always asked, in this order"),
        label=gettext_lazy("question"),
        panels=[FieldPanel("question")],
    ),
    FieldPanel("waives"),
]

TABS = TabbedInterface(
    [
        ObjectList(
            [
                FieldPanel("title"),
                FieldPanel("intro"),
                FieldPanel("purpose"),
                FieldRowPanel([FieldPanel("slug"), FieldPanel("letter"), FieldPanel("shape")]),
                FieldPanel("is_open"),
            ],
            heading=pgettext_lazy("exam", "The exam"),
        ),
        ObjectList(
            [
                HelpPanel(
                    content=gettext_lazy(
                        "Each section has a pass mark of its own. It draws so many approved questions of a topic, a tag "
                        "or a difficulty, or it always asks the same ones. No question is asked twice in one paper."
                    )
                ),
                FormInlinePanel(
                    "sections",
                    heading=gettext_lazy("Sections"),
                    label=gettext_lazy("section"),
                    form_class=SectionForm,
                    panels=SECTION_PANELS,
                ),
                FieldPanel("exposure_cap_percent"),
            ],
            heading=pgettext_lazy("exam", "Questions"),
        ),
        ObjectList(
            [
                MultiFieldPanel(
                    [
                        FieldRowPanel([FieldPanel("window_opens_at"), FieldPanel("window_closes_at")]),
                        FieldPanel("window_is_hard"),
                        FieldPanel("time_limit_minutes"),
                    ],
                    heading=gettext_lazy("When and how long"),
                ),
                MultiFieldPanel(
                    [
                        FieldPanel("attempts_allowed"),
                        FieldRowPanel(
                            [
                                FieldPanel("retake_after_hours"),
                                FieldPanel("retake_growth_percent"),
                                FieldPanel("retake_most_hours"),
                            ]
                        ),
                    ],
                    heading=gettext_lazy("How often"),
                ),
                MultiFieldPanel(
                    [FieldPanel("requires_agreement"), FieldPanel("access_code")],
                    heading=gettext_lazy("Who may start it"),
                ),
                FormInlinePanel(
                    "prerequisites",
                    heading=gettext_lazy("What has to be done first"),
                    label=gettext_lazy("prerequisite"),
                    form_class=PrerequisiteForm,
                    panels=[FieldRowPanel([FieldPanel("course"), FieldPanel("required_exam")])],
                ),
            ],
            heading=pgettext_lazy("exam", "When and who"),
        ),
        ObjectList(
            [
                FieldPanel("languages"),
                MultiFieldPanel(
                    [FieldPanel("one_at_a_time"), FieldPanel("no_way_back")], heading=gettext_lazy("One after another")
                ),
                MultiFieldPanel(
                    [FieldPanel("shuffle_questions"), FieldPanel("shuffle_options")],
                    heading=gettext_lazy("An order of each candidate’s own"),
                ),
                FieldPanel("calculator"),
            ],
            heading=pgettext_lazy("exam", "How it is sat"),
        ),
        ObjectList(
            [
                FieldRowPanel([FieldPanel("pass_percent"), FieldPanel("validity_months")]),
                FieldPanel("review"),
                MultiFieldPanel(
                    [
                        FieldPanel("marking_hours"),
                        FieldPanel("blind_marking"),
                        FieldPanel("second_marker"),
                        FieldPanel("disagreement_percent"),
                    ],
                    heading=gettext_lazy("Where people mark"),
                ),
            ],
            heading=pgettext_lazy("exam", "Marks and review"),
        ),
    ],
    base_form_class=ExamForm,
)


class ExamIndexView(RelatedIndexView):
    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column("title"),
            Column("slug", label=_("Slug"), sort_key="slug"),
            Column("purpose", label=_("Purpose"), accessor="get_purpose_display"),
            StatusTagColumn("state", label=_("State"), accessor=say_state, primary=lambda exam: exam.is_open),
            Column("sitting", label=_("Sitting now")),
            Column("time_limit_minutes", label=_("Minutes")),
            Column("pass_percent", label=_("Pass mark, %")),
            BooleanColumn("is_people_marked", label=_("Two markers"), accessor="second_marker"),
        ]

    def get_base_queryset(self) -> Any:
        running = Attempt.objects.real().in_progress().filter(exam=OuterRef("pk")).order_by().values("exam")
        return (
            super()
            .get_base_queryset()
            .annotate(
                is_halted=Exists(Halt.objects.open().filter(exam=OuterRef("pk"))),
                sitting=_subcount(running),
            )
        )


def _subcount(rows: Any) -> Any:
    return Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number"), output_field=IntegerField()), 0)


def say_state(exam: Any) -> str:
    if exam.is_halted:
        return str(pgettext_lazy("exam", "Halted"))
    return str(pgettext_lazy("exam", "Open") if exam.is_open else pgettext_lazy("exam", "Closed"))


@dataclass(frozen=True, slots=True)
class Way:
    """From what an exam draws to the questions that there are, and to the form that writes another."""

    what: str
    bank_url: str
    write_url: str


def list_ways(exam: Exam) -> list[Way]:
    """For each different thing that the sections of an exam draw; the exam may be in memory alone."""
    ways = {}
    for section in exam.sections.all():
        for quota in section.quotas.all():
            kept = {"topic": quota.topic_id, "difficulty": quota.difficulty}
            asked = urlencode({name: value for name, value in kept.items() if value})
            found = urlencode({"state": "approved", **({"tag": quota.tag_id} if quota.tag_id else {})})
            ways[quota.topic_id, quota.tag_id, quota.difficulty] = Way(
                describe_quota(quota),
                f"{reverse('questions:index')}?{found}&{asked}",
                f"{reverse('questions:add')}?{asked}",
            )
    return list(ways.values())


class StayMixin:
    """After saving, the examiner stays with the exam that is being built."""

    template_name = "certification/admin/exam.html"
    object: Exam
    form: Any

    def get_success_url(self) -> str:
        return reverse("exams:edit", args=[self.object.pk])

    def get_success_message(self, instance: Any = None) -> str:  # noqa: ARG002 -- it is the view's object
        if self.object.is_open:
            return _("“%(exam)s” is saved and open: members may start it.") % {"exam": self.object}
        return _("“%(exam)s” is saved. It is closed: nobody but staff sees it.") % {"exam": self.object}

    def get_success_buttons(self) -> list[Any]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]  # a view's mixin
        refused = self.form.is_bound and "is_open" in self.form.errors
        return found | {"refused_ways": list_ways(self.form.planned) if refused else []}


class ExamCreateView(StayMixin, CreateView):
    page_title = gettext_lazy("New exam")


class ExamEditView(StayMixin, EditView):
    @cached_property
    def halt(self) -> Halt | None:
        return Halt.objects.open().filter(exam=self.object).select_related("halted_by").first()

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        pk, buttons = self.object.pk, []
        if access.may_preview(self.request.user):
            url = reverse("exams:preview", args=[pk])
            buttons.append(HeaderButton(_("Sit it as …"), url=url, icon_name="view", priority=5))
        if access.may_halt(self.request.user) and self.halt is None:
            url = reverse("exams:halt", args=[pk])
            buttons.append(HeaderButton(_("Halt"), url=url, icon_name="no-view", priority=10))
        return buttons

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        stored = with_plan(Exam.objects.filter(pk=self.object.pk)).get()
        return super().get_context_data(
            halt=self.halt,
            sitting=say_sitting(self.object),
            lacks=(lacks := describe_lacks(stored)),
            ways=list_ways(stored) if lacks else [],
            may_preview=access.may_preview(self.request.user),
            asked=stored.question_count,
            attempts_url=f"{reverse('attempts:index')}?exam={self.object.pk}"
            if access.may_see_attempts(self.request.user)
            else "",
            **kwargs,
        )


class ExamViewSet(ModelViewSet):
    model = Exam
    name = "exams"
    icon = "form"
    menu_label = gettext_lazy("Exams")
    permission_policy = POLICIES[Exam]
    copy_view_enabled = False
    index_view_class = ExamIndexView
    add_view_class = ExamCreateView
    edit_view_class = ExamEditView
    edit_template_name = "certification/admin/exam.html"
    list_filter = ["is_open", "purpose"]
    search_fields = ["slug", "title"]
    search_backend_name = None
    list_per_page = 50
    edit_handler = TABS

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/preview/", PreviewView.as_view(), name="preview"),
            path("<int:pk>/halt/", HaltView.as_view(), name="halt"),
            path("<int:pk>/resume/", ResumeView.as_view(), name="resume"),
        ]


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
