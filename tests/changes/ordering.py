"""An order in the store, and what the ERP says about it."""

from typing import Any

from tests.running import RunningSandbox


async def bought(sandbox: RunningSandbox, status: str = "handling", quantity: int = 2) -> str:
    items = [{"ref_id": "S1", "quantity": quantity}]
    order = await sandbox.control("orders", {"items": items, "status": status, "shipping": 990})
    return str(order["orderId"])


def invoice(order: str, **changes: Any) -> dict[str, Any]:
    return {
        "order": order,
        "number": "24382",
        "issued_at": "2026-11-23T10:00:00-03:00",
        "value": "229.90",
        "items": [{"sku": "S1", "quantity": 2, "price": "110.00"}],
        **changes,
    }


async def stored(sandbox: RunningSandbox) -> dict[str, Any]:
    [order] = (await sandbox.state())["orders"]
    found: dict[str, Any] = order
    return found
