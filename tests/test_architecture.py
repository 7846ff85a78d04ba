"""The floors, held where import-linter cannot look: foreign keys, migrations, page types, templates, doors.

The list of floors is read from pyproject.toml, so that there is one.
"""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import grimp
import pytest
from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.urls import URLPattern, URLResolver, get_resolver
from wagtail.models import Page, get_page_models

ROOT = Path(settings.BASE_DIR)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
STACK = next(contract for contract in CONTRACTS if contract["name"].startswith("The stack"))["layers"]
#: app or module -> height; several of one floor share it
FLOORS = {
    module.strip(" ()"): len(STACK) - index for index, line in enumerate(STACK) for module in re.split(r"[|:]", line)
}
OUR_APPS = {config.name: config for config in apps.get_app_configs() if config.name in FLOORS}
DOORS = {"models", "services", "access", "facts", "blocks", "reports"}
RULES = {
    source.rsplit(".", 1)[1]
    for contract in CONTRACTS
    if contract["name"].startswith("Rules are pure")
    for source in contract["source_modules"]
}


def floor_of(module: str) -> int | None:
    parts = module.split(".")
    for length in (2, 1):
        name = ".".join(parts[:length])
        if name in FLOORS:
            return FLOORS[name]
    return None


def app_of(module: str) -> str | None:
    return next((name for name in OUR_APPS if module == name or module.startswith(name + ".")), None)


def looks_up(source: str, target: str) -> bool:
    here, there = floor_of(source), floor_of(target)
    return here is not None and there is not None and app_of(source) != app_of(target) and there >= here


def foreign_keys_looking_up(models) -> list[str]:
    return [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in models
        for field in model._meta.get_fields(include_hidden=False)
        if field.is_relation and not field.auto_created and field.related_model not in (None, "self")
        and looks_up(model.__module__, field.related_model.__module__)
    ]  # fmt: skip


def migrations_looking_up(nodes) -> list[str]:
    labels = {config.label: name for name, config in OUR_APPS.items()}
    return [
        f"{label}.{name} -> {needed_label}.{needed_name}"
        for (label, name), migration in nodes.items()
        if label in labels
        for needed_label, needed_name in migration.dependencies
        if needed_label in labels and looks_up(labels[label], labels[needed_label])
    ]


def page_types_looking_up(models) -> list[str]:
    found = []
    for model in models:
        for attribute in ("parent_page_types", "subpage_types"):
            for target in getattr(model, attribute, None) or []:
                if isinstance(target, str) and "." in target:
                    target = apps.get_model(target)
                if isinstance(target, type) and looks_up(model.__module__, target.__module__):
                    found.append(f"{model.__name__}.{attribute} -> {target.__name__}")
    return found


def url_namespaces() -> dict[str, str]:
    """Namespace -> the app that answers it, read from the resolver."""
    found: dict[str, str] = {}

    def walk(patterns):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                module = getattr(pattern.urlconf_module, "__name__", "")
                if pattern.app_name and app_of(module):
                    found[pattern.app_name] = app_of(module)
                walk(pattern.url_patterns)
            else:
                assert isinstance(pattern, URLPattern)

    walk(get_resolver().url_patterns)
    return found


REFERENCE = re.compile(r"{%-?\s*(?P<tag>url|include|extends)\s+[\"'](?P<target>[^\"']+)[\"']")


def templates_looking_up(templates: list[tuple[str, str, str]]) -> list[str]:
    """``templates``: (app, name, text). Finds references to a namespace or a template folder above or beside."""
    namespaces = url_namespaces()
    folders = {
        folder.name: name
        for name, config in OUR_APPS.items()
        if (Path(config.path) / "templates").exists()
        for folder in (Path(config.path) / "templates").iterdir()
        if folder.is_dir() and folder.name == name.rsplit(".", 1)[-1]
    }
    found = []
    for app, name, text in templates:
        for match in REFERENCE.finditer(text):
            target = match["target"]
            owner = namespaces.get(target.split(":")[0]) if match["tag"] == "url" else folders.get(target.split("/")[0])
            if owner and looks_up(app, owner):
                found.append(f"{name}: {match.group(0)}")
    return found


def our_templates() -> list[tuple[str, str, str]]:
    return [
        (app, str(file.relative_to(ROOT)), file.read_text())
        for app, config in OUR_APPS.items()
        for file in sorted(Path(config.path).rglob("templates/**/*.*"))
        if file.suffix in {".html", ".txt", ".svg"}
    ]


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("portal", "training", "certification", include_external_packages=False)


