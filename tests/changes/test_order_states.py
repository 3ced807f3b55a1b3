"""Every pair of an order's status and a fact of the ERP: how it ends, and what the ERP is told."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from app.orders import status as known
from app.sandbox.orders import DESCRIPTIONS
from tests.changes.ordering import bought, invoice
from tests.changes.steps import as_staff, deliver, end
from tests.running import ACCOUNT, RunningBridge, RunningSandbox

#: How an event ends, with a part of what the ERP is told of it.
Ending = tuple[str, str | None]
Row = dict[str, Ending]
#: The bounded name of the reason, as the metrics have it.
CLASSES = {"delivered": None, "waiting": "waiting", "retrying": "transient", "failed": "refused"}

DONE: Ending = ("delivered", None)
IN_PART: Ending = ("delivered", "the order's invoices add up to 119.90 of 229.90")
NO_INVOICE: Ending = ("waiting", "has no invoice 24382 in VTEX yet")
NO_PARCEL: Ending = ("failed", "has no invoice 24382: there is no parcel to track")
NOTHING_TO_DENY: Ending = ("failed", "there is no cancellation to deny")
TOO_EARLY: Ending = ("waiting", "it is invoiced as soon as it is in handling")
NOT_INVOICED: Ending = ("waiting", "a return is accepted once it is invoiced")
UNDECIDED: Ending = ("waiting", "it is invoiced if it is not canceled")
LOST: Ending = ("failed", "it cannot be invoiced")
RESTING: Ending = ("retrying", "VTEX changes nothing in this moment")
NO_STATUS: Ending = ("retrying", "has no status in VTEX at the moment")
NOT_CANCELED_NOW: Ending = ("retrying", "VTEX cancels nothing in this moment")
ASKED: Ending = ("waiting", "VTEX was asked to cancel order")
AFTER_INVOICE: Ending = ("failed", "VTEX changes no order after its invoice")


def row(invoiced: Ending, **others: Ending) -> Row:
    """The other facts' endings by their names; what is not named is of an order that is going its way."""
    named = {name.replace("_", "-"): ending for name, ending in others.items()}
    parcel = named.pop("parcel", NO_INVOICE)
    usual = {"invoice": invoiced, "part": invoiced, "return": invoiced, "order-change": RESTING}
    usual |= dict.fromkeys(("tracking", "tracking-event", "delivered"), parcel)
    return {**usual, "cancellation": DONE, "cancellation-denial": NOTHING_TO_DENY, **named}


BEFORE = row(TOO_EARLY, order_change=("waiting", "it is changed as soon as it is in handling"))
HANDLED = {**row(DONE, order_change=DONE), "part": IN_PART, "return": NOT_INVOICED}
TRANSIENT = {**row(RESTING), "return": NOT_INVOICED, "cancellation": NOT_CANCELED_NOW}
CANCELING = row(UNDECIDED, order_change=("waiting", "it is changed if it is not canceled"))
GONE = row(LOST, parcel=NO_PARCEL, order_change=("failed", "it can no longer be changed"))
CANCELED: Row = {**GONE, "cancellation-denial": ("failed", "no longer be denied")}

#: Of an order without an invoice, in the statuses that the sandbox walks through.
TABLE: dict[str, Row] = {
    **{status: BEFORE for status in DESCRIPTIONS if status in {*known.BEFORE_HANDLING, "payment-approved"}},
    "handling": HANDLED,
    "waiting-for-fulfillment": HANDLED,
    "ready-for-invoicing": HANDLED,
    "start-handling": TRANSIENT,
    "invoice": TRANSIENT,
    "invoiced": {
        **row(("failed", "An order in invoiced cannot be invoiced"), order_change=AFTER_INVOICE),
        "return": ("failed", "0.00 was invoiced"),
        "cancellation": ("failed", "VTEX cancels no order that is invoiced"),
    },
    "request-cancel": {
        **CANCELING,
        "cancellation": NOT_CANCELED_NOW,
        "cancellation-denial": ("retrying", "is request-cancel in VTEX at the moment"),
    },
    "cancellation-requested": {**CANCELING, "cancellation-denial": DONE},
    "waiting-for-seller-decision": {
        **CANCELING,
        "cancellation": ("waiting", "it is canceled if the seller does not object"),
        "cancellation-denial": ("failed", "deny it through the seller's account"),
    },
    "cancel": CANCELED,
    "canceled": CANCELED,
    "replaced": {**GONE, "cancellation": ("failed", "cancel the order that replaced it")},
}
#: In statuses that VTEX shows while the sandbox has the order in handling.
SHOWN: dict[str | None, Row] = {
    **{
        status: {**BEFORE, "cancellation": ASKED}
        for status in sorted(known.BEFORE_HANDLING - DESCRIPTIONS.keys())
    },
    "invoice-after-cancellation-deny": {**HANDLED, "cancellation": ASKED, "order-change": AFTER_INVOICE},
    # What we do not know, VTEX decides.
    "a-status-of-next-year": {**HANDLED, "cancellation": ASKED},
    None: {
        **row(NO_STATUS, order_change=RESTING),
        "return": NOT_INVOICED,
        "cancellation": NOT_CANCELED_NOW,
        "cancellation-denial": ("retrying", "without a status in VTEX at the moment"),
    },
}
#: Of an order with an invoice that has a tracking number: a part of it, and the whole.
PARCEL = dict.fromkeys(("tracking", "tracking-event", "delivered"), DONE)
INVOICED: Row = {
    **PARCEL,
    "invoice": DONE,
    "cancellation": ("failed", "VTEX cancels no order that is invoiced"),
    "cancellation-denial": NOTHING_TO_DENY,
}
BY_PART: dict[bool, Row] = {
    True: {
        **INVOICED,
        "invoice": IN_PART,
        "rest": DONE,
        "return": NOT_INVOICED,
        "order-change": ("failed", "VTEX changes no order after an invoice"),
    },
    False: {
        **INVOICED,
        "rest": ("failed", "so 0.00 is left"),
        "return": DONE,
        "order-change": AFTER_INVOICE,
    },
}
ONE = {"items": [{"sku": "S1", "quantity": 1, "price": "110.00"}]}
PART = {"value": "119.90", **ONE}


