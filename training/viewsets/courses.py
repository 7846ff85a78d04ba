"""Staff's screens of courses: learning paths, how people fare in a course, and letting somebody off a lesson."""

import uuid
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.menu import MenuItem
from wagtail.admin.panels import FieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.reports import ReportView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton

from portal.core.viewsets import ActView, ReadOnlyPermissionPolicy, RelatedIndexView
from portal.partners.models import Membership, Partner
from training.access import may_see_courses, may_waive_lessons
from training.models import CoursePage, Enrolment, LearningPath, LessonPage
from training.services.catalogue import in_language
from training.services.coursework import find_medians, list_courses, measure_course
from training.services.lessons import list_lessons
from training.services.progress import MAX_EVIDENCE, waive_lesson

#: Registered with Wagtail by ``wagtail_hooks``: enrolments are written by studying, and changed by nobody.
POLICIES = {Enrolment: ReadOnlyPermissionPolicy(Enrolment)}

# --- Learning paths --------------------------------------------------------------------------------------------------


class PlacesWidget(forms.Widget):
    """The courses that there are, each with a field for its place: 1, 2, 3; empty for those that do not belong."""

    template_name = "training/paths_places.html"
    choices: list[tuple[str, str]] = []

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        places = {str(key): str(place) for key, place in self._read(value).items()}
        context["rows"] = sorted(
            ((f"{name}-{key}", title, places.get(key, "")) for key, title in self.choices),
            key=lambda row: (not row[2], int(row[2]) if row[2].isdigit() else 0),
        )
        return context

    def _read(self, value: Any) -> dict[str, Any]:
        """Places by key: from a list of keys in their order, or from what was typed."""
        if isinstance(value, dict):
            return value
        return {str(key): place for place, key in enumerate(value or [], start=1)}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, str]:  # noqa: ARG002
        typed = {key: data.get(f"{name}-{key}", "").strip() for key, _title in self.choices}
        return {key: place for key, place in typed.items() if place}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:  # noqa: ARG002
        return False


class PlacesField(forms.Field):
    """Courses in an order, as the list of their keys."""

    widget = PlacesWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.choices: list[tuple[str, str]] = []

    def offer(self, choices: list[tuple[str, str]]) -> None:
        self.choices = self.widget.choices = choices

    def clean(self, value: Any) -> list[str]:
        titles = dict(self.choices)
        places: dict[int, str] = {}
        for key, typed in (value or {}).items():
            if not str(typed).isdecimal() or not 0 < int(typed) < 1000:
                raise ValidationError(
                    _("The place of “%(course)s” is to be a number such as 1, 2 or 3.") % {"course": titles[key]}
                )
            if int(typed) in places:
                raise ValidationError(
                    _("“%(one)s” and “%(other)s” have the same place.")
                    % {"one": titles[places[int(typed)]], "other": titles[key]}
                )
            places[int(typed)] = key
        if not places and self.required:
            raise ValidationError(_("Give at least one course a place."))
        return [places[place] for place in sorted(places)]

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return list(initial or []) != self.clean(data)
        except ValidationError:
            return True


