"""Three dispatchers, two APIs and a poller, killed with -9 at random while the store breaks in every way."""

import asyncio
import random
from pathlib import Path

import pytest
from sqlalchemy import text

from app.database import Database
from app.keys import Keys
from tests.chaos.erp import SKUS, Erp, code
from tests.chaos.processes import installation, kill_often
from tests.chaos.verdict import (
    all_ended,
    nothing_happened_twice,
    nothing_is_lost,
    nothing_is_out_of_order,
    throttled,
    unfinished,
)
from tests.running import RunningSandbox, configuration, until

ROLES = ["api", "api", "dispatcher", "dispatcher", "dispatcher", "poller"]
#: Of all requests to the store, for each kind of trouble.
TROUBLE = [
    {"action": "status", "status": 429, "headers": {"Retry-After": "1"}, "probability": 0.02},
    {"action": "status", "status": 500, "probability": 0.02},
    {"action": "status_after", "status": 500, "probability": 0.02},
    # Longer than the bridge waits: it happened, and no answer came.
    {"action": "delay_after", "seconds": 1.3, "probability": 0.01},
    {"action": "reset_before", "probability": 0.01},
    {"action": "reset_after", "probability": 0.01},
    {"action": "delay_before", "seconds": 0.3, "probability": 0.03},
]
SHORT_AND_LONG = [8, pytest.param(120, marks=pytest.mark.chaos)]


@pytest.mark.parametrize("seconds", SHORT_AND_LONG)
async def test_killed_replicas_lose_nothing_and_do_nothing_twice(
    seconds: int,
    migrated_postgres_url: str,
    store: RunningSandbox,
    tmp_path: Path,
    chance: random.Random,
) -> None:
    database = Database(migrated_postgres_url)
    key = await Keys(database).create("acme")
    settings = configuration(
        migrated_postgres_url,
        store.url,
        vtex={"timeout_seconds": 1},
        delivery={"lease_seconds": 3, "concurrency": 8},
        orders={"sources": ["feed", "list"], "feed_visibility_seconds": 2},
    )
    await store.control("settings", {"pricing_quota": True})
    async with installation(settings, tmp_path, ROLES) as processes:
        erp = Erp([process.url for process in processes[:2]], key, chance)
        await erp.post_catalogue()
        for rule in TROUBLE:
            await store.control("faults", {**rule, "times": None})
        kills, *_ = await asyncio.gather(
            kill_often(processes, chance, seconds),
            erp.keep_sending(seconds, rate=40),
            _order_often(store, chance, seconds),
        )
        await store.client.delete("/sandbox/faults")
        try:
            await until(lambda: all_ended(database), "every event has ended", seconds=90, every=0.3)
            await until(lambda: _all_handled(store), "every order is handled", seconds=60, every=0.3)
        except AssertionError as error:
            raise AssertionError(f"{error}: {await unfinished(database)}") from None
    await erp.close()
    assert kills > 1
    assert erp.refused == []
    await nothing_is_lost(database, erp, store)
    await nothing_is_out_of_order(store)
    await nothing_happened_twice(store)
    assert await throttled(store) == 0
    await database.close()


@pytest.mark.chaos
async def test_the_pricing_quota_is_kept_by_replicas_that_are_killed(
    migrated_postgres_url: str, store: RunningSandbox, tmp_path: Path, chance: random.Random
) -> None:
    skus = 2000
    database = Database(migrated_postgres_url)
    key = await Keys(database).create("acme")
    binding = text("INSERT INTO binding (connection, kind, code, vtex_id) VALUES ('acme', 'sku', :code, :id)")
    async with database.write() as connection:
        await connection.execute(binding, [{"code": code(sku), "id": 1001 + sku} for sku in range(skus)])
    settings = configuration(
        migrated_postgres_url, store.url, delivery={"lease_seconds": 3}, orders={"sources": []}
    )
    await store.control("settings", {"pricing_quota": True})
    async with installation(settings, tmp_path, ROLES[:-1]) as processes:
        erp = Erp([process.url for process in processes[:2]], key, chance)
        for sku in range(skus):
            await erp.send("price", {"sku": code(sku), "base": "10.00"}, str(sku))
        await kill_often(processes, chance, 40)
        await until(lambda: all_ended(database), "every event has ended", seconds=120, every=0.5)
    await erp.close()
    assert await throttled(store) == 0
    await database.close()


async def _order_often(store: RunningSandbox, chance: random.Random, seconds: float) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        # Refused until the first price of the SKU has arrived: nobody can buy it before.
        order = {"items": [{"ref_id": code(chance.randrange(SKUS)), "quantity": 1}]}
        await store.client.post("/sandbox/orders", json=order)
        await asyncio.sleep(0.3)


async def _all_handled(store: RunningSandbox) -> bool:
    return all(order["status"] == "handling" for order in (await store.state())["orders"])
