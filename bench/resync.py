"""(e) VTEX calls saved: a full ERP resync with 5 % real changes, and bursts of 10 changes a key."""

import time
from contextlib import AsyncExitStack

import httpx2

from bench import backlog
from bench.databases import Bench
from bench.load import Load, generate
from bench.measure import Figure, Scale
from bench.processes import api_key, bridge, free_port, idle, process
from bench.vtex import Vtex

_REALLY_CHANGED = 0.05
_BURST = 10
_BACKENDS = {"postgres": ["api", "dispatcher"], "sqlite": ["all"]}


async def measure(bench: Bench, scale: Scale) -> list[Figure]:
    return [figure for backend in _BACKENDS for figure in await _measure(bench, scale, backend)]


async def _measure(bench: Bench, scale: Scale, backend: str) -> list[Figure]:
    skus, port = scale.of(100_000, 2_000), free_port()
    url, vtex = await bench.database(backend), Vtex(port)
    async with AsyncExitStack() as stack:
        log = bench.folder / "vtex.log"
        await stack.enter_async_context(process("-m", "bench.vtex", str(port), log=log, port=port))
        codes = [*(f"SKU-{number:07}" for number in range(skus))]
        await backlog.bind_skus(url, {code: 1001 + number for number, code in enumerate(codes)})
        key = await api_key(url)
        started = await stack.enter_async_context(bridge(url, vtex.url, _BACKENDS[backend], bench.folder))
        client = httpx2.AsyncClient(
            base_url=started[0].url, headers={"Authorization": f"Bearer {key}"}, timeout=60
        )
        await stack.enter_async_context(client)
        began = time.monotonic()
        first = await _sync(client, vtex, dict.fromkeys(codes, 1))
        seconds = time.monotonic() - began
        changed = round(skus * _REALLY_CHANGED)
        again = dict.fromkeys(codes, 1) | dict.fromkeys(codes[:: skus // changed][:changed], 2)
        second = await _sync(client, vtex, again)
        saved = 1 - second / skus
        detail = {"SKUs": skus, "first calls": first, "first seconds": seconds, "resync calls": second}
        bursts = scale.of(2_000, 200)
        burst_calls = await _bursts(bench, vtex, Load(started[0].port, key, repeat=_BURST), bursts)
        saved_of_bursts = 1 - burst_calls / (bursts * _BURST)
    return [
        Figure("e", f"calls saved, resync ({backend})", saved, ">=", 1 - _REALLY_CHANGED, detail),
        Figure("e", f"calls saved, bursts ({backend})", saved_of_bursts, ">=", 0.85, {"calls": burst_calls}),
    ]


async def _sync(client: httpx2.AsyncClient, vtex: Vtex, quantities: dict[str, int]) -> int:
    """The calls that telling all quantities takes, a thousand at a time."""
    await vtex.reset()
    place = {"warehouse": "1_1", "unlimited": False}
    changes = [{"sku": sku, "quantity": value, **place} for sku, value in quantities.items()]
    for first in range(0, len(changes), 1000):
        answer = await client.post("/v1/changes/stock", json=changes[first : first + 1000])
        answer.raise_for_status()
    await idle(str(client.base_url))
    return len(await vtex.calls())


async def _bursts(bench: Bench, vtex: Vtex, load: Load, bursts: int) -> int:
    """Single requests at full speed, ten for a SKU in a row."""
    await vtex.reset()
    count = {"count": bursts * _BURST, "keys": bursts, "connections": 32}
    await generate(Load(**{**vars(load), **count}), bench.folder)
    await idle(f"http://127.0.0.1:{load.port}")
    return len(await vtex.calls())
