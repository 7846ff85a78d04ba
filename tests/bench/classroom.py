"""A class of people who sit an exam over HTTP, each as the page does it: every answer until it is acknowledged.

The server is a real one, of two web workers. Candidates act at set times, and a time counts from the moment at which it
should have begun, so that a server that falls behind cannot hide it.
"""

import http.client
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from math import inf
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.db import connection

from certification.models import AnswerStep, Attempt, Exam
from portal.accounts.models import User
from tests.bench.frame import CSRF
from tests.factories.accounts import UserFactory
from tests.factories.partners import MembershipFactory, PartnerFactory
from tests.running import unused_port

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
#: How many requests may be under way at once: more than a class of 500 has.
HANDS = 48
#: The name by which both the suite and the benchmark let themselves be called.
HOST = "testserver"
#: How long a request may take, and how long a candidate's page waits before it sends an answer again.
PATIENCE_SECONDS = 10
AGAIN_SECONDS = 0.5


def make_people(count: int) -> list[User]:
    """Members of one partner that has accepted the agreement; nobody needs a password."""
    partner = PartnerFactory(agreed=True)
    unusable = make_password(None)
    return [MembershipFactory(partner=partner, user=UserFactory(password=unusable)).user for _number in range(count)]


def sign_in(user: User, backend: str = settings.AUTHENTICATION_BACKENDS[0]) -> dict[str, str]:
    """The cookies of a person who has signed in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = backend
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {settings.SESSION_COOKIE_NAME: session.session_key, settings.CSRF_COOKIE_NAME: CSRF}


@dataclass
class Server:
    """Granian on this process's database, with two workers that can be killed."""

    process: subprocess.Popen[bytes]
    port: int

    def workers(self, *, seconds_old: int = 0) -> list[int]:
        """The process ids of the workers that have been there so long."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,etimes=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        rows = [line.split() for line in listed.stdout.splitlines()]
        return [int(pid) for pid, age in rows if int(age) >= seconds_old]

    def check_alive(self) -> None:
        """
        Raises:
            RuntimeError: the whole server has ended, so that nobody will ever be answered.
        """
        if self.process.poll() is not None:
            raise RuntimeError(f"The portal has ended with {self.process.returncode}")

    def cpu_seconds(self) -> float:
        """What the workers that are there now have used."""
        used = 0.0
        for pid in self.workers():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return used


@contextmanager
def serve(settings_module: str, **environment: str) -> Iterator[Server]:
    """Run the portal on the database of this process's connection.

    Raises:
        RuntimeError: it does not answer in half a minute.
    """
    database = connection.settings_dict
    address = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    port = unused_port()
    process = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", "127.0.0.1",
            "--port", str(port), "--workers", str(WORKERS), "--blocking-threads", "4", "--no-ws",
            "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "2",
            "--log-level", "critical", "portal.wsgi:application",
        ],
        cwd=ROOT, env={**os.environ, "DJANGO_SETTINGS_MODULE": settings_module, "DATABASE_URL": address, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError("The portal does not answer")
        yield Server(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Candidate:
    """One person's browser.

    Attributes:
        given: the answers that the server has acknowledged, by position the last.
        acknowledged: how many answers it has acknowledged in all, and the numbers under which.
    """

    port: int
    cookies: dict[str, str]
    exam: str
    questions: int
    attempt: str = ""
    seq: int = 0
    given: dict[int, str] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)

    def ask(
        self, method: str, path: str, fields: dict[str, str] | None = None, accept: str = "text/html"
    ) -> tuple[int, str]:
        """Status and place of the answer; the whole of it is read.

        Raises:
            OSError, http.client.HTTPException: no answer.
        """
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        headers = {
            "Host": HOST,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Accept": accept,
            "Accept-Encoding": "gzip",
        }
        body = None
        if fields is not None:
            body = urlencode({**fields, "csrfmiddlewaretoken": CSRF})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            asked.request(method, path, body, headers)
            answer = asked.getresponse()
            answer.read()
            return answer.status, answer.getheader("Location") or ""
        finally:
            asked.close()

    def start(self) -> bool:
        status, place = self.ask("POST", f"/en/exams/{self.exam}/start/", {"language": "en"})
        if status != 302:
            return False
        self.attempt = place.rstrip("/").rpartition("/")[2]
        return True

    def see(self) -> bool:
        return self.ask("GET", f"/en/exams/attempts/{self.attempt}/")[0] == 200

    def save(self, position: int, value: str, seq: int) -> bool:
        fields = {"position": str(position), "response": value, "seq": str(seq)}
        status, _place = self.ask("POST", f"/en/exams/attempts/{self.attempt}/save/", fields, accept="application/json")
        if status == 200:
            self.given[position] = value
            self.numbers.add(seq)
        return status == 200

    def submit(self) -> bool:
        return self.ask("POST", f"/en/exams/attempts/{self.attempt}/submit/", {})[0] == 302


@dataclass
class Record:
    """What happened in a class.

    Attributes:
        times: by step, seconds from the moment at which it was due until it was done, again and again if need be.
        errors: how many requests were not answered as they should be; each was made again.
    """

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: int = 0


class Classroom:
    """Candidates, and what each is to do at which second."""

    def __init__(self, server: Server, exam: Exam, people: list[User], *, questions: int) -> None:
        self.server = server
        self.candidates = [Candidate(server.port, sign_in(user), exam.slug, questions) for user in people]
        self.record = Record()
        #: By candidate what is still to be done, the last first.
        self._plans: list[list[tuple[float, str]]] = []
        self._chance = random.Random(1)

    def plan(self, *, start_within: float, saves: int, every: float) -> None:
        """Everyone starts within so many seconds, saves an answer at each interval, and submits."""
        for _candidate in self.candidates:
            at = self._chance.uniform(0, start_within)
            steps = [(at, "start"), (at, "see"), *((at + turn * every, "save") for turn in range(1, saves + 1))]
            self._plans.append([*steps, (at + (saves + 1) * every, "submit")][::-1])

    def run(self) -> Record:
        """Do everything in time; a candidate does one thing after the other, however long the one before takes."""
        began = time.monotonic()
        waiting = queue.PriorityQueue[tuple[float, int]]()
        for number, plan in enumerate(self._plans):
            waiting.put((plan[-1][0], number))

        def work() -> None:
            try:
                go_on()
            finally:  # one that cannot go on lets nobody wait for it
                for place in range(HANDS):
                    waiting.put((inf, place))

        def go_on() -> None:
            while True:
                at, number = waiting.get()
                if at == inf:
                    return
                time.sleep(max(0.0, began + at - time.monotonic()))
                plan = self._plans[number]
                while plan and began + plan[-1][0] <= time.monotonic():
                    at, step = plan.pop()
                    self._do(self.candidates[number], step)
                    self.record.times[step].append(time.monotonic() - began - at)
                if plan:
                    waiting.put((plan[-1][0], number))
                elif not any(self._plans):
                    return

        hands = [threading.Thread(target=work) for _hand in range(HANDS)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        return self.record

    def _do(self, candidate: Candidate, step: str) -> None:
        act: Callable[[], bool] = getattr(candidate, step, candidate.see)
        if step == "save":
            candidate.seq += 1
            seq, position = candidate.seq, (candidate.seq - 1) % candidate.questions + 1
            value = str(1 + (seq + (seq - 1) // candidate.questions) % 2)

            def act() -> bool:
                return candidate.save(position, value, seq)

        while True:
            try:
                if act():
                    return
            except (OSError, http.client.HTTPException):
                pass
            self.server.check_alive()
            self.record.errors += 1
            time.sleep(AGAIN_SECONDS)


def find_losses(classroom: Classroom) -> list[str]:
    """What the server acknowledged and does not have, or has more than once; empty when every answer is there once."""
    wrong = []
    for candidate in classroom.candidates:
        attempt = Attempt.objects.get(public_id=candidate.attempt)
        steps = list(
            AnswerStep.objects.filter(attempt=attempt).order_by("seq").values_list("position", "client_seq", "response")
        )
        numbers = [number for _position, number, _response in steps]
        if missing := candidate.numbers - set(numbers):
            wrong.append(f"{attempt}: answers {sorted(missing)} are missing")
        if len(numbers) != len(set(numbers)):
            wrong.append(f"{attempt}: an answer is there twice")
        if {position for position, _number, _response in steps} != set(candidate.given):
            wrong.append(f"{attempt}: other questions are answered than were")
    return wrong
