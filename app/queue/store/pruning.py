"""Pruning: what ended long ago goes, in transactions of a few rows; lanes stay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from app.database import Database
from app.errors import Waiting
from app.queue.models import Status
from app.queue.store.recording import ATTEMPT
from app.queue.store.tables import EVENT, IDEMPOTENCY, LANE


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands in the table, which is in the order of acceptance."""

    id: UUID
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Pruned:
    events: int = 0
    attempts: int = 0
    #: There were more attempts than one transaction takes: their events go with the next.
    more: bool = False


class Pruning:
    """In small transactions."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    async def events_from(self, cursor: UUID | None, most: int) -> list[Place]:
        """The next events after `cursor`, oldest first."""
        async with self._database.read() as connection:
            return await _events_from(connection, cursor, most)

    async def events(self, event_ids: list[UUID], most: int, *, states: bool, before: datetime) -> Pruned:
        """Those of them that ended before then, of state kinds or of facts, with up to `most` attempts."""
        async with self._database.write() as connection:
            return await _prune_events(connection, event_ids, most, states=states, before=before)

    async def idempotency_keys(self, most: int) -> int:
        """The expired ones; those that hold for ever stay."""
        async with self._database.write() as connection:
            return await _prune_idempotency_keys(connection, most, self._clock())


async def _events_from(connection: AsyncConnection, cursor: UUID | None, most: int) -> list[Place]:
    query = select(EVENT.c.id, EVENT.c.accepted_at).order_by(EVENT.c.id).limit(most)
    if cursor is not None:
        query = query.where(EVENT.c.id > cursor)
    return [Place(row.id, row.accepted_at) for row in await connection.execute(query)]


async def _prune_events(
    connection: AsyncConnection, event_ids: Sequence[UUID], most: int, *, states: bool, before: datetime
) -> Pruned:
    """At most `most` attempts; rows that another pruner has in hand are left to it."""
    found = await connection.scalars(
        select(EVENT.c.id)
        .join(LANE, EVENT.c.lane_id == LANE.c.id)
        .where(EVENT.c.id.in_(event_ids), LANE.c.is_state == states, *_done(before))
        .with_for_update(of=EVENT, skip_locked=True)
    )
    ids = list(found)
    if not ids:
        return Pruned()
    of_theirs = select(ATTEMPT.c.id).where(ATTEMPT.c.event_id.in_(ids)).limit(most)
    attempts = (await connection.execute(delete(ATTEMPT).where(ATTEMPT.c.id.in_(of_theirs)))).rowcount
    if attempts == most:
        return Pruned(attempts=attempts, more=True)
    events = (await connection.execute(delete(EVENT).where(EVENT.c.id.in_(ids)))).rowcount
    return Pruned(events, attempts)


def _done(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Ended, and its lane has ended with it: one that has been stuck since keeps its whole story."""
    pending = EVENT.alias("pending")
    stuck = exists().where(
        pending.c.lane_id == EVENT.c.lane_id, pending.c.finished_at.is_(None), pending.c.accepted_at < before
    )
    # It is revived when the other arrives after all.
    given_up_waiting = (
        LANE.c.waiting_kind.is_not(None)
        & (EVENT.c.status == Status.FAILED.value)
        & (EVENT.c.reason_class == Waiting.reason_class)
    )
    return EVENT.c.finished_at < before, ~stuck, ~given_up_waiting


async def _prune_idempotency_keys(connection: AsyncConnection, most: int, now: datetime) -> int:
    identity = IDEMPOTENCY.c["connection", "route", "key"]
    found = await connection.execute(
        select(*identity).where(IDEMPOTENCY.c.expires_at < now).limit(most).with_for_update(skip_locked=True)
    )
    expired = [tuple(row) for row in found]
    if expired:
        await connection.execute(delete(IDEMPOTENCY).where(tuple_(*identity).in_(expired)))
    return len(expired)
