"""What people hold and what their partners are qualified for: to look at, and a credential to be taken back."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.ui.menus import MenuItem
from wagtail.admin.views import generic

from certification import access
from certification.forms.acts import RevocationForm
from certification.marks import list_lacks
from certification.models import Credential, Qualification
from certification.services.credentials import revoke_credential
from certification.services.qualifications import list_standings
from certification.viewsets.common import ExaminerActView, ReportViewSet
from certification.viewsets.policies import POLICIES
from portal.core.viewsets import RelatedIndexView


class RevokeView(ExaminerActView):
    may = access.may_revoke
    page_title = gettext_lazy("Revoke the credential")
    submit_label = gettext_lazy("Revoke it")
    explanation = gettext_lazy(
        "It stops counting at once. Where the partner then has too few certified people, its qualification lapses in "
        "the same moment. This cannot be taken back: the person sits the exam again."
    )
    danger = True
    header_icon = "success"
    form_class = RevocationForm
    credential: Credential

    def find(self, **kwargs: Any) -> None:
        self.credential = get_object_or_404(Credential.objects.select_related("user", "exam"), pk=kwargs["pk"])

    @property
    def back_url(self) -> str:
        return reverse("credentials:inspect", args=[self.credential.pk])

    def get_page_subtitle(self) -> str:
        return f"{self.credential.user}, {self.credential.exam}"

    def act(self, form: Any) -> str:
        revoke_credential(self.credential, reason=form.cleaned_data["reason"], by=self.person, now=timezone.now())
        return _("The credential is revoked.")


class CredentialIndexView(RelatedIndexView):
    related = ("membership__user", "membership__partner")

    def get_list_more_buttons(self, instance: Credential) -> list[Any]:
        buttons = super().get_list_more_buttons(instance)
        if instance.revoked_at is None and access.may_revoke(self.request.user):
            url = reverse("credentials:revoke", args=[instance.pk])
            buttons.append(MenuItem(_("Revoke"), url=url, icon_name="cross", priority=40))
        return buttons


class CredentialInspectView(generic.InspectView):
    @cached_property
    def header_more_buttons(self) -> list[Any]:
        buttons = list(super().header_more_buttons)
        if self.object.revoked_at is None and access.may_revoke(self.request.user):
            url = reverse("credentials:revoke", args=[self.object.pk])
            buttons.append(generic.models.Button(_("Revoke"), url=url, icon_name="cross", priority=40))
        return buttons


class CredentialViewSet(ReportViewSet):
    model = Credential
    name = "credentials"
    icon = "success"
    menu_label = gettext_lazy("Credentials")
    permission_policy = POLICIES[Credential]
    index_view_class = CredentialIndexView
    inspect_view_class = CredentialInspectView
    inspect_view_fields = [
        "user", "exam", "membership", "attempt", "evidence", "issued_at", "expires_at", "suspended_at", "revoked_at",
        "revoked_by", "reason",
    ]  # fmt: skip
    list_display = ["user", "exam", "membership", "issued_at", "expires_at", "revoked_at"]
    list_filter = ["exam", "membership__partner", "expires_at", "revoked_at"]
    search_fields = ["user__last_name", "user__first_name", "user__email", "membership__partner__name"]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("<int:pk>/revoke/", RevokeView.as_view(), name="revoke")]


class QualificationInspectView(generic.InspectView):
    def get_fields_context(self) -> list[dict[str, Any]]:
        """The row as stored, and how the partner stands at this moment."""
        rows: list[dict[str, Any]] = super().get_fields_context()
        now = timezone.now()
        standings = list_standings(self.object.partner, now=now)
        found = next(one for one in standings if one.programme.pk == self.object.programme_id)
        lacks = list_lacks(found)
        holds = Qualification.objects.current(now).filter(pk=self.object.pk).exists()
        return [
            *rows,
            {"label": _("Holds at this moment"), "value": _("Yes") if holds else _("No"), "component": None},
            {"label": _("Lacks at this moment"), "value": " ".join(lacks) or _("Nothing"), "component": None},
        ]


class QualificationViewSet(ReportViewSet):
    model = Qualification
    name = "qualifications"
    icon = "check"
    menu_label = gettext_lazy("Qualifications")
    permission_policy = POLICIES[Qualification]
    inspect_view_class = QualificationInspectView
    inspect_view_fields = [
        "partner", "programme", "opened_at", "valid_until", "closed_at", "closed_reason", "assessed_at",
        "standing_version", "requirement_version",
    ]  # fmt: skip
    list_display = ["partner", "programme", "opened_at", "valid_until", "closed_at", "closed_reason"]
    list_filter = ["programme", "partner", "closed_reason", "valid_until"]
    search_fields = ["partner__name"]
