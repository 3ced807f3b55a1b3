"""Statements that SQLAlchemy writes once, for the driver to run them as they are."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from app.database.documents import decode, encode_text

Convert = Callable[[Any], Any]

_asyncpg: Any = asyncpg.dialect
DIALECTS: dict[str, Dialect] = {
    "postgresql": _asyncpg(json_serializer=encode_text, json_deserializer=decode),
    "sqlite": pysqlite.dialect(json_serializer=encode_text, json_deserializer=decode),
}


class Written:
    """A statement's text in one dialect, the order of its parameters, and what its rows are made of."""

    __slots__ = ("_convert_in", "_convert_out", "_defaults", "_order", "_row", "names", "text")

    def __init__(self, statement: Executable, dialect_name: str) -> None:
        assert isinstance(statement, ClauseElement)
        dialect = DIALECTS[dialect_name]
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.text = str(compiled)
        self._order = tuple(compiled.positiontup or ())
        required = {name for each, name in compiled.bind_names.items() if each.required}
        #: Of the parameters that have to be given.
        self.names = tuple(sorted(required))
        self._defaults = {name: value for name, value in compiled.params.items() if name not in required}
        # asyncpg speaks PostgreSQL's types itself; SQLite has neither moments, ids nor documents.
        converting = dialect_name == "sqlite"
        self._convert_in = _converters_in(compiled, dialect) if converting else {}
        columns = list(getattr(statement, "exported_columns", ()))
        self._row: Any = namedtuple("Row", [each.name for each in columns])  # type: ignore[misc]  # noqa: PYI024
        self._convert_out = _converters_out(columns, dialect) if converting else ()

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """By position; KeyError where one is missing that the statement was not written with."""
        if self._convert_in:
            values = {
                name: self._convert_in[name](value) if name in self._convert_in else value
                for name, value in values.items()
            }
        given = {**self._defaults, **values}
        return [given[name] for name in self._order]

    def rows(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        """Named tuples."""
        make = self._row._make
        if not any(self._convert_out):
            return [make(each) for each in found]
        return [
            make(
                convert(value) if convert else value
                for convert, value in zip(self._convert_out, each, strict=True)
            )
            for each in found
        ]


def _converters_in(compiled: SQLCompiler, dialect: Dialect) -> dict[str, Convert]:
    found = {
        name: parameter.type.dialect_impl(dialect).bind_processor(dialect)
        for name, parameter in compiled.binds.items()
    }
    return {name: convert for name, convert in found.items() if convert}


def _converters_out(columns: Iterable[Any], dialect: Dialect) -> tuple[Convert | None, ...]:
    return tuple(each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns)
