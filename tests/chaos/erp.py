"""An ERP under load: each entity's changes in order, each sent until it is answered 202."""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from typing import Any

import httpx2

SKUS = 40
MOST_AT_WORK = 200


class Erp:
    """Values grow with time, so that the order can be read off the store's journal."""

    def __init__(self, urls: list[str], key: str, chance: random.Random) -> None:
        self._urls = urls
        self._chance = chance
        self._client = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=5)
        self._numbers = itertools.count(1)
        self._lanes = [asyncio.Lock() for _ in range(2 * SKUS)]
        #: Ids of accepted events, by kind and key.
        self.accepted: dict[str, list[str]] = defaultdict(list)
        #: The number last accepted, by kind and SKU.
        self.last: dict[tuple[str, int], int] = {}
        self.statuses: Counter[int] = Counter()
        #: Answers 503 that named no time to come back: there should be none.
        self.impatient = 0
        self.refused: list[str] = []
        #: Ends `keep_sending` before its time.
        self.enough = asyncio.Event()

    async def post_catalogue(self) -> None:
        product = {"code": "P", "name": "Vaso", "brand_id": 1, "category_id": 1}
        await self.send("product", product, "product")
        size = {f"packaged_{side}": 1 for side in ("height", "length", "width", "weight")}
        for sku in range(SKUS):
            change = {"code": code(sku), "product": "P", "name": f"Vaso {sku}", **size}
            await self.send("sku", change, f"sku-{sku}")

    async def keep_sending(self, seconds: float, rate: float) -> None:
        """About `rate` changes a second, half of them stock and half prices, of random SKUs."""
        at_work: set[asyncio.Task[None]] = set()
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end and not self.enough.is_set():
            if len(at_work) < MOST_AT_WORK:
                task = asyncio.create_task(self._change())
                at_work.add(task)
                task.add_done_callback(at_work.discard)
            await asyncio.sleep(self._chance.expovariate(rate))
        await asyncio.gather(*at_work)

    async def _change(self) -> None:
        sku, kind = self._chance.randrange(SKUS), self._chance.choice(["stock", "price"])
        async with self._lanes[2 * sku + (kind == "stock")]:
            number = next(self._numbers)
            change: dict[str, Any] = {"sku": code(sku)}
            if kind == "stock":
                change |= {"warehouse": "1_1", "quantity": number}
            else:
                change |= {"base": f"{number}.00"}
            if await self.send(kind, change, str(number)):
                self.last[kind, sku] = number

    async def send(self, kind: str, change: dict[str, Any], key: str) -> bool:
        while True:
            url = f"{self._chance.choice(self._urls)}/v1/changes/{kind}"
            try:
                answer = await self._client.post(url, json=change, headers={"Idempotency-Key": key})
            except httpx2.HTTPError:
                await asyncio.sleep(0.1)
                continue
            self.statuses[answer.status_code] += 1
            if answer.status_code == 202:
                [event] = answer.json()["events"]
                self.accepted[f"{kind} {event['key']}"].append(event["id"])
                return True
            if answer.status_code != 503:
                self.refused.append(answer.text)
                return False
            self.impatient += "retry-after" not in answer.headers
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        await self._client.aclose()


def code(sku: int) -> str:
    return f"SKU-{sku:03}"
