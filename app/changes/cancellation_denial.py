"""cancellation-denial: the fact that the seller does not let a requested cancellation happen."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.changes.kind import Change, Kind, Shop, Text
from app.changes.ordered import Order, OrderId, read_order
from app.errors import Refused, Retry
from app.orders.status import CANCELED, open_request

_REQUESTED = "cancellation-requested"


class CancellationDenialChange(Change):
    """An order's cancellation was requested, and the ERP goes on with the order.

    VTEX takes it only while the order is cancellation-requested; it then goes on where it was.
    """

    order: OrderId
    reason: Annotated[Text, StringConstraints(min_length=1, max_length=1000)] = Field(
        description="Shown to the marketplace.", examples=["Already shipped"]
    )


async def deliver(change: CancellationDenialChange, shop: Shop) -> None:
    """Where the newest request was denied with this reason, it was ours: an earlier answer was lost."""
    order = await read_order(shop, change.order)
    status, requests = order.get("status"), _requests(order)
    if status != _REQUESTED:
        if requests and requests[-1].get("deniedBySellerReason") == change.reason:
            return
        raise _cannot_be_denied(change.order, status)
    await shop.vtex.orders.deny_cancellation(change.order, _request_id(change.order, order), change.reason)


def _requests(order: Order) -> list[dict[str, Any]]:
    return [request for request in order.get("cancellationRequests") or [] if request]


def _cannot_be_denied(order_id: str, status: str | None) -> Refused | Retry:
    if status in {None, "request-cancel"}:
        return Retry(f"order {order_id} is {status or 'without a status'} in VTEX at the moment")
    where = f"order {order_id} is {status} in VTEX"
    if status in CANCELED:
        return Refused(f"{where}: its cancellation can no longer be denied")
    if status == "waiting-for-seller-decision":
        return Refused(f"{where}: here its seller decides; deny it through the seller's account")
    return Refused(f"{where}: there is no cancellation to deny, which VTEX takes in {_REQUESTED} only")


def _request_id(order_id: str, order: Order) -> str:
    found = open_request(order)
    if not found:
        raise Retry(f"order {order_id} is {_REQUESTED} in VTEX, which does not show the request's id yet")
    return found


EXAMPLE: dict[str, Any] = {"order": "1172452900788-01", "reason": "Already shipped"}

KIND: Kind[CancellationDenialChange] = Kind(
    name="cancellation-denial",
    example=EXAMPLE,
    change=CancellationDenialChange,
    key=lambda change: change.order,
    target=lambda change: f"order:{change.order}",
    priority=0,
    api="orders",
    deliver=deliver,
    fold=None,
)
