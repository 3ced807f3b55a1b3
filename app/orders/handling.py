"""Handling: VTEX hears that it starts, and the stock that the order took is told anew."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from uuid_utils.compat import uuid7

from app.bindings import Bindings
from app.errors import Refused, Retry, Waiting
from app.orders.hints import Hint, Hints
from app.orders.open_items import OpenOrders
from app.orders.status import CANCELED, CANCELING, CLOSED, HANDLED, REPLACED, told_once
from app.queue.lanes import Claim, Document, NewEvent, Submission
from app.queue.store import Store
from app.vtex.orders import Orders

#: Of the event that goes on where a cancellation that is being decided stands in the way.
KIND = "start-handling"
PRIORITY = 0

ResendStock = Callable[[Store, str, Collection[str]], Awaitable[None]]


class Handling:
    """Of one connection."""

    def __init__(
        self,
        connection: str,
        store: Store,
        orders: Orders,
        resend_stock: ResendStock,
        open_orders: OpenOrders | None = None,
    ) -> None:
        self._connection = connection
        self._store = store
        self._orders = orders
        #: Of SKUs by their codes.
        self._resend_stock = resend_stock
        #: Where stock leaves out what is in open orders.
        self._open_orders = open_orders

    async def begin(self, order: Document) -> str | None:
        """`order` as the ERP was told of it; says why it is not in handling, where it is not."""
        status, once = await self._start(order["id"])
        if status not in HANDLED:
            # Heard before the order itself (a replay, two pollers), it is told anew: the last word is true.
            await self._store.forget(self._connection, "order", once)
        if status in CANCELING:
            await self._go_on_later(order)
            await self._tell_of_cancellation(order)
            return f"it is {status} in VTEX: handling starts when that is denied"
        return await self._started(order, status)

    async def go_on(self, order: Document) -> str | None:
        """After a cancellation that was being decided."""
        status, _ = await self._start(order["id"])
        if status in CANCELING:
            # Denied elsewhere than through us, it is seen at the next look.
            raise Waiting(
                f"order {order['id']} is {status} in VTEX: that is decided first",
                on=("cancellation-denial", order["id"]),
            )
        said = await self._started(order, status)
        # Who waits for the order was woken in vain when the ERP had it.
        await self._store.arrived(self._connection, "order", [order["id"]])
        return said

    async def _started(self, order: Document, status: str) -> str | None:
        await self._stock_was_moved(order)
        if status not in HANDLED:
            await self._tell_of_cancellation(order)
            return f"it is {status} in VTEX: there is nothing to handle"
        if status not in CLOSED and self._open_orders:
            await self._open_orders.open(order)
        return None

    async def _tell_of_cancellation(self, order: Document) -> None:
        """The ERP prepares a parcel: it must hear of it, whatever the feed told."""
        await Hints(self._store.database, self._connection).put([Hint(order["id"], None)])

    async def _start(self, order_id: str) -> tuple[str, str]:
        """The status after it, and by what that is told once.

        A 409 is read back: our own earlier call may have had no answer.
        """
        if await self._orders.start_handling(order_id):
            return "handling", told_once(order_id, "handling", {})
        order: dict[str, Any] = await self._orders.read(order_id) or {}
        status = order.get("status")
        if isinstance(status, str) and (status in HANDLED | CANCELED | CANCELING or status == REPLACED):
            return status, told_once(order_id, status, order)
        raise Retry(f"VTEX does not let handling start yet: order {order_id} is {status}")

    async def _go_on_later(self, order: Document) -> None:
        """In a lane of its own: the ERP is told of the cancellation behind this order's event."""
        event = NewEvent(
            id=uuid7(),
            kind=KIND,
            key=order["id"],
            target=f"order:{order['id']}",
            priority=PRIORITY,
            payload={"order": _without_people(order)},
            fold=None,
        )
        await self._store.accept(
            Submission(self._connection, (event,), route=KIND, idempotency_key=order["id"])
        )

    async def _stock_was_moved(self, order: Document) -> None:
        """VTEX took the items from its stock: the ERP's next number is sent, even if it is the last again.

        After each attempt that ends well, for the one before may have died between the two.
        """
        items = order["items"]
        named = {item["sku"] for item in items if item["sku"]}
        unnamed = {item["vtex_sku_id"] for item in items if not item["sku"] and item["vtex_sku_id"]}
        if unnamed:
            named |= set(await Bindings(self._store.database, self._connection).codes("sku", unnamed))
        await self._resend_stock(self._store, self._connection, named)


class HandlingDeliverer:
    """For events of kind `start-handling`."""

    def __init__(self, handlings: dict[str, Handling]) -> None:
        self._handlings = handlings

    def fingerprint(self, claim: Claim) -> str | None:  # noqa: ARG002  it is a fact
        return None

    async def deliver(self, claim: Claim) -> str | None:
        handling = self._handlings.get(claim.connection)
        if handling is None:
            raise Refused(f"the configuration has no connection {claim.connection!r}; add it, then replay")
        return await handling.go_on(claim.payload["order"])


def _without_people(order: Document) -> Document:
    """What handling needs to know of it."""
    items = [{name: each[name] for name in ("sku", "vtex_sku_id", "quantity")} for each in order["items"]]
    deliveries = [
        {"item_index": each["item_index"], "warehouses": each["warehouses"]}
        for each in order["shipping"]["deliveries"]
    ]
    return {"id": order["id"], "items": items, "shipping": {"deliveries": deliveries}}
