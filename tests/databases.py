"""The suite's databases: migrated once, kept as a template, copied for each run and each worker.

A template is named for the migrations that made it, so that changed migrations make a new one by themselves.
``docs/testing.md`` tells the whole.
"""

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from time_machine import escape_hatch

#: What a database holds, or what something wrote into it: the rows of each table, each as the text of its JSON.
Rows = dict[str, set[str]]


def read_fingerprint() -> str:
    """Of every migration of every app, and of what an app does when it starts: the same make the same database."""
    told = hashlib.sha256()
    for config in apps.get_app_configs():
        folder = Path(config.path)
        for path in [*sorted(folder.glob("migrations/*.py")), *folder.glob("apps.py")]:
            told.update(f"{config.name}/{path.name}".encode())
            told.update(path.read_bytes())
    return told.hexdigest()[:12]


def copy_template() -> None:
    """Put a fresh copy of the template where the tests look for their database; it is made first if there is none."""
    copy = _copy_in_postgresql if connection.vendor == "postgresql" else _copy_in_sqlite
    copy()


def forget_templates() -> None:
    """The next copy is of a template made anew."""
    if connection.vendor == "postgresql":
        with _server() as cursor:
            _drop_templates(cursor)
    else:
        _remove_templates()


# --- PostgreSQL: a database per worker -------------------------------------------------------------------------------


@contextmanager
def _server() -> Iterator[Any]:
    """A cursor outside the tests' databases, for one process at a time: workers wait for the first one to migrate."""
    where = {**connection.get_connection_params(), "dbname": "postgres"}
    with connection.Database.connect(**where, autocommit=True) as server, server.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [f"template_{_name()}"])
        yield cursor


def _copy_in_postgresql() -> None:
    copy = connection.creation._get_test_db_name()
    template = f"template_{_name()}_{read_fingerprint()}"
    with _server() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [template])
        if cursor.rowcount == 0:
            _drop_templates(cursor)
            _migrate(f"{template}_unfinished")
            cursor.execute(f'ALTER DATABASE "{template}_unfinished" RENAME TO "{template}"')
        cursor.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{template}"')
        # What a power cut would take from a copy is not missed.
        cursor.execute(f'ALTER DATABASE "{copy}" SET synchronous_commit = off')
    _use(copy)


def _name() -> str:
    return connection.creation._get_test_db_name().removesuffix(f"_{os.environ.get('PYTEST_XDIST_WORKER')}")


def _drop_templates(cursor: Any) -> None:
    cursor.execute("SELECT datname FROM pg_database")
    for (name,) in cursor.fetchall():
        if re.fullmatch(rf"template_{re.escape(_name())}_[0-9a-f]{{12}}(_unfinished)?", name):
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _migrate(name: str) -> None:
    test = connection.settings_dict["TEST"]
    wanted, test["NAME"] = test["NAME"], name
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    finally:
        test["NAME"] = wanted
        connection.close()


def _use(name: str) -> None:
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name


# --- SQLite: in memory -----------------------------------------------------------------------------------------------


def _template_file() -> Path:
    return Path(settings.MEDIA_ROOT).parent / f"template-{read_fingerprint()}.sqlite3"


def _remove_templates() -> None:
    for file in _template_file().parent.glob("template-*.sqlite3"):
        file.unlink()


def _copy_in_sqlite() -> None:
    template = _template_file()
    if template.exists():
        _use(connection.creation._get_test_db_name())
        connection.close()
        _fill(template)
    else:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        _remove_templates()
        unfinished = template.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished)) as file:
            connection.connection.backup(file)
        unfinished.rename(template)


def _fill(template: Path) -> None:
    connection.ensure_connection()
    with closing(sqlite3.connect(template)) as file:
        file.backup(connection.connection)


# --- What is in a database: to put it back, and to write it again ----------------------------------------------------

_migrated: Rows = {}
_recorded: dict[Callable[[], None], str] = {}


def remember_what_migrations_wrote() -> None:
    if connection.vendor == "postgresql":
        _migrated.update(_read_rows())


def put_back_what_migrations_wrote() -> None:
    """After a test that committed: the rows of the template and no others, under the ids that they had."""
    if connection.vendor == "sqlite":
        _fill(_template_file())
        return
    changed = {table: rows for table, rows in _read_rows().items() if rows != _migrated[table]}
    with transaction.atomic(), connection.cursor() as cursor:
        # Some rows cannot be deleted otherwise, and the order of the tables does not matter.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in changed:
            cursor.execute(f'DELETE FROM "{table}"')
        _write_rows({table: _migrated[table] for table in changed})


def write_again(build: Callable[[], None]) -> None:
    """What ``build`` writes: by calling it the first time, then by writing the rows of that time, ids and all.

    An id is never given twice, so a row of the first time is in nobody's way. A build that reads a clock that a test has
    set is called each time.
    """
    if not _migrated or escape_hatch.is_travelling():
        build()
    elif build in _recorded:
        with connection.cursor() as cursor:
            cursor.execute(_recorded[build])
    else:
        before = _read_rows()
        build()
        _recorded[build] = _write_statements({table: rows - before[table] for table, rows in _read_rows().items()})


def _read_rows() -> Rows:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        every = " UNION ALL ".join(f"SELECT '{table}', to_jsonb(t)::text FROM \"{table}\" t" for table in tables)
        cursor.execute(every)
        rows: Rows = {table: set() for table in tables}
        for table, row in cursor.fetchall():
            rows[table].add(row)
    return rows


def _write_rows(rows: Rows) -> None:
    if statements := _write_statements(rows):
        with connection.cursor() as cursor:
            cursor.execute(statements)


def _write_statements(rows: Rows) -> str:
    """SQL that writes the rows, over those of the same key."""
    statements = []
    with connection.cursor() as cursor:
        for table, texts in rows.items():
            if not texts:
                continue
            columns = ", ".join(
                f'"{column.name}"' for column in connection.introspection.get_table_description(cursor, table)
            )
            key = ", ".join(connection.introspection.get_primary_key_columns(cursor, table))
            statement = (
                f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::"{table}", %s)'
                f" ON CONFLICT ({key}) DO UPDATE"
                f" SET ({columns}) = (SELECT {columns} FROM (SELECT EXCLUDED.*) AS written)"
            )
            statements.append(connection.ops.compose_sql(statement, [f"[{', '.join(sorted(texts))}]"]))
    return ";\n".join(statements)
