"""How a work is measured: beside its limit, in the same process and the same rounds, by the CPU that it costs.

A *work* is a module of this package with

``SIZES``
    the sizes it is measured at, each a dict such as ``{"blocks": 10}``: two or more, so that growth is visible;
``run(size)``
    which builds what it needs in the scratch database and answers :class:`Figures`, or a list of them.

``compare`` measures several contenders in turns, so that a busy machine disturbs all alike.
"""

import io
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pkgutil import iter_modules
from typing import Any
from urllib.parse import urlencode

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test.utils import CaptureQueriesContext

ROUNDS = 21
#: The token that a browser of the benchmark has as a cookie and sends with its forms.
CSRF = "c" * 32


@dataclass(frozen=True)
class Figures:
    """What a work costs. Times in milliseconds; ``ratio`` is to the CPU of ``limit``, measured in the same rounds."""

    work: str
    size: dict[str, Any]
    per_second: float
    cpu_ms: float
    p50_ms: float
    p95_ms: float
    queries: int
    limit: str = ""
    ratio: float | None = None


@dataclass
class Contender:
    """One thing to measure: what is called, and what has to be done before each call without being counted."""

    call: Callable[[], Any]
    prepare: Callable[[], Any] | None = None
    #: Calls in a round: fewer for what is slow.
    calls: int = 20
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def play_round(self) -> None:
        """One round: a call that is not counted, as it finds the processor's caches full of another's, and then the rest."""
        spent = 0.0
        for number in range(self.calls + 1):
            if self.prepare:
                self.prepare()
            cpu, wall = time.process_time(), time.perf_counter()
            self.call()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            if number:
                spent += cpu
                self.wall.append(wall)
        self.cpu.append(spent / self.calls)

    def count_queries(self) -> int:
        if self.prepare:
            self.prepare()
        with CaptureQueriesContext(connection) as queries:
            self.call()
        return len(queries)


def compare(
    contenders: Mapping[str, Contender], *, size: dict[str, Any], limits: Mapping[str, str], rounds: int = ROUNDS
) -> list[Figures]:
    """Measure the contenders in turns and answer their figures.

    The CPU is the median round's, the ratio the median of the rounds' ratios, each to the limit in the same round; the
    times are those of all calls.

    Args:
        limits: for each name the contender whose CPU is its limit.
    """
    for contender in contenders.values():
        if contender.prepare:
            contender.prepare()
        contender.call()
    for _number in range(rounds):
        for contender in contenders.values():
            contender.play_round()
    cpu = {name: statistics.median(contender.cpu) for name, contender in contenders.items()}
    figures = []
    for name, contender in contenders.items():
        times = sorted(contender.wall)
        limit = limits.get(name, "")
        ratios = (
            [spent / allowed for spent, allowed in zip(contender.cpu, contenders[limit].cpu, strict=True)]
            if limit
            else []
        )
        figures.append(
            Figures(
                work=name,
                size=size,
                per_second=round(1 / cpu[name], 1),
                cpu_ms=round(cpu[name] * 1000, 3),
                p50_ms=round(statistics.median(times) * 1000, 3),
                p95_ms=round(times[int(len(times) * 0.95)] * 1000, 3),
                queries=contender.count_queries(),
                limit=limit,
                ratio=round(statistics.median(ratios), 2) if ratios else None,
            )
        )
    return figures


class Browser:
    """Asks a WSGI application as a web server does, with a session's cookie, and reads the whole answer.

    Django's own test client costs as much as a bare view: measured through it, everything looks alike.
    """

    def __init__(self, handler: WSGIHandler, cookies: Mapping[str, str]) -> None:
        self.handler = handler
        self.location = ""
        self.cookies = "; ".join(f"{name}={value}" for name, value in cookies.items())

    def get(self, address: str) -> bytes:
        """The body of the answer.

        Raises:
            RuntimeError: for an answer other than 200, which would make the figures worthless.
        """
        return self._ask("GET", address)

    def post(self, address: str, fields: Mapping[str, Any]) -> str:
        """Where the answer to a form leads, sent with the token of the browser's cookie; empty where it is a page.

        Raises:
            RuntimeError: for an answer that is neither 200 nor leads on to another page.
        """
        body = urlencode({**fields, "csrfmiddlewaretoken": CSRF}, doseq=True).encode()
        self._ask("POST", address, body)
        return self.location

    def _ask(self, method: str, address: str, sent: bytes = b"") -> bytes:
        path, _mark, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "CONTENT_TYPE": "application/x-www-form-urlencoded" if sent else "",
            "CONTENT_LENGTH": str(len(sent)),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "testserver",
            "HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8",
            "HTTP_ACCEPT_LANGUAGE": "en",
            "HTTP_COOKIE": self.cookies,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(sent),
            "wsgi.errors": io.StringIO(),
        }
        begun: list[tuple[str, list[tuple[str, str]]]] = []
        response = self.handler(environ, lambda line, headers, _error=None: begun.append((line, headers)))
        body = b"".join(response)
        response.close()
        [(status, headers)] = begun
        self.location = dict(headers).get("Location", "")
        if not status.startswith(("200", "302") if sent else "200"):
            raise RuntimeError(f"{address}: {status}")
        return body


def find_works() -> dict[str, str]:
    """The modules of this package that are works, by name: those that have a ``run``."""
    folder = Path(__file__).parent
    names = [found.name for found in iter_modules([str(folder)]) if not found.ispkg]
    return {
        name.replace("_", "-"): f"tests.bench.{name}"
        for name in names
        if "\ndef run(" in (folder / f"{name}.py").read_text()
    }


def print_table(rows: Iterable[Figures]) -> None:
    head = ("work", "size", "per second", "CPU ms", "p50 ms", "p95 ms", "queries", "limit", "ratio")
    lines = [
        (
            row.work, ", ".join(f"{value} {name}" for name, value in row.size.items()), f"{row.per_second:,.0f}",
            f"{row.cpu_ms:.2f}", f"{row.p50_ms:.2f}", f"{row.p95_ms:.2f}", str(row.queries), row.limit,
            "" if row.ratio is None else f"{row.ratio:.2f}",
        )
        for row in rows
    ]  # fmt: skip
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    for line in [head, *lines]:
        cells = (
            cell.ljust(width) if column in (0, 1, 7) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def write_json(rows: Iterable[Figures], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
