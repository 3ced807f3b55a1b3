"""(h) Orders a second through the poller: at full speed, and under VTEX's quota on GET order."""

import asyncio
import time

import httpx2

from bench.databases import Bench
from bench.measure import Figure, Scale
from bench.processes import bridge, free_port, process, until

#: VTEX publishes 6,000 a minute for GET order, and no burst: one second's worth is allowed here.
_PER_MINUTE = 6000
_ROLES = {"postgres": "poller", "sqlite": "all"}


async def measure(bench: Bench, scale: Scale) -> list[Figure]:
    figures = []
    for backend in _ROLES:
        free, _ = await _run(bench, backend, scale.of(4000, 300), quota=False)
        figures.append(Figure("h", f"orders a second ({backend})", free, ">=", 60))
    held, refused = await _run(bench, "postgres", scale.of(6000, 600), quota=True)
    used = held / (_PER_MINUTE / 60)
    detail = {"orders a second": held, "429s": refused}
    return [*figures, Figure("h", "GET order's quota used", used, ">=", 0.95, detail)]


async def _run(bench: Bench, backend: str, orders: int, *, quota: bool) -> tuple[float, int]:
    """Orders read a second, from the first GET to the last; and how many were refused."""
    url, port = await bench.database(backend), free_port()
    store = f"http://127.0.0.1:{port}"
    settings = {"sources": ["feed"], "feed_poll_seconds": 0.1}
    async with (
        process("-m", "bench.store", str(port), log=bench.folder / "store.log", port=port),
        bridge(url, store, [_ROLES[backend]], bench.folder, orders=settings),
        httpx2.AsyncClient(base_url=store, timeout=60) as client,
    ):
        await _put_up_for_sale(client)
        await _feed_is_made(client)
        if quota:
            await client.post("/bench/quota", params={"per_minute": _PER_MINUTE, "burst": _PER_MINUTE // 60})
        await client.post("/bench/orders", params={"count": orders})
        reads = await _reads(client, orders)
    moments = [at for status, at in reads if status == 200]
    refused = sum(status == 429 for status, _ in reads)
    return (len(moments) - 1) / (moments[-1] - moments[0]), refused


async def _put_up_for_sale(client: httpx2.AsyncClient) -> None:
    client.headers.update({"X-VTEX-API-AppKey": "sandbox-key", "X-VTEX-API-AppToken": "sandbox-token"})
    product = {"Name": "Vaso", "CategoryId": 1, "BrandId": 1, "RefId": "P", "IsActive": True}
    size = {f"Packaged{side}": 1 for side in ("Height", "Length", "Width", "WeightKg")}
    sku = {"ProductId": 1, "Name": "Vaso", "RefId": "SKU-1", **size}
    for method, path, body in (
        ("POST", "/api/catalog/pvt/product", product),
        ("POST", "/api/catalog/pvt/stockkeepingunit", sku),
        ("PUT", "/sandboxstore/pricing/prices/1001", {"basePrice": 10, "markup": 0}),
    ):
        (await client.request(method, path, json=body)).raise_for_status()


async def _feed_is_made(client: httpx2.AsyncClient) -> None:
    """A feed knows no orders from before it was made."""

    async def made() -> bool:
        found = await client.get("/sandbox/journal", params={"effect": "feed.configured"})
        return bool(found.json())

    await until(made, "the bridge has made its feed", every=0.1)


async def _reads(client: httpx2.AsyncClient, orders: int) -> list[tuple[int, float]]:
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        reads = (await client.get("/bench/reads")).json()
        if sum(status == 200 for status, _ in reads) >= orders:
            return [(status, at) for status, at in reads]
        await asyncio.sleep(0.5)
    raise TimeoutError(f"only {len(reads)} of {orders} orders were read")
