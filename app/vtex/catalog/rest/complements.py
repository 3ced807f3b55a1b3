"""Complements of SKUs through VTEX's Catalog REST API."""

from http import HTTPStatus

from app.config import VtexSettings
from app.vtex.catalog.complements import Complement
from app.vtex.rest import Rest, path

_CATALOG = "/api/catalog/pvt"


class RestComplements:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base + _CATALOG

    async def of(self, parent_id: int) -> list[Complement]:
        address = self._base + path("/stockkeepingunit/{id}/complement", id=parent_id)
        reply = await self._rest.call(
            "catalog", "read complements", "GET", address, expected={HTTPStatus.NOT_FOUND}
        )
        return [
            Complement(int(each["Id"]), int(each["SkuId"]), int(each["ComplementTypeId"]))
            for each in reply.listed() or []
        ]

    async def add(self, parent_id: int, type_id: int, wanted: list[int], missing: list[int]) -> None:  # noqa: ARG002  the webservice's list
        for sku_id in missing:
            body = {"ParentSkuId": parent_id, "SkuId": sku_id, "ComplementTypeId": type_id}
            address = self._base + "/skucomplement"
            await self._rest.call("catalog", "add complement", "POST", address, json=body)

    async def remove(self, complement: Complement) -> None:
        address = self._base + path("/skucomplement/{id}", id=complement.vtex_id)
        await self._rest.call(
            "catalog", "remove complement", "DELETE", address, expected={HTTPStatus.NOT_FOUND}
        )
