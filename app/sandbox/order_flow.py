"""What moves an order: placing it, walking its statuses, its reservations and its feed items."""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal

from app.sandbox.customers import Purchase, cents, parts_of
from app.sandbox.orders import DESCRIPTIONS, FLOW, POSITION, Line, Order, Reservation
from app.sandbox.state import Store
from app.sandbox.wire import Record, RefusedError

FIRST_SEQUENCE = 500_001
#: What a parcel costs here, in cents: the invoices must cover it too.
SHIPPING = 990


def place_order(
    store: Store,
    items: Iterable[tuple[str, int] | Purchase],
    status: str,
    warehouse: str,
    shipping: int = SHIPPING,
    cancel_when: str | None = None,
) -> list[Order]:
    """A shopper buys: each item by RefId at the store's price of today; an order for each seller."""
    if warehouse not in store.warehouses:
        raise RefusedError(400, f"Warehouse {warehouse} does not exist")
    if status not in DESCRIPTIONS:
        raise RefusedError(400, f"There is no status {status}")
    by_seller: dict[str, list[Line]] = {}
    for line in [_line(store, Purchase(*item), warehouse) for item in items]:
        by_seller.setdefault(line.seller, []).append(line)
    group = 1_400_000_000_000 + FIRST_SEQUENCE + len(store.orders)
    share, rest = divmod(shipping, len(by_seller))
    placed = []
    for number, lines in enumerate(by_seller.values(), 1):
        sequence = FIRST_SEQUENCE + len(store.orders)
        part = share + (rest if number == 1 else 0)
        order = Order(f"{group}-{number:02}", sequence, lines, part, store.moment(), cancel_when=cancel_when)
        store.orders[order.order_id] = order
        _reserve(store, order)
        placed.append(order)
    for order in placed:
        move(store, order, status)
    return placed


def _reserve(store: Store, order: Order) -> None:
    for line in order.lines:
        for sku, quantity in line.reserved.items():
            held = store.reservations[sku, line.warehouse]
            held.setdefault(order.order_id, Reservation(0)).quantity += quantity


def _line(store: Store, bought: Purchase, warehouse: str) -> Line:
    number = store.sku_by_ref.get(bought.ref_id)
    if number is None:
        raise RefusedError(400, f"SKU {bought.ref_id} does not exist")
    price = store.prices.get(str(number))
    selling = price.selling(bought.quantity, store.moment()) if price else None
    if selling is None:
        raise RefusedError(400, f"SKU {bought.ref_id} has no price")
    sku = store.skus[number]
    line = Line(
        unique_id=uuid.UUID(int=store.chance.getrandbits(128)).hex.upper(),
        sku_id=number,
        ref_id=bought.ref_id,
        product_id=sku["ProductId"],
        name=f"{store.products[sku['ProductId']]['Name']} {sku['Name']}",
        ean=store.eans[number][0] if store.eans[number] else None,
        quantity=bought.quantity,
        price=cents(Decimal(selling)),
        warehouse=warehouse,
        discount=bought.discount,
        seller=bought.seller,
        components=parts_of(store, number),
    )
    if line.total < 0:
        raise RefusedError(400, f"The discount on SKU {bought.ref_id} is higher than its price")
    return line


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
        store.feed.offer(order.order_id, step, last, last_at, now, store.feed_repeat_ratio)
        store.hook.offer(order.order_id, step, last, last_at, now)
        if change_mind(store, order, step):
            return


def change_mind(store: Store, order: Order, moment: str) -> bool:
    """The shopper cancels if this is the moment for it, and lives with a no."""
    if order.cancel_when != moment:
        return False
    order.cancel_when = None
    with suppress(RefusedError):
        return cancel(store, order, "Bought by mistake")
    return False


def _move_reservations(store: Store, order: Order) -> None:
    """VTEX help centre: authorized when placed, confirmed when paid, acknowledged in handling."""
    for line in order.lines:
        for sku in line.reserved:
            held = store.reservations[sku, line.warehouse]
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
