"""Recording outcomes: only while the lease is still ours, many in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import Table

from app.database import Transaction, Written
from app.database.bulk import Rows, Together, among, insertion, listed
from app.queue.lanes import Claim, Document, Outcome, failures_after, since
from app.queue.models import PENDING, Attempt, Status
from app.queue.store.storable import storable
from app.queue.store.tables import EVENT, LANE, LOCK_ORDER
from app.queue.store.waking import arrived, sleepers, wake

ATTEMPT: Table = Attempt.__table__  # type: ignore[attr-defined]  # SQLModel does not type it

_AWAITED = Rows("awaited", LANE, "connection", "kind", "key")
_UNSURE = Rows("unsure", EVENT, "lane_id", "id", "number")
_ENDED = Rows("ended", EVENT, "id", "finished_at", "status", "reason", "reason_class")
_NEWEST = Rows("newest", EVENT, "id", "lane_id", "number", "finished_at")
_LANES = Rows(
    "lanes",
    LANE,
    *("id", "lease", "crashes", "due_at", "status", "since", "failures", "reason", "reason_class"),
    *("waiting_kind", "waiting_key", "acknowledged", "acknowledged_at", "acknowledged_state"),
)
_ATTEMPTS = Rows("attempts", ATTEMPT, "event_id", "started_at", "duration_ms", "outcome", "reason", "calls")


def record(transaction: Transaction, batch: list[Outcome], now: datetime) -> tuple[list[bool], bool]:
    """True for each outcome that was written, False where the lease was lost; and whether anything is due.

    A few statements for the whole batch, none for each outcome: this is the hot path.
    """
    batch = [storable(outcome) for outcome in batch]
    lanes = _lock(transaction, batch)
    held = [outcome for outcome in batch if lanes[outcome.claim.lane_id].lease == outcome.claim.lease]
    finished = [outcome for outcome in held if outcome.status not in PENDING]
    pending = _pending(transaction, finished, lanes)
    delivered_at = {(row.connection, row.kind, row.key): row.acknowledged_at for row in lanes.values()}
    written = [
        _parked(outcome, delivered_at, now)
        if outcome.status in PENDING
        else _finished(outcome, more=outcome.claim.lane_id in pending, now=now)
        for outcome in held
    ]
    delivered = [outcome.claim for outcome in held if outcome.status is Status.DELIVERED]
    documents = {
        **_ENDED.document(transaction, [_end(outcome, now) for outcome in finished]),
        **_NEWEST.document(transaction, _answered_for(finished, lanes, now)),
        **_LANES.document(transaction, written),
        **_ATTEMPTS.document(transaction, [_attempt_row(each) for each in held if each.attempt]),
        **arrived(transaction, delivered),
    }
    # Who begins to wait in this very batch is no sleeper before that is written.
    apart = any(outcome.waiting_on for outcome in held)
    sleeping = [row.id for row in _RECORD.run(transaction, documents, apart=apart)]
    if sleeping:
        wake(transaction, sleeping, now)
    ours = {id(outcome) for outcome in held}
    return [id(outcome) in ours for outcome in batch], bool(sleeping or pending)


def _lock(transaction: Transaction, batch: list[Outcome]) -> Mapping[int, Any]:
    """Lock our lanes, and those that we are about to wait for: their delivery cannot pass between.

    In the order in which accepting locks them, so that the two never wait for each other.
    """
    dialect = transaction.dialect
    ids = [outcome.claim.lane_id for outcome in batch]
    awaited = [
        {"connection": outcome.claim.connection, "kind": outcome.waiting_on[0], "key": outcome.waiting_on[1]}
        for outcome in batch
        if outcome.waiting_on
    ]
    if awaited:
        found = transaction.rows(_awaited(dialect), **_AWAITED.document(transaction, awaited))
        ids += [row.id for row in found]
    return {row.id: row for row in transaction.rows(_locked(dialect), ids=listed(transaction, ids))}


@cache
def _awaited(dialect: str) -> Written:
    awaited = _AWAITED.columns(dialect)
    same = (LANE.c[name] == value for name, value in awaited.items())
    return Written(select(LANE.c.id).where(*same), dialect)


@cache
def _locked(dialect: str) -> Written:
    names = ("id", "connection", "kind", "key", "lease", "last_number", "reopened_at", "acknowledged_at")
    wanted = select(*LANE.c[names]).where(among(LANE.c.id, "ids", dialect))
    return Written(wanted.order_by(*LOCK_ORDER).with_for_update(), dialect)


def _pending(transaction: Transaction, finished: Sequence[Outcome], lanes: Mapping[int, Any]) -> set[int]:
    """The lanes that have more to deliver; asked only where something came meanwhile, or was opened again."""
    unsure = []
    for claim in (outcome.claim for outcome in finished):
        row = lanes[claim.lane_id]
        if row.last_number > claim.number or row.reopened_at is not None:
            first = claim.number if _answers_for_older(claim, lanes) else 0
            unsure.append({"lane_id": claim.lane_id, "id": claim.event_id, "number": first})
    if not unsure:
        return set()
    found = transaction.rows(_unfinished(transaction.dialect), **_UNSURE.document(transaction, unsure))
    return {row.lane_id for row in found}


@cache
def _unfinished(dialect: str) -> Written:
    """Lanes in which something is pending beside the event that ends, and those that it supersedes."""
    unsure = _UNSURE.columns(dialect)
    others = exists().where(
        EVENT.c.lane_id == unsure["lane_id"],
        EVENT.c.finished_at.is_(None),
        EVENT.c.id != unsure["id"],
        EVENT.c.number >= unsure["number"],
    )
    return Written(select(unsure["lane_id"].label("lane_id")).where(others), dialect)


def _answers_for_older(claim: Claim, lanes: Mapping[int, Any]) -> bool:
    """A state kind's claim answers for all older events of its lane; a fact's for itself alone."""
    # What was opened again during the attempt is to be sent after it.
    return claim.is_state and lanes[claim.lane_id].reopened_at is None


def _end_claimed(dialect: str) -> Any:
    ended = _ENDED.columns(dialect)
    values = {name: value for name, value in ended.items() if name != "id"}
    return update(EVENT).where(EVENT.c.id == ended["id"], EVENT.c.finished_at.is_(None)).values(values)


def _supersede_older(dialect: str) -> Any:
    newest = _NEWEST.columns(dialect)
    older = (
        EVENT.c.lane_id == newest["lane_id"],
        EVENT.c.number < newest["number"],
        # Opened again, what the claim answers for may have a smaller number than what it carries.
        EVENT.c.id != newest["id"],
    )
    ended = {"finished_at": newest["finished_at"], "status": Status.SUPERSEDED.value}
    return update(EVENT).where(*older, EVENT.c.finished_at.is_(None)).values(ended)


def _write_lanes(dialect: str) -> Any:
    """What was acknowledged before stands until something else is."""
    written = _LANES.columns(dialect)
    values = {name: value for name, value in written.items() if name != "id"}
    for name in ("acknowledged_at", "acknowledged_state"):
        values[name] = func.coalesce(written[name], LANE.c[name])
    return update(LANE).where(LANE.c.id == written["id"]).values(values)


def _insert_attempts(dialect: str) -> Any:
    return insertion(ATTEMPT, _ATTEMPTS, dialect)


#: They touch different rows: what a claim answers for, and what else it supersedes.
_STEPS = (_end_claimed, _supersede_older, _write_lanes, _insert_attempts)
_RECORD = Together(*_STEPS, then=sleepers)


def _end(outcome: Outcome, now: datetime) -> Document:
    return {
        "id": outcome.claim.event_id,
        "finished_at": now,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "reason_class": outcome.reason_class,
    }


def _answered_for(finished: Sequence[Outcome], lanes: Mapping[int, Any], now: datetime) -> list[Document]:
    return [
        {"id": claim.event_id, "lane_id": claim.lane_id, "number": claim.number, "finished_at": now}
        for claim in (outcome.claim for outcome in finished)
        if claim.number > 1 and _answers_for_older(claim, lanes)
    ]


def _finished(outcome: Outcome, *, more: bool, now: datetime) -> Document:
    # Who gave up waiting is still to be found by what it waited for.
    kind, key = outcome.waiting_on or (None, None)
    values: Document = {
        "id": outcome.claim.lane_id,
        "crashes": 0,
        "due_at": now if more else None,
        "status": Status.ACCEPTED.value if more else None,
        "since": now,
        "failures": 0,
        "waiting_kind": kind,
        "waiting_key": key,
    }
    if outcome.status is Status.DELIVERED:
        values |= {"acknowledged": outcome.fingerprint, "acknowledged_at": now}
        if outcome.claim.is_state:
            values["acknowledged_state"] = outcome.claim.payload
    elif outcome.status is Status.UNCHANGED:
        values["acknowledged"] = outcome.fingerprint
    return values


def _parked(
    outcome: Outcome, delivered_at: Mapping[tuple[str, str, str], datetime | None], now: datetime
) -> Document:
    claim = outcome.claim
    kind, key = outcome.waiting_on or ("", "")
    # It may have arrived while the attempt ran; its lane is locked, so this cannot be missed.
    at = delivered_at.get((claim.connection, kind, key))
    arrived = at is not None and at >= claim.claimed_at
    return {
        "id": claim.lane_id,
        "crashes": 0,
        "due_at": now if arrived else outcome.due_at,
        "status": outcome.status.value,
        "since": since(outcome, now),
        "failures": failures_after(outcome),
        "reason": outcome.reason,
        "reason_class": outcome.reason_class,
        "waiting_kind": kind or None,
        "waiting_key": key or None,
    }


def _attempt_row(outcome: Outcome) -> Document:
    assert outcome.attempt is not None
    return {
        "event_id": outcome.claim.event_id,
        "started_at": outcome.attempt.started_at,
        "duration_ms": outcome.attempt.duration_ms,
        "outcome": outcome.status.value,
        "reason": outcome.reason,
        "calls": outcome.attempt.calls,
    }


async def checkpoint(connection: AsyncConnection, claim: Claim, stage: str) -> bool:
    held = await connection.scalars(
        select(LANE.c.id).where(LANE.c.id == claim.lane_id, LANE.c.lease == claim.lease).with_for_update()
    )
    if held.first() is None:
        return False
    await connection.execute(update(EVENT).where(EVENT.c.id == claim.event_id).values(stage=stage))
    return True
