"""Documentation under test: what exists is documented, what is documented exists, and the README's commands run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.urls import URLResolver, get_resolver

from portal.core.facts import type_names
from portal.settings.environment import Environment

ROOT = Path(settings.BASE_DIR)
OURS = ("portal.", "training", "certification")


def first_column(document: str) -> set[str]:
    """The names in backticks that open a table row."""
    return set(re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / document).read_text(), flags=re.M))


def test_every_setting_is_documented_and_no_other():
    assert first_column("settings.md") == {name.upper() for name in Environment.model_fields}


def test_the_example_environment_names_only_settings_that_exist():
    names = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.M))
    assert names <= {name.upper() for name in Environment.model_fields}


def test_every_command_is_documented_and_no_other():
    ours = {name for name, app in get_commands().items() if isinstance(app, str) and app.startswith(OURS)}
    assert first_column("commands.md") == ours


def test_every_fact_is_documented_and_no_other():
    ours = {name for name, fact in type_names.items()}
    assert first_column("facts.md") == ours


def test_the_facts_page_names_every_receiver():
    text = (ROOT / "docs" / "facts.md").read_text()
    missing = [
        receiver
        for fact in type_names.values()
        for receiver in fact.receivers
        if receiver.rsplit(".", 1)[1] not in text
    ]
    assert missing == []


def our_namespaces() -> set[str]:
    found = set()

    def walk(patterns):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                module = getattr(pattern.urlconf_module, "__name__", "")
                if pattern.app_name and module.startswith(OURS):
                    found.add(pattern.app_name)
                walk(pattern.url_patterns)

    walk(get_resolver().url_patterns)
    return found


def test_every_namespace_of_addresses_is_documented_and_no_other():
    assert first_column("urls.md") == our_namespaces()


def test_every_link_between_documents_leads_somewhere():
    broken = []
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            if not (document.parent / target).exists():
                broken.append(f"{document.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_flow_names_functions_that_exist():
    text = (ROOT / "docs" / "flows" / "from-lesson-to-lead.md").read_text()
    named = re.findall(r"`((?:portal|training|certification)[\w.]*\.\w+)`", text)
    assert len(named) >= 20
    missing = [name for name in named if not _exists(name)]
    assert missing == []


def _exists(dotted: str) -> bool:
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        file = path.with_suffix(".py")
        file = file if file.exists() else path / "__init__.py"
        if file.exists():
            rest = parts[length:]
            source = file.read_text()
            return all(re.search(rf"^\s*(?:def|class)\s+{name}\b|^{name}\b", source, flags=re.M) for name in rest)
    return False


def test_every_app_says_what_it_is_for():
    apps = [path.parent for path in [*ROOT.glob("portal/*/apps.py"), *ROOT.glob("*/apps.py")]]
    assert len(apps) >= 9
    for app in apps:
        readme = app / "README.md"
        assert readme.exists(), f"{app.name} has no README.md"
        assert "Motivation" in readme.read_text()
        assert "Use cases" in readme.read_text()


def readme_commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith(("#", "make test"))]


@pytest.mark.xdist_group("demo")
def test_the_commands_of_the_readme_run_as_they_stand(demo):
    """Each against a demo of its own; `make demo` is started, asked for its first page, and ended."""
    commands = readme_commands()
    assert "make demo" in commands
    for command in commands:
        if command == "make demo":
            continue  # test_demo.py runs it in full: start, answer, Ctrl-C
        words = shlex.split(command.replace(".venv/bin/python", sys.executable))
        run = subprocess.run(words, cwd=ROOT, env=demo.env, capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"{command}\n{run.stdout}\n{run.stderr}"
