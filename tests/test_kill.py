"""kill -9 at random moments: what was answered 202 ends well, in order, and each order is told once."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text

from app.database import Database, migrate
from app.keys import Keys
from tests.processes import RoleProcess
from tests.running import RunningSandbox, configuration, until

CHANGES = 1000
ORDERS = 50
KILLS = 10
SKUS = 40
ENDED_WELL = {"delivered", "superseded", "unchanged"}


class Erp:
    """An ERP that sends each change until it is answered 202, entity by entity in order."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=5)
        self.accepted: dict[str, list[str]] = defaultdict(list)
        self.last: dict[str, int] = {}
        self.refused: list[str] = []

    async def send(self, kind: str, change: dict[str, Any], number: int) -> None:
        while True:
            try:
                answer = await self._client.post(
                    f"/v1/changes/{kind}", json=change, headers={"Idempotency-Key": f"{kind}-{number}"}
                )
            except httpx2.HTTPError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 202:
                [event] = answer.json()["events"]
                self.accepted[f"{kind} {event['key']}"].append(event["id"])
                self.last[f"{kind} {event['key']}"] = number
                return
            if answer.status_code != 503:
                self.refused.append(answer.text)
                return
            await asyncio.sleep(0.05)

    async def send_all(self, killed: asyncio.Event) -> None:
        """Values grow with time, so that order can be read off the store's journal."""
        pace = asyncio.Semaphore(8)
        lanes = [asyncio.Lock() for _ in range(2 * SKUS)]

        async def one(number: int) -> None:
            sku, is_stock = number % SKUS, number // SKUS % 2 == 0
            async with lanes[2 * sku + is_stock], pace:
                code = f"SKU-{sku:03}"
                stock = {"sku": code, "warehouse": "1_1", "quantity": number}
                price = {"sku": code, "base": f"{number + 1}.00"}
                await self.send("stock" if is_stock else "price", stock if is_stock else price, number)

        tasks = []
        for number in range(CHANGES):
            tasks.append(asyncio.create_task(one(number)))
            await asyncio.sleep(0 if killed.is_set() else 0.03)
        await asyncio.gather(*tasks)

    async def close(self) -> None:
        await self._client.aclose()


