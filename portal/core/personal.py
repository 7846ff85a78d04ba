"""The parts of the shell that differ from person to person: the navigation with its counts, the bell, the name.

A page that looks the same to many people can be kept for all of them. Where such a page has one of these parts, the
template tag ``personal`` leaves a *mark*; at each request the marks are filled with what is the reader's own. A page that
is not kept shows the same parts, drawn by the same functions.

What is drawn is remembered in this process by what it is drawn from, so that it can never be another person's.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from portal.core import shell

SLOTS = ("portal_navigation", "portal_status")

#: What stands in a kept page for a part. It names the installation's secret, so that no text of an editor's can be one.
_SEAL = SimpleLazyObject(lambda: salted_hmac("portal.core.personal", "mark").hexdigest()[:20])


def make_mark(part: str) -> SafeString:
    return mark_safe(f"[[{_SEAL}:{part}]]")


def split_at_marks(html: str) -> list[bytes | str]:
    """The page as it is kept: by turns a piece of it, in bytes, and the name of the part that follows."""
    pieces: list[str] = re.split(rf"\[\[{_SEAL}:([a-z]+)\]\]", html)
    return [part if number % 2 else part.encode() for number, part in enumerate(pieces)]


def fill(pieces: Sequence[bytes | str], request: HttpRequest) -> bytes:
    """The page with the reader's own parts in place of the marks."""
    drawn: dict[str, bytes] = {}
    for part in pieces[1::2]:
        if part not in drawn:
            drawn[str(part)] = draw_part(str(part), request).encode()
    return b"".join(drawn[piece] if isinstance(piece, str) else piece for piece in pieces)


def draw_part(part: str, request: HttpRequest) -> SafeString:
    return mark_safe(PARTS[part](request))


def collect_slots(request: HttpRequest, *also: Any) -> list[list[tuple[Any, ...]]]:
    """Ask the apps for the slots of this page, all their counts at once, and answer what was ``also`` asked with them.

    The request keeps the slots, so that the parts of one page are drawn from one answer.
    """
    request.slots, answers = shell.collect_counted(SLOTS, request, *also)  # type: ignore[attr-defined]  # kept there
    return answers


def _find_slot(request: HttpRequest, number: int) -> list[Any]:
    if not hasattr(request, "slots"):
        collect_slots(request)
    slots: list[list[Any]] = request.slots  # type: ignore[attr-defined]  # collect_slots keeps them there
    return slots[number]


def _draw_navigation(request: HttpRequest) -> str:
    return _draw("core/_nav.html", get_language(), items=tuple(_find_slot(request, 0)))


def _draw_status(request: HttpRequest) -> str:
    language = get_language()
    return "".join(
        _draw(item.template, language, **item.context)
        if item.plain
        else render_to_string(item.template, dict(item.context), request=request)
        for item in _find_slot(request, 1)
    )


def _draw_person(request: HttpRequest) -> str:
    user: Any = request.user
    return _draw("core/_person.html", get_language(), name=user.get_full_name() or user.email, email=user.email)


def _draw_messages(request: HttpRequest) -> str:
    messages = get_messages(request)
    return render_to_string("components/messages.html", {"messages": messages}) if len(messages) else ""


def _make_token(request: HttpRequest) -> str:
    """The reader's CSRF token. The cookie that it goes with is not sent again to whoever has it: other pages renew it."""
    is_known = "CSRF_COOKIE" in request.META and not request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
    token = get_token(request)
    if is_known:
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False
    return token


@lru_cache(maxsize=1024)
def _draw(template: str, _language: str, **context: Any) -> str:
    """A template that reads nothing but its context, which is all that it is remembered by."""
    if "items" in context:
        context["nav"] = shell.split_for_phone(context["items"])
    return render_to_string(template, context)


PARTS: Mapping[str, Callable[[HttpRequest], str]] = {
    "nav": _draw_navigation,
    "status": _draw_status,
    "person": _draw_person,
    "messages": _draw_messages,
    "csrf": _make_token,
}
