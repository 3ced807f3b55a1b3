"""Telling the ERP: the signed callback, and only after its yes VTEX's start-handling."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from app.bindings import Bindings
from app.erp.callback import Callback
from app.errors import Refused, Retry
from app.orders.open_items import OpenOrders
from app.orders.references import References
from app.orders.status import CANCELED, CLOSED, HANDLED, READY, REPLACED
from app.queue.lanes import Claim
from app.queue.store import Store
from app.vtex.orders import Orders

KIND = "order"
PRIORITY = 0
_TOLD = "told"


class OrderDeliverer:
    """For events of kind `order`: the event's id is the callback's `webhook-id`, its payload the body."""

    def __init__(
        self,
        store: Store,
        sides: dict[str, tuple[Orders, Callback]],
        resend_stock: Callable[[Store, str, Collection[str]], Awaitable[None]],
        open_orders: Mapping[str, OpenOrders],
    ) -> None:
        self._store = store
        self._sides = sides
        #: Of a connection's SKUs by their codes.
        self._resend_stock = resend_stock
        #: Of the connections whose stock leaves out what is in open orders.
        self._open_orders = open_orders

    def fingerprint(self, claim: Claim) -> str | None:  # noqa: ARG002  a fact is always told
        return None

    async def deliver(self, claim: Claim) -> None:
        side = self._sides.get(claim.connection)
        if side is None:
            raise Refused(
                f"connection {claim.connection!r} has no [erp] section any more; add it, then replay"
            )
        orders, callback = side
        if claim.stage != _TOLD:
            reference = await callback.send(str(claim.event_id), claim.payload)
            if reference is not None:
                await References(self._store.database, claim.connection).put(claim.key, reference)
            # From here on a retry goes on with VTEX and leaves the ERP alone.
            await self._store.checkpoint(claim, _TOLD)
        if claim.payload["order"]["status"] == READY:
            is_handled = await _start_handling(orders, claim.key)
            await self._stock_was_moved(claim)
            if is_handled and (open_orders := self._open_orders.get(claim.connection)):
                await open_orders.open(claim.payload["order"])

    async def _stock_was_moved(self, claim: Claim) -> None:
        """VTEX took the items from its stock: the ERP's next number is sent, even if it is the last again.

        After each attempt that ends well, for the one before may have died between the two.
        """
        items = claim.payload["order"]["items"]
        named = {item["sku"] for item in items if item["sku"]}
        unnamed = {item["vtex_sku_id"] for item in items if not item["sku"] and item["vtex_sku_id"]}
        if unnamed:
            bindings = Bindings(self._store.database, claim.connection)
            named |= set(await bindings.codes("sku", unnamed))
        await self._resend_stock(self._store, claim.connection, named)


async def _start_handling(orders: Orders, order_id: str) -> bool:
    """Whether it is in handling now, and not over already.

    A 409 is read back: our own earlier call may have taken effect without an answer.
    """
    if await orders.start_handling(order_id):
        return True
    order: dict[str, Any] = await orders.read(order_id) or {}
    status = order.get("status")
    if status in HANDLED or status in CANCELED or status == REPLACED:
        return status in HANDLED and status not in CLOSED
    raise Retry(f"VTEX does not let handling start yet: order {order_id} is {status}")
