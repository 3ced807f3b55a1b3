"""A new sandbox for each test, spoken to in-process with the store's own keys."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from app.sandbox import create_sandbox
from app.sandbox.erp import Erp
from app.sandbox.journal import Journal
from app.sandbox.state import Store

KEYS = {"X-VTEX-API-AppKey": "sandbox-key", "X-VTEX-API-AppToken": "sandbox-token"}
BASIC = {"Authorization": "Basic " + base64.b64encode(b"sandbox-key:sandbox-token").decode()}


@pytest.fixture
def sandbox() -> Starlette:
    return create_sandbox()


@pytest.fixture
def state(sandbox: Starlette) -> Store:
    store: Store = sandbox.state.store
    return store


@pytest.fixture
def journal(sandbox: Starlette) -> Journal:
    journal: Journal = sandbox.state.journal
    return journal


@pytest.fixture
def erp(sandbox: Starlette) -> Erp:
    erp: Erp = sandbox.state.erp
    return erp


@pytest.fixture
async def vtex(sandbox: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=sandbox)
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox", headers=KEYS) as client:
        yield client


PRODUCT = {"Name": "Camisa Básica", "CategoryId": 1, "BrandId": 1, "RefId": "P1", "IsActive": True}
SKU = {
    "ProductId": 1,
    "Name": "Azul M",
    "RefId": "S1",
    "PackagedHeight": 10,
    "PackagedLength": 20.5,
    "PackagedWidth": 10,
    "PackagedWeightKg": 550,
}
PRICE = {"basePrice": 100, "costPrice": 50}
IMAGE = {"Name": "front", "Url": "https://erp.example.com/front.jpg"}


class Shop:
    """The few steps that most tests start from."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def product(self, **fields: object) -> dict[str, Any]:
        return await self._ok("POST", "/api/catalog/pvt/product", PRODUCT | fields)

    async def sku(self, **fields: object) -> dict[str, Any]:
        """A product P1 and its SKU S1, or another SKU of it."""
        if not fields.get("RefId"):
            await self.product()
        return await self._ok("POST", "/api/catalog/pvt/stockkeepingunit", SKU | fields)

    async def price(self, sku: int = 1001, **fields: object) -> None:
        await self.client.put(f"/sandboxstore/pricing/prices/{sku}", json=fields or PRICE)

    async def order(self, status: str = "ready-for-handling", quantity: int = 2) -> str:
        await self.sku()
        await self.price()
        return await self.another_order(status, quantity)

    async def another_order(self, status: str = "ready-for-handling", quantity: int = 2) -> str:
        items = [{"ref_id": "S1", "quantity": quantity}]
        answer = await self._ok("POST", "/sandbox/orders", {"items": items, "status": status})
        return str(answer["orderId"])

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def _ok(self, method: str, path: str, body: object) -> dict[str, Any]:
        answer = await self.client.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        created: dict[str, Any] = answer.json()
        return created


@pytest.fixture
def shop(vtex: httpx2.AsyncClient) -> Shop:
    return Shop(vtex)
