"""Components of kits through VTEX's SOAP webservice, which can only write: REST reads and removes them."""

from app.vtex.catalog.kits import Component
from app.vtex.catalog.rest.kits import RestKits
from app.vtex.soap import Webservice, decimal


class WebserviceKits:
    def __init__(self, webservice: Webservice, rest: RestKits) -> None:
        self._webservice = webservice
        self._rest = rest

    async def components(self, kit_id: int) -> list[Component]:
        return await self._rest.components(kit_id)

    async def add(self, kit_id: int, component: Component) -> None:
        members = {
            "Amount": component.quantity,
            "StockKeepingUnitId": component.sku_id,
            "StockKeepingUnitParent": kit_id,
            "UnitPrice": decimal(component.unit_price),
        }
        await self._webservice.call("StockKeepingUnitKitInsertUpdate", members)

    async def remove(self, component: Component) -> None:
        await self._rest.remove(component)
