"""VTEX Logistics: stock per SKU id and warehouse."""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from app.config import VtexSettings
from app.vtex.rest import Rest, path
from app.vtex.warehouses import Warehouses


@dataclass(frozen=True, slots=True)
class Balance:
    """What VTEX has of a SKU in a warehouse."""

    #: Available and reserved; None where VTEX has no stock of it yet.
    total: int | None = None
    #: Sold without counting.
    unlimited: bool = False
    #: As VTEX writes it: D.HH:MM:SS, without the days if there are none.
    lead_time: str = ""


class Logistics:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base
        self.warehouses = Warehouses(rest, settings)

    async def read_balance(self, sku_id: int, warehouse: str) -> Balance:
        """An empty one where VTEX has no stock of it yet.

        Warehouse ids are case-insensitive for stock (VTEX known issue).
        """
        rows = await self._balances(sku_id)
        same = [row for row in rows if str(row.get("warehouseId")).lower() == warehouse.lower()]
        if not same:
            return Balance()
        [row, *_] = same
        unlimited = row.get("hasUnlimitedQuantity") is True
        return Balance(int(row.get("totalQuantity") or 0), unlimited, str(row.get("leadTime") or ""))

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

    async def write_quantity(
        self,
        sku_id: int,
        warehouse: str,
        quantity: int,
        *,
        unlimited: bool,
        counted_at: datetime | None = None,
    ) -> None:
        """Set the physical total (available and reserved); a PUT would zero the lead time."""
        body: dict[str, Any] = {"quantity": quantity, "unlimitedQuantity": unlimited}
        if counted_at is not None:
            body["dateUtcOnBalanceSystem"] = counted_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        await self._patch("write quantity", "/quantity", sku_id, warehouse, body)

    async def write_lead_time(self, sku_id: int, warehouse: str, lead_time: str) -> None:
        """D.HH:MM:SS with its days: VTEX reads 78:00:00 as 78 days."""
        await self._patch("write lead time", "/lead-time", sku_id, warehouse, {"leadTime": lead_time})

    async def _patch(
        self, operation: str, part: str, sku_id: int, warehouse: str, body: dict[str, Any]
    ) -> None:
        template = "/api/logistics/pvt/inventory/skus/{sku}/warehouses/{warehouse}" + part
        address = self._base + path(template, sku=sku_id, warehouse=warehouse)
        await self._rest.call("logistics", operation, "PATCH", address, json=body)
