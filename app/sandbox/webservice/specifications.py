"""Specifications of products and SKUs in the webservice: it writes values, by the field's name or its id.

That a write replaces what the product or SKU held of the field, and that a choice's value has to exist, are
assumptions; VTEX documents neither. A text cannot be emptied (VTEX known issue).
"""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from app.sandbox.catalog.specifications import (
    applicable,
    applicable_field,
    check_values,
    specify_product,
    specify_sku,
    value_named,
)
from app.sandbox.journal import note
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Record, RefusedError

#: FieldTypeId of what is no choice.
_TEXTS = (1, 2, 4, 8, 9)


def product_insert(request: Request, body: Record) -> None:
    store, product = _product(request, body.get("idProduct"))
    field = _by_name(store, product, body.get("fieldName"), of_skus=False)
    _specify_product(request, product, field, _strings(body))


def product_insert_by_field_id(request: Request, body: Record) -> None:
    store, product = _product(request, body.get("idProduct"))
    field = applicable_field(store, product, body.get("fieldId"), of_skus=False)
    _specify_product(request, product, field, _strings(body))


def product_insert_by_list(request: Request, body: Record) -> None:
    listed = (body.get("listStockKeepingUnitEspecificationFieldId") or {}).get("ProductFieldIdDTO") or []
    for each in listed:
        store, product = _product(request, each.get("productid"))
        field = applicable_field(store, product, each.get("fieldId"), of_skus=False)
        _specify_product(request, product, field, _strings(each))


def product_text_insert(request: Request, body: Record) -> None:
    store, product = _product(request, body.get("idProduct"))
    field = applicable_field(store, product, body.get("fieldId"), of_skus=False)
    if field["FieldTypeId"] not in _TEXTS:
        raise RefusedError(400, f"Field {field['Name']} is no text")
    _specify_product(request, product, field, [body["Description"]] if body.get("Description") else [])


def sku_insert(request: Request, body: Record) -> None:
    store, sku = _sku(request, body)
    field = _by_name(store, store.skus[sku]["ProductId"], body.get("fieldName"), of_skus=True)
    _specify_sku(request, sku, field, _strings(body))


def sku_insert_by_field_id(request: Request, body: Record) -> None:
    store, sku = _sku(request, body)
    product = store.skus[sku]["ProductId"]
    field = applicable_field(store, product, body.get("fieldId"), of_skus=True)
    _specify_sku(request, sku, field, _strings(body))


def _specify_product(request: Request, product: int, field: Record, values: list[str]) -> None:
    check_values(field, values)
    specify_product(store_of(request), product, field, values)
    note(request, "product.specified", id=product, fields=[field["Name"]])


def _specify_sku(request: Request, sku: int, field: Record, values: list[str]) -> None:
    store = store_of(request)
    check_values(field, values)
    value = value_named(store, field, values[0])["FieldValueId"]
    held = store.sku_specifications[sku].values()
    number = next((each["Id"] for each in held if each["FieldId"] == field["Id"]), None)
    specify_sku(store, sku, field, value, number)
    note(request, "sku.specified", id=sku, fields=[field["Name"]])


def _by_name(store: Store, product: int, name: Any, *, of_skus: bool) -> Record:
    """The first of the name."""
    for field in applicable(store, product, of_skus=of_skus):
        if field["Name"] == name:
            return field
    raise RefusedError(400, f"Field {name} does not exist in the category")


def _product(request: Request, number: Any) -> tuple[Store, int]:
    store = store_of(request)
    if number not in store.products:
        raise RefusedError(400, f"Product {number} does not exist")
    return store, int(number)


def _sku(request: Request, body: Record) -> tuple[Store, int]:
    store, number = store_of(request), body.get("idSku")
    if number not in store.skus:
        raise RefusedError(400, f"SKU {number} does not exist")
    return store, int(number or 0)


def _strings(body: Record) -> list[str]:
    return [each for each in (body.get("fieldValues") or {}).get("string") or [] if each]


SPECIFICATION_OPERATIONS: dict[str, Callable[[Request, Record], Record | None]] = {
    "ProductEspecificationInsert": product_insert,
    "ProductEspecificationInsertByFieldId": product_insert_by_field_id,
    "ProductEspecificationInsertByListFieldIds": product_insert_by_list,
    "ProductEspecificationTextInsertByFieldId": product_text_insert,
    "StockKeepingUnitEspecificationInsert": sku_insert,
    "StockKeepingUnitEspecificationInsertByFieldId": sku_insert_by_field_id,
}
