"""All SKUs of the store, for reconciliation; through REST for both codecs: the webservice has no list."""

from collections.abc import AsyncIterator
from http import HTTPStatus

from app.config import VtexSettings
from app.vtex.rest import Rest, path

#: VTEX's most.
_PAGE = 1000


class SkuListing:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base

    async def pages(self) -> AsyncIterator[list[int]]:
        """The ids, page by page."""
        address = self._base + "/api/catalog_system/pvt/sku/stockkeepingunitids"
        number = 1
        while True:
            query: dict[str, str | int] = {"page": number, "pagesize": _PAGE}
            reply = await self._rest.call("catalog", "list sku ids", "GET", address, query=query)
            ids = [int(each) for each in reply.listed() or ()]
            if ids:
                yield ids
            if len(ids) < _PAGE:
                return
            number += 1

    async def ref_id(self, sku_id: int) -> str | None:
        """Its RefId, empty where it has none; None where VTEX no longer has the SKU."""
        address = self._base + path("/api/catalog/pvt/stockkeepingunit/{id}", id=sku_id)
        expected = {HTTPStatus.NOT_FOUND}
        reply = await self._rest.call("catalog", "read sku", "GET", address, expected=expected)
        found = reply.record()
        return None if found is None else str(found.get("RefId") or "")
