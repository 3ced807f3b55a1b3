"""tracking: the fact that an invoice's parcel has a tracking number."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, HttpUrl, StringConstraints

from app.changes.kind import Change, Kind, Moment, Shop, Text
from app.changes.ordered import InvoiceNumber, OrderId, Package, moment_of, read_package


class TrackingChange(Change):
    """The parcel of an invoice is on its way.

    What is not mentioned stays as VTEX has it, such as the courier that the invoice named.
    """

    order: OrderId
    invoice: InvoiceNumber
    number: Annotated[Text, StringConstraints(min_length=1, max_length=255)] = Field(
        description="The carrier's tracking number.", examples=["BR123456789BR"]
    )
    url: HttpUrl | None = None
    courier: Text | None = None
    dispatched_at: Moment | None = Field(default=None, description="With its zone.")


async def deliver(change: TrackingChange, shop: Shop) -> None:
    place, package = await read_package(shop, change.order, change.invoice)
    tracking = _overlay(change, package)
    if tracking != {name: package.get(name) for name in tracking}:
        await place.orders.track(place.order_id, change.invoice, tracking)


def _overlay(change: TrackingChange, package: Package) -> dict[str, Any]:
    """All four keys, as VTEX wants them."""
    present = package.get("dispatchedDate")
    told = {
        "trackingNumber": change.number,
        "trackingUrl": None if change.url is None else str(change.url),
        "courier": change.courier,
        "dispatchedDate": _date(change.dispatched_at, present),
    }
    names = {"url": "trackingUrl", "courier": "courier", "dispatched_at": "dispatchedDate"}
    kept = [vtex for ours, vtex in names.items() if ours not in change.model_fields_set]
    return told | {name: package.get(name) for name in kept}


def _date(told: datetime | None, present: str | None) -> str | None:
    """The same moment, written by VTEX in its own way, is no change."""
    if told is None:
        return None
    return present if moment_of(present) == told else told.isoformat()


EXAMPLE: dict[str, Any] = {
    "order": "1172452900788-01",
    "invoice": "24382",
    "number": "BR123456789BR",
    "url": "https://rastreamento.correios.com.br/",
    "courier": "Correios",
    "dispatched_at": "2026-11-23T16:30:00-03:00",
}

KIND: Kind[TrackingChange] = Kind(
    name="tracking",
    example=EXAMPLE,
    change=TrackingChange,
    key=lambda change: f"{change.order}/{change.invoice}",
    target=lambda change: f"order:{change.order}",
    priority=0,
    api="orders",
    deliver=deliver,
    fold=None,
    kept=frozenset({"order", "invoice"}),
)
