"""Bindings: the ERP's code ↔ VTEX's id, per connection and kind; always by code, never by name."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, select
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Field, SQLModel

from app.database import Database


class Binding(SQLModel, table=True):
    __tablename__ = "binding"

    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    vtex_id: int = Field(index=True)


_BINDING = Binding.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


class Bindings:
    """One connection's bindings."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    async def find(self, kind: str, code: str) -> int | None:
        query = select(_BINDING.c.vtex_id).where(*self._is(kind, code))
        found: int | None = await self._database.look(Connection.scalar, query)
        return found

    async def codes(self, kind: str, vtex_ids: Collection[int]) -> list[str]:
        """The ERP's codes of VTEX's ids, as far as they are bound."""
        ours = _BINDING.c.connection == self._connection, _BINDING.c.kind == kind
        query = select(_BINDING.c.code).where(*ours, _BINDING.c.vtex_id.in_(vtex_ids))
        async with self._database.read() as transaction:
            return list(await transaction.scalars(query))

    async def bind(self, kind: str, code: str, vtex_id: int) -> None:
        statement = self._database.upsert(_BINDING).values(
            connection=self._connection, kind=kind, code=code, vtex_id=vtex_id
        )
        statement = statement.on_conflict_do_update(
            index_elements=["connection", "kind", "code"], set_={"vtex_id": vtex_id}
        )
        async with self._database.write() as transaction:
            await transaction.execute(statement)

    async def forget(self, kind: str, code: str) -> None:
        """What VTEX no longer has."""
        async with self._database.write() as transaction:
            await transaction.execute(delete(_BINDING).where(*self._is(kind, code)))

    def _is(self, kind: str, code: str) -> tuple[ColumnElement[bool], ...]:
        return (
            _BINDING.c.connection == self._connection,
            _BINDING.c.kind == kind,
            _BINDING.c.code == code,
        )
