"""Choosing a question in another form; for examiners alone."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.forms import CharField, Form
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic import chooser as chooser_views
from wagtail.admin.viewsets.chooser import ChooserViewSet

from certification import access
from certification.models import (
    Question,
    QuestionVersion,
)
from certification.viewsets.question_list import search_questions


class KeptForExaminers:
    """The bank holds keys: its chooser is for those who may read it."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not access.may_see_bank(request.user):
            raise PermissionDenied
        found: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # a view's mixin
        return found


class QuestionSearchForm(BaseFilterForm):
    q = CharField(label=gettext_lazy("Search by code or words"), required=False)

    def filter(self, objects: Any) -> Any:
        objects = super().filter(objects)
        self.search_query = self.cleaned_data.get("q")
        if self.search_query:
            self.is_searching = True
            objects = search_questions(objects, self.search_query)
        return objects


class QuestionChoiceMixin(KeptForExaminers):
    """Only what has an approved version can be asked."""

    filter_form_class: type[Form] = QuestionSearchForm

    def get_object_list(self) -> Any:
        approved = QuestionVersion.objects.approved().filter(question=OuterRef("pk"))
        return Question.objects.filter(Exists(approved)).select_related("topic").with_versions()

    @property
    def columns(self) -> list[Column]:
        code, *others = super().columns  # type: ignore[misc]  # a view's mixin
        code.label = _("Code")
        return [
            code,
            *others,
            Column("excerpt", label=_("Text")),
            Column("topic", label=_("Topic")),
            Column("difficulty", label=_("Difficulty"), accessor="get_difficulty_display"),
        ]


class QuestionChooseView(QuestionChoiceMixin, chooser_views.ChooseView): ...


class QuestionChooseResultsView(QuestionChoiceMixin, chooser_views.ChooseResultsView): ...


class QuestionChosenView(KeptForExaminers, chooser_views.ChosenView): ...


class QuestionChosenMultipleView(KeptForExaminers, chooser_views.ChosenMultipleView): ...


class QuestionChooserViewSet(ChooserViewSet):
    model = Question
    icon = "help"
    choose_one_text = gettext_lazy("Choose a question")
    choose_another_text = gettext_lazy("Choose another question")
    edit_item_text = gettext_lazy("Edit this question")
    choose_view_class = QuestionChooseView
    choose_results_view_class = QuestionChooseResultsView
    chosen_view_class = QuestionChosenView
    chosen_multiple_view_class = QuestionChosenMultipleView
    per_page = 20
