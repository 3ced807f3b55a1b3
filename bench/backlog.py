"""A large backlog in seconds: rows as the store itself writes them, copied by the database.

One change is accepted for real; its lane and its event are the pattern. So the copies have every column that
this version's schema has, with its defaults.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, text
from uuid_utils.compat import uuid7

from app.changes import KINDS
from app.database import Database
from app.queue.lanes import NewEvent, Submission
from app.queue.models import Event, Lane
from app.queue.store import Store
from bench.databases import execute
from bench.processes import CONNECTION

_LANE: Table = Lane.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
_EVENT: Table = Event.__table__  # type: ignore[attr-defined]
#: Ids of copied rows begin here; each copying takes a range of its own.
_FIRST = 1_000_000
_RANGE = 10_000_000


async def copies(
    url: str, event: NewEvent, lanes: int, *, each: int = 1, finished: bool = False, load: int = 0
) -> None:
    """`lanes` lanes like `event`'s with `each` events: all due now, or all delivered.

    `load` tells several copyings into one database apart.
    """
    first = _FIRST + load * _RANGE
    code = f"'{event.kind}-{load}-' || "
    lane = {
        "id": f"{first} + series.number",
        "key": f"{code} series.number",
        "target": f"'target-' || {code} series.number",
        "last_number": str(each),
    }
    one = {
        "id": _uuid(url, f"{first} + series.number"),
        "key": f"{code} (series.number / {each})",
        "lane_id": f"{first} + series.number / {each}",
        "number": f"series.number % {each} + 1",
    }
    if finished:
        lane |= {"due_at": "NULL", "status": "NULL"}
        one |= {"status": "'delivered'", "finished_at": "pattern.accepted_at"}
    database = Database(url)
    try:
        await Store(database).accept(Submission(CONNECTION, (event,)))
        async with database.write() as transaction:
            await transaction.run_sync(_copy, _LANE, lane, lanes, event.key)
            await transaction.run_sync(_copy, _EVENT, one, lanes * each, event.key)
            # The pattern itself is no work.
            for table in ("event", "lane"):
                await transaction.execute(text(f"DELETE FROM {table} WHERE key = :key"), {"key": event.key})
            if not database.on_sqlite:
                sequence = "SELECT setval(pg_get_serial_sequence('lane', 'id'), (SELECT max(id) FROM lane))"
                await transaction.execute(text(sequence))
    finally:
        await database.close()


async def settle(url: str) -> None:
    """As autovacuum leaves a database that grew in the course of days."""
    if url.startswith("postgresql"):
        await execute(url, "VACUUM ANALYZE", "CHECKPOINT")
        # Its connections end a moment later; a template may have none.
        await asyncio.sleep(0.5)


def _copy(connection: Connection, table: Table, values: Mapping[str, str], rows: int, key: str) -> None:
    names = [column.name for column in table.columns]
    given = ", ".join(values.get(name, f"pattern.{name}") for name in names)
    series = (
        "WITH RECURSIVE series(number) AS"
        f" (SELECT 0 UNION ALL SELECT number + 1 FROM series WHERE number + 1 < {rows})"
    )
    source = f"FROM series, {table.name} AS pattern WHERE pattern.key = :key"
    copied = f"INSERT INTO {table.name} ({', '.join(names)}) {series} SELECT {given} {source}"
    connection.execute(text(copied), {"key": key})


def _uuid(url: str, number: str) -> str:
    if url.startswith("sqlite"):
        return f"printf('%032x', {number})"
    return f"lpad(to_hex({number}), 32, '0')::uuid"


def stock(sku: str, quantity: int = 7) -> NewEvent:
    return _event("stock", {"sku": sku, "warehouse": "1_1", "quantity": quantity, "unlimited": False})


def price(sku: str, base: str) -> NewEvent:
    return _event("price", {"sku": sku, "base": base})


def _event(name: str, payload: dict[str, Any]) -> NewEvent:
    kind = KINDS[name]
    change = kind.change.model_validate(payload)
    return NewEvent(
        id=uuid7(),
        kind=name,
        key=kind.key(change),
        target=kind.target(change),
        priority=kind.priority,
        payload=change.payload(),
        fold=kind.fold,
    )


def fact(key: str) -> NewEvent:
    """Of a kind that no bridge delivers: for figures of the store alone."""
    return NewEvent(
        id=uuid7(), kind="fact", key=key, target=f"fact:{key}", priority=1, payload={"number": 1}, fold=None
    )


async def accept_all(url: str, events: list[NewEvent]) -> None:
    """The usual way, a thousand at a time."""
    database = Database(url)
    store = Store(database)
    try:
        for first in range(0, len(events), 1000):
            await store.accept(Submission(CONNECTION, tuple(events[first : first + 1000])))
    finally:
        await database.close()


async def bind_skus(url: str, skus: Mapping[str, int]) -> None:
    """As if each had been found in VTEX before."""
    rows = [
        {"connection": CONNECTION, "kind": "sku", "code": code, "vtex_id": vtex_id}
        for code, vtex_id in skus.items()
    ]
    insert = text(
        "INSERT INTO binding (connection, kind, code, vtex_id) VALUES (:connection, :kind, :code, :vtex_id)"
    )
    database = Database(url)
    try:
        async with database.write() as transaction:
            await transaction.execute(insert, rows)
    finally:
        await database.close()
