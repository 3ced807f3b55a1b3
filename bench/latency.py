"""(f) From the ERP's POST to VTEX at 200 changes a second, beside one bare call of the HTTP client."""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx2
import psutil
import uvloop

from bench import backlog
from bench.accept import Round
from bench.databases import Bench
from bench.load import Load, generate
from bench.measure import Figure, Scale, interleaved, quantile
from bench.processes import api_key, bridge, free_port, idle, process
from bench.vtex import Vtex

_RATE = 200
_SKUS = 5_000


async def measure(bench: Bench, scale: Scale) -> list[Figure]:
    seconds, port = scale.of(15, 4), free_port()
    vtex = Vtex(port)
    async with AsyncExitStack() as stack:
        log = bench.folder / "vtex.log"
        await stack.enter_async_context(process("-m", "bench.vtex", str(port), log=log, port=port))
        candidates: dict[str, Round] = {"bare": _bare(bench, vtex, seconds)}
        for backend in ("sqlite", "postgres"):
            url = await bench.database(backend)
            await backlog.bind_skus(url, {f"SKU-{number:07}": 1001 + number for number in range(_SKUS)})
            key = await api_key(url)
            [started] = await stack.enter_async_context(bridge(url, vtex.url, ["all"], bench.folder))
            load = Load(
                started.port, key, connections=64, keys=_SKUS, rate=_RATE, seconds=seconds, tell_times=True
            )
            assert started.pid is not None
            candidates[backend] = _bridge(bench, vtex, load, psutil.Process(started.pid))
        medians = await interleaved(scale.of(5, 2), candidates)
    bare = medians["bare"]
    return [
        figure
        for backend in ("sqlite", "postgres")
        for figure in (
            Figure("f", f"p50 / bare ({backend})", medians[backend]["p50"] / bare["p50"], "<=", 3, medians),
            Figure("f", f"p99 / bare ({backend})", medians[backend]["p99"] / bare["p99"], "<=", 10),
        )
    ]


def _bridge(bench: Bench, vtex: Vtex, load: Load, measured: psutil.Process) -> Round:
    """The n-th change carries n as its quantity: VTEX tells when that arrived.

    `cpu_ms` is what the process takes of a processor for one change: at 5 ms it would have no rest at 200 a
    second, and what comes closer to that waits the longer.
    """

    firsts = itertools.count(0, 1_000_000)

    async def run() -> Mapping[str, float]:
        await vtex.reset()
        first, before = next(firsts), measured.cpu_times()
        result = await generate(replace(load, first=first), bench.folder)
        sent = result["times"]
        # What is late must not arrive in the next round.
        await idle(f"http://127.0.0.1:{load.port}")
        after = measured.cpu_times()
        cpu = (after.user - before.user + after.system - before.system) * 1000 / len(sent)
        calls = await vtex.calls()
        took = [(at - sent[number - first]) * 1000 for _, number, at in calls if number is not None]
        # Beyond the load that it bears, a latency says nothing but for how long it was measured.
        steady = len(took) / (len(sent) + result["missed"])
        shown = {"p50": quantile(took, 0.5), "p99": quantile(took, 0.99), "arrived": steady}
        return shown | {"cpu_ms": cpu}

    return run


def _bare(bench: Bench, vtex: Vtex, seconds: int) -> Round:
    async def run() -> Mapping[str, float]:
        arguments = ("-m", "bench.latency", json.dumps([vtex.url, seconds]))
        with (bench.folder / "bare.log").open("ab") as log:
            started = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=-1, stderr=log)
            output, _ = await asyncio.wait_for(started.communicate(), seconds + 60)
        took, cpu = json.loads(output)
        shown = {"p50": quantile(took, 0.5), "p99": quantile(took, 0.99), "arrived": 1.0}
        return shown | {"cpu_ms": cpu}

    return run


async def _call(url: str, seconds: int) -> tuple[list[float], float]:
    """One call after the other at the same rate: milliseconds from each one's begin to its answer, and of
    the processor for each."""
    took: list[float] = []
    began, worked = time.monotonic(), time.process_time()
    async with httpx2.AsyncClient(timeout=10) as client:
        for number in range(seconds * _RATE):
            await asyncio.sleep(max(0.0, began + number / _RATE - time.monotonic()))
            body = json.dumps({"quantity": number, "unlimitedQuantity": False}).encode()
            path = f"/api/logistics/pvt/inventory/skus/{1001 + number % _SKUS}/warehouses/1_1/quantity"
            started = time.monotonic()
            await client.patch(url + path, content=body)
            took.append((time.monotonic() - started) * 1000)
    return took, (time.process_time() - worked) * 1000 / len(took)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_call(*json.loads(sys.argv[1])))))
