"""VTEX Logistics: stock per SKU id and warehouse."""

from app.config import VtexSettings
from app.vtex.rest import Rest, path


class Logistics:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base

    async def write_quantity(self, sku_id: int, warehouse: str, quantity: int, *, unlimited: bool) -> None:
        """Set the physical total (available and reserved); a PUT would zero the lead time."""
        address = path(
            "/api/logistics/pvt/inventory/skus/{sku}/warehouses/{warehouse}/quantity",
            sku=sku_id,
            warehouse=warehouse,
        )
        body = {"quantity": quantity, "unlimitedQuantity": unlimited}
        await self._rest.call("logistics", "write quantity", "PATCH", self._base + address, json=body)
