"""Similar categories of products through VTEX's Catalog REST API: matched by adding and removing."""

from collections.abc import Awaitable, Callable

from app.config import VtexSettings
from app.vtex.rest import Reply, Rest, path


class RestSimilarCategories:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._address = f"{settings.rest_base}/api/catalog/pvt/product/{{id}}/similarcategory"

    async def match(
        self,
        product_id: int,
        wanted: list[int],
        add: Callable[[int, int], Awaitable[object]] | None = None,
    ) -> None:
        """`add` instead of REST's own way."""
        address = path(self._address, id=product_id)
        listed = (await self._call("read similar categories", "GET", address)).listed() or []
        present = [int(each["CategoryId"]) for each in listed]
        for category in wanted:
            if category not in present:
                await (add or self._add)(product_id, category)
        for category in present:
            if category not in wanted:
                one = address + path("/{category}", category=category)
                await self._call("remove similar category", "DELETE", one)

    async def _add(self, product_id: int, category: int) -> None:
        address = path(self._address + "/{category}", id=product_id, category=category)
        await self._call("add similar category", "POST", address)

    async def _call(self, operation: str, method: str, address: str) -> Reply:
        return await self._rest.call("catalog", operation, method, address)
