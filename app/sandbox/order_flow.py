"""What moves an order: placing it, walking its statuses, its reservations and its feed items."""

import uuid
from collections.abc import Iterable
from decimal import ROUND_HALF_UP

from app.sandbox.orders import DESCRIPTIONS, FLOW, POSITION, Line, Order, Reservation
from app.sandbox.state import Store
from app.sandbox.wire import Record, RefusedError

FIRST_SEQUENCE = 500_001
#: What a parcel costs here, in cents: the invoices must cover it too.
SHIPPING = 990


def place_order(
    store: Store, items: Iterable[tuple[str, int]], status: str, warehouse: str, shipping: int = SHIPPING
) -> Order:
    """A shopper buys: each item by RefId at the store's price of today."""
    if warehouse not in store.warehouses:
        raise RefusedError(400, f"Warehouse {warehouse} does not exist")
    if status not in DESCRIPTIONS:
        raise RefusedError(400, f"There is no status {status}")
    lines = [_line(store, ref_id, quantity, warehouse) for ref_id, quantity in items]
    sequence = FIRST_SEQUENCE + len(store.orders)
    order = Order(f"{1_400_000_000_000 + sequence}-01", sequence, lines, shipping, store.moment())
    store.orders[order.order_id] = order
    for line in lines:
        held = store.reservations[str(line.sku_id), line.warehouse]
        reservation = held.setdefault(order.order_id, Reservation(0))
        reservation.quantity += line.quantity
    move(store, order, status)
    return order


def _line(store: Store, ref_id: str, quantity: int, warehouse: str) -> Line:
    number = store.sku_by_ref.get(ref_id)
    if number is None:
        raise RefusedError(400, f"SKU {ref_id} does not exist")
    price = store.prices.get(str(number))
    selling = price.selling(quantity, store.moment()) if price else None
    if selling is None:
        raise RefusedError(400, f"SKU {ref_id} has no price")
    sku = store.skus[number]
    cents = int((selling * 100).to_integral_value(ROUND_HALF_UP))
    unique_id = uuid.UUID(int=store.chance.getrandbits(128)).hex.upper()
    name = f"{store.products[sku['ProductId']]['Name']} {sku['Name']}"
    ean = store.eans[number][0] if store.eans[number] else None
    return Line(unique_id, number, ref_id, sku["ProductId"], name, ean, quantity, cents, warehouse)


def move(store: Store, order: Order, status: str) -> None:
    """Walk to a status; every one on the way is a feed item if the feed's filter names it."""
    if status not in DESCRIPTIONS:
        raise RefusedError(400, f"There is no status {status}")
    for step in order.way_to(status):
        now, last = store.now(), order.status
        last_at = order.history[-1][0] if order.history else now
        order.status, order.changed = step, store.moment()
        order.history.append((now, step))
        if step == "cancellation-requested":
            order.cancellation_requests.append(_cancellation_request(store, order))
        _move_reservations(store, order)
        store.feed.offer(order.order_id, step, last, last_at, now)
        store.hook.offer(order.order_id, step, last, last_at, now)


def _move_reservations(store: Store, order: Order) -> None:
    """VTEX help centre: authorized when placed, confirmed when paid, acknowledged in handling."""
    for line in order.lines:
        held = store.reservations[str(line.sku_id), line.warehouse]
        if order.status == "canceled":
            held.pop(order.order_id, None)
        elif (reservation := held.get(order.order_id)) and order.status in POSITION:
            reservation.state = _reservation_state(order.status)


def _reservation_state(status: str) -> str:
    if POSITION[status] >= POSITION["handling"]:
        return "acknowledged"
    return "confirmed" if POSITION[status] >= POSITION["payment-approved"] else "authorized"


def _cancellation_request(store: Store, order: Order) -> Record:
    """VTEX's guide on cancellations; the schema shows open requests as it shows denied ones."""
    asked = {"requestedByUser": True, "cancellationRequestDate": store.moment().isoformat()}
    denied = {"deniedBySeller": False, "deniedBySellerReason": None, "cancellationRequestDenyDate": None}
    return {"id": uuid.uuid4().hex, "reason": order.cancel_reason or "", **asked, **denied}


def deny_cancellation(store: Store, order: Order, request_id: str, reason: str) -> None:
    """VTEX's guide on cancellations: the seller's order goes on where it was before the request."""
    if order.status != "cancellation-requested":
        raise RefusedError(400, "Invalid order status")
    open_requests = [each for each in order.cancellation_requests if not each["deniedBySeller"]]
    request = next((each for each in open_requests if each["id"] == request_id), None)
    if request is None:
        raise RefusedError(400, "Cancellation request ID not found")
    denied_at = store.moment().isoformat()
    request |= {
        "deniedBySeller": True,
        "deniedBySellerReason": reason,
        "cancellationRequestDenyDate": denied_at,
    }
    before = [status for _, status in order.history if status in FLOW]
    move(store, order, "handling" if "handling" in before else "ready-for-handling")


def cancel(store: Store, order: Order, reason: str | None) -> bool:
    """Whether it changed anything: a canceled order stays as it is."""
    if order.status == "invoiced" or order.packages:
        raise RefusedError(400, "An order with an invoice cannot be canceled")
    if order.status == "canceled":
        return False
    if order.status in {"start-handling", "invoice", "request-cancel", "cancel"}:
        raise RefusedError(400, f"An order in {order.status} cannot be canceled")
    order.cancel_reason = reason
    if store.cancel_in_two_steps and order.status in {"ready-for-handling", "handling"}:
        move(store, order, "cancellation-requested")
        return True
    for status in ("request-cancel", "cancel", "canceled"):
        move(store, order, status)
    return True


def add_package(store: Store, order: Order, package: dict[str, object]) -> None:
    """Invoices that add up to the total end the order; a partial one leaves it where it is."""
    order.packages.append(package)
    if package["type"] == "Output" and order.invoiced_total >= order.total:
        move(store, order, "invoice")
        move(store, order, "invoiced")
