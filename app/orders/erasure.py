"""Erasing an order: ids and amounts stay, and a mark that nothing brings the rest back."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Field, SQLModel

from app import audit
from app.audit import Action, Deed
from app.database import Database
from app.orders.hints import OrderHint
from app.queue.store import Store
from app.queue.store.stripping import Found, Stripped

#: Who found no mark has stored what it read, or never will.
_STORED_BY_THEN_SECONDS = 1.0


class ErasedOrder(SQLModel, table=True):
    __tablename__ = "erased_order"

    connection: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    erased_at: datetime


_ERASED = ErasedOrder.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
_HINT = OrderHint.__table__  # type: ignore[attr-defined]


class ErasedOrders:
    """One connection's."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    async def when(self, order_id: str) -> datetime | None:
        query = select(_ERASED.c.erased_at).where(
            _ERASED.c.connection == self._connection, _ERASED.c.order_id == order_id
        )
        async with self._database.read() as transaction:
            found: datetime | None = await transaction.scalar(query)
        return found

    async def mark(self, order_id: str, now: datetime) -> None:
        """Its first erasure counts; what was hinted at of it is forgotten."""
        marked = self._database.upsert(_ERASED).values(
            connection=self._connection, order_id=order_id, erased_at=now
        )
        hinted = _HINT.c.connection == self._connection, _HINT.c.order_id == order_id
        async with self._database.write() as transaction:
            await transaction.execute(marked.on_conflict_do_nothing())
            await transaction.execute(delete(_HINT).where(*hinted))


async def erase(
    store: Store, connection: str, order_id: str, *, force: bool, who: str = audit.BRIDGE
) -> Stripped | Sequence[Found]:
    """What was erased; or what of the order has not ended and keeps it from being erased.

    Twice, with the mark between: what a poller was about to store when the mark was set goes too.
    """
    target = f"order:{order_id}"
    first = await store.contents.erase(connection, target, Deed(who, Action.ERASE), force=force)
    if not isinstance(first, Stripped) or not first.is_known:
        return first
    await ErasedOrders(store.database, connection).mark(order_id, store.clock())
    await asyncio.sleep(_STORED_BY_THEN_SECONDS)
    second = await store.contents.erase(connection, target, force=force)
    if not isinstance(second, Stripped):
        return second
    await store.database.empty_log()
    return Stripped(first.events + second.events, first.answers + second.answers)
