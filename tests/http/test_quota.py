"""The quota of VTEX's pricing, enforced by the sandbox: nearly all of it is used, by any number of replicas,
and never exceeded."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.database import Database
from app.errors import Paused
from app.http.bucket import Quota
from app.http.door import Door, Outgoing
from app.http.gate import Gate
from app.http.limits import Limits
from app.paces import SharedPaces
from tests.running import ACCOUNT, RunningSandbox, running_sandbox

PER_SECOND = 40
BURST = 40
SECONDS = 6.0
WORKERS = 8
QUOTA = Quota(PER_SECOND * 60, BURST)
KEYS = {"X-VTEX-API-AppKey": "sandbox-key", "X-VTEX-API-AppToken": "sandbox-token"}


@asynccontextmanager
async def replica(database_url: str, quota: Quota = QUOTA) -> AsyncIterator[Door]:
    """What a process has of its own: connections to the database, budgets, a door."""
    database = Database(database_url)
    door = Door(Gate(SharedPaces(database), Limits({"acme": {"pricing writes": quota}})))
    try:
        yield door
    finally:
        await door.close()
        await database.close()


def price(sandbox: RunningSandbox, sku: int) -> Outgoing:
    return Outgoing(
        connection="acme",
        api="pricing",
        operation="write price",
        method="PUT",
        url=f"{sandbox.url}/{ACCOUNT}/pricing/prices/{sku}",
        headers={**KEYS, "Content-Type": "application/json"},
        content=b'{"basePrice": 10, "markup": 0}',
        timeout_seconds=5,
    )


async def write_prices(door: Door, sandbox: RunningSandbox, until: float) -> list[int]:
    """As a busy dispatcher would: when the door says it takes too long, the lane is parked."""
    statuses = []
    numbers = itertools.count(1)
    while time.monotonic() < until:
        try:
            statuses.append((await door.send(price(sandbox, next(numbers)))).status_code)
        except Paused as paused:
            await asyncio.sleep(min(paused.after.total_seconds(), max(0.0, until - time.monotonic())))
    return statuses


async def use_up(database_url: str, replicas: int) -> None:
    async with running_sandbox() as sandbox:
        await sandbox.control("settings", {"pricing_quota": {"per_minute": PER_SECOND * 60, "burst": BURST}})
        async with _doors(database_url, replicas) as doors:
            # Reads are free; the first ones open the connections.
            await asyncio.gather(*(door.send(_read(price(sandbox, 1))) for door in doors * WORKERS))
            started = time.monotonic()
            work = [write_prices(door, sandbox, started + SECONDS) for door in doors for _ in range(WORKERS)]
            statuses = [status for each in await asyncio.gather(*work) for status in each]
        took = time.monotonic() - started
    assert 429 not in statuses
    assert len(statuses) >= 0.97 * PER_SECOND * SECONDS, (len(statuses), took)


def _read(request: Outgoing) -> Outgoing:
    return replace(request, method="GET", content=None)


@asynccontextmanager
async def _doors(database_url: str, replicas: int) -> AsyncIterator[list[Door]]:
    if not replicas:
        yield []
        return
    async with replica(database_url) as door, _doors(database_url, replicas - 1) as others:
        yield [door, *others]


async def test_a_burst_within_the_credits_does_not_wait(migrated_database_url: str) -> None:
    async with running_sandbox() as sandbox, replica(migrated_database_url, Quota(600, 100)) as door:
        answers = await asyncio.gather(*(door.send(price(sandbox, sku)) for sku in range(1, 41)))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("replicas", [1, 2, 4])
async def test_replicas_share_the_quota_on_postgresql(migrated_postgres_url: str, replicas: int) -> None:
    await use_up(migrated_postgres_url, replicas)


async def test_one_process_uses_the_quota_on_sqlite(migrated_sqlite_url: str) -> None:
    await use_up(migrated_sqlite_url, 1)