def facts(order: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """What the ERP says, with the kind that it says it by."""
    of_invoice = {"order": order, "invoice": "24382"}
    happened = {**of_invoice, "description": "Entregue", "occurred_at": "2026-11-25T11:12:00-03:00"}
    items = [{"sku": "S1", "quantity": 2}], [{"sku": "S1", "quantity": 1}]
    replaced = {"from_items": items[0], "to_items": items[1]}
    change = {"order": order, "id": f"CHG-{order}", "reason": "One is broken", "replace": [replaced]}
    return {
        "invoice": ("invoice", invoice(order)),
        "part": ("invoice", invoice(order, **PART)),
        "rest": ("invoice", invoice(order, number="24383", value="110.00", **ONE)),
        "return": ("invoice", invoice(order, number="R1", type="input", **PART)),
        "tracking": ("tracking", {**of_invoice, "number": "BR1"}),
        "tracking-event": ("tracking-event", happened),
        "delivered": ("tracking-event", {**happened, "delivered": True}),
        "cancellation": ("cancellation", {"order": order, "reason": "Out of stock"}),
        "cancellation-denial": ("cancellation-denial", {"order": order, "reason": "Already shipped"}),
        "order-change": ("order-change", change),
    }


@pytest.fixture
async def shop(shop: RunningBridge, sandbox: RunningSandbox) -> RunningBridge:
    """With order modifications switched on."""
    settings = {"rolloutConfiguration": {"enableApi": True}}
    await as_staff(sandbox, "PUT", f"/api/order-system/orders/changes/settings?an={ACCOUNT}", settings)
    return shop


def test_the_tables_have_every_status_and_every_fact() -> None:
    named = {
        *DESCRIPTIONS,
        *known.BEFORE_HANDLING,
        *known.HANDLED,
        *known.CANCELED,
        *known.CANCELING,
        *known.CLOSED,
        *(known.READY, known.REPLACED),
        None,
    }
    assert named < {*TABLE, *SHOWN}
    every = facts("1-01").keys()
    assert {frozenset(each) for each in (*TABLE.values(), *SHOWN.values())} == {frozenset(every - {"rest"})}
    assert {frozenset(each) for each in BY_PART.values()} == {frozenset(every - {"part"})}


@pytest.mark.parametrize("status", TABLE)
async def test_of_an_order_without_an_invoice(
    shop: RunningBridge, sandbox: RunningSandbox, status: str
) -> None:
    async def ends(fact: str, ending: Ending) -> None:
        await _ends(shop, await bought(sandbox, status), fact, ending)

    await asyncio.gather(*(ends(fact, ending) for fact, ending in TABLE[status].items()))


@pytest.mark.parametrize("status", SHOWN, ids=str)
async def test_of_an_order_in_a_status_that_vtex_shows(
    shop: RunningBridge, sandbox: RunningSandbox, status: str | None
) -> None:
    async def ends(fact: str, ending: Ending) -> None:
        order = await bought(sandbox)
        document = await as_staff(sandbox, "GET", f"/api/oms/pvt/orders/{order}")
        shown = {"action": "status", "status": 200, "method": "GET", "times": None}
        body = json.dumps(document | {"status": status})
        await sandbox.control("faults", shown | {"path_regex": f"oms/pvt/orders/{order}$", "body": body})
        await _ends(shop, order, fact, ending)

    await asyncio.gather(*(ends(fact, ending) for fact, ending in SHOWN[status].items()))


@pytest.mark.parametrize("in_part", [True, False])
async def test_of_an_order_with_an_invoice(
    shop: RunningBridge, sandbox: RunningSandbox, *, in_part: bool
) -> None:
    first = {**(PART if in_part else {}), "tracking_number": "BR0"}

    async def ends(fact: str, ending: Ending) -> None:
        order = await bought(sandbox)
        await deliver(shop, "invoice", invoice(order, **first))
        repeated = {"invoice": ("invoice", invoice(order, **first))}
        await _ends(shop, order, fact, ending, **repeated)

    await asyncio.gather(*(ends(fact, ending) for fact, ending in BY_PART[in_part].items()))


async def _ends(
    shop: RunningBridge, order: str, fact: str, ending: Ending, **others: tuple[str, dict[str, Any]]
) -> None:
    (kind, change), (status, told) = (facts(order) | others)[fact], ending
    event = await end(shop, kind, change, "delivered", "waiting", "retrying", "failed")
    assert event["status"] == status, (fact, event["why"])
    kept = await shop.parts.store.read.event("acme", UUID(event["id"]))
    assert kept is not None
    assert kept.reason_class == CLASSES[status], (fact, event["why"])
    if told is None:
        assert event["why"] is None, fact
    else:
        assert told in event["why"], fact