def entries_beside_the_doors(imports) -> list[str]:
    """``imports``: (importer, imported). An app is entered by its doors, its rule modules, and declared registries."""
    open_modules = DOORS | RULES | PUBLIC
    found = []
    for importer, imported in imports:
        source, target = app_of(importer), app_of(imported)
        if source is None or target is None or source == target:
            continue
        inside = imported.removeprefix(target).lstrip(".").split(".")[0]
        if inside and inside not in open_modules:
            found.append(f"{importer} -> {imported}")
    return found


#: Modules that exist to be used from above: the errors, field types and shell of core, and registries.
PUBLIC = {
    "errors",
    "localised",
    "shell",
    "registry",
    "viewsets",
    "forms",
    "middleware",
    "components",
    "times",
    "money",
    "countries",
    "marks",
    "rows",
    "links",
    "search",
    "prepared",
    "personal",
    "memory",
}


def test_every_app_of_ours_has_a_floor():
    ours = {
        c.name
        for c in apps.get_app_configs()
        if c.name.startswith("portal.") or c.name in {"training", "certification"}
    }
    assert ours == set(OUR_APPS)


def test_no_foreign_key_looks_up():
    assert foreign_keys_looking_up([m for c in OUR_APPS.values() for m in c.get_models()]) == []


@pytest.mark.django_db  # a migration of a third party looks at the database when it is imported
def test_no_migration_looks_up():
    assert migrations_looking_up(MigrationLoader(None).disk_migrations) == []


def test_no_page_type_looks_up():
    assert page_types_looking_up(get_page_models()) == []


def test_no_template_looks_up():
    assert templates_looking_up(our_templates()) == []


def test_apps_enter_each_other_only_by_their_doors(graph):
    imports = [
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    ]
    assert entries_beside_the_doors(imports) == []


def test_no_two_apps_import_each_other(graph):
    edges = defaultdict(set)
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            source, target = app_of(importer), app_of(imported)
            if source and target and source != target:
                edges[source].add(target)
    assert [(a, b) for a in edges for b in edges[a] if a < b and a in edges.get(b, set())] == []


def test_no_first_party_import_hides_inside_a_function():
    pattern = re.compile(
        r"^[ \t]+(from (portal|training|certification)[. ]|import (portal|training|certification))", re.M
    )
    offenders = [
        str(file.relative_to(ROOT))
        for package in ("portal", "training", "certification")
        for file in (ROOT / package).rglob("*.py")
        for match in pattern.finditer(_without_type_checking(file.read_text()))
    ]
    assert offenders == []


def _without_type_checking(source: str) -> str:
    return re.sub(r"^if TYPE_CHECKING:\n(?:[ \t]+.*\n|\n)+", "", source, flags=re.M)


class TestADeliberateViolationTurnsTheContractsRed:
    """Each check above is shown a violation, so that none of them can pass by looking at nothing."""

    def test_a_foreign_key_upward(self):
        class Field:
            name, is_relation, auto_created = "lead", True, False
            related_model = apps.get_model("leads.Lead")

        class Meta:
            label = "partners.Partner"

            def get_fields(self, include_hidden):
                return [Field()]

        model = type("Partner", (), {"_meta": Meta(), "__module__": "portal.partners.models"})
        assert foreign_keys_looking_up([model])

    def test_a_migration_upward(self):
        migration = type("M", (), {"dependencies": [("leads", "0001_initial")]})()
        assert migrations_looking_up({("partners", "0009_up"): migration})

    def test_a_page_type_upward(self):
        home = next(model for model in get_page_models() if model.__module__ == "portal.home.models")
        model = type("LowPage", (), {"__module__": "training.models", "parent_page_types": [home]})
        assert page_types_looking_up([model])
        assert Page is not home

    @pytest.mark.parametrize(
        "text",
        ['{% url "leads:offers" %}', "{% include 'leads/offer.html' %}", '{% extends "certification/base.html" %}'],
    )
    def test_a_template_upward(self, text):
        assert templates_looking_up([("training", "training/bad.html", text)])

    def test_a_door_missed(self):
        assert entries_beside_the_doors([("portal.leads.services.offers", "certification.views")])

    def test_the_floors_are_read_from_the_contract(self):
        assert looks_up("training.models", "portal.leads.models")
        assert not looks_up("portal.leads.models", "training.models")
