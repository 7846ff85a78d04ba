"""What staff screens of every app are made of; and the audit view: what happened, by whom, and who has yet to know."""

import re
from typing import Any

from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ProtectedError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView
from wagtail.admin.views.generic import DeleteView, IndexView, PermissionCheckedMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.mixins import SpreadsheetExportMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.permission_policies.base import ModelPermissionPolicy
from wagtail.permissions import register_permission_policy

from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.core.models import Fact


class ReadOnlyPermissionPolicy(ModelPermissionPolicy):
    """Rows that only services write: staff with the view permission may look, nobody may change."""

    def user_has_permission(self, user, action):
        return action == "view" and super().user_has_permission(user, "view")

    def user_has_any_permission(self, user, actions):
        return "view" in actions and self.user_has_permission(user, "view")


class KeptPermissionPolicy(ModelPermissionPolicy):
    """Rows that history rests on: they are ended, retired or superseded, never deleted."""

    never = frozenset({"delete"})

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action not in self.never and super().user_has_permission(user, action)

    def user_has_any_permission(self, user: Any, actions: Any) -> bool:
        return any(self.user_has_permission(user, action) for action in actions)


#: What no spreadsheet file can hold.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_plain(text: str) -> str:
    """Words as a spreadsheet's file can hold them."""
    return _UNPRINTABLE.sub("", text)


def write_no_formula(text: str) -> str:
    """The same for CSV, where a program takes words that begin like a formula for one, and runs it."""
    plain = write_plain(text)
    return f"'{plain}" if plain.lstrip()[:1] in {"=", "+", "-", "@"} else plain


class PlainSheetMixin(SpreadsheetExportMixin):
    """For reports that show what people outside the house have typed: it is words in the spreadsheet as well."""

    custom_value_preprocess = {
        **SpreadsheetExportMixin.custom_value_preprocess,
        str: {
            SpreadsheetExportMixin.FORMAT_CSV: write_no_formula,
            SpreadsheetExportMixin.FORMAT_XLSX: write_plain,
        },
    }


class ActView(PermissionCheckedMixin, WagtailAdminTemplateMixin, FormView):
    """A form that ends in one service, and goes back to where it came from. A refusal keeps what was typed."""

    template_name = "core/admin/act.html"
    form_class = Form
    submit_label: Any = _("Save")
    #: What the act does, told before it is done.
    explanation: Any = ""
    #: Whether what it does cannot be undone.
    danger = False

    @property
    def back_url(self) -> str:
        """Where the person came from."""
        raise NotImplementedError

    def act(self, form: Any) -> str:
        """Call the service; returns what to tell the person afterwards."""
        raise NotImplementedError

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            done = self.act(form)
        except Refusal as refusal:
            add_refusal(form, refusal)
            return self.form_invalid(form)
        messages.success(self.request, done)
        return redirect(self.back_url)

    def find_trail(self) -> list[tuple[str, str]]:
        """What stands above this page: addresses and labels."""
        return []

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        trail = [{"url": url, "label": label} for url, label in self.find_trail()]
        return [*super().get_breadcrumbs_items(), *trail, *([{"url": "", "label": self.page_title}] if trail else [])]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            action_url=self.request.path,
            submit_button_label=self.submit_label,
            explanation=self.explanation,
            danger=self.danger,
            back_url=self.back_url,
            **kwargs,
        )


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
