"""Whole pages of materials, kept for all readers to whom they look the same.

What a page looks like depends on: its text and all else that is published (the *content version*); the audiences that are
open to the reader, and their tier, as lists and links and prices are theirs; the language, time zone and day; and how the
material stands to them (pinned, fresh, changed since they were here). Under all this together a page is kept, and nothing
of the person is in it: their name, counts and tokens are filled in at each request (``portal.core.personal``).

At each request the database is asked all that the key is made of: with the person their memberships, and then, in one
more round trip, which material is live at the address, the content version, the audiences open to the reader now, and the
counts of the shell. So after a page was published or withdrawn, a right was lost, a tier has changed, the key is another
at the next request, and the old page is never found again. A page is kept only after its audience let its reader
in, and it is found only by readers with the same rights.

Not kept: for the vendor's staff, with anything in the query string, for a video that is to go on from the middle, and
types that show the reader's own progress (``MaterialPage.is_kept``).
"""

from dataclasses import dataclass, fields
from hashlib import sha256
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language

from portal.content.services.pages import ask_content_version, find_root_paths, name_content_version
from portal.core.memory import Memory
from portal.core.personal import collect_slots, fill, make_mark, split_at_marks
from portal.core.shell import find_theme
from portal.partners.services.acting import ask_open_audiences
from training.access import Reader
from training.services.reading import Found, ReadingState, ask_material_at, read_found

#: Seconds that a page is kept in the cache, and then in the memory of a process that has shown it. What does not change
#: the content version, such as how a card fared, may be as late as both together.
KEPT = 240
REMEMBERED = 60

_read_state = attrgetter(*(field.name for field in fields(ReadingState)))

_pages = Memory(size=300)
#: The content version that this process saw last, with the roots of the trees as they were then.
_content = Memory(size=1)


@dataclass(frozen=True, slots=True)
class Look:
    """A material as one reader is about to see it."""

    found: Found
    reader: Reader
    content_version: str
    #: What it is kept under; empty where it is not to be kept.
    key: str


def answer_kept(request: HttpRequest, path: str) -> HttpResponse | None:
    """The material at the path as it was kept, or None where the page is to be made.

    The request then knows the :class:`Look`, so that making it asks nothing twice.
    """
    look = find_look(request, path)
    if look is None:
        return None
    pieces = _recall(look.key) if look.key else None
    if pieces is None:
        request.look = look  # type: ignore[attr-defined]  # read by training.views.pages
        return None
    return _answer(pieces, request)


def _recall(key: str) -> list[bytes | str] | None:
    """A kept page: from this process's memory, or from the cache that all processes share."""
    pieces: list[bytes | str] | None = _pages.get(key)
    if pieces is None:
        pieces = cache.get(key)
        if pieces is not None:
            _pages.set(key, pieces, REMEMBERED)
    return pieces


def find_look(request: Any, path: str) -> Look | None:
    """What a member is about to see, if a material is live at the path. One round trip to the database.

    It is asked of the content version that this process saw last, and answers whether that is still the last.
    """
    user, now = request.user, timezone.now()
    if request.method not in {"GET", "HEAD"} or not user.is_authenticated or request.membership is None:
        return None
    seen: tuple[str, dict[str, str]] = _content.get("seen") or ("", {})
    for _attempt in range(2):
        request.content_version, roots = seen
        rows, pages, others, audiences = collect_slots(
            request,
            ask_material_at(f"{roots.get(get_language() or '')}{path}", user_id=user.pk, now=now),
            *ask_content_version(),
            ask_open_audiences(request.membership, now),
        )
        seen = (name_content_version(pages, others), roots)
        if seen[0] == request.content_version:
            break
        seen = (seen[0], find_root_paths())
        _content.set("seen", seen, KEPT)
    request.content_version = seen[0]
    found = read_found(rows)
    if found is None:
        return None
    reader = Reader(user, request.membership, now, frozenset(number for (number,) in audiences), reads_all=False)
    return Look(found, reader, seen[0], _name_look(request, found, reader, seen[0]))


def _name_look(request: HttpRequest, found: Found, reader: Reader, content_version: str) -> str:
    """The key of a page: everything that its looks depend on."""
    page_type: Any = ContentType.objects.get_for_id(found.content_type_id).model_class()
    if not page_type.is_kept or request.META.get("QUERY_STRING") or found.state.seconds:
        return ""
    moment = timezone.localtime(reader.now)
    state = found.state.face
    depends_on = (
        # the installation
        settings.VENDOR_NAME, getattr(staticfiles_storage, "manifest_hash", ""),
        # what is published
        request.path, found.page_id, found.revision_id, found.published_at, content_version,
        # the reader's rights
        sorted(reader.audience_ids), reader.tier_id, reader.country if page_type.differs_by_country else "",
        # how the material stands to them
        state.judge_freshness(reader.now), *_read_state(state),
        # where, when and how they read
        get_language(), moment.tzname(), timezone.get_current_timezone_name(), moment.date(), find_theme(request),
    )  # fmt: skip
    return "training:page:" + sha256("\n".join(map(str, depends_on)).encode()).hexdigest()


def draw_page(request: HttpRequest, template: str, context: dict[str, Any], look: Look) -> HttpResponse:
    """Make a page with marks for what is the reader's own, keep it, and answer it filled in."""
    marked = {**context, "keeping": True, "csrf_token": make_mark("csrf")}
    pieces = split_at_marks(render_to_string(template, marked, request=request))
    cache.set(look.key, pieces, KEPT)
    _pages.set(look.key, pieces, REMEMBERED)
    return _answer(pieces, request)


def _answer(pieces: list[bytes | str], request: HttpRequest) -> HttpResponse:
    return HttpResponse(fill(pieces, request), headers={"Cache-Control": "private, no-cache"})
