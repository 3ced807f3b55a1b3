"""Many rows in one statement: they travel as one JSON document, however many they are.

SQLAlchemy's own bulk statements handle each value of each row in Python; this is the hot path, and here the
database does.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    Connection,
    Dialect,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.schema import Table
from sqlalchemy.types import TypeEngine

Values = dict[str, Any]
Given = dict[str, ColumnElement[Any]]
_encode = msgspec.json.Encoder().encode


@cache
def given(table: Table, names: tuple[str, ...], dialect: str) -> Given:
    """The rows' values by name, each of its column's type: to select from, or to update by."""
    if dialect == "postgresql":
        rows = func.jsonb_to_recordset(cast(bindparam("rows", type_=Text), postgresql.JSONB))
        columns = [column(name, table.c[name].type) for name in names]
        derived = rows.table_valued(*columns, name="given").render_derived(with_types=True)
        return {name: derived.c[name] for name in names}
    value = func.json_each(bindparam("rows", type_=Text)).table_valued("value", name="given").c.value
    return {name: _extracted(value, name, table.c[name].type) for name in names}


def _extracted(value: ColumnElement[Any], name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """A document stays as it is written; SQLite has no null among these."""
    path: ColumnElement[Any] = literal_column(f"'$.{name}'")
    if isinstance(type_, JSON):
        return func.nullif(value.op("->")(path), literal_column("'null'"))
    return func.json_extract(value, path)


@cache
def insertion(table: Table, names: tuple[str, ...], dialect: str) -> Any:
    """Takes `on_conflict_do_update` and `returning`; inserts in the order of the rows."""
    # SQLite would read ON CONFLICT as a join's condition.
    rows = select(*given(table, names, dialect).values()).where(true())
    kind: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return kind(table).from_select(names, rows, include_defaults=False)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """All rows name the same columns."""
    if rows:
        statement = insertion(table, tuple(rows[0]), connection.dialect.name)
        connection.execute(statement, parameter(connection, table, rows))


def parameter(connection: Connection, table: Table, rows: Sequence[Values]) -> Values:
    """What a statement over `given` is executed with."""
    written = _written(table, tuple(rows[0]), connection.dialect)
    if written:
        rows = [row | {name: write(row[name]) for name, write in written.items()} for row in rows]
    return {"rows": _encode(rows).decode()}


@cache
def _written(table: Table, names: tuple[str, ...], dialect: Dialect) -> dict[str, Any]:
    """How the database writes moments and ids, where it differs from JSON."""
    if dialect.name == "postgresql":
        return {}
    types = {name: table.c[name].type for name in names}
    processors = {
        name: type_.dialect_impl(dialect).bind_processor(dialect)
        for name, type_ in types.items()
        if not isinstance(type_, JSON)
    }
    return {name: processor for name, processor in processors.items() if processor}
