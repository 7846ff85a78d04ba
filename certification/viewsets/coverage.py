"""What of the library the bank tests, as a table and as a spreadsheet."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.viewsets.base import ViewSet

from certification import access
from certification.services.coverage import OVER_TESTED, Row, Tested, list_coverage
from certification.viewsets.common import ExaminerPageMixin
from portal.content.models import Product
from portal.core.viewsets import PlainSheetMixin
from training.models import MaterialPage

PER_PAGE = 100
STATES = {
    Tested.NEVER: pgettext_lazy("coverage", "Untested"),
    Tested.TESTED: pgettext_lazy("coverage", "Tested"),
    Tested.OVER: pgettext_lazy("coverage", "Over-tested"),
}


class CoverageForm(forms.Form):
    state = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=[
            ("", pgettext_lazy("coverage", "Everything")),
            *((state.value, label) for state, label in STATES.items()),
        ],
    )
    product = forms.ModelChoiceField(
        label=gettext_lazy("Product"),
        queryset=Product.objects.all(),
        required=False,
        empty_label=gettext_lazy("All products"),
    )
    type = forms.ModelChoiceField(
        label=gettext_lazy("Type of material"),
        queryset=ContentType.objects.none(),
        required=False,
        empty_label=gettext_lazy("All types"),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    threshold = forms.IntegerField(
        label=gettext_lazy("Over-tested from, questions"),
        required=False,
        min_value=1,
        max_value=1000,
        initial=OVER_TESTED,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        type_field: Any = self.fields["type"]
        type_field.queryset = ContentType.objects.filter(
            pk__in=MaterialPage.objects.filter(live=True).order_by().values("content_type")
        )
        type_field.label_from_instance = lambda kind: capfirst(str(kind.model_class()._meta.verbose_name))
        language: Any = self.fields["language"]
        language.choices = list(settings.LANGUAGES)

    def read(self) -> dict[str, Any]:
        """What was asked for; what cannot be read is left out."""
        given = self.cleaned_data if self.is_bound and (self.is_valid() or self.cleaned_data) else {}
        product, kind = given.get("product"), given.get("type")
        return {
            "language": given.get("language") or settings.LANGUAGE_CODE,
            "product_id": product.pk if product else None,
            "type_id": kind.pk if kind else None,
            "threshold": given.get("threshold") or OVER_TESTED,
        }


class CoverageView(PlainSheetMixin, ExaminerPageMixin, TemplateView):
    may = access.may_see_bank
    template_name = "certification/admin/coverage.html"
    page_title = gettext_lazy("What the bank tests")
    header_icon = "list-ul"
    export_filename = "coverage"
    list_export = ["material", "type", "products", "section", "approved", "coming", "whole", "state"]
    export_headings = {
        "material": gettext_lazy("Material"),
        "type": gettext_lazy("Type"),
        "products": gettext_lazy("Products"),
        "section": gettext_lazy("Section"),
        "approved": gettext_lazy("Approved questions"),
        "coming": gettext_lazy("Drafts and in review"),
        "whole": gettext_lazy("On the material as a whole"),
        "state": gettext_lazy("State"),
    }

    @cached_property
    def form(self) -> CoverageForm:
        return CoverageForm({"language": settings.LANGUAGE_CODE, "threshold": OVER_TESTED, **self.request.GET.dict()})

    @cached_property
    def rows(self) -> list[Row]:
        self.form.is_valid()
        state = self.form.cleaned_data.get("state")
        return [row for row in self.every_row if not state or row.state == state]

    @cached_property
    def every_row(self) -> list[Row]:
        self.form.is_valid()
        return list_coverage(**self.form.read())

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if self.is_export:
            return self.as_spreadsheet(self.rows, request.GET["export"])
        return super().get(request, *args, **kwargs)

    def to_row_dict(self, item: Row) -> dict[str, Any]:
        return {
            "material": item.page.title,
            "type": item.page.kind_label,
            "products": item.products,
            "section": say_section(item),
            "approved": item.approved,
            "coming": item.coming,
            "whole": item.whole,
            "state": str(STATES[item.state]),
        }

    def get_heading(self, queryset: Any, field: str) -> str:  # noqa: ARG002 -- Wagtail's own signature
        return str(self.export_headings[field])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows, given = self.rows, self.form.read()
        page = Paginator(rows, PER_PAGE).get_page(self.request.GET.get("p"))
        counts = {state: sum(row.state == state for row in self.every_row) for state in STATES}
        return super().get_context_data(
            form=self.form,
            page=page,
            rows=[(row, say_section(row), STATES[row.state]) for row in page],
            total=len(self.every_row),
            untested=counts[Tested.NEVER],
            over=counts[Tested.OVER],
            threshold=given["threshold"],
            may_write=access.may_approve(self.request.user),
            **kwargs,
        )


def say_section(row: Row) -> str:
    return row.heading or (pgettext("a section", "Unnamed") if row.block else _("The material as a whole"))


class CoverageViewSet(ViewSet):
    name = "coverage"
    icon = "list-ul"
    menu_label = gettext_lazy("Coverage")

    def get_urlpatterns(self) -> list[URLPattern]:
        return [path("", CoverageView.as_view(), name="index")]
