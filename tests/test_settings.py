"""The environment is checked at start, and mistakes are named."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from portal.settings.environment import Environment


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    env = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
        cwd=settings.BASE_DIR, env={**env, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"GUILDHALL_MODE": "production"}, "SECRET_KEY"),
        ({"GUILDHALL_MODE": "production", "SECRET_KEY": "k" * 60}, "BASE_URL"),
        ({"GUILDHALL_MODE": "staging"}, "GUILDHALL_MODE"),
        ({"BASE_URL": "portal.example.com"}, "BASE_URL"),
        ({"MFA_REQUIRED_FOR": "staff,everyone"}, "everyone"),
        ({"WEB_WORKERS": "none"}, "WEB_WORKERS"),
    ],
)
def test_a_mistake_in_the_environment_stops_the_start_and_is_named(variables, named):
    run = start(**variables)
    assert run.returncode == 1
    assert named in run.stderr
    assert "docs/settings.md" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_defaults_need_no_environment(tmp_path):
    assert start(GUILDHALL_VAR=str(tmp_path)).returncode == 0


def test_the_secret_of_a_mistake_is_not_printed():
    run = start(GUILDHALL_MODE="production", SECRET_KEY="hunter2")
    assert "hunter2" not in run.stderr


def test_every_setting_says_what_it_does():
    assert all(field.description for field in Environment.model_fields.values())
