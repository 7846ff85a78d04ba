"""Web workers that are killed and a database that drops everyone, in the middle of sittings: nothing given is lost."""

import os
import random
import signal
import threading

import pytest
from django.db import connection

from certification.models import Attempt, AttemptState, Grading
from tests.bench.classroom import Classroom, Server, find_losses, make_people, serve
from tests.factories.certification import ExamFactory

pytestmark = pytest.mark.skipif(
    "sqlite" in os.environ.get("GUILDHALL_TEST_ENGINE", ""), reason="the embedded default has one process"
)


def disturb(server: Server, over: threading.Event) -> tuple[int, int]:
    """Until it is over kill a worker now, and end every connection to the database then; answers how many of each."""
    chance = random.Random(7)
    killed = dropped = 0
    while not over.wait(chance.uniform(1, 3)):
        # A server whose worker dies as soon as it is born gives up: it takes the program for broken.
        grown = server.workers(seconds_old=6)
        if grown and killed <= dropped:
            os.kill(chance.choice(grown), signal.SIGKILL)
            killed += 1
        else:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                dropped += cursor.fetchone()[0]
    connection.close()
    return killed, dropped


@pytest.mark.usefixtures("committed")
def test_no_answer_is_lost_and_none_counted_twice_while_workers_and_connections_die():
    exam = ExamFactory(questions=5)
    people = make_people(12)
    over = threading.Event()
    done: list[tuple[int, int]] = []
    with serve("tests.settings") as server:
        classroom = Classroom(server, exam, people, questions=10)
        classroom.plan(start_within=1, saves=40, every=0.5)
        trouble = threading.Thread(target=lambda: done.append(disturb(server, over)))
        trouble.start()
        try:
            record = classroom.run()
        finally:
            over.set()
            trouble.join()
            connection.close()  # it was ended with the others
    [(killed, dropped)] = done
    assert killed >= 2
    assert dropped >= 2
    assert record.errors > 0
    assert find_losses(classroom) == []
    assert sum(len(candidate.numbers) for candidate in classroom.candidates) == 12 * 40
    attempts = Attempt.objects.filter(exam=exam)
    assert attempts.count() == 12  # of starts that were tried again none began a second one
    assert set(attempts.values_list("state", flat=True)) == {AttemptState.GRADED}
    assert Grading.objects.filter(attempt__in=attempts).count() == 12
