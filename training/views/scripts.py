"""Call scripts, one step at a time; and their map, for whoever writes them."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_POST

from training.access import Reader
from training.models import CallScriptPage
from training.models.scripts import chart_script


def describe(page: CallScriptPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:  # noqa: ARG001
    return {}


@require_POST
def draw_map(request: HttpRequest) -> HttpResponse:
    """The map of the steps as they stand in the editor's form, saved or not. For whoever may enter the admin."""
    block = CallScriptPage._meta.get_field("steps").stream_block
    try:
        stream = block.value_from_datadict(request.POST, request.FILES, "steps")
    except (KeyError, ValueError):
        return HttpResponseBadRequest("not the form of a call script")
    return render(request, "training/_script_map.html", {"chart": chart_script(stream), "in_form": True})
