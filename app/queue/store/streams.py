"""Streams: what is due, by connection, priority and kind, found without a look at each lane."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from app.database import Transaction, Written
from app.queue.store.tables import LANE

#: Spelled out: PostgreSQL plans for a tenth of the table where it does not know the limit.
ONE: ColumnElement[int] = literal_column("1")


@dataclass(frozen=True, slots=True)
class Stream:
    """The due lanes of one connection and kind: a range of the partial index, and its first moment."""

    connection: str
    priority: int
    kind: str
    due_at: datetime


def streams(transaction: Transaction) -> list[Stream]:
    return [Stream(*row) for row in transaction.rows(_streams(transaction.dialect))]


_ORDER = ("connection", "priority", "kind", "due_at")


def _walk() -> Select[Any]:
    """From stream to stream by their first entries in the index: its cost is the number of streams."""
    at = LANE.alias("at")
    walk = select(_first()).cte("stream", recursive=True)
    # Not (connection, priority, kind) > (…): SQLite looks through the whole index for that.
    step = func.coalesce(*(_first(at, equal) for equal in (2, 1, 0)))
    walk = walk.union_all(select(step).select_from(walk.join(at, at.c.id == walk.c.id)))
    return select(*LANE.c[_ORDER]).join(walk, LANE.c.id == walk.c.id)


def _first(at: FromClause | None = None, equal: int = 0) -> ColumnElement[Any]:
    """The lane that is due first in the first stream, or in the first one that differs from `at` so late."""
    lane = LANE.alias("following")
    query: Select[Any] = (
        select(lane.c.id).where(lane.c.due_at.is_not(None)).order_by(*lane.c[_ORDER[equal:]]).limit(ONE)
    )
    if at is None:
        return query.scalar_subquery().label("id")
    same = [lane.c[name] == at.c[name] for name in _ORDER[:equal]]
    return query.where(*same, lane.c[_ORDER[equal]] > at.c[_ORDER[equal]]).correlate(at).scalar_subquery()


@cache
def _streams(dialect: str) -> Written:
    return Written(_walk(), dialect)
