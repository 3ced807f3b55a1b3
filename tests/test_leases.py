"""Dispatchers as processes of their own: stopped in order, frozen, and killed again and again."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.roles import Role
from tests.processes import RoleProcess
from tests.running import RunningBridge, RunningSandbox, configuration, running_bridge, until
from tests.test_main_job import PRODUCT

SLOW = {"action": "delay_before", "path_regex": "product", "seconds": 20, "times": None}


@pytest.fixture
async def api(migrated_postgres_url: str, sandbox: RunningSandbox) -> AsyncIterator[RunningBridge]:
    async with running_bridge(migrated_postgres_url, sandbox.url, role=Role.API) as running:
        yield running


@pytest.fixture
async def dispatchers(
    migrated_postgres_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> AsyncIterator[list[RoleProcess]]:
    """Three, none of them started; what still runs at the end is killed."""
    settings = configuration(
        migrated_postgres_url,
        sandbox.url,
        delivery={"lease_seconds": 2, "poison_after": 2},
        vtex={"timeout_seconds": 25},
    )
    processes = []
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        processes.append(RoleProcess("dispatcher", settings, tmp_path / name))
    yield processes
    for process in processes:
        await process.kill()


async def _lane(bridge: RunningBridge) -> Any:
    async with bridge.parts.database.read() as connection:
        return (await connection.execute(text("SELECT * FROM lane"))).one()


async def _struck(sandbox: RunningSandbox, times: int = 1) -> None:
    async def struck() -> bool:
        journal = (await sandbox.client.get("/sandbox/journal")).json()
        return len([entry for entry in journal if entry["api"] == "fault"]) >= times

    await until(struck, f"the store is slow for the {times}. time")


async def test_a_stopped_dispatcher_gives_back_what_does_not_end_and_another_has_it_at_once(
    api: RunningBridge, sandbox: RunningSandbox, dispatchers: list[RoleProcess]
) -> None:
    await sandbox.control("faults", SLOW)
    first, second, _ = dispatchers
    await first.start()
    [event] = await api.post("product", PRODUCT)
    await _struck(sandbox)
    await second.start()
    # The store is quick again, but for the request that is under way.
    await sandbox.client.delete("/sandbox/faults")
    started = time.monotonic()
    assert await first.stop() == 0
    assert time.monotonic() - started < 10
    await api.reaches(event, "delivered", seconds=5)
    assert (await _lane(api)).crashes == 0


async def test_a_dispatcher_alone_leaves_its_lane_free_untried_and_uncounted(
    api: RunningBridge, sandbox: RunningSandbox, dispatchers: list[RoleProcess]
) -> None:
    await sandbox.control("faults", SLOW)
    await dispatchers[0].start()
    [event] = await api.post("product", PRODUCT)
    await _struck(sandbox)
    started = time.monotonic()
    assert await dispatchers[0].stop() == 0
    assert time.monotonic() - started < 10
    lane = await _lane(api)
    assert (lane.lease, lane.status, lane.failures, lane.crashes) == (None, "accepted", 0, 0)
    found = await api.event(event)
    assert (found["status"], found["attempts"]) == ("accepted", [])


async def test_a_frozen_dispatcher_sends_and_writes_nothing_more_when_it_thaws(
    api: RunningBridge, sandbox: RunningSandbox, dispatchers: list[RoleProcess]
) -> None:
    await sandbox.control("faults", SLOW | {"seconds": 2, "times": 1})
    frozen, other, _ = dispatchers
    await frozen.start()
    [event] = await api.post("product", PRODUCT)
    await _struck(sandbox)
    frozen.freeze()
    await other.start()
    await api.reaches(event, "delivered")
    # The answer that the frozen one was waiting for lies ready in its socket.
    await asyncio.sleep(2)
    before = await _all_seen(api, sandbox)
    frozen.thaw()
    await asyncio.sleep(3)
    assert await _all_seen(api, sandbox) == before
    assert len((await api.event(event))["attempts"]) == 1
    # It goes on with other work.
    await other.kill()
    [after] = await api.post("product", PRODUCT | {"code": "P2", "name": "Another"})
    await api.reaches(after, "delivered")


async def _all_seen(api: RunningBridge, sandbox: RunningSandbox) -> tuple[Any, ...]:
    """Every request that reached the store, and every row that was written."""
    journal = (await sandbox.client.get("/sandbox/journal")).json()
    async with api.parts.database.read() as connection:
        written = [
            [tuple(row) for row in await connection.execute(text(f"SELECT * FROM {table} ORDER BY id"))]
            for table in ("lane", "event", "attempt")
        ]
    return len(journal), written


async def test_an_event_that_kills_its_workers_fails_and_the_others_go_on(
    api: RunningBridge, sandbox: RunningSandbox, dispatchers: list[RoleProcess]
) -> None:
    await sandbox.control("faults", SLOW)
    [poison] = await api.post("product", PRODUCT)
    worker = dispatchers[0]
    for times in (1, 2):
        await worker.start()
        await _struck(sandbox, times)
        await worker.kill()
    await sandbox.client.delete("/sandbox/faults")
    await worker.start()
    failed = await api.reaches(poison, "failed")
    assert "died" in failed["why"]
    [healthy] = await api.post("product", PRODUCT | {"code": "P2", "name": "Another"})
    await api.reaches(healthy, "delivered")
    # The cause is gone, and a person says so.
    await api.client.post(f"/v1/events/{poison}/replay")
    await api.reaches(poison, "delivered")
