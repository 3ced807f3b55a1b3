"""Telling the ERP: the signed callback, and only after its yes VTEX's start-handling."""

from app.erp.callback import Callback
from app.errors import Refused
from app.orders.handling import Handling
from app.orders.references import References
from app.orders.status import READY
from app.queue.lanes import Claim
from app.queue.store import Store

KIND = "order"
PRIORITY = 0
_TOLD = "told"


class OrderDeliverer:
    """For events of kind `order`: the event's id is the callback's `webhook-id`, its payload the body."""

    def __init__(self, store: Store, callbacks: dict[str, Callback], handlings: dict[str, Handling]) -> None:
        self._store = store
        #: Both by connection.
        self._callbacks = callbacks
        self._handlings = handlings

    def fingerprint(self, claim: Claim) -> str | None:  # noqa: ARG002  a fact is always told
        return None

    async def deliver(self, claim: Claim) -> str | None:
        callback = self._callbacks.get(claim.connection)
        if callback is None:
            raise Refused(
                f"connection {claim.connection!r} has no [erp] section any more; add it, then replay"
            )
        if claim.stage != _TOLD:
            reference = await callback.send(str(claim.event_id), claim.payload)
            if reference is not None:
                await References(self._store.database, claim.connection).put(claim.key, reference)
            # From here on a retry goes on with VTEX and leaves the ERP alone.
            await self._store.checkpoint(claim, _TOLD)
        if claim.payload["order"]["status"] != READY:
            return None
        return await self._handlings[claim.connection].begin(claim.payload["order"])
