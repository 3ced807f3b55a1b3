"""VTEX Pricing v2: prices in decimal currency, keyed by SKU id."""

from typing import Any

from app.config import VtexSettings
from app.vtex.rest import Rest, path

_NOT_FOUND = 404


class Pricing:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.pricing_base

    async def read(self, sku_id: int) -> dict[str, Any] | None:
        """The price with its fixed prices; None for a SKU without one."""
        reply = await self._rest.call("pricing", "read price", "GET", self._at(sku_id), expected={_NOT_FOUND})
        return reply.record()

    async def write(self, sku_id: int, price: dict[str, Any]) -> None:
        """Replaces the price and ALL fixed prices; VTEX wants exactly two of base, cost and markup."""
        await self._rest.call("pricing", "write price", "PUT", self._at(sku_id), json=price)

    async def delete(self, sku_id: int) -> None:
        """The price and ALL fixed prices, whoever set them; done, too, where there is none."""
        await self._rest.call("pricing", "delete price", "DELETE", self._at(sku_id), expected={_NOT_FOUND})

    def _at(self, sku_id: int) -> str:
        return self._base + path("/pricing/prices/{sku}", sku=sku_id)