async def test_killed_all_in_one_on_sqlite_loses_nothing(
    migrated_sqlite_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    await _survive(migrated_sqlite_url, sandbox, tmp_path, ["all"])


async def test_killed_roles_on_postgres_lose_nothing(
    migrated_postgres_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    await _survive(migrated_postgres_url, sandbox, tmp_path, ["api", "dispatcher", "poller"])


async def _survive(database_url: str, sandbox: RunningSandbox, folder: Path, roles: list[str]) -> None:
    await migrate(database_url)
    database = Database(database_url)
    key = await Keys(database).create("acme")
    settings = configuration(
        database_url,
        sandbox.url,
        delivery={"lease_seconds": 2, "concurrency": 8},
        orders={"sources": ["feed", "list"], "feed_visibility_seconds": 2},
    )
    async with _processes(settings, folder, roles) as processes:
        erp = Erp(processes[0].url, key)
        await _post_catalogue(erp)
        killed = asyncio.Event()
        killing = asyncio.create_task(_kill_often(processes, killed))
        ordering = asyncio.create_task(_order_often(sandbox))
        await erp.send_all(killed)
        await asyncio.gather(killing, ordering)
        assert erp.refused == []
        await until(lambda: _all_ended(database), "every event has ended", seconds=150, every=0.2)
        await until(lambda: _all_handled(sandbox), "every order is handled", seconds=60, every=0.2)
        await erp.close()
    await _check_events(database, erp)
    await _check_store(sandbox, erp)
    await database.close()


@asynccontextmanager
async def _processes(
    settings: dict[str, Any], folder: Path, roles: list[str]
) -> AsyncIterator[list[RoleProcess]]:
    processes = [RoleProcess(role, settings, folder) for role in roles]
    async with AsyncExitStack() as stack:
        for process in processes:
            await process.start()
            stack.push_async_callback(process.kill)
        yield processes


async def _post_catalogue(erp: Erp) -> None:
    await erp.send("product", {"code": "P", "name": "Vaso", "brand_id": 1, "category_id": 1}, 0)
    for sku in range(SKUS):
        size = {f"packaged_{side}": 1 for side in ("height", "length", "width", "weight")}
        await erp.send("sku", {"code": f"SKU-{sku:03}", "product": "P", "name": f"Vaso {sku}", **size}, sku)


async def _kill_often(processes: list[RoleProcess], killed: asyncio.Event) -> None:
    for number in range(KILLS):
        await asyncio.sleep(random.uniform(0.3, 1.5))
        # Each role in turn, so that all of them die at moments of every kind.
        victim = processes[number % len(processes)]
        await victim.kill()
        await victim.start()
    killed.set()


async def _order_often(sandbox: RunningSandbox) -> None:
    for _ in range(ORDERS):
        sku = f"SKU-{random.randrange(SKUS):03}"

        async def placed(sku: str = sku) -> bool:
            # Until the first price of the SKU has arrived, nobody can buy it.
            order = {"items": [{"ref_id": sku, "quantity": 1}]}
            return (await sandbox.client.post("/sandbox/orders", json=order)).is_success

        await until(placed, f"{sku} can be ordered", seconds=150, every=0.2)
        await asyncio.sleep(0.3)


async def _all_ended(database: Database) -> bool:
    async with database.read() as connection:
        return not await connection.scalar(text("SELECT count(*) FROM event WHERE finished_at IS NULL"))


async def _all_handled(sandbox: RunningSandbox) -> bool:
    orders = (await sandbox.state())["orders"]
    return len(orders) == ORDERS and all(order["status"] == "handling" for order in orders)


async def _check_events(database: Database, erp: Erp) -> None:
    query = text("SELECT kind, key, number, status, finished_at FROM event ORDER BY kind, key, number")
    lanes: dict[str, list[Any]] = defaultdict(list)
    async with database.read() as connection:
        for row in await connection.execute(query):
            lanes[f"{row.kind} {row.key}"].append(row)
    assert {row.status for events in lanes.values() for row in events} <= ENDED_WELL
    for lane, events in lanes.items():
        assert [row.number for row in events] == list(range(1, len(events) + 1)), lane
        moments = [str(row.finished_at) for row in events]
        assert moments == sorted(moments), lane
    for lane, ids in erp.accepted.items():
        assert len(lanes[lane]) == len(ids) == len(set(ids)), lane


async def _check_store(sandbox: RunningSandbox, erp: Erp) -> None:
    state = await sandbox.state()
    ids = {sku["RefId"]: str(sku["Id"]) for sku in state["skus"]}
    stock = {row["skuId"]: row["totalQuantity"] for row in state["inventory"]}
    prices = {row["itemId"]: row["basePrice"] for row in state["prices"]}
    for lane, number in erp.last.items():
        kind, _, code = lane.partition(" ")
        if kind == "stock":
            assert stock[ids[code.partition("@")[0]]] == number, lane
        elif kind == "price":
            assert prices[ids[code]] == number + 1, lane
    written: dict[str, list[int]] = defaultdict(list)
    for entry in await sandbox.effects("stock.patched"):
        written[str(entry["effect"]["sku_id"])].append(entry["effect"]["quantity"])
    assert all(values == sorted(values) for values in written.values())
    assert len(state["products"]) == 1
    assert len(state["skus"]) == SKUS
    told = [delivery["body"]["order"]["id"] for delivery in await sandbox.received()]
    assert sorted(told) == sorted(order["orderId"] for order in state["orders"])
    handled = [entry["effect"]["order_id"] for entry in await sandbox.effects("order.start-handled")]
    assert sorted(handled) == sorted(told)
