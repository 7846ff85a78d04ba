"""A calendar of many sessions, as a calendar program asks for it: from the cache, anew, and when nothing has changed.

The sessions stand in four time zones and have a topic, a description and speakers in two languages, as a season has.
"""

import io
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.partners.models import Membership, Partner, PartnerKind, Tier
from tests.bench.frame import Figures
from tests.factories.training import Tree, publish
from training.calendars import write_zone
from training.models import Registration, RegistrationState, Session, WebinarIndexPage, WebinarSeriesPage
from training.services.calendars import give_feed

SIZES = [{"sessions": 20}, {"sessions": 200}]
#: Milliseconds: p95 of a calendar of 200 sessions.
LIMITS = {"calendar-feed": 50, "calendar-feed-cold": 150, "calendar-feed-unchanged": 50}
ROUNDS = 20
ZONES = ("Europe/Moscow", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


def run(size: dict[str, Any]) -> list[Figures]:
    """Seat a person in so many sessions, and read their calendar by its private address."""
    address = fill(size["sessions"])
    handler = WSGIHandler()
    etag = ask(handler, address)
    works: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "calendar-feed": (partial(ask, handler, address), lambda: None),
        "calendar-feed-cold": (partial(ask, handler, address), forget),
        "calendar-feed-unchanged": (partial(ask, handler, address, etag=etag), lambda: None),
    }
    return [measure(name, size, call, prepare) for name, (call, prepare) in works.items()]


def ask(handler: WSGIHandler, address: str, *, etag: str = "") -> str:
    """Ask as a calendar program does, read the whole answer, and return its ETag.

    Raises:
        RuntimeError: for an answer that would make the figures worthless.
    """
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": address, "QUERY_STRING": "", "SCRIPT_NAME": "",
        "SERVER_NAME": "testserver", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "testserver", "HTTP_ACCEPT": "text/calendar", "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), **({"HTTP_IF_NONE_MATCH": etag} if etag else {}),
    }  # fmt: skip
    answered: list[tuple[str, dict[str, str]]] = []
    response = handler(environ, lambda line, headers, _error=None: answered.append((line, dict(headers))))
    body = b"".join(response)
    response.close()
    status, headers = answered[0]
    if not status.startswith("304" if etag else "200") or bool(body) == bool(etag):
        raise RuntimeError(f"{address}: {status}")
    return headers["ETag"]


def forget() -> None:
    """Nothing is kept: not the calendar, not what the clocks of the zones do."""
    cache.clear()
    write_zone.cache_clear()


def measure(work: str, size: dict[str, Any], call: Callable[[], Any], prepare: Callable[[], Any]) -> Figures:
    prepare()
    with CaptureQueriesContext(connection) as captured:
        call()
    queries = len(captured)  # now: the next request forgets them
    times, cpu = [], []
    for _round in range(ROUNDS):
        prepare()
        processor, clock = time.process_time(), time.perf_counter()
        call()
        times.append((time.perf_counter() - clock) * 1000)
        cpu.append((time.process_time() - processor) * 1000)
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    return Figures(
        work=work,
        size=size,
        per_second=round(1000 / statistics.mean(times), 1),
        cpu_ms=round(statistics.mean(cpu), 3),
        p50_ms=round(statistics.median(times), 3),
        p95_ms=round(p95, 3),
        queries=queries,
        limit=f"{LIMITS[work]} ms",
        ratio=round(p95 / LIMITS[work], 2),
    )


def fill(sessions: int) -> str:
    """A member with a seat in so many sessions of one series; the private address of their calendar."""
    tree = Tree()
    now = timezone.now().replace(microsecond=0)
    kind = PartnerKind.objects.create(slug="bench", name={"en": "Bench"})
    tier = Tier.objects.create(slug="bench", name={"en": "Bench"}, rank=91)
    partner = Partner.objects.create(name="Bench", kind=kind, tier=tier, country="DE", registered_at=now)
    user = User.objects.create_user("bench@partner.example", language="ru")
    membership = Membership.objects.create(partner=partner, user=user, started_at=now)
    pages = {}
    for code in ("en", "ru"):
        webinars = publish(
            tree.roots[code].add_child(instance=WebinarIndexPage(title="Webinars", slug="webinars", live=False))
        )
        page = WebinarSeriesPage(title="Tuesday for sellers" if code == "en" else "Вторник продавца", slug="tuesday")
        pages[code] = tree.add(webinars, page, translation_of=pages.get("en"))
    made = Session.objects.bulk_create(
        [
            Session(
                page=pages["en"],
                page_key=pages["en"].translation_key,
                topic={"en": f"Session {number}: price, and value", "ru": f"Встреча {number}: цена и ценность"},
                about={"en": "What a customer asks. " * 12, "ru": "О чём спрашивает клиент. " * 12},
                speakers="Grace Hopper, Анна Петрова",
                starts_at=now + timedelta(days=3 * number, hours=number % 4),
                ends_at=now + timedelta(days=3 * number, hours=number % 4 + 1),
                zone=ZONES[number % 4],
                changed_at=now,
            )
            for number in range(sessions)
        ]
    )
    Registration.objects.bulk_create(
        [
            Registration(
                session=session, user=user, membership=membership, state=RegistrationState.SEATED, registered_at=now,
                seated_at=now,
            )
            for session in made
        ]
    )  # fmt: skip
    return reverse("training:feed", args=[give_feed(user, now=now).token])
