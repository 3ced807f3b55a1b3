"""What the queue's tests are made of: a clock, events, outcomes and a look into the tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.queue.folding import fold
from app.queue.lanes import AttemptRecord, Claim, Document, NewEvent, Outcome, Submission
from app.queue.models import Status
from app.queue.store import Store

LEASE = timedelta(seconds=60)
FINAL = {"delivered", "unchanged", "superseded", "failed"}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, duration: timedelta) -> None:
        self.now += duration


def state(
    key: str, payload: Document | None = None, *, kind: str = "price", target: str = "", priority: int = 2
) -> NewEvent:
    return NewEvent(uuid7(), kind, key, target or f"{kind}:{key}", priority, payload or {"value": 1}, fold)


def fact(key: str, payload: Document | None = None, *, kind: str = "invoice", target: str = "") -> NewEvent:
    return replace(state(key, payload, kind=kind, target=target, priority=0), fold=None)


async def accept(store: Store, *events: NewEvent, connection: str = "acme") -> list[UUID]:
    return list((await store.accept(Submission(connection, events))).event_ids)


async def claim_one(store: Store, lease: timedelta = LEASE) -> Claim:
    [claim] = await store.claim(10, lease=lease)
    return claim


def ended(claim: Claim, status: Status = Status.DELIVERED, **details: Any) -> Outcome:
    """Retrying and waiting are due again after a minute, unless the test says otherwise."""
    if status in {Status.RETRYING, Status.WAITING}:
        details.setdefault("due_at", claim.claimed_at + timedelta(minutes=1))
    attempt = AttemptRecord(claim.claimed_at, 5, [{"method": "PUT", "path": "/x", "status": 200}])
    return Outcome(claim, status, **{"attempt": attempt, **details})


def waiting(claim: Claim, on: tuple[str, str]) -> Outcome:
    return ended(claim, Status.WAITING, reason=f"waits for {on}", reason_class="waiting", waiting_on=on)


def retrying(claim: Claim) -> Outcome:
    return ended(claim, Status.RETRYING, reason="VTEX answered 500", reason_class="transient")


async def deliver(store: Store, fingerprint: str | None = None) -> Claim:
    """The whole way of the one lane that is due."""
    claim = await claim_one(store)
    assert await store.record(ended(claim, fingerprint=fingerprint))
    return claim


async def statuses(store: Store, event_ids: list[UUID], connection: str = "acme") -> list[str]:
    events = [await store.read.event(connection, event_id) for event_id in event_ids]
    return [str(event.status) for event in events if event]


async def lane(store: Store, key: str, kind: str = "price") -> Any:
    found = await store.read.lane("acme", kind, key)
    assert found is not None
    return found


async def rows(store: Store, query: str) -> list[Any]:
    async with store.database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def waits_for_lock(store: Store) -> bool:
    return bool(await rows(store, "SELECT 1 FROM pg_locks WHERE NOT granted"))
