"""Services of SKUs through VTEX's SOAP webservice, which can only write: REST reads and removes them."""

from collections.abc import Mapping

from app.errors import Retry
from app.vtex.catalog import Record
from app.vtex.catalog.services import ServiceRecords, Services
from app.vtex.soap import Webservice, decimal

#: REST's name → the DTO's.
_TYPE = {
    "Name": "Name",
    "IsActive": "IsActive",
    "ShowOnProductFront": "IsVisibleOnProduct",
    "ShowOnCartFront": "IsVisibleOnCart",
    "ShowOnAttachmentFront": "IsVisibleOnService",
    "ShowOnFileUpload": "IsFile",
    "IsGiftCard": "IsGiftCard",
    "IsRequired": "IsRequired",
}
#: It has no member for the cost; VTEX's guide shows a ListPrice below the price.
_OPTION = {"SkuServiceTypeId": "ServiceId", "Name": "Name", "Value": "Price", "Cost": "ListPrice"}
_ATTACHMENT = {
    "SkuServiceTypeId": "ServiceId",
    "SkuServiceValueId": "ServicePriceId",
    "SkuId": "StockKeepingUnitId",
    "Name": "Name",
    "Text": "Description",
    "IsActive": "IsActive",
}
_DECIMALS = frozenset({"Price", "ListPrice"})


class WebserviceServiceRecords:
    def __init__(
        self, webservice: Webservice, rest: ServiceRecords, noun: str, members: Mapping[str, str]
    ) -> None:
        self._webservice = webservice
        self._rest = rest
        self._operation = f"{noun}InsertUpdate"
        #: The extra value that it answers beside its result.
        self._out = f"{noun[0].lower()}{noun[1:]}Id"
        self._members = members

    async def read(self, vtex_id: int) -> Record | None:
        return await self._rest.read(vtex_id)

    async def create(self, record: Record) -> int:
        return await self._write(record)

    async def update(self, vtex_id: int, record: Record) -> None:
        await self._write(record, Id=vtex_id)

    async def remove(self, vtex_id: int) -> None:
        await self._rest.remove(vtex_id)

    async def _write(self, record: Record, **identity: int) -> int:
        sent = {self._members[name]: value for name, value in record.items()}
        sent |= {name: decimal(sent[name]) for name in _DECIMALS & sent.keys()}
        answer = await self._webservice.call(self._operation, sent | identity) or {}
        written = answer.get(self._out) or (answer.get(f"{self._operation}Result") or {}).get("Id")
        if not written:
            raise Retry(f"VTEX webservice ({self._operation}) answered without an id", unknown_outcome=True)
        return int(written)


def webservice_services(webservice: Webservice, rest: Services) -> Services:
    return Services(
        WebserviceServiceRecords(webservice, rest.types, "Service", _TYPE),
        WebserviceServiceRecords(webservice, rest.options, "ServicePrice", _OPTION),
        WebserviceServiceRecords(webservice, rest.attachments, "StockKeepingUnitService", _ATTACHMENT),
    )
