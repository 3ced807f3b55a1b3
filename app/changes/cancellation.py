"""cancellation: the fact that the ERP cannot or will not fulfil an order."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.changes.kind import Change, Kind, Shop, Text
from app.changes.ordered import Order, OrderId, invoiced_cents, is_output, money, packages, read_order
from app.errors import Refused, Retry, Waiting
from app.orders.status import CANCELED, REPLACED

#: VTEX changes nothing in its transient statuses; an incomplete order has none.
_TRANSIENT = frozenset({None, "start-handling", "invoice", "request-cancel"})
#: That the seller decides on.
_ANOTHER_DECIDES = "waiting-for-seller-decision"


class CancellationChange(Change):
    """The order is to be canceled. VTEX does so some moments later, and never takes it back."""

    order: OrderId
    reason: Annotated[Text, StringConstraints(min_length=1, max_length=1000)] = Field(
        description="Shown in VTEX.", examples=["Out of stock"]
    )


async def deliver(change: CancellationChange, shop: Shop) -> None:
    """Done when VTEX shows the order as canceled: that it took the request is not enough.

    In handling the first request may only lead to cancellation-requested, and the second to canceled.
    """
    order = await read_order(shop, change.order)
    status = order.get("status")
    if status in CANCELED:
        return
    _may_be_canceled(change.order, order)
    await shop.vtex.orders.cancel(change.order, change.reason)
    status = (await read_order(shop, change.order)).get("status")
    if status not in CANCELED:
        raise Waiting(
            f"VTEX was asked to cancel order {change.order}, which is still {status};"
            " it is done when VTEX shows it as canceled",
            on=("order", change.order),
        )


def _may_be_canceled(order_id: str, order: Order) -> None:
    status = order.get("status")
    where = f"order {order_id} is {status or 'without a status'} in VTEX"
    if status == REPLACED:
        raise Refused(f"{where}; cancel the order that replaced it")
    _not_invoiced(order_id, order)
    if status in _TRANSIENT:
        raise Retry(f"{where}: VTEX cancels nothing in this moment")
    if status == _ANOTHER_DECIDES:
        raise Waiting(f"{where}; it is canceled if the seller does not object", on=("order", order_id))


def _not_invoiced(order_id: str, order: Order) -> None:
    """VTEX answers 400 without numbers."""
    numbers = [str(package.get("invoiceNumber")) for package in packages(order) if is_output(package)]
    if not numbers and order.get("status") != "invoiced":
        return
    total = order.get("value")
    of_total = f" of {money(total)}" if isinstance(total, int) else ""
    told = f": {money(invoiced_cents(order))}{of_total} by {', '.join(numbers)}" if numbers else ""
    raise Refused(
        f"order {order_id} is invoiced in VTEX{told}. VTEX cancels no order that is invoiced, even in part;"
        " invoice the rest, then send the return (an invoice of type input)"
    )


EXAMPLE: dict[str, Any] = {"order": "1172452900788-01", "reason": "Out of stock"}

KIND: Kind[CancellationChange] = Kind(
    name="cancellation",
    example=EXAMPLE,
    change=CancellationChange,
    key=lambda change: change.order,
    target=lambda change: f"order:{change.order}",
    priority=0,
    api="orders",
    deliver=deliver,
    fold=None,
)
