"""The demo as a newcomer runs it: a process group of its own on SQLite and files, driven from outside."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

#: How long the first start may take on a busy machine.
START_SECONDS = 240


def clean_environment(folder: Path) -> dict[str, str]:
    """The environment of a newcomer's shell: nothing of the suite's settings."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "LC_ALL") if key in os.environ}
    return {**kept, "GUILDHALL_VAR": str(folder / "var"), "MEDIA_ROOT": str(folder / "media"), "PYTHONUNBUFFERED": "1"}


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RunningDemo:
    """``manage.py demo`` in a folder of its own."""

    folder: Path
    port: int = field(default_factory=unused_port)
    process: subprocess.Popen[str] | None = None
    output: str = ""
    #: Further environment, such as DATABASE_URL and REDIS_URL.
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        return {**clean_environment(self.folder), "BASE_URL": self.address, **self.extra}

    def start(self, *arguments: str) -> float:
        """Start and wait for the first page; returns the seconds it took.

        Raises:
            RuntimeError: with the output, when it ends by itself or does not answer in time.
        """
        began = time.monotonic()
        log = self.folder / "demo.log"
        self.folder.mkdir(parents=True, exist_ok=True)
        with log.open("w") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", str(self.port), *arguments],
                cwd=settings.BASE_DIR, env={**clean_environment(self.folder), **self.extra}, stdout=sink,
                stderr=subprocess.STDOUT, text=True, start_new_session=True,
            )  # fmt: skip
        while time.monotonic() - began < START_SECONDS:
            self.output = log.read_text()
            if self.process.poll() is not None:
                raise RuntimeError(f"The demo ended by itself:\n{self.output}")
            if "Ctrl-C ends it" in self.output and self._answers():
                return time.monotonic() - began
            time.sleep(0.2)
        raise RuntimeError(f"The demo did not answer:\n{self.output}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/en/sign-in/login/", timeout=20) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def press_ctrl_c(self) -> tuple[int, float]:
        """What a terminal does on Ctrl-C: SIGINT to the whole foreground group. Returns exit code and seconds."""
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(30)
        self.output = (self.folder / "demo.log").read_text()
        return code, time.monotonic() - began

    def group_is_empty(self) -> bool:
        """Whether no process of the group is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR, env=self.env, capture_output=True, text=True, check=True,
        )  # fmt: skip

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)

    def sign_ins(self) -> dict[str, str]:
        """E-mail to who it is, as printed."""
        return dict(re.findall(r"^\s+(\S+@\S+)\s{2,}(.+)$", self.output, flags=re.M))
