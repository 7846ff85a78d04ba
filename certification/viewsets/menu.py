"""Where examiners find their screens: what is done daily first, what is looked up now and then last."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.model import ModelViewSetGroup

from certification import access
from certification.viewsets.accommodations import AccommodationViewSet
from certification.viewsets.attempts import AttemptViewSet
from certification.viewsets.checks import CheckViewSet, ReportsViewSet
from certification.viewsets.clocks import HaltViewSet, OutageViewSet
from certification.viewsets.coverage import CoverageViewSet
from certification.viewsets.credentials import CredentialViewSet, QualificationViewSet
from certification.viewsets.exams import ExamViewSet, ProgrammeViewSet
from certification.viewsets.marking import MarkingViewSet
from certification.viewsets.questions import QuestionViewSet
from certification.viewsets.topics import TopicViewSet


class MarkersMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return access.may_mark(request.user)


class BankMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return access.may_see_bank(request.user)


class MenuMarkingViewSet(MarkingViewSet):
    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        return MarkersMenuItem


class MenuCoverageViewSet(CoverageViewSet):
    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        return BankMenuItem


class CertificationGroup(ModelViewSetGroup):
    menu_label = gettext_lazy("Certification")
    menu_icon = "success"
    menu_order = 230
    items: Any = (
        MenuMarkingViewSet,
        QuestionViewSet,
        TopicViewSet,
        CheckViewSet,
        ReportsViewSet,
        MenuCoverageViewSet,
        ExamViewSet,
        ProgrammeViewSet,
        AttemptViewSet,
        AccommodationViewSet,
        HaltViewSet,
        OutageViewSet,
        CredentialViewSet,
        QualificationViewSet,
    )
