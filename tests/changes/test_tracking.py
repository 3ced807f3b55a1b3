"""tracking: set on its invoice, which it waits for; what it does not mention stays."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.ordering import bought, invoice, stored
from tests.changes.steps import as_staff, calls, deliver, end, make_due, sku_in_store
from tests.running import RunningBridge, RunningSandbox

COURIER = {"courier": "Correios", "url": "https://track.example.com/BR1"}


def tracking(order: str, **changes: Any) -> dict[str, Any]:
    return {"order": order, "invoice": "24382", "number": "BR1", **changes}


async def package(sandbox: RunningSandbox) -> dict[str, Any]:
    [only] = (await stored(sandbox))["packages"]
    found: dict[str, Any] = only
    return found


@pytest.mark.parametrize("number", ["24382/1", "24382#1", "24 382", "NF-24382", ""])
async def test_an_invoice_number_that_breaks_tracking_in_vtex_is_refused(
    shop: RunningBridge, number: str
) -> None:
    answer = await shop.client.post("/v1/changes/tracking", json=tracking("1-01", invoice=number))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/invoice"


async def test_an_unknown_order_fails(shop: RunningBridge) -> None:
    event = await end(shop, "tracking", tracking("9-01"), "failed")
    assert event["why"] == "VTEX has no order 9-01; check the order id"


@pytest.mark.parametrize("status", ["canceled", "replaced"])
async def test_an_order_that_will_not_be_invoiced_has_no_parcel(
    shop: RunningBridge, sandbox: RunningSandbox, status: str
) -> None:
    order = await bought(sandbox)
    await sandbox.control(f"orders/{order}/status", {"status": status})
    event = await end(shop, "tracking", tracking(order), "failed")
    assert f"order {order} is {status} in VTEX and has no invoice 24382" in event["why"]


async def test_it_waits_for_its_invoice_and_follows_it(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    tracked = await end(shop, "tracking", tracking(order), "waiting")
    assert tracked["why"].startswith(f"order {order} has no invoice 24382 in VTEX yet")
    assert f"invoice {order}/24382" in tracked["next"]
    await deliver(shop, "invoice", invoice(order))
    await shop.reaches(tracked["id"], "delivered")
    assert (await package(sandbox))["trackingNumber"] == "BR1"


async def test_an_invoice_that_was_made_elsewhere_is_found_in_vtex(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    tracked = await end(shop, "tracking", tracking(order), "waiting")
    made_elsewhere = {
        "type": "Output",
        "issuanceDate": "2026-11-23T10:00:00Z",
        "invoiceNumber": "24382",
        "invoiceValue": "22990",
        "items": [{"id": "1001", "price": 11000, "quantity": 2}],
    }
    await as_staff(sandbox, "POST", f"/api/oms/pvt/orders/{order}/invoice", made_elsewhere)
    await make_due(shop)
    await shop.reaches(tracked["id"], "delivered")
    assert (await package(sandbox))["trackingNumber"] == "BR1"


async def test_all_that_it_says_arrives(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order))
    dispatched = {"dispatched_at": "2026-11-23T16:30:00-03:00"}
    await deliver(shop, "tracking", tracking(order, **COURIER, **dispatched))
    found = await package(sandbox)
    assert (found["trackingNumber"], found["courier"]) == ("BR1", "Correios")
    assert found["trackingUrl"] == "https://track.example.com/BR1"
    assert found["dispatchedDate"] == "2026-11-23T16:30:00-03:00"


async def test_what_it_does_not_mention_stays_and_null_clears(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order, courier="Correios"))
    await deliver(shop, "tracking", tracking(order, dispatched_at="2026-11-23T16:30:00-03:00"))
    await deliver(shop, "tracking", tracking(order, number="BR2"))
    found = await package(sandbox)
    assert (found["trackingNumber"], found["courier"]) == ("BR2", "Correios")
    assert found["dispatchedDate"] == "2026-11-23T16:30:00-03:00"
    await deliver(shop, "tracking", tracking(order, number="BR2", courier=None, dispatched_at=None))
    found = await package(sandbox)
    assert (found["courier"], found["dispatchedDate"]) == (None, None)


async def test_the_same_again_writes_nothing(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order))
    whole = tracking(order, **COURIER, dispatched_at="2026-11-23T16:30:00-03:00")
    await deliver(shop, "tracking", whole)
    # The same moment in another zone is the same moment.
    await deliver(shop, "tracking", {**whole, "dispatched_at": "2026-11-23T19:30:00Z"})
    assert len(await calls(sandbox, "PATCH", "/invoice/")) == 1


@pytest.mark.parametrize("action", ["delay_after", "reset_after", "status_after"])
async def test_a_tracking_whose_answer_never_came_is_written_once(
    starting: Starting, sandbox: RunningSandbox, action: str
) -> None:
    async with starting(vtex={"timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "price", {"sku": "S1", "base": "110.00"})
        order = await bought(sandbox)
        await deliver(bridge, "invoice", invoice(order))
        fault = {"action": action, "method": "PATCH", "path_regex": "/invoice/24382$", "seconds": 2}
        await sandbox.control("faults", fault)
        event = await deliver(bridge, "tracking", tracking(order))
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    assert len(await sandbox.effects("order.tracked")) == 1


async def test_a_missing_permission_is_named(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order))
    await sandbox.control("faults", {"action": "status", "status": 403, "method": "PATCH"})
    event = await end(shop, "tracking", tracking(order), "retrying")
    assert "Notify invoice" in event["why"]
    await make_due(shop)
    await shop.reaches(event["id"], "delivered")
