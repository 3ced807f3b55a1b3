"""Pruning: what ended long ago goes, a little at a time; what is wanted, and what is not done, stays."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from app.queue.lanes import Submission
from app.queue.models import Attempt, Event, Status
from app.queue.pruner import Pruner, Retention
from app.queue.store import Store
from app.queue.store.pruning import Pruned
from tests.queue.making import (
    Clock,
    accept,
    claim_one,
    deliver,
    ended,
    fact,
    lane,
    retrying,
    rows,
    state,
    statuses,
    waiting,
)
from tests.running import until

RETENTION = Retention(
    states=timedelta(days=30), facts=timedelta(days=365), every=timedelta(hours=1), rest=timedelta(0)
)
LONG = timedelta(days=31)


async def _prune(store: Store) -> None:
    await Pruner(store, RETENTION).prune()


async def _kept(store: Store) -> list[Any]:
    return [key for (key,) in await rows(store, "SELECT key FROM event ORDER BY id")]


async def test_what_ended_just_now_stays(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await deliver(store)
    clock.advance(timedelta(days=30))
    await _prune(store)
    assert await _kept(store) == ["A"]


async def test_what_ended_long_ago_goes_with_its_attempts_and_the_lane_stays(
    store: Store, clock: Clock
) -> None:
    ids = await accept(store, state("A", {"value": 1}), state("A", {"value": 2}))
    await deliver(store, "print")
    clock.advance(LONG)
    await _prune(store)
    assert await rows(store, "SELECT 1 FROM event UNION ALL SELECT 1 FROM attempt") == []
    found = await lane(store, "A")
    assert (found.desired, found.acknowledged, found.last_number) == ({"value": 2}, "print", 2)
    await accept(store, state("A", {"other": 3}))
    claim = await claim_one(store)
    assert (claim.number, claim.payload, claim.acknowledged) == (3, {"value": 2, "other": 3}, "print")
    assert not await store.replay("acme", ids[0])


async def test_facts_are_kept_longer(store: Store, clock: Clock) -> None:
    await accept(store, fact("F"))
    await deliver(store)
    clock.advance(timedelta(days=365))
    await _prune(store)
    assert await _kept(store) == ["F"]
    clock.advance(timedelta(seconds=1))
    await _prune(store)
    assert await _kept(store) == []


async def test_what_ended_late_is_kept_from_its_end_on(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    clock.advance(LONG)
    await deliver(store)
    pruner = Pruner(store, RETENTION)
    await pruner.prune()
    assert await _kept(store) == ["A"]
    clock.advance(LONG)
    await pruner.prune()
    assert await _kept(store) == []


async def test_what_has_not_ended_stays_with_all_of_its_lane(store: Store, clock: Clock) -> None:
    await accept(store, state("A"), fact("F"))
    for claim in await store.claim(10, lease=timedelta(minutes=1)):
        await store.record(ended(claim))
    ids = await accept(store, state("A"), fact("F"))
    for claim in await store.claim(10, lease=timedelta(minutes=1)):
        await store.record(retrying(claim))
    clock.advance(timedelta(days=400))
    await _prune(store)
    assert await _kept(store) == ["A", "F", "A", "F"]
    assert await statuses(store, ids) == ["retrying", "retrying"]


async def test_a_lane_that_is_never_idle_is_pruned_too(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await deliver(store)
    clock.advance(LONG)
    [event_id] = await accept(store, state("A"))
    await _prune(store)
    assert [str(each) for (each,) in await rows(store, "SELECT number FROM event")] == ["2"]
    assert await statuses(store, [event_id]) == ["accepted"]


async def test_who_gave_up_waiting_is_kept_and_revived(store: Store, clock: Clock) -> None:
    [event_id] = await accept(store, state("A"))
    claim = await claim_one(store)
    await store.record(replace(waiting(claim, ("sku", "A")), status=Status.FAILED, due_at=None))
    clock.advance(LONG)
    await _prune(store)
    await accept(store, state("A", kind="sku"))
    await deliver(store)
    assert (await claim_one(store)).event_id == event_id


async def test_expired_keys_go_and_those_for_ever_stay(store: Store, clock: Clock) -> None:
    for number in range(3):
        life = None if number == 2 else timedelta(days=7)
        await store.accept(Submission("acme", (state("A"),), "price", f"key-{number}", "sha", life))
        clock.advance(timedelta(days=3))
    await _prune(store)
    assert await rows(store, "SELECT key FROM idempotency_key ORDER BY key") == [("key-1",), ("key-2",)]


async def _ended_long_ago(store: Store, clock: Clock, number: int, attempts: int = 1) -> None:
    """Events of as many lanes, in few statements."""
    for first in range(0, number, 2000):
        await accept(store, *(state(f"K{place}") for place in range(first, min(first + 2000, number))))
    done = "status = 'delivered', finished_at = accepted_at"
    async with store.database.write() as connection:
        await connection.exec_driver_sql(f"UPDATE event SET {done}")
        await connection.exec_driver_sql("UPDATE lane SET due_at = NULL, status = NULL")
        ids = [row[0] for row in await connection.execute(Event.__table__.select())]  # type: ignore[attr-defined]
        tried = {"started_at": clock.now, "duration_ms": 1, "outcome": "delivered", "calls": []}
        await connection.execute(
            insert(Attempt), [{"event_id": event_id, **tried} for event_id in ids for _ in range(attempts)]
        )
    clock.advance(LONG)


async def _begun(store: Store) -> bool:
    return len(await _kept(store)) < 1500


async def test_an_event_of_many_attempts_is_pruned_in_parts(store: Store, clock: Clock) -> None:
    await _ended_long_ago(store, clock, 2, attempts=1200)
    ids = [place.id for place in await store.pruning.events_from(None, 10)]
    before = clock.now - timedelta(days=30)
    parts: list[Pruned] = []
    while not parts or parts[-1].more:
        parts.append(await store.pruning.events(ids, 500, states=True, before=before))
    assert [(part.events, part.attempts) for part in parts] == [(0, 500)] * 4 + [(2, 400)]


async def test_a_pruner_that_is_killed_between_two_transactions_is_followed_by_the_next(
    store: Store, clock: Clock
) -> None:
    await _ended_long_ago(store, clock, 1500)
    killed = asyncio.create_task(Pruner(store, replace(RETENTION, rest=timedelta(hours=1))).prune())
    await until(lambda: _begun(store), "the first transaction is done")
    killed.cancel()
    assert len(await _kept(store)) == 1100
    await _prune(store)
    assert await _kept(store) == []
    assert await rows(store, "SELECT count(*) FROM lane") == [(1500,)]


async def test_a_pruner_stops_between_two_transactions(store: Store, clock: Clock) -> None:
    await _ended_long_ago(store, clock, 1500)
    pruner = Pruner(store, replace(RETENTION, rest=timedelta(hours=1)))
    running = asyncio.create_task(pruner.run())
    await until(lambda: _begun(store), "the first transaction is done")
    pruner.stop()
    await asyncio.wait_for(running, 5)
    assert len(await _kept(store)) == 1100


async def test_two_pruners_at_once_do_each_others_work_without_a_conflict(
    postgres_stores: tuple[Store, Store], clock: Clock
) -> None:
    await _ended_long_ago(postgres_stores[0], clock, 3000)
    kept = await accept(postgres_stores[0], state("new"))
    await asyncio.gather(*(_prune(store) for store in postgres_stores))
    assert await _kept(postgres_stores[0]) == ["new"]
    assert await statuses(postgres_stores[1], kept) == ["accepted"]


async def test_what_is_opened_again_in_that_moment_is_left_alone(
    postgres_stores: tuple[Store, Store], clock: Clock
) -> None:
    store, other = postgres_stores
    await _ended_long_ago(store, clock, 3)
    [place, *_] = await store.pruning.events_from(None, 1)
    async with other.database.write() as connection:
        await connection.exec_driver_sql(f"UPDATE event SET finished_at = NULL WHERE id = '{place.id}'")
        await asyncio.wait_for(_prune(store), 5)
    assert await rows(store, "SELECT id FROM event") == [(place.id,)]


async def test_a_backlog_of_50000_is_pruned_in_small_transactions(store: Store, clock: Clock) -> None:
    await _ended_long_ago(store, clock, 50_000)
    cursor, before, most = None, clock.now - timedelta(days=30), 0
    while places := await store.pruning.events_from(cursor, 400):
        pruned = await store.pruning.events([place.id for place in places], 600, states=True, before=before)
        most = max(most, pruned.events + pruned.attempts)
        cursor = cursor if pruned.more else places[-1].id
    assert await rows(store, "SELECT 1 FROM event UNION ALL SELECT 1 FROM attempt") == []
    assert 0 < most <= 1000