class LearningPathForm(WagtailAdminModelForm):
    course_keys = PlacesField(
        label=gettext_lazy("Courses"),
        help_text=gettext_lazy("Number the courses in their order; leave those empty that do not belong to the path."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = [str(key) for key in self.instance.course_keys or []]
        listed = in_language(CoursePage.objects.live(), get_language() or "").order_by("path")
        titles = {str(key): title for key, title in listed.values_list("translation_key", "title")}
        # A course that is not published just now keeps its place: it comes back to it.
        gone = CoursePage.objects.filter(translation_key__in=[uuid.UUID(key) for key in kept if key not in titles])
        for key, title in gone.order_by("pk").values_list("translation_key", "title"):
            titles.setdefault(str(key), _("%(title)s (not published)") % {"title": title})
        field = self.fields["course_keys"]
        field.offer(list(titles.items()))


class LearningPathIndexView(RelatedIndexView):
    related = ("job_role",)


class LearningPathViewSet(ModelViewSet):
    model = LearningPath
    index_view_class = LearningPathIndexView
    name = "learning_paths"
    icon = "list-ol"
    menu_label = gettext_lazy("Learning paths")
    menu_order = 205
    add_to_settings_menu = True
    copy_view_enabled = False
    list_per_page = 50
    ordering = ["job_role__order", "pk"]
    edit_handler = ObjectList(
        [FieldPanel("job_role"), FieldPanel("title"), FieldPanel("intro"), FieldPanel("course_keys")],
        base_form_class=LearningPathForm,
    )

    @cached_property
    def list_display(self) -> list[Any]:
        return [
            TitleColumn("title", label=_("Name"), url_name=self.get_url_name("edit"), accessor=str),
            Column("job_role", label=_("Job role")),
            Column("courses", label=_("Courses"), accessor=lambda path: len(path.course_keys)),
        ]


# --- How people fare -------------------------------------------------------------------------------------------------


class CoursesFilterSet(WagtailFilterSet):
    """Whose enrolments count; the view itself asks for it, since the figures depend on it."""

    partner = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Partner"),
        method="leave",
        queryset=lambda _request: Partner.objects.filter(memberships__enrolments__isnull=False).distinct(),
    )

    def leave(self, courses: Any, _name: str, _value: Any) -> Any:
        return courses

    class Meta:
        model = CoursePage
        fields: list[str] = []


class CoursesView(ReportView):
    """Every course with how many began and completed it."""

    model = Enrolment
    permission_required = "view"
    page_title = gettext_lazy("Courses")
    header_icon = "list-ol"
    index_url_name = "coursework:index"
    index_results_url_name = "coursework:results"
    filterset_class = CoursesFilterSet
    verbose_name_plural = gettext_lazy("courses")
    list_export = ["title", "enrolled", "completed", "median_days"]
    export_headings = {
        "title": gettext_lazy("Course"),
        "enrolled": gettext_lazy("Began"),
        "completed": gettext_lazy("Completed"),
        "median_days": gettext_lazy("Days to complete (median)"),
    }

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn("title", label=_("Course"), get_url=self._find_address, width="45%"),
            Column("enrolled", label=_("Began")),
            Column("completed", label=_("Completed")),
            Column("share", label=_("Share"), accessor=_write_share),
            Column("median_days", label=_("Days to complete (median)"), accessor=_write_days),
        ]

    @cached_property
    def partner_id(self) -> int | None:
        chosen = self.filters.form.cleaned_data.get("partner") if self.filters and self.filters.is_valid() else None
        return chosen.pk if chosen else None

    def _find_address(self, course: CoursePage) -> str:
        return _name_course(course.translation_key, self.partner_id)

    def get_base_queryset(self) -> Any:
        return list_courses(partner_id=self.partner_id)

    def get_filtered_queryset(self) -> Any:
        """A spreadsheet reads the rows as they are here, and has the medians too."""
        found = super().get_filtered_queryset()
        return self.decorate_paginated_queryset(found) if self.is_export else found

    def decorate_paginated_queryset(self, object_list: Any) -> list[Any]:
        courses = list(object_list)
        medians = find_medians([course.translation_key for course in courses], partner_id=self.partner_id)
        for course in courses:
            course.median_days = medians.get(course.translation_key)
        return courses


def _name_course(key: uuid.UUID, partner_id: int | None) -> str:
    address = reverse("coursework:course", args=[key])
    return f"{address}?partner={partner_id}" if partner_id else address


def _write_share(course: Any) -> str:
    return f"{round(course.completed * 100 / course.enrolled)} %" if course.enrolled else "–"


def _write_days(course: Any) -> Any:
    return "–" if course.median_days is None else course.median_days


#: The drawing of the funnel: its width, and the height of a lesson's bar with the space below it.
WIDTH, ROW = 560, 34


