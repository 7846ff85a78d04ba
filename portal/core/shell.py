"""The shell's named slots: what an app may hang on every page without the shell knowing the app.

Apps register functions on Wagtail's hooks in their ``wagtail_hooks.py``; each is called with the request and may answer
one item, several, or None where it has nothing for this reader:

``portal_navigation``
    :class:`NavItem`: the main navigation; the first four by ``order`` (five if there are no more) stand in the bar
    under the thumb on a phone, the rest behind "More".
``portal_account``
    :class:`NavItem`: links of the account menu (preferences, security); the same for every member of a partner, as they
    are part of the pages that are kept for many of them, and so without a count.
``portal_status``
    :class:`StatusItem`: small templates beside the account menu (the bell, the switch between partners).
``portal_search``
    :class:`SearchBox`: where the search field of the head sends its words; likewise.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
from wagtail import hooks

from portal.core.prepared import Asked, ask

THEMES = ("auto", "light", "dark")

# On a phone five targets of 64 px fit 320 px; a sixth would not.
PHONE_BAR_ITEMS = 5


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of a navigation. ``icon`` names a symbol of the sprite; a ``count`` above 0 is shown as a number.

    A count that has to be asked of the database is given as the question: all counts of a page are asked at once.
    """

    label: str | Promise
    url: str
    icon: str = "arrow-right"
    order: int = 100
    active: bool = False
    count: int | Asked = 0


@dataclass(frozen=True, slots=True)
class StatusItem:
    """A template of the contributing app, rendered in the head with ``context`` and the request.

    Values of the context may be questions that count, as in :class:`NavItem`. ``plain``: the template reads nothing but
    its context, so it need not be rendered again for the same one.
    """

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    order: int = 100
    plain: bool = False


@dataclass(frozen=True, slots=True)
class SearchBox:
    """Where the head's search field leads: a GET form to ``action`` with the words in ``parameter``.

    ``suggest`` answers, with the words in ``q``, a list of what is found while they are typed.
    """

    action: str
    label: str | Promise
    parameter: str = "q"
    value: str = ""
    order: int = 100
    suggest: str = ""


def collect_items(hook_name: str, request: HttpRequest) -> list[Any]:
    """Everything that the apps registered on ``hook_name`` have for this reader, by ``order``.

    Equal orders keep the order of registration, so the answer is the same at every request.
    """
    items: list[Any] = []
    contribute: Callable[[HttpRequest], Any]
    for contribute in hooks.get_hooks(hook_name):
        answer = contribute(request)
        if answer is None:
            continue
        items.extend(answer if isinstance(answer, Iterable) else [answer])
    return sorted(items, key=lambda item: item.order)


def collect_counted(
    hook_names: Iterable[str], request: HttpRequest, *also: Asked
) -> tuple[list[list[Any]], list[list[tuple[Any, ...]]]]:
    """What several hooks have for this reader, with every count in it; and the answers to what is ``also`` asked.

    One round trip to the database for all of it, none if nothing is asked.
    """
    slots = [collect_items(name, request) for name in hook_names]
    counts = [asked for items in slots for item in items for asked in _list_questions(item)]
    answers = ask(*also, *counts) if also or counts else []
    numbers = iter([rows[0][0] for rows in answers[len(also) :]])
    return [[_fill_in(item, numbers) for item in items] for items in slots], answers[: len(also)]


def _list_questions(item: Any) -> list[Asked]:
    values = item.context.values() if isinstance(item, StatusItem) else [getattr(item, "count", 0)]
    return [value for value in values if isinstance(value, Asked)]


def _fill_in(item: Any, numbers: Iterator[int]) -> Any:
    """The item with numbers where it asked; they come in the order of the questions."""
    if not _list_questions(item):
        return item
    if isinstance(item, StatusItem):
        filled = {name: next(numbers) if isinstance(value, Asked) else value for name, value in item.context.items()}
        return replace(item, context=filled)
    return replace(item, count=next(numbers))


def collect_account_links(request: HttpRequest) -> list[NavItem]:
    """The links of the account menu for this reader."""
    return collect_items("portal_account", request)


def split_for_phone(items: Sequence[NavItem]) -> dict[str, Sequence[NavItem]]:
    """The main navigation as ``first`` and ``more``: what fits the bar of a phone, and what goes behind "More"."""
    if len(items) <= PHONE_BAR_ITEMS:
        return {"first": items, "more": []}
    return {"first": items[: PHONE_BAR_ITEMS - 1], "more": items[PHONE_BAR_ITEMS - 1 :]}


def find_search(request: HttpRequest) -> SearchBox | None:
    """The search field of the head; where several apps offer one, that with the least order."""
    boxes: list[SearchBox] = collect_items("portal_search", request)
    return boxes[0] if boxes else None


def locate(name: str) -> str:
    """The address of a page without arguments, in the active language; remembered, as every page asks for a dozen."""
    return _locate(name, get_language(), get_urlconf(), get_script_prefix())


@lru_cache(maxsize=256)
def _locate(name: str, _language: str, urlconf: str | None, _prefix: str) -> str:
    return reverse(name, urlconf)


def find_theme(request: HttpRequest) -> str:
    """The reader's choice of light on this device: "auto", "light" or "dark"."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else "auto"
