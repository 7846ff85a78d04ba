"""Topics as a tree."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin import messages
from wagtail.admin.panels import FieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.generic import CreateView
from wagtail.admin.viewsets.model import ModelViewSet

from certification.forms.topics import TopicForm
from certification.models import Topic, VersionState
from certification.services.topics import Branch, list_branches
from certification.viewsets.common import CountColumn
from certification.viewsets.policies import POLICIES
from portal.core.viewsets import RelatedIndexView


class BranchColumn(TitleColumn):
    cell_template_name = "certification/admin/cells/branch.html"

    def __init__(self, *args: Any, branches: Mapping[int, Branch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._branches = branches

    def get_cell_context_data(self, instance: Any, parent_context: Any) -> dict[str, Any]:
        depth = self._branches[instance.pk].depth if instance.pk in self._branches else 0
        found: dict[str, Any] = super().get_cell_context_data(instance, parent_context)
        return found | {"depth": depth, "indent": "\u00a0\u00a0\u00a0\u00a0" * max(0, depth - 1)}


class TopicIndexView(RelatedIndexView):
    """Every topic below the one that it is part of."""

    @cached_property
    def branches(self) -> dict[int, Branch]:
        return {branch.topic.pk: branch for branch in list_branches()}

    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column("name", BranchColumn, branches=self.branches),
            Column("slug", label=gettext_lazy("Slug")),
            CountColumn(
                "question_count",
                label=gettext_lazy("Questions"),
                get_url=lambda topic: f"{reverse('questions:index')}?topic={topic.pk}",
            ),
            Column("approved_count", label=pgettext_lazy("questions", "Of these approved")),
        ]

    def get_base_queryset(self) -> Any:
        return (
            super()
            .get_base_queryset()
            .annotate(
                question_count=Count("questions", distinct=True),
                approved_count=Count(
                    "questions", filter=Q(questions__versions__state=VersionState.APPROVED), distinct=True
                ),
            )
        )

    def order_queryset(self, queryset: Any) -> Any:
        return queryset.order_by(order_as(self.branches), "slug")


def order_as(ids: Iterable[int]) -> Any:
    """Rows in the order of these ids."""
    places = [When(pk=pk, then=Value(place)) for place, pk in enumerate(ids)]
    return Case(*places, default=Value(len(places)), output_field=IntegerField())


class TopicCreateView(CreateView):
    """A topic is made for its questions: the first of them is the next step."""

    def get_success_message(self, instance: Any) -> str:
        return _("The topic “%(topic)s” is there.") % {"topic": instance}

    def get_success_buttons(self) -> list[Any]:
        url = f"{reverse('questions:add')}?topic={self.object.pk}"
        return [messages.button(url, _("Write a question")), *super().get_success_buttons()]


class TopicViewSet(ModelViewSet):
    model = Topic
    name = "topics"
    icon = "tag"
    menu_label = gettext_lazy("Topics")
    permission_policy = POLICIES[Topic]
    copy_view_enabled = False
    index_view_class = TopicIndexView
    add_view_class = TopicCreateView
    list_per_page = 200
    search_fields = ["slug", "name"]
    search_backend_name = None
    edit_handler = ObjectList([FieldPanel("name"), FieldPanel("parent"), FieldPanel("slug")], base_form_class=TopicForm)
