"""`make demo`: started with one command, ended with Ctrl-C, and the data kept."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from io import StringIO

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command

from portal.home.management.commands import demo as demo_command
from portal.home.services.demo import SignIn
from tests.running import RunningDemo

pytestmark = pytest.mark.xdist_group("demo")


def test_it_prints_the_address_and_a_sign_in_for_each_kind_of_person(demo):
    assert f"http://127.0.0.1:{demo.port}/" in demo.output
    signs = demo.sign_ins()
    assert len(signs) >= 8
    assert any("editor" in who for who in signs.values())
    assert "password" in demo.output


def test_ctrl_c_ends_everything_cleanly_and_a_second_start_keeps_the_data(demo, tmp_path):
    """A copy of the running demo's folder, so that the shared one goes on."""
    other = RunningDemo(tmp_path / "again")
    (other.folder / "var").mkdir(parents=True)
    name = "guildhall.sqlite3"
    with (
        closing(sqlite3.connect(demo.folder / "var" / name)) as source,
        closing(sqlite3.connect(other.folder / "var" / name)) as target,
    ):
        source.backup(target)
    seconds = other.start()
    try:
        assert "Loading the demo" not in other.output
        code, ending = other.press_ctrl_c()
    finally:
        other.stop()
    assert code == 0
    assert "Traceback" not in other.output
    assert "Ended. The data is kept" in other.output
    assert ending < 12
    assert other.group_is_empty()
    assert seconds < 60


def test_a_taken_port_is_not_fought_over(demo, tmp_path):
    run = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", str(demo.port)],
        cwd=settings.BASE_DIR, env=demo.env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert f"--port {demo.port + 1}" in run.stderr


def test_the_demo_says_which_port_it_took_instead(demo, monkeypatch):
    """Up to where the processes start: `serve` takes the place of the command."""
    started = []
    monkeypatch.setattr(demo_command, "demo_is_loaded", lambda: True)
    monkeypatch.setattr(demo_command, "demo_sign_ins", lambda: [SignIn("ada@example.com", "Seller")])
    monkeypatch.setattr(demo_command, "call_command", lambda *_words, **_options: None)
    monkeypatch.setattr(demo_command.os, "execv", lambda _program, words: started.append(words))
    monkeypatch.setenv("BASE_URL", demo.address)
    out = StringIO()
    call_command("demo", port=demo.port, stdout=out)
    taken = int(started[0][-1])
    assert taken > demo.port
    assert f"Port {demo.port} is taken by something else: using {taken}" in out.getvalue()
    assert f"http://127.0.0.1:{taken}/" in out.getvalue()


def receive_one_lead(running: RunningDemo) -> str:
    """Import a lead in another process; returns what has become of it once somebody has handed the fact on."""
    file = running.folder / "one.csv"
    file.write_text("Number,Company,Product,Region\nDEMO-TEST-1,Wren & Sons,CRM,Central\n")
    running.manage("import_leads", str(file), "--source", "website")
    question = "from portal.leads.models import Lead; print(Lead.objects.get(external_id='DEMO-TEST-1').status)"
    deadline = time.monotonic() + 90
    while (status := running.manage("shell", "-v", "0", "-c", question).stdout.strip()) == "new":
        assert time.monotonic() < deadline
        time.sleep(1)
    return status


def test_the_worker_does_its_work_on_the_embedded_queue(demo):
    assert receive_one_lead(demo) in {"offered", "held"}


def test_the_same_command_runs_on_postgresql_and_redis(tmp_path):
    name = f"guildhall_demo_{os.getpid()}"
    with psycopg.connect("postgres://postgres@127.0.0.1:5432/postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        running = RunningDemo(
            tmp_path / "servers",
            extra={
                "DATABASE_URL": f"postgres://postgres@127.0.0.1:5432/{name}",
                "REDIS_URL": "redis://127.0.0.1:6379/9",
            },
        )
        try:
            running.start()
            status = receive_one_lead(running)
            code, _seconds = running.press_ctrl_c()
        finally:
            running.stop()
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    assert status in {"offered", "held"}
    assert code == 0
    assert not (running.folder / "var" / "guildhall.sqlite3").exists()
    assert running.group_is_empty()
