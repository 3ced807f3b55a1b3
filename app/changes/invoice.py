"""invoice: the fact that (a part of) an order was invoiced, with its tracking number if it is known."""

from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, HttpUrl, StringConstraints

from app.changes import invoice_ledger, order_change
from app.changes.access_key import checked
from app.changes.fulfilment import Fulfilment, fulfilment
from app.changes.kind import Change, Kind, Moment, Shop, Text
from app.changes.ordered import (
    InvoiceNumber,
    Money,
    OrderedItem,
    OrderId,
    Package,
    cents,
    invoiced_cents,
    money,
    package_of,
    packages,
    read_order,
)
from app.errors import Refused, Retry, Taken, Waiting
from app.orders.status import BEFORE_HANDLING, CANCELED, CANCELING, REPLACED
from app.vtex import guarded_xml

#: Tax authorities take less: an NF-e may have 500 KB.
_LONGEST_XML = 2**20


def _harmless(xml: str) -> str:
    """Others will read it: a DTD in it would be ours to answer for."""
    guarded_xml.check(xml.encode(), longest=_LONGEST_XML, encoding="utf-8")
    return xml


class InvoiceItem(OrderedItem):
    """One invoiced SKU, by the ERP's code or by VTEX's id."""

    price: Money = Field(description="Of one unit.")


class InvoiceChange(Change):
    """An invoice that the ERP has issued.

    VTEX cannot correct one: its number with another value or type fails; the same again changes nothing.
    """

    order: OrderId
    number: InvoiceNumber
    type: Literal["output", "input"] = Field(default="output", description="input is a return.")
    issued_at: Moment = Field(description="With its zone.")
    value: Annotated[Money, Field(gt=0)] = Field(
        description="The invoice's total, shipping included. VTEX calls the order invoiced when its invoices"
        " add up to the order's total."
    )
    items: Annotated[list[InvoiceItem], Field(min_length=1, max_length=1000)]
    access_key: Annotated[Text, AfterValidator(checked)] | None = Field(
        default=None, description="Such as the NF-e's 44 digits, of which the last is checked."
    )
    url: HttpUrl | None = None
    xml: Annotated[Text, StringConstraints(min_length=1), AfterValidator(_harmless)] | None = Field(
        default=None,
        description="The invoice itself as XML without a DTD, at most 1 MiB; some marketplaces want it.",
    )
    courier: Text = ""
    tracking_number: Text | None = None
    tracking_url: HttpUrl | None = None
    dispatched_at: Moment | None = Field(default=None, description="With its zone.")


async def deliver(change: InvoiceChange, shop: Shop) -> str | None:
    """Read the order first: it says whether the invoice is already there, and which SKU ids it has."""
    place = await fulfilment(shop, change.order, await read_order(shop, change.order))
    order = place.order
    is_there = _already_there(change, place)
    if not is_there:
        _may_be_invoiced(change, order)
        await order_change.none_open(shop, change.order)
        body = _body(change, place)
        invoice_ledger.must_fit(
            order,
            change.number,
            is_return=change.type == "input",
            value=cents(change.value),
            quantities=_quantities(change, place),
        )
        await place.orders.invoice(place.order_id, body)
    missing = _missing_value(change, order, is_there=is_there)
    if missing is None and change.type == "output" and shop.open_orders is not None:
        # What was sold has left the warehouse: the ERP's totals are without it.
        await shop.open_orders.close(change.order)
    return missing or (_missing_tracking(change, order) if is_there else None)


def _missing_tracking(change: InvoiceChange, order: dict[str, Any]) -> str | None:
    """A repeat changes nothing in VTEX: what only it names is not there."""
    there = package_of(order, change.number) or {}
    if change.tracking_number is None or there.get("trackingNumber"):
        return None
    return (
        f"invoice {change.number} was in VTEX before, without the tracking number that this one has; send"
        " that as a tracking"
    )


def _missing_value(change: InvoiceChange, order: dict[str, Any], *, is_there: bool) -> str | None:
    """VTEX calls an order invoiced when its output invoices reach its value, and says nothing before."""
    total = invoice_ledger.total_cents(order)
    if change.type == "input" or total is None:
        return None
    invoiced = invoiced_cents(order) + (0 if is_there else cents(change.value))
    if invoiced >= total:
        return None
    return (
        f"the order's invoices add up to {money(invoiced)} of {money(total)}:"
        " VTEX calls it invoiced when they reach the whole, shipping included"
    )


