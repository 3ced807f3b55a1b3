"""A store that sells one SKU, an ERP that listens, and the bridge between them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.changes.steps import PRICES, SKUS, as_staff
from tests.orders.erp import Erp
from tests.running import RunningBridge, RunningSandbox, listening, running_bridge

Starting = Callable[..., AbstractAsyncContextManager[RunningBridge]]


@pytest.fixture
async def erp() -> AsyncIterator[Erp]:
    listener = Erp()
    async with listening(listener) as url:
        listener.url = url
        yield listener


@pytest.fixture
async def shop(sandbox: RunningSandbox) -> RunningSandbox:
    product = {"Name": "Vaso", "CategoryId": 1, "BrandId": 1, "RefId": "P1"}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/product", product)
    sizes = {"PackagedHeight": 1, "PackagedLength": 1, "PackagedWidth": 1, "PackagedWeightKg": 1}
    await as_staff(sandbox, "POST", SKUS, {"ProductId": 1, "Name": "Vaso", "RefId": "S1"} | sizes)
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", {"basePrice": 110, "costPrice": 50})
    return sandbox


@pytest.fixture
def starting(migrated_sqlite_url: str, shop: RunningSandbox, erp: Erp) -> Starting:
    def start(**changes: Any) -> AbstractAsyncContextManager[RunningBridge]:
        listener = {"callback_url": f"{erp.url}/orders", **changes.pop("erp", {})}
        return running_bridge(migrated_sqlite_url, shop.url, erp=listener, **changes)

    return start
