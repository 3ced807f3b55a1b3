"""(d) The pricing quota: how much of it 1, 2 and 4 dispatchers use, and how often they overstep it."""

import asyncio
from datetime import datetime
from typing import Any

import httpx2

from bench import backlog
from bench.databases import Bench
from bench.measure import Figure, Scale
from bench.processes import bridge, free_port, process

#: VTEX's published figures, as the sandbox enforces them.
_PER_SECOND = 2000 / 60
_BURST = 500


async def measure(bench: Bench, scale: Scale) -> list[Figure]:
    seconds = scale.of(90, 20)
    figures = []
    for dispatchers in (1, 2, 4):
        writes, refused, window = await _run(bench, dispatchers, seconds)
        possible = _BURST + _PER_SECOND * window
        detail = {"writes": writes, "seconds": window, "possible": possible, "429s": refused}
        name = f"quota used, {dispatchers} dispatcher{'s' * (dispatchers > 1)}"
        figures += [
            Figure("d", name, writes / possible, ">=", 0.97, detail),
            Figure("d", f"429s, {dispatchers} dispatcher{'s' * (dispatchers > 1)}", refused, "<=", 0),
        ]
    return figures


async def _run(bench: Bench, dispatchers: int, seconds: int) -> tuple[int, int, float]:
    """Prices written, prices refused, and in how many seconds since the first try."""
    url = await bench.database("postgres")
    changes = round(1.5 * (_BURST + _PER_SECOND * seconds))
    skus = {f"SKU-{number}": 1001 + number for number in range(changes)}
    await backlog.bind_skus(url, skus)
    await backlog.accept_all(url, [backlog.price(sku, f"{n + 1}.00") for n, sku in enumerate(skus)])
    port = free_port()
    vtex = f"http://127.0.0.1:{port}"
    log = bench.folder / "vtex.log"
    async with (
        process("-m", "app", "sandbox", "--port", str(port), log=log, port=port),
        httpx2.AsyncClient(base_url=vtex, timeout=60) as client,
    ):
        await client.post("/sandbox/settings", json={"pricing_quota": True})
        async with bridge(url, vtex, ["dispatcher"] * dispatchers, bench.folder):
            # The last of them is ready now; the window begins at the first write, some moments ago.
            await asyncio.sleep(seconds)
        puts = await _writes(client)
    moments = [datetime.fromisoformat(put["at"]).timestamp() for put in puts]
    within = [put for put, at in zip(puts, moments, strict=True) if at - moments[0] <= seconds]
    statuses = [put["status"] for put in within]
    return statuses.count(200), statuses.count(429), float(seconds)


async def _writes(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    journal = (await client.get("/sandbox/journal")).json()
    return [entry for entry in journal if entry["api"] == "pricing" and entry["method"] == "PUT"]
