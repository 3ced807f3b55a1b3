"""The reader: reads each order that was hinted at, and makes a new status an event for the ERP."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from app import logging, metrics
from app.config.orders import ORDER_STATUSES
from app.errors import DatabaseUnavailable, DeliveryError, Paused, Retry, Unauthorized
from app.orders.erasure import ErasedOrders
from app.orders.hints import Hint, Hints
from app.orders.impersonal import impersonal
from app.orders.open_items import OpenOrders
from app.orders.sightings import Sighting, Sightings
from app.orders.status import AFTERWARDS, BEFORE_HANDLING, CANCELING, CLOSED, READY, told_once
from app.orders.telling import KIND, PRIORITY
from app.orders.told import Told
from app.queue.lanes import Backoff, NewEvent, Submission
from app.queue.store import Store
from app.vtex.orders import Orders

log = logging.get(__name__)

_READERS = 8
_HINT_POLL_SECONDS = 0.5
#: VTEX does not show yet what its feed told: the order comes later, and must not be forgotten. It is asked
#: for later and later, and no longer than this: a mistyped import would be asked for for ever.
_NOT_YET = timedelta(minutes=1)
_RARELY = timedelta(hours=1)
_LONGEST = timedelta(days=3)
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
        report: Collection[str],
        open_orders: OpenOrders | None = None,
    ) -> None:
        self._connection = connection
        self._orders = orders
        self._told = told
        self._hints = hints
        self._store = store
        #: The statuses of which the ERP is told.
        self._report = report
        self._sightings = Sightings(store.database, connection)
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
        seen: list[Sighting] = []
        settled = await asyncio.gather(*(self._settle(hint, seen) for hint in hints))
        await self._sightings.put(seen)
        await self._hints.settle([hint for hint, done in zip(hints, settled, strict=True) if done])
        return 0

    async def _settle(self, hint: Hint, seen: list[Sighting]) -> bool:
        """True when all that the hint can tell is known; no order's trouble holds up its neighbours."""
        order: dict[str, Any] | None = None
        try:
            # A cancellation can be asked for again, after it was denied.
            if hint.state and hint.state not in CANCELING and await self._was_told(hint.order_id, hint.state):
                return True
            order = await self._orders.read(hint.order_id)
            if order is not None:
                seen.append(Sighting(hint.order_id, _status(order), self._store.clock()))
                if await self._reported(hint, order):
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
            await self._hints.postpone(hint, self._store.clock() + _NOT_YET)
            return False
        return await self._given_up(hint, order)

    async def _given_up(self, hint: Hint, order: dict[str, Any] | None) -> bool:
        """VTEX does not show what was hinted at: it is asked again later, or after days no more."""
        now = self._store.clock()
        age = now - (hint.since or now)
        facts = {"connection": self._connection, "order": hint.order_id, "hinted": hint.state}
        shown = "nothing" if order is None else _status(order)
        if age > _LONGEST:
            log.error("order.given_up", **facts, shown=shown, after_hours=round(age / timedelta(hours=1)))
            return True
        log.warning("order.not_yet", **facts, shown=shown)
        await self._hints.postpone(hint, now + min(_RARELY, max(_NOT_YET, age / 10)))
        return False

    async def _reported(self, hint: Hint, order: dict[str, Any]) -> bool:
        """False for an order that has not come to what the hint names, as VTEX shows it now."""
        status = _status(order)
        metrics.ORDERS_READ.labels(self._connection, _label(status)).inc()
        if status is None:
            return False
        if status not in ORDER_STATUSES:
            log.warning(
                "order.unknown_status", connection=self._connection, order=hint.order_id, status=status
            )
        if self._open_orders is not None and status in CLOSED:
            await self._open_orders.close(hint.order_id)
        if status in self._report and await self._concerns(hint.order_id, order, status):
            await self._tell(hint.order_id, status, order)
        if hint.state in CLOSED:
            return status in CLOSED
        return hint.state != READY or status not in BEFORE_HANDLING or status == READY

    async def _concerns(self, order_id: str, order: dict[str, Any], status: str) -> bool:
        """How an order ends is nothing to an ERP that never was told of it, because it never was paid."""
        if status not in AFTERWARDS or order.get("authorizedDate"):
            return True
        return await self._store.read.lane(self._connection, KIND, order_id) is not None

    async def _document(self, order_id: str, status: str, order: dict[str, Any]) -> dict[str, Any] | None:
        """None where there is nobody any more whose order could be handled."""
        document = await self._told.of(order)
        # Asked last: nothing of the customer may be stored once it is erased.
        if await self._erased.when(order_id) is None:
            return document
        return None if status == READY else await self._told.of(impersonal(order))

    async def _was_told(self, order_id: str, state: str) -> bool:
        return await self._store.read.knows(self._connection, KIND, f"{order_id}/{state}")

    async def _tell(self, order_id: str, status: str, order: dict[str, Any]) -> None:
        """A status of an order is told once: its idempotency key never expires."""
        once = told_once(order_id, status, order)
        if await self._store.read.knows(self._connection, KIND, once):
            return
        document = await self._document(order_id, status, order)
        if document is None:
            return
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
            Submission(self._connection, (event,), route=KIND, idempotency_key=once)
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


def _status(order: dict[str, Any]) -> str | None:
    """VTEX shows null where an order is incomplete or its workflow failed."""
    status = order.get("status")
    return status if isinstance(status, str) and status else None


def _label(status: str | None) -> str:
    """A metric has few labels, whatever VTEX shows."""
    return (status if status in ORDER_STATUSES else "unknown") if status else "none"
