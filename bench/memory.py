"""(g) Resident memory of each process with a million due lanes, while it delivers, accepts and is scraped."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import httpx2

from bench import backlog
from bench.databases import Bench
from bench.load import Load, generate
from bench.measure import Figure, Scale
from bench.processes import RoleProcess, api_key, bridge, free_port, process, rss_megabytes
from bench.vtex import Vtex

_ROLES = {"postgres": ["api", "dispatcher"], "sqlite": ["all"]}
_MOST_MEGABYTES = 150


async def measure(bench: Bench, scale: Scale) -> list[Figure]:
    lanes, seconds, port = scale.of(1_000_000, 20_000), scale.of(60, 5), free_port()
    figures = []
    async with process("-m", "bench.vtex", str(port), log=bench.folder / "vtex.log", port=port):
        for backend, roles in _ROLES.items():
            url = await bench.database(backend)
            await backlog.bind_skus(url, {"SKU-1": 1001})
            await backlog.copies(url, backlog.stock("SKU-1"), lanes)
            await backlog.settle(url)
            key = await api_key(url)
            async with bridge(url, Vtex(port).url, roles, bench.folder) as processes:
                most = await _most(bench, processes, Load(processes[0].port, key, rate=100, seconds=seconds))
            figures += [
                Figure("g", f"MB of `bridge {role}` ({backend})", megabytes, "<=", _MOST_MEGABYTES)
                for role, megabytes in zip(roles, most, strict=True)
            ]
    return figures


async def _most(bench: Bench, processes: Sequence[RoleProcess], load: Load) -> list[float]:
    """The largest of each process, seen every half second."""
    most = [0.0] * len(processes)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx2.AsyncClient(timeout=60))
        loading = asyncio.create_task(generate(load, bench.folder))
        deadline = time.monotonic() + load.seconds
        while time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            for each in processes:
                await client.get(f"{each.url}/metrics")
            now = [rss_megabytes(each.pid) for each in processes if each.pid]
            most = [max(pair) for pair in zip(most, now, strict=True)]
        await loading
    return most
