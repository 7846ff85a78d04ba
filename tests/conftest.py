"""What every test may rely on. How many cases a property is tried with is said in :mod:`tests.soak`."""

import gc
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.test import TransactionTestCase
from django.utils import timezone, translation
from wagtail.models import Site

import tests.soak  # noqa: F401 -- loads its profile
from portal.core.memory import Memory
from portal.core.models import Fact
from tests.databases import (
    copy_template,
    forget_templates,
    put_back_what_migrations_wrote,
    remember_what_migrations_wrote,
)
from tests.factories.training import Tree
from tests.running import RunningDemo


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("create_db") and not hasattr(config, "workerinput"):
        forget_templates()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the running demo belongs to one worker, so that it is started once."""
    for item in items:
        if "demo" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("demo"))


def pytest_collection_finish(session: pytest.Session) -> None:
    # What is imported by now stays: the collector of garbage need not look at it again and again (a tenth of the time).
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    # Groups that are not heeded make the suite slow, and nobody would see it.
    if hasattr(session.config, "workerinput") and session.config.getoption("loadgroup"):
        for item in session.items:
            if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
                raise pytest.UsageError(f"pytest-xdist does not heed the group of {item.nodeid}")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_modify_db_settings, django_db_blocker) -> None:
    """In place of pytest-django's, which migrates for each worker and empties every table after a test that commits."""
    with django_db_blocker.unblock():
        copy_template()
        remember_what_migrations_wrote()
    TransactionTestCase._fixture_teardown = lambda _case: put_back_what_migrations_wrote()


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
def committed(django_db_setup, django_db_blocker):
    """A database in which several connections see one another's commits; put back afterwards."""
    if connection.vendor != "postgresql":
        pytest.skip("locks need PostgreSQL")
    with django_db_blocker.unblock():
        yield
        put_back_what_migrations_wrote()
        Site.clear_site_root_paths_cache()
        connections.close_all()


@pytest.fixture
def tree(db) -> Tree:
    return Tree()


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
