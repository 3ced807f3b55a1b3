"""PostgreSQL stopped under load, then killed: nothing answered 202 is lost, and no process is restarted."""

import asyncio
import random
from pathlib import Path

import httpx2
import psutil
import pytest

from app.database import Database, migrate
from app.keys import Keys
from tests.chaos.erp import Erp
from tests.chaos.processes import installation
from tests.chaos.verdict import (
    all_ended,
    nothing_happened_twice,
    nothing_is_lost,
    nothing_is_out_of_order,
    unfinished,
)
from tests.postgres import Postgres
from tests.processes import RoleProcess
from tests.running import RunningSandbox, configuration, until

ROLES = ["api", "dispatcher", "dispatcher", "poller"]
#: How long the database is away, each of the two times.
SHORT_AND_LONG = [3, pytest.param(20, marks=pytest.mark.chaos)]


@pytest.mark.parametrize("seconds", SHORT_AND_LONG)
async def test_an_outage_of_postgres_is_survived_without_a_restart(
    seconds: int, own_postgres: Postgres, store: RunningSandbox, tmp_path: Path, chance: random.Random
) -> None:
    url = await own_postgres.create_database(empty=True)
    await migrate(url)
    before = Database(url)
    key = await Keys(before).create("acme")
    await before.close()
    settings = configuration(url, store.url, delivery={"lease_seconds": 3, "concurrency": 8})
    async with installation(settings, tmp_path, ROLES) as processes:
        pids = [process.pid for process in processes]
        erp = Erp([processes[0].url], key, chance)
        await erp.post_catalogue()
        sending = asyncio.create_task(erp.keep_sending(2 * seconds + 6, rate=40))
        await asyncio.sleep(2)
        await asyncio.to_thread(own_postgres.stop)
        await _away(processes, seconds)
        await asyncio.to_thread(own_postgres.start)
        await _back(processes)
        await asyncio.sleep(2)
        await asyncio.to_thread(own_postgres.kill)
        await _away(processes, seconds)
        await asyncio.to_thread(own_postgres.start)
        await _back(processes)
        await sending
        database = Database(url)
        try:
            await until(lambda: all_ended(database), "every event has ended", seconds=60, every=0.3)
        except AssertionError as error:
            raise AssertionError(f"{error}: {await unfinished(database)}") from None
        assert [process.pid for process in processes if psutil.pid_exists(process.pid or 0)] == pids
    await erp.close()
    assert erp.refused == []
    assert erp.statuses[503] > 0
    assert erp.impatient == 0
    await nothing_is_lost(database, erp, store)
    await nothing_is_out_of_order(store)
    await nothing_happened_twice(store)
    await database.close()


async def _away(processes: list[RoleProcess], seconds: float) -> None:
    """Every process says that it is not ready, and lives."""
    began = asyncio.get_running_loop().time()
    for process in processes:
        await until(lambda at=process.url: _ready_says(at, 503), f"{process.role} is not ready")  # type: ignore[misc]
    async with httpx2.AsyncClient() as client:
        for process in processes:
            assert (await client.get(f"{process.url}/healthz")).status_code == 200
    await asyncio.sleep(max(0.0, seconds - (asyncio.get_running_loop().time() - began)))


async def _back(processes: list[RoleProcess]) -> None:
    for process in processes:
        await until(lambda at=process.url: _ready_says(at, 200), f"{process.role} is ready again")  # type: ignore[misc]


async def _ready_says(url: str, status: int) -> bool:
    async with httpx2.AsyncClient(timeout=15) as client:
        return (await client.get(f"{url}/readyz")).status_code == status
