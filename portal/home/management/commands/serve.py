"""``manage.py serve``: web, worker and beat as one foreground process group."""

import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.settings.environment import read_environment

#: How long a process may take to end by itself after Ctrl-C before it is ended.
PATIENCE_SECONDS = 10.0


class Command(BaseCommand):
    help = "Run web, Celery worker and beat in the foreground; Ctrl-C ends all three."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the port on 127.0.0.1 (default 8000)")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if not port_is_free(host, port):
            raise CommandError(f"Port {port} is taken. Choose another one: --port {port + 1}")
        env = read_environment()
        bin_dir = Path(sys.executable).parent
        celery = [str(bin_dir / "celery"), "-A", "portal", "--quiet"]
        commands = {
            "web": [
                str(bin_dir / "granian"), "--interface", "wsgi", "--host", host, "--port", str(port),
                "--workers", str(env.web_workers), "--blocking-threads", "4", "--no-ws",
                # A Ctrl-C reaches granian's worker twice, from the terminal and from its parent; rarely it then stays.
                "--workers-kill-timeout", "3",
                # One that dies (the memory ran out) is no reason to end the rest.
                "--respawn-failed-workers",
                "--log-level", "warning", "portal.wsgi:application",
            ],
            "worker": [*celery, "worker", "--pool", "threads", "--concurrency", "2", "--loglevel", "WARNING",
                       "--without-gossip", "--without-mingle"],
            "beat": [*celery, "beat", "--loglevel", "WARNING", "--pidfile="],
        }  # fmt: skip
        self.run(commands, host=host, port=port)

    def say(self, text: str) -> None:
        """Print at once, also where the output is a file or a service's log."""
        self.stdout.write(text)
        self.stdout.flush()

    def run(self, commands: dict[str, list[str]], *, host: str, port: int) -> None:
        """Start the commands, wait until one ends or a signal comes, then end them all."""
        stopping = False

        def stop(_signal: int, _frame: Any) -> None:
            nonlocal stopping
            stopping = True

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGHUP, stop)
        # Celery warns at length about root; where root runs a demo or a container, there is nobody else to run it.
        quiet = {**os.environ, "PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
        # One process group: a Ctrl-C in the terminal reaches every process, and a closed terminal too.
        processes = {name: subprocess.Popen(command, env=quiet) for name, command in commands.items()}  # noqa: S603 -- our own
        ready = False
        failed = ""
        try:
            while not stopping and not failed:
                failed = next((name for name, process in processes.items() if process.poll() is not None), "")
                if not ready and not port_is_free(host, port):
                    ready = True
                    self.say(f"Running at {settings.BASE_URL}/ - Ctrl-C ends it")
                time.sleep(0.2)
        finally:
            self.say("\nEnding web, worker and beat ...")
            end_all(list(processes.values()))
        if failed and not stopping:
            raise CommandError(
                f"{failed} ended by itself (code {processes[failed].returncode}); everything was stopped"
            )
        self.say("Ended. The data is kept: the same command goes on from here")


def port_is_free(host: str, port: int) -> bool:
    """Whether nobody answers at the address."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) != 0


def end_all(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask every process to end, and end those that do not within the patience."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port(host: str, wanted: int) -> int:
    """``wanted`` if it is free, else the next free one above it."""
    for port in range(wanted, wanted + 50):
        if port_is_free(host, port):
            return port
    raise CommandError(f"No free port between {wanted} and {wanted + 49}")
