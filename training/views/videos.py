"""Videos: the page, where the viewer stopped, and the player of a provider."""

from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from portal.content.embeds import find_video
from portal.content.services.pages import find_address
from portal.core.middleware import allow_frames
from training.access import Reader, check_material, find_reader
from training.models import VideoPage
from training.services.videos import find_video_page, keep_place, read_second, show_video
from training.watching import read_stretches


def describe(page: VideoPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:  # noqa: ARG001 -- as all types
    """The player with its chapters and transcript; ``?t=75`` begins there."""
    return {"video": show_video(page, asked=request.GET.get("t", ""))}


@require_POST
def place(request: HttpRequest, material_key: UUID) -> HttpResponse:
    """Keep where the viewer is, and what they have watched. The page sends it now and then, and when it is left."""
    reader, page = _find_open(request, material_key)
    seconds = read_second(page, request.POST.get("seconds", ""))
    if seconds is None:
        raise BadRequest("seconds")
    try:
        stretches = read_stretches(request.POST.get("played", ""), length=page.seconds)
    except ValueError as error:
        raise BadRequest("played") from error
    keep_place(reader.user, page, seconds=seconds, stretches=stretches, now=timezone.now())
    return HttpResponse(status=204)


@require_safe
@xframe_options_sameorigin
def player(request: HttpRequest, material_key: UUID) -> HttpResponse:
    """The provider's player on a page of its own, which alone may show it. It is asked for by a tap, so that a provider
    learns of nobody who merely opened the material."""
    _reader, page = _find_open(request, material_key)
    video = find_video(page.embed_url) if page.embed_url else None
    if video is None:
        raise Http404(material_key)
    context = {
        "page": page,
        "video": video,
        "address": video.at(read_second(page, request.GET.get("t", "")) or 0),
        # Within the material's own page there is no need of a way back to it.
        "back": "" if "framed" in request.GET else find_address(page, request),
    }
    response = render(request, "training/player.html", context)
    response["Cache-Control"] = "private, no-cache"
    allow_frames(response, video.origin)
    return response


def _find_open(request: HttpRequest, material_key: UUID) -> tuple[Reader, VideoPage]:
    """The reader, and the video as far as it is open to them.

    Raises:
        Http404: where no video is live.
        NotAllowed: with the reason and what would change it.
    """
    reader = find_reader(request)
    page = find_video_page(material_key, language=get_language() or "")
    if page is None:
        raise Http404(material_key)
    check_material(page, reader)
    return reader, page
