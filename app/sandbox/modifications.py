"""Order modifications (v2): what VTEX refuses, what a request would do, and doing it some moments later.

The codes are those of VTEX's guide; their HTTP statuses are not documented, nor what GET order shows then.
"""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP

from app.sandbox.order_document import iso
from app.sandbox.orders import PACKING, Line, Order, Reservation
from app.sandbox.state import Store
from app.sandbox.wire import Record, RefusedError, is_integer, oms_error

CHANGEABLE = {"handling", *PACKING}
_STATUS = "Invalid change for order."


@dataclass
class Piece:
    """Pieces of one SKU that come or go."""

    line: Line
    quantity: int
    manual: int = 0


@dataclass
class Modification:
    request_id: str
    workflow_id: str
    body: Record
    taken: list[Piece]
    given: list[Piece]
    at: float
    status: str = "waiting-acknowledgement"
    why: str | None = None

    @property
    def manual(self) -> int:
        return sum(piece.manual for piece in self.given)

    @property
    def totals(self) -> dict[str, int]:
        items = sum(piece.line.price * piece.quantity for piece in self.given)
        items -= sum(piece.line.price * piece.quantity for piece in self.taken)
        return {"Items": items, "ManualValues": self.manual, "Shipping": 0}


def of(store: Store, order: Order) -> list[Modification]:
    """With all that is due by now done."""
    every: list[Modification] = store.modifications.setdefault(order.order_id, [])
    for each in every:
        if each.status.startswith("waiting") and store.now() >= each.at + store.change_seconds:
            _end(store, order, each)
    return every


def read(store: Store, order: Order, body: Mapping[str, object]) -> Modification:
    """The request, if VTEX would do it."""
    _check_order(store, order)
    reason, replaced = body.get("reason"), body.get("replace")
    if not isinstance(reason, str) or not reason:
        raise oms_error(400, "CHK0124", "Field reason not set")
    if not isinstance(replaced, list) or not replaced:
        raise oms_error(400, "CHK0124", _STATUS)
    left = Counter({line.unique_id: line.quantity for line in order.lines})
    taken, given = [], []
    for each in replaced:
        taken += [_taken(order, item, left) for item in _items(each, "from")]
        given += [_given(store, order, item) for item in _items(each, "to")]
    found = Modification(str(uuid.uuid4()), str(uuid.uuid4()), dict(body), taken, given, store.now())
    if order.total + sum(found.totals.values()) <= 0:
        raise oms_error(400, "CHK0034", "The value of the change exceed the order's price.")
    return found


def _check_order(store: Store, order: Order) -> None:
    if order.status == "canceled":
        raise oms_error(400, "SalesOrderSystem008", "Cannot Change Cancelled Order.")
    if order.packages or order.status == "invoiced":
        message = "The order change is not allowed after the item invoice has been issued."
        raise oms_error(400, "SalesOrderSystem046", message)
    if order.status not in CHANGEABLE:
        raise oms_error(400, "CHK0124", _STATUS)
    if any(each.status.startswith("waiting") for each in of(store, order)):
        raise oms_error(400, "SalesOrderSystem014", "Change In Progress.")


