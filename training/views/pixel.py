"""The smallest picture there is: what a page asks for when it stands before somebody's eyes."""

from django.http import HttpResponse

#: A transparent GIF; a messenger's preview of a link does not ask for it.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


def answer_pixel() -> HttpResponse:
    return HttpResponse(PIXEL, content_type="image/gif", headers={"Cache-Control": "private, no-store"})
