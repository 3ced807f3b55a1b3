"""Waking up: at once in the own process, by notice from another, at the due moment, else rarely."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from app.database import Database
from app.errors import DatabaseUnavailable, Retry
from app.queue.lanes import Backoff, Claim
from app.queue.store import Store
from tests.postgres import Postgres
from tests.queue.making import accept, claim_one, ended, rows, state, waiting
from tests.queue.test_dispatcher import PACE, Sending, all_ended, dispatching
from tests.running import transactions, until

NO_POLL = replace(PACE, poll=timedelta(hours=1))


@pytest.fixture
async def two(migrated_postgres_url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two stores, as two processes have them, with real clocks."""
    stores = (Store(Database(migrated_postgres_url)), Store(Database(migrated_postgres_url)))
    yield stores
    for store in stores:
        await store.drain()
        await store.database.close()


async def _listens(store: Store) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE query ILIKE 'LISTEN%' AND datname = current_database()"
    with suppress(DatabaseUnavailable):
        return bool(await rows(store, query))
    return False


async def test_a_change_taken_by_another_process_is_sent_at_once(two: tuple[Store, Store]) -> None:
    ours, theirs = two
    price = Sending()
    async with dispatching(ours, NO_POLL, price=price):
        await until(lambda: _listens(theirs), "it listens")
        waits = []
        for number in range(5):
            started = time.monotonic()
            await accept(theirs, state(f"K{number}"))
            await until(lambda: all_ended(theirs), "it ended", seconds=5, every=0.005)
            waits.append(time.monotonic() - started)
    assert sorted(waits)[2] < 1


async def test_a_waiter_is_woken_by_a_delivery_of_another_process(two: tuple[Store, Store]) -> None:
    ours, theirs = two
    await accept(theirs, state("A"))
    await theirs.record(waiting(await claim_one(theirs), ("sku", "S")))
    await accept(theirs, state("S", kind="sku"))
    awaited = await claim_one(theirs)
    async with dispatching(ours, NO_POLL, price=Sending()):
        await until(lambda: _listens(theirs), "it listens")
        await asyncio.sleep(0.2)
        await theirs.record(ended(awaited))
        await until(lambda: all_ended(theirs), "the waiter ended", seconds=5)


async def test_a_lease_given_back_is_taken_by_another_process_at_once(two: tuple[Store, Store]) -> None:
    ours, theirs = two
    await accept(theirs, state("A"))
    claim = await claim_one(theirs)
    async with dispatching(ours, NO_POLL, price=Sending()):
        await until(lambda: _listens(theirs), "it listens")
        await asyncio.sleep(0.2)
        await theirs.give_back([claim])
        await until(lambda: all_ended(theirs), "it ended", seconds=5)


async def test_the_listener_comes_back_after_the_database_did(
    two: tuple[Store, Store], postgres: Postgres
) -> None:
    ours, theirs = two
    async with dispatching(ours, NO_POLL, price=Sending()):
        await until(lambda: _listens(theirs), "it listens")
        await asyncio.to_thread(postgres.kill)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(postgres.start)
        await until(lambda: _listens(theirs), "it listens again")
        # What it looked for by itself when it came back is over.
        await asyncio.sleep(1.5)
        await accept(theirs, state("A"))
        await until(lambda: all_ended(theirs), "it ended", seconds=5)


async def test_what_comes_due_later_is_sent_then_and_not_at_the_poll(migrated_database_url: str) -> None:
    store = Store(Database(migrated_database_url))

    async def fail_once(_claim: Claim) -> None:
        if len(price.sent) == 1:
            raise Retry("VTEX answered 500")

    price = Sending(fail_once)
    soon = Backoff(timedelta(seconds=1), timedelta(seconds=1))
    await accept(store, state("A"))
    async with dispatching(store, replace(NO_POLL, backoff=soon), price=price):
        await until(lambda: all_ended(store), "the second attempt ended", seconds=10)
    assert len(price.sent) == 2
    await store.database.close()


async def test_an_idle_dispatcher_asks_once_for_each_poll(store: Store) -> None:
    async with dispatching(store, replace(PACE, poll=timedelta(seconds=1)), price=Sending()):
        await asyncio.sleep(0.5)
        before = transactions()
        await asyncio.sleep(3)
        assert 1 <= transactions() - before <= 4


async def test_a_lane_in_other_hands_is_not_polled_hard(two: tuple[Store, Store]) -> None:
    ours, theirs = two
    await accept(theirs, state("A", kind="image", target="sku:A"))
    await claim_one(theirs)
    await accept(theirs, state("A", kind="kit", target="sku:A"))
    async with dispatching(ours, replace(PACE, poll=timedelta(seconds=5)), kit=Sending()):
        await asyncio.sleep(1)
        before = transactions()
        await asyncio.sleep(3)
        assert transactions() - before <= 8
