"""Many rows in one statement: they travel as one JSON document, however many they are.

SQLAlchemy's own bulk statements handle each value of each row in Python; this is the hot path, and here the
database does.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Text,
    any_,
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

from app.database.documents import encode_text
from app.database.drivers import Transaction
from app.database.written import DIALECTS, Written

Values = dict[str, Any]
Given = dict[str, ColumnElement[Any]]


class Rows:
    """Rows of the given columns, as a parameter of a statement."""

    def __init__(self, parameter: str, table: Table, *names: str) -> None:
        self.parameter = parameter
        self._types = {name: table.c[name].type for name in names}

    def columns(self, dialect: str) -> Given:
        """By name, each of its column's type: to select from, or to update by. What a row lacks is NULL."""
        rows = bindparam(self.parameter, type_=Text)
        if dialect == "postgresql":
            unfolded = func.jsonb_to_recordset(cast(rows, postgresql.JSONB))
            columns = [column(name, type_) for name, type_ in self._types.items()]
            derived = unfolded.table_valued(*columns, name=self.parameter).render_derived(with_types=True)
            return {name: derived.c[name] for name in self._types}
        value = func.json_each(rows).table_valued("value", name=self.parameter).c.value
        return {name: _extracted(value, name, type_) for name, type_ in self._types.items()}

    def document(self, transaction: Transaction, rows: Sequence[Values]) -> Values:
        """The parameter, to execute with."""
        written = self._written(transaction.dialect)
        if written:
            rows = [
                row | {name: write(row[name]) for name, write in written.items() if name in row}
                for row in rows
            ]
        return {self.parameter: encode_text(rows)}

    @cache  # noqa: B019  rows stand in modules, they live as long as the process
    def _written(self, dialect: str) -> dict[str, Any]:
        """How the database writes moments and ids, where it differs from JSON."""
        if dialect == "postgresql":
            return {}
        spoken = DIALECTS[dialect]
        processors = {
            name: type_.dialect_impl(spoken).bind_processor(spoken)
            for name, type_ in self._types.items()
            if not isinstance(type_, JSON)
        }
        return {name: processor for name, processor in processors.items() if processor}


def insertion(table: Table, rows: Rows, dialect: str, **alike: ColumnElement[Any]) -> Any:
    """Takes `on_conflict_do_update` and `returning`; inserts in the order of the rows.

    `alike` are the columns that are the same in all of them.
    """
    columns = rows.columns(dialect) | alike
    # SQLite would read ON CONFLICT as a join's condition.
    chosen = select(*columns.values()).where(true())
    kind: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return kind(table).from_select(list(columns), chosen, include_defaults=False)


def _extracted(value: ColumnElement[Any], name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """A document stays as it is written; SQLite has no null among these."""
    path: ColumnElement[Any] = literal_column(f"'$.{name}'")
    if isinstance(type_, JSON):
        return func.nullif(value.op("->")(path), literal_column("'null'"))
    return func.json_extract(value, path)


def among(ids: ColumnElement[int], parameter: str, dialect: str) -> ColumnElement[bool]:
    """Whether it is one of a list, which `listed` prepares."""
    if dialect == "postgresql":
        return ids == any_(bindparam(parameter, type_=postgresql.ARRAY(BigInteger)))
    rows = func.json_each(bindparam(parameter, type_=Text)).table_valued("value")
    return ids.in_(select(rows.c.value))


def listed(transaction: Transaction, ids: Sequence[int]) -> object:
    return ids if transaction.dialect == "postgresql" else encode_text(ids)


class Together:
    """Statements that neither see nor touch one another's rows: for PostgreSQL they are one."""

    def __init__(self, *steps: Callable[[str], Any], then: Callable[[str], Any] | None = None) -> None:
        """Each writes its statement for a dialect; `then` is a query over rows that the steps leave alone."""
        self._steps = steps
        self._then = then

    def run(self, transaction: Transaction, values: Values, *, apart: bool = False) -> list[Any]:
        """The rows of `then`; `apart` where it is to see what the steps did."""
        found: list[Any] = []
        for statement in self._written(transaction.dialect, apart or transaction.dialect == "sqlite"):
            found = transaction.rows(statement, **{name: values[name] for name in statement.names})
        return found

    @cache  # noqa: B019  they stand in modules
    def _written(self, dialect: str, apart: bool) -> list[Written]:
        statements = [step(dialect) for step in self._steps]
        then = self._then(dialect) if self._then else None
        if not apart:
            parts = [statement.cte(f"step_{place}") for place, statement in enumerate(statements)]
            query = select(literal_column("1").label("done")) if then is None else then
            statements = [query.add_cte(*parts)]
        elif then is not None:
            statements.append(then)
        return [Written(statement, dialect) for statement in statements]
