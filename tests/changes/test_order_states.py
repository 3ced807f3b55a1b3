"""Every pair of an order's status and a fact of the ERP: how it ends, and what the ERP is told."""

import asyncio
from typing import Any

import pytest

from app.sandbox.orders import DESCRIPTIONS
from tests.changes.ordering import bought, invoice, stored
from tests.changes.steps import deliver, end
from tests.running import RunningBridge, RunningSandbox

OPEN = [
    *("order-created", "on-order-completed", "waiting-for-authorization", "payment-pending"),
    *("approve-payment", "payment-approved", "authorize-fulfillment", "window-to-cancel"),
    *("ready-for-handling", "handling", "waiting-for-fulfillment", "ready-for-invoicing"),
]
NO_INVOICE = ("waiting", "has no invoice 24382 in VTEX yet")
NO_PARCEL = ("failed", "has no invoice 24382: there is no parcel to track")
NOTHING_TO_DENY = ("failed", "there is no cancellation to deny")
CANCELED = {"cancellation": ("delivered", None), "cancellation-denial": ("failed", "no longer be denied")}
LOST = {"tracking": NO_PARCEL, "tracking-event": NO_PARCEL}
AWAITED = {"tracking": NO_INVOICE, "tracking-event": NO_INVOICE}
RESTING = ("retrying", "VTEX cancels nothing in this moment")

#: Of an order without an invoice.
TABLE: dict[str, dict[str, tuple[str, str | None]]] = {
    **{
        status: {**AWAITED, "cancellation": ("delivered", None), "cancellation-denial": NOTHING_TO_DENY}
        for status in OPEN
    },
    "start-handling": {**AWAITED, "cancellation": RESTING, "cancellation-denial": NOTHING_TO_DENY},
    "invoice": {**AWAITED, "cancellation": RESTING, "cancellation-denial": NOTHING_TO_DENY},
    "invoiced": {
        **AWAITED,
        "cancellation": ("failed", "VTEX cancels no order that is invoiced"),
        "cancellation-denial": NOTHING_TO_DENY,
    },
    "request-cancel": {
        **AWAITED,
        "cancellation": RESTING,
        "cancellation-denial": ("retrying", "is request-cancel in VTEX at the moment"),
    },
    "cancellation-requested": {
        **AWAITED,
        "cancellation": ("delivered", None),
        "cancellation-denial": ("delivered", None),
    },
    "waiting-for-seller-decision": {
        **AWAITED,
        "cancellation": ("waiting", "it is canceled if the seller does not object"),
        "cancellation-denial": ("failed", "deny it through the seller's account"),
    },
    "cancel": {**LOST, **CANCELED},
    "canceled": {**LOST, **CANCELED},
    "replaced": {
        **LOST,
        "cancellation": ("failed", "cancel the order that replaced it"),
        "cancellation-denial": NOTHING_TO_DENY,
    },
}
#: Of an order with an invoice that has a tracking number.
INVOICED: dict[str, tuple[str, str | None]] = {
    "tracking": ("delivered", None),
    "tracking-event": ("delivered", None),
    "cancellation": ("failed", "VTEX cancels no order that is invoiced"),
    "cancellation-denial": NOTHING_TO_DENY,
}


def facts(order: str) -> dict[str, dict[str, Any]]:
    of_invoice = {"order": order, "invoice": "24382"}
    happened = {"description": "Entregue", "occurred_at": "2026-11-25T11:12:00-03:00"}
    return {
        "tracking": {**of_invoice, "number": "BR1"},
        "tracking-event": {**of_invoice, **happened},
        "cancellation": {"order": order, "reason": "Out of stock"},
        "cancellation-denial": {"order": order, "reason": "Already shipped"},
    }


def test_the_table_has_every_status() -> None:
    assert set(TABLE) == set(DESCRIPTIONS)


@pytest.mark.parametrize("status", TABLE)
async def test_of_an_order_without_an_invoice(
    shop: RunningBridge, sandbox: RunningSandbox, status: str
) -> None:
    await asyncio.gather(*(_ends(shop, sandbox, status, kind, *told) for kind, told in TABLE[status].items()))


@pytest.mark.parametrize("kind", INVOICED)
@pytest.mark.parametrize("in_part", [True, False])
async def test_of_an_order_with_an_invoice(
    shop: RunningBridge, sandbox: RunningSandbox, kind: str, *, in_part: bool
) -> None:
    order = await bought(sandbox)
    part = {"value": "119.90", "items": [{"sku": "S1", "quantity": 1, "price": "110.00"}]}
    await deliver(shop, "invoice", invoice(order, tracking_number="BR0", **(part if in_part else {})))
    assert (await stored(sandbox))["status"] == ("handling" if in_part else "invoiced")
    status, told = INVOICED[kind]
    event = await end(shop, kind, facts(order)[kind], status)
    assert told is None or told in event["why"]


async def _ends(
    shop: RunningBridge, sandbox: RunningSandbox, status: str, kind: str, outcome: str, told: str | None
) -> None:
    order = await bought(sandbox, status)
    event = await end(shop, kind, facts(order)[kind], outcome)
    if told is None:
        assert event["why"] is None
    else:
        assert told in event["why"]
        assert order in event["why"]
