"""Complements, kits, services and similar categories of the webservice.

What their updates do is not documented: here complements and kits add, and one that is
there already becomes a second one; a service with an Id that VTEX knows is updated, as a SKU is.
"""

from collections.abc import Callable, Mapping

from starlette.requests import Request

from app.sandbox.catalog.complements import add_complement
from app.sandbox.catalog.kits import add_part
from app.sandbox.catalog.services import keep_service
from app.sandbox.catalog.similar_categories import set_similar_category
from app.sandbox.journal import note
from app.sandbox.state import store_of
from app.sandbox.wire import Record, RefusedError

#: VTEX's contract numbers the names.
TYPES = {"Accessory": 1, "Sugestion": 2, "Similarly": 3, "Generic": 4, "ShowTogether": 5}


def complement_insert_update(request: Request, body: Record) -> Record | None:
    sent = _sent(body, "objStockKeepingUnitComplementDTO")
    kind = TYPES.get(sent.get("ComplementType") or "")
    for sku in (sent.get("StockKeepingUnitComplements") or {}).get("int", []):
        wanted = {"ParentSkuId": sent.get("StockKeepingUnitId"), "SkuId": sku, "ComplementTypeId": kind}
        add_complement(store_of(request), wanted)
    note(request, "complement.added", parentskuid=sent.get("StockKeepingUnitId"), complementtypeid=kind)
    return None


def kit_insert_update(request: Request, body: Record) -> Record | None:
    sent = _sent(body, "stockKeepingUnitKit")
    part = add_part(store_of(request), sent | {"Quantity": sent.get("Amount")})
    note(request, "kit.part-added", id=part["Id"], kit=part["StockKeepingUnitParent"])
    return part | {"Amount": part["Quantity"]}


def product_set_similar_category(request: Request, body: Record) -> Record | None:
    """It adds: there is no operation that removes one."""
    product, category = body.get("productId") or 0, body.get("categoryId") or 0
    if product not in store_of(request).products:
        raise RefusedError(500, f"Product {product} does not exist")
    set_similar_category(request, product, category)
    return None


#: The parameter of the operation, its route in REST, and the DTO's name → REST's.
_SERVICE = {
    "Name": "Name",
    "IsActive": "IsActive",
    "IsVisibleOnProduct": "ShowOnProductFront",
    "IsVisibleOnCart": "ShowOnCartFront",
    "IsVisibleOnService": "ShowOnAttachmentFront",
    "IsFile": "ShowOnFileUpload",
    "IsGiftCard": "IsGiftCard",
    "IsRequired": "IsRequired",
}
_OPTION = {"ServiceId": "SkuServiceTypeId", "Name": "Name", "Price": "Value", "ListPrice": "Cost"}
_ATTACHMENT = {
    "ServiceId": "SkuServiceTypeId",
    "ServicePriceId": "SkuServiceValueId",
    "StockKeepingUnitId": "SkuId",
    "Name": "Name",
    "Description": "Text",
    "IsActive": "IsActive",
}


def _service_write(
    parameter: str, noun: str, names: Mapping[str, str]
) -> Callable[[Request, Record], Record | None]:
    def write(request: Request, body: Record) -> Record | None:
        sent, store = _sent(body, parameter), store_of(request)
        number = sent.get("Id") if sent.get("Id") in store.services[noun] else None
        record = keep_service(store, noun, number, {rest: sent.get(dto) for dto, rest in names.items()})
        note(request, f"{noun}.{'updated' if number else 'created'}", id=record["Id"])
        return {"Id": record["Id"]} | {dto: record[rest] for dto, rest in names.items()}

    return write


def _sent(body: Record, parameter: str) -> Record:
    sent: Record | None = body.get(parameter)
    if not sent:
        raise RefusedError(500, f"{parameter} is required")
    return sent


PART_OPERATIONS: dict[str, Callable[[Request, Record], Record | None]] = {
    "StockKeepingUnitComplementInsertUpdate": complement_insert_update,
    "ProductSetSimilarCategory": product_set_similar_category,
    "StockKeepingUnitKitInsertUpdate": kit_insert_update,
    "ServiceInsertUpdate": _service_write("service", "skuservicetype", _SERVICE),
    "ServicePriceInsertUpdate": _service_write("servicePrice", "skuservicevalue", _OPTION),
    "StockKeepingUnitServiceInsertUpdate": _service_write(
        "stockKeepingUnitService", "skuservice", _ATTACHMENT
    ),
}
