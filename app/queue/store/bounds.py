"""Bounds: of some streams only so many lanes may be in flight, over all replicas."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Text, bindparam, cast, func, literal, select

from app.database import Transaction, Written
from app.queue.fairness import Chooser
from app.queue.store.streams import Stream
from app.queue.store.tables import LANE


def rooms(
    transaction: Transaction, due: Sequence[Stream], chooser: Chooser, now: datetime
) -> dict[Stream, int]:
    """How many of each may be taken; none of those that are left out."""
    found = {}
    # In one order: two replicas that claim of the same streams never wait for each other in a circle.
    for stream in sorted(due, key=lambda each: (each.connection, each.kind)):
        room = chooser.room(stream.connection, stream.priority)
        most = chooser.most(stream.connection, stream.kind)
        if most is not None:
            room = min(room, most - _in_flight(transaction, stream, now))
        if room > 0:
            found[stream] = room
    return {stream: found[stream] for stream in due if stream in found}


def _in_flight(transaction: Transaction, stream: Stream, now: datetime) -> int:
    """Nobody else claims of it until we have committed. An ended lease counts no more: its worker is cut."""
    if transaction.dialect == "postgresql":
        transaction.rows(_lock(), name=f"{stream.connection} {stream.kind} in flight")
    [row] = transaction.rows(
        _count(transaction.dialect), connection=stream.connection, kind=stream.kind, now=now
    )
    return int(row.in_flight)


@cache
def _lock() -> Written:
    key = func.hashtextextended(bindparam("name", type_=Text), literal(0))
    return Written(select(cast(func.pg_advisory_xact_lock(key), Text).label("locked")), "postgresql")


@cache
def _count(dialect: str) -> Written:
    leased = select(func.count().label("in_flight")).where(
        LANE.c.connection == bindparam("connection"),
        LANE.c.kind == bindparam("kind"),
        LANE.c.lease.is_not(None),
        LANE.c.due_at > bindparam("now"),
    )
    return Written(leased, dialect)
