"""Reading and writing many small rows at little cost: what the distributor does for each batch, under its locks.

On PostgreSQL the rows travel as one JSON text, which both sides read and write much faster than value by value; the SQL
is made of the model's own fields, once. On SQLite the same is done by the ORM.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from portal.core.prepared import Compiled, Question


@dataclass(frozen=True, slots=True)
class PackedForm(Compiled):
    """A question whose answer is one row: for each column a text that holds all its values."""

    def convert(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        [columns] = rows
        return list(zip(*columns, strict=True)) if columns[0] is not None else []


class Packed(Question):
    """A question for many rows of whole numbers, words and truth values."""

    def _compile(self, connection: BaseDatabaseWrapper) -> Compiled:
        form = super()._compile(connection)
        if connection.vendor != "postgresql":
            return form
        width = len(form.compiler.select)
        names = [f"c{number}" for number in range(width)]
        packed = (
            f"SELECT {', '.join(f'json_agg({name})' for name in names)} "  # noqa: S608 -- Django's SQL
            f"FROM ({form.sql}) AS found({', '.join(names)})"
        )
        return PackedForm(packed, form.parameters, None, form.compiler, form.blanks, form.is_native)


def insert(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert new rows of one model.

    Args:
        rows: values by attribute, as ``lead_id``; what a row leaves out has the field's default.

    Returns:
        Their ids, in the order given.
    """
    if not rows:
        return []
    if connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
        return [instance.pk for instance in model._default_manager.bulk_create([model(**row) for row in rows])]
    form = _write_insert(model)
    text = json.dumps([form.complete(row) for row in rows], default=datetime.isoformat)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(f"{form.sql} RETURNING id", [text])
        return [row[0] for row in cursor.fetchall()]


def keep_latest(model: type[Model], rows: Sequence[Sequence[Any]], *, unique: Sequence[str], value: str) -> None:
    """Insert rows, or write the value of those that are there already.

    Args:
        rows: what the fields ``unique`` and then the field ``value`` hold; the model has no others.
    """
    if not rows:
        return
    if connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
        attributes = [model._meta.get_field(name).attname for name in (*unique, value)]  # type: ignore[union-attr]  # columns
        model._default_manager.bulk_create(
            [model(**dict(zip(attributes, row, strict=True))) for row in rows],
            update_conflicts=True,
            unique_fields=unique,
            update_fields=[value],
        )
        return
    form = _write_insert(model)
    *keys, latest = [_quote(name) for name in form.columns]
    text = json.dumps([dict(zip(form.columns, row, strict=True)) for row in rows])
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(f"{form.sql} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {latest} = EXCLUDED.{latest}", [text])


@dataclass(frozen=True, slots=True)
class Insertion:
    """A statement for one text of rows, which are named by column.

    Attributes:
        defaults: what a column holds that a row leaves out.
        made: the same where it is made anew for each row.
    """

    sql: str
    columns: Sequence[str]
    defaults: Mapping[str, Any]
    made: Mapping[str, Callable[[], Any]]

    def complete(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.defaults, **{name: make() for name, make in self.made.items() if name not in row}, **row}


@lru_cache
def _write_insert(model: type[Model]) -> Insertion:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = [str(field.column) for field in fields]
    if names != [field.attname for field in fields]:
        raise TypeError(f"{model.__name__} has columns that are named otherwise than its attributes")
    columns = ", ".join(map(_quote, names))
    types = ", ".join(
        f"{_quote(name)} {field.db_type(connections[DEFAULT_DB_ALIAS])}"
        for name, field in zip(names, fields, strict=True)
    )
    sql = (
        f"INSERT INTO {model._meta.db_table} ({columns}) "  # noqa: S608 -- names of our own models
        f"SELECT {columns} FROM json_to_recordset(%s) AS given({types})"
    )
    made = {field.attname: field.get_default for field in fields if callable(field.default)}
    defaults = {field.attname: field.get_default() for field in fields if field.attname not in made}
    return Insertion(sql, names, defaults, made)


def _quote(name: str) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(name)
