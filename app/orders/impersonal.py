"""An order without its customer: ids and amounts, which are kept when all else is pruned or erased."""

from typing import Any

from app.orders.lenient import Record, record, records

_OF_DOCUMENT = (
    "id sequence marketplace_order_id seller_order_id order_group status created_at changed_at authorized_at"
    " invoiced_at origin affiliate_id account sales_channel currency total totals"
).split()
_OF_ITEM = (
    "sku vtex_sku_id vtex_product_id seller_sku unique_id quantity price list_price selling_price total tax"
    " seller"
).split()
_OF_VTEX = (
    "orderId sequence marketplaceOrderId sellerOrderId orderGroup status creationDate lastChange"
    " authorizedDate invoicedDate origin affiliateId hostname salesChannel value totals"
).split()
_OF_VTEX_ITEM = (
    "id refId productId sellerSku uniqueId quantity price listPrice sellingPrice priceDefinition tax seller"
).split()


def ids_and_amounts(document: dict[str, Any]) -> dict[str, Any]:
    """Of what the ERP is told (document.py)."""
    order: Record = document["order"]
    items = [_only(item, _OF_ITEM) for item in order.get("items") or []]
    return _only(document, ["version", "type"]) | {"order": _only(order, _OF_DOCUMENT) | {"items": items}}


def impersonal(order: Record) -> Record:
    """Of VTEX's order: what of an erased one may still be told."""
    currency = {"currencyCode": record(order, "storePreferencesData").get("currencyCode")}
    items = [_only(item, _OF_VTEX_ITEM) for item in records(order, "items")]
    return _only(order, _OF_VTEX) | {"storePreferencesData": currency, "items": items}


def _only(values: Record, names: list[str]) -> Record:
    return {name: values[name] for name in names if name in values}
