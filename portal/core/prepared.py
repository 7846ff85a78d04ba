"""Questions and changes that are put together once and asked many times, several of them in one go.

To put a queryset together and turn it into SQL costs Django more than to ask it. What is asked on *every* page is
therefore written as a :class:`Question`: an ordinary queryset with :class:`Blank` where a value goes. Its SQL is made at
first use, by Django; from then on only the blanks are filled in. The rule stays in the model's own queryset methods.

>>> unread_by = lambda user: Notification.objects.for_user(user).unread().values("pk")
>>> UNREAD = Question(unread_by, counted=True, user=IntegerField())
>>> [[(unread,)]] = ask(UNREAD(user=7))

What is written at every step of a busy way is prepared likewise: :class:`Insertion`, :class:`Insertions`, :class:`Change`.
Constraints and triggers are the database's and hold as ever; ``save()`` and its signals are passed by, as in ``update()``.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, JSONField, Lookup, Model
from django.db.models.sql import UpdateQuery
from psycopg.adapt import Transformer

#: What spells a value in SQL: the driver's own way, which knows the connection.
Literal = Callable[[Any], bytes]


class Blank(Expression):
    """Where a value goes. Stands among the parameters of the SQL until the question is asked."""

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002 -- as Django asks
        return "%s", [self]


class Ids(list[int]):
    """Whole numbers that are sent together."""


class IdsField(Field):
    """The kind of a blank for whole numbers, of which a row's is to be one: ``pk__among``."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: ARG002 -- as Django asks
        return Ids(value) if connection.vendor == "postgresql" else json.dumps(list(value))


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
    """A statement as SQL: its parameters, some of them blanks, and what turns a row into Python's values."""

    sql: str
    parameters: Sequence[Any]
    converters: Any
    compiler: Any
    #: Where the blanks are.
    blanks: Sequence[tuple[int, Blank]]
    #: Whether the database takes Python's own values.
    is_native: bool
    #: Whether rows come back.
    is_answered: bool = True
    #: The SQL around its parameters, as it is sent.
    pieces: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pieces", _cut(self.sql))

    def fill(self, values: Mapping[str, Any], connection: BaseDatabaseWrapper) -> list[Any]:
        filled = list(self.parameters)
        for place, blank in self.blanks:
            value = values[blank.name]
            if not self.is_native or isinstance(blank.output_field, (IdsField, JSONField)):
                value = blank.output_field.get_db_prep_save(value, connection)
            filled[place] = value
        return filled

    def write(self, values: Mapping[str, Any], connection: BaseDatabaseWrapper, literal: Literal) -> str:
        """The statement with its values written out, for PostgreSQL."""
        first, *rest = self.pieces
        written = [first]
        for value, piece in zip(self.fill(values, connection), rest, strict=True):
            written += (_spell(value, literal), piece)
        return "".join(written)

    def convert(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if not self.converters or not rows:
            return rows
        return [tuple(row) for row in self.compiler.apply_converters(rows, self.converters)]


def _cut(sql: str) -> list[str]:
    """The SQL around its parameters, without the doubling of what is a percent sign and no parameter."""
    return [piece.replace("\0", "%") for piece in sql.replace("%%", "\0").split("%s")]


def _double(text: str) -> str:
    return text.replace("%", "%%")


def _find_literal(connection: Any) -> Literal:
    """How the driver of PostgreSQL spells values for this connection."""
    connection.ensure_connection()
    return Transformer(connection.connection).as_literal


def _spell(value: Any, literal: Literal) -> str:
    """A value in SQL: what has one spelling there, and the rest as the driver has it."""
    kind = type(value)
    if kind is int:
        return f" {value}"  # a sign before it must not meet another
    if value is None:
        return "NULL"
    if kind is bool:
        return "true" if value else "false"
    if kind is datetime and value.tzinfo is not None:
        return f"'{value.isoformat()}'::timestamptz"
    if kind is Ids:
        return f"'{{{','.join([f'{number:d}' for number in value])}}}'::bigint[]"
    return literal(value).decode()


class Statement(ABC):
    """What is put together at first use, once for each kind of database."""

    def __init__(self) -> None:
        self._compiled: dict[str, Compiled] = {}

    def compile(self, connection: BaseDatabaseWrapper) -> Compiled:
        """The statement as this database is asked it; made once."""
        found = self._compiled.get(connection.vendor)
        if found is None:
            found = self._compiled[connection.vendor] = self._compile(connection)
        return found

    @abstractmethod
    def _compile(self, connection: BaseDatabaseWrapper) -> Compiled:
        """Put it together for this kind of database."""


def _make(
    sql: str,
    parameters: Sequence[Any],
    connection: BaseDatabaseWrapper,
    *,
    converters: Any = None,
    compiler: Any = None,
    is_answered: bool = True,
) -> Compiled:
    """The statement with the places of its blanks."""
    blanks = [(place, value) for place, value in enumerate(parameters) if isinstance(value, Blank)]
    return Compiled(sql, parameters, converters, compiler, blanks, connection.vendor == "postgresql", is_answered)


class Question(Statement):
    """A queryset of ``values_list`` with blanks; or, ``counted``, how many rows it has.

    Args:
        build: makes the queryset from one blank for each name.
        blanks: the field that each blank is of the kind of.
    """

    def __init__(self, build: Callable[..., Any], *, counted: bool = False, **blanks: Field[Any, Any]) -> None:
        super().__init__()
        self.build = build
        self.counted = counted
        self.blanks = blanks

    def __call__(self, **values: Any) -> Asked:
        return Asked(self, values)

    def _compile(self, connection: BaseDatabaseWrapper) -> Compiled:
        query = self.build(**{name: Blank(name, field) for name, field in self.blanks.items()}).query
        if self.counted:
            query.clear_ordering(force=True)
        compiler = query.get_compiler(connection=connection)
        sql, parameters = _write_constants(compiler.as_sql(), connection)
        if self.counted:
            return _make(f"SELECT COUNT(*) FROM ({sql}) AS counted", parameters, connection)  # noqa: S608 -- Django's SQL
        converters = compiler.get_converters([expression for expression, _sql, _alias in compiler.select])
        return _make(sql, parameters, connection, converters=converters, compiler=compiler)


def _write_constants(statement: tuple[str, Any], connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
    """The SQL with what is the same each time written out: on PostgreSQL all but the blanks, else whole numbers."""
    sql, parameters = statement
    literal = _find_literal(connection) if connection.vendor == "postgresql" else None
    first, *rest = _cut(sql)
    written, remaining = [_double(first)], []
    for value, piece in zip(parameters, rest, strict=True):
        if literal is not None and not isinstance(value, Blank):
            written.append(_double(_spell(value, literal)))
        elif type(value) is int:
            written.append(str(value))
        else:
            written.append("%s")
            remaining.append(value)
        written.append(_double(piece))
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


def _insert_into(model: type[Model], fields: Iterable[Any], connection: BaseDatabaseWrapper) -> str:
    quote = connection.ops.quote_name
    return f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(quote(field.column) for field in fields)})"


