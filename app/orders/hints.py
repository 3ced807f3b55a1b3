"""Hints: that an order may have something new to tell; coalesced per order, read until a status is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Field, SQLModel

from app import audit
from app.audit import Deed
from app.database import Database

_LEASE = timedelta(seconds=60)


class OrderHint(SQLModel, table=True):
    __tablename__ = "order_hint"

    connection: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    #: The status that the source named; none if it named several, or none at all.
    state: str | None = None
    #: Counts the hints, so that one that came during the reading is not lost.
    seen: int = 1
    due_at: datetime = Field(index=True)
    #: The first hint that is not settled yet.
    since: datetime | None = None


_HINT = OrderHint.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


@dataclass(frozen=True, slots=True)
class Hint:
    order_id: str
    state: str | None
    seen: int = 0
    since: datetime | None = None
    due_at: datetime | None = None


class Hints:
    """One connection's hints."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    async def put(self, hints: Iterable[Hint], deed: Deed | None = None) -> None:
        """Return after the commit; `deed` is whose wish it was, if it was a person's."""
        latest: dict[str, str | None] = {}
        for hint in hints:
            known = latest.get(hint.order_id, hint.state)
            latest[hint.order_id] = hint.state if known == hint.state else None
        if not latest:
            return
        now = datetime.now(UTC)
        statement = self._database.upsert(_HINT)
        statement = statement.on_conflict_do_update(
            index_elements=["connection", "order_id"],
            set_={
                "seen": _HINT.c.seen + 1,
                "state": case((_HINT.c.state == statement.excluded.state, _HINT.c.state), else_=None),
                "due_at": statement.excluded.due_at,
            },
        )
        rows = [
            {"connection": self._connection, "order_id": order, "state": state, "seen": 1}
            | {"due_at": now, "since": now}
            for order, state in sorted(latest.items())
        ]
        async with self._database.write() as transaction:
            await transaction.execute(statement, rows)
            if deed is not None:
                for order in latest:
                    await audit.write(transaction, deed, self._connection, f"order {order}")

    async def take(self, most: int) -> list[Hint]:
        """Due hints; each is due again after a minute unless it is settled."""
        now = datetime.now(UTC)
        due = (
            select(*_HINT.c["order_id", "state", "seen", "since"])
            .where(_HINT.c.connection == self._connection, _HINT.c.due_at <= now)
            .order_by(_HINT.c.due_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        async with self._database.write() as transaction:
            taken = [Hint(*row) for row in await transaction.execute(due)]
            await self._postpone(transaction, taken, now + _LEASE)
        return taken

    async def find(self, order_id: str) -> Hint | None:
        """What is still to be read of the order."""
        query = select(*_HINT.c["order_id", "state", "seen", "since", "due_at"]).where(
            _HINT.c.connection == self._connection, _HINT.c.order_id == order_id
        )
        async with self._database.read() as transaction:
            row = (await transaction.execute(query)).first()
        return Hint(*row) if row else None

    async def settle(self, hints: list[Hint]) -> None:
        """What they named is known; a newer hint of the same order stays."""
        statement = delete(_HINT).where(
            _HINT.c.connection == self._connection,
            _HINT.c.order_id == bindparam("order"),
            _HINT.c.seen == bindparam("read_at"),
        )
        if hints:
            async with self._database.write() as transaction:
                await transaction.execute(
                    statement, [{"order": each.order_id, "read_at": each.seen} for each in hints]
                )

    async def postpone(self, hint: Hint, until: datetime) -> None:
        """A newer hint of the same order stays due."""
        async with self._database.write() as transaction:
            await self._postpone(transaction, [hint], until, _HINT.c.seen == hint.seen)

    async def _postpone(
        self,
        transaction: AsyncConnection,
        hints: list[Hint],
        until: datetime,
        *conditions: ColumnElement[bool],
    ) -> None:
        statement = (
            update(_HINT)
            .where(
                _HINT.c.connection == self._connection,
                _HINT.c.order_id.in_([each.order_id for each in hints]),
                *conditions,
            )
            .values(due_at=until)
        )
        if hints:
            await transaction.execute(statement)
