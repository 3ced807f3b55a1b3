"""Components of kits through VTEX's Catalog REST API."""

from decimal import Decimal
from http import HTTPStatus

from app.config import VtexSettings
from app.vtex.catalog import Record
from app.vtex.catalog.kits import Component
from app.vtex.rest import Reply, Rest, path


class RestKits:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._address = f"{settings.rest_base}/api/catalog/pvt/stockkeepingunitkit"

    async def components(self, kit_id: int) -> list[Component]:
        reply = await self._rest.call(
            "catalog",
            "read kit",
            "GET",
            self._address,
            query={"parentSkuId": kit_id},
            expected={HTTPStatus.NOT_FOUND},
        )
        return [
            Component(
                int(each["StockKeepingUnitId"]),
                int(each["Quantity"]),
                Decimal(str(each["UnitPrice"])),
                int(each["Id"]),
            )
            for each in _listed(reply)
        ]

    async def add(self, kit_id: int, component: Component) -> None:
        body = {
            "StockKeepingUnitParent": kit_id,
            "StockKeepingUnitId": component.sku_id,
            "Quantity": component.quantity,
            "UnitPrice": component.unit_price,
        }
        await self._rest.call("catalog", "add kit component", "POST", self._address, json=body)

    async def remove(self, component: Component) -> None:
        address = self._address + path("/{id}", id=component.vtex_id or 0)
        await self._rest.call(
            "catalog", "remove kit component", "DELETE", address, expected={HTTPStatus.NOT_FOUND}
        )


def _listed(reply: Reply) -> list[Record]:
    """VTEX's schema shows one component where a kit may have many."""
    return [reply.body] if isinstance(reply.body, dict) else reply.listed() or []
