"""What must be true after any chaos: nothing lost, nothing out of order, no effect twice."""

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import text

from app.database import Database
from tests.chaos.erp import SKUS, Erp, code
from tests.running import RunningSandbox

ENDED_WELL = {"delivered", "superseded", "unchanged"}


async def all_ended(database: Database) -> bool:
    async with database.read() as connection:
        return not await connection.scalar(text("SELECT count(*) FROM event WHERE finished_at IS NULL"))


async def unfinished(database: Database) -> list[Any]:
    """For the message of a failure: what is still pending, and why."""
    query = "SELECT kind, key, status, reason, due_at, lease, failures FROM lane WHERE due_at IS NOT NULL"
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(f"{query} LIMIT 5"))]


async def nothing_is_lost(database: Database, erp: Erp, store: RunningSandbox) -> None:
    events = "SELECT id, kind, key, number, status, finished_at FROM event ORDER BY kind, key, number"
    lanes: dict[str, list[Any]] = defaultdict(list)
    async with database.read() as connection:
        for row in await connection.execute(text(events)):
            lanes[f"{row.kind} {row.key}"].append(row)
    assert {row.status for rows in lanes.values() for row in rows} <= ENDED_WELL
    for lane, accepted in erp.accepted.items():
        # In the order of acceptance, each once: repeats were answered with the first event.
        assert [str(row.id).replace("-", "") for row in lanes[lane]] == [
            each.replace("-", "") for each in accepted
        ], lane
        moments = [row.finished_at for row in lanes[lane]]
        assert moments == sorted(moments), lane
    state = await store.state()
    ids = {sku["RefId"]: str(sku["Id"]) for sku in state["skus"]}
    stock = {row["skuId"]: row["totalQuantity"] for row in state["inventory"]}
    prices = {row["itemId"]: row["basePrice"] for row in state["prices"]}
    for (kind, sku), number in erp.last.items():
        arrived = (stock if kind == "stock" else prices)[ids[code(sku)]]
        assert arrived == number, f"{kind} {code(sku)}"


async def nothing_is_out_of_order(store: RunningSandbox) -> None:
    for effect, value in {"stock.patched": "quantity", "price.put": "base_price"}.items():
        written: dict[str, list[int]] = defaultdict(list)
        for entry in await store.effects(effect):
            written[str(entry["effect"]["sku_id"])].append(entry["effect"][value])
        assert written
        for sku, values in written.items():
            assert values == sorted(values), f"{effect} {sku}"


async def nothing_happened_twice(store: RunningSandbox) -> None:
    """Creates have a natural key; each order is told once and handled once."""
    state = await store.state()
    assert len(state["products"]) == 1
    assert len(state["skus"]) == SKUS
    created = Counter(
        entry["effect"]["type"] for entry in await store.effects() if "created" in entry["effect"]["type"]
    )
    assert created["product.created"] == 1
    assert created["sku.created"] == SKUS
    told = [delivery["body"]["order"]["id"] for delivery in await store.received()]
    orders = sorted(order["orderId"] for order in state["orders"])
    assert sorted(told) == orders
    handled = [entry["effect"]["order_id"] for entry in await store.effects("order.start-handled")]
    assert sorted(handled) == orders


async def throttled(store: RunningSandbox) -> int:
    """429s of the store's own, beyond those that a fault rule gave."""
    journal = (await store.client.get("/sandbox/journal")).json()
    return sum(entry["status"] == 429 and entry["api"] != "fault" for entry in journal)
