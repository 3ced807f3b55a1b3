"""VTEX's order as the ERP gets it: our own versioned JSON, money in decimal currency."""

from decimal import Decimal
from typing import Any

VERSION = 1
Document = dict[str, Any]


def order_document(order: Document) -> Document:
    """Shape: `version`, `order` (ids, status, money, customer, items, shipping, payments)."""
    return {
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
            "currency": (order.get("storePreferencesData") or {}).get("currencyCode"),
            "total": _money(order.get("value")),
            "totals": {each["id"]: _money(each.get("value")) for each in order.get("totals") or []},
            "customer": _customer(order.get("clientProfileData") or {}),
            "items": [_item(item) for item in order.get("items") or []],
            "shipping": _shipping(order.get("shippingData") or {}),
            "payments": _payments(order.get("paymentData") or {}),
        },
    }


def _money(cents: Any) -> str | None:
    return None if cents is None else f"{Decimal(str(cents)) / 100:.2f}"


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
        "vtex_sku_id": int(item["id"]),
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
    address = shipping.get("address") or {}
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
        "deliveries": [_delivery(each) for each in shipping.get("logisticsInfo") or []],
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
            for each in info.get("deliveryIds") or []
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
        for transaction in data.get("transactions") or []
        for payment in transaction.get("payments") or []
    ]
