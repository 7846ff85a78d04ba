"""The audit view: what happened, by whom, and whether everyone who had to know took it. Read only."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ProtectedError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from wagtail.admin.views.generic import DeleteView, IndexView
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.permission_policies.base import ModelPermissionPolicy
from wagtail.permissions import register_permission_policy

from portal.core.models import Fact


class ReadOnlyPermissionPolicy(ModelPermissionPolicy):
    """Rows that only services write: staff with the view permission may look, nobody may change."""

    def user_has_permission(self, user, action):
        return action == "view" and super().user_has_permission(user, "view")

    def user_has_any_permission(self, user, actions):
        return "view" in actions and self.user_has_permission(user, "view")


class RelatedIndexView(IndexView):
    """A listing that fetches, with its rows, the rows that its columns name: as many queries for many as for few.

    ``related``: what those name in turn, such as ``membership__partner``.
    """

    related: tuple[str, ...] = ()

    def get_base_queryset(self) -> Any:
        named = [name for name in self.list_display if isinstance(name, str) and self._is_relation(name)]
        return super().get_base_queryset().select_related(*named, *self.related)

    def _is_relation(self, name: str) -> bool:
        try:
            field = self.model._meta.get_field(name)
        except FieldDoesNotExist:
            return False
        return field.many_to_one or field.one_to_one


class NamedRowDeleteView(DeleteView):
    """Deletes a row that nothing refers to; one that is in use stays, and the answer says what uses it."""

    def form_valid(self, form: Form) -> HttpResponse:
        try:
            return super().form_valid(form)
        except ProtectedError as error:
            users = sorted({str(row._meta.verbose_name) for row in error.protected_objects})
            messages.error(
                self.request,
                _("“%(row)s” is in use and stays. It is used by: %(users)s.")
                % {"row": self.object, "users": ", ".join(users)},
            )
            return redirect(self.get_success_url())


register_permission_policy(Fact, ReadOnlyPermissionPolicy(Fact))


class FactViewSet(ModelViewSet):
    model = Fact
    name = "facts"
    icon = "history"
    menu_label = _("Facts")
    add_to_settings_menu = True
    inspect_view_enabled = True
    inspect_view_fields = ["name", "payload", "actor_id", "announced_at", "handed_on_at", "tries", "last_error"]
    list_display = ["name", "payload", "actor_id", "announced_at", "handed_on_at", "last_error"]
    list_filter = ["name", "announced_at"]
    form_fields: list[str] = []
    copy_view_enabled = False
    list_per_page = 50
