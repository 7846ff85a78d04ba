"""What examiners' screens are made of."""

from collections.abc import Callable
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from wagtail.admin.panels import Panel
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.viewsets.model import ModelViewSet

from portal.accounts.models import User
from portal.core.viewsets import ActView, RelatedIndexView


class AllowedMixin:
    """Lets in whoever ``may`` says, before anything is looked up."""

    #: A predicate of ``certification.access``.
    may: Any = None
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not type(self).may(request.user):
            raise PermissionDenied
        self.find(**kwargs)
        return cast(HttpResponseBase, super().dispatch(request, *args, **kwargs))  # type: ignore[misc]  # a view's mixin

    def find(self, **kwargs: Any) -> None:
        """Look up what the address names."""

    @property
    def person(self) -> User:
        return cast(User, self.request.user)


class ExaminerActView(AllowedMixin, ActView):
    """An act of an examiner, for whoever may do it."""


class ExaminerPageMixin(AllowedMixin, WagtailAdminTemplateMixin):
    """A page of an examiner's, under what stands above it."""

    def find_trail(self) -> list[tuple[str, str]]:
        return []

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        trail = [{"url": url, "label": label} for url, label in self.find_trail()]
        return [*super().get_breadcrumbs_items(), *trail, {"url": "", "label": self.get_page_title()}]


class ReportViewSet(ModelViewSet):
    """Rows that only services write: to look at."""

    copy_view_enabled = False
    add_to_reference_index = False
    inspect_view_enabled = True
    form_fields: list[str] = []
    search_backend_name = None
    list_per_page = 50
    index_view_class = RelatedIndexView


class ShownPanel(Panel):
    """Shows a template about the instance; nothing in it is part of the form."""

    template_name = ""

    class BoundPanel(Panel.BoundPanel):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.template_name = self.panel.template_name

        def is_shown(self) -> bool:
            return super().is_shown() and self.instance.pk is not None

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            return {**super().get_context_data(parent_context), **self.panel.describe(self.instance, self.request)}

    def describe(self, instance: Any, request: HttpRequest) -> dict[str, Any]:
        raise NotImplementedError


class MomentColumn(Column):
    """A date with its time, in the reader's zone."""

    cell_template_name = "certification/admin/cells/moment.html"


class DueColumn(Column):
    """By when something is due, and whether that is past; by ``is_due`` of the row, only while it is open."""

    cell_template_name = "certification/admin/cells/due.html"


class CountColumn(Column):
    """A number as a link to what was counted; ``get_url`` of the row."""

    cell_template_name = "certification/admin/cells/count.html"

    def __init__(self, *args: Any, get_url: Callable[[Any], str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._get_url = get_url

    def get_cell_context_data(self, instance: Any, parent_context: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_cell_context_data(instance, parent_context)
        return found | {"url": self._get_url(instance) if self._get_url and found["value"] else ""}


def say_yes(value: bool) -> str:
    return _("Yes") if value else _("No")


def say_seconds(seconds: int) -> str:
    """A span as examiners read it beside an attempt: "3 min 05 s"."""
    minutes, rest = divmod(seconds, 60)
    return pgettext("span", "%(minutes)d min %(seconds)02d s") % {"minutes": minutes, "seconds": rest}
