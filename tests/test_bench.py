"""The frame of the benchmarks works, at tiny sizes. What things cost is for ``make bench`` to say."""

import json
from dataclasses import fields

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from tests.bench import exam_class, lead_distribution, library_pages
from tests.bench.frame import Contender, Figures, compare, find_works, print_table, write_json

FIELDS = {"work", "size", "per_second", "cpu_ms", "p50_ms", "p95_ms", "queries", "limit", "ratio"}


def work(steps: int) -> int:
    return sum(range(steps))


@pytest.mark.django_db
class TestComparing:
    def test_each_contender_is_called_in_every_round_and_prepared_outside_the_count(self):
        calls, prepared = [], []
        contenders = {
            "light": Contender(lambda: calls.append("light"), calls=3),
            "heavy": Contender(lambda: calls.append("heavy"), prepare=lambda: prepared.append(1), calls=1),
        }
        compare(contenders, size={}, limits={}, rounds=2)
        # Once before the rounds, in each round one that is not counted and the rest, and once to count the queries.
        assert calls.count("light") == 1 + 2 * (1 + 3) + 1
        assert calls.count("heavy") == 1 + 2 * (1 + 1) + 1
        assert len(prepared) == calls.count("heavy")

    def test_the_ratio_is_to_the_limit_of_the_same_rounds(self):
        contenders = {"limit": Contender(lambda: work(2_000)), "much": Contender(lambda: work(400_000), calls=2)}
        limit, much = compare(contenders, size={"steps": 1}, limits=dict.fromkeys(contenders, "limit"), rounds=3)
        assert limit.ratio == 1
        assert much.ratio > 1
        assert much.limit == "limit"


def test_every_work_is_found_and_says_its_sizes():
    works = find_works()
    assert {"library-pages", "search"} <= set(works)
    assert len(library_pages.SIZES) >= 2


@pytest.fixture
def one_connection(db):
    """Requests leave the test's transaction open, as they do with Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_a_material_page_is_measured_warm_and_cold_beside_a_bare_view(one_connection, settings):
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, library_pages.STOCK_BACKEND]
    figures = {row.work: row for row in library_pages.run({"blocks": 2}, rounds=1, calls=1)}
    assert set(figures) == {"session-view", "library-page-warm", "library-page-cold"}
    assert figures["session-view"].queries == 2
    assert figures["library-page-warm"].queries == 2
    assert figures["library-page-cold"].queries > 2


@pytest.mark.usefixtures("committed")
def test_a_class_sits_an_exam_over_http_and_loses_nothing():
    rows = exam_class.run({"people": 3}, start_within=0.5, saves=2, every=0.5, settings="tests.settings")
    assert {row.work for row in rows} == {"class-start", "class-see", "class-save", "class-submit"}
    assert rows[0].size == {"people": 3, "errors": 0, "lost": 0}
    assert rows[0].cpu_ms > 0


@pytest.mark.usefixtures("committed")
def test_leads_are_drained_by_one_process_and_by_two_beside_bare_sql():
    size = {"leads": 12, "eligible": 2}
    rows = lead_distribution.run(size, partners=4, routes=2, rounds=1, settings="tests.settings")
    figures = {row.work: row for row in rows}
    assert set(figures) == {"lead-distribution", "lead-distribution-two", "lead-distribution-sql"}
    assert figures["lead-distribution"].size.pop("bytes") > 28
    assert all(row.size == size and row.ratio > 0 for row in rows)


def test_the_figures_are_written_as_a_table_and_as_json(tmp_path, capsys):
    assert {field.name for field in fields(Figures)} == FIELDS
    row = Figures("library-page-warm", {"blocks": 10}, 1000.0, 1.0, 1.1, 1.9, 3, "session-view", 1.5)
    print_table([row])
    assert "library-page-warm" in capsys.readouterr().out
    write_json([row], tmp_path / "var" / "bench.json")
    [written] = json.loads((tmp_path / "var" / "bench.json").read_text())
    assert set(written) == FIELDS
    assert written["size"] == {"blocks": 10}
