"""The contracts of import-linter are shown a violation of each kind, so that none of them can pass by looking at nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)

VIOLATIONS = {
    "The stack": ("training/access.py", "import certification.access"),
    "Inside an app": ("portal/leads/services/offers.py", "import portal.leads.views"),
    "Rules are pure": ("portal/leads/routing.py", "import django.conf"),
}


def judge(folder: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(linter), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder)},
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for name in ("portal", "training", "certification"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("demo", "static", "templates", "__pycache__")
        )
        if name == "portal":  # the loader's package is called as the folder of its content
            shutil.copytree(ROOT / "portal/home/services/demo", folder / "portal/home/services/demo")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_code_as_it_stands_keeps_every_contract(copy):
    run = judge(copy)
    assert run.returncode == 0, run.stdout
    assert "3 kept, 0 broken" in run.stdout


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_deliberate_violation_turns_its_contract_red(copy, contract):
    name, line = VIOLATIONS[contract]
    file = copy / name
    source = file.read_text()
    file.write_text(f"{source}\n{line}\n")
    try:
        run = judge(copy)
    finally:
        file.write_text(source)
    assert run.returncode == 1
    broken = [text for text in run.stdout.splitlines() if text.startswith(contract)]
    assert broken, run.stdout
