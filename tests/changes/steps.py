"""The steps that the tests of the kinds are made of: what the ERP sends, what staff do by hand."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.running import ACCOUNT, RunningBridge, RunningSandbox

PRODUCT = {"code": "P1", "name": "Vaso de Barro", "brand_id": 1, "category_id": 1}
SKU = {
    "code": "S1",
    "product": "P1",
    "name": "Vaso Vermelho",
    "packaged_height": "10",
    "packaged_length": "20.5",
    "packaged_width": "12",
    "packaged_weight": "1.5",
}
KEYS = {"X-VTEX-API-AppKey": "sandbox-key", "X-VTEX-API-AppToken": "sandbox-token"}
PRICES = f"/{ACCOUNT}/pricing/prices"
SKUS = "/api/catalog/pvt/stockkeepingunit"


async def deliver(bridge: RunningBridge, kind: str, change: dict[str, Any]) -> dict[str, Any]:
    return await end(bridge, kind, change, "delivered")


async def end(bridge: RunningBridge, kind: str, change: dict[str, Any], *statuses: str) -> dict[str, Any]:
    """Post the change and wait until it is in one of the statuses."""
    [event_id] = await bridge.post(kind, change)
    return await bridge.reaches(event_id, *statuses)


async def sku_in_store(bridge: RunningBridge) -> None:
    await deliver(bridge, "product", PRODUCT)
    await deliver(bridge, "sku", SKU)


async def skus_in_store(bridge: RunningBridge, *codes: str) -> None:
    """SKUs of one product, in this order."""
    await end(bridge, "product", PRODUCT, "delivered", "unchanged")
    for code in codes:
        await deliver(bridge, "sku", SKU | {"code": code})


async def as_staff(sandbox: RunningSandbox, method: str, path: str, body: Any = None) -> Any:
    """What the store's team does in VTEX's admin."""
    answer = await sandbox.client.request(method, path, json=body, headers=KEYS)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def record(sandbox: RunningSandbox, name: str) -> dict[str, Any]:
    """The store's only product, SKU, price, …"""
    [only] = (await sandbox.state())[name]
    found: dict[str, Any] = only
    return found


async def calls(sandbox: RunningSandbox, method: str, part: str) -> list[dict[str, Any]]:
    """Requests that reached the store itself."""
    entries = (await sandbox.client.get("/sandbox/journal")).json()
    return [
        entry
        for entry in entries
        if entry["api"] != "fault" and entry["method"] == method and part in entry["path"]
    ]


def rotate(file: Path, secret: str | None) -> None:
    """Put another secret into its file, or take the file away."""
    if secret is None:
        file.unlink()
    else:
        file.write_text(f"{secret}\n", encoding="utf-8")


async def make_due(bridge: RunningBridge) -> None:
    """As if the pauses were over: all that waits or retries is due now."""
    async with bridge.parts.database.write() as transaction:
        await transaction.execute(text("UPDATE api_pause SET paused_until = 0"))
    # What a process knows of them is at most a second old.
    await asyncio.sleep(1.1)
    statement = text("UPDATE lane SET due_at = :now WHERE due_at IS NOT NULL AND lease IS NULL")
    # As the SQLite dialect writes it.
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    async with bridge.parts.database.write() as transaction:
        await transaction.execute(statement, {"now": now})
    bridge.parts.store.wakeup.set()
