"""VTEX's order as the ERP gets it: our own versioned JSON, money in decimal currency.

Nothing that VTEX leaves out, or sends as null, may keep an order from its ERP.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

VERSION = 1
Document = dict[str, Any]


def order_document(order: Document) -> Document:
    """Shape: `version`, `order` (ids, status, money, customer, items, shipping, payments)."""
    document: Document = _plain(
        {
            "version": VERSION,
            "type": f"order.{order['status']}",
            "order": {
                "id": order["orderId"],
                "sequence": order.get("sequence"),
                "marketplace_order_id": order.get("marketplaceOrderId"),
                "seller_order_id": order.get("sellerOrderId"),
                "order_group": order.get("orderGroup"),
                "status": order["status"],
                "created_at": order.get("creationDate"),
                "sales_channel": order.get("salesChannel"),
                "currency": _record(order, "storePreferencesData").get("currencyCode"),
                "total": _money(order.get("value")),
                "totals": {
                    str(each["id"]): _money(each.get("value"))
                    for each in _records(order, "totals")
                    if each.get("id")
                },
                "customer": _customer(_record(order, "clientProfileData")),
                "items": [_item(item) for item in _records(order, "items")],
                "shipping": _shipping(_record(order, "shippingData")),
                "payments": _payments(_record(order, "paymentData")),
            },
        }
    )
    return document


def _record(parent: Document, name: str) -> Document:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _records(parent: Document, name: str) -> list[Document]:
    value = parent.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _plain(value: Any) -> Any:
    """Whole numbers as integers, other decimals as text: never a float. PostgreSQL stores no NUL."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else format(value, "f")
    return value


def _money(cents: Any) -> str | None:
    try:
        return None if cents is None else f"{Decimal(str(cents)) / 100:.2f}"
    except InvalidOperation:
        return None


def _whole(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() else None


def _customer(profile: Document) -> Document:
    return {
        "first_name": profile.get("firstName"),
        "last_name": profile.get("lastName"),
        "document_type": profile.get("documentType"),
        "document": profile.get("document"),
        "phone": profile.get("phone"),
        "email": profile.get("email"),
        "is_corporate": profile.get("isCorporate"),
        "corporate_name": profile.get("corporateName"),
        "corporate_document": profile.get("corporateDocument"),
        "state_inscription": profile.get("stateInscription"),
    }


def _item(item: Document) -> Document:
    return {
        "sku": item.get("refId"),
        "vtex_sku_id": _whole(item.get("id")),
        "unique_id": item.get("uniqueId"),
        "name": item.get("name"),
        "ean": item.get("ean"),
        "quantity": item.get("quantity"),
        "price": _money(item.get("price")),
        "list_price": _money(item.get("listPrice")),
        "selling_price": _money(item.get("sellingPrice")),
        "seller": item.get("seller"),
    }


def _shipping(shipping: Document) -> Document:
    address = _record(shipping, "address")
    return {
        "address": {
            "receiver": address.get("receiverName"),
            "postal_code": address.get("postalCode"),
            "country": address.get("country"),
            "state": address.get("state"),
            "city": address.get("city"),
            "neighborhood": address.get("neighborhood"),
            "street": address.get("street"),
            "number": address.get("number"),
            "complement": address.get("complement"),
            "reference": address.get("reference"),
        },
        "deliveries": [_delivery(each) for each in _records(shipping, "logisticsInfo")],
    }


def _delivery(info: Document) -> Document:
    return {
        "item_index": info.get("itemIndex"),
        "sla": info.get("selectedSla"),
        "courier": info.get("deliveryCompany"),
        "price": _money(info.get("price")),
        "estimate": info.get("shippingEstimate"),
        "estimated_at": info.get("shippingEstimateDate"),
        "warehouses": [
            {"id": each.get("warehouseId"), "quantity": each.get("quantity")}
            for each in _records(info, "deliveryIds")
        ],
    }


def _payments(data: Document) -> list[Document]:
    return [
        {
            "id": payment.get("id"),
            "transaction_id": transaction.get("transactionId"),
            "method": payment.get("paymentSystemName"),
            "group": payment.get("group"),
            "installments": payment.get("installments"),
            "value": _money(payment.get("value")),
        }
        for transaction in _records(data, "transactions")
        for payment in _records(transaction, "payments")
    ]
