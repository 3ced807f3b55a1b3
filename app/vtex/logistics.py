"""VTEX Logistics: stock per SKU id and warehouse."""

from http import HTTPStatus
from typing import Any

from app.config import VtexSettings
from app.vtex.rest import Rest, path


class Logistics:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base

    async def read_unlimited(self, sku_id: int, warehouse: str) -> bool:
        """Whether the SKU is sold there without counting; False where VTEX has no stock of it yet."""
        found = await self.read_balance(sku_id, warehouse) or {}
        return found.get("hasUnlimitedQuantity") is True

    async def read_balance(self, sku_id: int, warehouse: str) -> dict[str, Any] | None:
        """What VTEX has of the SKU there; warehouse ids are case-insensitive for stock (VTEX known issue)."""
        address = self._base + path("/api/logistics/pvt/inventory/skus/{sku}", sku=sku_id)
        reply = await self._rest.call(
            "logistics", "read inventory", "GET", address, expected={HTTPStatus.NOT_FOUND}
        )
        rows = (reply.record() or {}).get("balance") or []
        same = [row for row in rows if str(row.get("warehouseId")).lower() == warehouse.lower()]
        return next(iter(same), None)

    async def write_quantity(self, sku_id: int, warehouse: str, quantity: int, *, unlimited: bool) -> None:
        """Set the physical total (available and reserved); a PUT would zero the lead time."""
        address = path(
            "/api/logistics/pvt/inventory/skus/{sku}/warehouses/{warehouse}/quantity",
            sku=sku_id,
            warehouse=warehouse,
        )
        body = {"quantity": quantity, "unlimitedQuantity": unlimited}
        await self._rest.call("logistics", "write quantity", "PATCH", self._base + address, json=body)
