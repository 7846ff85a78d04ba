"""Examiners' screens in Wagtail's admin, one module for each concern. Whatever has consequences goes through a service."""

from certification.viewsets.menu import CertificationGroup
from certification.viewsets.policies import POLICIES
from certification.viewsets.question_choosing import QuestionChooserViewSet

__all__ = ["POLICIES", "CertificationGroup", "QuestionChooserViewSet"]
