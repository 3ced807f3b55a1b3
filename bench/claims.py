"""(c) Claim and finish: per second, by size of the backlog, under a hot key, beside other engines' no-ops."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta

from app.database import Database
from app.queue.lanes import Outcome
from app.queue.models import Status
from app.queue.store import Store
from bench import backlog, engines
from bench.accept import Round
from bench.databases import Bench
from bench.measure import Figure, Scale, interleaved

_BATCH = 16
#: DBOS is given no limit of concurrency; beside it we are measured with so many at a time.
_WIDE = 100
_LEASE = timedelta(seconds=60)


async def measure(bench: Bench, scale: Scale) -> list[Figure]:
    sizes = {"10k": 10_000, "100k": scale.of(100_000, 30_000), "1M": scale.of(1_000_000, 100_000)}
    finished = scale.of(1_000_000, 50_000)
    figures: list[Figure] = []
    for backend in ("postgres", "sqlite"):
        beside = await bench.database(backend)
        await backlog.copies(beside, backlog.fact("old"), finished // 10, each=10, finished=True)
        await backlog.settle(beside)
        async with AsyncExitStack() as stack:
            candidates: dict[str, Round] = {}
            for name, lanes in sizes.items():
                url = await bench.copy(beside)
                await backlog.copies(url, backlog.fact("due"), lanes, load=1)
                candidates[name] = _claiming(await _opened(stack, url), scale)
            hot = await bench.copy(beside)
            await backlog.copies(hot, backlog.fact("due"), sizes["10k"], load=1)
            await backlog.copies(hot, backlog.fact("hot"), 1, each=9 * sizes["10k"], load=2)
            candidates["hot"] = _claiming(await _opened(stack, hot), scale)
            if backend == "postgres":
                candidates["wide"] = _claiming(await _opened(stack, url), scale, _WIDE)
                candidates |= await engines.no_ops(bench, scale.of(1500, 200))
            medians = await interleaved(scale.of(7, 2), candidates)
        figures += _figures(backend, medians, sizes["1M"])
    return figures


def _figures(backend: str, medians: Mapping[str, Mapping[str, float]], most: int) -> list[Figure]:
    rates = {name: median["per_second"] for name, median in medians.items()}
    figures = [
        Figure("c", f"10,000 / {most:,} due ({backend})", rates["10k"] / rates["1M"], "<=", 1.5, rates),
        Figure("c", f"10,000 / hot key ({backend})", rates["10k"] / rates["hot"], "<=", 1.3),
    ]
    ours = {"procrastinate": f"{_BATCH} at a time", "dbos": f"{_WIDE} at a time"}
    for name in (each for each in engines.NAMES if each in rates):
        rate = rates["1M" if name == "procrastinate" else "wide"]
        title = f"{most:,} due, {ours[name]} / {name} ({backend})"
        figures.append(Figure("c", title, rate / rates[name], ">=", 5))
    return figures


async def _opened(stack: AsyncExitStack, url: str) -> Store:
    await backlog.settle(url)
    database = Database(url)
    stack.push_async_callback(database.close)
    return Store(database)


def _claiming(store: Store, scale: Scale, batch: int = _BATCH) -> Round:
    """One worker, batch after batch: claim, and record each as delivered."""

    async def run() -> Mapping[str, float]:
        done, began = 0, time.perf_counter()
        while done < scale.of(1200, 400):
            claims = await store.claim(batch, lease=_LEASE)
            if not claims:
                raise RuntimeError("nothing is due")
            outcomes = [Outcome(claim, Status.DELIVERED) for claim in claims]
            if not all(await asyncio.gather(*(store.record(outcome) for outcome in outcomes))):
                raise RuntimeError("a lease was lost")
            done += len(claims)
        return {"per_second": done / (time.perf_counter() - began)}

    return run
