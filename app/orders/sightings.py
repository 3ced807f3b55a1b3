"""Which statuses of an order VTEX has shown, and when it was read last: ids only, nothing of its customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Table, select, update
from sqlmodel import Field, Index, SQLModel

from app.database import Database
from app.orders.status import CLOSED

#: What VTEX shows of an order that is incomplete, or whose workflow failed.
NO_STATUS = ""
#: An order that does not end in so long is no longer asked after.
_LONGEST_OPEN = timedelta(days=60)


class OrderRead(SQLModel, table=True):
    """The last reading."""

    __tablename__ = "order_read"
    __table_args__ = (Index("order_read_open", "connection", "is_open", "read_at"),)

    connection: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    status: str
    #: Something may still become of it that the ERP wants to know.
    is_open: bool
    first_read_at: datetime
    #: Or when it was asked for again.
    read_at: datetime


class OrderStatusSeen(SQLModel, table=True):
    __tablename__ = "order_status_seen"

    connection: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    status: str = Field(primary_key=True)
    seen_at: datetime


_READ: Table = OrderRead.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
_SEEN: Table = OrderStatusSeen.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Sighting:
    order_id: str
    #: None where VTEX shows none.
    status: str | None
    seen_at: datetime


class Sightings:
    """One connection's."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    async def put(self, sightings: Sequence[Sighting]) -> None:
        """Safe to repeat: a status was first seen when it was first seen."""
        # Each row once, and sorted: two pollers lock them in the same order.
        newest = sorted({each.order_id: each for each in sightings}.values(), key=lambda each: each.order_id)
        if not newest:
            return
        of = [{"connection": self._connection, "order_id": each.order_id} for each in newest]
        statuses = [each.status or NO_STATUS for each in newest]
        moments = [each.seen_at for each in newest]
        seen = [
            row | {"status": status, "seen_at": moment}
            for row, status, moment in zip(of, statuses, moments, strict=True)
        ]
        read = [
            row | {"status": status, "is_open": status not in CLOSED} | _read_at(moment)
            for row, status, moment in zip(of, statuses, moments, strict=True)
        ]
        latest = self._database.upsert(_READ)
        latest = latest.on_conflict_do_update(
            index_elements=["connection", "order_id"],
            set_={name: latest.excluded[name] for name in ("status", "is_open", "read_at")},
        )
        async with self._database.write() as transaction:
            await transaction.execute(latest, read)
            await transaction.execute(self._database.upsert(_SEEN).on_conflict_do_nothing(), seen)

    async def of(self, order_id: str) -> list[Sighting]:
        """Each status once, in the order in which they were first seen."""
        query = (
            select(*_SEEN.c["status", "seen_at"])
            .where(_SEEN.c.connection == self._connection, _SEEN.c.order_id == order_id)
            .order_by(_SEEN.c.seen_at)
        )
        async with self._database.read() as transaction:
            found = (await transaction.execute(query)).all()
        return [Sighting(order_id, row.status or None, row.seen_at) for row in found]

    async def unread(self, for_so_long: timedelta, most: int) -> list[str]:
        """Open orders that nobody has looked at, the longest first; from now on they count as looked at."""
        now = datetime.now(UTC)
        due = (
            _READ.c.connection == self._connection,
            _READ.c.is_open,
            _READ.c.read_at <= now - for_so_long,
            _READ.c.first_read_at > now - _LONGEST_OPEN,
        )
        query = select(_READ.c.order_id).where(*due).order_by(_READ.c.read_at).limit(most)
        async with self._database.read() as transaction:
            found = sorted(await transaction.scalars(query))
        if found:
            ours = _READ.c.connection == self._connection, _READ.c.order_id.in_(found)
            async with self._database.write() as transaction:
                await transaction.execute(update(_READ).where(*ours).values(read_at=now))
        return found


def _read_at(moment: datetime) -> dict[str, datetime]:
    return {"first_read_at": moment, "read_at": moment}
