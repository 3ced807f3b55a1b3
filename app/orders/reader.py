"""The reader: reads each order that was hinted at, and makes a new status an event for the ERP."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from app import logging, metrics
from app.errors import DatabaseUnavailable, DeliveryError, Paused, Retry, Unauthorized
from app.orders.erasure import ErasedOrders
from app.orders.hints import Hint, Hints
from app.orders.impersonal import impersonal
from app.orders.open_items import OpenOrders
from app.orders.status import BEFORE_HANDLING, CLOSED, READY, REPORTED
from app.orders.telling import KIND, PRIORITY
from app.orders.told import Told
from app.queue.lanes import Backoff, NewEvent, Submission
from app.queue.store import Store
from app.vtex.orders import Orders

log = logging.get(__name__)

_READERS = 8
_HINT_POLL_SECONDS = 0.5
#: VTEX does not show yet what its feed told: the order comes later, and must not be forgotten.
_NOT_YET = timedelta(minutes=1)
_BACKOFF = Backoff(timedelta(seconds=1), timedelta(seconds=60))


class Reader:
    """One connection's."""

    def __init__(
        self,
        connection: str,
        orders: Orders,
        told: Told,
        hints: Hints,
        store: Store,
        open_orders: OpenOrders | None = None,
    ) -> None:
        self._connection = connection
        self._orders = orders
        self._told = told
        self._hints = hints
        self._store = store
        self._erased = ErasedOrders(store.database, connection)
        #: Where the stock's policy needs to know when an order ends.
        self._open_orders = open_orders
        #: Set where something was hinted at in this process.
        self.hinted = asyncio.Event()

    async def read_hinted(self) -> float:
        """Those that are due; the seconds to rest after it."""
        self.hinted.clear()
        hints = await self._hints.take(_READERS)
        if not hints:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.hinted.wait(), _HINT_POLL_SECONDS)
            return 0
        settled = await asyncio.gather(*(self._settle(hint) for hint in hints))
        await self._hints.settle([hint for hint, done in zip(hints, settled, strict=True) if done])
        return 0

    async def _settle(self, hint: Hint) -> bool:
        """True when all that the hint can tell is known; no order's trouble holds up its neighbours."""
        if hint.state and await self._store.read.knows(
            self._connection, KIND, f"{hint.order_id}/{hint.state}"
        ):
            return True
        try:
            order = await self._orders.read(hint.order_id)
            if order is not None and await self._reported(hint, order):
                return True
        except DatabaseUnavailable:
            return False
        except DeliveryError as error:
            floor = error.after if isinstance(error, Retry | Unauthorized | Paused) else None
            log.warning("order.unread", connection=self._connection, order=hint.order_id, reason=error.reason)
            await self._hints.postpone(hint, self._store.clock() + _BACKOFF.delay(2, floor))
            return False
        except Exception:  # an order that we cannot read is kept for the version that can
            log.exception("order.bug", connection=self._connection, order=hint.order_id)
        log.warning("order.not_yet", connection=self._connection, order=hint.order_id, hinted=hint.state)
        await self._hints.postpone(hint, self._store.clock() + _NOT_YET)
        return False

    async def _reported(self, hint: Hint, order: dict[str, Any]) -> bool:
        """False for an order that has not come to what the hint names, as VTEX shows it now."""
        status = order.get("status")
        metrics.ORDERS_READ.labels(self._connection, str(status)).inc()
        if self._open_orders is not None and status in CLOSED:
            await self._open_orders.close(hint.order_id)
        if status in REPORTED:
            document = await self._told.of(order)
            # Asked last: nothing of the customer may be stored once it is erased.
            if await self._erased.when(hint.order_id):
                if status == READY:
                    return True
                document = await self._told.of(impersonal(order))
            await self._tell(hint.order_id, status, document)
            return True
        if hint.state in CLOSED:
            return status in CLOSED
        return status is not None and (hint.state != READY or status not in BEFORE_HANDLING)

    async def _tell(self, order_id: str, status: str, document: dict[str, object]) -> None:
        """A status of an order is told once: its idempotency key never expires."""
        event = NewEvent(
            id=uuid7(),
            kind=KIND,
            key=order_id,
            target=f"order:{order_id}",
            priority=PRIORITY,
            payload=document,
            fold=None,
        )
        accepted = await self._store.accept(
            Submission(self._connection, (event,), route=KIND, idempotency_key=f"{order_id}/{status}")
        )
        if not accepted.repeated:
            metrics.EVENTS_ACCEPTED.labels(self._connection, KIND).inc()
            log.info(
                "order.read",
                connection=self._connection,
                order=order_id,
                status=status,
                event_id=str(event.id),
            )