class Insertion(Statement):
    """A row that is added; the answer is its key, as the database gave it.

    >>> GRADING = Insertion(Grading)
    >>> [[(key,)]] = ask(GRADING(Grading(attempt=attempt, number=1)))
    """

    def __init__(self, model: type[Model]) -> None:
        super().__init__()
        self.model = model
        self.fields: list[Any] = [field for field in model._meta.concrete_fields if not field.primary_key]

    def __call__(self, row: Model) -> Asked:
        return Asked(self, {field.attname: getattr(row, field.attname) for field in self.fields})

    def _compile(self, connection: BaseDatabaseWrapper) -> Compiled:
        into = _insert_into(self.model, self.fields, connection)
        key: Any = self.model._meta.pk
        values = ", ".join(["%s"] * len(self.fields))
        sql = f"{into} VALUES ({values}) RETURNING {connection.ops.quote_name(key.column)}"
        return _make(sql, [Blank(field.attname, field) for field in self.fields], connection)


class Insertions(Statement):
    """Rows of which many are added at once, alike but for a few fields: numbers, and what is kept as JSON.

    >>> STEPS = Insertions(AnswerStep, "seq", "response")
    >>> ask(STEPS([(1, ["a"]), (2, ["b"])], attempt_id=7, counted=True))

    Args:
        each: the fields in which the rows differ, in the order in which a row gives them.
    """

    def __init__(self, model: type[Model], *each: str) -> None:
        super().__init__()
        self.model = model
        self.each: list[Any] = [model._meta.get_field(name) for name in each]
        self.shared: list[Any] = [
            field for field in model._meta.concrete_fields if not field.primary_key and field not in self.each
        ]

    def __call__(self, rows: Sequence[Sequence[Any]], **shared: Any) -> Asked:
        """The rows with what each has of its own, and by column what all of them share."""
        return Asked(self, {**shared, "rows": rows})

    def _compile(self, connection: BaseDatabaseWrapper) -> Compiled:
        into = _insert_into(self.model, [*self.shared, *self.each], connection)
        native = connection.vendor == "postgresql"
        own = [
            (_take if native else _take_of_sqlite)(place, field, connection) for place, field in enumerate(self.each)
        ]
        values = ", ".join([*["%s"] * len(self.shared), *own])
        source = "jsonb_array_elements(%s) AS given(value)" if native else "json_each(%s)"
        blanks = [*(Blank(field.attname, field) for field in self.shared), Blank("rows", JSONField())]
        sql = f"{into} SELECT {values} FROM {source}"  # noqa: S608 -- the model's own names
        return _make(sql, blanks, connection, is_answered=False)


