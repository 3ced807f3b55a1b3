"""tracking-event: the fact that something happened to a parcel on its way, its delivery above all."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from app.changes.kind import Change, Kind, Moment, Shop, Text
from app.changes.ordered import InvoiceNumber, OrderId, Package, moment_of, read_package
from app.errors import Waiting


class TrackingEventChange(Change):
    """One stage of a parcel's way. VTEX adds it to the others; it cannot be taken back."""

    order: OrderId
    invoice: InvoiceNumber
    description: Annotated[Text, StringConstraints(min_length=1, max_length=500)] = Field(
        examples=["Out for delivery"]
    )
    occurred_at: Moment = Field(description="When it happened, with its zone.")
    city: Annotated[Text, StringConstraints(max_length=100)] = ""
    state: Annotated[Text, StringConstraints(max_length=100)] = Field(default="", examples=["RJ"])
    delivered: bool = Field(default=False, description="The parcel has reached its recipient.")
    delivered_at: Moment | None = Field(
        default=None, description="With `delivered`, where it is another moment than `occurred_at`."
    )

    @model_validator(mode="after")
    def _delivered_when_said(self) -> Self:
        if self.delivered_at is not None and not self.delivered:
            raise ValueError("delivered_at needs delivered: true; send it with that, or leave it out")
        return self


async def deliver(change: TrackingEventChange, shop: Shop) -> None:
    """Read first: whether VTEX drops an event that it has already is not documented."""
    place, package = await read_package(shop, change.order, change.invoice)
    if not package.get("trackingNumber"):
        raise Waiting(
            f"invoice {change.invoice} of order {change.order} has no tracking number in VTEX yet;"
            " it is sent as soon as the tracking is",
            on=("tracking", f"{change.order}/{change.invoice}"),
        )
    status = package.get("courierStatus") or {}
    is_there = any(_is_same(change, event) for event in status.get("data") or [])
    was_delivered = status.get("finished") is True
    if is_there and (was_delivered or not change.delivered):
        return
    body = {
        # An event that arrives late does not take back the delivery.
        "isDelivered": change.delivered or was_delivered,
        "deliveredDate": _delivered_date(change, status),
        "events": [] if is_there else [_event(change)],
    }
    await place.orders.add_tracking_events(place.order_id, change.invoice, body)


def _event(change: TrackingEventChange) -> dict[str, str]:
    return {
        "city": change.city,
        "state": change.state,
        "description": change.description,
        "date": change.occurred_at.isoformat(),
    }


def _is_same(change: TrackingEventChange, event: dict[str, Any]) -> bool:
    """VTEX says which moment it shows of an event only by the names: either may be the event's own."""
    told = [change.description, change.city, change.state]
    if [event.get(name) or "" for name in ("description", "city", "state")] != told:
        return False
    occurred = change.occurred_at.replace(microsecond=0)
    shown = (moment_of(event.get(name)) for name in ("lastChange", "createDate"))
    return any(moment and moment.replace(microsecond=0) == occurred for moment in shown)


def _delivered_date(change: TrackingEventChange, status: Package) -> str | None:
    if change.delivered:
        return _minute(change.delivered_at or change.occurred_at)
    present = moment_of(status.get("deliveredDate")) if status.get("finished") is True else None
    return _minute(present) if present else None


def _minute(moment: datetime) -> str:
    """VTEX's format has no zone: UTC, as with its other dates that have none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _key(change: TrackingEventChange) -> str:
    """The description by its hash: it may be long, or name a person."""
    said = hashlib.sha256(change.description.encode()).hexdigest()[:12]
    when = change.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return f"{change.order}/{change.invoice}/{when}/{said}"


EXAMPLE: dict[str, Any] = {
    "order": "1172452900788-01",
    "invoice": "24382",
    "description": "Entregue ao destinatário",
    "occurred_at": "2026-11-25T11:12:00-03:00",
    "city": "Rio de Janeiro",
    "state": "RJ",
    "delivered": True,
}

KIND: Kind[TrackingEventChange] = Kind(
    name="tracking-event",
    example=EXAMPLE,
    change=TrackingEventChange,
    key=_key,
    target=lambda change: f"order:{change.order}",
    priority=0,
    api="orders",
    deliver=deliver,
    fold=None,
    kept=frozenset({"order", "invoice", "occurred_at", "delivered"}),
)
