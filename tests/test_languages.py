"""Every string that a person can meet is in the Russian catalogue, and what is compiled is what is written."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale" / "ru" / "LC_MESSAGES" / "django.po"
TRANSLATING = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "npgettext", "pgettext", "pgettext_lazy"}
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]")


def entries() -> list[polib.POEntry]:
    return [entry for entry in polib.pofile(str(CATALOGUE)) if not entry.obsolete]


def texts_of(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@pytest.fixture(scope="module")
def gathered(tmp_path_factory) -> list[polib.POEntry]:
    """The strings that are in the code and the templates now."""
    folder = tmp_path_factory.mktemp("messages")
    for name in ("portal", "training", "certification"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("demo", "__pycache__", "static"))
    (folder / "locale").mkdir()
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "--locale", "ru", "--no-location"],
        cwd=folder, check=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": ""},
    )  # fmt: skip
    return list(polib.pofile(str(folder / "locale" / "ru" / "LC_MESSAGES" / "django.po")))


def test_every_string_in_the_code_is_translated(gathered):
    known = {(entry.msgctxt, entry.msgid): entry for entry in entries()}
    missing = [
        entry.msgid
        for entry in gathered
        if (entry.msgctxt, entry.msgid) not in known or not all(texts_of(known[entry.msgctxt, entry.msgid]))
    ]
    assert len(gathered) > 300
    assert missing == []


def test_no_string_hides_from_translation_in_a_formatted_one():
    """What gathers strings does not look into an f-string: a call there would stay in English and nobody would know."""
    hidden = []
    for path in sorted(
        path for name in ("portal", "training", "certification") for path in (ROOT / name).rglob("*.py")
    ):
        for formatted in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(formatted, ast.JoinedStr):
                calls = [node for node in ast.walk(formatted) if isinstance(node, ast.Call)]
                hidden += [
                    f"{path.relative_to(ROOT)}:{call.lineno}"
                    for call in calls
                    if isinstance(call.func, ast.Name) and call.func.id in TRANSLATING
                    and any(isinstance(argument, ast.Constant) for argument in call.args)
                ]  # fmt: skip
    assert hidden == []


def test_no_translation_is_a_guess():
    assert [entry.msgid for entry in entries() if "fuzzy" in entry.flags] == []


def test_translations_keep_the_placeholders_of_the_original():
    wrong = []
    for entry in entries():
        allowed = set(PLACEHOLDER.findall(entry.msgid)) | set(PLACEHOLDER.findall(entry.msgid_plural or ""))
        needed = set(PLACEHOLDER.findall(entry.msgid)) if not entry.msgid_plural else set()
        for text in texts_of(entry):
            found = set(PLACEHOLDER.findall(text))
            if not needed <= found <= allowed:
                wrong.append(entry.msgid)
    assert wrong == []


def test_plurals_have_the_three_forms_of_russian():
    wrong = [entry.msgid for entry in entries() if entry.msgid_plural and len(entry.msgstr_plural) != 3]
    assert wrong == []


def test_what_is_compiled_is_what_is_written():
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    assert {(entry.msgctxt, entry.msgid): texts_of(entry) for entry in compiled} == {
        (entry.msgctxt, entry.msgid): texts_of(entry) for entry in entries() if all(texts_of(entry))
    }
