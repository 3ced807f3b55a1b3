"""Leases: renewed while attempts run, fenced when lost, given back in order, counted when workers die."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from app.database import Database
from app.queue.lanes import Claim
from app.queue.models import Status
from app.queue.store import Store
from tests.postgres import Postgres
from tests.queue.making import LEASE, Clock, accept, claim_one, ended, lane, retrying, rows, state, statuses
from tests.queue.test_dispatcher import PACE, Sending, all_ended, dispatching
from tests.running import until

SHORT = replace(PACE, lease=timedelta(seconds=1), poison_after=2)


async def test_a_renewed_lease_holds_for_another_one(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    claim = await claim_one(store)
    clock.advance(LEASE * 0.9)
    assert await store.renew([claim], lease=LEASE) == {(claim.lane_id, claim.lease)}
    clock.advance(LEASE * 0.9)
    assert await store.claim(10, lease=LEASE) == []


async def test_a_lease_that_was_taken_over_is_not_renewed(store: Store, clock: Clock) -> None:
    await accept(store, state("A"), state("B"))
    late, _ = await store.claim(10, lease=LEASE)
    clock.advance(LEASE)
    new = next(each for each in await store.claim(10, lease=LEASE) if each.lane_id == late.lane_id)
    assert await store.renew([late, new], lease=LEASE) == {(new.lane_id, new.lease)}


async def test_a_recorded_claim_is_not_renewed_to_life(store: Store) -> None:
    await accept(store, state("A"))
    claim = await claim_one(store)
    await store.record(ended(claim))
    assert await store.renew([claim], lease=LEASE) == set()
    assert await rows(store, "SELECT 1 FROM lane WHERE due_at IS NOT NULL OR lease IS NOT NULL") == []


async def test_what_was_given_back_is_due_at_once_and_counts_nothing(store: Store) -> None:
    await accept(store, state("A"))
    await store.record(retrying(await claim_one(store)))
    before = await lane(store, "A")
    store.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    await store.give_back([await claim_one(store)])
    after = await lane(store, "A")
    unchanged = ("status", "since", "failures", "crashes", "reason")
    assert [after[name] for name in map(list(after._fields).index, unchanged)] == [
        before[name] for name in map(list(before._fields).index, unchanged)
    ]
    assert (await claim_one(store)).failures == 1


async def test_only_its_holder_gives_a_lease_back(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    late = await claim_one(store)
    clock.advance(LEASE)
    new = await claim_one(store)
    await store.give_back([late])
    assert (await lane(store, "A")).lease == new.lease


async def test_a_lease_that_ends_counts_a_crash(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    counted = []
    for _ in range(3):
        counted.append((await claim_one(store)).crashes)
        clock.advance(LEASE)
    assert counted == [0, 1, 2]


async def test_any_outcome_ends_the_count_of_crashes(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await claim_one(store)
    clock.advance(LEASE)
    await store.record(retrying(await claim_one(store)))
    clock.advance(LEASE)
    assert (await claim_one(store)).crashes == 0


async def test_an_event_whose_workers_die_fails_and_says_what_to_do(store: Store, clock: Clock) -> None:
    [poison] = await accept(store, state("A"))
    price = Sending()
    for claims in range(3):
        assert {claim.crashes for claim in await store.claim(1, lease=LEASE)} == {claims}
        clock.advance(LEASE)
    [healthy] = await accept(store, state("B"))
    async with dispatching(store, replace(PACE, poison_after=3), price=price):
        await until(lambda: all_ended(store), "both ended")
    assert await statuses(store, [poison, healthy]) == ["failed", "delivered"]
    [(reason,)] = await rows(store, "SELECT reason FROM event WHERE reason IS NOT NULL")
    assert [claim.key for claim in price.sent] == ["B"]
    assert "its worker died" in reason
    assert "replay" in reason


async def test_a_replayed_poison_starts_from_zero(store: Store, clock: Clock) -> None:
    [event_id] = await accept(store, state("A"))
    await claim_one(store)
    clock.advance(LEASE)
    await store.record(ended(await claim_one(store), Status.FAILED, reason="poison"))
    await store.replay("acme", event_id)
    assert (await claim_one(store)).crashes == 0


async def test_an_attempt_longer_than_its_lease_keeps_it(migrated_database_url: str) -> None:
    store = Store(Database(migrated_database_url))

    async def slow(_claim: Claim) -> None:
        await asyncio.sleep(3)

    price = Sending(slow)
    ids = await accept(store, state("A"))
    async with dispatching(store, SHORT, price=price):
        await until(lambda: all_ended(store), "it ended")
    assert await statuses(store, ids) == ["delivered"]
    assert len(price.sent) == 1
    await store.database.close()


async def test_an_attempt_whose_lease_was_taken_is_cancelled_and_writes_nothing(store: Store) -> None:
    cut = asyncio.Event()

    async def hang(_claim: Claim) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cut.set()

    price = Sending(hang)
    await accept(store, state("A"))
    async with dispatching(store, SHORT, price=price):
        await until(lambda: price.in_flight == 1, "it is in flight")
        async with store.database.write() as connection:
            other = "'" + "0" * 31 + "1'"
            await connection.exec_driver_sql(
                f"UPDATE lane SET lease = {other}, due_at = '2099-01-01 00:00:00'"
            )
        await asyncio.wait_for(cut.wait(), 5)
    assert await rows(store, "SELECT 1 FROM attempt") == []
    assert (await lane(store, "A")).lease.int == 1
    assert len(price.sent) == 1


async def test_an_attempt_is_cut_when_its_lease_cannot_be_confirmed(
    migrated_postgres_url: str, postgres: Postgres
) -> None:
    store = Store(Database(migrated_postgres_url))
    cut = asyncio.Event()

    async def hang(_claim: Claim) -> None:
        if len(price.sent) == 1:
            try:
                await asyncio.sleep(60)
            finally:
                cut.set()

    price = Sending(hang)
    ids = await accept(store, state("A"))
    async with dispatching(store, SHORT, price=price):
        await until(lambda: price.in_flight == 1, "it is in flight")
        await asyncio.to_thread(postgres.kill)
        await asyncio.wait_for(cut.wait(), 5)
        await asyncio.to_thread(postgres.start)
        await until(lambda: all_ended(store), "the second attempt ended")
    assert await statuses(store, ids) == ["delivered"]
    await store.database.close()


async def test_at_the_stop_what_does_not_end_is_given_back(store: Store) -> None:
    async def hang(_claim: Claim) -> None:
        await asyncio.sleep(60)

    price = Sending(hang)
    ids = await accept(store, state("A"))
    async with dispatching(store, replace(PACE, grace=timedelta(seconds=0.2)), price=price) as dispatcher:
        await until(lambda: price.in_flight == 1, "it is in flight")
        dispatcher.stop()
    assert await statuses(store, ids) == ["accepted"]
    assert await rows(store, "SELECT 1 FROM attempt") == []
    again = await claim_one(store)
    assert (again.failures, again.crashes) == (0, 0)