def _items(replaced: object, side: str) -> list[Record]:
    part = replaced.get(side) if isinstance(replaced, dict) else None
    items = part.get("items") if isinstance(part, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise oms_error(400, "CHK0022", "Invalid id for item.")
    for item in items:
        if not isinstance(item.get("id"), str) or not item["id"].isdecimal():
            raise oms_error(400, "CHK0022", "Invalid id for item.")
        if not is_integer(item.get("quantity")) or item["quantity"] < 1:
            raise oms_error(400, "CHK0023", "Invalid quantity for item.")
    return items


def _taken(order: Order, item: Record, left: Counter[str]) -> Piece:
    number, quantity = item["id"], item["quantity"]
    lines = [line for line in order.lines if str(line.sku_id) == number]
    if item.get("uniqueId"):
        lines = [line for line in lines if line.unique_id == item["uniqueId"]]
    if not lines:
        message = f"It's not possible to remove the item of ID {number} from the original order."
        raise oms_error(400, "SalesOrderSystem010", message)
    if len(lines) > 1:
        message = "Unable to match an item to the information provided."
        raise oms_error(400, "SalesOrderSystem026", message)
    if quantity > left[lines[0].unique_id]:
        more = f"more than {left[lines[0].unique_id]} quantities of the item of ID {number}"
        message = f"It's not possible to remove {more} from the original order."
        raise oms_error(400, "SalesOrderSystem011", message)
    left[lines[0].unique_id] -= quantity
    return Piece(lines[0], quantity)


def _given(store: Store, order: Order, item: Record) -> Piece:
    """At the order's own price, or for a new SKU at today's."""
    number, quantity = int(item["id"]), item["quantity"]
    manual = [item.get(name, 0) for name in ("manualIncrementValue", "manualDiscountValue")]
    if not all(is_integer(each) and each >= 0 for each in manual):
        raise oms_error(400, "CHK0098", "The change value needs to be greater or equal than zero.")
    known = next((line for line in order.lines if line.sku_id == number), None)
    line = known or _new_line(store, order, number, quantity)
    return Piece(line, quantity, manual[0] - manual[1])


def _new_line(store: Store, order: Order, number: int, quantity: int) -> Line:
    sku, price = store.skus.get(number), store.prices.get(str(number))
    selling = price.selling(quantity, store.moment()) if price else None
    if sku is None or selling is None:
        raise oms_error(400, "CHK0022", "Invalid id for item.")
    return Line(
        unique_id=uuid.UUID(int=store.chance.getrandbits(128)).hex.upper(),
        sku_id=number,
        ref_id=sku["RefId"] or "",
        product_id=sku["ProductId"],
        name=f"{store.products[sku['ProductId']]['Name']} {sku['Name']}",
        ean=store.eans[number][0] if store.eans[number] else None,
        quantity=quantity,
        price=int((selling * 100).to_integral_value(ROUND_HALF_UP)),
        warehouse=order.lines[0].warehouse,
        seller=order.seller,
    )


def _end(store: Store, order: Order, change: Modification) -> None:
    """Done, or canceled where the store is told so, or where the order has gone on meanwhile."""
    gone_on = order.packages or order.status not in CHANGEABLE
    why = store.change_fails or (_STATUS if gone_on else None)
    change.status, change.why = ("canceled", why) if why else ("done", None)
    if not why:
        _apply(store, order, change)


def _apply(store: Store, order: Order, change: Modification) -> None:
    state = _release(store, order)
    lines = {line.unique_id: line for line in order.lines}
    for piece in change.taken:
        line = lines[piece.line.unique_id]
        lines[line.unique_id] = replace(line, quantity=line.quantity - piece.quantity)
    for piece in change.given:
        there = lines.get(piece.line.unique_id, replace(piece.line, quantity=0))
        lines[there.unique_id] = replace(there, quantity=there.quantity + piece.quantity)
    order.lines[:] = [line for line in lines.values() if line.quantity]
    order.changed_by += change.manual
    for line in order.lines:
        for sku, quantity in line.reserved.items():
            held = store.reservations[sku, line.warehouse]
            held.setdefault(order.order_id, Reservation(0, state)).quantity += quantity


def _release(store: Store, order: Order) -> str:
    """VTEX's help centre: the reservation follows the change by itself, the stock does not."""
    states = {
        held.pop(order.order_id).state for held in store.reservations.values() if order.order_id in held
    }
    return states.pop() if states else "acknowledged"


def shown_in(store: Store, order: Order, document: Record) -> Record:
    """GET order has the new items and totals; of a change of v2 it does not tell the reason (known issue)."""
    done = [each for each in store.modifications[order.order_id] if each.status == "done"]
    if not done:
        return document
    totals = document["totals"]
    if order.changed_by:
        totals = [*totals, {"id": "Change", "name": "Total das mudanças", "value": order.changed_by}]
    changes = {"id": "changeAttachment", "changesData": [_changed(order, each) for each in done]}
    return document | {"totals": totals, "changesAttachment": changes}


def _changed(order: Order, change: Modification) -> Record:
    receipt = {"date": iso(change.at), "orderId": order.order_id, "receipt": change.request_id}
    return {
        "reason": "",
        "discountValue": max(0, -change.manual),
        "incrementValue": max(0, change.manual),
        "itemsAdded": [_counted(piece) for piece in change.given],
        "itemsRemoved": [_counted(piece) for piece in change.taken],
        "receipt": receipt,
    }


def _counted(piece: Piece) -> Record:
    line = piece.line
    figures = {"quantity": piece.quantity, "price": line.price, "unitMultiplier": None}
    return {"id": str(line.sku_id), "name": line.name, **figures}


def refuse_if_off(store: Store) -> None:
    """How VTEX says it is not documented."""
    if not store.change_settings["rolloutConfiguration"]["enableApi"]:
        raise RefusedError(403, {"error": {"code": "1", "message": "Forbidden", "exception": None}}, "1")
