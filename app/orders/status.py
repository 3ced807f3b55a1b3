"""VTEX's order statuses, as far as they decide what we do."""

from typing import Any

from app.config import ConnectionSettings
from app.orders.lenient import record, records

READY = "ready-for-handling"
#: After start-handling: it took effect. Where goods are picked and packed, handling has two statuses more.
HANDLED = frozenset(
    "start-handling handling waiting-for-fulfillment ready-for-invoicing invoice invoiced"
    " invoice-after-cancellation-deny".split()
)
CANCELED = frozenset({"cancel", "canceled"})
#: Whether it is canceled is being decided: an invoice now could wedge both sides (VTEX known issue).
CANCELING = frozenset({"request-cancel", "cancellation-requested", "waiting-for-seller-decision"})
#: The order lives on under another id.
REPLACED = "replaced"
#: What it held of the stock is gone, or free again.
CLOSED = frozenset({"invoiced", "canceled", REPLACED})
#: Paid or not, the ERP has not been told yet, or start-handling has not taken effect.
BEFORE_HANDLING = frozenset(
    "order-created on-order-completed on-order-completed-ffm payment-pending"
    " waiting-for-order-authorization approve-payment waiting-ffmt-authorization waiting-for-authorization"
    " waiting-for-manual-authorization authorize-fulfillment window-to-cancel window-to-change-seller"
    " window-to-change-payment waiting-for-mkt-authorization waiting-seller-handling"
    " order-accepted ready-for-handling".split()
)
#: They concern who knows the order: it is in handling or over, or may be over soon.
AFTERWARDS = HANDLED | CANCELED | CANCELING | CLOSED
#: Those by which VTEX documents that its list can be asked.
LISTED = frozenset(
    "waiting-for-sellers-confirmation payment-pending payment-approved ready-for-handling handling invoiced"
    " canceled".split()
)


def watched(connection: ConnectionSettings) -> frozenset[str]:
    """The statuses that feed and hook tell: where the stock leaves out open orders, their ends too."""
    report = connection.orders.report
    return report | CLOSED if connection.vtex.stock_policy == "subtract_open_orders" else report


def told_once(order_id: str, status: str, order: dict[str, Any]) -> str:
    """The idempotency key under which a status is told; each request for a cancellation has its own."""
    return f"{order_id}/{status}" + (f"/{open_request(order)}" if status in CANCELING else "")


def open_request(order: dict[str, Any]) -> str:
    """The id of the newest cancellation request that waits for an answer; empty where VTEX names none."""
    requests = [each for each in records(order, "cancellationRequests") if not each.get("deniedBySeller")]
    found = requests[-1].get("id") if requests else None
    return str(found or record(order, "cancellationData").get("cancellationRequestId") or "")
