"""What every test may rely on."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.utils import timezone, translation

from portal.core.memory import Memory
from portal.core.models import Fact
from tests.running import RunningDemo


@pytest.fixture
def now() -> datetime:
    """A fixed moment for rules and services: they take time as an argument."""
    return datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clean_slate() -> None:
    """A request in Russian leaves its language active in the thread of the test client."""
    cache.clear()
    for memory in Memory.instances:
        memory.clear()
    translation.activate("en")
    timezone.deactivate()


@pytest.fixture
def facts():
    """``facts("leads_offered")``: payloads of that fact announced so far, oldest first."""

    def announced(name: str) -> list[dict[str, list[int]]]:
        return list(Fact.objects.filter(name=name).order_by("pk").values_list("payload", flat=True))

    return announced


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo, running as `make demo` runs it. Started once; tests that use it share the xdist group ``demo``."""
    running = RunningDemo(tmp_path_factory.mktemp("demo"))
    running.start()
    yield running
    running.stop()
