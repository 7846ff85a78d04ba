"""A class that sits an exam over HTTP, on two web workers: everyone starts within a minute and saves each minute.

``class-start``, ``class-see`` (the page), ``class-save`` (one answer), ``class-submit``
    seconds from the moment at which each was due, in milliseconds; the CPU is that of the web workers for each request
    of the whole run. The size says how many requests failed and were made again, and how many answers were lost.
"""

import statistics
from typing import Any

from django.db import connection

from tests.bench.classroom import Classroom, find_losses, make_people, serve
from tests.bench.frame import Figures
from tests.factories.certification import ExamFactory

SIZES = [{"people": 100}, {"people": 500}]
QUESTIONS = 20


def run(
    size: dict[str, Any],
    *,
    start_within: float = 60,
    saves: int = 3,
    every: float = 60,
    settings: str = "tests.bench.settings",
) -> list[Figures]:
    exam = ExamFactory(questions=QUESTIONS // 2)
    people = make_people(size["people"])
    database = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    with serve(settings, GUILDHALL_BENCH_DATABASE=database, JOBS_INLINE="false") as server:
        classroom = Classroom(server, exam, people, questions=QUESTIONS)
        classroom.plan(start_within=start_within, saves=saves, every=every)
        spent = server.cpu_seconds()
        record = classroom.run()
        spent = server.cpu_seconds() - spent
    requests = sum(len(times) for times in record.times.values())
    found = {**size, "errors": record.errors, "lost": len(find_losses(classroom))}
    return [
        Figures(
            work=f"class-{step}",
            size=found,
            per_second=round(requests / (start_within + (saves + 1) * every), 1),
            cpu_ms=round(spent / requests * 1000, 3),
            p50_ms=round(statistics.median(times) * 1000, 3),
            p95_ms=round(sorted(times)[int(len(times) * 0.95)] * 1000, 3),
            queries=0,
            limit="",
            ratio=None,
        )
        for step, times in record.times.items()
    ]
