"""A material page for a signed-in member whom its audience admits, beside a bare view and a stock Wagtail page.

``session-view``
    the limit: :mod:`tests.bench.bare`, Django with ``SessionMiddleware`` and ``AuthenticationMiddleware`` alone, sessions
    in the database as in the portal, the person loaded by Django's own ``ModelBackend``, and a view that reads
    ``request.user``. The same process, database and connection pool, and the same way of asking.
``library-page-warm``
    the page once it has been kept, through the whole portal: all its middleware, the audience, the shell with its counts.
``library-page-cold``
    the same with nothing kept: the cache and the process's memory are emptied before each call.
``stock-wagtail-page``
    a StreamField page of Wagtail's tutorial behind a view restriction by group, with the middleware of Wagtail's project
    template, rendered at each request as Wagtail does.
"""

from typing import Any

from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.test import override_settings
from django.urls import set_urlconf

from portal.core.memory import Memory
from tests.bench.frame import ROUNDS, Browser, Contender, Figures, compare
from tests.bench.site import Site

SIZES = [{"blocks": 10}, {"blocks": 20}, {"blocks": 100}]

#: The size that a stock page is measured at.
STOCK_BLOCKS = 20

#: Loads the person of a session as Django does; ours loads them with their memberships.
STOCK_BACKEND = "django.contrib.auth.backends.ModelBackend"
STOCK_SESSIONS = "django.contrib.sessions.backends.db"
BARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
STOCK = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]


def make_handler(middleware: list[str] | None = None, addresses: str = "") -> WSGIHandler:
    """The portal, or an application with these middlewares and addresses alone."""
    if middleware is None:
        return WSGIHandler()
    with override_settings(MIDDLEWARE=middleware, SESSION_ENGINE=STOCK_SESSIONS):
        handler = WSGIHandler()
    handler.request_class = type("Request", (WSGIRequest,), {"urlconf": addresses})
    return handler


def forget() -> None:
    """Nothing is kept, neither in the cache nor in this process."""
    cache.clear()
    for memory in Memory.instances:
        memory.clear()


def run(size: dict[str, Any], *, rounds: int = ROUNDS, calls: int = 20) -> list[Figures]:
    blocks = size["blocks"]
    site = Site()
    cookies, plain_cookies = site.sign_in(), site.sign_in(STOCK_BACKEND)
    address = site.add_doc(blocks)
    portal = Browser(make_handler(), cookies)
    bare = Browser(make_handler(BARE, "tests.bench.bare"), plain_cookies)
    contenders = {
        "session-view": Contender(lambda: bare.get("/"), calls=calls),
        "library-page-warm": Contender(lambda: portal.get(address), calls=calls),
        "library-page-cold": Contender(lambda: portal.get(address), prepare=forget, calls=max(1, calls // 10)),
    }
    if blocks == STOCK_BLOCKS:
        stock = Browser(make_handler(STOCK, "tests.bench.stock.urls"), plain_cookies)
        stock_address = site.add_stock_page(blocks)
        contenders["stock-wagtail-page"] = Contender(lambda: stock.get(stock_address), calls=max(1, calls // 10))
    limits = dict.fromkeys(contenders, "session-view")
    try:
        return compare(contenders, size=size, limits=limits, rounds=rounds)
    finally:
        set_urlconf(None)  # the last application's addresses
