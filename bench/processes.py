"""The processes of a run: the bridge's roles and the peers, each killed by the id that we started."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil

from app.database import Database
from app.keys import Keys
from tests.processes import RoleProcess, free_port
from tests.running import SECRETS, configuration, until

CONNECTION = "acme"


@asynccontextmanager
async def process(*arguments: str, log: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python process (`-m …`) that listens on `port`, until the end of the block."""
    with log.open("ab") as output:
        started = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={**os.environ, **SECRETS}, stdout=output, stderr=output
        )
    try:
        await until(lambda: _listens(started, port, log), f"{arguments} listens", seconds=60, every=0.1)
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def _listens(started: asyncio.subprocess.Process, port: int, log: Path) -> bool:
    if started.returncode is not None:
        raise RuntimeError(f"it ended with {started.returncode}; see {log}")
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def bridge(
    database_url: str, vtex_url: str, roles: Sequence[str], folder: Path, **changes: Any
) -> AsyncIterator[list[RoleProcess]]:
    """`python -m app ROLE` for each of `roles`, ready; settings as a user has them, but for `changes`."""
    settings = configuration(database_url, vtex_url, **_as_shipped(changes))
    processes = []
    async with AsyncExitStack() as stack:
        for role in roles:
            own = Path(tempfile.mkdtemp(prefix=f"{role}-", dir=folder))
            processes.append(RoleProcess(role, settings, own))
            # The way out first: a start that fails has a process too.
            stack.push_async_callback(_end, processes[-1])
        await asyncio.gather(*(each.start() for each in processes))
        yield processes


def _as_shipped(changes: dict[str, Any]) -> dict[str, Any]:
    """The tests' configuration hurries its retries; a bench runs with the defaults."""
    delivery = {"retry_base_seconds": 1, "retry_cap_seconds": 60, **changes.get("delivery", {})}
    return {"orders": {"sources": []}, **changes, "delivery": delivery}


async def _end(started: RoleProcess) -> None:
    if started.pid is not None:
        await started.kill()


async def api_key(database_url: str) -> str:
    database = Database(database_url)
    try:
        return await Keys(database).create(CONNECTION)
    finally:
        await database.close()


async def idle(url: str) -> None:
    """Until nothing is pending, by that process's own metrics."""

    async def nothing_pending() -> bool:
        lines = (await client.get("/metrics")).text.splitlines()
        return not any(line.startswith("bridge_backlog_lanes{") for line in lines)

    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        await until(nothing_pending, "the backlog ends", seconds=1800, every=0.5)


def rss_megabytes(pid: int) -> float:
    resident: int = psutil.Process(pid).memory_info().rss
    return resident / 2**20


__all__ = [
    "CONNECTION",
    "RoleProcess",
    "api_key",
    "bridge",
    "free_port",
    "idle",
    "process",
    "rss_megabytes",
    "until",
]
