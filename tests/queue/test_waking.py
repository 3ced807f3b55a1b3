"""Waking: who waits for an entity is due as soon as it is delivered, however the two cross."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from app.queue.models import Status
from app.queue.store import Store
from tests.queue.making import (
    LEASE,
    Clock,
    accept,
    claim_one,
    deliver,
    ended,
    lane,
    rows,
    state,
    waiting,
    waits_for_lock,
)
from tests.running import until


async def _park(store: Store, key: str, *on: str) -> None:
    await accept(store, state(key))
    await store.record(waiting(await claim_one(store), (on[0], on[1])))


async def test_a_failure_of_the_awaited_wakes_nobody(store: Store) -> None:
    await _park(store, "A", "sku", "A")
    await accept(store, state("A", kind="sku"))
    await store.record(ended(await claim_one(store), Status.FAILED, reason="no"))
    assert await store.claim(10, lease=LEASE) == []


async def test_the_same_key_of_another_connection_wakes_nobody(store: Store) -> None:
    await _park(store, "A", "sku", "A")
    await accept(store, state("A", kind="sku"), connection="other")
    await deliver(store)
    assert await store.claim(10, lease=LEASE) == []


async def test_the_same_key_of_another_kind_wakes_nobody(store: Store) -> None:
    await _park(store, "A", "sku", "A")
    await accept(store, state("A", kind="product"))
    await deliver(store)
    assert await store.claim(10, lease=LEASE) == []


async def test_a_delivery_wakes_all_who_wait_for_it(store: Store) -> None:
    for key in ("A", "B", "C"):
        await _park(store, key, "sku", "S" if key != "C" else "other")
    await accept(store, state("S", kind="sku"))
    await deliver(store)
    assert {claim.key for claim in await store.claim(10, lease=LEASE)} == {"A", "B"}


async def test_a_delivery_sets_the_wakeup(store: Store) -> None:
    await _park(store, "A", "sku", "A")
    await accept(store, state("A", kind="sku"))
    claim = await claim_one(store)
    store.wakeup.clear()
    await store.record(ended(claim))
    assert store.wakeup.is_set()


async def test_a_waiting_lane_is_tried_by_itself_too(store: Store, clock: Clock) -> None:
    await _park(store, "A", "sku", "created elsewhere")
    clock.advance(timedelta(minutes=1))
    assert (await claim_one(store)).key == "A"


async def test_what_was_delivered_while_the_waiter_tried_wakes_it(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    waiter = await claim_one(store)
    clock.advance(timedelta(seconds=1))
    await accept(store, state("S", kind="sku"))
    await deliver(store)
    clock.advance(timedelta(seconds=1))
    await store.record(waiting(waiter, ("sku", "S")))
    assert (await claim_one(store)).key == "A"


async def test_what_was_delivered_before_the_waiter_tried_does_not_spin_it(
    store: Store, clock: Clock
) -> None:
    await accept(store, state("S", kind="sku"))
    await deliver(store)
    clock.advance(timedelta(seconds=1))
    await _park(store, "A", "sku", "S")
    assert await store.claim(10, lease=LEASE) == []


async def test_both_outcomes_in_one_moment_wake_the_waiter(store: Store) -> None:
    await accept(store, state("A"), state("S", kind="sku"))
    claims = {claim.kind: claim for claim in await store.claim(10, lease=LEASE)}
    outcomes = [waiting(claims["price"], ("sku", "S")), ended(claims["sku"])]
    assert all(await asyncio.gather(*(store.record(each) for each in outcomes)))
    assert (await claim_one(store)).key == "A"


async def test_two_processes_that_record_together_never_miss_the_waiter(
    postgres_stores: tuple[Store, Store],
) -> None:
    store, other = postgres_stores
    for number in range(40):
        await accept(store, state(f"A{number}"), state(f"S{number}", kind="sku"))
        claims = {claim.kind: claim for claim in await store.claim(10, lease=LEASE)}
        await asyncio.gather(
            store.record(waiting(claims["price"], ("sku", f"S{number}"))),
            other.record(ended(claims["sku"])),
        )
        await deliver(store)


async def test_a_delivery_that_waits_for_the_waiters_transaction_still_wakes_it(
    postgres_stores: tuple[Store, Store],
) -> None:
    store, other = postgres_stores
    await accept(store, state("S", kind="sku"))
    awaited = await claim_one(store)
    await accept(store, state("A"))
    waiter = await claim_one(store)
    async with other.database.write() as connection:
        # The waiter's recording holds the awaited lane, as ours does, and parks while the delivery waits.
        await connection.execute(text("SELECT 1 FROM lane ORDER BY connection, kind, key FOR UPDATE"))
        delivery = asyncio.create_task(store.record(ended(awaited)))
        await until(lambda: waits_for_lock(other), "the delivery waits")
        parked = "UPDATE lane SET lease = NULL, status = 'waiting', waiting_kind = 'sku', waiting_key = 'S'"
        await connection.execute(text(f"{parked} WHERE id = {waiter.lane_id}"))
    assert await delivery
    assert (await lane(store, "A")).due_at == store.clock()


async def test_a_waiter_that_was_given_up_is_revived_by_the_delivery(store: Store) -> None:
    [event_id] = await accept(store, state("A"))
    claim = await claim_one(store)
    given_up = ended(claim, Status.FAILED, reason="given up", reason_class="waiting", waiting_on=("sku", "A"))
    await store.record(given_up)
    assert await store.claim(10, lease=LEASE) == []
    await accept(store, state("A", kind="sku"))
    await deliver(store)
    revived = await claim_one(store)
    assert (revived.kind, revived.event_id) == ("price", event_id)


async def test_a_revived_waiter_that_is_delivered_is_not_revived_again(store: Store) -> None:
    await accept(store, state("A"))
    claim = await claim_one(store)
    await store.record(ended(claim, Status.FAILED, reason_class="waiting", waiting_on=("sku", "A")))
    for _ in range(2):
        await accept(store, state("A", kind="sku"))
        await deliver(store)
        for claim in await store.claim(10, lease=LEASE):
            await store.record(ended(claim))
    assert await rows(store, "SELECT count(*) FROM attempt") == [(4,)]


async def test_what_vtex_has_already_wakes_as_a_delivery_does(store: Store) -> None:
    for key in ("A", "B"):
        await _park(store, key, "sku", "S" if key == "A" else "other")
    await store.arrived("acme", "sku", ["S", "unknown"])
    assert [claim.key for claim in await store.claim(10, lease=LEASE)] == ["A"]
