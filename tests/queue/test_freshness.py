"""Freshness in the store: what is wholly older ends as it comes, and makes nothing due."""

import asyncio
from datetime import timedelta

from app.queue.models import Status
from app.queue.store import Store
from tests.queue.making import (
    LEASE,
    Clock,
    accept,
    claim_one,
    deliver,
    ended,
    fact,
    lane,
    state,
    statuses,
)


async def test_a_wholly_older_change_ends_as_it_comes_and_says_why(store: Store) -> None:
    ids = await accept(store, state("A", {"a": 1, "version": 7}))
    await deliver(store, "print")
    ids += await accept(store, state("A", {"a": 2, "version": 6}))
    assert await statuses(store, ids) == ["delivered", "superseded"]
    event = await store.read.event("acme", ids[1])
    assert event is not None
    assert event.reason == "what it says was said anew in version 7, before it came"
    assert (event.number, event.finished_at, event.payload) == (2, store.clock(), {"a": 2, "version": 6})


async def test_the_reason_names_the_moment(store: Store) -> None:
    await accept(store, state("A", {"a": 1}))
    [event_id] = await accept(store, state("A", {"a": 2, "occurred_at": "2025-12-31T23:59:59Z"}))
    event = await store.read.event("acme", event_id)
    assert event is not None
    assert event.reason == "what it says was said anew at 2026-01-01T00:00:00.000000Z, before it came"


async def test_a_wholly_older_change_makes_nothing_due(store: Store, clock: Clock) -> None:
    await accept(store, state("A", {"a": 1, "version": 7}))
    await deliver(store, "print")
    await accept(store, state("A", {"a": 2, "version": 6}))
    found = await lane(store, "A")
    assert (found.due_at, found.status, found.last_number) == (None, None, 2)
    assert (found.acknowledged, found.desired) == ("print", {"a": 1})
    clock.advance(timedelta(days=1))
    assert await store.claim(10, lease=LEASE) == []


async def test_a_wholly_older_change_leaves_what_is_pending_alone(store: Store) -> None:
    ids = await accept(store, state("A", {"a": 1, "version": 7}))
    ids += await accept(store, state("A", {"a": 2, "version": 6}))
    claim = await claim_one(store)
    assert (claim.event_id, claim.payload) == (ids[0], {"a": 1})
    ids += await accept(store, state("A", {"a": 3, "version": 5}))
    assert (await lane(store, "A")).lease == claim.lease
    await store.record(ended(claim))
    assert await statuses(store, ids) == ["delivered", "superseded", "superseded"]
    assert (await lane(store, "A")).due_at is None


async def test_a_partly_older_change_goes_its_way(store: Store) -> None:
    ids = await accept(store, state("A", {"a": 1, "version": 7}))
    await deliver(store)
    ids += await accept(store, state("A", {"a": 2, "b": 2, "version": 6}))
    assert (await deliver(store)).payload == {"a": 1, "b": 2}
    assert await statuses(store, ids) == ["delivered", "delivered"]


async def test_the_changes_of_one_batch_are_weighed_against_each_other(store: Store) -> None:
    versions = [5, 3, 7, 6]
    ids = await accept(store, *(state("A", {"a": number, "version": number}) for number in versions))
    assert await statuses(store, ids) == ["accepted", "superseded", "accepted", "superseded"]
    assert (await deliver(store)).payload == {"a": 7}
    assert await statuses(store, ids) == ["superseded", "superseded", "delivered", "superseded"]


async def test_two_callers_of_one_commit_are_weighed_in_their_order(store: Store) -> None:
    first, late = await asyncio.gather(
        accept(store, state("A", {"a": 1, "version": 2})), accept(store, state("A", {"a": 2, "version": 1}))
    )
    assert await statuses(store, first + late) == ["accepted", "superseded"]


async def test_two_processes_end_with_the_newest_whoever_came_last(
    postgres_stores: tuple[Store, Store],
) -> None:
    events = [state("A", {"a": number, "version": number}) for number in range(50)]
    await asyncio.gather(*(accept(postgres_stores[place % 2], event) for place, event in enumerate(events)))
    assert (await claim_one(postgres_stores[0])).payload == {"a": 49}


async def test_a_fact_may_say_version_and_means_its_own(store: Store) -> None:
    ids = await accept(store, fact("A", {"version": 2}), fact("A", {"version": 1}))
    assert await statuses(store, ids) == ["accepted", "accepted"]


async def test_a_lane_from_before_freshness_takes_any_stamp(store: Store) -> None:
    await accept(store, state("A", {"a": 1, "b": 1}))
    async with store.database.write() as connection:
        await connection.exec_driver_sql("UPDATE lane SET stamps = NULL")
    await accept(store, state("A", {"a": 2, "version": 0}))
    assert (await claim_one(store)).payload == {"a": 2, "b": 1}


async def test_a_failure_behind_a_late_change_shares_the_outcome_of_a_replay(store: Store) -> None:
    ids = await accept(store, state("A", {"a": 1}))
    await deliver(store)
    ids += await accept(store, state("A", {"a": 2, "version": 7}))
    await store.record(ended(await claim_one(store), Status.FAILED, reason="no"))
    ids += await accept(store, state("A", {"a": 1, "version": 6}))
    await store.replay("acme", ids[0])
    await deliver(store)
    assert await statuses(store, ids) == ["superseded", "delivered", "superseded"]


async def test_the_entity_shows_what_is_pending_behind_a_late_change(store: Store) -> None:
    ids = await accept(store, state("A", {"a": 1, "version": 7}), state("A", {"a": 2, "version": 6}))
    pending = await store.read.pending((await lane(store, "A")).id)
    assert pending is not None
    assert pending.id == ids[0]
