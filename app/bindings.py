"""Bindings: the ERP's code ↔ VTEX's id, per connection and kind; always by code, never by name.

Brands and categories have no code in VTEX, so a binding is all that joins them. That a create was begun is
therefore noted before it is sent: when its answer is lost, the note says which record is ours.
"""

from collections.abc import Collection, Mapping
from functools import cache

from sqlalchemy import Executable, Table, delete, func, or_, select
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Field, SQLModel

from app.database import Database, GroupCommit, Transaction, Written
from app.database.bulk import Rows


class Binding(SQLModel, table=True):
    __tablename__ = "binding"

    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    vtex_id: int = Field(index=True)


class Creation(SQLModel, table=True):
    """A create that was begun and of which VTEX's answer is not known yet."""

    __tablename__ = "creation"

    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    #: As it was sent; the ERP may rename it before the answer is known.
    name: str
    parent_id: int | None = None
    #: The id that we chose for it, where VTEX lets us.
    vtex_id: int | None = None


_BINDING: Table = Binding.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
_CREATION: Table = Creation.__table__  # type: ignore[attr-defined]
#: Codes that one statement looks up.
_MOST_CODES = 500
_ASKED = Rows("asked", _BINDING, "connection", "kind", "code")


@cache
def _found(dialect: str) -> Written:
    asked = _ASKED.columns(dialect)
    same = (_BINDING.c[name] == value for name, value in asked.items())
    return Written(select(*_BINDING.c["kind", "code", "vtex_id"]).where(*same), dialect)


