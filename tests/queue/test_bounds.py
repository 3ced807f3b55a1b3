"""Of some kinds only so many are in flight, over all replicas; the slots of the rest stay free."""

import asyncio
from datetime import timedelta

import pytest

from app.queue.fairness import Slots
from app.queue.lanes import Claim
from app.queue.store import Store
from tests.queue.making import LEASE, Clock, accept, ended, fact, state

MOST = {("acme", "order"): 2}


async def take(store: Store, *, concurrency: int = 16) -> list[Claim]:
    store.wakeup.set()
    return (await store.take(Slots(concurrency, MOST), lease=LEASE)).claims


async def take_at_once(*stores: Store) -> list[Claim]:
    taken = await asyncio.gather(*(take(each) for each in stores * 6))
    return [each for claims in taken for each in claims]


async def orders(store: Store, number: int, *, connection: str = "acme") -> None:
    for each in range(number):
        await accept(store, fact(f"{connection}-{each}", kind="order"), connection=connection)


async def test_no_more_are_claimed_than_are_allowed(store: Store) -> None:
    await orders(store, 5)
    assert len(await take(store)) == 2
    assert await take(store) == []


async def test_one_that_ended_makes_room_for_one(store: Store) -> None:
    await orders(store, 5)
    first, _ = await take(store)
    assert await store.record(ended(first))
    [third] = await take(store)
    assert third.kind == "order"
    assert await take(store) == []


async def test_a_lease_that_ended_by_itself_holds_no_place(store: Store, clock: Clock) -> None:
    await orders(store, 2)
    before = {each.lane_id for each in await take(store)}
    clock.advance(LEASE + timedelta(seconds=1))
    assert {each.lane_id for each in await take(store)} == before
    assert await take(store) == []


async def test_other_kinds_and_connections_are_not_held_up(store: Store) -> None:
    await orders(store, 5)
    await orders(store, 5, connection="other")
    await accept(store, fact("1-01/1"), state("A"))
    assert sorted((each.connection, each.kind) for each in await take(store)) == [
        ("acme", "invoice"),
        *[("acme", "order")] * 2,
        ("acme", "price"),
        *[("other", "order")] * 5,
    ]


async def test_fewer_slots_than_allowed_are_the_bound(store: Store) -> None:
    await orders(store, 5)
    assert len(await take(store, concurrency=1)) == 1


@pytest.mark.parametrize("number", [2, 3, 30])
async def test_replicas_that_claim_at_once_share_the_bound(
    postgres_stores: tuple[Store, Store], number: int
) -> None:
    first, _ = postgres_stores
    await orders(first, number)
    claims = await take_at_once(*postgres_stores)
    assert len(claims) == 2
    assert await first.record(ended(claims[0]))
    assert len(await take_at_once(*postgres_stores)) == min(1, number - 2)