def _may_be_invoiced(change: InvoiceChange, order: dict[str, Any]) -> None:
    status = order.get("status")
    where = f"order {change.order} is {status or 'without a status'} in VTEX"
    on = ("order", change.order)
    if status in CANCELED or status == REPLACED:
        raise Refused(f"{where}; it cannot be invoiced")
    if status in CANCELING:
        raise Waiting(f"{where}; it is invoiced if it is not canceled", on=on)
    # A part of it invoiced, the order may fall back to payment-approved until the rest is.
    if status in BEFORE_HANDLING or (status == "payment-approved" and not packages(order)):
        raise Waiting(f"{where}; it is invoiced as soon as it is in handling", on=on)
    if change.type == "input" and status != "invoiced":
        raise Waiting(f"{where}; a return is accepted once it is invoiced, earlier it refunds nothing", on=on)
    if status == "start-handling" or (status == "invoice" and not packages(order)):
        raise Retry(f"{where}: VTEX changes nothing in this moment")
    if status is None:
        raise Retry(f"order {change.order} has no status in VTEX at the moment")


def _already_there(change: InvoiceChange, place: Fulfilment) -> bool:
    same = [package for package in packages(place.order) if package.get("invoiceNumber") == change.number]
    for package in same:
        if package.get("type") not in {None, change.type.capitalize()}:
            raise Taken(
                f"invoice {change.number} is already in VTEX as {package['type']}, this one is"
                f" {change.type}; VTEX would drop it without a word, use another number"
            )
        there = package.get("invoiceValue")
        if there is not None and int(there) != cents(change.value):
            raise Taken(
                f"invoice {change.number} is already in VTEX with a value of {money(int(there))},"
                f" this one says {change.value:.2f}; VTEX cannot correct an invoice, use another number"
            )
        if (key := package.get("invoiceKey")) and change.access_key and key != change.access_key:
            raise Taken(
                f"invoice {change.number} is already in VTEX with another access key; VTEX cannot correct an"
                " invoice, use another number"
            )
        _has_same_content(change, place, package)
    return bool(same)


def _has_same_content(change: InvoiceChange, place: Fulfilment, package: Package) -> None:
    there = invoice_ledger.of_package(place.order, package)
    if not there or not invoice_ledger.is_told_by_sku(place.order):
        return
    told = _quantities(change, place)
    if told != there:
        raise Taken(
            f"invoice {change.number} is already in VTEX with other items ({_counted(there)}, by VTEX's"
            f" SKU ids; this one says {_counted(told)}); VTEX cannot correct an invoice, use another number"
        )


def _counted(quantities: invoice_ledger.Quantities) -> str:
    return ", ".join(f"{quantity} of {sku}" for sku, quantity in sorted(quantities.items()))


def _body(change: InvoiceChange, place: Fulfilment) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": change.type.capitalize(),
        "issuanceDate": change.issued_at.isoformat(),
        "invoiceNumber": change.number,
        # A string of cents, as VTEX's schema has it.
        "invoiceValue": str(cents(change.value)),
        "courier": change.courier,
        "items": [
            {"id": _sku_id(item, place), "quantity": item.quantity, "price": cents(item.price)}
            for item in change.items
        ],
    }
    optional = {
        "invoiceKey": change.access_key,
        "invoiceUrl": change.url,
        "embeddedInvoice": change.xml,
        "trackingNumber": change.tracking_number,
        "trackingUrl": change.tracking_url,
        "dispatchedDate": change.dispatched_at and change.dispatched_at.isoformat(),
    }
    return body | {name: str(value) for name, value in optional.items() if value is not None}


def _quantities(change: InvoiceChange, place: Fulfilment) -> invoice_ledger.Quantities:
    found: invoice_ledger.Quantities = Counter()
    for item in change.items:
        found[_sku_id(item, place)] += item.quantity
    return found


def _sku_id(item: InvoiceItem, place: Fulfilment) -> str:
    sku = place.sku_id(item.sku, item.vtex_sku_id)
    if sku is None:
        names = sorted(place.by_code) or sorted(place.by_id)
        raise Refused(
            f"order {place.order.get('orderId')} has no item {item.sku or item.vtex_sku_id}; it has"
            f" {', '.join(names) or 'none'}"
        )
    return sku


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {
    "order": "1172452900788-01",
    "number": "24382",
    "issued_at": "2026-11-23T10:00:00-03:00",
    "value": "230.00",
    "items": [{"sku": "00123456", "quantity": 2, "price": "110.00"}],
    "courier": "Correios",
    "tracking_number": "BR123456789BR",
    "tracking_url": "https://rastreamento.correios.com.br/",
}

KIND = Kind(
    name="invoice",
    example=EXAMPLE,
    change=InvoiceChange,
    key=lambda change: f"{change.order}/{change.number}",
    target=lambda change: f"order:{change.order}",
    priority=0,
    api="orders",
    deliver=deliver,
    fold=None,
    kept=frozenset({"order", "number", "type", "issued_at", "value", "items"}),
)
