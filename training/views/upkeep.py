"""What readers see of a material's upkeep: what was changed, and telling that something is wrong."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.content.services.pages import find_address
from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from training.access import check_material, find_reader
from training.differences import Block, Kind, Run, compare_words
from training.forms import RemarkForm
from training.models import Change, Remark
from training.services.changes import list_changes
from training.services.paragraphs import find_paragraph, list_paragraphs
from training.services.remarks import make_remark
from training.views.sharing import find_material

PER_PAGE = 20


@require_http_methods(["GET", "HEAD", "POST"])
def remark(request: HttpRequest, material_key: UUID) -> HttpResponse:
    """Say that a paragraph is wrong, out of date, or did not work on a call."""
    page = find_material(material_key)
    reader = find_reader(request)
    check_material(page, reader)
    wanted = request.POST.get("block") or request.GET.get("block", "")
    chosen = find_paragraph(page, wanted) if wanted else None
    form = RemarkForm(request.POST or None, paragraphs=_list_choices(page, chosen), initial={"block": wanted})
    if request.method == "POST" and form.is_valid():
        try:
            make_remark(
                page,
                block_id=form.cleaned_data["block"],
                kind=form.cleaned_data["kind"],
                words=form.cleaned_data["words"],
                membership=reader.membership,
                by=reader.user,
                now=reader.now,
            )
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Thank you. Your remark is with whoever keeps this material true."))
            return HttpResponseRedirect(reverse("training:remarks"))
    context = {"page": page, "form": form, "chosen": chosen, "back_url": find_address(page, request)}
    return render(request, "training/upkeep/remark.html", context)


def _list_choices(page: Any, chosen: Block | None) -> list[Block]:
    """The paragraphs to choose from. One that was chosen before, such as a whole section, stands first."""
    listed = [block for block in list_paragraphs(page) if block.id != "title"]
    if chosen is not None:
        return [chosen, *(block for block in listed if block.id != chosen.id)]
    return listed


@require_safe
def remarks(request: HttpRequest) -> HttpResponse:
    """One's own remarks, latest first, and what came of each."""
    mine = Remark.objects.filter(user=request.user.pk).select_related("page__locale")
    listed = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(row, find_address(row.page, request) if row.page.live else "") for row in listed]
    return render(request, "training/upkeep/remarks.html", {"page": listed, "rows": rows})


@dataclass(frozen=True, slots=True)
class Part:
    """One block of a change as it is drawn."""

    kind: Kind
    label: str
    text: str
    runs: list[Run]


def describe_parts(change: Change) -> list[Part]:
    """The blocks of a change with their words compared: what is gone, what is new, what stayed."""
    parts = []
    for block in change.blocks:
        kind = Kind(block["kind"])
        runs = compare_words(block["before"], block["after"]) if kind == Kind.CHANGED else []
        parts.append(Part(kind, block["label"], block["before"] if kind == Kind.REMOVED else block["after"], runs))
    return parts


@require_safe
def changes(request: HttpRequest, material_key: UUID) -> HttpResponse:
    """What was changed on a material, latest first; what has come since the last visit is marked and unfolded."""
    page = find_material(material_key)
    reader = find_reader(request)
    check_material(page, reader)
    told = list_changes(page, user_id=reader.user.pk, now=timezone.now())
    listed = Paginator(told, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(change, describe_parts(change)) for change in listed]
    context = {"page": listed, "material": page, "rows": rows, "back_url": find_address(page, request)}
    return render(request, "training/upkeep/changes.html", context)
