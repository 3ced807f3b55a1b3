"""VTEX OMS: orders, start-handling, invoices, the list and the feed; money in integer cents."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.config import VtexSettings
from app.vtex.rest import Rest, path

_NOT_FOUND = 404
_CONFLICT = 409
#: VTEX's cap for one read of the feed.
FEED_LOT = 10
#: VTEX's caps for the list: 30 pages of 100.
LIST_PAGES = 30
LIST_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class FeedItem:
    handle: str
    #: None where the item names no order; it is only committed then, or it would come for ever.
    order_id: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class ListPage:
    order_ids: list[str]
    #: Of all pages.
    total: int


class Orders:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._oms = settings.rest_base + "/api/oms/pvt/orders"
        self._documents = settings.rest_base + "/api/orders/pvt/document"
        self._feed = settings.rest_base + "/api/orders/feed"
        self._hook = settings.rest_base + "/api/orders/hook/config"

    async def read(self, order_id: str) -> dict[str, Any] | None:
        reply = await self._rest.call(
            "orders", "read order", "GET", self._at(order_id), expected={_NOT_FOUND}
        )
        return reply.record()

    async def start_handling(self, order_id: str) -> bool:
        """False on 409: the order is not (or no longer) ready-for-handling; read it to learn which."""
        address = self._at(order_id) + "/start-handling"
        reply = await self._rest.call("orders", "start handling", "POST", address, expected={_CONFLICT})
        return reply.status != _CONFLICT

    async def invoice(self, order_id: str, invoice: dict[str, Any]) -> None:
        """The same invoiceNumber again changes nothing, so a retry is safe."""
        await self._rest.call("orders", "invoice", "POST", self._at(order_id) + "/invoice", json=invoice)

    async def track(self, order_id: str, invoice_number: str, tracking: dict[str, Any]) -> None:
        """Sets the tracking of an invoice; all four keys are wanted."""
        address = self._of_invoice(order_id, invoice_number)
        await self._rest.call("orders", "track invoice", "PATCH", address, json=tracking)

    async def add_tracking_events(self, order_id: str, invoice_number: str, status: dict[str, Any]) -> None:
        """Appends; the invoice needs a tracking number. What a repeated event does is not documented."""
        address = self._of_invoice(order_id, invoice_number) + "/tracking"
        await self._rest.call("orders", "update tracking status", "PUT", address, json=status)

    async def cancel(self, order_id: str, reason: str) -> None:
        """Takes effect later, if it does; a canceled order stays as it is."""
        address = self._at(order_id) + "/cancel"
        await self._rest.call("orders", "cancel order", "POST", address, json={"reason": reason})

    async def deny_cancellation(self, order_id: str, request_id: str, reason: str) -> None:
        """VTEX's guide on cancellations describes it; its OpenAPI does not."""
        address = self._documents + path("/{order}/deny-cancellation-request", order=order_id)
        body = {"cancellationRequestId": request_id, "denyReason": reason}
        await self._rest.call("orders", "deny cancellation", "POST", address, json=body)

    async def listed(
        self, statuses: list[str], page: int, created: tuple[datetime, datetime] | None = None
    ) -> ListPage:
        """Orders that had one of the statuses some minutes ago: the index lags."""
        query: dict[str, str | int] = {
            "f_status": ",".join(statuses),
            "orderBy": "creationDate,asc",
            "page": page,
            "per_page": LIST_PAGE_SIZE,
        }
        if created:
            start, end = (moment.astimezone(UTC).isoformat(timespec="milliseconds") for moment in created)
            window = f"[{start} TO {end}]".replace("+00:00", "Z")
            query["f_creationDate"] = f"creationDate:{window}"
        reply = await self._rest.call("orders", "list orders", "GET", self._oms, query=query)
        answer = reply.record() or {}
        ids = [row["orderId"] for row in answer.get("list") or [] if row.get("orderId")]
        return ListPage(ids, int((answer.get("paging") or {}).get("total") or len(ids)))

    async def hook_configuration(self) -> dict[str, Any] | None:
        reply = await self._rest.call(
            "orders", "read hook configuration", "GET", self._hook, expected={_NOT_FOUND}
        )
        return reply.record()

    async def configure_hook(self, statuses: list[str], *, url: str, headers: dict[str, str]) -> None:
        """VTEX calls the address with a ping before it answers, and refuses one that does not say 200."""
        body = {
            "filter": {"type": "FromWorkflow", "status": statuses},
            "hook": {"url": url, "headers": headers},
        }
        await self._rest.call("orders", "configure hook", "POST", self._hook, json=body)

    async def feed_configuration(self) -> dict[str, Any] | None:
        reply = await self._rest.call(
            "orders", "read feed configuration", "GET", self._feed + "/config", expected={_NOT_FOUND}
        )
        return reply.record()

    async def configure_feed(
        self, statuses: list[str], *, visibility_seconds: int, retention_seconds: int
    ) -> None:
        """VTEX does not validate the statuses: a misspelt one silently matches nothing."""
        body = {
            "filter": {"type": "FromWorkflow", "status": statuses},
            "queue": {
                "visibilityTimeoutInSeconds": visibility_seconds,
                "MessageRetentionPeriodInSeconds": retention_seconds,
            },
        }
        await self._rest.call("orders", "configure feed", "POST", self._feed + "/config", json=body)

    async def feed_items(self) -> list[FeedItem] | None:
        """Up to ten items, unordered, repeated until committed; None where no feed is configured."""
        reply = await self._rest.call(
            "orders", "read feed", "GET", self._feed, query={"maxlot": FEED_LOT}, expected={_NOT_FOUND}
        )
        if reply.status == _NOT_FOUND:
            return None
        return [
            FeedItem(each["handle"], each.get("orderId"), each.get("state"))
            for each in reply.listed() or []
            if each.get("handle")
        ]

    async def commit_feed(self, handles: list[str]) -> None:
        await self._rest.call("orders", "commit feed", "POST", self._feed, json={"handles": handles})

    def _of_invoice(self, order_id: str, invoice_number: str) -> str:
        return self._at(order_id) + path("/invoice/{number}", number=invoice_number)

    def _at(self, order_id: str) -> str:
        return self._oms + path("/{order}", order=order_id)
