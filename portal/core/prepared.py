"""Questions that are put together once and asked many times, several of them in one go.

To put a queryset together and turn it into SQL costs Django more than to ask it. What is asked on *every* page is
therefore written as a :class:`Question`: an ordinary queryset with :class:`Blank` where a value goes. Its SQL is made at
first use, by Django; from then on only the blanks are filled in. The rule stays in the model's own queryset methods.

>>> unread_by = lambda user: Notification.objects.for_user(user).unread().values("pk")
>>> UNREAD = Question(unread_by, counted=True, user=IntegerField())
>>> [[(unread,)]] = ask(UNREAD(user=7))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Lookup, Model


class Blank(Expression):
    """Where a value goes. Stands among the parameters of the SQL until the question is asked."""

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002 -- as Django asks
        return "%s", [self]


class IdsField(Field):
    """The kind of a blank for whole numbers, of which a row's is to be one: ``pk__among``."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: ARG002 -- as Django asks
        return list(value) if connection.vendor == "postgresql" else json.dumps(list(value))


@Field.register_lookup
class Among(Lookup):
    """``field__among=ids``: like ``in``, for a blank of :class:`IdsField`, whose length is not known beforehand."""

    lookup_name = "among"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_parameters = self.process_lhs(compiler, connection)
        right, right_parameters = self.process_rhs(compiler, connection)
        listed = "= ANY({})" if connection.vendor == "postgresql" else "IN (SELECT value FROM json_each({}))"
        return f"{left} {listed.format(right)}", [*left_parameters, *right_parameters]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A question as SQL: its parameters, some of them blanks, and what turns a row into Python's values."""

    sql: str
    parameters: Sequence[Any]
    converters: Any
    compiler: Any
    #: Where the blanks are.
    blanks: Sequence[tuple[int, Blank]]
    #: Whether the database takes Python's own values.
    is_native: bool

    def fill(self, values: Mapping[str, Any], connection: BaseDatabaseWrapper) -> list[Any]:
        filled = list(self.parameters)
        for place, blank in self.blanks:
            value = values[blank.name]
            if not self.is_native or isinstance(blank.output_field, IdsField):
                value = blank.output_field.get_db_prep_value(value, connection)
            filled[place] = value
        return filled

    def convert(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if not self.converters or not rows:
            return rows
        return [tuple(row) for row in self.compiler.apply_converters(rows, self.converters)]


class Question:
    """A queryset of ``values_list`` with blanks; or, ``counted``, how many rows it has.

    Args:
        build: makes the queryset from one blank for each name.
        blanks: the field that each blank is of the kind of.
    """

    def __init__(self, build: Callable[..., Any], *, counted: bool = False, **blanks: Field[Any, Any]) -> None:
        self.build = build
        self.counted = counted
        self.blanks = blanks
        self._compiled: dict[str, Compiled] = {}

    def __call__(self, **values: Any) -> Asked:
        return Asked(self, values)

    def compile(self, connection: BaseDatabaseWrapper) -> Compiled:
        """The question as this database is asked it; made once."""
        found = self._compiled.get(connection.vendor)
        if found is None:
            found = self._compiled[connection.vendor] = self._compile(connection)
        return found

    def _compile(self, connection: BaseDatabaseWrapper) -> Compiled:
        query = self.build(**{name: Blank(name, field) for name, field in self.blanks.items()}).query
        if self.counted:
            query.clear_ordering(force=True)
        compiler = query.get_compiler(connection=connection)
        sql, parameters = _write_numbers(*compiler.as_sql())
        blanks = [(place, value) for place, value in enumerate(parameters) if isinstance(value, Blank)]
        converters = None
        if self.counted:
            sql = f"SELECT COUNT(*) FROM ({sql}) AS counted"  # noqa: S608 -- Django's SQL
        else:
            converters = compiler.get_converters([expression for expression, _sql, _alias in compiler.select])
        return Compiled(sql, parameters, converters, compiler, blanks, is_native=connection.vendor == "postgresql")


def _write_numbers(sql: str, parameters: Sequence[Any]) -> tuple[str, list[Any]]:
    """The SQL with its whole numbers written out, as they are the same each time."""
    first, *rest = sql.split("%s")
    written, remaining = [first], []
    for value, text in zip(parameters, rest, strict=True):
        if type(value) is int:
            written += [str(value), text]
        else:
            written += ["%s", text]
            remaining.append(value)
    return "".join(written), remaining


class Rows:
    """A question whose answer is read as rows of a model.

    Args:
        build: makes the queryset from one blank for each name.
        besides: fields that are left out, and are asked for when somebody reads them.
        blanks: the field that each blank is of the kind of.
    """

    def __init__(
        self, model: type[Model], build: Callable[..., Any], *, besides: Collection[str] = (), **blanks: Any
    ) -> None:
        self.model = model
        self.columns = [field.attname for field in model._meta.concrete_fields if field.attname not in besides]
        self.question = Question(lambda **filled: build(**filled).values_list(*self.columns), **blanks)

    def __call__(self, **values: Any) -> Asked:
        return self.question(**values)

    def read(self, rows: Iterable[tuple[Any, ...]]) -> list[Any]:
        """The rows of an answer as instances."""
        return [self.model.from_db(DEFAULT_DB_ALIAS, self.columns, row) for row in rows]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its blanks filled in."""

    question: Question
    values: Mapping[str, Any]


def ask(*asked: Asked) -> list[list[tuple[Any, ...]]]:
    """The rows that answer each question: on PostgreSQL all in one round trip, and so all of one moment or nearly so."""
    connection = connections[DEFAULT_DB_ALIAS]
    compiled = [one.question.compile(connection) for one in asked]
    parameters = [form.fill(one.values, connection) for form, one in zip(compiled, asked, strict=True)]
    answers = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Parameters are written into the text by psycopg (Django's default), so that it may hold several statements.
            cursor.execute(";".join([form.sql for form in compiled]), list(chain.from_iterable(parameters)))
            for form in compiled:
                answers.append(form.convert(cursor.fetchall()))
                cursor.nextset()
        else:
            for form, values in zip(compiled, parameters, strict=True):
                cursor.execute(form.sql, values)
                answers.append(form.convert(cursor.fetchall()))
    return answers
