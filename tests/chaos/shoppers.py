"""The customers: they buy what is reduced, from several sellers, and some think again."""

import asyncio
import random
from typing import Any

import httpx2

from tests.chaos.day import ARRIVAL, Day
from tests.chaos.erp import SKUS, Erp, code
from tests.running import RunningSandbox

KIT = "KIT-1"
#: Sells in this store, and ships by itself.
SELLER = "parceiro"
#: When those who cancel by plan do so: before it was told, as soon as it was, and after.
SECOND_THOUGHTS = ("payment-approved", "window-to-cancel", "ready-for-handling", "told", "handling")
PLANNED, LATER = 0.05, 0.03


def cents(sku: int) -> int:
    return 1990 + 737 * sku


async def put_on_sale(erp: Erp) -> None:
    """Through the bridge, as any ERP does: SKUs, a kit of two of them, and a price for each."""
    await erp.post_catalogue()
    size = {f"packaged_{side}": 1 for side in ("height", "length", "width", "weight")}
    kit = {"code": KIT, "product": "P", "name": "Kit", "kit": True, **size}
    parts = [
        {"sku": code(0), "quantity": 2, "unit_price": "9.95"},
        {"sku": code(1), "quantity": 1, "unit_price": "20.00"},
    ]
    await erp.send("sku", kit, KIT)
    await erp.send("kit", {"code": KIT, "components": parts}, f"{KIT}-parts")
    await erp.send("price", {"sku": KIT, "base": "39.90"}, f"{KIT}-price")
    for sku in range(SKUS):
        base = f"{cents(sku) // 100}.{cents(sku) % 100:02}"
        await erp.send("price", {"sku": code(sku), "base": base}, f"price-{sku}")


class Shoppers:
    def __init__(self, store: RunningSandbox, day: Day, chance: random.Random) -> None:
        self._day = day
        self._chance = chance
        # A connection that was kept may be closed in the moment in which it is used again.
        fresh = httpx2.Limits(max_keepalive_connections=0)
        self._shop = httpx2.AsyncClient(base_url=store.url, limits=fresh, timeout=60)

    async def come(self) -> None:
        """Evenly over the first minutes, however slow the shop is; ends when all have thought again."""
        orders = 0
        async with self._shop, asyncio.TaskGroup() as group:
            while orders < self._day.orders:
                await self._day.rest(max(0.0, ARRIVAL * orders / self._day.orders - self._day.minute))
                items = self._items()
                orders += len({item.get("seller") for item in items})
                group.create_task(self._buy(items))

    async def _buy(self, items: list[dict[str, Any]]) -> None:
        body: dict[str, Any] = {"items": items, "shipping": self._chance.randrange(0, 3000)}
        thinks = self._chance.random()
        if thinks < PLANNED:
            body["cancel_when"] = self._chance.choice(SECOND_THOUGHTS)
        answer = await self._shop.post("/sandbox/orders", json=body)
        assert answer.is_success, answer.text
        if PLANNED <= thinks < PLANNED + LATER:
            for order in answer.json()["orders"]:
                await self._cancel(order["orderId"])

    def _items(self) -> list[dict[str, Any]]:
        skus = [code(sku) for sku in self._chance.sample(range(SKUS), self._chance.randint(1, 3))]
        if self._chance.random() < 0.1:
            skus.append(KIT)
        items: list[dict[str, Any]] = [
            {"ref_id": sku, "quantity": self._chance.randint(1, 3), "discount": self._discount()}
            for sku in skus
        ]
        if len(items) > 1 and self._chance.random() < 0.1:
            items[-1]["seller"] = SELLER
        return items

    def _discount(self) -> int:
        return self._chance.randint(1, 1000) if self._chance.random() < 0.4 else 0

    async def _cancel(self, order_id: str) -> None:
        """At any moment; where it is invoiced already, the store says no."""
        await self._day.rest(self._chance.uniform(0, 5))
        await self._shop.post(f"/sandbox/orders/{order_id}/cancel", json={"reason": "Too slow"})
