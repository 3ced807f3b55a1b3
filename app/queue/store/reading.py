"""Reading for people: events with what holds them up, their attempts, and a lane's whole state."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, case, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.database import Database
from app.queue.models import PENDING, Status
from app.queue.store.recording import ATTEMPT
from app.queue.store.tables import EVENT, IDEMPOTENCY, LANE, end_of

#: A row whose columns are what its query names.
Found = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class EventFilter:
    kind: str | None = None
    key: str | None = None
    status: Status | None = None
    since: datetime | None = None
    before: UUID | None = None
    limit: int = 100


def _events() -> Select[*tuple[Any, ...]]:
    """A pending event shows its lane's status: a fact only where it stands first in its lane.

    `behind` is the event that it stands behind; `awaited_*` tells of the newest event of what it waits for.
    """
    earlier = EVENT.alias("earlier")
    head = earlier.c.lane_id == EVENT.c.lane_id, earlier.c.finished_at.is_(None)
    first = select(func.min(earlier.c.number)).where(*head).scalar_subquery()
    first_id = select(earlier.c.id).where(*head).order_by(earlier.c.number).limit(1).scalar_subquery()
    is_pending = EVENT.c.finished_at.is_(None)
    held_up = and_(is_pending, or_(LANE.c.is_state, EVENT.c.number == first))
    awaited_lane, awaited = LANE.alias("awaited_lane"), EVENT.alias("awaited")

    def shown(name: str, lane_column: ColumnElement[Any]) -> ColumnElement[Any]:
        return case((held_up, lane_column), else_=EVENT.c[name]).label(name)

    return select(
        *EVENT.c[
            "id", "connection", "kind", "key", "number", "payload", "stage", "accepted_at", "finished_at"
        ],
        shown("status", func.coalesce(LANE.c.status, EVENT.c.status)),
        shown("reason", LANE.c.reason),
        shown("reason_class", LANE.c.reason_class),
        case((held_up, LANE.c.since)).label("since"),
        case((held_up, LANE.c.due_at)).label("next_attempt_at"),
        case((and_(is_pending, ~held_up), first_id)).label("behind"),
        LANE.c.waiting_kind,
        LANE.c.waiting_key,
        func.coalesce(awaited_lane.c.status, awaited.c.status).label("awaited_status"),
        func.coalesce(awaited_lane.c.reason, awaited.c.reason).label("awaited_reason"),
    ).select_from(
        EVENT.join(LANE, EVENT.c.lane_id == LANE.c.id)
        .outerjoin(
            awaited_lane,
            and_(
                awaited_lane.c.connection == LANE.c.connection,
                awaited_lane.c.kind == LANE.c.waiting_kind,
                awaited_lane.c.key == LANE.c.waiting_key,
            ),
        )
        .outerjoin(
            awaited,
            and_(awaited.c.lane_id == awaited_lane.c.id, awaited.c.number == awaited_lane.c.last_number),
        )
    )


def _conditions(connection: str, wanted: EventFilter) -> list[ColumnElement[bool]]:
    conditions = [EVENT.c.connection == connection]
    if wanted.kind:
        conditions.append(EVENT.c.kind == wanted.kind)
    if wanted.key:
        conditions.append(EVENT.c.key == wanted.key)
    if wanted.since:
        conditions.append(EVENT.c.accepted_at >= wanted.since)
    if wanted.before:
        conditions.append(EVENT.c.id < wanted.before)
    if wanted.status in PENDING:
        conditions.append(EVENT.c.finished_at.is_(None))
    elif wanted.status:
        conditions.append(EVENT.c.status == wanted.status.value)
    return conditions


class Reading:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def events(self, connection: str, wanted: EventFilter) -> Sequence[Found]:
        """Newest first; go on from the last id with `before`."""
        query = _events().where(*_conditions(connection, wanted))
        if wanted.status in PENDING:
            listed = query.subquery()
            query = select(listed).where(listed.c.status == str(wanted.status)).order_by(listed.c.id.desc())
        else:
            query = query.order_by(EVENT.c.id.desc())
        async with self._database.read() as transaction:
            return (await transaction.execute(query.limit(wanted.limit))).all()

    async def newest(self, connection: str, kind: str, before: int | None, limit: int) -> Sequence[Found]:
        """The newest event of each key, the latest keys first; go on from the last `lane_id`."""
        ours = [LANE.c.connection == connection, LANE.c.kind == kind, EVENT.c.number == LANE.c.last_number]
        if before is not None:
            ours.append(LANE.c.id < before)
        query = _events().add_columns(EVENT.c.lane_id).where(*ours).order_by(LANE.c.id.desc()).limit(limit)
        async with self._database.read() as transaction:
            return (await transaction.execute(query)).all()

    async def below(self, connection: str, kinds: Collection[str], key: str, limit: int) -> Sequence[Found]:
        """Events of this key and of those behind it and a slash, oldest first."""
        prefix = f"{key}/"
        keys = or_(LANE.c.key == key, and_(LANE.c.key >= prefix, LANE.c.key < end_of(prefix)))
        query = _events().where(LANE.c.connection == connection, LANE.c.kind.in_(kinds), keys)
        async with self._database.read() as transaction:
            return (await transaction.execute(query.order_by(EVENT.c.id).limit(limit))).all()

    async def of_target(
        self, connection: str, kinds: Collection[str], target: str, limit: int
    ) -> Sequence[Found]:
        """Events of the lanes of these kinds that write it, oldest first; for kinds that have few."""
        ours = LANE.c.connection == connection, LANE.c.kind.in_(kinds), LANE.c.target == target
        query = _events().where(*ours).order_by(EVENT.c.id).limit(limit)
        async with self._database.read() as transaction:
            return (await transaction.execute(query)).all()

    async def event(self, connection: str, event_id: UUID) -> Found | None:
        query = _events().where(EVENT.c.connection == connection, EVENT.c.id == event_id)
        async with self._database.read() as transaction:
            return (await transaction.execute(query)).first()

    async def pending(self, lane_id: int) -> Found | None:
        """The lane's newest event that has not ended."""
        query = _events().where(EVENT.c.lane_id == lane_id, EVENT.c.finished_at.is_(None))
        async with self._database.read() as transaction:
            return (await transaction.execute(query.order_by(EVENT.c.number.desc()).limit(1))).first()

    async def attempts(self, event_id: UUID) -> Sequence[Found]:
        query = select(ATTEMPT).where(ATTEMPT.c.event_id == event_id).order_by(ATTEMPT.c.id)
        async with self._database.read() as transaction:
            return (await transaction.execute(query)).all()

    async def lane(self, connection: str, kind: str, key: str) -> Found | None:
        query = select(LANE).where(LANE.c.connection == connection, LANE.c.kind == kind, LANE.c.key == key)
        async with self._database.read() as transaction:
            return (await transaction.execute(query)).first()

    async def lanes_after(self, connection: str, kind: str, key: str, most: int) -> Sequence[Found]:
        """The next lanes of a state kind behind `key`; `newest` is the last event that is part of each."""
        part = EVENT.c.lane_id == LANE.c.id, EVENT.c.status != Status.SUPERSEDED.value
        newest = select(EVENT.c.id).where(*part).order_by(EVENT.c.number.desc()).limit(1).scalar_subquery()
        query = (
            select(*LANE.c["id", "key", "desired", "due_at"], newest.label("newest"))
            .where(LANE.c.connection == connection, LANE.c.kind == kind, LANE.c.key > key, LANE.c.is_state)
            .order_by(LANE.c.key)
            .limit(most)
        )
        async with self._database.read() as transaction:
            return (await transaction.execute(query)).all()

    async def lanes(self, connection: str, kinds: Collection[str]) -> int:
        """How many there are."""
        ours = LANE.c.connection == connection, LANE.c.kind.in_(kinds)
        async with self._database.read() as transaction:
            return await transaction.scalar(select(func.count()).select_from(LANE).where(*ours)) or 0

    async def keys_among(self, connection: str, kind: str, keys: Collection[str]) -> set[str]:
        """Those of the keys that the ERP has told something of."""
        ours = LANE.c.connection == connection, LANE.c.kind == kind, LANE.c.key.in_(keys)
        async with self._database.read() as transaction:
            return set(await transaction.scalars(select(LANE.c.key).where(*ours)))

    async def open_keys(self, connection: str, kind: str, priority: int, target: str) -> Sequence[str]:
        """Of the kind's lanes with this write target that have something to deliver, the oldest first."""
        # With the priority it is found by the index of what is due, however much that is.
        due = LANE.c.connection == connection, LANE.c.priority == priority, LANE.c.kind == kind
        ours = *due, LANE.c.target == target
        query = select(LANE.c.key).where(*ours, LANE.c.due_at.is_not(None)).order_by(LANE.c.id)
        async with self._database.read() as transaction:
            return (await transaction.scalars(query)).all()

    async def knows(self, connection: str, route: str, key: str) -> bool:
        """Whether something was accepted under this idempotency key."""
        identity = (
            IDEMPOTENCY.c.connection == connection,
            IDEMPOTENCY.c.route == route,
            IDEMPOTENCY.c.key == key,
        )
        async with self._database.read() as transaction:
            return await transaction.scalar(select(IDEMPOTENCY.c.key).where(*identity)) is not None

    async def backlog(self) -> Sequence[Found]:
        """Pending lanes by connection, kind and status, with the oldest `since`: for the metrics."""
        query = (
            select(
                *LANE.c["connection", "kind", "status"],
                func.count().label("lanes"),
                func.min(LANE.c.since).label("oldest"),
            )
            .where(LANE.c.due_at.is_not(None))
            .group_by(LANE.c.connection, LANE.c.kind, LANE.c.status)
        )
        async with self._database.read() as transaction:
            return (await transaction.execute(query)).all()
