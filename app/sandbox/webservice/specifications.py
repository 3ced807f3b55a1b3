"""Specifications of the webservice: values by the field's name; neither answers anything.

That an insert replaces the field's values is an assumption; VTEX does not document it.
"""

from collections.abc import Callable

from starlette.requests import Request

from app.sandbox.catalog.products import category_path
from app.sandbox.journal import note
from app.sandbox.state import store_of
from app.sandbox.wire import Record, RefusedError


def product_insert(request: Request, body: Record) -> None:
    store, number = store_of(request), body.get("idProduct") or 0
    if number not in store.products:
        raise RefusedError(500, f"The product {number} was not found")
    _write(request, ("product", number), store.products[number]["CategoryId"], body)


def sku_insert(request: Request, body: Record) -> None:
    store, number = store_of(request), body.get("idSku") or 0
    if number not in store.skus:
        raise RefusedError(500, f"The SKU {number} was not found")
    _write(request, ("sku", number), store.products[store.skus[number]["ProductId"]]["CategoryId"], body)


def _write(request: Request, owner: tuple[str, int], category: int, body: Record) -> None:
    store = store_of(request)
    values = [each for each in (body.get("fieldValues") or {}).get("string") or [] if each]
    if not values:
        # VTEX known issue: a text cannot be emptied so.
        raise RefusedError(500, "fieldValues is required")
    specifications, is_sku = store.specifications, owner[0] == "sku"
    field = specifications.named(body.get("fieldName") or "", category_path(store, category), of_skus=is_sku)
    specifications.replace(owner, field, values)
    note(request, "specification.written", **{f"{owner[0]}_id": owner[1], "fields": [field]})


SPECIFICATION_OPERATIONS: dict[str, Callable[[Request, Record], None]] = {
    "ProductEspecificationInsert": product_insert,
    "StockKeepingUnitEspecificationInsert": sku_insert,
}
