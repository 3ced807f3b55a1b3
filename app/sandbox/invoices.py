"""Invoices and tracking: how the OMS reads and refuses their bodies.

Only OMS003 is a documented code; the messages of the 400s here are the sandbox's own.
"""

from collections.abc import Mapping
from datetime import datetime

from app.sandbox.orders import PACKING, Order
from app.sandbox.wire import Record, is_integer, oms_error

NULLABLE_TEXTS = (
    *("invoiceKey", "invoiceUrl", "embeddedInvoice"),
    *("trackingNumber", "trackingUrl", "dispatchedDate"),
)
TRACKING_KEYS = ("trackingNumber", "trackingUrl", "courier", "dispatchedDate")


def bad(message: str) -> Exception:
    return oms_error(400, "OMS001", message)


def read_package(order: Order, body: Mapping[str, object]) -> Record:
    """VTEX Orders API, invoice notification: cents as a string, unit prices in cents."""
    if body.get("type") not in {"Output", "Input"}:
        raise bad("type must be Output or Input")
    number, value, issued = body.get("invoiceNumber"), body.get("invoiceValue"), body.get("issuanceDate")
    if not isinstance(number, str) or not number:
        raise bad("invoiceNumber is required")
    if not isinstance(value, str) or not value.isdecimal() or int(value) < 1:
        raise bad("invoiceValue must be a string of cents greater than 0")
    if not isinstance(issued, str) or not _is_date(issued):
        raise bad("issuanceDate must be an ISO date without blanks")
    if not isinstance(body.get("courier", ""), str):
        raise bad("courier must be a string")
    for name in NULLABLE_TEXTS:
        if not isinstance(body.get(name), str | None):
            raise bad(f"{name} must be a string")
    texts = {name: body.get(name) for name in (*NULLABLE_TEXTS, "courier")}
    figures = {"invoiceNumber": number, "invoiceValue": int(value), "issuanceDate": issued}
    return {
        "items": _items(order, body.get("items")),
        **texts,
        **figures,
        "type": body["type"],
        "courierStatus": None,
    } | {
        "restitutions": {},
        "volumes": 0,
    }


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return " " not in text and "T" in text


def _items(order: Order, items: object) -> list[Record]:
    if not isinstance(items, list) or not items:
        raise bad("items are required")
    return [_item(order, item) for item in items]


def _item(order: Order, item: object) -> Record:
    if not isinstance(item, dict):
        raise bad("An item must be an object")
    ids = [str(line.sku_id) for line in order.lines]
    if item.get("id") not in ids:
        raise bad(f"Item {item.get('id')} is not in the order")
    price, quantity = item.get("price"), item.get("quantity")
    if not is_integer(price) or not is_integer(quantity) or quantity < 1:
        raise bad("An item needs price in integer cents and a quantity of 1 or more")
    index = ids.index(item["id"])
    described = {"price": price, "description": item.get("description"), "unitMultiplier": None}
    return {"itemIndex": index, "quantity": quantity, **described}


def check_invoice(order: Order, package: Record) -> None:
    """When an invoice is accepted: Output from handling on, Input once all is invoiced."""
    if package["type"] == "Input":
        if order.status != "invoiced":
            raise bad("A return needs a fully invoiced order")
        return
    partly = bool(order.packages)
    in_handling = order.status == "handling" or order.status in PACKING
    if not in_handling and not (partly and order.status in {"invoice", "payment-approved"}):
        raise bad(f"An order in {order.status} cannot be invoiced")
    if order.invoiced_total + package["invoiceValue"] > order.total:
        raise bad("The invoices exceed the value of the order")


def read_tracking(body: Mapping[str, object]) -> Record:
    """VTEX Orders API, order tracking: all four keys, three of them nullable."""
    for name in TRACKING_KEYS:
        if name not in body:
            raise bad(f"{name} is required")
        if not isinstance(body[name], str | None):
            raise bad(f"{name} must be a string")
    if not body["trackingNumber"]:
        raise bad("trackingNumber must be a string")
    return {name: body[name] for name in TRACKING_KEYS}


def read_events(body: Mapping[str, object]) -> tuple[bool, list[Record]]:
    """VTEX Orders API, tracking status: each event with city, state, description and date."""
    delivered, events = body.get("isDelivered"), body.get("events")
    if not isinstance(delivered, bool):
        raise bad("isDelivered must be a boolean")
    if not isinstance(events, list):
        raise bad("events must be an array")
    for event in events:
        names = ("city", "state", "description", "date")
        if not isinstance(event, dict) or not all(isinstance(event.get(name), str) for name in names):
            raise bad("An event needs city, state, description and date")
    return delivered, events


def tracks(invoice_number: str) -> bool:
    """VTEX known issue: an invoice number that is not alphanumeric can never be tracked."""
    return invoice_number.isalnum()
