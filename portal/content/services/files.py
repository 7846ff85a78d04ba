"""Finding the picture or document behind an address, and answering with its bytes.

Nothing under ``MEDIA_ROOT`` is served by its address alone (ruling 10). A name is looked up among the rows that own a
file, so an address that no row owns, however it is spelt, is not found.
"""

import mimetypes
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import IO, Any
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date

from portal.content.models import Document, Image, Rendition
from portal.content.ranges import UnsatisfiableRange, parse_range

CHUNK = 64 * 1024
#: What a browser may show in place; everything else is downloaded.
SHOWN = ("image/", "video/", "audio/")
#: A file never runs anything, wherever it is opened. PDF is left to the browser's own reader, which a sandbox breaks.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; sandbox"

mimetypes.add_type("image/webp", ".webp")
mimetypes.add_type("image/avif", ".avif")
mimetypes.add_type("text/vtt", ".vtt")


def find_asset(name: str) -> Image | Document | None:
    """The picture or document that owns the stored file ``name``, for an original and for its renditions."""
    rendition = Rendition.objects.filter(file=name).select_related("image").first()
    if rendition is not None:
        return rendition.image
    return Image.objects.filter(file=name).first() or Document.objects.filter(file=name).first()


def answer_file(request: HttpRequest, file: Any) -> HttpResponseBase:
    """The stored file as a response: whole, one range of it (206), nothing new (304), or no such range (416).

    Args:
        file: a bound file field.

    Raises:
        Http404: when the row is there and the file is not.
    """
    storage, name = file.storage, file.name
    try:
        size, modified = storage.size(name), storage.get_modified_time(name)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Http404(name) from error
    modified = modified.astimezone(UTC)
    etag = f'"{size:x}-{int(modified.timestamp() * 1_000_000):x}"'
    last_modified = int(modified.timestamp())

    response: HttpResponseBase
    if settings.ACCEL_REDIRECT_PREFIX:
        # The web server in front sends the bytes, ranges included.
        response = HttpResponse()
        response["X-Accel-Redirect"] = f"{settings.ACCEL_REDIRECT_PREFIX.rstrip('/')}/{quote(name)}"
        return _dress(response, name)
    known = get_conditional_response(request, etag=etag, last_modified=last_modified)
    if known is not None and known.status_code == 304:
        response = known
    else:
        response = _answer_bytes(request, storage, name, size, etag, last_modified)
    response["ETag"] = etag
    response["Last-Modified"] = http_date(last_modified)
    response["Accept-Ranges"] = "bytes"
    return _dress(response, name)


def _answer_bytes(
    request: HttpRequest, storage: Any, name: str, size: int, etag: str, last_modified: int
) -> HttpResponseBase:
    wanted = request.headers.get("Range", "")
    response: HttpResponseBase
    try:
        span = parse_range(wanted, size) if wanted and _range_still_holds(request, etag, last_modified) else None
    except UnsatisfiableRange:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
        return response
    if span is None:
        response = FileResponse(storage.open(name, "rb"))
        response["Content-Length"] = str(size)
        return response
    file = storage.open(name, "rb")
    response = StreamingHttpResponse(_read(file, span.start, len(span)), status=206)
    response["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    response["Content-Length"] = str(len(span))
    return response


def _range_still_holds(request: HttpRequest, etag: str, last_modified: int) -> bool:
    """``If-Range``: send the part only if the reader's other parts are of the same file."""
    condition = request.headers.get("If-Range", "")
    if not condition or condition == etag:
        return True
    try:
        return int(parsedate_to_datetime(condition).timestamp()) == last_modified
    except (TypeError, ValueError, OverflowError):  # the last for a year or a zone that no clock has
        return False


def _read(file: IO[bytes], start: int, length: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while length > 0 and (chunk := file.read(min(CHUNK, length))):
            length -= len(chunk)
            yield chunk


def _dress(response: HttpResponseBase, name: str) -> HttpResponseBase:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    shown = kind.startswith(SHOWN) or kind in {"application/pdf", "text/vtt"}
    if response.status_code not in {304, 416}:
        response["Content-Type"] = kind
        disposition = content_disposition_header(not shown, name.rpartition("/")[2])
        if disposition:
            response["Content-Disposition"] = disposition
    # Shared caches must not keep it: the next reader may be refused.
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    if kind != "application/pdf":
        response["Content-Security-Policy"] = FILE_POLICY
    return response
