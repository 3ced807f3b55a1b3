"""Claiming: due lanes, at most one of each write target, with leases that end by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, case, select, true, union_all, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.elements import ColumnElement

from app.database import Transaction, Written
from app.database.bulk import among, listed
from app.queue.fairness import Candidate, Chooser
from app.queue.lanes import Claim
from app.queue.store.accepting import LANE
from app.queue.store.heads import first_of_stream, target_in_flight, target_is_ours, with_heads
from app.queue.store.streams import Stream

#: Streams that one statement looks into.
_MOST_STREAMS = 32


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


def claim_at_once(
    transaction: Transaction, stream: Stream, room: int, now: datetime, lease: timedelta
) -> list[Claim]:
    """PostgreSQL, where a single stream leaves nothing to choose: the same in one statement.

    What it does not see to (leases that ended, lanes with nothing pending) it leaves to `claim`.
    """
    token = uuid4()
    claimed = transaction.rows(
        _leased_at_once(), **_of(stream, 0, room), now=now, token=token, until=now + lease
    )
    return [_claim(row, token, now, 0) for row in sorted(claimed, key=lambda row: row.due_at)]


def _heads(transaction: Transaction, due: Sequence[Stream], chooser: Chooser, now: datetime) -> list[Any]:
    """Lanes whose target is free, each with the event that its claim answers for."""
    heads: list[Any] = []
    for start in range(0, len(due), _MOST_STREAMS):
        part = due[start : start + _MOST_STREAMS]
        values: dict[str, Any] = {"now": now}
        for number, stream in enumerate(part):
            values |= _of(stream, number, chooser.room(stream.connection, stream.priority))
        heads += transaction.rows(_firsts(len(part), transaction.dialect), **values)
    return heads


def _of(stream: Stream, number: int, room: int) -> dict[str, Any]:
    return {
        f"connection_{number}": stream.connection,
        f"priority_{number}": stream.priority,
        f"kind_{number}": stream.kind,
        f"most_{number}": room,
    }


@cache
def _firsts(count: int, dialect: str) -> Written:
    parts = [select(first_of_stream(number).subquery(f"stream_{number}")) for number in range(count)]
    first: Any = union_all(*parts).subquery("first")
    ours: ColumnElement[Any] = target_is_ours(first) if dialect == "postgresql" else true()
    return Written(with_heads(first).add_columns(ours.label("target_is_ours")), dialect)


@cache
def _leased_at_once() -> Written:
    first = first_of_stream(0).where(LANE.c.lease.is_(None)).cte("first")
    # Of each target the first; each step as it stands, or the locks would be taken for lanes that are not.
    chosen = (
        select(first)
        .ext(distinct_on(first.c.connection, first.c.target))
        .order_by(first.c.connection, first.c.target, first.c.due_at)
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    ours = select(chosen).where(target_is_ours(chosen)).cte("ours").prefix_with("MATERIALIZED")
    headed = with_heads(ours).cte("headed")
    pending = headed.c.event_id.is_not(None)
    leased = update(LANE).where(LANE.c.id == headed.c.id, pending).values(_LEASED).returning(LANE.c.id)
    taken = leased.cte("leased")
    return Written(select(headed).join(taken, taken.c.id == headed.c.id), "postgresql")


@cache
def _rest(dialect: str) -> Written:
    idle = update(LANE).where(among(LANE.c.id, "ids", dialect))
    return Written(idle.values(due_at=None, status=None), dialect)


#: The fingerprint goes with the claim: an attempt that ends without an acknowledgement, or dies, has none.
_LEASED: dict[str, Any] = {
    "lease": bindparam("token", type_=LANE.c.lease.type),
    "due_at": bindparam("until", type_=LANE.c.due_at.type),
    "acknowledged": None,
    "resend": False,
    "reopened_at": None,
    "crashes": LANE.c.crashes + case((LANE.c.lease.is_not(None), 1), else_=0),
}


@cache
def _lease(dialect: str) -> Written:
    # Asked again under the targets' locks: another replica may have committed since we looked.
    mine = update(LANE).where(among(LANE.c.id, "ids", dialect), ~target_in_flight())
    return Written(mine.values(_LEASED).returning(LANE.c.id, LANE.c.crashes), dialect)


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
