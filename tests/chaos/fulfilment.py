"""What the ERP does with its orders: it invoices them in parts, tracks the parcels and delivers them."""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.sandbox.erp import Erp as Books
from tests.chaos.day import Day
from tests.chaos.erp import Erp

AT_ONCE = 32


class Fulfilment:
    """It knows an order by its callbacks alone, and tells the bridge over HTTP."""

    def __init__(self, books: Books, erp: Erp, day: Day, chance: random.Random) -> None:
        self._books = books
        self._erp = erp
        self._day = day
        self._chance = chance
        self._free = asyncio.Semaphore(AT_ONCE)
        self._at_work = 0
        self._canceled: set[str] = set()
        #: What it invoiced of each order, part by part.
        self.invoiced: dict[str, list[Decimal]] = defaultdict(list)

    async def work(self) -> None:
        """Until it is cancelled."""
        seen = 0
        async with asyncio.TaskGroup() as group:
            while True:
                for callback in list(itertools.islice(self._books.received.values(), seen, None)):
                    seen += 1
                    group.create_task(self._take(callback["body"]["order"]))
                await asyncio.sleep(0.1)

    @property
    def is_idle(self) -> bool:
        """It has no order in its hands."""
        return self._at_work == 0

    async def _take(self, order: dict[str, Any]) -> None:
        self._at_work += 1
        match order["status"]:
            case "ready-for-handling":
                await self._fulfil(order)
            case "canceled":
                self._canceled.add(order["id"])
            case "cancellation-requested":
                await self._decide(order["id"])
            case _:
                pass
        self._at_work -= 1

    async def _fulfil(self, order: dict[str, Any]) -> None:
        await self._day.rest(self._chance.uniform(0, 2))
        number, total = order["sequence"], Decimal(order["total"])
        parts = self._parts(order)
        for index, part in enumerate(parts, 1):
            if order["id"] in self._canceled:
                return
            invoiced = sum(self.invoiced[order["id"]], Decimal(0))
            # The first carries the shipping, the last whatever is left: to the cent.
            shipping = Decimal(order["totals"]["Shipping"] or 0) if index == 1 else Decimal(0)
            value = total - invoiced if index == len(parts) else part["value"] + shipping
            await self._invoice(order["id"], f"{number}P{index}", value, part["items"])
            await self._day.rest(self._chance.uniform(0, 1))

    def _parts(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        """One to three, with at least a piece in each."""
        pieces = [
            (item["sku"], Decimal(item["selling_price"]))
            for item in order["items"]
            for _ in range(item["quantity"])
        ]
        self._chance.shuffle(pieces)
        count = min(self._chance.choice([1, 1, 1, 2, 2, 3]), len(pieces))
        return [self._part(pieces[first::count]) for first in range(count)]

    @staticmethod
    def _part(pieces: list[tuple[str, Decimal]]) -> dict[str, Any]:
        prices = dict(pieces)
        items = [
            {"sku": sku, "quantity": quantity, "price": str(prices[sku])}
            for sku, quantity in Counter(sku for sku, _ in pieces).items()
        ]
        return {"items": items, "value": sum((price for _, price in pieces), Decimal(0))}

    async def _invoice(self, order: str, number: str, value: Decimal, items: list[dict[str, Any]]) -> None:
        invoice = {"order": order, "number": number, "value": str(value), "items": items}
        invoice |= {"issued_at": _now(), "courier": "Correios"}
        tracking = {"order": order, "invoice": number, "number": f"BR{number}", "courier": "Correios"}
        if whole := self._chance.random() < 0.5:
            invoice["tracking_number"] = f"BR{number}"
        await self._tell("invoice", invoice, number)
        self.invoiced[order].append(value)
        if not whole:
            await self._tell("tracking", tracking, number)
        on_its_way = {"order": order, "invoice": number, "city": "Rio de Janeiro", "state": "RJ"}
        for description, delivered in (("Postado", False), ("Entregue", True)):
            event = {"description": description, "occurred_at": _now(), "delivered": delivered}
            # Half of the carriers tell of the delivery alone.
            if delivered or not whole:
                await self._tell("tracking-event", on_its_way | event, f"{number}-{description}")

    async def _decide(self, order: str) -> None:
        """Where parts are on their way it says no, else it is free to agree."""
        denies = bool(self.invoiced[order]) or self._chance.random() < 0.5
        if not denies:
            self._canceled.add(order)
        kind = "cancellation-denial" if denies else "cancellation"
        await self._tell(kind, {"order": order, "reason": "So decided"}, order)

    async def _tell(self, kind: str, change: dict[str, Any], number: str) -> None:
        async with self._free:
            await self._erp.send(kind, change, f"{kind}-{number}")


def _now() -> str:
    return datetime.now(UTC).isoformat()
