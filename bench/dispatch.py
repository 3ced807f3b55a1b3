"""(b) Dispatch: claim, deliver, record through the real door, beside the bare client on the same calls."""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack

import httpx2
import uvloop

from bench import backlog
from bench.accept import Round
from bench.databases import Bench
from bench.measure import Figure, Scale, interleaved
from bench.processes import bridge, free_port, process
from bench.vtex import Vtex

_CONCURRENCY = 16
_ROLES = {"sqlite": "all", "postgres": "dispatcher"}


async def measure(bench: Bench, scale: Scale) -> list[Figure]:
    changes = scale.of(8000, 1000)
    port = free_port()
    vtex = Vtex(port)
    async with AsyncExitStack() as stack:
        log = bench.folder / "vtex.log"
        await stack.enter_async_context(process("-m", "bench.vtex", str(port), log=log, port=port))
        candidates: dict[str, Round] = {"bare": _bare(bench, vtex, changes)}
        candidates |= {name: _bridge(bench, vtex, name, changes) for name in _ROLES}
        medians = await interleaved(scale.of(5, 2), candidates)
    bare = medians["bare"]["per_second"]
    return [
        Figure(
            "b", f"dispatch / bare client ({name})", medians[name]["per_second"] / bare, ">=", 0.6, medians
        )
        for name in _ROLES
    ]


def _bridge(bench: Bench, vtex: Vtex, backend: str, changes: int) -> Round:
    async def run() -> Mapping[str, float]:
        url = await bench.database(backend)
        skus = {f"SKU-{number}": 1000 + number for number in range(changes)}
        await backlog.bind_skus(url, skus)
        await backlog.accept_all(url, [backlog.stock(sku, number) for number, sku in enumerate(skus)])
        await vtex.reset()
        roles = [_ROLES[backend]]
        async with bridge(url, vtex.url, roles, bench.folder, delivery={"concurrency": _CONCURRENCY}):
            return await _rate(vtex, changes)

    return run


def _bare(bench: Bench, vtex: Vtex, changes: int) -> Round:
    async def run() -> Mapping[str, float]:
        await vtex.reset()
        arguments = ("-m", "bench.dispatch", json.dumps([vtex.url, changes, _CONCURRENCY]))
        with (bench.folder / "bare.log").open("ab") as log:
            started = await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=log)
            await asyncio.wait_for(started.wait(), 120)
        return await _rate(vtex, changes)

    return run


async def _rate(vtex: Vtex, changes: int) -> Mapping[str, float]:
    """From the first call to the last, as the other side saw them: no start-up is counted."""
    calls = await vtex.settled(changes)
    if len(calls) != changes:
        raise RuntimeError(f"{changes} changes made {len(calls)} calls")
    moments = sorted(call[2] for call in calls)
    return {"per_second": (changes - 1) / (moments[-1] - moments[0])}


async def _call_all(url: str, changes: int, concurrency: int) -> None:
    """What the door sends, without the door: same method, headers, body and limits of connections."""
    headers = {
        "X-VTEX-API-AppKey": "sandbox-key",
        "X-VTEX-API-AppToken": "sandbox-token",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    numbers = iter(range(changes))
    limits = httpx2.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx2.AsyncClient(limits=limits, timeout=10) as client:

        async def work() -> None:
            for number in numbers:
                path = f"/api/logistics/pvt/inventory/skus/{1000 + number}/warehouses/1_1/quantity"
                body = json.dumps({"quantity": number, "unlimitedQuantity": False}).encode()
                await client.patch(url + path, headers=headers, content=body)

        await asyncio.gather(*(work() for _ in range(concurrency)))


if __name__ == "__main__":
    uvloop.run(_call_all(*json.loads(sys.argv[1])))
