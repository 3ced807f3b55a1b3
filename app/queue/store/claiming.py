"""Claiming: due lanes, at most one of each write target, with leases that end by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from app.database import Transaction, Written
from app.database.bulk import among, listed
from app.queue.fairness import Candidate, Chooser
from app.queue.lanes import Claim
from app.queue.store.accepting import EVENT, LANE

#: Spelled out: PostgreSQL plans for a tenth of the table where it does not know the limit.
_ONE: ColumnElement[int] = literal_column("1")
#: Streams that one statement looks into.
_MOST_STREAMS = 32


@dataclass(frozen=True, slots=True)
class Stream:
    """The due lanes of one connection and kind: a range of the partial index, and its first moment."""

    connection: str
    priority: int
    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    claims: list[Claim]
    #: When the next lane comes due that was not yet; none is known: None.
    next_due: datetime | None = None
    #: Something was due and there was room, yet all of it was in other hands.
    contended: bool = False
    #: Something is due that was not taken: a slot or a target that is freed may be what it needs.
    left: bool = False
    #: All that is due was looked at; else only what was accepted here.
    looked: bool = True


def streams(transaction: Transaction) -> list[Stream]:
    return [Stream(*row) for row in transaction.rows(_streams(transaction.dialect))]


def claim(
    transaction: Transaction, due: Sequence[Stream], chooser: Chooser, now: datetime, lease: timedelta
) -> list[Claim]:
    """Lease what the chooser takes of the given streams."""
    heads = _heads(transaction, due, chooser, now)
    if idle := [row.id for row in heads if row.event_id is None]:
        # Nothing is pending: leased, it would block its target, and come due again for ever.
        transaction.rows(_rest(transaction.dialect), ids=listed(transaction, idle))
    by_target: dict[tuple[str, str], Any] = {}
    for row in sorted(heads, key=lambda row: (row.priority, row.due_at)):
        if row.event_id is not None and row.target_is_ours:
            by_target.setdefault((row.connection, row.target), row)
    candidates = [Candidate(row.id, row.connection, row.target, row.priority) for row in by_target.values()]
    chosen = [each.lane_id for each in chooser.choose(candidates)]
    if not chosen:
        return []
    token = uuid4()
    leased = transaction.rows(
        _lease(transaction.dialect), ids=listed(transaction, chosen), token=token, until=now + lease
    )
    crashes = {row.id: row.crashes for row in leased}
    heading = {row.id: row for row in by_target.values()}
    return [_claim(heading[each], token, now, crashes[each]) for each in chosen if each in crashes]


def _heads(transaction: Transaction, due: Sequence[Stream], chooser: Chooser, now: datetime) -> list[Any]:
    """Lanes whose target is free, each with the event that its claim answers for."""
    heads: list[Any] = []
    for start in range(0, len(due), _MOST_STREAMS):
        part = due[start : start + _MOST_STREAMS]
        values: dict[str, Any] = {"now": now}
        for number, stream in enumerate(part):
            values |= {
                f"connection_{number}": stream.connection,
                f"priority_{number}": stream.priority,
                f"kind_{number}": stream.kind,
                f"most_{number}": chooser.room(stream.connection, stream.priority),
            }
        heads += transaction.rows(_firsts(len(part), transaction.dialect), **values)
    return heads


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
        select(lane.c.id).where(lane.c.due_at.is_not(None)).order_by(*lane.c[_ORDER[equal:]]).limit(_ONE)
    )
    if at is None:
        return query.scalar_subquery().label("id")
    same = [lane.c[name] == at.c[name] for name in _ORDER[:equal]]
    return query.where(*same, lane.c[_ORDER[equal]] > at.c[_ORDER[equal]]).correlate(at).scalar_subquery()


@cache
def _streams(dialect: str) -> Written:
    return Written(_walk(), dialect)


def _target_in_flight() -> ColumnElement[bool]:
    """By another lane; an ended lease holds its target until its own lane is done."""
    other = LANE.alias("other")
    return exists().where(
        other.c.connection == LANE.c.connection,
        other.c.target == LANE.c.target,
        other.c.lease.is_not(None),
        other.c.id != LANE.c.id,
    )


_OF_LANE = (
    *("id", "connection", "kind", "key", "target", "priority", "due_at", "is_state", "last_number"),
    *("desired", "acknowledged", "resend", "status", "reason_class", "since", "failures"),
)


@cache
def _firsts(count: int, dialect: str) -> Written:
    """The first lanes of each stream; locked, so that another replica looks past them.

    With each the event that its claim answers for: a state's newest, a fact's oldest.
    """
    parts = []
    for number in range(count):
        of_stream = (
            select(*LANE.c[_OF_LANE])
            .where(
                LANE.c.connection == bindparam(f"connection_{number}"),
                LANE.c.priority == bindparam(f"priority_{number}"),
                LANE.c.kind == bindparam(f"kind_{number}"),
                LANE.c.due_at <= bindparam("now"),
                ~_target_in_flight(),
            )
            .order_by(LANE.c.due_at)
            .limit(bindparam(f"most_{number}"))
            .with_for_update(skip_locked=True, of=LANE)
        )
        parts.append(select(of_stream.subquery(f"stream_{number}")))
    first: Any = union_all(*parts).subquery("first")
    pending = EVENT.alias("pending")
    unfinished = pending.c.lane_id == first.c.id, pending.c.finished_at.is_(None)
    numbers = select(pending.c.number).where(*unfinished).correlate(first)
    newest = numbers.order_by(pending.c.number.desc()).limit(_ONE).scalar_subquery()
    oldest = numbers.order_by(pending.c.number).limit(_ONE).scalar_subquery()
    number_of_head = case((first.c.is_state, newest), else_=oldest)
    ours: ColumnElement[Any] = true()
    if dialect == "postgresql":
        # Two replicas may hold two lanes of one target; who gets this lock until its commit goes on.
        name = first.c.connection + literal(" ") + first.c.target
        ours = func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0))
    event = (EVENT.c.id.label("event_id"), *EVENT.c["number", "payload", "accepted_at", "stage"])
    heads = select(first, *event, ours.label("target_is_ours")).select_from(
        first.outerjoin(EVENT, and_(EVENT.c.lane_id == first.c.id, EVENT.c.number == number_of_head))
    )
    return Written(heads, dialect)


@cache
def _rest(dialect: str) -> Written:
    idle = update(LANE).where(among(LANE.c.id, "ids", dialect))
    return Written(idle.values(due_at=None, status=None), dialect)


@cache
def _lease(dialect: str) -> Written:
    # The fingerprint goes with the claim: an attempt that ends without an acknowledgement, or dies, has none.
    leased = (
        update(LANE)
        # Asked again under the targets' locks: another replica may have committed since we looked.
        .where(among(LANE.c.id, "ids", dialect), ~_target_in_flight())
        .values(
            lease=bindparam("token"),
            due_at=bindparam("until"),
            acknowledged=None,
            resend=False,
            reopened_at=None,
            crashes=LANE.c.crashes + case((LANE.c.lease.is_not(None), 1), else_=0),
        )
        .returning(LANE.c.id, LANE.c.crashes)
    )
    return Written(leased, dialect)


def _claim(row: Any, token: UUID, now: datetime, crashes: int) -> Claim:
    return Claim(
        lane_id=row.id,
        lease=token,
        claimed_at=now,
        connection=row.connection,
        kind=row.kind,
        key=row.key,
        is_state=row.is_state,
        payload=row.desired if row.is_state else row.payload,
        event_id=row.event_id,
        number=row.last_number if row.is_state else row.number,
        accepted_at=row.accepted_at,
        stage=row.stage,
        acknowledged=None if row.resend else row.acknowledged,
        failures=row.failures,
        status=row.status,
        since=row.since or row.accepted_at,
        reason_class=row.reason_class,
        priority=row.priority,
        crashes=crashes,
    )
