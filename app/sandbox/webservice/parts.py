"""Complements and kits of the webservice.

What their updates do is not documented: here both add, and one that is there already becomes a second one.
"""

from collections.abc import Callable

from starlette.requests import Request

from app.sandbox.catalog.complements import add_complement
from app.sandbox.catalog.kits import add_part
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


def _sent(body: Record, parameter: str) -> Record:
    sent: Record | None = body.get(parameter)
    if not sent:
        raise RefusedError(500, f"{parameter} is required")
    return sent


PART_OPERATIONS: dict[str, Callable[[Request, Record], Record | None]] = {
    "StockKeepingUnitComplementInsertUpdate": complement_insert_update,
    "StockKeepingUnitKitInsertUpdate": kit_insert_update,
}