def _take(place: int, field: Field[Any, Any], connection: BaseDatabaseWrapper) -> str:
    """An entry of a row that is a JSON array, as the field's column takes it."""
    if isinstance(field, JSONField):
        return f"value -> {place}"
    return f"(value ->> {place})::{field.db_type(connection)}"


def _take_of_sqlite(place: int, field: Field[Any, Any], _connection: BaseDatabaseWrapper) -> str:
    entry = f"json_extract(value, '$[{place}]')"
    return f"json_quote({entry})" if isinstance(field, JSONField) else entry


class Change(Statement):
    """Rows that are changed.

    >>> READ = Change(lambda user, now: (Notice.objects.filter(user=user), {"read_at": now}), user=..., now=...)
    >>> ask(READ(user=7, now=now))

    Args:
        build: makes the queryset, and by field what its rows are changed to, from one blank for each name.
        blanks: the field that each blank is of the kind of.
    """

    def __init__(self, build: Callable[..., tuple[Any, Mapping[str, Any]]], **blanks: Field[Any, Any]) -> None:
        super().__init__()
        self.build = build
        self.blanks = blanks

    def __call__(self, **values: Any) -> Asked:
        return Asked(self, values)

    def _compile(self, connection: BaseDatabaseWrapper) -> Compiled:
        rows, values = self.build(**{name: Blank(name, field) for name, field in self.blanks.items()})
        query = rows.query.chain(UpdateQuery)
        query.clear_ordering(force=True)
        query.add_update_values(values)
        sql, parameters = _write_constants(query.get_compiler(connection=connection).as_sql(), connection)
        return _make(sql, parameters, connection, is_answered=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement with its blanks filled in."""

    statement: Statement
    values: Mapping[str, Any]


def ask(*asked: Asked) -> list[list[tuple[Any, ...]]]:
    """The rows that answer each statement, none for one that has no answer.

    On PostgreSQL all in one round trip, and so all of one moment or nearly so: each sees what those before it have done,
    and what others have committed before it began.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    compiled = [one.statement.compile(connection) for one in asked]
    answers = []
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            results = cursor.cursor  # psycopg's own: Django's wraps each of these small calls
            # Values are written into the text, as by psycopg (Django's default), so that it may hold several statements.
            with connection.wrap_database_errors:
                literal = Transformer(results).as_literal
                written = [
                    form.write(one.values, connection, literal) for form, one in zip(compiled, asked, strict=True)
                ]
            cursor.execute(";".join(written))
            for form in compiled:
                answers.append(form.convert(results.fetchall()) if form.is_answered else [])
                results.nextset()
        return answers
    with connection.cursor() as cursor:
        for form, one in zip(compiled, asked, strict=True):
            cursor.execute(form.sql, form.fill(one.values, connection))
            answers.append(form.convert(cursor.fetchall()) if form.is_answered else [])
    return answers
