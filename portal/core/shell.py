"""The shell's named slots: what an app may hang on every page without the shell knowing the app.

Apps register functions on Wagtail's hooks in their ``wagtail_hooks.py``; each is called with the request and may answer
one item, several, or None where it has nothing for this reader:

``portal_navigation``
    :class:`NavItem`: the main navigation; the first four by ``order`` (five if there are no more) stand in the bar
    under the thumb on a phone, the rest behind "More".
``portal_account``
    :class:`NavItem`: links of the account menu (preferences, security).
``portal_status``
    :class:`StatusItem`: small templates beside the account menu (the bell, the switch between partners).
``portal_search``
    :class:`SearchBox`: where the search field of the head sends its words.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from wagtail import hooks

# On a phone five targets of 64 px fit 320 px; a sixth would not.
PHONE_BAR_ITEMS = 5


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of a navigation. ``icon`` names a symbol of the sprite; a ``count`` above 0 is shown as a number."""

    label: str | Promise
    url: str
    icon: str = "arrow-right"
    order: int = 100
    active: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class StatusItem:
    """A template of the contributing app, rendered in the head with ``context`` and the request."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    order: int = 100


@dataclass(frozen=True, slots=True)
class SearchBox:
    """Where the head's search field leads: a GET form to ``action`` with the words in ``parameter``."""

    action: str
    label: str | Promise
    parameter: str = "q"
    value: str = ""
    order: int = 100


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


def collect_navigation(request: HttpRequest) -> list[NavItem]:
    """The main navigation for this reader."""
    return collect_items("portal_navigation", request)


def collect_account_links(request: HttpRequest) -> list[NavItem]:
    """The links of the account menu for this reader."""
    return collect_items("portal_account", request)


def collect_status(request: HttpRequest) -> list[StatusItem]:
    """The bell, the partner switch and the like for this reader."""
    return collect_items("portal_status", request)


def find_search(request: HttpRequest) -> SearchBox | None:
    """The search field of the head; where several apps offer one, that with the least order."""
    boxes: list[SearchBox] = collect_items("portal_search", request)
    return boxes[0] if boxes else None
