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
        """Whether the SKU is sold there without counting; False where VTEX has no stock of it yet.

        Warehouse ids are case-insensitive for stock (VTEX known issue).
        """
        rows = await self._balances(sku_id)
        same = [row for row in rows if str(row.get("warehouseId")).lower() == warehouse.lower()]
        return any(row.get("hasUnlimitedQuantity") is True for row in same)

    async def has_stock(self, sku_id: int) -> bool:
        """Whether any warehouse has some of it, reserved or not."""
        rows = await self._balances(sku_id)
        return any(row.get("hasUnlimitedQuantity") or (row.get("totalQuantity") or 0) > 0 for row in rows)

    async def _balances(self, sku_id: int) -> list[dict[str, Any]]:
        address = self._base + path("/api/logistics/pvt/inventory/skus/{sku}", sku=sku_id)
        reply = await self._rest.call(
            "logistics", "read inventory", "GET", address, expected={HTTPStatus.NOT_FOUND}
        )
        return (reply.record() or {}).get("balance") or []

    async def write_quantity(self, sku_id: int, warehouse: str, quantity: int, *, unlimited: bool) -> None:
        """Set the physical total (available and reserved); a PUT would zero the lead time."""
        address = path(
            "/api/logistics/pvt/inventory/skus/{sku}/warehouses/{warehouse}/quantity",
            sku=sku_id,
            warehouse=warehouse,
        )
        body = {"quantity": quantity, "unlimitedQuantity": unlimited}
        await self._rest.call("logistics", "write quantity", "PATCH", self._base + address, json=body)
