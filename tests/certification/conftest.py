"""What several of these tests need."""

from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import translation

from training.models import CoursePage


@pytest.fixture(autouse=True)
def _in_english():
    """A page in Russian leaves its language active in the thread of the test client."""
    with translation.override("en"):
        yield


@pytest.fixture
def course(tree):
    return tree.add(tree.course_lists["en"], CoursePage(title="Selling well", slug="selling-well"))


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