class CourseView(WagtailAdminTemplateMixin, TemplateView):
    """One course: who completes it, where people stop, and which questions are missed most."""

    template_name = "training/course_report.html"
    page_title = gettext_lazy("Course")
    header_icon = "list-ol"
    _show_breadcrumbs = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_see_courses(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def course(self) -> CoursePage:
        return find_course(self.kwargs["course_key"])

    @cached_property
    def partner(self) -> Partner | None:
        chosen = self.request.GET.get("partner", "")
        return Partner.objects.filter(pk=chosen).first() if chosen.isdecimal() else None

    def get_page_subtitle(self) -> str:
        return self.course.title

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = {"url": reverse("coursework:index"), "label": CoursesView.page_title}
        return [*super().get_breadcrumbs_items(), above, {"url": "", "label": self.course.title}]

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        buttons = []
        if self.course.permissions_for_user(self.request.user).can_edit():
            url = reverse("wagtailadmin_pages:edit", args=[self.course.pk])
            buttons.append(HeaderButton(_("Edit the course"), url=url, icon_name="edit"))
        if may_waive_lessons(self.request.user):
            url = reverse("coursework:waive", args=[self.course.translation_key])
            buttons.append(HeaderButton(_("Let somebody off a lesson"), url=url, icon_name="check"))
        return buttons

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        figures = measure_course(self.course, partner_id=self.partner.pk if self.partner else None)
        most = max((row.stage.reached for row in figures.lessons), default=0)
        bars = [
            {
                "row": row,
                "y": place * ROW,
                "reached": round(row.stage.reached * WIDTH / most) if most else 0,
                "completed": round(row.stage.completed * WIDTH / most) if most else 0,
            }
            for place, row in enumerate(figures.lessons)
        ]
        partners = Partner.objects.filter(memberships__enrolments__course_key=self.course.translation_key).distinct()
        return super().get_context_data(
            figures=figures,
            bars=bars,
            width=WIDTH,
            height=len(bars) * ROW,
            partner=self.partner,
            partners=partners.order_by("name"),
            missed=[row for row in figures.missed if row.answered],
            **kwargs,
        )


def find_course(course_key: uuid.UUID) -> CoursePage:
    """The course in the language of the administration, else in any; published or not."""
    pages = CoursePage.objects.filter(translation_key=course_key).select_related("locale").order_by("pk")
    language = get_language()
    page = min(pages, key=lambda one: (one.locale.language_code != language, not one.live), default=None)
    if page is None:
        raise Http404(course_key)
    return page


# --- Letting somebody off --------------------------------------------------------------------------------------------


class WaiveForm(forms.Form):
    lesson = forms.ModelChoiceField(label=gettext_lazy("Lesson"), queryset=LessonPage.objects.none())
    email = forms.EmailField(
        label=gettext_lazy("E-mail address of the person"), help_text=gettext_lazy("Of a member of a partner.")
    )
    evidence = forms.CharField(
        label=gettext_lazy("What shows that they know it"),
        max_length=MAX_EVIDENCE,
        help_text=gettext_lazy("The person and the head of their team read it."),
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        self.memberships = list(
            Membership.objects.active(timezone.now())
            .filter(user__email=email)
            .with_roles()
            .select_related("user", "partner__tier", "partner__kind")
            .order_by("started_at")
        )
        if not self.memberships:
            raise ValidationError(_("No member of a partner has this address."))
        return email


class WaiveView(ActView):
    """Let a person off a lesson that they know already."""

    form_class = WaiveForm
    page_title = gettext_lazy("Let somebody off a lesson")
    submit_label = gettext_lazy("Let them off")
    header_icon = "check"
    explanation = gettext_lazy(
        "The lesson counts as done for them, and is shown as waived, not as studied. They are told so."
    )

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_waive_lessons(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def course(self) -> CoursePage:
        return find_course(self.kwargs["course_key"])

    @property
    def back_url(self) -> str:
        return reverse("coursework:course", args=[self.course.translation_key])

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("coursework:index"), str(CoursesView.page_title)), (self.back_url, self.course.title)]

    def get_page_subtitle(self) -> str:
        return self.course.title

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        lessons = list_lessons([self.course])[self.course.pk]
        field: Any = form.fields["lesson"]
        field.queryset = LessonPage.objects.filter(pk__in=[lesson.pk for lesson in lessons]).order_by("path")
        return form

    def act(self, form: Any) -> str:
        membership = form.memberships[0]
        waive_lesson(
            membership,
            lesson=form.cleaned_data["lesson"],
            evidence=form.cleaned_data["evidence"],
            by=self.request.user,
            now=timezone.now(),
        )
        return _("%(name)s need not study “%(lesson)s”.") % {
            "name": membership.user,
            "lesson": form.cleaned_data["lesson"].title,
        }


class CourseworkMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return may_see_courses(request.user)


class CourseworkViewSet(ViewSet):
    """The screens, in the menu of reports."""

    name = "coursework"
    url_prefix = "reports/courses"
    icon = "list-ol"
    menu_label = gettext_lazy("Courses")
    menu_order = 290
    menu_hook = "register_reports_menu_item"

    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        return CourseworkMenuItem

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", CoursesView.as_view(model=Enrolment), name="index"),
            path("results/", CoursesView.as_view(model=Enrolment, results_only=True), name="results"),
            path("<uuid:course_key>/", CourseView.as_view(), name="course"),
            path("<uuid:course_key>/waive/", WaiveView.as_view(), name="waive"),
        ]
