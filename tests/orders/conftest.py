"""A store that sells one SKU, an ERP that listens, and the bridge between them."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.changes.steps import PRICES, SKUS, as_staff
from tests.orders.erp import Erp
from tests.running import RunningBridge, RunningSandbox, listening, running_bridge

Starting = Callable[..., AbstractAsyncContextManager[RunningBridge]]
_BESIDE_THE_REPOSITORY = Path(__file__).parents[3] / "shared" / "vtex" / "openapi"
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@pytest.fixture
def example() -> dict[str, Any]:
    """VTEX's own example of GET order; where its files lie, or in CI, it is a must."""
    folder = Path(os.environ.get("VTEX_OPENAPI_DIR") or _BESIDE_THE_REPOSITORY)
    file = folder / "vtex-orders.json"
    if not file.exists():
        missing = "VTEX's OpenAPI files are missing: set VTEX_OPENAPI_DIR"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    operation = _decode(file.read_bytes())["paths"]["/api/oms/pvt/orders/{orderId}"]["get"]
    content = operation["responses"]["200"]["content"]["application/json"]
    found: dict[str, Any] = content.get("example") or next(iter(content["examples"].values()))["value"]
    return found


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