class Bindings:
    """One connection's bindings."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection
        self._finding: GroupCommit[tuple[str, str], int | None] = GroupCommit(
            self._find, most=_MOST_CODES, weight=lambda _: 1
        )

    async def find(self, kind: str, code: str) -> int | None:
        """Those who ask at the same time share one statement."""
        return await self._finding.submit((kind, code))

    async def _find(self, asked: list[tuple[str, str]]) -> list[int | Exception | None]:
        rows = [{"connection": self._connection, "kind": kind, "code": code} for kind, code in asked]

        def find(transaction: Transaction) -> dict[tuple[str, str], int]:
            found = transaction.rows(_found(transaction.dialect), **_ASKED.document(transaction, rows))
            return {(row.kind, row.code): row.vtex_id for row in found}

        found = await self._database.look(find)
        return [found.get(each) for each in asked]

    async def codes(self, kind: str, vtex_ids: Collection[int]) -> list[str]:
        """The ERP's codes of VTEX's ids, as far as they are bound."""
        return list(await self.bound(kind, vtex_ids))

    async def bound(
        self, kind: str, vtex_ids: Collection[int], codes: Collection[str] = ()
    ) -> dict[str, int]:
        """What is bound of VTEX's ids, and of the ERP's codes: code → id."""
        ours = _BINDING.c.connection == self._connection, _BINDING.c.kind == kind
        named = or_(_BINDING.c.vtex_id.in_(vtex_ids), _BINDING.c.code.in_(codes))
        query = select(_BINDING.c.code, _BINDING.c.vtex_id).where(*ours, named)
        async with self._database.read() as transaction:
            return {row.code: row.vtex_id for row in await transaction.execute(query)}

    async def below(self, kind: str, prefix: str) -> dict[str, int]:
        """All codes that begin so, with VTEX's ids."""
        ours = _BINDING.c.connection == self._connection, _BINDING.c.kind == kind
        query = select(_BINDING.c.code, _BINDING.c.vtex_id).where(
            *ours, _BINDING.c.code.startswith(prefix, autoescape=True)
        )
        async with self._database.read() as transaction:
            found = (await transaction.execute(query)).all()
        # LIKE of SQLite does not tell capitals apart.
        return {code: vtex_id for code, vtex_id in found if code.startswith(prefix)}

    async def bind(self, kind: str, code: str, vtex_id: int) -> None:
        statement = self._binding(kind, code, vtex_id)
        async with self._database.write() as transaction:
            await transaction.execute(statement)

    async def known(
        self, kind: str, codes: Collection[str], vtex_ids: Collection[int]
    ) -> tuple[dict[str, int], dict[int, list[str]]]:
        """The ids that these codes are bound to, and the codes that these ids are bound to."""
        named = or_(_BINDING.c.code.in_(codes), _BINDING.c.vtex_id.in_(vtex_ids))
        ours = _BINDING.c.connection == self._connection, _BINDING.c.kind == kind
        async with self._database.read() as transaction:
            found = (await transaction.execute(select(_BINDING).where(*ours, named))).all()
        owners: dict[int, list[str]] = {}
        for row in found:
            owners.setdefault(row.vtex_id, []).append(row.code)
        return {row.code: row.vtex_id for row in found}, owners

    async def bind_all(self, kind: str, ids: Mapping[str, int]) -> None:
        """Many in one transaction; what was bound to another id is bound anew."""
        if not ids:
            return
        rows = [
            {"connection": self._connection, "kind": kind, "code": code, "vtex_id": vtex_id}
            for code, vtex_id in sorted(ids.items())
        ]
        statement = self._database.upsert(_BINDING)
        statement = statement.on_conflict_do_update(
            index_elements=["connection", "kind", "code"], set_={"vtex_id": statement.excluded.vtex_id}
        )
        async with self._database.write() as transaction:
            await transaction.execute(statement, rows)

    async def forget(self, kind: str, code: str) -> None:
        """What VTEX no longer has."""
        async with self._database.write() as transaction:
            await transaction.execute(delete(_BINDING).where(*self._is(_BINDING, kind, code)))

    async def begin(self, creation: Creation) -> None:
        """To be called before the create is sent."""
        values = creation.model_dump()
        statement = self._database.upsert(_CREATION).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=["connection", "kind", "code"], set_=values
        )
        async with self._database.write() as transaction:
            await transaction.execute(statement)

    async def begun(self, kind: str, code: str) -> Creation | None:
        query = select(_CREATION).where(*self._is(_CREATION, kind, code))
        async with self._database.read() as transaction:
            found = (await transaction.execute(query)).mappings().one_or_none()
        return None if found is None else Creation(**found)

    async def unfinished(self, kind: str, parent_id: int) -> list[Creation]:
        """What was begun below this parent."""
        ours = _CREATION.c.connection == self._connection, _CREATION.c.kind == kind
        query = select(_CREATION).where(*ours, _CREATION.c.parent_id == parent_id)
        async with self._database.read() as transaction:
            return [Creation(**found) for found in (await transaction.execute(query)).mappings()]

    async def abandon(self, kind: str, code: str) -> None:
        """The create did not happen."""
        async with self._database.write() as transaction:
            await transaction.execute(delete(_CREATION).where(*self._is(_CREATION, kind, code)))

    async def finish(self, kind: str, code: str, vtex_id: int) -> None:
        """The create happened: bind what it made."""
        async with self._database.write() as transaction:
            await transaction.execute(self._binding(kind, code, vtex_id))
            await transaction.execute(delete(_CREATION).where(*self._is(_CREATION, kind, code)))

    async def highest(self, kind: str) -> int:
        """Of the ids that are bound, or chosen for what is being created."""
        async with self._database.read() as transaction:
            highest = [
                await transaction.scalar(
                    select(func.max(table.c.vtex_id)).where(
                        table.c.connection == self._connection, table.c.kind == kind
                    )
                )
                for table in (_BINDING, _CREATION)
            ]
        return max(each or 0 for each in highest)

    def _binding(self, kind: str, code: str, vtex_id: int) -> Executable:
        statement = self._database.upsert(_BINDING).values(
            connection=self._connection, kind=kind, code=code, vtex_id=vtex_id
        )
        bound: Executable = statement.on_conflict_do_update(
            index_elements=["connection", "kind", "code"], set_={"vtex_id": vtex_id}
        )
        return bound

    def _is(self, table: Table, kind: str, code: str) -> tuple[ColumnElement[bool], ...]:
        return table.c.connection == self._connection, table.c.kind == kind, table.c.code == code
