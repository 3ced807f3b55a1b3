"""Services of SKUs through VTEX's Catalog REST API."""

from collections.abc import Container
from http import HTTPStatus

from app.config import VtexSettings
from app.errors import Retry
from app.vtex.catalog import Record
from app.vtex.catalog.services import Services
from app.vtex.rest import Reply, Rest, path

_FLAGS = "ShowOnProductFront ShowOnCartFront ShowOnAttachmentFront ShowOnFileUpload IsGiftCard IsRequired"
_TYPE_FIELDS = frozenset(f"Name IsActive {_FLAGS}".split())
_OPTION_FIELDS = frozenset("SkuServiceTypeId Name Value Cost".split())
_ATTACHMENT_FIELDS = frozenset("SkuServiceTypeId SkuServiceValueId SkuId Name Text IsActive".split())


class RestServiceRecords:
    def __init__(
        self, rest: Rest, settings: VtexSettings, noun: str, called: str, fields: frozenset[str]
    ) -> None:
        self._rest = rest
        self._address = f"{settings.rest_base}/api/catalog/pvt/{noun}"
        self._called = called
        self._fields = fields

    async def read(self, vtex_id: int) -> Record | None:
        body = (await self._call("read", "GET", vtex_id, expected={HTTPStatus.NOT_FOUND})).record()
        return body and {name: value for name, value in body.items() if name in self._fields}

    async def create(self, record: Record) -> int:
        created = (await self._call("create", "POST", None, record)).body
        if not isinstance(created, dict) or not created.get("Id"):
            raise Retry(f"VTEX created a {self._called} without telling its id", unknown_outcome=True)
        return int(created["Id"])

    async def update(self, vtex_id: int, record: Record) -> None:
        await self._call("update", "PUT", vtex_id, record)

    async def remove(self, vtex_id: int) -> None:
        await self._call("remove", "DELETE", vtex_id, expected={HTTPStatus.NOT_FOUND})

    async def _call(
        self,
        verb: str,
        method: str,
        vtex_id: int | None,
        body: Record | None = None,
        expected: Container[int] = (),
    ) -> Reply:
        address = self._address + ("" if vtex_id is None else path("/{id}", id=vtex_id))
        return await self._rest.call(
            "catalog", f"{verb} {self._called}", method, address, json=body, expected=expected
        )


def rest_services(rest: Rest, settings: VtexSettings) -> Services:
    return Services(
        RestServiceRecords(rest, settings, "skuservicetype", "service", _TYPE_FIELDS),
        RestServiceRecords(rest, settings, "skuservicevalue", "service option", _OPTION_FIELDS),
        RestServiceRecords(rest, settings, "skuservice", "service attachment", _ATTACHMENT_FIELDS),
    )
