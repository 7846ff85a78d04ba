"""The list of the bank: what was measured, what to look for."""

from typing import Any
from uuid import UUID

import django_filters
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from taggit.models import Tag
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, StatusTagColumn

from certification.forms.fields import TopicIterator
from certification.models import (
    Citation,
    Difficulty,
    Question,
    QuestionVersion,
    Topic,
    VersionState,
    find_subtrees,
    question_type_choices,
)
from portal.content.models import Product
from portal.core.viewsets import RelatedIndexView


class DifficultyColumn(Column):
    """The author's word, and what candidates made of it."""

    cell_template_name = "certification/admin/cells/measured.html"

    def get_cell_context_data(self, instance: Any, parent_context: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_cell_context_data(instance, parent_context)
        return found | {"measured": say_measured(instance)}


def say_measured(question: Question) -> str:
    """How hard candidates found a question, in words; empty where nobody has been asked."""
    if not question.measured_from or question.measured_permille is None:
        return ""
    attempts = ngettext("%(count)d attempt", "%(count)d attempts", question.measured_from)
    return _("%(percent)d %% earned in %(attempts)s") % {
        "percent": round(question.measured_permille / 10),
        "attempts": attempts % {"count": question.measured_from},
    }


def language_choices() -> list[tuple[str, str]]:
    return [
        *((code, str(name)) for code, name in settings.LANGUAGES),
        *((f"-{code}", _("Not in %(language)s") % {"language": name}) for code, name in settings.LANGUAGES),
    ]


class TopicFilterField(django_filters.fields.ModelChoiceField):
    iterator = TopicIterator


class TopicFilter(django_filters.ModelChoiceFilter):
    """A topic, chosen from the tree."""

    field_class = TopicFilterField


class QuestionFilterSet(WagtailFilterSet):
    topic = TopicFilter(
        label=gettext_lazy("Topic, with all below it"), method="filter_topic", queryset=Topic.objects.all()
    )
    type = django_filters.ChoiceFilter(label=gettext_lazy("Type"), choices=question_type_choices)
    tag = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Tag"),
        field_name="tags",
        queryset=lambda _request: Tag.objects.filter(pk__in=Question.tags.through.objects.values("tag")).order_by(
            "name"
        ),
    )
    difficulty = django_filters.ChoiceFilter(label=gettext_lazy("Difficulty"), choices=Difficulty.choices)
    product = django_filters.ModelChoiceFilter(label=gettext_lazy("Product"), queryset=Product.objects.all())
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"), method="filter_state", choices=VersionState.choices
    )
    language = django_filters.ChoiceFilter(
        label=gettext_lazy("Language"), method="filter_language", choices=language_choices
    )
    to_check = django_filters.ChoiceFilter(
        label=gettext_lazy("Source"),
        method="filter_to_check",
        choices=[("changed", gettext_lazy("Has changed: to check"))],
    )

    class Meta:
        model = Question
        fields: list[str] = []

    def filter_topic(self, questions: QuerySet[Question], _name: str, topic: Topic) -> QuerySet[Question]:
        return questions.filter(topic__in=find_subtrees([topic.pk])[topic.pk])

    def filter_state(self, questions: QuerySet[Question], _name: str, state: str) -> QuerySet[Question]:
        return questions.filter(_has_version(state=state))

    def filter_language(self, questions: QuerySet[Question], _name: str, value: str) -> QuerySet[Question]:
        written = _has_version(languages__icontains=f'"{value.removeprefix("-")}"')
        return questions.exclude(written) if value.startswith("-") else questions.filter(written)

    def filter_to_check(self, questions: QuerySet[Question], _name: str, value: str) -> QuerySet[Question]:
        doubted = QuestionVersion.objects.to_check().filter(question=OuterRef("pk"))
        return questions.filter(Exists(doubted)) if value else questions


def _has_version(**conditions: Any) -> Exists:
    """A version that may be drawn, or may yet be; of a retired one only where that is asked for."""
    versions = QuestionVersion.objects.filter(question=OuterRef("pk"), **conditions)
    return Exists(versions if "state" in conditions else versions.exclude(state=VersionState.RETIRED))


def search_questions(questions: QuerySet[Question], words: str) -> QuerySet[Question]:
    """By code, or by what it asks in any language."""
    asked = Q()
    for code, _name in settings.LANGUAGES:
        asked |= Q(**{f"content__stem__{code}__icontains": words})
    versions = QuestionVersion.objects.filter(asked, question=OuterRef("pk")).exclude(state=VersionState.RETIRED)
    return questions.filter(Q(slug__icontains=words) | Exists(versions))


class QuestionIndexView(RelatedIndexView):
    filterset_class = QuestionFilterSet

    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column("slug", width="18%"),
            Column("excerpt", label=_("Text"), width="28%"),
            Column("topic", label=_("Topic"), sort_key="topic__slug"),
            Column("type_label", label=_("Type")),
            DifficultyColumn(
                "difficulty", label=_("Difficulty"), accessor="get_difficulty_display", sort_key="difficulty"
            ),
            Column("product", label=_("Product"), accessor=lambda question: question.product or "–"),
            Column("languages", label=_("Languages"), accessor=_name_languages),
            StatusTagColumn("state", label=_("State"), accessor=_say_state, primary=_is_drawn),
        ]

    def get_base_queryset(self) -> Any:
        doubted = QuestionVersion.objects.to_check().filter(question=OuterRef("pk"))
        questions = super().get_base_queryset().select_related("topic", "product").with_versions()
        return self._narrow(questions.annotate(is_doubted=Exists(doubted)))

    def _narrow(self, questions: Any) -> Any:
        """To what cites a place of the library: how the coverage leads here."""
        try:
            key = UUID(self.request.GET.get("material", ""))
        except ValueError:
            return questions
        cited = Citation.objects.filter(
            material_key=key,
            block_id=self.request.GET.get("block", ""),
            version__question=OuterRef("pk"),
            version__state=VersionState.APPROVED,
        )
        return questions.filter(Exists(cited))

    def get_page_subtitle(self) -> str:
        return _("citing one place of the library") if self.request.GET.get("material") else ""

    def search_queryset(self, queryset: Any) -> Any:
        return search_questions(queryset, self.search_query) if self.is_searching else queryset


def _name_languages(question: Any) -> str:
    return ", ".join(question.newest.languages) if question.newest else "–"


def _say_state(question: Any) -> str:
    state = question.state_label or _("Nothing is written")
    return _("%(state)s, to check") % {"state": state} if question.is_doubted else state


def _is_drawn(question: Any) -> bool:
    return any(version.state == VersionState.APPROVED for version in question.all_versions) and not question.is_doubted
