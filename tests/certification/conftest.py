"""What several of these tests need."""

from threading import Barrier, Thread

import pytest
from django.apps import apps
from django.db import connection, connections
from django.utils import translation

from portal.core.models import Delivery, Fact
from tests.factories.training import Tree
from training.models import CoursePage


@pytest.fixture(autouse=True)
def _in_english():
    """A page in Russian leaves its language active in the thread of the test client."""
    with translation.override("en"):
        yield


@pytest.fixture
def tree(db):
    return Tree()


@pytest.fixture
def course(tree):
    return tree.add(tree.course_lists["en"], CoursePage(title="Selling well", slug="selling-well"))


@pytest.fixture
def committed(django_db_setup, django_db_blocker):
    """A database in which several connections see one another's commits; emptied afterwards of what these tests write.

    Not pytest-django's ``transactional_db``: it empties every table, with the pages and groups that migrations made.
    """
    if connection.vendor != "postgresql":
        pytest.skip("locks need PostgreSQL")
    with django_db_blocker.unblock():
        yield
        labels = ("certification", "notifications", "partners", "accounts")
        models = [
            model for label in labels for model in apps.get_app_config(label).get_models(include_auto_created=True)
        ]
        with connection.cursor() as cursor:
            # Answers and asked questions cannot be deleted otherwise, and the order of the tables does not matter.
            cursor.execute("SET session_replication_role = replica")
            for model in [*models, Fact, Delivery]:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
            cursor.execute("SET session_replication_role = DEFAULT")
        connections.close_all()


@pytest.fixture
def race():
    """``race(one, other)``: run functions at once, each on its own connection; their results or errors, in order."""

    def run(*functions):
        start = Barrier(len(functions))
        results = [None] * len(functions)

        def call(place, function):
            try:
                start.wait(10)
                results[place] = function()
            except Exception as error:
                results[place] = error
            finally:
                connections.close_all()

        threads = [Thread(target=call, args=pair) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return results

    return run
